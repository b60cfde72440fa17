//! The reader of one file: parses its TOML, and collects what is wrong with it.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::DataFile;
use super::conflict::{conflict_at, conflicts};
use super::rules::{NUL, Rule, SECRET_HINT, text_fault};
use super::secret;
use crate::diag::{Code, Diagnostic, Diagnostics, Place, Spot, code};

/// What the reading of one file needs to know.
pub(super) struct Reader<'a> {
    pub origin: &'a Arc<str>,
    /// The whole text of the file.
    pub text: &'a str,
    /// Where in it the TOML begins.
    pub base: usize,
    /// Where `{ "$file" = "…" }` gets its text; `None` where there is no such carrier.
    pub data_file: Option<DataFile<'a>>,
    diagnostics: &'a mut Diagnostics,
    failed: bool,
}

/// TOML that was parsed. Its spans count from the start of the TOML, not of the file.
pub(super) struct Sheet<'t> {
    root: Spanned<DeTable<'t>>,
}

impl<'t> Sheet<'t> {
    /// The table of the whole file.
    pub(super) fn root(&self) -> &DeTable<'t> {
        self.root.get_ref()
    }

    /// Parses what can be parsed, errors or not.
    pub(super) fn lenient(toml: &'t str) -> Sheet<'t> {
        Sheet {
            root: DeTable::parse_recoverable(toml).0,
        }
    }
}

/// The tables are taken apart one by one: dotted keys within inline tables can nest thousands of
/// levels deep, and dropping those recursively could exhaust the stack.
impl Drop for Sheet<'_> {
    fn drop(&mut self) {
        let mut tables = vec![std::mem::take(self.root.get_mut())];
        let mut arrays: Vec<DeArray<'_>> = Vec::new();
        loop {
            let values: Vec<_> = if let Some(table) = tables.pop() {
                table.into_iter().map(|(_, value)| value).collect()
            } else if let Some(array) = arrays.pop() {
                array.into_iter().collect()
            } else {
                break;
            };
            for value in values {
                match value.into_inner() {
                    DeValue::Table(table) => tables.push(table),
                    DeValue::Array(array) => arrays.push(array),
                    _ => {}
                }
            }
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        origin: &'a Arc<str>,
        text: &'a str,
        diagnostics: &'a mut Diagnostics,
    ) -> Reader<'a> {
        Reader {
            origin,
            text,
            base: 0,
            data_file: None,
            diagnostics,
            failed: false,
        }
    }

    /// Whether nothing was wrong so far.
    pub(super) fn is_sound(&self) -> bool {
        !self.failed
    }

    /// How many diagnostics there are.
    pub(super) fn count(&self) -> usize {
        self.diagnostics.len()
    }

    /// Adds a diagnostic, an error.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.failed = true;
        let diagnostic = self.or_secret(diagnostic);
        self.diagnostics.push(diagnostic);
    }

    /// Where a diagnostic is about the address of a database, an error that says so.
    fn or_secret(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if !secret::is_config(self.origin) {
            return diagnostic;
        }
        if let Some(Spot::Span(start, end)) = diagnostic.place.as_ref().map(|place| &place.spot)
            && matches!(
                diagnostic.code,
                code::WRONG_TYPE | code::UNKNOWN_KEY | code::BAD_KEY
            )
            && secret::in_database(self.text, *start)
            && self.text.get(*start..*end).is_some_and(secret::has_address)
        {
            diagnostic.code = code::SECRET_IN_FILE;
            diagnostic.hints = vec![SECRET_HINT.to_string()];
        }
        diagnostic
    }

    /// Adds an error at a span of the TOML.
    pub(super) fn error(&mut self, code: Code, span: Range<usize>, message: impl Into<String>) {
        let place = self.place(span);
        self.report(Diagnostic::error(code, place, message));
    }

    /// The place of a span of the TOML.
    pub(super) fn place(&self, span: Range<usize>) -> Place {
        let range = span.start + self.base..span.end + self.base;
        Place::span(self.origin.clone(), range)
    }

    /// The file as a whole.
    pub(super) fn whole(&self) -> Place {
        Place::whole(self.origin.clone())
    }

    /// Whether a text has no U+0000; reports the one that it has. Postgres holds none in its texts.
    pub(super) fn check_nul(&mut self, text: &str, span: Range<usize>) -> bool {
        let found = memchr::memchr(0, text.as_bytes()).is_some();
        if found {
            self.error(code::BAD_VALUE, span, NUL);
        }
        !found
    }

    /// Reports a text that its rule does not allow.
    pub(super) fn check_text(&mut self, name: &str, rule: &Rule, text: &str, span: Range<usize>) {
        if let Some((code, message, hint)) = text_fault(name, rule, text) {
            let place = self.place(span);
            self.report(Diagnostic::error(code, place, message).hint_if(hint));
        }
    }

    /// Reports a value of the wrong type.
    pub(super) fn wrong_type(&mut self, name: &str, expected: &str, found: &Spanned<DeValue<'_>>) {
        let message = format!(
            "`{}`: expected {expected}, found {}",
            name.escape_debug(),
            type_name(found.as_ref())
        );
        let single = matches!(found.as_ref(), DeValue::Table(_)) && expected.contains("of tables");
        let hint = single.then(|| format!("write `[[{name}]]` with two brackets"));
        let place = self.place(found.span());
        self.report(Diagnostic::error(code::WRONG_TYPE, place, message).hint_if(hint));
    }

    /// Reports conflict markers anywhere in the file; whether there are none.
    pub(super) fn check_conflicts(&mut self) -> bool {
        let found = conflicts(self.text);
        for marker in &found {
            self.conflict(marker.clone());
        }
        found.is_empty()
    }

    /// Reports the conflict that this marker begins or is part of.
    pub(super) fn conflict(&mut self, marker: Range<usize>) {
        let place = Place::span(self.origin.clone(), marker);
        self.report(conflict_at(place));
    }

    /// Parses the whole file as TOML.
    pub(super) fn parse(&mut self) -> Option<Sheet<'a>> {
        self.parse_part(0..self.text.len())
    }

    /// Parses a part of the file as TOML. Where its syntax is wrong, that is reported, and there is
    /// no sheet: what a broken file seems to say is not looked at.
    pub(super) fn parse_part(&mut self, part: Range<usize>) -> Option<Sheet<'a>> {
        if !self.check_conflicts() {
            return None;
        }
        let toml = self.text.get(part.clone())?;
        self.base = part.start;
        let (root, errors) = DeTable::parse_recoverable(toml);
        let sheet = Sheet { root };
        if errors.is_empty() {
            return Some(sheet);
        }
        self.report_syntax(toml, &errors);
        None
    }
}

/// What a value is, with its article.
pub(super) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a datetime",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
