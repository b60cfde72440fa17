//! Pointers as symbolic links. Each is replaced by a rename, so that whoever follows it gets one release
//! or the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::super::pointers::is_release;
use super::super::{Pointers, Turn};
use super::{foreign, lock_pointers, read_text, refused, remove_file, replace_lasting};
use crate::diag::Diagnostic;
use crate::failpoint;

/// One of the pointers of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointer<'a> {
    Live,
    Pinned,
    /// A preview, by its name.
    Preview(&'a str),
}

/// Where a link leads.
pub enum Leads {
    /// To a release.
    To(String),
    /// To one that is not known any more.
    Lost,
    /// To something that is no release of the app: somebody else made it.
    Elsewhere,
}

/// How a kind of target lays out the links of one app.
pub trait Links {
    /// The link of a pointer, whether it is there or not.
    fn place(&self, pointer: Pointer<'_>) -> PathBuf;

    /// What the link of a pointer says, where it leads to this release.
    fn text(&self, pointer: Pointer<'_>, release: &str) -> String;

    /// Where the link of a pointer leads that says this.
    fn leads(&self, pointer: Pointer<'_>, text: &str) -> Result<Leads, Diagnostic>;

    /// The names of the previews that have links.
    fn previews(&self) -> Result<BTreeSet<String>, Diagnostic>;

    /// The file with the order of the releases.
    fn order(&self) -> PathBuf;
}

/// The pointers of an app. The links are the truth; the order only says what came after what.
pub fn read_pointers(links: &dyn Links) -> Result<Pointers, Diagnostic> {
    let mut previews = BTreeMap::new();
    for name in links.previews()? {
        if let Some(release) = read_link(links, Pointer::Preview(&name))? {
            previews.insert(name, release);
        }
    }
    let order = read_text(&links.order())?.unwrap_or_default();
    let order = order.lines().filter(|line| is_release(line));
    Ok(Pointers {
        live: read_link(links, Pointer::Live)?,
        pinned: read_link(links, Pointer::Pinned)?,
        previews,
        order: order.map(str::to_string).collect(),
    })
}

/// The release that a pointer leads to.
fn read_link(links: &dyn Links, pointer: Pointer<'_>) -> Result<Option<String>, Diagnostic> {
    let path = links.place(pointer);
    let to = match fs::read_link(&path) {
        Ok(to) => to,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(foreign(&path)),
        Err(error) => return Err(refused(&path, &error)),
    };
    match to.to_str().map(|to| links.leads(pointer, to)).transpose()? {
        Some(Leads::To(release)) => Ok(Some(release)),
        Some(Leads::Lost) => Ok(None),
        Some(Leads::Elsewhere) | None => Err(foreign(&path)),
    }
}

/// Changes the pointers of an app, under the lock of whoever moves pointers, and gives them as they were and
/// as they are; `Target::point` says more.
pub fn move_pointers(
    work: &Path,
    links: &dyn Links,
    turn: Option<&dyn Turn>,
    change: &mut dyn FnMut(&Pointers) -> Result<Pointers, Diagnostic>,
) -> Result<(Pointers, Pointers), Diagnostic> {
    let _lock = lock_pointers(work)?;
    if let Some(turn) = turn {
        turn.check()?;
    }
    let before = read_pointers(links)?;
    let after = change(&before)?;
    if after != before {
        write_pointers(links, &before, &after)?;
    }
    Ok((before, after))
}

/// Brings the pointers of an app from what they are to what they shall be. Killed in between, the pin is
/// there before what is live follows it, and the next deploy completes that.
fn write_pointers(
    links: &dyn Links,
    before: &Pointers,
    after: &Pointers,
) -> Result<(), Diagnostic> {
    if after.order != before.order {
        let order = links.order();
        replace_lasting(&order, &after.order.join("\n"))
            .map_err(|error| refused(&order, &error))?;
    }
    if after.pinned != before.pinned {
        set(links, Pointer::Pinned, after.pinned.as_deref())?;
    }
    failpoint::pass("deploy-pinned");
    if after.live != before.live {
        set(links, Pointer::Live, after.live.as_deref())?;
    }
    failpoint::pass("deploy-switched");
    for name in before.previews.keys().chain(after.previews.keys()) {
        let release = after.previews.get(name);
        if before.previews.get(name) != release {
            set(links, Pointer::Preview(name), release.map(String::as_str))?;
        }
    }
    Ok(())
}

fn set(links: &dyn Links, pointer: Pointer<'_>, release: Option<&str>) -> Result<(), Diagnostic> {
    let path = links.place(pointer);
    let Some(release) = release else {
        return remove_file(&path);
    };
    // What reading passed over may stand at the place of a pointer that is new.
    read_link(links, pointer)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(|error| refused(folder, &error))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // The name does not change from run to run, so what a kill left goes with the next.
    let temporary = path.with_file_name(format!(".{name}.new"));
    let _ = fs::remove_file(&temporary);
    symlink(links.text(pointer, release), &temporary)
        .and_then(|()| {
            failpoint::pass("deploy-linked");
            fs::rename(&temporary, &path)
        })
        .map_err(|error| refused(&path, &error))
}
