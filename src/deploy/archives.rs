//! A folder of archives as a target: `<node>-<app>-<hash>.tar.zst` are the releases, and the link
//! `<node>-<app>-current.tar.zst` says which of them is live.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::local::{
    Leads, Links, Pointer, WORK_FOLDER, check_folder, clear_staging, foreign, lock_pointers,
    move_pointers, names_in, order_file, read_pointers, read_text, refused, remove_file,
    replace_lasting, resolved, shown, staging, take_turn,
};
use super::manifest::Manifest;
use super::pointers::{PREVIEW, is_release};
use super::release::{Origin, Release};
use super::{Pointers, Put, Target, Turn};
use crate::archive::{ENDING, Failure, Source, take_out, write_files};
use crate::bundle::{Bundle, FileStamp};
use crate::diag::{Diagnostic, code};
use crate::failpoint;

/// A folder that the bundles of one node are published to as archives.
///
/// Below `.rbgen/releases/<app>/` are the manifests of the releases: the name of an archive has only the
/// beginning of a build hash. A release is there when both its manifest and its archive are.
pub struct ArchivesTarget {
    dir: PathBuf,
    node: String,
    shown: String,
}

impl ArchivesTarget {
    /// The target in a folder, which may not be there yet.
    pub fn new(dir: &Path, node: &str) -> ArchivesTarget {
        let dir = resolved(dir);
        ArchivesTarget {
            node: node.to_string(),
            shown: shown(&dir),
            dir,
        }
    }

    fn work(&self) -> PathBuf {
        self.dir.join(WORK_FOLDER)
    }

    /// The folder of the manifests of an app.
    fn shelf(&self, app: &str) -> PathBuf {
        self.work().join("releases").join(app)
    }

    fn manifest(&self, app: &str, release: &str) -> PathBuf {
        self.shelf(app).join(format!("{release}.json"))
    }

    fn archive(&self, app: &str, release: &str) -> PathBuf {
        self.dir.join(archive_of(&self.node, app, release))
    }

