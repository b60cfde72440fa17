//! `rbgen remote`: databases as remotes of a repository.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::sync::{Place, with_site};
use super::{DEFAULT_DATABASE, Globals, Status, output, print};
use crate::db::Failure;
use crate::diag::code;
use crate::sync::attributes::{NotInstalled, install_merge_driver};
use crate::sync::flow::remote_of;
use crate::sync::git::Repository;
use crate::sync::site::RemoteAddress;
use crate::sync::{SCHEME, failed, forget};

#[derive(Args)]
pub struct RemoteArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a database a remote of the repository, and have git merge content field by field
    Add(AddArguments),
    /// List the databases that are remotes
    List,
    /// Forget a remote; the database stays as it is
    Remove(OneArguments),
    /// Go on with a database that is another one than before: a copy, or one from a backup
    Accept(OneArguments),
}

#[derive(Args)]
struct AddArguments {
    /// The database, by its name in robbieblocks.toml
    #[arg(value_name = "DATABASE", default_value = DEFAULT_DATABASE)]
    database: String,
    /// What git calls the remote [default: `db` for `main`, else the name of the database]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Let `git push origin` push to the database as well
    #[arg(long)]
    with_origin: bool,
    /// Print what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
struct OneArguments {
    /// The database, by its name in robbieblocks.toml
    #[arg(value_name = "DATABASE", default_value = DEFAULT_DATABASE)]
    database: String,
    /// Print what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(globals: &Globals, arguments: &RemoteArguments) -> Status {
    with_site(globals, |root| {
        let place = Place::of(root)?;
        match &arguments.action {
            Action::Add(arguments) => {
                let steps = add(&place, root, arguments)?;
                tell(globals, &steps, arguments.dry_run);
                if !globals.json {
                    say_how_git_finds_it();
                }
            }
            Action::List => list(globals, &place)?,
            Action::Remove(arguments) => {
                let steps = remove(&place, arguments)?;
                tell(globals, &steps, arguments.dry_run);
            }
            Action::Accept(arguments) => {
                place.check_name(&arguments.database)?;
                let local = place.local(&arguments.database);
                let known = arguments.dry_run || forget(&local)?;
                let words = match known {
                    true => format!(
                        "the next look takes the database {} as it is",
                        arguments.database
                    ),
                    false => format!(
                        "nothing is remembered of the database {}",
                        arguments.database
                    ),
                };
                tell(globals, &[words], arguments.dry_run);
            }
        }
        Ok(Status::Done)
    })
}

/// The git commands that change the configuration, and what to say of each.
fn carry_out(
    repository: &Repository,
    steps: Vec<(Vec<String>, String)>,
    dry_run: bool,
) -> Result<Vec<String>, Failure> {
    let mut done = Vec::new();
    for (command, words) in steps {
        if !dry_run {
            repository.text(&command).map_err(failed)?;
        }
        done.push(words);
    }
    Ok(done)
}

fn words(command: &[&str]) -> Vec<String> {
    command.iter().map(ToString::to_string).collect()
}

fn add(
    place: &Place,
    root: &std::path::Path,
    arguments: &AddArguments,
) -> Result<Vec<String>, Failure> {
    let AddArguments {
        database,
        name,
        with_origin,
        dry_run,
    } = arguments;
    place.check_name(database)?;
    let repository = &place.repository;
    let url = RemoteAddress {
        database: database.clone(),
        prefix: place.prefix.clone(),
    }
    .url();
    let mut steps = Vec::new();
    let remotes = repository.remotes().map_err(failed)?;
    if let Some(there) = remote_of(repository, database, &place.prefix)? {
        if name.as_ref().is_some_and(|name| *name != there) {
            let message = format!("the database `{database}` is the remote `{there}` already");
            return Err(Failure::new(code::NOT_SYNCED, message).hint(format!(
                "`git remote rename {there} …` gives it another name"
            )));
        }
    } else {
        let name = name.clone().unwrap_or_else(|| match database.as_str() {
            DEFAULT_DATABASE => "db".to_string(),
            other => other.to_string(),
        });
        if remotes.iter().any(|(remote, _)| *remote == name) {
            let message = format!("there is a remote `{name}` already, which leads elsewhere");
            return Err(Failure::new(code::NOT_SYNCED, message)
                .hint("`--name NAME` gives the database another name"));
        }
        steps.push((
            words(&["remote", "add", &name, &url]),
            format!("the database {database} is the remote `{name}`"),
        ));
    }
    if *with_origin {
        steps.extend(origin_steps(repository, &remotes, &url)?);
    }
    let mut done = carry_out(repository, steps, *dry_run)?;
    if *dry_run {
        return Ok(done);
    }
    let installed =
        install_merge_driver(repository, root, &program()).map_err(|why| match why {
            NotInstalled::Attributes(error) => Failure::new(
                code::GIT_FAILED,
                format!("`.gitattributes` cannot be written: {error}"),
            ),
            NotInstalled::Config(error) => failed(error),
        })?;
    if installed.attributes {
        done.push("`.gitattributes` says that rbgen merges content; commit it".to_string());
    }
    if installed.config {
        done.push("git merges content field by field and block by block".to_string());
    }
    Ok(done)
}

/// The steps that make `git push origin` push to a database as well. A push address replaces the address
/// of the remote, so that comes first.
fn origin_steps(
    repository: &Repository,
    remotes: &[(String, String)],
    url: &str,
) -> Result<Vec<(Vec<String>, String)>, Failure> {
    let origin = remotes.iter().find(|(name, _)| name == "origin");
    let (_, origin) = origin.ok_or_else(|| {
        Failure::new(code::NOT_SYNCED, "there is no remote `origin`")
            .hint("`git remote add origin …` makes it; then `rbgen remote add --with-origin`")
    })?;
    let there = repository.text(&["config", "--get-all", "remote.origin.pushurl"]);
    let there = there.unwrap_or_default();
    let mut steps = Vec::new();
    if there.is_empty() {
        steps.push((
            words(&["config", "--add", "remote.origin.pushurl", origin]),
            "`git push origin` pushes to where it pushed before".to_string(),
        ));
    }
    if !there.lines().any(|line| line == url) {
        steps.push((
            words(&["config", "--add", "remote.origin.pushurl", url]),
            "… and to the database".to_string(),
        ));
    }
    Ok(steps)
}

fn remove(place: &Place, arguments: &OneArguments) -> Result<Vec<String>, Failure> {
    let database = &arguments.database;
    let repository = &place.repository;
    let name = remote_of(repository, database, &place.prefix)?.ok_or_else(|| {
        let message = format!("the database `{database}` is no remote of this repository");
        Failure::new(code::NOT_SYNCED, message)
    })?;
    let url = place.local(database);
    let url = RemoteAddress {
        database: url.database.to_string(),
        prefix: url.prefix.to_string(),
    }
    .url();
    let mut steps = vec![(
        words(&["remote", "remove", &name]),
        format!("the remote `{name}` is gone; the database {database} is as it was"),
    )];
    let there = repository.text(&["config", "--get-all", "remote.origin.pushurl"]);
    let there: Vec<String> = there
        .unwrap_or_default()
        .lines()
        .map(str::to_string)
        .collect();
    if there.contains(&url) {
        let origin = repository.text(&["config", "--get", "remote.origin.url"]);
        let only_origin = there.len() == 2 && origin.is_ok_and(|origin| there.contains(&origin));
        let command = match only_origin {
            true => words(&["config", "--unset-all", "remote.origin.pushurl"]),
            false => words(&[
                "config",
                "--fixed-value",
                "--unset-all",
                "remote.origin.pushurl",
                &url,
            ]),
        };
        let words = "`git push origin` pushes to the database no more".to_string();
        steps.insert(0, (command, words));
    }
    let done = carry_out(repository, steps, arguments.dry_run)?;
    if !arguments.dry_run {
        forget(&place.local(database))?;
    }
    Ok(done)
}

fn list(globals: &Globals, place: &Place) -> Result<(), Failure> {
    let remotes = place.repository.remotes().map_err(failed)?;
    let databases: Vec<(String, RemoteAddress)> = remotes
        .into_iter()
        .filter(|(_, url)| url.starts_with(SCHEME))
        .filter_map(|(name, url)| Some((name, RemoteAddress::parse(&url).ok()?)))
        .collect();
    if globals.json {
        let remotes = databases.iter().map(|(name, address)| {
            json!({
                "remote": name,
                "database": address.database,
                "folder": address.prefix.trim_end_matches('/'),
                "url": address.url(),
            })
        });
        print::json_document(&json!({ "remotes": remotes.collect::<Vec<_>>() }));
    } else if databases.is_empty() && !globals.quiet {
        output::line("no database is a remote; `rbgen remote add` makes one");
    } else {
        for (name, address) in databases {
            output::line(format_args!("{name}\t{}", print::clean(&address.url())));
        }
    }
    Ok(())
}

fn tell(globals: &Globals, steps: &[String], dry_run: bool) {
    if globals.json {
        print::json_document(&json!({ "done": !dry_run, "steps": steps }));
        return;
    }
    if globals.quiet {
        return;
    }
    if steps.is_empty() {
        output::line("nothing to do");
    }
    for step in steps {
        output::line(print::clean(step));
    }
    if dry_run && !steps.is_empty() {
        output::line("nothing was done: it is a dry run");
    }
}

/// What git is to call for a merge: the name, where a shell finds this program by it, and else its path.
pub fn program() -> String {
    let own = std::env::current_exe().ok();
    let found = on_path("rbgen").and_then(|path| path.canonicalize().ok());
    match own {
        Some(own) if found.is_none() || own.canonicalize().ok() != found => {
            own.display().to_string()
        }
        _ => "rbgen".to_string(),
    }
}

/// Git looks for `git-remote-rbgen` on the path.
pub fn say_how_git_finds_it() {
    if on_path("git-remote-rbgen").is_some() {
        return;
    }
    let beside = std::env::current_exe().ok();
    let folder = beside.as_ref().and_then(|own| own.parent());
    let where_it_is = match folder {
        Some(folder) if folder.join("git-remote-rbgen").is_file() => {
            format!("add `{}` to PATH", folder.display())
        }
        _ => "install it beside rbgen, on the PATH".to_string(),
    };
    output::note(format_args!(
        "\x1b[1;33mwarning\x1b[0m: git does not find `git-remote-rbgen`, so `git fetch` and `git push` \
         cannot reach the database (`rbgen pull` and `push` can): {where_it_is}"
    ));
}

/// Where a shell finds a program.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
