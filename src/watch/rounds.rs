//! The loop: what happens to the files is gathered, built and shown, round by round.
#![allow(
    clippy::disallowed_methods,
    reason = "this room watches the disk and the clock"
)]

mod look;
mod todo;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use self::todo::Todo;
use super::ear::{Ear, Signal, hear};
use super::gather::{Heard, gather};
use super::round::{Cause, Event, Round, Settings};
use super::scene::{Made, Scene, Stage};
use crate::build::{Explained, Reason};
use crate::diag::Diagnostics;
use crate::digest::Digest;
use crate::files::Folder;
use crate::load::{Survey, locate};
use crate::model::Moment;
use crate::pipeline::{BuiltBundle, Options, Standing, build_standing};

/// So long after an edit its manifests follow, if there is no other edit.
const SETTLE_AFTER: Duration = Duration::from_millis(150);
/// So long they wait at most.
const SETTLE_AT_LAST: Duration = Duration::from_secs(1);
/// So long the output is not mended again, and each time twice as long while nothing else happens: two who
/// watch with other options would else write over each other without a pause.
const MEND_AFTER: Duration = Duration::from_millis(250);
/// It never takes longer than this.
const MEND_AT_LAST: Duration = Duration::from_secs(64);
/// How often it is looked at where nothing can be heard.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The clock is looked at so often where a condition of time is to come.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(10);

/// Watches until it is told to stop.
pub fn watch(
    settings: &Settings,
    stage: &Stage,
    sender: &Sender<Signal>,
    signals: &Receiver<Signal>,
    tell: &mut dyn FnMut(Event<'_>),
) {
    let mut watching = Watching {
        settings,
        stage,
        sender,
        tell,
        folder: Folder::new(&settings.root),
        standing: None,
        ear: None,
        heard_out: None,
        seen: None,
        is_polling: false,
        unsettled_since: None,
        boundary: None,
        mended: 0,
        mend_from: None,
        wants_mending: false,
        output_went: false,
        missed: RefCell::new(false),
        hashes: BTreeMap::new(),
    };
    if let Some(interval) = settings.poll {
        watching.poll(interval);
    }
    watching.build_all(Cause::First, Instant::now());
    loop {
        match signals.recv_timeout(watching.patience()) {
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => watching.wake(),
            Ok(signal) => {
                let heard = gather(&settings.root, signal, signals);
                let now = Instant::now();
                if heard.stop {
                    break;
                }
                watching.round(&heard, now);
                // Who is woken all the time is never idle.
                watching.wake();
            }
        }
    }
    watching.settle();
}

struct Watching<'a> {
    settings: &'a Settings,
    stage: &'a Stage,
    sender: &'a Sender<Signal>,
    tell: &'a mut dyn FnMut(Event<'_>),
    folder: Folder,
    standing: Option<Standing>,
    ear: Option<Ear>,
    /// The folders of the output that it hears.
    heard_out: Option<BTreeSet<PathBuf>>,
    /// What the last look saw, where it is looked.
    seen: Option<Survey>,
    is_polling: bool,
    /// When the first and the last edit were of which manifests do not tell.
    unsettled_since: Option<(Instant, Instant)>,
    /// When a condition of time next changes.
    boundary: Option<Moment>,
    /// How often the output was mended since something else happened, and when it may be again.
    mended: u32,
    mend_from: Option<Instant>,
    /// Whether it is to be mended then.
    wants_mending: bool,
    /// Whether something of it went since the last build began.
    output_went: bool,
    /// Whether the site was built because something was missed while no build stands.
    missed: RefCell<bool>,
    /// The bundles of the last full build.
    hashes: BTreeMap<(String, String), Digest>,
}

