//! Holds what the code imports against what is provided, and finds what a component cannot have: other
//! modules, `await` outside of functions, and syntax that neither the engine nor browsers know yet.

use oxc::ast::ast::*;
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::{ScopeFlags, Scoping, Semantic};
use oxc::span::{GetSpan, Span};

use super::super::{Fault, FaultKind, PROVIDED};
use super::faults::at;
use crate::diag::did_you_mean;

/// What `import.meta.env` is told of: these have the same value wherever the code runs.
pub(super) const KNOWN_ENV: [(&str, &str); 3] = [
    ("MODE", "\"production\""),
    ("PROD", "true"),
    ("DEV", "false"),
];

/// All that is wrong with the imports of the code, and all that it may not have besides.
pub(super) fn check(program: &Program<'_>, semantic: &Semantic<'_>) -> Vec<Fault> {
    let mut reader = Reader {
        scoping: semantic.scoping(),
        faults: Vec::new(),
        functions: 0,
    };
    reader.visit_program(program);
    reader.faults
}

/// Whether the identifier refers to nothing that the code declares.
pub(super) fn is_global(identifier: &IdentifierReference<'_>, scoping: &Scoping) -> bool {
    identifier
        .reference_id
        .get()
        .is_none_or(|id| scoping.get_reference(id).symbol_id().is_none())
}

struct Reader<'s> {
    scoping: &'s Scoping,
    faults: Vec<Fault>,
    /// How many functions are around.
    functions: usize,
}

impl Reader<'_> {
    fn source(&mut self, source: &StringLiteral<'_>) {
        let name = source.value.as_str();
        if PROVIDED.contains(&name) {
            return;
        }
        let path = name.split(['?', '#']).next().unwrap_or(name);
        let is_one_of = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
        let is_relative = name.starts_with(['.', '/', '~', '#']) || name.starts_with("@/");
        let hint = if is_one_of(&[".css", ".scss", ".sass", ".less"]) {
            "styles belong into the `.css` of the component".to_string()
        } else if is_one_of(&[".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif"]) {
            "take the address of the image as a prop".to_string()
        } else if is_relative {
            "a component is one module: bring the code into the component".to_string()
        } else if let Some(hint) = did_you_mean(name, PROVIDED) {
            hint
        } else {
            "only `react` and `preact` are provided: bring the code into the component, or write it as a \
             template"
                .to_string()
        };
        // A name of half a megabyte is no help in a message.
        let short: String = name.chars().take(80).collect();
        self.fault(source.span, format!("`{short}` cannot be imported"), &hint);
    }

    fn fault(&mut self, span: Span, message: String, hint: &str) {
        self.faults.push(at(FaultKind::Import, span, message, hint));
    }

    fn syntax(&mut self, span: Span, message: &str, hint: &str) {
        self.faults
            .push(at(FaultKind::Syntax, span, message.to_string(), hint));
    }

    /// Whether a binding is there for types only, and so vanishes with them. One that nothing refers to is
    /// not: it may be forgotten as well.
    fn is_only_a_type(&self, binding: &BindingIdentifier<'_>) -> bool {
        let mut references = self
            .scoping
            .get_resolved_references(binding.symbol_id())
            .peekable();
        references.peek().is_some() && references.all(|reference| reference.is_type())
    }

    fn imports_only_types(&self, import: &ImportDeclaration<'_>) -> bool {
        import.import_kind.is_type()
            || import.specifiers.as_ref().is_some_and(|specifiers| {
                !specifiers.is_empty()
                    && specifiers.iter().all(|specifier| {
                        matches!(specifier, ImportDeclarationSpecifier::ImportSpecifier(named)
                            if named.import_kind.is_type())
                            || self.is_only_a_type(specifier.local())
                    })
            })
    }

    fn top_level_await(&mut self, span: Span) {
        if self.functions == 0 {
            self.syntax(
                span,
                "`await` stands outside of a function",
                "a component cannot wait while it is loaded: await in an effect",
            );
        }
    }
}

