//! Looks at every file again and again, where nothing is heard.
#![allow(
    clippy::disallowed_methods,
    reason = "this room watches the disk and the clock"
)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::super::ear::look_every;
use super::super::round::Cause;
use super::Watching;
use crate::files::Found;
use crate::load::{Survey, survey};

impl Watching<'_> {
    pub(super) fn poll(&mut self, interval: Duration) {
        self.ear = None;
        self.is_polling = true;
        self.seen = Some(survey(&self.folder));
        look_every(interval, self.sender.clone());
    }

    /// Looks at every file, where nothing is heard.
    pub(super) fn look(&mut self, began: Instant) {
        let now = survey(&self.folder);
        let is_alike = |seen: &Survey| seen.found() == now.found() && seen.themes == now.themes;
        let same_tree = self.seen.as_ref().is_some_and(is_alike);
        let Some(seen) = self.seen.replace(now) else {
            return;
        };
        let now = self.seen.as_ref().map_or(&[][..], |seen| &seen.files);
        let same_paths = same_tree
            && seen.files.len() == now.len()
            && seen.files.iter().zip(now).all(|(a, b)| a.path == b.path);
        // What was written just before the last look may have been written again just after it.
        let says_other = |path: &str| {
            // What is broken is mended by hand, and then it has another time.
            self.standing.as_ref().is_some_and(|standing| {
                let digest = self.folder.digest(path).ok().map(|asset| asset.digest);
                standing.ledger().input(path).map(|known| known.digest) != digest
            })
        };
        let is_other = |(before, now): &(&Found, &Found)| {
            before.stat != now.stat
                || !before.stat.is_certain(seen.looked_at) && says_other(&now.path)
        };
        let changed: BTreeSet<String> = match same_paths {
            true => {
                let files = seen.files.iter().zip(now).filter(is_other);
                files.map(|(_, found)| found.path.clone()).collect()
            }
            false => return self.build_all(Cause::Many, began),
        };
        if changed.is_empty() {
            return self.mend(began);
        }
        match &self.standing {
            Some(_) => self.edit(changed, began),
            None => self.build_all(Cause::Files(changed), began),
        }
    }
}
