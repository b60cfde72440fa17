//! The manifest of a release as JSON: that of its bundle, and the files that the release has besides. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::release::Release;
use crate::bundle::{Bundle, FileStamp, is_output_path};
use crate::digest::Digest;

/// What a release has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The bundle that it was made of.
    pub bundle: Bundle,
    /// Files that it has besides those of the bundle, or in their place: assets of earlier releases, and
    /// what a preview says to search engines.
    pub further: BTreeMap<String, FileStamp>,
}

/// What stands in the JSON beside the manifest of the bundle.
#[derive(Serialize, Deserialize)]
struct Further {
    #[serde(default)]
    further: BTreeMap<String, File>,
}

#[derive(Serialize, Deserialize)]
struct File {
    blake3: String,
    size: u64,
}

impl Manifest {
    /// The manifest of a release that is to be made.
    pub fn of(release: &Release<'_>) -> Manifest {
        let of_bundle = release.bundle.files();
        let further = release
            .files
            .iter()
            .filter(|(path, (stamp, _))| of_bundle.get(*path) != Some(stamp))
            .map(|(path, (stamp, _))| (path.clone(), *stamp));
        Manifest {
            bundle: release.bundle.clone(),
            further: further.collect(),
        }
    }

    /// With what the same release gets besides.
    pub fn with(mut self, more: Manifest) -> Manifest {
        self.further.extend(more.further);
        self
    }

    /// All files of the release.
    pub fn files(&self) -> BTreeMap<&str, FileStamp> {
        let files = self.bundle.files().iter().chain(&self.further);
        files.map(|(path, stamp)| (path.as_str(), *stamp)).collect()
    }

    /// The JSON: the manifest of the bundle, and in `further` what the release has besides; a path that
    /// stands in both has the bytes that `further` says.
    pub fn text(&self) -> String {
        let further = self.further.iter().map(|(path, stamp)| {
            let blake3 = stamp.digest.hex();
            let size = stamp.size;
            (path.clone(), File { blake3, size })
        });
        let further = Further {
            further: further.collect(),
        };
        let further =
            serde_json::to_string_pretty(&further).expect("texts and numbers always serialise");
        // Both are objects: one goes on where the other ends.
        let bundle = self.bundle.manifest();
        let bundle = bundle.trim_end().trim_end_matches('}').trim_end();
        format!("{bundle},{}\n", &further[1..])
    }

    /// Reads a manifest. `None` for what the counterpart of this function would not write.
    pub fn read(text: &str) -> Option<Manifest> {
        let bundle = Bundle::from_manifest(text)?;
        let read: Further = serde_json::from_str(text).ok()?;
        let mut further = BTreeMap::new();
        for (path, file) in read.further {
            if !is_output_path(&path) {
                return None;
            }
            let digest = Digest::from_hex(&file.blake3)?;
            let size = file.size;
            further.insert(path, FileStamp { digest, size });
        }
        Some(Manifest { bundle, further })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> FileStamp {
        FileStamp::of_bytes(text.as_bytes())
    }

    #[test]
    fn manifests_go_both_ways_and_further_files_come_first() {
        let files = [("index.html", "x"), ("robots.txt", "no")];
        let files = files.map(|(path, text)| (path.to_string(), stamp(text)));
        let bundle = Bundle::new("n", "a", 1, 1, files.into_iter().collect());
        for further in [
            vec![],
            vec![("robots.txt", "yes"), ("_rb/a/assets/old.css", "o")],
        ] {
            let further = further.into_iter();
            let manifest = Manifest {
                bundle: bundle.clone(),
                further: further
                    .map(|(path, text)| (path.to_string(), stamp(text)))
                    .collect(),
            };
            let text = manifest.text();
            assert_eq!(Manifest::read(&text), Some(manifest.clone()), "{text}");
            assert_eq!(Bundle::from_manifest(&text), Some(bundle.clone()));
            let robots = match manifest.further.is_empty() {
                true => "no",
                false => "yes",
            };
            assert_eq!(manifest.files()["robots.txt"], stamp(robots));
        }
    }

    #[test]
    fn a_manifest_cannot_name_files_elsewhere() {
        let manifest = Manifest {
            bundle: Bundle::new("n", "a", 1, 1, BTreeMap::new()),
            further: BTreeMap::from([("../x".to_string(), stamp("x"))]),
        };
        assert_eq!(Manifest::read(&manifest.text()), None);
    }
}
