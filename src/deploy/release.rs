//! A release as a value: which files it has, and where the bytes of each come from. Pure.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::pointers::{is_preview, preview_of};
use crate::bundle::{Bundle, FileStamp};

/// A release to be made.
pub struct Release<'a> {
    /// Its name: the build hash of the bundle, or that of a preview.
    pub name: String,
    /// The folder of the bundle in the output.
    root: PathBuf,
    /// The bundle that was built.
    pub bundle: &'a Bundle,
    /// All of its files: those of the bundle, of which a preview replaces some, and the assets of other
    /// releases that pages in browsers may still ask for.
    pub files: BTreeMap<String, (FileStamp, Origin)>,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the folder of the bundle in the output.
    Built(PathBuf),
    /// In a release that the target has.
    Release(String),
    /// Here.
    Bytes(Vec<u8>),
}

/// Whether a file of a bundle has a name with its digest, so that it is the same wherever it is.
fn is_immutable(path: &str, app: &str) -> bool {
    let below = path
        .strip_prefix("_rb/")
        .and_then(|rest| rest.strip_prefix(app));
    below.is_some_and(|rest| rest.starts_with("/assets/"))
}

/// The release of a bundle that lies in `out`, at a target that has releases of `others`, by name, with
/// the live one last: what they have is not sent again, and their assets stay to be had.
pub fn release_of<'a>(
    out: &Path,
    bundle: &'a Bundle,
    preview: bool,
    others: &[(String, Bundle)],
) -> Release<'a> {
    let root = out.join(bundle.folder());
    let has = |path: &str, stamp: &FileStamp| {
        let holder = others.iter().rev().find(|(name, other)| {
            let is_own = is_preview(name) && REPLACED.contains(&path);
            !is_own && other.files().get(path) == Some(stamp)
        });
        holder.map(|(name, _)| Origin::Release(name.clone()))
    };
    let mut files = BTreeMap::new();
    for (path, stamp) in bundle.files() {
        let origin = has(path, stamp).unwrap_or_else(|| Origin::Built(root.join(path)));
        files.insert(path.clone(), (*stamp, origin));
    }
    for (name, other) in others {
        for (path, stamp) in other.files() {
            if is_immutable(path, &bundle.app) && !files.contains_key(path) {
                files.insert(path.clone(), (*stamp, Origin::Release(name.clone())));
            }
        }
    }
    let hash = bundle.build_hash().hex();
    let name = match preview {
        true => preview_of(&hash),
        false => hash,
    };
    Release {
        name,
        root,
        bundle,
        files,
    }
}

impl Release<'_> {
    /// Where the build put a file of the bundle.
    pub fn built(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

/// The files of a bundle in whose place a preview has its own.
const REPLACED: [&str; 2] = ["_headers", "robots.txt"];

/// The header that keeps a preview out of search engines
/// (developers.google.com, "Block Search indexing with noindex").
const NO_INDEX: &str = "  X-Robots-Tag: noindex\n";

/// Makes a release one that search engines leave out: its headers say so, and crawlers are let in to see
/// them. `headers` is what the bundle has.
pub fn hide_from_search(release: &mut Release<'_>, headers: &str) {
    let mut lines = headers.splitn(2, '\n');
    // The first rule is the one for all paths.
    let (rule, rest) = (lines.next().unwrap_or("/*"), lines.next().unwrap_or(""));
    let headers = format!("{rule}\n{NO_INDEX}{rest}").into_bytes();
    let robots = b"User-agent: *\nAllow: /\n".to_vec();
    for (path, bytes) in REPLACED.into_iter().zip([headers, robots]) {
        let stamp = FileStamp::of_bytes(&bytes);
        release
            .files
            .insert(path.to_string(), (stamp, Origin::Bytes(bytes)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(files: &[(&str, &str)]) -> Bundle {
        let files = files
            .iter()
            .map(|(path, text)| (path.to_string(), FileStamp::of_bytes(text.as_bytes())));
        Bundle::new("n", "play", 1, 1, files.collect())
    }

    #[test]
    fn what_the_target_has_is_not_sent_and_old_assets_stay() {
        let old = bundle(&[
            ("index.html", "old"),
            ("same.html", "same"),
            ("_rb/play/assets/a.1.css", "a"),
            ("_rb/play/tokens.css", "t"),
        ]);
        let new = bundle(&[("index.html", "new"), ("same.html", "same")]);
        let others = [("r".to_string(), old)];
        let release = release_of(Path::new("/out"), &new, false, &others);
        let origins: Vec<(&str, &Origin)> = release
            .files
            .iter()
            .map(|(path, (_, origin))| (path.as_str(), origin))
            .collect();
        let there = Origin::Release("r".to_string());
        assert_eq!(
            origins,
            [
                ("_rb/play/assets/a.1.css", &there),
                (
                    "index.html",
                    &Origin::Built("/out/n/play/index.html".into())
                ),
                ("same.html", &there),
            ]
        );
        assert_eq!(release.name, new.build_hash().hex());
    }

    #[test]
    fn a_preview_says_that_it_is_none_for_search_engines() {
        let new = bundle(&[("_headers", "/*\n  A: b\n"), ("robots.txt", "x")]);
        let mut release = release_of(Path::new("/out"), &new, true, &[]);
        hide_from_search(&mut release, "/*\n  A: b\n/x\n  C: d\n");
        let Origin::Bytes(headers) = &release.files["_headers"].1 else {
            panic!("not replaced");
        };
        assert_eq!(
            String::from_utf8_lossy(headers),
            "/*\n  X-Robots-Tag: noindex\n  A: b\n/x\n  C: d\n"
        );
        assert!(release.name.ends_with(".preview"));
    }
}
