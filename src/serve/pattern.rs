//! Patterns of paths, as `_headers` and `_redirects` have them: `/blog/*`, `/users/:name/edit`.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::render::encode_path;

/// A pattern of a whole path. A `*` stands for any text, also none; a `:name` for one part of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    before: Vec<Piece>,
    /// What follows the `*`, where there is one.
    after: Option<Vec<Piece>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Placeholder(String),
}

/// What the parts of a pattern stood for, by name; `splat` is that of the `*`. Decoded.
pub type Captures = Vec<(String, String)>;

impl Pattern {
    /// Reads a pattern; what is wrong with it is one sentence without a full stop.
    pub fn read(text: &str) -> Result<Pattern, String> {
        if text.contains("://") {
            return Err(format!(
                "`{text}` names a host, and here every host is the same"
            ));
        }
        if !text.starts_with('/') {
            return Err(format!("the path `{text}` does not begin with `/`"));
        }
        let (before, after) = match text.split_once('*') {
            Some((_, after)) if after.contains('*') => {
                return Err(format!("`{text}` has more than one `*`"));
            }
            Some((before, after)) => (before, Some(after)),
            None => (text, None),
        };
        Ok(Pattern {
            before: pieces(before)?,
            after: after.map(pieces).transpose()?,
        })
    }

    /// What its parts stand for in a decoded path; `None` where it does not match the whole of it.
    pub fn matches(&self, path: &str) -> Option<Captures> {
        let mut captures = Captures::new();
        let mut rest = path;
        for piece in &self.before {
            rest = match piece {
                Piece::Literal(text) => rest.strip_prefix(text.as_str())?,
                Piece::Placeholder(name) => {
                    let end = rest.find('/').unwrap_or(rest.len());
                    let (part, rest) = rest.split_at(end);
                    capture(&mut captures, name, part)?;
                    rest
                }
            };
        }
        let Some(after) = &self.after else {
            return rest.is_empty().then_some(captures);
        };
        for piece in after.iter().rev() {
            rest = match piece {
                Piece::Literal(text) => rest.strip_suffix(text.as_str())?,
                Piece::Placeholder(name) => {
                    let start = rest.rfind('/').map_or(0, |slash| slash + 1);
                    let (rest, part) = rest.split_at(start);
                    capture(&mut captures, name, part)?;
                    rest
                }
            };
        }
        captures.push(("splat".to_string(), rest.to_string()));
        Some(captures)
    }
}

fn capture(captures: &mut Captures, name: &str, part: &str) -> Option<()> {
    if part.is_empty() {
        return None;
    }
    captures.push((name.to_string(), part.to_string()));
    Some(())
}

/// The pieces of one side of a pattern. Only a whole part of a path can be a placeholder, so that there
/// is one way to match, and no pattern takes long.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    for (number, part) in text.split('/').enumerate() {
        if number > 0 {
            literal.push('/');
        }
        match part.strip_prefix(':').filter(|_| number > 0) {
            Some(name) if !name.is_empty() && name_length(name) == name.len() => {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                pieces.push(Piece::Placeholder(name.to_string()));
            }
            _ => {
                let decoded = percent_decode_str(part).decode_utf8();
                literal.push_str(&decoded.map_err(|_| format!("`{part}` is no UTF-8"))?);
            }
        }
    }
    pieces.push(Piece::Literal(literal));
    Ok(pieces)
}

/// The length of the name that a text begins with: a letter, then letters, digits and `_`.
fn name_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len())
}

/// An address with what was captured in the place of each `:name` that there is; encoded.
pub fn fill(address: &str, captures: &Captures) -> String {
    const NOT_IN_HEADERS: &AsciiSet = &CONTROLS.add(b' ');
    let mut filled = String::with_capacity(address.len());
    let mut rest = address;
    while let Some(colon) = rest.find(':') {
        let (before, after) = rest.split_at(colon);
        filled.push_str(before);
        let name = &after[1..1 + name_length(&after[1..])];
        match captures.iter().find(|(known, _)| known == name) {
            Some((_, part)) => filled.push_str(&encode_path(part)),
            None => filled.push_str(&after[..1 + name.len()]),
        }
        rest = &after[1 + name.len()..];
    }
    filled.push_str(rest);
    let filled = utf8_percent_encode(&filled, NOT_IN_HEADERS).to_string();
    // A captured `/x` must not make the address one of another host.
    match filled.strip_prefix('/') {
        Some(rest) if !address.starts_with("//") => format!("/{}", rest.trim_start_matches('/')),
        _ => filled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn captured(pattern: &str, path: &str) -> Option<String> {
        let captures = Pattern::read(pattern).unwrap().matches(path)?;
        let shown = captures.iter().map(|(name, part)| format!("{name}={part}"));
        Some(shown.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_pattern_matches_a_whole_path() {
        assert_eq!(captured("/a", "/a"), Some(String::new()));
        assert_eq!(captured("/a", "/a/"), None);
        assert_eq!(captured("/a", "/ab"), None);
        assert_eq!(captured("/gr%C3%BCn", "/grün"), Some(String::new()));
        assert_eq!(captured("/a.b", "/axb"), None);
    }

    #[test]
    fn a_splat_is_any_text_and_a_placeholder_one_part() {
        assert_eq!(captured("/*", "/"), Some("splat=".into()));
        assert_eq!(captured("/*", "/a/b"), Some("splat=a/b".into()));
        assert_eq!(captured("/a/*.png", "/a/b/c.png"), Some("splat=b/c".into()));
        assert_eq!(captured("/a/*.png", "/a/b.jpg"), None);
        assert_eq!(captured("/:a/x/:b", "/1/x/2"), Some("a=1 b=2".into()));
        assert_eq!(captured("/:a/x", "/1/2/x"), None);
        assert_eq!(captured("/:a/x", "//x"), None);
        assert_eq!(
            captured("/*/:id/edit", "/p/q/7/edit"),
            Some("id=7 splat=p/q".into())
        );
        assert_eq!(captured("/a:b", "/a:b"), Some(String::new()));
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        for text in ["a", "/*/*", "https://x.org/a", "/%FF"] {
            assert!(Pattern::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn captures_are_filled_in_encoded_and_never_name_a_host() {
        let captures = vec![
            ("splat".to_string(), "a b/ü\r\n".to_string()),
            ("id".to_string(), "7".to_string()),
        ];
        assert_eq!(
            fill("/n/:id/:splat?x=:id#:other", &captures),
            "/n/7/a%20b/%C3%BC%0D%0A?x=7#:other"
        );
        assert_eq!(
            fill("https://x.org:80/:id", &captures),
            "https://x.org:80/7"
        );
        let captures = vec![("splat".to_string(), "/evil.example/".to_string())];
        assert_eq!(fill("/:splat", &captures), "/evil.example/");
    }
}
