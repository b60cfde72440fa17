//! `git-remote-rbgen`: what git runs for the remote that is a database.

use std::io::{BufRead, Write};

use clap::Args;

use super::{Globals, Status, output, print};
use crate::db::{Failure, Session};
use crate::diag::Diagnostics;
use crate::files::Folder;
use crate::sync::git::Repository;
use crate::sync::protocol::{BRANCH, Command, Refspec, list_answer, read_command, refusal};
use crate::sync::site::{self, RemoteAddress};
use crate::sync::{Fetched, Local, Pushed, Wishes, failed, fetch, push_checked};

#[derive(Args)]
pub struct RemoteHelperArguments {
    /// The name of the remote, or its address
    remote: String,
    /// The address behind `rbgen::`
    address: Option<String>,
}

/// What git asks of all that follows.
#[derive(Default)]
struct Asked {
    wishes: Wishes,
    quiet: bool,
    /// Whether it wants to be told which digests its objects are named by.
    object_format: bool,
}

pub fn run(globals: &Globals, arguments: &RemoteHelperArguments) -> Status {
    match serve(globals, arguments) {
        Ok(()) => Status::Done,
        Err(failure) => {
            say(&failure.message);
            if let Some(hint) = &failure.hint {
                say(hint);
            }
            failure.kind().into()
        }
    }
}

/// Says a line to the user, who sees git's own lines around it.
fn say(text: &str) {
    output::note(format_args!("rbgen: {}", print::clean(text)));
}

fn serve(globals: &Globals, arguments: &RemoteHelperArguments) -> Result<(), Failure> {
    let address = arguments.address.as_deref().unwrap_or(&arguments.remote);
    let address = RemoteAddress::parse(address)?;
    let repository = Repository::at(".");
    let mut helper = Helper {
        globals,
        local: Local {
            repository: &repository,
            database: &address.database,
            prefix: &address.prefix,
        },
        session: None,
        asked: Asked::default(),
    };
    helper.asked.wishes.allow_deletes = repository
        .config_flag("rbgen.allowDeletes")
        .map_err(failed)?;
    helper.asked.wishes.rebuild = repository.config_flag("rbgen.rebuild").map_err(failed)?;
    helper.asked.wishes.verify = repository.config_flag("rbgen.verify").map_err(failed)?;
    helper.listen()
}

struct Helper<'a> {
    globals: &'a Globals,
    local: Local<'a>,
    /// Opened when it is needed.
    session: Option<Session>,
    asked: Asked,
}

