//! What is wrong, as a list in a page, and as a page of its own where nothing else can be shown.

use minijinja::{Value, context};

use super::frame::{Tab, fill, frame, safe};
use crate::load::Located;

const LIST: &str = include_str!("problems/list.html");
const PAGE: &str = include_str!("problems/page.html");

/// The most diagnostics that are listed.
const MOST_PROBLEMS: usize = 200;

/// Diagnostics as a list, errors first; nothing where there is none.
pub fn problem_list(diagnostics: &[Located]) -> String {
    let mut sorted: Vec<&Located> = diagnostics.iter().collect();
    sorted.sort_by_key(|located| located.diagnostic.severity);
    let problems: Vec<Value> = sorted
        .into_iter()
        .take(MOST_PROBLEMS)
        .map(problem)
        .collect();
    let more = diagnostics.len().saturating_sub(MOST_PROBLEMS);
    fill(LIST, context! { problems => problems, more => more })
}

fn problem(located: &Located) -> Value {
    let diagnostic = &located.diagnostic;
    let path = diagnostic
        .place
        .as_ref()
        .map(|place| place.path.to_string());
    let place = match (&path, &located.at) {
        (Some(path), Some(at)) => Some(format!("{path}:{}:{}", at.line, at.column)),
        _ => path.filter(|path| !path.is_empty()),
    };
    context! {
        code => diagnostic.code.0,
        severity => diagnostic.severity.as_str(),
        message => &diagnostic.message,
        place => place,
        hints => &diagnostic.hints,
    }
}

/// A page of the workbench that has no site to show, and so says what is wrong.
pub fn problems_page(tab: Tab, round: u64, diagnostics: &[Located]) -> String {
    // These have parts that nothing renews, once there is a site.
    let reload = matches!(tab, Tab::Gallery | Tab::Tokens).then_some(round);
    let body = fill(
        PAGE,
        context! {
            title => tab.label(),
            round => round,
            problems => safe(&problem_list(diagnostics)),
        },
    );
    frame(tab.label(), tab, reload, &body)
}
