//! The events of a Markdown parser, written as HTML.

use std::collections::{HashMap, VecDeque};

use pulldown_cmark::{
    BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd,
};
use pulldown_cmark_escape::{escape_href, escape_html, escape_html_body_text};

use super::RawHtml;
use super::footnotes::Footnote;
use super::highlight::highlight;
use super::ids::{Ids, slug};
use super::sanitize::{Use, is_safe_url};
use super::tables::Table;
use crate::model::MarkdownConfig;

/// What was written.
pub(super) struct Written {
    pub html: String,
    pub has_code: bool,
    /// Whether some of it is HTML of the author's, as it stands.
    pub has_raw_html: bool,
}

/// Writes a text as HTML.
pub(super) fn write(
    text: &str,
    config: &MarkdownConfig,
    ids: &mut Ids,
    raw_html: RawHtml,
) -> Written {
    let mut options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM;
    options.set(Options::ENABLE_SMART_PUNCTUATION, config.smart_punctuation);
    let mut explicit_ids = VecDeque::new();
    // Ids that the author chose come before those that are made up. Most texts have none.
    if may_choose_ids(text) {
        for event in Parser::new_ext(text, options) {
            if let Event::Start(Tag::Heading { id: Some(id), .. }) = event {
                explicit_ids.push_back(ids.unique(&id));
            }
        }
    }
    let mut writer = Writer {
        out: String::with_capacity(text.len() * 3 / 2),
        config,
        ids,
        explicit_ids,
        outer: Vec::new(),
        headings: Vec::new(),
        image: None,
        code: None,
        table: None,
        items: Vec::new(),
        links: Vec::new(),
        footnotes: HashMap::new(),
        has_code: false,
        raw_html,
        has_raw_html: false,
    };
    for event in Parser::new_ext(text, options) {
        writer.event(event);
    }
    writer.footnotes_section();
    Written {
        html: writer.out,
        has_code: writer.has_code,
        has_raw_html: writer.has_raw_html,
    }
}

pub(super) struct Writer<'c> {
    pub(super) out: String,
    config: &'c MarkdownConfig,
    pub(super) ids: &'c mut Ids,
    /// The ids that headings name themselves, made unique, in order.
    explicit_ids: VecDeque<String>,
    /// What was written before the footnote definitions that are open.
    outer: Vec<(String, String)>,
    headings: Vec<Heading>,
    image: Option<Image>,
    code: Option<Code>,
    pub(super) table: Option<Table>,
    /// Where the open list items begin.
    items: Vec<usize>,
    /// Whether each of the open links is one (its address was safe).
    pub(super) links: Vec<bool>,
    /// By label, folded.
    pub(super) footnotes: HashMap<String, Footnote>,
    has_code: bool,
    raw_html: RawHtml,
    has_raw_html: bool,
}

struct Heading {
    /// Where its content begins.
    start: usize,
    /// Its text without markup.
    text: String,
    id: Option<String>,
    classes: String,
}

struct Image {
    address: Option<String>,
    title: String,
    alt: String,
    /// How many elements are open inside of the description.
    depth: usize,
}

struct Code {
    language: String,
    text: String,
}

