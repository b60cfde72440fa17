//! Reads trees of files, from disk or from what git has: lists folders, reads texts, digests what is
//! only copied; and writes single files. Nothing is read or written through a symbolic link.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room reads the disk"
)]

mod disk;
mod tree;
mod write;

use std::borrow::Cow;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::model::{Asset, FileStat};

use disk::Disk;
pub use tree::{Blob, Tree};
pub use write::{blocked_folder, move_file, remove_file, write_file};

/// The largest text file that is read, in bytes.
pub const MAX_TEXT_BYTES: u64 = 16 * 1024 * 1024;

/// The folder of a site. Paths in it are relative to it, with `/` between their parts.
///
/// It is on disk, or a [`Tree`] in memory; whoever reads it sees no difference, and what is wrong with a
/// file is said in the same words.
#[derive(Clone, Debug)]
pub struct Folder {
    place: Where,
}

#[derive(Clone, Debug)]
enum Where {
    Disk(Disk),
    Tree(Arc<Tree>),
}

impl Folder {
    /// The folder at `root`, which need not exist.
    pub fn new(root: impl Into<PathBuf>) -> Folder {
        Folder {
            place: Where::Disk(Disk { root: root.into() }),
        }
    }

    /// A tree of files in memory.
    pub fn of_tree(tree: Tree) -> Folder {
        Folder {
            place: Where::Tree(Arc::new(tree)),
        }
    }

    /// The folder itself, which only one on disk has: nothing can be written into a tree.
    pub fn root(&self) -> Option<&Path> {
        match &self.place {
            Where::Disk(disk) => Some(&disk.root),
            Where::Tree(_) => None,
        }
    }

    /// What people call it: its path on disk, or what the tree is of.
    pub fn name(&self) -> Cow<'_, str> {
        match &self.place {
            Where::Disk(disk) => disk.root.to_string_lossy(),
            Where::Tree(tree) => Cow::Borrowed(tree.name()),
        }
    }

    /// Every file below `folder`, sorted by path, with what the file system tells of it. A folder
    /// that is not there has none. With `hidden`, names that begin with a dot count as well; without,
    /// they and the temporary files of editors are passed over. Links and bad names are reported.
    pub fn list(&self, folder: &str, hidden: bool, diagnostics: &mut Diagnostics) -> Vec<Found> {
        match &self.place {
            Where::Disk(disk) => disk.list(folder, hidden, diagnostics),
            Where::Tree(tree) => tree.list(folder, hidden, diagnostics),
        }
    }

    /// What the file system tells of a regular file; `None` where there is none. Of a file of a tree only
    /// its size is known.
    pub fn stat(&self, path: &str) -> Option<FileStat> {
        match &self.place {
            Where::Disk(disk) => disk.stat(path),
            Where::Tree(tree) => tree.stat(path),
        }
    }

    /// The names of the folders in a folder, sorted; hidden ones are passed over.
    pub fn subfolders(&self, folder: &str, diagnostics: &mut Diagnostics) -> Vec<String> {
        match &self.place {
            Where::Disk(disk) => disk.subfolders(folder, diagnostics),
            Where::Tree(tree) => tree.subfolders(folder, diagnostics),
        }
    }

    /// Whether there is a regular file at this path.
    pub fn has_file(&self, path: &str) -> bool {
        match &self.place {
            Where::Disk(disk) => disk.has_file(path),
            Where::Tree(tree) => tree.stat(path).is_some(),
        }
    }

    /// The first folder above a path that is a symbolic link.
    pub fn link_above(&self, path: &str) -> Option<String> {
        match &self.place {
            Where::Disk(disk) => disk.link_above(path),
            Where::Tree(_) => None,
        }
    }

    /// The text of a file: at most [`MAX_TEXT_BYTES`] of UTF-8 in a regular file.
    pub fn read_text(&self, path: &str) -> Result<String, Diagnostic> {
        match &self.place {
            Where::Disk(disk) => disk.read_text(path),
            Where::Tree(tree) => tree.read_text(path),
        }
    }

    /// A file that is copied: its digest and size. The digest is that of its bytes, but for a
    /// [`Blob::Unread`] of a tree.
    pub fn digest(&self, path: &str) -> Result<Asset, Diagnostic> {
        let (digest, size) = match &self.place {
            Where::Disk(disk) => disk.digest(path)?,
            Where::Tree(tree) => tree.digest(path)?,
        };
        Ok(Asset {
            origin: Arc::from(path),
            digest,
            size,
        })
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

fn no_folder(path: &str) -> Diagnostic {
    Diagnostic::error(
        code::UNREADABLE,
        Place::whole(path),
        format!("`{path}` is not a folder"),
    )
}

fn no_regular_file(path: &str) -> Diagnostic {
    Diagnostic::error(
        code::UNREADABLE,
        Place::whole(path),
        "it is not a regular file",
    )
}

fn not_utf8_name(folder: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        code::BAD_FILE_NAME,
        Place::whole(folder),
        format!("a file name in `{folder}` is not UTF-8: `{name}`"),
    )
}

fn is_bad_name(name: &str) -> bool {
    name.chars().any(|c| c.is_control() || c == '\\')
}

fn bad_name(folder: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        code::BAD_FILE_NAME,
        Place::whole(folder),
        format!(
            "a file name in `{folder}` has a control character or a backslash: `{}`",
            name.escape_debug()
        ),
    )
}

fn too_large(path: &str, size: u64) -> Diagnostic {
    Diagnostic::error(
        code::TOO_LARGE,
        Place::whole(path),
        format!(
            "the file has {} MiB, and a text may have 16",
            size / (1024 * 1024)
        ),
    )
    .hint("files that are only copied belong into `static/` or a theme's `assets/`")
}

fn text_of(path: &str, bytes: Vec<u8>) -> Result<String, Diagnostic> {
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
