//! The module for browsers: the code with its imports as they were and one default export, minified.

use std::ops::Range;

use oxc::allocator::Allocator;
use oxc::ast::ast::{Program, Statement};
use oxc::codegen::{Codegen, CodegenOptions};
use oxc::minifier::{
    CompressOptions, CompressOptionsKeepNames, Compressor, MangleOptions, MangleOptionsKeepNames,
    Minifier, MinifierOptions,
};
use oxc::parser::Parser;
use oxc::semantic::SemanticBuilder;
use oxc::span::SourceType;

use super::super::{Fault, Outline};
use super::names::Names;
use super::rewrite::Body;
use super::{faults, interactive, places, prelude};

/// The module, and whether it does anything in a browser.
pub(super) fn outline(body: &Body, names: &Names) -> Result<Outline, Vec<Fault>> {
    let before = prelude::client(body, names);
    let text = module(&before, body);
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, &text, SourceType::mjs()).parse();
    let mut program = parsed.program;
    // What is sound in TypeScript may be a mistake without its types, such as two functions of one name.
    // So this also sees to it that the engine can read what it is given.
    let checked = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .build(&program);
    for diagnostics in [parsed.diagnostics, checked.diagnostics] {
        faults::from_diagnostics(&text, diagnostics).map_err(|mut faults| {
            for fault in &mut faults {
                fault.range = in_source(fault.range.take(), before.len(), body);
            }
            faults
        })?;
    }
    // Names of functions and classes stay what they are on the server, where code may print them.
    let keep_names = CompressOptionsKeepNames::all_true();
    let options = CompressOptions {
        keep_names,
        ..CompressOptions::smallest()
    };
    Compressor::new(&allocator).build(&mut program, options);
    drop_bare_imports(&mut program);
    let interactive = {
        let read = SemanticBuilder::new()
            .with_build_nodes(true)
            .build(&program);
        interactive::is_interactive(&program, &read.semantic)
    };
    let mangled = Minifier::new(MinifierOptions {
        mangle: Some(MangleOptions {
            keep_names: MangleOptionsKeepNames::all_true(),
            ..MangleOptions::default()
        }),
        mangle_properties: None,
        compress: None,
    })
    .minify(&allocator, &mut program);
    let printed = Codegen::new()
        .with_options(CodegenOptions::minify())
        .with_scoping(mangled.scoping)
        .with_private_member_mappings(mangled.class_private_mappings)
        .build(&program);
    Ok(Outline {
        interactive,
        client: printed.code.trim_end().to_string(),
    })
}

/// The module before it is minified.
fn module(before: &str, body: &Body) -> String {
    let mut text = before.to_string();
    text += &body.text;
    let is_name = !body.component.contains(['.', ' ']);
    let component = match is_name {
        true => format!("\nexport {{ {} as default }};\n", body.component),
        false => format!("\nexport default {};\n", body.component),
    };
    text + &component
}

/// Where in the source something comes from that stands in the module, whose beginning is this long.
fn in_source(range: Option<Range<usize>>, before: usize, body: &Body) -> Option<Range<usize>> {
    let range = range?;
    let start = range.start.checked_sub(before)?;
    let byte = places::source_of(&body.places, &body.text, start)?;
    Some(byte..byte)
}

/// Drops imports of which nothing is used: the library does nothing by being loaded.
fn drop_bare_imports(program: &mut Program<'_>) {
    program.body.retain(|statement| match statement {
        Statement::ImportDeclaration(import) => import
            .specifiers
            .as_ref()
            .is_some_and(|specifiers| !specifiers.is_empty()),
        _ => true,
    });
}
