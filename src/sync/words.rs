//! What two sides of a sync say differently, in entities and fields instead of files.

use std::collections::{BTreeMap, BTreeSet};

use super::git::Repository;
use super::printing::Changes;
use super::tree::texts_of_commit;
use super::{Local, failed};
use crate::compare::{Difference, compare};
use crate::db::Failure;
use crate::diag::Diagnostics;
use crate::format::{
    COMPONENTS, EntityName, NODES, PAGES, TOKENS, Texts, below, contents_of, documents_of,
    read_content_text,
};
use crate::model::{Documents, EntityKind};

/// What files and a database have that the other has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What the commit changed, and the database does not have.
    pub ahead: Vec<Difference>,
    /// What the database changed, and the commit does not have.
    pub behind: Vec<Difference>,
    /// What both changed, and differently: what the database changed of it.
    pub diverged: Vec<Difference>,
    /// What the commit and the database say of that.
    pub contents: BTreeMap<EntityName, (Option<String>, Option<String>)>,
}

impl Standing {
    /// Whether both sides say the same.
    pub fn is_even(&self) -> bool {
        self.ahead.is_empty() && self.behind.is_empty() && self.diverged.is_empty()
    }
}

/// How a commit stands to the commit of a database and to rows that are in no revision yet. `base` is
/// the last commit that both have.
pub fn standing(
    local: &Local<'_>,
    base: Option<&str>,
    ours: Option<&str>,
    theirs: Option<&str>,
    pending: &Changes,
) -> Result<Standing, Failure> {
    let mut paths = BTreeSet::new();
    for side in [ours, theirs] {
        if side != base {
            paths.extend(changed_paths(local, base, side)?);
        }
    }
    let has_pending = !pending.is_empty();
    if paths.is_empty() && !has_pending {
        return Ok(Standing::default());
    }
    // A folder that counts for one side counts for all: else what is only read of one would seem to be
    // added or deleted by another.
    let mut folders = BTreeSet::new();
    for commit in [base, ours, theirs].into_iter().flatten() {
        folders.extend(folders_near(local, commit, &paths, pending)?);
    }
    let read = |commit: Option<&str>| match commit {
        Some(commit) => documents_near(local, commit, &paths, pending, &folders),
        None => Ok(Documents::default()),
    };
    let before = read(base)?;
    let ours = read(ours)?;
    let mut theirs = read(theirs)?;
    apply(&mut theirs, pending);
    let (at_base, at_ours, at_theirs) = (
        contents_of(&before),
        contents_of(&ours),
        contents_of(&theirs),
    );
    // What each side did since both said the same.
    let mut standing = Standing::default();
    for difference in compare(&before, &theirs) {
        let name = (difference.kind, difference.key.clone());
        let (base, ours, theirs) = (at_base.get(&name), at_ours.get(&name), at_theirs.get(&name));
        if ours == base {
            standing.behind.push(difference);
        } else if ours != theirs {
            let both = (ours.cloned(), theirs.cloned());
            standing.contents.insert(name, both);
            standing.diverged.push(difference);
        }
    }
    standing.ahead = compare(&before, &ours)
        .into_iter()
        .filter(|one| {
            let name = (one.kind, one.key.clone());
            at_base.get(&name) == at_theirs.get(&name)
        })
        .collect();
    Ok(standing)
}

/// The names in some differences.
pub fn names(differences: &[Difference]) -> BTreeSet<EntityName> {
    let names = differences.iter();
    names.map(|one| (one.kind, one.key.clone())).collect()
}

/// Puts contents of rows into documents.
fn apply(documents: &mut Documents, pending: &Changes) {
    if pending.is_empty() {
        return;
    }
    documents.retain(|kind, key| !pending.contains_key(&(kind, key.to_string())));
    let mut ignored = Diagnostics::new();
    for ((kind, key), content) in pending {
        if let Some(content) = content {
            read_content_text(*kind, key, content, documents, &mut ignored);
        }
    }
}

