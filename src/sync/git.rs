//! Runs git: what a repository is asked, and what is written into it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Git did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitError {
    /// What was asked, for people: `git merge-base`.
    pub command: String,
    /// What git said.
    pub said: String,
}

/// A repository, asked through the `git` of the system.
#[derive(Clone, Debug)]
pub struct Repository {
    folder: PathBuf,
}

impl Repository {
    /// The repository that a folder belongs to: its work tree, a folder in that, or a bare one.
    pub fn at(folder: impl Into<PathBuf>) -> Repository {
        Repository {
            folder: folder.into(),
        }
    }

    /// The folder that git is run in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A git command in this repository, that reads no terminal.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new("git");
        command
            .current_dir(&self.folder)
            .args(arguments)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }

    /// What a command prints, as it is. Fails unless it ends well.
    pub fn bytes<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Vec<u8>, GitError> {
        let output = self.command(arguments).output();
        let output = output.map_err(|error| not_run(arguments, &error))?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(failed(arguments, &output.stderr)),
        }
    }

    /// What a command prints, without the line end.
    pub fn text<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<String, GitError> {
        let bytes = self.bytes(arguments)?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.trim_end_matches('\n').to_string())
    }

    /// Whether a command ends well; what it prints is thrown away.
    pub fn says_yes<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<bool, GitError> {
        let output = self.command(arguments).output();
        let output = output.map_err(|error| not_run(arguments, &error))?;
        Ok(output.status.success())
    }

    /// What a command prints that gets an input.
    pub fn piped<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        input: &[u8],
    ) -> Result<Vec<u8>, GitError> {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| not_run(arguments, &error))?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                // That git read no more is told by how it ends.
                let _ = stdin.map(|mut stdin| stdin.write_all(input));
            });
            child.wait_with_output()
        });
        let output = output.map_err(|error| not_run(arguments, &error))?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(failed(arguments, &output.stderr)),
        }
    }
}

fn name<S: AsRef<OsStr>>(arguments: &[S]) -> String {
    let words = arguments.iter().map(|word| word.as_ref().to_string_lossy());
    let word = words.into_iter().find(|word| !word.starts_with('-'));
    format!("git {}", word.unwrap_or_default())
}

fn not_run<S: AsRef<OsStr>>(arguments: &[S], error: &std::io::Error) -> GitError {
    GitError {
        command: name(arguments),
        said: format!("it cannot be run: {error}"),
    }
}

fn failed<S: AsRef<OsStr>>(arguments: &[S], said: &[u8]) -> GitError {
    let said = String::from_utf8_lossy(said);
    GitError {
        command: name(arguments),
        said: said.trim().to_string(),
    }
}
