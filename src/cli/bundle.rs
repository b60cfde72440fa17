//! `rbgen bundle`: builds, then writes each bundle as an archive into the output folder.

use std::path::PathBuf;

use clap::Args;

use super::build::build_site;
use super::{Globals, Selection, Status, absolute, output, print};
use crate::archive::write_archive;
use crate::pipeline::Options;
use crate::store::read_bundle;

#[derive(Args)]
pub struct BundleArguments {
    #[command(flatten)]
    selection: Selection,
    /// Build in, and write the archives to, this folder [default: `output` in robbieblocks.toml]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(globals: &Globals, arguments: &BundleArguments) -> Status {
    let options = Options {
        out: arguments.out.as_deref().map(absolute),
        ..arguments.selection.options()
    };
    let (report, diagnostics) = match build_site(globals, &options) {
        Ok(built) => built,
        Err(status) => return status,
    };
    let mut archives = Vec::new();
    let mut failures = Vec::new();
    for bundle in &report.bundles {
        let written = match read_bundle(&report.out, &bundle.node, &bundle.app) {
            Some(bundle) => write_archive(&report.out, &bundle, &report.out)
                .map_err(|failure| failure.to_string()),
            None => Err("its manifest is gone".to_string()),
        };
        match written {
            Ok(path) => {
                if !globals.json && !globals.quiet {
                    output::line(path.display());
                }
                archives.push(serde_json::json!({
                    "node": bundle.node,
                    "app": bundle.app,
                    "build_hash": bundle.build_hash.hex(),
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
