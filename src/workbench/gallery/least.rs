//! Props for a component that has no examples: what its schema offers, else the least that it asks for.

use crate::model::{Table, Value};
use crate::render::resolve_schema;

/// How deep values are made.
const MAX_DEPTH: usize = 8;
/// How many values are made: schemas that refer to themselves ask for more and more.
const MAX_VALUES: usize = 500;
/// The most items that a list gets, whatever its `minItems`.
const MAX_ITEMS: i64 = 20;

/// Props after a schema: its first example, its default, else the least value of each required property.
pub fn least_props(schema: &Table) -> Table {
    let mut left = MAX_VALUES;
    match least(schema, schema, 0, &mut left) {
        Some(Value::Table(table)) => table,
        _ => Table::new(),
    }
}

fn least(schema: &Table, root: &Table, depth: usize, left: &mut usize) -> Option<Value> {
    *left = left.checked_sub(1)?;
    if depth > MAX_DEPTH {
        return None;
    }
    let schema = resolve_schema(schema, root)?;
    let first = |key: &str| schema.get(key)?.as_array()?.first();
    let given = first("examples")
        .or_else(|| schema.get("default"))
        .or_else(|| schema.get("const"))
        .or_else(|| first("enum"));
    if let Some(value) = given {
        return Some(value.clone());
    }
    let branch = ["oneOf", "anyOf", "allOf"].into_iter().find_map(first);
    let kind = match schema.get("type") {
        Some(Value::Text(kind)) => Some(kind.as_str()),
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_text),
        _ => None,
    };
    match kind {
        None if schema.contains_key("properties") => Some(object(schema, root, depth, left)),
        None => match branch.and_then(Value::as_table) {
            Some(branch) => least(branch, root, depth + 1, left),
            // The whole schema allows anything: no props at all.
            None if depth == 0 => Some(object(schema, root, depth, left)),
            None => Some(Value::Text("Text".into())),
        },
        Some("object") => Some(object(schema, root, depth, left)),
        Some("array") => Some(array(schema, root, depth, left)),
        Some("string") => Some(Value::Text(text(schema))),
        Some("integer") => Some(number(schema, true)),
        Some("number") => Some(number(schema, false)),
        Some("boolean") => Some(Value::Bool(false)),
        Some("null") => Some(Value::Null),
        Some(_) => None,
    }
}

fn object(schema: &Table, root: &Table, depth: usize, left: &mut usize) -> Value {
    let mut table = Table::new();
    let properties = schema.get("properties").and_then(Value::as_table);
    let required = schema.get("required").and_then(Value::as_array);
    for name in required
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_text)
    {
        let property = properties
            .and_then(|properties| properties.get(name))
            .and_then(Value::as_table);
        let value = match property {
            Some(property) => least(property, root, depth + 1, left),
            None => Some(Value::Text("Text".into())),
        };
        if let Some(value) = value {
            table.insert(name.to_string(), value);
        }
    }
    Value::Table(table)
}

fn array(schema: &Table, root: &Table, depth: usize, left: &mut usize) -> Value {
    let wanted = match schema.get("minItems") {
        Some(Value::Int(least)) => (*least).clamp(0, MAX_ITEMS),
        _ => 0,
    };
    let item = schema.get("items").and_then(Value::as_table);
    let items = (0..wanted).map_while(|_| least(item?, root, depth + 1, left));
    Value::Array(items.collect())
}

/// A text of a format (JSON Schema 2020-12, validation §7.3), or of the least length.
fn text(schema: &Table) -> String {
    let known = match schema.get("format").and_then(Value::as_text) {
        Some("uri" | "url" | "uri-reference" | "iri") => "https://example.org/",
        Some("email" | "idn-email") => "somebody@example.org",
        Some("date") => "2026-01-01",
        Some("time") => "12:00:00Z",
        Some("date-time") => "2026-01-01T12:00:00Z",
        Some("color") => "#808080",
        _ => {
            let bound = |key: &str| match schema.get(key) {
                Some(Value::Int(bound)) => usize::try_from(*bound).ok(),
                _ => None,
            };
            let length = bound("minLength").unwrap_or(0).clamp(4, 1000);
            let length = length.min(bound("maxLength").unwrap_or(length));
            return "Text ".chars().cycle().take(length).collect();
        }
    };
    known.to_string()
}

fn number(schema: &Table, is_integer: bool) -> Value {
    match (schema.get("minimum"), schema.get("exclusiveMinimum")) {
        (Some(least @ Value::Int(_)), _) => least.clone(),
        (Some(Value::Float(least)), _) if is_integer => Value::Int(least.ceil() as i64),
        (Some(least @ Value::Float(_)), _) => least.clone(),
        (_, Some(Value::Int(bound))) => Value::Int(bound.saturating_add(1)),
        (_, Some(Value::Float(bound))) => Value::Int(bound.floor() as i64 + 1),
        _ => Value::Int(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::read_json;

    fn props(schema: &str) -> String {
        let Ok(Value::Table(schema)) = read_json(schema) else {
            panic!("{schema} is no schema");
        };
        crate::format::write_json_table(&least_props(&schema))
    }

    #[test]
    fn required_properties_get_the_least_that_is_allowed() {
        let schema = r##"{"type": "object", "required": ["a", "b", "c", "d", "e", "f"], "properties": {
            "a": {"type": "string", "maxLength": 2}, "b": {"type": "integer", "minimum": 3},
            "c": {"enum": ["x", "y"]}, "d": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/t"}},
            "e": {"type": "boolean"}, "f": {"type": "string", "format": "email"}, "not-asked": {"type": "string"}},
            "$defs": {"t": {"type": "object", "required": ["u"], "properties": {"u": {"default": 7}}}}}"##;
        assert_eq!(
            props(schema),
            r#"{"a": "Te", "b": 3, "c": "x", "d": [{"u": 7}], "e": false, "f": "somebody@example.org"}"#
        );
        assert_eq!(props("{}"), "{}");
        assert_eq!(props(r#"{"examples": [{"a": 1}]}"#), r#"{"a": 1}"#);
    }

    #[test]
    fn schemas_that_ask_for_themselves_end() {
        let twice = r##"{"type": "object", "required": ["a", "b"], "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}}"##;
        assert!(props(twice).starts_with(r#"{"a": {"#));
        let many = r##"{"type": "object", "required": ["a"], "properties": {"a": {"type": "array", "minItems": 1000000, "items": {"type": "string"}}}}"##;
        assert_eq!(props(many).matches("Text").count(), MAX_ITEMS as usize);
        assert_eq!(props(r##"{"$ref": "#"}"##), "{}");
    }
}
