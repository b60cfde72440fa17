//! One round of a listener: look into the database, build, deploy, settle the accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::held::{Claiming, Held, look, take_in};
use super::work::{Builder, Following, cause, settled};
use super::{Event, NO_PAGES, Settings, Telling};
use crate::db::{
    Access, Address, Claim, Failure, Limits, NodeState, Session, Settled, check_tables,
    note_presence, settle_claims, write_node_states,
};
use crate::deploy::{Book, Ended, deploy_in_turn, take_turns};
use crate::diag::{Severity, code};
use crate::failpoint;
use crate::load::Given;
use crate::model::Moment;
use crate::pipeline::STATE_FOLDER;

/// Why a listener looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Start,
    /// A notification.
    Changed,
    /// Enough time has passed.
    Timer,
    /// So much that all is built.
    Full,
    /// A condition of time has changed.
    Boundary,
    /// Something failed before.
    Retry,
}

impl Why {
    fn as_str(self) -> &'static str {
        match self {
            Why::Start => "start",
            Why::Changed => "changed",
            Why::Timer => "timer",
            Why::Full => "full",
            Why::Boundary => "schedule",
            Why::Retry => "retry",
        }
    }
}

/// What a round came to.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// The time of its build, where there was one.
    pub built_at: Option<Moment>,
    /// When a condition of time next changes what is built.
    pub boundary: Option<Moment>,
    /// How long the first claim of somebody else still runs.
    pub lease: Option<Duration>,
    /// Whether what the database says cannot be built.
    pub broken: bool,
    /// Whether a target could not be had.
    pub target_failed: bool,
    /// Whether something still waits.
    pub more: bool,
    /// Whether changes are to be claimed that failed before, and whose content is live by now.
    pub recheck: bool,
    /// How many of the nodes are in the database.
    pub nodes: usize,
}

/// A listener between two rounds.
pub struct Listener<'a> {
    settings: &'a Settings<'a>,
    address: Address,
    nodes: Vec<String>,
    session: Option<Session>,
    held: Option<Held>,
    /// When it last looked.
    looked: Instant,
    /// Whether a file has records that the database is to get: it was lost while they were written.
    in_file: bool,
    /// Claims that are settled, and whose receipts could not be written yet.
    owed: Vec<(Claim, Settled)>,
    /// Whether the last build failed, or did not reach a target.
    unfinished: bool,
    /// The nodes that were said to be missing.
    missing: BTreeSet<String>,
    /// When it was last noted that the listener is there.
    noted: Option<Instant>,
}

/// How long a server may be silent: a listener that waits longer is late with everything.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    silence: Duration::from_secs(20),
};

/// How long a server may be silent before a connection to it counts as dead, where a new one costs little.
const ALIVE: Duration = Duration::from_secs(1);

/// How soon after a look a turn is had, where nobody else had one in between.
const AT_ONCE: Duration = Duration::from_millis(50);

/// How often it is noted that a listener is there.
const NOTE_EVERY: Duration = Duration::from_secs(10);