    fn links(&self, app: &str) -> ArchiveLinks<'_> {
        ArchiveLinks {
            target: self,
            app: app.to_string(),
        }
    }

    /// The releases of an app whose manifests are there.
    fn known(&self, app: &str) -> Result<BTreeSet<String>, Diagnostic> {
        let names = names_in(&self.shelf(app))?;
        let releases = names.iter().filter_map(|name| name.strip_suffix(".json"));
        Ok(releases
            .filter(|release| is_release(release))
            .map(str::to_string)
            .collect())
    }

    /// What a release has, where that is known.
    fn read_manifest(&self, app: &str, release: &str) -> Result<Option<Manifest>, Diagnostic> {
        let text = read_text(&self.manifest(app, release))?;
        Ok(text.and_then(|text| Manifest::read(&text)))
    }

    fn is_whole(&self, app: &str, release: &str) -> bool {
        fs::symlink_metadata(self.archive(app, release)).is_ok_and(|found| found.is_file())
    }

    /// Removes manifests whose archives a deploy that was killed had not written, or had removed.
    fn clear_manifests(&self) -> Result<(), Diagnostic> {
        for app in self.apps()? {
            for release in self.known(&app)? {
                match fs::symlink_metadata(self.archive(&app, &release)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        remove_file(&self.manifest(&app, &release))?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Writes the archive of a release and its manifest. `is_there` is whether there is one that lacks
    /// something.
    fn write(
        &self,
        app: &str,
        name: &str,
        files: Files<'_>,
        is_there: bool,
    ) -> Result<(), Diagnostic> {
        let path = self.archive(app, name);
        let staged = staging(&self.work());
        fs::create_dir_all(&staged).map_err(|error| refused(&staged, &error))?;
        let temporary = staged.join(archive_of(&self.node, app, name));
        let entries = files
            .entries
            .into_iter()
            .map(|(path, (stamp, source))| (path, stamp, source));
        write_files(&temporary, entries).map_err(|failure| match failure {
            Failure::Write(error) => refused(&temporary, &error),
            Failure::Source(..) => {
                Diagnostic::general(code::NOT_BUILT, failure.to_string()).hint("build again")
            }
        })?;
        // A name must not come before the bytes, if the machine stops.
        File::open(&temporary)
            .and_then(|file| file.sync_data())
            .map_err(|error| refused(&temporary, &error))?;
        failpoint::pass("deploy-staged");
        let manifest = self.manifest(app, name);
        let shelf = self.shelf(app);
        fs::create_dir_all(&shelf).map_err(|error| refused(&shelf, &error))?;
        let write_manifest = || {
            replace_lasting(&manifest, &files.manifest).map_err(|error| refused(&manifest, &error))
        };
        // Killed in between: a new archive must not stand there without its manifest, as if it were
        // somebody else's; and a manifest must not name more than the archive has.
        if !is_there {
            write_manifest()?;
        }
        failpoint::pass("deploy-manifest");
        fs::rename(&temporary, &path).map_err(|error| refused(&path, &error))?;
        if is_there {
            write_manifest()?;
        }
        failpoint::pass("deploy-released");
        Ok(())
    }

    /// Finds the bytes of all files of a release. Those that only other archives have are taken out of
    /// them first.
    fn gather<'a>(
        &self,
        app: &str,
        release: &'a Release<'_>,
        manifest: &'a Manifest,
    ) -> Result<Files<'a>, Diagnostic> {
        let mut entries = BTreeMap::new();
        let mut elsewhere: BTreeMap<&str, BTreeMap<&str, PathBuf>> = BTreeMap::new();
        let staged = staging(&self.work()).join("assets");
        for (path, stamp) in manifest.files() {
            let origin = release.files.get(path).map(|(_, origin)| origin);
            let source = match origin {
                Some(Origin::Bytes(bytes)) => Source::Bytes(bytes.clone()),
                Some(Origin::Built(place)) => Source::File(place.clone()),
                // What other releases have of the bundle was built here too.
                Some(Origin::Release(_)) if release.bundle.files().contains_key(path) => {
                    Source::File(release.built(path))
                }
                Some(Origin::Release(_)) | None => {
                    let holder = match origin {
                        Some(Origin::Release(name)) => name.as_str(),
                        // An asset that this release got when it was made.
                        _ => release.name.as_str(),
                    };
                    let place = staged.join(stamp.digest.hex());
                    let wanted = elsewhere.entry(holder).or_default();
                    wanted.insert(path, place.clone());
                    Source::File(place)
                }
            };
            entries.insert(path, (stamp, source));
        }
        for (holder, wanted) in elsewhere {
            fs::create_dir_all(&staged).map_err(|error| refused(&staged, &error))?;
            let path = self.archive(app, holder);
            take_out(&path, &wanted).map_err(|error| refused(&path, &error))?;
        }
        Ok(Files {
            entries,
            manifest: manifest.text(),
        })
    }
}

/// What goes into an archive, and its manifest.
struct Files<'a> {
    entries: BTreeMap<&'a str, (FileStamp, Source)>,
    manifest: String,
}

/// The file name of the archive of a release, which for previews says so.
fn archive_of(node: &str, app: &str, release: &str) -> String {
    let hash = release.get(..12).unwrap_or(release);
    let preview = match release.ends_with(PREVIEW) {
        true => PREVIEW,
        false => "",
    };
    format!("{node}-{app}-{hash}{preview}{ENDING}")
}

impl Target for ArchivesTarget {
    fn shown(&self) -> &str {
        &self.shown
    }

