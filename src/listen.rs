//! Follows a database: whenever its rows change, what changed is built and deployed to the nodes that show it.
//!
//! What counts is what the rows say and what is live at the targets; notifications, timers and the queue of
//! changes only say when to look, and keep the accounts.
#![allow(
    clippy::disallowed_methods,
    reason = "this room waits for clocks and servers"
)]

mod due;
mod ear;
mod endless;
mod held;
mod round;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use crate::db::{Address, Failure};
use crate::deploy::Destination;
use crate::diag::Diagnostics;
use crate::model::{Config, Deploy, Moment};
use crate::pipeline::Exhausted;
use crate::render::react::Runner;
use due::{Backoff, Due};
use round::{Listener, Round, Why};

pub use ear::listen_on;
pub use endless::{remember_endless, watch_endless};

/// What a listener is asked for.
pub struct Settings<'a> {
    /// The folder of the site: themes and robbieblocks.toml come from there.
    pub root: PathBuf,
    pub config: &'a Config,
    /// The database, by its name in robbieblocks.toml.
    pub database: String,
    /// Where it is read.
    pub address: Address,
    /// The nodes that are followed.
    pub destinations: Vec<Destination>,
    /// Whether to deal with what waits, and end.
    pub once: bool,
    /// How often to look even if nothing is heard.
    pub check_every: Duration,
    /// How long a claim on changes holds before another listener may take it over.
    pub lease: Duration,
    /// What is done when templates take all memory.
    pub exhausted: Option<Exhausted>,
    /// Where React code is compiled and run.
    pub react: Arc<dyn Runner>,
    /// Set when the listener is to stop.
    pub stop: &'a AtomicBool,
}

