//! `rbgen hook post-receive`: what was pushed here goes to the database, is built and
//! deployed. Every step that
//! fails is said loudly, and written into a log.

use std::path::Path;
use std::process::{Command, Stdio};

use super::super::{Status, output};
use super::standard_input;
use crate::files::Folder;
use crate::load::{CONFIG_FILE, read_config};
use crate::sync::git::Repository;
use crate::sync::receive::{
    CheckoutError, Database, Settings, append_to_log, check_out, database_of, push_to_database,
    received, settings, take_turn,
};

pub fn run(repository: &Repository) -> Status {
    let updates = received(&standard_input());
    let settings = match settings(repository) {
        Ok(settings) => settings,
        Err(error) => {
            output::note(format_args!(
                "rbgen: FAILED: which branch is built cannot be found out: {}",
                error.said
            ));
            return Status::Unusable;
        }
    };
    let branch = &settings.branch;
    match updates.iter().find(|update| update.name == *branch) {
        None => {
            output::note(format_args!(
                "rbgen: nothing to build: only `{branch}` is (`git config rbgen.branch` changes that)"
            ));
            return Status::Done;
        }
        Some(update) if update.object.is_none() => {
            output::note(format_args!(
                "rbgen: `{branch}` is gone; what was built of it stays"
            ));
            return Status::Done;
        }
        Some(_) => {}
    }
    let mut run = Run {
        repository,
        settings: &settings,
        commit: String::new(),
        status: Status::Done,
    };
    let waiting = || output::note("rbgen: another push is being built; waiting for it");
    let turn = take_turn(&settings.room, waiting);
    // Another push may have come in the meantime: the newest is built.
    match (turn, repository.text(&["rev-parse", "--verify", branch])) {
        (Ok(turn), Ok(commit)) => {
            run.commit = commit;
            run.all();
            drop(turn);
        }
        (Err(error), _) => run.fail(&format!(
            "nothing was done: `{}` cannot be locked: {error}",
            settings.room.display()
        )),
        (_, Err(error)) => run.fail(&format!(
            "nothing was done: `{branch}` cannot be read: {}",
            error.said
        )),
    }
    run.status
}

struct Run<'a> {
    repository: &'a Repository,
    settings: &'a Settings,
    commit: String,
    status: Status,
}

