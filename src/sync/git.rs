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

impl GitError {
    /// Git could not be run.
    pub fn not_run<S: AsRef<OsStr>>(arguments: &[S], error: &std::io::Error) -> GitError {
        GitError {
            command: name(arguments),
            said: match error.kind() {
                std::io::ErrorKind::NotFound => "git is not installed".to_string(),
                _ => format!("it cannot be run: {error}"),
            },
        }
    }

    /// Git ended without a word.
    pub fn silent(command: &str) -> GitError {
        GitError {
            command: command.to_string(),
            said: "it ended without a word".to_string(),
        }
    }
}

/// What a git that runs a program tells it of its own repository (git rev-parse --local-env-vars).
const LOCAL: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
];

/// A repository, asked through the `git` of the system.
#[derive(Clone, Debug)]
pub struct Repository {
    folder: PathBuf,
    /// Whether the environment of a git that runs rbgen counts, as for hooks and the remote helper.
    inherits: bool,
}

impl Repository {
    /// The repository that a folder belongs to: its work tree, a folder in that, or a bare one.
    pub fn at(folder: impl Into<PathBuf>) -> Repository {
        Repository {
            folder: folder.into(),
            inherits: true,
        }
    }

    /// The repository in a folder, also where a git of another one runs rbgen.
    pub fn alone_at(folder: impl Into<PathBuf>) -> Repository {
        Repository {
            folder: folder.into(),
            inherits: false,
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
            // A hook of git gets it relative to another folder than this.
            .env_remove("GIT_INDEX_FILE")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        if !self.inherits {
            for name in LOCAL {
                command.env_remove(name);
            }
        }
        command
    }

    /// What a command prints, as it is. Fails unless it ends well.
    pub fn bytes<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Vec<u8>, GitError> {
        let output = self.command(arguments).output();
        let output = output.map_err(|error| GitError::not_run(arguments, &error))?;
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

    /// Whether a command says yes, by ending well, or no, by ending with status 1.
    pub fn says_yes<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<bool, GitError> {
        let output = self.command(arguments).output();
        let output = output.map_err(|error| GitError::not_run(arguments, &error))?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failed(arguments, &output.stderr)),
        }
    }

    /// Whether a commit is in the repository.
    pub fn has_commit(&self, commit: &str) -> Result<bool, GitError> {
        let name = format!("{commit}^{{commit}}");
        match self.command(&["cat-file", "-e", &name]).output() {
            Ok(output) => Ok(output.status.success()),
            Err(error) => Err(GitError::not_run(&["cat-file"], &error)),
        }
    }

    /// Whether a commit is the other one or an ancestor of it. Both are there.
    pub fn is_ancestor(&self, commit: &str, of: &str) -> Result<bool, GitError> {
        self.says_yes(&["merge-base", "--is-ancestor", commit, of])
    }

    /// The last commit that two commits have in common, if there is one.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<Option<String>, GitError> {
        let arguments = ["merge-base", one, other];
        let output = self.command(&arguments).output();
        let output = output.map_err(|error| GitError::not_run(&arguments, &error))?;
        match output.status.code() {
            Some(0) => Ok(Some(
                String::from_utf8_lossy(&output.stdout).trim().to_string(),
            )),
            Some(1) => Ok(None),
            _ => Err(failed(&arguments, &output.stderr)),
        }
    }

    /// The commit that a name stands for, if it stands for one.
    pub fn commit_named(&self, name: &str) -> Result<Option<String>, GitError> {
        let name = format!("{name}^{{commit}}");
        self.answer(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ])
    }

    /// The commit of the work tree, with `-dirty` where files of this folder say something else; `None`
    /// where there is no repository or no commit.
    pub fn described_head(&self) -> Option<String> {
        let head = self
            .text(&["rev-parse", "--verify", "--quiet", "HEAD"])
            .ok()?;
        let changes = self.text(&["status", "--porcelain", "--", "."]).ok()?;
        Some(match changes.is_empty() {
            true => head,
            false => format!("{head}-dirty"),
        })
    }

    /// Whether the history ends where that of others goes on.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.text(&["rev-parse", "--is-shallow-repository"])? == "true")
    }

    /// What objects are named by: `sha1` or `sha256`.
    pub fn object_format(&self) -> Result<String, GitError> {
        self.text(&["rev-parse", "--show-object-format"])
    }

    /// The folder that all work trees of the repository share.
    pub fn common_folder(&self) -> Result<PathBuf, GitError> {
        let folder = self.text(&["rev-parse", "--git-common-dir"])?;
        Ok(self.folder.join(folder))
    }

    /// The value of a configuration, if it is set.
    pub fn config(&self, key: &str) -> Result<Option<String>, GitError> {
        self.answer(&["config", "--get", key])
    }

    /// Whether a configuration is set to yes.
    pub fn config_flag(&self, key: &str) -> Result<bool, GitError> {
        let answer = self.answer(&["config", "--type=bool", "--get", key])?;
        Ok(answer.as_deref() == Some("true"))
    }

    /// The remotes with their addresses.
    pub fn remotes(&self) -> Result<Vec<(String, String)>, GitError> {
        let text = self.answer(&["config", "--get-regexp", r"^remote\..*\.url$"])?;
        let text = text.unwrap_or_default();
        let remotes = text.lines().filter_map(|line| {
            let (key, url) = line.split_once(' ')?;
            let name = key.strip_prefix("remote.")?.strip_suffix(".url")?;
            Some((name.to_string(), url.to_string()))
        });
        Ok(remotes.collect())
    }

    /// The names of the remotes that are no databases.
    pub fn other_remotes(&self) -> Result<Vec<String>, GitError> {
        let remotes = self.remotes()?.into_iter();
        let others = remotes.filter(|(_, url)| !url.starts_with(super::SCHEME));
        Ok(others.map(|(name, _)| name).collect())
    }

    /// What a command prints, if it ends well and prints something.
    fn answer<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Option<String>, GitError> {
        let output = self.command(arguments).output();
        let output = output.map_err(|error| GitError::not_run(arguments, &error))?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_string();
        Ok((output.status.success() && !text.is_empty()).then_some(text))
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
            .map_err(|error| GitError::not_run(arguments, &error))?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                // That git read no more is told by how it ends.
                let _ = stdin.map(|mut stdin| stdin.write_all(input));
            });
            child.wait_with_output()
        });
        let output = output.map_err(|error| GitError::not_run(arguments, &error))?;
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

fn failed<S: AsRef<OsStr>>(arguments: &[S], said: &[u8]) -> GitError {
    let said = String::from_utf8_lossy(said);
    GitError {
        command: name(arguments),
        said: said.trim().to_string(),
    }
}
