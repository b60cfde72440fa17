//! Which files of an output folder are rbgen's: those of the manifests, and those of the journal that
//! a build keeps while it puts files in place.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::bundle::{Bundle, FileStamp, is_output_path, manifest_path};
use crate::digest::Digest;
use crate::store::disk::{is_link, is_plain_file};

/// A journal: outputs, relative to the output folder, each with all that rbgen may have put there.
pub struct Journal;

/// What may stand at each output.
pub type Stamps = BTreeMap<String, Vec<FileStamp>>;

impl Journal {
    /// Writes the journal as a whole; an empty one is no file.
    pub fn write(path: &Path, entries: &Stamps) -> io::Result<()> {
        if entries.is_empty() {
            return match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let pair = |stamp: &FileStamp| (stamp.digest.hex(), stamp.size);
        let entries: BTreeMap<&str, Vec<(String, u64)>> = entries
            .iter()
            .map(|(path, stamps)| (path.as_str(), stamps.iter().map(pair).collect()))
            .collect();
        let temporary = path.with_extension("new");
        fs::write(&temporary, serde_json::to_vec(&entries)?)?;
        fs::rename(&temporary, path)
    }

    fn read(path: &Path) -> Option<Stamps> {
        let entries: BTreeMap<String, Vec<(String, u64)>> =
            serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        let stamp = |(digest, size): (String, u64)| {
            let digest = Digest::from_hex(&digest)?;
            Some(FileStamp { digest, size })
        };
        let mut journal = Stamps::new();
        for (path, stamps) in entries {
            if is_output_path(&path) {
                journal.insert(path, stamps.into_iter().map(stamp).collect::<Option<_>>()?);
            }
        }
        Some(journal)
    }
}

/// What earlier builds wrote.
#[derive(Default)]
pub struct Owned {
    /// By node and app, from the manifests.
    pub bundles: BTreeMap<(String, String), Bundle>,
    /// What a build that did not finish was about to put in place.
    pub journal: Stamps,
    /// Every file of both, relative to the output folder, with what may have been written there.
    pub files: Stamps,
}

impl Owned {
    /// Reads the manifests and the journal. What is damaged or foreign owns nothing.
    pub fn read(out: &Path, journal: &Path) -> Owned {
        let mut owned = Owned {
            journal: Journal::read(journal).unwrap_or_default(),
            ..Owned::default()
        };
        for node in names(out) {
            if is_link(&out.join(&node)) {
                continue;
            }
            for file in names(&out.join(&node)) {
                let Some(app) = file.strip_suffix(".json") else {
                    continue;
                };
                let disk = out.join(manifest_path(&node, app));
                if !is_plain_file(&disk) {
                    continue;
                }
                let bundle = fs::read_to_string(&disk)
                    .ok()
                    .and_then(|text| Bundle::from_manifest(&text))
                    .filter(|bundle| bundle.node == node && bundle.app == app);
                if let Some(bundle) = bundle {
                    owned
                        .bundles
                        .insert((node.clone(), app.to_string()), bundle);
                }
            }
        }
        for bundle in owned.bundles.values() {
            let folder = bundle.folder();
            for (path, stamp) in &bundle.files {
                owned.files.insert(format!("{folder}/{path}"), vec![*stamp]);
            }
        }
        for (path, stamps) in &owned.journal {
            owned.files.entry(path.clone()).or_default().extend(stamps);
        }
        owned
    }
}

impl Owned {
    /// Whether a manifest names an output.
    pub fn in_manifests(&self, path: &str) -> bool {
        let mut parts = path.splitn(3, '/');
        let (Some(node), Some(app), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        self.bundles
            .get(&(node.to_string(), app.to_string()))
            .is_some_and(|bundle| bundle.files.contains_key(rest))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}
