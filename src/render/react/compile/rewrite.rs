//! Makes the code plain JavaScript without imports and exports, which both the engine and browsers are then
//! given in their own way.

use std::collections::BTreeSet;
use std::path::Path;

use oxc::allocator::{Allocator, TakeIn};
use oxc::ast::ast::*;
use oxc::ast::builder::AstBuilder;
use oxc::ast_visit::{VisitMut, walk_mut};
use oxc::codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc::semantic::{Scoping, SemanticBuilder};
use oxc::span::{GetSpan, SPAN};
use oxc::transformer::{JsxOptions, JsxRuntime, TransformOptions, Transformer, TypeScriptOptions};
use oxc::transformer_plugins::{ReplaceGlobalDefines, ReplaceGlobalDefinesConfig};

use super::super::{Fault, FaultKind};
use super::component::Choice;
use super::imports::{KNOWN_ENV, is_global};
use super::names::Names;
use super::{faults, places};

/// The code as JavaScript, without its imports and exports.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) text: String,
    /// Which byte of the source a place of `text` comes from, as in [`super::Compiled::places`].
    pub(super) places: Vec<(u32, u32, u32)>,
    /// An expression that is the component, after `text` has run.
    pub(super) component: String,
    /// What the code imports, in its order.
    pub(super) imports: Vec<Import>,
    /// The modules that it requires, each by the name of [`Body::required_name`].
    pub(super) required: Vec<String>,
    /// The names that it uses and nobody declares: those of what is put around it, and globals.
    pub(super) globals: BTreeSet<String>,
}

/// One name that the code imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) module: String,
    pub(super) what: Imported,
    /// The name in the code.
    pub(super) local: String,
}

/// What of a module is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Imported {
    /// The export of this name, which may be `default`.
    Export(String),
    /// All exports, as an object.
    All,
}

impl Body {
    /// The name that the text has for a module which it requires.
    pub(super) fn required_name(names: &Names, at: usize) -> String {
        format!("{}{at}", names.module)
    }
}

/// Rewrites the code.
pub(super) fn rewrite<'a>(
    allocator: &'a Allocator,
    code: &str,
    program: &mut Program<'a>,
    choice: &Choice,
    names: &Names,
) -> Result<Body, Vec<Fault>> {
    let scoping = scoping(program);
    let done = Transformer::new(allocator, Path::new("component.tsx"), &options(names))
        .build_with_scoping(scoping, program);
    faults::from_diagnostics(code, done.diagnostics)?;

    let scoping = replace_env(allocator, program);
    let builder = AstBuilder::new(allocator);
    let mut requires = Requires {
        builder: &builder,
        scoping: &scoping,
        names,
        required: Vec::new(),
    };
    requires.visit_program(program);
    let required = requires.required;
    let globals: BTreeSet<String> = scoping
        .root_unresolved_references()
        .keys()
        .map(|name| name.to_string())
        .collect();

    let mut imports = Vec::new();
    let statements = program.body.take_in(&builder);
    for statement in statements {
        program.body.extend(without_module_syntax(
            statement,
            choice,
            names,
            &builder,
            &mut imports,
        ));
    }
    let component = match choice {
        Choice::Named(name) => name.clone(),
        Choice::Default | Choice::Statement(_) => names.component.clone(),
        Choice::CommonJs => {
            let exports = format!("{}.exports", names.module);
            format!("{exports} && {exports}.default || {exports}")
        }
    };

    let printed = Codegen::new()
        .with_options(CodegenOptions {
            comments: CommentOptions::disabled(),
            source_map_path: Some("component.tsx".into()),
            ..CodegenOptions::default()
        })
        .build(program);
    let map = printed.map.ok_or_else(|| {
        Fault::new(
            FaultKind::Syntax,
            "the code cannot be printed with its places",
        )
    })?;
    let tokens: Vec<(u32, u32, u32, u32)> = map
        .get_tokens()
        .map(|token| {
            (
                token.get_dst_line(),
                token.get_dst_col(),
                token.get_src_line(),
                token.get_src_col(),
            )
        })
        .collect();
    Ok(Body {
        places: places::of_tokens(&tokens, code, &printed.code),
        text: printed.code,
        component,
        imports,
        required,
        globals,
    })
}

fn scoping(program: &Program<'_>) -> Scoping {
    SemanticBuilder::new()
        .with_enum_eval(true)
        .build(program)
        .semantic
        .into_scoping()
}

fn options(names: &Names) -> TransformOptions {
    TransformOptions {
        typescript: TypeScriptOptions {
            jsx_pragma: names.element.clone().into(),
            jsx_pragma_frag: names.fragment.clone().into(),
            // `props: Props;` in a class says a type; as a field it would undo what React assigned.
            remove_class_fields_without_initializer: true,
            ..TypeScriptOptions::default()
        },
        jsx: JsxOptions {
            runtime: JsxRuntime::Classic,
            pragma: Some(names.element.clone()),
            pragma_frag: Some(names.fragment.clone()),
            pure: false,
            ..JsxOptions::enable()
        },
        ..TransformOptions::default()
    }
}

