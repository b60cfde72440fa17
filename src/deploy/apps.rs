//! Which bundles a deploy is about, before anything is built.

use std::collections::BTreeSet;

use crate::diag::Diagnostics;
use crate::files::Folder;
use crate::format::{NODES, PAGES, Texts, documents_of};
use crate::model::{Node, SHARED_APP};

/// The bundles of nodes by node and app: the apps that each shows, and the shared one where there is one.
/// `nodes` and `apps` narrow it; empty means all.
pub fn apps_of<'a>(
    all: impl IntoIterator<Item = &'a Node>,
    has_shared: bool,
    nodes: &BTreeSet<String>,
    apps: &BTreeSet<String>,
) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for node in all {
        let shared = has_shared.then(|| SHARED_APP.to_string());
        for app in node.enabled_apps.iter().map(str::to_string).chain(shared) {
            let is_wanted = (nodes.is_empty() || nodes.contains(&node.id))
                && (apps.is_empty() || apps.contains(&app));
            if is_wanted {
                found.insert((node.id.clone(), app));
            }
        }
    }
    found
}

/// The same by the files of a site. What is wrong with them is said by whoever builds it.
pub fn apps_of_files(
    folder: &Folder,
    nodes: &BTreeSet<String>,
    apps: &BTreeSet<String>,
) -> BTreeSet<(String, String)> {
    let mut ignored = Diagnostics::new();
    let mut texts = Texts::new();
    for file in folder.list(NODES, false, &mut ignored) {
        if let Ok(text) = folder.read_text(&file.path) {
            texts.insert(file.path, text);
        }
    }
    let (documents, _) = documents_of(&texts);
    let shared = format!("{PAGES}/{SHARED_APP}");
    let has_shared = !folder.list(&shared, false, &mut ignored).is_empty();
    apps_of(&documents.nodes, has_shared, nodes, apps)
}
