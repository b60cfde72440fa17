//! Where tests step into a sync: points that are passed, at which it may be ended or something else
//! may happen, and rules that are known to be wrong, so that a test can show that it would notice.

use std::cell::{Cell, RefCell};

type Hook = Box<dyn FnMut(&'static str)>;

/// A rule that loses what somebody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// What a push has is right, whatever the rows have become, and what it lacks is deleted.
    Overwrite,
    /// What the log of changes does not name has not changed, whoever turned its triggers off.
    TrustLog,
}

thread_local! {
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
    static WRONG: Cell<Option<Wrong>> = const { Cell::new(None) };
}

/// Calls `hook` at each point that a sync of this thread passes, until it is called with nothing. What
/// the hook itself syncs passes no points.
pub fn step_in(hook: Option<Hook>) {
    HOOK.set(hook);
}

/// Breaks a rule in the syncs of this thread.
pub fn go_wrong(wrong: Option<Wrong>) {
    WRONG.set(wrong);
}

pub(super) fn is_wrong(wrong: Wrong) -> bool {
    WRONG.get() == Some(wrong)
}

/// Passes a point, at which a test may end the process or step in.
pub(super) fn pass(point: &'static str) {
    crate::failpoint::pass(point);
    if let Some(mut hook) = HOOK.take() {
        hook(point);
        HOOK.set(Some(hook));
    }
}
