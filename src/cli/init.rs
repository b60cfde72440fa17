//! `rbgen init`: writes a site that builds at once.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Globals, Status, output, place, print, schema};
use crate::files::Folder;
use crate::load::load_site;
use crate::scaffold::{SCHEMA_FOLDER, Template, site_files, site_name};
use crate::sync::attributes::{NotInstalled, install_merge_driver};
use crate::sync::git::Repository;

#[derive(Args)]
pub struct InitArguments {
    /// The folder of the new site; `.` is the current one, or that of `--root`
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// What to begin with
    #[arg(long, value_name = "TEMPLATE", default_value = "app")]
    template: Choice,
    /// The name of the site [default: made of the name of the folder]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Choice {
    /// A small app for two nodes, one light and one dark
    App,
    /// Posts with dates, newest first, and a page about them
    Blog,
    /// Guides in Markdown, beside a list of all of them
    Docs,
}

pub fn run(globals: &Globals, arguments: &InitArguments) -> Status {
    let template = match arguments.template {
        Choice::App => Template::App,
        Choice::Blog => Template::Blog,
        Choice::Docs => Template::Docs,
    };
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let folder = match &globals.root {
        Some(base) => base.join(&arguments.folder),
        None => arguments.folder.clone(),
    };
    let root = here.join(&folder);
    let shown = folder.display().to_string();
    if root.exists() && !root.is_dir() {
        return place::fail(globals, &format!("`{shown}` is not a folder"), "");
    }
    let given = arguments.name.as_deref().map(str::trim);
    if given == Some("") {
        return place::fail(globals, "the name of a site cannot be empty", "");
    }
    if let Err(error) = std::fs::create_dir_all(&root) {
        place::fail(globals, &format!("`{shown}` cannot be made: {error}"), "");
        return Status::ContentErrors;
    }
    let name = given.map_or_else(|| site_name(&folder_name(&root)), str::to_string);
    let files = site_files(template, &name);
    if let Err(refusal) = place::write_new(&root, &files) {
        return place::refuse(globals, &refusal);
    }
    let site = load_site(&Folder::new(&root)).site;
    let schemas = schema::schema_files(site.as_ref());
    if let Err(error) = schema::write(&root.join(SCHEMA_FOLDER), &schemas) {
        // The site is complete without them.
        output::note(format_args!(
            "warning: `{SCHEMA_FOLDER}` cannot be written to: {error}"
        ));
    }
    let in_git = install_driver(&root);
    let mut written: Vec<String> = files.into_keys().collect();
    written.extend(schemas.keys().map(|name| format!("{SCHEMA_FOLDER}/{name}")));
    if globals.json {
        print::json_document(&serde_json::json!({ "written": written, "merge_driver": in_git }));
    } else if !globals.quiet {
        print_next(&shown, &name, template, written.len());
        if in_git {
            output::line("\ngit merges content with `rbgen` in this clone (merge.rbgen.driver).");
        }
    }
    Status::Done
}

/// Makes git merge the content of the site with this program, where the folder is in a repository;
/// whether it does.
fn install_driver(root: &Path) -> bool {
    let repository = Repository::at(root);
    let inside = ["rev-parse", "--is-inside-work-tree"];
    if repository.text(&inside).ok().as_deref() != Some("true") {
        return false;
    }
    match install_merge_driver(&repository, root, &program()) {
        Ok(_) => true,
        Err(error) => {
            // The site is complete without it.
            let reason = match error {
                NotInstalled::Attributes(error) => error.to_string(),
                NotInstalled::Config(error) => error.said,
            };
            output::note(format_args!(
                "warning: git cannot be told to merge content with rbgen: {reason}"
            ));
            false
        }
    }
}

/// What a shell finds this program by: its name, where the search path leads to it, and else its path.
fn program() -> String {
    const NAME: &str = "rbgen";
    let Ok(own) = std::env::current_exe().and_then(|path| path.canonicalize()) else {
        return NAME.to_string();
    };
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut named = std::env::split_paths(&folders).map(|folder| folder.join(NAME));
    match named.find(|path| path.is_file()) {
        Some(found) if found.canonicalize().is_ok_and(|found| found == own) => NAME.to_string(),
        _ => own.display().to_string(),
    }
}

/// The last part of the path, links and `.` resolved.
fn folder_name(root: &Path) -> String {
    let full = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    full.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn print_next(folder: &str, name: &str, template: Template, count: usize) {
    let (_, app) = template.first_bundle();
    output::line(format_args!(
        "\x1b[1m{name}\x1b[0m is in `{folder}`: {count} files, from the template `{}`\n",
        template.name()
    ));
    let steps = [
        (folder != ".").then(|| (format!("cd {}", shell_word(folder)), "")),
        Some((
            "rbgen watch --drafts --open".to_string(),
            "builds, shows it in a browser, and keeps it new while you edit",
        )),
        Some((
            format!("rbgen new page {app}/ideas --markdown"),
            "adds a page, as a draft",
        )),
    ];
    for (command, words) in steps.into_iter().flatten() {
        output::line(format_args!("  {command}"));
        if !words.is_empty() {
            output::line(format_args!("      \x1b[2m{words}\x1b[0m"));
        }
    }
    output::line("\nREADME.md says what is where.");
}

/// A word that a shell takes as it is.
fn shell_word(text: &str) -> String {
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | ':');
    match !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn folders_are_quoted_where_a_shell_needs_it() {
        assert_eq!(shell_word("my-site"), "my-site");
        assert_eq!(shell_word("../a/b"), "../a/b");
        assert_eq!(shell_word("my site"), "'my site'");
        assert_eq!(shell_word("it's"), "'it'\\''s'");
        assert_eq!(shell_word("$HOME"), "'$HOME'");
    }
}
