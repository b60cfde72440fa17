//! Finds the component that the code means.

use std::collections::BTreeSet;
use std::ops::Range;

use oxc::ast::AstKind;
use oxc::ast::ast::*;
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::{Scoping, Semantic, SymbolId};
use oxc::span::{GetSpan, Span};

use super::super::{Fault, FaultKind};
use super::faults::at;
use super::imports::is_global;

/// Where the component is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The default export, which has a value of its own.
    Default,
    /// What the code declares by this name.
    Named(String),
    /// The statement that begins at this byte, an expression.
    Statement(u32),
    /// What the code assigns to `module.exports` or `exports.default`.
    CommonJs,
}

/// The component that the code means, or why none can be told.
pub(super) fn find(program: &Program<'_>, semantic: &Semantic<'_>) -> Result<Choice, Fault> {
    let finder = Finder {
        semantic,
        scoping: semantic.scoping(),
    };
    let mut defaults = program.body.iter().filter_map(|statement| {
        let outcome = finder.default_export(statement)?;
        Some((statement.span(), outcome))
    });
    if let Some((_, outcome)) = defaults.next() {
        return match defaults.next() {
            Some((span, _)) => Err(at(
                FaultKind::Component,
                span,
                "the code has more than one default export".to_string(),
                "export the component, and nothing else, by `default`",
            )),
            None => outcome,
        };
    }
    let mut common = CommonJs {
        scoping: finder.scoping,
        assigned: false,
    };
    common.visit_program(program);
    if common.assigned {
        return Ok(Choice::CommonJs);
    }
    let exported = finder.exported(program);
    if let [only] = &exported[..] {
        return Ok(Choice::Named(only.name.clone()));
    }
    if !exported.is_empty() {
        return Err(ambiguous("several components are exported", &exported));
    }
    if let Some(choice) = finder.last_expression(program) {
        return Ok(choice);
    }
    finder.only_declared(program)
}

/// A declaration that may be the component.
struct Candidate {
    name: String,
    symbol: SymbolId,
    span: Span,
}

struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    scoping: &'s Scoping,
}

