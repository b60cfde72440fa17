//! What is refused, where, and what is said about it.

use proptest::prelude::*;

use super::super::depth;
use super::*;

/// Sources, the kind and the message of their only fault, and the text that it is about.
fn all_refused(kind: FaultKind, table: &[(&str, &str, &str)]) {
    for (code, message, about) in table {
        let faults = faults(code);
        let [fault] = &faults[..] else {
            panic!("{code}\n{faults:#?}");
        };
        assert_eq!((fault.kind, &*fault.message), (kind, *message), "{code}");
        let range = fault.range.clone().unwrap();
        assert_eq!(&code[range], *about, "{code}");
        assert!(fault.hint.is_some(), "{code}");
    }
}

#[test]
fn only_what_is_provided_is_imported() {
    all_refused(
        FaultKind::Import,
        &[
            (
                "import { motion } from 'framer-motion'\nexport default () => <motion.p />",
                "`framer-motion` cannot be imported",
                "'framer-motion'",
            ),
            (
                "import { motion } from 'framer-motion'\nexport default () => <p />",
                "`framer-motion` cannot be imported",
                "'framer-motion'",
            ),
            (
                "import X from './x'\nexport default () => <X />",
                "`./x` cannot be imported",
                "'./x'",
            ),
            (
                "import 'https://example.com/x.js'\nexport default () => <p />",
                "`https://example.com/x.js` cannot be imported",
                "'https://example.com/x.js'",
            ),
            (
                "import './chat.css'\nexport default () => <p />",
                "`./chat.css` cannot be imported",
                "'./chat.css'",
            ),
            (
                "import { renderToString } from 'react-dom/server'\nexport default () => <p />",
                "`react-dom/server` cannot be imported",
                "'react-dom/server'",
            ),
            (
                "export * from 'é'\nexport default () => <p />",
                "`é` cannot be imported",
                "'é'",
            ),
            (
                "export { Row } from './row'\nexport default () => <p />",
                "`./row` cannot be imported",
                "'./row'",
            ),
            (
                "import fs = require('fs')\nexport default () => <p>{fs.x}</p>",
                "`fs` cannot be imported",
                "'fs'",
            ),
            (
                "const fs = require('fs')\nexport default () => <p />",
                "`fs` cannot be imported",
                "'fs'",
            ),
            (
                "const name = 'fs', fs = require(name)\nexport default () => <p />",
                "`require` takes one name, as a plain string",
                "require(name)",
            ),
            (
                "export default () => { import('react'); return <p /> }",
                "nothing can be imported while the component runs",
                "import('react')",
            ),
            (
                "export default () => <p>{import.meta.url}</p>",
                "`import.meta` says nothing here",
                "import.meta",
            ),
            (
                "export default () => <p>{import.meta.env.SECRET}</p>",
                "`import.meta` says nothing here",
                "import.meta",
            ),
        ],
    );
    let all = faults("import a from 'a'\nimport b from 'b'\nconst x = 1");
    let messages: Vec<&str> = all.iter().map(|fault| &*fault.message).collect();
    assert!(messages.contains(&"`a` cannot be imported"));
    assert!(messages.contains(&"`b` cannot be imported"));
    assert!(messages.contains(&"the code has no component"));
    assert_eq!(all.len(), 3);
}

#[test]
fn hints_say_what_to_do_about_an_import() {
    for (name, hint) in [
        (
            "./x.css?inline",
            "styles belong into the `.css` of the component",
        ),
        ("../logo.svg", "take the address of the image as a prop"),
        (
            "@/lib/x",
            "a component is one module: bring the code into the component",
        ),
        ("React", "did you mean `react`?"),
    ] {
        let faults = faults(&format!(
            "import x from '{name}'\nexport default () => <p />"
        ));
        assert_eq!(faults[0].hint.as_deref(), Some(hint), "{name}");
    }
}

