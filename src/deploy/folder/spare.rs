//! The spare of an app: a release that nobody needs any more, kept to become the next one. Releases differ in
//! few files, and to make and to remove thousands of folders takes a file system long.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::local::{names_in, read_text, refused, remove_file, staging};
use super::super::manifest::Manifest;
use super::super::pointers::is_release;
use super::FolderTarget;
use super::write::through_link;
use crate::bundle::FileStamp;
use crate::diag::Diagnostic;
use crate::failpoint;

fn folder_of(target: &FolderTarget, app: &str) -> PathBuf {
    target.work().join("spare").join(app)
}

fn manifest_of(folder: &Path, release: &str) -> PathBuf {
    folder.join(format!("{release}.json"))
}

/// Makes a release the spare of its app; where there is one, or it is not known what the release has, the
/// release is removed. Nobody finds it any more when this begins: it lies in `away`.
pub fn retire(
    target: &FolderTarget,
    app: &str,
    release: &str,
    away: &Path,
) -> Result<(), Diagnostic> {
    let folder = folder_of(target, app);
    let manifest = target.manifest(app, release);
    let is_known = read_text(&manifest)?.is_some_and(|text| Manifest::read(&text).is_some());
    let failed = |error: io::Error| refused(away, &error);
    if is_known && names_in(&folder)?.is_empty() {
        fs::create_dir_all(&folder).map_err(failed)?;
        // With its manifest it is a spare, and not before.
        fs::rename(away, folder.join(release)).map_err(failed)?;
        failpoint::pass("deploy-retiring");
        return fs::rename(&manifest, manifest_of(&folder, release)).map_err(failed);
    }
    failpoint::pass("deploy-removing");
    fs::remove_dir_all(away).map_err(failed)?;
    remove_file(&manifest)
}

/// Takes the spare of an app to `staged`, and says what it has. Nothing where there is none.
pub fn reuse(
    target: &FolderTarget,
    app: &str,
    staged: &Path,
) -> Result<BTreeMap<String, FileStamp>, Diagnostic> {
    let folder = folder_of(target, app);
    let nothing = BTreeMap::new();
    let names = names_in(&folder)?;
    let Some(release) = names.iter().find(|name| is_release(name)) else {
        return Ok(nothing);
    };
    let manifest = manifest_of(&folder, release);
    let text = read_text(&manifest)?;
    let Some(known) = text.as_deref().and_then(Manifest::read) else {
        return Ok(nothing);
    };
    fs::create_dir_all(staging(&target.work())).map_err(|error| refused(staged, &error))?;
    fs::rename(folder.join(release), staged).map_err(|error| refused(staged, &error))?;
    failpoint::pass("deploy-reusing");
    remove_file(&manifest)?;
    let known = known.files();
    let folders = known
        .keys()
        .filter_map(|path| Some(path.rsplit_once('/')?.0));
    let folders: BTreeSet<&str> = folders.collect();
    if folders
        .into_iter()
        .any(|folder| through_link(staged, folder))
    {
        // Somebody made a link of a folder: nothing is written or removed through it.
        fs::remove_dir_all(staged).map_err(|error| refused(staged, &error))?;
        return Ok(nothing);
    }
    let files = known.into_iter();
    Ok(files
        .map(|(path, stamp)| (path.to_string(), stamp))
        .collect())
}

/// Takes away spares that a kill left without a manifest, and manifests without a release.
pub fn sweep_spares(target: &FolderTarget) -> Result<(), Diagnostic> {
    let shelf = target.work().join("spare");
    for app in names_in(&shelf)? {
        let folder = shelf.join(&app);
        let names = names_in(&folder)?;
        for name in &names {
            let path = folder.join(name);
            let is_whole = match name.strip_suffix(".json") {
                Some(release) => names.contains(release),
                None => names.contains(&format!("{name}.json")),
            };
            if is_whole {
                continue;
            }
            match path.is_dir() {
                true => fs::remove_dir_all(&path).map_err(|error| refused(&path, &error))?,
                false => remove_file(&path)?,
            }
        }
    }
    Ok(())
}