impl Helper<'_> {
    /// Does what git says, line by line, until it says no more.
    fn listen(&mut self) -> Result<(), Failure> {
        let mut pushes: Vec<Refspec> = Vec::new();
        let mut fetching = false;
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            let answer = match read_command(&line) {
                Command::Capabilities => "fetch\npush\noption\nobject-format\n\n".to_string(),
                Command::Option { name, value } => self.set(&name, &value).to_string(),
                Command::List { for_push } => self.list(for_push)?,
                // The commits are here since `list`.
                Command::Fetch => {
                    fetching = true;
                    continue;
                }
                Command::Push(refspec) => {
                    pushes.push(refspec);
                    continue;
                }
                Command::End if fetching => {
                    fetching = false;
                    "\n".to_string()
                }
                Command::End if !pushes.is_empty() => {
                    let answers = pushes.drain(..).map(|refspec| self.push(&refspec));
                    let answers: Vec<String> = answers.collect();
                    format!("{}\n", answers.concat())
                }
                Command::End => break,
                Command::Unknown(line) => {
                    say(&format!("git asks for something unknown: {line}"));
                    break;
                }
            };
            let mut stdout = std::io::stdout().lock();
            // Git that went away asks for nothing more.
            if stdout
                .write_all(answer.as_bytes())
                .and_then(|()| stdout.flush())
                .is_err()
            {
                break;
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> &'static str {
        match (name, value) {
            ("verbosity", value) => self.asked.quiet = value == "0",
            ("progress", _) => {}
            ("object-format", value) => self.asked.object_format = value != "false",
            ("dry-run", value) => self.asked.wishes.dry_run = value == "true",
            ("push-option", "allow-deletes") => self.asked.wishes.allow_deletes = true,
            ("push-option", other) => {
                say(&format!(
                    "there is no push option `{other}`; it may be `allow-deletes`"
                ));
                return "error unknown push option\n";
            }
            _ => return "unsupported\n",
        }
        "ok\n"
    }

    fn session(&mut self) -> Result<&mut Session, Failure> {
        let session = match self.session.take() {
            Some(session) => session,
            None => {
                let Local {
                    repository,
                    database,
                    prefix,
                } = &self.local;
                let config = site::config_of(repository, prefix)?;
                let address = site::address(config.as_ref(), database, &|variable| {
                    std::env::var(variable).ok()
                })?;
                Session::open(&address)?
            }
        };
        Ok(self.session.insert(session))
    }

    fn list(&mut self, for_push: bool) -> Result<String, Failure> {
        let wishes = Wishes {
            // What a push may delete says nothing of what was deleted in the database.
            allow_deletes: self.asked.wishes.allow_deletes && !for_push,
            // Git tells only afterwards whether it tries a push or means it. One that is meant seals
            // what it finds edited, and is refused.
            dry_run: self.asked.wishes.dry_run || for_push,
            ..self.asked.wishes
        };
        let local = self.local.clone();
        let fetched = fetch(&local, self.session()?, wishes)?;
        self.tell(&fetched, wishes.dry_run);
        let format = match self.asked.object_format {
            true => Some(local.repository.object_format().map_err(failed)?),
            false => None,
        };
        Ok(list_answer(format.as_deref(), fetched.commit.as_deref()))
    }

    fn tell(&self, fetched: &Fetched, is_only_a_look: bool) {
        if !self.asked.quiet && !fetched.sealed.is_empty() {
            let count = match fetched.sealed.len() {
                1 => "1 changed entity".to_string(),
                count => format!("{count} changed entities"),
            };
            match is_only_a_look {
                true => say(&format!("in the database, in no revision yet: {count}")),
                false => say(&format!("{count} of the database became a revision")),
            }
        }
        for commit in &fetched.rebuilt {
            let short: String = commit.chars().take(12).collect();
            say(&format!(
                "the commit {short} that was pushed into the database is not here; it was made anew \
                 from the database, without what only that commit had: themes, other files, comments"
            ));
        }
        for diagnostic in fetched.diagnostics.iter() {
            say(&format!("left out: {}", diagnostic.message));
        }
    }

    fn push(&mut self, refspec: &Refspec) -> String {
        let Refspec {
            force,
            source,
            target,
        } = refspec;
        let refused = match () {
            () if target != BRANCH => Some("a database has one branch, main"),
            () if source.is_empty() => Some("the branch of a database cannot be deleted"),
            () if *force => {
                Some("the history of a database is only added to; merge it, and push without force")
            }
            () => None,
        };
        if let Some(why) = refused {
            return refusal(target, why);
        }
        match self.try_push(source) {
            Ok(Pushed::Done(changes)) => {
                if !self.asked.quiet && !changes.is_empty() {
                    let count = print::entities(changes.len());
                    let done = match self.asked.wishes.dry_run {
                        true => "would change",
                        false => "changed",
                    };
                    say(&format!("{count} {done} in the database"));
                }
                format!("ok {target}\n")
            }
            Ok(Pushed::Broken(folder, diagnostics)) => {
                self.show(&folder, diagnostics);
                refusal(target, "the commit does not check")
            }
            Err(failure) => {
                if let Some(hint) = &failure.hint {
                    say(hint);
                }
                refusal(target, &failure.message)
            }
        }
    }

    fn try_push(&mut self, source: &str) -> Result<Pushed, Failure> {
        let local = self.local.clone();
        let commit = local.repository.commit_named(source).map_err(failed)?;
        let commit = commit.ok_or_else(|| {
            Failure::new(
                crate::diag::code::GIT_FAILED,
                format!("`{source}` is no commit"),
            )
        })?;
        let wishes = self.asked.wishes;
        push_checked(
            &local,
            self.session()?,
            &commit,
            wishes,
            &super::sync::check_tree,
        )
    }

    fn show(&self, folder: &Folder, diagnostics: Diagnostics) {
        print::report_of(self.globals, folder, diagnostics);
    }
}
