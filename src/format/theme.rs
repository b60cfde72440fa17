//! Themes: `themes/<theme>/theme.toml`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fields::{Fields, check};
use super::reader::Reader;
use super::rules::KEY;
use super::shape;
use crate::diag::Diagnostics;
use crate::model::{ContrastPair, Theme};

/// Reads a theme.toml; `None` where it is no TOML; another mistake costs only the
/// field that has it, so that one run finds those of other kinds as well. Texts and assets are left empty.
pub fn read_theme(
    key: &str,
    origin: &Arc<str>,
    text: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Theme> {
    let mut reader = Reader::new(origin, text, diagnostics);
    reader.check_name("theme", &KEY, key);
    let sheet = reader.parse()?;
    check(&mut reader, &shape::THEME, sheet.root());
    let fields = Fields::new(&shape::THEME, sheet.root());
    let theme = Theme {
        origin: origin.clone(),
        key: key.to_string(),
        name: fields.needed_text("name"),
        extends: fields.text("extends"),
        zones: fields.texts("zones"),
        layout_zones: fields
            .entries("layouts")
            .into_iter()
            .map(|(layout, fields)| (layout, fields.texts("zones").unwrap_or_default()))
            .collect(),
        styles: fields.texts("styles"),
        contrast: fields
            .items("contrast")
            .into_iter()
            .map(|pair| ContrastPair {
                foreground: pair.needed_text("foreground"),
                background: pair.needed_text("background"),
                minimum: pair.number("minimum"),
            })
            .collect(),
        texts: BTreeMap::new(),
        assets: BTreeMap::new(),
    };
    Some(theme)
}
