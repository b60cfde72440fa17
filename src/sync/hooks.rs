//! The hooks of rbgen in a repository: what is written where, as data, and then done.

mod script;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::git::{GitError, Repository};
pub use script::Call;
use script::{Author, author_of, script_of};

/// A hook that rbgen can put into a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Checks what is pushed, before it is.
    PrePush,
    /// Says what a merge brought.
    PostMerge,
    /// Brings what was pushed here into the database and builds it.
    PostReceive,
}

impl Hook {
    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Hook::PrePush => "pre-push",
            Hook::PostMerge => "post-merge",
            Hook::PostReceive => "post-receive",
        }
    }
}

/// Whose hooks are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Those of somebody who works in the repository.
    Client,
    /// Those of a repository that others push to.
    Server,
}

impl Side {
    /// Its hooks.
    pub fn hooks(self) -> &'static [Hook] {
        match self {
            Side::Client => &[Hook::PrePush, Hook::PostMerge],
            Side::Server => &[Hook::PostReceive],
        }
    }
}

/// Where git looks for hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HooksFolder {
    /// An absolute path; the folder may not be there yet.
    pub path: PathBuf,
    /// Whether `core.hooksPath` names it.
    pub is_configured: bool,
    /// Whether it is in the work tree, and what is written there would be committed.
    pub is_in_work_tree: bool,
}

/// The folder where git looks for the hooks of a side, as it looks for them when it runs them: a
/// relative `core.hooksPath` begins at the top of the work tree, and for a push that is received at the
/// git folder.
pub fn hooks_folder(repository: &Repository, side: Side) -> Result<HooksFolder, GitError> {
    let git_folder =
        repository.text(&["rev-parse", "--path-format=absolute", "--git-common-dir"])?;
    let question = ["rev-parse", "--path-format=absolute", "--git-path", "hooks"];
    let path = match side {
        Side::Client => repository.text(&question)?,
        Side::Server => Repository::at(&git_folder).text(&question)?,
    };
    let path = PathBuf::from(path);
    let top = repository.text(&["rev-parse", "--show-toplevel"]).ok();
    let is_in_work_tree = !path.starts_with(&git_folder)
        && top.is_some_and(|top| !top.is_empty() && path.starts_with(top));
    Ok(HooksFolder {
        is_configured: repository.says_yes(&["config", "--get", "core.hooksPath"])?,
        is_in_work_tree,
        path,
    })
}

/// What stands at the place of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Missing,
    /// The hook of rbgen.
    Ours,
    /// The hook of rbgen, which somebody has changed.
    Edited,
    /// The hook of somebody else.
    Foreign,
}

/// A hook as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub hook: Hook,
    pub path: PathBuf,
    pub state: State,
    /// The hook that was there before, where one is kept.
    pub earlier: Option<PathBuf>,
    text: Option<Vec<u8>>,
}

/// Looks at the place of a hook.
pub fn look(folder: &HooksFolder, hook: Hook) -> io::Result<Found> {
    let path = folder.path.join(hook.name());
    let earlier = folder.path.join(script::earlier_name(hook));
    let earlier = fs::symlink_metadata(&earlier).is_ok().then_some(earlier);
    let mut found = Found {
        hook,
        state: State::Missing,
        earlier,
        text: None,
        path,
    };
    match fs::symlink_metadata(&found.path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.is_file() => {
            found.state = State::Foreign;
            return Ok(found);
        }
        Ok(_) => {}
    }
    let bytes = fs::read(&found.path)?;
    found.state = match author_of(&bytes) {
        Author::Rbgen => State::Ours,
        Author::RbgenAndSomebody => State::Edited,
        Author::Somebody => State::Foreign,
    };
    found.text = Some(bytes);
    Ok(found)
}

/// What is to be done with a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is as it is to be.
    Nothing,
    /// Ours is written, where nothing is or an older one of ours.
    Write { text: String },
    /// Ours is written, and the one that is there is kept beside it and run first.
    WriteBefore { text: String, earlier: PathBuf },
    /// Ours goes.
    Remove,
    /// Ours goes, and the one that was there before comes back.
    Restore { earlier: PathBuf },
    /// It is left alone, and why.
    Refuse(Refusal),
}

/// Why a hook is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody has changed ours.
    Edited,
    /// Somebody put another over ours, and the one that was there before ours is still kept.
    TwoForeign,
    /// What stands there is no file.
    NoFile,
}

/// What is to be done with the hook at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub hook: Hook,
    pub path: PathBuf,
    pub action: Action,
}

/// What installing the hooks of a side would do.
pub fn plan_install(folder: &HooksFolder, side: Side, call: &Call) -> io::Result<Vec<Step>> {
    let plan = |hook: &Hook| {
        let found = look(folder, *hook)?;
        let kept = folder.path.join(script::earlier_name(*hook));
        let text = |earlier: Option<&Path>| {
            let shebang = earlier.map(fs::read).transpose();
            // One that is gone or cannot be read is run as what it is.
            script_of(*hook, call, shebang.ok().flatten().as_deref())
        };
        let action = match found.state {
            State::Edited => Action::Refuse(Refusal::Edited),
            State::Foreign if found.earlier.is_some() => Action::Refuse(Refusal::TwoForeign),
            State::Foreign if found.path.is_dir() => Action::Refuse(Refusal::NoFile),
            State::Foreign => Action::WriteBefore {
                text: text(Some(&found.path)),
                earlier: kept,
            },
            State::Missing | State::Ours => {
                let text = text(found.earlier.as_deref());
                match found.text.as_deref() == Some(text.as_bytes()) && is_executable(&found.path) {
                    true => Action::Nothing,
                    false => Action::Write { text },
                }
            }
        };
        Ok(Step {
            hook: *hook,
            path: found.path,
            action,
        })
    };
    side.hooks().iter().map(plan).collect()
}

/// What removing the hooks of a side would do.
pub fn plan_remove(folder: &HooksFolder, side: Side) -> io::Result<Vec<Step>> {
    let plan = |hook: &Hook| {
        let found = look(folder, *hook)?;
        let action = match (found.state, found.earlier) {
            (State::Edited, _) => Action::Refuse(Refusal::Edited),
            (State::Foreign, Some(_)) => Action::Refuse(Refusal::TwoForeign),
            (State::Ours | State::Missing, Some(earlier)) => Action::Restore { earlier },
            (State::Ours, None) => Action::Remove,
            (State::Foreign | State::Missing, None) => Action::Nothing,
        };
        Ok(Step {
            hook: *hook,
            path: found.path,
            action,
        })
    };
    side.hooks().iter().map(plan).collect()
}

/// Does a step. At every moment the hook that was there, or the new one, is in place.
pub fn carry_out(step: &Step) -> io::Result<()> {
    match &step.action {
        Action::Nothing | Action::Refuse(_) => Ok(()),
        Action::Write { text } => write_script(&step.path, text),
        Action::WriteBefore { text, earlier } => {
            // A second name, which fails where something has come to be there.
            fs::hard_link(&step.path, earlier)?;
            write_script(&step.path, text).inspect_err(|_| {
                let _ = fs::remove_file(earlier);
            })
        }
        Action::Remove => fs::remove_file(&step.path),
        Action::Restore { earlier } => fs::rename(earlier, &step.path),
    }
}

fn write_script(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(".rbgen-{}.new", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o777)
        .open(&temporary)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Whether the owner may run a file; git passes over hooks that nobody may run.
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0)
}
