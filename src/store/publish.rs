//! Puts what was staged in place, and removes what is stale. All that can be foreseen to fail is tried
//! before anything changes; a journal tells the next build what a killed one left.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room writes the disk"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use super::disk::{
    digest_of, foreign, is_link, is_plain_file, is_same_file, output_symlink, through_link, write,
    write_failed,
};
use super::owned::{Journal, Stamps};
use super::{Store, WORK_FOLDER};
use crate::bundle::{Bundle, FileStamp, bundle_folder, manifest_path};
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::failpoint;
use crate::files::stat_of;
use crate::ledger::Written;
use crate::model::{FileStat, fold_path};

/// What is in place now.
pub struct Put {
    pub files_written: usize,
    pub files_removed: usize,
    /// Warnings.
    pub diagnostics: Diagnostics,
    /// The manifests of the bundles, by path.
    pub manifests: BTreeMap<String, Written>,
    /// Files that were renamed into place, by path: a rename changes when the inode changed.
    pub renamed: BTreeMap<String, Written>,
}

/// What the bundles of a build are, of all that the output has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All: others go.
    All,
    /// Those that were asked for: others stay.
    Some,
    /// Those of which files have changed, and only their bytes: no path is new or gone.
    Changed,
    /// None yet: files of them are put in place, of which the journal tells until their bundles follow.
    Ahead,
}

/// How it ended.
pub enum Published {
    /// All is in place; there may be warnings.
    All(Put),
    /// Nothing has changed.
    Nothing(Diagnostic),
    /// Each file is old or new, and the next build mends it.
    Partly(Diagnostic),
}

type Staged = BTreeMap<String, (PathBuf, FileStamp)>;

impl Store {
    /// Puts what was staged in place, writes the manifests and removes what is stale.
    pub fn publish(&self, bundles: &[Bundle], scope: Scope) -> Published {
        let published = match self.get_ready(bundles, scope) {
            Err(diagnostic) => Published::Nothing(diagnostic),
            Ok(ready) => match self.put_in_place(bundles, scope, ready) {
                Ok(put) => Published::All(put),
                Err(diagnostic) => Published::Partly(
                    diagnostic.hint("some files are new already: build again once this is mended"),
                ),
            },
        };
        self.drop_staged();
        published
    }

    /// Everything that may fail and changes nothing: stages the manifests, looks at what is in the
    /// way, makes the folders, and writes the journal.
    fn get_ready(&self, bundles: &[Bundle], scope: Scope) -> Result<Ready, Diagnostic> {
        let manifests = self.stage_manifests(bundles)?;
        let narrowed = scope != Scope::All;
        let staged = std::mem::take(&mut *self.staged.lock().unwrap_or_else(|e| e.into_inner()));
        let made: BTreeMap<String, &Bundle> = bundles
            .iter()
            .map(|bundle| (bundle.folder(), bundle))
            .collect();
        let is_new = |path: &str| {
            let inside = path
                .match_indices('/')
                .nth(1)
                .map(|(slash, _)| path.split_at(slash));
            inside.is_some_and(|(folder, path)| {
                made.get(folder)
                    .is_some_and(|bundle| bundle.files().contains_key(&path[1..]))
            })
        };
        let is_elsewhere = |path: &str| {
            let folder = path
                .match_indices('/')
                .nth(1)
                .map(|(slash, _)| &path[..slash]);
            narrowed && folder.is_none_or(|folder| !made.contains_key(folder))
        };
        let mut stale = match scope {
            Scope::Changed | Scope::Ahead => Stamps::new(),
            _ => self.owned.but(|path| is_new(path) || is_elsewhere(path)),
        };
        self.keep_renamed_in_case(&mut stale, bundles);
        let rest: Stamps = self
            .owned
            .journal
            .iter()
            .filter(|(path, _)| is_elsewhere(path))
            .map(|(path, stamps)| (path.clone(), stamps.clone()))
            .collect();
        let in_the_way: Vec<String> = stale
            .keys()
            .filter(|old| {
                let inside = format!("{old}/");
                let is_above = staged.range(inside.clone()..).next();
                is_above.is_some_and(|(path, _)| path.starts_with(&inside))
                    || old
                        .match_indices('/')
                        .any(|(at, _)| staged.contains_key(&old[..at]))
            })
            .cloned()
            .collect();
        for path in &in_the_way {
            if self.out.join(path).exists() && !self.is_unchanged(path, &stale[path]) {
                return Err(foreign(&self.shown(path)));
            }
        }
        let blocked = |folder: &Path| in_the_way.iter().any(|file| folder.starts_with(file));
        let fresh = self.fresh_bundles();
        let nodes = fresh.iter().filter_map(|folder| Path::new(folder).parent());
        let (later, now): (BTreeSet<_>, BTreeSet<_>) = folders_of(&staged)
            .into_iter()
            .chain(nodes)
            .partition(|folder| blocked(folder));
        self.make_folders(&now)?;
        let later = later.into_iter().map(Path::to_path_buf).collect();
        // The journal says which files are ours until the new manifests say it: those to come, those
        // to go, and those of which it told before.
        let mut journal = self.owned.journal.clone();
        journal.extend(stale.clone());
        for (path, (_, stamp)) in &staged {
            journal.entry(path.clone()).or_default().push(*stamp);
        }
        self.write_journal(&journal)?;
        Ok(Ready {
            staged,
            fresh,
            manifests,
            stale,
            in_the_way,
            later,
            rest,
        })
    }

