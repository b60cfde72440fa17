//! What a style sheet reads, and what a property takes.

use std::collections::BTreeMap;

use cssparser::Token;
use lightningcss::properties::{Property, PropertyId};
use lightningcss::stylesheet::ParserOptions;

use super::tokenize::tokenize;

/// The custom properties that a style sheet or a value reads by `var(--x)`, with how often. A text that
/// is not well-formed reads none.
pub fn custom_properties(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for spanned in tokenize(text).unwrap_or_default() {
        match &spanned.token {
            Token::Ident(name) if spanned.function == "var" && name.starts_with("--") => {
                *found.entry(name.to_string()).or_default() += 1;
            }
            _ => {}
        }
    }
    found
}

/// Whether a CSS property takes a value as its grammar has it, without `var(…)`.
pub fn accepts(property: &str, value: &str) -> bool {
    let parsed =
        Property::parse_string(PropertyId::from(property), value, ParserOptions::default());
    matches!(parsed, Ok(property) if !matches!(property, Property::Unparsed(_) | Property::Custom(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_wherever_they_are_read() {
        let text = "a { color: var(--a); margin: calc(var( --b, var(--a)) * 2) } /* var(--c) */ b { --d: 1; content: \"var(--e)\" }";
        let found: Vec<_> = custom_properties(text).into_iter().collect();
        assert_eq!(found, [("--a".to_string(), 2), ("--b".to_string(), 1)]);
        assert!(custom_properties("a { color: var(--a").is_empty());
    }

    #[test]
    fn properties_take_what_their_grammar_has() {
        for (property, value) in [
            ("width", "calc(1rem + 2vw)"),
            ("font-size", "clamp(1rem, 2vw, 3rem)"),
            ("box-shadow", "0 1px 2px light-dark(#000, #fff)"),
            ("font-family", "\"Inter\", sans-serif"),
            ("border-radius", "50%"),
            ("font-weight", "650"),
        ] {
            assert!(accepts(property, value), "{property}: {value}");
        }
        for (property, value) in [
            ("width", "red"),
            ("width", "var(--x)"),
            ("font-family", "1rem"),
            ("no-such", "1px"),
            ("box-shadow", "url(/x)"),
            ("width", "1px; color: red"),
        ] {
            assert!(!accepts(property, value), "{property}: {value}");
        }
    }
}
