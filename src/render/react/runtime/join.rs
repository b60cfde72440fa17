//! Joins ES modules into one, with the names of each kept apart, and makes JavaScript small.

use std::collections::BTreeMap;

use oxc::allocator::Allocator;
use oxc::ast::ast::{ImportDeclarationSpecifier, ModuleExportName, Program, Statement};
use oxc::codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc::mangler::MangleOptions;
use oxc::minifier::{CompressOptions, Minifier, MinifierOptions};
use oxc::parser::Parser;
use oxc::semantic::{Scoping, SemanticBuilder};
use oxc::span::SourceType;
use oxc::str::Ident;

/// The names that a module exports, each with the name that it has in the joined text.
pub type Exports = BTreeMap<String, String>;

/// Modules as one text.
#[derive(Debug, Default)]
pub struct Joined {
    /// Statements that import and export nothing.
    pub body: String,
    /// What each module exports.
    pub exports: BTreeMap<String, Exports>,
}

/// Joins modules, given with the names that the others import them by; each may import those before it.
/// The error says what is in a module that cannot be joined.
pub fn join(modules: &[(&str, &str)]) -> Result<Joined, String> {
    let mut joined = Joined::default();
    for (number, (name, text)) in modules.iter().enumerate() {
        let exports = append(&mut joined, number, text).map_err(|why| format!("{name}: {why}"))?;
        joined.exports.insert((*name).to_string(), exports);
    }
    Ok(joined)
}

/// Appends one module, and gives its exports.
fn append(joined: &mut Joined, number: usize, text: &str) -> Result<Exports, String> {
    let allocator = Allocator::default();
    let mut program = parse(&allocator, text, SourceType::mjs())?;
    let mut scoping = SemanticBuilder::new()
        .build(&program)
        .semantic
        .into_scoping();

    let mut names = Names::default();
    let root = scoping.root_scope_id();
    for (name, &symbol) in scoping.get_bindings(root) {
        // No module has such names of its own, so nothing within a function can hide them.
        let new = format!("$rb{number}_{name}");
        names.new.insert(name.to_string(), new);
        names.symbols.push((name.to_string(), symbol));
    }
    for statement in &program.body {
        names.import(statement, &joined.exports)?;
    }
    for (name, symbol) in &names.symbols {
        let new = Ident::from_str_in(&names.new[name], &&allocator);
        scoping.set_symbol_name(*symbol, new);
    }
    let mut exports = Exports::new();
    for statement in &program.body {
        names.export(statement, &joined.exports, &mut exports)?;
    }
    program.body.retain(|statement| {
        !matches!(
            statement,
            Statement::ImportDeclaration(_)
                | Statement::ExportNamedDeclaration(_)
                | Statement::ExportFromDeclaration(_)
                | Statement::ExportAllDeclaration(_)
        )
    });
    joined.body.push_str(&print(&program, Some(scoping)));
    joined.body.push('\n');
    Ok(exports)
}

/// The names at the top of a module, and what they are in the joined text.
#[derive(Default)]
struct Names {
    symbols: Vec<(String, oxc::syntax::symbol::SymbolId)>,
    new: BTreeMap<String, String>,
}

impl Names {
    /// Lets what a statement imports be what another module exports.
    fn import(
        &mut self,
        statement: &Statement<'_>,
        modules: &BTreeMap<String, Exports>,
    ) -> Result<(), String> {
        let Statement::ImportDeclaration(import) = statement else {
            return Ok(());
        };
        let from = exports_of(modules, &import.source.value)?;
        for specifier in import.specifiers.iter().flatten() {
            let (imported, local) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(one) => {
                    (name_of(&one.imported), one.local.name.as_str())
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => {
                    ("default".to_string(), one.local.name.as_str())
                }
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => {
                    return Err(format!("it imports `* as` {}", import.source.value));
                }
            };
            let new = exported(from, &imported)?.clone();
            self.new.insert(local.to_string(), new);
        }
        Ok(())
    }