    fn take_turn(
        &self,
        waiting: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Box<dyn Turn>>, Diagnostic> {
        let work = self.work();
        let clear = || {
            clear_staging(&work)?;
            self.clear_manifests()
        };
        let turn = take_turn(&self.dir, &work, &self.node, waiting, clear)?;
        Ok(turn.map(|turn| Box::new(turn) as Box<dyn Turn>))
    }

    fn apps(&self) -> Result<BTreeSet<String>, Diagnostic> {
        names_in(&self.work().join("releases"))
    }

    fn pointers(&self, app: &str) -> Result<Pointers, Diagnostic> {
        check_folder(&self.work())?;
        read_pointers(&self.links(app))
    }

    fn releases(&self, app: &str) -> Result<BTreeSet<String>, Diagnostic> {
        let mut releases = self.known(app)?;
        releases.retain(|release| self.is_whole(app, release));
        Ok(releases)
    }

    fn bundle_of(&self, app: &str, release: &str) -> Result<Option<Bundle>, Diagnostic> {
        let manifest = self.read_manifest(app, release)?;
        Ok(manifest.map(|manifest| manifest.bundle))
    }

    fn put(&self, turn: &dyn Turn, release: &Release<'_>) -> Result<Put, Diagnostic> {
        turn.check()?;
        check_folder(&self.work())?;
        let app = &release.bundle.app;
        let path = self.archive(app, &release.name);
        let mut manifest = Manifest::of(release);
        let there = self.read_manifest(app, &release.name)?;
        let mut is_there = false;
        match (fs::symlink_metadata(&path), there) {
            (Ok(found), Some(there)) if found.is_file() => {
                let files = there.files();
                if manifest.files().keys().all(|path| files.contains_key(path)) {
                    return Ok(Put::default());
                }
                is_there = true;
                // Nothing that it had goes.
                for (path, stamp) in there.further {
                    manifest.further.entry(path).or_insert(stamp);
                }
            }
            // Not ours, or not the archive of this release: as far as anybody can tell.
            (Ok(_), _) => return Err(foreign(&path)),
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => {}
            (Err(error), _) => return Err(refused(&path, &error)),
        }
        let files = self.gather(app, release, &manifest)?;
        let sent = files.entries.len();
        self.write(app, &release.name, files, is_there)?;
        // Each archive has all of its bytes.
        Ok(Put { sent, shared: 0 })
    }

    fn point(
        &self,
        app: &str,
        turn: Option<&dyn Turn>,
        change: &mut dyn FnMut(&Pointers) -> Result<Pointers, Diagnostic>,
    ) -> Result<(Pointers, Pointers), Diagnostic> {
        check_folder(&self.work())?;
        move_pointers(&self.work(), &self.links(app), turn, change)
    }

    fn remove(&self, turn: &dyn Turn, app: &str, release: &str) -> Result<(), Diagnostic> {
        turn.check()?;
        // Somebody may have gone back to it meanwhile.
        let lock = lock_pointers(&self.work())?;
        if read_pointers(&self.links(app))?.names(release) {
            return Ok(());
        }
        remove_file(&self.archive(app, release))?;
        drop(lock);
        failpoint::pass("deploy-removing");
        remove_file(&self.manifest(app, release))
    }
}

/// The links of an app, which stand beside its archives.
struct ArchiveLinks<'a> {
    target: &'a ArchivesTarget,
    app: String,
}

impl ArchiveLinks<'_> {
    /// How the names of all previews of the app begin. So may the name of another app: whether a link is
    /// a preview of this one, where it leads to says.
    fn preview(&self) -> String {
        format!("{}-{}-preview-", self.target.node, self.app)
    }
}

impl Links for ArchiveLinks<'_> {
    fn place(&self, pointer: Pointer<'_>) -> PathBuf {
        let (node, app) = (&self.target.node, &self.app);
        let name = match pointer {
            Pointer::Live => format!("{node}-{app}-current{ENDING}"),
            Pointer::Pinned => format!("{node}-{app}-pinned{ENDING}"),
            Pointer::Preview(name) => format!("{}{name}{ENDING}", self.preview()),
        };
        self.target.dir.join(name)
    }

    fn text(&self, _pointer: Pointer<'_>, release: &str) -> String {
        archive_of(&self.target.node, &self.app, release)
    }

    fn leads(&self, _pointer: Pointer<'_>, text: &str) -> Result<Leads, Diagnostic> {
        let mut known = self.target.known(&self.app)?.into_iter();
        let found = known.find(|name| archive_of(&self.target.node, &self.app, name) == text);
        Ok(match found {
            Some(release) => Leads::To(release),
            None if is_archive_of(text, &self.target.node, &self.app) => Leads::Lost,
            None => Leads::Elsewhere,
        })
    }

    fn previews(&self) -> Result<BTreeSet<String>, Diagnostic> {
        let start = self.preview();
        let mut found = BTreeSet::new();
        for file in names_in(&self.target.dir)? {
            let name = file
                .strip_prefix(&start)
                .and_then(|name| name.strip_suffix(ENDING));
            let to = fs::read_link(self.target.dir.join(&file));
            if let (Some(name), Ok(to)) = (name, to)
                && to
                    .to_str()
                    .is_some_and(|to| is_archive_of(to, &self.target.node, &self.app))
            {
                found.insert(name.to_string());
            }
        }
        Ok(found)
    }

    fn order(&self) -> PathBuf {
        order_file(&self.target.work(), &self.app)
    }
}

/// Whether a file name is one that an archive of this app has.
fn is_archive_of(name: &str, node: &str, app: &str) -> bool {
    let hash = name
        .strip_prefix(&format!("{node}-{app}-"))
        .and_then(|rest| rest.strip_suffix(ENDING))
        .map(|hash| hash.strip_suffix(PREVIEW).unwrap_or(hash));
    hash.is_some_and(|hash| hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
