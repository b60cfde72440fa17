//! Secrets in robbieblocks.toml: which of its lines nobody may be shown, and what of a message.
//!
//! An address with a password belongs into an environment variable. Where someone wrote it into the
//! file all the same, it must not reach the log of a build by way of the message that says so.

use super::shape;

/// Words in lines that may hold a secret, wherever such a line stands.
const WORDS: [&str; 7] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "credential",
    "key",
    "_env",
];

/// What stands in a message for what must not be repeated.
pub(super) const HIDDEN: &str = "…";

/// Whether a document is a configuration.
pub(super) fn is_config(path: &str) -> bool {
    path.rsplit('/').next() == Some("robbieblocks.toml")
}

/// What part of robbieblocks.toml a line is in.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// What stands above the first table, or a table that is known to hold no secrets.
    Open,
    /// `database`, and all that follows it.
    Database,
    /// A table with a name that nobody knows: perhaps one of `database`, misspelt.
    Unknown,
}

/// The line that a position is in, the part that it belongs to, and whether it is a header.
fn line_at(text: &str, position: usize) -> (&str, Part, bool) {
    let mut found = ("", Part::Open, false);
    let mut part = Part::Open;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let plain = line.trim_start_matches(['\u{feff}', ' ', '\t']);
        let header = plain.starts_with('[');
        let name = plain.trim_start_matches(['[', ' ', '\t', '"', '\'']);
        let name: &str = name
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
            .next()
            .unwrap_or_default();
        // Below `database` a line of an array can look like a header, so that only one that is
        // known for another table ends it.
        part = match header {
            _ if name.eq_ignore_ascii_case("database") => Part::Database,
            true if shape::SITE.fields.iter().any(|field| field.name == name) => Part::Open,
            true if part != Part::Database => Part::Unknown,
            _ => part,
        };
        found = (line, part, header);
        end += line.len();
        if position < end {
            break;
        }
    }
    found
}

/// Whether the line of a file that a position is in may be shown. Of robbieblocks.toml it may not
/// where it is part of `database` or in a table that nobody knows, or has an address with a user or
/// a word for something secret; of other files it always may.
pub fn may_show(path: &str, text: &str, position: usize) -> bool {
    if !is_config(path) {
        return true;
    }
    let (line, part, header) = line_at(text, position);
    let lower = line.to_ascii_lowercase();
    let allowed = part == Part::Open || (part == Part::Unknown && header);
    allowed && !has_address(line) && !WORDS.iter().any(|word| lower.contains(word))
}

/// Whether a position of robbieblocks.toml is in the part of it that is about databases.
pub(super) fn in_database(text: &str, position: usize) -> bool {
    line_at(text, position).1 == Part::Database
}

/// Whether a text may have an address with a user in it, and so with a password.
pub(super) fn has_address(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(_, behind)| behind.contains('@'))
}

/// A message without the addresses with a user that it repeats.
pub fn redacted(message: &str) -> String {
    if !has_address(message) {
        return message.to_string();
    }
    let scheme = message.find("://").unwrap_or_default();
    let at = message.rfind('@').unwrap_or_default();
    let ends = |c: char| c == '`' || c == '"' || c.is_whitespace();
    let start = message[..scheme].rfind(ends).map_or(0, |before| before + 1);
    let end = message[at..]
        .find(ends)
        .map_or(message.len(), |length| at + length);
    format!("{}{HIDDEN}{}", &message[..start], &message[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "robbieblocks.toml";

    /// Whether each line may be shown.
    fn shown(text: &str) -> Vec<bool> {
        let mut start = 0;
        text.split_inclusive('\n')
            .map(|line| {
                let at = start;
                start += line.len();
                assert_eq!(may_show(FILE, text, at), may_show(FILE, text, start - 1));
                may_show(FILE, text, at)
            })
            .collect()
    }

    #[test]
    fn lines_about_databases_are_not_shown() {
        let text = "x = 1\n[site]\nname = 2\n[ \"database\".main]\na = [\n[ \"PW\" ],\n]\n\n[build]\nb = 1\n";
        let expected = [
            true, true, true, false, false, false, false, false, true, true,
        ];
        assert_eq!(shown(text), expected);
        assert_eq!(
            shown("database = 1\n[[database]]\n[node.x]"),
            [false, false, true]
        );
        assert!(may_show("themes/base/theme.toml", "database = 1", 0));
        assert!(!may_show(FILE, "\u{feff}database = 1", 3));
        assert!(!may_show(FILE, "database.x = 1", 99));
    }

    #[test]
    fn lines_that_look_secret_are_not_shown() {
        let text = "[site]\na = \"https://x.org\"\nb = \"ssh://me:PW@x\"\nPassWord = 1\n[databse.main]\nmain = PW\n";
        assert_eq!(shown(text), [true, true, false, false, true, false]);
    }

    #[test]
    fn addresses_are_taken_out_of_messages() {
        for (message, expected) in [
            ("`https://me:PW@x.org/y` is wrong", "`…` is wrong"),
            ("a `postgres://u:P W`@h` b", "a `…` b"),
            ("see https://x.org, or me@x.org", "see …"),
            ("see `https://x.org`", "see `https://x.org`"),
            ("postgres://u:PW@h and ssh://v:PW@h", "…"),
        ] {
            assert_eq!(redacted(message), expected);
        }
    }
}
