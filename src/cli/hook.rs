//! `rbgen hook`: what the scripts of `rbgen hooks` call. What they say is read by whoever pushes.

mod receive;

use std::io::Read;

use clap::{Args, Subcommand};

use super::{Globals, Status, output, print, react};
use crate::diag::Severity;
use crate::load::CONFIG_FILE;
use crate::model::Moment;
use crate::pipeline::{Explain, Options, check_site};
use crate::sync::git::{GitError, Repository};
use crate::sync::receive::{is_database, pushed};
use crate::sync::tree::folder_of_commit;

#[derive(Args)]
pub struct HookArguments {
    #[command(subcommand)]
    command: HookCommand,
}

#[derive(Subcommand)]
enum HookCommand {
    /// Checks what is pushed
    PrePush(Given),
    /// Says what a merge brought
    PostMerge(Given),
    /// Brings what was pushed here into the database, and builds it
    PostReceive(Given),
}

/// What the scripts give.
#[derive(Args)]
struct Given {
    /// The folder of the site in the repository
    #[arg(long, default_value = "")]
    folder: String,
    /// What git gives: of a push the remote and its address
    #[arg(last = true)]
    rest: Vec<String>,
}

pub fn run(globals: &Globals, arguments: &HookArguments) -> Status {
    // Git runs hooks where they belong.
    let repository = Repository::at(super::absolute(std::path::Path::new(".")));
    match &arguments.command {
        HookCommand::PrePush(given) => check_pushed(globals, &repository, &given.folder),
        HookCommand::PostMerge(given) => {
            // One that is squashed (git then gives a 1) made no commit yet. And a merge that is done is
            // not to be spoilt by a sentence about it.
            if given.rest.first().is_none_or(|squashed| squashed != "1")
                && let Ok(Some(sentence)) = merged(&repository, &given.folder)
            {
                output::note(sentence);
            }
            Status::Done
        }
        HookCommand::PostReceive(_) => receive::run(&repository),
    }
}

/// What git writes to a hook.
fn standard_input() -> String {
    let mut bytes = Vec::new();
    // What cannot be read is not there: git tells nothing twice.
    let _ = std::io::stdin().lock().read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn check_pushed(globals: &Globals, repository: &Repository, folder: &str) -> Status {
    let mut checked: Vec<String> = Vec::new();
    let mut status = Status::Done;
    for update in pushed(&standard_input()) {
        let Some(object) = update.object else {
            continue;
        };
        // A tag of a file has nothing that could be checked.
        let Ok(tree) = repository.text(&["rev-parse", "--verify", &format!("{object}^{{tree}}")])
        else {
            continue;
        };
        if checked.contains(&tree) {
            continue;
        }
        match check_one(globals, repository, folder, &object, &update.name) {
            Ok(true) => {}
            Ok(false) => status = Status::ContentErrors,
            Err(error) => {
                output::note(format_args!(
                    "rbgen: FAILED: `{}` was not checked: {}: {}",
                    update.name, error.command, error.said
                ));
                status = Status::ContentErrors;
            }
        }
        checked.push(tree);
    }
    if status != Status::Done {
        output::note("rbgen: nothing was pushed; `git push --no-verify` pushes without this check");
    }
    status
}

/// Whether a commit may be pushed.
fn check_one(
    globals: &Globals,
    repository: &Repository,
    folder: &str,
    commit: &str,
    name: &str,
) -> Result<bool, GitError> {
    let site = folder_of_commit(repository, commit, folder)?;
    if !site.has_file(CONFIG_FILE) {
        output::note(format_args!(
            "rbgen: `{name}` is not checked: there is no {CONFIG_FILE} in {}",
            site.name()
        ));
        return Ok(true);
    }
    let outcome = check_site(&site, &options(), &|_, _| {});
    let errors = outcome.diagnostics.iter();
    let errors = errors.filter(|found| found.severity == Severity::Error);
    if errors.count() == 0 && !outcome.unusable {
        return Ok(true);
    }
    let diagnostics = print::report_of(globals, &site, outcome.diagnostics);
    output::note(format_args!(
        "rbgen: FAILED: `{name}` ({}) has {}",
        site.name(),
        print::count(&diagnostics)
    ));
    Ok(false)
}

/// All of a site, now.
pub(super) fn options() -> Options {
    Options {
        nodes: Default::default(),
        apps: Default::default(),
        drafts: false,
        now: Moment::now(),
        out: None,
        force: false,
        verify: false,
        explain: Explain::Nothing,
        from: None,
        exhausted: None,
        react: react(),
    }
}

/// What to say after a merge, if it brought anything of the site.
fn merged(repository: &Repository, folder: &str) -> Result<Option<String>, GitError> {
    let content = match folder.trim_end_matches('/') {
        "" => "content".to_string(),
        folder => format!("{folder}/content"),
    };
    let question = [
        "diff",
        "--name-only",
        "-z",
        "ORIG_HEAD",
        "HEAD",
        "--",
        &content,
    ];
    let changed = repository.bytes(&question)?;
    let files = changed.iter().filter(|byte| **byte == 0).count();
    if files == 0 {
        return Ok(None);
    }
    let remotes = repository.text(&["remote"])?;
    let mut has_database = false;
    for remote in remotes.lines() {
        has_database |= is_database(repository, remote)?;
    }
    let next = match has_database {
        true => "`rbgen status` shows what the database does not have yet",
        false => "`rbgen build` builds what they change",
    };
    let files = print::number(files, "file");
    Ok(Some(format!(
        "rbgen: the merge brought changes of {files} of content; {next}"
    )))
}
