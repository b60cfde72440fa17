//! The engine that renders React components, with both libraries, against code that is nice and not.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use rbgen::model::{Library, Packages, TextFile};
use rbgen::render::react::compile::Compiled;
use rbgen::render::react::engine::{Engine, THREAD_STACK_BYTES};
use rbgen::render::react::runtime::{client_files, licences, runtime};
use rbgen::render::react::{Fault, FaultKind, PROVIDED, Rendered, Runtime};

use crate::harness::project;

/// The beginning of 2026-03-09, in UTC.
const DAY: i64 = 1_773_014_400_000;

const BOTH: [Library; 2] = [Library::Preact, Library::React];

/// The packages that `npm ci` puts there.
fn packages(library: Library) -> Packages {
    let folder = project().join("tests/react/node_modules");
    let mut files = BTreeMap::new();
    for path in library.files() {
        if let Ok(text) = fs::read_to_string(folder.join(path)) {
            files.insert(
                path.to_string(),
                TextFile {
                    origin: Arc::from(*path),
                    text: Arc::from(text),
                },
            );
        }
    }
    assert!(!files.is_empty(), "run: npm ci --prefix tests/react");
    Packages {
        folder: "tests/react/node_modules".into(),
        files,
        can_be_there: true,
        has_lock: true,
    }
}

fn library(library: Library) -> Runtime {
    runtime(library, &packages(library)).unwrap()
}

/// Runs in a thread that has the stack that an engine needs.
fn with_stack<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(THREAD_STACK_BYTES)
            .spawn_scoped(scope, run)
            .unwrap()
            .join()
            .unwrap()
    })
}

/// What a compiler makes of this: code that ends with `return` and a component. Each line of the code is
/// its own place: byte 1000 times the line and the column.
fn compiled(code: &str) -> Compiled {
    let server = format!(
        "(function ($require) {{ \"use strict\"; const React = $require(\"react\").default, \
         $h = React.createElement, $Fragment = React.Fragment;\n{code}\n}})"
    );
    let mut places = Vec::new();
    for (line, text) in server.lines().enumerate().skip(1) {
        for column in 0..=text.encode_utf16().count() {
            places.push((line as u32, column as u32, (line * 1000 + column) as u32));
        }
    }
    Compiled {
        server,
        places,
        ..Compiled::default()
    }
}

fn engine(kind: Library, code: &str) -> Result<Engine, Fault> {
    Engine::new(&library(kind), compiled(code), Box::new(|| false))
}

fn render(kind: Library, code: &str, props: &str) -> Result<Rendered, Fault> {
    with_stack(|| engine(kind, code)?.render(props, DAY))
}

fn html(kind: Library, code: &str, props: &str) -> String {
    render(kind, code, props).unwrap().html
}

