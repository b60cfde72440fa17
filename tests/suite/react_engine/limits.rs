//! Code that takes too much time, memory, stack or text ends, even where it catches what tells it so.

use rbgen::model::Library;
use rbgen::render::react::FaultKind;

use super::{Alone, BOTH, engine, given, html, with_stack};

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
    let time = "the component takes too long to render";
    let stack = "the component nests too deep, or calls itself without end";
    let memory = "the component takes more than 128 MiB of memory to render";
    let text = "the component gives more than 8 MiB of HTML";
    let work = "the component leaves work that never ends, such as an endless `await`";
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
        (
            text,
            "return () => $h('p', { dangerouslySetInnerHTML: { __html: 'a'.repeat(9e6) } })",
        ),
        (
            text,
            "return () => $h('p', { dangerouslySetInnerHTML: { __html: '\u{df}'.repeat(4.5e6) } })",
        ),
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
            let fault = with_stack(|| Alone::new(kind, code, after(800))?.render(&given("{}")));
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
        let mut engine = Alone::new(Library::Preact, code, Box::new(is_over)).unwrap();
        for mode in ["a", "deep", "b", "large", "c", "time", "d", "error", "e"] {
            budget.set(3_000);
            let rendered = engine.render(&given(&format!("{{\"mode\": \"{mode}\"}}")));
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
            assert_eq!(engine.render(&given("{}")).unwrap().html, "<p>60000</p>");
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
