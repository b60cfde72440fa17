//! Properties that hold for any text.

use proptest::prelude::*;

use super::*;
use crate::diag::{FieldPath, Step};
use crate::format::front::has_front_matter;
use crate::format::number::float_text;
use crate::model::{Table, Value};

/// Texts that look like files of a site, broken at random.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("+++\n"),
        Just("\u{feff}"),
        Just("name = \"x\"\n"),
        Just("[[blocks]]\n"),
        Just("component = \"a\"\n"),
        Just("[metadata]\n"),
        Just("[site]\n"),
        Just("color.a = "),
        Just("\"ü\""),
        Just("{ \"$num\" = \"1e9\" }"),
        Just("{ \"$file\" = "),
        Just("\r\n"),
        Just("<<<<<<< a\n"),
        Just("=======\n"),
        Just(">>>>>>> b\n"),
        Just("[["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just("\"\"\""),
        Just("'"),
        Just("= "),
        Just("."),
        Just("# x\n"),
        Just("1979-05-27T07:32:00Z"),
        Just("value = 1\n"),
        Just("\0"),
        Just("[database.main]\n"),
        Just("url_env = \"a b\"\n"),
        Just("key = \"a\"\n"),
        Just("props = { a = 1 }\n"),
        Just(","),
    ]
    .prop_map(str::to_string);
    prop::collection::vec(prop_oneof![9 => part, 1 => ".{0,8}"], 0..30)
        .prop_map(|parts| parts.concat())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop_oneof![
            Just("blocks"),
            Just("metadata"),
            Just("color"),
            Just("a"),
            Just("color.a"),
            Just("value"),
            Just("props"),
            Just("text"),
            Just("site"),
            Just("name"),
        ]
        .prop_map(Step::from),
        (0usize..3).prop_map(Step::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>()
            .prop_filter("equal to itself", |x| !x.is_nan())
            .prop_map(Value::Float),
        "-?[1-9][0-9]{19,30}(\\.[0-9]{1,5})?".prop_map(Value::Number),
        "[^\0]{0,10}".prop_map(Value::Text),
        Just(Value::Datetime("1979-05-27T07:32:00.5Z".into())),
    ];
    let key = prop_oneof!["[^\0]{0,6}", "\\$(null|num|file)?", "\\$\\$[a-z]?"];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(key.clone(), inner, 0..4).prop_map(Value::Table),
        ]
    })
}

/// A value as TOML that only uses inline tables and carriers.
fn print(value: &Value) -> String {
    // Of JSON's strings, only U+007F is not one of TOML's too.
    let quoted = |text: &str| {
        let json = serde_json::Value::from(text).to_string();
        json.replace('\u{7f}', "\\u007f")
    };
    match value {
        Value::Null => "{ \"$null\" = true }".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) if number.is_infinite() => {
            format!("{{ \"$float\" = \"{number}\" }}")
        }
        Value::Float(number) => float_text(*number),
        Value::Number(text) => format!("{{ \"$num\" = \"{text}\" }}"),
        Value::Text(text) => quoted(text),
        Value::Datetime(text) => format!("{{ \"$datetime\" = \"{text}\" }}"),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(print).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            let entry = |(key, value): (&String, &Value)| {
                let escape = if key.starts_with('$') { "$" } else { "" };
                format!("{} = {}", quoted(&format!("{escape}{key}")), print(value))
            };
            let entries: Vec<String> = table.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

proptest! {
    #[test]
    fn readers_never_panic_and_places_are_in_the_text(text in text()) {
        for (diagnostics, sound) in [
            { let (page, found) = page(&text); (found, page.is_some()) },
            { let (page, found) = page_at(&["x"], ".md", &text); (found, page.is_some()) },
            { let (component, found) = component(&text); (found, component.is_some()) },
            { let (node, found) = node(&text); (found, node.is_some()) },
            { let (theme, found) = theme(&text); (found, theme.is_some()) },
        ] {
            prop_assert!(sound || diagnostics.has_errors());
            found(&text, &diagnostics);
        }
        found(&text, &tokens(&text).1);
        found(&text, &config(&text).1);
        has_front_matter(&text);
    }

    #[test]
    fn a_located_range_is_in_the_text(
        text in text(),
        steps in prop::collection::vec(step(), 0..4),
        span in (0usize..400, 0usize..400),
    ) {
        let field = FieldPath(steps);
        for path in ["content/pages/a/x.toml", "content/pages/a/x.md", "content/tokens/color.toml"] {
            for spot in [
                Spot::Key(field.clone()),
                Spot::Value(field.clone()),
                Spot::Span(span.0, span.1),
                Spot::Whole,
            ] {
                if let Some(range) = locate(path, &text, &spot) {
                    prop_assert!(text.get(range).is_some());
                }
            }
        }
    }

    #[test]
    fn every_value_can_be_written_and_is_read_back(value in value()) {
        let text = format!("name = \"X\"\nmetadata.v = {}\n", print(&value));
        let (page, diagnostics) = page(&text);
        prop_assert!(page.is_some(), "{:?}", found(&text, &diagnostics));
        let expected = Table::from([("v".to_string(), value)]);
        prop_assert_eq!(page.map(|page| page.metadata), Some(expected));
    }

    #[test]
    fn a_body_is_kept_byte_for_byte(body in "[^\0<]*") {
        let (page, _) = page_at(&["x"], ".md", &format!("+++\nname = \"X\"\n+++\n{body}"));
        let text = page.expect("sound").blocks[0].props["text"].clone();
        prop_assert_eq!(text, Value::Text(body));
    }
}
