//! `rbgen completions` and `rbgen man`: what shells and `man` know about the command line.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::{Globals, Status, command, output, place, print};

#[derive(Args)]
pub struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

#[derive(Args)]
pub struct ManArguments {
    /// The folder to write to
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub fn run(arguments: &CompletionsArguments) -> Status {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "rbgen", &mut script);
    output::document(&script);
    Status::Done
}

pub fn write_man(globals: &Globals, arguments: &ManArguments) -> Status {
    let folder = arguments.folder.display();
    let written = std::fs::create_dir_all(&arguments.folder)
        .and_then(|()| clap_mangen::generate_to(command(), &arguments.folder));
    match written {
        Ok(()) => {
            if globals.json {
                let mut names = Vec::new();
                name_pages(&command(), "rbgen", &mut names);
                let paths: Vec<String> = names
                    .iter()
                    .map(|name| format!("{folder}/{name}.1"))
                    .collect();
                print::json_document(&serde_json::json!({ "written": paths }));
            }
            Status::Done
        }
        Err(error) => {
            let message = format!("the manual pages cannot be written to `{folder}`: {error}");
            place::fail(globals, &message, "");
            Status::ContentErrors
        }
    }
}

/// The names of the manual pages of a command and those below it: `rbgen-new-page`.
fn name_pages(command: &clap::Command, name: &str, names: &mut Vec<String>) {
    names.push(name.to_string());
    // Hidden ones have none.
    let shown = command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set());
    for inner in shown {
        name_pages(inner, &format!("{name}-{}", inner.get_name()), names);
    }
}
