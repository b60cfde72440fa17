//! Reads trees of files from disk: lists folders, reads texts, digests what is only copied. Nothing
//! is read through a symbolic link.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room reads the disk"
)]

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::digest::Digest;
use crate::model::Asset;

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

    /// Every file below `folder`, sorted, as paths from the root. A folder that is not there has
    /// none. With `hidden`, names that begin with a dot count as well; without, they and the
    /// temporary files of editors are passed over. Links and bad names are reported.
    pub fn list(&self, folder: &str, hidden: bool, diagnostics: &mut Diagnostics) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(link) = self.link_above(folder) {
            diagnostics.push(symlink(&link));
            return found;
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
            Ok(_) => self.list_into(folder, hidden, &mut found, diagnostics),
        }
        found.sort_unstable();
        found
    }

    fn list_into(
        &self,
        folder: &str,
        hidden: bool,
        found: &mut Vec<String>,
        diagnostics: &mut Diagnostics,
    ) {
        let entries = match fs::read_dir(self.disk_path(folder)) {
            Ok(entries) => entries,
            Err(error) => return diagnostics.push(unreadable(folder, &error)),
        };
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
            if !hidden && is_hidden(&name) {
                continue;
            }
            let path = format!("{folder}/{name}");
            if kind.is_symlink() {
                diagnostics.push(symlink(&path));
            } else if kind.is_dir() {
                self.list_into(&path, hidden, found, diagnostics);
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
                found.push(path);
            }
        }
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
                _ if is_hidden(&name) => {}
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

/// Hidden files, and what editors leave beside the files that they save.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
        || name == "4913"
        || name.ends_with(".swp")
        || name.ends_with(".orig")
}

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