#[test]
fn a_component_is_rendered() {
    for kind in BOTH {
        let code = "
            const { useState, useEffect, useId } = $require('react');
            return function Greeting({ name, children }) {
                const [count, setCount] = useState(3);
                useEffect(() => { document.title = name });
                return $h('p', { className: 'a b', onClick: () => setCount(count + 1) },
                    'Hello ', name, ' ', count, $h($Fragment, null, $h('b', null, '<&>')));
            };";
        let expected = match kind {
            Library::Preact => "<p class=\"a b\">Hello Ann 3<b>&lt;&amp;></b></p>",
            Library::React => {
                "<p class=\"a b\">Hello <!-- -->Ann<!-- --> <!-- -->3<b>&lt;&amp;&gt;</b></p>"
            }
        };
        assert_eq!(html(kind, code, r#"{"name": "Ann"}"#), expected);
    }
}

#[test]
fn a_rendering_depends_on_component_props_and_day_alone() {
    // Each of these would show what an earlier rendering did.
    let codes = [
        "let id = 0; return () => $h('p', null, ++id)",
        "const { useId } = $require('react'); return () => $h('p', { id: useId() }, useId())",
        "const C = React.createContext(1); return () => $h('p', null, Object.keys(C).join(), String(C.__c))",
        "return () => $h('p', null, `${$h('i').__v}`)",
        "return () => $h('p', null, `${Math.random()} ${Math.random()} ${new Date()} ${Date.now()}`)",
        "return () => { const seen = [].seen; Array.prototype.constructor;
            try { Array.prototype.seen = 1 } catch {} return $h('p', null, String(seen)) }",
        "return () => { const seen = typeof leak; try { globalThis.leak = 1 } catch {}
            try { (0, eval)('var leak = 1') } catch {} try { (0, eval)('let leak = 1') } catch {}
            try { new Function('leak = 1')() } catch {}
            try { Object.defineProperty(globalThis, 'leak', { value: 1 }) } catch {}
            return $h('p', null, seen) }",
        "return () => { const before = [1].map(x => x + 1);
            try { Array.prototype.map = () => ['taken'] } catch {}
            try { Object.defineProperty(Array.prototype, 'map', { value: () => ['taken'] }) } catch {}
            return $h('p', null, before) }",
        "return () => { const proto = Object.getPrototypeOf(function* () {}()), before = proto.next.leak;
            try { proto.next.leak = 1 } catch {}
            try { Object.getPrototypeOf(proto).leak = 1 } catch {}
            return $h('p', null, String(before) + String(proto.leak)) }",
        "return () => { const lists = [[].values(), new Map().entries(), new Set().values(), 'a'.matchAll(/a/g),
            'a'[Symbol.iterator](), [].values().map(x => x), Iterator.from({ next() {} }),
            (async function* () {})(), Intl, new Intl.NumberFormat(), Intl.NumberFormat.prototype.format];
            let seen = ''; for (const one of lists) for (let p = one; p; p = Object.getPrototypeOf(p)) {
                seen += String(p.leak); try { p.leak = 1 } catch {} if (p !== one) seen += String(p.leak) }
            return $h('p', null, seen) }",
        "const { options, Component } = $require('preact');
            const seen = String(React.leak) + (Component ?? React.Component).prototype.leak;
            React.leak = 1; (Component ?? React.Component).prototype.leak = 1;
            if (options) options.leak = 1;
            return () => $h('p', null, seen)",
        "return () => { Promise.resolve().then(() => { throw new Error('late') });
            (async () => { await 0; await 0; throw 1 })(); return $h('p', null, 'x') }",
        "return () => { const tag = t => t, t = tag`a`; try { t.leak = 1; t.raw.leak = 1 } catch {}
            return $h('p', null, String(t.leak)) }",
        "return () => $h('p', null, String(/a/g.lastIndex), RegExp.$1, new Error('x').stack)",
        "return () => $h('p', null, [typeof WeakRef, typeof FinalizationRegistry, typeof Atomics,
            typeof SharedArrayBuffer, typeof window, typeof setTimeout, typeof fetch, typeof process,
            typeof require, typeof std, typeof os, typeof print, typeof scriptArgs].join())",
    ];
    for kind in BOTH {
        for code in codes {
            let alone = with_stack(|| engine(kind, code).unwrap().render("{}", DAY));
            let renderings: Vec<Rendered> = with_stack(|| {
                let mut engine = engine(kind, code).unwrap();
                (0..4).map(|_| engine.render("{}", DAY).unwrap()).collect()
            });
            let alone = alone.unwrap();
            for rendering in renderings {
                assert_eq!(rendering, alone, "{kind:?}: {code}");
            }
        }
    }
    let gone = html(Library::Preact, codes[codes.len() - 1], "{}");
    assert_eq!(gone, format!("<p>{}</p>", ["undefined"; 13].join(",")));
}

