//! Whole files: the canonical form of a document that has no file yet.

use std::collections::BTreeMap;

use super::words::{self, free_key, is_short, key, push_section};
use crate::format::fields::{Fallback, Shape};
use crate::format::keys::explicit_keys;
use crate::format::shape;
use crate::model::{
    Block, Component, Example, Node, Page, Scheme, Status, Table, TextList, Token, Value,
};

/// Whether a text is what a field has where it is absent.
pub(super) fn is_default(shape: &'static Shape, field: &str, text: &str) -> bool {
    matches!(shape.field(field).default, Fallback::Text(default) if default == text)
}

/// The fields of a page above its metadata and blocks; `route` is the one that its path gives.
fn page_fields(out: &mut String, page: &Page, route: &str) {
    let mut field = |name: &str, text: &str| {
        out.push_str(&format!("{name} = {}\n", words::text(text, true)));
    };
    field("name", &page.name);
    if page.route != route {
        field("route", &page.route);
    }
    if page.layout != Page::DEFAULT_LAYOUT {
        field("layout", &page.layout);
    }
    if page.status != Status::default() {
        field("status", page.status.as_str());
    }
    if let Some(title) = &page.title {
        field("title", title);
    }
    if let Some(description) = &page.description {
        field("description", description);
    }
    if !page.metadata.is_empty() {
        push_section(out, &["metadata".into()], &page.metadata, true);
    }
}

/// The `.toml` of a page.
pub(super) fn page(page: &Page, route: &str) -> String {
    let mut out = String::new();
    page_fields(&mut out, page, route);
    let keys: Vec<(&str, &str)> = page
        .blocks
        .iter()
        .map(|block| (block.key.as_str(), block.component.as_str()))
        .collect();
    let named = explicit_keys(&keys, |_| false);
    for (one, named) in page.blocks.iter().zip(named) {
        out.push('\n');
        out.push_str(&block(one, named, true));
    }
    out
}

/// One of `[[blocks]]`.
pub(super) fn block(block: &Block, named: bool, lines: bool) -> String {
    let mut out = String::from("[[blocks]]\n");
    let mut field = |name: &str, text: &str| {
        out.push_str(&format!("{name} = {}\n", words::text(text, lines)));
    };
    if named {
        field("key", &block.key);
    }
    field("component", &block.component);
    if block.zone != Block::DEFAULT_ZONE {
        field("zone", &block.zone);
    }
    let tables = [("props", &block.props), ("conditions", &block.conditions)];
    push_tables(&mut out, "blocks", &tables, lines);
    out
}

/// Tables within one of an array of tables: on a line of their own, or below a header.
fn push_tables(out: &mut String, around: &str, tables: &[(&str, &Table)], lines: bool) {
    let tables = tables.iter().filter(|(_, table)| !table.is_empty());
    let (short, long): (Vec<_>, Vec<_>) = tables.partition(|(_, table)| is_short(table));
    for (name, table) in short {
        let line = words::inline(&Value::Table((*table).clone()));
        out.push_str(&format!("{name} = {line}\n"));
    }
    for (name, table) in long {
        push_section(out, &[around.to_string(), name.to_string()], table, lines);
    }
}

/// The text of the one block of a page that can be written in Markdown.
pub(super) fn markdown_body(page: &Page) -> Option<&str> {
    let [block] = page.blocks.as_slice() else {
        return None;
    };
    let plain = block.key == "body"
        && block.component == "markdown"
        && block.zone == Block::DEFAULT_ZONE
        && block.conditions.is_empty()
        && block.props.len() == 1;
    block.props.get("text").filter(|_| plain)?.as_text()
}

/// The `.md` of a page that has nothing but a text.
pub(super) fn markdown(page: &Page, body: &str, route: &str) -> String {
    let mut out = String::from("+++\n");
    page_fields(&mut out, page, route);
    out.push_str("+++\n");
    out.push_str(body);
    out
}

/// A list of texts, some of which may be missing.
pub(super) fn text_list(list: &TextList) -> Value {
    let element = |text: &Option<String>| match text {
        Some(text) => Value::Text(text.clone()),
        None => Value::Null,
    };
    Value::Array(list.elements().iter().map(element).collect())
}

