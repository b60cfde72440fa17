//! In what two sets of documents differ, entity by entity and field by field; and what of it is a
//! rename. Pure.

mod renames;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use crate::format::{write_json, write_json_table};
use crate::model::{Component, Documents, EntityKind, Node, Page, Table, TextList, Token, Value};

pub use renames::{Rename, block_renames, renames};

/// One entity that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub kind: EntityKind,
    pub key: String,
    pub change: Change,
}

/// How it differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is only in the second set.
    Added,
    /// It is only in the first set.
    Removed,
    /// It is in both, with these fields different.
    Changed(Vec<FieldChange>),
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldChange {
    /// Its path in the document: `blocks.hero.props.title`.
    pub field: String,
    /// As JSON; `None` where it is absent.
    pub before: Option<String>,
    /// As JSON; `None` where it is absent.
    pub after: Option<String>,
}

/// What has to change in `before` to make it say what `after` says, sorted by kind and key. Where a
/// document came from does not count. Of documents with one key the last counts.
pub fn compare(before: &Documents, after: &Documents) -> Vec<Difference> {
    let mut found = Vec::new();
    found.extend(compare_kind(
        EntityKind::Page,
        &before.pages,
        &after.pages,
        |page| &page.key,
        Page::same,
        page_fields,
    ));
    found.extend(compare_kind(
        EntityKind::Component,
        &before.components,
        &after.components,
        |component| &component.key,
        Component::same,
        component_fields,
    ));
    found.extend(compare_kind(
        EntityKind::Token,
        &before.tokens,
        &after.tokens,
        |token| &token.key,
        Token::same,
        token_fields,
    ));
    found.extend(compare_kind(
        EntityKind::Node,
        &before.nodes,
        &after.nodes,
        |node| &node.id,
        Node::same,
        node_fields,
    ));
    found.sort();
    found
}

/// The fields of a document by their paths, as JSON.
type Fields = BTreeMap<String, String>;

fn compare_kind<T: Sync>(
    kind: EntityKind,
    before: &[T],
    after: &[T],
    key: fn(&T) -> &String,
    same: fn(&T, &T) -> bool,
    fields: fn(&T) -> Fields,
) -> Vec<Difference> {
    let by_key = |documents: &'_ [T]| -> HashMap<String, usize> {
        let documents = documents.iter().enumerate();
        documents
            .map(|(index, document)| (key(document).clone(), index))
            .collect()
    };
    let (first, second) = (by_key(before), by_key(after));
    let keys: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let keys: Vec<&String> = keys.into_iter().collect();
    let change = |name: &&String| {
        let change = match (first.get(*name), second.get(*name)) {
            (Some(old), Some(new)) => {
                let (old, new) = (&before[*old], &after[*new]);
                if same(old, new) {
                    return None;
                }
                Change::Changed(changes(&fields(old), &fields(new)))
            }
            (Some(_), None) => Change::Removed,
            _ => Change::Added,
        };
        let key = (*name).clone();
        Some(Difference { kind, key, change })
    };
    keys.par_iter()
        .with_min_len(64)
        .filter_map(change)
        .collect()
}

