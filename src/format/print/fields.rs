//! Changing the fields of pages, components and nodes in their files.

use std::collections::BTreeMap;

use toml_edit::{Item, Value as Written};

use super::entries::Entries;
use super::patch::{Patch, TakesText, Tools};
use super::sections::{section_of, settle};
use super::{whole, words};
use crate::format::fields::Shape;
use crate::format::keys::explicit_keys;
use crate::format::shape;
use crate::model::{Block, Component, Example, Node, Page, Table, Value};

fn order(shape: &'static Shape) -> Vec<&'static str> {
    shape.fields.iter().map(|field| field.name).collect()
}

/// The text of a page's TOML, changed from what it says now to what is wanted. `None` where it cannot
/// be done.
pub(super) fn page(
    text: &str,
    now: &Page,
    wanted: &Page,
    blocks: bool,
    takes_text: TakesText<'_>,
) -> Option<String> {
    let mut patch = Patch::new(text, takes_text)?;
    let order = order(&shape::PAGE);
    let (mut root, mut tools) = patch.root();
    let mut field = |name: &str, now: Option<&str>, wanted: Option<&str>| {
        change_text(&mut tools, &mut root, name, now, wanted, &order);
    };
    field("name", Some(&now.name), Some(&wanted.name));
    field("route", Some(&now.route), Some(&wanted.route));
    field("layout", Some(&now.layout), Some(&wanted.layout));
    let status = (now.status.as_str(), wanted.status.as_str());
    field("status", Some(status.0), Some(status.1));
    field("title", now.title.as_deref(), wanted.title.as_deref());
    let words = (now.description.as_deref(), wanted.description.as_deref());
    field("description", words.0, words.1);
    change_table(
        &mut tools,
        &mut root,
        "metadata",
        &now.metadata,
        &wanted.metadata,
        Some("blocks"),
        &order,
    );
    if blocks {
        change_blocks(&mut tools, &mut root, &now.blocks, &wanted.blocks)?;
    }
    Some(patch.finish())
}

fn change_text(
    tools: &mut Tools<'_>,
    table: &mut Entries<'_>,
    name: &str,
    now: Option<&str>,
    wanted: Option<&str>,
    order: &[&str],
) {
    match wanted {
        wanted if wanted == now => {}
        Some(wanted) => tools.set_text(table, name, wanted, order),
        None => table.remove(name),
    }
}

/// Changes a free-form field; a new one gets a section, before that of `before`.
fn change_table(
    tools: &mut Tools<'_>,
    table: &mut Entries<'_>,
    name: &str,
    now: &Table,
    wanted: &Table,
    before: Option<&str>,
    order: &[&str],
) {
    let (now_value, wanted_value) = (Value::Table(now.clone()), Value::Table(wanted.clone()));
    if now_value.same(&wanted_value) {
        return;
    }
    if wanted.is_empty() {
        table.remove(name);
        return;
    }
    match table.item(name) {
        Some(Item::Table(inner)) => tools.table(Entries::Section(inner), now, wanted),
        Some(Item::Value(Written::InlineTable(inner))) => {
            tools.table(Entries::Inline(inner), now, wanted);
        }
        Some(item) => tools.replace(item, &wanted_value, false),
        None => {
            let inline = words::is_short(wanted) && before.is_none();
            let position = match table.item(before.unwrap_or_default()) {
                Some(Item::ArrayOfTables(tables)) => tables
                    .iter()
                    .filter_map(toml_edit::Table::position)
                    .min()
                    .map(|first| first - 1_000_000),
                _ => None,
            };
            add_table(tools, table, name, wanted, inline, position, order);
        }
    }
}

fn add_table(
    tools: &mut Tools<'_>,
    table: &mut Entries<'_>,
    name: &str,
    wanted: &Table,
    inline: bool,
    position: Option<isize>,
    order: &[&str],
) {
    let Entries::Section(section) = table else {
        let value = Value::Table(wanted.clone());
        tools.set(table, name, &value, order);
        return;
    };
    if inline || section.is_dotted() {
        let value = Value::Table(wanted.clone());
        tools.set(table, name, &value, order);
        return;
    }
    let mut text = String::new();
    words::push_section(&mut text, &[name.to_string()], wanted, tools.lines);
    if let Some(mut new) = section_of(&text) {
        let at = position.unwrap_or_else(|| tools.end());
        new.set_position(Some(at));
        settle(&mut new, at + 1);
        section.insert(name, Item::Table(new));
    }
}

/// Changes the blocks, each from what it was: the one with its key.
fn change_blocks(
    tools: &mut Tools<'_>,
    root: &mut Entries<'_>,
    now: &[Block],
    wanted: &[Block],
) -> Option<()> {
    let same = now.len() == wanted.len() && now.iter().zip(wanted).all(|(a, b)| a.same(b));
    if same {
        return Some(());
    }
    if wanted.is_empty() {
        root.remove("blocks");
        return Some(());
    }
    let by_key: BTreeMap<&str, usize> = now
        .iter()
        .enumerate()
        .map(|(index, block)| (block.key.as_str(), index))
        .collect();
    let mut from: Vec<Option<usize>> = wanted
        .iter()
        .map(|block| by_key.get(block.key.as_str()).copied())
        .collect();
    let keys: Vec<(&str, &str)> = wanted
        .iter()
        .map(|block| (block.key.as_str(), block.component.as_str()))
        .collect();
    // One that says the same under another key is the one that was there.
    let mut left: Vec<usize> = (0..now.len())
        .filter(|index| !from.contains(&Some(*index)))
        .collect();
    for (to, from) in from
        .iter_mut()
        .enumerate()
        .filter(|(_, from)| from.is_none())
    {
        let same = left
            .iter()
            .position(|at| now[*at].same_but_key(&wanted[to]));
        *from = same.map(|found| left.remove(found));
    }
    if !root.has("blocks") {
        let tables = toml_edit::ArrayOfTables::new();
        root.like().insert("blocks", Item::ArrayOfTables(tables));
    }
    match root.item("blocks")? {
        Item::ArrayOfTables(tables) => {
            let had: Vec<bool> = tables.iter().map(|one| one.contains_key("key")).collect();
            let named = explicit_keys(&keys, |to| from[to].is_some_and(|at| had[at]));
            let change =
                |tools: &mut Tools<'_>, table: &mut toml_edit::Table, from: usize, to: usize| {
                    let mut entries = Entries::Section(table);
                    change_block(tools, &mut entries, &now[from], &wanted[to], named[to]);
                };
            let lines = tools.lines;
            tools.rebuild(tables, &from, change, |to| {
                section_of(&whole::block(&wanted[to], named[to], lines))
            });
        }
        Item::Value(Written::Array(array)) => {
            let had: Vec<bool> = array
                .iter()
                .map(|one| {
                    one.as_inline_table()
                        .is_some_and(|one| one.contains_key("key"))
                })
                .collect();
            let named = explicit_keys(&keys, |to| from[to].is_some_and(|at| had[at]));
            for (to, from) in from.iter().enumerate() {
                let element = from.and_then(|at| Some((at, array.get_mut(at)?)));
                if let Some((at, Written::InlineTable(table))) = element {
                    let mut entries = Entries::Inline(table);
                    change_block(tools, &mut entries, &now[at], &wanted[to], named[to]);
                }
            }
            // Those that were there are as wanted by now: what is left is their order.
            let new: Vec<Value> = wanted
                .iter()
                .zip(&named)
                .map(|(one, named)| block_value(one, *named))
                .collect();
            let mut old: Vec<Value> = vec![Value::Null; now.len()];
            for (to, from) in from.iter().enumerate() {
                if let Some(at) = from {
                    old[*at] = new[to].clone();
                }
            }
            tools.elements(array, &from, &old, &new);
        }
        _ => return None,
    }
    Some(())
}

