//! Who may write to a target on a disk: one deployer at a time, and whoever moves pointers only for as
//! long as that takes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::super::Turn;
use super::super::target::{check_owner, turn_lost};
use super::{check_folder, foreign, read_text, refused};
use crate::diag::Diagnostic;

/// How often a turn that somebody else has is asked for.
const PATIENCE: Duration = Duration::from_millis(20);

/// A turn: a lock that the system takes back when the process ends, and a number for file systems on
/// which locks can be lost.
pub struct LocalTurn {
    _lock: File,
    path: PathBuf,
    number: u64,
}

impl Turn for LocalTurn {
    fn number(&self) -> u64 {
        self.number
    }

    fn check(&self) -> Result<(), Diagnostic> {
        match read_number(&self.path) {
            Ok(number) if number == self.number => Ok(()),
            Ok(_) => Err(turn_lost()),
            Err(error) => Err(refused(&self.path, &error)),
        }
    }
}

/// Waits for the turn at a target, and makes its folders where they are missing. `clear` takes away what
/// the one before has left, before anything needs room on the disk.
pub fn take_turn(
    dir: &Path,
    work: &Path,
    node: &str,
    waiting: &mut dyn FnMut() -> bool,
    clear: impl FnOnce() -> Result<(), Diagnostic>,
) -> Result<Option<LocalTurn>, Diagnostic> {
    fs::create_dir_all(dir).map_err(|error| refused(dir, &error))?;
    check_folder(work)?;
    fs::create_dir_all(work).map_err(|error| refused(work, &error))?;
    // Also before it is waited for: two nodes of one deploy would wait for each other for ever.
    check_node(&work.join("node"), node)?;
    let path = work.join("turn.lock");
    let lock = open_lock(&path)?;
    loop {
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(Errno::WOULDBLOCK) if waiting() => std::thread::sleep(PATIENCE),
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(Errno::INTR) => {}
            Err(error) => return Err(refused(&path, &error.into())),
        }
    }
    let owner = work.join("node");
    if !check_node(&owner, node)? {
        replace(&owner, node).map_err(|error| refused(&owner, &error))?;
    }
    clear()?;
    let path = work.join("turn");
    let number = read_number(&path)
        .map_err(|error| refused(&path, &error))?
        .saturating_add(1);
    replace(&path, &number.to_string()).map_err(|error| refused(&path, &error))?;
    Ok(Some(LocalTurn {
        _lock: lock,
        path,
        number,
    }))
}

/// Waits until nobody else moves pointers, which takes moments.
pub fn lock_pointers(work: &Path) -> Result<File, Diagnostic> {
    fs::create_dir_all(work).map_err(|error| refused(work, &error))?;
    let path = work.join("pointers.lock");
    let lock = open_lock(&path)?;
    loop {
        match flock(&lock, FlockOperation::LockExclusive) {
            Ok(()) => return Ok(lock),
            Err(Errno::INTR) => {}
            Err(error) => return Err(refused(&path, &error.into())),
        }
    }
}

fn open_lock(path: &Path) -> Result<File, Diagnostic> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(foreign(path));
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| refused(path, &error))
}

/// Whether the target is this node's; `false` where it is nobody's yet. Fails where it is another node's.
fn check_node(path: &Path, node: &str) -> Result<bool, Diagnostic> {
    match read_text(path)? {
        Some(owner) => check_owner(&owner, node).map(|()| true),
        None => Ok(false),
    }
}

/// The number of the last turn; 0 before the first.
fn read_number(path: &Path) -> io::Result<u64> {
    match fs::read_to_string(path) {
        // One that cannot be read was never written by rbgen, and begins anew.
        Ok(text) => Ok(text.trim_end().parse().unwrap_or(0)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Writes a small file: whoever reads it meets the old text or the new one.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    replace_with(path, text, |_| Ok(()))
}

/// The same for a file that is missed after a power cut: its text is on the disk before it gets its name.
pub fn replace_lasting(path: &Path, text: &str) -> io::Result<()> {
    replace_with(path, text, |file| file.sync_data())
}

fn replace_with(
    path: &Path,
    text: &str,
    finish: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            finish(&file)
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}
