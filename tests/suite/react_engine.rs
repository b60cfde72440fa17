//! The engine that renders React components, with both libraries, against code that is nice and not.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use rbgen::model::{Library, Packages, TextFile};
use rbgen::render::react::compile::Compiled;
use rbgen::render::react::engine::{Engine, STACK_BYTES};
use rbgen::render::react::runtime::{client_files, licences, runtime};
use rbgen::render::react::{Fault, FaultKind, MAX_HTML_BYTES, PROVIDED, Rendered, Runtime};

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
            .stack_size(2 * STACK_BYTES + 8 * 1024 * 1024)
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

#[test]
fn dump_scratch() {
    for kind in BOTH {
        for (name, text) in library(kind).modules {
            fs::write(format!("/tmp/rt-{}.js", name.replace('/', "-")), text).unwrap();
        }
        for f in client_files(kind, &packages(kind)) {
            fs::write(format!("/tmp/client-{}", f.name), f.text).unwrap();
        }
        fs::write(
            format!("/tmp/licences-{kind:?}.txt"),
            licences(kind, &packages(kind)),
        )
        .unwrap();
    }
    let _ = (MAX_HTML_BYTES, PROVIDED);
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
