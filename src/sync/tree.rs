//! The tree of a commit: its texts, and its site, which loads as from a folder on disk.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::sync::Arc;

use super::git::{GitError, Repository};
use crate::digest::{Digest, Hasher};
use crate::files::{Blob, Folder, MAX_TEXT_BYTES, Tree};
use crate::format::{COMPONENTS, NODES, PAGES, TOKENS, Texts, below};
use crate::load::{self, CONFIG_FILE, Located};
use crate::model::Site;

/// The site of a commit, and what is wrong with it.
pub struct Checked {
    pub folder: Folder,
    /// `None` only where robbieblocks.toml itself cannot be used.
    pub site: Option<Site>,
    /// With their places in the texts of the commit.
    pub diagnostics: Vec<Located>,
}

/// Loads the site of a commit, as far as it can be understood. `prefix` is the folder of the site in
/// the repository, and empty where it is the whole.
pub fn check_commit(
    repository: &Repository,
    commit: &str,
    prefix: &str,
) -> Result<Checked, GitError> {
    let folder = folder_of_commit(repository, commit, prefix)?;
    let loaded = load::load_site(&folder);
    let diagnostics = load::locate(&folder, loaded.diagnostics);
    Ok(Checked {
        site: loaded.site,
        diagnostics,
        folder,
    })
}

/// The site of a commit as a folder that can be loaded. What is only copied, and what is larger than a
/// text may be, is not read: its digest is made of its name in git, and is not that of its bytes.
/// A submodule is an empty folder, as it is in a fresh clone.
pub fn folder_of_commit(
    repository: &Repository,
    commit: &str,
    prefix: &str,
) -> Result<Folder, GitError> {
    let prefix = as_prefix(prefix);
    let listed = listed(repository, commit, &prefix, &ROOMS_OF_A_SITE)?;
    let name = match prefix.trim_end_matches('/') {
        "" => format!("commit {}", short(commit)),
        folder => format!("{folder} of commit {}", short(commit)),
    };
    let mut tree = Tree::new(name);
    let (read, unread): (Vec<Entry>, Vec<Entry>) = listed.into_iter().partition(|entry| {
        let path = std::str::from_utf8(&entry.path);
        entry.is_small() && path.is_ok_and(is_text_of_site)
    });
    for entry in unread {
        match entry.kind {
            Kind::Folder => tree.add_folder(&entry.path),
            Kind::Link => tree.add(&entry.path, Blob::Link),
            Kind::File { size } => {
                let digest = stand_in(&entry.object);
                tree.add(&entry.path, Blob::Unread { digest, size });
            }
        }
    }
    read_blobs(repository, &read, |entry, bytes| {
        tree.add(&entry.path, Blob::Bytes(Arc::from(bytes)));
    })?;
    Ok(Folder::of_tree(tree))
}

