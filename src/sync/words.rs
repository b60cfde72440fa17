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
    folder_of, read_content_text,
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
    let near = Near::new(local, &paths, pending);
    let sides = [base, ours, theirs];
    let mut texts = Vec::with_capacity(sides.len());
    for side in sides {
        texts.push(near.texts(side)?);
    }
    // The same is read of all sides: what is read of one alone would seem to be missing from the others.
    let folders: BTreeSet<String> = texts.iter().flat_map(folders_of_texts).collect();
    let mut documents = Vec::with_capacity(sides.len());
    for (side, mut texts) in sides.into_iter().zip(texts) {
        if !folders.is_empty() {
            texts.extend(near.read(side, &|path| folders.contains(folder_of(path)))?);
        }
        documents.push(documents_of(&texts).0);
    }
    let [before, ours, mut theirs]: [Documents; 3] =
        documents.try_into().unwrap_or_else(|_| Default::default());
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

/// What of a commit some files, or some rows, may be parts of.
struct Near<'a> {
    local: &'a Local<'a>,
    paths: &'a BTreeSet<String>,
    stems: BTreeSet<&'a str>,
    pages: BTreeSet<&'a str>,
    parts: BTreeSet<&'a str>,
    tokens: bool,
}

impl<'a> Near<'a> {
    fn new(local: &'a Local<'a>, paths: &'a BTreeSet<String>, pending: &'a Changes) -> Near<'a> {
        let mut parts = keys(pending, EntityKind::Component);
        parts.extend(keys(pending, EntityKind::Node));
        Near {
            local,
            paths,
            stems: paths.iter().map(|path| stem(path)).collect(),
            pages: keys(pending, EntityKind::Page),
            parts,
            tokens: paths.iter().any(|path| below(path, TOKENS).is_some())
                || !keys(pending, EntityKind::Token).is_empty(),
        }
    }

    fn read(&self, commit: Option<&str>, wanted: &dyn Fn(&str) -> bool) -> Result<Texts, Failure> {
        let Local {
            repository, prefix, ..
        } = self.local;
        match commit {
            Some(commit) => texts_of_commit(repository, commit, prefix, wanted).map_err(failed),
            None => Ok(Texts::new()),
        }
    }

    fn texts(&self, commit: Option<&str>) -> Result<Texts, Failure> {
        self.read(commit, &|path| {
            let name = stem(path).rsplit('/').next().unwrap_or_default();
            let is_part = below(path, COMPONENTS).is_some() || below(path, NODES).is_some();
            self.paths.contains(path)
                || (is_part && (self.stems.contains(stem(path)) || self.parts.contains(name)))
                || (below(path, PAGES).is_some() && self.pages.contains(name))
                || (self.tokens && below(path, TOKENS).is_some())
        })
    }
}

/// Where texts stand beside documents that take them, all of the folder counts.
fn folders_of_texts(texts: &Texts) -> BTreeSet<String> {
    let (documents, _) = documents_of(texts);
    let origins: BTreeSet<&str> = documents.entities().map(|(_, _, origin)| origin).collect();
    let is_text = |path: &str| below(path, PAGES).is_some() && !origins.contains(path);
    let found = texts
        .iter()
        .filter(|(path, text)| text.contains("$file") || is_text(path));
    found.map(|(path, _)| folder_of(path).to_string()).collect()
}

fn keys(changes: &Changes, kind: EntityKind) -> BTreeSet<&str> {
    let names = changes.keys().filter(|(of, _)| *of == kind);
    names.map(|(_, key)| key.as_str()).collect()
}

fn stem(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(stem, _)| stem)
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
