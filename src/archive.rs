//! Archives of bundles: tar, compressed with zstd, the same bytes for the same bundle everywhere.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this room reads bundles and writes archives"
)]

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crate::bundle::Bundle;
use crate::digest::Digest;

/// The file name of a bundle's archive: `<node>-<app>-<first 12 digits of the build hash>.tar.zst`.
pub fn archive_name(bundle: &Bundle) -> String {
    let hash = bundle.build_hash().short(12);
    format!("{}-{}-{hash}.tar.zst", bundle.node, bundle.app)
}

/// Writes the archive of a bundle that lies in `out`, into `folder`. Entries are sorted by path,
/// and their times, owners and modes are fixed. A file that is not what the manifest says is an
/// error, and then no archive is left.
pub fn write_archive(out: &Path, bundle: &Bundle, folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join(archive_name(bundle));
    let temporary = path.with_extension("new");
    let written = write_to(out, bundle, &temporary).and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map(|()| path)
}

fn write_to(out: &Path, bundle: &Bundle, path: &Path) -> io::Result<()> {
    // Whatever stands there is left from a build that was killed, or a trap: it is not followed.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = BufWriter::new(File::create_new(path)?);
    let compressor = zstd::Encoder::new(file, 10)?;
    let mut archive = tar::Builder::new(compressor);
    let root = out.join(bundle.folder());
    for (path, stamp) in bundle.files() {
        let mut file = Digesting {
            file: File::open(root.join(path))?,
            hasher: blake3::Hasher::new(),
        };
        let mut header = tar::Header::new_gnu();
        header.set_size(stamp.size);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, path, (&mut file).take(stamp.size))?;
        if Digest::from_hasher(&file.hasher) != stamp.digest {
            return Err(io::Error::other(format!(
                "`{path}` is not what the manifest says: build again"
            )));
        }
    }
    archive.into_inner()?.finish()?.flush()
}

/// A file that is digested while it is read.
struct Digesting {
    file: File,
    hasher: blake3::Hasher,
}

impl Read for Digesting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
