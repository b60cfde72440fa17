//! Runs a whole build of a folder, from its files to its output: look, load, plan, build, store.
#![allow(
    clippy::disallowed_methods,
    reason = "this room joins the rooms that do I/O"
)]

mod check;
mod guard;
mod memory;
mod outcome;
mod request;
mod source;
mod standing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::build::{Built, Job, Props, Reason, build, build_changed};
use crate::diag::Diagnostics;
use crate::digest::Digest;
use crate::files::Folder;
use crate::ledger::{Facts, Ledger, request_key};
use crate::load::{
    Given, Known, Loaded, Survey, compare, load_given, load_known, survey, survey_without_content,
};
use crate::model::{Config, FileStat, Page, Site, Table};
use crate::plan::{Request, plan};
use crate::store::{Condition, Published, Scope, Store, look_over, output_place, was_interrupted};
use check::{check_names, say};
use guard::guarded;
use memory::{Memory, Next};
use outcome::bundles_of;
use request::{next, passed, request, sound_config, with_day};
use source::read_given;

pub use crate::build::Explain;
pub use check::{check_folder, check_site};
pub use guard::Exhausted;
pub use outcome::{BuiltBundle, Counts, Options, Outcome, Report};
pub use source::read_database;
pub use standing::{Edit, Standing};

/// The folder of a site's state and caches; deleting it is always safe.
pub const STATE_FOLDER: &str = ".rbgen";

