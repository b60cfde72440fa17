//! `rbgen hooks`: puts the hooks of rbgen into a git repository, takes them away, and says what is there.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{CONFIG_FILE, Globals, Status, output, place, print};
use crate::sync::git::Repository;
use crate::sync::hooks::{
    self, Action, Call, Found, Hook, HooksFolder, Refusal, Side, State, Step,
};

#[derive(Args)]
pub struct HooksArguments {
    #[command(subcommand)]
    command: HooksCommand,
}

#[derive(Subcommand)]
enum HooksCommand {
    /// Put the hooks there; those that are there already are kept, and run first
    Install(WhichHooks),
    /// Take the hooks away, and bring back those that were there before
    Remove(WhichHooks),
    /// Say which hooks are there
    Status,
}

#[derive(Args)]
struct WhichHooks {
    /// The hook of a repository that others push to, which builds what arrives (`post-receive`),
    /// instead of those of whoever pushes (`pre-push`, `post-merge`)
    #[arg(long)]
    server: bool,
    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(globals: &Globals, arguments: &HooksArguments) -> Status {
    let here = globals.root.clone().unwrap_or_else(|| PathBuf::from("."));
    let repository = Repository::at(super::absolute(&here));
    let (which, is_install) = match &arguments.command {
        HooksCommand::Install(which) => (which, true),
        HooksCommand::Remove(which) => (which, false),
        HooksCommand::Status => return say_status(globals, &repository),
    };
    let side = match which.server {
        true => Side::Server,
        false => Side::Client,
    };
    let folder = match find_folder(globals, &repository, side) {
        Ok(folder) => folder,
        Err(status) => return status,
    };
    let plan = match is_install {
        true => match call(globals, &repository, side) {
            Ok(call) => hooks::plan_install(&folder, side, &call),
            Err(status) => return status,
        },
        false => hooks::plan_remove(&folder, side),
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => {
            let message = format!("`{}` cannot be read: {error}", folder.path.display());
            return failed(globals, &message, "", Status::ContentErrors);
        }
    };
    let mut status = Status::Done;
    for step in &plan {
        if let Action::Refuse(why) = step.action {
            say_refusal(step, why);
            status = Status::Conflict;
        }
    }
    let is_refused = status == Status::Conflict;
    let mut shown = Vec::new();
    for step in &plan {
        // All of them, or none where one is in the way.
        let done = match which.dry_run || is_refused {
            true => Ok(()),
            false => hooks::carry_out(step),
        };
        if let Err(error) = &done {
            let path = step.path.display();
            output::note(format_args!(
                "\x1b[1;31merror\x1b[0m: `{path}` cannot be changed: {error}"
            ));
            status = Status::ContentErrors;
        } else if !globals.json && !globals.quiet && !is_refused {
            say(step, is_install, which.dry_run);
        }
        shown.push(document(step, done.is_ok()));
    }
    if is_refused {
        output::note("nothing was changed");
    }
    if globals.json {
        print::json_document(&json!({
            "folder": folder.path.to_string_lossy(),
            "in_work_tree": folder.is_in_work_tree,
            "changed": !which.dry_run && !is_refused,
            "hooks": shown,
        }));
    } else if is_install && !globals.quiet && !is_refused {
        say_place(&folder);
    }
    status
}

fn find_folder(
    globals: &Globals,
    repository: &Repository,
    side: Side,
) -> Result<HooksFolder, Status> {
    hooks::hooks_folder(repository, side).map_err(|error| {
        failed(
            globals,
            &format!("there is no git repository to ask: {}", error.said),
            "hooks are git's: make a repository with `git init`, or name one with `--root DIR`",
            Status::Unusable,
        )
    })
}

/// What the hooks are to call: this program, for the site of the folder.
fn call(globals: &Globals, repository: &Repository, side: Side) -> Result<Call, Status> {
    let program = std::env::current_exe().map_err(|error| {
        let message = format!("where this program is cannot be found out: {error}");
        failed(globals, &message, "", Status::ContentErrors)
    })?;
    let folder = match side {
        Side::Client => folder_of_site(repository),
        // What is pushed says it: `rbgen.folder`.
        Side::Server => String::new(),
    };
    Ok(Call { program, folder })
}

/// The folder of the site in the work tree, from its top: the nearest one above that is a site. Where
/// there is none, the top itself may become one.
fn folder_of_site(repository: &Repository) -> String {
    let top = repository.text(&["rev-parse", "--show-toplevel"]);
    let (Ok(top), Ok(here)) = (top, repository.folder().canonicalize()) else {
        return String::new();
    };
    let above = here.ancestors();
    let site = above
        .take_while(|folder| folder.starts_with(&top))
        .find(|folder| folder.join(CONFIG_FILE).is_file());
    let folder = site.and_then(|site| site.strip_prefix(Path::new(&top)).ok());
    folder.map_or(String::new(), |folder| {
        folder.to_string_lossy().into_owned()
    })
}

fn say(step: &Step, is_install: bool, dry_run: bool) {
    let name = step.hook.name();
    let (done, would) = match &step.action {
        Action::Nothing if is_install => ("is there already", "is there already"),
        Action::Nothing => ("is not there", "is not there"),
        Action::Write { .. } => ("is installed", "would be installed"),
        Action::WriteBefore { .. } => (
            "is installed; the hook that was there is kept, and runs first",
            "would be installed; the hook that is there would be kept, and run first",
        ),
        Action::Remove => ("is removed", "would be removed"),
        Action::Restore { .. } => (
            "is removed; the hook that was there before is back",
            "would be removed; the hook that was there before would come back",
        ),
        Action::Refuse(_) => return,
    };
    let what = if dry_run { would } else { done };
    output::line(format_args!("{name} {what}"));
    if let Action::WriteBefore { earlier, .. } = &step.action {
        output::line(format_args!("  kept as {}", earlier.display()));
    }
}

fn say_refusal(step: &Step, why: Refusal) {
    let path = step.path.display();
    let (message, help) = match why {
        Refusal::Edited => (
            "is a hook of rbgen that somebody has changed; it is left as it is",
            "move the changes into another file and delete this one, then run this again",
        ),
        Refusal::TwoForeign => (
            "is another hook than rbgen's, and the one that was there before rbgen's is still kept \
             beside it; both are left as they are",
            "keep one of the two: the other file's name ends in `.before-rbgen`",
        ),
        Refusal::NoFile => ("is no file", "move it away, then run this again"),
    };
    output::note(format_args!("\x1b[1;31merror\x1b[0m: `{path}` {message}"));
    output::note(format_args!("\x1b[1;36mhelp\x1b[0m: {help}"));
}

/// Says where hooks are, where that is not where one would look.
fn say_place(folder: &HooksFolder) {
    if folder.is_in_work_tree {
        output::line(format_args!(
            "they are in {}, as `core.hooksPath` says: a part of the work tree, so commit or ignore them",
            folder.path.display()
        ));
    } else if folder.is_configured {
        output::line(format_args!(
            "they are in {}, as `core.hooksPath` says",
            folder.path.display()
        ));
    }
}

fn document(step: &Step, done: bool) -> Value {
    let action = match &step.action {
        Action::Nothing => "nothing",
        Action::Write { .. } => "write",
        Action::WriteBefore { .. } => "write_before",
        Action::Remove => "remove",
        Action::Restore { .. } => "restore",
        Action::Refuse(Refusal::Edited) => "refuse_edited",
        Action::Refuse(Refusal::TwoForeign) => "refuse_two_foreign",
        Action::Refuse(Refusal::NoFile) => "refuse_no_file",
    };
    json!({
        "hook": step.hook.name(),
        "path": step.path.to_string_lossy(),
        "action": action,
        "failed": !done,
    })
}

fn say_status(globals: &Globals, repository: &Repository) -> Status {
    let mut shown = Vec::new();
    for side in [Side::Client, Side::Server] {
        let folder = match find_folder(globals, repository, side) {
            Ok(folder) => folder,
            Err(status) => return status,
        };
        for hook in side.hooks() {
            match hooks::look(&folder, *hook) {
                Ok(found) => shown.push(found),
                Err(error) => {
                    let path = folder.path.join(hook.name());
                    let message = format!("`{}` cannot be read: {error}", path.display());
                    return failed(globals, &message, "", Status::ContentErrors);
                }
            }
        }
    }
    if globals.json {
        let hooks: Vec<Value> = shown.iter().map(state_document).collect();
        print::json_document(&json!({ "hooks": hooks }));
    } else {
        shown.iter().for_each(say_state);
    }
    Status::Done
}

/// Whose a hook is, in a word.
fn state_word(found: &Found) -> &'static str {
    match found.state {
        State::Missing => "missing",
        State::Ours if !hooks::is_executable(&found.path) => "not_executable",
        State::Ours => "installed",
        State::Edited => "edited",
        State::Foreign => "foreign",
    }
}

fn state_document(found: &Found) -> Value {
    json!({
        "hook": found.hook.name(),
        "path": found.path.to_string_lossy(),
        "state": state_word(found),
        "earlier": found.earlier.as_ref().map(|path| path.to_string_lossy()),
    })
}

fn say_state(found: &Found) {
    let server = match found.hook {
        Hook::PostReceive => " (for a server)",
        Hook::PrePush | Hook::PostMerge => "",
    };
    let state = match (state_word(found), &found.earlier) {
        ("installed", Some(_)) => "installed; the hook that was there before runs first",
        ("installed", None) => "installed",
        ("not_executable", _) => "there, but git passes over it: nobody may execute the file",
        ("edited", _) => "a hook of rbgen that somebody has changed",
        ("foreign", Some(_)) => "another hook, which somebody put over that of rbgen",
        ("foreign", None) => "another hook; `rbgen hooks install` would keep it, and run it first",
        (_, Some(_)) => "not there any more; the hook that was there before is kept beside it",
        (_, None) => "not there",
    };
    output::line(format_args!("{}{server}: {state}", found.hook.name()));
}

fn failed(globals: &Globals, message: &str, help: &str, status: Status) -> Status {
    place::fail(globals, message, help);
    status
}
