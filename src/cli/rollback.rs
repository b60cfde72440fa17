//! `rbgen rollback`: goes back to an earlier release, which stays live until it is unpinned.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use super::deploy::short;
use super::{Globals, Status, database, output, print, site_root, targets};
use crate::deploy::{Destination, Pointers, note_rollback, roll_back, unpin};
use crate::diag::{Diagnostic, Diagnostics, code};

#[derive(Args)]
pub struct RollbackArguments {
    /// Take only this node (may be given again); needed where several have targets
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,
    /// Take only this app (may be given again)
    #[arg(long, value_name = "APP")]
    app: Vec<String>,
    /// Go to this release, by its build hash or how that begins [default: the one before the live one]
    #[arg(long, value_name = "HASH", conflicts_with_all = ["unpin", "list"])]
    to: Option<String>,
    /// Let the next deploy decide again what is live
    #[arg(long, conflicts_with = "list")]
    unpin: bool,
    /// List the releases that are there
    #[arg(long)]
    list: bool,
}

pub fn run(globals: &Globals, arguments: &RollbackArguments) -> Status {
    match rollback(globals, arguments) {
        Ok(status) | Err(status) => status,
    }
}

fn rollback(globals: &Globals, arguments: &RollbackArguments) -> Result<Status, Status> {
    let root = site_root(globals)?;
    let config = database::configuration(globals, &root)?;
    let nodes: BTreeSet<String> = arguments.node.iter().cloned().collect();
    let destinations = targets::destinations(globals, &root, &config, &nodes)?;
    if nodes.is_empty() && destinations.len() > 1 && !arguments.list {
        let names: Vec<&str> = destinations.iter().map(|one| one.node.as_str()).collect();
        let problem = Diagnostic::general(
            code::NO_TARGET,
            format!("several nodes have targets: {}", names.join(", ")),
        )
        .hint("name those that are meant, with `--node`");
        return Err(targets::said(globals, &root, problem, Status::Unusable));
    }
    let mut work: Vec<(&Destination, String)> = Vec::new();
    for destination in &destinations {
        let apps = destination.target.apps();
        let apps = apps.map_err(|problem| refused(globals, &root, problem))?;
        for app in &arguments.app {
            if !apps.contains(app) {
                let problem = Diagnostic::general(
                    code::NO_RELEASE,
                    format!("{} has no release of `{app}`", destination.target.shown()),
                );
                return Err(refused(globals, &root, problem));
            }
        }
        let is_wanted = |app: &String| arguments.app.is_empty() || arguments.app.contains(app);
        work.extend(
            apps.into_iter()
                .filter(is_wanted)
                .map(|app| (destination, app)),
        );
    }
    if work.is_empty() && !arguments.list {
        let problem = Diagnostic::general(code::NO_RELEASE, "nothing was deployed there yet");
        return Err(refused(globals, &root, problem));
    }
    if arguments.list {
        return list(globals, &root, &work);
    }
    let mut moved = Vec::new();
    let mut failed = Diagnostics::new();
    for (destination, app) in work {
        let target = destination.target.as_ref();
        let started = Instant::now();
        // Of all apps, those are passed over of which nothing is live.
        let is_asked = !arguments.app.is_empty() || arguments.unpin;
        if !is_asked
            && target
                .pointers(&app)
                .is_ok_and(|there| there.live.is_none())
        {
            continue;
        }
        let changed = match arguments.unpin {
            true => unpin(target, &app),
            false => roll_back(target, &app, arguments.to.as_deref()),
        };
        match changed {
            Ok((before, after)) => moved.push(Moved {
                destination,
                app,
                before,
                after,
                took: started.elapsed(),
            }),
            Err(problem) => failed.push(problem),
        }
    }
    if !moved.is_empty() && !arguments.unpin {
        // After it was done: going back waits for no database.
        let mut book = targets::open_book(globals, &root, &config, None);
        for one in &moved {
            let target = one.destination.target.as_ref();
            let node = &one.destination.node;
            let noted = note_rollback(
                &mut book,
                target,
                node,
                &one.app,
                (&one.before, &one.after),
                one.took,
            );
            if let Some(problem) = noted {
                output::note(format_args!("warning: {}", print::clean(&problem.message)));
            }
        }
    }
    Ok(tell(globals, &root, arguments, &moved, failed))
}

