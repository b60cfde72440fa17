//! A tree of files in memory, as git has them, that reads like a folder on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Bound;
use std::sync::Arc;

use rustix::io::Errno;

use super::{
    Found, MAX_TEXT_BYTES, bad_name, is_bad_name, no_folder, no_regular_file, not_utf8_name,
    symlink, text_of, too_large, unreadable,
};
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::digest::Digest;
use crate::format::is_passed_over;
use crate::model::FileStat;

/// What stands at a path of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blob {
    /// A file with these bytes.
    Bytes(Arc<[u8]>),
    /// A file that nobody reads: one that is only copied, or is larger than a text may be.
    Unread {
        /// Stands for its content: equal content has equal digests, and other content another. It need
        /// not be the digest of the bytes, so nothing may be published under it.
        digest: Digest,
        size: u64,
    },
    /// A symbolic link.
    Link,
}

impl Blob {
    fn size(&self) -> Option<u64> {
        match self {
            Blob::Bytes(bytes) => Some(bytes.len() as u64),
            Blob::Unread { size, .. } => Some(*size),
            Blob::Link => None,
        }
    }
}

/// A tree of files. No path in it leads through a file or a link.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    name: String,
    files: BTreeMap<String, Blob>,
    /// All folders but the tree itself.
    folders: BTreeSet<String>,
    /// The names that are not UTF-8, as people see them, with the folders that they are in.
    not_utf8: BTreeSet<(String, String)>,
}

impl Tree {
    /// A tree without files; `name` is what people call it.
    pub fn new(name: impl Into<String>) -> Tree {
        Tree {
            name: name.into(),
            ..Tree::default()
        }
    }

