//! Makes a release in a folder: beside those that are there, whole, and on the disk before it gets its
//! name.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::super::Put;
use super::super::local::{read_text, refused, replace_lasting, staging};
use super::super::manifest::Manifest;
use super::super::release::{Origin, Release};
use super::FolderTarget;
use super::spare::reuse;
use crate::bundle::FileStamp;
use crate::diag::{Diagnostic, code};
use crate::digest::Digest;
use crate::failpoint;

/// So many files are brought to the disk one by one; for more of them the whole file system is.
const FEW: usize = 32;

/// Makes a release, or adds to one that is there what it lacks.
pub fn put(target: &FolderTarget, app: &str, release: &Release<'_>) -> Result<Put, Diagnostic> {
    let place = target.release(app, &release.name);
    if place.is_dir() {
        return add_to(target, app, release, &place);
    }
    let staged = staging(&target.work()).join(&release.name);
    let made = make(target, app, release, &staged, &place);
    if made.is_err() {
        // Also what could not be made takes room; what cannot be removed now goes with the next turn.
        let _ = fs::remove_dir_all(&staged);
    }
    made
}

/// Makes a release in a folder, and gives it its place.
fn make(
    target: &FolderTarget,
    app: &str,
    release: &Release<'_>,
    staged: &Path,
    place: &Path,
) -> Result<Put, Diagnostic> {
    let failed = |error: &io::Error| refused(place, error);
    let there = reuse(target, app, staged)?;
    // A manifest may name what a kill kept from coming.
    let is_there = |path: &str, stamp: &FileStamp| {
        there.get(path) == Some(stamp)
            && fs::symlink_metadata(staged.join(path))
                .is_ok_and(|found| found.is_file() && found.len() == stamp.size)
    };
    let (kept, missing): (Vec<_>, Vec<_>) = release
        .files
        .iter()
        .partition(|(path, (stamp, _))| is_there(path, stamp));
    let kept: BTreeSet<&str> = kept.into_iter().map(|(path, _)| path.as_str()).collect();
    for path in there.keys().filter(|path| !kept.contains(path.as_str())) {
        take_out(staged, path).map_err(|error| failed(&error))?;
    }
    let paths = missing.iter().map(|(path, _)| path.as_str());
    make_folders(staged, paths).map_err(|error| failed(&error))?;
    let (sent, shared) = (AtomicUsize::new(0), AtomicUsize::new(kept.len()));
    let files = missing;
    let to_send = files
        .iter()
        .filter(|(_, (_, origin))| !matches!(origin, Origin::Release(_)));
    let few = to_send.count() <= FEW;
    files
        .into_par_iter()
        .try_for_each(|(path, (stamp, origin))| {
            let made = make_file(target, app, release, path, *stamp, origin, staged, few)?;
            match made {
                Made::Linked => shared.fetch_add(1, Ordering::Relaxed),
                Made::Copied => sent.fetch_add(1, Ordering::Relaxed),
                Made::Nothing => 0,
            };
            failpoint::pass("deploy-file");
            Ok(())
        })?;
    let (sent, shared) = (sent.into_inner(), shared.into_inner());
    if !few {
        let folder = File::open(staged).map_err(|error| failed(&error))?;
        rustix::fs::syncfs(&folder).map_err(|error| failed(&error.into()))?;
    }
    let releases = target.app(app).join("releases");
    fs::create_dir_all(&releases).map_err(|error| failed(&error))?;
    let manifest = target.manifest(app, &release.name);
    replace_lasting(&manifest, &Manifest::of(release).text()).map_err(|error| failed(&error))?;
    failpoint::pass("deploy-staged");
    fs::rename(staged, place).map_err(|error| failed(&error))?;
    failpoint::pass("deploy-released");
    Ok(Put { sent, shared })
}

/// Gives a release that is there the assets of others that it lacks. What is immutable disturbs nobody.
fn add_to(
    target: &FolderTarget,
    app: &str,
    release: &Release<'_>,
    place: &Path,
) -> Result<Put, Diagnostic> {
    let mut put = Put::default();
    let is_own = |path: &String| release.bundle.files().contains_key(path);
    let files = release.files.iter();
    let missing: Vec<_> = files
        .filter(|(path, _)| !is_own(path) && !place.join(path).exists())
        .collect();
    if missing.is_empty() {
        return Ok(put);
    }
    // Where the bytes are copied, nobody may see half of a file.
    let staged = target.work().join("staged").join(&release.name);
    let paths = missing.iter().map(|(path, _)| path.as_str());
    make_folders(&staged, paths).map_err(|error| refused(&staged, &error))?;
    let manifest = target.manifest(app, &release.name);
    // Before the files come: a manifest may name a file that a kill kept away, which is then made.
    let text = match read_text(&manifest)?.as_deref().and_then(Manifest::read) {
        Some(known) => known.with(Manifest::of(release)).text(),
        None => Manifest::of(release).text(),
    };
    replace_lasting(&manifest, &text).map_err(|error| refused(&manifest, &error))?;
    for (path, (stamp, origin)) in missing {
        let to = place.join(path);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(|error| refused(folder, &error))?;
        }
        match make_file(target, app, release, path, *stamp, origin, &staged, true)? {
            Made::Linked => put.shared += 1,
            Made::Copied => put.sent += 1,
            Made::Nothing => continue,
        }
        fs::rename(staged.join(path), &to).map_err(|error| refused(&to, &error))?;
    }
    let _ = fs::remove_dir_all(&staged);
    Ok(put)
}

