//! What went wrong while a component was rendered, in words that help who wrote it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use rquickjs::{Ctx, Error, Value};

use super::{COMPONENT, Limit};
use crate::render::react::compile::Compiled;
use crate::render::react::{Fault, FaultKind, MAX_ENGINE_BYTES, MAX_HTML_BYTES};

/// The message of the error that QuickJS throws where no memory is left.
pub(super) const OUT_OF_MEMORY: &str = "out of memory";

/// How many characters of a message are told.
const MOST_CHARACTERS: usize = 400;

/// How an error of intl.js ends.
const UNKNOWN: &str = " is not known while the site is built";

const ONLY_IN_BROWSER: &str =
    "render it only in the browser: set `hydrate = \"only\"` in `[metadata]`";

/// What is there in a browser and not here, sorted.
const OF_BROWSERS: &[&str] = &[
    "AbortController",
    "Blob",
    "CustomEvent",
    "DOMParser",
    "Document",
    "Element",
    "Event",
    "EventSource",
    "EventTarget",
    "File",
    "FileReader",
    "FormData",
    "HTMLElement",
    "Headers",
    "Image",
    "IntersectionObserver",
    "MutationObserver",
    "Node",
    "Request",
    "ResizeObserver",
    "Response",
    "TextDecoder",
    "TextEncoder",
    "URL",
    "URLSearchParams",
    "WebSocket",
    "Worker",
    "XMLHttpRequest",
    "addEventListener",
    "alert",
    "atob",
    "btoa",
    "cancelAnimationFrame",
    "clearInterval",
    "clearTimeout",
    "confirm",
    "crypto",
    "customElements",
    "document",
    "fetch",
    "getComputedStyle",
    "history",
    "indexedDB",
    "innerHeight",
    "innerWidth",
    "localStorage",
    "location",
    "matchMedia",
    "navigator",
    "prompt",
    "removeEventListener",
    "requestAnimationFrame",
    "requestIdleCallback",
    "screen",
    "scrollTo",
    "self",
    "sessionStorage",
    "setInterval",
    "setTimeout",
    "structuredClone",
    "window",
];

/// What React's errors with a number mean, with `%` for what each tells; React's own words are in
/// scripts/error-codes/codes.json of its source.
const REACT_ERRORS: &[(&str, &str)] = &[
    (
        "31",
        "objects are not valid as a child (found: %): use an array for several children",
    ),
    (
        "60",
        "an element has both `children` and `dangerouslySetInnerHTML`",
    ),
    ("61", "`dangerouslySetInnerHTML` must be `{__html: …}`"),
    ("62", "`style` must be an object, such as {marginRight: 4}"),
    ("65", "% is not a valid name of an element"),
    (
        "91",
        "`dangerouslySetInnerHTML` does not make sense on <textarea>",
    ),
    ("92", "<textarea> has both a value and children"),
    ("93", "<textarea> can have at most one child"),
    (
        "130",
        "an element's type is %: is what it names exported and imported? %",
    ),
    ("152", "% returned nothing: return null to show nothing"),
    ("257", "a portal is shown only in a browser"),
    (
        "300",
        "fewer hooks were called than before: a return comes too early",
    ),
    ("301", "it sets state in each rendering, without end"),
    ("310", "more hooks were called than before"),
    ("312", "more hooks were called than before"),
    ("321", "a hook was called outside of a function component"),
    (
        "399",
        "<%> can have neither children nor `dangerouslySetInnerHTML`",
    ),
    (
        "407",
        "useSyncExternalStore needs a third function, which gives what is shown while the site is built",
    ),
    (
        "426",
        "it waits for data, which it can do only in a browser",
    ),
    (
        "438",
        "what is given to use() is neither a promise nor a context: %",
    ),
    (
        "440",
        "a function of useEffectEvent was called during rendering",
    ),
    ("482", "an async component is rendered only in a browser"),
];

/// What the harness tells of a rendering that failed.
#[derive(Debug)]
pub(super) struct Told {
    pub kind: String,
    /// Of an error: name, message, stack.
    pub texts: [String; 3],
}

impl Told {
    pub fn too_much_text() -> Told {
        Told {
            kind: "text".into(),
            texts: Default::default(),
        }
    }

    pub fn is_too_much_text(&self) -> bool {
        self.kind == "text"
    }
}

/// The fault that it is.
pub(super) fn of_told(told: Told, compiled: &Compiled) -> Fault {
    let [name, message, stack] = &told.texts;
    match told.kind.as_str() {
        "text" => of_limit(Limit::Text),
        "waits" => waits(),
        "error" => of_thrown(name, message, stack, compiled),
        _ => Fault::new(
            FaultKind::Failed,
            format!("it threw what is no error: {}", sentence(name)),
        ),
    }
}

/// The fault of an error that came out of QuickJS itself.
pub(super) fn of_error(ctx: &Ctx<'_>, error: &Error, passed: Option<Limit>) -> Fault {
    let thrown = match error {
        Error::Exception => ctx.catch(),
        _ => Value::new_undefined(ctx.clone()),
    };
    if let Some(limit) = passed {
        return of_limit(limit);
    }
    let says = thrown.as_exception().and_then(|thrown| thrown.message());
    match (says, error) {
        (Some(says), _) if says == OUT_OF_MEMORY => of_limit(Limit::Memory),
        (Some(says), _) => Fault::new(FaultKind::Failed, sentence(&says)),
        // Where there is not even memory for an error, null is thrown.
        (None, Error::Exception | Error::Allocation) => of_limit(Limit::Memory),
        (None, _) => Fault::new(FaultKind::Failed, sentence(&error.to_string())),
    }
}

