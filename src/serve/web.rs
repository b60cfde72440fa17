//! The bundles of a node as one web root: which there are, and what their `_headers` and `_redirects` say.

use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::files::{open_regular, read_all};
use super::rules::{BadLine, HeaderRule, Redirect, read_headers, read_redirects};
use crate::bundle::{Bundle, FileStamp, bundle_folder, manifest_path};
use crate::model::key_problem;
use crate::render::encode_path;

/// The bundles of a node, merged at its root.
#[derive(Clone, Debug)]
pub struct Web {
    pub node: String,
    /// The path that the root has on its host, without a trailing slash, as addresses have it: `/sub`, or
    /// nothing.
    pub base_path: String,
    /// The same, decoded.
    pub decoded_base: String,
    /// Sorted by app.
    pub bundles: Vec<WebBundle>,
    /// What cannot be followed in their rules.
    pub problems: Vec<RuleProblem>,
}

/// One bundle of a web root.
#[derive(Clone, Debug)]
pub struct WebBundle {
    pub app: String,
    out: PathBuf,
    /// Its root, below `out`.
    folder: String,
    /// What its manifest names. `None`: every file in its folder counts.
    manifest: Option<Bundle>,
    pub headers: Vec<HeaderRule>,
    pub redirects: Vec<Redirect>,
}

/// A bad line of a file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleProblem {
    /// The file, below the output folder.
    pub path: String,
    pub bad: BadLine,
}

/// The largest manifest and the largest file of rules that is read, in bytes.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

impl WebBundle {
    /// Whether it has a file that may be served.
    pub fn has(&self, path: &str) -> bool {
        self.open(path).is_ok()
    }

    /// Opens a file by its path below the bundle's root.
    pub fn open(&self, path: &str) -> io::Result<File> {
        let names = self.manifest.as_ref().map(Bundle::files);
        if names.is_some_and(|files| !files.contains_key(path)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        open_regular(&self.out, &format!("{}/{path}", self.folder))
    }

    /// What the manifest says of a file.
    pub fn stamp(&self, path: &str) -> Option<FileStamp> {
        self.manifest.as_ref()?.files().get(path).copied()
    }

    /// The files that the manifest names, whose paths begin with `prefix`.
    pub fn has_below(&self, prefix: &str) -> bool {
        let files = self.manifest.as_ref().map(Bundle::files);
        files.is_some_and(|files| {
            let mut from = files.range(prefix.to_string()..);
            from.next()
                .is_some_and(|(path, _)| path.starts_with(prefix))
        })
    }
}

impl Web {
    /// Where a look begins, as a path on its host, encoded: the root, or where that has no page, the
    /// shortest address of one that the manifests name.
    pub fn start(&self) -> String {
        let manifests = self
            .bundles
            .iter()
            .filter_map(|bundle| bundle.manifest.as_ref());
        let paths = manifests.flat_map(|bundle| bundle.files().keys());
        let folders = paths.filter_map(|path| path.strip_suffix("index.html"));
        let pages = folders.filter(|folder| folder.is_empty() || folder.ends_with('/'));
        let first = pages.min_by_key(|folder| (folder.len(), folder.to_string()));
        let folder = encode_path(first.unwrap_or_default());
        format!("{}/{folder}", self.base_path)
    }
}

/// The nodes that an output folder has bundles of, sorted.
pub fn nodes_of(out: &Path) -> io::Result<Vec<String>> {
    if fs::symlink_metadata(out)?.is_symlink() {
        return Err(io::Error::other("it is a symbolic link"));
    }
    let mut nodes = Vec::new();
    for entry in fs::read_dir(out)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && key_problem(&name).is_none() && !apps_of(out, &name).is_empty() {
            nodes.push(name);
        }
    }
    nodes.sort_unstable();
    Ok(nodes)
}

/// The apps of a node that have manifests, sorted.
fn apps_of(out: &Path, node: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(out.join(node)) else {
        return Vec::new();
    };
    let mut apps: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".json")?.to_string()))
        .filter(|app| key_problem(app).is_none())
        .collect();
    apps.sort_unstable();
    apps
}

