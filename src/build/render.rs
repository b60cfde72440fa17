//! Renders the jobs that are stale, in parallel, each page once for all nodes that see the same.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::failures::Failures;
use super::notes::Notes;
use super::prepare::{NodeReady, Workshop};
use super::{Content, Job, Output, Reason, is_refusal};
use crate::bundle::FileStamp;
use crate::diag::{Diagnostic, Diagnostics, code};
use crate::ledger::{JobPage, Traces, Written, trace_key};
use crate::model::{Site, Table};
use crate::plan::PageJob;
use crate::render::{
    Body, PolicyNeeds, RenderedPage, render_body, render_in_layout, render_not_found,
};
use crate::track::{Answer, Kind, Question, record};

/// One page to render for one node; without a page, what an app shows for addresses that have none.
pub struct Task<'a> {
    /// The number of the node in the plan.
    pub node: usize,
    pub app: &'a str,
    pub page: Option<Cow<'a, PageJob>>,
}

impl Task<'_> {
    /// Its page, as ledgers name it.
    pub fn job_page<'s>(&'s self, site: &'s Site) -> JobPage<'s> {
        match &self.page {
            Some(page) => JobPage::Page(site.pages.key(page.page)),
            None => JobPage::NotFound(self.app),
        }
    }

    /// Its output, relative to the bundle's root.
    pub fn path(&self) -> &str {
        self.page.as_ref().map_or("404.html", |page| &page.path)
    }
}

/// A page that was rendered and put.
#[derive(Clone, Debug)]
pub struct Made {
    pub written: Written,
    pub needs: Option<Box<PolicyNeeds>>,
    pub traces: Traces,
}

/// What came of all tasks.
pub struct Run {
    /// By task; `None` failed.
    pub made: Vec<Option<Made>>,
    pub traces: Notes,
    pub failures: Failures,
    pub pages_rendered: usize,
    /// Whether some page says what day it is.
    pub asked_day: bool,
}

struct Running<'a> {
    job: &'a Job<'a>,
    workshop: &'a Workshop<'a>,
    output: &'a dyn Output,
    /// Whether the output has refused.
    refused: &'a AtomicBool,
    rendered: AtomicUsize,
    asked_day: AtomicBool,
    traces: Mutex<BTreeMap<Answer, Vec<u8>>>,
}

