//! What is wrong is said in words, with its place in the component's code.

use rbgen::model::Library;
use rbgen::render::react::FaultKind;

use super::{Alone, BOTH, given, render, with_stack};

#[test]
fn what_is_wrong_is_said_in_words() {
    let both = "both";
    let cases: &[(&str, &str, &str, &str)] = &[
        (
            both,
            "return () => { throw new Error('No such thing.') }",
            "No such thing",
            "",
        ),
        (
            both,
            "return () => { throw new TypeError('bad') }",
            "TypeError: bad",
            "",
        ),
        (
            both,
            "return () => { throw 'text' }",
            "it threw what is no error: text",
            "",
        ),
        (
            "react",
            "return () => { throw null }",
            "it threw what is no error: null",
            "",
        ),
        (
            both,
            "return () => { throw Symbol('x') }",
            "it threw what is no error: Symbol(x)",
            "",
        ),
        (
            both,
            "return () => { throw { toString() { for (;;) ; } } }",
            "it threw what is no error: an object",
            "",
        ),
        (
            both,
            "return () => $h('p', null, window.innerWidth)",
            "ReferenceError: window is not defined",
            "`window` is there only in a browser: use it in an effect or an event handler, or set `hydrate = \"only\"` in `[metadata]`",
        ),
        (
            both,
            "return () => $h('p', null, localStorage.a)",
            "ReferenceError: localStorage is not defined",
            "`localStorage` is there only",
        ),
        (
            both,
            "return () => { setTimeout(() => {}) }",
            "ReferenceError: setTimeout is not defined",
            "only in a browser",
        ),
        (
            both,
            "return () => $h('p', null, process.env.X)",
            "ReferenceError: process is not defined",
            "`process` is there only in Node",
        ),
        (
            both,
            "return () => $h('p', null, nothing)",
            "ReferenceError: nothing is not defined",
            "",
        ),
        (
            both,
            "return () => { globalThis.x = 1; return null }",
            "TypeError: ",
            "cannot be changed while the site is built",
        ),
        (
            both,
            "return () => { Array.prototype.x = 1; return null }",
            "TypeError: ",
            "cannot be changed while the site is built",
        ),
        (
            both,
            "return () => {}",
            "the component returned nothing: return null to show nothing",
            "",
        ),
        (
            both,
            "return () => $h('p', null, { a: 1, b: 2 })",
            "objects are not valid as a child (found: object with keys {a, b}): use an array for several children",
            "",
        ),
        (
            both,
            "return () => $h('p', null, new Date(0))",
            "objects are not valid as a child (found: ",
            "",
        ),
        (
            both,
            "return () => $h('p', null, [[{ a: 1 }]])",
            "objects are not valid as a child (found: object with keys {a})",
            "",
        ),
        (
            both,
            "return () => ({ a: 1 })",
            "objects are not valid as a child (found: object with keys {a})",
            "",
        ),
        (
            both,
            "return () => $h(undefined)",
            "an element's type is undefined: is what it names exported and imported?",
            "",
        ),
        (
            both,
            "return () => $h('p', null, $h({}))",
            "an element's type is object: is what it names exported and imported?",
            "",
        ),
        (
            "preact",
            "return async () => null",
            "a component or a child is a promise, which is rendered only in a browser",
            "hydrate",
        ),
        ("react", "return async () => null", "", "hydrate"),
        (
            both,
            "const p = new Promise(() => {}); return () => { throw p }",
            "it waits for data, which it can do only in a browser",
            "hydrate",
        ),
        (
            "react",
            "const p = new Promise(() => {}); return () => React.use(p)",
            "it waits for data, which it can do only in a browser",
            "hydrate",
        ),
        (
            "react",
            "return () => { const [a, set] = React.useState(0); set(a + 1); return null }",
            "it sets state in each rendering, without end",
            "",
        ),
        (
            "react",
            "return () => $h('input', { children: 'x' })",
            "<input> can have neither children nor `dangerouslySetInnerHTML`",
            "",
        ),
        (
            "react",
            "return () => $h('p', { style: 'color: red' })",
            "`style` must be an object",
            "",
        ),
        (
            "preact",
            "return () => $h('p q')",
            "p q is not a valid HTML tag name in <p q>",
            "",
        ),
        (
            both,
            "const { createRoot } = $require('react-dom/client'); createRoot(document.body); return () => null",
            "ReferenceError: document is not defined",
            "only in a browser",
        ),
        (
            both,
            "return function f() { const e = new Error('deep\\n  second line'); e.name = 'Custom'; throw e }",
            "Custom: deep",
            "",
        ),
        (
            both,
            "return () => import('fs').then(0) && Intl.nothing.at",
            "TypeError: ",
            "",
        ),
    ];
    for (library, code, message, hint) in cases {
        for kind in BOTH {
            let name = match kind {
                Library::Preact => "preact",
                Library::React => "react",
            };
            if *library != both && *library != name {
                continue;
            }
            let over = std::cell::Cell::new(0);
            let fault = with_stack(|| {
                let is_over = move || {
                    over.set(over.get() + 1);
                    over.get() > 2_000
                };
                Alone::new(kind, code, Box::new(is_over))
                    .and_then(|mut engine| engine.render(&given("{}")))
                    .unwrap_err()
            });
            assert_eq!(fault.kind, FaultKind::Failed, "{name}: {code}: {fault:?}");
            assert!(
                fault.message.starts_with(message),
                "{name}: {code}: {fault:?}"
            );
            assert!(
                fault.hint.clone().unwrap_or_default().contains(hint),
                "{name}: {code}: {fault:?}"
            );
            if hint.is_empty() {
                assert_eq!(fault.hint, None, "{name}: {code}");
            }
        }
    }
}

#[test]
fn props_that_are_no_json_are_a_fault() {
    for kind in BOTH {
        let fault = render(kind, "return () => null", "{").unwrap_err();
        assert_eq!(fault.kind, FaultKind::Failed);
    }
}

#[test]
fn a_fault_names_the_place_in_the_components_code() {
    // Line 2 of what is compiled is the first of the code; a place is 1000 times the line and the column.
    let code = "const deep = () => { throw new Error('here') };\nreturn () => {\n  [1].map(() => deep()); return null };";
    for kind in BOTH {
        let range = render(kind, code, "{}").unwrap_err().range.unwrap();
        let column = code.find("Error(").unwrap();
        assert_eq!(range, 1000 + column..1000 + column, "{kind:?}");
    }
    // Columns are UTF-16 units.
    let code = "return () => '\u{1f600}\u{e4}' + nothing.there;";
    let column = code.split("nothing").next().unwrap().encode_utf16().count();
    let range = render(Library::Preact, code, "{}")
        .unwrap_err()
        .range
        .unwrap();
    assert_eq!(range, 1000 + column..1000 + column);
}