    /// A tree of these files, by path.
    pub fn of_files(name: impl Into<String>, files: BTreeMap<String, Blob>) -> Tree {
        let mut tree = Tree::new(name);
        for path in files.keys() {
            tree.add_folders_above(path);
        }
        tree.files = files;
        tree
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands at a path.
    pub fn get(&self, path: &str) -> Option<&Blob> {
        self.files.get(path)
    }

    /// Adds a file or a link. Of a path that is not UTF-8 only the name that is at fault is kept, to be
    /// told of.
    pub fn add(&mut self, path: &[u8], blob: Blob) {
        if let Some(path) = self.in_utf8(path) {
            self.add_folders_above(path);
            self.files.insert(path.to_string(), blob);
        }
    }

    /// Adds a folder that may have no files.
    pub fn add_folder(&mut self, path: &[u8]) {
        if let Some(path) = self.in_utf8(path) {
            self.add_folders_above(path);
            self.folders.insert(path.to_string());
        }
    }

    /// A path, if it is UTF-8; else its first name that is not is noted.
    fn in_utf8<'p>(&mut self, path: &'p [u8]) -> Option<&'p str> {
        if let Ok(path) = std::str::from_utf8(path) {
            return Some(path);
        }
        let mut above = String::new();
        for name in path.split(|byte| *byte == b'/') {
            match std::str::from_utf8(name) {
                Ok(name) if above.is_empty() => above = name.to_string(),
                Ok(name) => above = format!("{above}/{name}"),
                Err(_) => {
                    let shown = String::from_utf8_lossy(name).into_owned();
                    self.add_folders_above(&format!("{above}/"));
                    self.not_utf8.insert((above, shown));
                    break;
                }
            }
        }
        None
    }

    fn add_folders_above(&mut self, path: &str) {
        let mut folder = path;
        // Where a folder is known, so are those above it.
        while let Some((above, _)) = folder.rsplit_once('/')
            && !self.folders.contains(above)
        {
            self.folders.insert(above.to_string());
            folder = above;
        }
    }

    /// As [`super::Folder::list`].
    pub fn list(&self, folder: &str, hidden: bool, diagnostics: &mut Diagnostics) -> Vec<Found> {
        if let Err(diagnostic) = self.way_to(folder) {
            diagnostics.push(diagnostic);
            return Vec::new();
        }
        match self.files.get(folder) {
            Some(Blob::Link) => diagnostics.push(symlink(folder)),
            Some(_) => diagnostics.push(no_folder(folder)),
            None => {}
        }
        let prefix = format!("{folder}/");
        let passed_over = |path: &str| !hidden && path.split('/').any(is_passed_over);
        for (above, name) in &self.not_utf8 {
            let below = match above == folder {
                true => Some(""),
                false => above.strip_prefix(&prefix),
            };
            if below.is_some_and(|below| !passed_over(below)) {
                diagnostics.push(not_utf8_name(above, name));
            }
        }
        let mut found = Vec::new();
        for (path, blob) in below(&self.files, &prefix) {
            if passed_over(&path[prefix.len()..]) {
                continue;
            }
            let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
            match blob.size() {
                None => diagnostics.push(symlink(path)),
                Some(_) if is_bad_name(name) => diagnostics.push(bad_name(above, name)),
                Some(size) => found.push(Found {
                    path: path.clone(),
                    stat: stat_of_size(size),
                }),
            }
        }
        found
    }

    /// As [`super::Folder::stat`].
    pub fn stat(&self, path: &str) -> Option<FileStat> {
        self.files.get(path)?.size().map(stat_of_size)
    }

    /// As [`super::Folder::subfolders`].
    pub fn subfolders(&self, folder: &str, diagnostics: &mut Diagnostics) -> Vec<String> {
        match self.files.get(folder) {
            Some(Blob::Link) => {
                diagnostics.push(symlink(folder));
                return Vec::new();
            }
            Some(_) => {
                diagnostics.push(unreadable(folder, &io::Error::from(Errno::NOTDIR)));
                return Vec::new();
            }
            None => {}
        }
        if let Err(diagnostic) = self.way_to(folder) {
            diagnostics.push(diagnostic);
            return Vec::new();
        }
        let prefix = format!("{folder}/");
        let is_here = |path: &str| {
            let name = &path[prefix.len()..];
            !name.contains('/') && !is_passed_over(name)
        };
        for (path, blob) in below(&self.files, &prefix) {
            if *blob == Blob::Link && is_here(path) {
                diagnostics.push(symlink(path));
            }
        }
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        self.folders
            .range::<str, _>(from)
            .take_while(|path| path.starts_with(&prefix))
            .filter(|path| is_here(path))
            .map(|path| path[prefix.len()..].to_string())
            .collect()
    }

    /// As [`super::Folder::read_text`].
    pub fn read_text(&self, path: &str) -> Result<String, Diagnostic> {
        match self.regular(path)? {
            blob if blob.size().is_some_and(|size| size > MAX_TEXT_BYTES) => {
                Err(too_large(path, blob.size().unwrap_or_default()))
            }
            Blob::Bytes(bytes) => text_of(path, bytes.to_vec()),
            Blob::Unread { .. } | Blob::Link => Err(Diagnostic::error(
                code::UNREADABLE,
                Place::whole(path),
                format!("`{path}` is no text of a site: it is only copied"),
            )),
        }
    }

    /// As [`super::Folder::digest`].
    pub fn digest(&self, path: &str) -> Result<(Digest, u64), Diagnostic> {
        match self.regular(path)? {
            Blob::Bytes(bytes) => Ok((Digest::of_bytes(bytes), bytes.len() as u64)),
            Blob::Unread { digest, size } => Ok((*digest, *size)),
            Blob::Link => Err(symlink(path)),
        }
    }

    /// A file, which is no link.
    fn regular(&self, path: &str) -> Result<&Blob, Diagnostic> {
        match self.files.get(path) {
            Some(Blob::Link) => Err(symlink(path)),
            Some(blob) => Ok(blob),
            None if self.folders.contains(path) => Err(no_regular_file(path)),
            None => {
                self.way_to(path)?;
                Err(unreadable(path, &io::Error::from(Errno::NOENT)))
            }
        }
    }

    /// Fails where a link or a file stands above a path.
    fn way_to(&self, path: &str) -> Result<(), Diagnostic> {
        for (slash, _) in path.match_indices('/') {
            match self.files.get(&path[..slash]) {
                None => {}
                Some(Blob::Link) => return Err(symlink(&path[..slash])),
                Some(_) => return Err(unreadable(path, &io::Error::from(Errno::NOTDIR))),
            }
        }
        Ok(())
    }
}

/// The files whose paths begin with a prefix.
fn below<'t>(
    files: &'t BTreeMap<String, Blob>,
    prefix: &str,
) -> impl Iterator<Item = (&'t String, &'t Blob)> {
    let prefix = prefix.to_string();
    let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
    let rest = files.range::<str, _>(from);
    rest.take_while(move |(path, _)| path.starts_with(&prefix))
}

