//! A folder as a target: `<app>/releases/<release>/` are the releases, and the link `<app>/current` says
//! which of them is live.

mod spare;
mod sweep;
mod write;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::local::{
    Leads, Links, Pointer, WORK_FOLDER, check_folder, lock_pointers, move_pointers, names_in,
    order_file, read_pointers, read_text, refused, resolved, shown, staging, take_turn,
};
use super::pointers::is_release;
use super::release::Release;
use super::{Pointers, Put, Target, Turn};
use crate::bundle::Bundle;
use crate::diag::Diagnostic;
use sweep::sweep;

/// A folder that the bundles of one node are published to.
pub struct FolderTarget {
    dir: PathBuf,
    node: String,
    shown: String,
}

impl FolderTarget {
    /// The target in a folder, which may not be there yet.
    pub fn new(dir: &Path, node: &str) -> FolderTarget {
        let dir = resolved(dir);
        FolderTarget {
            node: node.to_string(),
            shown: shown(&dir),
            dir,
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
        check_folder(&self.work())?;
        check_folder(&self.app(app))?;
        check_folder(&self.app(app).join("releases"))?;
        check_folder(&self.app(app).join("previews"))
    }

    fn links(&self, app: &str) -> FolderLinks {
        FolderLinks {
            folder: self.app(app),
            order: order_file(&self.work(), app),
        }
    }
}

/// The links in the folder of an app: `current`, `pinned` and `previews/<name>`.
struct FolderLinks {
    folder: PathBuf,
    order: PathBuf,
}

impl Links for FolderLinks {
    fn place(&self, pointer: Pointer<'_>) -> PathBuf {
        match pointer {
            Pointer::Live => self.folder.join("current"),
            Pointer::Pinned => self.folder.join("pinned"),
            Pointer::Preview(name) => self.folder.join("previews").join(name),
        }
    }

    fn text(&self, pointer: Pointer<'_>, release: &str) -> String {
        format!("{}{release}", to_releases(pointer))
    }

    fn leads(&self, pointer: Pointer<'_>, text: &str) -> Result<Leads, Diagnostic> {
        Ok(match text.strip_prefix(to_releases(pointer)) {
            // What leads nowhere shows nothing to anybody, and the next deploy makes it anew.
            Some(release)
                if is_release(release)
                    && matches!(pointer, Pointer::Live | Pointer::Pinned)
                    && !self.folder.join("releases").join(release).is_dir() =>
            {
                Leads::Lost
            }
            Some(release) if is_release(release) => Leads::To(release.to_string()),
            _ => Leads::Elsewhere,
        })
    }

    fn previews(&self) -> Result<BTreeSet<String>, Diagnostic> {
        let mut names = names_in(&self.folder.join("previews"))?;
        names.retain(|name| !name.starts_with('.'));
        Ok(names)
    }

    fn order(&self) -> PathBuf {
        self.order.clone()
    }
}

/// The way from a pointer to the releases.
fn to_releases(pointer: Pointer<'_>) -> &'static str {
    match pointer {
        Pointer::Preview(_) => "../releases/",
        Pointer::Live | Pointer::Pinned => "releases/",
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
        read_pointers(&self.links(app))
    }

    fn releases(&self, app: &str) -> Result<BTreeSet<String>, Diagnostic> {
        let mut names = names_in(&self.app(app).join("releases"))?;
        names.retain(|name| is_release(name));
        Ok(names)
    }

    fn bundle_of(&self, app: &str, release: &str) -> Result<Option<Bundle>, Diagnostic> {
        let text = read_text(&self.manifest(app, release))?;
        Ok(text.and_then(|text| Bundle::from_manifest(&text)))
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
        move_pointers(&self.work(), &self.links(app), turn, change)
    }

    fn share_assets(&self, app: &str, from: &str, to: &str) {
        let folder = format!("_rb/{app}/assets");
        let place = self.release(app, to);
        if !write::through_link(&place, &folder) {
            write::link_all(&self.release(app, from).join(&folder), &place.join(&folder));
        }
    }

    fn remove(&self, turn: &dyn Turn, app: &str, release: &str) -> Result<(), Diagnostic> {
        turn.check()?;
        let path = self.release(app, release);
        let staged = staging(&self.work());
        let away = staged.join(format!("gone-{release}"));
        // Whole or gone: a release that is half removed must not be found. And one that somebody went
        // back to meanwhile stays.
        let lock = lock_pointers(&self.work())?;
        let pointers = read_pointers(&self.links(app))?;
        if pointers.names(release) {
            return Ok(());
        }
        let moved = fs::create_dir_all(&staged).and_then(|()| fs::rename(&path, &away));
        drop(lock);
        moved.map_err(|error| refused(&path, &error))?;
        spare::retire(self, app, release, &away)
    }
}
