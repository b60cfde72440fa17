//! `git-remote-rbgen`, the name by which git finds rbgen: it becomes the `rbgen` beside it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "this program only starts another"
)]

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let beside = std::env::current_exe()
        .and_then(|own| own.canonicalize())
        .ok()
        .and_then(|own| Some(own.parent()?.join("rbgen")))
        .filter(|program| program.is_file());
    let program = beside.unwrap_or_else(|| PathBuf::from("rbgen"));
    let error = Command::new(&program)
        .arg("remote-helper")
        .args(std::env::args_os().skip(1))
        .exec();
    eprintln!("rbgen: `{}` cannot be run: {error}", program.display());
    ExitCode::FAILURE
}
