//! Builds a site: judges every job against the ledger, renders those that are stale in parallel, hands
//! bytes to an output, and gives bundles and what the next ledger is to say. Pure but for what the
//! output does and where props come from.

mod assets;
mod extras;
mod failures;
mod notes;
mod prepare;
mod react;
mod readers;
mod render;
pub mod sample;
mod verdict;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use crate::bundle::{Bundle, FileStamp, bundle_folder};
use crate::diag::{Diagnostic, Diagnostics, code};
use crate::digest::Digest;
use crate::ledger::{JobPage, Ledger, PageNote, Traces};
use crate::model::{Asset, FileStat, Moment, Page, Site, Table};
use crate::plan::{PageJob, Plan, shown_blocks};
use crate::render::react::Runner;
pub use assets::bundle_with;
use assets::{Context, changed_files};
pub use notes::Notes;
use prepare::Workshop;
pub use readers::Readers;
use render::{Made, Task, run_tasks};
use verdict::Judge;
pub use verdict::Reason;

/// The content of one output.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    Bytes(&'a [u8]),
    /// A file of the site, to be copied.
    Copy(&'a Asset),
}

/// Where outputs go. It is called from many threads, in no order, and each path of a bundle once.
/// Nothing may become visible before the whole build has succeeded.
pub trait Output: Sync {
    /// Takes one output, and says what the file system will tell of it.
    fn put(
        &self,
        node: &str,
        app: &str,
        path: &str,
        stamp: FileStamp,
        content: Content<'_>,
    ) -> Result<FileStat, Diagnostic>;
}

/// Keeps nothing: for `rbgen check`, which asks only what a build would say.
pub struct NoOutput;

impl Output for NoOutput {
    fn put(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: FileStamp,
        _: Content<'_>,
    ) -> Result<FileStat, Diagnostic> {
        Ok(FileStat::default())
    }
}

/// Where the props of blocks come from.
pub trait Props: Sync {
    /// The props of each block of a page, which must say what it said when it was loaded.
    fn props(&self, page: &Page, document: &Digest) -> Result<Vec<Table>, Diagnostics>;
}

/// What is to be built, and what is known of the last build.
pub struct Job<'a> {
    pub site: &'a Arc<Site>,
    pub props: &'a dyn Props,
    /// What was noted of the pages that were read now, by key.
    pub notes: &'a BTreeMap<String, PageNote>,
    pub ledger: Option<&'a Arc<Ledger>>,
    /// Outputs, relative to the output folder, that do not have the bytes that the ledger says.
    pub damaged: &'a BTreeSet<String>,
    /// Whether drafts count as pages.
    pub drafts: bool,
    /// The time that conditions are held against.
    pub now: Moment,
    /// Whether every job is to be done, and why.
    pub all: Option<Reason>,
    /// What `Built::explained` is to have.
    pub explain: Explain,
    /// Where React code is compiled and run.
    pub react: &'a Arc<dyn Runner>,
}

/// What a build is to say of outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Explain {
    #[default]
    Nothing,
    /// Why those were made that were made.
    Made,
    /// Of all why they were made or kept.
    All,
}

/// Why an output was made, or that it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Relative to the output folder.
    pub output: String,
    /// The page, by its file.
    pub page: Option<String>,
    /// `None` was kept: it reads nothing that has changed.
    pub reason: Option<Reason>,
}

/// What a build made.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// Those in which something may differ from the last build, sorted by node, then app.
    pub bundles: Vec<Bundle>,
    pub pages_rendered: usize,
    /// Warnings; with errors there are no bundles to publish.
    pub diagnostics: Diagnostics,
    /// Whether some page that was rendered says what day it is.
    pub asked_day: bool,
    /// What the next ledger is to say of jobs, new traces, outputs and themes, by key, in no order.
    pub notes: Notes,
    /// The keys, in the ledger, of the jobs that were kept.
    pub kept_jobs: BTreeSet<Vec<u8>>,
    pub explained: Vec<Explained>,
    /// Where only what some pages say has changed: the files of bundles that have other bytes, by node, app
    /// and path.
    pub changed: ChangedFiles,
}

