//! A look at a database: which one it is, its last revision, and in what its rows differ from that.

use std::collections::{BTreeMap, BTreeSet};

use super::Wishes;
use super::memory::Memory;
use super::printing::Changes;
use super::trial::{Wrong, is_wrong};
use crate::db::{
    BlockOrders, Failure, Head, Identity, Revision, Session, Watermark, actors_of, add_revision,
    block_orders, changed_since, documents_of_rows, has_content, head, identity, note_sync,
    number_of, read_rows, read_rows_of, sealed_counts, sealed_digests, session_user,
    transaction_time, watermark,
};
use crate::diag::{Diagnostic, Diagnostics, Severity, code};
use crate::digest::Digest;
use crate::format::{Contents, EntityName, can_have_file, contents_of};
use crate::model::{Documents, EntityKind};

/// What a look has seen, all of it in one view of the database.
#[derive(Clone, Debug)]
pub struct Look {
    pub identity: Identity,
    pub head: Option<Head>,
    /// In what the rows differ from the last revision: the contents of the rows, `None` where there is
    /// no row any more.
    pub changes: Changes,
    /// The documents of the rows that were read, without those with errors.
    pub documents: Documents,
    /// The entities whose rows have errors. What they say is not known, so they are left as they were.
    pub broken: BTreeSet<EntityName>,
    /// The errors, as warnings: they stop nothing else.
    pub diagnostics: Diagnostics,
    pub watermark: Watermark,
    /// The numbers of the blocks of the pages that were read.
    pub orders: BlockOrders,
}

/// Looks. Only rows that may have changed since the last look are read, and those of `also`; without
/// a memory that holds, all are. It must run in a transaction.
pub fn look(
    session: &mut Session,
    database: &str,
    memory: Option<&Memory>,
    wishes: Wishes,
    also: &BTreeSet<EntityName>,
) -> Result<Look, Failure> {
    let identity = identity(session)?;
    let head = head(session)?;
    if let Some(memory) = memory {
        check_same(session, database, memory, &identity)?;
    }
    let trusted = memory.filter(|_| !wishes.verify);
    let seen = trusted.map(|memory| seen(session, memory)).transpose()?;
    let hint = match trusted.zip(seen) {
        Some((memory, seen)) => changed_since(session, &seen)?.map(|mut names| {
            names.extend(memory.broken.iter().cloned());
            names.extend(also.iter().cloned());
            names
        }),
        None => None,
    };
    let watermark = watermark(session)?;
    let rows = match &hint {
        Some(names) => read_rows_of(session, names)?,
        None => read_rows(session)?,
    };
    let orders = block_orders(&rows);
    let content = documents_of_rows(rows);
    let mut broken = content.broken;
    let mut contents = contents_of(&content.documents);
    let mut diagnostics = warnings(content.diagnostics);
    let without_file = contents
        .keys()
        .filter(|(kind, key)| !can_have_file(*kind, key));
    for (kind, key) in without_file.cloned().collect::<Vec<_>>() {
        let message = format!(
            "the {} `{key}` has a key too long for a file",
            kind.as_str()
        );
        diagnostics.push(Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::general(code::NOT_IN_FILES, message)
        });
        broken.insert((kind, key));
    }
    contents.retain(|name, _| !broken.contains(name));
    let mut documents = content.documents;
    documents.retain(|kind, key| !broken.contains(&(kind, key.to_string())));
    let sealed = sealed_digests(session, hint.as_ref())?;
    let changes = changes(&contents, &sealed, &broken);
    let look = Look {
        identity,
        head,
        changes,
        documents,
        broken,
        diagnostics,
        watermark,
        orders,
    };
    check_deletions(session, &look, wishes)?;
    Ok(look)
}

/// Up to where the rows were seen.
fn seen(session: &mut Session, memory: &Memory) -> Result<Watermark, Failure> {
    let mut seen = memory.watermark.clone();
    if is_wrong(Wrong::TrustLog) {
        seen.triggers = watermark(session)?.triggers;
    }
    Ok(seen)
}

/// Fails where the database is not the one of the memory, or lost what that has seen.
fn check_same(
    session: &mut Session,
    database: &str,
    memory: &Memory,
    now: &Identity,
) -> Result<(), Failure> {
    let then = &memory.identity;
    let accept =
        format!("if it is meant, `rbgen remote accept {database}` goes on with it as it is");
    let moved = !then.place.is_empty() && !now.place.is_empty() && then.place != now.place;
    if then.lineage != now.lineage || moved {
        let message = match then.lineage == now.lineage {
            true => {
                "this is a copy of the database that this clone last synced with, or that database \
                     restored elsewhere"
            }
            false => "this is another database than the one that this clone last synced with",
        };
        let failure = Failure::new(code::OTHER_DATABASE, message);
        return Err(session.blame(failure.hint(accept)));
    }
    if number_of(session, memory.revision)?.is_none() {
        let message = format!(
            "the revision {} that this clone has seen is not in the database any more: it was \
             restored from a backup, or its history was altered",
            memory.revision.short(12)
        );
        return Err(session.blame(Failure::new(code::REWOUND, message).hint(accept)));
    }
    Ok(())
}