#[test]
fn the_clock_stands_still_and_is_noted() {
    let cases = [
        ("new Date().toISOString()", "2026-03-09T00:00:00.000Z", true),
        ("Date.now()", "1773014400000", true),
        (
            "Date()",
            "Mon Mar 09 2026 00:00:00 GMT+0000 (Coordinated Universal Time)",
            true,
        ),
        ("new (class extends Date {})().getFullYear()", "2026", true),
        ("performance.timeOrigin", "1773014400000", true),
        ("performance.now()", "0", false),
        ("new Date(0).getTime()", "0", false),
        (
            "String(new Date(2026, 0, 2, 3))",
            "Fri Jan 02 2026 03:00:00 GMT+0000 (Coordinated Universal Time)",
            false,
        ),
        (
            "new Date('2026-01-02T03:04').toISOString()",
            "2026-01-02T03:04:00.000Z",
            false,
        ),
        ("new Date('2026-01-02').getHours()", "0", false),
        (
            "new Date('2026-01-02T03:04+02:00').toISOString()",
            "2026-01-02T01:04:00.000Z",
            false,
        ),
        (
            "new Date('Jan 2, 2026').toISOString()",
            "2026-01-02T00:00:00.000Z",
            false,
        ),
        ("new Date(new Date(5)).getTime()", "5", false),
        ("new Date(2026, 6, 1).getTimezoneOffset()", "0", false),
        ("String(new Date(NaN))", "Invalid Date", false),
        ("new Date(NaN).getTimezoneOffset()", "NaN", false),
        ("new Date({ valueOf: () => 7 }).getTime()", "7", false),
        ("new Date(99, 0).getFullYear()", "1999", false),
        ("Date.length + Date.name", "7Date", false),
        (
            "new Date(0) instanceof Date && new Date(0).constructor === Date",
            "true",
            false,
        ),
        (
            "Object.prototype.toString.call(new Date(0))",
            "[object Date]",
            false,
        ),
        ("new Date(0).toLocaleDateString()", "1/1/1970", false),
        ("new Intl.DateTimeFormat().format()", "3/9/2026", true),
    ];
    for kind in BOTH {
        for (code, expected, asked) in cases {
            let code = format!("return () => $h('p', null, String({code}))");
            let rendered = render(kind, &code, "{}").unwrap();
            assert_eq!(rendered.html, format!("<p>{expected}</p>"), "{code}");
            assert_eq!(rendered.asked_time, asked, "{code}");
        }
    }
}

/// This test runs itself in another zone, because a process has only one.
#[test]
fn the_zone_of_the_process_does_not_matter() {
    let code = "return () => $h('p', null, [
        new Date(2026, 6, 1).toISOString(), new Date('2026-07-01T00:00').toISOString(),
        new Date('Jul 1, 2026').toISOString(), new Date('2026-07-01').toISOString(),
        new Date('Wed Jul 01 2026 00:00:00 GMT+0000').toISOString(), new Date(0).getHours(),
        new Date(0).getTimezoneOffset(), String(new Date(0)), new Date(0).toLocaleString(),
        new Date(new Date(0).setHours(5)).toISOString(), Date.parse('2026-07-01 10:00')].join())";
    let here = html(Library::Preact, code, "{}");
    assert!(
        here.starts_with("<p>2026-07-01T00:00:00.000Z,2026-07-01T00:00:00.000Z,"),
        "{here}"
    );
    let inner = "RBGEN_TEST_OTHER_ZONE";
    if let Ok(there) = std::env::var(inner) {
        assert_eq!(here, there);
        return;
    }
    for zone in ["America/New_York", "Asia/Kolkata", "XXX-14:30"] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "react_engine::the_zone_of_the_process_does_not_matter",
            ])
            .env("TZ", zone)
            .env(inner, &here)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{zone}: {said}"
        );
    }
}

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
                Engine::new(
                    &super::react_engine::library(kind),
                    compiled(code),
                    Box::new(is_over),
                )
                .and_then(|mut engine| engine.render("{}", DAY))
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

