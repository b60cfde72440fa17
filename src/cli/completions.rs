//! `rbgen completions` and `rbgen man`: what shells and `man` know about the command line.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::{Status, command};

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
    clap_complete::generate(
        arguments.shell,
        &mut command(),
        "rbgen",
        &mut std::io::stdout(),
    );
    Status::Done
}

pub fn write_man(arguments: &ManArguments) -> Status {
    let written = std::fs::create_dir_all(&arguments.folder)
        .and_then(|()| clap_mangen::generate_to(command(), &arguments.folder));
    match written {
        Ok(()) => Status::Done,
        Err(error) => {
            let folder = arguments.folder.display();
            anstream::eprintln!("error: the manual pages cannot be written to `{folder}`: {error}");
            Status::ContentErrors
        }
    }
}
