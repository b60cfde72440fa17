//! Git's conflict markers: where a file was merged and nobody has decided yet.

use std::ops::Range;

use memchr::memmem;

use crate::diag::{Diagnostic, Place, code};

const OURS: &str = "<<<<<<<";
const BASE: &str = "|||||||";
const BETWEEN: &str = "=======";
const THEIRS: &str = ">>>>>>>";

/// The lines `<<<<<<<` that a `=======` and a `>>>>>>>` follow, each at the start of its line.
pub(super) fn conflicts(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Nearly every file ends here.
    if memmem::find(text.as_bytes(), OURS.as_bytes()).is_none() {
        return found;
    }
    let mut open: Option<(Range<usize>, bool)> = None;
    for (start, line) in lines(text) {
        if is_marker(line, OURS) {
            open = Some((start..start + line.len(), false));
        } else if line == BETWEEN {
            if let Some((_, between)) = &mut open {
                *between = true;
            }
        } else if is_marker(line, THEIRS)
            && let Some((marker, true)) = open.take()
        {
            found.push(marker);
        }
    }
    found
}

/// The error for a conflict at a place.
pub(super) fn conflict_at(place: Place) -> Diagnostic {
    let message = "a merge conflict is not resolved here";
    Diagnostic::error(code::MERGE_CONFLICT, place, message)
        .hint("choose what stays, and delete the lines `<<<<<<<`, `=======` and `>>>>>>>`")
        .hint("where such lines are meant as text, put a space before them")
}

/// The line around `position`, if it is one of the markers.
pub(super) fn marker_at(text: &str, position: usize) -> Option<Range<usize>> {
    let before = text.get(..position)?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = line_from(text, start);
    [OURS, BASE, THEIRS]
        .iter()
        .any(|marker| is_marker(line, marker))
        .then(|| start..start + line.len())
        .or_else(|| (line == BETWEEN).then(|| start..start + line.len()))
}

/// The line that begins at `start`, without its line break.
fn line_from(text: &str, start: usize) -> &str {
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    line.strip_suffix('\r').unwrap_or(line)
}

/// The lines with where they start, without their line breaks.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        (at, line.strip_suffix('\r').unwrap_or(line))
    })
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_conflicts_count() {
        let text = "a\r\n<<<<<<< HEAD\r\nx\r\n=======\r\ny\r\n>>>>>>> main\r\n";
        let found: Vec<&str> = conflicts(text).into_iter().map(|at| &text[at]).collect();
        assert_eq!(found, ["<<<<<<< HEAD"]);
        for fine in [
            "Title\n=======\n",
            "<<<<<<< a\n>>>>>>> b\n",
            " <<<<<<< a\n=======\n>>>>>>> b\n",
            ">>>>>>> b\n=======\n<<<<<<< a\n",
            "<<<<<<<< a\n========\n>>>>>>>> b\n",
        ] {
            assert!(conflicts(fine).is_empty(), "{fine}");
        }
    }

    #[test]
    fn a_marker_is_found_around_a_position() {
        let text = "x = 1\n======= \n=======\n>>>>>>> b";
        assert_eq!(marker_at(text, 8), None);
        assert_eq!(marker_at(text, 18), Some(15..22));
        assert_eq!(marker_at(text, text.len()), Some(23..32));
    }
}
