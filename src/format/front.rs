//! Front matter: splits a Markdown page into its TOML and its text.

use std::ops::Range;

/// Where the two parts of a Markdown page are, in bytes of its whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FrontMatter {
    /// The TOML between the two lines `+++`, both excluded.
    pub toml: Range<usize>,
    /// Every byte behind the line break of the closing `+++`: a blank line there, and a line break
    /// at the end of the file, belong to the text.
    pub body: Range<usize>,
}

/// Why a text has no front matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoFrontMatter {
    /// The text does not begin with a line `+++`.
    Missing,
    /// There is no second line `+++`.
    Open,
}

const FENCE: &str = "+++";
const BOM: char = '\u{feff}';

/// Whether a text begins with a line `+++`, so that it is a page. A byte order mark before it and
/// spaces or tabs behind it are allowed. A `.md` file that does not is a data file.
pub(super) fn has_front_matter(text: &str) -> bool {
    let text = text.strip_prefix(BOM).unwrap_or(text);
    is_fence(text.split('\n').next().unwrap_or_default())
}

/// Splits a text at its lines `+++`: the first line of the file, and the next one like it. Lines
/// end in `\n` or `\r\n`.
pub(super) fn split(text: &str) -> Result<FrontMatter, NoFrontMatter> {
    let mut start = text.len() - text.strip_prefix(BOM).unwrap_or(text).len();
    let mut toml_start = None;
    for line in text[start..].split_inclusive('\n') {
        let end = start + line.len();
        let fence = is_fence(line.strip_suffix('\n').unwrap_or(line));
        match toml_start {
            None if fence => toml_start = Some(end),
            None => return Err(NoFrontMatter::Missing),
            Some(toml_start) if fence => {
                return Ok(FrontMatter {
                    toml: toml_start..start,
                    body: end..text.len(),
                });
            }
            Some(_) => {}
        }
        start = end;
    }
    match toml_start {
        None => Err(NoFrontMatter::Missing),
        Some(_) => Err(NoFrontMatter::Open),
    }
}

fn is_fence(line: &str) -> bool {
    line.strip_prefix(FENCE)
        .is_some_and(|rest| rest.trim_end_matches([' ', '\t', '\r']).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Result<(&str, &str), NoFrontMatter> {
        split(text).map(|front| (&text[front.toml], &text[front.body]))
    }

    #[test]
    fn the_body_is_kept_byte_for_byte() {
        assert_eq!(parts("+++\na=1\n+++\n\nx \n"), Ok(("a=1\n", "\nx \n")));
        assert_eq!(
            parts("\u{feff}+++\r\na=1\r\n+++\r\nx\r\n"),
            Ok(("a=1\r\n", "x\r\n"))
        );
        assert_eq!(parts("+++\n+++"), Ok(("", "")));
        assert_eq!(parts("+++ \n+++\t\n+++\n"), Ok(("", "+++\n")));
    }

    #[test]
    fn missing_and_open() {
        assert_eq!(parts(""), Err(NoFrontMatter::Missing));
        assert_eq!(parts("\n+++\n+++\n"), Err(NoFrontMatter::Missing));
        assert_eq!(parts("++++\n+++\n"), Err(NoFrontMatter::Missing));
        assert_eq!(parts("+++\na=1\n"), Err(NoFrontMatter::Open));
        assert!(has_front_matter("\u{feff}+++"));
        assert!(has_front_matter("+++\r\n"));
        assert!(!has_front_matter("# Hello\n+++\n"));
    }
}
