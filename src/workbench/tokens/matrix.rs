//! Which colours are held against which, and how much contrast they have.

use crate::model::{Node, Scheme, Site};
use crate::render::style::{TokenValues, contrast_ratio, paint};

/// The most colours in a row or a column.
const MOST: usize = 20;

/// Words in keys of colours that are for text.
const TEXT_WORDS: [&str; 11] = [
    "text",
    "foreground",
    "fg",
    "ink",
    "on",
    "muted",
    "heading",
    "title",
    "body",
    "label",
    "link",
];
/// Words in keys of colours that something lies on.
const SURFACE_WORDS: [&str; 11] = [
    "background",
    "bg",
    "surface",
    "canvas",
    "paper",
    "card",
    "panel",
    "page",
    "base",
    "overlay",
    "sheet",
];

/// The rule, in words, for the page.
pub const RULE: &str = "A colour is a surface or for text by the words in its key, such as “surface” and “text”. \
One that is nearly grey and has no such word is a surface where it is near the canvas of the scheme, and \
for text otherwise. All others are accents. Text and accents are held against surfaces; text and \
surfaces, as the text on a button is, against accents. \
WCAG 2.2, §1.4.3 and §1.4.6, asks for 4.5 (AA) and 7 (AAA), and for large text for 3 and 4.5; what \
is no text, such as an icon, needs 3 (§1.4.11).";

/// What a colour is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Text,
    Accent,
    Surface,
}

/// The colours of a node in one scheme, held against each other.
#[derive(Clone, Debug)]
pub struct Matrix {
    pub scheme: Scheme,
    /// The keys of backgrounds.
    pub columns: Vec<String>,
    /// A foreground each, with a cell for each column; `None` is not looked at.
    pub rows: Vec<(String, Vec<Option<Cell>>)>,
    /// How many colours were left out of rows and columns.
    pub left_out: usize,
}

/// A foreground on a background.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The contrast ratio of WCAG, 1 to 21, to two digits.
    pub ratio: f64,
    /// Both as `#rrggbb`.
    pub foreground: String,
    pub background: String,
    /// What the theme asks for, where it does.
    pub minimum: Option<f64>,
}

impl Cell {
    /// What WCAG 2.2 says of it for text.
    pub fn grade(&self) -> &'static str {
        match self.ratio {
            ratio if ratio >= 7.0 => "AAA",
            ratio if ratio >= 4.5 => "AA",
            ratio if ratio >= 3.0 => "large text",
            _ => "fail",
        }
    }
}

/// The schemes that a node is shown in.
pub fn schemes(node: &Node) -> &'static [Scheme] {
    match node.scheme {
        Scheme::Auto => &[Scheme::Light, Scheme::Dark],
        Scheme::Light => &[Scheme::Light],
        Scheme::Dark => &[Scheme::Dark],
    }
}

/// The matrix of a node in one scheme.
pub fn matrix(site: &Site, node: &Node, values: &TokenValues, scheme: Scheme) -> Matrix {
    let dark = scheme == Scheme::Dark;
    let mut colours: Vec<(Role, &str, &str, String)> = values
        .iter()
        .filter_map(|(key, value)| {
            let paint = paint(value, dark)?;
            let role = role(key, paint.luminance, paint.chroma, dark);
            Some((role, key.as_str(), value.as_str(), paint.hex))
        })
        .collect();
    colours.sort();
    // In rows text comes first, and in columns surfaces.
    let rows: Vec<_> = colours.iter().collect();
    let mut columns: Vec<_> = colours.iter().filter(|c| c.0 != Role::Text).collect();
    columns.sort_by_key(|(role, key, ..)| (std::cmp::Reverse(*role), *key));
    let left_out = rows.len().saturating_sub(MOST) + columns.len().saturating_sub(MOST);
    columns.truncate(MOST);
    let theme = site.theme_chain(site.config.theme_of(&node.id));
    let minimum = |foreground: &str, background: &str| {
        let mut pairs = theme.iter().flat_map(|theme| &theme.contrast);
        let pair =
            pairs.find(|pair| pair.foreground == foreground && pair.background == background);
        pair.map(|pair| pair.minimum)
    };
    let cell = |row: &(Role, &str, &str, String), column: &(Role, &str, &str, String)| {
        let is_asked = match (row.0, column.0) {
            (Role::Text | Role::Accent, Role::Surface) => true,
            (Role::Text | Role::Surface, Role::Accent) => true,
            _ => minimum(row.1, column.1).is_some(),
        };
        if !is_asked || row.1 == column.1 {
            return None;
        }
        let ratio = contrast_ratio(row.2, column.2, dark)?;
        Some(Cell {
            // As the warnings of a build round it.
            ratio: (ratio * 100.0).round() / 100.0,
            foreground: row.3.clone(),
            background: column.3.clone(),
            minimum: minimum(row.1, column.1),
        })
    };
    let rows = rows.into_iter().take(MOST).map(|row| {
        let cells = columns.iter().map(|column| cell(row, column)).collect();
        (row.1.to_string(), cells)
    });
    let rows = rows
        .filter(|(_, cells): &(String, Vec<Option<Cell>>)| cells.iter().any(Option::is_some))
        .collect();
    Matrix {
        scheme,
        rows,
        columns: columns
            .into_iter()
            .map(|column| column.1.to_string())
            .collect(),
        left_out,
    }
}

fn role(key: &str, luminance: f64, chroma: f64, dark: bool) -> Role {
    let words: Vec<&str> = key.split(['.', '-', '_']).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    // `text-on-surface` is for text.
    if has(&TEXT_WORDS) {
        return Role::Text;
    }
    if has(&SURFACE_WORDS) {
        return Role::Surface;
    }
    let is_near_canvas = match dark {
        true => luminance < 0.18,
        false => luminance > 0.5,
    };
    match (chroma < 0.12, is_near_canvas) {
        (true, true) => Role::Surface,
        (true, false) => Role::Text,
        (false, _) => Role::Accent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_told_by_names_and_by_lightness() {
        assert_eq!(role("color.text-muted", 0.9, 0.0, false), Role::Text);
        assert_eq!(role("color.surface", 0.1, 0.9, false), Role::Surface);
        assert_eq!(role("color.text-on-surface", 0.1, 0.9, false), Role::Text);
        assert_eq!(role("color.grey-1", 0.9, 0.01, false), Role::Surface);
        assert_eq!(role("color.grey-1", 0.9, 0.01, true), Role::Text);
        assert_eq!(role("color.primary", 0.3, 0.6, false), Role::Accent);
    }

    #[test]
    fn grades_are_those_of_wcag() {
        let grade = |ratio| {
            Cell {
                ratio,
                foreground: String::new(),
                background: String::new(),
                minimum: None,
            }
            .grade()
        };
        assert_eq!(grade(7.0), "AAA");
        assert_eq!(grade(4.5), "AA");
        assert_eq!(grade(4.49), "large text");
        assert_eq!(grade(2.99), "fail");
    }
}