    /// Where the file system ignores letter case, the old name of a file whose name changed only in
    /// case leads to the new file: it is not stale.
    fn keep_renamed_in_case(&self, stale: &mut Stamps, bundles: &[Bundle]) {
        if stale.is_empty() {
            return;
        }
        let folded: BTreeMap<String, String> = bundles
            .iter()
            .flat_map(|bundle| {
                bundle
                    .files()
                    .keys()
                    .map(|path| format!("{}/{path}", bundle.folder()))
            })
            .map(|path| (fold_path(&path), path))
            .collect();
        stale.retain(|old, _| {
            let new = folded.get(&fold_path(old));
            !new.is_some_and(|new| is_same_file(&self.out.join(old), &self.out.join(new)))
        });
    }

    fn put_in_place(
        &self,
        bundles: &[Bundle],
        scope: Scope,
        ready: Ready,
    ) -> Result<Put, Diagnostic> {
        let mut diagnostics = Diagnostics::new();
        let mut rest = ready.rest;
        let mut removed = 0;
        for path in &ready.in_the_way {
            removed += self.remove_stale(path, &ready.stale[path], &mut rest, &mut diagnostics);
        }
        for path in ready.staged.keys() {
            let disk = self.out.join(path);
            if disk.is_dir() {
                remove_empty_tree(&disk)
                    .map_err(|error| write_failed(&self.shown(path), &error))?;
            }
        }
        let mut known = BTreeSet::new();
        for folder in &ready.later {
            self.make_folder(folder, &mut Vec::new(), &mut known)?;
        }
        failpoint::pass("before-fresh");
        // The manifest of a bundle that was not there comes first: then its files are ours as soon
        // as they are there.
        for folder in &ready.fresh {
            for manifest in ready
                .manifests
                .iter()
                .filter(|manifest| manifest.folder == *folder)
            {
                self.put_manifest(manifest)?;
            }
            failpoint::pass("fresh");
            self.rename(&self.fresh_folder(folder), folder)?;
        }
        failpoint::pass("before-rename");
        let moved: Result<Vec<()>, Diagnostic> = ready
            .staged
            .par_iter()
            .map(|(path, (from, _))| {
                failpoint::pass("rename");
                self.rename(from, path)
            })
            .collect();
        moved?;
        failpoint::pass("before-manifests");
        for manifest in &ready.manifests {
            if !ready.fresh.contains(&manifest.folder) {
                self.put_manifest(manifest)?;
            }
        }
        failpoint::pass("before-removal");
        for (path, stamps) in &ready.stale {
            removed += self.remove_stale(path, stamps, &mut rest, &mut diagnostics);
        }
        if scope == Scope::All {
            self.remove_manifests_but(bundles);
        }
        failpoint::pass("before-journal");
        if scope != Scope::Ahead {
            self.write_journal(&rest)?;
        }
        let fresh = self.staged_fresh.load(Ordering::Relaxed);
        let staged = ready.staged.len();
        Ok(Put {
            files_written: staged + fresh,
            files_removed: removed,
            diagnostics,
            manifests: ready
                .manifests
                .into_iter()
                .map(|manifest| {
                    let stamp = manifest.written.stamp;
                    let written = self.written(&manifest.path, stamp);
                    (manifest.path, written)
                })
                .collect(),
            renamed: ready
                .staged
                .into_iter()
                .map(|(path, (_, stamp))| {
                    let written = self.written(&path, stamp);
                    (path, written)
                })
                .collect(),
        })
    }