/// An app whose pointers were changed.
struct Moved<'a> {
    destination: &'a Destination,
    app: String,
    before: Pointers,
    after: Pointers,
    took: Duration,
}

fn tell(
    globals: &Globals,
    root: &Path,
    arguments: &RollbackArguments,
    moved: &[Moved<'_>],
    failed: Diagnostics,
) -> Status {
    // An app that has only one release stays as it is, where others go back.
    let may_be = |problem: &Diagnostic| {
        problem.code == code::NO_RELEASE && !moved.is_empty() && arguments.app.is_empty()
    };
    let worst = failed.iter().find(|problem| !may_be(problem));
    let status = worst.map_or(Status::Done, targets::status_of);
    let diagnostics = print::report(globals, root, failed);
    if globals.json {
        let moved: Vec<Value> = moved
            .iter()
            .map(|one| {
                json!({
                    "node": one.destination.node,
                    "app": one.app,
                    "live_before": one.before.live,
                    "live": one.after.live,
                    "pinned": one.after.pinned,
                })
            })
            .collect();
        print::json_document(&json!({ "rolled_back": moved, "diagnostics": diagnostics }));
        return status;
    }
    if globals.quiet {
        return status;
    }
    for one in moved {
        let place = format!("{} {}", one.destination.node, one.app);
        let name = |release: &Option<String>| match release {
            Some(release) => short(release).to_string(),
            None => "nothing".to_string(),
        };
        let live = name(&one.after.live);
        output::line(match (arguments.unpin, &one.before.pinned) {
            (true, None) => format!("{place}: nothing was pinned"),
            (true, Some(_)) => format!(
                "{place}: {live} is not pinned any more; the next deploy decides what is live"
            ),
            (false, _) => format!(
                "{place}: {live} is live, instead of {}, and pinned (`rbgen rollback --unpin`)",
                name(&one.before.live)
            ),
        });
    }
    status
}

fn list(globals: &Globals, root: &Path, work: &[(&Destination, String)]) -> Result<Status, Status> {
    let mut lists = Vec::new();
    for (destination, app) in work {
        let target = destination.target.as_ref();
        let found = target
            .pointers(app)
            .and_then(|pointers| Ok((pointers, target.releases(app)?)));
        let (pointers, releases) = found.map_err(|problem| refused(globals, root, problem))?;
        let place = |release: &String| pointers.order.iter().position(|other| other == release);
        let mut sorted: Vec<&String> = releases.iter().collect();
        sorted.sort_by_key(|release| (std::cmp::Reverse(place(release)), release.as_str()));
        let of_release = |release: &String| {
            let mut names: Vec<String> = Vec::new();
            if pointers.live.as_ref() == Some(release) {
                names.push("live".to_string());
            }
            if pointers.pinned.as_ref() == Some(release) {
                names.push("pinned".to_string());
            }
            let previews = pointers.previews.iter().filter(|(_, of)| *of == release);
            names.extend(previews.map(|(name, _)| format!("preview {name}")));
            names
        };
        let listed: Vec<(&String, Vec<String>)> = sorted
            .into_iter()
            .map(|release| (release, of_release(release)))
            .collect();
        if !globals.json {
            for (release, names) in &listed {
                let line = format!(
                    "{} {app}  {release}  {}",
                    destination.node,
                    names.join(", ")
                );
                output::line(line.trim_end());
            }
        }
        lists.push(json!({
            "node": destination.node,
            "app": app,
            "releases": listed.iter().map(|(release, _)| release).collect::<Vec<_>>(),
            "live": pointers.live,
            "pinned": pointers.pinned,
            "previews": pointers.previews,
        }));
    }
    if globals.json {
        print::json_document(&json!({ "targets": lists }));
    }
    Ok(Status::Done)
}

fn refused(globals: &Globals, root: &Path, problem: Diagnostic) -> Status {
    let status = targets::status_of(&problem);
    targets::said(globals, root, problem, status)
}
