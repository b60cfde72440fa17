//! A bound on the memory and the time of templates that nobody trusts: the engine counts steps and
//! output, and not the texts and lists that a template makes and compares on the way, so they are watched
//! from outside.
#![allow(
    clippy::disallowed_methods,
    reason = "what the process takes is read from the system"
)]

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::render::{Rendering, rendering_now};

/// What is done when templates take too much memory or time: it gets the files or rows of those that
/// were being rendered, and must end the process, because a template that computes cannot be stopped. The
/// output is as after a kill at that moment: as it was.
pub type Exhausted = fn(&[String]);

/// How much more than twice what a site takes itself its templates may take.
const ROOM: u64 = 1024 * 1024 * 1024;

/// How often they are looked at: a template can double what it has in a few of these.
const INTERVAL: Duration = Duration::from_millis(10);

/// After how many looks a template that is still the same has taken too long: half a minute.
const MOST_LOOKS: u32 = 3000;

/// Does the work while its templates are watched, where there is somebody to tell and the system says
/// how much memory there is.
pub fn guarded<T>(exhausted: Option<Exhausted>, work: impl FnOnce() -> T) -> T {
    let (Some(exhausted), Some(before)) = (exhausted, resident()) else {
        return work();
    };
    let most = before.saturating_mul(2).saturating_add(ROOM);
    std::thread::scope(|scope| {
        let (working, done) = channel::<()>();
        scope.spawn(move || {
            let mut seen: Vec<(Rendering, u32)> = Vec::new();
            while done.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let now = rendering_now();
                // Without a template at work it is not a template that takes it.
                if !now.is_empty() && resident().is_some_and(|memory| memory > most) {
                    exhausted(&now.into_iter().map(|one| one.origin).collect::<Vec<_>>());
                    return;
                }
                let looks = |one: &Rendering| {
                    let before = seen.iter().find(|(other, _)| other == one);
                    before.map_or(1, |(_, looks)| looks + 1)
                };
                seen = now.iter().map(|one| (one.clone(), looks(one))).collect();
                if let Some((endless, _)) = seen.iter().find(|(_, looks)| *looks > MOST_LOOKS) {
                    exhausted(std::slice::from_ref(&endless.origin));
                    return;
                }
            }
        });
        let result = work();
        drop(working);
        result
    })
}

/// The memory that the process has now, in bytes; `None` where the system has no `/proc`.
fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
}