/// Renders tasks and puts them.
pub fn run_tasks(
    job: &Job<'_>,
    workshop: &Workshop<'_>,
    tasks: &[(Task<'_>, Reason)],
    output: &dyn Output,
    refused: &AtomicBool,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Run {
    let mut groups: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for (index, (task, _)) in tasks.iter().enumerate() {
        let page = task.page.as_ref().map(|page| page.page);
        groups.entry(page).or_default().push(index);
    }
    // Neighbours in the output are made one after another by one thread, as far as it can be.
    let groups: Vec<(Option<usize>, Vec<usize>)> = groups.into_iter().collect();
    let running = Running {
        job,
        workshop,
        output,
        refused,
        rendered: AtomicUsize::new(0),
        asked_day: AtomicBool::new(false),
        traces: Mutex::default(),
    };
    let done = AtomicUsize::new(0);
    let results: Vec<Vec<(usize, Result<Made, Diagnostics>)>> = groups
        .par_iter()
        .map(|(page, group)| {
            let made = running.group(*page, tasks, group);
            let now = done.fetch_add(group.len(), Ordering::Relaxed) + group.len();
            progress(now, tasks.len());
            made
        })
        .collect();
    let mut made: Vec<Option<Made>> = tasks.iter().map(|_| None).collect();
    let mut failures = Failures::default();
    for (index, result) in results.into_iter().flatten() {
        match result {
            Ok(result) => made[index] = Some(result),
            Err(found) => failures.add(found),
        }
    }
    let traces = running.traces.into_inner().unwrap_or_default();
    let traces = traces.into_iter().map(|(id, trace)| (trace_key(id), trace));
    Run {
        made,
        traces: traces.collect(),
        failures,
        pages_rendered: running.rendered.into_inner(),
        asked_day: running.asked_day.into_inner(),
    }
}

/// A page of a group that is done, for the next node to be held against.
struct Done<'a> {
    blocks: &'a [usize],
    html: String,
    stamp: FileStamp,
    needs: Option<Box<PolicyNeeds>>,
    traces: Traces,
    body: Arc<Body>,
    of_body: Arc<Vec<Question>>,
    of_layout: Arc<Vec<Question>>,
}

impl Running<'_> {
    /// All tasks of one page.
    fn group<'t>(
        &self,
        page: Option<usize>,
        tasks: &'t [(Task<'t>, Reason)],
        group: &[usize],
    ) -> Vec<(usize, Result<Made, Diagnostics>)> {
        let Some(page) = page else {
            let each = group.par_iter();
            return each
                .map(|&index| (index, self.not_found(&tasks[index].0)))
                .collect();
        };
        let props = match self.props(page) {
            Ok(props) => props,
            Err(found) => {
                let mut found = Some(found);
                return group
                    .iter()
                    .map(|&index| (index, Err(found.take().unwrap_or_default())))
                    .collect();
            }
        };
        let mut done: Vec<Done<'t>> = Vec::new();
        group
            .iter()
            .map(|&index| (index, self.page(&tasks[index].0, &props, &mut done)))
            .collect()
    }

    fn props(&self, page: usize) -> Result<Vec<Table>, Diagnostics> {
        let page = &self.job.site.pages[page];
        let document = match self.job.notes.get(&page.key) {
            Some(note) => Some(note.document),
            None => self.job.ledger.and_then(|ledger| {
                let note = ledger.page_note(ledger.find_page(&page.key)?)?;
                Some(note.document)
            }),
        };
        match document {
            Some(document) => self.job.props.props(page, &document),
            None => Err(Diagnostic::general(
                code::UNREADABLE,
                format!("nothing is known of the page `{}`", page.key),
            )
            .hint("build with `--force`")
            .into()),
        }
    }

    fn page<'t>(
        &self,
        task: &'t Task<'t>,
        props: &[Table],
        done: &mut Vec<Done<'t>>,
    ) -> Result<Made, Diagnostics> {
        let (Some(job), Some(node)) = (&task.page, self.workshop.node(task.node)) else {
            return Err(Diagnostics::new());
        };
        if self.refused.load(Ordering::Relaxed) {
            return Err(Diagnostics::new());
        }
        let agrees = |done: &Done<'_>, trace: Answer, questions: &Arc<Vec<Question>>| {
            done.blocks == job.blocks && trace == node.trace(questions).0
        };
        let mut like = None;
        for earlier in done.iter() {
            let [of_body, of_layout] = earlier.traces;
            if agrees(earlier, of_body, &earlier.of_body) {
                like = Some((&earlier.body, &earlier.of_body));
                if agrees(earlier, of_layout, &earlier.of_layout) {
                    let written = self.put(task, earlier.stamp, &earlier.html)?;
                    return Ok(Made {
                        written,
                        needs: earlier.needs.clone(),
                        traces: earlier.traces,
                    });
                }
            }
        }
        let values = node.values(task.app);
        let engine = &node.engine;
        let mut diagnostics = Diagnostics::new();
        let (body, of_body) = match like {
            Some((body, questions)) => (Arc::clone(body), Arc::clone(questions)),
            None => {
                let render = || render_body(engine, &values, job, props, &mut diagnostics);
                let (body, questions) = record(render);
                if questions
                    .iter()
                    .any(|question| question.kind == Kind::Today)
                {
                    self.asked_day.store(true, Ordering::Relaxed);
                }
                (Arc::new(body), Arc::new(questions))
            }
        };
        let (rendered, of_layout) = record(|| render_in_layout(engine, &values, job, &body));
        self.rendered.fetch_add(1, Ordering::Relaxed);
        let rendered = match rendered {
            Ok(rendered) if !diagnostics.has_errors() => rendered,
            Ok(_) => return Err(diagnostics),
            Err(found) => {
                diagnostics.extend(found);
                return Err(diagnostics);
            }
        };
        let of_layout = Arc::new(of_layout);
        let traces = [&of_body, &of_layout].map(|asked| self.note_trace(node, asked));
        let RenderedPage { html, needs } = rendered;
        let stamp = FileStamp::of_bytes(html.as_bytes());
        let written = self.put(task, stamp, &html)?;
        let needs = boxed(needs);
        done.push(Done {
            blocks: &job.blocks,
            html,
            stamp,
            needs: needs.clone(),
            traces,
            body,
            of_body,
            of_layout,
        });
        Ok(Made {
            written,
            needs,
            traces,
        })
    }

    fn not_found(&self, task: &Task<'_>) -> Result<Made, Diagnostics> {
        let Some(node) = self.workshop.node(task.node) else {
            return Err(Diagnostics::new());
        };
        let values = node.values(task.app);
        let (rendered, questions) = record(|| render_not_found(&node.engine, &values));
        let RenderedPage { html, needs } = rendered?;
        let written = self.put(task, FileStamp::of_bytes(html.as_bytes()), &html)?;
        Ok(Made {
            written,
            needs: boxed(needs),
            traces: [Vec::new(), questions].map(|asked| self.note_trace(node, &Arc::new(asked))),
        })
    }

    fn note_trace(&self, node: &NodeReady, questions: &Arc<Vec<Question>>) -> Answer {
        let (id, trace) = node.trace(questions);
        // What the last ledger has, it has; whoever writes the next one takes it from there.
        if self
            .job
            .ledger
            .is_none_or(|ledger| ledger.trace(id).is_none())
        {
            let mut traces = self.traces.lock().unwrap_or_else(|e| e.into_inner());
            traces.entry(id).or_insert_with(|| trace.to_vec());
        }
        id
    }

    fn put(&self, task: &Task<'_>, stamp: FileStamp, html: &str) -> Result<Written, Diagnostic> {
        let node = self.workshop.node_name(task.node);
        let content = Content::Bytes(html.as_bytes());
        let put = self.output.put(node, task.app, task.path(), stamp, content);
        if put.as_ref().is_err_and(is_refusal) {
            self.refused.store(true, Ordering::Relaxed);
        }
        put.map(|stat| Written { stamp, stat })
    }
}

/// Most pages need nothing, and there are many.
fn boxed(needs: PolicyNeeds) -> Option<Box<PolicyNeeds>> {
    (needs != PolicyNeeds::default()).then(|| Box::new(needs))
}
