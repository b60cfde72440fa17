//! `rbgen status`, `pull`, `push` and `sync`: the steps of git, with words about pages.

mod tell;

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::{DEFAULT_DATABASE, Globals, Status, database, print, site_root};
use crate::db::{Failure, Session};
use crate::diag::{Diagnostics, code};
use crate::files::Folder;
use crate::pipeline::check_site;
use crate::sync::flow::{Merge, Pulled, Remote, Sent, look_at, pull, remote_of, send};
use crate::sync::git::Repository;
use crate::sync::site::{address, prefix_of};
use crate::sync::{Local, Pushed, Wishes};

#[derive(Args)]
pub struct StatusArguments {
    /// The database, by its name in robbieblocks.toml
    #[arg(value_name = "DATABASE", default_value = DEFAULT_DATABASE)]
    database: String,
    /// Show what changed field by field
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Args)]
pub struct StepArguments {
    /// The database, by its name in robbieblocks.toml
    #[arg(value_name = "DATABASE", default_value = DEFAULT_DATABASE)]
    database: String,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Args)]
pub struct SyncArguments {
    /// The databases, by their names in robbieblocks.toml; of several, each gets what the others have
    #[arg(value_name = "DATABASE", default_value = DEFAULT_DATABASE)]
    databases: Vec<String>,
    #[command(flatten)]
    writing: Writing,
}

/// How the database is read.
#[derive(Args, Clone, Copy)]
struct Reading {
    /// Make the history anew where a commit that was pushed is not to be had
    #[arg(long)]
    rebuild: bool,
    /// Read every row, whatever the log of changes says
    #[arg(long)]
    verify: bool,
}

