//! `rbgen deploy`: builds what is stale, and publishes each bundle to the target of its node.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::print::{self, Progress};
use super::{Globals, Selection, Status, database, output, site_root, targets};
use crate::deploy::{
    Cause, Deployed, Destination, Ended, Log, Patience, Watching, apps_of, apps_of_files,
    deploy_in_turn, remove_preview, take_turns,
};
use crate::diag::{Diagnostic, Diagnostics, Severity, code};
use crate::files::Folder;
use crate::load::Given;
use crate::model::{Config, SHARED_APP, key_problem};
use crate::pipeline::{Options, build_documents, build_folder, read_database};
use crate::sync::git::Repository;

#[derive(Args)]
pub struct DeployArguments {
    #[command(flatten)]
    selection: Selection,
    /// Show it under this name, apart from what is live, and hidden from search engines
    #[arg(long, value_name = "NAME", value_parser = parse_preview)]
    preview: Option<String>,
    /// Take the preview away
    #[arg(long, requires = "preview")]
    remove: bool,
    /// Why it is done, for the records
    #[arg(long, value_name = "WORD", default_value = "manual", value_parser = parse_word, hide = true)]
    triggered_by: String,
    /// The commit of the files, where they lie apart from their repository
    #[arg(long, value_name = "COMMIT", value_parser = parse_commit, hide = true)]
    source_commit: Option<String>,
}

/// The name of a preview, which is a file name at the target.
fn parse_preview(text: &str) -> Result<String, String> {
    match key_problem(text) {
        Some(problem) => Err(problem),
        None if text.len() > 63 => Err("it has more than 63 characters".to_string()),
        None => Ok(text.to_string()),
    }
}

fn parse_word(text: &str) -> Result<String, String> {
    match text.len() <= 50 {
        true => Ok(text.to_string()),
        false => Err("it has more than 50 bytes".to_string()),
    }
}

fn parse_commit(text: &str) -> Result<String, String> {
    let is_hash =
        matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_hash {
        true => Ok(text.to_string()),
        false => Err("it is no full name of a commit".to_string()),
    }
}

pub fn run(globals: &Globals, arguments: &DeployArguments) -> Status {
    match deploy(globals, arguments) {
        Ok(status) | Err(status) => status,
    }
}

fn deploy(globals: &Globals, arguments: &DeployArguments) -> Result<Status, Status> {
    let root = site_root(globals)?;
    let config = database::configuration(globals, &root)?;
    let wanted = arguments.selection.options();
    let destinations = targets::destinations(globals, &root, &config, &wanted.nodes)?;
    if let (Some(name), true) = (&arguments.preview, arguments.remove) {
        return take_away(globals, &root, &destinations, &wanted, name);
    }
    let mut teller = Teller {
        globals,
        root: &root,
        told: BTreeSet::new(),
    };
    let meant: Vec<&Destination> = destinations.iter().collect();
    // Before anything is read: what is deployed is no older than what somebody else deployed before.
    let Some(taken) = take_turns(&meant, &mut teller) else {
        return Ok(Status::Conflict);
    };
    let source = Source::read(globals, &root, &config, &wanted)?;
    let mut options = Options {
        nodes: destinations.iter().map(|one| one.node.clone()).collect(),
        ..wanted.clone()
    };
    // Where all nodes are deployed it is the build of `rbgen build`, with the same ledger.
    if wanted.nodes.is_empty() {
        let mut all = source.expected(&root, &wanted).into_iter();
        if all.all(|(node, _)| options.nodes.contains(&node)) {
            options.nodes.clear();
        }
    }
    let cause = Cause {
        triggered_by: arguments.triggered_by.clone(),
        source_rev: source.revision.clone(),
        source_commit: arguments.source_commit.clone().or(source.commit.clone()),
        preview: arguments.preview.clone(),
        expected: source.expected(&root, &options),
        whole: options.apps.is_empty(),
        each_alone: false,
        log: Log::default(),
    };
    let mut book = targets::open_book(globals, &root, &config, options.from.as_deref());
    let progress = Progress::new(globals);
    let tick = |done, total| progress.set(done, total);
    let mut build = |_: Option<&str>| match &source.given {
        Some(given) => build_documents(&root, &options, given, &tick),
        None => build_folder(&root, &options, &tick),
    };
    let ended = deploy_in_turn(&meant, taken, &cause, &mut book, &mut teller, &mut build);
    progress.finish();
    Ok(tell(globals, &root, ended))
}

/// What a deploy is made from.
struct Source {
    /// The documents of a database; `None` for the files.
    given: Option<Given>,
    /// What the database calls them.
    revision: Option<String>,
    /// The commit of the files.
    commit: Option<String>,
}

impl Source {
    fn read(
        globals: &Globals,
        root: &Path,
        config: &Config,
        options: &Options,
    ) -> Result<Source, Status> {
        let Some(name) = &options.from else {
            return Ok(Source {
                given: None,
                revision: None,
                commit: Repository::at(root).described_head(),
            });
        };
        match read_database(config, name) {
            Ok((given, revision)) => Ok(Source {
                given: Some(given),
                revision,
                commit: None,
            }),
            Err(failure) => Err(database::failed(globals, root, &failure)),
        }
    }

    /// The bundles that it is about.
    fn expected(&self, root: &Path, options: &Options) -> BTreeSet<(String, String)> {
        let Some(given) = &self.given else {
            return apps_of_files(&Folder::new(root), &options.nodes, &options.apps);
        };
        let documents = &given.documents;
        let has_shared = documents.pages.iter().any(|page| page.app == SHARED_APP);
        apps_of(&documents.nodes, has_shared, &options.nodes, &options.apps)
    }
}

