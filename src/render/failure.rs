//! Failures of our own that travel through the template engine.

use std::error::Error as StdError;
use std::fmt;

use minijinja::{Error, ErrorKind};

use crate::diag::{Code, Place};

/// A failure that a function of ours reports from inside a template: its code and its hint travel
/// with the engine's own error.
#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    pub hint: Option<String>,
    /// Where it is, if not where the engine is.
    pub place: Option<Place>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.0)
    }
}

impl StdError for Failure {}

/// An error for a template, with a code and a hint of ours.
pub fn failure(code: Code, message: String, hint: Option<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message).with_source(Failure {
        code,
        hint,
        place: None,
    })
}
