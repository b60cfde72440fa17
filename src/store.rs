//! Puts a build in place: stages every changed file beside the output, then renames; removes what
//! is stale; never touches what rbgen did not write. An error before the renames leaves the output
//! as it was, and a kill among them leaves each file old or new and is mended by the next build.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room writes the disk"
)]

mod disk;
mod owned;
mod place;
mod publish;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::build::{Content, Output};
use crate::bundle::{Bundle, FileStamp, bundle_folder};
use crate::diag::{Diagnostic, Place, code};
use crate::digest::Digest;
use crate::ledger::Ledger;
use disk::{
    copy, digest_of, foreign, is_link, is_plain_file, output_symlink, through_link, write_failed,
};
use owned::Owned;

pub use place::output_place;
pub use publish::{Published, Written};

/// The folder, inside the output folder, that a build needs while it writes: `lock`, `journal` and
/// `staged/`. It is no part of any bundle, and may be deleted while no build runs.
const WORK_FOLDER: &str = ".rbgen";

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
        let work = out.join(WORK_FOLDER);
        if is_link(out) {
            return Err(output_symlink(&shown));
        }
        for name in ["", "lock", "journal", "journal.new", "staged"] {
            if is_link(&work.join(name)) || (name.is_empty() && is_link(&work)) {
                return Err(output_symlink(&format!("{shown}/{WORK_FOLDER}/{name}")));
            }
        }
        let refused =
            |path: &Path, error: &io::Error| write_failed(&path.display().to_string(), error);
        fs::create_dir_all(&work).map_err(|error| refused(&work, &error))?;
        let lock = work.join("lock");
        let lock = File::options()
            .create(true)
            .append(true)
            .open(&lock)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| refused(&lock, &error))?;
        // What a killed build staged is of no use; its journal is, until a build has finished.
        let staged = work.join("staged");
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
        if !self.owned.journal.is_empty() {
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

    /// Gives a build up: nothing that was staged stays.
    pub fn abandon(self) {
        self.drop_staged();
    }

    fn drop_staged(&self) {
        let _ = fs::remove_dir_all(self.out.join(WORK_FOLDER).join("staged"));
    }

    /// How diagnostics name an output.
    fn shown(&self, path: &str) -> String {
        format!("{}/{path}", self.shown)
    }

    fn stage(&self, path: &str, stamp: FileStamp, content: Content<'_>) -> Result<(), Diagnostic> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let staged = self
            .out
            .join(WORK_FOLDER)
            .join("staged")
            .join(number.to_string());
        let failed = |error: io::Error| write_failed(&self.shown(path), &error);
        match content {
            Content::Bytes(bytes) => fs::write(&staged, bytes).map_err(failed)?,
            Content::Copy(asset) => {
                let copied = copy(&self.site.join(&*asset.origin), &staged).map_err(failed)?;
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

    /// Whether what stands at a path may be replaced: it is named by a manifest, or it is what an
    /// interrupted build put there.
    fn is_ours(&self, path: &str) -> bool {
        if self.owned.in_manifests(path) {
            return true;
        }
        let stamps = self.owned.files.get(path);
        stamps.is_some_and(|stamps| {
            digest_of(&self.out.join(path)).is_ok_and(|found| stamps.contains(&found))
        })
    }

    /// Whether every file below a folder is ours. No output of this build can be below a folder
    /// that stands where a file is to be, so they are all stale, and go before the file comes.
    fn folder_is_ours(&self, folder: &str) -> bool {
        let Ok(entries) = fs::read_dir(self.out.join(folder)) else {
            return false;
        };
        entries.into_iter().all(|entry| {
            let Ok(entry) = entry else { return false };
            let Ok(name) = entry.file_name().into_string() else {
                return false;
            };
            let path = format!("{folder}/{name}");
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.folder_is_ours(&path),
                Ok(kind) => kind.is_file() && self.is_ours(&path),
                Err(_) => false,
            }
        })
    }

    /// The nearest file that stands where a path needs a folder.
    fn file_in_the_way(&self, path: &str) -> Option<String> {
        path.match_indices('/')
            .map(|(slash, _)| &path[..slash])
            .find(|folder| is_plain_file(&self.out.join(folder)))
            .map(str::to_string)
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
            Ok(metadata) if metadata.is_symlink() => Err(output_symlink(&self.shown(&path))),
            Ok(_) if through_link(&self.out, Path::new(&path)) => {
                Err(output_symlink(&self.shown(&path)))
            }
            Ok(metadata) if metadata.is_dir() && self.folder_is_ours(&path) => {
                self.stage(&path, stamp, content)
            }
            Ok(metadata) if !metadata.is_file() => Err(foreign(&self.shown(&path))),
            Ok(metadata)
                if metadata.len() == stamp.size && holds_content(&disk, stamp, content) =>
            {
                // A file with the same bytes is as good as ours, whoever put it there.
                self.kept.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Ok(_) if !self.is_ours(&path) => Err(foreign(&self.shown(&path))),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                match self.file_in_the_way(&path) {
                    Some(file) if self.is_ours(&file) => self.stage(&path, stamp, content),
                    Some(file) => Err(foreign(&self.shown(&file))),
                    None => Err(write_failed(&self.shown(&path), &error)),
                }
            }
            _ => self.stage(&path, stamp, content),
        }
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
    let temporary = path.with_extension("new");
    if [folder, path, &temporary].into_iter().any(is_link) {
        return Err(io::Error::other("the state is behind a symbolic link"));
    }
    fs::create_dir_all(folder)?;
    fs::write(&temporary, ledger.print())?;
    fs::rename(&temporary, path)
}

fn holds_content(disk: &Path, stamp: FileStamp, content: Content<'_>) -> bool {
    match content {
        Content::Bytes(bytes) => fs::read(disk).is_ok_and(|old| old == bytes),
        Content::Copy(_) => digest_of(disk).is_ok_and(|found| found == stamp),
    }
}