/// Files of bundles, by node and app, and then by path.
pub type ChangedFiles = BTreeMap<(String, String), BTreeMap<String, FileStamp>>;

/// Builds every bundle of a plan. `progress` gets (jobs done, jobs to do).
pub fn build(
    job: &Job<'_>,
    plan: &Plan,
    output: &dyn Output,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Built {
    let mut diagnostics = Diagnostics::new();
    let workshop = Workshop::new(job, plan, &mut diagnostics);
    let judge = Judge::new(job, &workshop, false);
    let mut tasks = Vec::new();
    let mut kept = Vec::new();
    let mut kept_jobs = BTreeSet::new();
    for (number, node) in plan.nodes.iter().enumerate() {
        if workshop.nodes[number].is_none() {
            continue;
        }
        for bundle in &node.bundles {
            let pages = bundle.pages.iter().map(Some).chain([None]);
            for page in pages {
                let task = Task {
                    node: number,
                    app: &bundle.app,
                    page: page.map(Cow::Borrowed),
                };
                match judge.verdict(&task) {
                    Ok(()) => {
                        kept_jobs.insert(notes::key_of(job.site, &node.node, &task));
                        if job.explain == Explain::All {
                            kept.push(task);
                        }
                    }
                    Err(reason) => tasks.push((task, reason)),
                }
            }
        }
    }
    let refused = AtomicBool::new(false);
    let run = run_tasks(job, &workshop, &tasks, output, &refused, progress);
    let mut failures = run.failures;
    let mut built = Built {
        pages_rendered: run.pages_rendered,
        asked_day: run.asked_day,
        ..Built::default()
    };
    built.kept_jobs = kept_jobs;
    let made = by_bundle(&tasks, run.made);
    let none = Vec::new();
    let nodes = plan.nodes.iter().enumerate();
    let contexts: Vec<Context<'_>> = nodes
        .flat_map(|(number, node_plan)| {
            let bundles = node_plan.bundles.iter();
            let context = move |bundle_plan| (number, node_plan, bundle_plan);
            bundles.map(context)
        })
        .map(|(number, node_plan, bundle_plan)| Context {
            job,
            workshop: &workshop,
            number,
            node_plan,
            bundle_plan,
            output,
            refused: &refused,
        })
        .collect();
    let bundles: Vec<Result<Built, Diagnostics>> = contexts
        .par_iter()
        .map(|context| {
            let made = made.get(&(context.number, context.bundle_plan.app.as_str()));
            context.bundle(made.unwrap_or(&none), &judge)
        })
        .collect();
    for bundle in bundles {
        match bundle {
            Ok(bundle) => {
                built.bundles.extend(bundle.bundles);
                built.notes.extend(bundle.notes);
                built.explained.extend(bundle.explained);
            }
            Err(found) => failures.add(found),
        }
    }
    let node_names: Vec<&str> = plan.nodes.iter().map(|node| node.node.as_str()).collect();
    explain(job, &node_names, &tasks, &kept, &mut built);
    notes::note_themes(&workshop, &mut built.notes);
    built.notes.extend(run.traces);
    failures.forget(&diagnostics);
    diagnostics.extend(failures.into_diagnostics());
    built.diagnostics = diagnostics;
    built
}

type MadeByBundle<'t> = BTreeMap<(usize, &'t str), Vec<(&'t Task<'t>, Made)>>;

