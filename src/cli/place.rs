//! Puts new files into a site: all of them, or none where one is in the way.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Globals, Status, output, print};
use crate::files::{blocked_folder, write_file};
use crate::scaffold::Files;

/// Why nothing was written.
pub enum Refusal {
    /// These paths are taken: by a file, a folder or a link.
    Taken(Vec<String>),
    /// The operating system refused.
    Failed(String, io::Error),
}

/// Writes files that must not be there yet, each whole or not at all, and the folders that they
/// need. If one is in the way, nothing is written; if the system refuses, what was written goes.
pub fn write_new(root: &Path, files: &Files) -> Result<(), Refusal> {
    let mut taken = BTreeSet::new();
    for path in files.keys() {
        taken.extend(in_the_way(root, path));
    }
    if !taken.is_empty() {
        return Err(Refusal::Taken(taken.into_iter().collect()));
    }
    let mut written: Vec<PathBuf> = Vec::new();
    for (path, bytes) in files {
        if let Err(error) = write_file(root, path, bytes) {
            for path in written {
                let _ = fs::remove_file(path);
            }
            return Err(Refusal::Failed(path.clone(), error));
        }
        written.push(root.join(path));
    }
    Ok(())
}

/// What keeps a new file from its path: something that is there already, or something that is no
/// folder on the way to it.
fn in_the_way(root: &Path, path: &str) -> Option<String> {
    if fs::symlink_metadata(root.join(path)).is_ok() {
        return Some(path.to_string());
    }
    blocked_folder(root, path)
}

/// Says why nothing was written.
pub fn refuse(globals: &Globals, refusal: &Refusal) -> Status {
    match refusal {
        Refusal::Taken(paths) => {
            let message = match paths.as_slice() {
                [path] => format!("`{path}` is there already; nothing was written"),
                paths => format!(
                    "{} files are there already; nothing was written",
                    paths.len()
                ),
            };
            if globals.json {
                print::json_document(&serde_json::json!({
                    "written": [], "error": message, "existing": paths,
                }));
            }
            say(
                &message,
                if paths.len() == 1 {
                    "move or delete it first"
                } else {
                    "move or delete them first"
                },
            );
            if paths.len() > 1 {
                paths
                    .iter()
                    .for_each(|path| output::note(format_args!("  {path}")));
            }
            Status::Unusable
        }
        Refusal::Failed(path, error) => {
            fail(globals, &format!("`{path}` cannot be written: {error}"), "");
            Status::ContentErrors
        }
    }
}

/// An error of usage, with a hint where there is one. With `--json` it is a document as well.
pub fn fail(globals: &Globals, message: &str, hint: &str) -> Status {
    say(message, hint);
    if globals.json {
        print::json_document(&serde_json::json!({ "written": [], "error": message }));
    }
    Status::Unusable
}

fn say(message: &str, hint: &str) {
    output::note(format_args!("\x1b[1;31merror\x1b[0m: {message}"));
    if !hint.is_empty() {
        output::note(format_args!("\x1b[1;36mhelp\x1b[0m: {hint}"));
    }
}

/// Says which files were written.
pub fn report<'a>(globals: &Globals, paths: impl Iterator<Item = &'a str>) {
    let paths: Vec<&str> = paths.collect();
    if globals.json {
        print::json_document(&serde_json::json!({ "written": paths }));
    } else if !globals.quiet {
        for path in paths {
            output::line(path);
        }
    }
}
