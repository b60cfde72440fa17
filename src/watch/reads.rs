//! What a page asked when it was last rendered, and what others ask of it, from the ledger.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;

use super::Scene;
use crate::ledger::{JobNote, JobPage, Ledger, Traces};
use crate::track::{Answer, Kind, Question, page_field, read_trace};
use crate::workbench::{Askers, PageReads};

/// What is known of the output that somebody named by the path of its address, or by its path in the
/// output folder; `None` where there is no such output.
pub fn reads_of<'a>(scene: &'a Scene, wanted: &str) -> Option<PageReads<'a>> {
    let decoded = percent_decode_str(wanted).decode_utf8_lossy();
    let named = [wanted, &*decoded];
    named.into_iter().find_map(|wanted| find(scene, wanted))
}

fn find<'a>(scene: &'a Scene, wanted: &str) -> Option<PageReads<'a>> {
    let ledger = scene.ledger.as_deref()?;
    let (node, rest) = wanted.trim_start_matches('/').split_once('/')?;
    let node = scene
        .nodes()
        .into_iter()
        .map(|(id, _)| id)
        .find(|id| *id == node)?;
    // As an address a path names no app; in the output folder it begins with one.
    let in_folder = rest.split_once('/').map(|(app, path)| (Some(app), path));
    for (app, path) in [Some((None, rest)), in_folder].into_iter().flatten() {
        let paths = match path.is_empty() || path.ends_with('/') {
            true => vec![format!("{path}index.html")],
            false => vec![path.to_string(), format!("{path}/index.html")],
        };
        let is_it = |job_app: &str, job_path: &str| {
            app.is_none_or(|app| app == job_app) && paths.iter().any(|path| path == job_path)
        };
        // What stands for every address without a page is named the same in each app.
        let job = ledger
            .jobs()
            .find(|(of, _, job)| *of == node && is_it(job.app, job.path));
        if let Some((node, page, job)) = job {
            return Some(of_job(scene, ledger, node, page, &job));
        }
        for bundle in scene.bundles.iter().filter(|bundle| bundle.node == node) {
            for path in &paths {
                let output = format!("{node}/{}/{path}", bundle.app);
                let folder = ledger.outputs(&output).find(|(path, _)| *path == output);
                if let Some((output, _)) = folder.filter(|_| is_it(&bundle.app, path)) {
                    return Some(PageReads {
                        node,
                        app: &bundle.app,
                        path: &output[output.len() - path.len()..],
                        made: made(scene, output),
                        ..PageReads::default()
                    });
                }
            }
        }
    }
    None
}

fn of_job<'a>(
    scene: &'a Scene,
    ledger: &'a Ledger,
    node: &'a str,
    page: JobPage<'a>,
    job: &JobNote<'a>,
) -> PageReads<'a> {
    let page = match page {
        JobPage::Page(key) => Some(key),
        JobPage::NotFound(_) => None,
    };
    PageReads {
        node,
        app: job.app,
        page,
        path: job.path,
        made: made(scene, &format!("{node}/{}/{}", job.app, job.path)),
        blocks: job.blocks.clone(),
        asked: Some(asked(ledger, job.traces)),
        readers: page.map_or_else(BTreeMap::new, |key| readers(ledger, node, key)),
    }
}

fn made<'a>(scene: &'a Scene, output: &str) -> Option<(&'a str, crate::model::Moment, u64)> {
    let made = scene.made.get(output)?;
    Some((&*made.why, made.at, made.round))
}

/// The questions of a page, with what of it asked them.
fn asked(ledger: &Ledger, [blocks, layout]: Traces) -> BTreeMap<Question, Askers> {
    let mut asked: BTreeMap<Question, Askers> = BTreeMap::new();
    for question in questions(ledger, blocks) {
        asked.entry(question).or_default().blocks = true;
    }
    for question in questions(ledger, layout) {
        asked.entry(question).or_default().layout = true;
    }
    asked
}

/// The questions of a trace. One that cannot be read ends it.
fn questions(ledger: &Ledger, trace: Answer) -> impl Iterator<Item = Question> {
    let trace = ledger.trace(trace).unwrap_or_default();
    read_trace(trace).map_while(|asked| Some(asked?.question()))
}

/// What other pages of a node ask about a page, and every list that they ask for, with their paths.
fn readers<'a>(ledger: &'a Ledger, node: &str, key: &str) -> BTreeMap<Question, BTreeSet<&'a str>> {
    // Most pages share their traces with others.
    let mut pages: BTreeMap<Answer, Vec<&str>> = BTreeMap::new();
    for (of, page, job) in ledger.jobs() {
        if of == node && page != JobPage::Page(key) {
            for trace in job.traces {
                pages.entry(trace).or_default().push(job.path);
            }
        }
    }
    let mut readers: BTreeMap<Question, BTreeSet<&str>> = BTreeMap::new();
    for (trace, paths) in pages {
        let concerns = |question: &Question| match question.kind {
            Kind::Field => page_field(&question.name).0 == key,
            Kind::Route => question.name == key,
            Kind::Pages => true,
            _ => false,
        };
        for question in questions(ledger, trace).filter(concerns) {
            readers.entry(question).or_default().extend(&paths);
        }
    }
    readers
}

/// The outputs of all pages, as node and path; those whose address has `wanted` in it come first, and are
/// counted. Then come the other pages of the node that it names.
pub fn choices<'a>(scene: &'a Scene, wanted: &str) -> (Vec<(&'a str, &'a str)>, usize) {
    let Some(ledger) = scene.ledger.as_deref() else {
        return (Vec::new(), 0);
    };
    let wanted = wanted.trim_matches('/').to_lowercase();
    let named = wanted.split('/').next().unwrap_or_default();
    let rank = |(node, path): &(&str, &str)| {
        let shown = format!("{node}/{path}").to_lowercase();
        match (
            !wanted.is_empty() && shown.contains(&wanted),
            *node == named,
        ) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        }
    };
    let jobs = pages(ledger).map(|(node, _, path)| (node, path));
    let mut ranked: Vec<(usize, (&str, &str))> = jobs.map(|job| (rank(&job), job)).collect();
    ranked.sort();
    let near = ranked.partition_point(|(rank, _)| *rank == 0);
    (ranked.into_iter().map(|(_, job)| job).collect(), near)
}

/// The pages that were built: the node, the app and the output of each, relative to the web root.
pub fn pages(ledger: &Ledger) -> impl Iterator<Item = (&str, &str, &str)> {
    ledger.jobs().filter_map(|(node, page, job)| match page {
        JobPage::Page(_) => Some((node, job.app, job.path)),
        JobPage::NotFound(_) => None,
    })
}

/// The page that shows an app best, by node and app: the one with the shortest path.
pub fn homes(ledger: &Ledger) -> BTreeMap<(&str, &str), &str> {
    let mut homes: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (node, app, path) in pages(ledger) {
        let home = homes.entry((node, app)).or_insert(path);
        if (path.len(), path) < (home.len(), *home) {
            *home = path;
        }
    }
    homes
}
