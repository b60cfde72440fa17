//! What is asked of a build, and what comes of it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::guard::Exhausted;
use crate::build::{Explain, Explained};
use crate::bundle::Bundle;
use crate::db::FailureKind;
use crate::diag::{Diagnostics, Severity};
use crate::digest::Digest;
use crate::ledger::Ledger;
use crate::load::CONFIG_FILE;
use crate::model::{Moment, Site};
use crate::render::react::Runner;

/// What is asked of a build.
#[derive(Clone, Debug)]
pub struct Options {
    /// Empty means all.
    pub nodes: BTreeSet<String>,
    /// Empty means all.
    pub apps: BTreeSet<String>,
    /// Whether drafts are built as well; robbieblocks.toml may say so, too.
    pub drafts: bool,
    /// The time that conditions are held against.
    pub now: Moment,
    /// The output folder, as an absolute path; `None` is that of robbieblocks.toml.
    pub out: Option<PathBuf>,
    /// Whether to build even where the last build would be the same.
    pub force: bool,
    /// Whether to read every file and every output, instead of trusting what the file system tells.
    pub verify: bool,
    /// What `Report::explained` is to have.
    pub explain: Explain,
    /// The database whose rows are the content, by its name in robbieblocks.toml; `None` takes the
    /// files.
    pub from: Option<String>,
    /// What is done when templates take all memory; `None` trusts them.
    pub exhausted: Option<Exhausted>,
    /// Where React code is compiled and run.
    pub react: Arc<dyn Runner>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `None` where there were errors, and for a check.
    pub report: Option<Report>,
    pub diagnostics: Diagnostics,
    /// Whether robbieblocks.toml or the request itself was at fault.
    pub unusable: bool,
    /// Why the database of the content gave none.
    pub failed: Option<FailureKind>,
    /// The site, as far as it could be understood; `None` where it was not loaded, as when nothing has
    /// changed.
    pub site: Option<Arc<Site>>,
    /// Whether it failed so late that some outputs are new already.
    pub partly_written: bool,
}

/// A build that succeeded.
#[derive(Clone, Debug)]
pub struct Report {
    pub out: PathBuf,
    /// Sorted by node, then app.
    pub bundles: Vec<BuiltBundle>,
    pub pages_rendered: usize,
    pub written: Counts,
    /// Why each output was made or kept, sorted by output; empty where that was not asked for.
    pub explained: Vec<Explained>,
    /// What is worth a line besides, such as a ledger that was thrown away.
    pub notes: Vec<String>,
    /// When a condition of time next changes what is built.
    pub next_boundary: Option<Moment>,
}

/// How many files a build wrote, left as they were, and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub files_written: usize,
    pub files_kept: usize,
    pub files_removed: usize,
}

/// A bundle of a build, without the list of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltBundle {
    pub node: String,
    pub app: String,
    pub build_hash: Digest,
    pub pages: usize,
    /// How many components its pages use.
    pub components: usize,
    /// How many files it has.
    pub files: usize,
}

impl Outcome {
    pub(super) fn done(report: Report, diagnostics: Diagnostics) -> Outcome {
        Outcome {
            report: Some(report),
            ..Outcome::failed(diagnostics)
        }
    }

    pub(super) fn unusable(diagnostics: Diagnostics) -> Outcome {
        Outcome {
            report: None,
            diagnostics,
            unusable: true,
            failed: None,
            site: None,
            partly_written: false,
        }
    }

    /// No report: a check, or a build with errors. Those of robbieblocks.toml are errors of
    /// configuration and not of content.
    pub fn failed(diagnostics: Diagnostics) -> Outcome {
        let unusable = diagnostics.iter().any(|diagnostic| {
            let place = diagnostic.place.as_ref();
            diagnostic.severity == Severity::Error
                && place.is_some_and(|place| &*place.path == CONFIG_FILE)
        });
        Outcome {
            unusable,
            ..Outcome::unusable(diagnostics)
        }
    }
}

impl BuiltBundle {
    pub(super) fn of(bundle: &Bundle) -> BuiltBundle {
        BuiltBundle {
            node: bundle.node.clone(),
            app: bundle.app.clone(),
            build_hash: bundle.build_hash(),
            pages: bundle.pages,
            components: bundle.components,
            files: bundle.files().len(),
        }
    }
}

/// The bundles of the build that a ledger remembers.
pub(super) fn bundles_of(ledger: &Ledger) -> Vec<BuiltBundle> {
    ledger
        .bundles()
        .map(|(node, app, note)| BuiltBundle {
            node: node.to_string(),
            app: app.to_string(),
            build_hash: note.build_hash,
            pages: note.pages,
            components: note.components.len(),
            files: note.files,
        })
        .collect()
}
