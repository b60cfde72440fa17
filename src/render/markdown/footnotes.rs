//! Footnotes: their references, and the section of them at the end of a text.

use pulldown_cmark::CowStr;
use pulldown_cmark_escape::escape_href;

use super::ids::slug;
use super::writer::Writer;

/// A footnote, from its first reference or its definition on.
#[derive(Default)]
pub(super) struct Footnote {
    id: String,
    /// From 1; 0 until there is a reference.
    number: usize,
    references: Vec<String>,
    pub html: Option<String>,
    /// The order of the definitions, for those without references.
    order: usize,
}

impl Writer<'_> {
    /// The folded label of a footnote, which is now known.
    pub(super) fn footnote(&mut self, label: &CowStr<'_>) -> String {
        let folded = label.to_lowercase();
        let order = self.footnotes.len();
        if !self.footnotes.contains_key(&folded) {
            let footnote = Footnote {
                id: self.ids.unique(&format!("fn-{}", slug(label))),
                order,
                ..Footnote::default()
            };
            self.footnotes.insert(folded.clone(), footnote);
        }
        folded
    }

    pub(super) fn footnote_reference(&mut self, label: &CowStr<'_>) {
        let folded = self.footnote(label);
        let numbered = self.footnotes.values().filter(|f| f.number > 0).count();
        let reference = self.ids.unique(&format!("fnref-{}", slug(label)));
        let Some(footnote) = self.footnotes.get_mut(&folded) else {
            return;
        };
        if footnote.number == 0 {
            footnote.number = numbered + 1;
        }
        let number = footnote.number.to_string();
        // A link cannot stand in a link, and a heading's slug has no numbers of notes.
        if self.links.contains(&true) {
            self.out
                .push_str(&format!("<sup class=\"footnote-ref\">{number}</sup>"));
            return;
        }
        let target = footnote.id.clone();
        footnote.references.push(reference.clone());
        self.out.push_str("<sup class=\"footnote-ref\"><a href=\"#");
        let _ = escape_href(&mut self.out, &target);
        self.out.push('"');
        self.attribute("id", &reference);
        self.out.push('>');
        self.out.push_str(&number);
        self.out.push_str("</a></sup>");
    }

    /// All footnotes in the order of their numbers, then those that nothing refers to.
    pub(super) fn footnotes_section(&mut self) {
        let mut footnotes: Vec<Footnote> = std::mem::take(&mut self.footnotes)
            .into_values()
            .filter(|footnote| footnote.html.is_some())
            .collect();
        if footnotes.is_empty() {
            return;
        }
        footnotes.sort_by_key(|footnote| match footnote.number {
            0 => (usize::MAX, footnote.order),
            number => (number, 0),
        });
        self.out
            .push_str("<section class=\"footnotes\" aria-label=\"Footnotes\">\n<ol>\n");
        for footnote in footnotes {
            let html = footnote.html.unwrap_or_default();
            let mut back = String::new();
            for (index, reference) in footnote.references.iter().enumerate() {
                let number = if index == 0 {
                    String::new()
                } else {
                    format!(" {}", index + 1)
                };
                back.push_str(" <a class=\"footnote-back\" href=\"#");
                let _ = escape_href(&mut back, reference);
                back.push_str(&format!(
                    "\" aria-label=\"Back to reference{number}\">↩</a>"
                ));
            }
            self.out.push_str("<li");
            self.attribute("id", &footnote.id);
            self.out.push('>');
            match html.strip_suffix("</p>\n") {
                Some(open) => {
                    self.out.push_str(open);
                    self.out.push_str(&back);
                    self.out.push_str("</p>\n");
                }
                None => {
                    self.out.push_str(&html);
                    self.out.push_str(back.trim_start());
                }
            }
            self.out.push_str("</li>\n");
        }
        self.out.push_str("</ol>\n</section>\n");
    }
}
