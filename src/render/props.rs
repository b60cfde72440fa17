//! Props as a template sees them: with the defaults of the JSON Schema, `none` for what is declared
//! and not given, and Markdown rendered where the schema says so.

use minijinja::value::Value as Rendered;

use super::markdown::{Ids, markdown_to_html};
use crate::model::{Component, MarkdownConfig, Table, Value};
use crate::track::{Kind, ask};

/// What the props of one page share while they are bound.
pub struct Binding<'a> {
    pub markdown: &'a MarkdownConfig,
    pub ids: &'a mut Ids,
    /// Whether some Markdown had highlighted code.
    pub has_code: bool,
    /// Whether what is declared and not given is `none`; otherwise it is not there.
    pub fills: bool,
    pub defaults: Defaults,
}

/// The defaults that are being bound. The default of a schema has the defaults of its properties
/// within, and a schema that refers to itself has them without end.
#[derive(Debug, Default)]
pub struct Defaults {
    /// How many stand around this one.
    depth: usize,
    /// How many were bound within the outermost.
    count: usize,
}

/// How deep defaults may stand in defaults; deeper ones are `none`.
const MAX_DEFAULT_DEPTH: usize = 64;
/// How many defaults may stand within one; the others are `none`. Few schemas that refer to each
/// other twice are enough to double the number with every level.
const MAX_DEFAULTS: usize = 10_000;
/// How deep a value may be for the defaults of its properties to be bound: values that are given are
/// not deeper, and what defaults add to them must end.
const MAX_VALUE_DEPTH: usize = 128;

/// The props of a block for its template.
pub fn bind_props(component: &Component, props: &Table, binding: &mut Binding<'_>) -> Rendered {
    bind_table(Some(&component.props), &component.props, props, 0, binding)
}

fn bind(
    schema: Option<&Table>,
    root: &Table,
    value: &Value,
    depth: usize,
    binding: &mut Binding<'_>,
) -> Rendered {
    let schema = schema.and_then(|schema| resolve(schema, root));
    match value {
        Value::Null => Rendered::from(()),
        Value::Bool(flag) => Rendered::from(*flag),
        Value::Int(number) => Rendered::from(*number),
        Value::Float(number) => Rendered::from(*number),
        Value::Text(text) if is_markdown(schema) => {
            ask(Kind::Markdown, "");
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
                .map(|item| bind(item_schema, root, item, depth + 1, binding))
                .collect()
        }
        Value::Table(table) => bind_table(schema, root, table, depth + 1, binding),
    }
}

fn bind_table(
    schema: Option<&Table>,
    root: &Table,
    table: &Table,
    depth: usize,
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
        entries.push((key.clone(), bind(inner, root, value, depth, binding)));
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
            Some(default) if depth < MAX_VALUE_DEPTH && binding.defaults.open() => {
                let value = bind(inner, root, default, depth, binding);
                binding.defaults.depth -= 1;
                value
            }
            _ if binding.fills => Rendered::from(()),
            _ => continue,
        };
        entries.push((key.clone(), value));
    }
    Rendered::from_pairs(entries)
}

impl Defaults {
    /// Whether one more may be bound here; if so, it is open.
    fn open(&mut self) -> bool {
        if self.depth == 0 {
            self.count = 0;
        }
        let fits = self.depth < MAX_DEFAULT_DEPTH && self.count < MAX_DEFAULTS;
        if fits {
            self.depth += 1;
            self.count += 1;
        }
        fits
    }
}

fn is_markdown(schema: Option<&Table>) -> bool {
    schema
        .and_then(|schema| schema.get("contentMediaType"))
        .and_then(Value::as_text)
        == Some("text/markdown")
}

/// Follows `$ref` within the schema (RFC 6901 pointers, `#/$defs/x`), a bounded number of times; `None`
/// where one leads to no schema of `root`.
pub fn resolve<'a>(schema: &'a Table, root: &'a Table) -> Option<&'a Table> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn table(pairs: &[(&str, Value)]) -> Table {
        pairs
            .iter()
            .map(|(key, value)| (key.to_string(), value.clone()))
            .collect()
    }

    /// A component whose only prop refers to a schema that has itself below `names`.
    fn endless(names: &[&str]) -> Component {
        let reference = || Value::Table(table(&[("$ref", Value::Text("#/$defs/t".into()))]));
        let inner: Vec<_> = names.iter().map(|name| (*name, reference())).collect();
        let definition = table(&[
            ("default", Value::Table(Table::new())),
            ("properties", Value::Table(table(&inner))),
        ]);
        Component {
            props: table(&[
                ("properties", Value::Table(table(&[("tree", reference())]))),
                (
                    "$defs",
                    Value::Table(table(&[("t", Value::Table(definition))])),
                ),
            ]),
            origin: "content/components/tree.toml".into(),
            key: "tree".into(),
            name: "Tree".into(),
            kind: "ui".into(),
            version: "1.0.0".into(),
            published: true,
            dependencies: Default::default(),
            preview_url: None,
            metadata: Table::new(),
            examples: Vec::new(),
            template: None,
            styles: None,
            react: None,
            is_jsx: false,
        }
    }

    fn bound(component: &Component) -> Rendered {
        let config = MarkdownConfig {
            highlight: false,
            heading_anchors: false,
            smart_punctuation: false,
        };
        let mut binding = Binding {
            markdown: &config,
            ids: &mut Ids::new(std::iter::empty()),
            has_code: false,
            fills: true,
            defaults: Defaults::default(),
        };
        bind_props(component, &Table::new(), &mut binding)
    }

    #[test]
    fn defaults_of_a_schema_that_refers_to_itself_end() {
        let mut here = bound(&endless(&["a"])).get_attr("tree").unwrap();
        let mut depth = 0;
        while !here.is_none() {
            here = here.get_attr("a").unwrap();
            depth += 1;
        }
        assert_eq!(depth, MAX_DEFAULT_DEPTH);
        // Twice in each level: the number is bounded too.
        assert!(
            !bound(&endless(&["a", "b"]))
                .get_attr("tree")
                .unwrap()
                .is_none()
        );
    }
}
