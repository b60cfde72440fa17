//! What a round of the loop is, and what is told of it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::diag::Diagnostics;
use crate::pipeline::Options;

/// What is watched, and how.
pub struct Settings {
    /// Absolute.
    pub root: PathBuf,
    /// What is built; `now` is the clock in each round.
    pub options: Options,
    /// Looks so often instead of hearing.
    pub poll: Option<Duration>,
}

/// One round.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// From 1.
    pub number: u64,
    /// What happened, in a few words or as the paths of files, relative to the site.
    pub cause: Cause,
    /// Whether all of the site was looked at, and not only what was edited.
    pub is_whole: bool,
    pub pages_rendered: usize,
    pub files_written: usize,
    pub files_removed: usize,
    /// The nodes whose output has changed.
    pub nodes: BTreeSet<String>,
    /// From when the last thing was heard until all was in place.
    pub took: Duration,
    /// All that is wrong: warnings, or errors and warnings where nothing was built.
    pub diagnostics: Diagnostics,
    /// Whether there are errors, so that the output is as it was.
    pub is_broken: bool,
    /// What is worth a line besides.
    pub notes: Vec<String>,
}

/// Why there was a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// It is the first.
    #[default]
    First,
    /// Files, relative to the site.
    Files(BTreeSet<String>),
    /// Folders, or more than is known.
    Many,
    /// Somebody asked for it.
    Asked,
    /// A condition of time began or ended to hold.
    Time,
    /// Outputs went, or another build was faster.
    Output,
}

/// What the loop tells whoever watches it.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A round is over, and all files are in place.
    Round(&'a Round),
    /// Manifests and the ledger follow: the output is as a build leaves it.
    Settled(u64),
    /// Nothing is heard for this reason, so it is looked at again and again.
    Polling(&'a str),
}
