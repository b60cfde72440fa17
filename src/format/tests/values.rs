//! Free-form values and their carriers.

use super::*;
use crate::model::Value;

fn props(toml: &str) -> Value {
    let page = good_page(&format!("name = \"X\"\nmetadata.v = {toml}\n"));
    page.metadata["v"].clone()
}

fn errors(toml: &str) -> Vec<String> {
    page_errors(&format!("name = \"X\"\nmetadata.v = {toml}\n"))
}

#[test]
fn values_of_toml() {
    assert_eq!(props("1_000"), Value::Int(1000));
    assert_eq!(props("0x10"), Value::Int(16));
    assert_eq!(props("-9223372036854775808"), Value::Int(i64::MIN));
    assert_eq!(props("+1"), Value::Int(1));
    assert_eq!(props("1.0"), Value::Float(1.0));
    assert_eq!(props("1e3"), Value::Float(1000.0));
    assert_eq!(props("inf"), Value::Float(f64::INFINITY));
    assert_eq!(props("-inf"), Value::Float(f64::NEG_INFINITY));
    assert!(matches!(props("nan"), Value::Float(x) if x.is_nan()));
    assert_eq!(
        props("1979-05-27 07:32:00z"),
        Value::Datetime("1979-05-27T07:32:00Z".into())
    );
    assert_eq!(props("07:32:00"), Value::Datetime("07:32:00".into()));
    assert_eq!(props("\"\\u0001\""), Value::Text("\u{1}".into()));
    assert_eq!(
        props("[1, { a = true }]"),
        Value::Array(vec![
            Value::Int(1),
            Value::Table([("a".to_string(), Value::Bool(true))].into()),
        ])
    );
}

#[test]
fn carriers() {
    assert_eq!(props("{ \"$null\" = true }"), Value::Null);
    assert_eq!(props("{ \"$num\" = \"12\" }"), Value::Int(12));
    assert_eq!(props("{ \"$num\" = \"1.5\" }"), Value::Float(1.5));
    assert_eq!(
        props("{ \"$num\" = \"18446744073709551616\" }"),
        Value::Number("18446744073709551616".into())
    );
    assert_eq!(
        props("{ \"$float\" = \"inf\" }"),
        Value::Float(f64::INFINITY)
    );
    assert!(matches!(props("{ \"$float\" = \"-0.0\" }"), Value::Float(x) if x.is_sign_negative()));
    assert_eq!(
        props("{ \"$datetime\" = \"1979-05-27\" }"),
        Value::Datetime("1979-05-27".into())
    );
    assert_eq!(
        props("{ \"$file\" = \"intro.md\" }"),
        Value::Text("Hello\r\n".into())
    );
    assert_eq!(
        props("[{ \"$$null\" = 1, \"$$$x\" = 2 }]"),
        Value::Array(vec![Value::Table(
            [
                ("$null".to_string(), Value::Int(1)),
                ("$$x".to_string(), Value::Int(2)),
            ]
            .into()
        )])
    );
}

#[test]
fn bad_carriers_and_values() {
    for (toml, expected) in [
        (
            "{ \"$null\" = false }",
            "RB0107 false | `$null`: it must be `true`",
        ),
        (
            "{ \"$num\" = 5 }",
            "RB0107 5 | `$num`: expected a string, found an integer",
        ),
        (
            "{ \"$num\" = \"0x1\" }",
            "RB0107 \"0x1\" | `$num`: it is no JSON number",
        ),
        (
            "{ \"$float\" = \"1.5\" }",
            "RB0107 \"1.5\" | `$float`: it must be `nan`, `inf`, `-inf` or `-0.0`",
        ),
        (
            "{ \"$datetime\" = \"today\" }",
            "RB0107 \"today\" | `$datetime`: it is no date or time of TOML",
        ),
        (
            "{ \"$nul\" = true }",
            "RB0107 \"$nul\" | `$nul` begins with one `$`",
        ),
        (
            "{ \"$num\" = \"1\", a = 1 }",
            "RB0107 \"$num\" | `$num` must be the only key of its table",
        ),
        (
            "{ \"$file\" = \"no.md\" }",
            "RB0110 \"no.md\" | `no.md` is not there",
        ),
        (
            "{ \"$file\" = \"nul.md\" }",
            "RB0110 \"nul.md\" | `nul.md` has the character U+0000, which a database cannot hold",
        ),
        (
            "{ \"$file\" = \"../x\" }",
            "RB0110 \"../x\" | `../x` is no plain file name: the file must lie in the same folder",
        ),
        (
            "{ \"$file\" = 1 }",
            "RB0107 1 | `$file`: expected a string, found an integer",
        ),
        (
            "07:32:00.1234567891",
            "RB0105 07:32:00.1234567891 | a time has at most nine digits behind the point of its seconds",
        ),
        (
            "{ \"$datetime\" = \"07:32:00.1234567891\" }",
            "RB0107 \"07:32:00.1234567891\" | `$datetime`: a time has at most nine digits behind the point of its seconds",
        ),
        (
            "9223372036854775808",
            "RB0105 9223372036854775808 | the integer does not fit into 64 bits",
        ),
        (
            "1e400",
            "RB0105 1e400 | the number is larger than a float can be",
        ),
        (
            "\"\\u0000\"",
            "RB0105 \"\\u0000\" | the text has the character U+0000, which a database cannot hold",
        ),
        (
            "{ \"a\\u0000\" = 1 }",
            "RB0105 \"a\\u0000\" | the text has the character U+0000, which a database cannot hold",
        ),
    ] {
        assert_eq!(errors(toml), [expected], "{toml}");
    }
    let hint = |toml: &str| {
        let (_, diagnostics) = page(&format!("name = \"X\"\nmetadata.v = {toml}\n"));
        let first = diagnostics.iter().next().expect("one");
        first.hints.first().cloned().unwrap_or_default()
    };
    assert_eq!(
        hint("0xffffffffffffffff"),
        "write it as `{ \"$num\" = \"18446744073709551615\" }`"
    );
    assert_eq!(hint("1e400"), "write it as `{ \"$num\" = \"1e400\" }`");
    assert_eq!(hint("{ \"$nul\" = true }"), "did you mean `$null`?");
    assert_eq!(
        hint("{ \"$mine\" = 1 }"),
        "a key of your own is written `$$mine`"
    );
}

#[test]
fn files_have_no_place_in_conditions() {
    let text = "name = \"X\"\n[[blocks]]\ncomponent = \"a\"\nconditions = { node = { \"$file\" = \"intro.md\" } }\nprops = { a = { \"$file\" = \"intro.md\" } }\n";
    assert_eq!(
        page_errors(text),
        ["RB0107 { \"$file\" = \"intro.md\" } | `$file` has no place here"]
    );
}

#[test]
fn sixty_four_levels_and_no_more() {
    let nested = |levels: usize| {
        let deep = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        page_errors(&format!("name = \"X\"\nmetadata.v = {deep}\n"))
    };
    // `metadata` is the first level.
    assert!(nested(63).is_empty());
    assert_eq!(nested(64).len(), 1);
    assert!(nested(64)[0].starts_with("RB0108"));
}
