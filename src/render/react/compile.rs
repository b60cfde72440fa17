//! Compiles the code of a component: what it exports, what it does in a browser, and the code that the
//! engine and browsers run.
//!
//! Everything is read from syntax trees and printed from them, so no text of the code can end the function
//! that it is put into. Trees are walked by recursion: `depth` refuses what is nested without measure, but
//! only the process that this runs in keeps an overflowing stack from the build.

mod client;
mod component;
mod depth;
mod faults;
mod imports;
mod interactive;
mod names;
mod places;
mod prelude;
mod rewrite;
#[cfg(test)]
mod tests;

use oxc::allocator::Allocator;
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::SemanticBuilder;
use oxc::span::SourceType;

use super::{Fault, FaultKind, MAX_CODE_BYTES, Outline};

/// Compiled code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    pub outline: Outline,
    /// An expression, as a script: `(function ($require) { "use strict"; …; return Component; })`. It makes
    /// the component anew each time it is called, so nothing that the code keeps outlives a rendering.
    /// `$require` takes a name of [`super::PROVIDED`] and gives that module's exports.
    pub server: String,
    /// Which byte of the source a place of `server` comes from: (line, column, byte), the first two from 0
    /// and the column in bytes, as the engine counts it, sorted.
    pub places: Vec<(u32, u32, u32)>,
}

/// Compiles code: TypeScript or JavaScript, with JSX, as one module.
///
/// The component is the default export; without one the only exported component, a function, class or
/// identifier that ends the code, or the only component that no other one uses. What is exported by
/// CommonJS (`module.exports`, `exports.default`) counts as the default export.
///
/// # Errors
///
/// All syntax errors; or all imports that are not provided, and that no component or more than one is
/// meant, in the order of their places.
pub fn compile(code: &str) -> Result<Compiled, Vec<Fault>> {
    if code.len() > MAX_CODE_BYTES {
        let size = MAX_CODE_BYTES / 1024;
        let message = format!("the code is longer than {size} KiB");
        return Err(Fault::new(FaultKind::Limits, message).into());
    }
    depth::check(code)?;

    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, code, SourceType::tsx())
        .with_options(ParseOptions {
            // Else a pattern that is no pattern would only be seen where the code runs.
            parse_regular_expression: true,
            ..ParseOptions::default()
        })
        .parse();
    faults::from_diagnostics(code, parsed.diagnostics)?;
    let mut program = parsed.program;
    // Comments may hold pragmas that would choose another way to compile JSX.
    program.comments.clear();
    program.hashbang = None;

    // The semantics borrow the tree, which the rewriting changes: they end with this block.
    let (choice, names) = {
        let checked = SemanticBuilder::new()
            .with_check_syntax_error(true)
            .with_build_nodes(true)
            .build(&program);
        faults::from_diagnostics(code, checked.diagnostics)?;
        let mut found = imports::check(&program, &checked.semantic);
        match component::find(&program, &checked.semantic) {
            Ok(choice) if found.is_empty() => (choice, names::choose(checked.semantic.scoping())),
            outcome => {
                found.extend(outcome.err());
                found.sort_by_key(|fault| fault.range.as_ref().map(|range| range.start));
                found.truncate(faults::MOST_TOLD);
                return Err(found);
            }
        }
    };

    let body = rewrite::rewrite(&allocator, code, &mut program, &choice, &names)?;
    let outline = client::outline(&body, &names)?;
    let before = prelude::server(&body, &names);
    let server = format!(
        "{before}\n{}\nreturn {};\n}})",
        body.text.trim_end(),
        body.component
    );
    Ok(Compiled {
        outline,
        // The beginning is one line.
        places: places::below(body.places, 1),
        server,
    })
}

impl Compiled {
    /// The byte of the source that a place of `server` comes from: line and column from 0, the column in
    /// bytes.
    pub fn source_byte(&self, line: u32, column: u32) -> Option<usize> {
        places::source_byte(&self.places, line, column)
    }
}
