//! The engine that renders React components, with both libraries, against code that is nice and not.

mod languages;
mod limits;
mod packages;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, OnceLock};

use rbgen::digest::Digest;
use rbgen::model::{Library, Packages, TextFile};
use rbgen::render::react::compile::Compiled;
use rbgen::render::react::engine::{Engine, Given, THREAD_STACK_BYTES};
use rbgen::render::react::runtime::runtime;
use rbgen::render::react::{Fault, Rendered, Runtime};

use crate::harness::project;

/// The beginning of 2026-03-09, in UTC.
const DAY: i64 = 1_773_014_400_000;

/// What a component is rendered with.
fn given(props: &str) -> Given<'_> {
    Given {
        props,
        day: DAY,
        block: "block",
    }
}

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

fn library(library: Library) -> &'static Runtime {
    static PREACT: OnceLock<Runtime> = OnceLock::new();
    static REACT: OnceLock<Runtime> = OnceLock::new();
    let made = match library {
        Library::Preact => &PREACT,
        Library::React => &REACT,
    };
    made.get_or_init(|| runtime(library, &packages(library)).unwrap())
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

/// An engine with one component.
struct Alone {
    engine: Engine,
    compiled: Compiled,
}

impl Alone {
    fn new(kind: Library, code: &str, is_over: Box<dyn Fn() -> bool>) -> Result<Alone, Fault> {
        Ok(Alone {
            engine: Engine::new(library(kind), is_over)?,
            compiled: compiled(code),
        })
    }

    fn render(&mut self, given: &Given<'_>) -> Result<Rendered, Fault> {
        let digest = Digest::of_bytes(self.compiled.server.as_bytes());
        self.engine.render(&digest, &self.compiled, given)
    }
}

fn engine(kind: Library, code: &str) -> Result<Alone, Fault> {
    Alone::new(kind, code, Box::new(|| false))
}

fn render(kind: Library, code: &str, props: &str) -> Result<Rendered, Fault> {
    with_stack(|| engine(kind, code)?.render(&given(props)))
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
            let alone = with_stack(|| engine(kind, code).unwrap().render(&given("{}")));
            let renderings: Vec<Rendered> = with_stack(|| {
                let mut engine = engine(kind, code).unwrap();
                (0..4)
                    .map(|_| engine.render(&given("{}")).unwrap())
                    .collect()
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
fn react_hints_for_the_head_are_no_part_of_a_component() {
    let code = "return () => $h('p', null, $h('img', { src: '/a>b.png', alt: '' }), React.useId())";
    let html = html(Library::React, code, "{}");
    assert!(html.starts_with("<p><img "), "{html}");
}

#[test]
fn blocks_of_one_page_have_ids_of_their_own() {
    for kind in BOTH {
        let code = "const { useId } = React, Inner = () => $h(\"i\", { id: useId() });
            return () => $h(\"p\", { id: useId() }, $h(Inner), $h(Inner));";
        let ids = |block: &str| -> Vec<String> {
            let given = Given {
                block,
                ..given("{}")
            };
            let html = with_stack(|| engine(kind, code)?.render(&given).map(|made| made.html));
            let html = html.unwrap();
            let ids = html.split("id=\"").skip(1);
            ids.map(|id| id.split('"').next().unwrap().to_string())
                .collect()
        };
        let (chat, menu) = (ids("chat"), ids("menu"));
        let all: std::collections::BTreeSet<&String> = chat.iter().chain(&menu).collect();
        assert_eq!(all.len(), 6, "{kind:?}: {chat:?} {menu:?}");
        assert!(chat.iter().all(|id| id.contains("chat-")), "{chat:?}");
        assert_eq!(ids("chat"), chat);
    }
}
