//! Ids that are unique in a page, and the slugs that headings get.

use std::collections::HashMap;

/// The ids that a page already has (block keys first), so that those of headings and footnotes stay
/// unique in the page, over all of its Markdown texts.
#[derive(Clone, Debug, Default)]
pub struct Ids(
    /// Each id with the last number that was tried behind it.
    HashMap<String, usize>,
);

impl Ids {
    /// The ids that are taken from the start.
    pub fn new(taken: impl Iterator<Item = String>) -> Ids {
        Ids(taken.map(|id| (id, 0)).collect())
    }

    /// Takes `wanted`, or the first of `wanted-1`, `wanted-2`, … that is free.
    pub fn unique(&mut self, wanted: &str) -> String {
        let Some(&last) = self.0.get(wanted) else {
            self.0.insert(wanted.to_string(), 0);
            return wanted.to_string();
        };
        let mut number = last;
        loop {
            number += 1;
            let candidate = format!("{wanted}-{number}");
            if !self.0.contains_key(&candidate) {
                self.0.insert(wanted.to_string(), number);
                self.0.insert(candidate.clone(), 0);
                return candidate;
            }
        }
    }
}

/// The id that GitHub gives a heading: lower case, letters and digits of every script, `-` and `_`;
/// each space is a `-`, and all else is left out. A text without any of them is `section`.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            ' ' => slug.push('-'),
            '-' | '_' => slug.push(c),
            c if c.is_alphanumeric() || is_mark(c) => slug.extend(c.to_lowercase()),
            _ => {}
        }
    }
    if slug.is_empty() {
        slug.push_str("section");
    }
    slug
}

fn is_mark(c: char) -> bool {
    !c.is_ascii() && unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique() {
        let mut ids = Ids::new(["intro".to_string(), "a-1".to_string()].into_iter());
        assert_eq!(ids.unique("a"), "a");
        assert_eq!(ids.unique("a"), "a-2");
        assert_eq!(ids.unique("intro"), "intro-1");
        assert_eq!(ids.unique("intro"), "intro-2");
        assert_eq!(ids.unique("intro-1"), "intro-1-1");
    }

    #[test]
    fn slugs_are_those_of_github() {
        assert_eq!(slug("Hello, World!"), "hello-world");
        assert_eq!(slug("Über uns & mehr"), "über-uns--mehr");
        assert_eq!(slug("日本語 x_y-z"), "日本語-x_y-z");
        assert_eq!(slug("नमस्ते"), "नमस्ते");
        assert_eq!(slug("!?"), "section");
    }
}
