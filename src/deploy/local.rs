//! What targets on a disk share: who may write to them, pointers that are symbolic links, and the words
//! for what is in the way.

mod links;
mod lock;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::diag::{Diagnostic, code};

pub use links::{Leads, Links, Pointer, move_pointers, read_pointers};
pub use lock::{lock_pointers, replace_lasting, take_turn};

/// The folder of what rbgen needs at a target: no part of any release.
pub const WORK_FOLDER: &str = ".rbgen";

/// A folder in words that mean the same place for every process: another machine may have one of the
/// same name.
pub fn shown(dir: &Path) -> String {
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    format!("{} on {host}", dir.display())
}

/// The path of a folder without links and `..`, so that it has one name whoever asks from wherever; of what
/// is not there yet, the part that is.
pub fn resolved(dir: &Path) -> PathBuf {
    if let Ok(resolved) = dir.canonicalize() {
        return resolved;
    }
    match (dir.parent(), dir.components().next_back()) {
        (Some(above), Some(Component::Normal(name))) => resolved(above).join(name),
        // `..` of a folder that is not there leads beside it.
        (Some(above), Some(Component::ParentDir)) => {
            let above = resolved(above);
            above.parent().map_or(above.clone(), Path::to_path_buf)
        }
        _ => dir.to_path_buf(),
    }
}

/// What deploys of a target make before it gets its name.
pub fn staging(work: &Path) -> PathBuf {
    work.join("staged")
}

/// Removes what a deploy that was killed had begun: it is of no use.
pub fn clear_staging(work: &Path) -> Result<(), Diagnostic> {
    let staged = staging(work);
    match fs::remove_dir_all(&staged) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused(&staged, &error)),
        _ => Ok(()),
    }
}

/// The file with the order in which the releases of an app were deployed.
pub fn order_file(work: &Path, app: &str) -> PathBuf {
    work.join(format!("{app}.order"))
}

/// Fails where something else stands at the place of a folder.
pub fn check_folder(path: &Path) -> Result<(), Diagnostic> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_dir() => Err(foreign(path)),
        _ => Ok(()),
    }
}

/// Removes a file that need not be there.
pub fn remove_file(path: &Path) -> Result<(), Diagnostic> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused(path, &error)),
        _ => Ok(()),
    }
}

/// The text of a file; `None` where it is not there.
pub fn read_text(path: &Path) -> Result<Option<String>, Diagnostic> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(path, &error)),
    }
}

/// The names in a folder; none where it is not there.
pub fn names_in(folder: &Path) -> Result<BTreeSet<String>, Diagnostic> {
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
pub fn refused(path: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("`{}`: {error}", path.display());
    Diagnostic::general(code::TARGET_FAILED, message)
}

/// Something that rbgen did not put there is in the way.
pub fn foreign(path: &Path) -> Diagnostic {
    let message = format!(
        "`{}` is in the way, and rbgen did not put it there",
        path.display()
    );
    Diagnostic::general(code::TARGET_FOREIGN, message)
        .hint("move it away, or give the node a target of its own")
}
