//! Syntax errors: what the TOML parser says, cut down to what helps.

use std::ops::Range;

use super::conflict::marker_at;
use super::reader::Reader;
use super::secret::{HIDDEN, may_show};
use crate::diag::{Diagnostic, code};

/// How many syntax errors of one file are reported: a file that is not TOML at all has one in
/// every line.
const MAX_ERRORS: usize = 10;

impl Reader<'_> {
    /// Reports the errors of the parser: the first of each line, for a second one is most often its
    /// echo, and none behind a bracket or a string that stays open.
    pub(super) fn report_syntax(&mut self, toml: &str, errors: &[toml::de::Error]) {
        let too_deep = |error: &&toml::de::Error| error.message().contains("recur");
        if let Some(error) = errors.iter().find(too_deep) {
            let place = match error.span() {
                Some(span) => self.place(span),
                None => self.whole(),
            };
            let message = "tables and arrays are nested too deep";
            self.report(Diagnostic::error(code::TOO_DEEP, place, message));
            return;
        }
        let mut slips: Vec<(Range<usize>, &str)> = errors
            .iter()
            .map(|error| (error.span().unwrap_or(0..0), error.message()))
            .collect();
        slips.sort_by_key(|(span, _)| (span.start, span.end));
        if let Some((first, _)) = slips.first()
            && let Some(marker) = marker_at(self.text, first.start + self.base)
        {
            self.conflict(marker);
            return;
        }
        let endless = slips.iter().any(|(_, message)| {
            message.starts_with("unclosed array,")
                || message.starts_with("unclosed inline table,")
                || message.starts_with("invalid multi-line")
        });
        let open = if endless { unclosed(toml) } else { None };
        if let Some(open) = &open {
            slips.retain(|(span, _)| span.start < open.start);
        }

        let mut diagnostics = Vec::new();
        let mut line_end = 0;
        let mut lines = 0;
        for (span, message) in slips {
            if span.start < line_end {
                continue;
            }
            let rest = toml.get(span.start..).unwrap_or_default();
            line_end = memchr::memchr(b'\n', rest.as_bytes())
                .map_or(toml.len() + 1, |newline| span.start + newline + 1);
            lines += 1;
            if lines <= MAX_ERRORS {
                diagnostics.push(self.syntax_error(toml, span, message));
            }
        }
        if lines > MAX_ERRORS
            && let Some(last) = diagnostics.pop()
        {
            let more = lines - MAX_ERRORS;
            diagnostics.push(last.hint(format!("{more} more lines of this file have errors")));
        }
        if let Some(open) = open {
            let bracket = toml.get(open.clone()).unwrap_or_default();
            let message = format!("`{bracket}` is not closed");
            diagnostics.push(Diagnostic::error(
                code::TOML_SYNTAX,
                self.place(open),
                message,
            ));
        }
        diagnostics
            .into_iter()
            .for_each(|diagnostic| self.report(diagnostic));
    }

    /// One syntax error in words that say what to do.
    fn syntax_error(&self, toml: &str, span: Range<usize>, message: &str) -> Diagnostic {
        let found = toml.get(span.clone()).unwrap_or_default();
        let shown = may_show(self.origin, self.text, self.base + span.start);
        let (message, hint) = if message.starts_with("string values must be quoted") {
            if found.trim().is_empty() {
                ("a value is missing".to_string(), None)
            } else {
                let simple = found.len() <= 60 && !found.contains(['"', '\\', '\n', '@']);
                let hint = match shown && simple && !found.contains("://") {
                    true => format!("write `\"{found}\"`"),
                    false => "put it into quotes".to_string(),
                };
                ("strings need quotes".to_string(), Some(hint))
            }
        } else if message == "duplicate key" && !found.is_empty() {
            let found = match shown {
                true => found.escape_debug().to_string(),
                false => HIDDEN.to_string(),
            };
            (format!("`{found}` is defined twice"), None)
        } else {
            (message.replace('\n', " "), None)
        };
        let place = self.place(span);
        Diagnostic::error(code::TOML_SYNTAX, place, message).hint_if(hint)
    }
}

/// The first bracket or multi-line quote of a value that nothing closes.
fn unclosed(toml: &str) -> Option<Range<usize>> {
    let bytes = toml.as_bytes();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'#' => at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end),
            b'"' | b'\'' => {
                let triple = [byte; 3];
                let start = at;
                let long = bytes[at..].starts_with(&triple);
                at += if long { 3 } else { 1 };
                match string_end(bytes, at, byte, long) {
                    Some(end) => at = end,
                    None if open.is_empty() => return Some(start..start + 3),
                    None => break,
                }
                continue;
            }
            b'[' | b'{' => open.push(at),
            b']' | b'}' => match open.last() {
                Some(&start) if bytes[start] == byte - 2 => {
                    open.pop();
                }
                // `[ … }`: the bracket that is open there is the one.
                Some(&start) => return Some(start..start + 1),
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    open.first().map(|&start| start..start + 1)
}

/// Where a string ends whose text begins at `at`: behind its closing quotes, at the end of its line
/// if it is of one line only, and nowhere if it is of many lines and stays open.
fn string_end(bytes: &[u8], mut at: usize, quote: u8, long: bool) -> Option<usize> {
    let triple = [quote; 3];
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if !long => return Some(at),
            _ if byte == quote && !long => return Some(at + 1),
            _ if byte == quote && bytes[at..].starts_with(&triple) => {
                // Up to two more quotes belong to the text.
                let more = bytes[at + 3..].iter().take(2).take_while(|&&b| b == quote);
                return Some(at + 3 + more.count());
            }
            _ => {}
        }
        at += 1;
    }
    if long { None } else { Some(bytes.len()) }
}

#[cfg(test)]
mod tests {
    use super::unclosed;

    #[test]
    fn the_bracket_that_stays_open_is_found() {
        for (toml, expected) in [
            ("a = [1,\nb = [2]\n", Some(4)),
            ("[t]\na = { b = [1}\n", Some(14)),
            ("a = [ \"]\", ']', # ]\n", Some(4)),
            ("a = \"\"\"x \\\"\"\" [\n", Some(4)),
            ("a = '''x\n[t]", Some(4)),
            ("a = \"\"\"x\"\"\"\"\"\nb = [", Some(18)),
            ("a = \"x\nb = [", Some(11)),
            ("a = [{ x = 1 }]\n[[t]]\n", None),
        ] {
            let found = unclosed(toml).map(|range| range.start);
            assert_eq!(found, expected, "{toml}");
        }
    }
}
