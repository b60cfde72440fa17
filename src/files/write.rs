//! Writes and removes single files of a site. Nothing is written through a link.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file whole, with the folders that it needs: a reader sees the old bytes or the new ones.
pub fn write_file(root: &Path, path: &str, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = blocked_folder(root, path) {
        return Err(io::Error::other(format!("`{folder}` is no folder")));
    }
    let target = root.join(path);
    if fs::symlink_metadata(&target).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(io::Error::other("it is a symbolic link"));
    }
    let folder = target.parent().unwrap_or(root);
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(".{}.new", std::process::id()));
    let written = fs::File::create_new(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Moves a file to a path where nothing is, with the folders that it needs; folders that are empty then go.
pub fn move_file(root: &Path, from: &str, to: &str) -> io::Result<()> {
    for path in [from, to] {
        if let Some(folder) = blocked_folder(root, path) {
            return Err(io::Error::other(format!("`{folder}` is no folder")));
        }
    }
    let target = root.join(to);
    if fs::symlink_metadata(&target).is_ok() {
        return Err(io::Error::other(format!("`{to}` is there already")));
    }
    fs::create_dir_all(target.parent().unwrap_or(root))?;
    fs::rename(root.join(from), target)?;
    remove_empty_folders(root, from);
    Ok(())
}

/// Removes a file, and the folders above it that are empty then, but not the folder `root`.
pub fn remove_file(root: &Path, path: &str) -> io::Result<()> {
    if let Some(folder) = blocked_folder(root, path) {
        return Err(io::Error::other(format!("`{folder}` is no folder")));
    }
    fs::remove_file(root.join(path))?;
    remove_empty_folders(root, path);
    Ok(())
}

fn remove_empty_folders(root: &Path, path: &str) {
    let mut folder = path;
    while let Some((above, _)) = folder.rsplit_once('/') {
        // One that is not empty stays.
        if fs::remove_dir(root.join(above)).is_err() {
            break;
        }
        folder = above;
    }
}

/// Something that is no folder on the way to a path.
pub fn blocked_folder(root: &Path, path: &str) -> Option<String> {
    path.match_indices('/')
        .map(|(end, _)| &path[..end])
        .find(|folder| {
            fs::symlink_metadata(root.join(folder)).is_ok_and(|metadata| !metadata.is_dir())
        })
        .map(str::to_string)
}
