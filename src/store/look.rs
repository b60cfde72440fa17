//! Looks at the outputs that a ledger names, and finds those that are missing or altered.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room reads the disk"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::path::Path;

use rayon::prelude::*;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, openat, statat};

use super::disk::{digest_of, is_link};
use super::owned::manifests;
use super::read_bundle;
use crate::bundle::manifest_path;
use crate::ledger::{Ledger, Written};
use crate::model::FileStat;

/// How the outputs that a ledger names stand on the disk.
#[derive(Debug, Default)]
pub struct Condition {
    /// Those that are missing or altered, relative to the output folder.
    pub damaged: BTreeSet<String>,
    /// Whether some had to be read, because they were written just before the ledger, or the file
    /// system tells something else of them.
    pub some_read: bool,
    /// Node and app of bundles that have a manifest, and that the ledger does not name.
    pub others: Vec<(String, String)>,
    /// Those of which it tells something else, though they have their bytes: files that were copied.
    pub moved: BTreeMap<String, Written>,
}

enum State {
    Fine,
    Read,
    Moved(FileStat),
    Damaged,
}

/// Looks at every output that a ledger names; with `verify`, reads it.
pub fn look_over(out: &Path, ledger: &Ledger, verify: bool) -> Condition {
    let state = |path: &str, written: &Written, stat: Option<FileStat>| {
        let Some(stat) = stat.filter(|stat| stat.size == written.stamp.size) else {
            return State::Damaged;
        };
        let is_same = stat == written.stat;
        if !verify && is_same && stat.is_certain(ledger.facts.looked_at) {
            return State::Fine;
        }
        match digest_of(&out.join(path)) {
            Ok(found) if found != written.stamp => State::Damaged,
            Err(_) => State::Damaged,
            Ok(_) if is_same => State::Read,
            Ok(_) => State::Moved(stat),
        }
    };
    let places = ledger.output_places("");
    let found: Vec<(&str, Written, State)> = places
        .par_chunks(256)
        .flat_map_iter(|places| {
            let read = places
                .iter()
                .filter_map(|place| ledger.output_at(place.clone()));
            let outputs: Vec<(&str, Written)> = read.collect();
            let mut folder = None;
            let mut found = Vec::new();
            for (index, (path, written)) in outputs.iter().enumerate() {
                let next = outputs.get(index + 1).map_or("", |(path, _)| path);
                let stat = stat_of_output(out, path, next, &mut folder);
                match state(path, written, stat) {
                    State::Fine => {}
                    state => found.push((*path, *written, state)),
                }
            }
            found
        })
        .collect();
    let mut condition = Condition::default();
    for (path, written, state) in found {
        condition.some_read = true;
        match state {
            State::Fine | State::Read => {}
            State::Moved(stat) => {
                let written = Written { stat, ..written };
                condition.moved.insert(path.to_string(), written);
            }
            State::Damaged => {
                condition.damaged.insert(path.to_string());
            }
        }
    }
    let bundles: BTreeSet<(&str, &str)> = ledger.bundles().map(|(n, a, _)| (n, a)).collect();
    // A file of somebody else that only looks like a manifest is none.
    let is_other = |(node, app): &(String, String)| {
        !bundles.contains(&(node, app)) && read_bundle(out, node, app).is_some()
    };
    condition.others = manifests(out).into_iter().filter(is_other).collect();
    // Whoever writes finds the links, and says so.
    for (node, app) in bundles {
        let folders = [out.to_path_buf(), out.join(node), out.join(node).join(app)];
        if folders.iter().any(|folder| is_link(folder)) {
            condition.damaged.insert(manifest_path(node, app));
        }
    }
    condition
}

/// What the file system tells of a regular file. Most of the time for that goes into finding the way
/// from the root to it, so that a folder whose subfolders have many outputs is opened once: `folder`
/// is the last one, and `next` the output that comes next.
fn stat_of_output<'p>(
    out: &Path,
    path: &'p str,
    next: &str,
    folder: &mut Option<(&'p str, OwnedFd)>,
) -> Option<FileStat> {
    let above = above(path);
    let is_open =
        |folder: &Option<(&str, OwnedFd)>| folder.as_ref().is_some_and(|(open, _)| *open == above);
    if !is_open(folder) && next.starts_with(above) {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = openat(CWD, out.join(above), flags, Mode::empty());
        *folder = opened.ok().map(|opened| (above, opened));
    }
    let found = match folder {
        Some((open, opened)) if *open == above => {
            statat(opened, &path[above.len()..], AtFlags::SYMLINK_NOFOLLOW)
        }
        _ => statat(CWD, out.join(path), AtFlags::SYMLINK_NOFOLLOW),
    };
    let stat = found.ok()?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    is_file.then(|| FileStat {
        modified: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        changed: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        size: stat.st_size as u64,
        inode: stat.st_ino as u64,
    })
}

fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

/// The folder above the folder of an output, with its slash; empty where there is none.
fn above(path: &str) -> &str {
    let mut slashes = path.rmatch_indices('/').map(|(at, _)| at);
    slashes.nth(1).map_or("", |at| &path[..=at])
}

#[cfg(test)]
mod tests {
    use super::above;

    #[test]
    fn the_folder_above_the_folder() {
        assert_eq!(above("n/a/b/index.html"), "n/a/");
        assert_eq!(above("n/a/x"), "n/");
        assert_eq!(above("n/a.json"), "");
        assert_eq!(above("x"), "");
    }
}
