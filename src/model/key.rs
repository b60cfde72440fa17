//! What a key and a route may be: the rules of design §9, in one place, for files and for rows.

use unicode_normalization::UnicodeNormalization;

/// The longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 255;

/// Names that Windows reserves in every folder, with or without an ending.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Why a key is not allowed, or `None` where it is. A key is `[a-z0-9][a-z0-9._-]*`, at most 255
/// bytes, without `..`, and no reserved name.
pub fn key_problem(key: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if key.is_empty() {
        return Some("it is empty".into());
    }
    if key.len() > MAX_KEY_BYTES {
        return Some(format!(
            "it has {} bytes, and {MAX_KEY_BYTES} are allowed",
            key.len()
        ));
    }
    if !key.starts_with(allowed) {
        return Some("it must begin with a small letter or a digit".into());
    }
    if let Some(bad) = key
        .chars()
        .find(|&c| !allowed(c) && !matches!(c, '.' | '_' | '-'))
    {
        return Some(format!(
            "`{}` is not allowed: only small letters, digits, `.`, `_` and `-` are",
            bad.escape_debug()
        ));
    }
    if key.contains("..") {
        return Some("`..` is not allowed".into());
    }
    if key.ends_with('.') {
        return Some("it must not end with `.`".into());
    }
    let stem = key.split('.').next().unwrap_or(key);
    if RESERVED.contains(&stem) {
        return Some(format!("`{stem}` is a name that Windows reserves"));
    }
    None
}

/// Why a route is not allowed, or `None` where it is.
pub fn route_problem(route: &str) -> Option<String> {
    if !route.starts_with('/') {
        return Some("it must begin with `/`".into());
    }
    if let Some(bad) = route.chars().find(|&c| {
        c.is_control()
            || matches!(
                c,
                '\\' | '?' | '#' | '%' | '<' | '>' | '"' | '|' | '*' | ':'
            )
            || (c.is_whitespace() && c != ' ')
    }) {
        return Some(format!("`{}` is not allowed in it", bad.escape_debug()));
    }
    if route == "/" {
        return None;
    }
    for (position, segment) in route[1..].split('/').enumerate() {
        match segment {
            "" => return Some("it has an empty segment: no `//`, and no `/` at the end".into()),
            "." | ".." => return Some(format!("`{segment}` is not allowed as a segment")),
            "_rb" if position == 0 => return Some("`/_rb` belongs to rbgen".into()),
            _ => {}
        }
        if segment.len() > 255 {
            return Some("a segment has more than 255 bytes".into());
        }
        if segment.starts_with(' ') || segment.ends_with([' ', '.']) {
            return Some(format!(
                "the segment `{segment}` begins or ends with a space or a dot"
            ));
        }
        let stem = segment.split('.').next().unwrap_or(segment).to_lowercase();
        if RESERVED.contains(&stem.as_str()) {
            return Some(format!("`{segment}` is a name that Windows reserves"));
        }
    }
    None
}

/// The form in which two paths are the same file on some file system: Unicode NFC of the full case
/// folding of NFD (Unicode 16, §3.13, D146).
pub fn fold_path(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    let decomposed: String = path.nfd().collect();
    caseless::default_case_fold_str(&decomposed).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for good in ["a", "robbie-play-blackjack", "v1.2", "0", "a_b", "console"] {
            assert_eq!(key_problem(good), None, "{good}");
        }
        for bad in [
            "", "A", "-a", "a..b", "a/b", "ä", "con", "nul.txt", "a\0", "a.", "a b",
        ] {
            assert!(key_problem(bad).is_some(), "{bad:?}");
        }
        assert!(key_problem(&"a".repeat(256)).is_some());
    }

    #[test]
    fn routes() {
        for good in ["/", "/play", "/play/black jack", "/über/uns", "/v1.2"] {
            assert_eq!(route_problem(good), None, "{good}");
        }
        for bad in [
            "",
            "play",
            "/play/",
            "//",
            "/a//b",
            "/../x",
            "/a/./b",
            "/a\\b",
            "/a?b",
            "/a#b",
            "/a%2e",
            "/_rb/x",
            "/a\nb",
            "/con",
            "/Aux.html",
            "/a.",
            "/ a",
        ] {
            assert!(route_problem(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn folding() {
        assert_eq!(fold_path("/Play/A"), "/play/a");
        assert_eq!(fold_path("/CAFÉ"), fold_path("/cafe\u{301}"));
        assert_eq!(fold_path("/straße"), fold_path("/STRASSE"));
    }
}
