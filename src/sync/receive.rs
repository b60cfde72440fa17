//! What a repository does with what was pushed to it: which branch counts, which database it goes to, and
//! the folder that it is checked out into. Each is one step that can fail by itself.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::git::{GitError, Repository};

/// A line that git gives a hook: a name that was one object and becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The name here: of what is pushed the local one.
    pub name: String,
    /// `None` where the name goes.
    pub object: Option<String>,
}

/// The lines of `post-receive`: `<old> <new> <name>`.
pub fn received(input: &str) -> Vec<Update> {
    updates(input, 3, 2, 1)
}

/// The lines of `pre-push`: `<local name> <local object> <remote name> <remote object>`.
pub fn pushed(input: &str) -> Vec<Update> {
    updates(input, 4, 0, 1)
}

fn updates(input: &str, words: usize, name: usize, object: usize) -> Vec<Update> {
    let lines = input
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    lines
        .filter(|line| line.len() == words)
        .map(|line| Update {
            name: line[name].to_string(),
            object: Some(line[object])
                .filter(|object| object.bytes().any(|byte| byte != b'0'))
                .map(String::from),
        })
        .collect()
}

/// What is configured for a repository that is pushed to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `refs/heads/…`: what is built.
    pub branch: String,
    /// Where rbgen keeps what is its own.
    pub room: PathBuf,
    /// The folder that the branch is checked out into.
    pub checkout: PathBuf,
    /// The folder of the site in the repository; empty where it is the whole.
    pub folder: String,
}

impl Settings {
    /// Where the site is once it is checked out.
    pub fn site(&self) -> PathBuf {
        match self.folder.as_str() {
            "" => self.checkout.clone(),
            folder => self.checkout.join(folder),
        }
    }
}

/// Reads what is configured: `rbgen.branch`, `rbgen.checkout`, `rbgen.folder`.
pub fn settings(repository: &Repository) -> Result<Settings, GitError> {
    let question = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
    let git_folder = PathBuf::from(repository.text(&question)?);
    let branch = match configured(repository, "rbgen.branch", &[])? {
        Some(branch) if branch.starts_with("refs/") => branch,
        Some(branch) => format!("refs/heads/{branch}"),
        None => repository.text(&["symbolic-ref", "HEAD"])?,
    };
    let room = git_folder.join("rbgen");
    let checkout = match configured(repository, "rbgen.checkout", &["--type=path"])? {
        Some(path) => git_folder.join(path),
        None => room.join("site"),
    };
    let folder = configured(repository, "rbgen.folder", &[])?.unwrap_or_default();
    Ok(Settings {
        branch,
        checkout,
        folder: folder.trim_matches('/').to_string(),
        room,
    })
}

/// A value of git's configuration, where it has one.
fn configured(
    repository: &Repository,
    name: &str,
    options: &[&str],
) -> Result<Option<String>, GitError> {
    let question = [&["config", "--get"], options, &[name]].concat();
    let value = match repository.says_yes(&question)? {
        true => Some(repository.text(&question)?),
        false => None,
    };
    Ok(value.filter(|value| !value.is_empty()))
}

/// Holds others off until it is dropped.
pub struct Turn {
    _lock: File,
}