fn stat_of_size(size: u64) -> FileStat {
    FileStat {
        size,
        ..FileStat::default()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;
    use crate::files::Folder;

    fn text(text: &str) -> Blob {
        Blob::Bytes(Arc::from(text.as_bytes()))
    }

    /// The same files on disk and in a tree.
    fn both(files: &[(&[u8], Blob)]) -> (tempfile::TempDir, Folder, Folder) {
        let root = tempfile::tempdir().expect("a folder");
        let mut tree = Tree::new("a tree");
        for (path, blob) in files {
            let place = root.path().join(std::ffi::OsStr::from_bytes(path));
            std::fs::create_dir_all(place.parent().expect("below the root")).expect("made");
            match blob {
                Blob::Bytes(bytes) => std::fs::write(place, bytes).expect("written"),
                Blob::Unread { size, .. } => std::fs::File::create(place)
                    .and_then(|file| file.set_len(*size))
                    .expect("written"),
                Blob::Link => std::os::unix::fs::symlink("nowhere", place).expect("linked"),
            }
            tree.add(path, blob.clone());
        }
        let disk = Folder::new(root.path());
        (root, disk, Folder::of_tree(tree))
    }

    fn said(diagnostics: Diagnostics) -> Vec<String> {
        let mut said: Vec<String> = diagnostics.iter().map(|d| format!("{d:?}")).collect();
        said.sort();
        said
    }

    #[test]
    fn a_tree_reads_like_a_folder() {
        let huge = Blob::Unread {
            digest: Digest::of_bytes(b"huge"),
            size: MAX_TEXT_BYTES + 1,
        };
        let (_root, disk, tree) = both(&[
            (b"robbieblocks.toml", text("[site]\n")),
            (b"a/one.toml", text("1")),
            (b"a/one/two.toml", text("2")),
            (b"a/one-more/three.toml", text("3")),
            (b"a/.hidden/four.toml", text("4")),
            (b"a/.hidden/\xff.toml", text("4")),
            (b"a/edited.toml~", text("5")),
            (b"a/caf\xe9/six.toml", text("6")),
            (b"a/caf\xe9/seven.toml", text("7")),
            (b"a/new\nline.toml", text("8")),
            (b"a/new\nfolder/nine.toml", text("9")),
            (b"a/back\\slash", text("10")),
            (b"a/latin", Blob::Bytes(Arc::from(&b"a\nb\xff"[..]))),
            (b"a/huge.md", huge),
            (b"a/link", Blob::Link),
            (b"a/.link", Blob::Link),
            (b"b", Blob::Link),
            (b"c", text("no folder")),
            (b"d/only/\xfe/x", text("x")),
        ]);
        let folders = [
            "a",
            "a/one",
            "a/link",
            "a/.hidden",
            "b",
            "b/x",
            "c",
            "c/x",
            "d",
            "e",
            "e/x",
            "d/only",
        ];
        for folder in folders {
            for hidden in [false, true] {
                let (mut one, mut other) = (Diagnostics::new(), Diagnostics::new());
                let listed = |found: Vec<Found>| -> Vec<(String, u64)> {
                    let found = found.into_iter();
                    found.map(|found| (found.path, found.stat.size)).collect()
                };
                assert_eq!(
                    listed(disk.list(folder, hidden, &mut one)),
                    listed(tree.list(folder, hidden, &mut other)),
                    "{folder}"
                );
                assert_eq!(said(one), said(other), "{folder}");
            }
            let (mut one, mut other) = (Diagnostics::new(), Diagnostics::new());
            assert_eq!(
                disk.subfolders(folder, &mut one),
                tree.subfolders(folder, &mut other),
                "{folder}"
            );
            assert_eq!(said(one), said(other), "{folder}");
        }
        let files = [
            "robbieblocks.toml",
            "a",
            "a/one.toml",
            "a/one",
            "a/none",
            "a/latin",
            "a/huge.md",
            "a/link",
            "b",
            "c/x",
        ];
        for path in files {
            assert_eq!(disk.has_file(path), tree.has_file(path), "{path}");
            assert_eq!(
                disk.stat(path).map(|stat| stat.size),
                tree.stat(path).map(|stat| stat.size)
            );
            assert_eq!(disk.read_text(path), tree.read_text(path), "{path}");
            let digest = |folder: &Folder| {
                let asset = folder.digest(path)?;
                Ok::<_, Diagnostic>(match path {
                    "a/huge.md" => (asset.origin, None, asset.size),
                    _ => (asset.origin, Some(asset.digest), asset.size),
                })
            };
            assert_eq!(digest(&disk), digest(&tree), "{path}");
        }
    }

    #[test]
    fn files_by_path_are_a_tree() {
        let files = [("a/b/c", "1"), ("a/d", "2")];
        let files = files.map(|(path, bytes)| (path.to_string(), text(bytes)));
        let tree = Tree::of_files("a tree", BTreeMap::from(files));
        let mut diagnostics = Diagnostics::new();
        assert_eq!(tree.subfolders("a", &mut diagnostics), ["b"]);
        assert_eq!(tree.list("a", false, &mut diagnostics).len(), 2);
        assert!(diagnostics.is_empty());
        assert_eq!(tree.read_text("a/d").as_deref(), Ok("2"));
    }
}
