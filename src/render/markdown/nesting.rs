//! How deep the elements of a text of HTML may be nested: parsing as browsers do takes time by the
//! square of the depth.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

/// Browsers themselves stop at 512.
const MAX_DEPTH: usize = 256;

/// Elements without content, and those that end where the next of their kind begins, or the one
/// around them ends: none of them is ever open twice without another element between.
const NOT_COUNTED: &[&[u8]] = &[
    b"area",
    b"base",
    b"br",
    b"col",
    b"embed",
    b"hr",
    b"img",
    b"input",
    b"link",
    b"meta",
    b"param",
    b"source",
    b"track",
    b"wbr",
    b"p",
    b"li",
    b"dd",
    b"dt",
    b"tr",
    b"td",
    b"th",
    b"thead",
    b"tbody",
    b"tfoot",
    b"option",
    b"optgroup",
    b"colgroup",
];

/// Whether the elements may be nested deeper than is allowed, however a browser reads the text. Where
/// that is in doubt (comments, text that looks like markup, end tags that fit no start tag) elements
/// count as open, so the answer errs towards yes. Takes linear time.
pub(super) fn is_too_deep(html: &str) -> bool {
    // Every element needs a tag, and most texts have few.
    if tags_in(html.as_bytes()) <= MAX_DEPTH {
        return false;
    }
    let mut open: Vec<Vec<u8>> = Vec::new();
    // What may be tags, if some browser reads the text around it in another way.
    let mut hidden = 0;
    for Ok(token) in Tokenizer::new_with_emitter(html, DefaultEmitter::default()) {
        match token {
            Token::StartTag(tag) => {
                hidden += tag
                    .attributes
                    .values()
                    .map(|v| tags_in(&v.value))
                    .sum::<usize>();
                let name: &[u8] = &tag.name;
                // Explanations in ruby end each other there only.
                let in_ruby = open.last().is_some_and(|last| last == b"ruby");
                let ends_itself = in_ruby && (name == b"rt" || name == b"rp");
                if !ends_itself && !NOT_COUNTED.contains(&name) {
                    open.push(name.to_vec());
                }
            }
            Token::EndTag(tag) => {
                if open.last().is_some_and(|last| *last == *tag.name) {
                    open.pop();
                }
            }
            Token::Comment(text) => hidden += tags_in(&text),
            Token::String(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
        if open.len() + hidden > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// How many start tags the text may have.
fn tags_in(text: &[u8]) -> usize {
    memchr::memchr_iter(b'<', text)
        .filter(|at| text.get(at + 1).is_some_and(u8::is_ascii_alphabetic))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_not_deep() {
        for unit in [
            "<div><p>a <b>b</b><br><img src=x></div>",
            "<ul><li>a<li>b</ul>",
            "<table><tr><td>a<td><table><tr><td>b</table></table>",
            "<ruby>a<rt>b</ruby>",
            "<p>a<p>b",
            "<textarea><div></div></textarea>",
            "<!-- more --><details><summary>x</summary></details>",
        ] {
            assert!(!is_too_deep(&unit.repeat(2000)), "{unit}");
        }
    }

    #[test]
    fn depth_cannot_hide() {
        for unit in [
            "<div>",
            "<b class=x>",
            "<div><!--</div>-->",
            "<div><textarea></div></textarea>",
            "<div><table><tr><td></div>",
            "<b><div></b>",
            "<div a=\"</div>\">",
            "<div><?</div>",
            "<textarea><!--</textarea><div>-->",
            "<textarea a=\"</textarea><div>\">",
            "<rt>",
        ] {
            assert!(is_too_deep(&unit.repeat(600)), "{unit}");
        }
    }
}
