//! Diagnostics: what went wrong, where, and what to do about it, as values.

mod clean;
mod codes;
mod suggest;

use std::ops::Range;
use std::sync::Arc;

pub use clean::clean;
pub use codes::{ALL_CODES, Code, CodeEntry, find_code};
pub use suggest::did_you_mean;

/// The codes by name, such as `code::UNKNOWN_KEY`.
pub mod code {
    pub use super::codes::code::*;
}

/// How bad a diagnostic is. An error keeps a build from publishing; a warning does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    /// The word that people and `--json` see.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One step into a document: a key of a table or an index of an array, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Key(String),
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Step {
        Step::Key(key.to_string())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Step {
        Step::Index(index)
    }
}

/// Where in a document something is, from its root, in the words of the model: `blocks[2].props.title`.
/// It means the same for a file and for a row; `format::locate` finds the bytes of a file for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(pub Vec<Step>);

impl FieldPath {
    /// This path, one step further.
    pub fn then(&self, step: impl Into<Step>) -> FieldPath {
        let mut steps = self.0.clone();
        steps.push(step.into());
        FieldPath(steps)
    }
}

/// A path of one key.
impl From<&str> for FieldPath {
    fn from(key: &str) -> FieldPath {
        FieldPath(vec![Step::from(key)])
    }
}

impl std::fmt::Display for FieldPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if position == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

/// The part of a document that a diagnostic is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// All of it, or no part in particular.
    Whole,
    /// A range of bytes of the text.
    Span(usize, usize),
    /// The key that this path ends in.
    Key(FieldPath),
    /// The value at this path; where there is none, the nearest one around it.
    Value(FieldPath),
}

/// Where something is: a document (a path relative to the site's root with `/`, or `table/key` for a
/// row) and the spot in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub path: Arc<str>,
    pub spot: Spot,
}

impl Place {
    /// A document as a whole.
    pub fn whole(path: impl Into<Arc<str>>) -> Place {
        Place {
            path: path.into(),
            spot: Spot::Whole,
        }
    }

    /// A range of bytes.
    pub fn span(path: impl Into<Arc<str>>, range: Range<usize>) -> Place {
        Place {
            path: path.into(),
            spot: Spot::Span(range.start, range.end),
        }
    }

    /// The key at the end of a path of fields.
    pub fn key(path: impl Into<Arc<str>>, field: impl Into<FieldPath>) -> Place {
        Place {
            path: path.into(),
            spot: Spot::Key(field.into()),
        }
    }

    /// The value at a path of fields.
    pub fn value(path: impl Into<Arc<str>>, field: impl Into<FieldPath>) -> Place {
        Place {
            path: path.into(),
            spot: Spot::Value(field.into()),
        }
    }
}

/// One thing that is wrong, or worth a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// `None` only where there is no document to point at.
    pub place: Option<Place>,
    /// One sentence without a full stop, with the offending name in backquotes.
    pub message: String,
    /// What to do: each one sentence without a full stop.
    pub hints: Vec<String>,
    /// Other places that belong to it, such as the first of two pages on one route.
    pub related: Vec<(Place, String)>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: Code, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            place: Some(place),
            message: message.into(),
            hints: Vec::new(),
            related: Vec::new(),
        }
    }

    /// A warning at a place.
    pub fn warning(code: Code, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, place, message)
        }
    }

    /// An error that no document is to blame for.
    pub fn general(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            place: None,
            ..Diagnostic::error(code, Place::whole(""), message)
        }
    }

    /// With one more hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hints.push(hint.into());
        self
    }

    /// With the hint where there is one.
    pub fn hint_if(mut self, hint: Option<String>) -> Diagnostic {
        self.hints.extend(hint);
        self
    }

    /// With another place that belongs to it.
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Diagnostic {
        self.related.push((place, label.into()));
        self
    }
}

/// All that one run found. Order does not matter here: reports sort it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// None yet.
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds those that another part of the work found.
    pub fn extend(&mut self, others: Diagnostics) {
        self.0.extend(others.0);
    }

    /// Whether a build must stop.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many were found.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// One after another, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Diagnostics {
        Diagnostics(vec![diagnostic])
    }
}
