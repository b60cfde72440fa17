//! One-way copies between files and rows, for those who do not sync by git: `rbgen import` brings the
//! files into a database, `rbgen export` the rows into files. What differs is found out first, and
//! nothing that is there already is overwritten unless that was asked for.
#![allow(
    clippy::disallowed_methods,
    reason = "this room joins the rooms that do I/O"
)]

mod export;
mod import;
mod sources;

use crate::compare::{Change, Difference};
use crate::diag::Diagnostics;

pub use export::export;
pub use import::import;

/// How far a copy may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Whether it may overwrite what differs.
    pub force: bool,
    /// Whether it may remove what is only on the side that it writes to.
    pub delete: bool,
    /// Whether it only finds out what it would do.
    pub dry_run: bool,
}

/// What came of a copy.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// In what the side that is written to differs from the other.
    pub differences: Vec<Difference>,
    pub diagnostics: Diagnostics,
    pub end: End,
    /// How many entities of the other side have errors, and so were left out.
    pub passed_over: usize,
    /// How many errors the files have now, each of which `rbgen check` tells: rows may be exported that
    /// no site can be built from.
    pub errors_left: usize,
}

/// How a copy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything was written that was to be.
    Done,
    /// Nothing was to be written but found out.
    Found,
    /// Nothing was written, because something would have been overwritten; or it would be, where that
    /// was only to be found out.
    Refused,
    /// Nothing was written, because the site that was to be copied has errors.
    Broken,
}

impl Allowed {
    /// How a copy with these differences is to end.
    fn end(self, differences: &[Difference]) -> End {
        let overwrites = |difference: &Difference| matches!(difference.change, Change::Changed(_));
        match () {
            () if !self.force && differences.iter().any(overwrites) => End::Refused,
            () if self.dry_run => End::Found,
            () => End::Done,
        }
    }
}