#[test]
fn one_component_must_be_meant() {
    all_refused(
        FaultKind::Component,
        &[
            (
                "export const A = () => <p />\nexport function B() { return <p /> }",
                "several components are exported: `A`, `B`",
                "A = () => <p />",
            ),
            (
                "export default () => 1\nexport { A as default }\nconst A = 1",
                "the code has more than one default export",
                "export { A as default }",
            ),
            (
                "const A = () => <p />\nconst B = () => <p />",
                "the code has several components: `A`, `B`",
                "A = () => <p />",
            ),
            (
                "export default { a: 1 }",
                "the default export is an object and no component",
                "{ a: 1 }",
            ),
            (
                "export default <p />",
                "the default export is an element and no component",
                "<p />",
            ),
            (
                "const a = 'x'\nexport default a",
                "the default export is a text and no component",
                "a",
            ),
            (
                "enum A { B }\nexport default A",
                "the default export is an enum and no component",
                "A",
            ),
            (
                "const a = [1]\nexport { a as default }",
                "the default export is an array and no component",
                "a as default",
            ),
            (
                "export { default } from 'react'",
                "the default export is from another module and no component",
                "default",
            ),
            (
                "export = 3",
                "the default export is a number and no component",
                "3",
            ),
        ],
    );
    for code in [
        "",
        "const x = 1",
        "<p />",
        "type A = 1; interface B {}",
        "function chat() {}",
        "// nothing",
    ] {
        let faults = faults(code);
        assert_eq!(faults.len(), 1, "{code}");
        assert_eq!(faults[0].kind, FaultKind::Component, "{code}");
        assert_eq!(faults[0].message, "the code has no component", "{code}");
    }
}

#[test]
fn mistakes_of_syntax_have_places() {
    for (code, about) in [
        ("export default () => <p>é</q>", "q"),
        ("export default function ( { return 1 }", "1"),
        ("const a = 1; const a = 2; export default () => <p />", "a"),
        ("export default () => { return <p>", ""),
        ("await 1; export default () => <p />", "await 1"),
        (
            "for await (const x of []) {}\nexport default () => <p />",
            "for await (",
        ),
        (
            "export default () => { using x = null; return <p /> }",
            "using x = null;",
        ),
        ("@mark class A {}\nexport default () => <p />", "@mark"),
        (
            "class A { accessor x = 1 }\nexport default () => <p />",
            "accessor x = 1",
        ),
        ("export default () => 'a\u{2028}\nb'", "'a\u{2028}\n"),
        ("é😀", "😀"),
        ("export default () => /(/", "("),
        (
            "function A() {}\nfunction A() { return <p /> }\nexport default A",
            "",
        ),
    ] {
        let faults = faults(code);
        assert_eq!(faults[0].kind, FaultKind::Syntax, "{code}\n{faults:?}");
        let range = faults[0].range.clone().unwrap();
        assert_eq!(&code[range], about, "{code}\n{faults:?}");
        assert!(!faults[0].message.ends_with('.'), "{faults:?}");
    }
}

#[test]
fn code_without_measure_is_refused() {
    let long = format!("export default () => <p>{}</p>", "x".repeat(MAX_CODE_BYTES));
    assert_eq!(faults(&long)[0].kind, FaultKind::Limits);
    let deep = format!(
        "export default () => {}1{}",
        "(".repeat(5000),
        ")".repeat(5000)
    );
    assert_eq!(faults(&deep)[0].kind, FaultKind::Limits);
    let most = format!(
        "export default () => <p>{}</p>",
        "x".repeat(MAX_CODE_BYTES - 28)
    );
    assert_eq!(most.len(), MAX_CODE_BYTES);
    assert!(compile(&most).is_ok());
}

/// What the guard lets pass must not need more stack than the thread of a test has, which is little.
#[test]
fn what_the_guard_lets_pass_fits_on_a_stack() {
    let levels = depth::MOST_LEVELS - 10;
    for (open, close, times) in [
        ("(", ")", levels),
        ("[", "]", levels),
        ("{a:", "}", levels),
        ("f(", ")", levels),
        ("()=>(", ")", levels / 2),
        ("(()=>{return ", "})()", levels / 2),
        ("function(){return [", "]}", levels / 2),
        ("class{a=[", "]}", levels / 2),
        ("`${", "}`", levels),
        ("<a b={", "}/>", levels),
        ("<a>", "</a>", depth::MOST_ELEMENTS - 10),
        ("<>", "</>", depth::MOST_ELEMENTS - 10),
        ("!", "", depth::MOST_OPERATORS - 10),
        ("- ", "", depth::MOST_OPERATORS - 10),
        ("a?b:", "", 1000),
        ("a=", "", 1000),
        ("a+", "", 1000),
        ("a||", "", 1000),
        ("typeof ", "", 1000),
        ("(async()=>await ", ")", 100),
    ] {
        let code = format!(
            "export default () => ({}a{})",
            open.repeat(times),
            close.repeat(times)
        );
        assert!(compile(&code).is_ok(), "{open} {:?}", compile(&code));
    }
}

