//! The module for browsers: the code with its imports as they were and one default export, minified.

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

use super::super::{Fault, FaultKind, Outline};
use super::names::Names;
use super::rewrite::Body;
use super::{interactive, prelude};

/// The module, and whether it does anything in a browser.
pub(super) fn outline(body: &Body, names: &Names) -> Result<Outline, Vec<Fault>> {
    let text = module(body, names);
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, &text, SourceType::mjs()).parse();
    let mut program = parsed.program;
    if parsed.diagnostics.has_errors() {
        // Only what the printer prints wrongly gets here: the source was sound.
        let message = "the module for browsers cannot be made of this code";
        return Err(Fault::new(FaultKind::Syntax, message).into());
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
fn module(body: &Body, names: &Names) -> String {
    let mut text = prelude::client(body, names);
    text.push('\n');
    text += &body.text;
    let is_name = !body.component.contains(['.', ' ']);
    let component = match is_name {
        true => format!("\nexport {{ {} as default }};\n", body.component),
        false => format!("\nexport default {};\n", body.component),
    };
    text + &component
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
