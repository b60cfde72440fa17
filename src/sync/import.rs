//! Writes commits through `git fast-import`, each on the one before, and reads what is in their trees.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::failed;
use super::git::{GitError, Repository};
use super::message::Message;
use crate::db::Failure;
use crate::format::Texts;

/// Commits that are being written. Nothing of them is in the repository before the end.
pub struct Import {
    repository: Repository,
    prefix: String,
    /// The commit that the first one follows.
    base: Option<String>,
    /// The content files of the tree as it is now.
    paths: BTreeSet<String>,
    /// The texts that the commits so far have written.
    written: HashMap<String, String>,
    child: Child,
    stdin: BufWriter<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    ids: Vec<String>,
}

/// The branch that the commits are written on, which goes at the end: it is never the name of anything.
const BRANCH: &str = "refs/rbgen/import";

impl Import {
    /// Begins on a commit, or on nothing.
    pub fn begin(
        repository: &Repository,
        prefix: &str,
        base: Option<&str>,
    ) -> Result<Import, Failure> {
        let paths = match base {
            Some(base) => content_paths(repository, prefix, base).map_err(failed)?,
            None => BTreeSet::new(),
        };
        let arguments = [
            "fast-import",
            "--quiet",
            "--done",
            "--force",
            "--date-format=raw",
        ];
        let spawned = repository
            .command(&arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.map_err(|error| failed(GitError::not_run(&arguments, &error)))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(GitError::silent("git fast-import")));
        };
        Ok(Import {
            repository: repository.clone(),
            prefix: prefix.to_string(),
            base: base.map(str::to_string),
            paths,
            written: HashMap::new(),
            child,
            stdin: BufWriter::with_capacity(256 * 1024, stdin),
            stdout: BufReader::new(stdout),
            ids: Vec::new(),
        })
    }

    /// The content files of the tree, relative to the site.
    pub fn paths(&self) -> &BTreeSet<String> {
        &self.paths
    }

    /// The texts of files of the tree.
    pub fn read(&mut self, wanted: &BTreeSet<String>) -> Result<Texts, Failure> {
        let mut texts = Texts::new();
        let mut others = Vec::new();
        for path in wanted {
            match self.written.get(path) {
                Some(text) => {
                    texts.insert(path.clone(), text.clone());
                }
                None => others.push(path.as_str()),
            }
        }
        if let Some(base) = self.base.as_deref().filter(|_| !others.is_empty()) {
            let read = read_files(&self.repository, &self.prefix, base, &others);
            texts.extend(read.map_err(failed)?);
        }
        Ok(texts)
    }

    /// Adds a commit in which these files have other texts, or went. Gives its place among the ids.
    pub fn commit(
        &mut self,
        message: &Message,
        files: BTreeMap<String, Option<String>>,
    ) -> Result<usize, Failure> {
        let place = self.ids.len();
        match self.write_commit(message, &files) {
            Ok(id) => self.ids.push(id),
            Err(_) => return Err(self.died()),
        }
        for (path, text) in files {
            match text {
                Some(text) => {
                    self.paths.insert(path.clone());
                    self.written.insert(path, text);
                }
                None => {
                    self.paths.remove(&path);
                    self.written.remove(&path);
                }
            }
        }
        Ok(place)
    }

    fn write_commit(
        &mut self,
        message: &Message,
        files: &BTreeMap<String, Option<String>>,
    ) -> std::io::Result<String> {
        let out = &mut self.stdin;
        let Message {
            text,
            author,
            seconds,
        } = message;
        writeln!(out, "commit {BRANCH}\nmark :{}", self.ids.len() + 1)?;
        writeln!(out, "author {author} {seconds} +0000")?;
        writeln!(out, "committer {author} {seconds} +0000")?;
        writeln!(out, "data {}\n{text}", text.len())?;
        match (self.ids.last(), &self.base) {
            (Some(_), _) => writeln!(out, "from :{}", self.ids.len())?,
            (None, Some(base)) => writeln!(out, "from {base}")?,
            (None, None) => {}
        }
        for (path, text) in files {
            let path = quoted(&format!("{}{path}", self.prefix));
            match text {
                Some(text) => {
                    writeln!(out, "M 100644 inline {path}\ndata {}\n{text}", text.len())?;
                }
                None => writeln!(out, "D {path}")?,
            }
        }
        writeln!(out, "\nget-mark :{}", self.ids.len() + 1)?;
        out.flush()?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        match line.trim() {
            "" => Err(std::io::Error::other("no id")),
            id => Ok(id.to_string()),
        }
    }

    /// Ends it: the commits are in the repository, and no branch is.
    pub fn end(mut self) -> Result<Vec<String>, Failure> {
        // A branch that is reset to nothing goes (git fast-import, "reset").
        let zero = "0".repeat(self.ids.first().map_or(40, String::len));
        let ended = write!(self.stdin, "reset {BRANCH}\nfrom {zero}\n\ndone\n")
            .and_then(|()| self.stdin.flush());
        if ended.is_err() {
            return Err(self.died());
        }
        match self.child.wait() {
            Ok(status) if status.success() => Ok(std::mem::take(&mut self.ids)),
            _ => Err(self.died()),
        }
    }

    /// What git said before it ended.
    fn died(&mut self) -> Failure {
        let _ = self.child.kill();
        let mut said = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            let _ = stderr.read_to_string(&mut said);
        }
        let _ = self.child.wait();
        let first = said.lines().find(|line| !line.trim().is_empty());
        failed(GitError {
            command: "git fast-import".to_string(),
            said: first.unwrap_or("it ended").to_string(),
        })
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        // One that ended is gone already; of one that did not, nothing is to be left.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A path as fast-import reads it between quotes.
fn quoted(path: &str) -> String {
    let mut out = String::from("\"");
    for c in path.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The paths of the content files of a commit, relative to the site.
fn content_paths(
    repository: &Repository,
    prefix: &str,
    commit: &str,
) -> Result<BTreeSet<String>, GitError> {
    let folder = format!("{prefix}content/");
    let bytes = repository.bytes(&[
        "ls-tree",
        "-r",
        "-z",
        "--full-tree",
        "--name-only",
        commit,
        &folder,
    ])?;
    let paths = bytes.split(|byte| *byte == 0).filter_map(|path| {
        let path = std::str::from_utf8(path).ok()?;
        path.strip_prefix(prefix).map(str::to_string)
    });
    Ok(paths.filter(|path| !path.is_empty()).collect())
}

/// The texts of some files of a commit; those that are none, or not there, are missing.
fn read_files(
    repository: &Repository,
    prefix: &str,
    commit: &str,
    paths: &[&str],
) -> Result<Texts, GitError> {
    let mut names = String::new();
    for path in paths {
        // A name with a line end would be two.
        if !path.contains('\n') {
            names.push_str(&format!("{commit}:{prefix}{path}\n"));
        }
    }
    let bytes = repository.piped(&["cat-file", "--batch"], names.as_bytes())?;
    let mut rest = bytes.as_slice();
    let mut texts = Texts::new();
    for path in paths.iter().filter(|path| !path.contains('\n')) {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            break;
        };
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 1..];
        let mut words = head.rsplit(' ');
        let size = words.next().and_then(|size| size.parse::<usize>().ok());
        let (Some(size), Some("blob")) = (size, words.next()) else {
            continue;
        };
        if let Some(bytes) = rest.get(..size) {
            if let Ok(text) = String::from_utf8(bytes.to_vec()) {
                texts.insert(path.to_string(), text);
            }
            rest = rest.get(size + 1..).unwrap_or_default();
        }
    }
    Ok(texts)
}
