//! What the commands that deploy share: the nodes that are meant with their targets, and the book of
//! records.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Globals, Status, database, output, print};
use crate::db::{Address, Session, address_of};
use crate::deploy::{Book, Destination, Opened, open_target};
use crate::diag::{Diagnostic, code, did_you_mean};
use crate::model::Config;
use crate::pipeline::STATE_FOLDER;

/// The targets of the nodes that are meant: of those that are named, or of all that have one.
pub fn destinations(
    globals: &Globals,
    root: &Path,
    config: &Config,
    nodes: &BTreeSet<String>,
) -> Result<Vec<Destination>, Status> {
    let mut found = Vec::new();
    let known: Vec<&str> = with_target(config).map(|(node, _)| node).collect();
    for node in nodes {
        if !known.contains(&node.as_str()) {
            let problem = Diagnostic::general(
                code::NO_TARGET,
                format!("the node `{node}` has no target in robbieblocks.toml"),
            );
            let hint = match did_you_mean(node, known.iter().copied()) {
                Some(other) => format!("did you mean `{other}`?"),
                None => format!("write `deploy = {{ dir = \"…\" }}` below `[node.{node}]`"),
            };
            return Err(said(globals, root, problem.hint(hint), Status::Unusable));
        }
    }
    for (node, deploy) in with_target(config) {
        if !nodes.is_empty() && !nodes.contains(node) {
            continue;
        }
        match open_target(root, node, &deploy.target) {
            Ok(target) => found.push(Destination {
                node: node.to_string(),
                target,
                keep: deploy.keep,
            }),
            Err(problem) => return Err(said(globals, root, problem, Status::Unusable)),
        }
    }
    if found.is_empty() {
        let problem =
            Diagnostic::general(code::NO_TARGET, "no node has a target in robbieblocks.toml")
                .hint("write `deploy = { dir = \"…\" }` below `[node.NODE]`");
        return Err(said(globals, root, problem, Status::Unusable));
    }
    let mut shown: Vec<&str> = found.iter().map(|one| one.target.shown()).collect();
    shown.sort_unstable();
    if let Some(twice) = shown.windows(2).find(|pair| pair[0] == pair[1]) {
        let problem = Diagnostic::general(
            code::TARGET_FOREIGN,
            format!("two nodes have the target {}", twice[0]),
        )
        .hint("give each node a target of its own");
        return Err(said(globals, root, problem, Status::Unusable));
    }
    Ok(found)
}

fn with_target(config: &Config) -> impl Iterator<Item = (&str, &crate::model::DeployConfig)> {
    let nodes = config.nodes.iter();
    nodes.filter_map(|(node, config)| Some((node.as_str(), config.deploy.as_ref()?)))
}

/// Says what is wrong, and gives the status.
pub fn said(globals: &Globals, root: &Path, problem: Diagnostic, status: Status) -> Status {
    database::said(globals, root, problem.into(), status)
}

/// The status of an error of a target.
pub fn status_of(problem: &Diagnostic) -> Status {
    match problem.code {
        code::TARGET_FAILED => Status::Unreachable,
        code::NO_TARGET => Status::Unusable,
        code::NOT_BUILT => Status::ContentErrors,
        _ => Status::Conflict,
    }
}

/// The book of records: in the database where there is one and it can be reached, and otherwise in a
/// file, which is said.
pub fn open_book(globals: &Globals, root: &Path, config: &Config, named: Option<&str>) -> Book {
    let state = root.join(STATE_FOLDER);
    let environment = |variable: &str| std::env::var(variable).ok();
    let address: Option<Address> = named
        .or_else(|| config.default_database())
        .and_then(|name| address_of(config, name, &environment).ok());
    let (session, failure) = match address.map(|address| Session::open(&address)) {
        None => (None, None),
        Some(Ok(session)) => (Some(session), None),
        Some(Err(failure)) => (None, Some(failure)),
    };
    let Opened {
        book,
        handed_over,
        failure: refused,
    } = Book::open(&state, session);
    if let Some(failure) = failure.or(refused) {
        output::note(format_args!(
            "warning[{}]: {}; the records go to {STATE_FOLDER}/deploys.jsonl, and to the database when it is there again",
            failure.code.0,
            print::clean(&failure.message)
        ));
    }
    if handed_over > 0 && !globals.quiet {
        let count = print::number(handed_over, "record");
        output::note(format_args!(
            "{count} of {STATE_FOLDER}/deploys.jsonl went into the database"
        ));
    }
    book
}
