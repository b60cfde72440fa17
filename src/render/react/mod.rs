//! Components that are React code: compiled, rendered to HTML, and brought to life in the browser.
//!
//! Nothing here is trusted with the process: `compile` and `engine` run in another one (the room
//! `sandbox`), which a [`Runner`] stands for. All of it is pure: the same code and props give the same bytes.

pub mod compile;
pub mod engine;
mod island;
pub mod runtime;

use std::ops::Range;
use std::sync::Arc;

use crate::diag::{Diagnostic, Place, code};
pub use island::{LibraryNames, ReactFacts, bounds_of_day, island};
pub(super) use island::{block_html, library_html};
pub use runtime::Runtime;

/// What code may import: all of it is the library of React components, whichever it is.
pub const PROVIDED: [&str; 9] = [
    "react",
    "react-dom",
    "react-dom/client",
    "react/jsx-runtime",
    "react/jsx-dev-runtime",
    "preact",
    "preact/compat",
    "preact/hooks",
    "preact/jsx-runtime",
];

/// The most bytes that the code of a component may have.
pub const MAX_CODE_BYTES: usize = 512 * 1024;
/// The most bytes of HTML that one rendering may give.
pub const MAX_HTML_BYTES: usize = 8 * 1024 * 1024;
/// The most memory, in bytes, that an engine may take; all components of a process share it.
pub const MAX_ENGINE_BYTES: usize = 128 * 1024 * 1024;

/// Something that is wrong with the code of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// One sentence without a full stop.
    pub message: String,
    /// Where in the code, in bytes.
    pub range: Option<Range<usize>>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What kind of fault it is; each is a code of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It cannot be parsed.
    Syntax,
    /// No component, or no one of several, is meant.
    Component,
    /// It imports what it may not.
    Import,
    /// It threw an error, or gave what is no element.
    Failed,
    /// It took too much time, memory, stack or text.
    Limits,
    /// The library is not there, which is no fault of the code.
    Packages,
    /// The process that runs it cannot be started or spoken to, which is no fault of the code.
    Runner,
}

impl Fault {
    /// A fault without a place.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Fault {
        Fault {
            kind,
            message: message.into(),
            range: None,
            hint: None,
        }
    }
}

/// What compiling gives that others than the engine want to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Whether it calls a hook that does something in the browser, or has an event handler.
    pub interactive: bool,
    /// The module for browsers, minified: its default export is the component, and what it imports are
    /// names of [`PROVIDED`].
    pub client: String,
}

/// One component to render.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub runtime: &'a Arc<Runtime>,
    /// The code of the component.
    pub code: &'a str,
    /// A JSON object.
    pub props: &'a str,
    /// What the time is said to be, in milliseconds since 1970: the beginning of a day, in UTC.
    pub day: i64,
    /// The key of the block, which makes the ids that the code is given (`useId`) unlike those of other blocks
    /// of the page.
    pub block: &'a str,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    pub html: String,
    /// Whether the code asked what the time is.
    pub asked_time: bool,
}

/// Where React code is compiled and run. It serves all threads.
pub trait Runner: Send + Sync + std::fmt::Debug {
    /// What is to be known of a component, or all that is wrong with its code.
    fn outline(&self, code: &str) -> Result<Outline, Vec<Fault>>;

    /// A build begins: what took too much before may have been mended since.
    fn begin(&self) {}

    /// The HTML of a component. The same call gives the same answer, whatever ran before.
    fn render(&self, call: &Call<'_>) -> Result<Rendered, Fault>;
}

/// No runner: for whoever renders nothing.
#[derive(Debug)]
pub struct NoRunner;

impl Runner for NoRunner {
    fn outline(&self, _: &str) -> Result<Outline, Vec<Fault>> {
        Err(NoRunner::fault().into())
    }

    fn render(&self, _: &Call<'_>) -> Result<Rendered, Fault> {
        Err(NoRunner::fault())
    }
}

impl NoRunner {
    fn fault() -> Fault {
        Fault::new(FaultKind::Runner, "React code is not run here")
    }
}

impl From<Fault> for Vec<Fault> {
    fn from(fault: Fault) -> Vec<Fault> {
        vec![fault]
    }
}

/// The fault of some code, in a file or a row, as a diagnostic.
pub fn diagnostic(origin: &str, fault: &Fault) -> Diagnostic {
    let code = match fault.kind {
        FaultKind::Syntax => code::REACT_SYNTAX,
        FaultKind::Component => code::REACT_COMPONENT,
        FaultKind::Import => code::REACT_IMPORT,
        FaultKind::Failed => code::REACT_FAILED,
        FaultKind::Limits => code::REACT_LIMITS,
        FaultKind::Packages => code::REACT_PACKAGES,
        FaultKind::Runner => {
            return Diagnostic::general(code::REACT_RUNNER, fault.message.clone())
                .hint_if(fault.hint.clone());
        }
    };
    let place = match &fault.range {
        Some(range) => Place::span(origin, range.clone()),
        None => Place::whole(origin),
    };
    Diagnostic::error(code, place, fault.message.clone()).hint_if(fault.hint.clone())
}
