//! What this server adds to a page, and what it tells of one: its digest, its shape, its style sheets. Pure.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};

use crate::digest::{Digest, Hasher};
use crate::render::escape;

/// What a browser compares of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looks {
    /// Of its bytes.
    pub digest: Digest,
    /// Of all but the addresses of its style sheets: where only these differ, it need not be loaded again.
    pub shape: Digest,
    /// The addresses of its style sheets as it has them, each once, in order.
    pub styles: Vec<String>,
}

/// The looks of an HTML page.
pub fn looks(bytes: &[u8]) -> Looks {
    let mut hasher = Hasher::new("rbgen shape");
    let mut styles: Vec<String> = Vec::new();
    // Text may come in any pieces.
    let mut text = Vec::new();
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(bytes, emitter) {
        if let Token::String(more) = &token {
            text.extend_from_slice(more);
            continue;
        }
        if matches!(token, Token::Error(_)) {
            continue;
        }
        hasher.text("text").bytes(&text);
        text.clear();
        match token {
            Token::StartTag(tag) => {
                let is_style = is_style_sheet(&tag);
                hasher.text("start").bytes(&tag.name);
                hasher.number(tag.attributes.len() as u64);
                for (name, value) in &tag.attributes {
                    hasher.bytes(name);
                    if !(is_style && name.as_slice() == b"href") {
                        hasher.bytes(&value.value);
                        continue;
                    }
                    let address = String::from_utf8_lossy(&value.value).into_owned();
                    if !styles.contains(&address) {
                        styles.push(address);
                    }
                }
            }
            Token::EndTag(tag) => {
                hasher.text("end").bytes(&tag.name);
            }
            Token::Comment(comment) => {
                hasher.text("comment").bytes(&comment);
            }
            Token::Doctype(doctype) => {
                hasher.text("doctype").bytes(&doctype.name);
            }
            Token::String(_) | Token::Error(_) => {}
        }
    }
    hasher.text("text").bytes(&text);
    Looks {
        digest: Digest::of_bytes(bytes),
        shape: hasher.finish(),
        styles,
    }
}

fn is_style_sheet(tag: &StartTag<()>) -> bool {
    let rel = tag.attributes.get(b"rel".as_slice());
    tag.name.eq_ignore_ascii_case(b"link")
        && rel.is_some_and(|rel| {
            rel.value
                .split(u8::is_ascii_whitespace)
                .any(|kind| kind.eq_ignore_ascii_case(b"stylesheet"))
        })
}

/// The element at the end of a page that loads the script of this server; `page` is the path of its
/// address, as the browser asked for it.
pub fn script_element(page: &str, looks: Option<&Looks>) -> String {
    let hex = |digest: fn(&Looks) -> &Digest| looks.map_or(String::new(), |l| digest(l).hex());
    format!(
        "<script src=\"/_rb/watch.js\" data-page=\"{}\" data-digest=\"{}\" data-shape=\"{}\"></script>",
        escape(page),
        hex(|looks| &looks.digest),
        hex(|looks| &looks.shape),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<!doctype html><link rel=stylesheet href=\"/a.1.css\"><link rel=icon href=\"/i\">\
                        <p class=x>text &amp; more</p><script>\"<link rel=stylesheet href=/no>\"</script>";

    #[test]
    fn a_page_with_other_style_sheets_has_the_same_shape() {
        let page = looks(PAGE.as_bytes());
        assert_eq!(page.styles, ["/a.1.css"]);
        let other = looks(PAGE.replace("/a.1.css", "/b.22.css?x").as_bytes());
        assert_eq!(other.styles, ["/b.22.css?x"]);
        assert_eq!(other.shape, page.shape);
        assert_ne!(other.digest, page.digest);
        assert_eq!(page.digest, Digest::of_bytes(PAGE.as_bytes()));
    }

    #[test]
    fn every_other_difference_is_one_of_the_shape() {
        let page = looks(PAGE.as_bytes());
        for (from, to) in [
            ("text", "test"),
            ("class=x", "class=y"),
            ("class=x", "class=x id=y"),
            ("href=\"/i\"", "href=\"/j\""),
            ("rel=stylesheet", "rel=\"alternate stylesheet\""),
            ("</p>", "</p><!-- a -->"),
            ("<p class=x>", "<div class=x>"),
            ("href=/no", "href=/on"),
            ("</script>", "</script><link rel=stylesheet href=/c.css>"),
        ] {
            let other = PAGE.replace(from, to);
            assert_ne!(other, PAGE, "{from}");
            assert_ne!(looks(other.as_bytes()).shape, page.shape, "{from} -> {to}");
        }
    }

    #[test]
    fn the_script_element_cannot_be_broken_out_of() {
        let element = script_element("/n/\"><b>", None);
        assert_eq!(
            element,
            "<script src=\"/_rb/watch.js\" data-page=\"/n/&quot;&gt;&lt;b&gt;\" data-digest=\"\" data-shape=\"\"></script>"
        );
    }
}