struct Teller<'a> {
    globals: &'a Globals,
    root: &'a Path,
    /// The targets that were said to be waited for.
    told: BTreeSet<String>,
}

impl Watching for Teller<'_> {
    fn waiting(&mut self, target: &str) -> Patience {
        if !self.globals.quiet && self.told.insert(target.to_string()) {
            output::note(format_args!("waiting for another deploy to {target}"));
        }
        Patience::Wait
    }

    fn problem(&mut self, problem: &Diagnostic) {
        output::note(format_args!(
            "\x1b[1;33mwarning[{}]\x1b[0m: {}",
            problem.code.0,
            print::clean(&problem.message)
        ));
    }

    fn text(&mut self, diagnostics: &Diagnostics) -> String {
        print::plain(self.root, diagnostics)
    }
}

/// Says how a deploy ended.
fn tell(globals: &Globals, root: &Path, mut ended: Ended) -> Status {
    // Without a build that failed, errors are those of targets.
    let worst = {
        let mut all = ended.diagnostics.iter();
        all.find(|problem| problem.severity == Severity::Error)
    };
    let status = match (ended.failed_builds.first(), worst) {
        (Some(build), _) => match (build.failed, build.unusable) {
            (Some(kind), _) => kind.into(),
            (None, true) => Status::Unusable,
            (None, false) => Status::ContentErrors,
        },
        (None, Some(problem)) => targets::status_of(problem),
        (None, None) => Status::Done,
    };
    let diagnostics = std::mem::take(&mut ended.diagnostics);
    let diagnostics = print::report(globals, root, diagnostics);
    if globals.json {
        print::json_document(&json!({
            "deploys": ended.deploys.iter().map(deployed_json).collect::<Vec<_>>(),
            "pages_rendered": ended.reports.first().map(|report| report.pages_rendered),
            "diagnostics": diagnostics,
        }));
        return status;
    }
    if !globals.quiet {
        ended
            .reports
            .iter()
            .flat_map(|report| &report.notes)
            .for_each(output::note);
        for deployed in &ended.deploys {
            if deployed.record.error.is_none() {
                output::line(words(deployed));
            }
        }
    }
    if status != Status::Done {
        let consequence = match ended.failed_builds.first() {
            Some(_) => "nothing was deployed".to_string(),
            None => {
                let failed = ended
                    .deploys
                    .iter()
                    .filter(|one| one.record.error.is_some());
                format!(
                    "{} of {} not deployed",
                    failed.count(),
                    print::number(ended.deploys.len(), "bundle")
                )
            }
        };
        output::note(format_args!(
            "{}; {consequence}",
            print::count(&diagnostics)
        ));
    }
    status
}

fn words(deployed: &Deployed) -> String {
    let record = &deployed.record;
    let place = format!("{} {}", record.node, record.app);
    let hash = short(&record.build_hash);
    let took = record.deploy_ms.unwrap_or_default();
    match (&record.preview, &deployed.live) {
        _ if record.build_hash.is_empty() && deployed.withdrawn => {
            format!("{place}: taken away, because it has no page any more")
        }
        _ if record.build_hash.is_empty() => format!("{place}: has no page"),
        (Some(name), _) => format!("{place}: {hash} is the preview `{name}` ({took} ms)"),
        (None, Some(live)) if deployed.held_back => format!(
            "{place}: {hash} is there; {} stays live, because it is pinned (`rbgen rollback --unpin`)",
            short(live)
        ),
        _ if deployed.unchanged => format!("{place}: {hash} is live already"),
        _ => format!("{place}: {hash} is live ({took} ms)"),
    }
}

/// The first digits of a hash, or of the name of a release.
pub fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn deployed_json(deployed: &Deployed) -> Value {
    let mut value = super::deploys::json_of(&deployed.record);
    value["live"] = json!(deployed.live);
    value["unchanged"] = json!(deployed.unchanged);
    value["pinned"] = json!(deployed.held_back);
    value
}

/// Takes a preview away.
fn take_away(
    globals: &Globals,
    root: &Path,
    destinations: &[Destination],
    wanted: &Options,
    name: &str,
) -> Result<Status, Status> {
    let mut gone = Vec::new();
    let refused = |problem: Diagnostic| {
        let status = targets::status_of(&problem);
        targets::said(globals, root, problem, status)
    };
    for destination in destinations {
        let target = destination.target.as_ref();
        for app in target.apps().map_err(refused)? {
            if !wanted.apps.is_empty() && !wanted.apps.contains(&app) {
                continue;
            }
            let (before, _) = remove_preview(target, &app, name).map_err(refused)?;
            if before.previews.contains_key(name) {
                gone.push((destination.node.clone(), app));
            }
        }
    }
    if gone.is_empty() {
        let problem =
            Diagnostic::general(code::NO_RELEASE, format!("there is no preview `{name}`"));
        return Err(targets::said(globals, root, problem, Status::Conflict));
    }
    if globals.json {
        let gone: Vec<Value> = gone
            .iter()
            .map(|(node, app)| json!({ "node": node, "app": app, "preview": name }))
            .collect();
        print::json_document(&json!({ "removed": gone }));
    } else if !globals.quiet {
        for (node, app) in gone {
            output::line(format_args!("{node} {app}: the preview `{name}` is gone"));
        }
    }
    Ok(Status::Done)
}