fn change_block(
    tools: &mut Tools<'_>,
    table: &mut Entries<'_>,
    now: &Block,
    wanted: &Block,
    named: bool,
) {
    let order = order(&shape::BLOCK);
    let keys = (now.key.as_str(), wanted.key.as_str());
    if named && (keys.0 != keys.1 || !table.has("key")) {
        tools.set_text(table, "key", keys.1, &order);
    }
    let components = (now.component.as_str(), wanted.component.as_str());
    change_text(
        tools,
        table,
        "component",
        Some(components.0),
        Some(components.1),
        &order,
    );
    change_text(
        tools,
        table,
        "zone",
        Some(&now.zone),
        Some(&wanted.zone),
        &order,
    );
    for (name, now, wanted) in [
        ("props", &now.props, &wanted.props),
        ("conditions", &now.conditions, &wanted.conditions),
    ] {
        change_table(tools, table, name, now, wanted, None, &order);
    }
}

/// A block as a table of its fields.
fn block_value(block: &Block, named: bool) -> Value {
    let text = |text: &str| Value::Text(text.to_string());
    let mut table = Table::new();
    if named {
        table.insert("key".into(), text(&block.key));
    }
    table.insert("component".into(), text(&block.component));
    if block.zone != Block::DEFAULT_ZONE {
        table.insert("zone".into(), text(&block.zone));
    }
    for (name, free) in [("props", &block.props), ("conditions", &block.conditions)] {
        if !free.is_empty() {
            table.insert(name.into(), Value::Table(free.clone()));
        }
    }
    Value::Table(table)
}

