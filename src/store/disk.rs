//! What the store asks of the disk and says of it: digests, copies, links, and errors in words.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room writes the disk"
)]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags, mkdirat, open, openat};
use rustix::io::Errno;

use crate::bundle::FileStamp;
use crate::diag::{Diagnostic, Place, code};
use crate::digest::Digest;
use crate::files::stat_of;
use crate::model::FileStat;

/// The digest and size of a file, read as a stream.
pub fn digest_of(path: &Path) -> io::Result<FileStamp> {
    let mut hasher = blake3::Hasher::new();
    let size = io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(stamp_of(&hasher, size))
}

fn stamp_of(hasher: &blake3::Hasher, size: u64) -> FileStamp {
    FileStamp {
        digest: Digest::from_hasher(hasher),
        size,
    }
}

/// Writes a new file, and tells what the file system says of it.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<FileStat> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    Ok(stat_of(&file.metadata()?))
}

/// Copies a regular file into one that is open, and tells what was copied.
pub fn copy(from: &Path, to: &mut File) -> io::Result<FileStamp> {
    if !is_plain_file(from) {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut from = File::open(from)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut size = 0;
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(stamp_of(&hasher, size));
        }
        hasher.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        size += count as u64;
    }
}

/// A new folder that is filled with files, most of them in folders of their own. It is held open: of
/// the time that it takes to make a file, much would go into the way from the root to it.
pub struct FreshFolder(OwnedFd);

impl FreshFolder {
    /// Makes the folder, and those above it.
    pub fn new(path: &Path) -> io::Result<FreshFolder> {
        fs::create_dir_all(path)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(FreshFolder(open(path, flags, Mode::empty())?))
    }

    /// Makes a file in it, and the folders that it needs.
    pub fn create(&self, path: &str) -> io::Result<File> {
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.make_folder(folder)?;
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        Ok(File::from(openat(&self.0, path, flags, mode)?))
    }

    fn make_folder(&self, folder: &str) -> io::Result<()> {
        match mkdirat(&self.0, folder, Mode::from_raw_mode(0o777)) {
            Err(Errno::NOENT) => {
                if let Some((above, _)) = folder.rsplit_once('/') {
                    self.make_folder(above)?;
                }
                match mkdirat(&self.0, folder, Mode::from_raw_mode(0o777)) {
                    Err(Errno::EXIST) => Ok(()),
                    made => Ok(made?),
                }
            }
            Err(Errno::EXIST) => Ok(()),
            made => Ok(made?),
        }
    }
}

/// Whether a regular file, and no link to one, stands there.
pub fn is_plain_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Whether a symbolic link stands there.
pub fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

/// Whether two paths lead to one file.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    let identity = |path: &Path| {
        let metadata = fs::symlink_metadata(path).ok()?;
        Some((metadata.dev(), metadata.ino()))
    };
    identity(a).is_some_and(|a| identity(b) == Some(a))
}

/// Whether a folder on the way to a path is a link.
pub fn through_link(out: &Path, path: &Path) -> bool {
    let mut folder = out.to_path_buf();
    let folders = path.parent().into_iter().flat_map(Path::components);
    folders.into_iter().any(|part| {
        folder.push(part);
        is_link(&folder)
    })
}

/// The operating system refused to write.
pub fn write_failed(shown: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error(
        code::WRITE_FAILED,
        Place::whole(shown),
        format!("`{shown}` cannot be written: {error}"),
    )
}

/// Something that rbgen did not write is in the way.
pub fn foreign(shown: &str) -> Diagnostic {
    Diagnostic::error(
        code::FOREIGN_FILE,
        Place::whole(shown),
        format!("`{shown}` is in the way, and rbgen did not write it"),
    )
    .hint("move it to `static/` if it belongs to the site, or delete it")
}

/// A link stands where rbgen would write.
pub fn output_symlink(shown: &str) -> Diagnostic {
    let shown = shown.trim_end_matches('/');
    Diagnostic::error(
        code::OUTPUT_SYMLINK,
        Place::whole(shown),
        format!("`{shown}` is a symbolic link"),
    )
    .hint("remove it, or choose another folder with `--out`")
}
