//! Values to JSON and back, and JSON to values and back.

use proptest::prelude::*;

use super::*;

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        3 => "[^\0]{0,8}",
        1 => "[\u{1}-\u{1f}\u{7f}\"\\\\/\u{2028}\u{1f600}\u{10ffff}]{0,4}",
        2 => prop::sample::select(&["nan", "inf", "-inf", "-0.0", "0.0", "NaN",
            "1979-05-27", "1979-05-27T07:32:00.5Z", "07:32:00", "1979-05-27 07:32:00Z"][..])
            .prop_map(str::to_string),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<u64>().prop_map(|bits| Value::Float(f64::from_bits(bits))),
        prop::sample::select(
            &[
                0.0,
                -0.0,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                1.5,
                1e16
            ][..]
        )
        .prop_map(Value::Float),
        prop::sample::select(&["1.50", "1e400", "12345678901234567890", "-0.00", "1e-20"][..])
            .prop_map(|text| number_value(text).expect("a number")),
        text.prop_map(Value::Text),
        prop::sample::select(&["1979-05-27", "07:32:00", "1979-05-27T07:32:00.5Z"][..])
            .prop_map(|text| Value::Datetime(text.into())),
    ];
    let key = prop_oneof!["[^\0]{0,4}", "\\${0,3}(float|datetime|ref|null|num|file)?",];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            3 => prop::collection::btree_map(key.clone(), inner, 0..3).prop_map(Value::Table),
        ]
    })
}

/// Any JSON, as Postgres prints it: numbers are those of `numeric`, keys sorted here as well.
fn json() -> impl Strategy<Value = String> {
    fn quoted(text: &str) -> String {
        serde_json::Value::from(text).to_string()
    }
    let number = prop_oneof![
        "-?(0|[1-9][0-9]{0,24})",
        "-?(0|[1-9][0-9]{0,24})\\.[0-9]{1,24}",
    ]
    // Postgres has no negative zero.
    .prop_map(|text| match text.trim_start_matches(['-', '0', '.']) {
        "" => text.trim_start_matches('-').to_string(),
        _ => text,
    });
    let text = prop_oneof![
        "[^\0]{0,6}",
        prop::sample::select(&["nan", "-0.0", "1979-05-27", "07:32:00Z"][..])
            .prop_map(str::to_string)
    ];
    let leaf = prop_oneof![
        prop::sample::select(&["null", "true", "false"][..]).prop_map(str::to_string),
        number,
        text.prop_map(|text| quoted(&text)),
    ];
    let key = prop_oneof!["[^\0]{0,4}", "\\${0,4}(float|datetime|ref)?"];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let object = prop::collection::btree_map(key.clone(), inner.clone(), 0..3);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            object.prop_map(|map| {
                let entry = |(key, value): (&String, &String)| format!("{}: {value}", quoted(key));
                let entries: Vec<String> = map.iter().map(entry).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    })
}

/// A JSON text in which each string is written in one way.
fn plain(json: &str) -> serde_json::Value {
    // Numbers would be lost: they become strings first.
    let mut out = String::new();
    let mut in_string = false;
    let mut escaped = false;
    let mut number = false;
    for c in json.chars().chain([' ']) {
        let part = !in_string && (c.is_ascii_digit() || matches!(c, '-' | '.'));
        if part != number {
            out.push_str(if part { "\"#" } else { "\"" });
            number = part;
        }
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if c == '"' {
            in_string = true;
        }
        out.push(c);
    }
    serde_json::from_str(&out).expect("JSON")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn every_value_comes_back(value in value()) {
        let text = write_json(&value);
        let back = read_json(&text).expect("what was written");
        prop_assert!(back.same(&value), "{text}: {back:?}");
        if let Value::Table(table) = &value {
            let text = write_json_table(table);
            let back = Value::Table(read_json_table(&text).expect("what was written"));
            prop_assert!(back.same(&value), "{text}: {back:?}");
        }
    }

    #[test]
    fn every_json_comes_back(json in json()) {
        let value = read_json(&json).expect("JSON");
        prop_assert_eq!(plain(&write_json(&value)), plain(&json));
        if json.starts_with('{') {
            let table = read_json_table(&json).expect("JSON");
            prop_assert_eq!(plain(&write_json_table(&table)), plain(&json));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,20}") {
        let _ = read_json(&text);
    }
}

#[test]
fn only_what_the_writer_would_write_is_a_carrier() {
    for text in [
        r##"{"$ref": "#/x"}"##,
        r#"{"$float": 5}"#,
        r#"{"$float": "NaN"}"#,
        r#"{"$datetime": "garbage"}"#,
        r#"{"$datetime": "1979-05-27 07:32:00Z"}"#,
        r#"{"$null": true}"#,
        r#"{"$$ref": "nan"}"#,
        r#"{"$float": "nan", "a": 1}"#,
    ] {
        let Value::Table(table) = read_json(text).expect("JSON") else {
            panic!("{text}");
        };
        assert!(table.keys().all(|key| text.contains(&format!("\"{key}\""))));
        assert_eq!(write_json(&Value::Table(table)), text);
    }
    let float = |text: &str| read_json(text).expect("JSON");
    assert!(matches!(float(r#"{"$float": "nan"}"#), Value::Float(number) if number.is_nan()));
    let own = Value::Table(Table::from([("$float".into(), Value::Text("nan".into()))]));
    assert_eq!(float(r#"{"$$float": "nan"}"#), own);
    let column = read_json_table(r#"{"$float": "nan"}"#).expect("a table");
    assert_eq!(Value::Table(column), own);
}

#[test]
fn depth_is_limited_and_a_carrier_is_no_level() {
    let nested = |open: &str, inner: &str, close: &str, levels: usize| {
        format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
    };
    for (open, close) in [("[", "]"), ("{\"a\": ", "}")] {
        let carrier = r#"{"$float": "nan"}"#;
        assert!(read_json(&nested(open, carrier, close, MAX_DEPTH)).is_ok());
        for text in [
            nested(open, "[]", close, MAX_DEPTH),
            nested(open, "{}", close, MAX_DEPTH),
            nested(open, r#"{"$$float": "nan"}"#, close, MAX_DEPTH),
            nested(open, "1", close, 7_000),
            nested(open, "", "", 1_000_000),
        ] {
            let problem = read_json(&text).expect_err("too deep");
            assert_eq!(problem.code, code::TOO_DEEP);
        }
    }
    for text in [
        "",
        " ",
        "{",
        "[1",
        "1 2",
        "{\"a\"}",
        "nul",
        "\"\\ud800\"",
        "01",
    ] {
        assert_eq!(
            read_json(text).map_err(|problem| problem.code),
            Err(code::BAD_VALUE),
            "{text}"
        );
    }
    let problem = read_json_table("[]").expect_err("no table");
    assert_eq!(problem.message, "expected a table, found an array");
    assert_eq!(read_json(r#"{"a": 1, "a": 2}"#), read_json(r#"{"a": 2}"#));
}
