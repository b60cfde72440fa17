//! When a listener looks next: after a while, when a condition of time passes, when a claim of somebody
//! else runs out, or when something that failed is tried again. Pure but for the clock that does not jump.

use std::time::{Duration, Instant};

use super::round::{Round, Why};
use crate::model::Moment;

/// How often everything is built even if nothing seems to have changed: also the theme may have.
const BUILD_EVERY: Duration = Duration::from_secs(60);

/// The moments to look at.
pub struct Due {
    check_every: Duration,
    built: Instant,
    /// The time of the last build, by the clock that conditions go by.
    built_at: Option<Moment>,
    boundary: Option<Moment>,
    lease: Option<Instant>,
    retry: Option<Instant>,
}

impl Due {
    /// Nothing is known yet.
    pub fn new(check_every: Duration) -> Due {
        Due {
            check_every,
            built: Instant::now(),
            built_at: None,
            boundary: None,
            lease: None,
            retry: None,
        }
    }

    /// After a look.
    pub fn looked(&mut self, round: &Round) {
        if let Some(at) = round.built_at {
            self.built = Instant::now();
            self.built_at = Some(at);
            self.boundary = round.boundary;
        }
        self.lease = round.lease.map(|after| Instant::now() + after);
    }

    /// Tries again after so long, or not at all.
    pub fn retry_in(&mut self, after: Option<Duration>) {
        self.retry = after.map(|after| Instant::now() + after);
    }

    /// How long to wait at most, where the database is to be looked at every so often.
    pub fn wait(&self, now: Moment, every: Duration) -> Duration {
        let at = Instant::now();
        let until = |moment: Instant| moment.saturating_duration_since(at);
        let mut wait = match self.retry {
            // What cannot be had is not asked for in between.
            Some(retry) => until(retry),
            None => every.min(self.check_every),
        };
        if let Some(boundary) = self.boundary
            && self.retry.is_none()
        {
            let ahead = boundary.duration_since(now).unsigned_abs();
            wait = wait.min(if boundary > now {
                ahead
            } else {
                Duration::ZERO
            });
        }
        if let (Some(lease), None) = (self.lease, self.retry) {
            wait = wait.min(until(lease));
        }
        wait.max(Duration::from_millis(1))
    }

    /// Why it looks now, with or without a signal. A clock that was set back counts as a condition that
    /// passed: some hold again that did not.
    pub fn why(&self, now: Moment) -> Why {
        let is_back = self.built_at.is_some_and(|at| now < at);
        let has_passed = self.boundary.is_some_and(|boundary| boundary <= now);
        if self.retry.is_some_and(|retry| retry <= Instant::now()) {
            Why::Retry
        } else if has_passed || is_back {
            Why::Boundary
        } else if self.built.elapsed() >= BUILD_EVERY {
            Why::Full
        } else {
            Why::Timer
        }
    }
}

/// Ever longer waits.
#[derive(Default)]
pub struct Backoff(u32);

/// The first wait after a failure, and the longest.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(15);

impl Backoff {
    /// The next wait: twice the last one, and up to a quarter more or less, so that many listeners do not
    /// come back to a server all at once.
    pub fn next(&mut self) -> Duration {
        let wait = FIRST.saturating_mul(1 << self.0.min(16)).min(LONGEST);
        self.0 += 1;
        let dice = u32::from(uuid::Uuid::new_v4().as_bytes()[0]);
        wait * 3 / 4 + wait / 2 * dice / 255
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_somewhere() {
        let mut backoff = Backoff::default();
        let waits: Vec<Duration> = (0..20).map(|_| backoff.next()).collect();
        assert!(waits[0] < Duration::from_millis(130));
        assert!(waits[5] > waits[0] * 8);
        assert!(waits.iter().all(|wait| *wait <= LONGEST * 5 / 4));
        assert!(waits[19] >= LONGEST * 3 / 4);
    }

    #[test]
    fn a_condition_of_time_is_waited_for_and_a_clock_set_back_is_noticed() {
        let at = |second: i64| Moment::from_second(second).expect("a moment");
        let mut due = Due::new(Duration::from_secs(15));
        due.looked(&Round {
            built_at: Some(at(100)),
            boundary: Some(at(103)),
            ..Round::default()
        });
        let every = Duration::from_secs(15);
        assert_eq!(due.wait(at(101), every), Duration::from_secs(2));
        assert_eq!(due.why(at(101)), Why::Timer);
        assert_eq!(due.why(at(103)), Why::Boundary);
        assert_eq!(due.why(at(99)), Why::Boundary);
        due.retry_in(Some(Duration::from_secs(5)));
        assert!(due.wait(at(104), every) > Duration::from_secs(4));
        assert_eq!(due.why(at(102)), Why::Timer);
        due.retry_in(Some(Duration::ZERO));
        assert_eq!(due.why(at(102)), Why::Retry);
    }
}
