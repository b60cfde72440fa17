//! Puts a build in place: stages every changed file beside the output, then renames; removes what
//! is stale; never touches what rbgen did not write. An error before the renames leaves the output
//! as it was, and a kill among them leaves each file old or new and is mended by the next build.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room writes the disk"
)]

mod owned;
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::build::{Content, Output};
use crate::bundle::{Bundle, FileStamp, bundle_folder, manifest_path};
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::digest::Digest;
use crate::ledger::Ledger;
use owned::{Journal, Owned};

pub use place::output_place;

/// The folder, inside the output folder, that a build needs while it writes: `lock`, `journal` and
/// `staged/`. It is no part of any bundle, and may be deleted while no build runs.
const WORK_FOLDER: &str = ".rbgen";

/// What putting a build in place did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub files_written: usize,
    pub files_kept: usize,
    pub files_removed: usize,
}

/// An output folder, locked for one build.
pub struct Store {
    out: PathBuf,
    /// How diagnostics name the folder.
    shown: String,
    site: PathBuf,
    owned: Owned,
    /// Staged files by the output that they will be.
    staged: Mutex<BTreeMap<String, (PathBuf, FileStamp)>>,
    next: AtomicU64,
    kept: AtomicUsize,
    _lock: File,
}

impl Store {
    /// Opens an output folder and waits for any other build that writes there. `site` is the root
    /// that assets are copied from.
    pub fn open(out: &Path, site: &Path) -> Result<Store, Diagnostic> {
        let shown = out.strip_prefix(site).unwrap_or(out).display().to_string();
        let refused =
            |path: &Path, error: &io::Error| write_failed(&path.display().to_string(), error);
        if fs::symlink_metadata(out).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(output_symlink(&shown));
        }
        let work = out.join(WORK_FOLDER);
        if fs::symlink_metadata(&work).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(output_symlink(&format!("{shown}/{WORK_FOLDER}")));
        }
        let staged = work.join("staged");
        fs::create_dir_all(&work).map_err(|error| refused(&work, &error))?;
        let lock = File::create(work.join("lock")).map_err(|error| refused(&work, &error))?;
        lock.lock().map_err(|error| refused(&work, &error))?;
        // What a killed build staged is of no use; its journal is, until this build has finished.
        if staged.exists() {
            fs::remove_dir_all(&staged).map_err(|error| refused(&staged, &error))?;
        }
        fs::create_dir_all(&staged).map_err(|error| refused(&staged, &error))?;
        let owned = Owned::read(out, &work.join("journal"));
        Ok(Store {
            out: out.to_path_buf(),
            shown,
            site: site.to_path_buf(),
            owned,
            staged: Mutex::default(),
            next: AtomicU64::new(0),
            kept: AtomicUsize::new(0),
            _lock: lock,
        })
    }

    /// Whether the output holds exactly these bundles, every byte of them.
    pub fn holds(&self, bundles: &[(String, String, Digest)]) -> Option<Vec<Bundle>> {
        if !self.owned.journal.is_empty() || self.owned.bundles.len() < bundles.len() {
            return None;
        }
        let mut held = Vec::new();
        for (node, app, hash) in bundles {
            let bundle = self.owned.bundles.get(&(node.clone(), app.clone()))?;
            if bundle.build_hash() != *hash {
                return None;
            }
            held.push(bundle.clone());
        }
        let intact = held.par_iter().all(|bundle| {
            let folder = self.out.join(bundle.folder());
            bundle.files.par_iter().all(|(path, stamp)| {
                let disk = folder.join(path);
                is_plain_file(&disk) && digest_of(&disk).is_ok_and(|found| found == *stamp)
            })
        });
        intact.then_some(held)
    }

    /// Puts what was staged in place, writes the manifests and removes what is stale. With
    /// `narrowed`, bundles that this build did not make stay.
    pub fn publish(
        self,
        bundles: &[Bundle],
        narrowed: bool,
    ) -> Result<(Written, Diagnostics), Diagnostic> {
        let mut diagnostics = Diagnostics::new();
        let work = self.out.join(WORK_FOLDER);
        for bundle in bundles {
            let path = manifest_path(&bundle.node, &bundle.app);
            let known = (bundle.node.clone(), bundle.app.clone());
            let there = fs::symlink_metadata(self.out.join(&path)).is_ok();
            if there && !self.owned.bundles.contains_key(&known) {
                return Err(foreign(&format!("{}/{path}", self.shown)));
            }
        }
        let staged = std::mem::take(&mut *self.staged.lock().unwrap_or_else(|e| e.into_inner()));
        let new: BTreeSet<String> = bundles
            .iter()
            .flat_map(|bundle| {
                let folder = bundle.folder();
                bundle
                    .files
                    .keys()
                    .map(move |path| format!("{folder}/{path}"))
            })
            .collect();
        let made: BTreeSet<(&str, &str)> = bundles
            .iter()
            .map(|b| (b.node.as_str(), b.app.as_str()))
            .collect();
        let stale: Vec<(&String, &Vec<FileStamp>)> = self
            .owned
            .files
            .iter()
            .filter(|(path, _)| !new.contains(*path))
            .filter(|(path, _)| {
                !narrowed
                    || made
                        .iter()
                        .any(|(node, app)| path.starts_with(&format!("{node}/{app}/")))
            })
            .collect();
        // From here on the output changes. The journal says which files are ours meanwhile: those to
        // come, and those to go, which the new manifests no longer name.
        let mut journal = self.owned.journal.clone();
        for (path, (_, stamp)) in &staged {
            journal.entry(path.clone()).or_default().push(*stamp);
        }
        for (path, stamps) in &stale {
            journal.insert((*path).clone(), (*stamps).clone());
        }
        if !journal.is_empty() {
            Journal::write(&work.join("journal"), &journal)
                .map_err(|error| write_failed(&self.shown, &error))?;
        }
        let folders: BTreeSet<&Path> = staged
            .keys()
            .filter_map(|path| Path::new(path).parent())
            .collect();
        for folder in folders {
            self.make_folder(folder)?;
        }
        failpoint("before-rename");
        let moved: Result<Vec<()>, Diagnostic> = staged
            .par_iter()
            .map(|(path, (from, _))| {
                failpoint("rename");
                fs::rename(from, self.out.join(path))
                    .map_err(|error| write_failed(&format!("{}/{path}", self.shown), &error))
            })
            .collect();
        moved?;
        failpoint("before-manifests");
        for bundle in bundles {
            self.write_manifest(bundle)?;
        }
        failpoint("before-removal");
        let mut removed = 0;
        for (path, stamps) in stale {
            removed += self.remove_stale(path, stamps, &mut diagnostics);
        }
        if !narrowed {
            for (node, app) in self.owned.bundles.keys() {
                if !made.contains(&(node.as_str(), app.as_str())) {
                    let manifest = self.out.join(manifest_path(node, app));
                    let _ = fs::remove_file(&manifest);
                    self.remove_empty_folders(&bundle_folder(node, app));
                }
            }
        }
        failpoint("before-journal");
        let _ = fs::remove_file(work.join("journal"));
        let _ = fs::remove_dir_all(work.join("staged"));
        Ok((
            Written {
                files_written: staged.len(),
                files_kept: self.kept.into_inner(),
                files_removed: removed,
            },
            diagnostics,
        ))
    }

    /// Gives a build up: nothing that was staged stays.
    pub fn abandon(self) {
        let _ = fs::remove_dir_all(self.out.join(WORK_FOLDER).join("staged"));
    }

    fn write_manifest(&self, bundle: &Bundle) -> Result<(), Diagnostic> {
        let path = manifest_path(&bundle.node, &bundle.app);
        let disk = self.out.join(&path);
        let text = bundle.manifest();
        if fs::read(&disk).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(());
        }
        let temporary = self.out.join(WORK_FOLDER).join("manifest");
        self.make_folder(Path::new(&bundle.node))?;
        fs::write(&temporary, text)
            .and_then(|()| fs::rename(&temporary, &disk))
            .map_err(|error| write_failed(&format!("{}/{path}", self.shown), &error))
    }

    /// Makes a folder of the output, one level after another, through no link.
    fn make_folder(&self, folder: &Path) -> Result<(), Diagnostic> {
        let mut path = self.out.clone();
        for part in folder.components() {
            path.push(part);
            let shown = || path.display().to_string();
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_symlink() => return Err(output_symlink(&shown())),
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => return Err(foreign(&shown())),
                Err(_) => match fs::create_dir(&path) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(write_failed(&shown(), &error)),
                },
            }
        }
        Ok(())
    }

    /// Removes a file that an earlier build wrote, unless somebody has changed it since.
    fn remove_stale(
        &self,
        path: &str,
        stamps: &[FileStamp],
        diagnostics: &mut Diagnostics,
    ) -> usize {
        let disk = self.out.join(path);
        if !is_plain_file(&disk) || through_link(&self.out, Path::new(path)) {
            return 0;
        }
        if !digest_of(&disk).is_ok_and(|found| stamps.contains(&found)) {
            let shown = format!("{}/{path}", self.shown);
            diagnostics.push(
                Diagnostic::warning(
                    code::FOREIGN_FILE,
                    Place::whole(shown.as_str()),
                    format!("`{shown}` is no longer built, and was changed since: it stays"),
                )
                .hint("delete it if nobody needs it"),
            );
            return 0;
        }
        if fs::remove_file(&disk).is_err() {
            return 0;
        }
        let parent = Path::new(path).parent().unwrap_or(Path::new(""));
        self.remove_empty_folders(&parent.to_string_lossy());
        1
    }

    fn remove_empty_folders(&self, folder: &str) {
        let mut folder = PathBuf::from(folder);
        while !folder.as_os_str().is_empty() && fs::remove_dir(self.out.join(&folder)).is_ok() {
            folder.pop();
        }
    }

    fn stage(&self, path: &str, stamp: FileStamp, content: Content<'_>) -> Result<(), Diagnostic> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let staged = self
            .out
            .join(WORK_FOLDER)
            .join("staged")
            .join(number.to_string());
        let shown = format!("{}/{path}", self.shown);
        match content {
            Content::Bytes(bytes) => {
                fs::write(&staged, bytes).map_err(|error| write_failed(&shown, &error))?;
            }
            Content::Copy(asset) => {
                let copied = copy(&self.site.join(&*asset.origin), &staged)
                    .map_err(|error| write_failed(&shown, &error))?;
                if copied != stamp {
                    return Err(Diagnostic::error(
                        code::UNREADABLE,
                        Place::whole(asset.origin.to_string()),
                        format!("`{}` changed while it was being built", asset.origin),
                    )
                    .hint("build again"));
                }
            }
        }
        let mut all = self.staged.lock().unwrap_or_else(|e| e.into_inner());
        all.insert(path.to_string(), (staged, stamp));
        Ok(())
    }
}

