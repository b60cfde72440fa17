//! A deploy from end to end, for any number of nodes: turns, records, one build, and each bundle to the
//! target of its node.

mod records;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::{Book, Log, Target, Turn, Wanted, publish, withdraw};
use crate::bundle::Bundle;
use crate::diag::{Diagnostic, Diagnostics, code};
use crate::failpoint;
use crate::model::{Deploy, DeployStatus, Moment};
use crate::pipeline::{Outcome, Report};
use crate::store::read_bundle;
use records::{close, first_error, milliseconds, new_record, note, open_records, set_all};
use turns::fail_before;

pub use records::note_rollback;
pub use turns::take_turns;

/// A node with its target.
pub struct Destination {
    pub node: String,
    pub target: Box<dyn Target>,
    /// How many releases stay.
    pub keep: usize,
}

/// What is known of a deploy before it begins.
#[derive(Clone, Debug, Default)]
pub struct Cause {
    /// Why it is done.
    pub triggered_by: String,
    pub source_rev: Option<String>,
    pub source_commit: Option<String>,
    /// The name that it is shown under, where it is not to be live.
    pub preview: Option<String>,
    /// The bundles that have a record from the start, by node and app: those that are known to be
    /// affected. Others get one when it has turned out that they changed.
    pub expected: BTreeSet<(String, String)>,
    /// Whether bundles are taken away that a node has no more: not where only some apps are built.
    pub whole: bool,
    /// Whether each node is built alone where all together cannot be built: what is wrong with one then
    /// stops no other.
    pub each_alone: bool,
    /// The first lines of the log.
    pub log: Log,
}

/// What to do while somebody else deploys to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    Wait,
    /// Go on without this target.
    Skip,
    /// Give all up.
    Stop,
}

/// Who is told, and asked, while a deploy goes on.
pub trait Watching {
    /// Somebody else deploys to a target. It is asked again and again.
    fn waiting(&mut self, target: &str) -> Patience;
    /// Something that stops nothing.
    fn problem(&mut self, problem: &Diagnostic);
    /// Diagnostics as text, for a log.
    fn text(&mut self, diagnostics: &Diagnostics) -> String;
}

/// How a deploy ended.
#[derive(Default)]
pub struct Ended {
    /// What each bundle came to, in the order of nodes and apps.
    pub deploys: Vec<Deployed>,
    /// Of each build: one, unless each node was built alone.
    pub reports: Vec<Report>,
    /// Of builds, and of targets.
    pub diagnostics: Diagnostics,
    /// The outcomes of builds that failed, without their diagnostics.
    pub failed_builds: Vec<Outcome>,
    /// Why nodes do not show what they should, by node: the first error of each.
    pub failed: BTreeMap<String, String>,
    /// Those of them that could not be built.
    pub unbuilt: BTreeSet<String>,
    /// Whether it was given up while another deploy was waited for.
    pub given_up: bool,
}

/// A bundle that was deployed, or not.
pub struct Deployed {
    pub record: Deploy,
    /// What is live now.
    pub live: Option<String>,
    /// Whether that is the release that was live before.
    pub unchanged: bool,
    /// Whether something else stays live because it is pinned.
    pub held_back: bool,
    /// Whether the app was taken away.
    pub withdrawn: bool,
}

/// How long records wait to be written together.
const PATIENCE: Duration = Duration::from_millis(250);

