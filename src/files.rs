//! Reads trees of files from disk: lists folders, reads texts, digests what is only copied; and writes
//! single files. Nothing is read or written through a symbolic link.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room reads the disk"
)]

mod write;

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::digest::Digest;
use crate::format::is_passed_over;
use crate::model::{Asset, FileStat};

pub use write::{blocked_folder, move_file, remove_file, write_file};

/// The largest text file that is read, in bytes.
pub const MAX_TEXT_BYTES: u64 = 16 * 1024 * 1024;

/// The folder of a site. Paths in it are relative to it, with `/` between their parts.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`, which need not exist.
    pub fn new(root: impl Into<PathBuf>) -> Folder {
        Folder { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path on disk of a path in the folder.
    pub fn disk_path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Every file below `folder`, sorted by path, with what the file system tells of it. A folder
    /// that is not there has none. With `hidden`, names that begin with a dot count as well; without,
    /// they and the temporary files of editors are passed over. Links and bad names are reported.
    pub fn list(&self, folder: &str, hidden: bool, diagnostics: &mut Diagnostics) -> Vec<Found> {
        if let Some(link) = self.link_above(folder) {
            diagnostics.push(symlink(&link));
            return Vec::new();
        }
        match fs::symlink_metadata(self.disk_path(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => diagnostics.push(unreadable(folder, &error)),
            Ok(metadata) if metadata.is_symlink() => diagnostics.push(symlink(folder)),
            Ok(metadata) if !metadata.is_dir() => diagnostics.push(Diagnostic::error(
                code::UNREADABLE,
                Place::whole(folder),
                format!("`{folder}` is not a folder"),
            )),
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
        let entries = match fs::read_dir(self.disk_path(folder)) {
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
                diagnostics.push(Diagnostic::error(
                    code::BAD_FILE_NAME,
                    Place::whole(folder),
                    format!(
                        "a file name in `{folder}` is not UTF-8: `{}`",
                        entry.file_name().to_string_lossy()
                    ),
                ));
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
            } else if name.chars().any(|c| c.is_control() || c == '\\') {
                diagnostics.push(Diagnostic::error(
                    code::BAD_FILE_NAME,
                    Place::whole(folder),
                    format!(
                        "a file name in `{folder}` has a control character or a backslash: `{}`",
                        name.escape_debug()
                    ),
                ));
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

    /// What the file system tells of a regular file; `None` where there is none.
    pub fn stat(&self, path: &str) -> Option<FileStat> {
        let metadata = fs::symlink_metadata(self.disk_path(path)).ok()?;
        metadata.is_file().then(|| stat_of(&metadata))
    }

    /// The names of the folders in a folder, sorted; hidden ones are passed over.
    pub fn subfolders(&self, folder: &str, diagnostics: &mut Diagnostics) -> Vec<String> {
        if let Some(link) = self.link_above(&format!("{folder}/")) {
            diagnostics.push(symlink(&link));
            return Vec::new();
        }
        let entries = match fs::read_dir(self.disk_path(folder)) {
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

    /// The first folder above a path that is a link.
    fn link_above(&self, path: &str) -> Option<String> {
        path.match_indices('/')
            .map(|(slash, _)| &path[..slash])
            .find(|folder| {
                fs::symlink_metadata(self.disk_path(folder))
                    .is_ok_and(|metadata| metadata.is_symlink())
            })
            .map(str::to_string)
    }

    /// Whether there is a regular file at this path.
    pub fn has_file(&self, path: &str) -> bool {
        fs::symlink_metadata(self.disk_path(path)).is_ok_and(|metadata| metadata.is_file())
    }

    /// The text of a file: at most [`MAX_TEXT_BYTES`] of UTF-8 in a regular file.
    pub fn read_text(&self, path: &str) -> Result<String, Diagnostic> {
        let metadata = self.regular(path)?;
        if metadata.len() > MAX_TEXT_BYTES {
            return Err(Diagnostic::error(
                code::TOO_LARGE,
                Place::whole(path),
                format!(
                    "the file has {} MiB, and a text may have 16",
                    metadata.len() / (1024 * 1024)
                ),
            )
            .hint("files that are only copied belong into `static/` or a theme's `assets/`"));
        }
        let bytes = File::open(self.disk_path(path))
            .and_then(|file| {
                let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
                // The limit also holds where the file grows while it is read.
                file.take(MAX_TEXT_BYTES + 1).read_to_end(&mut bytes)?;
                Ok(bytes)
            })
            .map_err(|error| unreadable(path, &error))?;
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = 1 + error.as_bytes()[..at]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            Diagnostic::error(
                code::NOT_UTF8,
                Place::whole(path),
                format!("the file is not UTF-8: byte {at}, in line {line}, begins no character"),
            )
            .hint("save the file as UTF-8")
        })
    }

    /// A file that is copied: its digest and size, read as a stream.
    pub fn digest(&self, path: &str) -> Result<Asset, Diagnostic> {
        self.regular(path)?;
        let mut hasher = blake3::Hasher::new();
        let size = File::open(self.disk_path(path))
            .and_then(|mut file| io::copy(&mut file, &mut hasher))
            .map_err(|error| unreadable(path, &error))?;
        let digest = Digest::from_hasher(&hasher);
        Ok(Asset {
            origin: Arc::from(path),
            digest,
            size,
        })
    }

    fn regular(&self, path: &str) -> Result<fs::Metadata, Diagnostic> {
        let metadata =
            fs::symlink_metadata(self.disk_path(path)).map_err(|error| unreadable(path, &error))?;
        if metadata.is_symlink() {
            return Err(symlink(path));
        }
        if !metadata.is_file() {
            return Err(Diagnostic::error(
                code::UNREADABLE,
                Place::whole(path),
                "it is not a regular file",
            ));
        }
        Ok(metadata)
    }
}

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub path: String,
    pub stat: FileStat,
}

/// What a file system tells of a file.
pub fn stat_of(metadata: &fs::Metadata) -> FileStat {
    let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000) + rest;
    FileStat {
        modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        size: metadata.size(),
        inode: metadata.ino(),
    }
}

/// Hidden files, and what editors leave beside the files that they save.
fn unreadable(path: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error(
        code::UNREADABLE,
        Place::whole(path),
        format!("`{path}` cannot be read: {error}"),
    )
}

fn symlink(path: &str) -> Diagnostic {
    Diagnostic::error(
        code::SYMLINK,
        Place::whole(path),
        format!("`{path}` is a symbolic link"),
    )
    .hint("put the file itself there")
}
