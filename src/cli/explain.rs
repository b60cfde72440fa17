//! `rbgen explain`: the long form of a code.

use clap::Args;

use super::{Globals, Status, output, print};
use crate::diag::{ALL_CODES, did_you_mean, find_code};

#[derive(Args)]
pub struct ExplainArguments {
    /// A code such as RB0101; without one, all codes are listed
    code: Option<String>,
}

pub fn run(globals: &Globals, arguments: &ExplainArguments) -> Status {
    let Some(wanted) = &arguments.code else {
        if globals.json {
            print::json_document(&ALL_CODES.iter().map(json).collect::<Vec<_>>());
        } else {
            for entry in ALL_CODES {
                output::line(format_args!("{}  {}", entry.code.0, entry.title));
            }
        }
        return Status::Done;
    };
    let Some(entry) = find_code(wanted) else {
        let hint = did_you_mean(
            &wanted.to_uppercase(),
            ALL_CODES.iter().map(|entry| entry.code.0),
        );
        let hint = hint.unwrap_or_else(|| "`rbgen explain` lists them all".into());
        let message = format!("there is no code `{}`", wanted.escape_debug());
        output::note(format_args!("error: {message}; {hint}"));
        if globals.json {
            print::json_document(&serde_json::json!({ "error": message, "hint": hint }));
        }
        return Status::Unusable;
    };
    if globals.json {
        print::json_document(&json(entry));
    } else {
        output::line(format_args!(
            "{}: {}\n\n{}",
            entry.code.0,
            entry.title,
            wrapped(entry.explanation)
        ));
    }
    Status::Done
}

fn json(entry: &crate::diag::CodeEntry) -> serde_json::Value {
    serde_json::json!({
        "code": entry.code.0,
        "title": entry.title,
        "explanation": entry.explanation,
    })
}

/// Text in lines of at most 80 characters.
fn wrapped(text: &str) -> String {
    let mut wrapped = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if length > 0 && length + 1 + width > 80 {
            wrapped.push('\n');
            length = 0;
        } else if length > 0 {
            wrapped.push(' ');
            length += 1;
        }
        wrapped.push_str(word);
        length += width;
    }
    wrapped
}
