//! Fetching: what changed in the database by itself becomes a revision, and revisions become commits.

use std::collections::BTreeSet;

use super::commits::{Target, commit_revisions};
use super::look::{Look, look, seal};
use super::memory::{Memory, recall, remember};
use super::printing::Changes;
use super::trial::pass;
use super::{Local, Wishes, failed};
use crate::db::{
    Access, Failure, Revision, Session, add_edge, check_tables, number_of, revisions_after,
    share_content,
};
use crate::diag::{Diagnostic, Diagnostics, Severity, code};
use crate::digest::Digest;
use crate::format::EntityName;

/// What a fetch has found.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The commit that the database is at; `None` where it has no content and no history.
    pub commit: Option<String>,
    /// Its revision.
    pub revision: Option<Digest>,
    /// What was found changed and sealed by this fetch; in a dry run, what would be.
    pub sealed: Changes,
    /// How many revisions this clone had not seen before.
    pub new: usize,
    /// Commits that were pushed and are not here, and were made anew from the revisions.
    pub rebuilt: Vec<String>,
    /// The entities whose rows have errors, and were left out.
    pub broken: BTreeSet<EntityName>,
    /// What is wrong with their rows.
    pub diagnostics: Diagnostics,
}

/// How often it is tried where somebody else was quicker.
const MOST_TRIES: usize = 4;

/// Brings the history of a database into a repository, as commits that no branch names yet. Rows that
/// changed since the last revision are sealed as a new one.
pub fn fetch(local: &Local<'_>, session: &mut Session, wishes: Wishes) -> Result<Fetched, Failure> {
    let memory = recall(local)?;
    let (look, sealed) = look_and_seal(local, session, memory.as_ref(), wishes)?;
    pass("fetch-sealed");
    let known = match &memory {
        Some(memory)
            if local
                .repository
                .has_commit(&memory.commit)
                .map_err(failed)? =>
        {
            Some(memory)
        }
        _ => None,
    };
    let revisions: Vec<Revision> = session.transaction(Access::Read, |session| {
        let after = match known {
            Some(memory) => number_of(session, memory.revision)?.unwrap_or_default(),
            None => 0,
        };
        revisions_after(session, after)
    })?;
    let target = Target {
        repository: local.repository,
        prefix: local.prefix,
        rebuild: wishes.rebuild,
    };
    let parent = known.map(|memory| memory.commit.clone());
    let committed = commit_revisions(&target, parent, &revisions)?;
    pass("fetch-committed");
    let last = committed.commits.last().cloned();
    let last = last.or_else(|| known.map(|memory| (memory.revision, memory.commit.clone())));
    // What was seen and not sealed must be seen again, so the old watermark stays.
    let is_unsealed = sealed.is_none() && !look.changes.is_empty();
    let old = memory.as_ref().filter(|_| is_unsealed);
    if let Some((revision, commit)) = last.as_ref().filter(|_| old.is_some() || !is_unsealed) {
        let broken = look.broken.iter().cloned().collect();
        let now = Memory {
            identity: look.identity.clone(),
            revision: *revision,
            commit: commit.clone(),
            watermark: old.map_or(look.watermark.clone(), |old| old.watermark.clone()),
            broken: old.map_or(broken, |old| old.broken.clone()),
        };
        if memory.as_ref() != Some(&now) {
            remember(local, &now)?;
        }
    }
    pass("fetch-remembered");
    if let Some(sealed) = &sealed {
        // What was fetched is here, whether that can be noted or not.
        let _ = note_edge(session, sealed, &committed.commits);
    }
    let mut diagnostics = look.diagnostics;
    for message in committed.left_out {
        diagnostics.push(Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::general(code::NOT_IN_FILES, message)
        });
    }
    Ok(Fetched {
        commit: last.as_ref().map(|(_, commit)| commit.clone()),
        revision: last.map(|(revision, _)| revision),
        sealed: look.changes,
        new: revisions.len(),
        rebuilt: committed.rebuilt,
        broken: look.broken,
        diagnostics,
    })
}

/// Looks, and seals what is found. Who seals or pushes at the same time may be quicker; then it is
/// looked again.
fn look_and_seal(
    local: &Local<'_>,
    session: &mut Session,
    memory: Option<&Memory>,
    wishes: Wishes,
) -> Result<(Look, Option<Revision>), Failure> {
    // In a transaction of its own: that which locks must not have looked before it has the lock.
    session.transaction(Access::Read, check_tables)?;
    let mut tries = 1;
    loop {
        let done = session.transaction(Access::Write, |session| {
            share_content(session)?;
            let look = look(session, local.database, memory, wishes, &BTreeSet::new())?;
            pass("fetch-looked");
            let sealed = match look.changes.is_empty() || wishes.dry_run {
                true => None,
                false => Some(seal(session, &look)?),
            };
            pass("fetch-before-commit");
            Ok::<_, Failure>((look, sealed))
        });
        match done {
            Err(failure) if failure.code == code::DATABASE_BUSY && tries < MOST_TRIES => {
                tries += 1;
            }
            done => return done,
        }
    }
}

/// Notes which commit a sealed revision is. Nothing depends on it, but who looks into the table.
fn note_edge(
    session: &mut Session,
    sealed: &Revision,
    commits: &[(Digest, String)],
) -> Result<(), Failure> {
    let commit = commits.iter().find(|(digest, _)| *digest == sealed.digest);
    let Some((_, commit)) = commit else {
        return Ok(());
    };
    session.transaction(Access::Write, |session| {
        add_edge(session, &sealed.lineage, sealed.digest, commit, "pull")
    })
}
