//! Shows in what documents differ, for people and as JSON.

use serde_json::{Value, json};

use super::{output, print};
use crate::compare::{Change, Difference, FieldChange};

/// The longest value that is shown, in characters.
const MOST_SHOWN: usize = 60;
/// How many fields of one document are listed.
const MOST_FIELDS: usize = 20;

/// The sign before a document, and its colour.
pub fn sign(change: &Change) -> (char, u8) {
    match change {
        Change::Added => ('+', 32),
        Change::Changed(_) => ('~', 33),
        Change::Removed => ('-', 31),
    }
}

/// Prints the fields of a document that is changed, each as `field: before → after`.
pub fn print_fields(change: &Change) {
    let Change::Changed(fields) = change else {
        return;
    };
    for FieldChange {
        field,
        before,
        after,
    } in fields.iter().take(MOST_FIELDS)
    {
        let shown = |value: &Option<String>| match value {
            Some(value) => shortened(&print::clean(value)),
            None => "nothing".to_string(),
        };
        output::line(format_args!(
            "    {}: {} → {}",
            print::clean(field),
            shown(before),
            shown(after)
        ));
    }
    if fields.len() > MOST_FIELDS {
        let more = print::number(fields.len() - MOST_FIELDS, "more field");
        output::line(format_args!("    {more}"));
    }
}

/// A difference as `--json` shows it.
pub fn json(difference: &Difference) -> Value {
    let fields = match &difference.change {
        Change::Changed(fields) => fields.as_slice(),
        _ => &[],
    };
    let fields = fields.iter().map(|change| {
        json!({
            "field": change.field,
            "before": json_value(change.before.as_deref()),
            "after": json_value(change.after.as_deref()),
        })
    });
    json!({
        "kind": difference.kind.as_str(),
        "key": difference.key,
        "change": match difference.change {
            Change::Added => "added",
            Change::Changed(_) => "changed",
            Change::Removed => "removed",
        },
        "fields": fields.collect::<Vec<_>>(),
    })
}

/// A value as JSON; as its text where a number is too large for who reads it.
fn json_value(text: Option<&str>) -> Value {
    let read = |text| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    text.map_or(Value::Null, read)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}
