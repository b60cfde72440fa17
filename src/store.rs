//! Puts a build in place: stages every changed file beside the output, then renames; removes what
//! is stale; never touches what rbgen did not write. An error before the renames leaves the output
//! as it was, and a kill among them leaves each file old or new and is mended by the next build.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room writes the disk"
)]

mod disk;
mod look;
mod owned;
mod place;
mod publish;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::build::{Content, Output};
use crate::bundle::{Bundle, FileStamp, bundle_folder, manifest_path};
use crate::diag::{Diagnostic, Place, code};
use crate::failpoint;
use crate::files::stat_of;
use crate::ledger::Ledger;
use crate::model::FileStat;
use disk::{
    FreshFolder, copy, digest_of, foreign, is_link, is_plain_file, output_symlink, through_link,
    write_failed,
};
use owned::Owned;

pub use look::{Condition, look_over};
pub use place::output_place;
pub use publish::{Published, Scope};

/// The folder, inside the output folder, that a build needs while it writes: `lock`, `journal` and
/// `staged/`. It is no part of any bundle. Without the journal of a build that was killed, the next
/// one refuses to replace what that build had put in place.
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
    /// By the folder of a bundle: where it is staged as a whole, because there is none yet.
    fresh: Mutex<BTreeMap<String, Option<Arc<FreshFolder>>>>,
    next: AtomicU64,
    /// How many files were staged in fresh bundles.
    staged_fresh: AtomicUsize,
    _lock: File,
}

impl Store {
    /// Opens an output folder and waits for any other build that writes there. `site` is the root
    /// that assets are copied from; of the outputs that `ledger` names, all but the `damaged` are
    /// as it says.
    pub fn open(
        out: &Path,
        site: &Path,
        ledger: Option<&Arc<Ledger>>,
        damaged: &BTreeSet<String>,
    ) -> Result<Store, Diagnostic> {
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
        if lock.exists() && !is_plain_file(&lock) {
            return Err(foreign(&format!("{shown}/{WORK_FOLDER}/lock")));
        }
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
        let owned = Owned::read(out, &work.join("journal"), ledger.cloned(), damaged.clone());
        Ok(Store {
            out: out.to_path_buf(),
            shown,
            site: site.to_path_buf(),
            owned,
            staged: Mutex::default(),
            fresh: Mutex::default(),
            next: AtomicU64::new(0),
            staged_fresh: AtomicUsize::new(0),
            _lock: lock,
        })
    }

    /// Whether a build was killed while it put files in place.
    pub fn was_interrupted(&self) -> bool {
        was_interrupted(&self.out)
    }

    /// What the file system tells of the journal; `None` where there is none.
    pub fn journal(&self) -> Option<FileStat> {
        file_stat(&self.out.join(WORK_FOLDER).join("journal"))
    }

    /// Gives a build up: nothing that was staged stays.
    pub fn abandon(self) {
        self.drop_staged();
    }

    fn drop_staged(&self) {
        let _ = fs::remove_dir_all(self.staged_folder());
    }

    fn staged_folder(&self) -> PathBuf {
        self.out.join(WORK_FOLDER).join("staged")
    }

    /// Where a fresh bundle is staged.
    fn fresh_folder(&self, folder: &str) -> PathBuf {
        self.staged_folder().join("fresh").join(folder)
    }

    /// How diagnostics name an output.
    fn shown(&self, path: &str) -> String {
        format!("{}/{path}", self.shown)
    }

    /// The folder in which a bundle is staged as a whole, where there is nothing yet where it goes.
    fn fresh(&self, node: &str, folder: &str) -> Result<Option<Arc<FreshFolder>>, Diagnostic> {
        let mut known = self.fresh.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(fresh) = known.get(folder) {
            return Ok(fresh.clone());
        }
        for above in [node, folder] {
            if is_link(&self.out.join(above)) {
                return Err(output_symlink(&self.shown(above)));
            }
        }
        let found = fs::symlink_metadata(self.out.join(folder));
        let is_fresh = found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let fresh = match is_fresh {
            true => Some(FreshFolder::new(&self.fresh_folder(folder))),
            false => None,
        };
        let failed = |error: io::Error| write_failed(&self.shown(folder), &error);
        let fresh = fresh.transpose().map_err(failed)?.map(Arc::new);
        known.insert(folder.to_string(), fresh.clone());
        Ok(fresh)
    }

