//! What a sequence does to folders: writes the files of a site, and disturbs what rbgen keeps.

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::kinds::Kind;
use super::site::Files;
use crate::harness::{Tree, remove_any, tree};

/// Writes the files that differ from those that stand there, and removes those that are no more.
/// With `same_time`, a file that keeps its size keeps its time of modification as well.
pub fn write(root: &Path, old: &Files, new: &Files, same_time: bool) {
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        fs::remove_file(root.join(path)).unwrap();
        let folders = Path::new(path).ancestors().skip(1);
        let empty = |folder: &&Path| fs::remove_dir(root.join(folder)).is_ok();
        folders
            .filter(|folder| !folder.as_os_str().is_empty())
            .take_while(empty)
            .for_each(drop);
    }
    for (path, bytes) in new {
        let before = old.get(path);
        if before == Some(bytes) {
            continue;
        }
        let keep = same_time && before.is_some_and(|before| before.len() == bytes.len());
        put(&root.join(path), bytes, keep);
    }
}

/// Writes one file; with `keep`, one that is there keeps its time of modification.
fn put(path: &Path, bytes: &[u8], keep: bool) {
    let time = modified(path).filter(|_| keep);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    if let Some(time) = time {
        set_modified(path, time);
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

fn set_modified(path: &Path, time: SystemTime) {
    let file = File::options().append(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// A source gets another time, or is written with the bytes that it has.
pub fn touch(root: &Path, files: &Files, at: u8, to: u8) {
    let path = files.keys().nth(usize::from(at) % files.len().max(1));
    let Some(path) = path else {
        return;
    };
    let disk = root.join(path);
    match to % 2 {
        0 => put(&disk, &files[path], false),
        _ => {
            let time = modified(&disk).unwrap();
            set_modified(&disk, time + Duration::from_secs(u64::from(to)));
        }
    }
}

/// The state of a site, as it is now.
pub fn state(root: &Path) -> Tree {
    tree(&root.join(".rbgen"))
}

/// Damages the state of a site, or puts an older one in its place.
pub fn disturb_state(root: &Path, kind: Kind, at: u8, to: u8, older: &[Tree]) {
    let folder = root.join(".rbgen");
    let now = state(root);
    let file = now.iter().nth(usize::from(at) % now.len().max(1));
    match (kind, file) {
        (Kind::LedgerGone, _) => remove_any(&folder),
        (Kind::LedgerCut, Some((path, bytes))) => {
            let end = bytes.len() * usize::from(to) / 256;
            fs::write(folder.join(path), &bytes[..end]).unwrap();
        }
        (Kind::LedgerFlipped, Some((path, bytes))) if !bytes.is_empty() => {
            let mut bytes = bytes.clone();
            let place = (usize::from(to) * 257 + usize::from(at)) % bytes.len();
            bytes[place] ^= 1 << (to % 8);
            fs::write(folder.join(path), bytes).unwrap();
        }
        (Kind::LedgerOld, _) if !older.is_empty() => {
            remove_any(&folder);
            for (path, bytes) in &older[usize::from(at) % older.len()] {
                put(&folder.join(path), bytes, false);
            }
        }
        _ => {}
    }
}

/// Alters one output; gives its path. No manifest: what says which files are rbgen's must be
/// rbgen's to be believed.
pub fn disturb_output(dist: &Path, kind: Kind, at: u8, to: u8) -> Option<String> {
    let outputs = tree(dist);
    let mut paths: Vec<&String> = outputs
        .keys()
        .filter(|path| path.matches('/').count() > 1)
        .collect();
    // Half of the time a page, for there are more outputs of other kinds.
    if to.is_multiple_of(2) {
        paths.retain(|path| path.ends_with("index.html"));
    }
    let path = (*paths.get((usize::from(at) * 7 + usize::from(to)) % paths.len().max(1))?).clone();
    let disk = dist.join(&path);
    match kind {
        Kind::OutputAltered => {
            let mut bytes = outputs[&path].clone();
            let place = usize::from(to) % bytes.len().max(1);
            match bytes.get_mut(place) {
                Some(byte) => *byte ^= 1,
                None => bytes.push(b'x'),
            }
            put(&disk, &bytes, to % 4 < 2);
        }
        Kind::OutputAlteredInSize => put(&disk, b"altered\n", false),
        _ => {
            remove_any(&disk);
            if kind == Kind::OutputFolder {
                fs::create_dir(&disk).unwrap();
            }
        }
    }
    Some(path)
}
