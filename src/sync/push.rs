//! Pushing: what a commit says otherwise than the database goes into its rows, in one transaction, or
//! nothing does.

mod plan;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::plan::{renamed, writes};
use self::verdict::Verdict;
use super::look::{Look, add_pushed, look, many_deletions, seal};
use super::memory::{Memory, recall, remember};
use super::printing::Changes;
use super::tree::{folder_of_commit, texts_of_commit};
use super::trial::{Wrong, is_wrong, pass};
use super::{Local, Wishes, failed};
use crate::db::{
    Access, Failure, Revision, Session, Watermark, check_tables, lock_content, number_of,
    rename_keys, sealed_digests, share_content, watermark, write_documents,
};
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::digest::Digest;
use crate::files::Folder;
use crate::format::{
    COMPONENT_PARTS, COMPONENTS, Contents, EntityName, NODE_PARTS, NODES, contents_of, documents_of,
};
use crate::load::{load_site, read_texts};
use crate::model::{Documents, EntityKind};

pub use self::verdict::Check;

/// What came of a push.
#[derive(Clone, Debug)]
pub enum Pushed {
    /// The database has it, with these changes; in a dry run, it would.
    Done(Changes),
    /// The commit has errors, so nothing was written. The folder is its tree.
    Broken(Folder, Diagnostics),
}

/// Pushes a commit like [`push_checked`], of which only the documents are checked, not that pages can
/// be rendered.
pub fn push(
    local: &Local<'_>,
    session: &mut Session,
    commit: &str,
    wishes: Wishes,
) -> Result<Pushed, Failure> {
    push_checked(local, session, commit, wishes, &|folder| {
        load_site(folder).diagnostics
    })
}

/// Pushes a commit into a database that was fetched from before. It is refused where the commit does
/// not contain all that the database has.
///
/// The check runs beside the transaction, which waits for it before its end.
pub fn push_checked(
    local: &Local<'_>,
    session: &mut Session,
    commit: &str,
    wishes: Wishes,
    check: Check<'_>,
) -> Result<Pushed, Failure> {
    let memory = recall(local)?;
    if let Some(memory) = &memory {
        let there = local.repository.is_ancestor(&memory.commit, commit);
        if !there.map_err(failed)? {
            out_of_date("the commit does not contain all that the database has")?;
        }
        if memory.commit == commit {
            return Ok(Pushed::Done(Changes::new()));
        }
    }
    let folder = folder_of_commit(local.repository, commit, local.prefix).map_err(failed)?;
    std::thread::scope(|scope| {
        let mut verdict = Verdict::new(scope, check, &folder);
        let pushed = push_tree(
            local,
            session,
            commit,
            wishes,
            &folder,
            memory,
            &mut verdict,
        );
        match pushed {
            Ok(changes) => Ok(Pushed::Done(changes)),
            Err(Stop::Failed(failure)) => Err(failure),
            Err(Stop::Broken) => Ok(Pushed::Broken(folder.clone(), verdict.into_diagnostics())),
        }
    })
}

/// Why a push ends without effect.
enum Stop {
    Failed(Failure),
    /// The commit has errors, which the verdict has.
    Broken,
}

/// Waits for the check; fails where it found errors.
fn sound(verdict: &mut Verdict<'_, '_>) -> Result<(), Stop> {
    match verdict.wait() {
        true => Ok(()),
        false => Err(Stop::Broken),
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failed(failure)
    }
}

