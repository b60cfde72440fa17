//! `rbgen deploys`: lists the records of deploys, follows them, and shows the log of one.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::deploy::short;
use super::{Globals, Status, database, output, print, site_root, targets};
use crate::db::DeploysWanted;
use crate::deploy::Book;
use crate::model::{Deploy, DeployStatus};

#[derive(Args)]
pub struct DeploysArguments {
    /// Show this deploy with its log, by its id or how that begins
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Take only this node (may be given again)
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,
    /// Take only this app (may be given again)
    #[arg(long, value_name = "APP")]
    app: Vec<String>,
    /// List so many, the newest
    #[arg(long, short = 'n', value_name = "N", default_value = "20")]
    limit: usize,
    /// Go on with each change, until it is interrupted
    #[arg(long, short, conflicts_with = "id")]
    follow: bool,
    /// The database with the records, by its name in robbieblocks.toml
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
}

/// How often records are looked at while they are followed.
const INTERVAL: Duration = Duration::from_millis(500);

pub fn run(globals: &Globals, arguments: &DeploysArguments) -> Status {
    match deploys(globals, arguments) {
        Ok(status) | Err(status) => status,
    }
}

fn deploys(globals: &Globals, arguments: &DeploysArguments) -> Result<Status, Status> {
    let root = site_root(globals)?;
    let config = database::configuration(globals, &root)?;
    let mut book = targets::open_book(globals, &root, &config, arguments.database.as_deref());
    let wanted = DeploysWanted {
        nodes: &arguments.node,
        apps: &arguments.app,
        id: arguments.id.as_deref(),
        limit: arguments.limit,
    };
    let read = |book: &mut Book| {
        let found = book.read(&wanted);
        found.map_err(|failure| database::failed(globals, &root, &failure))
    };
    let found = read(&mut book)?;
    if let Some(id) = &arguments.id {
        return Ok(show(globals, id, &found));
    }
    if !arguments.follow {
        match globals.json {
            true => {
                let all: Vec<Value> = found.iter().map(json_of).collect();
                print::json_document(&json!({ "deploys": all }));
            }
            false if found.is_empty() => output::note("nothing was deployed yet"),
            false => table(&found),
        }
        return Ok(Status::Done);
    }
    let mut seen: BTreeMap<String, DeployStatus> = BTreeMap::new();
    let mut found = found;
    loop {
        for deploy in found.iter().rev() {
            if seen.get(&deploy.id) == Some(&deploy.status) {
                continue;
            }
            seen.insert(deploy.id.clone(), deploy.status);
            match globals.json {
                true => output::line(json_of(deploy)),
                false => output::line(line(&cells(deploy), &WIDTHS)),
            }
        }
        if output::is_closed() {
            return Ok(Status::Done);
        }
        std::thread::sleep(INTERVAL);
        found = read(&mut book)?;
    }
}

/// A record as JSON.
pub fn json_of(deploy: &Deploy) -> Value {
    json!({
        "id": deploy.id,
        "node": deploy.node,
        "app": deploy.app,
        "status": deploy.status.as_str(),
        "build_hash": deploy.build_hash,
        "release": deploy.release,
        "pages": deploy.pages,
        "components": deploy.components,
        "build_ms": deploy.build_ms,
        "deploy_ms": deploy.deploy_ms,
        "error": deploy.error,
        "started_at": deploy.started_at.to_string(),
        "completed_at": deploy.completed_at.map(|at| at.to_string()),
        "triggered_by": deploy.triggered_by,
        "source_rev": deploy.source_rev,
        "source_commit": deploy.source_commit,
        "target": deploy.target,
        "preview": deploy.preview,
    })
}

/// Shows one record with its log.
fn show(globals: &Globals, id: &str, found: &[Deploy]) -> Status {
    let [deploy] = found else {
        let many = match found.is_empty() {
            true => "no deploy has",
            false => "several deploys have",
        };
        let message = format!("{many} an id that begins with `{}`", print::clean(id));
        if globals.json {
            print::json_document(&json!({ "error": message }));
        }
        output::note(message);
        return Status::Unusable;
    };
    if globals.json {
        let mut value = json_of(deploy);
        value["log"] = json!(deploy.log);
        print::json_document(&value);
        return Status::Done;
    }
    let value = json_of(deploy);
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => output::line(format_args!("{name:<14} {}", print::clean(text))),
            other => output::line(format_args!("{name:<14} {other}")),
        }
    }
    if !deploy.log.is_empty() {
        output::line(format_args!("\n{}", print::clean(&deploy.log)));
    }
    Status::Done
}

const HEADS: [&str; 9] = [
    "id", "started", "node", "app", "status", "release", "pages", "ms", "by",
];
/// The widths of columns that follow each other line by line.
const WIDTHS: [usize; 9] = [8, 19, 20, 10, 9, 12, 6, 6, 0];

fn cells(deploy: &Deploy) -> [String; 9] {
    let started = deploy.started_at.to_string();
    let took = match (deploy.build_ms, deploy.deploy_ms) {
        (None, None) => String::new(),
        (build, deploy) => (build.unwrap_or(0) + deploy.unwrap_or(0)).to_string(),
    };
    let by = match &deploy.preview {
        Some(name) => format!("{} (preview {name})", deploy.triggered_by),
        None => deploy.triggered_by.clone(),
    };
    [
        deploy.id.get(..8).unwrap_or(&deploy.id).to_string(),
        started.get(..19).unwrap_or(&started).replace('T', " "),
        print::clean(&deploy.node),
        print::clean(&deploy.app),
        deploy.status.as_str().to_string(),
        short(deploy.release.as_deref().unwrap_or_default()).to_string(),
        deploy
            .pages
            .map(|pages| pages.to_string())
            .unwrap_or_default(),
        took,
        print::clean(&by),
    ]
}

fn line(cells: &[String; 9], widths: &[usize; 9]) -> String {
    let padded = cells.iter().zip(widths).enumerate();
    let padded: Vec<String> = padded
        .map(|(column, (cell, width))| match column {
            6 | 7 => format!("{cell:>width$}"),
            _ => format!("{cell:<width$}"),
        })
        .collect();
    padded.join("  ").trim_end().to_string()
}

fn table(deploys: &[Deploy]) {
    let rows: Vec<[String; 9]> = deploys.iter().map(cells).collect();
    let heads = HEADS.map(str::to_string);
    let mut widths = [0; 9];
    for row in rows.iter().chain([&heads]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    output::line(format_args!("\x1b[1m{}\x1b[0m", line(&heads, &widths)));
    for (row, deploy) in rows.iter().zip(deploys) {
        output::line(line(row, &widths));
        if let Some(error) = &deploy.error {
            output::line(format_args!("          {}", print::clean(error)));
        }
    }
}
