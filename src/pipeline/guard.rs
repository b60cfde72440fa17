//! A bound on the memory of templates that nobody trusts: the engine counts steps and output, and not
//! the texts that a template joins on the way, so the memory of the process is watched instead.
#![allow(
    clippy::disallowed_methods,
    reason = "what the process takes is read from the system"
)]

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::render::rendering_now;

/// What is done when templates take too much memory: it gets the files or rows of those that were being
/// rendered, and must end the process, because a template that allocates cannot be stopped. The output
/// is as after a kill at that moment: as it was.
pub type Exhausted = fn(&[String]);

/// How much more than twice what a site takes itself its templates may take.
const ROOM: u64 = 1024 * 1024 * 1024;

/// How often the memory is looked at: a template can double what it has in a few of these.
const INTERVAL: Duration = Duration::from_millis(10);

/// Does the work while the memory is watched, where there is somebody to tell and the system says how
/// much it is.
pub fn guarded<T>(exhausted: Option<Exhausted>, work: impl FnOnce() -> T) -> T {
    let (Some(exhausted), Some(before)) = (exhausted, resident()) else {
        return work();
    };
    let most = before.saturating_mul(2).saturating_add(ROOM);
    std::thread::scope(|scope| {
        let (working, done) = channel::<()>();
        scope.spawn(move || {
            while done.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if resident().is_some_and(|now| now > most) {
                    exhausted(&rendering_now());
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