/// Makes all folders that files need.
fn make_folders<'p>(staged: &Path, paths: impl Iterator<Item = &'p str>) -> io::Result<()> {
    fs::create_dir_all(staged)?;
    let mut made: BTreeSet<&str> = BTreeSet::new();
    for path in paths {
        let folder = path.rsplit_once('/').map(|(folder, _)| folder);
        if let Some(folder) = folder
            && made.insert(folder)
        {
            // What becomes the release may have links in it that somebody put there.
            if through_link(staged, folder) {
                return Err(io::Error::other("a symbolic link is in the way"));
            }
            fs::create_dir_all(staged.join(folder))?;
        }
    }
    Ok(())
}

/// Links the files of a folder into another one where they are missing, as far as that is possible.
pub fn link_all(from: &Path, to: &Path) {
    let entries = fs::read_dir(from).into_iter().flatten().flatten();
    for entry in entries {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !to.is_symlink() => link_all(&from, &to),
            Ok(kind) if kind.is_file() && !to.exists() => {
                let _ = fs::hard_link(&from, &to).or_else(|_| {
                    fs::create_dir_all(to.parent().unwrap_or(&to))?;
                    fs::hard_link(&from, &to)
                });
            }
            _ => {}
        }
    }
}

/// Whether a folder, or one above it, is a link.
pub fn through_link(staged: &Path, folder: &str) -> bool {
    let ends = folder.match_indices('/').map(|(end, _)| end);
    ends.chain([folder.len()])
        .any(|end| staged.join(&folder[..end]).is_symlink())
}

/// Takes a file out of a release that becomes another one, and the folders that are empty then.
fn take_out(staged: &Path, path: &str) -> io::Result<()> {
    match fs::remove_file(staged.join(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut folder = path;
    while let Some((above, _)) = folder.rsplit_once('/') {
        if fs::remove_dir(staged.join(above)).is_err() {
            break;
        }
        folder = above;
    }
    Ok(())
}

enum Made {
    Linked,
    Copied,
    /// What is missing cannot be had.
    Nothing,
}

#[expect(
    clippy::too_many_arguments,
    reason = "one file of a release needs to know where all of them come from and go"
)]
fn make_file(
    target: &FolderTarget,
    app: &str,
    release: &Release<'_>,
    path: &str,
    stamp: FileStamp,
    origin: &Origin,
    folder: &Path,
    sync: bool,
) -> Result<Made, Diagnostic> {
    let to = folder.join(path);
    let failed = |error: &io::Error| refused(&to, error);
    // What becomes a release may have more than its manifest says.
    if to.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
        fs::remove_file(&to).map_err(|error| failed(&error))?;
    }
    match origin {
        Origin::Bytes(bytes) => {
            write(&to, bytes, sync).map_err(|error| failed(&error))?;
            Ok(Made::Copied)
        }
        Origin::Release(name) => {
            let from = target.release(app, name).join(path);
            let is_there = fs::symlink_metadata(&from)
                .is_ok_and(|found| found.is_file() && found.len() == stamp.size);
            if is_there && fs::hard_link(&from, &to).is_ok() {
                return Ok(Made::Linked);
            }
            // A file system without hard links, or a release that somebody changed: then the bytes are
            // where they were built, or there.
            match release.bundle.files().contains_key(path) {
                true => copy(&release.built(path), &to, stamp, sync)?,
                // An asset of a release that somebody changed is not to be had any more, and not worth that
                // nothing can be deployed.
                false if copy(&from, &to, stamp, sync).is_err() => {
                    let _ = fs::remove_file(&to);
                    return Ok(Made::Nothing);
                }
                false => {}
            }
            Ok(Made::Copied)
        }
        Origin::Built(from) => {
            copy(from, &to, stamp, sync)?;
            Ok(Made::Copied)
        }
    }
}

fn write(to: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
    let mut file = File::create_new(to)?;
    file.write_all(bytes)?;
    if sync {
        file.sync_data()?;
    }
    Ok(())
}

/// Copies a file that must be what its stamp says.
fn copy(from: &Path, to: &Path, stamp: FileStamp, sync: bool) -> Result<(), Diagnostic> {
    let not_built = |why: &str| {
        let message = format!("`{}` {why}", from.display());
        Diagnostic::general(code::NOT_BUILT, message).hint("build again")
    };
    let mut bytes = Vec::with_capacity(usize::try_from(stamp.size).unwrap_or(0).min(1 << 20));
    let mut hasher = blake3::Hasher::new();
    let mut source = match File::open(from) {
        Ok(file) => file,
        Err(error) => return Err(not_built(&format!("cannot be read: {error}"))),
    };
    let mut target = File::create_new(to).map_err(|error| refused(to, &error))?;
    let mut size = 0;
    loop {
        bytes.clear();
        let read = (&mut source).take(1 << 20).read_to_end(&mut bytes);
        let count = read.map_err(|error| not_built(&format!("cannot be read: {error}")))?;
        if count == 0 {
            break;
        }
        hasher.update(&bytes);
        size += count as u64;
        let written = target.write_all(&bytes);
        written.map_err(|error| refused(to, &error))?;
    }
    if sync {
        target.sync_data().map_err(|error| refused(to, &error))?;
    }
    match size == stamp.size && Digest::from_hasher(&hasher) == stamp.digest {
        true => Ok(()),
        false => Err(not_built("is not the file that was built")),
    }
}
