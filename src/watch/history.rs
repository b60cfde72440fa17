//! The records of deploys for their page: from a database or the file, and what is at the targets.
#![allow(
    clippy::disallowed_methods,
    reason = "the address of a database is in the environment, and a failure is remembered for a while"
)]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::Scene;
use crate::db::{DeploysWanted, Failure, Session, address_of};
use crate::deploy::{Book, open_target};
use crate::diag::code;
use crate::model::{Config, TargetConfig};
use crate::pipeline::STATE_FOLDER;
use crate::workbench::{self, Deploys, MOST_DEPLOYS, Standing};

/// The page of deploys; `node` and `app` are those that it is about, where it is not about all.
pub fn deploys(scene: &Scene, node: Option<&str>, app: Option<&str>) -> String {
    let one =
        |name: Option<&str>| -> Vec<String> { name.map(str::to_string).into_iter().collect() };
    let (nodes, apps) = (one(node), one(app));
    let wanted = DeploysWanted {
        nodes: &nodes,
        apps: &apps,
        id: None,
        limit: MOST_DEPLOYS,
    };
    let state = scene.root.join(STATE_FOLDER);
    let config = scene.site.as_ref().map(|site| &site.config);
    let name = config.and_then(Config::default_database);
    let (session, mut failure) = match config.zip(name).map(|(config, name)| open(config, name)) {
        None => (None, None),
        Some(Ok(session)) => (Some(session), None),
        Some(Err(message)) => (None, Some(message)),
    };
    let mut opened = Book::open(&state, session);
    failure = failure.or(opened.failure.take().map(|failure| told(&failure)));
    let mut has_database = opened.book.has_database();
    let records = opened.book.read(&wanted).or_else(|problem| {
        failure = Some(told(&problem));
        has_database = false;
        Book::open(&state, None).book.read(&wanted)
    });
    let file = format!("the file {STATE_FOLDER}/deploys.jsonl");
    let source = match (name, has_database) {
        (Some(name), true) => format!("These are the records of the database `{name}`."),
        (Some(name), false) => {
            format!(
                "These are the records of {file}: those of the database `{name}` cannot be read."
            )
        }
        (None, _) => {
            format!("These are the records of {file}: the site names no database for them.")
        }
    };
    let built = |of: fn(&crate::pipeline::BuiltBundle) -> &String| {
        scene.bundles.iter().map(of).cloned().collect()
    };
    workbench::deploys_page(&Deploys {
        records: &records.unwrap_or_default(),
        source,
        failure,
        nodes: built(|bundle| &bundle.node),
        apps: built(|bundle| &bundle.app),
        node,
        app,
        standing: config.map_or_else(BTreeMap::new, |config| standing(scene, config)),
    })
}

/// When a database last could not be had, and why.
static FAILED: Mutex<Option<(Instant, String)>> = Mutex::new(None);

/// So long it is not asked again.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to a database, or why there is none: its address is never part of that. One request at a
/// time waits for it, because a server may take a connection and never answer.
fn open(config: &Config, name: &str) -> Result<Session, String> {
    let Ok(mut failed) = FAILED.try_lock() else {
        return Err("the database is being asked just now: load the page again".to_string());
    };
    if let Some((at, why)) = &*failed
        && at.elapsed() < PATIENCE
    {
        return Err(why.clone());
    }
    let environment = |variable: &str| std::env::var(variable).ok();
    let opened = address_of(config, name, &environment)
        .and_then(|address| Session::open(&address))
        .map_err(|failure| told(&failure));
    let why = opened.as_ref().err();
    *failed = why.map(|why| (Instant::now(), why.clone()));
    opened
}

/// Why a database is not read, for a page that others may see: what the command line says of a server
/// names it.
fn told(failure: &Failure) -> String {
    match failure.code {
        code::UNKNOWN_DATABASE | code::NO_ADDRESS | code::NOT_MIGRATED => failure.message.clone(),
        code => format!(
            "the database cannot be used: `rbgen doctor` says why, and `rbgen explain {}` what that means",
            code.0
        ),
    }
}

/// What pointers say at the targets that are on this disk: a page does not wait for a store.
fn standing(scene: &Scene, config: &Config) -> BTreeMap<(String, String), Standing> {
    let mut standing = BTreeMap::new();
    for (node, config) in &config.nodes {
        let Some(deploy) = &config.deploy else {
            continue;
        };
        if matches!(deploy.target, TargetConfig::S3 { .. }) {
            continue;
        }
        let Ok(target) = open_target(&scene.root, node, &deploy.target) else {
            continue;
        };
        for app in target.apps().unwrap_or_default() {
            if let Ok(pointers) = target.pointers(&app) {
                let found = Standing {
                    live: pointers.live,
                    pinned: pointers.pinned,
                    previews: pointers.previews,
                };
                standing.insert((node.clone(), app), found);
            }
        }
    }
    standing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_cannot_be_reached_is_not_named() {
        let failure = Failure::new(code::UNREACHABLE, "nothing listens at 10.1.2.3:5432");
        let told = told(&failure);
        assert!(!told.contains("10.1.2.3"), "{told}");
        assert!(told.contains("rbgen explain RB"), "{told}");
    }
}
