//! A folder as a target: `<app>/releases/<release>/` are the releases, and the link `<app>/current` says
//! which of them is live.

mod links;
mod lock;
mod sweep;
mod write;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::pointers::is_release;
use super::release::Release;
use super::{Pointers, Put, Target, Turn};
use crate::bundle::Bundle;
use crate::diag::{Diagnostic, code};
use crate::failpoint;
use links::{read_pointers, write_pointers};
use lock::{lock_pointers, take_turn};
use sweep::sweep;

/// The folder of what rbgen needs at a target: no part of any release.
const WORK_FOLDER: &str = ".rbgen";

/// A folder that the bundles of one node are published to.
pub struct FolderTarget {
    dir: PathBuf,
    node: String,
    shown: String,
}

impl FolderTarget {
    /// The target in a folder, which may not be there yet.
    pub fn new(dir: &Path, node: &str) -> FolderTarget {
        let host = rustix::system::uname();
        let host = host.nodename().to_string_lossy();
        FolderTarget {
            dir: dir.to_path_buf(),
            node: node.to_string(),
            shown: format!("{} on {host}", dir.display()),
        }
    }

    fn work(&self) -> PathBuf {
        self.dir.join(WORK_FOLDER)
    }

    fn app(&self, app: &str) -> PathBuf {
        self.dir.join(app)
    }

    fn release(&self, app: &str, release: &str) -> PathBuf {
        self.app(app).join("releases").join(release)
    }

    fn manifest(&self, app: &str, release: &str) -> PathBuf {
        self.app(app)
            .join("releases")
            .join(format!("{release}.json"))
    }

    /// The folders of an app, none of which may be something else.
    fn check_app(&self, app: &str) -> Result<(), Diagnostic> {
        for path in [
            self.work(),
            self.app(app),
            self.app(app).join("releases"),
            self.app(app).join("previews"),
        ] {
            match fs::symlink_metadata(&path) {
                Ok(found) if !found.is_dir() => return Err(foreign(&path)),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Target for FolderTarget {
    fn shown(&self) -> &str {
        &self.shown
    }

    fn take_turn(
        &self,
        waiting: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Box<dyn Turn>>, Diagnostic> {
        let turn = take_turn(&self.dir, &self.work(), &self.node, waiting, || sweep(self))?;
        Ok(turn.map(|turn| Box::new(turn) as Box<dyn Turn>))
    }

    fn apps(&self) -> Result<BTreeSet<String>, Diagnostic> {
        let mut apps = BTreeSet::new();
        for name in names_in(&self.dir)? {
            if name != WORK_FOLDER && self.app(&name).join("releases").is_dir() {
                apps.insert(name);
            }
        }
        Ok(apps)
    }

    fn pointers(&self, app: &str) -> Result<Pointers, Diagnostic> {
        self.check_app(app)?;
        read_pointers(&self.app(app), &self.order(app))
    }

    fn releases(&self, app: &str) -> Result<BTreeSet<String>, Diagnostic> {
        let mut names = names_in(&self.app(app).join("releases"))?;
        names.retain(|name| is_release(name));
        Ok(names)
    }

    fn bundle_of(&self, app: &str, release: &str) -> Result<Option<Bundle>, Diagnostic> {
        let path = self.manifest(app, release);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Bundle::from_manifest(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused(&path, &error)),
        }
    }

    fn put(&self, turn: &dyn Turn, release: &Release<'_>) -> Result<Put, Diagnostic> {
        turn.check()?;
        let app = &release.bundle.app;
        self.check_app(app)?;
        write::put(self, app, release)
    }

    fn point(
        &self,
        app: &str,
        turn: Option<&dyn Turn>,
        change: &mut dyn FnMut(&Pointers) -> Result<Pointers, Diagnostic>,
    ) -> Result<(Pointers, Pointers), Diagnostic> {
        self.check_app(app)?;
        let _lock = lock_pointers(&self.work())?;
        if let Some(turn) = turn {
            turn.check()?;
        }
        let folder = self.app(app);
        let before = read_pointers(&folder, &self.order(app))?;
        let after = change(&before)?;
        if after != before {
            write_pointers(&folder, &self.order(app), &before, &after)?;
        }
        Ok((before, after))
    }

    fn remove(&self, turn: &dyn Turn, app: &str, release: &str) -> Result<(), Diagnostic> {
        turn.check()?;
        let path = self.release(app, release);
        let staged = self.work().join("staged");
        let away = staged.join(format!("gone-{release}"));
        // Whole or gone: a release that is half removed must not be found. And one that somebody went
        // back to meanwhile stays.
        let lock = lock_pointers(&self.work())?;
        let pointers = read_pointers(&self.app(app), &self.order(app))?;
        if pointers.names(release) {
            return Ok(());
        }
        let removed = fs::create_dir_all(&staged).and_then(|()| fs::rename(&path, &away));
        drop(lock);
        let removed = removed.and_then(|()| {
            failpoint::pass("deploy-removing");
            fs::remove_dir_all(&away)
        });
        removed.map_err(|error| refused(&path, &error))?;
        let manifest = self.manifest(app, release);
        match fs::remove_file(&manifest) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(refused(&manifest, &error))
            }
            _ => Ok(()),
        }
    }
}

impl FolderTarget {
    /// The file with the order in which the releases of an app were deployed.
    fn order(&self, app: &str) -> PathBuf {
        self.work().join(format!("{app}.order"))
    }
}

/// The names in a folder; none where it is not there.
fn names_in(folder: &Path) -> Result<BTreeSet<String>, Diagnostic> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(refused(folder, &error)),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.map_err(|error| refused(folder, &error))?;
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}

/// The operating system refused.
fn refused(path: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("`{}`: {error}", path.display());
    Diagnostic::general(code::TARGET_FAILED, message)
}

/// Something that rbgen did not put there is in the way.
fn foreign(path: &Path) -> Diagnostic {
    let message = format!(
        "`{}` is in the way, and rbgen did not put it there",
        path.display()
    );
    Diagnostic::general(code::TARGET_FOREIGN, message)
        .hint("move it away, or give the node a target of its own")
}
