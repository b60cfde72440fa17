//! Props as a template sees them: with the defaults of the JSON Schema, `none` for what is declared
//! and not given, and Markdown rendered where the schema says so.

use minijinja::value::Value as Rendered;

use super::markdown::{Ids, markdown_to_html};
use crate::model::{Component, MarkdownConfig, Table, Value};

/// What the props of one page share while they are bound.
pub struct Binding<'a> {
    pub markdown: &'a MarkdownConfig,
    pub ids: &'a mut Ids,
    /// Whether some Markdown had highlighted code.
    pub has_code: bool,
}

/// The props of a block for its template.
pub fn bind_props(component: &Component, props: &Table, binding: &mut Binding<'_>) -> Rendered {
    bind_table(Some(&component.props), &component.props, props, binding)
}

fn bind(
    schema: Option<&Table>,
    root: &Table,
    value: &Value,
    binding: &mut Binding<'_>,
) -> Rendered {
    let schema = schema.and_then(|schema| resolve(schema, root));
    match value {
        Value::Null => Rendered::from(()),
        Value::Bool(flag) => Rendered::from(*flag),
        Value::Int(number) => Rendered::from(*number),
        Value::Float(number) => Rendered::from(*number),
        Value::Text(text) if is_markdown(schema) => {
            let rendered = markdown_to_html(text, binding.markdown, binding.ids);
            binding.has_code |= rendered.has_code;
            Rendered::from_safe_string(rendered.html)
        }
        Value::Number(text) | Value::Text(text) | Value::Datetime(text) => {
            Rendered::from(text.as_str())
        }
        Value::Array(items) => {
            let item_schema = schema
                .and_then(|schema| schema.get("items"))
                .and_then(Value::as_table);
            items
                .iter()
                .map(|item| bind(item_schema, root, item, binding))
                .collect()
        }
        Value::Table(table) => bind_table(schema, root, table, binding),
    }
}

fn bind_table(
    schema: Option<&Table>,
    root: &Table,
    table: &Table,
    binding: &mut Binding<'_>,
) -> Rendered {
    let declared = schema
        .and_then(|schema| schema.get("properties"))
        .and_then(Value::as_table);
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let inner = declared
            .and_then(|declared| declared.get(key))
            .and_then(Value::as_table);
        entries.push((key.clone(), bind(inner, root, value, binding)));
    }
    for (key, inner) in declared.into_iter().flatten() {
        if table.contains_key(key) {
            continue;
        }
        let inner = inner.as_table();
        let default = inner
            .and_then(|inner| resolve(inner, root))
            .and_then(|inner| inner.get("default"));
        let value = match default {
            Some(default) => bind(inner, root, default, binding),
            None => Rendered::from(()),
        };
        entries.push((key.clone(), value));
    }
    Rendered::from_pairs(entries)
}

fn is_markdown(schema: Option<&Table>) -> bool {
    schema
        .and_then(|schema| schema.get("contentMediaType"))
        .and_then(Value::as_text)
        == Some("text/markdown")
}

/// Follows `$ref` within the schema (RFC 6901 pointers, `#/$defs/x`), a bounded number of times.
fn resolve<'a>(schema: &'a Table, root: &'a Table) -> Option<&'a Table> {
    let mut here = schema;
    for _ in 0..16 {
        let Some(reference) = here.get("$ref").and_then(Value::as_text) else {
            return Some(here);
        };
        here = root;
        for part in reference.strip_prefix('#')?.split('/').skip(1) {
            here = here
                .get(&part.replace("~1", "/").replace("~0", "~"))?
                .as_table()?;
        }
    }
    None
}