/// Replaces what says where and how code runs by what it says here.
fn replace_env<'a>(allocator: &'a Allocator, program: &mut Program<'a>) -> Scoping {
    let mut known = vec![(
        "process.env.NODE_ENV".to_string(),
        "\"production\"".to_string(),
    )];
    known.extend(
        KNOWN_ENV.map(|(name, value)| (format!("import.meta.env.{name}"), value.to_string())),
    );
    let config = ReplaceGlobalDefinesConfig::new(&known).expect("names and literals are sound");
    let replaced = ReplaceGlobalDefines::new(allocator, config).build(scoping(program), program);
    match replaced.changed {
        // What is left of `process` is to be seen as what is used.
        true => scoping(program),
        false => replaced.scoping,
    }
}

/// Puts a name in the place of each call of `require`.
struct Requires<'s, 'a> {
    builder: &'s AstBuilder<'a>,
    scoping: &'s Scoping,
    names: &'s Names,
    required: Vec<String>,
}

impl<'a> VisitMut<'a> for Requires<'_, 'a> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        walk_mut::walk_expression(self, expression);
        let Expression::CallExpression(call) = expression else {
            return;
        };
        let Expression::Identifier(callee) = &call.callee else {
            return;
        };
        if !is_global(callee, self.scoping) {
            return;
        }
        let Some(source) = call.common_js_require() else {
            return;
        };
        let module = source.value.as_str();
        let at = match self.required.iter().position(|known| known == module) {
            Some(at) => at,
            None => {
                self.required.push(module.to_string());
                self.required.len() - 1
            }
        };
        let name = Body::required_name(self.names, at);
        let name = Ident::from_str_in(&name, self.builder);
        *expression = Expression::new_identifier(call.span, name, self.builder);
    }
}

/// The statement as it is within a function: imports are noted and vanish, and exports become what they
/// export.
fn without_module_syntax<'a>(
    statement: Statement<'a>,
    choice: &Choice,
    names: &Names,
    builder: &AstBuilder<'a>,
    imports: &mut Vec<Import>,
) -> Option<Statement<'a>> {
    match statement {
        Statement::ImportDeclaration(import) => {
            imports.extend(imported(&import));
            None
        }
        Statement::ExportAllDeclaration(_)
        | Statement::ExportFromDeclaration(_)
        | Statement::ExportNamedDeclaration(_)
        | Statement::TSNamespaceExportDeclaration(_) => None,
        Statement::ExportDeclaration(export) => Some(Statement::from(export.unbox().declaration)),
        Statement::ExportDefaultDeclaration(export) => {
            let export = export.unbox();
            match export.declaration {
                ExportDefaultDeclarationKind::FunctionDeclaration(mut function) => {
                    function
                        .id
                        .get_or_insert_with(|| component_id(names, builder));
                    Some(Statement::FunctionDeclaration(function))
                }
                ExportDefaultDeclarationKind::ClassDeclaration(mut class) => {
                    class.id.get_or_insert_with(|| component_id(names, builder));
                    Some(Statement::ClassDeclaration(class))
                }
                ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => None,
                _ if *choice != Choice::Default => None,
                value => {
                    let value = Expression::try_from(value).ok()?;
                    Some(component_is(value, names, builder))
                }
            }
        }
        Statement::ExpressionStatement(last) if *choice == Choice::Statement(last.span.start) => {
            Some(component_is(last.unbox().expression, names, builder))
        }
        other => Some(other),
    }
}

fn imported(import: &ImportDeclaration<'_>) -> Vec<Import> {
    let module = import.source.value.to_string();
    let specifiers = import.specifiers.iter().flatten();
    specifiers
        .map(|specifier| Import {
            module: module.clone(),
            what: match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(named) => {
                    Imported::Export(named.imported.name().to_string())
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => {
                    Imported::Export("default".into())
                }
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => Imported::All,
            },
            local: specifier.local().name.to_string(),
        })
        .collect()
}

fn component_id<'a>(names: &Names, builder: &AstBuilder<'a>) -> BindingIdentifier<'a> {
    let name = Ident::from_str_in(&names.component, builder);
    BindingIdentifier::new(SPAN, name, builder)
}

/// `const $Component = value;`
fn component_is<'a>(
    value: Expression<'a>,
    names: &Names,
    builder: &AstBuilder<'a>,
) -> Statement<'a> {
    let span = value.span();
    let name = Ident::from_str_in(&names.component, builder);
    let id = BindingPattern::new_binding_identifier(SPAN, name, builder);
    let declarator = VariableDeclarator::new(span, id, None, Some(value), false, builder);
    let kind = VariableDeclarationKind::Const;
    Statement::new_variable_declaration(span, kind, [declarator], false, builder)
}