impl Writer<'_> {
    fn event(&mut self, event: Event<'_>) {
        if self.image.is_some() {
            return self.describe_image(event);
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.text.push_str(&text),
                None => self.text(&text),
            },
            Event::Code(text) => {
                self.note_text(&text);
                self.out.push_str("<code>");
                self.escape(&text);
                self.out.push_str("</code>");
            }
            Event::Html(html) | Event::InlineHtml(html) if self.raw_html == RawHtml::Shown => {
                self.escape(&html);
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                self.has_raw_html = true;
                self.out.push_str(&html);
            }
            Event::SoftBreak => {
                self.note_text(" ");
                self.out.push('\n');
            }
            Event::HardBreak => {
                self.note_text(" ");
                self.out.push_str("<br>\n");
            }
            Event::Rule => self.out.push_str("<hr>\n"),
            Event::TaskListMarker(done) => self.task(done),
            Event::FootnoteReference(label) => self.footnote_reference(&label),
            // Not enabled.
            Event::InlineMath(text) | Event::DisplayMath(text) => self.text(&text),
        }
    }

    fn text(&mut self, text: &str) {
        self.note_text(text);
        self.escape(text);
    }

    fn escape(&mut self, text: &str) {
        // Writing to a `String` cannot fail.
        let _ = escape_html_body_text(&mut self.out, text);
    }

    pub(super) fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        let _ = escape_html(&mut self.out, value);
        self.out.push('"');
    }

    /// Writes an address as a valid URL: what it may not have is percent-encoded.
    fn address(&mut self, address: &str) {
        let start = self.out.len();
        let _ = escape_href(&mut self.out, address);
        if self.out[start..].contains(['^', '%']) {
            let escaped = self.out.split_off(start);
            let mut rest = escaped.as_str();
            while let Some(at) = rest.find(['^', '%']) {
                let hex = rest.as_bytes().get(at + 1..at + 3);
                let is_encoded = hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
                self.out.push_str(&rest[..at]);
                self.out.push_str(match &rest[at..at + 1] {
                    "^" => "%5E",
                    _ if is_encoded => "%",
                    _ => "%25",
                });
                rest = &rest[at + 1..];
            }
            self.out.push_str(rest);
        }
    }

    /// Notes text for the slug of the heading, or the label of the table, that it stands in.
    fn note_text(&mut self, text: &str) {
        if let Some(heading) = self.headings.last_mut() {
            heading.text.push_str(text);
        } else if let Some(table) = &mut self.table
            && table.in_head
        {
            table.label.push_str(text);
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.out.push_str("<p>"),
            Tag::Heading { id, classes, .. } => {
                let id = id.and_then(|_| self.explicit_ids.pop_front());
                let classes: Vec<&str> = classes.iter().map(|class| &**class).collect();
                self.headings.push(Heading {
                    start: self.out.len(),
                    text: String::new(),
                    id,
                    classes: classes.join(" "),
                });
            }
            Tag::BlockQuote(None) => self.out.push_str("<blockquote>\n"),
            Tag::BlockQuote(Some(kind)) => {
                let (class, title) = match kind {
                    BlockQuoteKind::Note => ("note", "Note"),
                    BlockQuoteKind::Tip => ("tip", "Tip"),
                    BlockQuoteKind::Important => ("important", "Important"),
                    BlockQuoteKind::Warning => ("warning", "Warning"),
                    BlockQuoteKind::Caution => ("caution", "Caution"),
                };
                self.out.push_str("<div class=\"alert alert-");
                self.out.push_str(class);
                self.out
                    .push_str("\" role=\"note\">\n<p class=\"alert-title\">");
                self.out.push_str(title);
                self.out.push_str("</p>\n");
            }
            Tag::CodeBlock(kind) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => language_of(info),
                    CodeBlockKind::Indented => "",
                };
                self.code = Some(Code {
                    language: language.to_string(),
                    text: String::new(),
                });
            }
            Tag::List(None) => self.out.push_str("<ul>\n"),
            Tag::List(Some(1)) => self.out.push_str("<ol>\n"),
            Tag::List(Some(start)) => {
                self.out.push_str("<ol start=\"");
                self.out.push_str(&start.to_string());
                self.out.push_str("\">\n");
            }
            Tag::Item => {
                self.items.push(self.out.len());
                self.out.push_str("<li>");
            }
            Tag::FootnoteDefinition(label) => {
                let label = self.footnote(&label);
                self.outer.push((label, std::mem::take(&mut self.out)));
            }
            Tag::Table(alignments) => self.start_table(alignments),
            Tag::TableHead => {
                if let Some(table) = &mut self.table {
                    (table.in_head, table.cell) = (true, 0);
                }
                self.out.push_str("<thead>\n<tr>");
            }
            Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.cell = 0;
                }
                self.out.push_str("<tr>");
            }
            Tag::TableCell => self.cell(),
            Tag::Emphasis => self.out.push_str("<em>"),
            Tag::Strong => self.out.push_str("<strong>"),
            Tag::Strikethrough => self.out.push_str("<del>"),
            Tag::Superscript => self.out.push_str("<sup>"),
            Tag::Subscript => self.out.push_str("<sub>"),
            Tag::Link {
                link_type,
                dest_url,
                title,
                ..
            } => self.link(link_type, &dest_url, &title),
            Tag::Image {
                dest_url, title, ..
            } => {
                self.image = Some(Image {
                    address: is_safe_url(&dest_url, Use::Image).then(|| dest_url.to_string()),
                    title: title.to_string(),
                    alt: String::new(),
                    depth: 0,
                });
            }
            Tag::HtmlBlock
            | Tag::MetadataBlock(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.out.push_str("</p>\n"),
            TagEnd::Heading(level) => self.heading(level),
            TagEnd::BlockQuote(None) => self.out.push_str("</blockquote>\n"),
            TagEnd::BlockQuote(Some(_)) => self.out.push_str("</div>\n"),
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::List(true) => self.out.push_str("</ol>\n"),
            TagEnd::List(false) => self.out.push_str("</ul>\n"),
            TagEnd::Item => {
                self.items.pop();
                self.out.push_str("</li>\n");
            }
            TagEnd::FootnoteDefinition => {
                if let Some((label, before)) = self.outer.pop() {
                    let html = std::mem::replace(&mut self.out, before);
                    if let Some(footnote) = self.footnotes.get_mut(&label) {
                        footnote.html.get_or_insert(html);
                    }
                }
            }
            TagEnd::Table => self.end_table(),
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.in_head = false;
                }
                self.out.push_str("</tr>\n</thead>\n<tbody>\n");
            }
            TagEnd::TableRow => self.out.push_str("</tr>\n"),
            TagEnd::TableCell => {
                let in_head = self.table.as_ref().is_some_and(|table| table.in_head);
                self.out.push_str(if in_head { "</th>" } else { "</td>" });
                if let Some(table) = &mut self.table {
                    table.cell += 1;
                    if in_head {
                        table.label.push('\n');
                    }
                }
            }
            TagEnd::Emphasis => self.out.push_str("</em>"),
            TagEnd::Strong => self.out.push_str("</strong>"),
            TagEnd::Strikethrough => self.out.push_str("</del>"),
            TagEnd::Superscript => self.out.push_str("</sup>"),
            TagEnd::Subscript => self.out.push_str("</sub>"),
            TagEnd::Link => {
                if self.links.pop() == Some(true) {
                    self.out.push_str("</a>");
                }
            }
            TagEnd::Image
            | TagEnd::HtmlBlock
            | TagEnd::MetadataBlock(_)
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition => {}
        }
    }

    fn heading(&mut self, level: HeadingLevel) {
        let Some(heading) = self.headings.pop() else {
            return;
        };
        let content = self.out.split_off(heading.start);
        let id = match heading.id {
            Some(id) => id,
            None => self.ids.unique(&slug(&heading.text)),
        };
        let name = level.to_string();
        self.out.push('<');
        self.out.push_str(&name);
        self.attribute("id", &id);
        if !heading.classes.is_empty() {
            self.attribute("class", &heading.classes);
        }
        self.out.push('>');
        self.out.push_str(&content);
        if self.config.heading_anchors {
            self.out.push_str(" <a class=\"anchor\" href=\"#");
            let _ = escape_href(&mut self.out, &id);
            self.out
                .push_str("\" aria-label=\"Link to this section\">#</a>");
        }
        self.out.push_str("</");
        self.out.push_str(&name);
        self.out.push_str(">\n");
    }

    fn code_block(&mut self) {
        let Some(Code { language, text }) = self.code.take() else {
            return;
        };
        self.out
            .push_str("<pre class=\"code\" tabindex=\"0\"><code");
        if !language.is_empty() {
            self.attribute("class", &format!("language-{language}"));
        }
        self.out.push('>');
        // The parser of HTML drops a line end right after `<pre>` only, so `<code>` keeps it.
        if !(self.config.highlight && highlight(&language, &text, &mut self.out)) {
            self.escape(&text);
        }
        self.has_code = true;
        self.out.push_str("</code></pre>\n");
    }

    fn link(&mut self, kind: LinkType, address: &str, title: &str) {
        let scheme = if kind == LinkType::Email {
            "mailto:"
        } else {
            ""
        };
        let is_link = is_safe_url(address, Use::Link);
        self.links.push(is_link);
        if !is_link {
            return;
        }
        self.out.push_str("<a href=\"");
        self.out.push_str(scheme);
        self.address(address);
        self.out.push('"');
        if !title.is_empty() {
            self.attribute("title", title);
        }
        self.out.push('>');
    }

    /// Inside the description of an image, which becomes its alternative text.
    fn describe_image(&mut self, event: Event<'_>) {
        let Some(image) = &mut self.image else {
            return;
        };
        match event {
            Event::Start(_) => image.depth += 1,
            Event::End(_) if image.depth > 0 => image.depth -= 1,
            Event::End(_) => {
                if let Some(image) = self.image.take() {
                    self.write_image(image);
                }
            }
            Event::Text(text) | Event::Code(text) => image.alt.push_str(&text),
            Event::SoftBreak | Event::HardBreak => image.alt.push(' '),
            _ => {}
        }
    }

    fn write_image(&mut self, image: Image) {
        self.note_text(&image.alt);
        let Some(address) = image.address else {
            return self.escape(&image.alt);
        };
        self.out.push_str("<img src=\"");
        self.address(&address);
        self.out.push('"');
        self.attribute("alt", &image.alt);
        if !image.title.is_empty() {
            self.attribute("title", &image.title);
        }
        self.out.push_str(" loading=\"lazy\" decoding=\"async\">");
    }

    fn task(&mut self, done: bool) {
        if let Some(&start) = self.items.last() {
            self.out.insert_str(start + "<li".len(), " class=\"task\"");
        }
        self.out.push_str(if done {
            "<input type=\"checkbox\" disabled checked aria-label=\"Done\"> "
        } else {
            "<input type=\"checkbox\" disabled aria-label=\"To do\"> "
        });
    }
}