/// What Chromium's Intl says of each case; `node tests/react/intl.mjs` writes the file.
#[test]
fn what_is_written_differently_in_each_language_is_written_as_in_browsers() {
    let cases = fs::read_to_string(project().join("tests/react/intl.json")).unwrap();
    let code = "return ({ cases }) => {
        const wrong = [];
        for (const [kind, locale, options, given, expected] of cases) {
            let value = given;
            if (kind === 'number' && typeof given === 'string') {
                value = given.endsWith('n') ? BigInt(given.slice(0, -1)) : Number(given);
            }
            const date = new Date(kind.startsWith('date') ? value : 0);
            const { unit, ...rest } = options;
            let said;
            switch (kind) {
                case 'number': said = [value.toLocaleString(locale, options),
                    new Intl.NumberFormat(locale, options).format(value)]; break;
                case 'date': said = [Intl.DateTimeFormat(locale, options).format(date),
                    new Intl.DateTimeFormat(locale, options).formatToParts(date).map(part => part.value).join('')]; break;
                case 'dateDay': said = [date.toLocaleDateString(locale, options)]; break;
                case 'dateTime': said = [date.toLocaleTimeString(locale, { ...options, timeZone: 'UTC' })]; break;
                case 'dateString': said = [date.toLocaleString(locale, options)]; break;
                case 'list': said = [new Intl.ListFormat(locale, options).format(value)]; break;
                case 'relative': said = [new Intl.RelativeTimeFormat(locale, rest).format(value, unit)]; break;
                case 'plural': said = [new Intl.PluralRules(locale, options).select(value)]; break;
                case 'compare': said = [value[0].localeCompare(value[1], locale, options),
                    [value[1], value[0]].sort(new Intl.Collator(locale, options).compare)[0] === value[1]
                        ? (expected === 0 ? 0 : 1) : -1]; break;
            }
            if (!said.every(one => one === expected)) wrong.push([kind, locale, options, given, expected, said]);
        }
        return $h('p', null, cases.length, ' ', JSON.stringify(wrong.slice(0, 20)));
    };";
    let count = cases.lines().count() - 2;
    assert!(count > 2_000, "{count}");
    let said = html(Library::Preact, code, &format!("{{\"cases\": {cases}}}"));
    assert_eq!(said, format!("<p>{count} []</p>"));
}

#[test]
fn what_is_not_known_of_a_language_is_an_error() {
    let codes = [
        "(1).toLocaleString('hi-IN')",
        "(1).toLocaleString('de-CH')",
        "new Date().toLocaleDateString('en-US', { timeZone: 'America/New_York' })",
        "new Date().toLocaleDateString('en-US', { timeZoneName: 'short' })",
        "new Date().toLocaleDateString('en-US', { month: 'narrow' })",
        "(1).toLocaleString('en-US', { style: 'unit', unit: 'liter' })",
        "(1).toLocaleString('en-US', { style: 'currency', currency: 'XYZ' })",
        "(1).toLocaleString('de-DE', { notation: 'compact' })",
        "(1).toLocaleString('en-US', { notation: 'scientific' })",
        "'a'.localeCompare('\u{434}')",
        "'ss'.localeCompare('\u{df}')",
        "['\u{e9}', '\u{e8}'].sort(new Intl.Collator().compare)",
        "new Intl.Segmenter('en')",
        "new Intl.DisplayNames('en', { type: 'region' })",
        "'i'.toLocaleUpperCase('tr')",
    ];
    for code in codes {
        let code = format!("return () => $h('p', null, String({code}))");
        let fault = render(Library::Preact, &code, "{}").unwrap_err();
        assert_eq!(fault.kind, FaultKind::Failed, "{code}: {fault:?}");
        let says = "is not known while the site is built";
        assert!(fault.message.ends_with(says), "{code}: {fault:?}");
        assert!(fault.hint.unwrap().contains("hydrate"));
    }
    // It is there also where no name of it is in the code.
    let put_together =
        "return () => $h('p', null, (1234.5)['to' + 'LocaleString'](), 'i'.toLocaleUpperCase())";
    assert_eq!(html(Library::Preact, put_together, "{}"), "<p>1,234.5I</p>");
}