    /// What is in place at a path.
    fn written(&self, path: &str, stamp: FileStamp) -> Written {
        let metadata = fs::symlink_metadata(self.out.join(path));
        // A file that went at once is one that the next build misses.
        let stat = metadata.map_or_else(|_| FileStat::default(), |found| stat_of(&found));
        Written { stamp, stat }
    }

    /// The folders of the bundles that are staged as a whole.
    fn fresh_bundles(&self) -> BTreeSet<String> {
        let fresh = self.fresh.lock().unwrap_or_else(|e| e.into_inner());
        let is_staged = |folder: &&String| self.fresh_folder(folder).is_dir();
        let folders = fresh
            .iter()
            .filter(|(_, fresh)| fresh.is_some())
            .map(|(folder, _)| folder);
        folders.filter(is_staged).cloned().collect()
    }

    fn put_manifest(&self, manifest: &StagedManifest) -> Result<(), Diagnostic> {
        match &manifest.staged {
            Some(staged) => self.rename(staged, &manifest.path),
            None => Ok(()),
        }
    }

    /// The manifests, staged where they differ. One that is not ours is not replaced.
    fn stage_manifests(&self, bundles: &[Bundle]) -> Result<Vec<StagedManifest>, Diagnostic> {
        let numbered = bundles.par_iter().enumerate();
        let staged = numbered.map(|(number, bundle)| {
            let path = manifest_path(&bundle.node, &bundle.app);
            let disk = self.out.join(&path);
            if is_link(&disk) || is_link(&self.out.join(&bundle.node)) {
                return Err(output_symlink(&self.shown(&path)));
            }
            let text = bundle.manifest();
            let mut manifest = StagedManifest {
                folder: bundle.folder(),
                staged: None,
                written: Written {
                    stamp: FileStamp::of_bytes(text.as_bytes()),
                    stat: FileStat::default(),
                },
                path,
            };
            let metadata = fs::symlink_metadata(&disk).ok();
            let same = |metadata: &fs::Metadata| {
                metadata.len() == text.len() as u64
                    && fs::read(&disk).is_ok_and(|old| old == text.as_bytes())
            };
            if let Some(metadata) = metadata.as_ref().filter(|metadata| same(metadata)) {
                manifest.written.stat = stat_of(metadata);
                return Ok(manifest);
            }
            let is_ours = || {
                self.owned.in_ledger(&manifest.path).is_some()
                    || self.owned.bundle(&bundle.node, &bundle.app).is_some()
            };
            let is_file = metadata.as_ref().is_some_and(fs::Metadata::is_file);
            if metadata.is_some() && !(is_file && is_ours()) {
                return Err(foreign(&self.shown(&manifest.path)));
            }
            let name = format!("manifest-{number}");
            let from = self.staged_folder().join(name);
            manifest.written.stat = write(&from, text.as_bytes())
                .map_err(|error| write_failed(&self.shown(&manifest.path), &error))?;
            manifest.staged = Some(from);
            Ok(manifest)
        });
        staged.collect()
    }

    fn write_journal(&self, journal: &Stamps) -> Result<(), Diagnostic> {
        let path = self.out.join(WORK_FOLDER).join("journal");
        Journal::write(&path, journal)
            .map_err(|error| write_failed(&self.shown(&format!("{WORK_FOLDER}/journal")), &error))
    }

    /// Makes folders and sees that they can be written to. Where that fails, those that were made go
    /// again.
    fn make_folders(&self, folders: &BTreeSet<&Path>) -> Result<(), Diagnostic> {
        let (mut made, mut known) = (Vec::new(), BTreeSet::new());
        let result = folders
            .iter()
            .try_for_each(|folder| self.make_folder(folder, &mut made, &mut known));
        if result.is_err() {
            for folder in made.iter().rev() {
                let _ = fs::remove_dir(folder);
            }
        }
        result
    }

