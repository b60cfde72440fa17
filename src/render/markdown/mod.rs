//! Markdown as HTML: CommonMark with GitHub's tables, footnotes, task lists and alerts, highlighted
//! code, and raw HTML only after sanitising.

mod footnotes;
mod highlight;
mod ids;
mod languages;
mod markup;
mod nesting;
mod sanitize;
mod tables;
mod writer;

pub use highlight::highlight;
pub use ids::Ids;

use crate::model::MarkdownConfig;

/// A rendered text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkdownHtml {
    /// Flow content for a page's body.
    pub html: String,
    /// Whether there are code blocks, highlighted or plain: they need `code_css`.
    pub has_code: bool,
}

/// What becomes of raw HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RawHtml {
    /// It stays as it is, to be sanitised.
    Kept,
    /// Its tags are shown as text.
    Shown,
}

/// Renders a text. Raw HTML is shown as text where elements are nested so deep that sanitising would
/// take for ever. `ids` has the ids that are taken on the page, and takes those that the text gets:
/// of headings and of footnotes. Never fails: every text is Markdown.
pub fn markdown_to_html(text: &str, config: &MarkdownConfig, ids: &mut Ids) -> MarkdownHtml {
    // Without a `<` there is none.
    let taken = text.contains('<').then(|| ids.clone());
    let mut rendered = writer::write(text, config, ids, RawHtml::Kept);
    if rendered.has_raw_html {
        if let Some(taken) = taken
            && nesting::is_too_deep(&rendered.html)
        {
            *ids = taken;
            rendered = writer::write(text, config, ids, RawHtml::Shown);
        } else {
            rendered.html = sanitize::sanitize(&rendered.html);
        }
    }
    MarkdownHtml {
        html: rendered.html,
        has_code: rendered.has_code,
    }
}

/// The style sheet of code blocks: one set of class names, and each colour by
/// `light-dark(…)`. Not minified.
pub fn code_css() -> &'static str {
    include_str!("code.css")
}

#[cfg(test)]
mod tests;