/// The text of a component's TOML, changed from what it says now to what is wanted.
pub(super) fn component(
    text: &str,
    now: &Component,
    wanted: &Component,
    takes_text: TakesText<'_>,
) -> Option<String> {
    let mut patch = Patch::new(text, takes_text)?;
    let order = order(&shape::COMPONENT);
    let (mut root, mut tools) = patch.root();
    let root = &mut root;
    for (name, now, wanted) in [
        ("name", &now.name, &wanted.name),
        ("type", &now.kind, &wanted.kind),
        ("version", &now.version, &wanted.version),
    ] {
        change_text(&mut tools, root, name, Some(now), Some(wanted), &order);
    }
    if now.published != wanted.published {
        tools.set(root, "published", &Value::Bool(wanted.published), &order);
    }
    let lists = (
        whole::text_list(&now.dependencies),
        whole::text_list(&wanted.dependencies),
    );
    change_list(&mut tools, root, "dependencies", lists, &order);
    let urls = (now.preview_url.as_deref(), wanted.preview_url.as_deref());
    change_text(&mut tools, root, "preview_url", urls.0, urls.1, &order);
    let before = Some("examples");
    change_table(
        &mut tools,
        root,
        "props",
        &now.props,
        &wanted.props,
        before,
        &order,
    );
    if !root.has("examples") && !now.examples.is_empty() && root.has("metadata") {
        // They stand in `metadata`, where rows have them; their own place is better to change.
        if let Some(Item::Table(table)) = root.item("metadata") {
            table.remove("examples");
        } else if let Some(Item::Value(Written::InlineTable(table))) = root.item("metadata") {
            table.remove("examples");
        }
        change_examples(&mut tools, root, &[], &wanted.examples)?;
    } else {
        change_examples(&mut tools, root, &now.examples, &wanted.examples)?;
    }
    change_table(
        &mut tools,
        root,
        "metadata",
        &now.metadata,
        &wanted.metadata,
        before,
        &order,
    );
    Some(patch.finish())
}

fn change_list(
    tools: &mut Tools<'_>,
    table: &mut Entries<'_>,
    name: &str,
    (now, wanted): (Value, Value),
    order: &[&str],
) {
    if now.same(&wanted) {
        return;
    }
    if wanted.as_array().is_some_and(<[Value]>::is_empty) {
        table.remove(name);
        return;
    }
    let key = name.to_string();
    if !table.has(name) {
        tools.set(table, name, &wanted, order);
        return;
    }
    let entry = |value| Table::from([(key.clone(), value)]);
    let (now, wanted) = (entry(now), entry(wanted));
    match table {
        Entries::Section(inner) => tools.table(Entries::Section(inner), &now, &wanted),
        Entries::Inline(inner) => tools.table(Entries::Inline(inner), &now, &wanted),
    }
}