/// The fault of passing a limit.
pub(super) fn of_limit(limit: Limit) -> Fault {
    let mib = |bytes: usize| bytes / 1024 / 1024;
    let message = match limit {
        Limit::Time => "the component takes too long to render".to_string(),
        Limit::Memory => format!(
            "the component takes more than {} MiB of memory to render",
            mib(MAX_ENGINE_BYTES)
        ),
        Limit::Stack => "the component nests too deep, or calls itself without end".to_string(),
        Limit::Work => {
            "the component leaves work that never ends, such as an endless `await`".to_string()
        }
        Limit::Text => format!(
            "the component gives more than {} MiB of HTML",
            mib(MAX_HTML_BYTES)
        ),
    };
    Fault::new(FaultKind::Limits, message)
}

fn waits() -> Fault {
    let mut fault = Fault::new(
        FaultKind::Failed,
        "it waits for data, which it can do only in a browser",
    );
    fault.hint = Some(ONLY_IN_BROWSER.into());
    fault
}

fn of_thrown(name: &str, message: &str, stack: &str, compiled: &Compiled) -> Fault {
    let mut fault = if message.starts_with("Use \"renderToStringAsync\"") {
        waits()
    } else {
        let said = in_words(message);
        let said = match name {
            "" | "Error" => said.into_owned(),
            // What this engine says by itself is said without a name.
            "TypeError" if said != message || is_of_harness(message) => said.into_owned(),
            "RangeError" if message.ends_with(UNKNOWN) => said.into_owned(),
            _ if said.is_empty() => name.to_string(),
            _ => format!("{name}: {said}"),
        };
        Fault::new(FaultKind::Failed, sentence(&said))
    };
    fault.hint = fault.hint.or_else(|| hint(name, message));
    fault.range = place(stack, compiled).map(|byte| byte..byte);
    fault
}

/// Whether a message is one that the harness makes.
fn is_of_harness(message: &str) -> bool {
    [
        "an element's type is",
        "objects are not valid",
        "a component or a child is",
        "the component returned nothing",
    ]
    .iter()
    .any(|start| message.starts_with(start))
}

fn hint(name: &str, message: &str) -> Option<String> {
    if name == "ReferenceError" {
        let missing = message.strip_suffix(" is not defined")?;
        if OF_BROWSERS.binary_search(&missing).is_ok() {
            return Some(format!(
                "`{missing}` is there only in a browser: use it in an effect or an event handler, or set \
                 `hydrate = \"only\"` in `[metadata]`"
            ));
        }
        if matches!(
            missing,
            "process" | "require" | "module" | "Buffer" | "global" | "__dirname"
        ) {
            return Some(format!("`{missing}` is there only in Node"));
        }
        return None;
    }
    if in_words(message).ends_with("only in a browser") {
        return Some(ONLY_IN_BROWSER.into());
    }
    if message.ends_with(UNKNOWN) {
        return Some(format!(
            "of languages, en-US, en-GB, de-DE and fr-FR are known, in UTC and with the usual options: {ONLY_IN_BROWSER}"
        ));
    }
    if name == "TypeError"
        && (message.ends_with("is read-only") || message.ends_with("object is not extensible"))
    {
        return Some(
            "what is built in, and what is global, cannot be changed while the site is built"
                .into(),
        );
    }
    None
}

/// An error of React by its number, in words.
fn in_words(message: &str) -> Cow<'_, str> {
    let Some(rest) = message.strip_prefix("Minified React error #") else {
        return Cow::Borrowed(message);
    };
    let number = rest.split(';').next().unwrap_or_default();
    let Some((_, words)) = REACT_ERRORS.iter().find(|(known, _)| *known == number) else {
        return Cow::Owned(format!(
            "React's error {number}: see https://react.dev/errors/{number}"
        ));
    };
    let address = rest
        .split_whitespace()
        .find(|word| word.starts_with("https://"));
    let query = address.and_then(|address| address.split_once('?'));
    let mut told = query
        .map(|(_, query)| query)
        .unwrap_or_default()
        .split('&')
        .filter_map(|part| part.strip_prefix("args[]="))
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned());
    let mut said = String::new();
    for (at, part) in words.split('%').enumerate() {
        if at > 0 {
            said.push_str(&told.next().unwrap_or_default());
        }
        said.push_str(part);
    }
    Cow::Owned(said.trim_end().to_string())
}

/// A message as one sentence in one line, without a full stop.
fn sentence(message: &str) -> String {
    let line = message
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let mut short: String = line
        .chars()
        .filter(|character| !character.is_control())
        .take(MOST_CHARACTERS)
        .collect();
    if short.chars().count() == MOST_CHARACTERS {
        short.push('…');
    }
    match short.strip_suffix('.') {
        Some(without) if !without.ends_with('.') => without.to_string(),
        _ if short.is_empty() => "it failed without a message".into(),
        _ => short,
    }
}

/// The byte of the source where the innermost frame of the component's own code is.
fn place(stack: &str, compiled: &Compiled) -> Option<usize> {
    stack.lines().find_map(|frame| {
        // `    at name (component:3:14)`: from 1, and the column in bytes.
        let (_, at) = frame.strip_suffix(')')?.rsplit_once('(')?;
        let mut parts = at.strip_prefix(COMPONENT)?.strip_prefix(':')?.split(':');
        let line = parts.next()?.parse::<usize>().ok()?.checked_sub(1)?;
        let bytes = parts.next()?.parse::<usize>().ok()?.checked_sub(1)?;
        let text = compiled.server.split('\n').nth(line)?;
        let column = text.get(..bytes)?.encode_utf16().count();
        compiled.source_byte(u32::try_from(line).ok()?, u32::try_from(column).ok()?)
    })
}
