//! `rbgen build`: builds the site and prints a table of bundles.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::print::{self, Progress};
use super::{Globals, Selection, Status, absolute, output, site_root};
use crate::bundle::Bundle;
use crate::pipeline::{Options, Report, build_folder};

#[derive(Args)]
pub struct BuildArguments {
    #[command(flatten)]
    selection: Selection,
    /// Write to this folder [default: `output` in robbieblocks.toml]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Build even what seems to be up to date
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct JsonReport {
    pages_total: usize,
    pages_rendered: usize,
    files_written: usize,
    files_kept: usize,
    files_removed: usize,
    duration_ms: u64,
    bundles: Vec<JsonBundle>,
    diagnostics: Vec<print::JsonDiagnostic>,
}

#[derive(Serialize)]
struct JsonBundle {
    node: String,
    app: String,
    build_hash: String,
    pages: usize,
    components: usize,
}

pub fn run(globals: &Globals, arguments: &BuildArguments) -> Status {
    let started = Instant::now();
    let options = Options {
        out: arguments.out.as_deref().map(absolute),
        force: arguments.force,
        ..arguments.selection.options()
    };
    let (report, diagnostics) = match build_site(globals, &options) {
        Ok(built) => built,
        Err(status) => return status,
    };
    let duration = started.elapsed();
    if globals.json {
        print::json_document(&JsonReport {
            pages_total: report.bundles.iter().map(|bundle| bundle.pages).sum(),
            pages_rendered: report.pages_rendered,
            files_written: report.written.files_written,
            files_kept: report.written.files_kept,
            files_removed: report.written.files_removed,
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            bundles: report.bundles.iter().map(json_bundle).collect(),
            diagnostics,
        });
    } else if !globals.quiet {
        print_report(&report, duration.as_secs_f64());
    }
    Status::Done
}

/// Builds the site with a bar on a terminal, and says what was wrong; a build that failed is said
/// to have failed, and its status given.
pub fn build_site(
    globals: &Globals,
    options: &Options,
) -> Result<(Report, Vec<print::JsonDiagnostic>), Status> {
    let root = site_root(globals)?;
    let progress = Progress::new(globals);
    let outcome = build_folder(&root, options, &|done, total| progress.set(done, total));
    progress.finish();
    let diagnostics = print::report(globals, &root, outcome.diagnostics);
    if let Some(report) = outcome.report {
        return Ok((report, diagnostics));
    }
    if globals.json {
        print::json_document(&serde_json::json!({ "diagnostics": diagnostics }));
    } else {
        let consequence = match outcome.partly_written {
            true => "some files were written",
            false => "nothing was written",
        };
        output::note(format_args!(
            "{}; {consequence}",
            print::count(&diagnostics)
        ));
    }
    Err(match outcome.unusable {
        true => Status::Unusable,
        false => Status::ContentErrors,
    })
}

fn json_bundle(bundle: &Bundle) -> JsonBundle {
    JsonBundle {
        node: bundle.node.clone(),
        app: bundle.app.clone(),
        build_hash: bundle.build_hash().hex(),
        pages: bundle.pages,
        components: bundle.components,
    }
}

fn print_report(report: &Report, seconds: f64) {
    let heads = ["node", "app", "pages", "components", "files", "build hash"];
    let rows: Vec<[String; 6]> = report
        .bundles
        .iter()
        .map(|bundle| {
            [
                bundle.node.clone(),
                bundle.app.clone(),
                bundle.pages.to_string(),
                bundle.components.to_string(),
                bundle.files.len().to_string(),
                bundle.build_hash().short(12),
            ]
        })
        .collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .chain([heads[column].len()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: [&str; 6]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| match column {
                2..=4 => format!("{cell:>width$}"),
                _ => format!("{cell:<width$}"),
            })
            .collect();
        padded.join("  ").trim_end().to_string()
    };
    output::line(format_args!("\x1b[1m{}\x1b[0m", line(heads)));
    for row in &rows {
        output::line(format_args!(
            "{}",
            line([&row[0], &row[1], &row[2], &row[3], &row[4], &row[5]])
        ));
    }
    let written = report.written;
    output::line(format_args!(
        "\n{} rendered; {} written, {} kept, {} removed in {} ({seconds:.2} s)",
        print::number(report.pages_rendered, "page"),
        print::number(written.files_written, "file"),
        written.files_kept,
        written.files_removed,
        report.out.display(),
    ));
}