/// What writing may do.
#[derive(Args, Clone, Copy)]
struct Writing {
    /// Print what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Delete more than ten and more than a quarter of a kind, if that is what changed
    #[arg(long)]
    allow_deletes: bool,
    /// Show what changed field by field
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Writing {
    fn wishes(self) -> Wishes {
        Wishes {
            allow_deletes: self.allow_deletes,
            dry_run: self.dry_run,
            ..self.reading.wishes()
        }
    }
}

impl Reading {
    fn wishes(self) -> Wishes {
        Wishes {
            rebuild: self.rebuild,
            verify: self.verify,
            ..Wishes::default()
        }
    }
}

pub fn status(globals: &Globals, arguments: &StatusArguments) -> Status {
    with_site(globals, |root| {
        let place = Place::of(root)?;
        let mut remote = place.open(&arguments.database)?;
        let overview = look_at(&mut remote, arguments.reading.wishes())?;
        if globals.json {
            print::json_document(&tell::overview_json(&overview));
        } else if !globals.quiet {
            tell::overview(&arguments.database, &overview, arguments.verbose);
        }
        Ok(Status::Done)
    })
}

pub fn pull_one(globals: &Globals, arguments: &StepArguments) -> Status {
    with_site(globals, |root| {
        let place = Place::of(root)?;
        let mut remote = place.open(&arguments.database)?;
        let pulled = pull(&mut remote, arguments.writing.wishes())?;
        if globals.json {
            print::json_document(&tell::pulled_json(&arguments.database, &pulled));
        } else {
            tell::pulled(
                globals,
                &arguments.database,
                &pulled,
                arguments.writing.verbose,
            );
        }
        Ok(status_of(&pulled))
    })
}

pub fn push_one(globals: &Globals, arguments: &StepArguments) -> Status {
    with_site(globals, |root| {
        let place = Place::of(root)?;
        let mut remote = place.open(&arguments.database)?;
        let sent = send(&mut remote, arguments.writing.wishes(), &check_tree)?;
        Ok(told(globals, &arguments.database, sent, arguments.writing))
    })
}

/// All that is wrong with the site of a commit. The threads are those of the check alone, because it
/// runs beside other work.
///
/// Without a configuration there is no theme to hold pages against, as in a clone that was made from a
/// database alone: then the documents count.
pub(super) fn check_tree(folder: &Folder) -> Diagnostics {
    if !folder.has_file(crate::load::CONFIG_FILE) {
        return Diagnostics::new();
    }
    let work = || check_site(folder, &super::hook::options(), &|_, _| {}).diagnostics;
    match super::thread_pool(0) {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Says what came of a push.
fn told(globals: &Globals, database: &str, sent: Sent, writing: Writing) -> Status {
    let Sent { overview, pushed } = sent;
    match pushed {
        Pushed::Done(changes) => {
            if globals.json {
                print::json_document(&tell::sent_json(database, &overview, &changes));
            } else {
                tell::sent(globals, database, &overview, &changes, writing);
            }
            Status::Done
        }
        Pushed::Broken(folder, diagnostics) => {
            let diagnostics = print::report_of(globals, &folder, diagnostics);
            if globals.json {
                print::json_document(&json!({ "database": database, "diagnostics": diagnostics }));
            } else {
                tell::broken(&print::count(&diagnostics));
            }
            Status::ContentErrors
        }
    }
}

fn status_of(pulled: &Pulled) -> Status {
    match pulled.merge {
        Merge::Conflicts(_) => Status::Conflict,
        _ => Status::Done,
    }
}

/// How often a sync begins again because a database changed under it.
const MOST_ROUNDS: usize = 4;

pub fn sync_all(globals: &Globals, arguments: &SyncArguments) -> Status {
    with_site(globals, |root| {
        let place = Place::of(root)?;
        let mut remotes = Vec::new();
        for (index, database) in arguments.databases.iter().enumerate() {
            if !arguments.databases[..index].contains(database) {
                remotes.push((database.as_str(), place.open(database)?));
            }
        }
        let mut told_so_far: Vec<Value> = Vec::new();
        let status = sync_rounds(globals, arguments, &mut remotes, &mut told_so_far)?;
        if globals.json {
            print::json_document(&json!({ "steps": told_so_far }));
        }
        Ok(status)
    })
}

fn sync_rounds(
    globals: &Globals,
    arguments: &SyncArguments,
    remotes: &mut [(&str, Remote<'_>)],
    told_so_far: &mut Vec<Value>,
) -> Result<Status, Failure> {
    let writing = arguments.writing;
    let wishes = writing.wishes();
    let mut round = 1;
    'rounds: loop {
        for (database, remote) in remotes.iter_mut() {
            let pulled = pull(remote, wishes)?;
            if globals.json {
                told_so_far.push(tell::pulled_json(database, &pulled));
            } else {
                tell::pulled(globals, database, &pulled, writing.verbose);
            }
            if matches!(pulled.merge, Merge::Conflicts(_)) {
                return Ok(Status::Conflict);
            }
        }
        for (database, remote) in remotes.iter_mut() {
            // In a dry run nothing was merged, so what is behind would be refused.
            if writing.dry_run {
                continue;
            }
            match send(remote, wishes, &check_tree) {
                // Somebody edited rows in between: they are merged first.
                Err(failure) if failure.code == code::OUT_OF_DATE && round < MOST_ROUNDS => {
                    round += 1;
                    continue 'rounds;
                }
                Err(failure) => return Err(failure),
                Ok(Sent {
                    overview,
                    pushed: Pushed::Done(changes),
                }) => match globals.json {
                    true => told_so_far.push(tell::sent_json(database, &overview, &changes)),
                    false => tell::sent(globals, database, &overview, &changes, writing),
                },
                Ok(broken) => return Ok(told(globals, database, broken, writing)),
            }
        }
        return Ok(Status::Done);
    }
}

/// Runs something for the site that is meant, and says why it failed.
pub(super) fn with_site(
    globals: &Globals,
    work: impl FnOnce(&Path) -> Result<Status, Failure>,
) -> Status {
    let root = match site_root(globals) {
        Ok(root) => root,
        Err(status) => return status,
    };
    match work(&root) {
        Ok(status) => status,
        Err(failure) => database::failed(globals, &root, &failure),
    }
}

/// A site in a repository.
pub(super) struct Place {
    pub repository: Repository,
    /// The folder of the site in it: empty, or with a `/` at its end.
    pub prefix: String,
    config: crate::model::Config,
}

impl Place {
    /// The repository of the site in a folder.
    pub fn of(root: &Path) -> Result<Place, Failure> {
        let repository = Repository::at(root);
        let prefix = prefix_of(&repository).map_err(|failure| {
            match failure.message.contains("not a git repository") {
                true => Failure::new(code::NOT_SYNCED, "the site is in no git repository")
                    .hint("`git init`, `git add -A` and `git commit` make one of it"),
                false => failure,
            }
        })?;
        let folder = crate::files::Folder::new(root);
        let config = crate::sync::site::sound(crate::load::read_config(&folder))?;
        Ok(Place {
            repository,
            prefix,
            config,
        })
    }

    /// Where the commits of a database are.
    pub fn local<'a>(&'a self, database: &'a str) -> Local<'a> {
        Local {
            repository: &self.repository,
            database,
            prefix: &self.prefix,
        }
    }

    /// Fails where the configuration has no database of that name.
    pub fn check_name(&self, database: &str) -> Result<(), Failure> {
        crate::db::check_name(&self.config, database)
    }

    /// The database behind a name, and its remote.
    fn open<'a>(&'a self, database: &'a str) -> Result<Remote<'a>, Failure> {
        let address = address(Some(&self.config), database, &|variable| {
            std::env::var(variable).ok()
        })?;
        let name = remote_of(&self.repository, database, &self.prefix)?.ok_or_else(|| {
            let message = format!("the database `{database}` is no remote of this repository");
            Failure::new(code::NOT_SYNCED, message)
                .hint(format!("`rbgen remote add {database}` makes it one"))
        })?;
        Ok(Remote {
            local: self.local(database),
            name,
            session: Session::open(&address)?,
        })
    }
}