fn by_bundle<'t>(tasks: &'t [(Task<'t>, Reason)], made: Vec<Option<Made>>) -> MadeByBundle<'t> {
    let mut by_bundle: MadeByBundle<'t> = BTreeMap::new();
    for ((task, _), made) in tasks.iter().zip(made) {
        if let Some(made) = made {
            let bundle = by_bundle.entry((task.node, task.app)).or_default();
            bundle.push((task, made));
        }
    }
    by_bundle
}

/// Builds what has changed where only what some pages say has changed: the plan is that of the last
/// build, and so is everything but the pages that read what they say.
pub fn build_changed(
    job: &Job<'_>,
    ledger: &Arc<Ledger>,
    output: &dyn Output,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Built {
    let mut built = render_changed(job, ledger, None, output, progress);
    for ((node, app), files) in &built.changed {
        let bundle = bundle_with(ledger, node, app, files, &mut built.notes);
        built.bundles.push(bundle);
    }
    built
}

/// The same without the bundles, which have all files of an app and so cost more than one page. With
/// `readers`, only the pages that changed and their readers are looked at.
pub fn render_changed(
    job: &Job<'_>,
    ledger: &Arc<Ledger>,
    readers: Option<&Readers>,
    output: &dyn Output,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Built {
    let mut node_names: Vec<&str> = ledger.bundles().map(|(node, _, _)| node).collect();
    node_names.dedup();
    let workshop = Workshop::remembered(job, &node_names, ledger);
    if let Some(readers) = readers {
        readers.lend_pages(&workshop);
    }
    let judge = Judge::new(job, &workshop, true);
    let all = || ledger.traces().collect();
    let among: Vec<(&str, JobPage<'_>, Traces)> = match readers {
        Some(readers) => readers.of_changed(&judge, ledger, &node_names),
        None => all(),
    };
    let mut tasks = Vec::new();
    for (name, page, traces) in among {
        let Ok(node) = node_names.binary_search(&name) else {
            continue;
        };
        let key = match page {
            JobPage::Page(key) => Some(key),
            JobPage::NotFound(_) => None,
        };
        if let Err(reason) = judge.changed(node, key, traces) {
            let Some(note) = ledger.job(name, page) else {
                ledger.distrust();
                continue;
            };
            let page = key.and_then(|key| job.site.pages.find(key));
            let page = page.map(|page| {
                Cow::Owned(PageJob {
                    page,
                    blocks: shown_blocks(&job.site.pages[page], name, job.now),
                    path: note.path.to_string(),
                })
            });
            let app = note.app;
            tasks.push((Task { node, app, page }, reason));
        }
    }
    let refused = AtomicBool::new(false);
    let run = run_tasks(job, &workshop, &tasks, output, &refused, progress);
    let mut built = Built {
        pages_rendered: run.pages_rendered,
        asked_day: run.asked_day,
        ..Built::default()
    };
    let mut failures = run.failures;
    for ((number, app), made) in by_bundle(&tasks, run.made) {
        let Some(node) = workshop.node(number) else {
            continue;
        };
        if let Err(found) = changed_files(job, node, app, &made, ledger, output, &mut built) {
            failures.add(found);
        }
    }
    explain(job, &node_names, &tasks, &[], &mut built);
    if let Some(readers) = readers {
        readers.keep_pages(&workshop);
    }
    built.notes.extend(run.traces);
    // What was warned of before is still so; it is known to whoever has the ledger.
    built.diagnostics = failures.into_diagnostics();
    built
}

/// Says of every output why it was made or kept.
fn explain(
    job: &Job<'_>,
    node_names: &[&str],
    tasks: &[(Task<'_>, Reason)],
    kept: &[Task<'_>],
    built: &mut Built,
) {
    if job.explain == Explain::Nothing {
        return;
    }
    let page_of = |task: &Task<'_>| {
        let page = task.page.as_ref()?;
        Some(job.site.pages[page.page].origin.to_string())
    };
    let output_of = |number: usize, app: &str, path: &str| {
        let folder = bundle_folder(node_names[number], app);
        format!("{folder}/{path}")
    };
    let made = tasks.iter().map(|(task, reason)| Explained {
        output: output_of(task.node, task.app, task.path()),
        page: page_of(task),
        reason: Some(reason.clone()),
    });
    let kept = kept.iter().map(|task| Explained {
        output: output_of(task.node, task.app, task.path()),
        page: page_of(task),
        reason: None,
    });
    built.explained.extend(made.chain(kept));
    built.explained.sort_by(|a, b| a.output.cmp(&b.output));
}

/// Whether an output failed because nothing more can be written: a full disk is full for all that is
/// still to come.
fn is_refusal(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == code::WRITE_FAILED
}
