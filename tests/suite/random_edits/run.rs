//! Runs a sequence of edits: after each, the build in place is held against one from nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rbgen::diag::{Severity, code};
use rbgen::pipeline::{Explain, Options, Outcome, Report, build_folder};

use super::bounds::{Answers, Asked, answers, may_be_rendered, now};
use super::disk;
use super::kinds::{Edit, Kind, Sequence};
use super::site::{APPS, Files, NODES, Site};
use super::start::start;
use crate::harness::{Tree, differences, react, remove_any, tree};

/// What a sequence, or many, came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub builds: usize,
    pub failed: usize,
    /// Pages of builds whose last was like them, how many of those may be rendered, and were.
    pub pages: usize,
    pub bound: usize,
    pub rendered: usize,
}

impl Tally {
    pub fn add(&mut self, other: Tally) {
        self.builds += other.builds;
        self.failed += other.failed;
        self.pages += other.pages;
        self.bound += other.bound;
        self.rendered += other.rendered;
    }
}

/// What the last build was, where it succeeded.
struct Last {
    asked: Asked,
    answers: Answers,
    /// Whether what it left in `.rbgen` has not been touched since.
    intact: bool,
}

/// A site with its output, and the same sources elsewhere.
struct Run {
    root: PathBuf,
    clean: PathBuf,
    site: Site,
    files: Files,
    asked: Asked,
    last: Option<Last>,
    /// Whether the output is that of the site as it is now.
    current: bool,
    /// Outputs that were altered and not mended yet.
    altered: BTreeSet<String>,
    /// The edits since the last build.
    kinds: Vec<Kind>,
    before: Vec<Site>,
    older: Vec<Tree>,
    tally: Tally,
}

/// Runs a sequence in a folder, which is emptied first.
pub fn run(folder: &Path, sequence: &Sequence) -> Result<Tally, String> {
    remove_any(folder);
    let mut run = Run {
        root: folder.join("site"),
        clean: folder.join("clean"),
        site: start(),
        files: Files::new(),
        asked: Asked {
            now: 4,
            ..Asked::default()
        },
        last: None,
        current: false,
        altered: BTreeSet::new(),
        kinds: Vec::new(),
        before: Vec::new(),
        older: Vec::new(),
        tally: Tally::default(),
    };
    run.put_files(false);
    run.build(&run.asked.clone(), "at first")?;
    for (index, (edit, build)) in sequence.iter().enumerate() {
        let narrowed = run.apply(*edit);
        let what = format!("after edit {} ({:?})", index + 1, edit.kind);
        if let Some(asked) = narrowed {
            run.build(&asked, &what)?;
        }
        if *build || edit.kind == Kind::ManifestGone {
            run.build(&run.asked.clone(), &what)?;
        }
    }
    Ok(run.tally)
}

impl Run {
    fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// Writes what has changed of the site, here and elsewhere.
    fn put_files(&mut self, same_time: bool) {
        let files = self.site.files();
        if files != self.files {
            self.current = false;
            disk::write(&self.root, &self.files, &files, same_time);
            disk::write(&self.clean, &self.files, &files, false);
            self.files = files;
        }
    }

    /// Applies an edit. Gives what is asked of a build that is narrower than the others.
    fn apply(&mut self, edit: Edit) -> Option<Asked> {
        let Edit { kind, at, to, .. } = edit;
        self.kinds.push(kind);
        match kind {
            Kind::Undo => {
                if let Some(site) = self.before.pop() {
                    self.site = site;
                }
            }
            Kind::Now => self.asked.now = at % 12,
            Kind::Drafts => self.asked.drafts ^= true,
            Kind::OneNode => {
                let node = Some(NODES[usize::from(at) % NODES.len()]);
                let asked = self.asked.clone();
                return Some(Asked { node, ..asked });
            }
            Kind::OneApp => {
                let app = Some(APPS[usize::from(at) % APPS.len()]);
                let asked = self.asked.clone();
                return Some(Asked { app, ..asked });
            }
            Kind::Touch => disk::touch(&self.root, &self.files, at, to),
            Kind::LedgerGone | Kind::LedgerCut | Kind::LedgerFlipped | Kind::LedgerOld => {
                self.distrust();
                disk::disturb_state(&self.root, kind, at, to, &self.older);
            }
            Kind::OutputAltered
            | Kind::OutputAlteredInSize
            | Kind::OutputGone
            | Kind::OutputFolder => {
                self.altered
                    .extend(disk::disturb_output(&self.dist(), kind, at, to));
            }
            Kind::ManifestGone if self.current && self.altered.is_empty() => {
                // Without it the files are not rbgen's: only where they are all as they would be
                // written may a build succeed.
                self.distrust();
                let manifests: Vec<String> = tree(&self.dist())
                    .into_keys()
                    .filter(|path| is_manifest(path))
                    .collect();
                if let Some(path) = manifests.get(usize::from(at) % manifests.len().max(1)) {
                    remove_any(&self.dist().join(path));
                }
            }
            Kind::ManifestGone => {}
            Kind::DistGone => {
                self.distrust();
                self.altered.extend(tree(&self.dist()).into_keys());
                remove_any(&self.dist());
            }
            _ => {
                self.before.push(self.site.clone());
                edit.change(&mut self.site);
            }
        }
        if matches!(kind, Kind::Now | Kind::Drafts) {
            self.current = false;
        }
        self.put_files(edit.same_time);
        None
    }

