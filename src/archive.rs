//! Archives of bundles and releases: tar, compressed with zstd, the same bytes for the same files
//! everywhere.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room reads bundles and writes archives"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crate::bundle::{Bundle, FileStamp};
use crate::digest::Digest;

/// How the names of archives end.
pub const ENDING: &str = ".tar.zst";

/// The file name of a bundle's archive: `<node>-<app>-<first 12 digits of the build hash>.tar.zst`.
pub fn archive_name(bundle: &Bundle) -> String {
    let hash = bundle.build_hash().short(12);
    format!("{}-{}-{hash}{ENDING}", bundle.node, bundle.app)
}

/// Why an archive was not written.
#[derive(Debug)]
pub enum Failure {
    /// A file that should go in cannot be read, or is not what its stamp says: its path, and why.
    Source(String, String),
    /// The archive cannot be written.
    Write(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Source(path, why) => write!(f, "`{path}` {why}"),
            Failure::Write(error) => error.fmt(f),
        }
    }
}

/// Where the bytes of a file for an archive are.
pub enum Source {
    File(PathBuf),
    Bytes(Vec<u8>),
}

/// Writes the archive of a bundle that lies in `out`, into `folder`. A file that is not what the manifest
/// says is an error, and then no archive is left.
pub fn write_archive(out: &Path, bundle: &Bundle, folder: &Path) -> Result<PathBuf, Failure> {
    let path = folder.join(archive_name(bundle));
    let temporary = path.with_extension("new");
    let root = out.join(bundle.folder());
    let files = bundle
        .files()
        .iter()
        .map(|(path, stamp)| (path.as_str(), *stamp, Source::File(root.join(path))));
    let written = write_files(&temporary, files)
        .and_then(|()| fs::rename(&temporary, &path).map_err(Failure::Write));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map(|()| path)
}

/// Writes an archive of these files, which come sorted by path. Times, owners and modes of its entries
/// are fixed. What stands at its path is replaced; what was written of an archive that failed stays.
pub fn write_files<'a>(
    path: &Path,
    files: impl Iterator<Item = (&'a str, FileStamp, Source)>,
) -> Result<(), Failure> {
    // Whatever stands there is left from a run that was killed, or a trap: it is not followed.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Failure::Write(error)),
        _ => {}
    }
    let file = BufWriter::new(File::create_new(path).map_err(Failure::Write)?);
    let compressor = zstd::Encoder::new(file, 10).map_err(Failure::Write)?;
    let mut archive = tar::Builder::new(compressor);
    for (path, stamp, source) in files {
        append(&mut archive, path, stamp, &source)?;
    }
    archive
        .into_inner()
        .and_then(|compressor| compressor.finish()?.flush())
        .map_err(Failure::Write)
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    path: &str,
    stamp: FileStamp,
    source: &Source,
) -> Result<(), Failure> {
    let unreadable =
        |error: &io::Error| Failure::Source(path.to_string(), format!("cannot be read: {error}"));
    let input: Box<dyn Read + '_> = match source {
        Source::File(place) => Box::new(File::open(place).map_err(|error| unreadable(&error))?),
        Source::Bytes(bytes) => Box::new(bytes.as_slice()),
    };
    let mut file = Digesting {
        input,
        hasher: blake3::Hasher::new(),
        failed: false,
    };
    let mut header = tar::Header::new_gnu();
    header.set_size(stamp.size);
    header.set_mode(0o644);
    header.set_mtime(0);
    let appended = archive.append_data(&mut header, path, (&mut file).take(stamp.size));
    match appended {
        Err(error) if file.failed => Err(unreadable(&error)),
        Err(error) => Err(Failure::Write(error)),
        Ok(()) if Digest::from_hasher(&file.hasher) != stamp.digest => {
            let why = "is not what the manifest says: build again";
            Err(Failure::Source(path.to_string(), why.to_string()))
        }
        Ok(()) => Ok(()),
    }
}

/// Takes files out of an archive: those that `wanted` has by path, each to its place there. Gives whether
/// all were there. Nothing else is written, whatever the archive says.
pub fn take_out(path: &Path, wanted: &BTreeMap<&str, PathBuf>) -> io::Result<bool> {
    let decompressor = zstd::Decoder::new(BufReader::new(File::open(path)?))?;
    let mut archive = tar::Archive::new(decompressor);
    let mut found = 0;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?;
        let Some(place) = name.to_str().and_then(|name| wanted.get(name)) else {
            continue;
        };
        let mut file = File::create(place)?;
        io::copy(&mut entry, &mut file)?;
        found += 1;
        if found == wanted.len() {
            return Ok(true);
        }
    }
    Ok(wanted.is_empty())
}

/// A file that is digested while it is read.
struct Digesting<'a> {
    input: Box<dyn Read + 'a>,
    hasher: blake3::Hasher,
    /// Whether it was the reading that failed.
    failed: bool,
}

impl Read for Digesting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer);
        match &read {
            Ok(count) => drop(self.hasher.update(&buffer[..*count])),
            Err(error) => self.failed |= error.kind() != io::ErrorKind::Interrupted,
        }
        read
    }
}
