//! Pointers as symbolic links: `current`, `pinned` and `previews/<name>` lead to releases beside them. Each
//! is replaced by a rename, so that whoever follows it gets one release or the other.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::super::Pointers;
use super::super::pointers::is_release;
use super::lock::replace;
use super::{foreign, names_in, refused};
use crate::diag::Diagnostic;
use crate::failpoint;

/// The pointers in the folder of an app. The links are the truth; `order` only says what came after what.
pub fn read_pointers(folder: &Path, order: &Path) -> Result<Pointers, Diagnostic> {
    let mut previews = BTreeMap::new();
    let shelf = folder.join("previews");
    for name in names_in(&shelf)? {
        if !name.starts_with('.')
            && let Some(release) = read_link(&shelf.join(&name), "../releases/")?
        {
            previews.insert(name, release);
        }
    }
    let order = match fs::read_to_string(order) {
        Ok(text) => text
            .lines()
            .filter(|line| is_release(line))
            .map(str::to_string)
            .collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(refused(order, &error)),
    };
    // What leads nowhere shows nothing to anybody, and the next deploy makes it anew.
    let live = read_link(&folder.join("current"), "releases/")?
        .filter(|release| folder.join("releases").join(release).is_dir());
    Ok(Pointers {
        live,
        pinned: read_link(&folder.join("pinned"), "releases/")?,
        previews,
        order,
    })
}

/// The release that a link leads to; `before` is what stands before its name.
fn read_link(path: &Path, before: &str) -> Result<Option<String>, Diagnostic> {
    let to = match fs::read_link(path) {
        Ok(to) => to,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(foreign(path)),
        Err(error) => return Err(refused(path, &error)),
    };
    match to.to_str().and_then(|to| to.strip_prefix(before)) {
        Some(release) if is_release(release) => Ok(Some(release.to_string())),
        _ => Err(foreign(path)),
    }
}

/// Brings the pointers of an app from what they are to what they shall be. Killed in between, the pin is
/// there before what is live follows it, and the next deploy completes that.
pub fn write_pointers(
    folder: &Path,
    order: &Path,
    before: &Pointers,
    after: &Pointers,
) -> Result<(), Diagnostic> {
    fs::create_dir_all(folder).map_err(|error| refused(folder, &error))?;
    if after.order != before.order {
        replace(order, &after.order.join("\n")).map_err(|error| refused(order, &error))?;
    }
    if after.pinned != before.pinned {
        set(&folder.join("pinned"), "releases/", after.pinned.as_deref())?;
    }
    failpoint::pass("deploy-pinned");
    if after.live != before.live {
        set(&folder.join("current"), "releases/", after.live.as_deref())?;
    }
    failpoint::pass("deploy-switched");
    let shelf = folder.join("previews");
    for name in before.previews.keys().chain(after.previews.keys()) {
        if before.previews.get(name) != after.previews.get(name) {
            fs::create_dir_all(&shelf).map_err(|error| refused(&shelf, &error))?;
            let release = after.previews.get(name).map(String::as_str);
            set(&shelf.join(name), "../releases/", release)?;
        }
    }
    Ok(())
}

fn set(path: &Path, before: &str, release: Option<&str>) -> Result<(), Diagnostic> {
    let Some(release) = release else {
        return match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused(path, &error)),
            _ => Ok(()),
        };
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // The name does not change from run to run, so what a kill left goes with the next.
    let temporary = path.with_file_name(format!(".{name}.new"));
    let _ = fs::remove_file(&temporary);
    symlink(format!("{before}{release}"), &temporary)
        .and_then(|()| {
            failpoint::pass("deploy-linked");
            fs::rename(&temporary, path)
        })
        .map_err(|error| refused(path, &error))
}
