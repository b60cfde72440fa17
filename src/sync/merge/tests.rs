//! Laws of the merge, held against random documents, and examples of what people do.

mod examples;
mod laws;
mod robust;

use super::entity::entity;
use super::*;

const PAGE: &str = "content/pages/play/a.toml";

/// Marks that no text contains.
fn long_marks(style: Style) -> Marks {
    Marks {
        size: 31,
        style,
        ..Marks::default()
    }
}

fn merge(path: &str, base: Option<&str>, ours: &str, theirs: &str, marks: &Marks) -> Merged {
    let versions = Versions { base, ours, theirs };
    merge_texts(path, versions, marks)
}

/// What a person gets who keeps one version of everything between markers.
fn keep(text: &str, marks: &Marks, side: Side) -> String {
    let is = |line: &str, sign: char| {
        let marker: String = std::iter::repeat_n(sign, marks.size).collect();
        line.strip_prefix(&marker)
            .is_some_and(|rest| rest.trim_end().is_empty() || rest.starts_with(' '))
    };
    let mut out = String::new();
    let mut inside = None;
    for line in text.split_inclusive('\n') {
        inside = match inside {
            None if is(line, '<') => Some(Side::Ours),
            Some(Side::Ours) if is(line, '|') => Some(Side::Base),
            Some(Side::Ours | Side::Base) if is(line, '=') => Some(Side::Theirs),
            Some(Side::Theirs) if is(line, '>') => None,
            _ => {
                if inside.is_none_or(|inside| inside == side) {
                    out.push_str(line);
                }
                continue;
            }
        };
    }
    assert_eq!(inside, None, "{text}");
    out
}

fn reads(path: &str, text: &str) -> Document {
    let placeholders = Placeholders::new(&["test"]);
    let version = read(path, text, &placeholders);
    version
        .unwrap_or_else(|| panic!("{path} cannot be read:\n{text}"))
        .document
}