fn push_tree(
    local: &Local<'_>,
    session: &mut Session,
    commit: &str,
    wishes: Wishes,
    folder: &Folder,
    memory: Option<Memory>,
    verdict: &mut Verdict<'_, '_>,
) -> Result<Changes, Stop> {
    let mut diagnostics = Diagnostics::new();
    let texts = read_texts(folder, &mut diagnostics);
    let (documents, found) = documents_of(&texts);
    diagnostics.extend(found);
    if diagnostics.has_errors() {
        // The check says so as well, and more; its words count.
        sound(verdict)?;
        *verdict = Verdict::Known(diagnostics);
        return Err(Stop::Broken);
    }
    if documents.is_empty() {
        let message = "the commit has no content: no page, component, token or node";
        return Err(Failure::new(code::NO_CONTENT, message).into());
    }
    let contents = contents_of(&documents);
    pass("push-checked");
    // In a transaction of its own: that which locks must not have looked before it has the lock.
    let sealed = session.transaction(Access::Read, |session| {
        check_tables(session)?;
        sealed_digests(session, None)
    });
    let sealed: BTreeMap<EntityName, Digest> = sealed.map_err(Stop::Failed)?;
    let changes = wanted(local, memory.as_ref(), &contents, &sealed)?;
    let left = left_behind(folder, &changes);
    if left.has_errors() {
        *verdict = Verdict::Known(left);
        return Err(Stop::Broken);
    }
    let gone = changes.iter().filter(|(_, content)| content.is_none());
    let gone = gone.map(|(name, _)| name);
    let mut counts: BTreeMap<EntityKind, usize> = BTreeMap::new();
    for (kind, _) in sealed.keys() {
        *counts.entry(*kind).or_default() += 1;
    }
    if let Some(words) = many_deletions(gone, &counts).filter(|_| !wishes.allow_deletes) {
        let message = format!("the commit deletes {words}");
        let failure = Failure::new(code::MANY_DELETIONS, message);
        return Err(Stop::Failed(failure.hint(
            "if that is meant: `rbgen push --allow-deletes`, or `git push -o allow-deletes`",
        )));
    }
    let work = Work {
        local,
        memory: memory.as_ref(),
        commit,
        documents: &documents,
        changes,
        wishes,
    };
    pass("push-planned");
    write(work, session, verdict)
}

/// The files that stay of entities that go. To git, who deletes `x.toml` and who edits `x.css` beside it
/// do not meet, so a merge of both says that `x` goes: here it is seen that somebody may have meant
/// otherwise.
fn left_behind(folder: &Folder, changes: &Changes) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let gone = changes.iter().filter(|(_, content)| content.is_none());
    for ((kind, key), _) in gone {
        let (room, parts): (_, &[&str]) = match kind {
            EntityKind::Component => (COMPONENTS, &COMPONENT_PARTS),
            EntityKind::Node => (NODES, &NODE_PARTS),
            EntityKind::Page | EntityKind::Token => continue,
        };
        for part in parts {
            let path = format!("{room}/{key}.{part}");
            if folder.has_file(&path) {
                let kind = kind.as_str();
                let message =
                    format!("the {kind} `{key}` was deleted, and `{path}` is still there");
                let hint = format!("delete it as well, or bring back `{room}/{key}.toml`");
                let place = Place::whole(Arc::from(path));
                diagnostics.push(Diagnostic::error(code::NOT_READ, place, message).hint(hint));
            }
        }
    }
    diagnostics
}

/// What has to change in the last revision to make it say what the commit says. An entity is deleted
/// only where the commit that the database is at had it: that is the proof that it was seen.
fn wanted(
    local: &Local<'_>,
    memory: Option<&Memory>,
    contents: &Contents,
    sealed: &BTreeMap<EntityName, Digest>,
) -> Result<Changes, Failure> {
    let mut changes = Changes::new();
    for (name, content) in contents {
        let is_same = sealed
            .get(name)
            .is_some_and(|digest| *digest == Digest::of_bytes(content.as_bytes()));
        if !is_same {
            changes.insert(name.clone(), Some(content.clone()));
        }
    }
    let without: Vec<&EntityName> = sealed
        .keys()
        .filter(|name| !contents.contains_key(*name))
        .collect();
    if let Some(memory) = memory.filter(|_| !without.is_empty()) {
        let texts = texts_of_commit(local.repository, &memory.commit, local.prefix, |_| true);
        let (base, _) = documents_of(&texts.map_err(failed)?);
        let had = base.names();
        for (kind, key) in without {
            if had.contains(&(*kind, key.as_str())) || is_wrong(Wrong::Overwrite) {
                changes.insert((*kind, key.clone()), None);
            }
        }
    }
    Ok(changes)
}

struct Work<'a> {
    local: &'a Local<'a>,
    memory: Option<&'a Memory>,
    commit: &'a str,
    documents: &'a Documents,
    changes: Changes,
    wishes: Wishes,
}

/// From so many changes on, writing takes so long that the check runs beside it.
const FEW: usize = 1000;

/// How the transaction of a push ended.
enum End {
    Written(Box<Look>, Box<Watermark>, Revision),
    /// Rows had changed meanwhile, and were sealed.
    Late,
}

