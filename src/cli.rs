//! The command line: arguments, printing and exit statuses. Nothing else speaks to the user.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "this room speaks to the user"
)]

mod build;
mod bundle;
mod check;
mod clone;
mod completions;
mod database;
mod deploy;
mod deploys;
mod differences;
mod doctor;
mod exchange;
mod explain;
mod hook;
mod hooks;
mod init;
mod listen;
mod merge_driver;
mod migrate;
mod mv;
mod new;
mod output;
mod place;
mod print;
mod react_worker;
mod remote;
mod remote_helper;
mod rollback;
mod schema;
mod serve;
mod sync;
mod targets;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::diag::{Diagnostic, code};
use crate::load::CONFIG_FILE;
use crate::model::Moment;
use crate::pipeline::{Exhausted, Explain, Options};
use crate::render::react::Runner;
use crate::sandbox::Sandbox;

/// Builds one set of pages into many themed apps.
#[derive(Parser)]
#[command(
    name = "rbgen",
    version,
    about,
    max_term_width = 100,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(flatten, next_help_heading = "Options of every command")]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args)]
struct Globals {
    /// The folder of the site [default: the nearest one above with a robbieblocks.toml]
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Print one JSON document to standard output; everything else goes to standard error
    #[arg(long, global = true)]
    json: bool,
    /// Print errors and warnings only
    #[arg(long, short, global = true)]
    quiet: bool,
    /// When to colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// How many threads to use [default: one for each core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
enum Command {
    /// Write a new site that builds at once
    Init(init::InitArguments),
    /// Build every bundle, or do nothing where nothing has changed
    Build(build::BuildArguments),
    /// Build when files change, and show it in a browser that hears of it
    Watch(watch::WatchArguments),
    /// Say everything that is wrong with the site, and write nothing
    Check(check::CheckArguments),
    /// Write bundles as deterministic archives
    Bundle(bundle::BundleArguments),
    /// Build what is stale, and publish each bundle to the target of its node
    Deploy(deploy::DeployArguments),
    /// Go back to an earlier release, which stays live until it is unpinned
    Rollback(rollback::RollbackArguments),
    /// List the records of deploys
    Deploys(deploys::DeploysArguments),
    /// Follow a database, and keep nodes up to date by itself
    Listen(listen::ListenArguments),
    /// Show what was built in a browser, as a host would serve it
    Serve(serve::ServeArguments),
    /// Begin a site from a database that has content already
    Clone(clone::CloneArguments),
    /// Make databases remotes of the repository, list and remove them
    Remote(remote::RemoteArguments),
    /// Say what the files and a database have that the other has not
    Status(sync::StatusArguments),
    /// Bring what changed in a database into the branch, and merge
    Pull(sync::StepArguments),
    /// Bring what was committed into a database, or be refused
    Push(sync::StepArguments),
    /// Pull and push, with one database or between several
    Sync(sync::SyncArguments),
    /// Bring the files into the rows of a database, after saying what differs
    Import(exchange::ExchangeArguments),
    /// Bring the rows of a database into the files, after saying what differs
    Export(exchange::ExchangeArguments),
    /// Write a page, a component, a node or a token
    New(new::NewArguments),
    /// Give a page, block, component, token or node another key, wherever it is named
    Mv(mv::MvArguments),
    /// Make the tables of a database, or bring them up to date
    Migrate(migrate::MigrateArguments),
    /// Put hooks into the git repository that check what is pushed, and build what arrives
    Hooks(hooks::HooksArguments),
    /// What the hooks call
    #[command(hide = true)]
    Hook(hook::HookArguments),
    /// Write the JSON Schemas of the files, for editors
    Schema(schema::SchemaArguments),
    /// Look at the surroundings of the site: folders, git, the environment, each database
    Doctor(doctor::DoctorArguments),
    /// Explain the code of an error or a warning
    Explain(explain::ExplainArguments),
    /// What git runs for a remote that is a database
    #[command(hide = true)]
    RemoteHelper(remote_helper::RemoteHelperArguments),
    /// What renders React components, in a process of its own
    #[command(hide = true)]
    ReactWorker,
    /// Print the completions of a shell
    Completions(completions::CompletionsArguments),
    /// Write the manual pages
    Man(completions::ManArguments),
    /// Merge three versions of a file; git runs this
    #[command(hide = true)]
    MergeDriver(merge_driver::MergeDriverArguments),
}

/// What narrows and times a build.
#[derive(Args)]
struct Selection {
    /// Take only this node (may be given again)
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,
    /// Take only this app (may be given again)
    #[arg(long, value_name = "APP")]
    app: Vec<String>,
    /// Take drafts as well
    #[arg(long)]
    drafts: bool,
    /// The time to hold conditions against, as RFC 3339 [default: the clock]
    #[arg(long, value_name = "TIME")]
    now: Option<Moment>,
    /// Take the content from the rows of a database: `db` for the one called `main` in
    /// robbieblocks.toml, `db=NAME` for another
    #[arg(long, value_name = "db[=NAME]", value_parser = parse_source)]
    from: Option<String>,
}

/// The name of a database in `db` or `db=NAME`.
fn parse_source(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        None if text == "db" => Ok(DEFAULT_DATABASE.to_string()),
        Some(("db", name)) if !name.is_empty() => Ok(name.to_string()),
        Some(_) | None if text.starts_with("db=") => Err("after `db=` comes a name".to_string()),
        _ => Err(format!(
            "it is `db` or `db=NAME`; did you mean `db={text}`?"
        )),
    }
}

/// The database that is meant where none is named.
const DEFAULT_DATABASE: &str = "main";