/// What is asked whether time is up after so many questions.
fn after(questions: u32) -> Box<dyn Fn() -> bool> {
    let asked = std::cell::Cell::new(0);
    Box::new(move || {
        asked.set(asked.get() + 1);
        asked.get() > questions
    })
}

#[test]
fn what_passes_a_limit_ends_even_if_it_catches_that() {
    let time = "it takes too long to render";
    let stack = "it nests too deep, or calls itself without end";
    let memory = "it takes more than 128 MiB of memory to render";
    let text = "it gives more than 8 MiB of HTML";
    let work = "it leaves work that never ends, such as an endless `await`";
    let cases = [
        (time, "return () => { for (;;) ; }"),
        (time, "for (;;) ; return () => null"),
        (
            time,
            "return () => { for (;;) try { for (;;) ; } catch {} finally { for (;;) ; } }",
        ),
        (
            time,
            "return () => { function* g() { for (;;) try { yield 1 } finally { for (;;) ; } } for (const x of g()) ; }",
        ),
        (
            time,
            "return () => $h('p', null, [{ toString() { for (;;) ; } }].join())",
        ),
        (time, "return () => { throw { get then() { for (;;) ; } } }"),
        (
            time,
            "return () => { const e = new Error(); Object.defineProperty(e, 'message', { get() { for (;;) ; } }); throw e }",
        ),
        (
            time,
            "return () => { Promise.resolve().then(() => { for (;;) ; }); return null }",
        ),
        (time, "return () => new Proxy({}, { get() { for (;;) ; } })"),
        (
            time,
            "return () => $h('p', new Proxy({}, { ownKeys() { for (;;) ; } }))",
        ),
        (
            time,
            "return () => $h('p', null, 'a'.repeat(40) .replace(/(a+)+b/, ''))",
        ),
        (stack, "return () => { const f = () => f() + 1; f() }"),
        (
            stack,
            "return () => { const f = () => f() + 1; try { f() } catch { return null } }",
        ),
        (
            stack,
            "return () => { const f = () => { try { return f() } catch { return null } }; return f() }",
        ),
        (
            stack,
            "const f = () => f() + 1; try { f() } catch {} return () => null",
        ),
        (
            stack,
            "return () => { const f = () => new Promise(f); try { f() } catch {} return null }",
        ),
        (
            stack,
            "return () => { let a = []; for (let i = 0; i < 1e6; i++) a = [a]; try { JSON.stringify(a) } catch {} return null }",
        ),
        (
            stack,
            "return () => { let a = []; for (let i = 0; i < 1e6; i++) a = [a]; try { a.toString() } catch {} return null }",
        ),
        (
            stack,
            "return () => { let p = {}; for (let i = 0; i < 2e5; i++) p = new Proxy(p, {}); try { p.x } catch {} return null }",
        ),
        (
            stack,
            "return () => { const s = '(?:'.repeat(1e6); try { new RegExp(s + ')'.repeat(1e6)) } catch {} return null }",
        ),
        (
            stack,
            "return () => { try { (0, eval)('['.repeat(1e6)) } catch {} return null }",
        ),
        (
            stack,
            "return () => { try { JSON.parse('['.repeat(1e6)) } catch {} return null }",
        ),
        (stack, "return function Self() { return $h(Self) }"),
        (
            memory,
            "return () => { const all = []; for (;;) all.push(new Array(1000).fill(1)) }",
        ),
        (
            memory,
            "return () => { const all = []; try { for (;;) all.push(new Array(1000).fill(1)) } catch { return null } }",
        ),
        (
            memory,
            "return () => { const all = []; try { for (;;) all.push({ a: 1 }) } catch { all.length = 0; return null } }",
        ),
        (
            memory,
            "return () => { try { 'a'.padEnd(5e8) } catch {} return null }",
        ),
        (
            memory,
            "return () => { try { new Uint8Array(1e9) } catch {} return null }",
        ),
        (
            memory,
            "return () => { try { new ArrayBuffer(1e9) } catch {} return null }",
        ),
        (
            memory,
            "const m = new Map(); return () => { try { for (let i = 0; ; i++) m.set(i, i) } catch {} return null }",
        ),
        (text, "return () => $h('p', null, 'a'.repeat(9e6))"),
        (text, "return () => $h('p', null, '\u{df}'.repeat(4.5e6))"),
        (
            work,
            "return () => { (async () => { for (;;) await 0 })(); return null }",
        ),
        (
            work,
            "return () => { const again = () => queueMicrotask(again); again(); return null }",
        ),
    ];
    for kind in BOTH {
        for (message, code) in cases {
            let fault = with_stack(|| {
                Engine::new(&library(kind), compiled(code), after(3_000))?.render("{}", DAY)
            });
            let fault = fault.expect_err(code);
            assert_eq!(
                (fault.kind, &*fault.message),
                (FaultKind::Limits, message),
                "{kind:?}: {code}"
            );
        }
    }
}