impl Watching<'_> {
    /// Until when nothing is due.
    fn patience(&self) -> Duration {
        const LONG: Duration = Duration::from_secs(3600);
        let settle = self.unsettled_since.map_or(LONG, |(first, last)| {
            let due = (last + SETTLE_AFTER).min(first + SETTLE_AT_LAST);
            due.saturating_duration_since(Instant::now())
        });
        let boundary = self.boundary.map_or(LONG, |boundary| {
            let left = boundary.duration_since(Moment::now());
            let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
            // A machine may sleep, and its clock may be set.
            (left + Duration::from_millis(1)).min(LOOK_AT_CLOCK)
        });
        let mend = self.mend_from.filter(|_| self.wants_mending);
        let mend = mend.map_or(LONG, |from| from.saturating_duration_since(Instant::now()));
        settle.min(boundary).min(mend)
    }

    /// Does what is due.
    fn wake(&mut self) {
        if self
            .boundary
            .is_some_and(|boundary| boundary <= Moment::now())
        {
            return self.build_all(Cause::Time, Instant::now());
        }
        let is_due = self.unsettled_since.is_some_and(|(first, last)| {
            last.elapsed() >= SETTLE_AFTER || first.elapsed() >= SETTLE_AT_LAST
        });
        if is_due {
            self.settle();
        }
        if self.wants_mending {
            self.mend(Instant::now());
        }
    }

    /// Builds what went of the output, or what somebody else wrote there, as soon as that may be.
    fn mend(&mut self, began: Instant) {
        let may = self.mend_from.is_none_or(|from| from <= began);
        self.wants_mending = !may;
        // What went while a build was looking at it leaves manifests that look sound.
        if may && (self.output_went || !self.is_output_intact()) {
            self.build_all(Cause::Output, began);
        }
    }

    fn settle(&mut self) {
        if self.unsettled_since.take().is_none() {
            return;
        }
        let Some(standing) = self.standing.take() else {
            return;
        };
        match standing.settle() {
            Some(standing) => {
                let scene = self.stage.scene();
                let bundles = standing.bundles();
                self.remember(&bundles);
                self.stage.amend(Scene {
                    bundles: bundles.into(),
                    site: Some(Arc::clone(standing.site())),
                    ledger: Some(Arc::clone(standing.ledger())),
                    ..(*scene).clone()
                });
                self.standing = Some(standing);
                (self.tell)(Event::Settled(scene.round));
            }
            None => self.build_all(Cause::Output, Instant::now()),
        }
    }

    fn round(&mut self, heard: &Heard, began: Instant) {
        let is_look = heard.look && !heard.rebuild && !heard.output_gone;
        if self.is_polling && is_look {
            return self.look(began);
        }
        self.output_went |= heard.output_gone;
        match self.todo(heard) {
            Todo::Nothing => {}
            Todo::Mend => self.mend(began),
            Todo::Edit(paths) => self.edit(paths, began),
            Todo::All(cause) => self.build_all(cause, began),
        }
        if self.output_went {
            self.mend(began);
        }
    }

    fn edit(&mut self, paths: BTreeSet<String>, began: Instant) {
        let now = Moment::now();
        let edit = self
            .standing
            .as_mut()
            .and_then(|standing| standing.edit(&paths, now));
        let Some(edit) = edit else {
            return self.build_all(Cause::Files(paths), began);
        };
        let Some(standing) = &self.standing else {
            return;
        };
        let last = Instant::now();
        let first = self.unsettled_since.map_or(last, |(first, _)| first);
        self.unsettled_since = Some((first, last));
        if edit.pages_rendered == 0 && edit.files_written == 0 {
            // It was written, and says what it said, or says it nowhere.
            let scene = self.stage.scene();
            self.stage.amend(Scene {
                site: Some(Arc::clone(standing.site())),
                ledger: Some(Arc::clone(standing.ledger())),
                ..(*scene).clone()
            });
            return;
        }
        self.mended = 0;
        let scene = self.stage.scene();
        let number = scene.round + 1;
        let made = with_made(&scene, &edit.explained, number, now);
        self.stage.show(Scene {
            round: number,
            now,
            site: Some(Arc::clone(standing.site())),
            ledger: Some(Arc::clone(standing.ledger())),
            made,
            ..(*scene).clone()
        });
        let took = began.elapsed();
        let mut diagnostics = Diagnostics::new();
        for located in scene.diagnostics.iter() {
            diagnostics.push(located.diagnostic.clone());
        }
        let round = Round {
            number,
            cause: Cause::Files(paths),
            is_whole: false,
            pages_rendered: edit.pages_rendered,
            files_written: edit.files_written,
            files_removed: 0,
            nodes: edit.nodes,
            took,
            diagnostics,
            is_broken: false,
            notes: Vec::new(),
        };
        (self.tell)(Event::Round(&round));
    }

    /// Builds as `rbgen build` does.
    fn build_all(&mut self, cause: Cause, began: Instant) {
        self.unsettled_since = None;
        self.boundary = None;
        self.wants_mending = false;
        self.output_went = false;
        self.mended = match cause {
            Cause::Output => self.mended.saturating_add(1),
            _ => 0,
        };
        *self.missed.borrow_mut() = cause == Cause::Many && *self.missed.borrow();
        // What cannot be settled now, the build mends.
        if let Some(standing) = self.standing.take().and_then(Standing::settle) {
            self.remember(&standing.bundles());
        }
        // Before anything is looked at: what changes from now on is heard.
        self.hear();
        let now = Moment::now();
        let options = Options {
            now,
            ..self.settings.options.clone()
        };
        let (outcome, standing) = build_standing(&self.settings.root, &options, &|_, _| ());
        let took = began.elapsed();
        let scene = self.stage.scene();
        let number = scene.round + 1;
        let mut next = Scene {
            round: number,
            now,
            diagnostics: locate(&self.folder, outcome.diagnostics.clone()).into(),
            ..(*scene).clone()
        };
        let mut round = Round {
            number,
            cause,
            took,
            is_whole: true,
            is_broken: outcome.report.is_none(),
            diagnostics: outcome.diagnostics,
            ..Round::default()
        };
        next.site = outcome.site.or_else(|| {
            let standing = standing.as_ref();
            standing.map(|standing| Arc::clone(standing.site()))
        });
        if let Some(report) = outcome.report {
            round.pages_rendered = report.pages_rendered;
            round.files_written = report.written.files_written;
            round.files_removed = report.written.files_removed;
            round.nodes = self.changed_nodes(&report.bundles);
            round.notes = report.notes;
            self.boundary = report.next_boundary;
            self.remember(&report.bundles);
            next.made = with_made(&scene, &report.explained, number, now);
            if let Some(standing) = &standing {
                // What is no more needs no reason.
                let ledger = standing.ledger();
                next.made
                    .retain(|output, _| ledger.output(output).is_some());
            }
            next.out = report.out;
            next.bundles = report.bundles.into();
            next.ledger = standing
                .as_ref()
                .map(|standing| Arc::clone(standing.ledger()));
        }
        let pause = MEND_AFTER * 2_u32.saturating_pow(self.mended.saturating_sub(1).min(16));
        self.mend_from = Some(Instant::now() + pause.min(MEND_AT_LAST)).filter(|_| self.mended > 0);
        self.standing = standing;
        self.stage.show(next);
        (self.tell)(Event::Round(&round));
        if self.heard_out.as_ref() != Some(&self.output_folders()) {
            // What goes of the output is heard of, too.
            self.hear();
        }
    }

    /// The nodes of bundles that are other than they were.
    fn changed_nodes(&self, bundles: &[BuiltBundle]) -> BTreeSet<String> {
        let key = |bundle: &BuiltBundle| (bundle.node.clone(), bundle.app.clone());
        let changed = bundles
            .iter()
            .filter(|bundle| self.hashes.get(&key(bundle)) != Some(&bundle.build_hash));
        let is_gone = |(node, app): &&(String, String)| {
            !bundles
                .iter()
                .any(|bundle| bundle.node == *node && bundle.app == *app)
        };
        let gone = self.hashes.keys().filter(is_gone);
        changed
            .map(|bundle| bundle.node.clone())
            .chain(gone.map(|(node, _)| node.clone()))
            .collect()
    }

    /// The output folder, and those of its nodes.
    fn output_folders(&self) -> BTreeSet<PathBuf> {
        let out = &self.stage.scene().out;
        let nodes = self.hashes.keys().map(|(node, _)| out.join(node));
        nodes.chain([out.clone()]).collect()
    }

    fn remember(&mut self, bundles: &[BuiltBundle]) {
        let bundles = bundles.iter();
        self.hashes = bundles
            .map(|bundle| {
                let key = (bundle.node.clone(), bundle.app.clone());
                (key, bundle.build_hash)
            })
            .collect();
    }

    /// Hears what happens from now on, also in folders that are new. Where that cannot be, it is looked.
    fn hear(&mut self) {
        if self.is_polling {
            return;
        }
        let scene = self.stage.scene();
        let mut folders = self.output_folders();
        folders.retain(|folder| folder.is_dir());
        match hear(&self.settings.root, &scene.out, self.sender.clone()) {
            // The one before goes only now: nothing is missed in between.
            Ok(ear) => {
                self.ear = Some(ear);
                self.heard_out = Some(folders);
            }
            Err(error) => {
                (self.tell)(Event::Polling(&error.to_string()));
                self.poll(LOOK_EVERY);
            }
        }
    }
}

/// Why outputs were made, with those of a round.
fn with_made(
    scene: &Scene,
    explained: &[Explained],
    round: u64,
    at: Moment,
) -> imbl::HashMap<Arc<str>, Made> {
    let mut made = scene.made.clone();
    let mut words: BTreeMap<String, Arc<str>> = BTreeMap::new();
    for explained in explained {
        // That all is made because nothing is known tells nobody anything.
        let Some(reason) = explained
            .reason
            .as_ref()
            .filter(|reason| **reason != Reason::NoLedger)
        else {
            continue;
        };
        let why = words
            .entry(reason.to_string())
            .or_insert_with_key(|words| Arc::from(words.as_str()));
        let why = Arc::clone(why);
        made.insert(explained.output.as_str().into(), Made { why, at, round });
    }
    made
}
