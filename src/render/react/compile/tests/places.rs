//! Places of the code for the engine lead back to the source.

use super::*;

/// The text of the source that a text of the compiled code comes from, up to the end of its line.
fn source_of<'a>(code: &'a str, compiled: &Compiled, text: &str) -> &'a str {
    let at = compiled.server.find(text).unwrap();
    let before = &compiled.server[..at];
    let line = before.matches('\n').count() as u32;
    let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1);
    let byte = compiled.source_byte(line, column as u32).unwrap();
    code[byte..].lines().next().unwrap_or("")
}

#[test]
fn each_place_leads_to_the_byte_it_comes_from() {
    let code = "import React from 'react';\n\ninterface Props { a: string }\n\n// é\nexport default function Chat({ a }: Props) {\n  const 名 = \"😀é\" as string; first(名);\n  return (\n    <div title=\"ü\">\n      <p>{second(\"😀\", a)}</p>\n      {a.map((x) => (\n        <li key={x}>{third(x)}</li>\n      ))}\n    </div>\n  );\n}\n";
    let compiled = compile(code).unwrap();
    for (printed, source) in [
        ("first(", "first(名);"),
        ("second(", "second(\"😀\", a)}</p>"),
        ("third(", "third(x)}</li>"),
        ("a.map(", "a.map((x) => ("),
        ("\"li\"", "li key={x}>{third(x)}</li>"),
        ("\"div\"", "div title=\"ü\">"),
    ] {
        assert_eq!(
            source_of(code, &compiled, printed),
            source,
            "{}",
            compiled.server
        );
    }
    assert!(compiled.places.is_sorted());
    // What is around the code comes from nowhere.
    assert_eq!(compiled.source_byte(0, 5), None);
    assert_eq!(compiled.source_byte(9999, 0), None);
}

#[test]
fn an_error_of_the_engine_leads_to_what_threw_it() {
    for (code, thrown) in [
        (
            "export default ({ a }) => {\n  const b = 'é'; return <p>\n    <i>{a.x.y}</i>\n  </p>;\n}",
            "a.x.y",
        ),
        (
            "const É = 'ÉÉÉÉ', f = () => { throw new Error(É); };\nexport default () => <p>{f()}</p>",
            "É); };",
        ),
        (
            "export default ({ a }) => <p title=\"😀é名\">{a}{a.x.y}</p>",
            "a.x.y",
        ),
        (
            "const s = '\u{2028}é\\u2028', t = `é\r\n\r${s}\u{2028}`;\r\nexport default ({ a }) => <p>{t}{a.x.y}</p>",
            "a.x.y",
        ),
        (
            "type A = 1;\nexport default () => <p>{missing('é')}</p>",
            "missing('é')",
        ),
    ] {
        let compiled = compile(code).unwrap();
        let failure = run(|ctx| {
            let make: rquickjs::Function = ctx.eval(&*compiled.server)?;
            ctx.globals().set("make", make)?;
            ctx.eval("shown(make(() => all), { a: {} })")
        })
        .unwrap_err();
        let place = failure.lines().nth(1).unwrap();
        let mut numbers = place
            .trim_end_matches(')')
            .rsplit(':')
            .map(|number| number.parse::<u32>().unwrap_or(0));
        let (column, line) = (numbers.next().unwrap(), numbers.next().unwrap());
        let byte = compiled.source_byte(line - 1, column - 1).unwrap();
        assert!(
            code[byte..].starts_with(thrown),
            "{place}: {}",
            &code[byte..]
        );
    }
}