/// Builds the site of a folder into its output folder. `progress` gets (pages done, pages to do).
pub fn build_folder(
    root: &Path,
    options: &Options,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Outcome {
    let given = |config: &Config| match &options.from {
        Some(name) => read_given(config, name).map(Some),
        None => Ok(None),
    };
    build_remembering(root, options, &given, Again::Overtaken, progress).0
}

/// The same, and what is kept in mind afterwards for edits to be built quickly; `None` where the build
/// failed, or files changed meanwhile.
pub fn build_standing(
    root: &Path,
    options: &Options,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> (Outcome, Option<Standing>) {
    let (outcome, after) =
        build_remembering(root, options, &|_| Ok(None), Again::Overtaken, progress);
    let after = after.filter(|_| outcome.report.is_some());
    let standing = after.and_then(Standing::after);
    (outcome, standing)
}

/// The same with documents that are given, as those of the database that `options.from` names.
pub fn build_documents(
    root: &Path,
    options: &Options,
    given: &Given,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Outcome {
    let given = |_: &Config| Ok(Some(given.clone()));
    build_remembering(root, options, &given, Again::Overtaken, progress).0
}

/// Where the documents of a build come from; `None` is the files.
type Documents<'a> = dyn Fn(&Config) -> Result<Option<Given>, Outcome> + 'a;

/// Builds with what the last build remembers, unless that has turned out to be unsound.
fn build_remembering(
    root: &Path,
    options: &Options,
    documents: &Documents<'_>,
    again: Again,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> (Outcome, Option<After>) {
    options.react.begin();
    let folder = Folder::new(root);
    let config = sound_config(&folder);
    let place = config.as_ref().map(|config| match &options.out {
        Some(out) => output_place(root, root, out),
        None => output_place(root, root, Path::new(&config.build.output)),
    });
    let (Some(config), Some(Ok(out))) = (&config, &place) else {
        // What is wrong is said by whoever loads the site.
        let mut outcome = check_folder(root, options, progress);
        if let Some(Err(diagnostic)) = place {
            outcome.diagnostics.push(diagnostic);
            outcome.unusable = true;
        }
        return (outcome, None);
    };
    let given = match documents(config) {
        Ok(given) => given,
        Err(outcome) => return (outcome, None),
    };
    let request = request(options, config);
    let memory = Memory::new(root, out, options, request_key(&request));
    let ((opened, condition), survey) = rayon::join(
        || {
            let opened = match again {
                Again::Overtaken => memory.open(options.force),
                Again::Unsound => memory.forget(),
            };
            let look = |ledger| look_over(out, ledger, options.verify);
            let condition = opened.ledger.as_deref().map(look);
            (opened, condition)
        },
        || match given {
            Some(_) => survey_without_content(&folder),
            None => survey(&folder),
        },
    );
    let mut known = match &opened.ledger {
        Some(ledger) => compare(&survey, ledger),
        None => Known::default(),
    };
    if options.verify {
        known.digests.fill(None);
    }
    let seen = Seen {
        ledger: opened.ledger,
        why: opened.why,
        known,
        condition: condition.unwrap_or_default(),
        interrupted: was_interrupted(out),
        identity: opened.identity,
    };
    let run = Run {
        root,
        options,
        request: &request,
        folder: &folder,
        out,
        memory: &memory,
        survey: &survey,
        given,
        notes: opened.note.into_iter().collect(),
    };
    let outcome = match guarded(options.exhausted, || run.run(&seen, progress)) {
        Ok(outcome) => outcome,
        Err(again) => return build_remembering(root, options, documents, again, progress),
    };
    let after = After {
        root: root.to_path_buf(),
        out: out.clone(),
        options: options.clone(),
        folder,
        request,
        memory,
        survey,
    };
    (outcome, Some(after))
}

/// What a build leaves in mind.
struct After {
    root: PathBuf,
    out: PathBuf,
    options: Options,
    folder: Folder,
    request: Request,
    memory: Memory,
    survey: Survey,
}

/// Why a build begins once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// Another build finished between the look and the lock.
    Overtaken,
    /// The ledger has what no rbgen writes, though its digest is right.
    Unsound,
}

/// What is known before anything is read.
struct Seen {
    ledger: Option<Arc<Ledger>>,
    /// Why there is no ledger, or it is not used.
    why: Option<Reason>,
    known: Known,
    condition: Condition,
    /// Whether a build was killed while it put files in place.
    interrupted: bool,
    /// Which file the ledger was read from.
    identity: Option<FileStat>,
}

struct Run<'a> {
    root: &'a Path,
    options: &'a Options,
    request: &'a Request,
    folder: &'a Folder,
    out: &'a Path,
    memory: &'a Memory,
    survey: &'a Survey,
    /// The documents, where they are not read from files.
    given: Option<Given>,
    notes: Vec<String>,
}

impl Run<'_> {
    fn run(
        mut self,
        seen: &Seen,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Outcome, Again> {
        if let Some(ledger) = &seen.ledger
            && self.is_unchanged(ledger, seen)
        {
            return Ok(self.nothing_to_do(ledger, seen));
        }
        let may_be_short = seen.ledger.as_ref().is_some_and(|ledger| {
            self.options.explain != Explain::All && self.is_as_left(ledger, seen)
        });
        let ledger = seen.ledger.as_ref();
        let load = |short| load_known(self.folder, self.survey, ledger, &seen.known, short);
        let mut loaded = match self.given.take() {
            Some(given) => load_given(self.folder, self.survey, &seen.known, given),
            None => load(may_be_short),
        };
        if loaded.only_pages && loaded.diagnostics.has_errors() {
            // With an error all is said that there is to say.
            loaded = load(false);
        }
        let mut diagnostics = std::mem::take(&mut loaded.diagnostics);
        let Some(site) = loaded.site.take() else {
            return Ok(Outcome::unusable(diagnostics));
        };
        if let Err(outcome) = check_names(&site, self.options, &mut diagnostics) {
            return Ok(outcome);
        }
        let site = Arc::new(site);
        let outcome = self.build(&site, seen, &mut loaded, diagnostics, progress)?;
        Ok(Outcome {
            site: Some(site),
            ..outcome
        })
    }

    fn build(
        self,
        site: &Arc<Site>,
        seen: &Seen,
        loaded: &mut Loaded,
        mut diagnostics: Diagnostics,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Outcome, Again> {
        let job = Job {
            site,
            props: &loaded.bodies,
            notes: &loaded.notes,
            ledger: seen.ledger.as_ref(),
            damaged: &seen.condition.damaged,
            drafts: self.request.drafts,
            now: self.request.now,
            all: seen.why.clone(),
            explain: self.options.explain,
            react: &self.options.react,
        };
        match &seen.ledger {
            Some(ledger) if loaded.only_pages => {
                // What was warned of before is still so.
                let diagnostics = ledger.facts.warnings.clone();
                let make = |store: &Store| build_changed(&job, ledger, store, progress);
                let facts = Facts {
                    looked_at: self.survey.looked_at,
                    takes_texts: takes_texts(seen, loaded),
                    ..ledger.facts.clone()
                };
                self.finish(seen, site, loaded, facts, Scope::Changed, diagnostics, make)
            }
            _ => {
                let (plan, found) = plan(site, self.request);
                diagnostics.extend(found);
                if diagnostics.has_errors() {
                    // The rest is still worth saying, and nothing may be written.
                    diagnostics.extend(say(&job, &plan, progress));
                    return match seen.is_unsound() {
                        true => Err(Again::Unsound),
                        false => Ok(Outcome::failed(diagnostics)),
                    };
                }
                let make = |store: &Store| build(&job, &plan, store, progress);
                let facts = Facts {
                    looked_at: self.survey.looked_at,
                    // What was told of a file that went meanwhile is not to be told again.
                    found: match loaded.inputs.iter().all(Option::is_some) {
                        true => Some(self.survey.found()),
                        false => None,
                    },
                    boundaries: plan.boundaries.clone(),
                    passed: passed(&plan.boundaries, self.request),
                    frame: Some(loaded.frame),
                    takes_texts: takes_texts(seen, loaded),
                    // Pages that are kept may say it.
                    asked_day: seen
                        .ledger
                        .as_ref()
                        .is_some_and(|ledger| seen.why.is_none() && ledger.facts.asked_day),
                    schemas: loaded.schemas.clone(),
                    warnings: Diagnostics::new(),
                };
                let scope = match self.is_narrowed() {
                    true => Scope::Some,
                    false => Scope::All,
                };
                self.finish(seen, site, loaded, facts, scope, diagnostics, make)
            }
        }
    }

    /// Whether everything is as the ledger says.
    fn is_unchanged(&self, ledger: &Ledger, seen: &Seen) -> bool {
        // Whether rows are as they were is known when they have been read.
        self.given.is_none()
            && seen.known.is_all()
            && self.options.explain != Explain::All
            && self.is_as_left(ledger, seen)
    }

    /// Whether nothing but the files of the site can differ from when the ledger was written: neither
    /// the output nor the time.
    fn is_as_left(&self, ledger: &Ledger, seen: &Seen) -> bool {
        let condition = &seen.condition;
        seen.why.is_none()
            && !seen.interrupted
            && condition.damaged.is_empty()
            && (self.is_narrowed() || condition.others.is_empty())
            && ledger.facts.found == Some(self.survey.found())
            && passed(&ledger.facts.boundaries, self.request) == ledger.facts.passed
    }

    /// Whether only some bundles are asked for.
    fn is_narrowed(&self) -> bool {
        !(self.options.nodes.is_empty() && self.options.apps.is_empty())
    }

    fn nothing_to_do(self, ledger: &Ledger, seen: &Seen) -> Outcome {
        let bundles: Vec<BuiltBundle> = bundles_of(ledger);
        if seen.condition.some_read {
            // They were read to be sure; the next time their times will be enough.
            let moved = &seen.condition.moved;
            self.memory.refresh(ledger, self.survey.looked_at, moved);
        }
        let report = Report {
            out: self.out.to_path_buf(),
            written: Counts {
                files_kept: bundles.iter().map(|bundle| bundle.files).sum(),
                ..Counts::default()
            },
            bundles,
            pages_rendered: 0,
            explained: Vec::new(),
            notes: self.notes,
            next_boundary: next(&ledger.facts.boundaries, self.request),
        };
        Outcome::done(report, ledger.facts.warnings.clone())
    }

    /// Builds, publishes and writes the ledger.
    #[expect(
        clippy::too_many_arguments,
        reason = "the last step needs what all others gave"
    )]
    fn finish(
        mut self,
        seen: &Seen,
        site: &Site,
        loaded: &Loaded,
        facts: Facts,
        scope: Scope,
        mut diagnostics: Diagnostics,
        make: impl FnOnce(&Store) -> Built,
    ) -> Result<Outcome, Again> {
        let known = seen.ledger.as_ref().filter(|_| !self.options.force);
        let store = match Store::open(self.out, self.root, known, &seen.condition.damaged) {
            Ok(store) => store,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                return Ok(Outcome::failed(diagnostics));
            }
        };
        // All was looked at before the lock was there.
        if self.memory.identity() != seen.identity || store.was_interrupted() != seen.interrupted {
            store.abandon();
            return Err(Again::Overtaken);
        }
        let mut built = make(&store);
        if seen.is_unsound() {
            store.abandon();
            return Err(Again::Unsound);
        }
        diagnostics.extend(std::mem::take(&mut built.diagnostics));
        if diagnostics.has_errors() {
            store.abandon();
            return Ok(Outcome::failed(diagnostics));
        }
        let facts = with_day(facts, built.asked_day, self.request);
        let next_boundary = next(&facts.boundaries, self.request);
        Ok(match store.publish(&built.bundles, scope) {
            Published::All(put) => {
                let warnings = diagnostics.clone();
                let mut moved = seen.condition.moved.clone();
                moved.extend(put.renamed);
                diagnostics.extend(put.diagnostics);
                let next = Next {
                    site,
                    survey: self.survey,
                    loaded,
                    facts: Facts { warnings, ..facts },
                    known: &seen.known,
                    built: &mut built,
                    manifests: &put.manifests,
                    moved: &moved,
                    whole: scope != Scope::Changed,
                };
                // Without a ledger the next build works more, and no less correctly; but an old one
                // must not stay.
                if let Err(error) = self.memory.write(seen.ledger.as_ref(), next) {
                    self.memory.remove();
                    self.notes.push(format!(
                        "the ledger cannot be written, so the next build will do everything: {error}"
                    ));
                }
                let mut bundles: BTreeMap<(String, String), BuiltBundle> = BTreeMap::new();
                let before = seen.ledger.iter().filter(|_| scope == Scope::Changed);
                let before = before.flat_map(|ledger| bundles_of(ledger));
                for bundle in before.chain(built.bundles.iter().map(BuiltBundle::of)) {
                    bundles.insert((bundle.node.clone(), bundle.app.clone()), bundle);
                }
                let bundles: Vec<BuiltBundle> = bundles.into_values().collect();
                let files: usize = bundles.iter().map(|bundle| bundle.files).sum();
                let written = Counts {
                    files_written: put.files_written,
                    files_kept: files.saturating_sub(put.files_written),
                    files_removed: put.files_removed,
                };
                let report = Report {
                    out: self.out.to_path_buf(),
                    bundles,
                    pages_rendered: built.pages_rendered,
                    written,
                    explained: built.explained,
                    notes: self.notes,
                    next_boundary,
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
        })
    }
}

impl Seen {
    fn is_unsound(&self) -> bool {
        self.ledger
            .as_ref()
            .is_some_and(|ledger| ledger.is_unsound())
    }
}

impl Props for crate::load::Bodies {
    fn props(&self, page: &Page, document: &Digest) -> Result<Vec<Table>, Diagnostics> {
        self.of(page, document)
    }
}

/// Whether some page may take texts from other files.
fn takes_texts(seen: &Seen, loaded: &Loaded) -> bool {
    let before = seen.ledger.as_ref();
    before.is_some_and(|ledger| ledger.facts.takes_texts)
        || loaded
            .notes
            .values()
            .any(|note| !note.data_files.is_empty())
}
