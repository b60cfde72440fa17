//! A folder on disk, read. Nothing is read through a symbolic link.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use rayon::prelude::*;

use super::{
    Found, MAX_TEXT_BYTES, bad_name, is_bad_name, no_folder, no_regular_file, not_utf8_name,
    stat_of, symlink, text_of, too_large, unreadable,
};
use crate::diag::{Diagnostic, Diagnostics};
use crate::digest::Digest;
use crate::format::is_passed_over;
use crate::model::FileStat;

/// A folder on disk.
#[derive(Clone, Debug)]
pub struct Disk {
    pub root: PathBuf,
}

impl Disk {
    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// As [`super::Folder::list`].
    pub fn list(&self, folder: &str, hidden: bool, diagnostics: &mut Diagnostics) -> Vec<Found> {
        if let Some(link) = self.link_above(folder) {
            diagnostics.push(symlink(&link));
            return Vec::new();
        }
        match fs::symlink_metadata(self.path(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => diagnostics.push(unreadable(folder, &error)),
            Ok(metadata) if metadata.is_symlink() => diagnostics.push(symlink(folder)),
            Ok(metadata) if !metadata.is_dir() => diagnostics.push(no_folder(folder)),
            Ok(_) => {
                let (found, bad) = self.list_into(folder, hidden);
                diagnostics.extend(bad);
                return found;
            }
        }
        Vec::new()
    }

    /// What is in one folder and below, in the order of the bytes of the paths: a folder stands
    /// among its neighbours as if its name ended in `/`.
    fn list_into(&self, folder: &str, hidden: bool) -> (Vec<Found>, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let entries = match fs::read_dir(self.path(folder)) {
            Ok(entries) => entries,
            Err(error) => return (Vec::new(), unreadable(folder, &error).into()),
        };
        let mut inside = Vec::new();
        for entry in entries {
            let (entry, kind) = match entry.and_then(|entry| {
                let kind = entry.file_type()?;
                Ok((entry, kind))
            }) {
                Ok(both) => both,
                Err(error) => {
                    diagnostics.push(unreadable(folder, &error));
                    continue;
                }
            };
            let Ok(name) = entry.file_name().into_string() else {
                diagnostics.push(not_utf8_name(folder, &entry.file_name().to_string_lossy()));
                continue;
            };
            if !hidden && is_passed_over(&name) {
                continue;
            }
            let path = format!("{folder}/{name}");
            if kind.is_symlink() {
                diagnostics.push(symlink(&path));
            } else if kind.is_dir() {
                inside.push((path + "/", entry));
            } else if is_bad_name(&name) {
                diagnostics.push(bad_name(folder, &name));
            } else {
                inside.push((path, entry));
            }
        }
        inside.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let parts: Vec<(Vec<Found>, Diagnostics)> = inside
            .into_par_iter()
            .with_min_len(16)
            .fold(
                Default::default,
                |(mut found, mut bad): (Vec<Found>, Diagnostics), (path, entry)| {
                    match path.strip_suffix('/') {
                        Some(folder) => {
                            let (more, worse) = self.list_into(folder, hidden);
                            found.extend(more);
                            bad.extend(worse);
                        }
                        None => match entry.metadata() {
                            Ok(metadata) => found.push(Found {
                                stat: stat_of(&metadata),
                                path,
                            }),
                            // It went between two looks, as temporary files do.
                            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                            Err(error) => bad.push(unreadable(&path, &error)),
                        },
                    }
                    (found, bad)
                },
            )
            .collect();
        let mut found = Vec::with_capacity(parts.iter().map(|(found, _)| found.len()).sum());
        for (more, bad) in parts {
            found.extend(more);
            diagnostics.extend(bad);
        }
        (found, diagnostics)
    }

    /// As [`super::Folder::stat`].
    pub fn stat(&self, path: &str) -> Option<FileStat> {
        let metadata = fs::symlink_metadata(self.path(path)).ok()?;
        metadata.is_file().then(|| stat_of(&metadata))
    }

    /// As [`super::Folder::subfolders`].
    pub fn subfolders(&self, folder: &str, diagnostics: &mut Diagnostics) -> Vec<String> {
        if let Some(link) = self.link_above(&format!("{folder}/")) {
            diagnostics.push(symlink(&link));
            return Vec::new();
        }
        let entries = match fs::read_dir(self.path(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                diagnostics.push(unreadable(folder, &error));
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            match entry.file_type() {
                _ if is_passed_over(&name) => {}
                Ok(kind) if kind.is_symlink() => {
                    diagnostics.push(symlink(&format!("{folder}/{name}")));
                }
                Ok(kind) if kind.is_dir() => names.push(name),
                _ => {}
            }
        }
        names.sort_unstable();
        names
    }

    /// As [`super::Folder::link_above`].
    pub fn link_above(&self, path: &str) -> Option<String> {
        path.match_indices('/')
            .map(|(slash, _)| &path[..slash])
            .find(|folder| {
                fs::symlink_metadata(self.path(folder)).is_ok_and(|metadata| metadata.is_symlink())
            })
            .map(str::to_string)
    }

    /// As [`super::Folder::has_file`].
    pub fn has_file(&self, path: &str) -> bool {
        fs::symlink_metadata(self.path(path)).is_ok_and(|metadata| metadata.is_file())
    }

    /// As [`super::Folder::read_text`].
    pub fn read_text(&self, path: &str) -> Result<String, Diagnostic> {
        let metadata = self.regular(path)?;
        if metadata.len() > MAX_TEXT_BYTES {
            return Err(too_large(path, metadata.len()));
        }
        let bytes = File::open(self.path(path))
            .and_then(|file| {
                let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
                // The limit also holds where the file grows while it is read.
                file.take(MAX_TEXT_BYTES + 1).read_to_end(&mut bytes)?;
                Ok(bytes)
            })
            .map_err(|error| unreadable(path, &error))?;
        text_of(path, bytes)
    }

    /// The digest and the size of a file, read as a stream.
    pub fn digest(&self, path: &str) -> Result<(Digest, u64), Diagnostic> {
        self.regular(path)?;
        let mut hasher = blake3::Hasher::new();
        let size = File::open(self.path(path))
            .and_then(|mut file| io::copy(&mut file, &mut hasher))
            .map_err(|error| unreadable(path, &error))?;
        Ok((Digest::from_hasher(&hasher), size))
    }

    fn regular(&self, path: &str) -> Result<fs::Metadata, Diagnostic> {
        let metadata =
            fs::symlink_metadata(self.path(path)).map_err(|error| unreadable(path, &error))?;
        if metadata.is_symlink() {
            return Err(symlink(path));
        }
        if !metadata.is_file() {
            return Err(no_regular_file(path));
        }
        Ok(metadata)
    }
}