impl Output for Store {
    fn put(
        &self,
        node: &str,
        app: &str,
        path: &str,
        stamp: FileStamp,
        content: Content<'_>,
    ) -> Result<(), Diagnostic> {
        let path = format!("{}/{path}", bundle_folder(node, app));
        let disk = self.out.join(&path);
        match fs::symlink_metadata(&disk) {
            Ok(metadata) if metadata.is_symlink() => {
                return Err(output_symlink(&format!("{}/{path}", self.shown)));
            }
            Ok(metadata) if !metadata.is_file() => {
                return Err(foreign(&format!("{}/{path}", self.shown)));
            }
            Ok(metadata) => {
                if through_link(&self.out, Path::new(&path)) {
                    return Err(output_symlink(&format!("{}/{path}", self.shown)));
                }
                if metadata.len() == stamp.size && holds_content(&disk, stamp, content) {
                    // A file with the same bytes is as good as ours, whoever put it there.
                    self.kept.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                if !self.owned.files.contains_key(&path) {
                    return Err(foreign(&format!("{}/{path}", self.shown)));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(foreign(&format!("{}/{path}", self.shown)));
            }
            Err(_) => {}
        }
        self.stage(&path, stamp, content)
    }
}

/// Reads the ledger of a site; anything but a sound one is `None`.
pub fn read_ledger(path: &Path) -> Option<Ledger> {
    Ledger::parse(&fs::read_to_string(path).ok()?)
}

/// Writes the ledger of a site. It comes after the outputs: a kill in between costs a build that
/// finds nothing to do, and never a wrong answer.
pub fn write_ledger(path: &Path, ledger: &Ledger) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let temporary = path.with_extension("new");
    fs::write(&temporary, ledger.print())?;
    fs::rename(&temporary, path)
}

fn holds_content(disk: &Path, stamp: FileStamp, content: Content<'_>) -> bool {
    match content {
        Content::Bytes(bytes) => fs::read(disk).is_ok_and(|old| old == bytes),
        Content::Copy(_) => digest_of(disk).is_ok_and(|found| found == stamp),
    }
}

fn digest_of(path: &Path) -> io::Result<FileStamp> {
    let mut hasher = blake3::Hasher::new();
    let size = io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(stamp_of(&hasher, size))
}

fn stamp_of(hasher: &blake3::Hasher, size: u64) -> FileStamp {
    FileStamp {
        digest: Digest::from_hex(&hasher.finalize().to_hex())
            .expect("a hash prints as 64 hexadecimal digits"),
        size,
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<FileStamp> {
    if !is_plain_file(from) {
        return Err(io::Error::other("it is no regular file"));
    }
    let (mut from, mut to) = (File::open(from)?, File::create(to)?);
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut size = 0;
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(stamp_of(&hasher, size));
        }
        hasher.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        size += count as u64;
    }
}

fn is_plain_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Whether a folder on the way to a path is a link.
fn through_link(out: &Path, path: &Path) -> bool {
    let mut folder = out.to_path_buf();
    path.parent()
        .into_iter()
        .flat_map(Path::components)
        .any(|part| {
            folder.push(part);
            fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_symlink())
        })
}

