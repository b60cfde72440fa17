//! Takes away what a killed deploy left: files on their way, and manifests whose releases never came or
//! are gone.

use std::path::Path;

use super::super::Target;
use super::super::local::{clear_staging, lock_pointers, names_in, remove_file};
use super::super::pointers::is_release;
use super::FolderTarget;
use super::spare::sweep_spares;
use crate::diag::Diagnostic;

/// Sweeps a target. Whoever calls it has the turn there, so nobody writes but those who move pointers.
pub fn sweep(target: &FolderTarget) -> Result<(), Diagnostic> {
    clear_staging(&target.work())?;
    sweep_spares(target)?;
    let _lock = lock_pointers(&target.work())?;
    remove_temporary(&target.work())?;
    for app in target.apps()? {
        // What is foreign there, or leads elsewhere, is left alone, and told by whoever uses it.
        if target.check_app(&app).is_err() {
            continue;
        }
        let folder = target.app(&app);
        for folder in [folder.clone(), folder.join("previews")] {
            remove_temporary(&folder)?;
        }
        let names = names_in(&folder.join("releases"))?;
        for name in &names {
            let release = name.strip_suffix(".json");
            if let Some(release) = release
                && is_release(release)
                && !names.contains(release)
            {
                remove_file(&target.manifest(&app, release))?;
            }
        }
        remove_temporary(&folder.join("releases"))?;
    }
    Ok(())
}

/// Removes the files and links of a folder that had not got their names yet.
fn remove_temporary(folder: &Path) -> Result<(), Diagnostic> {
    for name in names_in(folder)? {
        let path = folder.join(&name);
        // No folder is ever on its way under such a name.
        if name.starts_with('.') && name.ends_with(".new") && (path.is_symlink() || !path.is_dir())
        {
            remove_file(&path)?;
        }
    }
    Ok(())
}
