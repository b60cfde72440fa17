//! Tells whether code does anything in a browser that its HTML does not.
//!
//! This reads the module for browsers after what is not used has been dropped from it, so a handler in a
//! function that nothing calls does not count. Where it cannot be known, the answer is yes: an island too
//! many costs bytes, one too few is a button that does nothing.

use oxc::ast::AstKind;
use oxc::ast::ast::*;
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::Semantic;

/// The hooks that change what is seen, or do something, after the first rendering.
///
/// Not among them are those that only give a value to the rendering they are called in: `useMemo`,
/// `useCallback`, `useId`, `useContext` (the library has no way to change a context but by a state
/// elsewhere), `useRef` (who writes to it later is a handler or an effect), `useDebugValue`,
/// `useImperativeHandle` and `useEffectEvent` (what they give is called by a handler or an effect), and
/// `useDeferredValue` with one argument (what it defers is a change of state).
const HOOKS: [&str; 17] = [
    "useState",
    "useReducer",
    "useEffect",
    "useLayoutEffect",
    "useInsertionEffect",
    "useSyncExternalStore",
    "useTransition",
    "useActionState",
    "useFormState",
    "useFormStatus",
    "useOptimistic",
    "useErrorBoundary",
    "useSignal",
    "useSignalEffect",
    "useComputed",
    // Waits for what comes later, unless it reads a context, which cannot be told from here.
    "use",
    "startTransition",
];

/// Methods of class components that are called in browsers only.
const LIFECYCLE: [&str; 6] = [
    "componentDidMount",
    "componentDidUpdate",
    "componentWillUnmount",
    "componentDidCatch",
    "componentWillReceiveProps",
    "UNSAFE_componentWillReceiveProps",
];

/// Methods that a class component calls to be rendered again.
const UPDATES: [&str; 2] = ["setState", "forceUpdate"];

/// Functions that make elements; their second argument has the attributes.
const ELEMENTS: [&str; 6] = [
    "createElement",
    "cloneElement",
    "h",
    "jsx",
    "jsxs",
    "jsxDEV",
];

/// Whether the module, JavaScript without JSX, does anything in a browser.
pub(super) fn is_interactive(program: &Program<'_>, semantic: &Semantic<'_>) -> bool {
    let mut reader = Reader {
        semantic,
        found: false,
    };
    reader.visit_program(program);
    reader.found
}

struct Reader<'s, 'a> {
    semantic: &'s Semantic<'a>,
    found: bool,
}

impl<'a> Reader<'_, 'a> {
    /// What a called name is named where it comes from: that of an import may be another one.
    fn original_name(&self, name: &IdentifierReference<'a>) -> Option<String> {
        let scoping = self.semantic.scoping();
        let reference = scoping.get_reference(name.reference_id.get()?);
        let Some(symbol) = reference.symbol_id() else {
            return Some(name.name.to_string());
        };
        match self
            .semantic
            .nodes()
            .kind(scoping.symbol_declaration(symbol))
        {
            AstKind::ImportSpecifier(specifier) => Some(specifier.imported.name().to_string()),
            // A name of the code's own: its body is read by itself.
            _ => None,
        }
    }

    /// The name of the function that is called, where it is one of the library.
    fn callee(&self, callee: &Expression<'a>) -> Option<String> {
        match callee.get_inner_expression() {
            Expression::Identifier(name) => self.original_name(name),
            Expression::StaticMemberExpression(member) => Some(member.property.name.to_string()),
            // `(0, library.jsx)(…)`, as compilers print it.
            Expression::SequenceExpression(several) => self.callee(several.expressions.last()?),
            _ => None,
        }
    }

    /// Whether a value is a function, written here or declared in the code.
    fn is_function(&self, value: &Expression<'a>) -> bool {
        match value.get_inner_expression() {
            Expression::Identifier(name) => {
                let scoping = self.semantic.scoping();
                let Some(symbol) = name
                    .reference_id
                    .get()
                    .and_then(|id| scoping.get_reference(id).symbol_id())
                else {
                    return false;
                };
                let node = scoping.symbol_declaration(symbol);
                match self.semantic.nodes().kind(node) {
                    AstKind::Function(_) => true,
                    AstKind::VariableDeclarator(declarator) => {
                        declarator.init.as_ref().is_some_and(|init| match init {
                            Expression::CallExpression(call) => {
                                self.callee(&call.callee).as_deref() == Some("useCallback")
                            }
                            other => other.is_function(),
                        })
                    }
                    _ => false,
                }
            }
            other => other.is_function(),
        }
    }

    /// Whether an attribute of an element is something that happens in a browser.
    fn acts(&self, name: &str, value: &Expression<'a>) -> bool {
        match name {
            // Forms may be sent by functions, and references be functions that get the element.
            "action" | "formAction" | "ref" => self.is_function(value),
            _ => is_handler(name) && may_be_function(value),
        }
    }
}