impl<'a> Finder<'_, 'a> {
    /// `export default …` and `export { … as default }`.
    fn default_export(&self, statement: &Statement<'a>) -> Option<Result<Choice, Fault>> {
        match statement {
            Statement::ExportDefaultDeclaration(export) => match &export.declaration {
                // Without a body it is a signature, and the function comes after it.
                ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                    function.body.as_ref()?;
                    Some(Ok(match &function.id {
                        Some(id) => Choice::Named(id.name.to_string()),
                        None => Choice::Default,
                    }))
                }
                ExportDefaultDeclarationKind::ClassDeclaration(class) => {
                    Some(Ok(match &class.id {
                        Some(id) => Choice::Named(id.name.to_string()),
                        None => Choice::Default,
                    }))
                }
                ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => None,
                kind => self.default_value(kind.as_expression()?),
            },
            Statement::TSExportAssignment(export) => Some(match self.refused(&export.expression) {
                Some(what) => Err(no_component_in(export.expression.span(), what)),
                None => Ok(Choice::CommonJs),
            }),
            Statement::ExportNamedDeclaration(export) => {
                let default = export.specifiers.iter().find(|specifier| {
                    specifier.exported.name() == "default" && specifier.export_kind.is_value()
                })?;
                let local = default.local.name();
                match self.declared(local.as_str()) {
                    Some(Some(what)) => Some(Err(no_component_in(default.span, what))),
                    Some(None) => Some(Ok(Choice::Named(local.to_string()))),
                    None => None,
                }
            }
            Statement::ExportFromDeclaration(export) => export
                .specifiers
                .iter()
                .find(|specifier| specifier.exported.name() == "default")
                .map(|specifier| Err(no_component_in(specifier.span, "from another module"))),
            _ => None,
        }
    }

    fn default_value(&self, value: &Expression<'a>) -> Option<Result<Choice, Fault>> {
        if let Some(what) = self.refused(value) {
            return Some(Err(no_component_in(value.span(), what)));
        }
        match value.get_inner_expression() {
            // A type of that name may be exported as well, and vanishes.
            Expression::Identifier(name) if !is_global(name, self.scoping) => {
                match self.declared(&name.name)? {
                    Some(what) => Some(Err(no_component_in(name.span, what))),
                    None => Some(Ok(Choice::Named(name.name.to_string()))),
                }
            }
            _ => Some(Ok(Choice::Default)),
        }
    }

    /// The exported declarations with names of components, by `export` or `export { … }`.
    fn exported(&self, program: &Program<'a>) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = Vec::new();
        for statement in &program.body {
            match statement {
                Statement::ExportDeclaration(export) => {
                    found.extend(self.candidates(&export.declaration, Wide::Yes));
                }
                Statement::ExportNamedDeclaration(export) if export.export_kind.is_value() => {
                    for specifier in &export.specifiers {
                        let local = specifier.local.name();
                        if specifier.export_kind.is_value()
                            && is_capital(specifier.exported.name().as_str())
                            && let Some(symbol) = self.symbol(local.as_str())
                            && self.may_be_component(symbol)
                        {
                            found.push(Candidate {
                                name: local.to_string(),
                                symbol,
                                span: specifier.span,
                            });
                        }
                    }
                }
                _ => {}
            }
        }
        let mut seen = BTreeSet::new();
        found.retain(|candidate| seen.insert(candidate.symbol.index()));
        found
    }

    /// The last statement, where it is an expression that is there to be the component: it does nothing
    /// else.
    fn last_expression(&self, program: &Program<'a>) -> Option<Choice> {
        let statement = program
            .body
            .iter()
            .rfind(|statement| !matches!(statement, Statement::EmptyStatement(_)))?;
        let Statement::ExpressionStatement(last) = statement else {
            return None;
        };
        match last.expression.get_inner_expression() {
            Expression::Identifier(name) => {
                let symbol = self
                    .scoping
                    .get_reference(name.reference_id.get()?)
                    .symbol_id()?;
                self.may_be_component(symbol)
                    .then(|| Choice::Named(name.name.to_string()))
            }
            value if is_component(value, Wide::No) => Some(Choice::Statement(last.span.start)),
            _ => None,
        }
    }

    /// The only component that is declared, or the only one that no other uses.
    fn only_declared(&self, program: &Program<'a>) -> Result<Choice, Fault> {
        let mut found = Vec::new();
        let mut all = Vec::new();
        for statement in &program.body {
            let declaration = match statement {
                Statement::ExportDeclaration(export) => Some(&export.declaration),
                statement => statement.as_declaration(),
            };
            if let Some(declaration) = declaration {
                found.extend(self.candidates(declaration, Wide::No));
                all.extend(spans(declaration));
            }
        }
        let components: Vec<Span> = found.iter().map(|candidate| candidate.span).collect();
        // First only what components use, then what any declaration uses: a table of components, say.
        for users in [&components, &all] {
            let mut unused = found
                .iter()
                .filter(|candidate| !self.is_used(candidate, users));
            if let (Some(only), None) = (unused.next(), unused.next()) {
                return Ok(Choice::Named(only.name.clone()));
            }
        }
        if found.is_empty() {
            let mut fault = Fault::new(FaultKind::Component, "the code has no component");
            fault.hint = Some("write `export default function Name(props) { return …; }`".into());
            return Err(fault);
        }
        Err(ambiguous("the code has several components", &found))
    }

    /// Whether one of these declarations, other than its own, refers to the candidate. They stand one after
    /// the other.
    fn is_used(&self, candidate: &Candidate, users: &[Span]) -> bool {
        self.scoping
            .get_resolved_references(candidate.symbol)
            .filter(|reference| reference.is_value())
            .map(|reference| self.semantic.reference_span(reference))
            .any(|span| {
                let after = users.partition_point(|user| user.start <= span.start);
                after.checked_sub(1).is_some_and(|at| {
                    let user = users[at];
                    span.end <= user.end && !candidate.span.contains_inclusive(span)
                })
            })
    }

    /// What a declaration declares that may be a component: its name says so, and its value.
    fn candidates(&self, declaration: &Declaration<'a>, wide: Wide) -> Vec<Candidate> {
        let candidate = |id: &BindingIdentifier<'a>, span: Span| {
            is_capital(&id.name).then(|| Candidate {
                name: id.name.to_string(),
                symbol: id.symbol_id(),
                span,
            })
        };
        match declaration {
            Declaration::FunctionDeclaration(function) if function.body.is_some() => {
                let id = function.id.as_ref();
                id.and_then(|id| candidate(id, function.span))
                    .into_iter()
                    .collect()
            }
            Declaration::ClassDeclaration(class) if !class.declare => {
                let id = class.id.as_ref();
                id.and_then(|id| candidate(id, class.span))
                    .into_iter()
                    .collect()
            }
            Declaration::VariableDeclaration(variables) if !variables.declare => variables
                .declarations
                .iter()
                .filter_map(|declarator| {
                    let BindingPattern::BindingIdentifier(id) = &declarator.id else {
                        return None;
                    };
                    let value = declarator.init.as_ref()?.get_inner_expression();
                    let follows = match (value, wide) {
                        (Expression::Identifier(name), Wide::Yes) => name
                            .reference_id
                            .get()
                            .and_then(|id| self.scoping.get_reference(id).symbol_id())
                            .is_some_and(|symbol| self.may_be_component(symbol)),
                        _ => false,
                    };
                    match follows || is_component(value, wide) {
                        true => candidate(id, declarator.span),
                        false => None,
                    }
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn symbol(&self, name: &str) -> Option<SymbolId> {
        self.scoping.get_root_binding(name.into())
    }

    /// Whether the code declares this name as a value, and if so, what of it can be no component.
    fn declared(&self, name: &str) -> Option<Option<&'static str>> {
        let symbol = self.symbol(name)?;
        let flags = self.scoping.symbol_flags(symbol);
        (flags.is_value() || flags.is_import()).then(|| match self.declarator(symbol) {
            Some(VariableDeclarator {
                init: Some(init), ..
            }) => self.refused(init),
            _ if flags.is_enum() => Some("an enum"),
            _ => None,
        })
    }

    /// Whether a symbol is declared with a value that may be a component. Names that are only other names
    /// for something are not followed further: two of them may name each other.
    fn may_be_component(&self, symbol: SymbolId) -> bool {
        let flags = self.scoping.symbol_flags(symbol);
        match self.declarator(symbol) {
            Some(declarator) => declarator
                .init
                .as_ref()
                .is_some_and(|init| is_component(init.get_inner_expression(), Wide::Yes)),
            None => flags.is_function() || flags.is_class(),
        }
    }

    fn declarator(&self, symbol: SymbolId) -> Option<&'a VariableDeclarator<'a>> {
        let node = self.scoping.symbol_declaration(symbol);
        match self.semantic.nodes().kind(node) {
            AstKind::VariableDeclarator(declarator) => Some(declarator),
            _ => None,
        }
    }

    /// What a value is, where it can be no component.
    fn refused(&self, value: &Expression<'a>) -> Option<&'static str> {
        match value.get_inner_expression() {
            Expression::ObjectExpression(_) => Some("an object"),
            Expression::ArrayExpression(_) => Some("an array"),
            Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => Some("a text"),
            Expression::NumericLiteral(_) | Expression::BigIntLiteral(_) => Some("a number"),
            Expression::BooleanLiteral(_) | Expression::NullLiteral(_) => Some("a plain value"),
            Expression::RegExpLiteral(_) => Some("a pattern"),
            Expression::JSXElement(_) | Expression::JSXFragment(_) => Some("an element"),
            _ => None,
        }
    }
}

/// Whether any call that is given a component counts as a component, or only the calls that are known to
/// make one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wide {
    Yes,
    No,
}

fn is_component(value: &Expression<'_>, wide: Wide) -> bool {
    match value.get_inner_expression() {
        Expression::ArrowFunctionExpression(_)
        | Expression::FunctionExpression(_)
        | Expression::ClassExpression(_) => true,
        Expression::CallExpression(call) => {
            let callee = match call.callee.get_inner_expression() {
                Expression::Identifier(name) => name.name.as_str(),
                Expression::StaticMemberExpression(member) => member.property.name.as_str(),
                _ => "",
            };
            let wraps = matches!(callee, "memo" | "forwardRef")
                || callee.strip_prefix("with").is_some_and(is_capital);
            let is_given = || {
                call.arguments
                    .iter()
                    .filter_map(Argument::as_expression)
                    .any(|argument| match argument.get_inner_expression() {
                        Expression::Identifier(name) => is_capital(&name.name),
                        other => is_component(other, Wide::No),
                    })
            };
            wraps || wide == Wide::Yes && callee != "createContext" && is_given()
        }
        _ => false,
    }
}

fn is_capital(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

/// Where the parts of a declaration stand.
fn spans(declaration: &Declaration<'_>) -> Vec<Span> {
    match declaration {
        Declaration::VariableDeclaration(variables) => variables
            .declarations
            .iter()
            .map(|declarator| declarator.span)
            .collect(),
        other => vec![other.span()],
    }
}

fn no_component_in(span: Span, what: &str) -> Fault {
    at(
        FaultKind::Component,
        span,
        format!("the default export is {what} and no component"),
        "export a function that returns elements",
    )
}

fn ambiguous(what: &str, candidates: &[Candidate]) -> Fault {
    let names: Vec<String> = candidates
        .iter()
        .take(8)
        .map(|candidate| format!("`{}`", candidate.name))
        .collect();
    let more = match candidates.len() > names.len() {
        true => ", …",
        false => "",
    };
    let first = &candidates[0];
    Fault {
        kind: FaultKind::Component,
        message: format!("{what}: {}{more}", names.join(", ")),
        range: Some(Range {
            start: first.span.start as usize,
            end: first.span.end as usize,
        }),
        hint: Some(format!(
            "`export default` decides: `export default {};`",
            first.name
        )),
    }
}

/// Looks for assignments to `module.exports`, `module.exports.default` and `exports.default`.
struct CommonJs<'s> {
    scoping: &'s Scoping,
    assigned: bool,
}

impl<'a> Visit<'a> for CommonJs<'_> {
    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        walk::walk_assignment_expression(self, assignment);
        let AssignmentTarget::StaticMemberExpression(target) = &assignment.left else {
            return;
        };
        let is_exports = |value: &Expression<'a>| match value {
            Expression::Identifier(name) => name.name == "exports" && is_global(name, self.scoping),
            Expression::StaticMemberExpression(member) => is_module_exports(member, self.scoping),
            _ => false,
        };
        // Tables of components are assigned as well: what they mean, the declarations say.
        let is_table = matches!(assignment.right.get_inner_expression(),
            Expression::ObjectExpression(object) if !object.properties.is_empty());
        let is_default = target.property.name == "default" && is_exports(&target.object);
        self.assigned |= is_default || is_module_exports(target, self.scoping) && !is_table;
    }
}

fn is_module_exports(member: &StaticMemberExpression<'_>, scoping: &Scoping) -> bool {
    member.property.name == "exports"
        && matches!(&member.object, Expression::Identifier(name)
            if name.name == "module" && is_global(name, scoping))
}