/// Whether some heading may have an id of the author's: `{#id}`, within one line. Code has braces as
/// well, and a text is not to be parsed twice for it.
fn may_choose_ids(text: &str) -> bool {
    memchr::memchr_iter(b'{', text.as_bytes()).any(|open| {
        let after = &text[open + 1..];
        let end = after.find(['{', '}', '<', '>', '\\', '\n', '\r']);
        end.is_some_and(|end| after[end..].starts_with('}') && after[..end].contains('#'))
    })
}

/// The language of a fence: `rust,ignore` and `rust {1,3}` are `rust`.
fn language_of(info: &str) -> &str {
    let end = info.find(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | ':'));
    &info[..end.unwrap_or(info.len())]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Where the parser finds an id of the author's, it was looked for.
        #[test]
        fn no_chosen_id_is_missed(text in "(#|# |\\{|\\}|\\{#a\\}|a|\\.b| |\\n|=|---|<|>|\\\\|> |- |\\*|`|\\[\\^a\\]: |\\|){0,16}") {
            let options = Options::ENABLE_HEADING_ATTRIBUTES
                | Options::ENABLE_TABLES
                | Options::ENABLE_FOOTNOTES
                | Options::ENABLE_GFM;
            let chosen = Parser::new_ext(&text, options)
                .any(|event| matches!(event, Event::Start(Tag::Heading { id: Some(_), .. })));
            prop_assert!(!chosen || may_choose_ids(&text), "{}", text);
        }
    }

    #[test]
    fn braces_of_code_choose_no_id() {
        assert!(may_choose_ids("# A {.b #c}"));
        assert!(!may_choose_ids("# A\n\n```\nfn a() {\n    # b\n}\n```"));
    }
}
