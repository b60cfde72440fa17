//! Text from files, rows and requests without what would make it look like another. Pure.

/// Text as it may be shown to people: without control characters, which would steer a terminal, and without
/// those that turn the direction of a line around, which would make it say something else (Unicode
/// Bidirectional Algorithm, UAX #9, §2). Each of them becomes U+FFFD; newlines and tabs stay.
pub fn clean(text: &str) -> String {
    let is_shown = |c: char| match c {
        '\n' | '\t' => true,
        '\u{061C}' | '\u{200E}' | '\u{200F}' => false,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => false,
        c => !c.is_control(),
    };
    let cleaned = text.chars().map(|c| match is_shown(c) {
        true => c,
        false => char::REPLACEMENT_CHARACTER,
    });
    cleaned.collect()
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn what_steers_and_what_turns_is_not_shown() {
        assert_eq!(
            clean("a\u{1b}[1m\u{7f}\u{85}\r\0b"),
            "a\u{FFFD}[1m\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}b"
        );
        for turning in "\u{061C}\u{200E}\u{200F}\u{202A}\u{202E}\u{2066}\u{2069}".chars() {
            assert_eq!(clean(&turning.to_string()), "\u{FFFD}", "{turning:?}");
        }
    }

    #[test]
    fn lines_tabs_and_all_other_letters_stay() {
        let text = "a\n\tb \u{200D}\u{202F}שלום é 🦀";
        assert_eq!(clean(text), text);
    }
}
