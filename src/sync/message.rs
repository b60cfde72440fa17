//! What the commit of a revision says: who changed what in the database, and when. Pure.

use std::fmt::Write as _;

use crate::compare::{Change, Difference};
use crate::db::Revision;

/// The message, the author and the time of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub text: String,
    /// `name <address>`.
    pub author: String,
    /// Seconds since 1970 began.
    pub seconds: i64,
}

/// How many entities a message lists, and how many fields of one.
const MOST_LISTED: usize = 50;
const MOST_FIELDS: usize = 8;

/// The message of the commit that a revision is. It depends on the revision and the differences
/// alone, so that every clone writes the same.
pub fn commit_message(revision: &Revision, differences: &[Difference]) -> Message {
    let mut text = subject(differences);
    text.push_str("\n\n");
    for Difference { kind, key, change } in differences.iter().take(MOST_LISTED) {
        let _ = match change {
            Change::Added => writeln!(text, "{} {key}: added", kind.as_str()),
            Change::Removed => writeln!(text, "{} {key}: deleted", kind.as_str()),
            Change::Changed(fields) => {
                let names = fields.iter().take(MOST_FIELDS);
                let names: Vec<String> = names.map(|field| plain(&field.field)).collect();
                let more = match fields.len().saturating_sub(MOST_FIELDS) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                writeln!(text, "{} {key}: {}{more}", kind.as_str(), names.join(", "))
            }
        };
    }
    if differences.len() > MOST_LISTED {
        let _ = writeln!(text, "and {} more", differences.len() - MOST_LISTED);
    }
    let _ = write!(text, "\nRbgen-Revision: {}\n", revision.digest);
    Message {
        text,
        author: author(revision),
        seconds: revision.sealed_at.div_euclid(1_000_000),
    }
}

fn subject(differences: &[Difference]) -> String {
    if let [Difference { kind, key, change }] = differences {
        let verb = match change {
            Change::Added => "Add",
            Change::Removed => "Delete",
            Change::Changed(_) => "Change",
        };
        let key: String = key.chars().take(100).collect();
        return format!("{verb} the {} {key} in the database", kind.as_str());
    }
    let mut parts = Vec::new();
    for kind in crate::model::EntityKind::ALL {
        match differences.iter().filter(|one| one.kind == kind).count() {
            0 => {}
            1 => parts.push(format!("1 {}", kind.as_str())),
            count => parts.push(format!("{count} {}s", kind.as_str())),
        }
    }
    match parts.is_empty() {
        true => "A revision of the database that changes no content".to_string(),
        false => format!("Change {} in the database", parts.join(", ")),
    }
}

/// The author: the users of the database that made the changes, at an address that is nobody's (RFC
/// 2606, `.invalid`).
fn author(revision: &Revision) -> String {
    let names: Vec<String> = revision.actors.iter().map(|actor| plain(actor)).collect();
    let name = match names.as_slice() {
        [] => "database".to_string(),
        names => names.join(", "),
    };
    let lineage: String = revision.lineage.chars().take(8).collect();
    let user = match names.as_slice() {
        [one] => one.replace(
            |c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-',
            "_",
        ),
        _ => "database".to_string(),
    };
    format!("{name} <{user}@{lineage}.rbgen.invalid>")
}

/// A text without what has a meaning in the header of a commit, or on a terminal.
fn plain(text: &str) -> String {
    let plain = text
        .chars()
        .map(|c| match c {
            '<' | '>' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect::<String>();
    let plain = plain.trim_matches(|c: char| c.is_whitespace() || ".,:;\"'\\".contains(c));
    match plain {
        "" => "_".to_string(),
        plain => plain.chars().take(200).collect(),
    }
}