fn change_examples(
    tools: &mut Tools<'_>,
    root: &mut Entries<'_>,
    now: &[Example],
    wanted: &[Example],
) -> Option<()> {
    let same = now.len() == wanted.len() && now.iter().zip(wanted).all(|(a, b)| a.same(b));
    if same {
        return Some(());
    }
    if wanted.is_empty() {
        root.remove("examples");
        return Some(());
    }
    let by_name: BTreeMap<&str, usize> = now
        .iter()
        .enumerate()
        .map(|(index, example)| (example.name.as_str(), index))
        .collect();
    let from: Vec<Option<usize>> = wanted
        .iter()
        .map(|example| by_name.get(example.name.as_str()).copied())
        .collect();
    if matches!(root.item("examples"), Some(item) if !item.is_array_of_tables()) {
        let value = |example: &Example| {
            let name = ("name".to_string(), Value::Text(example.name.clone()));
            let props = ("props".to_string(), Value::Table(example.props.clone()));
            Value::Table(Table::from([name, props]))
        };
        let wanted = Value::Array(wanted.iter().map(value).collect());
        let item = root.item("examples")?;
        tools.replace(item, &wanted, true);
        return Some(());
    }
    if !root.has("examples") {
        let tables = toml_edit::ArrayOfTables::new();
        root.like().insert("examples", Item::ArrayOfTables(tables));
    }
    let Item::ArrayOfTables(tables) = root.item("examples")? else {
        return None;
    };
    let order = order(&shape::EXAMPLE);
    let change = |tools: &mut Tools<'_>, table: &mut toml_edit::Table, from: usize, to: usize| {
        let mut entries = Entries::Section(table);
        let (now, wanted) = (&now[from].props, &wanted[to].props);
        change_table(tools, &mut entries, "props", now, wanted, None, &order);
    };
    let lines = tools.lines;
    tools.rebuild(tables, &from, change, |to| {
        section_of(&whole::example(&wanted[to], lines))
    });
    Some(())
}

/// The text of a node's TOML, changed from what it says now to what is wanted.
pub(super) fn node(text: &str, now: &Node, wanted: &Node) -> Option<String> {
    let mut never = |_: &str, _: &str| false;
    let mut patch = Patch::new(text, &mut never)?;
    let order = order(&shape::NODE);
    let (mut root, mut tools) = patch.root();
    let root = &mut root;
    change_text(
        &mut tools,
        root,
        "name",
        Some(&now.name),
        Some(&wanted.name),
        &order,
    );
    let lists = (
        whole::text_list(&now.enabled_apps),
        whole::text_list(&wanted.enabled_apps),
    );
    change_list(&mut tools, root, "enabled_apps", lists, &order);
    let (now, wanted) = (whole::overrides(now), whole::overrides(wanted));
    if !wanted.is_empty() && !root.has("style_overrides") {
        let mut text = String::new();
        words::push_section(&mut text, &["style_overrides".into()], &wanted, tools.lines);
        let mut new = section_of(&text)?;
        let at = tools.end();
        new.set_position(Some(at));
        root.like().insert("style_overrides", Item::Table(new));
    } else {
        change_table(
            &mut tools,
            root,
            "style_overrides",
            &now,
            &wanted,
            None,
            &order,
        );
    }
    Some(patch.finish())
}

/// Empties every text of a page's free-form values, so that each counts as changed.
pub(super) fn without_texts(page: &mut Page) {
    fn empty(value: &mut Value) {
        match value {
            Value::Text(_) => *value = Value::Null,
            Value::Array(items) => items.iter_mut().for_each(empty),
            Value::Table(table) => table.values_mut().for_each(empty),
            _ => {}
        }
    }
    page.metadata.values_mut().for_each(empty);
    for block in &mut page.blocks {
        block.props.values_mut().for_each(empty);
    }
}
