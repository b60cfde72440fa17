//! `rbgen check`: all that a build would say, and nothing written.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::guard::guarded;
use super::request::{request, sound_config};
use super::source::read_given;
use super::{Options, Outcome};
use crate::build::{Explain, Job, NoOutput, Output, Reason, build};
use crate::diag::{Diagnostic, Diagnostics, code, did_you_mean};
use crate::files::Folder;
use crate::load::{Known, Loaded, load_given, load_site, survey_without_content};
use crate::model::Site;
use crate::plan::{Plan, plan};

/// Says all that a build would say, and writes nothing.
pub fn check_folder(
    root: &Path,
    options: &Options,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Outcome {
    check_site(&Folder::new(root), options, progress)
}

/// The same of a site that need not be on disk, such as that of a commit.
pub fn check_site(
    folder: &Folder,
    options: &Options,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Outcome {
    let mut loaded = match load(folder, options) {
        Ok(loaded) => loaded,
        Err(outcome) => return outcome,
    };
    let mut diagnostics = std::mem::take(&mut loaded.diagnostics);
    let Some(site) = loaded.site.take() else {
        return Outcome::unusable(diagnostics);
    };
    if let Err(outcome) = check_names(&site, options, &mut diagnostics) {
        return outcome;
    }
    let request = request(options, &site.config);
    let (plan, found) = plan(&site, &request);
    diagnostics.extend(found);
    let site = Arc::new(site);
    let job = Job {
        site: &site,
        props: &loaded.bodies,
        notes: &loaded.notes,
        ledger: None,
        damaged: &BTreeSet::new(),
        drafts: request.drafts,
        now: request.now,
        all: Some(Reason::NoLedger),
        explain: Explain::Nothing,
        react: &options.react,
    };
    diagnostics.extend(guarded(options.exhausted, || say(&job, &plan, progress)));
    Outcome::failed(diagnostics)
}

fn load(folder: &Folder, options: &Options) -> Result<Loaded, Outcome> {
    // Without a configuration there is no database, and loading the files says what is wrong.
    let (Some(name), Some(config)) = (&options.from, sound_config(folder)) else {
        return Ok(load_site(folder));
    };
    let given = read_given(&config, name)?;
    let survey = survey_without_content(folder);
    Ok(load_given(folder, &survey, &Known::default(), given))
}

/// Renders everything into nothing, for what it says.
pub(super) fn say(
    job: &Job<'_>,
    plan: &Plan,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Diagnostics {
    let job = Job {
        all: Some(Reason::NoLedger),
        explain: Explain::Nothing,
        ..*job
    };
    let output: &dyn Output = &NoOutput;
    build(&job, plan, output, progress).diagnostics
}

/// Names in the request that the site does not have end a build before it begins.
pub(super) fn check_names(
    site: &Site,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> Result<(), Outcome> {
    let unknown = unknown_names(site, options);
    if unknown.is_empty() {
        return Ok(());
    }
    // What is missing may be missing because it could not be read, which has been said.
    if !site.incomplete {
        diagnostics.extend(unknown);
    }
    Err(Outcome::unusable(std::mem::take(diagnostics)))
}

/// Names in the request that the site does not have.
fn unknown_names(site: &Site, options: &Options) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for node in options
        .nodes
        .iter()
        .filter(|node| !site.nodes.contains_key(*node))
    {
        diagnostics.push(
            Diagnostic::general(code::UNKNOWN_NODE, format!("there is no node `{node}`"))
                .hint_if(did_you_mean(node, site.nodes.keys().map(String::as_str))),
        );
    }
    if options.apps.is_empty() {
        return diagnostics;
    }
    let apps: BTreeSet<&str> = site.pages.iter().map(|page| page.app.as_str()).collect();
    for app in options
        .apps
        .iter()
        .filter(|app| !apps.contains(app.as_str()))
    {
        diagnostics.push(
            Diagnostic::general(code::UNKNOWN_APP, format!("there is no app `{app}`"))
                .hint_if(did_you_mean(app, apps.iter().copied())),
        );
    }
    diagnostics
}
