//! Revisions to commits: the same revisions are the same commits in every clone.
//!
//! A revision that was pushed is the commit that was pushed. Any other becomes a commit on that of its
//! parent, with the changed entities printed into its tree; author, time and message come from the
//! revision alone.

use std::collections::{BTreeMap, BTreeSet};

use super::failed;
use super::git::Repository;
use super::import::Import;
use super::message::commit_message;
use super::printing::{Changes, Outcome, print_changes};
use crate::compare::compare;
use crate::db::{Failure, Revision};
use crate::diag::{Severity, code};
use crate::digest::Digest;

/// Where commits are made.
pub struct Target<'a> {
    pub repository: &'a Repository,
    /// The folder of the site in the repository: empty, or with a `/` at its end.
    pub prefix: &'a str,
    /// Whether to go on without commits that were pushed and are not here.
    pub rebuild: bool,
}

/// The commits of revisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Revision and commit, in order.
    pub commits: Vec<(Digest, String)>,
    /// Commits that were pushed and are not here, and were made anew from the revisions.
    pub rebuilt: Vec<String>,
    /// What could not be written as a file, and why.
    pub left_out: Vec<String>,
}

/// The commits of revisions that follow each other. `parent` is the commit of the revision before the
/// first of them.
pub fn commit_revisions(
    target: &Target<'_>,
    parent: Option<String>,
    revisions: &[Revision],
) -> Result<Committed, Failure> {
    let mut committed = Committed::default();
    let mut parent = parent;
    let mut import: Option<Import> = None;
    let mut waiting: Vec<(Digest, usize)> = Vec::new();
    let mut rest = revisions;
    while let Some((revision, after)) = rest.split_first() {
        rest = after;
        if let Some(pushed) = &revision.commit {
            // What is known of the commits before it is asked of git, so they have to be there.
            finish(&mut import, &mut waiting, &mut committed, &mut parent)?;
            match is_here(target, parent.as_deref(), pushed)? {
                Here::Follows => {
                    committed.commits.push((revision.digest, pushed.clone()));
                    parent = Some(pushed.clone());
                    continue;
                }
                Here::Stranger => {}
                Here::Missing => {
                    if let Some(place) = last_here(target, parent.as_deref(), rest)? {
                        rest = &rest[place..];
                        continue;
                    }
                    if !target.rebuild && !is_alone(target)? {
                        return Err(missing(target, pushed)?);
                    }
                    committed.rebuilt.push(pushed.clone());
                }
            }
        }
        // Of a commit that changed no content, nothing is left to be made anew.
        let at = parent.as_ref().filter(|_| revision.commit.is_some());
        if let Some(parent) = at.filter(|_| revision.changes.is_empty()) {
            committed.commits.push((revision.digest, parent.clone()));
            continue;
        }
        let import = match &mut import {
            Some(import) => import,
            None => import.insert(Import::begin(
                target.repository,
                target.prefix,
                parent.as_deref(),
            )?),
        };
        waiting.push((
            revision.digest,
            commit_one(import, revision, &mut committed.left_out)?,
        ));
    }
    finish(&mut import, &mut waiting, &mut committed, &mut parent)?;
    Ok(committed)
}

/// Ends an import, and takes the ids of its commits.
fn finish(
    import: &mut Option<Import>,
    waiting: &mut Vec<(Digest, usize)>,
    committed: &mut Committed,
    parent: &mut Option<String>,
) -> Result<(), Failure> {
    let Some(import) = import.take() else {
        return Ok(());
    };
    let ids = import.end()?;
    for (revision, place) in waiting.drain(..) {
        committed.commits.push((revision, ids[place].clone()));
    }
    *parent = ids.last().cloned();
    Ok(())
}

/// Whether a commit that was pushed is in the repository.
enum Here {
    /// It is, and follows what came before it.
    Follows,
    /// It is, and does not: it was pushed by a clone that had made the history before it anew. What it
    /// changed is committed on the history of this clone.
    Stranger,
    Missing,
}

fn is_here(target: &Target<'_>, parent: Option<&str>, pushed: &str) -> Result<Here, Failure> {
    if !is_object_id(pushed) || !target.repository.has_commit(pushed).map_err(failed)? {
        return Ok(Here::Missing);
    }
    let Some(parent) = parent else {
        return Ok(Here::Follows);
    };
    match target
        .repository
        .is_ancestor(parent, pushed)
        .map_err(failed)?
    {
        true => Ok(Here::Follows),
        // Behind the end of a shallow clone, nobody knows.
        false if target.repository.is_shallow().map_err(failed)? => Err(shallow(pushed)),
        false => Ok(Here::Stranger),
    }
}