fn write(
    work: Work<'_>,
    session: &mut Session,
    verdict: &mut Verdict<'_, '_>,
) -> Result<Changes, Stop> {
    // A few rows are written in no time, and nobody else should wait for the check.
    match work.changes.len() < FEW {
        true => sound(verdict)?,
        false => verdict.begin(),
    }
    // Known even where the connection breaks while the server commits.
    let mut revision: Option<Revision> = None;
    let done = session.transaction(Access::Write, |session| {
        transact(&work, session, &mut revision, verdict)
    });
    let end = match (done, revision) {
        (Err(Stop::Failed(failure)), Some(revision)) if failure.code == code::CONNECTION_LOST => {
            found_out(session, &revision, failure)?;
            // What the watermark of that transaction was is not known, so the next look reads all.
            return Ok(work.changes);
        }
        (done, _) => done?,
    };
    match end {
        None => {}
        Some(End::Late) => return Err(late().into()),
        Some(End::Written(look, watermark, revision)) => {
            pass("push-committed");
            let now = Memory {
                identity: look.identity,
                revision: revision.digest,
                commit: work.commit.to_string(),
                watermark: *watermark,
                broken: look.broken.into_iter().collect(),
            };
            // It is pushed, whether that can be remembered or not.
            let _ = remember(work.local, &now);
            pass("push-remembered");
        }
    }
    Ok(work.changes)
}

fn transact(
    work: &Work<'_>,
    session: &mut Session,
    added: &mut Option<Revision>,
    verdict: &mut Verdict<'_, '_>,
) -> Result<Option<End>, Stop> {
    match work.wishes.dry_run {
        true => share_content(session)?,
        false => lock_content(session)?,
    }
    pass("push-locked");
    let touched: BTreeSet<EntityName> = work.changes.keys().cloned().collect();
    let wishes = Wishes {
        // What a push may delete says nothing of what was deleted in the database.
        allow_deletes: false,
        ..work.wishes
    };
    let look = look(session, work.local.database, work.memory, wishes, &touched)?;
    let head = look.head.as_ref().map(|head| head.digest);
    if head != work.memory.map(|memory| memory.revision) {
        out_of_date("somebody else pushed into the database meanwhile")?;
    }
    if let Some((kind, key)) = touched.intersection(&look.broken).next() {
        let message = format!(
            "the row of the {} `{key}` has errors, so what it says is not known, and it is not \
             overwritten",
            kind.as_str()
        );
        let failure = Failure::new(code::NOT_IN_FILES, message);
        return Err(Stop::Failed(failure.hint(
            "mend or delete the row in the database; `rbgen check --from db` tells its errors",
        )));
    }
    if !look.changes.is_empty() && !is_wrong(Wrong::Overwrite) {
        if !work.wishes.dry_run {
            seal(session, &look)?;
        }
        pass("push-sealed");
        return Ok(Some(End::Late));
    }
    if work.wishes.dry_run {
        sound(verdict)?;
        return Ok(None);
    }
    let mut writes = writes(work.documents, &work.changes);
    let (keys, orders) = renamed(&look, &writes);
    rename_keys(session, &keys)?;
    for rename in &keys.entities {
        writes.removed.remove(&(rename.kind, rename.old.clone()));
    }
    write_documents(session, &writes, &orders)?;
    pass("push-written");
    let revision = add_pushed(session, &look, work.changes.clone(), work.commit)?;
    // The last step, because it takes its time as well.
    sound(verdict)?;
    *added = Some(revision.clone());
    let watermark = watermark(session)?;
    pass("push-before-commit");
    Ok(Some(End::Written(
        Box::new(look),
        Box::new(watermark),
        revision,
    )))
}

/// Finds out whether a transaction was committed whose connection broke at its end.
fn found_out(session: &Session, revision: &Revision, failure: Failure) -> Result<(), Failure> {
    let asked = Session::open(session.address()).and_then(|mut session| {
        session.transaction(Access::Write, |session| {
            // Who has the lock knows that the other transaction has ended.
            lock_content(session)?;
            number_of(session, revision.digest)
        })
    });
    match asked {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(failure.hint("nothing was written; try again")),
        Err(_) => Err(session.blame(Failure::new(
            code::OUTCOME_UNKNOWN,
            "the connection broke while the server was committing, and it cannot be asked how that \
             ended",
        )
        .hint("the push took effect as a whole or not at all; `rbgen status` tells when the \
               database is there again"))),
    }
}

fn late() -> Failure {
    not_contained("rows of the database were edited meanwhile")
}

/// Refuses a commit that lacks something that the database has.
fn out_of_date(why: &str) -> Result<(), Failure> {
    match is_wrong(Wrong::Overwrite) {
        true => Ok(()),
        false => Err(not_contained(why)),
    }
}

fn not_contained(why: &str) -> Failure {
    Failure::new(code::OUT_OF_DATE, why).hint(
        "`rbgen pull` (or `git fetch` and `git merge`) brings it into the files; then push again",
    )
}
