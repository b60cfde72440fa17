//! What the files of a site say beyond their documents: comments, order, spacing, folders. A database
//! keeps the texts of the files that say such things, so that an export gives them back. They are a
//! help and never the truth: what a row says counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Severity;
use crate::format::{
    COMPONENTS, NODES, PAGES, TOKENS, Texts, below, documents_of, is_passed_over, print_documents,
};
use crate::model::Documents;

/// The texts that cannot be made from the documents alone.
pub fn needed(texts: &Texts, documents: &Documents) -> Texts {
    let (printed, _) = print_documents(documents, &Texts::new(), &BTreeSet::new());
    let said = |(path, text): &(&String, &String)| printed.texts.get(*path) != Some(text);
    let needed = texts.iter().filter(said);
    needed
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect()
}

/// What has to change in the texts that a database keeps: those that are not needed go where
/// `may_go` says so.
pub fn changes(
    kept: &Texts,
    needed: &Texts,
    may_go: impl Fn(&str) -> bool,
) -> BTreeMap<String, Option<String>> {
    let gone = kept
        .keys()
        .filter(|path| !needed.contains_key(*path) && may_go(path));
    let gone = gone.map(|path| (path.clone(), None));
    let new = needed
        .iter()
        .filter(|(path, text)| kept.get(*path) != Some(text));
    gone.chain(new.map(|(path, text)| (path.clone(), Some(text.clone()))))
        .collect()
}

/// Those of the texts that a database keeps that serve an export: files that can be read, that have a
/// document which is wanted, and none that a file of the folder has already; and the files that these
/// take texts from. A text comes from a row, so its path may be hostile.
pub fn usable(kept: &Texts, folder: &Documents, files: &Texts, wanted: &Documents) -> Texts {
    let safe: Texts = kept
        .iter()
        .filter(|(path, _)| is_content_path(path) && !files.contains_key(*path))
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect();
    let (documents, diagnostics) = documents_of(&safe);
    let broken: BTreeSet<&str> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .filter_map(|diagnostic| Some(&*diagnostic.place.as_ref()?.path))
        .collect();
    let in_folder = folder.names();
    let all_wanted = wanted.names();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut useless: BTreeSet<&str> = BTreeSet::new();
    for (kind, key, origin) in documents.entities() {
        if in_folder.contains(&(kind, key)) || broken.contains(origin) {
            useless.insert(origin);
        } else if all_wanted.contains(&(kind, key)) {
            taken.insert(origin);
        }
    }
    taken.retain(|origin| !useless.contains(origin));
    // A token file may have nothing but comments.
    let empty = safe.keys().map(String::as_str).filter(|path| {
        below(path, TOKENS).is_some() && path.ends_with(".toml") && !broken.contains(path)
    });
    let named: BTreeSet<&str> = documents.entities().map(|(_, _, origin)| origin).collect();
    taken.extend(empty.filter(|path| !named.contains(path)));
    let stems: BTreeSet<&str> = taken
        .iter()
        .filter_map(|path| path.strip_suffix(".toml"))
        .collect();
    let serves = |path: &str, text_of: &Texts| {
        if taken.contains(path) {
            return true;
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        let is_sibling = below(path, PAGES).is_none() && stems.contains(stem);
        is_sibling
            || taken.iter().any(|document| {
                document
                    .rsplit_once('/')
                    .is_some_and(|(of, _)| of == folder)
                    && text_of
                        .get(*document)
                        .is_some_and(|text| text.contains(name))
            })
    };
    let usable = safe.iter().filter(|(path, _)| serves(path, &safe));
    usable
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect()
}

/// Whether a path is one that a content file may have: below `content/`, without parts that no site
/// reads, and without anything that leads elsewhere.
fn is_content_path(path: &str) -> bool {
    let good = |segment: &str| {
        !segment.is_empty()
            && !is_passed_over(segment)
            && segment.len() <= 255
            && !segment
                .chars()
                .any(|c| c.is_control() || matches!(c, '\\' | ':'))
    };
    let mut folders = [PAGES, COMPONENTS, TOKENS, NODES].into_iter();
    folders.any(|folder| below(path, folder).is_some()) && path.split('/').all(good)
}

#[cfg(test)]
mod tests {
    use super::is_content_path;

    #[test]
    fn paths_of_rows_lead_nowhere_else() {
        for good in ["content/pages/play/a.md", "content/tokens/color.toml"] {
            assert!(is_content_path(good), "{good}");
        }
        for bad in [
            "robbieblocks.toml",
            "content/x.toml",
            "content/pages/../../x",
            "content/pages/a/.git/config",
            "content/pages//a.md",
            "/content/pages/a.md",
            "content/pages/a\n.md",
            "content/pages/play/a.md~",
            "themes/base/layouts/x.html",
        ] {
            assert!(!is_content_path(bad), "{bad}");
        }
    }
}
