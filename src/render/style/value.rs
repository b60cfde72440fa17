//! The value of a token: its aliases, and whether it is one CSS value that can do no harm.

use std::ops::Range;

use cssparser::Token;

use super::sheet::parse_own;
use super::tokenize::{Malformed, Spanned, tokenize};
use super::urls::{Target, target_of};

/// The longest value, aliases resolved, in bytes.
pub(super) const MAX_VALUE_BYTES: usize = 64 * 1024;

/// A piece of a value: text as it stands, or an alias of another token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Alias(&'a str),
}

/// Splits a value at its aliases `{a.b}`. What stands in quotes is text.
pub(super) fn pieces(value: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    let bytes = value.as_bytes();
    let mut quote = None;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte @ (b'"' | b'\'') => match quote {
                None => quote = Some(byte),
                Some(open) if open == byte => quote = None,
                Some(_) => {}
            },
            b'{' if quote.is_none() => {
                let rest = &value[at + 1..];
                if let Some(length) = rest.find('}') {
                    let key = rest[..length].trim();
                    if is_key(key) {
                        if from < at {
                            pieces.push(Piece::Text(&value[from..at]));
                        }
                        pieces.push(Piece::Alias(key));
                        at += length + 1;
                        from = at + 1;
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    if from < value.len() {
        pieces.push(Piece::Text(&value[from..]));
    }
    pieces
}

/// Where the aliases of a token value name their tokens, in bytes.
pub fn aliases(value: &str) -> Vec<Range<usize>> {
    let start = value.as_ptr() as usize;
    let range = |piece: Piece<'_>| match piece {
        Piece::Alias(key) => {
            let at = key.as_ptr() as usize - start;
            Some(at..at + key.len())
        }
        Piece::Text(_) => None,
    };
    pieces(value).into_iter().filter_map(range).collect()
}

fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

/// Why a value cannot be the value of a token, before its aliases are resolved.
pub(super) fn raw_problem(value: &str) -> Option<String> {
    let mut stand_in = String::with_capacity(value.len());
    let mut has_aliases = false;
    for piece in pieces(value) {
        match piece {
            Piece::Text(text) => stand_in.push_str(text),
            Piece::Alias(_) => {
                stand_in.push('0');
                has_aliases = true;
            }
        }
    }
    if has_aliases {
        // What its functions are given is known only with the values of the aliases.
        token_problem(&stand_in)
    } else {
        value_problem(&stand_in)
    }
}

/// Why a text is not one CSS value that is safe in a declaration, or `None` where it is: the
/// `<declaration-value>` of CSS Syntax 3, without `{}` blocks and without requests to other hosts.
pub(super) fn value_problem(value: &str) -> Option<String> {
    token_problem(value).or_else(|| function_problem(value))
}

/// What is wrong with the arguments of a function such as `var(…)` or `env(…)`, which have a grammar
/// of their own wherever they stand.
fn function_problem(value: &str) -> Option<String> {
    if !value.contains('(') {
        return None;
    }
    let sheet = format!(":root{{--x:{value}}}");
    let problem = match parse_own(&sheet).err()?.as_str() {
        "the style sheet ends too early" => "an argument is missing".to_string(),
        problem => problem.to_string(),
    };
    Some(format!("a function in it cannot be read: {problem}"))
}

/// What is wrong with the tokens of a value.
fn token_problem(value: &str) -> Option<String> {
    if value.len() > MAX_VALUE_BYTES {
        return Some(format!("it has more than {MAX_VALUE_BYTES} bytes"));
    }
    if let Some(bad) = value
        .chars()
        .find(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
    {
        return Some(format!(
            "it has the control character `{}`",
            bad.escape_debug()
        ));
    }
    let tokens = match tokenize(value) {
        Ok(tokens) => tokens,
        Err(Malformed { message, .. }) => return Some(message),
    };
    if tokens.is_empty() {
        return Some("it is empty".into());
    }
    tokens.iter().find_map(|spanned| match &spanned.token {
        Token::Semicolon => Some("`;` ends a declaration and cannot stand in it".into()),
        Token::CurlyBracketBlock => {
            Some("`{` and `}` are for aliases such as `{color.primary}`".into())
        }
        Token::Delim('!') => Some("`!` cannot stand in it".into()),
        Token::CDO | Token::CDC => Some("`<!--` and `-->` cannot stand in it".into()),
        Token::UnquotedUrl(url) => url_problem(url),
        Token::QuotedString(text) if takes_urls(&spanned.function) => url_problem(text),
        _ => None,
    })
}

/// Whether a string in this CSS function is a URL.
pub(super) fn takes_urls(function: &str) -> bool {
    matches!(
        function,
        "url"
            | "src"
            | "image"
            | "image-set"
            | "-webkit-image-set"
            | "cross-fade"
            | "-webkit-cross-fade"
            | "url-prefix"
    )
}

fn url_problem(url: &str) -> Option<String> {
    match target_of(url) {
        Target::Data | Target::Fragment | Target::Rooted => None,
        Target::Relative => Some(format!(
            "`{url}` is relative, and would mean another file wherever the token is used"
        )),
        Target::Foreign => Some(format!("`{url}` would be a request to another host")),
        Target::Unsafe => Some(format!("`{url}` is not an address of an image or font")),
    }
}

/// The value with every `light-dark(a, b)` replaced by one of its sides.
pub(super) fn one_side(value: &str, dark: bool) -> String {
    if !value.to_ascii_lowercase().contains("light-dark(") {
        return value.to_string();
    }
    let Ok(tokens) = tokenize(value) else {
        return value.to_string();
    };
    let mut result = String::with_capacity(value.len());
    let mut copied = 0;
    for (index, spanned) in tokens.iter().enumerate() {
        if spanned.range.start < copied {
            continue;
        }
        if let Some((whole, side)) = side_of(value, &tokens[index..], dark) {
            result.push_str(&value[copied..whole.start]);
            // A side is inside of brackets, so it ends after as many rounds as brackets may nest.
            result.push_str(&one_side(value[side].trim(), dark));
            copied = whole.end;
        }
    }
    result.push_str(&value[copied..]);
    result
}

/// Where the `light-dark(…)` that the tokens begin with is, and where one of its sides.
fn side_of(
    value: &str,
    tokens: &[Spanned<'_>],
    dark: bool,
) -> Option<(Range<usize>, Range<usize>)> {
    let (first, inner) = tokens.split_first()?;
    match &first.token {
        Token::Function(name) if name.eq_ignore_ascii_case("light-dark") => {}
        _ => return None,
    }
    let mut commas = inner
        .iter()
        .take_while(|token| token.range.start < first.range.end)
        .filter(|token| token.depth == first.depth + 1 && token.token == Token::Comma)
        .map(|token| token.range.start);
    let (Some(comma), None) = (commas.next(), commas.next()) else {
        return None;
    };
    let open = first.range.start + value[first.range.clone()].find('(')? + 1;
    let side = if dark {
        comma + 1..first.range.end - 1
    } else {
        open..comma
    };
    Some((first.range.clone(), side))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn aliases_are_found_anywhere_but_in_strings() {
        assert_eq!(pieces("{a.b}"), [Piece::Alias("a.b")]);
        assert_eq!(
            pieces("calc({a} * 2)"),
            [
                Piece::Text("calc("),
                Piece::Alias("a"),
                Piece::Text(" * 2)")
            ]
        );
        assert_eq!(pieces("\"{a}\""), [Piece::Text("\"{a}\"")]);
        assert_eq!(pieces("{a}{b}").len(), 2);
    }

    #[test]
    fn values() {
        for good in [
            "#8B5CF6",
            "0 1px 2px rgb(0 0 0 / 20%), 0 0 1px #000",
            "\"Inter\", system-ui, sans-serif",
            "light-dark(#fff, #000)",
            "url(data:image/svg+xml,%3Csvg%3E)",
            "url(/img/a.png)",
            "{color.a}",
            "calc({space.m} * 2)",
            "color-mix(in oklab, {color.a} 20%, transparent)",
            "1.5",
            "var({name})",
            "var(--x, 1px)",
            "env(safe-area-inset-top)",
            "no-such-function(1 2 3)",
        ] {
            assert_eq!(raw_problem(good), None, "{good}");
        }
        for bad in [
            "",
            "  ",
            "/* */",
            "red; } body { display: none",
            "red;",
            "red}",
            "red !important",
            "(1px",
            "\"abc",
            "url(https://evil.example/x.png)",
            "url('//evil.example/x.png')",
            "image-set(\"https://evil.example/x.png\" 1x)",
            "cross-fade(\"//evil.example/x.png\", red)",
            "url(javascript:alert)",
            "url(x.png)",
            "{ a b }",
            "{}",
            "{a",
            "red /* ",
            "a\\",
            "--> x",
            "a\u{0}b",
            "var()",
            "var(foo)",
            "env()",
            "env(1)",
            "calc(var() * 2)",
        ] {
            assert!(raw_problem(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn light_dark_has_sides() {
        let value = "0 0 1px light-dark(rgb(1, 2, 3), Light-Dark(#111, #222)) inset";
        assert_eq!(one_side(value, false), "0 0 1px rgb(1, 2, 3) inset");
        assert_eq!(one_side(value, true), "0 0 1px #222 inset");
        assert_eq!(one_side("light-dark(a)", true), "light-dark(a)");
        assert_eq!(one_side("light-dark(a, b) light-dark(c, d)", true), "b d");
        let many = "light-dark(a,b) ".repeat(4000);
        assert_eq!(one_side(&many, false), "a ".repeat(4000));
    }

    proptest! {
        /// An accepted value is one declaration of one rule, and nothing comes after it.
        #[test]
        fn accepted_values_stay_in_their_declaration(value in "[a-z0-9(){};:!\"'/*\\\\ ,#.<>-]{1,30}") {
            if value_problem(&value).is_none() {
                let text = format!("{value};x");
                let tokens = tokenize(&text).expect("well-formed");
                let semicolons = tokens.iter().filter(|t| t.token == Token::Semicolon).count();
                prop_assert_eq!(semicolons, 1);
            }
        }
    }
}