/// The web root of a node with what its manifests name, as a deploy would put it; without bundles where
/// there is none. A manifest that is damaged names nothing.
pub fn web_of_manifests(out: &Path, node: &str, base_path: &str) -> Web {
    let manifests = apps_of(out, node).into_iter().filter_map(|app| {
        let text = read_text(out, &manifest_path(node, &app))?;
        let bundle = Bundle::from_manifest(&text)?;
        (bundle.node == node && bundle.app == app).then_some((app, Some(bundle)))
    });
    web(out, node, base_path, manifests)
}

/// The web root of a node with all that the folders of these apps have.
pub fn web_of_apps(out: &Path, node: &str, base_path: &str, apps: &[&str]) -> Web {
    let apps = apps.iter().map(|app| (app.to_string(), None));
    web(out, node, base_path, apps)
}

fn web(
    out: &Path,
    node: &str,
    base_path: &str,
    bundles: impl Iterator<Item = (String, Option<Bundle>)>,
) -> Web {
    let mut problems = Vec::new();
    let mut told = |path: &str, bad: Vec<BadLine>| {
        let path = path.to_string();
        problems.extend(bad.into_iter().map(|bad| RuleProblem {
            path: path.clone(),
            bad,
        }));
    };
    let bundles = bundles
        .map(|(app, manifest)| {
            let folder = bundle_folder(node, &app);
            let rules = |name: &str| {
                let path = format!("{folder}/{name}");
                let text = read_text(out, &path).unwrap_or_default();
                (path, text)
            };
            let (path, text) = rules("_headers");
            let (headers, bad) = read_headers(&text);
            told(&path, bad);
            let (path, text) = rules("_redirects");
            let (redirects, bad) = read_redirects(&text);
            told(&path, bad);
            WebBundle {
                app,
                out: out.to_path_buf(),
                folder,
                manifest,
                headers,
                redirects,
            }
        })
        .collect();
    Web {
        node: node.to_string(),
        base_path: base_path.to_string(),
        decoded_base: decoded(base_path),
        bundles,
        problems,
    }
}

fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

fn read_text(out: &Path, path: &str) -> Option<String> {
    let mut file = open_regular(out, path).ok()?;
    String::from_utf8(read_all(&mut file, MOST_BYTES).ok()?).ok()
}

/// What the file system tells of the manifests and rules of a node: as long as it tells the same, a
/// [`Web`] that was read is as it is.
pub fn state_of(out: &Path, node: &str) -> Vec<(String, [i64; 5])> {
    let mut state = Vec::new();
    for app in apps_of(out, node) {
        let folder = bundle_folder(node, &app);
        let paths = [
            manifest_path(node, &app),
            format!("{folder}/_headers"),
            format!("{folder}/_redirects"),
        ];
        for path in paths {
            if let Ok(found) = fs::symlink_metadata(out.join(&path)) {
                let told = [
                    found.mtime(),
                    found.mtime_nsec(),
                    found.ctime(),
                    found.ctime_nsec(),
                    found.ino() as i64,
                ];
                state.push((path, told));
            }
        }
    }
    state
}

#[cfg(test)]
impl Web {
    /// A web root whose bundles have these files and redirects, on no disk.
    pub fn of_texts(base_path: &str, bundles: &[(&str, &[&str], &str)]) -> Web {
        let bundle = |(app, files, redirects): &(&str, &[&str], &str)| {
            let stamp = FileStamp::of_bytes(b"");
            let files = files.iter().map(|path| (path.to_string(), stamp)).collect();
            let (redirects, bad) = read_redirects(redirects);
            assert_eq!(bad, []);
            WebBundle {
                app: app.to_string(),
                out: PathBuf::new(),
                folder: bundle_folder("n", app),
                manifest: Some(Bundle::new("n", app, 0, 0, files)),
                headers: Vec::new(),
                redirects,
            }
        };
        Web {
            node: "n".to_string(),
            base_path: base_path.to_string(),
            decoded_base: decoded(base_path),
            bundles: bundles.iter().map(bundle).collect(),
            problems: Vec::new(),
        }
    }
}
