//! Prints changed entities into a tree of files of which only the paths are known: finds the few files
//! that matter, and has only those read.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostics;
use crate::format::{
    COMPONENTS, EntityName, NODES, PAGES, Printed, TOKENS, Texts, below, documents_of, folder_of,
    page_stem, print_among, read_content_text,
};
use crate::model::{Documents, EntityKind};

/// What entities are to be: their contents, `None` where they are to go.
pub type Changes = BTreeMap<EntityName, Option<String>>;

/// What printing did.
pub struct Outcome {
    pub printed: Printed,
    /// The documents of the changed entities as they were.
    pub before: Documents,
    /// The documents of the changed entities as they are now.
    pub after: Documents,
    pub diagnostics: Diagnostics,
}

/// Prints changed entities into a tree. `paths` are those of its content files, and `read` reads texts
/// of such. What comes out depends on the tree and the changes alone.
pub fn print_changes<E>(
    paths: &BTreeSet<String>,
    changes: &Changes,
    mut read: impl FnMut(&BTreeSet<String>) -> Result<Texts, E>,
) -> Result<Outcome, E> {
    let mut diagnostics = Diagnostics::new();
    let mut after = Documents::default();
    for ((kind, key), content) in changes {
        if let Some(content) = content {
            read_content_text(*kind, key, content, &mut after, &mut diagnostics);
        }
    }
    let near = near(paths, changes);
    let mut texts = read(&near)?;
    // A text that a document takes from a file may be taken by others of the folder as well.
    let folders: BTreeSet<&str> = texts
        .iter()
        .filter(|(path, text)| {
            text.contains("$file")
                && (below(path, PAGES).is_some() || below(path, COMPONENTS).is_some())
        })
        .map(|(path, _)| folder_of(path))
        .collect();
    let beside: BTreeSet<String> = paths
        .iter()
        .filter(|path| folders.contains(folder_of(path)) && !texts.contains_key(*path))
        .cloned()
        .collect();
    if !beside.is_empty() {
        texts.extend(read(&beside)?);
    }
    let (documents, _) = documents_of(&texts);
    let is_changed = |kind: EntityKind, key: &str| changes.contains_key(&(kind, key.to_string()));
    let keep: BTreeSet<EntityName> = documents
        .names()
        .into_iter()
        .filter(|(kind, key)| !is_changed(*kind, key))
        .map(|(kind, key)| (kind, key.to_string()))
        .collect();
    let others: BTreeSet<String> = match needs_places(&documents, &after) {
        true => paths
            .iter()
            .filter(|path| !texts.contains_key(*path))
            .cloned()
            .collect(),
        false => BTreeSet::new(),
    };
    let (printed, told) = print_among(&after, &texts, &keep, &others);
    diagnostics.extend(told);
    let mut before = documents;
    before.retain(is_changed);
    Ok(Outcome {
        printed,
        before,
        after,
        diagnostics,
    })
}

/// The files that the changed entities may be in.
fn near(paths: &BTreeSet<String>, changes: &Changes) -> BTreeSet<String> {
    let of = |kind: EntityKind| -> BTreeSet<&str> {
        let names = changes.keys().filter(|(of, _)| *of == kind);
        names.map(|(_, key)| key.as_str()).collect()
    };
    let pages = of(EntityKind::Page);
    let components = of(EntityKind::Component);
    let nodes = of(EntityKind::Node);
    let has_tokens = !of(EntityKind::Token).is_empty();
    let is_near = |path: &String| {
        if page_stem(path).is_some() {
            let mut parts = path.rsplit('/');
            let stem = parts.next().and_then(|name| name.rsplit_once('.'));
            return stem.is_some_and(|(stem, _)| pages.contains(stem));
        }
        let family = |folder: &str, keys: &BTreeSet<&str>| {
            let name = below(path, folder).unwrap_or_default();
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            keys.contains(stem)
        };
        // Another component may take a part of one that changes as its text.
        let is_component = below(path, COMPONENTS).is_some() && path.ends_with(".toml");
        (is_component && !components.is_empty())
            || family(COMPONENTS, &components)
            || family(NODES, &nodes)
            || (has_tokens && below(path, TOKENS).is_some())
    };
    paths.iter().filter(|path| is_near(path)).cloned().collect()
}

/// Whether a page gets a new file.
fn needs_places(before: &Documents, after: &Documents) -> bool {
    let apps: BTreeMap<&str, &str> = before
        .pages
        .iter()
        .map(|page| (page.key.as_str(), page.app.as_str()))
        .collect();
    after
        .pages
        .iter()
        .any(|page| apps.get(page.key.as_str()) != Some(&page.app.as_str()))
}