impl<'a> Listener<'a> {
    /// A listener that knows nothing yet.
    pub fn new(settings: &'a Settings<'a>) -> Listener<'a> {
        let nodes = settings.destinations.iter().map(|one| one.node.clone());
        Listener {
            settings,
            address: settings.address.clone().with_limits(LIMITS),
            nodes: nodes.collect(),
            session: None,
            held: None,
            looked: Instant::now(),
            in_file: false,
            owed: Vec::new(),
            unfinished: false,
            missing: BTreeSet::new(),
            noted: None,
        }
    }

    /// A round. It fails where the database cannot be had; what is live stays.
    pub fn round(&mut self, why: Why, telling: &mut dyn Telling) -> Result<Round, Failure> {
        // A connection may be dead without a sign, so what does not hurry looks with a new one.
        if let Some(mut session) = self.session.take()
            && why == Why::Changed
            && session.answers(ALIVE)
        {
            self.session = Some(session);
        }
        let result = self.try_round(why, telling);
        if result.is_err() {
            self.session = None;
        }
        result
    }

    fn try_round(&mut self, why: Why, telling: &mut dyn Telling) -> Result<Round, Failure> {
        self.settle(Vec::new(), Vec::new(), None)?;
        let is_needed = matches!(why, Why::Start | Why::Full | Why::Boundary | Why::Retry);
        let claiming = match why {
            Why::Start | Why::Boundary | Why::Retry => Claiming::Always,
            Why::Changed | Why::Timer | Why::Full => Claiming::IfDue,
        };
        let lease = u32::try_from(self.settings.lease.as_secs()).unwrap_or(u32::MAX);
        let nodes = self.nodes.clone();
        let mut session = self.open()?;
        let mut held = self.held.take();
        // The log of changes is a hint: once in a while all rows are read.
        let trusted = held.as_ref().filter(|_| why != Why::Full);
        self.looked = Instant::now();
        let looked = retried(|| {
            session.transaction(Access::Write, |session| {
                look(session, trusted, &nodes, claiming, lease.max(1))
            })
        });
        self.session = Some(session);
        let mut looked = match looked {
            Ok(looked) => looked,
            Err(failure) => {
                self.held = held;
                return Err(failure);
            }
        };
        failpoint::pass("listen-claimed");
        let waiting = looked.waiting;
        let mut round = Round {
            lease: waiting
                .lease_ms
                .map(|left| Duration::from_millis(u64::try_from(left).unwrap_or(0) + 20)),
            more: waiting.lease_ms.is_some(),
            ..Round::default()
        };
        let only_held = waiting.due == 0 && waiting.held > 0 && claiming == Claiming::IfDue;
        let is_idle = !is_needed && looked.claims.is_empty() && !looked.may_differ();
        if only_held && let Some(mut held) = held.take() {
            // What these changes made of the rows waits for the next deploy; a theme does not.
            let result = match why {
                Why::Full => self.build_and_deploy(why, &mut held, Vec::new(), telling, &mut round),
                _ => Ok(()),
            };
            round.nodes = self.nodes.len() - self.missing.len();
            self.held = Some(held);
            return result.map(|()| round);
        }
        if held.is_some() && is_idle {
            round.nodes = self.nodes.len() - self.missing.len();
            round.broken = self.unfinished;
            self.held = held;
            if self.noted.is_none_or(|noted| noted.elapsed() > NOTE_EVERY) {
                self.present(true)?;
                self.noted = Some(Instant::now());
            }
            return Ok(round);
        }
        let claims = std::mem::take(&mut looked.claims);
        let mut held = take_in(held.take(), &mut looked);
        round.recheck = waiting.failed > 0 && claims.is_empty() && why != Why::Retry;
        let result = self.build_and_deploy(why, &mut held, claims, telling, &mut round);
        self.held = Some(held);
        result.map(|()| round)
    }

    /// Brings what is held up to date, and claims what came meanwhile.
    fn look_again(&mut self, held: &mut Held) -> Result<Vec<Claim>, Failure> {
        let lease = u32::try_from(self.settings.lease.as_secs()).unwrap_or(u32::MAX);
        let mut session = self.open()?;
        let mut looked = retried(|| {
            session.transaction(Access::Write, |session| {
                let nodes = &self.nodes;
                look(session, Some(held), nodes, Claiming::Always, lease.max(1))
            })
        })?;
        self.session = Some(session);
        let claims = std::mem::take(&mut looked.claims);
        let before = std::mem::take(held);
        *held = take_in(Some(before), &mut looked);
        Ok(claims)
    }

    fn open(&mut self) -> Result<Session, Failure> {
        match self.session.take() {
            Some(session) => Ok(session),
            None => {
                let mut session = Session::open(&self.address)?;
                session.transaction(Access::Read, check_tables)?;
                Ok(session)
            }
        }
    }

    /// The nodes that the database has, by id and name. Those that it has not are told once.
    fn present_nodes(
        &mut self,
        given: &Given,
        telling: &mut dyn Telling,
    ) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for node in &self.nodes {
            let row = given.documents.nodes.iter().find(|one| one.id == *node);
            match row {
                Some(row) => {
                    self.missing.remove(node);
                    found.insert(node.clone(), row.name.clone());
                }
                None => {
                    if self.missing.insert(node.clone()) {
                        let message =
                            format!("the database has no node `{node}`; what is live of it stays");
                        telling.event(&Event::Problem {
                            code: code::NO_NODE.0,
                            message: &message,
                        });
                    }
                }
            }
        }
        found
    }

    fn build_and_deploy(
        &mut self,
        why: Why,
        held: &mut Held,
        mut claims: Vec<Claim>,
        telling: &mut dyn Telling,
        round: &mut Round,
    ) -> Result<(), Failure> {
        let settings = self.settings;
        let there = self.present_nodes(&held.given, telling);
        round.nodes = there.len();
        let nodes: BTreeSet<String> = there.keys().cloned().collect();
        if nodes.is_empty() {
            // Whoever comes back is not to wait until these claims run out.
            round.built_at = Some(Moment::now());
            let no_node = Settled::Failed("the database has no such node".to_string());
            let settled = claims.into_iter().map(|claim| (claim, no_node.clone()));
            return self.settle(settled.collect(), Vec::new(), None);
        }
        if !claims.is_empty() || why == Why::Boundary {
            telling.event(&Event::Woke {
                why: why.as_str(),
                changes: claims.len(),
            });
        }
        let destinations: Vec<_> = settings
            .destinations
            .iter()
            .filter(|one| nodes.contains(&one.node))
            .collect();
        let mut watching = Following {
            settings,
            telling,
            waiting: None,
        };
        let taken = take_turns(&destinations, &mut watching);
        // Somebody else may have deployed what is newer than what this one saw before it had the turn.
        if taken.is_some() && (watching.waiting.is_some() || self.looked.elapsed() > AT_ONCE) {
            match self.look_again(held) {
                Ok(more) => claims.extend(more),
                Err(failure) => {
                    let why = Settled::Failed(failure.message.clone());
                    let unsettled = claims.into_iter().map(|claim| (claim, why.clone()));
                    self.owed.extend(unsettled);
                    return Err(failure);
                }
            }
        }
        let held = &*held;
        let cause = cause(why, held, &nodes, &claims);
        if held.emptied {
            telling.event(&Event::Problem {
                code: code::NO_CONTENT.0,
                message: NO_PAGES,
            });
        }
        let now = Moment::now();
        let session = self.session.take();
        let mut book = Book::open(&settings.root.join(STATE_FOLDER), session).book;
        let mut watching = Following {
            settings,
            telling,
            waiting: None,
        };
        let builder = Builder {
            settings,
            held,
            nodes: &nodes,
            now,
        };
        let started = Instant::now();
        let mut build = |alone: Option<&str>| builder.build(alone);
        let ended = match taken {
            Some(taken) => deploy_in_turn(
                &destinations,
                taken,
                &cause,
                &mut book,
                &mut watching,
                &mut build,
            ),
            None => Ended {
                given_up: true,
                ..Ended::default()
            },
        };
        let took = started.elapsed();
        failpoint::pass("listen-deployed");
        self.in_file = !book.has_database();
        self.session = book.into_session();
        self.tell(&ended, telling);
        round.built_at = Some(now);
        round.boundary = ended
            .reports
            .iter()
            .filter_map(|report| report.next_boundary)
            .min();
        round.broken = !ended.failed_builds.is_empty();
        round.target_failed = ended.given_up
            || ended
                .failed
                .keys()
                .any(|node| !ended.unbuilt.contains(node));
        self.unfinished = round.broken || round.target_failed;
        round.recheck &= !self.unfinished;
        let states = self.states(&ended, held.revision.as_deref());
        let settled = claims.into_iter().map(|claim| {
            let settled = settled(&ended, &nodes, &claim);
            (claim, settled)
        });
        let is_deployed = ended.deploys.iter().any(|one| !one.unchanged);
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.settle(settled.collect(), states, is_deployed.then_some(took))
    }

    fn tell(&self, ended: &Ended, telling: &mut dyn Telling) {
        if !ended.failed_builds.is_empty() {
            telling.event(&Event::Broken {
                diagnostics: &ended.diagnostics,
            });
        } else {
            // Of targets: those of a build that succeeded are warnings.
            let errors = ended.diagnostics.iter();
            for problem in errors.filter(|problem| problem.severity == Severity::Error) {
                telling.event(&Event::Problem {
                    code: problem.code.0,
                    message: &problem.message,
                });
            }
        }
        for deployed in &ended.deploys {
            telling.event(&Event::Deployed {
                deploy: &deployed.record,
                live: deployed.live.as_deref(),
                unchanged: deployed.unchanged,
            });
        }
    }

    /// What each node has built and deployed now.
    fn states(&self, ended: &Ended, revision: Option<&str>) -> Vec<NodeState> {
        let mut states = Vec::new();
        for report in &ended.reports {
            for bundle in &report.bundles {
                let destination = self
                    .settings
                    .destinations
                    .iter()
                    .find(|one| one.node == bundle.node);
                let pointers = destination.and_then(|one| one.target.pointers(&bundle.app).ok());
                let Some(pointers) = pointers else { continue };
                let is_live = pointers.live == Some(bundle.build_hash.hex());
                states.push(NodeState {
                    node: bundle.node.clone(),
                    app: bundle.app.clone(),
                    built: revision.map(str::to_string),
                    deployed: revision.filter(|_| is_live).map(str::to_string),
                    pinned: pointers.pinned,
                });
            }
        }
        states
    }

    /// Settles claims, with those that could not be before.
    fn settle(
        &mut self,
        settled: Vec<(Claim, Settled)>,
        states: Vec<NodeState>,
        took: Option<u64>,
    ) -> Result<(), Failure> {
        self.owed.extend(settled);
        if self.owed.is_empty() && states.is_empty() && took.is_none() && !self.in_file {
            return Ok(());
        }
        let mut session = self.open()?;
        if self.in_file {
            // The receipts name these records. Where the database does not take them, that is no reason to
            // stop.
            session = match self.hand_over(session) {
                Ok(session) => session,
                Err(_) => self.open()?,
            };
        }
        let owed = std::mem::take(&mut self.owed);
        let names = self.names();
        let written = retried(|| {
            session.transaction(Access::Queue, |session| {
                settle_claims(session, &owed)?;
                write_node_states(session, &states)?;
                match took {
                    Some(_) => note_presence(session, &names, true, took),
                    None => Ok(()),
                }
            })
        });
        failpoint::pass("listen-settled");
        match written {
            Ok(()) => {
                self.session = Some(session);
                Ok(())
            }
            Err(failure) => {
                self.owed = owed;
                Err(failure)
            }
        }
    }

    /// Brings the records that a file has into the database.
    fn hand_over(&mut self, session: Session) -> Result<Session, Failure> {
        let opened = Book::open(&self.settings.root.join(STATE_FOLDER), Some(session));
        match (opened.failure, opened.book.into_session()) {
            (None, Some(session)) => {
                self.in_file = false;
                Ok(session)
            }
            (Some(failure), _) => Err(failure),
            (None, None) => self.open(),
        }
    }

    /// The nodes by id and name, as far as they are known.
    fn names(&self) -> BTreeMap<String, String> {
        let documents = self
            .held
            .iter()
            .flat_map(|held| &held.given.documents.nodes);
        let known: BTreeMap<&str, &str> = documents
            .map(|node| (node.id.as_str(), node.name.as_str()))
            .collect();
        self.nodes
            .iter()
            .map(|node| {
                let name = known.get(node.as_str()).copied().unwrap_or(node);
                (node.clone(), name.to_string())
            })
            .collect()
    }

    /// Notes that the listener is there, or goes.
    fn present(&mut self, is_online: bool) -> Result<(), Failure> {
        let names = self.names();
        let mut session = self.open()?;
        session.transaction(Access::Queue, |session| {
            note_presence(session, &names, is_online, None)
        })?;
        self.session = Some(session);
        Ok(())
    }

    /// Says goodbye to the database, where it can be had.
    pub fn goodbye(&mut self) {
        let _ = self.settle(Vec::new(), Vec::new(), None);
        let _ = self.present(false);
    }
}

/// Does work again that failed because others did something of the kind at the same moment.
fn retried<T>(mut work: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    const TIMES: u64 = 8;
    for round in 0..TIMES {
        match work() {
            Err(failure) if failure.code == code::DATABASE_BUSY => {
                std::thread::sleep(Duration::from_millis(10 * (round + 1)));
            }
            result => return result,
        }
    }
    work()
}
