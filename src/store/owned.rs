//! Which files of an output folder are rbgen's: those of the manifests, and those of the journal that
//! a build keeps while it puts files in place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::read_bundle;
use crate::bundle::{Bundle, FileStamp, bundle_folder, is_output_path, manifest_path};
use crate::digest::Digest;
use crate::ledger::{Ledger, Written};
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
        let bytes = is_plain_file(path).then(|| fs::read(path).ok()).flatten()?;
        let entries: BTreeMap<String, Vec<(String, u64)>> = serde_json::from_slice(&bytes).ok()?;
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
pub struct Owned {
    out: PathBuf,
    ledger: Option<Arc<Ledger>>,
    /// Outputs of the ledger that are not as it says.
    damaged: BTreeSet<String>,
    /// By node and app, the bundles that have a manifest or are in the ledger, each read when it is
    /// first needed. A manifest that is damaged or foreign owns nothing.
    bundles: BTreeMap<(String, String), OnceLock<Option<Bundle>>>,
    /// What a build that did not finish had put, or was about to put, in place.
    pub journal: Stamps,
}

impl Owned {
    /// Looks for manifests, and reads the journal.
    pub fn read(
        out: &Path,
        journal: &Path,
        ledger: Option<Arc<Ledger>>,
        damaged: BTreeSet<String>,
    ) -> Owned {
        let manifests = manifests(out).into_iter();
        let mut bundles: BTreeMap<_, _> = manifests
            .map(|bundle| (bundle, OnceLock::default()))
            .collect();
        for (node, app, _) in ledger.iter().flat_map(|ledger| ledger.bundles()) {
            if is_link(&out.join(node)) {
                continue;
            }
            bundles
                .entry((node.to_string(), app.to_string()))
                .or_default();
        }
        Owned {
            out: out.to_path_buf(),
            ledger,
            damaged,
            bundles,
            journal: Journal::read(journal).unwrap_or_default(),
        }
    }

    /// Node and app of every bundle that is ours.
    pub fn bundles(&self) -> impl Iterator<Item = (&str, &str)> {
        let ours = self
            .bundles
            .keys()
            .filter(|(node, app)| self.bundle(node, app).is_some());
        ours.map(|(node, app)| (node.as_str(), app.as_str()))
    }

    /// What a manifest says; where it is damaged, what the ledger says.
    pub fn bundle(&self, node: &str, app: &str) -> Option<&Bundle> {
        let key = (node.to_string(), app.to_string());
        let read = || read_bundle(&self.out, node, app).or_else(|| self.remembered(node, app));
        self.bundles.get(&key)?.get_or_init(read).as_ref()
    }

    fn remembered(&self, node: &str, app: &str) -> Option<Bundle> {
        let ledger = self.ledger.as_ref()?;
        ledger.output(&manifest_path(node, app))?;
        let folder = format!("{}/", bundle_folder(node, app));
        let outputs = ledger.outputs(&folder);
        let files =
            outputs.map(|(path, written)| (path[folder.len()..].to_string(), written.stamp));
        Some(Bundle::new(node, app, 0, 0, files.collect()))
    }

    /// What the ledger says of an output that is as it says.
    pub fn in_ledger(&self, path: &str) -> Option<Written> {
        let written = self.ledger.as_ref()?.output(path)?;
        (!self.damaged.contains(path)).then_some(written)
    }

    /// What a manifest says of an output, by its path relative to the output folder.
    pub fn in_manifests(&self, path: &str) -> Option<FileStamp> {
        let mut parts = path.splitn(3, '/');
        let (node, app, rest) = (parts.next()?, parts.next()?, parts.next()?);
        self.bundle(node, app)?.files().get(rest).copied()
    }

    /// All that rbgen may have put at an output.
    pub fn stamps(&self, path: &str) -> Vec<FileStamp> {
        let journal = self.journal.get(path).into_iter().flatten().copied();
        self.in_manifests(path).into_iter().chain(journal).collect()
    }

    /// Every output that is ours and that `keep` does not want, with all that may stand there.
    pub fn but(&self, keep: impl Fn(&str) -> bool) -> Stamps {
        let mut others = Stamps::new();
        for (node, app) in self.bundles() {
            let folder = bundle_folder(node, app);
            for path in self
                .bundle(node, app)
                .into_iter()
                .flat_map(|bundle| bundle.files().keys())
            {
                let path = format!("{folder}/{path}");
                if !keep(&path) {
                    others.insert(path, Vec::new());
                }
            }
        }
        others.extend(
            self.journal
                .keys()
                .filter(|path| !keep(path))
                .map(|path| (path.clone(), Vec::new())),
        );
        for (path, stamps) in &mut others {
            *stamps = self.stamps(path);
        }
        others
    }
}

/// Node and app of everything in an output folder that may be a manifest.
pub fn manifests(out: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for node in names(out) {
        if is_link(&out.join(&node)) {
            continue;
        }
        for file in names(&out.join(&node)) {
            if let Some(app) = file.strip_suffix(".json")
                && is_plain_file(&out.join(manifest_path(&node, app)))
            {
                found.push((node.clone(), app.to_string()));
            }
        }
    }
    found
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
