//! `rbgen build`: builds the site and prints a table of bundles.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::print::{self, Progress};
use super::{Globals, Selection, Status, absolute, output, site_root};
use crate::pipeline::{BuiltBundle, Explain, Options, Report, build_folder};

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
    /// Read every file and every output, instead of trusting their times and sizes
    #[arg(long)]
    verify: bool,
    /// Say of every output why it was made or kept; or only of those of PATH: a page's file or key,
    /// or an output or a folder of outputs
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = "")]
    explain: Option<String>,
}

#[derive(Serialize)]
struct JsonReport {
    pages_total: usize,
    pages_rendered: usize,
    files_written: usize,
    files_kept: usize,
    files_removed: usize,
    duration_ms: u64,
    /// The database that the content was taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    bundles: Vec<JsonBundle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explained: Option<Vec<JsonExplained>>,
    diagnostics: Vec<print::JsonDiagnostic>,
}

/// Why an output was made, or that it was kept.
#[derive(Serialize)]
struct JsonExplained {
    output: String,
    page: Option<String>,
    made: bool,
    reason: String,
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
        verify: arguments.verify,
        explain: match arguments.explain {
            Some(_) => Explain::All,
            None => Explain::Nothing,
        },
        ..arguments.selection.options()
    };
    let (report, diagnostics) = match build_site(globals, &options) {
        Ok(built) => built,
        Err(status) => return status,
    };
    let duration = started.elapsed();
    let explained = arguments
        .explain
        .as_ref()
        .map(|wanted| explained(&report, wanted));
    if let Some(explained) = &explained
        && explained.is_empty()
    {
        output::note("no output is of that path");
    }
    if globals.json {
        print::json_document(&JsonReport {
            pages_total: report.bundles.iter().map(|bundle| bundle.pages).sum(),
            pages_rendered: report.pages_rendered,
            files_written: report.written.files_written,
            files_kept: report.written.files_kept,
            files_removed: report.written.files_removed,
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            from: options.from.as_ref().map(|name| format!("db={name}")),
            bundles: report.bundles.iter().map(json_bundle).collect(),
            explained,
            diagnostics,
        });
    } else if let Some(explained) = &explained {
        for line in explained {
            let word = if line.made { "made" } else { "kept" };
            output::line(format_args!("{word}  {}  {}", line.output, line.reason));
        }
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
        if !globals.quiet {
            report.notes.iter().for_each(output::note);
        }
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
    Err(match (outcome.failed, outcome.unusable) {
        (Some(kind), _) => kind.into(),
        (None, true) => Status::Unusable,
        (None, false) => Status::ContentErrors,
    })
}

/// What is explained of the outputs that somebody asks about: all, or those of a page by its file or
/// its key, or those at a path or below it.
fn explained(report: &Report, wanted: &str) -> Vec<JsonExplained> {
    let out = report.out.to_string_lossy();
    let folder = report.out.file_name().map(|name| name.to_string_lossy());
    let wanted = wanted.trim_start_matches("./").trim_end_matches('/');
    let below = wanted
        .strip_prefix(&*out)
        .or_else(|| wanted.strip_prefix(&*folder?))
        .map_or(wanted, |rest| rest.trim_start_matches('/'));
    let is_wanted = |output: &str, page: Option<&str>| {
        let inside = output.strip_prefix(below);
        // The key of a page is the stem of its file, or what follows the table of its row.
        let has_key = |page: &str| {
            let name = page.rsplit('/').next().unwrap_or(page);
            name == wanted
                || name
                    .rsplit_once('.')
                    .is_some_and(|(stem, _)| stem == wanted)
        };
        inside.is_some_and(|rest| below.is_empty() || rest.is_empty() || rest.starts_with('/'))
            || page.is_some_and(|page| page == wanted || has_key(page))
    };
    let wanted = report
        .explained
        .iter()
        .filter(|explained| is_wanted(&explained.output, explained.page.as_deref()));
    wanted
        .map(|explained| JsonExplained {
            output: explained.output.clone(),
            page: explained.page.clone(),
            made: explained.reason.is_some(),
            reason: match &explained.reason {
                Some(reason) => format!("because {reason}"),
                None => "nothing that it is made from changed".to_string(),
            },
        })
        .collect()
}

fn json_bundle(bundle: &BuiltBundle) -> JsonBundle {
    JsonBundle {
        node: bundle.node.clone(),
        app: bundle.app.clone(),
        build_hash: bundle.build_hash.hex(),
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
                bundle.files.to_string(),
                bundle.build_hash.short(12),
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
