//! Runs a whole build of a folder, from its files to its output: load, plan, build, store.
#![allow(
    clippy::disallowed_methods,
    reason = "this room joins the rooms that do I/O"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::build::{Built, NoOutput, Output, build, build_warnings};
use crate::bundle::Bundle;
use crate::diag::{Diagnostic, Diagnostics, Severity, code, did_you_mean};
use crate::digest::{Digest, Hasher};
use crate::files::Folder;
use crate::ledger::{Ledger, build_key};
use crate::load::{CONFIG_FILE, load_site};
use crate::model::{Moment, Site};
use crate::plan::{Plan, Request, plan};
use crate::store::{Published, Store, Written, output_place, read_ledger, write_ledger};

/// The folder of a site's state and caches; deleting it is always safe.
pub const STATE_FOLDER: &str = ".rbgen";

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
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `None` where there were errors, and for a check.
    pub report: Option<Report>,
    pub diagnostics: Diagnostics,
    /// Whether robbieblocks.toml or the request itself was at fault.
    pub unusable: bool,
    /// Whether it failed so late that some outputs are new already.
    pub partly_written: bool,
}

/// A build that succeeded.
#[derive(Clone, Debug)]
pub struct Report {
    pub out: PathBuf,
    pub bundles: Vec<Bundle>,
    pub pages_rendered: usize,
    pub written: Written,
}

impl Outcome {
    fn done(report: Report, diagnostics: Diagnostics) -> Outcome {
        Outcome {
            report: Some(report),
            ..Outcome::failed(diagnostics)
        }
    }

    fn unusable(diagnostics: Diagnostics) -> Outcome {
        Outcome {
            report: None,
            diagnostics,
            unusable: true,
            partly_written: false,
        }
    }

