//! Follows pages that one side of a merge has moved by their key, where git saw only that a file went.

use std::collections::BTreeMap;
use std::path::Path;

use super::git::{GitError, Repository};
use super::merge::{Marks, Versions, content_path, merge_texts};
use crate::files::write_file;
use crate::format::page_stem;

/// The objects of a path in the index of a merge that is not finished: those of the base, of ours and of
/// theirs.
#[derive(Default)]
struct Stages([Option<String>; 3]);

/// Merges the pages that one side edited and the other moved, in a merge that git stopped at. `theirs` is
/// the commit that is merged. Gives the paths that are left to decide.
pub fn follow_moved(repository: &Repository, theirs: &str) -> Result<Vec<String>, GitError> {
    let top = repository.text(&["rev-parse", "--show-toplevel"])?;
    let top = Repository::at(&top);
    for (path, Stages([base, ours, other])) in unmerged(&top)? {
        let (Some(base), Some(key)) = (base, key_of(&path)) else {
            continue;
        };
        // What is there was edited where it is; the other side has it elsewhere.
        let (commit, is_ours_here) = match (&ours, &other) {
            (Some(_), None) => (theirs, true),
            (None, Some(_)) => ("HEAD", false),
            _ => continue,
        };
        let Some((to, moved)) = moved_to(&top, commit, key, &path)? else {
            continue;
        };
        // What somebody has not committed is not written over.
        if !top.says_yes(&["diff", "--quiet", "--", &literal(&to)])? {
            continue;
        }
        let here = ours.or(other).unwrap_or_default();
        let (ours, theirs) = match is_ours_here {
            true => (here, moved),
            false => (moved, here),
        };
        merge_at(&top, &path, &to, [&base, &ours, &theirs])?;
    }
    Ok(unmerged(&top)?.into_keys().collect())
}

fn key_of(path: &str) -> Option<&str> {
    page_stem(content_path(path)?)?.rsplit('/').next()
}

fn unmerged(top: &Repository) -> Result<BTreeMap<String, Stages>, GitError> {
    let bytes = top.bytes(&["ls-files", "--unmerged", "-z"])?;
    let mut paths: BTreeMap<String, Stages> = BTreeMap::new();
    for entry in bytes.split(|byte| *byte == 0) {
        let entry = String::from_utf8_lossy(entry);
        let Some((head, path)) = entry.split_once('\t') else {
            continue;
        };
        let mut words = head.split(' ').skip(1);
        let (object, stage) = (words.next(), words.next());
        let stage = stage.and_then(|stage| stage.parse::<usize>().ok());
        if let (Some(object), Some(stage @ 1..=3)) = (object, stage) {
            let stages = paths.entry(path.to_string()).or_default();
            stages.0[stage - 1] = Some(object.to_string());
        }
    }
    Ok(paths)
}

/// Where a commit has the page of a key, if it is elsewhere than in `path`, and its object.
fn moved_to(
    top: &Repository,
    commit: &str,
    key: &str,
    path: &str,
) -> Result<Option<(String, String)>, GitError> {
    let start = content_path(path).map_or(path.len(), |content| path.len() - content.len());
    let folder = format!("{}content/pages/", &path[..start]);
    let bytes = top.bytes(&["ls-tree", "-r", "-z", "--full-tree", commit, &folder])?;
    let found = bytes.split(|byte| *byte == 0).find_map(|entry| {
        let entry = std::str::from_utf8(entry).ok()?;
        let (head, other) = entry.split_once('\t')?;
        let object = head.rsplit(' ').next()?;
        (other != path && key_of(other) == Some(key))
            .then(|| (other.to_string(), object.to_string()))
    });
    Ok(found)
}

/// A path that git takes as it is, and not as a pattern.
fn literal(path: &str) -> String {
    format!(":(top,literal){path}")
}

/// Merges three versions of a page at its new place.
fn merge_at(top: &Repository, from: &str, to: &str, objects: [&String; 3]) -> Result<(), GitError> {
    let read = |object: &String| {
        top.bytes(&["cat-file", "blob", object])
            .map(String::from_utf8)
    };
    let [Ok(base), Ok(ours), Ok(theirs)] =
        [read(objects[0])?, read(objects[1])?, read(objects[2])?]
    else {
        return Ok(());
    };
    let versions = Versions {
        base: Some(&base),
        ours: &ours,
        theirs: &theirs,
    };
    let merged = merge_texts(content_path(to).unwrap_or(to), versions, &Marks::default());
    let written = write_file(top.folder(), to, merged.text.as_bytes());
    written.map_err(|error| GitError {
        command: "git merge".to_string(),
        said: format!("`{to}` cannot be written: {error}"),
    })?;
    let from_path = literal(from);
    top.text(&["rm", "-q", "--force", "--ignore-unmatch", "--", &from_path])?;
    if Path::new(top.folder()).join(from).exists() {
        // Git leaves what it does not know any more.
        let _ = std::fs::remove_file(top.folder().join(from));
    }
    match merged.conflicts.is_empty() {
        true => top.text(&["add", "--", &literal(to)]).map(drop),
        false => {
            let mut lines = format!("0 {}\t{to}\0", "0".repeat(objects[0].len()));
            for (stage, object) in objects.iter().enumerate() {
                lines.push_str(&format!("100644 {object} {}\t{to}\0", stage + 1));
            }
            top.piped(&["update-index", "-z", "--index-info"], lines.as_bytes())
                .map(drop)
        }
    }
}
