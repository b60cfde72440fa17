//! Judges whether a job is fresh: the same page, the same blocks, and the same answers to all that it
//! asked. The walk that decides it gives the reason.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use super::Job;
use super::prepare::Workshop;
use super::render::Task;
use crate::bundle::bundle_folder;
use crate::ledger::{Ledger, Traces, Written};
use crate::track::{Answer, Asked, Kind, Question, read_trace};

/// Why an output is made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no ledger of such a build.
    NoLedger,
    /// It was asked for.
    Forced,
    /// It was not there the last time.
    New,
    /// The page itself has changed.
    Page,
    /// Conditions show other blocks.
    Blocks,
    /// The page is elsewhere.
    Moved,
    /// Something that it reads has changed.
    Answer(Question),
    /// The output is missing, or is not what was written.
    Output,
    /// Some of what it is made from has other bytes.
    Bytes,
}

impl fmt::Display for Reason {
    /// What follows *because*.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NoLedger => write!(f, "there is no ledger of such a build"),
            Reason::Forced => write!(f, "of `--force`"),
            Reason::New => write!(f, "it is new"),
            Reason::Page => write!(f, "the page changed"),
            Reason::Blocks => write!(f, "its conditions show other blocks"),
            Reason::Moved => write!(f, "its route or its app changed"),
            Reason::Answer(question) => write!(f, "{question} changed"),
            Reason::Output => write!(f, "the output is missing or was altered"),
            Reason::Bytes => write!(f, "what it is made from changed"),
        }
    }
}

/// Judges jobs against a ledger. Each trace is walked once for each node.
pub struct Judge<'a> {
    job: &'a Job<'a>,
    workshop: &'a Workshop<'a>,
    /// Whether nothing has changed but what some pages say.
    only_pages: bool,
    traces: Mutex<BTreeMap<(usize, Answer), Result<(), Reason>>>,
    /// Whether a page that was read says something else.
    documents: BTreeMap<&'a str, bool>,
}

impl<'a> Judge<'a> {
    /// A judge of the jobs of a build.
    pub fn new(job: &'a Job<'a>, workshop: &'a Workshop<'a>, only_pages: bool) -> Judge<'a> {
        let documents = job.notes.iter().map(|(key, note)| {
            let before = job.ledger.and_then(|ledger| {
                let number = ledger.find_page(key)?;
                ledger.page_note(number)
            });
            let changed = before.is_none_or(|before| before.document != note.document);
            (key.as_str(), changed)
        });
        Judge {
            job,
            workshop,
            only_pages,
            traces: Mutex::default(),
            documents: documents.collect(),
        }
    }

    /// Whether a job of the plan is fresh.
    pub fn verdict(&self, task: &Task<'_>) -> Result<(), Reason> {
        if let Some(reason) = &self.job.all {
            return Err(reason.clone());
        }
        let ledger = self.job.ledger.ok_or(Reason::NoLedger)?;
        let node = self.workshop.node_name(task.node);
        let key = task
            .page
            .as_ref()
            .map(|page| self.job.site.pages.key(page.page));
        let page = task.job_page(self.job.site);
        let note = ledger.job(node, page).ok_or(Reason::New)?;
        if note.app != task.app || note.path != task.path() {
            return Err(Reason::Moved);
        }
        if task
            .page
            .as_ref()
            .is_some_and(|page| page.blocks != note.blocks)
        {
            return Err(Reason::Blocks);
        }
        self.changed(task.node, key, note.traces)?;
        let output = format!("{}/{}", bundle_folder(node, task.app), note.path);
        match self.job.damaged.contains(&output) || ledger.output(&output).is_none() {
            true => Err(Reason::Output),
            false => Ok(()),
        }
    }

    /// What the ledger says of the output of a job that was found fresh, and of what it needs of the
    /// policy.
    pub fn kept(&self, task: &Task<'_>) -> Option<(Written, &'a [u8])> {
        let ledger = self.job.ledger.filter(|_| self.job.all.is_none())?;
        let node = self.workshop.node_name(task.node);
        let note = ledger.job(node, task.job_page(self.job.site))?;
        let output = format!("{}/{}", bundle_folder(node, task.app), task.path());
        Some((ledger.output(&output)?, note.needs))
    }

    /// Whether a job that is planned as the last time is fresh.
    pub fn changed(&self, node: usize, key: Option<&str>, traces: Traces) -> Result<(), Reason> {
        if key.is_some_and(|key| self.says_something_else(key)) {
            return Err(Reason::Page);
        }
        let ledger = self.job.ledger.ok_or(Reason::NoLedger)?;
        traces
            .into_iter()
            .try_for_each(|trace| self.same_answers(ledger, node, trace))
    }

    fn says_something_else(&self, key: &str) -> bool {
        self.documents.get(key) == Some(&true)
    }

    /// The pages that say something else, by key.
    pub fn changed_pages(&self) -> impl Iterator<Item = &'a str> {
        let changed = self.documents.iter().filter(|(_, changed)| **changed);
        changed.map(|(key, _)| *key)
    }

    /// Whether a question has another answer for a node than it had.
    pub fn has_another_answer(&self, node: usize, asked: &Asked<'_>) -> bool {
        let answers = self.workshop.answers(node);
        answers.is_none_or(|answers| answers.of(asked.kind, asked.name) != asked.answer)
    }

    fn same_answers(&self, ledger: &Ledger, node: usize, trace: Answer) -> Result<(), Reason> {
        let known = || self.traces.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(verdict) = known().get(&(node, trace)) {
            return verdict.clone();
        }
        let verdict = self.walk(ledger, node, trace);
        known().insert((node, trace), verdict.clone());
        verdict
    }

    /// Asks the questions of a trace again, as far as their answers may have changed.
    fn walk(&self, ledger: &Ledger, node: usize, trace: Answer) -> Result<(), Reason> {
        let answers = self.workshop.answers(node).ok_or(Reason::New)?;
        let trace = ledger.trace(trace).ok_or(Reason::New)?;
        for asked in read_trace(trace) {
            let asked = asked.ok_or(Reason::New)?;
            let may_differ = match asked.kind {
                // A page that is gone is in no list any more, and only lists lead to other pages.
                Kind::Field => self.says_something_else(asked.page()),
                _ => !self.only_pages,
            };
            // Debug builds, and so the tests, ask what a release build need not ask.
            if may_differ || cfg!(debug_assertions) {
                let same = answers.of(asked.kind, asked.name) == asked.answer;
                debug_assert!(same || may_differ, "{} changed unseen", asked.question());
                if !same {
                    return Err(Reason::Answer(asked.question()));
                }
            }
        }
        Ok(())
    }
}