    fn distrust(&mut self) {
        if let Some(last) = &mut self.last {
            last.intact = false;
        }
    }

    /// Builds in place, from nothing, and in place again.
    fn build(&mut self, asked: &Asked, what: &str) -> Result<(), String> {
        let fail = |why: String| Err(format!("{what}, asked {asked:?}: {why}"));
        let options = options(asked);
        let before = tree(&self.dist());
        let here = build_folder(&self.root, &options, &|_, _| ());
        remove_any(&self.clean.join("dist"));
        remove_any(&self.clean.join(".rbgen"));
        let there = build_folder(&self.clean, &options, &|_, _| ());
        let fresh = tree(&self.clean.join("dist"));
        self.tally.builds += 1;
        if here.report.is_some() != there.report.is_some()
            || said(&here, &self.root) != said(&there, &self.clean)
        {
            return fail(format!(
                "it says {:#?}, and from nothing {:#?}",
                said(&here, &self.root),
                said(&there, &self.clean)
            ));
        }
        let last = self.last.take();
        let kinds = std::mem::take(&mut self.kinds);
        let (Some(report), Some(clean)) = (&here.report, &there.report) else {
            self.tally.failed += 1;
            if here.partly_written {
                return fail("it is partly written".into());
            }
            let found = differences(&before, &tree(&self.dist()));
            return match found.is_empty() {
                true => Ok(()),
                false => fail(format!("an error changed dist:\n{}", found.join("\n"))),
            };
        };
        if report.bundles != clean.bundles {
            return fail("the bundles differ from those from nothing".into());
        }
        self.hold_against(report, &before, &fresh, asked)
            .or_else(fail)?;
        let answers = answers(&self.site, asked);
        if let Some(last) = last {
            self.hold_within_bound(report, &before, &fresh, &last, asked, &answers)
                .and_then(|may| self.hold_few(may, &kinds))
                .or_else(fail)?;
        }
        let dist = self.dist();
        self.altered
            .retain(|path| is_altered(&dist, path, fresh.get(path)));
        let again = build_folder(&self.root, &options, &|_, _| ());
        let idle = |report: &Report| {
            let written = report.written;
            (
                report.pages_rendered,
                written.files_written,
                written.files_removed,
            ) == (0, 0, 0)
        };
        if !again.report.as_ref().is_some_and(idle)
            || said(&again, &self.root) != said(&here, &self.root)
        {
            let found = said(&again, &self.root);
            return fail(format!("again: {:?}, and says {found:#?}", again.report));
        }
        let state = disk::state(&self.root);
        self.older.push(state);
        self.current |= asked.node.is_none() && asked.app.is_none();
        self.last = Some(Last {
            asked: asked.clone(),
            answers,
            intact: true,
        });
        Ok(())
    }

