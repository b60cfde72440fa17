//! Bounds of a template's source: the engine's parser and compiler recurse along an expression and
//! along a row of `elif`, so those may not be as long as a template.

use std::ops::Range;

/// The longest tag, `{{ … }}` or `{% … %}`, in bytes.
const MAX_TAG_BYTES: usize = 16 * 1024;
/// How many `elif` one template may have.
const MAX_ELIFS: usize = 1000;

/// What of a template is too much: its bytes, a message, and a hint.
#[derive(Debug, PartialEq)]
pub(super) struct Excess {
    pub range: Range<usize>,
    pub message: String,
    pub hint: &'static str,
}

/// The first place of a template that the engine should not be given. Reads tags as the engine does
/// (brackets are counted, strings and comments skipped), so that a tag is never taken for shorter.
pub(super) fn excess(text: &str) -> Option<Excess> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut elifs = 0;
    while let Some(found) = memchr::memchr(b'{', &bytes[at..]) {
        let start = at + found;
        let rest = &text[start..];
        let close = match bytes.get(start + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => {
                at = start + rest.find("#}").map_or(rest.len(), |end| end + 2);
                continue;
            }
            _ => {
                at = start + 1;
                continue;
            }
        };
        let length = tag_length(rest, close);
        if length > MAX_TAG_BYTES {
            let end = rest.find('\n').unwrap_or(rest.len()).min(length);
            return Some(Excess {
                range: start..start + end,
                message: format!(
                    "this tag is longer than {} KiB, or it is not closed",
                    MAX_TAG_BYTES / 1024
                ),
                hint: "take parts of it into `{% set … %}`, and long lists into the page's metadata or props",
            });
        }
        at = start + length;
        let word = rest[2..length].trim_start_matches(['-', '+']).trim_start();
        if close == "%}" && is_word(word, "elif") {
            elifs += 1;
            if elifs > MAX_ELIFS {
                return Some(Excess {
                    range: start..at,
                    message: format!("the template has more than {MAX_ELIFS} `elif`"),
                    hint: "look the value up in a map: `{{ {\"a\": 1}[key] }}`",
                });
            }
        } else if close == "%}" && is_word(word, "raw") {
            at += raw_length(&text[at..]);
        }
    }
    None
}

fn is_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// The length of the tag that the text begins with; all of the text where it is not closed.
fn tag_length(text: &str, close: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut open) = (2, 0_usize);
    while at < bytes.len() {
        if open == 0 && text.as_bytes()[at..].starts_with(close.as_bytes()) {
            return at + close.len();
        }
        match bytes[at] {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            quote @ (b'"' | b'\'') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The length of the text up to its `{% endraw %}`.
fn raw_length(text: &str) -> usize {
    let mut at = 0;
    while let Some(found) = text[at..].find("{%") {
        at += found + 2;
        let word = text[at..].trim_start_matches(['-', '+']).trim_start();
        if is_word(word, "endraw") {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_templates_are_within_bounds() {
        let long = "x ".repeat(20_000);
        for good in [
            "{{ a }}{% if b %}{# c #}{% endif %}".to_string(),
            format!("{{{{ a }}}}{long}{{{{ b }}}}"),
            format!("{{# {long} #}}"),
            format!("{{% raw %}}{{{{ {long} {{% endraw %}}"),
            format!("{{%- raw -%}}{{{{ {long} {{%- endraw -%}}"),
            format!("{{{{ \"}}}}\" }}}}{long}"),
            format!("{{{{ {{\"a\": {{}}}} }}}}{long}"),
            "{% if a %}".to_string() + &"{% elif b %}".repeat(1000) + "{% endif %}",
            "{".repeat(9),
            "é{{ 'é\\'é' }}é".to_string(),
        ] {
            assert_eq!(excess(&good), None, "{}", &good[..good.len().min(60)]);
        }
    }

    #[test]
    fn what_would_exhaust_the_stack_is_found() {
        for bad in [
            format!("x{{{{ 1{} }}}}", "+1".repeat(50_000)),
            format!("{{{{ a{} }}}}", ".a".repeat(50_000)),
            format!("{{{{ {{\"a\":{{}}}}{} }}}}", "|upper".repeat(50_000)),
            format!("{{{{ \"}}}}\"{} }}}}", "|upper".repeat(50_000)),
            format!("{{% if {} a %}}", "not ".repeat(50_000)),
            format!("{{% if a %}}{}", "{%- elif b %}".repeat(1001)),
            format!(
                "{{% raw %}}{{{{ {{% endraw %}}{{{{ 1{} }}}}",
                "+1".repeat(50_000)
            ),
        ] {
            assert!(excess(&bad).is_some(), "{}", &bad[..60]);
        }
    }
}
