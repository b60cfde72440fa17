//! Where the records of deploys are kept: in a database, or in `.rbgen/deploys.jsonl` until there is one.

mod file;

use std::path::{Path, PathBuf};

use crate::db::{
    Access, DeploysWanted, Failure, Session, close_stale_deploys, read_deploys, write_deploys,
};
use crate::diag::{Diagnostic, code};
use crate::model::{Deploy, DeployStatus, Moment};
use file::{append, aside, forget, lock, read, set_apart};

/// The records of a site.
pub struct Book {
    /// A connection, where there is a database and it can be reached.
    session: Option<Session>,
    file: PathBuf,
}

/// A book that was opened, and what is worth a word.
pub struct Opened {
    pub book: Book,
    /// How many records of the file the database has now.
    pub handed_over: usize,
    /// Why the database does not have what follows.
    pub failure: Option<Failure>,
}

/// Said in a record that its process did not close.
const DEAD: &str = "the process that deployed ended before it was done";

impl Book {
    /// Opens the records of the site whose state is in `state`. With a session, they go to the database,
    /// and it gets those that the file has.
    pub fn open(state: &Path, session: Option<Session>) -> Opened {
        let mut book = Book {
            session,
            file: state.join("deploys.jsonl"),
        };
        let (handed_over, failure) = match book.hand_over() {
            Ok(count) => (count, None),
            Err(failure) => {
                book.session = None;
                (0, Some(failure))
            }
        };
        Opened {
            book,
            handed_over,
            failure,
        }
    }

    /// Whether the records are in a database.
    pub fn has_database(&self) -> bool {
        self.session.is_some()
    }

    /// Its connection, where it still has one.
    pub fn into_session(self) -> Option<Session> {
        self.session
    }

    /// Brings the records of the file into the database. The file gets another name first, so that what
    /// others append meanwhile is in a new one. Killed in between, the next time finds it.
    fn hand_over(&mut self) -> Result<usize, Failure> {
        let Some(session) = &mut self.session else {
            return Ok(0);
        };
        let Some(_lock) = lock(&self.file) else {
            return Ok(0);
        };
        let mut count = 0;
        let aside = aside(&self.file);
        for set_aside in [false, true] {
            if set_aside && !set_apart(&self.file, &aside) {
                break;
            }
            // What cannot be read is not forgotten.
            let Ok(records) = read(&aside) else {
                break;
            };
            if !records.is_empty() {
                session.transaction(Access::Write, |session| write_deploys(session, &records))?;
            }
            count += records.len();
            forget(&aside);
        }
        Ok(count)
    }

    /// The records of the files.
    fn in_files(&self) -> Vec<Deploy> {
        let mut records = read(&aside(&self.file)).unwrap_or_default();
        for record in read(&self.file).unwrap_or_default() {
            match records.iter_mut().find(|other| other.id == record.id) {
                Some(other) => *other = record,
                None => records.push(record),
            }
        }
        records
    }

    /// Notes records as they are now. Where the database does not take them any more, the file does, and
    /// the failure is given; where neither does, the deploy goes on without.
    pub fn note(&mut self, deploys: &[Deploy]) -> Option<Diagnostic> {
        let failure = match &mut self.session {
            Some(session) => {
                let written =
                    session.transaction(Access::Write, |session| write_deploys(session, deploys));
                match written {
                    Ok(()) => return None,
                    Err(failure) => {
                        self.session = None;
                        Some(failure.diagnostic())
                    }
                }
            }
            None => None,
        };
        match append(&self.file, deploys) {
            Ok(()) => failure,
            Err(error) => Some(Diagnostic::general(
                code::WRITE_FAILED,
                format!(
                    "the records cannot be written into `{}`: {error}",
                    self.file.display()
                ),
            )),
        }
    }

    /// Closes the records that dead processes left open for a node and a target. Whoever calls it has
    /// the turn at that target, so nobody alive has an open record for it.
    pub fn close_stale(&mut self, node: &str, target: &str, now: Moment) -> Option<Diagnostic> {
        let mut problem = None;
        if let Some(session) = &mut self.session {
            let closed = session.transaction(Access::Write, |session| {
                close_stale_deploys(session, node, target, DEAD)
            });
            if let Err(failure) = closed {
                problem = Some(failure.diagnostic());
                self.session = None;
            }
        }
        let stale: Vec<Deploy> = self
            .in_files()
            .into_iter()
            .filter(|deploy| {
                deploy.status.is_open()
                    && deploy.node == node
                    && deploy.target.as_deref() == Some(target)
            })
            .map(|deploy| Deploy {
                status: DeployStatus::Failed,
                completed_at: Some(now),
                error: Some(DEAD.to_string()),
                ..deploy
            })
            .collect();
        if stale.is_empty() {
            return problem;
        }
        problem.or(append(&self.file, &stale).err().map(|error| {
            Diagnostic::general(
                code::WRITE_FAILED,
                format!(
                    "the records cannot be written into `{}`: {error}",
                    self.file.display()
                ),
            )
        }))
    }

    /// The records that are wanted, the newest first: those of the database, and those of the file.
    pub fn read(&mut self, wanted: &DeploysWanted<'_>) -> Result<Vec<Deploy>, Failure> {
        let mut found = match &mut self.session {
            Some(session) => {
                session.transaction(Access::Read, |session| read_deploys(session, wanted))?
            }
            None => Vec::new(),
        };
        let is_wanted = |deploy: &Deploy| {
            (wanted.nodes.is_empty() || wanted.nodes.contains(&deploy.node))
                && (wanted.apps.is_empty() || wanted.apps.contains(&deploy.app))
                && wanted.id.is_none_or(|id| deploy.id.starts_with(id))
        };
        for deploy in self.in_files().into_iter().filter(is_wanted) {
            if !found.iter().any(|other| other.id == deploy.id) {
                found.push(deploy);
            }
        }
        found.sort_by(|a, b| (b.started_at, &a.id).cmp(&(a.started_at, &b.id)));
        found.truncate(wanted.limit);
        Ok(found)
    }
}
