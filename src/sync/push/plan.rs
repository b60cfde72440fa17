//! What a push writes: the documents that differ, the entities that go, and the keys that change. Pure.

use std::collections::BTreeMap;

use crate::compare::{block_renames, renames};
use crate::db::{BlockOrders, KeyChanges, Writes};
use crate::model::{Documents, EntityKind, Page};
use crate::sync::look::Look;
use crate::sync::printing::Changes;

/// What only has another key, and the numbers of the blocks under the new keys.
pub fn renamed(look: &Look, writes: &Writes<'_>) -> (KeyChanges, BlockOrders) {
    let after = Documents {
        pages: writes.pages.iter().map(|page| (*page).clone()).collect(),
        components: writes
            .components
            .iter()
            .map(|part| (*part).clone())
            .collect(),
        tokens: writes.tokens.iter().map(|token| (*token).clone()).collect(),
        nodes: writes.nodes.iter().map(|node| (*node).clone()).collect(),
    };
    // Only what was read of the rows is known, and all that changes was.
    let mut before = look.documents.clone();
    let is_new = after.names();
    before.retain(|kind, key| {
        is_new.contains(&(kind, key)) || writes.removed.contains(&(kind, key.to_string()))
    });
    let mut keys = KeyChanges {
        entities: renames(&before, &after),
        blocks: Vec::new(),
    };
    let mut orders = look.orders.clone();
    let of_pages = keys
        .entities
        .iter()
        .filter(|one| one.kind == EntityKind::Page);
    let old_keys: BTreeMap<&str, &str> = of_pages
        .map(|one| (one.new.as_str(), one.old.as_str()))
        .collect();
    let pages: BTreeMap<&str, &Page> = before
        .pages
        .iter()
        .map(|page| (page.key.as_str(), page))
        .collect();
    let mut blocks = Vec::new();
    for page in &after.pages {
        let key = page.key.as_str();
        let old = old_keys.get(key).copied().unwrap_or(key).to_string();
        let Some(before) = pages.get(old.as_str()) else {
            continue;
        };
        let mut order = orders.remove(&old).unwrap_or_default();
        for (from, to) in block_renames(before, page, &keys.entities) {
            for (key, _) in order.iter_mut().filter(|(key, _)| *key == from) {
                key.clone_from(&to);
            }
            blocks.push((old.clone(), from, to));
        }
        orders.insert(page.key.clone(), order);
    }
    keys.blocks = blocks;
    (keys, orders)
}

/// The documents that differ, and the entities that are to go.
pub fn writes<'a>(documents: &'a Documents, changes: &Changes) -> Writes<'a> {
    let is = |kind: EntityKind, key: &str| {
        changes
            .get(&(kind, key.to_string()))
            .is_some_and(Option::is_some)
    };
    let pages = documents.pages.iter();
    let components = documents.components.iter();
    let tokens = documents.tokens.iter();
    let nodes = documents.nodes.iter();
    Writes {
        pages: pages
            .filter(|page| is(EntityKind::Page, &page.key))
            .collect(),
        components: components
            .filter(|part| is(EntityKind::Component, &part.key))
            .collect(),
        tokens: tokens
            .filter(|token| is(EntityKind::Token, &token.key))
            .collect(),
        nodes: nodes
            .filter(|node| is(EntityKind::Node, &node.id))
            .collect(),
        removed: changes
            .iter()
            .filter(|(_, content)| content.is_none())
            .map(|(name, _)| name.clone())
            .collect(),
        sources: BTreeMap::new(),
    }
}
