//! Runs React code in other processes, which can be ended: nothing in a component can hurt the build.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room starts processes, and is what they run"
)]

mod child;
mod limits;
mod protocol;
mod words;
pub mod worker;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use child::COMMAND;
use child::{Child, Question};
use protocol::Answer;
use words::Blame;

use crate::digest::Digest;
use crate::render::react::{Call, Fault, FaultKind, Outline, Rendered, Runner};

/// Processes that compile and render, started when they are needed and ended with this value.
#[derive(Debug)]
pub struct Sandbox {
    program: PathBuf,
    /// Those that nobody asks at the moment. There are never more processes than were asked at once.
    idle: Mutex<Vec<Child>>,
    /// What took too much, so that it is not tried again.
    exhausting: Mutex<BTreeMap<Component, Fault>>,
}

/// The digest of a component's code, and that of the library that it is rendered with, if it is.
type Component = (Digest, Option<Digest>);

/// How often something is tried where it cannot be told who is to blame: in a process that has run other
/// code, and in new ones, which may be killed from outside.
const MOST_TRIES: usize = 3;

impl Sandbox {
    /// A sandbox whose processes are this program, an `rbgen`.
    pub fn new(program: PathBuf) -> Sandbox {
        Sandbox {
            program,
            idle: Mutex::default(),
            exhausting: Mutex::default(),
        }
    }

    /// A sandbox whose processes are the running program, which must be an `rbgen`.
    pub fn of_this_program() -> Sandbox {
        // It stays the same program when another is put in its place on the disk.
        let own = Path::new("/proc/self/exe");
        Sandbox::new(match cfg!(target_os = "linux") && own.exists() {
            true => own.to_path_buf(),
            false => std::env::current_exe().unwrap_or_else(|_| PathBuf::from("rbgen")),
        })
    }

    /// Asks a process. Whatever comes of it is of this component: where it may be of something else, it
    /// is tried again in a process of its own.
    fn ask(&self, question: &Question<'_>) -> Result<Answer, Fault> {
        let library = question.call.map(|call| call.runtime.digest);
        let keys = [(question.digest, None), (question.digest, library)];
        let known = {
            let exhausting = lock(&self.exhausting);
            keys.iter().find_map(|key| exhausting.get(key).cloned())
        };
        if let Some(fault) = known {
            return Err(fault);
        }
        let mut tries = 1;
        let mut kept = self.take(question);
        loop {
            let mut child = match kept.take() {
                Some(child) => child,
                None => Child::start(&self.program).map_err(|error| words::no_start(&error))?,
            };
            let is_alone = child.has_served_only(&question.digest);
            let (fault, blame) = match child.ask(question) {
                Ok(answer) => match limits_fault(&answer) {
                    None => {
                        lock(&self.idle).push(child);
                        return Ok(answer);
                    }
                    Some((fault, blame)) => (fault.clone(), blame),
                },
                Err(end) => words::of_end(&end),
            };
            child.kill();
            let is_certain = match blame {
                Blame::Certain => true,
                Blame::IfAlone => is_alone,
                Blame::Unknown => false,
            };
            if is_certain || tries == MOST_TRIES {
                if fault.kind == FaultKind::Limits {
                    lock(&self.exhausting).insert((question.digest, library), fault.clone());
                }
                return Err(fault);
            }
            tries += 1;
        }
    }

    /// A process that nobody asks, if there is one that may be asked this. What comes of compiling runs in
    /// browsers, so it is done where no code has run; and code runs where some has run, as long as there is such a
    /// process. One that knows the component comes first.
    fn take(&self, question: &Question<'_>) -> Option<Child> {
        let mut idle = lock(&self.idle);
        let renders = question.call.is_some();
        let worth = |child: &Child| match (child.has_rendered(), renders) {
            (true, false) => None,
            (fits, _) => Some((fits == renders, child.has_served(&question.digest))),
        };
        let places = (0..idle.len()).filter_map(|at| Some((worth(&idle[at])?, at)));
        let (_, best) = places.max()?;
        Some(idle.swap_remove(best))
    }
}

impl Runner for Sandbox {
    /// Forgets which components took too much: they may do so with some props only.
    fn begin(&self) {
        lock(&self.exhausting).clear();
    }

    fn outline(&self, code: &str) -> Result<Outline, Vec<Fault>> {
        let question = Question {
            code,
            digest: Digest::of_bytes(code.as_bytes()),
            call: None,
        };
        match self.ask(&question).map_err(|fault| sound(fault, code))? {
            Answer::Outline(Ok(outline)) => Ok(outline),
            Answer::Outline(Err(faults)) => {
                Err(faults.into_iter().map(|fault| sound(fault, code)).collect())
            }
            Answer::Missing | Answer::Rendered(_) | Answer::Overdue(_) => {
                Err(words::wrong_answer().into())
            }
        }
    }

    fn render(&self, call: &Call<'_>) -> Result<Rendered, Fault> {
        let question = Question {
            code: call.code,
            digest: Digest::of_bytes(call.code.as_bytes()),
            call: Some(call),
        };
        match self.ask(&question) {
            Ok(Answer::Rendered(Ok(rendered))) => Ok(rendered),
            Ok(Answer::Rendered(Err(fault))) | Err(fault) => Err(sound(fault, call.code)),
            Ok(Answer::Missing | Answer::Outline(_) | Answer::Overdue(_)) => {
                Err(words::wrong_answer())
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        // All are told first, so that they end at once.
        idle.iter_mut().for_each(Child::dismiss);
    }
}

/// That a component took too much, if that is the answer.
fn limits_fault(answer: &Answer) -> Option<(&Fault, Blame)> {
    let (fault, blame) = match answer {
        Answer::Overdue(fault) => return Some((fault, Blame::Certain)),
        // It may have run out of what others have taken.
        Answer::Rendered(Err(fault)) => (fault, Blame::IfAlone),
        Answer::Outline(Err(faults)) => (faults.first()?, Blame::IfAlone),
        Answer::Missing | Answer::Outline(Ok(_)) | Answer::Rendered(Ok(_)) => return None,
    };
    (fault.kind == FaultKind::Limits).then_some((fault, blame))
}

/// A fault whose place is one of the code.
fn sound(fault: Fault, code: &str) -> Fault {
    let range = fault
        .range
        .filter(|range| code.get(range.clone()).is_some());
    Fault { range, ..fault }
}

/// What is locked is sound at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
