//! What follows from what was heard: nothing, an edit of known files, or a whole build.
#![allow(
    clippy::disallowed_methods,
    reason = "this room watches the disk and the clock"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::gather::Heard;
use super::super::round::Cause;
use super::Watching;
use crate::format::is_passed_over;
use crate::load::{CONFIG_FILE, compare, survey};
use crate::pipeline::BuiltBundle;

/// An editor may move a file away before it writes the new one.
const PATIENCE: Duration = Duration::from_millis(50);

/// What is to be done.
pub(super) enum Todo {
    Nothing,
    /// The output is to be mended, if it has to be.
    Mend,
    Edit(BTreeSet<String>),
    All(Cause),
}

impl Watching<'_> {
    /// What follows from what was heard.
    pub(super) fn todo(&self, heard: &Heard) -> Todo {
        if heard.rebuild {
            return Todo::All(Cause::Asked);
        }
        let is_of_site = |path: &&PathBuf| path.starts_with(&self.settings.root);
        let mut paths = heard.paths.iter().filter(is_of_site);
        if heard.folders || paths.any(|path| path.to_str().is_none()) {
            return Todo::All(Cause::Many);
        }
        if heard.missed && self.has_other_files() {
            return Todo::All(Cause::Many);
        }
        let paths = heard.paths.iter().filter_map(|path| self.relative(path));
        let paths: BTreeSet<String> = paths.filter(|path| self.counts(path)).collect();
        if paths.is_empty() {
            return match heard.output || heard.output_gone {
                true => Todo::Mend,
                false => Todo::Nothing,
            };
        }
        let Some(standing) = &self.standing else {
            return Todo::All(Cause::Files(paths));
        };
        let is_known = |path: &String| standing.ledger().input(path).is_some();
        let is_file = |path: &String| self.folder.stat(path).is_some();
        if paths.iter().all(is_known) {
            let since = Instant::now();
            while !paths.iter().all(is_file) && since.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(2));
            }
            if paths.iter().all(is_file) {
                return Todo::Edit(paths);
            }
        }
        Todo::All(Cause::Files(paths))
    }

    /// Whether the output has what it should have. Without a build that stands, only what is missing is seen.
    pub(super) fn is_output_intact(&self) -> bool {
        let scene = self.stage.scene();
        let is_there = |bundle: &BuiltBundle| {
            let folder = scene.out.join(&bundle.node);
            folder.join(&bundle.app).is_dir()
                && folder.join(format!("{}.json", bundle.app)).is_file()
        };
        match &self.standing {
            Some(standing) => standing.is_intact(),
            None => scene.bundles.iter().all(is_there),
        }
    }

    /// Whether the files are other than those that were built. What is only read makes noise as well, and a
    /// build reads much: so it is not enough that something was missed.
    fn has_other_files(&self) -> bool {
        let Some(standing) = &self.standing else {
            return !std::mem::replace(&mut *self.missed.borrow_mut(), true);
        };
        let now = survey(&self.folder);
        Some(now.found()) != standing.ledger().facts.found
            || !compare(&now, standing.ledger()).is_all()
    }

    /// The path of a file relative to the site; `None` where it cannot be one of its files.
    fn relative(&self, path: &Path) -> Option<String> {
        let path = path.strip_prefix(&self.settings.root).ok()?;
        let path = path.to_str()?;
        let (place, rest) = path.split_once('/').unwrap_or((path, ""));
        let counts = match place {
            "content" | "themes" => !rest.split('/').any(is_passed_over),
            "static" => true,
            _ => path == CONFIG_FILE,
        } || self
            .ear
            .as_ref()
            .is_some_and(|ear| ear.packages.contains(path));
        counts.then(|| path.to_string())
    }

    /// Whether what happened to a path can mean anything: a file that was neither there before nor is
    /// there now is one that an editor had for a moment.
    fn counts(&self, path: &str) -> bool {
        let Some(standing) = &self.standing else {
            return true;
        };
        let ledger = standing.ledger();
        std::fs::symlink_metadata(self.settings.root.join(path)).is_ok()
            || ledger.input(path).is_some()
            || ledger.has_inputs_below(path)
            // It may have been there when the last build looked.
            || ledger.facts.found.is_none()
    }
}
