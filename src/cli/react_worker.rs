//! `rbgen react-worker`: runs React code for another rbgen, which starts it and ends it.

/// Works until standard input ends.
pub fn run() -> ! {
    crate::sandbox::worker::work()
}