    /// The output is that from nothing; of bundles that a narrowed build did not make, that of
    /// before.
    fn hold_against(
        &mut self,
        report: &Report,
        before: &Tree,
        fresh: &Tree,
        asked: &Asked,
    ) -> Result<(), String> {
        let mut expected = fresh.clone();
        if asked.node.is_some() || asked.app.is_some() {
            let made = |path: &str| {
                report.bundles.iter().any(|bundle| {
                    let folder = format!("{}/{}", bundle.node, bundle.app);
                    let rest = path.strip_prefix(&*folder);
                    rest.is_some_and(|rest| rest.starts_with('/') || rest == ".json")
                })
            };
            let others = before.iter().filter(|(path, _)| !made(path));
            expected.extend(others.map(|(path, bytes)| (path.clone(), bytes.clone())));
        }
        let mut after = tree(&self.dist());
        // What was altered and is no longer built stays, for it may be somebody's; here it is
        // nobody's.
        for path in &self.altered {
            if !expected.contains_key(path) && after.remove(path).is_some() {
                fs::remove_file(self.dist().join(path)).unwrap();
            }
        }
        let found = differences(&expected, &after);
        if !found.is_empty() {
            return Err(format!(
                "from nothing against in place:\n{}",
                found.join("\n")
            ));
        }
        let changed = after
            .iter()
            .filter(|(path, bytes)| !is_manifest(path) && before.get(*path) != Some(*bytes));
        let (written, changed) = (report.written.files_written, changed.count());
        match written == changed {
            true => Ok(()),
            false => Err(format!("{written} files written, {changed} differ")),
        }
    }

    /// Nothing was rendered whose answers have not changed.
    fn hold_within_bound(
        &mut self,
        report: &Report,
        before: &Tree,
        fresh: &Tree,
        last: &Last,
        asked: &Asked,
        answers: &Answers,
    ) -> Result<usize, String> {
        let same_kind = Asked {
            now: asked.now,
            ..last.asked.clone()
        };
        if same_kind != *asked {
            return Ok(0);
        }
        let may = may_be_rendered(&last.answers, answers, &self.altered);
        // The model itself: what it says cannot change has not.
        let outputs: usize = report.bundles.iter().map(|bundle| bundle.pages).sum();
        if outputs != answers.len() {
            return Err(format!(
                "the model has {} pages, and there are {outputs}",
                answers.len()
            ));
        }
        for path in answers.keys().filter(|path| !may.contains(*path)) {
            if before.get(path) != fresh.get(path) || !fresh.contains_key(path) {
                return Err(format!("the model does not know why {path} changed"));
            }
        }
        if last.intact {
            self.tally.pages += answers.len();
            self.tally.bound += may.len();
            self.tally.rendered += report.pages_rendered;
            if report.pages_rendered > may.len() {
                return Err(format!(
                    "{} pages were rendered, and only these may be: {may:#?}",
                    report.pages_rendered
                ));
            }
        }
        Ok(may.len())
    }

    /// The model allows no more pages than edits of these kinds can be worth.
    fn hold_few(&self, may: usize, kinds: &[Kind]) -> Result<(), String> {
        let each = kinds
            .iter()
            .map(|kind| kind.most_rendered(self.site.nodes.len()));
        match each.sum::<Option<usize>>() {
            Some(most) if may > most => Err(format!(
                "the model allows {may} pages, and {kinds:?} are worth {most}"
            )),
            _ => Ok(()),
        }
    }
}

fn options(asked: &Asked) -> Options {
    let name = |name: Option<&str>| name.map(str::to_string).into_iter().collect();
    Options {
        nodes: name(asked.node),
        apps: name(asked.app),
        drafts: asked.drafts,
        now: now(asked),
        out: None,
        force: false,
        verify: false,
        explain: Explain::Nothing,
        from: None,
        exhausted: None,
        react: react(),
    }
}

/// What a build said: code, whether it is an error, document and message. Not said from nothing is
/// that an altered output stays.
fn said(outcome: &Outcome, root: &Path) -> BTreeSet<(String, bool, String, String)> {
    outcome
        .diagnostics
        .iter()
        .filter(|found| found.code != code::FOREIGN_FILE || found.severity == Severity::Error)
        .map(|found| {
            let place = found.place.as_ref();
            (
                found.code.0.to_string(),
                found.severity == Severity::Error,
                place
                    .map(|place| place.path.to_string())
                    .unwrap_or_default(),
                found.message.replace(&*root.to_string_lossy(), "the root"),
            )
        })
        .collect()
}

fn is_manifest(path: &str) -> bool {
    path.matches('/').count() == 1 && path.ends_with(".json")
}

/// Whether an output is still not what it should be.
fn is_altered(dist: &Path, path: &str, bytes: Option<&Vec<u8>>) -> bool {
    bytes.is_none_or(|bytes| fs::read(dist.join(path)).ok().as_ref() != Some(bytes))
        && dist.join(path).symlink_metadata().is_ok()
}
