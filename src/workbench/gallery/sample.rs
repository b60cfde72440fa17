//! The answer of `/_rb/sample`: a component by itself, or a page that says why there is none.

use minijinja::context;
use minijinja::value::Value as Rendered;
use serde_json::Value as Json;

use super::super::frame::fill;
use super::super::words::first_value;
use super::examples_of;
use crate::build::sample::{SAMPLE_ID, Showroom};
use crate::diag::{Diagnostic, Diagnostics, FieldPath, Severity, Spot, Step, code, did_you_mean};
use crate::format::read_json;
use crate::model::{Site, Table, Value};

const PROBLEMS: &str = include_str!("problems.html");

/// How many diagnostics are shown.
const MOST_PROBLEMS: usize = 50;
/// The longest name that is looked for, in bytes; no key is longer.
const MOST_NAME: usize = 255;
/// The longest text of a problem that is shown, in characters: much of it may be what was posted.
const MOST_TEXT: usize = 1000;

/// A sample: the HTTP status and the document. The query has `node`, `component` and `example`, which
/// is the number of an example, counted from 0, or its name; where something was posted, it is
/// `{"node": …, "component": …, "props": {…}}`, with the carriers of JSON for what it lacks.
///
/// 400 is a question that cannot be understood, 404 a node, component or example that is not there,
/// and 422 a component that cannot be rendered with these props.
pub fn sample(
    showroom: &Showroom,
    query: &[(String, String)],
    posted: Option<&Json>,
) -> (u16, String) {
    let asked = match posted {
        Some(posted) => from_post(posted),
        None => from_query(showroom.site(), query),
    };
    let (node, component, props) = match asked {
        Ok(asked) => asked,
        Err((status, diagnostic)) => return (status, problems(&diagnostic.into())),
    };
    match showroom.render(&node, &component, &props) {
        Ok(html) => (200, html),
        Err(diagnostics) => {
            let is_missing =
                |d: &Diagnostic| matches!(d.code, code::UNKNOWN_NODE | code::UNKNOWN_COMPONENT);
            let status = match diagnostics.iter().any(is_missing) {
                true => 404,
                false => 422,
            };
            (status, problems(&diagnostics))
        }
    }
}

/// The policy of a sample: no scripts at all; styles are inline.
pub fn sample_policy() -> String {
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src * data:; media-src * data:; font-src 'self' data:; \
     frame-src https:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
        .to_string()
}

type Asked = Result<(String, String, Table), (u16, Diagnostic)>;

fn from_query(site: &Site, query: &[(String, String)]) -> Asked {
    let value = |name| first_value(query, name);
    let (Some(node), Some(component)) = (value("node"), value("component")) else {
        return Err(wrong("the query needs `node` and `component`"));
    };
    bounded("node", node)?;
    bounded("component", component)?;
    let props = match site.components.get(component) {
        // Rendering says that it is unknown.
        None => Table::new(),
        Some(found) => {
            let examples = examples_of(found);
            let asked = value("example").unwrap_or("0");
            bounded("example", asked)?;
            let by_number = asked.parse().ok().and_then(|at: usize| examples.get(at));
            let by_name = || examples.iter().find(|example| example.name == asked);
            let Some(example) = by_number.or_else(by_name) else {
                let names = examples.iter().map(|example| example.name.as_str());
                let message = format!("the component `{component}` has no example `{asked}`");
                let diagnostic = Diagnostic::general(code::BAD_VALUE, message);
                return Err((404, diagnostic.hint_if(did_you_mean(asked, names))));
            };
            example.props.clone()
        }
    };
    Ok((node.to_string(), component.to_string(), props))
}

fn from_post(posted: &Json) -> Asked {
    let text = |name: &str| posted.get(name).and_then(Json::as_str);
    let (Some(node), Some(component), Some(props)) =
        (text("node"), text("component"), posted.get("props"))
    else {
        return Err(wrong("`node`, `component` and `props` are needed"));
    };
    bounded("node", node)?;
    bounded("component", component)?;
    match read_json(&props.to_string()) {
        Ok(Value::Table(props)) => Ok((node.to_string(), component.to_string(), props)),
        Ok(_) => Err(wrong("`props` must be an object")),
        Err(problem) => Err((
            400,
            Diagnostic::general(problem.code, format!("`props`: {}", problem.message)),
        )),
    }
}

/// Whether a name is short enough to be looked for, and to be repeated.
fn bounded(name: &str, value: &str) -> Result<(), (u16, Diagnostic)> {
    match value.len() {
        0..=MOST_NAME => Ok(()),
        _ => Err(wrong(&format!("`{name}` is longer than {MOST_NAME} bytes"))),
    }
}

fn wrong(message: &str) -> (u16, Diagnostic) {
    (400, Diagnostic::general(code::BAD_VALUE, message))
}

/// A page that says what is wrong, in words, and so that the script of the gallery can read it.
fn problems(diagnostics: &Diagnostics) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| (diagnostic.severity, &diagnostic.place));
    let more = sorted.len().saturating_sub(MOST_PROBLEMS);
    let shown: Vec<Rendered> = sorted
        .into_iter()
        .take(MOST_PROBLEMS)
        .map(|diagnostic| {
            let field = field_of(diagnostic);
            let path = diagnostic.place.as_ref().map(|place| place.path.as_ref());
            let related: Vec<Rendered> = diagnostic
                .related
                .iter()
                .filter(|(place, _)| &*place.path != SAMPLE)
                .map(|(place, label)| context! { path => place.path.to_string(), label => cut(label) })
                .collect();
            let hints: Vec<String> = diagnostic.hints.iter().map(|hint| cut(hint)).collect();
            context! {
                code => diagnostic.code.0,
                is_error => diagnostic.severity == Severity::Error,
                message => cut(words(&diagnostic.message)),
                hints => hints,
                field => field.as_ref().map(|field| cut(&pointer(field))),
                field_words => field.as_ref().map(|field| cut(&field.to_string())),
                path => path.filter(|path| field.is_none() && *path != SAMPLE),
                related => related,
            }
        })
        .collect();
    fill(PROBLEMS, context! { problems => shown, more => more })
}

/// A message without the name of the block, which nobody wrote.
fn words(message: &str) -> &str {
    let block = format!("block `{SAMPLE_ID}`: ");
    message.strip_prefix(block.as_str()).unwrap_or(message)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// The origin of the page that a sample stands on.
const SAMPLE: &str = "_rb/sample";

/// The prop that a diagnostic is about.
fn field_of(diagnostic: &Diagnostic) -> Option<FieldPath> {
    let place = diagnostic.place.as_ref()?;
    let (Spot::Key(path) | Spot::Value(path)) = &place.spot else {
        return None;
    };
    match path.0.as_slice() {
        [
            Step::Key(blocks),
            Step::Index(0),
            Step::Key(props),
            rest @ ..,
        ] if &*place.path == SAMPLE && blocks == "blocks" && props == "props" => {
            Some(FieldPath(rest.to_vec()))
        }
        _ => None,
    }
}

/// A path as a JSON pointer (RFC 6901).
fn pointer(path: &FieldPath) -> String {
    let step = |step: &Step| match step {
        Step::Index(index) => format!("/{index}"),
        Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
    };
    path.0.iter().map(step).collect()
}
