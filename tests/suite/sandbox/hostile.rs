//! Components that mean harm: each ends within its limits, with a fault that tells what it did, and all
//! around it others are rendered as ever.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rbgen::render::react::FaultKind::{self, Component, Failed, Limits};
use rbgen::render::react::Runner;

use super::{PATIENCE, REACT, hello, render, render_with, sandbox, with_name};

/// Between two other renderings, so that they do not take all computing time from the hostile one.
const BREATH: Duration = Duration::from_millis(10);

/// What comes of a component.
pub enum Comes {
    /// A fault of one of these kinds.
    Fault(&'static [FaultKind]),
    /// This HTML, each time.
    Html(&'static str),
    /// Either of the two, as the engine likes it: what matters is that it ends.
    Either(&'static [FaultKind]),
}
pub use Comes::{Either, Fault, Html};

/// Renders each while another is rendered, and once more.
pub fn endure<C: AsRef<str>>(components: &[(&str, C, Comes)]) {
    for (name, code, comes) in components {
        let code = code.as_ref();
        let sandbox = sandbox();
        hello(&sandbox);
        let began = Instant::now();
        let is_done = AtomicBool::new(false);
        let rendered = std::thread::scope(|scope| {
            let hostile = scope.spawn(|| {
                let rendered = render(&sandbox, code);
                is_done.store(true, Ordering::Relaxed);
                rendered
            });
            while !is_done.load(Ordering::Relaxed) {
                hello(&sandbox);
                std::thread::park_timeout(BREATH);
            }
            hostile.join().unwrap()
        });
        assert!(began.elapsed() < PATIENCE, "{name}: {:?}", began.elapsed());
        println!(
            "ZZ {name} | {:?} | {:.300?}",
            began.elapsed(),
            format!("{rendered:?}")
        );
        match (comes, &rendered) {
            (Fault(kinds) | Either(kinds), Err(fault)) => {
                assert!(kinds.contains(&fault.kind), "{name}: {fault:?}");
                assert!(!fault.message.is_empty(), "{name}: {fault:?}");
                let range = fault.range.clone().unwrap_or_default();
                assert!(code.get(range).is_some(), "{name}: {fault:?}");
            }
            (Html(html), Ok(rendered)) => assert_eq!(rendered.html, *html, "{name}"),
            (Either(_), Ok(_)) => {}
            (_, Ok(rendered)) => panic!("{name}: {rendered:?}"),
            (_, Err(fault)) => panic!("{name}: {fault:?}"),
        }
        assert_eq!(render(&sandbox, code), rendered, "{name}, again");
        hello(&sandbox);
    }
}

/// A component whose function is this.
pub fn body(statements: &str) -> String {
    format!("export default function Hostile(props) {{ {statements} }}")
}

/// A component that gives what an expression is, as text.
pub fn says(expression: &str) -> String {
    body(&format!("return <p>{{String({expression})}}</p>;"))
}

#[test]
fn code_that_does_not_end() {
    endure(&[
        ("a loop", body("while (true);"), Fault(&[Limits])),
        (
            "a loop of the module",
            "for (;;); export default () => <p/>;".into(),
            Fault(&[Limits]),
        ),
        (
            "a loop that catches everything",
            body("for (;;) { try { for (;;); } catch {} finally { continue; } }"),
            Fault(&[Limits]),
        ),
        (
            "a return that is caught",
            body("function f() { try { for (;;); } finally { return f(); } } return f();"),
            Fault(&[Limits]),
        ),
        (
            "waiting for the clock",
            body("const begun = Date.now(); while (Date.now() - begun < 1e9);"),
            Fault(&[Limits]),
        ),
        (
            "a comparison that does not end",
            body("[3, 2, 1].sort(() => { for (;;); });"),
            Fault(&[Limits]),
        ),
        (
            "a class that renders without end",
            "import { Component } from 'react';
            export default class Hostile extends Component { render() { for (;;); } }"
                .into(),
            Fault(&[Limits]),
        ),
        (
            "a state that is always set",
            "import { useState } from 'react';
            export default () => { const [n, set] = useState(0); set(n + 1); return <p>{n}</p>; }"
                .into(),
            Either(&[Limits, Failed]),
        ),
    ]);
}

#[test]
fn code_that_does_not_end_where_nobody_looks_at_the_time() {
    endure(&[
        (
            "a search in what never ends",
            body("Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1);"),
            Fault(&[Limits]),
        ),
        (
            "searches in a long text",
            body("const text = 'a'.repeat(2 ** 24); for (;;) text.indexOf('ab');"),
            Fault(&[Limits]),
        ),
        (
            "a search whose every step begins anew",
            body("('a'.repeat(2 ** 20)).indexOf('a'.repeat(2 ** 19) + 'b'); for (;;);"),
            Fault(&[Limits]),
        ),
        (
            "a regular expression with a choice at each letter",
            body("return <p>{String(/^(a+)+$/.test('a'.repeat(60) + '!'))}</p>;"),
            Fault(&[Limits]),
        ),
        (
            "a long list joined",
            body("return <p>{new Array(2 ** 32 - 1).join('x')}</p>;"),
            Fault(&[Limits, Failed]),
        ),
        (
            "a long list sorted",
            body("const list = []; list.length = 2 ** 32 - 1; return <p>{list.sort().length}</p>;"),
            Either(&[Limits, Failed]),
        ),
        (
            "a large number",
            body("return <p>{String(2n ** (2n ** 30n))}</p>;"),
            Fault(&[Limits, Failed]),
        ),
        (
            "large numbers that fit",
            body("let n = 3n; for (;;) n = n * n % (1n << 500000n);"),
            Fault(&[Limits, Failed]),
        ),
        (
            "a giant as JSON",
            body(
                "let value = 'x'.repeat(1024);
                for (let i = 0; i < 40; i++) value = [value, value];
                return <p>{JSON.stringify(value)}</p>;",
            ),
            Fault(&[Limits, Failed]),
        ),
        (
            "waiting for another thread",
            body("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"),
            Fault(&[Limits, Failed]),
        ),
    ]);
}

#[test]
fn code_that_goes_on_after_it_is_done() {
    endure(&[
        (
            "an asynchronous loop",
            body("(async () => { for (;;) await 0; })(); return <p>done</p>;"),
            Either(&[Limits, Failed]),
        ),
        (
            "an asynchronous component",
            "export default async function Hostile() { for (;;) await 0; }".into(),
            Fault(&[Limits, Failed, Component]),
        ),
        (
            "promises that make promises",
            body("const go = () => Promise.resolve().then(go); go(); return <p>done</p>;"),
            Either(&[Limits, Failed]),
        ),
        (
            "what can be waited for without end",
            body("return { then(done) { done(this); } };"),
            Fault(&[Limits, Failed]),
        ),
        (
            "a thrown promise, for which libraries wait",
            body("throw new Promise(() => {});"),
            Fault(&[Limits, Failed]),
        ),
        (
            "a cleaning up that does not end",
            body(
                "const registry = new FinalizationRegistry(() => { for (;;); });
                for (let i = 0; i < 1e5; i++) registry.register({}, i);
                return <p>done</p>;",
            ),
            Either(&[Limits, Failed]),
        ),
        (
            "timers",
            says("typeof setTimeout + typeof setInterval + typeof setImmediate"),
            Either(&[Limits, Failed]),
        ),
    ]);
}

#[test]
fn code_that_takes_all_memory() {
    endure(&[
        (
            "a text that doubles",
            body("let text = 'x'; for (;;) text += text;"),
            Fault(&[Limits, Failed]),
        ),
        (
            "a list that grows",
            body("const list = []; for (;;) list.push([1, 2, 3]);"),
            Fault(&[Limits]),
        ),
        (
            "a buffer",
            body("return <p>{new ArrayBuffer(2 ** 33).byteLength}</p>;"),
            Fault(&[Limits, Failed]),
        ),
        (
            "many buffers",
            body("const all = []; for (;;) all.push(new Float64Array(2 ** 20).fill(1));"),
            Fault(&[Limits]),
        ),
        (
            "a map that grows",
            body("const map = new Map(); for (let i = 0; ; i++) map.set(i, { i });"),
            Fault(&[Limits]),
        ),
        (
            "memory taken and the failure caught, again and again",
            body(
                "const all = []; for (;;) try { for (;;) all.push('x'.repeat(2 ** 20) + all.length); } catch {}",
            ),
            Fault(&[Limits]),
        ),
        (
            "a generator that is spread",
            body("function* endless() { for (;;) yield 1; } return [...endless()];"),
            Fault(&[Limits]),
        ),
        (
            "a text that is filled up",
            body("return <p>{''.padEnd(2 ** 30, 'x')}</p>;"),
            Fault(&[Limits, Failed]),
        ),
        (
            "symbols that are never forgotten",
            body("for (let i = 0; ; i++) Symbol.for('x'.repeat(1000) + i);"),
            Fault(&[Limits]),
        ),
        (
            "much HTML",
            body("return <p>{'x'.repeat(2 ** 26)}</p>;"),
            Fault(&[Limits]),
        ),
        (
            "very much HTML of many elements",
            body(
                "const part = 'x'.repeat(2 ** 20); return Array(1024).fill(0).map(() => <p>{part}</p>);",
            ),
            Fault(&[Limits]),
        ),
        (
            "HTML that grows where it is escaped",
            body("return <p>{'\"<>&'.repeat(2 ** 21)}</p>;"),
            Fault(&[Limits]),
        ),
    ]);
}

#[test]
fn code_that_nests_without_end() {
    endure(&[
        (
            "a function that calls itself",
            body("const f = n => f(n + 1) + 1; return <p>{f(0)}</p>;"),
            Fault(&[Limits, Failed]),
        ),
        (
            "a component that shows itself",
            "export default function Hostile() { return <div><Hostile/></div>; }".into(),
            Fault(&[Limits, Failed]),
        ),
        (
            "a deep tree",
            body(
                "let tree = <p/>; for (let i = 0; i < 200000; i++) tree = <b>{tree}</b>; return tree;",
            ),
            Fault(&[Limits, Failed]),
        ),
        (
            "a deep list",
            body("let list = []; for (let i = 0; i < 200000; i++) list = [list]; return list;"),
            Either(&[Limits, Failed]),
        ),
        (
            "a ring of lists",
            body("const list = []; list.push(list); return list;"),
            Fault(&[Limits, Failed]),
        ),
        (
            "deep JSON that is read",
            body("return <p>{JSON.parse('['.repeat(1e6) + ']'.repeat(1e6)).length}</p>;"),
            Fault(&[Limits, Failed]),
        ),
        (
            "deep JSON that is written",
            body(
                "let list = []; for (let i = 0; i < 1e5; i++) list = [list]; return <p>{JSON.stringify(list).length}</p>;",
            ),
            Either(&[Limits, Failed]),
        ),
        (
            "a deep regular expression",
            body("return <p>{new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).source.length}</p>;"),
            Either(&[Limits, Failed]),
        ),
        (
            "a regular expression that nests as it matches",
            body(
                "return <p>{String(new RegExp('(?:a|b)*'.repeat(50) + 'c').test('ab'.repeat(1e5)))}</p>;",
            ),
            Either(&[Limits, Failed]),
        ),
        (
            "a getter that gets itself",
            body("const it = { get it() { return this.it; } }; return <p>{it.it}</p>;"),
            Fault(&[Limits, Failed]),
        ),
        (
            "proxies of proxies",
            body(
                "let it = {}; for (let i = 0; i < 1e6; i++) it = new Proxy(it, {}); return <p>{String(it.x)}</p>;",
            ),
            Either(&[Limits, Failed]),
        ),
        (
            "functions bound again and again",
            body(
                "let f = () => 1; for (let i = 0; i < 1e6; i++) f = f.bind(null); return <p>{f()}</p>;",
            ),
            Either(&[Limits, Failed]),
        ),
        (
            "a long chain of prototypes that is let go",
            body(
                "let it = {}; for (let i = 0; i < 1e6; i++) it = { it }; it = null; return <p>done</p>;",
            ),
            Either(&[Limits, Failed]),
        ),
    ]);
}

/// What a rendering has poisoned is sound in the next one, of the same component in the same engine.
#[test]
fn code_that_poisons_what_others_use() {
    let poisons = [
        "Object.prototype.poison = (Object.prototype.poison || 0) + 1",
        "globalThis.poison = (globalThis.poison || 0) + 1",
        "Array.prototype.poison = ([].poison || 0) + 1",
        "Array.prototype.push = () => { for (;;); }",
        "Array.prototype.join = () => 'poison'",
        "String.prototype.replace = () => 'poison'",
        "String.prototype.poison = (''.poison || 0) + 1",
        "RegExp.prototype.test = () => false",
        "RegExp.prototype[Symbol.replace] = () => 'poison'",
        "JSON.parse = () => ({ name: 'poison' })",
        "JSON.stringify = () => 'poison'",
        "Object.keys = () => ['poison']",
        "Object.prototype.toString = () => 'poison'",
        "Function.prototype.call = () => 'poison'",
        "Math.random = () => 0.5",
        "Date.now = () => 5",
        "Error.prepareStackTrace = () => { for (;;); }",
        "Error.prototype.poison = (Error.prototype.poison || 0) + 1",
        "Promise.prototype.then = () => { for (;;); }",
        "Array.prototype[Symbol.iterator] = function* () { yield 'poison'; }",
        "Object.defineProperty(Object.prototype, 'type', { get() { return 'poison'; } })",
        "Object.defineProperty(Object.prototype, 'key', { set() { throw 'poison'; } })",
        "Object.setPrototypeOf(Object.prototype.constructor, null)",
        "delete globalThis.Object",
        "delete Array.prototype.map",
        "globalThis.Object = null",
        "undefined = 1",
        "(0, eval)('var poison = (globalThis.poison || 0) + 1')",
        "React.createElement = () => 'poison'",
        "Preact.options.vnode = () => { throw 'poison'; }",
        "Preact.options.poison = (Preact.options.poison || 0) + 1",
        "Preact.Component.prototype.poison = (Preact.Component.prototype.poison || 0) + 1",
        "(<i/>).constructor.poison = ((<i/>).constructor.poison || 0) + 1",
        "Object.getPrototypeOf(function* () {}).poison = (Object.getPrototypeOf(function* () {}).poison || 0) + 1",
        "React.createElement.poison = (React.createElement.poison || 0) + 1",
    ];
    let (stained, fresh) = (sandbox(), sandbox());
    for poison in poisons {
        let code = format!(
            "import React from 'react';
            import * as Preact from 'preact';
            let count = 0;
            export default function Hostile({{ name }}) {{
                count++;
                let failed = '';
                try {{ if (name === 'World') {poison}; }} catch (error) {{ failed = String(error); }}
                const seen = [globalThis, Object.prototype, [], '', Preact.options, Error.prototype,
                    Preact.Component.prototype, React.createElement, (<i/>).constructor].map(it => it.poison);
                return <p title={{failed}}>{{name + count + seen}}{{JSON.stringify({{ a: /x/.test('x') }})}}</p>;
            }}"
        );
        let as_fresh = with_name(&fresh, &code, "moon");
        let expected = "<p title>moon1,,,,,,,,{&quot;a&quot;:true}</p>";
        assert_eq!(as_fresh.as_ref().unwrap().html, expected, "{poison}");
        for _ in 0..2 {
            if let Err(fault) = with_name(&stained, &code, "World") {
                assert!(
                    [Failed, Limits].contains(&fault.kind),
                    "{poison}: {fault:?}"
                );
                stained.begin();
            }
            assert_eq!(with_name(&stained, &code, "moon"), as_fresh, "{poison}");
        }
        hello(&stained);
    }
}

#[test]
fn values_that_are_not_what_they_seem() {
    let bomb = "const bomb = () => { for (;;); };";
    let with = |statements: &str| body(&format!("{bomb} {statements}"));
    endure(&[
        (
            "a text",
            with("return <p title={{ toString: bomb }}/>;"),
            Fault(&[Limits, Failed]),
        ),
        (
            "a value",
            with("return <p>{+{ valueOf: bomb }}</p>;"),
            Fault(&[Limits]),
        ),
        (
            "a primitive",
            with("return <p className={{ [Symbol.toPrimitive]: bomb }}/>;"),
            Fault(&[Limits, Failed]),
        ),
        (
            "a key",
            with("return [<p key={{ toString: bomb }}/>];"),
            Either(&[Limits, Failed]),
        ),
        (
            "markup",
            with("return <p dangerouslySetInnerHTML={{ get __html() { bomb(); } }}/>;"),
            Fault(&[Limits]),
        ),
        (
            "a style",
            with("return <p style={new Proxy({}, { ownKeys: bomb })}/>;"),
            Fault(&[Limits]),
        ),
        (
            "props",
            with("return <p {...new Proxy({}, { ownKeys: bomb })}/>;"),
            Fault(&[Limits]),
        ),
        (
            "an element",
            with("return new Proxy(<p/>, { get: bomb });"),
            Fault(&[Limits]),
        ),
        (
            "an element that is whatever is asked",
            body(
                "const it = new Proxy(function () {}, { get: () => it, apply: () => it, has: () => true }); return it;",
            ),
            Either(&[Limits, Failed]),
        ),
        (
            "a list",
            with(
                "return { [Symbol.iterator]: () => ({ next: () => ({ value: 'x', done: false }) }) };",
            ),
            Fault(&[Limits, Failed]),
        ),
        (
            "a list that is long",
            body("return { __proto__: Array.prototype, length: 2 ** 53 - 1 };"),
            Either(&[Limits, Failed]),
        ),
        (
            "a list with a hostile length",
            with("return new Proxy([], { get: bomb });"),
            Fault(&[Limits]),
        ),
        (
            "an error whose message does not end",
            with("throw { get message() { bomb(); } };"),
            Fault(&[Limits, Failed]),
        ),
        (
            "an error that is no error",
            with("throw new Proxy({}, { get: bomb, getPrototypeOf: bomb, has: bomb });"),
            Fault(&[Limits, Failed]),
        ),
        (
            "an error with a stack of its own",
            with(
                "const error = new Error('x'); Object.defineProperty(error, 'stack', { get: bomb }); throw error;",
            ),
            Fault(&[Limits, Failed]),
        ),
        (
            "an error with a long message",
            body("throw new Error('x'.repeat(2 ** 24));"),
            Fault(&[Limits, Failed]),
        ),
        (
            "an error in many lines, with colours",
            body("throw new Error('\\u001b[31m\\n\\n\\0\\ud800');"),
            Fault(&[Failed]),
        ),
        ("nothing thrown", body("throw undefined;"), Fault(&[Failed])),
        (
            "an object",
            body("return { html: '<p/>' };"),
            Fault(&[Failed]),
        ),
        ("a function", body("return () => <p/>;"), Either(&[Failed])),
        (
            "a symbol",
            body("return Symbol.iterator;"),
            Either(&[Failed]),
        ),
        (
            "a component that is no component",
            "export default { render: () => <p/> };".into(),
            Fault(&[Component, Failed]),
        ),
        (
            "a component that is computed",
            "export default new Proxy(function () {}, { apply() { for (;;); } });".into(),
            Fault(&[Limits, Component, Failed]),
        ),
        (
            "a tag that is markup",
            body("const Tag = 'p><script>alert(1)</script><p'; return <Tag/>;"),
            Either(&[Failed]),
        ),
    ]);
}

#[test]
fn output_that_is_no_html() {
    endure(&[
        (
            "half a character",
            body("return <p>{'\\ud800'}</p>;"),
            Html("<p>\u{fffd}</p>"),
        ),
        (
            "half a character at each side of a text",
            body("return <p>{'\\udc00'}{'x'}{'\\ud83d'}</p>;"),
            Html("<p>\u{fffd}x\u{fffd}</p>"),
        ),
        ("NUL", body("return <p>{'a\\0b'}</p>;"), Html("<p>a\0b</p>")),
        (
            "what looks like an answer",
            body("return <p>{'\\u0007\\0\\0\\0\\u0003\\0\\u0003abc\\u0001\\0\\0\\0\\0'}</p>;"),
            Html("<p>\u{7}\0\0\0\u{3}\0\u{3}abc\u{1}\0\0\0\0</p>"),
        ),
        (
            "an end of the page",
            body("return <p>{'</body></html>'}</p>;"),
            Html("<p>&lt;/body>&lt;/html></p>"),
        ),
        ("nothing", body("return null;"), Html("")),
    ]);
}

/// React's own way through a tree.
#[test]
fn what_means_harm_to_the_other_library() {
    for (name, code) in [
        (
            "a component that shows itself",
            "export default function Hostile() { return <div><Hostile/></div>; }".to_string(),
        ),
        (
            "a deep tree",
            body(
                "let tree = <p/>; for (let i = 0; i < 200000; i++) tree = <b>{tree}</b>; return tree;",
            ),
        ),
        (
            "a state that is always set",
            "import { useState } from 'react';
            export default () => { const [n, set] = useState(0); set(n + 1); return <p>{n}</p>; }"
                .into(),
        ),
        (
            "a list without end",
            body(
                "return { [Symbol.iterator]: () => ({ next: () => ({ value: 'x', done: false }) }) };",
            ),
        ),
        ("a promise", body("throw new Promise(() => {});")),
        (
            "props that do not end",
            body("return <p {...new Proxy({}, { ownKeys() { for (;;); } })}/>;"),
        ),
        ("much HTML", body("return <p>{'x'.repeat(2 ** 26)}</p>;")),
    ] {
        let sandbox = sandbox();
        let fault = render_with(&sandbox, &REACT, &code).unwrap_err();
        assert!([Limits, Failed].contains(&fault.kind), "{name}: {fault:?}");
        let html = render_with(&sandbox, &REACT, super::HELLO).unwrap().html;
        assert!(html.ends_with("<p>Hello, World</p>"), "{name}: {html}");
    }
}