/// What wakes a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Something changed in the database, or may have.
    Changed,
    /// Notifications come through now.
    Hears,
    /// They do not, for this reason: from now on the database is asked.
    Deaf(String),
    /// Look at the flag that says whether to stop.
    Stop,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// All nodes show what the database says, and changes are waited for.
    Ready { nodes: Vec<&'a str> },
    /// Notifications come through.
    Hears,
    /// They do not: the database is asked every so often.
    Deaf { why: &'a str },
    /// Changes are being dealt with.
    Woke { why: &'a str, changes: usize },
    /// A bundle was deployed, or not.
    Deployed {
        deploy: &'a Deploy,
        live: Option<&'a str>,
        unchanged: bool,
    },
    /// What changed has errors; what is live stays.
    Broken { diagnostics: &'a Diagnostics },
    /// Something else went wrong that stops nothing.
    Problem { code: &'a str, message: &'a str },
    /// The database or a target cannot be had; it is tried again after so long.
    Unreachable {
        code: &'a str,
        message: &'a str,
        retry_in: Duration,
    },
    /// All is as it should be: sent with each look.
    Alive,
    /// It ends.
    Stopping,
}

/// Who is told.
pub trait Telling {
    /// What happens.
    fn event(&mut self, event: &Event<'_>);
    /// Diagnostics as text, for a log.
    fn text(&mut self, diagnostics: &Diagnostics) -> String;
}

/// How listening ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was stopped, or with `once` all is done.
    Done,
    /// With `once`: what is in the database cannot be built.
    Broken,
    /// With `once`: the database or a target cannot be had.
    Unreachable,
    /// With `once`: none of the nodes is in the database.
    NoNode,
}

/// Said where all pages went at once.
const NO_PAGES: &str = "the database has no page any more; what is live stays";

/// How often to look where notifications do not come through.
const POLL: Duration = Duration::from_secs(1);

/// Listens until it is stopped.
pub fn listen(
    settings: &Settings<'_>,
    signals: &Receiver<Signal>,
    telling: &mut dyn Telling,
) -> Ending {
    let mut listener = Listener::new(settings);
    let mut due = Due::new(settings.check_every);
    let mut backoff = Backoff::default();
    let mut why = Why::Start;
    let mut ready = false;
    let mut hears = None;
    loop {
        if settings.stop.load(Ordering::Relaxed) {
            break;
        }
        if why == Why::Retry {
            due.retry_in(None);
        }
        let round = listener.round(why, telling);
        match &round {
            Ok(round) => {
                if round.target_failed {
                    due.retry_in(Some(backoff.next()));
                } else if round.built_at.is_some() {
                    backoff = Backoff::default();
                    due.retry_in(None);
                }
                // A look that found nothing to do leaves what is to be tried again as it is.
                due.looked(round);
                if !ready && !round.target_failed && round.nodes > 0 {
                    ready = true;
                    let nodes = settings.destinations.iter();
                    let nodes = nodes.map(|one| one.node.as_str()).collect();
                    telling.event(&Event::Ready { nodes });
                }
                telling.event(&Event::Alive);
            }
            Err(failure) => {
                let retry_in = backoff.next();
                due.retry_in(Some(retry_in));
                tell_unreachable(telling, failure, retry_in);
            }
        }
        if round.as_ref().is_ok_and(|round| round.recheck) {
            why = Why::Retry;
            continue;
        }
        if settings.once {
            match ending(&round) {
                // Others hold claims, or more came meanwhile: until nothing waits.
                None if !settings.stop.load(Ordering::Relaxed) => {}
                ending => {
                    listener.goodbye();
                    return ending.unwrap_or(Ending::Done);
                }
            }
        }
        let polled = match hears {
            Some(true) => settings.check_every,
            _ => POLL,
        };
        let signal = wait(
            signals,
            due.wait(Moment::now(), polled),
            &mut hears,
            telling,
        );
        // Signals may come so often that the time is never over: what is due is looked for in any case.
        why = match (due.why(Moment::now()), signal) {
            (Why::Timer, Some(Signal::Changed)) => Why::Changed,
            (due, _) => due,
        };
    }
    telling.event(&Event::Stopping);
    listener.goodbye();
    Ending::Done
}

/// How a round ends a listener that runs once; `None` where something still waits.
fn ending(round: &Result<Round, Failure>) -> Option<Ending> {
    match round {
        Err(_) => Some(Ending::Unreachable),
        Ok(round) if round.target_failed => Some(Ending::Unreachable),
        Ok(round) if round.broken => Some(Ending::Broken),
        Ok(round) if round.nodes == 0 => Some(Ending::NoNode),
        Ok(round) if round.more => None,
        Ok(_) => Some(Ending::Done),
    }
}

fn tell_unreachable(telling: &mut dyn Telling, failure: &Failure, retry_in: Duration) {
    telling.event(&Event::Unreachable {
        code: failure.code.0,
        message: &failure.message,
        retry_in,
    });
}

/// Waits for a signal, and takes all that came: a burst is one. `None` when the time is over. `hears` is
/// whether notifications come through, once that is known.
fn wait(
    signals: &Receiver<Signal>,
    within: Duration,
    hears: &mut Option<bool>,
    telling: &mut dyn Telling,
) -> Option<Signal> {
    let first = match signals.recv_timeout(within) {
        Ok(signal) => signal,
        Err(RecvTimeoutError::Timeout) => return None,
        Err(RecvTimeoutError::Disconnected) => {
            // Without an ear the database is asked.
            *hears = Some(false);
            std::thread::sleep(within);
            return None;
        }
    };
    let mut all = Signal::Hears;
    for signal in std::iter::once(first).chain(signals.try_iter()) {
        match signal {
            Signal::Hears if *hears != Some(true) => {
                *hears = Some(true);
                telling.event(&Event::Hears);
            }
            Signal::Deaf(why) if *hears != Some(false) => {
                *hears = Some(false);
                telling.event(&Event::Deaf { why: &why });
            }
            Signal::Changed => all = Signal::Changed,
            Signal::Hears | Signal::Deaf(_) | Signal::Stop => {}
        }
    }
    Some(all)
}

/// Tells a listener to look whether it is to stop.
pub fn wake_to_stop(signals: &Sender<Signal>) {
    // A listener that is gone already has stopped.
    let _ = signals.send(Signal::Stop);
}