impl<'a> Visit<'a> for Reader<'_> {
    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        if self.imports_only_types(import) {
            return;
        }
        self.source(&import.source);
        if import.phase.is_some() {
            let hint = "write `import` without it";
            self.syntax(import.span, "a module cannot be imported by a phase", hint);
        }
    }

    fn visit_export_all_declaration(&mut self, export: &ExportAllDeclaration<'a>) {
        if !export.export_kind.is_type() {
            self.source(&export.source);
        }
    }

    fn visit_export_from_declaration(&mut self, export: &ExportFromDeclaration<'a>) {
        let only_types = |specifiers: &[ExportSpecifier<'a>]| {
            !specifiers.is_empty() && specifiers.iter().all(|it| it.export_kind.is_type())
        };
        if !export.export_kind.is_type() && !only_types(&export.specifiers) {
            self.source(&export.source);
        }
    }

    fn visit_ts_import_equals_declaration(&mut self, import: &TSImportEqualsDeclaration<'a>) {
        if let TSModuleReference::ExternalModuleReference(module) = &import.module_reference
            && !import.import_kind.is_type()
            && !self.is_only_a_type(&import.id)
        {
            self.source(&module.expression);
        }
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        self.fault(
            import.span,
            "nothing can be imported while the component runs".to_string(),
            "import at the beginning of the code, or bring the code into the component",
        );
        walk::walk_import_expression(self, import);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Expression::Identifier(callee) = &call.callee
            && callee.name == "require"
            && is_global(callee, self.scoping)
        {
            match call.common_js_require() {
                Some(source) => self.source(source),
                None => self.fault(
                    call.span,
                    "`require` takes one name, as a plain string".to_string(),
                    "only `react` and `preact` are provided",
                ),
            }
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_static_member_expression(&mut self, member: &StaticMemberExpression<'a>) {
        let is_known = KNOWN_ENV
            .iter()
            .any(|(name, _)| member.property.name == *name)
            && matches!(&member.object, Expression::StaticMemberExpression(env)
                if env.property.name == "env" && matches!(env.object, Expression::ImportMeta(_)));
        if !is_known {
            walk::walk_static_member_expression(self, member);
        }
    }

    fn visit_import_meta(&mut self, meta: &ImportMeta) {
        self.fault(
            meta.span,
            "`import.meta` says nothing here".to_string(),
            "a component has no address of its own: take what differs as a prop",
        );
    }

    fn visit_await_expression(&mut self, awaited: &AwaitExpression<'a>) {
        self.top_level_await(awaited.span);
        walk::walk_await_expression(self, awaited);
    }

    fn visit_for_of_statement(&mut self, statement: &ForOfStatement<'a>) {
        if statement.r#await {
            self.top_level_await(Span::new(statement.span.start, statement.left.span().start));
        }
        walk::walk_for_of_statement(self, statement);
    }

    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        self.functions += 1;
        walk::walk_function(self, function, flags);
        self.functions -= 1;
    }

    fn visit_arrow_function_expression(&mut self, arrow: &ArrowFunctionExpression<'a>) {
        self.functions += 1;
        walk::walk_arrow_function_expression(self, arrow);
        self.functions -= 1;
    }

    fn visit_variable_declaration(&mut self, declaration: &VariableDeclaration<'a>) {
        if declaration.kind.is_using() {
            let hint = "declare it with `const`, and end it in an effect";
            self.syntax(
                declaration.span,
                "`using` is not known to browsers yet",
                hint,
            );
        }
        walk::walk_variable_declaration(self, declaration);
    }

    fn visit_decorator(&mut self, decorator: &Decorator<'a>) {
        let hint = "call the decorator as a function";
        self.syntax(
            decorator.span,
            "decorators are not known to browsers yet",
            hint,
        );
        walk::walk_decorator(self, decorator);
    }

    fn visit_accessor_property(&mut self, property: &AccessorProperty<'a>) {
        let hint = "write a getter and a setter";
        self.syntax(
            property.span,
            "`accessor` is not known to browsers yet",
            hint,
        );
        walk::walk_accessor_property(self, property);
    }
}
