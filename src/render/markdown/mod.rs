//! Markdown to HTML.

use std::collections::BTreeSet;

use crate::model::MarkdownConfig;

/// The ids that a page already has.
pub struct Ids(BTreeSet<String>);

impl Ids {
    /// With the ids that are taken.
    pub fn new(taken: impl Iterator<Item = String>) -> Ids {
        Ids(taken.collect())
    }
}

/// Rendered Markdown.
pub struct MarkdownHtml {
    pub html: String,
    /// Whether it has highlighted code.
    pub has_code: bool,
}

/// Renders Markdown.
pub fn markdown_to_html(text: &str, _: &MarkdownConfig, _: &mut Ids) -> MarkdownHtml {
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new(text));
    MarkdownHtml {
        html,
        has_code: false,
    }
}

/// The style sheet of code.
pub fn code_css() -> &'static str {
    "pre.code{color:light-dark(#111,#eee)}"
}
