//! The JSON Schema of a component in words: one line for each prop.

use crate::format::write_json;
use crate::model::{Table, Value};
use crate::render::resolve_schema;

/// How deep props of props are listed.
const MAX_DEPTH: usize = 5;
/// How many props are listed.
const MAX_ROWS: usize = 200;
/// How many values of an `enum` are named.
const MAX_NAMED: usize = 12;
/// The longest JSON text that is shown, in characters.
const MAX_SHOWN: usize = 160;

/// A prop, as the gallery lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The path to it: `stats[].label`.
    pub name: String,
    pub kind: String,
    pub required: bool,
    /// As JSON.
    pub default: Option<String>,
    pub description: Option<String>,
}

/// Every prop that a schema declares, those in objects and lists after what they are in. There are at
/// most 200.
pub fn rows(schema: &Table) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(object) = resolve_schema(schema, schema) {
        add(object, schema, "", 0, &mut rows);
    }
    rows
}

fn add(object: &Table, root: &Table, before: &str, depth: usize, rows: &mut Vec<Row>) {
    let properties = object.get("properties").and_then(Value::as_table);
    let required = object.get("required").and_then(Value::as_array);
    let is_required = |name: &str| {
        let mut names = required.unwrap_or_default().iter();
        names.any(|other| other.as_text() == Some(name))
    };
    // A table has no order: what must be given comes first.
    let mut properties: Vec<_> = properties.into_iter().flatten().collect();
    properties.sort_by_key(|(name, _)| !is_required(name));
    for (name, property) in properties {
        if rows.len() == MAX_ROWS {
            return;
        }
        let own = property.as_table();
        let schema = own.and_then(|own| resolve_schema(own, root));
        // Beside a `$ref` there may be words of its own.
        let words = |key: &str| [own, schema].into_iter().flatten().find_map(|s| s.get(key));
        let required = is_required(name);
        let name = format!("{before}{name}");
        rows.push(Row {
            kind: schema.map_or_else(|| "anything".into(), |schema| kind(schema, root, 0)),
            required,
            default: words("default").map(|value| shown(&write_json(value))),
            description: words("description")
                .and_then(Value::as_text)
                .map(str::to_string),
            name: name.clone(),
        });
        if let (Some(schema), true) = (schema, depth < MAX_DEPTH) {
            match item_of(schema, root) {
                Some(item) => add(item, root, &format!("{name}[]."), depth + 1, rows),
                None => add(schema, root, &format!("{name}."), depth + 1, rows),
            }
        }
    }
}

fn item_of<'a>(schema: &'a Table, root: &'a Table) -> Option<&'a Table> {
    resolve_schema(schema.get("items")?.as_table()?, root)
}

/// What a value must be, in a few words.
fn kind(schema: &Table, root: &Table, depth: usize) -> String {
    if let Some(value) = schema.get("const") {
        return format!("always {}", shown(&write_json(value)));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let named = values.iter().take(MAX_NAMED);
        let named: Vec<String> = named.map(|value| shown(&write_json(value))).collect();
        let more = match values.len().saturating_sub(MAX_NAMED) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        return format!("one of {}{more}", named.join(", "));
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::Text(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_text).collect(),
        _ if schema.contains_key("properties") => vec!["object"],
        _ => return "anything".into(),
    };
    let mut words = types.join(" or ");
    if let (["array"], Some(item), true) = (&*types, item_of(schema, root), depth < MAX_DEPTH) {
        words = format!("list of {}", kind(item, root, depth + 1));
    }
    if schema.get("contentMediaType").and_then(Value::as_text) == Some("text/markdown") {
        words.push_str(", Markdown");
    }
    let bounds = [
        ("format", ""),
        ("minimum", "from "),
        ("maximum", "to "),
        ("minLength", "at least this long: "),
        ("maxLength", "at most this long: "),
        ("minItems", "at least this many: "),
        ("maxItems", "at most this many: "),
        ("pattern", "pattern "),
    ];
    for (key, before) in bounds {
        match schema.get(key) {
            Some(Value::Text(text)) => words.push_str(&format!(", {before}{}", shown(text))),
            Some(value @ (Value::Int(_) | Value::Float(_))) => {
                words.push_str(&format!(", {before}{}", write_json(value)));
            }
            _ => {}
        }
    }
    words
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::read_json;

    fn table(json: &str) -> Table {
        match read_json(json) {
            Ok(Value::Table(table)) => table,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn props_in_words() {
        let schema = table(
            r##"{"required": ["z"], "properties": {
                "a": {"type": "string", "contentMediaType": "text/markdown", "description": "Words"},
                "n": {"type": "integer", "minimum": 1, "maximum": 12, "default": 5},
                "z": {"type": "array", "items": {"type": "object", "required": ["tone"],
                      "properties": {"tone": {"enum": ["sun", "leaf"]}}}}}}"##,
        );
        let rows = rows(&schema);
        let words: Vec<_> = rows
            .iter()
            .map(|row| (row.name.as_str(), row.kind.as_str(), row.required))
            .collect();
        assert_eq!(
            words,
            [
                ("z", "list of object", true),
                ("z[].tone", "one of \"sun\", \"leaf\"", true),
                ("a", "string, Markdown", false),
                ("n", "integer, from 1, to 12", false),
            ]
        );
        assert_eq!(rows[3].default.as_deref(), Some("5"));
        assert_eq!(rows[2].description.as_deref(), Some("Words"));
    }

    #[test]
    fn endless_and_huge_schemas_end() {
        let twice = table(r##"{"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}}"##);
        assert!(rows(&twice).len() <= MAX_ROWS);
        let values = vec!["\"x\""; 10_000].join(",");
        let many = table(&format!(
            r#"{{"properties": {{"e": {{"enum": [{values}]}}}}}}"#
        ));
        assert!(rows(&many)[0].kind.ends_with("and 9988 more"));
    }
}