/// Errors of rows as warnings.
fn warnings(diagnostics: Diagnostics) -> Diagnostics {
    let mut softer = Diagnostics::new();
    for diagnostic in diagnostics.iter() {
        softer.push(Diagnostic {
            severity: Severity::Warning,
            ..diagnostic.clone()
        });
    }
    softer
}

fn changes(
    contents: &Contents,
    sealed: &BTreeMap<EntityName, Digest>,
    broken: &BTreeSet<EntityName>,
) -> Changes {
    let mut changes = Changes::new();
    for (name, content) in contents {
        let is_same = sealed
            .get(name)
            .is_some_and(|digest| *digest == Digest::of_bytes(content.as_bytes()));
        if !is_same {
            changes.insert(name.clone(), Some(content.clone()));
        }
    }
    let gone = sealed
        .keys()
        .filter(|name| !contents.contains_key(*name) && !broken.contains(*name));
    changes.extend(gone.map(|name| (name.clone(), None)));
    changes
}

/// Fails where rows went that hardly anybody meant to delete.
fn check_deletions(session: &mut Session, look: &Look, wishes: Wishes) -> Result<(), Failure> {
    let deleted: Vec<EntityName> = look
        .changes
        .iter()
        .filter(|(_, content)| content.is_none())
        .map(|(name, _)| name.clone())
        .collect();
    if deleted.is_empty() {
        return Ok(());
    }
    if !has_content(session)? {
        let message = "the database has a history and no content: somebody emptied its tables";
        let failure = Failure::new(code::EMPTIED, message);
        return Err(session.blame(failure.hint(
            "`rbgen import` brings the files back into it; nobody takes it for \"all was deleted\"",
        )));
    }
    if wishes.allow_deletes || deleted.len() <= MANY {
        return Ok(());
    }
    let counts = sealed_counts(session)?;
    match many_deletions(&deleted, &counts) {
        None => Ok(()),
        Some(words) => {
            let message = format!("the database has lost {words} since the last look");
            let failure = Failure::new(code::MANY_DELETIONS, message);
            Err(session.blame(failure.hint(
                "if that is meant: `rbgen pull --allow-deletes`, or \
                 `git -c rbgen.allowDeletes=true fetch`; if not, `rbgen import` brings back what the \
                 files have",
            )))
        }
    }
}

/// So many deletions of a kind are nothing to ask about.
const MANY: usize = 10;

/// Words for deletions that have to be asked for: of a kind more than ten, and more than a quarter.
pub fn many_deletions<'a>(
    deleted: impl IntoIterator<Item = &'a EntityName>,
    counts: &BTreeMap<EntityKind, usize>,
) -> Option<String> {
    let mut gone: BTreeMap<EntityKind, usize> = BTreeMap::new();
    for (kind, _) in deleted {
        *gone.entry(*kind).or_default() += 1;
    }
    let mut words = Vec::new();
    for (kind, count) in gone {
        let all = counts.get(&kind).copied().unwrap_or_default();
        if count > MANY && count * 4 > all {
            words.push(format!("{count} of {all} {}s", kind.as_str()));
        }
    }
    (!words.is_empty()).then(|| words.join(" and "))
}

/// Seals what a look found as a new revision, in the same transaction.
pub fn seal(session: &mut Session, look: &Look) -> Result<Revision, Failure> {
    let names: BTreeSet<EntityName> = look.changes.keys().cloned().collect();
    let actors = actors_of(session, &names)?;
    add(session, look, look.changes.clone(), actors, None)
}

/// Adds a revision for a commit that is pushed, in the same transaction as the look.
pub fn add_pushed(
    session: &mut Session,
    look: &Look,
    changes: Changes,
    commit: &str,
) -> Result<Revision, Failure> {
    let actor = session_user(session)?;
    add(
        session,
        look,
        changes,
        vec![actor],
        Some(commit.to_string()),
    )
}

fn add(
    session: &mut Session,
    look: &Look,
    changes: Changes,
    actors: Vec<String>,
    commit: Option<String>,
) -> Result<Revision, Failure> {
    let mut revision = Revision {
        digest: Digest::of_bytes(b""),
        number: 0,
        parent: look.head.as_ref().map(|head| head.digest),
        lineage: look.identity.lineage.clone(),
        actors,
        sealed_at: transaction_time(session)?,
        commit,
        changes,
    };
    revision.digest = revision.digest_of();
    add_revision(session, &revision)?;
    note_sync(session, revision.changes.keys())?;
    Ok(revision)
}
