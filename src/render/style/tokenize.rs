//! CSS text as a flat list of tokens with their ranges: what finds unclosed brackets, strings and
//! comments, which a CSS parser would forgive at the end of the text.

use std::ops::Range;

use cssparser::{ParseError, Parser, ParserInput, Token};

/// A token and where it is.
#[derive(Clone, Debug)]
pub(super) struct Spanned<'i> {
    pub token: Token<'i>,
    /// The bytes of the token; for one that opens a block, up to and with what closes it.
    pub range: Range<usize>,
    /// How many blocks are open around it.
    pub depth: usize,
    /// The innermost function that it stands in, in lower case; empty outside of functions.
    pub function: String,
}

/// Why a text is not well-formed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Malformed {
    pub range: Range<usize>,
    pub message: String,
}

/// How deep brackets may be nested. Parsers recurse, and the text may come from a row of a database.
const MAX_DEPTH: usize = 64;

/// The tokens of a text in order, without white space and comments. Fails where something is not
/// closed, closes nothing, or is nested too deep.
pub(super) fn tokenize(text: &str) -> Result<Vec<Spanned<'_>>, Malformed> {
    let mut input = ParserInput::new(text);
    let mut parser = Parser::new(&mut input);
    let mut tokens = Vec::new();
    let result = walk(&mut parser, text, 0, "", &mut tokens);
    result.map(|()| tokens)
}

fn malformed(range: Range<usize>, message: impl Into<String>) -> Malformed {
    Malformed {
        range,
        message: message.into(),
    }
}

fn walk<'i>(
    parser: &mut Parser<'i, '_>,
    text: &'i str,
    depth: usize,
    function: &str,
    tokens: &mut Vec<Spanned<'i>>,
) -> Result<(), Malformed> {
    loop {
        let start = parser.position().byte_index();
        let Ok(token) = parser.next_including_whitespace_and_comments() else {
            return Ok(());
        };
        let token = token.clone();
        let end = parser.position().byte_index();
        let slice = &text[start..end];
        let opens = match &token {
            Token::WhiteSpace(_) => continue,
            Token::Comment(_) if slice.len() >= 4 && slice.ends_with("*/") => continue,
            Token::Comment(_) => return Err(malformed(start..end, "a comment is not closed")),
            Token::QuotedString(_) if !string_is_closed(slice) => {
                return Err(malformed(start..end, "a string is not closed"));
            }
            Token::BadString(_) => return Err(malformed(start..end, "a string is not closed")),
            Token::UnquotedUrl(_) if !slice.ends_with(')') => {
                return Err(malformed(start..end, "a `url(` is not closed"));
            }
            Token::BadUrl(_) => return Err(malformed(start..end, "a `url(…)` that is not valid")),
            Token::CloseParenthesis | Token::CloseSquareBracket | Token::CloseCurlyBracket => {
                return Err(malformed(start..end, format!("`{slice}` closes nothing")));
            }
            Token::Function(name) => Some(name.to_ascii_lowercase()),
            Token::ParenthesisBlock | Token::SquareBracketBlock | Token::CurlyBracketBlock => {
                Some(String::new())
            }
            // An escape at the end of the text would swallow whatever comes after it.
            _ if end == text.len() && ends_in_escape(slice) => {
                return Err(malformed(start..end, "a `\\` at the end escapes nothing"));
            }
            _ => None,
        };
        let index = tokens.len();
        tokens.push(Spanned {
            token,
            range: start..end,
            depth,
            function: function.to_string(),
        });
        let Some(inner_function) = opens else {
            continue;
        };
        if depth == MAX_DEPTH {
            return Err(malformed(
                start..end,
                format!("brackets are nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        let inner_function = if inner_function.is_empty() {
            function
        } else {
            inner_function.as_str()
        };
        let inner: Result<(usize, Result<(), Malformed>), ParseError<'_, ()>> = parser
            .parse_nested_block(|inner| {
                let result = walk(inner, text, depth + 1, inner_function, tokens);
                Ok((inner.position().byte_index(), result))
            });
        let Ok((inner_end, result)) = inner else {
            return Err(malformed(start..end, "a block that cannot be read"));
        };
        result?;
        let close = parser.position().byte_index();
        if close == inner_end {
            return Err(malformed(start..end, format!("`{slice}` is not closed")));
        }
        tokens[index].range.end = close;
    }
}

fn string_is_closed(slice: &str) -> bool {
    let bytes = slice.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == bytes[0] => return at + 1 == bytes.len(),
            _ => at += 1,
        }
    }
    false
}

fn ends_in_escape(slice: &str) -> bool {
    slice
        .bytes()
        .rev()
        .take_while(|&byte| byte == b'\\')
        .count()
        % 2
        == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_closed_is_found() {
        for good in [
            "a{b:c}",
            "calc(1px + (2px * 3))",
            "\"a\\\"b\" 'c'",
            "/* x */ url(a.png) url( 'b' )",
            "\\66oo",
        ] {
            assert!(tokenize(good).is_ok(), "{good}");
        }
        for bad in [
            "a{b:c", "}", ")", "(]", "\"a", "\"a\\\"", "'a\nb'", "/* x", "/*/", "url(a",
            "url(a b)", "foo\\",
        ] {
            assert!(tokenize(bad).is_err(), "{bad}");
        }
        assert!(tokenize(&"(".repeat(100_000)).is_err());
    }

    #[test]
    fn blocks_span_to_their_end() {
        let tokens = tokenize("x f(a, (b)) y").unwrap();
        assert_eq!(tokens[1].range, 2..11);
        assert_eq!(tokens[1].depth, 0);
        assert_eq!(tokens[2].function, "f");
        assert_eq!(tokens[5].function, "f");
        assert_eq!(tokens[5].depth, 2);
    }

    proptest! {
        /// What is well-formed swallows nothing that comes after it.
        #[test]
        fn well_formed_text_ends(text in "[a-c(){}\\[\\]\"'/*\\\\ ;:!u]{0,24}") {
            if tokenize(&text).is_ok() {
                let longer = format!("{text};zz");
                let tokens = tokenize(&longer).expect("still well-formed");
                let last = tokens.last().expect("at least the last");
                prop_assert_eq!(last.depth, 0);
                prop_assert_eq!(&last.token, &Token::Ident("zz".into()));
            }
        }
    }
}
