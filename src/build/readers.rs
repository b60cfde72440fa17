//! What is looked up of a site that stands, where finding it out anew would take its time: which jobs read
//! what other pages say, and which pages each node has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::prepare::Workshop;
use super::verdict::Judge;
use crate::ledger::{JobPage, Ledger, Traces};
use crate::track::{Answer, Asked, Kind, read_question, read_trace};

/// The jobs that read fields of other pages. It may name more than do so now, and never fewer: whether a
/// job is stale is for the judge to say.
#[derive(Debug, Default)]
pub struct Readers {
    /// By the key of a page, the traces that ask something of it, and where in their bytes.
    traces: BTreeMap<String, BTreeMap<Answer, Vec<u32>>>,
    /// By such a trace and a node, the jobs that asked it.
    jobs: BTreeMap<Answer, BTreeMap<String, BTreeSet<Reader>>>,
    /// By node, the pages that it has, as indices, sorted by route: as long as pages only say something else,
    /// they are the same.
    pages: Mutex<BTreeMap<String, Arc<Vec<usize>>>>,
}

/// A page that reads; of an app, what it shows for addresses that have none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reader {
    NotFound(String),
    Page(String),
}

impl Reader {
    fn of(page: JobPage<'_>) -> Reader {
        match page {
            JobPage::NotFound(app) => Reader::NotFound(app.to_string()),
            JobPage::Page(key) => Reader::Page(key.to_string()),
        }
    }

    fn as_page(&self) -> JobPage<'_> {
        match self {
            Reader::NotFound(app) => JobPage::NotFound(app),
            Reader::Page(key) => JobPage::Page(key),
        }
    }
}

impl Readers {
    /// Gives the nodes of a workshop the pages that they have, as far as it is known.
    pub(super) fn lend_pages(&self, workshop: &Workshop<'_>) {
        let known = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        for node in workshop.nodes.iter().flatten() {
            if let Some(pages) = known.get(&node.facts.node) {
                let _ = node.facts.pages.set(Arc::clone(pages));
            }
        }
    }

    /// Keeps what a workshop has found out.
    pub(super) fn keep_pages(&self, workshop: &Workshop<'_>) {
        let mut known = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        for node in workshop.nodes.iter().flatten() {
            if let Some(pages) = node.facts.pages.get() {
                known.insert(node.facts.node.clone(), Arc::clone(pages));
            }
        }
    }

    /// Those of a ledger.
    pub fn of(ledger: &Ledger) -> Readers {
        let mut readers = Readers::default();
        // Most jobs asked what others asked.
        let mut asks = BTreeMap::new();
        for (node, page, traces) in ledger.traces() {
            for trace in traces {
                let asks = asks
                    .entry(trace)
                    .or_insert_with(|| readers.note_trace(ledger, trace));
                if *asks {
                    readers.note_job(trace, node, page);
                }
            }
        }
        readers
    }

    /// Notes what jobs asked that were done again, and forgets what they asked before.
    pub fn note<'l>(
        &mut self,
        before: &Ledger,
        ledger: &Ledger,
        jobs: impl Iterator<Item = (&'l str, JobPage<'l>)>,
    ) {
        for (node, page) in jobs {
            let traces = |ledger: &Ledger| ledger.job(node, page).map(|note| note.traces);
            let (old, new) = (traces(before), traces(ledger));
            if old == new {
                continue;
            }
            for trace in old.into_iter().flatten() {
                self.forget_job(before, trace, node, page);
            }
            for trace in new.into_iter().flatten() {
                if self.jobs.contains_key(&trace) || self.note_trace(ledger, trace) {
                    self.note_job(trace, node, page);
                }
            }
        }
    }

    fn forget_job(&mut self, ledger: &Ledger, trace: Answer, node: &str, page: JobPage<'_>) {
        let Some(jobs) = self.jobs.get_mut(&trace) else {
            return;
        };
        if let Some(of_node) = jobs.get_mut(node) {
            of_node.remove(&Reader::of(page));
            if of_node.is_empty() {
                jobs.remove(node);
            }
        }
        if !jobs.is_empty() {
            return;
        }
        self.jobs.remove(&trace);
        for asked in fields(ledger, trace) {
            if let Some(traces) = self.traces.get_mut(asked.page()) {
                traces.remove(&trace);
                if traces.is_empty() {
                    self.traces.remove(asked.page());
                }
            }
        }
    }

    /// Whether a trace asks something of other pages, which is noted.
    fn note_trace(&mut self, ledger: &Ledger, trace: Answer) -> bool {
        let mut asks = false;
        for asked in fields(ledger, trace) {
            asks = true;
            let at = u32::try_from(asked.at).unwrap_or(u32::MAX);
            let places = match self.traces.get_mut(asked.page()) {
                Some(traces) => traces.entry(trace).or_default(),
                None => {
                    let traces = self.traces.entry(asked.page().to_string()).or_default();
                    traces.entry(trace).or_default()
                }
            };
            // It is noted again when another job asks it.
            if places.last() < Some(&at) {
                places.push(at);
            }
        }
        asks
    }

    fn note_job(&mut self, trace: Answer, node: &str, page: JobPage<'_>) {
        let jobs = self.jobs.entry(trace).or_default();
        match jobs.get_mut(node) {
            Some(jobs) => jobs.insert(Reader::of(page)),
            None => {
                let jobs = jobs.entry(node.to_string()).or_default();
                jobs.insert(Reader::of(page))
            }
        };
    }

    /// The jobs that may be stale where only some pages say something else: their own, and those whose
    /// questions have other answers.
    pub(super) fn of_changed<'l>(
        &'l self,
        judge: &Judge<'_>,
        ledger: &'l Ledger,
        node_names: &[&'l str],
    ) -> Vec<(&'l str, JobPage<'l>, Traces)> {
        let mut found: BTreeMap<(&str, JobPage<'_>), Traces> = BTreeMap::new();
        let mut add = |node: &'l str, page: JobPage<'l>| {
            if let Some(note) = ledger.job(node, page) {
                found.insert((node, page), note.traces);
            }
        };
        for key in judge.changed_pages() {
            let number = ledger.find_page(key);
            let key = number.map(|number| crate::model::PageMemory::key(ledger, number));
            for node in node_names {
                key.into_iter()
                    .for_each(|key| add(node, JobPage::Page(key)));
            }
            let traces = key.and_then(|key| self.traces.get(key));
            for (trace, places) in traces.into_iter().flatten() {
                let bytes = ledger.trace(*trace).unwrap_or_default();
                for (node, readers) in self.jobs.get(trace).into_iter().flatten() {
                    let Ok(number) = node_names.binary_search(&node.as_str()) else {
                        continue;
                    };
                    let is_other = |place: &u32| {
                        let asked = read_question(bytes, *place as usize);
                        asked.is_none_or(|asked| judge.has_another_answer(number, &asked))
                    };
                    if places.iter().any(is_other) {
                        readers.iter().for_each(|page| add(node, page.as_page()));
                    }
                }
            }
        }
        let found = found.into_iter();
        found
            .map(|((node, page), traces)| (node, page, traces))
            .collect()
    }
}

/// What a trace asks of other pages.
fn fields(ledger: &Ledger, trace: Answer) -> impl Iterator<Item = Asked<'_>> {
    let asked = ledger.trace(trace).into_iter().flat_map(read_trace);
    asked.flatten().filter(|asked| asked.kind == Kind::Field)
}