/// The texts of the files of content that are `wanted` by their path in the site. What is no text
/// (another encoding, too large, a link) is passed over: [`check_commit`] tells of it.
pub fn texts_of_commit(
    repository: &Repository,
    commit: &str,
    prefix: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Texts, GitError> {
    let prefix = as_prefix(prefix);
    let listed = listed(repository, commit, &prefix, &["content"])?;
    let read: Vec<Entry> = listed
        .into_iter()
        .filter(|entry| {
            let path = std::str::from_utf8(&entry.path);
            entry.is_small() && path.is_ok_and(|path| is_content(path) && wanted(path))
        })
        .collect();
    let mut texts = Texts::new();
    read_blobs(repository, &read, |entry, bytes| {
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        if let Ok(text) = String::from_utf8(bytes) {
            texts.insert(path, text);
        }
    })?;
    Ok(texts)
}

/// The digest that stands for a blob by its name in git.
fn stand_in(object: &str) -> Digest {
    Hasher::new("git blob").text(object).finish()
}

/// What stands in the folder of a site and belongs to it.
const ROOMS_OF_A_SITE: [&str; 4] = [CONFIG_FILE, "content", "static", "themes"];

/// Whether loading reads the text of a file.
fn is_text_of_site(path: &str) -> bool {
    if path == CONFIG_FILE || is_content(path) {
        return true;
    }
    let mut parts = path.split('/');
    parts.next() == Some("themes")
        && parts.next().is_some()
        && parts.next().is_some_and(|room| room != "assets")
}

fn is_content(path: &str) -> bool {
    [PAGES, COMPONENTS, TOKENS, NODES]
        .iter()
        .any(|folder| below(path, folder).is_some())
}

/// The folder of a site in its repository with a `/` behind it, unless it is the whole.
fn as_prefix(folder: &str) -> String {
    match folder.trim_matches('/') {
        "" | "." => String::new(),
        folder => format!("{folder}/"),
    }
}

/// The first digits of a commit's name, and other words for it as they are.
fn short(commit: &str) -> &str {
    let is_name = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_name {
        true => &commit[..10],
        false => commit,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File {
        size: u64,
    },
    Link,
    /// A submodule: a folder whose files are in another repository.
    Folder,
}

/// What a tree has at a path.
#[derive(Clone, Debug)]
struct Entry {
    kind: Kind,
    object: String,
    /// From the folder of the site.
    path: Vec<u8>,
}

impl Entry {
    /// Whether it is a file that is no larger than a text may be.
    fn is_small(&self) -> bool {
        matches!(self.kind, Kind::File { size } if size <= MAX_TEXT_BYTES)
    }
}

/// What a commit has below some folders of its site.
fn listed(
    repository: &Repository,
    commit: &str,
    prefix: &str,
    rooms: &[&str],
) -> Result<Vec<Entry>, GitError> {
    let mut arguments: Vec<String> = ["ls-tree", "-r", "-l", "-z", "--full-tree"]
        .map(String::from)
        .to_vec();
    arguments.extend(["--end-of-options".into(), commit.into(), "--".into()]);
    arguments.extend(rooms.iter().map(|path| format!("{prefix}{path}")));
    let bytes = repository.bytes(&arguments)?;
    let lines = bytes.split(|byte| *byte == 0);
    lines
        .filter(|line| !line.is_empty())
        .filter(|line| path_of(line).is_some_and(|path| path.starts_with(prefix.as_bytes())))
        .map(|line| {
            entry_of(line, prefix.len()).ok_or_else(|| {
                let line = String::from_utf8_lossy(line);
                strange("ls-tree", &format!("the line `{line}`"))
            })
        })
        .collect()
}

/// What follows the tab in `<mode> <type> <object> <size>\t<path>`.
fn path_of(line: &[u8]) -> Option<&[u8]> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    Some(&line[tab + 1..])
}

fn entry_of(line: &[u8], prefix: usize) -> Option<Entry> {
    let path = path_of(line)?;
    let words = std::str::from_utf8(&line[..line.len() - path.len() - 1]).ok()?;
    let mut words = words.split_ascii_whitespace();
    let (mode, kind, object) = (words.next()?, words.next()?, words.next()?);
    let kind = match (mode, kind) {
        ("120000", _) => Kind::Link,
        (_, "blob") => Kind::File {
            size: words.next()?.parse().ok()?,
        },
        _ => Kind::Folder,
    };
    Some(Entry {
        kind,
        object: object.to_string(),
        path: path.get(prefix..)?.to_vec(),
    })
}

/// Reads blobs, one after the other and each whole, in the order in which they are asked for.
fn read_blobs(
    repository: &Repository,
    wanted: &[Entry],
    mut take: impl FnMut(&Entry, Vec<u8>),
) -> Result<(), GitError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let failed = |error: std::io::Error| strange("cat-file", &error.to_string());
    let mut child = repository
        .command(&["cat-file", "--batch", "--buffer"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| GitError {
            command: "git cat-file".into(),
            said: format!("it cannot be run: {error}"),
        })?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(stdout), Some(mut stderr)) = (stdin, stdout, stderr) else {
        return Err(strange("cat-file", "no pipes"));
    };
    // Asked and read at the same time, and its complaints too: a full pipe would stop both sides.
    let (read, complaints) = std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut names = String::with_capacity(wanted.len() * 41);
            for entry in wanted {
                names += &entry.object;
                names.push('\n');
            }
            // That git read no more is told by what it answers.
            let _ = stdin.write_all(names.as_bytes());
        });
        let complaints = scope.spawn(move || {
            let mut said = Vec::new();
            let _ = stderr.read_to_end(&mut said);
            said
        });
        let mut stdout = BufReader::with_capacity(64 * 1024, stdout);
        let read = wanted.iter().try_for_each(|entry| {
            let bytes = read_answer(&mut stdout, entry).map_err(failed)?;
            take(entry, bytes);
            Ok(())
        });
        // Without a reader git ends, and with it the threads.
        drop(stdout);
        (read, complaints.join().unwrap_or_default())
    });
    child.wait().map_err(failed)?;
    match String::from_utf8_lossy(&complaints).trim() {
        "" => read,
        said => read.map_err(|_| strange("cat-file", said)),
    }
}

/// One answer: `<object> blob <size>`, the bytes, and a line end.
fn read_answer(stdout: &mut impl BufRead, entry: &Entry) -> std::io::Result<Vec<u8>> {
    let mut head = String::new();
    stdout.read_line(&mut head)?;
    let mut words = head.split_ascii_whitespace();
    let (object, kind, size) = (words.next(), words.next(), words.next());
    let size = size.and_then(|size| size.parse::<u64>().ok());
    let Some(size) = size.filter(|size| {
        object == Some(entry.object.as_str())
            && kind == Some("blob")
            && entry.kind == Kind::File { size: *size }
    }) else {
        let what = match head.trim_end() {
            "" => "it ended before it had answered".to_string(),
            head => format!("it answered `{head}`"),
        };
        return Err(std::io::Error::other(format!(
            "{what} for `{}`, the object {}",
            String::from_utf8_lossy(&entry.path),
            entry.object
        )));
    };
    let mut bytes = vec![0; size as usize + 1];
    stdout.read_exact(&mut bytes)?;
    bytes.pop();
    Ok(bytes)
}

/// What git answered and should not have.
fn strange(command: &str, said: &str) -> GitError {
    GitError {
        command: format!("git {command}"),
        said: said.to_string(),
    }
}