/// Builds, and deploys what was built, for who has the turns: so what is built is no older than what others
/// deployed before. `build` builds all nodes, or one alone.
pub fn deploy_in_turn(
    destinations: &[&Destination],
    taken: Taken,
    cause: &Cause,
    book: &mut Book,
    watching: &mut dyn Watching,
    build: &mut dyn FnMut(Option<&str>) -> Outcome,
) -> Ended {
    let mut ended = Ended::default();
    let Taken { turns, refused } = taken;
    let mut can_be_had = destinations.to_vec();
    for (node, problem) in refused {
        // A target that cannot be had stops the others only where all are to succeed together.
        let is_stopped = |other: &&&Destination| !cause.each_alone || other.node == node;
        let stopped: Vec<&Destination> = can_be_had.iter().filter(is_stopped).copied().collect();
        can_be_had.retain(|other| cause.each_alone && other.node != node);
        fail_before(&stopped, cause, book, watching, problem, &mut ended);
    }
    if can_be_had.is_empty() {
        return ended;
    }
    let destinations = can_be_had.as_slice();
    for destination in destinations {
        let target = destination.target.shown();
        let problem = book.close_stale(&destination.node, target, Moment::now());
        problem.iter().for_each(|problem| watching.problem(problem));
    }
    let mut records = open_records(destinations, cause);
    note(book, &records, watching);
    failpoint::pass("deploy-pending");
    set_all(&mut records, DeployStatus::Building);
    note(book, &records, watching);
    failpoint::pass("deploy-building");
    let started = Instant::now();
    let outcome = build(None);
    let build_ms = milliseconds(started.elapsed());
    let mut run = Run {
        cause,
        book,
        watching,
        turns: &turns,
        ended: &mut ended,
        records,
        build_ms,
        first_lines: String::new(),
        noted: Instant::now(),
    };
    // A database that cannot be read is so for each.
    let may_go_alone = outcome.report.is_none() && outcome.failed.is_none();
    if cause.each_alone && may_go_alone && destinations.len() > 1 {
        for &destination in destinations {
            let started = Instant::now();
            let outcome = build(Some(&destination.node));
            run.build_ms = milliseconds(started.elapsed());
            run.conclude(&[destination], outcome);
        }
    } else {
        run.conclude(destinations, outcome);
    }
    ended
}

/// A deploy with its turns.
struct Run<'a> {
    cause: &'a Cause,
    turns: &'a Turns,
    book: &'a mut Book,
    watching: &'a mut dyn Watching,
    ended: &'a mut Ended,
    /// The open ones.
    records: Vec<Deploy>,
    build_ms: u64,
    first_lines: String,
    noted: Instant,
}

type Turns = BTreeMap<String, Box<dyn Turn>>;

/// Turns by node, and why some targets gave none.
pub struct Taken {
    turns: Turns,
    refused: Vec<(String, Diagnostic)>,
}

