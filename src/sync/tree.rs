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
    let mut read = Vec::new();
    let mut unread = Vec::new();
    for entry in listed {
        match entry.kind {
            Kind::Folder => tree.add_folder(&entry.path),
            Kind::Link => tree.add(&entry.path, Blob::Link),
            Kind::File => match std::str::from_utf8(&entry.path).is_ok_and(is_text_of_site) {
                true => read.push(entry),
                false => unread.push(entry),
            },
        }
    }
    for (entries, wanted) in [(read, Wanted::Texts), (unread, Wanted::Sizes)] {
        ask(repository, &entries, wanted, |entry, answer| {
            let blob = match answer.bytes {
                Some(bytes) => Blob::Bytes(Arc::from(bytes)),
                None => Blob::Unread {
                    digest: stand_in(&entry.object),
                    size: answer.size,
                },
            };
            tree.add(&entry.path, blob);
        })?;
    }
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
            entry.kind == Kind::File && path.is_ok_and(|path| is_content(path) && wanted(path))
        })
        .collect();
    let mut texts = Texts::new();
    ask(repository, &read, Wanted::Texts, |entry, answer| {
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        if let Some(Ok(text)) = answer.bytes.map(String::from_utf8) {
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
    File,
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

/// What a commit has below some folders of its site.
fn listed(
    repository: &Repository,
    commit: &str,
    prefix: &str,
    rooms: &[&str],
) -> Result<Vec<Entry>, GitError> {
    let mut arguments: Vec<String> = ["ls-tree", "-r", "-z", "--full-tree"]
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

/// What follows the tab in `<mode> <type> <object>\t<path>`.
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
        (_, "blob") => Kind::File,
        _ => Kind::Folder,
    };
    Some(Entry {
        kind,
        object: object.to_string(),
        path: path.get(prefix..)?.to_vec(),
    })
}

/// From how many blobs on several processes read them, and how many at most: in a repository that is not
/// packed each is a file of its own.
const MANY: usize = 1000;
const MOST_PROCESSES: usize = 4;

/// What is asked of blobs. (A list of a tree with their sizes would open each once more.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// The bytes of what is no larger than a text may be.
    Texts,
    Sizes,
}

/// What git tells of a blob.
struct Answer {
    size: u64,
    /// `None` where they are not wanted, or more than a text may have.
    bytes: Option<Vec<u8>>,
}

/// Asks git about blobs, and takes the answers in the order of the entries.
fn ask(
    repository: &Repository,
    entries: &[Entry],
    wanted: Wanted,
    mut take: impl FnMut(&Entry, Answer),
) -> Result<(), GitError> {
    if entries.is_empty() {
        return Ok(());
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processes = (entries.len() / MANY + 1).min(cores).min(MOST_PROCESSES);
    let parts = entries.chunks(entries.len().div_ceil(processes));
    std::thread::scope(|scope| {
        let running: Vec<_> = parts
            .map(|part| (part, scope.spawn(move || ask_one(repository, part, wanted))))
            .collect();
        for (part, thread) in running {
            let answers = thread.join();
            let answers = answers.map_err(|_| strange("cat-file", "its answers cannot be read"))?;
            for (entry, answer) in part.iter().zip(answers?) {
                take(entry, answer);
            }
        }
        Ok(())
    })
}

/// Asks one process, about one blob after the other.
fn ask_one(
    repository: &Repository,
    entries: &[Entry],
    wanted: Wanted,
) -> Result<Vec<Answer>, GitError> {
    let how = match wanted {
        Wanted::Texts => "--batch",
        Wanted::Sizes => "--batch-check",
    };
    let failed = |error: std::io::Error| strange("cat-file", &error.to_string());
    let mut child = repository
        .command(&["cat-file", how, "--buffer"])
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
            let mut names = String::with_capacity(entries.len() * 41);
            for entry in entries {
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
        let answers = entries
            .iter()
            .map(|entry| read_answer(&mut stdout, entry, wanted));
        let read: std::io::Result<Vec<Answer>> = answers.collect();
        // Without a reader git ends, and with it the threads.
        drop(stdout);
        (read, complaints.join().unwrap_or_default())
    });
    child.wait().map_err(failed)?;
    match String::from_utf8_lossy(&complaints).trim() {
        "" => read.map_err(failed),
        said => read.map_err(|_| strange("cat-file", said)),
    }
}

/// One answer: `<object> blob <size>`, and where they are asked for the bytes and a line end.
fn read_answer(
    stdout: &mut impl BufRead,
    entry: &Entry,
    wanted: Wanted,
) -> std::io::Result<Answer> {
    let mut head = String::new();
    stdout.read_line(&mut head)?;
    let mut words = head.split_ascii_whitespace();
    let (object, kind, size) = (words.next(), words.next(), words.next());
    let size = size.and_then(|size| size.parse::<u64>().ok());
    let is_right = object == Some(entry.object.as_str()) && kind == Some("blob");
    let Some(size) = size.filter(|_| is_right) else {
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
    let bytes = match wanted {
        Wanted::Sizes => None,
        Wanted::Texts if size > MAX_TEXT_BYTES => {
            std::io::copy(&mut stdout.take(size + 1), &mut std::io::sink())?;
            None
        }
        Wanted::Texts => {
            let mut bytes = vec![0; size as usize + 1];
            stdout.read_exact(&mut bytes)?;
            bytes.pop();
            Some(bytes)
        }
    };
    Ok(Answer { size, bytes })
}

/// What git answered and should not have.
fn strange(command: &str, said: &str) -> GitError {
    GitError {
        command: format!("git {command}"),
        said: said.to_string(),
    }
}