    /// Makes a folder of the output, one level after another, through no link. `known` are those
    /// that have been looked at.
    fn make_folder(
        &self,
        folder: &Path,
        made: &mut Vec<PathBuf>,
        known: &mut BTreeSet<PathBuf>,
    ) -> Result<(), Diagnostic> {
        let mut path = PathBuf::new();
        for part in folder.components() {
            path.push(part);
            if known.contains(&path) {
                continue;
            }
            let disk = self.out.join(&path);
            let shown = || self.shown(&path.to_string_lossy());
            match fs::symlink_metadata(&disk) {
                Ok(metadata) if metadata.is_symlink() => return Err(output_symlink(&shown())),
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => return Err(foreign(&shown())),
                Err(_) => {
                    fs::create_dir(&disk).map_err(|error| write_failed(&shown(), &error))?;
                    made.push(disk);
                }
            }
            known.insert(path.clone());
        }
        rustix::fs::access(self.out.join(folder), rustix::fs::Access::WRITE_OK)
            .map_err(|error| write_failed(&self.shown(&folder.to_string_lossy()), &error.into()))
    }

    fn rename(&self, from: &Path, path: &str) -> Result<(), Diagnostic> {
        fs::rename(from, self.out.join(path))
            .map_err(|error| write_failed(&self.shown(path), &error))
    }

    fn is_unchanged(&self, path: &str, stamps: &[FileStamp]) -> bool {
        let disk = self.out.join(path);
        is_plain_file(&disk) && digest_of(&disk).is_ok_and(|found| stamps.contains(&found))
    }

    /// Removes a file that an earlier build wrote, unless somebody has changed it since. One that
    /// cannot be removed goes to `rest`, for the next build to try.
    fn remove_stale(
        &self,
        path: &str,
        stamps: &[FileStamp],
        rest: &mut Stamps,
        diagnostics: &mut Diagnostics,
    ) -> usize {
        let disk = self.out.join(path);
        if !is_plain_file(&disk) || through_link(&self.out, Path::new(path)) {
            return 0;
        }
        let shown = self.shown(path);
        if !self.is_unchanged(path, stamps) {
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
        if let Err(error) = fs::remove_file(&disk) {
            diagnostics.push(Diagnostic::warning(
                code::WRITE_FAILED,
                Place::whole(shown.as_str()),
                format!("`{shown}` is no longer built, and cannot be removed: {error}"),
            ));
            rest.insert(path.to_string(), stamps.to_vec());
            return 0;
        }
        self.remove_empty_folders(Path::new(path).parent().unwrap_or(Path::new("")));
        1
    }

    /// Removes the manifests of bundles that are no longer built.
    fn remove_manifests_but(&self, bundles: &[Bundle]) {
        for (node, app) in self.owned.bundles() {
            if !bundles
                .iter()
                .any(|made| made.node == node && made.app == app)
            {
                let _ = fs::remove_file(self.out.join(manifest_path(node, app)));
                self.remove_empty_folders(Path::new(&bundle_folder(node, app)));
            }
        }
    }

    fn remove_empty_folders(&self, folder: &Path) {
        let mut folder = folder.to_path_buf();
        while !folder.as_os_str().is_empty()
            && (fs::remove_dir(self.out.join(&folder)).is_ok() || !self.out.join(&folder).exists())
        {
            folder.pop();
        }
    }
}

/// What is ready to be put in place.
struct Ready {
    staged: Staged,
    /// The folders of bundles that were not there, and come as a whole.
    fresh: BTreeSet<String>,
    manifests: Vec<StagedManifest>,
    /// Files of earlier builds that this one does not have.
    stale: Stamps,
    /// Those of them that stand where a new file needs a folder, or below where it is to stand.
    in_the_way: Vec<String>,
    /// Folders that can be made only when those have gone.
    later: Vec<PathBuf>,
    /// What an interrupted build left of bundles that this one does not make.
    rest: Stamps,
}

/// The manifest of a bundle.
struct StagedManifest {
    path: String,
    /// The folder of the bundle.
    folder: String,
    /// Where it is staged; `None` stands already.
    staged: Option<PathBuf>,
    written: Written,
}

fn folders_of(staged: &Staged) -> BTreeSet<&Path> {
    staged
        .keys()
        .filter_map(|path| Path::new(path).parent())
        .collect()
}

/// Removes a folder that has nothing but folders in it.
fn remove_empty_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !is_plain_file(&path) && !is_link(&path) {
            remove_empty_tree(&path)?;
        }
    }
    fs::remove_dir(folder)
}
