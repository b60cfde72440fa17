//! Makes a release in a store: the files that it lacks, by their content, and then the manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use super::super::manifest::Manifest;
use super::super::release::{Origin, Release};
use super::super::{Put, Turn};
use super::store::Upload;
use super::types::content_type;
use super::{FILES, StoreTarget};
use crate::bundle::FileStamp;
use crate::diag::{Diagnostic, code};
use crate::digest::Digest;
use crate::failpoint;

/// The store is asked for so many files one by one; for more of them it lists what it has.
const FEW: usize = 32;

/// Larger files go in parts of this size. Stores take none below 5 MiB
/// (docs.aws.amazon.com, Amazon S3 User Guide, "Amazon S3 multipart upload limits").
const PART: u64 = 8 * 1024 * 1024;

/// What is named by its content never changes (RFC 8246).
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// A file that has to be sent: the bytes are here.
struct Here<'a> {
    path: &'a str,
    stamp: FileStamp,
    bytes: Bytes<'a>,
}

enum Bytes<'a> {
    File(PathBuf),
    Given(&'a [u8]),
}

/// Makes a release, or adds to one that is there what it lacks.
pub fn put(
    target: &StoreTarget,
    turn: &dyn Turn,
    release: &Release<'_>,
) -> Result<Put, Diagnostic> {
    let app = &release.bundle.app;
    let mut manifest = Manifest::of(release);
    let place = target.manifest(app, &release.name);
    let there = target.read_manifest(app, &release.name)?;
    if let Some(there) = &there {
        let files = there.files();
        if manifest.files().keys().all(|path| files.contains_key(path)) {
            return Ok(Put::default());
        }
        for (path, stamp) in &there.further {
            manifest.further.entry(path.clone()).or_insert(*stamp);
        }
    }
    // What another release has is there: its manifest came after it.
    let mut known: BTreeSet<String> = there
        .iter()
        .flat_map(|there| there.files().into_values())
        .map(|stamp| stamp.digest.hex())
        .collect();
    let mut wanted: BTreeMap<String, Here<'_>> = BTreeMap::new();
    for (path, (stamp, origin)) in &release.files {
        let bytes = match origin {
            Origin::Release(_) => {
                known.insert(stamp.digest.hex());
                continue;
            }
            Origin::Built(place) => Bytes::File(place.clone()),
            Origin::Bytes(bytes) => Bytes::Given(bytes),
        };
        let stamp = *stamp;
        wanted
            .entry(stamp.digest.hex())
            .or_insert(Here { path, stamp, bytes });
    }
    wanted.retain(|hash, _| !known.contains(hash));
    let folder = format!("{app}/{FILES}");
    let hashes: Vec<String> = wanted.keys().cloned().collect();
    if hashes.len() > FEW {
        for name in target.store.names(&folder)? {
            wanted.remove(&name);
        }
    } else {
        for (hash, has) in hashes.iter().zip(target.store.which(&folder, &hashes)?) {
            if has {
                wanted.remove(hash);
            }
        }
    }
    let sent = wanted.len();
    let mut uploads = Vec::new();
    for (hash, here) in wanted {
        uploads.push(Upload {
            path: format!("{folder}/{hash}"),
            content_type: content_type(here.path),
            cache: IMMUTABLE,
            read: reader(here),
        });
    }
    target.store.send(uploads, &|| failpoint::pass("s3-file"))?;
    failpoint::pass("s3-manifest");
    turn.check()?;
    target.store.put(&place, &manifest.text())?;
    Ok(Put {
        sent,
        shared: release.files.len() - sent,
    })
}

type Parts<'a> = Box<dyn FnMut() -> Result<Option<Vec<u8>>, Diagnostic> + 'a>;

/// Reads a file part by part, and fails at its end where it is not what its stamp says.
fn reader(here: Here<'_>) -> Parts<'_> {
    let place = match here.bytes {
        Bytes::Given(bytes) => {
            let mut left = Some(bytes.to_vec());
            return Box::new(move || Ok(left.take()));
        }
        Bytes::File(place) => place,
    };
    let stamp = here.stamp;
    let mut file: Option<File> = None;
    let mut hasher = blake3::Hasher::new();
    let mut size = 0;
    let mut is_done = false;
    Box::new(move || {
        let not_built = |why: String| {
            let message = format!("`{}` {why}", place.display());
            Diagnostic::general(code::NOT_BUILT, message).hint("build again")
        };
        let unreadable = |error| not_built(format!("cannot be read: {error}"));
        if is_done {
            return Ok(None);
        }
        let file = match &mut file {
            Some(file) => file,
            none => none.insert(File::open(&place).map_err(unreadable)?),
        };
        let mut part = Vec::new();
        let read = file.take(PART).read_to_end(&mut part);
        size += read.map_err(unreadable)? as u64;
        hasher.update(&part);
        if (part.len() as u64) < PART {
            is_done = true;
            if size != stamp.size || Digest::from_hasher(&hasher) != stamp.digest {
                return Err(not_built("is not the file that was built".to_string()));
            }
        }
        Ok((!part.is_empty() || size == 0).then_some(part))
    })
}
