//! `rbgen bundle`: builds, then writes each bundle as an archive into the output folder.

use std::path::PathBuf;

use clap::Args;

use super::print::{self, Progress};
use super::{Globals, Selection, Status, output, site_root};
use crate::archive::write_archive;
use crate::pipeline::{Options, build_folder};

#[derive(Args)]
pub struct BundleArguments {
    #[command(flatten)]
    selection: Selection,
    /// Build in, and write the archives to, this folder [default: `output` in robbieblocks.toml]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(globals: &Globals, arguments: &BundleArguments) -> Status {
    let root = match site_root(globals) {
        Ok(root) => root,
        Err(status) => return status,
    };
    let options = Options {
        out: arguments.out.clone(),
        ..arguments.selection.options()
    };
    let progress = Progress::new(globals);
    let outcome = build_folder(&root, &options, &|done, total| progress.set(done, total));
    progress.finish();
    let diagnostics = print::report(globals, &root, outcome.diagnostics);
    let Some(report) = outcome.report else {
        if globals.json {
            print::json_document(&serde_json::json!({ "diagnostics": diagnostics }));
        } else {
            output::note(format_args!(
                "{}; nothing was written",
                print::count(&diagnostics)
            ));
        }
        return if outcome.unusable {
            Status::Unusable
        } else {
            Status::ContentErrors
        };
    };
    let mut archives = Vec::new();
    let mut failures = Vec::new();
    for bundle in &report.bundles {
        match write_archive(&report.out, bundle, &report.out) {
            Ok(path) => {
                if !globals.json && !globals.quiet {
                    output::line(path.display());
                }
                archives.push(serde_json::json!({
                    "node": bundle.node,
                    "app": bundle.app,
                    "build_hash": bundle.build_hash().hex(),
                    "path": path,
                }));
            }
            Err(error) => {
                let message = format!(
                    "the archive of `{}` and `{}` cannot be written: {error}",
                    bundle.node, bundle.app
                );
                output::note(format_args!("error: {message}"));
                failures.push(message);
            }
        }
    }
    if globals.json {
        let mut document = serde_json::json!({ "archives": archives, "diagnostics": diagnostics });
        if !failures.is_empty() {
            document["error"] = failures.join("; ").into();
        }
        print::json_document(&document);
    }
    match failures.is_empty() {
        true => Status::Done,
        false => Status::ContentErrors,
    }
}