/// Pieces of code, most of which make no sense one after the other.
const TOKENS: [&str; 53] = [
    "export",
    "default",
    "import",
    "from",
    "'react'",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "/>",
    "</",
    "a",
    "A",
    "B",
    "=>",
    "=",
    "const",
    "function",
    "class",
    "extends",
    ";",
    ",",
    "\n",
    "`",
    "${",
    "...",
    "as",
    "type",
    "enum",
    "declare",
    "namespace",
    "await",
    "async",
    "require",
    "module",
    ".",
    "exports",
    "?",
    ":",
    "1",
    "'x'",
    "return",
    "React",
    "useState",
    "é",
    "*",
    "@",
    "#",
    "/",
];

/// Statements that are sound together in any order.
const STATEMENTS: [&str; 26] = [
    "import React from 'react'",
    "import { useState as state, type FC } from 'react'",
    "import * as hooks from 'preact/hooks'",
    "import 'preact'",
    "import type { X } from './x'",
    "import old = require('react-dom')",
    "const older = require('react')",
    "export { useEffect } from 'react'",
    "export * from 'preact'",
    "export type Props = { a: string }",
    "interface Chat { b: string }",
    "export enum Mode { A, B = 'b' }",
    "declare const given: number",
    "export namespace Space { export const inner = 1 }",
    "export const small = 1, [one, { two }] = [1, { two: 2 }]",
    "export class Box { #a = 1; static b = class {}; get c() { return this.#a } }",
    "function helper<T>(this: any, $h?: T): asserts $h is T {}",
    "async function* many() { yield* [await 1] }",
    "var $require = 1, $Fragment = () => <></>",
    "if (typeof exports === 'object') { var $Component: any }",
    "lead: { break lead }",
    ";[1].map((x) => <p key={x}>{x}</p>)",
    "'use client'",
    "const text = `${'`'}\\n` // no end",
    "/** @jsx other */ /* } */",
    "try { throw 1 } catch { } finally { }",
];

/// What the component may be: there is nothing else with its name.
const LAST: [&str; 7] = [
    "export default function () { return <p /> }",
    "export default class Main extends Object { render() { return <p /> } }",
    "export default ({ a }: { a: string }) => <p>{a}</p>",
    "const Main = () => <p />; export { Main as default }",
    "function main() { return <p /> } export default main as any",
    "module.exports = function Main() { return <p /> }",
    "exports.default = () => <p />",
];

proptest! {
    #[test]
    fn any_text_is_compiled_or_refused(code in ".{0,60}") {
        let _ = compile(&code);
    }

    #[test]
    fn any_row_of_tokens_is_compiled_or_refused(tokens in proptest::collection::vec(
        prop::sample::select(TOKENS.to_vec()), 0..25,
    )) {
        let code = tokens.join(" ");
        if let Err(faults) = compile(&code) {
            prop_assert!(!faults.is_empty());
            for fault in &faults {
                if let Some(range) = &fault.range {
                    prop_assert!(code.get(range.clone()).is_some(), "{:?}", fault);
                }
            }
        }
    }

    #[test]
    fn what_is_compiled_can_be_loaded(
        mut statements in prop::sample::subsequence(STATEMENTS.to_vec(), 0..12).prop_shuffle(),
        last in prop::sample::select(LAST.to_vec()),
    ) {
        statements.push(last);
        let code = statements.join("\n");
        let compiled = compile(&code).map_err(|faults| TestCaseError::fail(format!("{code}\n{faults:?}")))?;
        prop_assert_eq!(compile(&code), Ok(compiled.clone()));
        let script = run(|ctx| ctx.eval(format!("typeof {}(() => all)", compiled.server)));
        prop_assert_eq!(script.as_deref(), Ok("function"), "{}\n{}", code, compiled.server);
        let module = run(|ctx| {
            Module::evaluate(ctx, "client", &*compiled.outline.client)?.finish::<()>()?;
            Ok(String::new())
        });
        prop_assert_eq!(module.as_deref(), Ok(""), "{}\n{}", code, compiled.outline.client);
    }
}
