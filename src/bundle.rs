//! A finished bundle as a value: its files by path with their digests, its build hash, its manifest.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};

/// What a file of a bundle is, without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStamp {
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
}

impl FileStamp {
    /// The stamp of these bytes.
    pub fn of_bytes(bytes: &[u8]) -> FileStamp {
        FileStamp {
            digest: Digest::of_bytes(bytes),
            size: bytes.len() as u64,
        }
    }
}

/// Everything built for one (node, app).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    pub node: String,
    pub app: String,
    /// How many pages it has.
    pub pages: usize,
    /// How many components its pages use.
    pub components: usize,
    /// By path, relative to the bundle's root, with `/`.
    files: BTreeMap<String, FileStamp>,
    build_hash: Digest,
}

impl Bundle {
    /// A bundle of these files.
    pub fn new(
        node: &str,
        app: &str,
        pages: usize,
        components: usize,
        files: BTreeMap<String, FileStamp>,
    ) -> Bundle {
        let mut hasher = Hasher::new("rbgen bundle");
        for (path, stamp) in &files {
            hasher.text(path).digest(&stamp.digest).number(stamp.size);
        }
        Bundle {
            node: node.to_string(),
            app: app.to_string(),
            pages,
            components,
            files,
            build_hash: hasher.finish(),
        }
    }

    /// Its files by path, relative to the bundle's root, with `/`.
    pub fn files(&self) -> &BTreeMap<String, FileStamp> {
        &self.files
    }

    /// The digest of all its files: equal if and only if paths and bytes are. It is the blake3 of,
    /// for each file in the order of the bytes of its path: the length of the path (8 bytes,
    /// little-endian), the path, the length of the digest (32, as 8 bytes), the digest, and the
    /// size (8 bytes); with the text `rbgen bundle`, length first, before all of them.
    pub fn build_hash(&self) -> Digest {
        self.build_hash
    }

    /// The folder of its root, below the output folder.
    pub fn folder(&self) -> String {
        bundle_folder(&self.node, &self.app)
    }

    /// The manifest, as the text of `dist/<node>/<app>.json`.
    pub fn manifest(&self) -> String {
        let manifest = Manifest {
            node: self.node.as_str().into(),
            app: self.app.as_str().into(),
            build_hash: self.build_hash().hex().into(),
            pages: self.pages,
            components: self.components,
            files: self
                .files
                .iter()
                .map(|(path, stamp)| {
                    let blake3 = stamp.digest.hex().into();
                    let size = stamp.size;
                    (path.as_str().into(), ManifestFile { blake3, size })
                })
                .collect(),
        };
        let mut text =
            serde_json::to_string_pretty(&manifest).expect("texts and numbers always serialise");
        text.push('\n');
        text
    }

    /// Reads a manifest. `None` for anything that this function's counterpart would not write: a
    /// damaged or foreign file names no outputs.
    pub fn from_manifest(text: &str) -> Option<Bundle> {
        let manifest: Manifest<'_> = serde_json::from_str(text).ok()?;
        let mut files = BTreeMap::new();
        for (path, file) in manifest.files {
            if !is_output_path(&path) {
                return None;
            }
            let digest = Digest::from_hex(&file.blake3)?;
            let size = file.size;
            files.insert(path.into_owned(), FileStamp { digest, size });
        }
        let (pages, components) = (manifest.pages, manifest.components);
        let bundle = Bundle::new(&manifest.node, &manifest.app, pages, components, files);
        (bundle.build_hash().hex() == manifest.build_hash).then_some(bundle)
    }
}

/// A manifest as JSON; it borrows, because it may name hundreds of thousands of files.
#[derive(Serialize, Deserialize)]
struct Manifest<'a> {
    #[serde(borrow)]
    node: Cow<'a, str>,
    #[serde(borrow)]
    app: Cow<'a, str>,
    #[serde(borrow)]
    build_hash: Cow<'a, str>,
    pages: usize,
    components: usize,
    #[serde(borrow)]
    files: BTreeMap<Cow<'a, str>, ManifestFile<'a>>,
}

#[derive(Serialize, Deserialize)]
struct ManifestFile<'a> {
    #[serde(borrow)]
    blake3: Cow<'a, str>,
    size: u64,
}

/// The folder of a bundle, below the output folder.
pub fn bundle_folder(node: &str, app: &str) -> String {
    format!("{node}/{app}")
}

/// The file of a bundle's manifest, below the output folder.
pub fn manifest_path(node: &str, app: &str) -> String {
    format!("{node}/{app}.json")
}

/// Whether a path stays below the folder that it is relative to.
pub fn is_output_path(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', '\0'])
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(path: &str) -> Bundle {
        let stamp = FileStamp {
            digest: Digest::of_bytes(b"x"),
            size: 1,
        };
        Bundle::new("n", "a", 1, 2, BTreeMap::from([(path.to_string(), stamp)]))
    }

    #[test]
    fn manifests_go_both_ways_and_damage_is_noticed() {
        let bundle = bundle("a/index.html");
        let text = bundle.manifest();
        assert_eq!(Bundle::from_manifest(&text), Some(bundle.clone()));
        assert_eq!(
            Bundle::from_manifest(&text.replace("\"size\": 1", "\"size\": 2")),
            None
        );
        assert_eq!(Bundle::from_manifest(&text[..text.len() / 2]), None);
    }

    #[test]
    fn a_manifest_cannot_name_files_elsewhere() {
        for path in ["../x", "a//b", "/etc/passwd", "a/../../b", ""] {
            assert_eq!(
                Bundle::from_manifest(&bundle(path).manifest()),
                None,
                "{path}"
            );
        }
    }
}
