//! Sources that no person wrote, and code that asks for what is not its own.

use rbgen::render::react::FaultKind::{Component, Failed, Import, Limits, Syntax};

use super::hostile::{Either, Fault, Html, body, endure, says};

#[test]
fn sources_that_nest() {
    let nested = |open: &str, inside: &str, close: &str, times: usize| {
        let (open, close) = (open.repeat(times), close.repeat(times));
        format!("export default () => <p>{{String({open}{inside}{close})}}</p>;")
    };
    let deep = 100_000;
    let jsx = ("<b>".repeat(deep), "</b>".repeat(deep));
    let types = ("[".repeat(deep), "]".repeat(deep));
    endure(&[
        (
            "brackets",
            nested("[", "", "]", deep),
            Fault(&[Limits, Syntax, Failed]),
        ),
        (
            "parentheses",
            nested("(", "1", ")", deep),
            Fault(&[Limits, Syntax]),
        ),
        (
            "brackets that stay open",
            nested("[", "", "", deep),
            Fault(&[Limits, Syntax]),
        ),
        (
            "negations",
            nested("!", "1", "", deep),
            Fault(&[Limits, Syntax, Failed]),
        ),
        (
            "minus signs",
            nested("- ", "1", "", deep),
            Fault(&[Limits, Syntax, Failed]),
        ),
        (
            "choices",
            nested("a ? b : ", "1", "", deep),
            Fault(&[Limits, Syntax, Failed]),
        ),
        (
            "sums",
            nested("1 + ", "1", "", deep),
            Either(&[Limits, Syntax, Failed]),
        ),
        (
            "templates",
            nested("`${", "1", "}`", deep),
            Fault(&[Limits, Syntax, Failed]),
        ),
        (
            "objects",
            nested("{a: ", "1", "}", deep),
            Fault(&[Limits, Syntax, Failed]),
        ),
        (
            "functions",
            nested("() => ", "1", "", deep),
            Fault(&[Limits, Syntax, Failed]),
        ),
        (
            "calls",
            nested("f(", "1", ")", deep),
            Fault(&[Limits, Syntax, Failed]),
        ),
        (
            "members",
            nested("", "props", ".a", deep),
            Either(&[Limits, Syntax, Failed]),
        ),
        (
            "elements",
            format!("export default () => {}{};", jsx.0, jsx.1),
            Fault(&[Limits, Syntax, Failed]),
        ),
        (
            "types",
            format!(
                "type T = {}1{}; export default () => <p/>;",
                types.0, types.1
            ),
            Either(&[Limits, Syntax]),
        ),
        (
            "blocks",
            format!(
                "{}{} export default () => <p/>;",
                "{".repeat(deep),
                "}".repeat(deep)
            ),
            Fault(&[Limits, Syntax, Failed]),
        ),
    ]);
}

#[test]
fn sources_that_are_no_text_for_a_person() {
    endure(&[
        (
            "ten megabytes",
            format!("export default () => <p/>;{}", "f();\n".repeat(2_000_000)),
            Fault(&[Limits]),
        ),
        ("nothing", String::new(), Fault(&[Component])),
        ("NUL", "\0\0\0".into(), Fault(&[Syntax, Component])),
        (
            "no end",
            "export default () => <p>".into(),
            Fault(&[Syntax]),
        ),
        (
            "a greeting",
            "rbgen react-worker\n\u{5}\0\0\0\u{3}\0\0".into(),
            Fault(&[Syntax, Component]),
        ),
        (
            "many names",
            (0..20_000)
                .map(|n| format!("let v{n} = v{};", n / 2))
                .collect::<String>()
                + "export default () => <p/>;",
            Either(&[Limits, Failed, Syntax]),
        ),
        (
            "a way out of the function around it",
            "}); for (;;); (function () { export default () => <p/>;".into(),
            Fault(&[Syntax]),
        ),
        (
            "a comment that stays open",
            "export default () => <p/>; /*".into(),
            Fault(&[Syntax]),
        ),
        (
            "a name of ours",
            body(
                "const $require = 1, $h = 2, $Fragment = 3; return <><i>{$require + $h + $Fragment}</i></>;",
            ),
            Html("<i>6</i>"),
        ),
    ]);
}

#[test]
fn code_that_asks_for_what_is_not_its_own() {
    let imports = [
        "/etc/passwd",
        "file:///etc/passwd",
        "https://example.org/x.js",
        "./x",
        "../x.tsx",
        "fs",
        "node:fs",
        "std",
        "os",
        "qjs:std",
        "child_process",
        "data:text/javascript,export default 1",
        "preact/../../x",
        "",
    ];
    for module in imports {
        endure(&[(
            module,
            format!("import it from '{module}'; export default () => <p>{{String(it)}}</p>;"),
            Fault(&[Import]),
        )]);
    }
    endure(&[
        (
            "all that another module exports",
            "export * from '/etc/passwd'; export default () => <p/>;".into(),
            Fault(&[Import]),
        ),
        (
            "a module imported later",
            body("import('fs').then(() => {}); return <p/>;"),
            Fault(&[Import, Failed, Syntax]),
        ),
        (
            "a module whose name is computed",
            body("const name = ['/etc', 'passwd'].join('/'); import(name); return <p/>;"),
            Fault(&[Import, Failed, Syntax]),
        ),
        ("a required module", says("require('fs')"), Fault(&[Import, Failed])),
        ("a module of the engine", says("$require('std')"), Fault(&[Import, Failed])),
        (
            "what other engines have",
            says("[typeof process, typeof std, typeof os, typeof bjson, typeof Deno, typeof Bun, typeof fetch,
                typeof load, typeof scriptArgs, typeof XMLHttpRequest, typeof Worker].join()"),
            Html("<p>undefined,undefined,undefined,undefined,undefined,undefined,undefined,undefined,undefined,undefined,undefined</p>"),
        ),
        (
            "the address of the module",
            says("import.meta.url"),
            Fault(&[Import]),
        ),
        (
            "code from a text, a way to all that is global",
            says("typeof (new Function('return this'))().process"),
            Either(&[Failed]),
        ),
        (
            "an evaluated import",
            body("return <p>{String((0, eval)('import(\"/etc/passwd\")'))}</p>;"),
            Either(&[Failed, Import]),
        ),
        (
            "an engine of its own",
            says("(() => {}).constructor('return typeof std + typeof os')()"),
            Either(&[Failed]),
        ),
    ]);
}
