//! Whose turn it is at a store: an object that its holder renews while it lives, and that others take over
//! once they have seen it unchanged for long enough by their own clock.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::Turn;
use super::super::target::turn_lost;
use super::store::{Store, Stored, Swapped};
use crate::diag::Diagnostic;

/// Where it stands.
const PLACE: &str = ".rbgen/turn.json";

/// How many times a turn is renewed in the time after which others take it over.
const BEATS: u32 = 5;

/// How often a turn that somebody else has is looked at.
const PATIENCE: Duration = Duration::from_millis(250);

/// What the object says. There is no time in it: clocks differ and jump, and who waits only sees whether
/// it changes (as in Amazon's DynamoDB lock client, "Building distributed locks with the DynamoDB lock
/// client").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    /// Larger than for all turns before.
    number: u64,
    /// Who has it, as nobody else is called.
    holder: String,
    /// Larger each time that the holder renews it.
    beat: u64,
    /// Whether the holder is done.
    free: bool,
}

impl Said {
    /// What the object says; `None` for what rbgen would not have written.
    fn read(stored: &Stored) -> Option<Said> {
        serde_json::from_str(&stored.text).ok()
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers always serialise") + "\n"
    }
}

/// A turn at a store. A thread renews it until it is dropped, and then it is free.
pub struct StoreTurn {
    store: Arc<Store>,
    number: u64,
    holder: String,
    shared: Arc<Shared>,
    renewing: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    said: Said,
    stored: Stored,
    ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the turn at a store. One that did not change for `lease` is taken over.
pub fn take_turn(
    store: &Arc<Store>,
    lease: Duration,
    waiting: &mut dyn FnMut() -> bool,
) -> Result<Option<StoreTurn>, Diagnostic> {
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy().into_owned();
    let holder = format!("{host} {} {}", std::process::id(), Uuid::new_v4());
    let mut seen: Option<(String, Instant)> = None;
    loop {
        let there = store.get(PLACE)?;
        let last = there.as_ref().and_then(Said::read);
        let is_held = match (&there, &last) {
            (None, _) => false,
            (Some(_), Some(last)) if last.free => false,
            (Some(stored), _) => match &seen {
                Some((text, since)) if *text == stored.text => since.elapsed() < lease,
                _ => {
                    seen = Some((stored.text.clone(), Instant::now()));
                    true
                }
            },
        };
        if !is_held {
            let said = Said {
                number: last.map_or(0, |last| last.number).saturating_add(1),
                holder: holder.clone(),
                beat: 0,
                free: false,
            };
            if let Swapped::Done(stored) = store.swap(PLACE, there.as_ref(), &said.text())? {
                return Ok(Some(StoreTurn::begin(store, said, stored, lease)));
            }
        }
        if !waiting() {
            return Ok(None);
        }
        std::thread::sleep((lease / 20).min(PATIENCE));
    }
}

impl StoreTurn {
    fn begin(store: &Arc<Store>, said: Said, stored: Stored, lease: Duration) -> StoreTurn {
        let (number, holder) = (said.number, said.holder.clone());
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                said,
                stored,
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let renewing = {
            let (store, shared) = (Arc::clone(store), Arc::clone(&shared));
            std::thread::spawn(move || renew(&store, &shared, lease / BEATS))
        };
        StoreTurn {
            store: Arc::clone(store),
            number,
            holder,
            shared,
            renewing: Some(renewing),
        }
    }
}

/// Renews a turn until it ends, or somebody else has it.
fn renew(store: &Store, shared: &Shared, pause: Duration) {
    let mut state = shared.lock();
    loop {
        let until = Instant::now() + pause;
        while !state.ended {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                break;
            };
            let waited = shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.ended {
            return;
        }
        let next = Said {
            beat: state.said.beat + 1,
            ..state.said.clone()
        };
        let there = state.stored.clone();
        drop(state);
        let renewed = store.swap(PLACE, Some(&there), &next.text());
        state = shared.lock();
        match renewed {
            Ok(Swapped::Done(stored)) => {
                state.said = next;
                state.stored = stored;
            }
            Ok(Swapped::Changed) => return,
            // The next time, then: who is to know of it asks the store themselves.
            Err(_) => {}
        }
    }
}

impl Turn for StoreTurn {
    fn number(&self) -> u64 {
        self.number
    }

    fn check(&self) -> Result<(), Diagnostic> {
        let there = self.store.get(PLACE)?;
        match there.as_ref().and_then(Said::read) {
            Some(said) if said.number == self.number && said.holder == self.holder => Ok(()),
            _ => Err(turn_lost()),
        }
    }
}

impl Drop for StoreTurn {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        if let Some(renewing) = self.renewing.take() {
            let _ = renewing.join();
        }
        let state = self.shared.lock();
        let said = Said {
            free: true,
            ..state.said.clone()
        };
        // Where this fails, the others wait for as long as if this process had died.
        let _ = self.store.swap(PLACE, Some(&state.stored), &said.text());
    }
}
