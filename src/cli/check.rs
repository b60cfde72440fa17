//! `rbgen check`: everything that is wrong with the site, in one run.

use clap::Args;

use super::print::{self, Progress};
use super::{Globals, Selection, Status, output, site_root};
use crate::diag::Severity;
use crate::pipeline::check_folder;

#[derive(Args)]
pub struct CheckArguments {
    #[command(flatten)]
    selection: Selection,
    /// Let warnings fail as well
    #[arg(long)]
    deny_warnings: bool,
}

pub fn run(globals: &Globals, arguments: &CheckArguments) -> Status {
    let root = match site_root(globals) {
        Ok(root) => root,
        Err(status) => return status,
    };
    let progress = Progress::new(globals);
    let outcome = check_folder(&root, &arguments.selection.options(), &|done, total| {
        progress.set(done, total);
    });
    progress.finish();
    let errors = outcome
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error || arguments.deny_warnings)
        .count();
    let diagnostics = print::report(globals, &root, outcome.diagnostics);
    if globals.json {
        print::json_document(&serde_json::json!({ "diagnostics": diagnostics }));
    } else if !diagnostics.is_empty() {
        output::note(print::count(&diagnostics));
    } else if !globals.quiet {
        output::line("no errors, no warnings");
    }
    if let Some(kind) = outcome.failed {
        return kind.into();
    }
    match (outcome.unusable, errors) {
        (true, _) => Status::Unusable,
        (false, 0) => Status::Done,
        (false, _) => Status::ContentErrors,
    }
}
