//! Renders one component in an engine of its own, QuickJS, whose clock stands still, whose dice are always
//! the same, and whose objects nobody can change.

use super::compile::Compiled;
use super::{Fault, FaultKind, Rendered, Runtime};

/// An engine for one component.
pub struct Engine {
    _compiled: Compiled,
}

impl Engine {
    /// An engine that has the library and the component. It asks `is_over` again and again whether time is
    /// up, as far as it can: not while a function of its own, such as a search in a text, runs.
    pub fn new(
        _runtime: &Runtime,
        compiled: Compiled,
        _is_over: Box<dyn Fn() -> bool>,
    ) -> Result<Engine, Fault> {
        Ok(Engine {
            _compiled: compiled,
        })
    }

    /// The HTML of the component with these props, a JSON object; `day` is what the time is said to be, in
    /// milliseconds since 1970. What it gives depends on these two alone.
    pub fn render(&mut self, _props: &str, _day: i64) -> Result<Rendered, Fault> {
        Err(Fault::new(FaultKind::Failed, "not yet"))
    }
}
