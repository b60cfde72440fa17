//! A finished bundle as a value: its files by path with their digests, its build hash, its manifest.

use std::collections::BTreeMap;

use crate::digest::{Digest, Hasher};

/// What a file of a bundle is, without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStamp {
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
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
    pub files: BTreeMap<String, FileStamp>,
}

impl Bundle {
    /// The digest of all its files: equal if and only if paths and bytes are. It is the blake3 of,
    /// for each file in the order of the bytes of its path: the length of the path (8 bytes,
    /// little-endian), the path, the length of the digest (32, as 8 bytes), the digest, and the
    /// size (8 bytes); with the text `rbgen bundle`, length first, before all of them.
    pub fn build_hash(&self) -> Digest {
        let mut hasher = Hasher::new("rbgen bundle");
        for (path, stamp) in &self.files {
            hasher.text(path).digest(&stamp.digest).number(stamp.size);
        }
        hasher.finish()
    }

    /// The folder of its root, below the output folder.
    pub fn folder(&self) -> String {
        bundle_folder(&self.node, &self.app)
    }

    /// The manifest, as the text of `dist/<node>/<app>.json`.
    pub fn manifest(&self) -> String {
        let files: serde_json::Map<String, serde_json::Value> = self
            .files
            .iter()
            .map(|(path, stamp)| {
                let entry = serde_json::json!({"blake3": stamp.digest.hex(), "size": stamp.size});
                (path.clone(), entry)
            })
            .collect();
        let manifest = serde_json::json!({
            "node": self.node,
            "app": self.app,
            "build_hash": self.build_hash().hex(),
            "pages": self.pages,
            "components": self.components,
            "files": files,
        });
        format!("{manifest:#}\n")
    }

    /// Reads a manifest. `None` for anything that this function's counterpart would not write: a
    /// damaged or foreign file names no outputs.
    pub fn from_manifest(text: &str) -> Option<Bundle> {
        let json: serde_json::Value = serde_json::from_str(text).ok()?;
        let word = |name: &str| json.get(name)?.as_str().map(str::to_string);
        let count = |name: &str| usize::try_from(json.get(name)?.as_u64()?).ok();
        let mut files = BTreeMap::new();
        for (path, entry) in json.get("files")?.as_object()? {
            if !is_output_path(path) {
                return None;
            }
            let digest = Digest::from_hex(entry.get("blake3")?.as_str()?)?;
            let size = entry.get("size")?.as_u64()?;
            files.insert(path.clone(), FileStamp { digest, size });
        }
        let bundle = Bundle {
            node: word("node")?,
            app: word("app")?,
            pages: count("pages")?,
            components: count("components")?,
            files,
        };
        (bundle.build_hash().hex() == word("build_hash")?).then_some(bundle)
    }
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
        Bundle {
            node: "n".into(),
            app: "a".into(),
            pages: 1,
            components: 2,
            files: BTreeMap::from([(path.to_string(), stamp)]),
        }
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