    /// Notes what a statement exports.
    fn export(
        &self,
        statement: &Statement<'_>,
        modules: &BTreeMap<String, Exports>,
        exports: &mut Exports,
    ) -> Result<(), String> {
        match statement {
            Statement::ExportNamedDeclaration(named) => {
                for specifier in &named.specifiers {
                    let local = exported(&self.new, &name_of(&specifier.local))?;
                    exports.insert(name_of(&specifier.exported), local.clone());
                }
            }
            Statement::ExportFromDeclaration(named) => {
                let from = exports_of(modules, &named.source.value)?;
                for specifier in &named.specifiers {
                    let local = exported(from, &name_of(&specifier.local))?;
                    exports.insert(name_of(&specifier.exported), local.clone());
                }
            }
            Statement::ExportAllDeclaration(all) if all.exported.is_none() => {
                for (name, local) in exports_of(modules, &all.source.value)? {
                    // ECMA-262, 16.2.1.7.2.1: no default export, and a module's own names win. These
                    // come in other statements, so a name that is there stays.
                    if name != "default" {
                        exports.entry(name.clone()).or_insert(local.clone());
                    }
                }
            }
            Statement::ExportAllDeclaration(_)
            | Statement::ExportDeclaration(_)
            | Statement::ExportDefaultDeclaration(_) => {
                return Err("it exports in a way that is not known".into());
            }
            _ => {}
        }
        Ok(())
    }
}

fn name_of(name: &ModuleExportName<'_>) -> String {
    name.name().to_string()
}

fn exports_of<'a>(
    modules: &'a BTreeMap<String, Exports>,
    name: &str,
) -> Result<&'a Exports, String> {
    modules
        .get(name)
        .ok_or_else(|| format!("it imports {name}, which is not there"))
}

fn exported<'a>(exports: &'a Exports, name: &str) -> Result<&'a String, String> {
    exports
        .get(name)
        .ok_or_else(|| format!("it names {name}, which is not there"))
}

/// JavaScript with short names and without comments. A module is one with `import` and `export`; all else
/// is the body of a function that is given `require`, `exports` and `module`.
pub fn minify(text: &str, is_module: bool) -> Result<String, String> {
    let allocator = Allocator::default();
    let kind = match is_module {
        true => SourceType::mjs(),
        false => SourceType::cjs(),
    };
    let mut program = parse(&allocator, text, kind)?;
    let options = MinifierOptions {
        mangle: Some(MangleOptions {
            top_level: Some(true),
            ..MangleOptions::default()
        }),
        mangle_properties: None,
        compress: Some(CompressOptions::smallest()),
    };
    let minified = Minifier::new(options).minify(&allocator, &mut program);
    Ok(print(&program, minified.scoping))
}

/// The names that a CommonJS module gives its exports: `exports.name = …` at its top.
pub fn commonjs_names(text: &str) -> Result<Vec<String>, String> {
    use oxc::ast::ast::{AssignmentTarget, Expression};
    let allocator = Allocator::default();
    let program = parse(&allocator, text, SourceType::cjs())?;
    let mut names = Vec::new();
    for statement in &program.body {
        let Statement::ExpressionStatement(statement) = statement else {
            continue;
        };
        let mut expression = &statement.expression;
        // `exports.a = exports.b = …`
        while let Expression::AssignmentExpression(assignment) = expression {
            if let AssignmentTarget::StaticMemberExpression(member) = &assignment.left
                && let Expression::Identifier(object) = &member.object
                && object.name == "exports"
            {
                names.push(member.property.name.to_string());
            }
            expression = &assignment.right;
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn parse<'a>(
    allocator: &'a Allocator,
    text: &'a str,
    kind: SourceType,
) -> Result<Program<'a>, String> {
    let parsed = Parser::new(allocator, text, kind).parse();
    match parsed.diagnostics.first() {
        Some(diagnostic) => Err(diagnostic.to_string()),
        None => Ok(parsed.program),
    }
}

fn print(program: &Program<'_>, scoping: Option<Scoping>) -> String {
    Codegen::new()
        .with_options(CodegenOptions {
            minify: true,
            comments: CommentOptions::disabled(),
            ..CodegenOptions::default()
        })
        .with_scoping(scoping)
        .build(program)
        .code
        .to_string()
}