fn write_failed(shown: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error(
        code::WRITE_FAILED,
        Place::whole(shown),
        format!("`{shown}` cannot be written: {error}"),
    )
}

fn foreign(shown: &str) -> Diagnostic {
    Diagnostic::error(
        code::FOREIGN_FILE,
        Place::whole(shown),
        format!("`{shown}` is in the way, and rbgen did not write it"),
    )
    .hint("move it to `static/` if it belongs to the site, or delete it")
}

fn output_symlink(shown: &str) -> Diagnostic {
    Diagnostic::error(
        code::OUTPUT_SYMLINK,
        Place::whole(shown),
        format!("`{shown}` is a symbolic link"),
    )
    .hint("remove it, or choose another folder with `--out`")
}

/// Ends the process here, as a kill would, where a test asks for it: `RBGEN_FAILPOINT=rename:3` at
/// the third time that the point `rename` is passed.
fn failpoint(name: &str) {
    static PASSED: AtomicUsize = AtomicUsize::new(0);
    if let Ok(wanted) = std::env::var("RBGEN_FAILPOINT")
        && let Some((point, count)) = wanted.split_once(':')
        && point == name
        && count.parse() == Ok(PASSED.fetch_add(1, Ordering::SeqCst) + 1)
    {
        std::process::abort();
    }
}