impl Run<'_> {
    /// Publishes what was built for some nodes, or says why nothing was.
    fn conclude(&mut self, destinations: &[&Destination], mut outcome: Outcome) {
        let build_ms = self.build_ms;
        let is_meant = |record: &Deploy| destinations.iter().any(|one| one.node == record.node);
        let diagnostics = std::mem::take(&mut outcome.diagnostics);
        let said = match diagnostics.is_empty() {
            true => String::new(),
            false => self.watching.text(&diagnostics),
        };
        for record in self.records.iter_mut().filter(|record| is_meant(record)) {
            record.build_ms = Some(build_ms);
        }
        if let Some(report) = outcome.report.take() {
            let written = report.written;
            self.first_lines = format!(
                "built in {build_ms} ms: {} pages rendered, {} files written, {} kept, {} removed\n{said}",
                report.pages_rendered,
                written.files_written,
                written.files_kept,
                written.files_removed
            );
            self.publish_all(destinations, &report);
            self.ended.reports.push(report);
        } else {
            let error = first_error(&diagnostics);
            for record in self.records.iter_mut().filter(|record| is_meant(record)) {
                close(record, Some(&error), &said);
                let deployed = Deployed::nothing(record.clone());
                self.ended.deploys.push(deployed);
            }
            self.note_closed();
            for destination in destinations {
                let node = destination.node.clone();
                self.ended.unbuilt.insert(node.clone());
                self.ended.failed.insert(node, error.clone());
            }
            self.ended.failed_builds.push(outcome);
        }
        self.ended.diagnostics.extend(diagnostics);
    }

    fn publish_all(&mut self, destinations: &[&Destination], report: &Report) {
        let mut work: Vec<(&Destination, String, Option<Bundle>)> = Vec::new();
        for &destination in destinations {
            let node = &destination.node;
            let bundles = report.bundles.iter().filter(|bundle| bundle.node == *node);
            let mut apps = BTreeSet::new();
            for built in bundles {
                apps.insert(built.app.clone());
                let hash = built.build_hash.hex();
                if self.is_settled(destination, &built.app, &hash) {
                    continue;
                }
                let bundle = read_bundle(&report.out, node, &built.app)
                    .filter(|bundle| bundle.build_hash() == built.build_hash);
                work.push((destination, built.app.clone(), bundle));
            }
            if self.cause.whole && self.cause.preview.is_none() {
                for app in self.gone(destination, &apps) {
                    work.push((destination, app, None));
                }
            }
            // An app that was expected, and has no page on this node.
            let expected = self.cause.expected.iter().filter(|(of, _)| of == node);
            for (_, app) in expected {
                let is_known = work
                    .iter()
                    .any(|(other, known, _)| other.node == *node && known == app);
                if !is_known && !apps.contains(app) {
                    self.nothing_to_deploy(node, app);
                }
            }
        }
        for (destination, app, _) in &work {
            let record = self.record(destination, app);
            record.status = DeployStatus::Deploying;
        }
        note(self.book, &self.records, self.watching);
        failpoint::pass("deploy-deploying");
        for (destination, app, bundle) in work {
            let turn = self.turns[&destination.node].as_ref();
            let is_built = report
                .bundles
                .iter()
                .any(|built| built.node == destination.node && built.app == app);
            match (bundle, is_built) {
                (None, false) => self.withdraw(destination, turn, &app),
                (bundle, _) => self.publish(destination, turn, &app, bundle, report),
            }
            if self.noted.elapsed() > PATIENCE {
                self.note_closed();
            }
        }
        self.note_closed();
    }

    /// Whether a bundle that nobody asked about is live already.
    fn is_settled(&mut self, destination: &Destination, app: &str, hash: &str) -> bool {
        let key = (destination.node.clone(), app.to_string());
        if self.cause.preview.is_some() || self.cause.expected.contains(&key) {
            return false;
        }
        destination.target.pointers(app).is_ok_and(|pointers| {
            pointers.order.last().map(String::as_str) == Some(hash)
                && pointers.live == Some(pointers.pinned.unwrap_or_else(|| hash.to_string()))
        })
    }

    /// The apps that are live at a target, and that the node does not have any more.
    fn gone(&mut self, destination: &Destination, apps: &BTreeSet<String>) -> Vec<String> {
        let target = &destination.target;
        let there = match target.apps() {
            Ok(there) => there,
            Err(problem) => {
                self.watching.problem(&problem);
                return Vec::new();
            }
        };
        let mut gone = Vec::new();
        for app in there.into_iter().filter(|app| !apps.contains(app)) {
            match target.pointers(&app) {
                Ok(pointers) if pointers.live != pointers.pinned => gone.push(app),
                Ok(_) => {}
                Err(problem) => self.watching.problem(&problem),
            }
        }
        gone
    }

    /// The open record of a bundle, which is made where there is none.
    fn record(&mut self, destination: &Destination, app: &str) -> &mut Deploy {
        let node = &destination.node;
        let found = self.records.iter().position(|record| {
            record.node == *node && record.app == app && record.status.is_open()
        });
        let at = found.unwrap_or_else(|| {
            let mut record = new_record(node, destination.target.shown(), app, self.cause);
            record.build_ms = Some(self.build_ms);
            self.records.push(record);
            self.records.len() - 1
        });
        &mut self.records[at]
    }

    fn publish(
        &mut self,
        destination: &Destination,
        turn: &dyn Turn,
        app: &str,
        bundle: Option<Bundle>,
        report: &Report,
    ) {
        let started = Instant::now();
        let result = match &bundle {
            None => Err(Diagnostic::general(
                code::NOT_BUILT,
                format!(
                    "the manifest of `{}` and `{app}` is not the one that was built",
                    destination.node
                ),
            )
            .hint("something else writes into the output folder")),
            Some(bundle) => publish(
                destination.target.as_ref(),
                turn,
                &Wanted {
                    out: &report.out,
                    bundle,
                    keep: destination.keep,
                    preview: self.cause.preview.as_deref(),
                },
            ),
        };
        let first_lines = self.first_lines.clone();
        let preview = self.cause.preview.clone();
        let record = self.record(destination, app);
        record.deploy_ms = Some(milliseconds(started.elapsed()));
        if let Some(bundle) = &bundle {
            record.build_hash = bundle.build_hash().hex();
            record.pages = Some(bundle.pages);
            record.components = Some(bundle.components);
        }
        match result {
            Ok(published) => {
                let mut log = Log::default();
                log.say(&first_lines);
                log.say(&format!(
                    "release {}: {} files sent, {} shared with other releases",
                    published.release, published.put.sent, published.put.shared
                ));
                log.say(
                    &match (&preview, published.held_back, published.was_there) {
                        (Some(name), ..) => format!("shown as the preview `{name}`"),
                        (None, true, _) => format!(
                            "not live: {} is pinned",
                            published.live.as_deref().unwrap_or_default()
                        ),
                        (None, false, true) => "live already".to_string(),
                        (None, false, false) => match &published.live_before {
                            Some(before) => format!("live, instead of {before}"),
                            None => "live".to_string(),
                        },
                    },
                );
                for release in &published.removed {
                    log.say(&format!("removed the release {release}"));
                }
                if let Some(problem) = &published.not_removed {
                    log.say(&format!("warning[{}]: {}", problem.code.0, problem.message));
                }
                record.release = Some(published.release.clone());
                close(record, None, &log.text());
                let deployed = Deployed {
                    record: record.clone(),
                    unchanged: published.live == published.live_before && published.was_there,
                    live: published.live,
                    held_back: published.held_back,
                    withdrawn: false,
                };
                if let Some(problem) = &published.not_removed {
                    self.watching.problem(problem);
                }
                self.ended.deploys.push(deployed);
            }
            Err(problem) => {
                let said = format!(
                    "{first_lines}\nerror[{}]: {}",
                    problem.code.0, problem.message
                );
                close(record, Some(&problem.message), &said);
                let record = record.clone();
                self.failed(record, problem);
            }
        }
    }

    /// Notes that a target did not take a bundle.
    fn failed(&mut self, record: Deploy, problem: Diagnostic) {
        let failed = &mut self.ended.failed;
        failed
            .entry(record.node.clone())
            .or_insert_with(|| problem.message.clone());
        self.ended.deploys.push(Deployed::nothing(record));
        self.ended.diagnostics.push(problem);
    }

    /// Takes away an app of which nothing was built.
    fn withdraw(&mut self, destination: &Destination, turn: &dyn Turn, app: &str) {
        let started = Instant::now();
        let result = withdraw(destination.target.as_ref(), turn, app);
        let first_lines = self.first_lines.clone();
        let record = self.record(destination, app);
        record.deploy_ms = Some(milliseconds(started.elapsed()));
        record.pages = Some(0);
        record.components = Some(0);
        match result {
            Ok((before, after)) => {
                let words = match before.live {
                    Some(live) => {
                        format!("the node has no page of it any more: {live} is not live now")
                    }
                    None => "the node has no page of it".to_string(),
                };
                close(record, None, &format!("{first_lines}\n{words}"));
                let deployed = Deployed {
                    record: record.clone(),
                    live: after.live,
                    unchanged: false,
                    held_back: false,
                    withdrawn: true,
                };
                self.ended.deploys.push(deployed);
            }
            Err(problem) => {
                close(record, Some(&problem.message), &first_lines);
                let record = record.clone();
                self.failed(record, problem);
            }
        }
    }

    /// Closes the record of an app that the node has no page of, and never had.
    fn nothing_to_deploy(&mut self, node: &str, app: &str) {
        let first_lines = self.first_lines.clone();
        let found = self
            .records
            .iter_mut()
            .find(|record| record.node == node && record.app == app && record.status.is_open());
        if let Some(record) = found {
            record.pages = Some(0);
            record.components = Some(0);
            close(
                record,
                None,
                &format!("{first_lines}\nthe node has no page of it"),
            );
            let record = record.clone();
            self.ended.deploys.push(Deployed {
                unchanged: true,
                ..Deployed::nothing(record)
            });
        }
    }

    /// Notes the records that were closed.
    fn note_closed(&mut self) {
        let closed = |record: &Deploy| !record.status.is_open();
        let (closed, open) = std::mem::take(&mut self.records)
            .into_iter()
            .partition(closed);
        self.records = open;
        note(self.book, &closed, self.watching);
        self.noted = Instant::now();
    }
}

impl Deployed {
    /// A bundle that was not deployed.
    fn nothing(record: Deploy) -> Deployed {
        Deployed {
            record,
            live: None,
            unchanged: false,
            held_back: false,
            withdrawn: false,
        }
    }
}
