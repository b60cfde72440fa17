//! `rbgen merge-driver`: merges three versions of a file for git (gitattributes(5), "Defining a custom
//! merge driver").

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Status, output};
use crate::files::write_file;
use crate::sync::git::Repository;
use crate::sync::merge::{Marks, Merged, Style, Versions, content_path, merge_texts};

#[derive(Args)]
pub struct MergeDriverArguments {
    /// The file with the base: %O
    #[arg(allow_hyphen_values = true)]
    base: PathBuf,
    /// The file with our version, which becomes the result: %A
    #[arg(allow_hyphen_values = true)]
    ours: PathBuf,
    /// The file with their version: %B
    #[arg(allow_hyphen_values = true)]
    theirs: PathBuf,
    /// How many characters a conflict marker has: %L
    #[arg(allow_hyphen_values = true)]
    marker_size: OsString,
    /// The path in the repository: %P
    #[arg(allow_hyphen_values = true)]
    path: OsString,
    /// What the base is called: %S
    #[arg(allow_hyphen_values = true)]
    base_label: Option<OsString>,
    /// What our version is called: %X
    #[arg(allow_hyphen_values = true)]
    our_label: Option<OsString>,
    /// What their version is called: %Y
    #[arg(allow_hyphen_values = true)]
    their_label: Option<OsString>,
}

/// Git's own size of markers.
const MARKER_SIZE: usize = 7;

/// Larger ones are no wish of a person.
const LARGEST_MARKER: usize = 1000;

pub fn run(arguments: &MergeDriverArguments) -> Status {
    let path = arguments.path.to_string_lossy();
    match merge(arguments, &path) {
        Ok(conflicts) if conflicts.is_empty() => Status::Done,
        Ok(conflicts) => {
            for field in conflicts {
                output::note(format_args!("CONFLICT ({field}): {path}"));
            }
            Status::ContentErrors
        }
        Err(reason) => {
            output::note(format_args!("error: {path} cannot be merged: {reason}"));
            Status::NotMerged
        }
    }
}

/// Merges, writes the result, and says what conflicts.
fn merge(arguments: &MergeDriverArguments, path: &str) -> Result<Vec<String>, String> {
    let read = |file: &Path| fs::read(file).map_err(|error| problem(file, &error));
    let base = read(&arguments.base)?;
    let ours = read(&arguments.ours)?;
    let theirs = read(&arguments.theirs)?;
    let marks = marks(arguments);
    let texts = (
        std::str::from_utf8(&base),
        std::str::from_utf8(&ours),
        std::str::from_utf8(&theirs),
    );
    let (Ok(base), Ok(ours), Ok(theirs)) = texts else {
        return merge_bytes(arguments, &marks);
    };
    let versions = Versions {
        // Git gives an empty base where both have added the file.
        base: (!base.is_empty()).then_some(base),
        ours,
        theirs,
    };
    let Merged { text, conflicts } =
        merge_texts(content_path(path).unwrap_or(path), versions, &marks);
    let name = arguments.ours.file_name().unwrap_or(OsStr::new(""));
    let folder = match arguments.ours.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    write_file(folder, &name.to_string_lossy(), text.as_bytes())
        .map_err(|error| problem(&arguments.ours, &error))?;
    Ok(conflicts)
}

fn problem(file: &Path, error: &io::Error) -> String {
    format!("`{}`: {error}", file.display())
}

/// What is no text is git's business.
fn merge_bytes(arguments: &MergeDriverArguments, marks: &Marks) -> Result<Vec<String>, String> {
    let mut words: Vec<OsString> = vec!["merge-file".into(), "--quiet".into()];
    words.push(format!("--marker-size={}", marks.size).into());
    if marks.style == Style::Diff3 {
        words.push("--diff3".into());
    }
    for label in [&marks.ours, &marks.base, &marks.theirs] {
        words.extend(["-L".into(), label.into()]);
    }
    words.push("--".into());
    for file in [&arguments.ours, &arguments.base, &arguments.theirs] {
        words.push(file.into());
    }
    let status = Repository::at(".").command(&words).status();
    match status.map_err(|error| error.to_string())?.code() {
        Some(0) => Ok(Vec::new()),
        // As many conflicts as it says, or bytes that have no lines: our version stays, unmerged.
        Some(_) => Ok(vec!["bytes".to_string()]),
        None => Err("`git merge-file` was ended".to_string()),
    }
}

/// The markers that are asked for. An older git leaves words that it does not know as they are.
fn marks(arguments: &MergeDriverArguments) -> Marks {
    let label = |given: &Option<OsString>, unknown: &str, otherwise: &str| {
        let given = given.as_ref().map(|label| label.to_string_lossy());
        given
            .filter(|label| label != unknown && !label.is_empty())
            .map_or_else(|| otherwise.to_string(), |label| label.into_owned())
    };
    let size = arguments.marker_size.to_string_lossy().parse::<usize>();
    let size = size.ok().filter(|size| (1..=LARGEST_MARKER).contains(size));
    let style = Repository::at(".").text(&["config", "--get", "merge.conflictStyle"]);
    Marks {
        ours: label(&arguments.our_label, "%X", "ours"),
        base: label(&arguments.base_label, "%S", "base"),
        theirs: label(&arguments.their_label, "%Y", "theirs"),
        size: size.unwrap_or(MARKER_SIZE),
        style: match style.as_deref() {
            Ok("diff3" | "zdiff3") => Style::Diff3,
            _ => Style::Merge,
        },
    }
}