#[test]
fn an_engine_begins_anew_after_a_limit() {
    let code = "return ({ mode }) => {
        if (mode === 'time') for (;;) ;
        if (mode === 'deep') { const f = () => f() + 1; try { f() } catch {} }
        if (mode === 'large') { const all = []; for (;;) all.push(new Array(1000).fill(1)) }
        if (mode === 'error') throw new Error('no');
        return $h('p', null, mode) }";
    with_stack(|| {
        let budget = std::rc::Rc::new(std::cell::Cell::new(3_000));
        let left = budget.clone();
        let is_over = move || {
            left.set(left.get() - 1);
            left.get() < 0
        };
        let mut engine =
            Engine::new(&library(Library::Preact), compiled(code), Box::new(is_over)).unwrap();
        for mode in ["a", "deep", "b", "large", "c", "time", "d", "error", "e"] {
            budget.set(3_000);
            let rendered = engine.render(&format!("{{\"mode\": \"{mode}\"}}"), DAY);
            match mode {
                "time" | "deep" | "large" => {
                    assert_eq!(rendered.unwrap_err().kind, FaultKind::Limits, "{mode}")
                }
                "error" => assert_eq!(rendered.unwrap_err().message, "no"),
                _ => assert_eq!(rendered.expect(mode).html, format!("<p>{mode}</p>")),
            }
        }
    });
}

#[test]
fn what_earlier_renderings_left_does_not_use_up_memory() {
    // Each leaves a ring of about a megabyte that only the collector of cycles finds.
    let code = "return () => { const ring = new Array(60000).fill(0); ring[0] = ring;
        ring[1] = { ring, more: new Array(1000).fill({}) }; return $h('p', null, ring.length) }";
    with_stack(|| {
        let mut engine = engine(Library::Preact, code).unwrap();
        for _ in 0..400 {
            assert_eq!(engine.render("{}", DAY).unwrap().html, "<p>60000</p>");
        }
    });
}