/// The content files in which two commits differ.
fn changed_paths(
    local: &Local<'_>,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<BTreeSet<String>, Failure> {
    let empty = empty_tree(local.repository)?;
    let from = from.unwrap_or(&empty);
    let to = to.unwrap_or(&empty);
    let folder = format!("{}content", local.prefix);
    let top = format!(":(top,literal){folder}");
    let bytes = local
        .repository
        .bytes(&[
            "diff-tree",
            "-r",
            "-z",
            "--name-only",
            "--no-renames",
            from,
            to,
            "--",
            &top,
        ])
        .map_err(failed)?;
    let paths = bytes.split(|byte| *byte == 0).filter_map(|path| {
        let path = std::str::from_utf8(path).ok()?;
        path.strip_prefix(local.prefix).map(str::to_string)
    });
    Ok(paths.filter(|path| !path.is_empty()).collect())
}

fn empty_tree(repository: &Repository) -> Result<String, Failure> {
    let bytes = repository.piped(&["mktree"], b"").map_err(failed)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_string())
}

/// The texts of a commit that some files, or some rows, may be parts of.
fn texts_near(
    local: &Local<'_>,
    commit: &str,
    paths: &BTreeSet<String>,
    pending: &Changes,
    folders: &BTreeSet<String>,
) -> Result<Texts, Failure> {
    let stems: BTreeSet<&str> = paths.iter().map(|path| stem(path)).collect();
    let pages: BTreeSet<&str> = keys(pending, EntityKind::Page);
    let parts: BTreeSet<&str> = keys(pending, EntityKind::Component)
        .union(&keys(pending, EntityKind::Node))
        .copied()
        .collect();
    let tokens = paths.iter().any(|path| below(path, TOKENS).is_some())
        || !keys(pending, EntityKind::Token).is_empty();
    let wanted = |path: &str| {
        let name = stem(path).rsplit('/').next().unwrap_or_default();
        let is_part = below(path, COMPONENTS).is_some() || below(path, NODES).is_some();
        paths.contains(path)
            || folders.contains(folder(path))
            || (is_part && (stems.contains(stem(path)) || parts.contains(name)))
            || (below(path, PAGES).is_some() && pages.contains(name))
            || (tokens && below(path, TOKENS).is_some())
    };
    texts_of_commit(local.repository, commit, local.prefix, wanted).map_err(failed)
}

/// The folders of a commit that count as a whole, because texts stand there beside documents that take
/// them.
fn folders_near(
    local: &Local<'_>,
    commit: &str,
    paths: &BTreeSet<String>,
    pending: &Changes,
) -> Result<BTreeSet<String>, Failure> {
    let texts = texts_near(local, commit, paths, pending, &BTreeSet::new())?;
    let (documents, _) = documents_of(&texts);
    let origins: BTreeSet<&str> = documents.entities().map(|(_, _, origin)| origin).collect();
    let is_text = |path: &str| below(path, PAGES).is_some() && !origins.contains(path);
    let with_texts = texts
        .iter()
        .filter(|(path, text)| text.contains("$file") || is_text(path));
    Ok(with_texts
        .map(|(path, _)| folder(path).to_string())
        .collect())
}

/// The documents of a commit that some files, or some rows, may be parts of.
fn documents_near(
    local: &Local<'_>,
    commit: &str,
    paths: &BTreeSet<String>,
    pending: &Changes,
    folders: &BTreeSet<String>,
) -> Result<Documents, Failure> {
    let texts = texts_near(local, commit, paths, pending, folders)?;
    Ok(documents_of(&texts).0)
}

fn keys(changes: &Changes, kind: EntityKind) -> BTreeSet<&str> {
    let names = changes.keys().filter(|(of, _)| *of == kind);
    names.map(|(_, key)| key.as_str()).collect()
}

fn stem(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(stem, _)| stem)
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// How many entities of each kind a commit has.
pub fn counts(local: &Local<'_>, commit: &str) -> Result<BTreeMap<EntityKind, usize>, Failure> {
    let texts = texts_of_commit(local.repository, commit, local.prefix, |_| true);
    let (documents, _) = documents_of(&texts.map_err(failed)?);
    let mut counts = BTreeMap::new();
    for (kind, _, _) in documents.entities() {
        *counts.entry(kind).or_default() += 1;
    }
    Ok(counts)
}