    /// No report: a check, or a build with errors. Those of robbieblocks.toml are errors of
    /// configuration and not of content.
    fn failed(diagnostics: Diagnostics) -> Outcome {
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

/// A site with the plan of its build.
struct Planned {
    site: Arc<Site>,
    plan: Plan,
    ledger_key: Digest,
    diagnostics: Diagnostics,
}

/// Builds the site of a folder into its output folder. `progress` gets (pages done, pages in all).
pub fn build_folder(
    root: &Path,
    options: &Options,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Outcome {
    let planned = match plan_folder(root, options) {
        Ok(planned) => planned,
        Err(outcome) => return outcome,
    };
    let Planned {
        site,
        plan,
        ledger_key,
        mut diagnostics,
    } = planned;
    let out = match &options.out {
        Some(out) => output_place(root, root, out),
        None => output_place(root, root, Path::new(&site.config.build.output)),
    };
    let out = match out {
        Ok(out) => out,
        Err(diagnostic) => return Outcome::unusable(diagnostic.into()),
    };
    if diagnostics.has_errors() {
        // The rest is still worth saying, and nothing may be written.
        diagnostics.extend(run(&site, &plan, &NoOutput, progress).diagnostics);
        return Outcome::failed(diagnostics);
    }
    let store = match Store::open(&out, root) {
        Ok(store) => store,
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            return Outcome::failed(diagnostics);
        }
    };
    let narrowed = !(options.nodes.is_empty() && options.apps.is_empty());
    let ledger_path = ledger_path(root, &out, options);
    let last =
        read_ledger(&ledger_path).filter(|ledger| ledger.key == ledger_key && !options.force);
    if let Some(bundles) = last.and_then(|ledger| store.holds(&ledger.bundles, narrowed)) {
        let kept = bundles.iter().map(|bundle| bundle.files.len()).sum();
        let report = Report {
            out,
            bundles,
            pages_rendered: 0,
            written: Written {
                files_kept: kept,
                ..Written::default()
            },
        };
        diagnostics.extend(build_warnings(&site, &plan));
        return Outcome::done(report, diagnostics);
    }
    let built = run(&site, &plan, &store, progress);
    diagnostics.extend(built.diagnostics);
    if diagnostics.has_errors() {
        store.abandon();
        return Outcome::failed(diagnostics);
    }
    match store.publish(&built.bundles, narrowed) {
        Published::All(written, found) => {
            diagnostics.extend(found);
            // Without a ledger the next build works more, and no less correctly.
            let _ = write_ledger(&ledger_path, &Ledger::new(ledger_key, &built.bundles));
            let report = Report {
                out,
                bundles: built.bundles,
                pages_rendered: built.pages_rendered,
                written,
            };
            Outcome::done(report, diagnostics)
        }
        Published::Nothing(diagnostic) => {
            diagnostics.push(diagnostic);
            Outcome::failed(diagnostics)
        }
        Published::Partly(diagnostic) => {
            diagnostics.push(diagnostic);
            Outcome {
                partly_written: true,
                ..Outcome::failed(diagnostics)
            }
        }
    }
}

/// The ledger of one kind of build into one output folder: builds of other nodes, or to other
/// places, must not make each other forget.
fn ledger_path(root: &Path, out: &Path, options: &Options) -> PathBuf {
    let mut kind = Hasher::new("rbgen ledger");
    kind.text(&out.to_string_lossy());
    for names in [&options.nodes, &options.apps] {
        kind.number(names.len() as u64);
        for name in names {
            kind.text(name);
        }
    }
    kind.number(u64::from(options.drafts));
    let name = format!("ledger-{}", kind.finish().short(12));
    root.join(STATE_FOLDER).join(name)
}

/// Says all that a build would say, and writes nothing.
pub fn check_folder(
    root: &Path,
    options: &Options,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Outcome {
    match plan_folder(root, options) {
        Ok(Planned {
            site,
            plan,
            mut diagnostics,
            ..
        }) => {
            diagnostics.extend(run(&site, &plan, &NoOutput, progress).diagnostics);
            Outcome::failed(diagnostics)
        }
        Err(outcome) => outcome,
    }
}

fn run(
    site: &Arc<Site>,
    plan: &Plan,
    output: &dyn Output,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Built {
    let bundles = plan.nodes.iter().flat_map(|node| &node.bundles);
    let total = bundles.map(|bundle| bundle.pages.len()).sum();
    build(site, plan, output, &|done| progress(done, total))
}

fn plan_folder(root: &Path, options: &Options) -> Result<Planned, Outcome> {
    let loaded = load_site(&Folder::new(root));
    let mut diagnostics = loaded.diagnostics;
    let Some(site) = loaded.site else {
        return Err(Outcome::unusable(diagnostics));
    };
    let unknown = unknown_names(&site, options);
    if !unknown.is_empty() {
        // What is missing may be missing because it could not be read, which has been said.
        if !site.incomplete {
            diagnostics.extend(unknown);
        }
        return Err(Outcome::unusable(diagnostics));
    }
    let request = Request {
        nodes: options.nodes.clone(),
        apps: options.apps.clone(),
        drafts: options.drafts || site.config.build.drafts,
        now: options.now,
    };
    let (plan, found) = plan(&site, &request);
    diagnostics.extend(found);
    Ok(Planned {
        ledger_key: build_key(&loaded.inputs, &request, &plan.boundaries),
        site: Arc::new(site),
        plan,
        diagnostics,
    })
}

/// Names in the request that the site does not have.
fn unknown_names(site: &Site, options: &Options) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for node in options
        .nodes
        .iter()
        .filter(|node| !site.nodes.contains_key(*node))
    {
        diagnostics.push(
            Diagnostic::general(code::UNKNOWN_NODE, format!("there is no node `{node}`"))
                .hint_if(did_you_mean(node, site.nodes.keys().map(String::as_str))),
        );
    }
    let apps: BTreeSet<&str> = site.pages.iter().map(|page| page.app.as_str()).collect();
    for app in options
        .apps
        .iter()
        .filter(|app| !apps.contains(app.as_str()))
    {
        diagnostics.push(
            Diagnostic::general(code::UNKNOWN_APP, format!("there is no app `{app}`"))
                .hint_if(did_you_mean(app, apps.iter().copied())),
        );
    }
    diagnostics
}