fn changes(before: &Fields, after: &Fields) -> Vec<FieldChange> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differ = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name));
    differ
        .map(|name| FieldChange {
            field: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .collect()
}

fn text(text: &str) -> String {
    write_json(&Value::Text(text.to_string()))
}

/// Puts the fields that are there under their names.
fn put<const N: usize>(fields: &mut Fields, named: [(&str, Option<&str>); N]) {
    for (name, value) in named {
        if let Some(value) = value {
            fields.insert(name.to_string(), text(value));
        }
    }
}

fn put_table(fields: &mut Fields, name: &str, table: &Table) {
    for (key, value) in table {
        fields.insert(format!("{name}.{key}"), write_json(value));
    }
}

fn list(items: &TextList) -> String {
    let item = |item: &Option<String>| item.clone().map_or(Value::Null, Value::Text);
    write_json(&Value::Array(items.elements().iter().map(item).collect()))
}

fn page_fields(page: &Page) -> Fields {
    let mut fields = Fields::new();
    put(
        &mut fields,
        [
            ("app", Some(&page.app)),
            ("name", Some(&page.name)),
            ("route", Some(&page.route)),
            ("layout", Some(&page.layout)),
            ("status", Some(page.status.as_str())),
            ("title", page.title.as_deref()),
            ("description", page.description.as_deref()),
        ],
    );
    put_table(&mut fields, "metadata", &page.metadata);
    let keys = page
        .blocks
        .iter()
        .map(|block| Value::Text(block.key.clone()));
    fields.insert("blocks".into(), write_json(&Value::Array(keys.collect())));
    for block in &page.blocks {
        let name = format!("blocks.{}", block.key);
        fields.insert(format!("{name}.component"), text(&block.component));
        fields.insert(format!("{name}.zone"), text(&block.zone));
        put_table(&mut fields, &format!("{name}.props"), &block.props);
        put_table(
            &mut fields,
            &format!("{name}.conditions"),
            &block.conditions,
        );
    }
    fields
}

fn component_fields(component: &Component) -> Fields {
    let mut fields = Fields::new();
    put(
        &mut fields,
        [
            ("name", Some(&component.name)),
            ("type", Some(&component.kind)),
            ("version", Some(&component.version)),
            ("preview_url", component.preview_url.as_deref()),
            ("template", component.template.as_deref()),
            ("styles", component.styles.as_deref()),
            ("react", component.react.as_deref()),
        ],
    );
    fields.insert("published".into(), component.published.to_string());
    fields.insert("dependencies".into(), list(&component.dependencies));
    put_table(&mut fields, "props", &component.props);
    put_table(&mut fields, "metadata", &component.metadata);
    for (index, example) in component.examples.iter().enumerate() {
        let name = format!("examples.{index}");
        fields.insert(format!("{name}.name"), text(&example.name));
        fields.insert(format!("{name}.props"), write_json_table(&example.props));
    }
    fields
}

fn token_fields(token: &Token) -> Fields {
    let mut fields = Fields::new();
    put(
        &mut fields,
        [
            ("category", Some(&token.category)),
            ("value", Some(&token.value)),
            ("description", token.description.as_deref()),
        ],
    );
    fields
}

fn node_fields(node: &Node) -> Fields {
    let mut fields = Fields::new();
    put(
        &mut fields,
        [
            ("name", Some(&node.name)),
            ("style_overrides.theme", Some(node.scheme.as_str())),
            ("custom_css", node.custom_css.as_deref()),
            ("custom_scripts", node.custom_scripts.as_deref()),
        ],
    );
    fields.insert("enabled_apps".into(), list(&node.enabled_apps));
    for (key, value) in &node.style_overrides {
        fields.insert(format!("style_overrides.{key}"), text(value));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample;

    #[test]
    fn equal_documents_do_not_differ_and_edits_are_told() {
        for seed in 0..40 {
            let before = sample::documents(seed);
            assert_eq!(compare(&before, &before.clone()), []);
            let all = compare(&Documents::default(), &before);
            let count = before.pages.len()
                + before.components.len()
                + before.tokens.len()
                + before.nodes.len();
            assert_eq!(all.len(), count);
            assert!(
                all.iter()
                    .all(|difference| difference.change == Change::Added)
            );
            let after = sample::edited(&before, seed);
            let there = compare(&before, &after);
            let back = compare(&after, &before);
            assert_eq!(there.len(), back.len());
            for difference in &there {
                if let Change::Changed(fields) = &difference.change {
                    assert!(!fields.is_empty(), "{difference:?}");
                }
            }
        }
    }

    #[test]
    fn a_difference_names_the_field() {
        let mut before = Documents::default();
        let mut dice = sample::Dice::new(1);
        before
            .pages
            .push(sample::page(&mut dice, "home".into(), &["hero".into()]));
        let mut after = before.clone();
        before.pages[0].title = None;
        after.pages[0].title = Some("New".into());
        let Change::Changed(fields) = &compare(&before, &after)[0].change else {
            panic!("it is changed");
        };
        let [field] = fields.as_slice() else {
            panic!("one field: {fields:?}");
        };
        assert_eq!(
            (field.field.as_str(), field.before.as_deref()),
            ("title", None)
        );
        assert_eq!(field.after.as_deref(), Some("\"New\""));
    }
}
