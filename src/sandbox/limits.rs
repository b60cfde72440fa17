//! The limits of a process that runs React code: what the system holds it to, and how long one step may take.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// How much computing time the engine gives a step: it then ends it in words, with the place.
pub const TIDY: Duration = Duration::from_secs(1);

/// How much computing time a step has before the process is ended, because the engine does not look at the
/// time, or the step is no engine's.
pub const MOST_COMPUTING: Duration = Duration::from_secs(2);

/// How long a step may wait without computing, which no code should be able to.
pub const MOST_WAITING: Duration = Duration::from_secs(10);

/// How often the process is looked at. Looks are counted, and not time, because the process may be stopped
/// for a while.
const INTERVAL: Duration = Duration::from_millis(50);

/// How much is computed between two looks at the least, if a step computes: little, where many other
/// processes want to.
const PROGRESS: Duration = Duration::from_micros(200);

/// After how many looks without a step the process is left alone until there is one.
const IDLE_LOOKS: u32 = 20;

/// The most addresses of a process: its stack and program, and engines of many components.
const ADDRESS_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// The exit status of a process in which a step took too much computing time.
pub const STATUS_COMPUTING: u8 = 81;
/// The exit status of a process in which a step took too long.
pub const STATUS_WAITING: u8 = 82;
/// The exit status of a process in which our own code panicked.
pub const STATUS_PANIC: u8 = 83;
/// The exit status of a process that was told what it does not understand.
pub const STATUS_REQUEST: u8 = 84;

/// Renounces, for this thread and those that it starts, what a program could get that it ran.
pub fn renounce() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_no_new_privs(true);
}

/// Takes from this process what it does not need once its threads run and its ends are open, for good. Each
/// limit is one more wall; where a system has not one of them, the others stand.
pub fn restrict() {
    #[cfg(not(target_os = "openbsd"))]
    limit(Resource::As, ADDRESS_BYTES);
    limit(Resource::Core, 0);
    limit(Resource::Fsize, 0);
    // What is open stays so.
    limit(Resource::Nofile, 0);
    // The superuser may all the same.
    limit(Resource::Nproc, 0);
}

fn limit(resource: Resource, most: u64) {
    let least = getrlimit(resource)
        .maximum
        .map_or(most, |now| now.min(most));
    let limit = Rlimit {
        current: Some(least),
        maximum: Some(least),
    };
    let _ = setrlimit(resource, limit);
}

/// Watches the steps of one thread from another one.
#[derive(Debug)]
pub struct Watch {
    /// The computing time of the process when the step began, in nanoseconds, or [`IDLE`].
    began: AtomicU64,
    /// Whether the thread that watches sleeps until there is a step.
    sleeps: AtomicBool,
    watcher: Thread,
}

const IDLE: u64 = u64::MAX;

impl Watch {
    /// A watch whose thread is this one.
    pub fn new() -> Watch {
        Watch {
            began: AtomicU64::new(IDLE),
            sleeps: AtomicBool::new(false),
            watcher: std::thread::current(),
        }
    }

    /// Does one step, whose time begins now.
    pub fn step<T>(&self, step: impl FnOnce() -> T) -> T {
        self.began.store(computing(), Ordering::SeqCst);
        if self.sleeps.swap(false, Ordering::SeqCst) {
            self.watcher.unpark();
        }
        let result = step();
        self.began.store(IDLE, Ordering::SeqCst);
        result
    }

    /// Whether the step should end by itself.
    pub fn is_over(&self) -> bool {
        self.began
            .load(Ordering::SeqCst)
            .checked_add(nanoseconds(TIDY))
            .is_some_and(|end| computing() > end)
    }

    /// Watches until a step takes too much; gives the exit status.
    pub fn watch(&self) -> u8 {
        let (mut seen, mut computed) = (IDLE, 0);
        // How many looks in a row nothing was computed, in this step or without one.
        let mut waited = 0;
        loop {
            let began = self.began.load(Ordering::SeqCst);
            let now = computing();
            let goes_on = began == seen && now.saturating_sub(computed) < nanoseconds(PROGRESS);
            waited = if goes_on { waited + 1 } else { 0 };
            (seen, computed) = (began, now);
            if began == IDLE {
                if waited > IDLE_LOOKS {
                    self.sleeps.store(true, Ordering::SeqCst);
                    // A step that began before it could see that we sleep is seen here.
                    if self.began.load(Ordering::SeqCst) == IDLE {
                        std::thread::park();
                    }
                    self.sleeps.store(false, Ordering::SeqCst);
                    waited = 0;
                }
            } else if now.saturating_sub(began) > nanoseconds(MOST_COMPUTING) {
                // It may have ended just now.
                if self.began.load(Ordering::SeqCst) == began {
                    return STATUS_COMPUTING;
                }
            } else if INTERVAL * waited > MOST_WAITING {
                return STATUS_WAITING;
            }
            std::thread::park_timeout(INTERVAL);
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The computing time that the process has taken, in nanoseconds.
fn computing() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
