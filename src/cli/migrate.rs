//! `rbgen migrate`: the tables that a database needs.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::{DEFAULT_DATABASE, Globals, Status, database, output, print, site_root};
use crate::db::migrate::{self, Migrated, Plan};
use crate::db::{Failure, Session};
use crate::diag::Diagnostics;

#[derive(Args)]
pub struct MigrateArguments {
    /// The database, by its name in robbieblocks.toml
    #[arg(value_name = "DATABASE", default_value = DEFAULT_DATABASE)]
    database: String,
    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// List the migrations and when they were applied
    #[arg(long, conflicts_with = "dry_run")]
    status: bool,
    /// Print the SQL of the least roles, to be applied by hand: `rbgen migrate --roles | psql …`
    #[arg(long, conflicts_with_all = ["dry_run", "status"])]
    roles: bool,
}

/// The roles, as SQL.
const ROLES: &str = include_str!("../../migrations/roles.sql");

/// What was done with a plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Listed,
    Planned,
    Nothing,
    Applied,
    Refused,
}

pub fn run(globals: &Globals, arguments: &MigrateArguments) -> Status {
    if arguments.roles {
        output::document(ROLES.as_bytes());
        return Status::Done;
    }
    let root = match site_root(globals) {
        Ok(root) => root,
        Err(status) => return status,
    };
    let ended = database::open(globals, &root, &arguments.database).and_then(|mut session| {
        carry_out(&mut session, arguments)
            .map_err(|failure| database::failed(globals, &root, &failure))
    });
    match ended {
        Ok((plan, told)) => tell(globals, &root, arguments, plan, told),
        Err(status) => status,
    }
}

fn carry_out(session: &mut Session, arguments: &MigrateArguments) -> Result<(Plan, Told), Failure> {
    if arguments.status {
        return Ok((migrate::plan(session)?, Told::Listed));
    }
    if arguments.dry_run {
        let plan = migrate::plan(session)?;
        let told = match (plan.in_the_way.is_empty(), plan.is_due()) {
            (false, _) => Told::Refused,
            (true, true) => Told::Planned,
            (true, false) => Told::Nothing,
        };
        return Ok((plan, told));
    }
    Ok(match migrate::migrate(session)? {
        Migrated::Already(plan) => (plan, Told::Nothing),
        Migrated::Done(plan) => (plan, Told::Applied),
        Migrated::Refused(plan) => (plan, Told::Refused),
    })
}

/// Says what was done, or would be.
fn tell(
    globals: &Globals,
    root: &Path,
    arguments: &MigrateArguments,
    mut plan: Plan,
    told: Told,
) -> Status {
    let database = &arguments.database;
    if !globals.json && !globals.quiet {
        match told {
            Told::Listed => list(&plan),
            Told::Planned => words(&plan),
            Told::Applied => {
                summary(&plan);
                output::line(format_args!(
                    "the database `{database}` has all of it now, in the schema `{}`",
                    plan.schema
                ));
            }
            Told::Nothing => output::line(format_args!(
                "nothing to do: the database `{database}` has all of it, in the schema `{}`",
                plan.schema
            )),
            Told::Refused => {}
        }
    }
    let is_blocked = !plan.in_the_way.is_empty();
    let mut diagnostics = std::mem::take(&mut plan.in_the_way);
    diagnostics.extend(std::mem::take(&mut plan.remarks));
    let document = json!({
        "database": database,
        "schema": plan.schema,
        "applied": told == Told::Applied,
        "files": plan.files.iter().map(file).collect::<Vec<_>>(),
    });
    finish(globals, root, diagnostics, document);
    match told {
        Told::Refused => {
            if !globals.json {
                output::note("nothing was changed");
            }
            Status::Conflict
        }
        Told::Listed if is_blocked => Status::Conflict,
        _ => Status::Done,
    }
}

/// Every file with when it was applied.
fn list(plan: &Plan) {
    for file in &plan.files {
        let state = match &file.applied {
            Some(applied) => {
                let hand = if applied.checksum.is_none() {
                    ", by hand"
                } else {
                    ""
                };
                let again = if file.due {
                    "; something of it is missing"
                } else {
                    ""
                };
                format!("{} by {}{hand}{again}", applied.at, applied.by)
            }
            None => "not applied".into(),
        };
        output::line(format_args!("V{} {:<20} {state}", file.version, file.name));
    }
}

/// Every file that was applied, and how much it did.
fn summary(plan: &Plan) {
    for file in plan.files.iter().filter(|file| file.due) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for step in &file.steps {
            *counts.entry(step.action.as_str()).or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(action, count)| format!("{action} {count}"))
            .collect();
        output::line(format_args!(
            "V{} {}: {}",
            file.version,
            file.name,
            counts.join(", ")
        ));
    }
}

/// Every file that is due, and what it would do.
fn words(plan: &Plan) {
    for file in plan.files.iter().filter(|file| file.due) {
        let again = if file.applied.is_some() { " again" } else { "" };
        output::line(format_args!(
            "V{} {}: would be applied{again} in the schema `{}`",
            file.version, file.name, plan.schema
        ));
        for step in &file.steps {
            output::line(format_args!("  {:<7} {}", step.action.as_str(), step.what));
        }
    }
}

fn file(file: &migrate::FilePlan) -> Value {
    json!({
        "version": file.version,
        "name": file.name,
        "applied_at": file.applied.as_ref().map(|applied| &applied.at),
        "applied_by": file.applied.as_ref().map(|applied| &applied.by),
        "checksum": file.applied.as_ref().and_then(|applied| applied.checksum.as_ref()),
        "due": file.due,
        "steps": file.steps.iter().map(|step| json!({
            "action": step.action.as_str(),
            "what": step.what,
        })).collect::<Vec<_>>(),
    })
}

/// Prints the diagnostics, and with `--json` the document that they are a part of.
fn finish(globals: &Globals, root: &Path, diagnostics: Diagnostics, mut document: Value) {
    let diagnostics = print::report(globals, root, diagnostics);
    if globals.json {
        document["diagnostics"] = json!(diagnostics);
        print::json_document(&document);
    }
}