    fn stage(
        &self,
        path: &str,
        stamp: FileStamp,
        content: Content<'_>,
    ) -> Result<FileStat, Diagnostic> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let staged = self.staged_folder().join(number.to_string());
        let failed = |error: io::Error| write_failed(&self.shown(path), &error);
        let file = File::create(&staged).map_err(failed)?;
        let stat = self.fill(file, path, stamp, content)?;
        let mut all = self.staged.lock().unwrap_or_else(|e| e.into_inner());
        all.insert(path.to_string(), (staged, stamp));
        Ok(stat)
    }

    /// Writes what an output is to have into its staged file.
    fn fill(
        &self,
        mut file: File,
        path: &str,
        stamp: FileStamp,
        content: Content<'_>,
    ) -> Result<FileStat, Diagnostic> {
        let failed = |error: io::Error| write_failed(&self.shown(path), &error);
        match content {
            Content::Bytes(bytes) => file.write_all(bytes).map_err(failed)?,
            Content::Copy(asset) => {
                let origin = self.site.join(&*asset.origin);
                if copy(&origin, &mut file).map_err(failed)? != stamp {
                    return Err(Diagnostic::error(
                        code::UNREADABLE,
                        Place::whole(asset.origin.to_string()),
                        format!("`{}` changed while it was being built", asset.origin),
                    )
                    .hint("build again"));
                }
            }
        }
        let metadata = file.metadata().map_err(failed)?;
        Ok(stat_of(&metadata))
    }

    /// Whether what stands at a path may be replaced: it is named by a manifest, or it is what an
    /// interrupted build put there.
    fn is_ours(&self, path: &str) -> bool {
        if self.owned.in_ledger(path).is_some() || self.owned.in_manifests(path).is_some() {
            return true;
        }
        let stamps = self.owned.stamps(path);
        digest_of(&self.out.join(path)).is_ok_and(|found| stamps.contains(&found))
    }

    /// Whether every file below a folder is ours, if there are any. No output of this build can be
    /// below a folder that stands where a file is to be, so they are all stale, and go before the
    /// file comes; so do the empty folders.
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
    ) -> Result<FileStat, Diagnostic> {
        let folder = bundle_folder(node, app);
        if let Some(fresh) = self.fresh(node, &folder)? {
            let failed = |error: io::Error| write_failed(&self.shown(&folder), &error);
            let staged = fresh.create(path).map_err(failed)?;
            self.staged_fresh.fetch_add(1, Ordering::Relaxed);
            return self.fill(staged, &format!("{folder}/{path}"), stamp, content);
        }
        let path = format!("{folder}/{path}");
        if let Some(written) = self.owned.in_ledger(&path) {
            if written.stamp == stamp {
                return Ok(written.stat);
            }
            if !through_link(&self.out, Path::new(&path)) {
                return self.stage(&path, stamp, content);
            }
        }
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
                Ok(stat_of(&metadata))
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

/// Whether every bundle that a ledger names has the manifest that it says: no build with other options has
/// written there since, and nobody has removed any.
pub fn has_manifests(out: &Path, ledger: &Ledger) -> bool {
    ledger.bundles().all(|(node, app, _)| {
        let path = manifest_path(node, app);
        let stands = file_stat(&out.join(&path));
        let written = ledger.output(&path).map(|written| written.stat);
        stands.is_some() && stands == written && out.join(bundle_folder(node, app)).is_dir()
    })
}

/// Whether a build of this output folder was killed while it put files in place.
pub fn was_interrupted(out: &Path) -> bool {
    fs::symlink_metadata(out.join(WORK_FOLDER).join("journal")).is_ok()
}

/// What the file system tells of a file, such as that of a ledger.
pub fn file_stat(path: &Path) -> Option<FileStat> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some(stat_of(&metadata))
}

/// The largest ledger that is read, in bytes: that of millions of pages.
const MAX_LEDGER_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// The bytes of a ledger's file.
pub fn read_ledger(path: &Path) -> Option<Vec<u8>> {
    let metadata = fs::symlink_metadata(path).ok()?;
    let is_sound = metadata.is_file() && metadata.len() <= MAX_LEDGER_BYTES;
    is_sound.then(|| fs::read(path).ok()).flatten()
}

/// Removes a ledger's file.
pub fn remove_ledger(path: &Path) {
    let _ = fs::remove_file(path);
}

/// Writes a ledger's file as a whole. It comes after the outputs: a kill in between costs a build
/// that finds more to do, and never a wrong answer.
pub fn write_ledger(path: &Path, print: impl FnOnce(File) -> io::Result<File>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let temporary = path.with_extension("new");
    if [folder, path, &temporary].into_iter().any(is_link) {
        return Err(io::Error::other("the state is behind a symbolic link"));
    }
    fs::create_dir_all(folder)?;
    failpoint::pass("before-ledger");
    print(File::create(&temporary)?)?;
    failpoint::pass("ledger");
    fs::rename(&temporary, path)
}

/// Appends to a ledger's file, which has so many bytes. A kill within leaves an end that the next
/// reader passes over.
pub fn append_ledger(path: &Path, length: usize, bytes: &[u8]) -> io::Result<()> {
    if path.parent().into_iter().chain([path]).any(is_link) {
        return Err(io::Error::other("the state is behind a symbolic link"));
    }
    let mut file = File::options().append(true).open(path)?;
    if file.metadata()?.len() != length as u64 {
        return Err(io::Error::other("another build has written it"));
    }
    failpoint::pass("append");
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    file.write_all(first)?;
    failpoint::pass("half-appended");
    file.write_all(rest)
}

/// The bundle that a manifest in an output folder tells of.
pub fn read_bundle(out: &Path, node: &str, app: &str) -> Option<Bundle> {
    let text = fs::read_to_string(out.join(manifest_path(node, app))).ok()?;
    Bundle::from_manifest(&text).filter(|bundle| bundle.node == node && bundle.app == app)
}

fn holds_content(disk: &Path, stamp: FileStamp, content: Content<'_>) -> bool {
    match content {
        Content::Bytes(bytes) => fs::read(disk).is_ok_and(|old| old == bytes),
        Content::Copy(_) => digest_of(disk).is_ok_and(|found| found == stamp),
    }
}
