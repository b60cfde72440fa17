//! Runs React code in other processes, which can be ended: nothing in a component can hurt the build.
#![allow(clippy::disallowed_methods, reason = "this room starts processes")]

use std::path::PathBuf;

use crate::render::react::{Call, Fault, FaultKind, Outline, Rendered, Stage};

/// Processes that compile and render, started when they are needed and ended with this value.
#[derive(Debug)]
pub struct Sandbox {
    _program: PathBuf,
}

impl Sandbox {
    /// A sandbox whose processes are this program, an `rbgen`.
    pub fn new(program: PathBuf) -> Sandbox {
        Sandbox { _program: program }
    }
}

impl Stage for Sandbox {
    fn outline(&self, _code: &str) -> Result<Outline, Vec<Fault>> {
        Err(Fault::new(FaultKind::Stage, "not yet").into())
    }

    fn render(&self, _call: &Call<'_>) -> Result<Rendered, Fault> {
        Err(Fault::new(FaultKind::Stage, "not yet"))
    }
}
