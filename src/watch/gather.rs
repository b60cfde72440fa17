//! Gathers what happens at once, such as the many steps of one save, or a checkout, into one change.
#![allow(
    clippy::disallowed_methods,
    reason = "this room watches the disk and the clock"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::ear::Signal;

/// What happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Files and folders to which something happened, absolute.
    pub paths: BTreeSet<PathBuf>,
    /// Whether folders came or went, so that what is watched is not all that there is.
    pub folders: bool,
    /// Whether something of the output went.
    pub output_gone: bool,
    /// Whether something came into the output.
    pub output: bool,
    /// Whether more happened than is known.
    pub missed: bool,
    /// Whether somebody wants everything to be built.
    pub rebuild: bool,
    /// Whether it is time to look.
    pub look: bool,
    pub stop: bool,
}

/// One save is over when nothing happens for so long: between the steps of one there are microseconds.
const QUIET: Duration = Duration::from_millis(1);
/// What has more steps than this is no save, and the next step may take a moment.
const MANY: usize = 20;
const QUIET_AFTER_MANY: Duration = Duration::from_millis(25);
/// Who removes the output is to be done before it is built again.
const QUIET_AFTER_REMOVAL: Duration = Duration::from_millis(200);
/// Who writes is waited for, but not forever: a log may stay open.
const WRITING: Duration = Duration::from_millis(30);
/// So long a burst is waited for at most.
const LONGEST: Duration = Duration::from_secs(3);

/// Takes what happens from `first` on until nothing more does.
pub fn gather(root: &Path, first: Signal, signals: &Receiver<Signal>) -> Heard {
    let began = Instant::now();
    let mut heard = Heard::default();
    let mut writing = BTreeSet::new();
    heard.add(first, &mut writing);
    loop {
        let is_many = heard.paths.len() > MANY || heard.folders || heard.missed;
        let patience = match (writing.is_empty(), is_many) {
            _ if heard.output_gone => QUIET_AFTER_REMOVAL,
            (_, true) => QUIET_AFTER_MANY,
            (false, false) => WRITING,
            (true, false) => QUIET,
        };
        match signals.recv_timeout(patience) {
            Ok(signal) => heard.add(signal, &mut writing),
            Err(RecvTimeoutError::Disconnected) => heard.stop = true,
            Err(RecvTimeoutError::Timeout) => {
                if !(is_many && git_is_busy(root)) {
                    return heard;
                }
            }
        }
        if heard.stop || began.elapsed() > LONGEST {
            return heard;
        }
    }
}

impl Heard {
    fn add(&mut self, signal: Signal, writing: &mut BTreeSet<PathBuf>) {
        match signal {
            Signal::Writing(path) => {
                writing.insert(path.clone());
                self.paths.insert(path);
            }
            Signal::Written(path) => {
                writing.remove(&path);
                self.paths.insert(path);
            }
            Signal::Touched(path) => {
                self.paths.insert(path);
            }
            Signal::Folder(path) => {
                self.folders = true;
                self.paths.insert(path);
            }
            Signal::OutputGone => self.output_gone = true,
            Signal::Output => self.output = true,
            Signal::Missed => self.missed = true,
            Signal::Rebuild => self.rebuild = true,
            Signal::Look => self.look = true,
            Signal::Stop => self.stop = true,
        }
    }
}

/// Whether git is changing the files of a repository that the site is in: it has a lock meanwhile.
fn git_is_busy(root: &Path) -> bool {
    let lock = |folder: &Path| folder.join(".git/index.lock").exists();
    root.ancestors().any(lock)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn the_steps_of_a_save_are_one_change() {
        let (sender, signals) = channel();
        let path = |name: &str| PathBuf::from(format!("/site/{name}"));
        for signal in [
            Signal::Writing(path("a~")),
            Signal::Written(path("a~")),
            Signal::Touched(path("a")),
        ] {
            sender.send(signal).expect("somebody listens");
        }
        let first = Signal::Touched(path("a~"));
        let heard = gather(Path::new("/nowhere"), first, &signals);
        assert_eq!(heard.paths, [path("a"), path("a~")].into());
        assert!(!heard.folders && !heard.missed && !heard.stop);
        sender.send(Signal::Folder(path("b"))).expect("listens");
        sender.send(Signal::Stop).expect("listens");
        let heard = gather(Path::new("/nowhere"), Signal::Missed, &signals);
        assert!(heard.folders && heard.missed && heard.stop);
        drop(sender);
        assert!(gather(Path::new("/nowhere"), Signal::Look, &signals).stop);
    }
}