/// Whether there is nowhere to fetch a commit from.
fn is_alone(target: &Target<'_>) -> Result<bool, Failure> {
    Ok(target
        .repository
        .other_remotes()
        .map_err(failed)?
        .is_empty())
}

/// The place of the last of some revisions whose commit was pushed and is here. It says all that the
/// database said then, so of what came before nothing is needed: not in a shallow clone that begins
/// there, and not where the history before it had been made anew.
fn last_here(
    target: &Target<'_>,
    parent: Option<&str>,
    revisions: &[Revision],
) -> Result<Option<usize>, Failure> {
    for (place, revision) in revisions.iter().enumerate().rev() {
        let Some(pushed) = revision.commit.as_deref().filter(|one| is_object_id(one)) else {
            continue;
        };
        if !target.repository.has_commit(pushed).map_err(failed)? {
            continue;
        }
        let follows = match parent {
            Some(parent) => target.repository.is_ancestor(parent, pushed),
            None => Ok(true),
        };
        if follows.map_err(failed)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// Whether a text can be the id of an object: it comes from a row, and is given to git.
fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn short(commit: &str) -> String {
    commit.chars().take(12).collect()
}

fn missing(target: &Target<'_>, pushed: &str) -> Result<Failure, Failure> {
    if target.repository.is_shallow().map_err(failed)? {
        return Ok(shallow(pushed));
    }
    let message = format!(
        "the commit {} was pushed into the database, and is not in this repository",
        short(pushed)
    );
    let remotes = target.repository.other_remotes().map_err(failed)?;
    let first = remotes.first().map_or("origin", String::as_str);
    let hint = format!(
        "`git fetch {first}` brings it, if whoever pushed it has pushed it there as well; where it \
         cannot be had, `rbgen pull --rebuild` (`git -c rbgen.rebuild=true fetch`) makes the history \
         anew, without what only that commit had"
    );
    Ok(Failure::new(code::MISSING_COMMIT, message).hint(hint))
}

fn shallow(pushed: &str) -> Failure {
    let message = format!(
        "this clone is shallow, and does not have what the commit {} of the database needs",
        short(pushed)
    );
    Failure::new(code::MISSING_COMMIT, message)
        .hint("`git fetch --unshallow` brings the rest of the history; then try again")
}

/// Adds the commit of a revision to an import, and gives its place in there. What cannot be written as
/// a file, because something else is in its place, is left out and said: a history that is sealed cannot
/// be mended, and must not stop everything after it.
fn commit_one(
    import: &mut Import,
    revision: &Revision,
    left_out: &mut Vec<String>,
) -> Result<usize, Failure> {
    let mut outcome = print(import, &revision.changes)?;
    if first_error(&outcome).is_some() {
        let mut sound = Changes::new();
        for (name, content) in &revision.changes {
            let one = Changes::from([(name.clone(), content.clone())]);
            match first_error(&print(import, &one)?) {
                None => sound.extend(one),
                Some(why) => left_out.push(format!("{} `{}`: {why}", name.0.as_str(), name.1)),
            }
        }
        outcome = print(import, &sound)?;
    }
    if let Some(why) = first_error(&outcome) {
        let message = format!("a revision of the database cannot be written as files: {why}");
        return Err(Failure::new(code::NOT_IN_FILES, message).hint(
            "look at the files of the last commit that the database has: something is in the way",
        ));
    }
    let Outcome {
        printed,
        before,
        after,
        ..
    } = outcome;
    let differences = compare(&before, &after);
    let message = commit_message(revision, &differences);
    let mut files: BTreeMap<String, Option<String>> = BTreeMap::new();
    files.extend(printed.removed.into_iter().map(|path| (path, None)));
    files.extend(
        printed
            .texts
            .into_iter()
            .map(|(path, text)| (path, Some(text))),
    );
    import.commit(&message, files)
}

fn print(import: &mut Import, changes: &Changes) -> Result<Outcome, Failure> {
    let paths = import.paths().clone();
    print_changes(&paths, changes, |wanted: &BTreeSet<String>| {
        import.read(wanted)
    })
}

fn first_error(outcome: &Outcome) -> Option<String> {
    let mut errors = outcome
        .diagnostics
        .iter()
        .filter(|one| one.severity == Severity::Error);
    errors.next().map(|one| one.message.clone())
}