/// `onClick`, and no word such as `only`.
fn is_handler(name: &str) -> bool {
    name.strip_prefix("on")
        .and_then(|rest| rest.chars().next())
        .is_some_and(|first| first.is_uppercase())
}

fn may_be_function(value: &Expression<'_>) -> bool {
    !(value.is_null_or_undefined()
        || value.is_literal()
        || matches!(
            value.get_inner_expression(),
            Expression::TemplateLiteral(_)
                | Expression::ObjectExpression(_)
                | Expression::ArrayExpression(_)
        )
        // `!0` and `!1` are what minifying makes of `true` and `false`.
        || matches!(value, Expression::UnaryExpression(_)))
}

impl<'a> Visit<'a> for Reader<'_, 'a> {
    fn visit_import_specifier(&mut self, specifier: &ImportSpecifier<'a>) {
        // What is not used of an import is gone by now.
        self.found |= HOOKS.contains(&specifier.imported.name().as_str());
    }

    fn visit_static_member_expression(&mut self, member: &StaticMemberExpression<'a>) {
        let name = member.property.name.as_str();
        // A member named `use` is as likely that of anything else.
        self.found |= HOOKS.contains(&name) && name != "use" || UPDATES.contains(&name);
        self.found |= name == "state" && matches!(member.object, Expression::ThisExpression(_));
        walk::walk_static_member_expression(self, member);
    }

    fn visit_binding_property(&mut self, property: &BindingProperty<'a>) {
        if let Some(name) = property.key.static_name() {
            // `const { useState } = React;`
            self.found |= HOOKS.contains(&&*name) && name != "use";
        }
        walk::walk_binding_property(self, property);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        let callee = self.callee(&call.callee);
        let callee = callee.as_deref().unwrap_or("");
        if callee == "useDeferredValue" {
            // With a first value, the other one is shown in the browser.
            self.found |= call.arguments.len() > 1;
        }
        if ELEMENTS.contains(&callee)
            && let Some(Argument::ObjectExpression(attributes)) = call.arguments.get(1)
        {
            for property in &attributes.properties {
                if let ObjectPropertyKind::ObjectProperty(property) = property
                    && let Some(name) = property.key.static_name()
                {
                    self.found |= self.acts(&name, &property.value);
                }
            }
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        // Attributes that are collected before they are spread.
        if let Some(name) = property.key.static_name() {
            self.found |= is_handler(&name) && self.is_function(&property.value);
        }
        walk::walk_object_property(self, property);
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        if class.heritage.is_some() {
            self.found |= class.body.body.iter().any(|element| {
                let key = match element {
                    ClassElement::MethodDefinition(method) if !method.r#static => &method.key,
                    ClassElement::PropertyDefinition(field) if !field.r#static => &field.key,
                    _ => return false,
                };
                key.static_name()
                    .is_some_and(|name| name == "state" || LIFECYCLE.contains(&&*name))
            });
        }
        walk::walk_class(self, class);
    }
}