impl Run<'_> {
    /// All steps. A build needs no database: it is made where the database was not to be had as well.
    fn all(&mut self) {
        let is_in_database = self.push();
        if !self.build() {
            output::note("rbgen: not deployed, because nothing was built");
        } else if !is_in_database {
            output::note("rbgen: not deployed, because the database does not have it");
        } else {
            self.deploy();
        }
    }

    fn short(&self) -> &str {
        self.commit.get(..10).unwrap_or(&self.commit)
    }

    /// Says that a step failed, and writes it into the log.
    fn fail(&mut self, what: &str) {
        self.status = Status::ContentErrors;
        for (at, line) in what.lines().enumerate() {
            let head = if at == 0 {
                "rbgen: FAILED: "
            } else {
                "rbgen:   "
            };
            output::note(format_args!("{head}{line}"));
        }
        let line = format!("{} FAILED: {what}", self.commit);
        let time = jiff::Timestamp::now().to_string();
        if let Err(error) = append_to_log(&self.settings.room, &time, line.trim_start()) {
            output::note(format_args!(
                "rbgen: FAILED: the log in `{}` cannot be written: {error}",
                self.settings.room.display()
            ));
        }
    }

    /// Whether the database has the commit now, or there is none.
    fn push(&mut self) -> bool {
        let database = match database_of(self.repository) {
            Ok(database) => database,
            Err(error) => {
                self.fail(&format!(
                    "which remote is the database cannot be found out: {}",
                    error.said
                ));
                return false;
            }
        };
        let remote = match database {
            Database::Remote(remote) => remote,
            Database::None => {
                output::note("rbgen: no remote is a database, so none has what was pushed");
                return true;
            }
            Database::Several(names) => {
                self.fail(&format!(
                    "several remotes are databases ({}): `git config rbgen.remote NAME` says which is meant",
                    names.join(", ")
                ));
                return false;
            }
            Database::Unknown(name) => {
                self.fail(&format!(
                    "`rbgen.remote` names `{name}`, and there is no such remote"
                ));
                return false;
            }
        };
        match push_to_database(self.repository, &remote, &self.commit, &push_options()) {
            Ok(said) => {
                say_lines(&said);
                output::note(format_args!(
                    "rbgen: the database `{remote}` has {}",
                    self.short()
                ));
                true
            }
            Err(error) => {
                self.fail(&format!(
                    "the database `{remote}` did not take {}:\n{}",
                    self.short(),
                    error.said
                ));
                false
            }
        }
    }

    /// Whether the commit was built.
    fn build(&mut self) -> bool {
        let settings = self.settings;
        if let Err(error) = check_out(self.repository, settings, &self.commit) {
            let checkout = settings.checkout.display();
            let why = match error {
                CheckoutError::Foreign(_) => format!(
                    "`{checkout}` has files that no checkout put there; empty it, or name another \
                     folder with `git config rbgen.checkout`"
                ),
                CheckoutError::Failed(error) => {
                    format!("`{checkout}` cannot be written to: {error}")
                }
                CheckoutError::Git(error) => format!(
                    "it cannot be checked out into `{checkout}`:\n{}",
                    error.said
                ),
            };
            self.fail(&format!("{} was not built: {why}", self.short()));
            return false;
        }
        let site = settings.site();
        if !site.join(CONFIG_FILE).is_file() {
            self.fail(&format!(
                "{} was not built: it has no {}; `git config rbgen.folder` says where in the \
                 repository the site is",
                self.short(),
                Path::new(&settings.folder).join(CONFIG_FILE).display()
            ));
            return false;
        }
        // A process of its own: a template that takes all memory takes it alone.
        let built = std::env::current_exe().and_then(|program| {
            Command::new(program)
                .args(["build", "--color", "never", "--root"])
                .arg(&site)
                .stdin(Stdio::null())
                .status()
        });
        match built {
            Ok(status) if status.success() => {
                output::note(format_args!(
                    "rbgen: {} is built, in {}",
                    self.short(),
                    site.display()
                ));
                true
            }
            Ok(status) => {
                self.fail(&format!(
                    "{} was not built (the build ended with {status}); what was built before stays",
                    self.short()
                ));
                false
            }
            Err(error) => {
                self.fail(&format!(
                    "{} was not built: the build cannot be run: {error}",
                    self.short()
                ));
                false
            }
        }
    }

    /// Deploys what was built, where nodes have targets.
    fn deploy(&mut self) {
        let site = self.settings.site();
        let (Some(config), _) = read_config(&Folder::new(&site)) else {
            return;
        };
        let with_target = config
            .nodes
            .iter()
            .filter(|(_, node)| node.deploy.is_some());
        let names: Vec<&str> = with_target.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() {
            return;
        }
        // A process of its own, as for the build: what ends it leaves what is live as it is.
        let deployed = std::env::current_exe().and_then(|program| {
            Command::new(program)
                .args(["deploy", "--color", "never", "--triggered-by", "push"])
                .args(["--source-commit", &self.commit, "--root"])
                .arg(&site)
                .stdin(Stdio::null())
                .status()
        });
        let targets = names.join(", ");
        match deployed {
            Ok(status) if status.success() => output::note(format_args!(
                "rbgen: {} is deployed to the targets of {targets}",
                self.short()
            )),
            Ok(status) => self.fail(&format!(
                "{} was not deployed to the targets of {targets}, or not to all (the deploy ended \
                 with {status}); `rbgen deploys` tells more",
                self.short()
            )),
            Err(error) => self.fail(&format!(
                "{} was not deployed: the deploy cannot be run: {error}",
                self.short()
            )),
        }
    }
}

/// The options of the push that brought what is here (`git push -o`), as git gives them to hooks.
fn push_options() -> Vec<String> {
    let variable = |name: &str| std::env::var(name).ok();
    let count = variable("GIT_PUSH_OPTION_COUNT").and_then(|count| count.parse::<usize>().ok());
    let each = (0..count.unwrap_or(0)).map(|at| variable(&format!("GIT_PUSH_OPTION_{at}")));
    each.flatten().collect()
}

fn say_lines(said: &str) {
    for line in said.lines() {
        output::note(line);
    }
}