/// Waits until nobody else is at work in a room, which is made where it is not there; `waiting` is called
/// if somebody is.
pub fn take_turn(room: &Path, waiting: impl FnOnce()) -> io::Result<Turn> {
    fs::create_dir_all(room)?;
    let lock = OpenOptions::new()
        .create(true)
        .append(true)
        .open(room.join("lock"))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => return Ok(Turn { _lock: lock }),
        Err(Errno::WOULDBLOCK) => waiting(),
        Err(error) => return Err(error.into()),
    }
    loop {
        match flock(&lock, FlockOperation::LockExclusive) {
            Ok(()) => return Ok(Turn { _lock: lock }),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Appends a line to the log of the hooks.
pub fn append_to_log(room: &Path, time: &str, line: &str) -> io::Result<()> {
    fs::create_dir_all(room)?;
    let mut log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(room.join("hook.log"))?;
    let line = line.replace('\n', "; ");
    log.write_all(format!("{time} {line}\n").as_bytes())
}

/// The remote that stands for a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    None,
    Remote(String),
    /// Several could be meant, and `rbgen.remote` names none.
    Several(Vec<String>),
    /// `rbgen.remote` names one that is not there.
    Unknown(String),
}

/// The remote that is pushed to: the one that `rbgen.remote` names, else `db`, else the one whose address
/// begins with `rbgen::`.
pub fn database_of(repository: &Repository) -> Result<Database, GitError> {
    let remotes = repository.text(&["remote"])?;
    let has = |name: &str| remotes.lines().any(|remote| remote == name);
    if let Some(name) = configured(repository, "rbgen.remote", &[])? {
        return Ok(match has(&name) {
            true => Database::Remote(name),
            false => Database::Unknown(name),
        });
    }
    if has("db") {
        return Ok(Database::Remote("db".into()));
    }
    let mut found = Vec::new();
    for remote in remotes.lines() {
        if is_database(repository, remote)? {
            found.push(remote.to_string());
        }
    }
    Ok(match found.len() {
        0 => Database::None,
        1 => Database::Remote(found.remove(0)),
        _ => Database::Several(found),
    })
}

/// Whether the address of a remote is that of a database.
pub fn is_database(repository: &Repository, remote: &str) -> Result<bool, GitError> {
    let address = configured(repository, &format!("remote.{remote}.url"), &[])?;
    Ok(address.is_some_and(|address| address.starts_with(super::SCHEME)))
}

/// Pushes a commit to a database, with the options that came with the push that brought it. Gives what
/// git said meanwhile.
pub fn push_to_database(
    repository: &Repository,
    remote: &str,
    commit: &str,
    options: &[String],
) -> Result<String, GitError> {
    let mut arguments = vec!["push".to_string()];
    // Another kind of remote may know no options, and would refuse them all.
    if is_database(repository, remote)? {
        for option in options {
            arguments.extend(["-o".into(), option.clone()]);
        }
    }
    arguments.extend([remote.into(), format!("{commit}:refs/heads/main")]);
    // Else they would reach whoever is pushed to a second time, and unasked.
    let output = repository
        .command(&arguments)
        .env_remove("GIT_PUSH_OPTION_COUNT")
        .output();
    let failed = |said: String| GitError {
        command: "git push".into(),
        said,
    };
    let output = output.map_err(|error| failed(format!("it cannot be run: {error}")))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
    match output.status.success() {
        true => Ok(said),
        false => Err(failed(said)),
    }
}

/// Why a commit was not checked out.
#[derive(Debug)]
pub enum CheckoutError {
    /// Something is in the folder that this did not put there.
    Foreign(PathBuf),
    Failed(io::Error),
    Git(GitError),
}

/// Brings a folder to what a commit has: files that differ are written, those that went are removed, and
/// what is in no commit, such as the output of a build, stays. The index of the repository and its
/// branches stay as they are.
pub fn check_out(
    repository: &Repository,
    settings: &Settings,
    commit: &str,
) -> Result<(), CheckoutError> {
    let index = settings.room.join("index");
    take_folder(settings).map_err(CheckoutError::Failed)?;
    let mark = settings.room.join("checkout");
    let name = settings.checkout.as_os_str().as_bytes();
    if fs::read(&mark).ok().as_deref() != Some(name) {
        let mut inside = fs::read_dir(&settings.checkout).map_err(CheckoutError::Failed)?;
        if inside.next().is_some() {
            return Err(CheckoutError::Foreign(settings.checkout.clone()));
        }
        // First, so that one that is interrupted is known to be ours.
        fs::write(&mark, name).map_err(CheckoutError::Failed)?;
    }
    let arguments = ["read-tree", "--reset", "-u", commit];
    let mut command = repository.command(&arguments);
    // A bare repository has no work tree of its own, and its configuration says so.
    command
        .env("GIT_INDEX_FILE", &index)
        .env("GIT_WORK_TREE", &settings.checkout)
        .env("GIT_DIR", settings.room.parent().unwrap_or(&settings.room));
    let failed = |said: String| {
        let command = "git read-tree".into();
        CheckoutError::Git(GitError { command, said })
    };
    let output = command
        .output()
        .map_err(|error| failed(format!("it cannot be run: {error}")))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_string(),
        )),
    }
}

/// Makes the folders of a checkout, and takes away what a checkout left that was killed: whoever is here
/// has their turn, so it is nobody's.
fn take_folder(settings: &Settings) -> io::Result<()> {
    fs::create_dir_all(&settings.room)?;
    fs::create_dir_all(&settings.checkout)?;
    match fs::remove_file(settings.room.join("index.lock")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_git_are_understood() {
        let zero = "0".repeat(40);
        let received = received(&format!(
            "{zero} abc refs/heads/main\nabc {zero} refs/tags/x\n"
        ));
        assert_eq!(received[0].name, "refs/heads/main");
        assert_eq!(received[0].object.as_deref(), Some("abc"));
        assert_eq!(received[1].object, None);
        let lines = format!("refs/heads/a abc refs/heads/b {zero}\n(delete) {zero} refs/c abc\n");
        let pushed = pushed(&lines);
        assert_eq!(pushed[0].name, "refs/heads/a");
        assert_eq!(pushed[0].object.as_deref(), Some("abc"));
        assert_eq!(pushed[1].object, None);
    }

    #[test]
    fn a_room_is_for_one_at_a_time() {
        let room = tempfile::tempdir().expect("a folder");
        let turn = take_turn(room.path(), || panic!("nobody is there")).expect("a turn");
        let path = room.path().to_path_buf();
        let (told, waits) = std::sync::mpsc::channel();
        let other = std::thread::spawn(move || {
            take_turn(&path, || told.send(()).expect("heard")).map(drop)
        });
        waits.recv().expect("it waits");
        drop(turn);
        other.join().expect("no panic").expect("its turn");
    }
}
