//! What the parser and its companions find wrong, as faults.

use std::ops::Range;

use oxc::diagnostics::{Diagnostics, OxcDiagnostic, Severity};
use oxc::span::Span;

use super::super::{Fault, FaultKind};

/// The most faults that are told of one component: after a mistake, many that follow from it may be found.
pub(super) const MOST_TOLD: usize = 20;

/// Fails with the errors among the diagnostics, as syntax faults in the order of their places.
pub(super) fn from_diagnostics(code: &str, diagnostics: Diagnostics) -> Result<(), Vec<Fault>> {
    let mut faults: Vec<Fault> = diagnostics
        .into_vec()
        .into_iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|diagnostic| from_diagnostic(code, &diagnostic))
        .collect();
    faults.sort_by_key(|fault| fault.range.as_ref().map(|range| range.start));
    faults.dedup();
    faults.truncate(MOST_TOLD);
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults),
    }
}

fn from_diagnostic(code: &str, diagnostic: &OxcDiagnostic) -> Fault {
    let first = diagnostic.labels.first();
    let range = first.map(|label| {
        let start = label.offset() as usize;
        on_characters(code, start..start + label.len() as usize)
    });
    Fault {
        kind: FaultKind::Syntax,
        message: sentence(&diagnostic.message),
        range,
        hint: diagnostic.help.as_ref().map(|help| sentence(help)),
    }
}

/// A fault at a node of the tree.
pub(super) fn at(kind: FaultKind, span: Span, message: String, hint: &str) -> Fault {
    Fault {
        kind,
        message,
        range: Some(span.start as usize..span.end as usize),
        hint: Some(hint.to_string()),
    }
}

/// One line without a full stop.
fn sentence(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches('.').to_string()
}

/// The range within the code and between its characters: the lexer may stop inside of one.
fn on_characters(code: &str, range: Range<usize>) -> Range<usize> {
    let start = code.floor_char_boundary(range.start);
    let end = code.ceil_char_boundary(range.end);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stay_between_characters_of_the_code() {
        assert_eq!(on_characters("aéb", 2..2), 1..3);
        assert_eq!(on_characters("aéb", 1..90), 1..4);
        assert_eq!(on_characters("", 5..7), 0..0);
    }

    #[test]
    fn messages_are_one_line_without_a_full_stop() {
        assert_eq!(sentence("Unexpected\n  token."), "Unexpected token");
    }
}
