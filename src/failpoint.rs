//! Where tests end the process, as a kill would: `RBGEN_FAILPOINT=rename:3` at the third time that the
//! point `rename` is passed.
#![allow(
    clippy::disallowed_methods,
    reason = "a test says in the environment where the process ends"
)]

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Passes a point.
pub fn pass(point: &str) {
    static WANTED: LazyLock<Option<(String, usize)>> = LazyLock::new(|| {
        let wanted = std::env::var("RBGEN_FAILPOINT").ok()?;
        let (point, count) = wanted.split_once(':')?;
        Some((point.to_string(), count.parse().ok()?))
    });
    static PASSED: AtomicUsize = AtomicUsize::new(0);
    if let Some((wanted, count)) = &*WANTED
        && wanted == point
        && *count == PASSED.fetch_add(1, Ordering::SeqCst) + 1
    {
        std::process::abort();
    }
}