/// The `.toml` of a component.
pub(super) fn component(component: &Component) -> String {
    let mut out = String::new();
    let mut field = |name: &str, value: String| out.push_str(&format!("{name} = {value}\n"));
    field("name", words::text(&component.name, true));
    if !is_default(&shape::COMPONENT, "type", &component.kind) {
        field("type", words::text(&component.kind, true));
    }
    if !is_default(&shape::COMPONENT, "version", &component.version) {
        field("version", words::text(&component.version, true));
    }
    if !component.published {
        field("published", "false".into());
    }
    if !component.dependencies.is_empty() {
        let list = text_list(&component.dependencies);
        field("dependencies", words::value(&list, true));
    }
    if let Some(url) = &component.preview_url {
        field("preview_url", words::text(url, true));
    }
    if !component.props.is_empty() {
        push_section(&mut out, &["props".into()], &component.props, true);
    }
    if !component.metadata.is_empty() {
        push_section(&mut out, &["metadata".into()], &component.metadata, true);
    }
    for one in &component.examples {
        out.push('\n');
        out.push_str(&example(one, true));
    }
    out
}

/// One of `[[examples]]`.
pub(super) fn example(example: &Example, lines: bool) -> String {
    let name = words::text(&example.name, lines);
    let mut out = format!("[[examples]]\nname = {name}\n");
    push_tables(&mut out, "examples", &[("props", &example.props)], lines);
    out
}

/// The `.toml` of a node.
pub(super) fn node(node: &Node) -> String {
    let mut out = format!("name = {}\n", words::text(&node.name, true));
    if !node.enabled_apps.is_empty() {
        let list = words::value(&text_list(&node.enabled_apps), true);
        out.push_str(&format!("enabled_apps = {list}\n"));
    }
    let overrides = overrides(node);
    if !overrides.is_empty() {
        out.push_str("\n[style_overrides]\n");
        let theme = overrides.iter().filter(|(key, _)| *key == "theme");
        let others = overrides.iter().filter(|(key, _)| *key != "theme");
        for (name, value) in theme.chain(others) {
            out.push_str(&format!(
                "{} = {}\n",
                free_key(name),
                words::value(value, true)
            ));
        }
    }
    out
}

/// The `style_overrides` of a node, with its colour scheme as `theme`.
pub(super) fn overrides(node: &Node) -> Table {
    let entries = node.style_overrides.iter();
    let mut table: Table = entries
        .map(|(key, value)| (key.clone(), Value::Text(value.clone())))
        .collect();
    if node.scheme != Scheme::Auto {
        let scheme = Value::Text(node.scheme.as_str().to_string());
        table.insert("theme".into(), scheme);
    }
    table
}

/// A token as the value of a key; on one line where `lines` is not allowed.
pub(super) fn token(token: &Token, lines: bool) -> String {
    match &token.description {
        None => words::text(&token.value, lines),
        Some(description) => format!(
            "{{ value = {}, description = {} }}",
            words::line_text(&token.value),
            words::line_text(description)
        ),
    }
}

/// The tokens of one category: those whose keys nest by table, others with their key in quotes.
pub(super) fn tokens(tokens: &[&Token]) -> String {
    let keys: Vec<&str> = tokens.iter().map(|token| token.key.as_str()).collect();
    let mut above = String::new();
    let mut groups: BTreeMap<&str, String> = BTreeMap::new();
    for one in tokens {
        let line = |name: String| format!("{name} = {}\n", token(one, true));
        match one.key.rsplit_once('.').filter(|_| nests(&one.key, &keys)) {
            Some((group, leaf)) => groups.entry(group).or_default().push_str(&line(key(leaf))),
            None => above.push_str(&line(key(&one.key))),
        }
    }
    let mut out = above;
    for (group, lines) in groups {
        if !out.is_empty() {
            out.push('\n');
        }
        let path: Vec<String> = group.split('.').map(key).collect();
        out.push_str(&format!("[{}]\n{lines}", path.join(".")));
    }
    out
}

/// Whether a token can be written as a path of keys: no token is on the way to it, and it does not
/// look like a field of one.
pub(super) fn nests(token_key: &str, all: &[&str]) -> bool {
    let leaf = token_key.rsplit('.').next().unwrap_or_default();
    let on_the_way = |other: &&str| {
        let rest = token_key.strip_prefix(*other);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    !matches!(leaf, "value" | "description")
        && token_key.matches('.').count() < 8
        && !all.iter().any(on_the_way)
}