/// Where React code is compiled and run: in processes of this program, which begin when there is some.
fn react() -> Arc<dyn Runner> {
    Arc::new(Sandbox::of_this_program())
}

impl Selection {
    fn options(&self) -> Options {
        Options {
            nodes: self.node.iter().cloned().collect(),
            apps: self.app.iter().cloned().collect(),
            drafts: self.drafts,
            now: self.now.unwrap_or_else(Moment::now),
            out: None,
            force: false,
            verify: false,
            explain: Explain::Nothing,
            from: self.from.clone(),
            exhausted: self.from.as_ref().map(|_| print::exhausted as Exhausted),
            react: react(),
        }
    }
}

/// How a command ended; the exit statuses of design §8.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Done = 0,
    ContentErrors = 1,
    Unusable = 2,
    Conflict = 3,
    Unreachable = 4,
    /// Of the merge driver: git takes every status up to 128 for a conflict.
    NotMerged = 129,
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => return ExitCode::from(output::ended(say_usage(&answer)) as u8),
    };
    // It needs no threads, and limits its process.
    if matches!(arguments.command, Command::ReactWorker) {
        react_worker::run();
    }
    let globals = &arguments.globals;
    print::JSON.store(globals.json, std::sync::atomic::Ordering::Relaxed);
    match globals.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let pool = thread_pool(globals.threads.map_or(0, usize::from));
    let pool = match pool {
        Ok(pool) => pool,
        Err(error) => {
            let status = place::fail(globals, &format!("no threads: {error}"), "");
            return ExitCode::from(status as u8);
        }
    };
    // Inside the pool, so that what is not parallel has its stack as well.
    let status = pool.install(|| run(globals, &arguments.command));
    ExitCode::from(output::ended(status) as u8)
}

/// Threads for parallel work; 0 is one for each core. Templates may nest deeply, and the stack of a
/// pool's thread is small by default.
fn thread_pool(threads: usize) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(16 * 1024 * 1024)
        .build()
}

fn run(globals: &Globals, command: &Command) -> Status {
    match command {
        Command::Init(arguments) => init::run(globals, arguments),
        Command::Build(arguments) => build::run(globals, arguments),
        Command::Watch(arguments) => watch::run(globals, arguments),
        Command::Check(arguments) => check::run(globals, arguments),
        Command::Bundle(arguments) => bundle::run(globals, arguments),
        Command::Deploy(arguments) => deploy::run(globals, arguments),
        Command::Rollback(arguments) => rollback::run(globals, arguments),
        Command::Deploys(arguments) => deploys::run(globals, arguments),
        Command::Listen(arguments) => listen::run(globals, arguments),
        Command::Serve(arguments) => serve::run(globals, arguments),
        Command::Clone(arguments) => clone::run(globals, arguments),
        Command::Remote(arguments) => remote::run(globals, arguments),
        Command::Status(arguments) => sync::status(globals, arguments),
        Command::Pull(arguments) => sync::pull_one(globals, arguments),
        Command::Push(arguments) => sync::push_one(globals, arguments),
        Command::Sync(arguments) => sync::sync_all(globals, arguments),
        Command::Export(arguments) => exchange::run(globals, arguments, exchange::Way::Export),
        Command::Import(arguments) => exchange::run(globals, arguments, exchange::Way::Import),
        Command::New(arguments) => new::run(globals, arguments),
        Command::Mv(arguments) => mv::run(globals, arguments),
        Command::Migrate(arguments) => migrate::run(globals, arguments),
        Command::Hooks(arguments) => hooks::run(globals, arguments),
        Command::Hook(arguments) => hook::run(globals, arguments),
        Command::Schema(arguments) => schema::run(globals, arguments),
        Command::Doctor(arguments) => doctor::run(globals, arguments),
        Command::Explain(arguments) => explain::run(globals, arguments),
        Command::ReactWorker => react_worker::run(),
        Command::RemoteHelper(arguments) => remote_helper::run(globals, arguments),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => completions::write_man(globals, arguments),
        Command::MergeDriver(arguments) => merge_driver::run(arguments),
    }
}

/// Prints what clap answers instead of arguments: help and the version to standard output, a wrong
/// usage to standard error.
fn say_usage(answer: &clap::Error) -> Status {
    let text = answer.render().ansi().to_string();
    if answer.use_stderr() {
        output::note(text.trim_end_matches('\n'));
        Status::Unusable
    } else {
        output::styled(text);
        Status::Done
    }
}

/// The definition of the command line, for completions and manual pages.
fn command() -> clap::Command {
    Arguments::command()
}

/// A path from the current folder, made absolute.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The folder of the site: `--root`, or the nearest folder above the current one that has a
/// robbieblocks.toml. Where there is none, that is said, and the status given.
fn site_root(globals: &Globals) -> Result<PathBuf, Status> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let start = globals
        .root
        .as_ref()
        .map_or_else(|| here.clone(), |root| here.join(root));
    let found = if globals.root.is_some() {
        Some(start.clone())
    } else {
        start
            .ancestors()
            .find(|folder| folder.join(CONFIG_FILE).is_file())
            .map(PathBuf::from)
    };
    found.ok_or_else(|| {
        let diagnostic = Diagnostic::general(
            code::NO_SITE,
            format!(
                "there is no {CONFIG_FILE} in `{}` or in a folder above it",
                start.display()
            ),
        )
        .hint("make a site with `rbgen init DIR`, or name one with `--root DIR`");
        let diagnostics = print::report(globals, &start, diagnostic.into());
        if globals.json {
            print::json_document(&serde_json::json!({ "diagnostics": diagnostics }));
        }
        Status::Unusable
    })
}