#[test]
fn deep_and_large_pages_are_rendered() {
    let deep = "return ({ depth }) => {
        let e = 'x'; for (let i = 0; i < depth; i++) e = $h('i', null, e); return e }";
    // Two levels each.
    let nested =
        "const One = ({ depth }) => depth ? $h('i', null, $h(One, { depth: depth - 2 })) : 'x';
        return One";
    let large = "return ({ depth }) => $h('ul', null,
        Array.from({ length: depth * 10 }, (_, i) => $h('li', { key: i }, i)))";
    for kind in BOTH {
        for (code, each) in [(deep, 1), (nested, 2)] {
            let html = html(kind, code, r#"{"depth": 2000}"#);
            let count = 2000 / each;
            let expected = format!("{}x{}", "<i>".repeat(count), "</i>".repeat(count));
            assert_eq!(html, expected, "{kind:?}");
        }
        let html = html(kind, large, r#"{"depth": 2000}"#);
        assert!(html.ends_with("<li>19999</li></ul>"), "{}", html.len());
    }
}

#[test]
fn hostile_code_gets_nothing_but_its_own_html() {
    let cases = [
        ("return p => $h('p', null, typeof p.__proto__, ({}).polluted, Object.keys(p).join())",
            r#"{"__proto__": {"polluted": 1}, "a": "x"}"#, None),
        ("return p => $h('p', { title: p.a }, p.a)", r#"{"a": "\"'<>&\u0000\ud800</script>"}"#, None),
        ("class E extends Error { constructor(m) { super(m); this.name = 'E'; this.message = m + '!' } toString() { return 'own' } }
            return () => { const o = {}; o.toString = () => 'mine'; o.constructor = 1; const f = () => 1; f.toString = () => 'f';
            function Old() {} Old.prototype = Object.create(Array.prototype); Old.prototype.constructor = Old; Old.prototype.toString = () => 'old';
            return $h('p', null, new E('m').message, new E('n').name, String(new E('x')), String(o), String(f), String(new Old())) }",
            "{}", Some("<p>m!Eownminefold</p>")),
        ("return () => { try { Object.prototype.toString = 1; return 'set' } catch (e) { return e.name } }", "{}", Some("TypeError")),
        ("return () => { try { Error.prepareStackTrace = () => 'x'; Error.stackTraceLimit = 0 } catch {}
            return typeof new Error('a').stack + new Error('a').stack.length > 0 ? 'text' : 'none' }", "{}", None),
        ("return () => { Error.captureStackTrace({}); const o = {}; Error.captureStackTrace(o); return typeof o.stack }", "{}", Some("string")),
        ("return () => new Function('return typeof this.window + typeof globalThis')()", "{}", Some("undefinedobject")),
        ("return () => { const seen = []; for (let n of Object.getOwnPropertyNames(globalThis)) if (/^\\$|harness|rb|render|native/i.test(n)) seen.push(n); return seen.join() }", "{}", Some("")),
        ("return () => { try { return arguments.callee.caller } catch (e) { return e.name } }", "{}", Some("TypeError")),
        ("return () => [typeof console.log('x'), typeof console.error, typeof console.table()].join()", "{}", Some("undefined,function,undefined")),
        ("return () => Object.isFrozen(Array.prototype) && Object.isFrozen(globalThis) && Object.isFrozen([].map) && Object.isFrozen(Math) ? 'frozen' : 'not'", "{}", Some("frozen")),
        ("return () => String(Symbol.for('x') === Symbol.for('x')) + Symbol.iterator.toString()", "{}", Some("trueSymbol(Symbol.iterator)")),
        ("return () => [new Uint8Array(3).join(), 10n ** 20n, new Set([1]).size, /(?<y>\\d+)/u.exec('a12').groups.y, structured()].join();
            function structured() { return JSON.stringify({ a: [1, { b: undefined }] }) }", "{}", None),
    ];
    for kind in BOTH {
        for (code, props, expected) in &cases {
            let rendered =
                render(kind, code, props).unwrap_or_else(|fault| panic!("{code}: {fault:?}"));
            if let Some(expected) = expected {
                let plain = rendered.html.replace("<!-- -->", "");
                assert_eq!(plain, *expected, "{kind:?}: {code}");
            }
        }
    }
    let escaped = html(Library::Preact, cases[1].0, cases[1].1);
    assert_eq!(
        escaped,
        "<p title=\"&quot;'&lt;>&amp;\0\u{fffd}&lt;/script>\">&quot;'&lt;>&amp;\0\u{fffd}&lt;/script></p>"
    );
    let polluted = html(Library::Preact, cases[0].0, cases[0].1);
    assert!(polluted.starts_with("<p>object"), "{polluted}");
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

#[test]
fn react_hints_for_the_head_are_no_part_of_a_component() {
    let code = "return () => $h('p', null, $h('img', { src: '/a>b.png', alt: '' }), React.useId())";
    let html = html(Library::React, code, "{}");
    assert!(html.starts_with("<p><img "), "{html}");
}

#[test]
fn a_missing_file_of_a_package_is_named() {
    for kind in BOTH {
        let whole = packages(kind);
        for missing in runtime_files(kind) {
            let mut less = whole.clone();
            less.files.remove(*missing);
            let why = runtime(kind, &less).unwrap_err();
            assert_eq!(
                why,
                format!("tests/react/node_modules/{missing} is not there")
            );
        }
        let mut broken = whole.clone();
        let first = runtime_files(kind)[0];
        let file = broken.files.get_mut(first).unwrap();
        file.text = Arc::from("import { x } from 'fs'; import * as y from './z'; let = ;");
        assert!(runtime(kind, &broken).is_err());
        assert!(client_files(kind, &broken).is_empty());
    }
}

/// What the engine is made from.
fn runtime_files(kind: Library) -> &'static [&'static str] {
    match kind {
        Library::Preact => &[
            "preact/dist/preact.mjs",
            "preact/hooks/dist/hooks.mjs",
            "preact/compat/dist/compat.mjs",
            "preact-render-to-string/dist/index.mjs",
        ],
        Library::React => &[
            "react/cjs/react.production.js",
            "react-dom/cjs/react-dom.production.js",
            "react-dom/cjs/react-dom-server-legacy.browser.production.js",
        ],
    }
}

#[test]
fn every_input_is_in_the_digest() {
    for kind in BOTH {
        let whole = packages(kind);
        let digest = runtime(kind, &whole).unwrap().digest;
        assert_eq!(
            runtime(kind, &whole).unwrap(),
            runtime(kind, &whole).unwrap()
        );
        for path in whole.files.keys() {
            let mut other = whole.clone();
            let file = other.files.get_mut(path).unwrap();
            file.text = Arc::from(format!("{}\n", file.text));
            assert_ne!(runtime(kind, &other).unwrap().digest, digest, "{path}");
        }
    }
}

#[test]
fn browsers_get_few_bytes_without_comments_for_every_name() {
    for (kind, most) in [(Library::Preact, 26_000), (Library::React, 230_000)] {
        let files = client_files(kind, &packages(kind));
        let mut names: Vec<&str> = files
            .iter()
            .flat_map(|file| file.names.iter().map(String::as_str))
            .collect();
        names.sort_unstable();
        let mut provided = PROVIDED;
        provided.sort_unstable();
        assert_eq!(names, provided);
        assert!(files.iter().map(|file| file.text.len()).sum::<usize>() < most);
        for file in &files {
            assert!(!file.text.contains("/*"), "{}", file.name);
            assert!(!file.text.contains("sourceMappingURL"), "{}", file.name);
            assert!(
                file.text.contains("export{") || file.text.contains("export const{"),
                "{}",
                file.name
            );
        }
        assert_eq!(files, client_files(kind, &packages(kind)));
    }
}

#[test]
fn the_licences_of_all_that_is_in_the_site_are_there() {
    let preact = licences(Library::Preact, &packages(Library::Preact));
    assert!(
        preact.starts_with("preact 11.2.0\n\nThe MIT License (MIT)"),
        "{preact}"
    );
    let react = licences(Library::React, &packages(Library::React));
    for name in ["react 19.3.1", "react-dom 19.3.1", "scheduler 0.28.0"] {
        assert!(
            react.contains(&format!("{name}\n\nMIT License\n")),
            "{react}"
        );
    }
}
