//! `rbgen clone`: a site from a database that has content already.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::remote::{program, say_how_git_finds_it};
use super::{DEFAULT_DATABASE, Globals, Status, database, output, place, print};
use crate::db::{Address, Failure, Session, address_in};
use crate::diag::code;
use crate::files::Folder;
use crate::load::load_site;
use crate::scaffold::{Template, site_files, site_name};
use crate::sync::attributes::install_merge_driver;
use crate::sync::git::Repository;
use crate::sync::site::RemoteAddress;
use crate::sync::{Fetched, Local, Wishes, failed, fetch};

#[derive(Args)]
pub struct CloneArguments {
    /// The NAME of the environment variable that has the address of the database, or the address itself
    #[arg(value_name = "DATABASE")]
    source: String,
    /// The folder of the new site
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(globals: &Globals, arguments: &CloneArguments) -> Status {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let root = match &globals.root {
        Some(base) => here.join(base).join(&arguments.folder),
        None => here.join(&arguments.folder),
    };
    let shown = arguments.folder.display().to_string();
    if root.exists() && std::fs::read_dir(&root).is_ok_and(|mut entries| entries.next().is_some()) {
        return place::fail(
            globals,
            &format!("`{shown}` is there already, and not empty"),
            "",
        );
    }
    let is_new = !root.exists();
    match clone(globals, arguments, &root) {
        Ok(status) => status,
        Err(failure) => {
            // As git does: what was begun and failed is not left behind.
            let begun = match is_new {
                true => root.clone(),
                false => root.join(".git"),
            };
            let _ = std::fs::remove_dir_all(begun);
            database::failed(globals, &here, &failure)
        }
    }
}

/// The variable that the address is in, and the address.
fn source(given: &str) -> Result<(String, Address), Failure> {
    match given.contains("://") {
        true => Ok(("DATABASE_URL".to_string(), Address::parse(given)?)),
        // It may be an address in another form, with a password, so it is not shown.
        false if !is_variable(given) => Err(Failure::new(
            code::BAD_ADDRESS,
            "the database is named by an environment variable, or by an address \
             `postgres://user:password@host:port/database`",
        )),
        false => {
            let read = |variable: &str| std::env::var(variable).ok();
            Ok((
                given.to_string(),
                address_in(DEFAULT_DATABASE, given, &read)?,
            ))
        }
    }
}

fn is_variable(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

fn clone(globals: &Globals, arguments: &CloneArguments, root: &Path) -> Result<Status, Failure> {
    let (variable, address) = source(&arguments.source)?;
    let mut session = Session::open(&address)?;
    if arguments.dry_run {
        let is_there = crate::db::has_content(&mut session)?;
        let words = match is_there {
            true => "the database has content, and would be cloned",
            false => "the database has no content",
        };
        match globals.json {
            true => print::json_document(&json!({ "done": false, "has_content": is_there })),
            false => output::line(words),
        }
        return Ok(Status::Done);
    }
    let io = |error: std::io::Error| {
        Failure::new(
            code::GIT_FAILED,
            format!("the folder cannot be written: {error}"),
        )
    };
    std::fs::create_dir_all(root).map_err(io)?;
    let repository = Repository::alone_at(root);
    repository
        .text(&["init", "-q", "-b", "main", "."])
        .map_err(failed)?;
    let address = RemoteAddress {
        database: DEFAULT_DATABASE.to_string(),
        prefix: String::new(),
    };
    let add = ["remote", "add", "db", &address.url()];
    repository.text(&add).map_err(failed)?;
    let local = Local {
        repository: &repository,
        database: DEFAULT_DATABASE,
        prefix: "",
    };
    let wishes = Wishes {
        rebuild: true,
        ..Wishes::default()
    };
    let fetched = fetch(&local, &mut session, wishes)?;
    let Some(commit) = &fetched.commit else {
        let message = "the database has no content: no page, component, token or node";
        return Err(Failure::new(code::NO_CONTENT, message).hint(
            "`rbgen init` begins a site, and `rbgen push` brings it into an empty database",
        ));
    };
    for command in [
        vec!["update-ref", "refs/remotes/db/main", commit],
        vec!["update-ref", "refs/heads/main", commit],
        vec!["reset", "-q", "--hard"],
        vec!["branch", "-q", "--set-upstream-to=db/main", "main"],
    ] {
        repository.text(&command).map_err(failed)?;
    }
    let written = surroundings(root, &variable).map_err(io)?;
    if let Err(why) = install_merge_driver(&repository, root, &program()) {
        output::note(format_args!(
            "warning: git cannot be told to merge with rbgen: {why:?}"
        ));
    }
    tell(globals, arguments, root, &fetched, &written);
    Ok(Status::Done)
}

/// Writes what a site needs besides content: the configuration, a theme, and what git is to know.
fn surroundings(root: &Path, variable: &str) -> std::io::Result<Vec<String>> {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let mut written = Vec::new();
    for (path, bytes) in site_files(Template::App, &site_name(&name)) {
        if path.starts_with("content/") || path == "README.md" || root.join(&path).exists() {
            continue;
        }
        let bytes = match path.as_str() {
            crate::load::CONFIG_FILE => configuration(root, variable).into_bytes(),
            _ => bytes.to_vec(),
        };
        crate::files::write_file(root, &path, &bytes)?;
        written.push(path);
    }
    Ok(written)
}

fn configuration(root: &Path, variable: &str) -> String {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let quoted = |text: &str| toml::Value::String(text.to_string()).to_string();
    format!(
        "[site]\nname = {}\nlanguage = \"en\"\ntheme = \"site\"\n\n[build]\noutput = \"dist\"\n\n\
         # The NAME of the environment variable that has the address.\n[database.main]\nurl_env = {}\n",
        quoted(&site_name(&name)),
        quoted(variable)
    )
}

fn tell(
    globals: &Globals,
    arguments: &CloneArguments,
    root: &Path,
    fetched: &Fetched,
    written: &[String],
) {
    let diagnostics = load_site(&Folder::new(root)).diagnostics;
    let errors = diagnostics
        .iter()
        .filter(|one| one.severity == crate::diag::Severity::Error)
        .count();
    if globals.json {
        print::json_document(&json!({
            "done": true,
            "commit": fetched.commit,
            "rebuilt": fetched.rebuilt,
            "written": written,
            "errors": errors,
        }));
        return;
    }
    if !globals.quiet {
        let folder = arguments.folder.display();
        output::line(format_args!("the content of the database is in `{folder}`"));
        output::line(format_args!(
            "{} and a theme to begin with are new there, and in no commit yet",
            crate::load::CONFIG_FILE
        ));
        if arguments.source.contains("://") {
            output::line("rbgen reads the address from `DATABASE_URL`: set that variable");
        }
    }
    if !fetched.rebuilt.is_empty() {
        output::note(
            "files that were pushed beside the content (themes, comments, other files) are not in the \
             database; where the site has a git repository of its own, clone that one instead, and \
             `rbgen remote add`",
        );
    }
    if errors > 0 {
        output::note(format_args!(
            "the site has {} now, which `rbgen check` tells",
            print::number(errors, "error")
        ));
    }
    say_how_git_finds_it();
}
