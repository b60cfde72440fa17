//! Compiles the code of a component: what it exports, what it does in a browser, and the code that the
//! engine and browsers run.

use super::{Fault, FaultKind, Outline};

/// Compiled code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    pub outline: Outline,
    /// An expression, as a script: `(function ($require) { "use strict"; …; return Component; })`. It makes
    /// the component anew each time it is called, so nothing that the code keeps outlives a rendering.
    /// `$require` takes a name of [`super::PROVIDED`] and gives that module's exports.
    pub server: String,
    /// Which byte of the source a place of `server` comes from: (line, column, byte), the first two from 0
    /// and the column in UTF-16 units, sorted.
    pub places: Vec<(u32, u32, u32)>,
}

/// Compiles code.
pub fn compile(_code: &str) -> Result<Compiled, Vec<Fault>> {
    Err(Fault::new(FaultKind::Syntax, "not yet").into())
}

impl Compiled {
    /// The byte of the source that a place of `server` comes from: line and column from 0.
    pub fn source_byte(&self, line: u32, column: u32) -> Option<usize> {
        let after = self
            .places
            .partition_point(|place| (place.0, place.1) <= (line, column));
        let place = self.places.get(after.checked_sub(1)?)?;
        (place.0 == line).then_some(place.2 as usize)
    }
}
