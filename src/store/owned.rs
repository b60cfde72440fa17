//! Which files of an output folder are rbgen's: those of the manifests, and those of the journal that
//! a build keeps while it puts files in place.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::bundle::{Bundle, FileStamp, is_output_path, manifest_path};
use crate::digest::Digest;

/// A journal: outputs, relative to the output folder, with what a build was about to put there.
pub struct Journal;

impl Journal {
    /// Writes the journal as a whole.
    pub fn write(path: &Path, entries: &BTreeMap<String, FileStamp>) -> io::Result<()> {
        let entries: BTreeMap<&str, (String, u64)> = entries
            .iter()
            .map(|(path, stamp)| (path.as_str(), (stamp.digest.hex(), stamp.size)))
            .collect();
        let temporary = path.with_extension("new");
        fs::write(&temporary, serde_json::to_vec(&entries)?)?;
        fs::rename(&temporary, path)
    }

    fn read(path: &Path) -> Option<BTreeMap<String, FileStamp>> {
        let entries: BTreeMap<String, (String, u64)> =
            serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        let mut stamps = BTreeMap::new();
        for (path, (digest, size)) in entries {
            if is_output_path(&path) {
                let digest = Digest::from_hex(&digest)?;
                stamps.insert(path, FileStamp { digest, size });
            }
        }
        Some(stamps)
    }
}

/// What earlier builds wrote.
#[derive(Default)]
pub struct Owned {
    /// By node and app, from the manifests.
    pub bundles: BTreeMap<(String, String), Bundle>,
    /// What a build that did not finish was about to put in place.
    pub journal: BTreeMap<String, FileStamp>,
    /// Every file of both, relative to the output folder, with what may have been written there.
    pub files: BTreeMap<String, Vec<FileStamp>>,
}

impl Owned {
    /// Reads the manifests and the journal. What is damaged or foreign owns nothing.
    pub fn read(out: &Path, journal: &Path) -> Owned {
        let mut owned = Owned {
            journal: Journal::read(journal).unwrap_or_default(),
            ..Owned::default()
        };
        for node in names(out) {
            for file in names(&out.join(&node)) {
                let Some(app) = file.strip_suffix(".json") else {
                    continue;
                };
                let disk = out.join(manifest_path(&node, app));
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
        for (path, stamp) in &owned.journal {
            owned.files.entry(path.clone()).or_default().push(*stamp);
        }
        owned
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
