//! Tests of the readers, kind by kind, and what they share.

mod config;
mod documents;
mod places;
mod random;
mod robust;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::diag::{Diagnostics, Spot};
use crate::model::{Component, Config, Node, Page, Theme, Token};

/// What was found, one line each: code, the text at the place, the message.
pub(super) fn found(text: &str, diagnostics: &Diagnostics) -> Vec<String> {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.place.as_ref().expect("a place");
            let at = match locate(&place.path, text, &place.spot) {
                Some(range) => text[range].to_string(),
                None => "-".to_string(),
            };
            format!("{} {at} | {}", diagnostic.code.0, diagnostic.message)
        })
        .collect()
}

pub(super) fn files(files: &[(&str, &str)]) -> impl Fn(&str) -> Result<String, String> + use<> {
    let files: BTreeMap<String, String> = files
        .iter()
        .map(|(name, text)| (name.to_string(), text.to_string()))
        .collect();
    move |name| {
        let text = files.get(name).cloned();
        text.ok_or_else(|| format!("`{name}` is not there"))
    }
}

pub(super) fn page_at(path: &[&str], ending: &str, text: &str) -> (Option<Page>, Diagnostics) {
    let origin: Arc<str> = format!("content/pages/play/{}{ending}", path.join("/")).into();
    let mut diagnostics = Diagnostics::new();
    let data_file = files(&[("intro.md", "Hello\r\n"), ("nul.md", "a\0b")]);
    let file = PageFile {
        origin: &origin,
        app: "play",
        path_below_app: path,
        text,
        data_file: &data_file,
    };
    let page = read_page(file, &mut diagnostics);
    assert!(page.is_some() || diagnostics.has_errors());
    (page, diagnostics)
}

pub(super) fn page(text: &str) -> (Option<Page>, Diagnostics) {
    page_at(&["x"], ".toml", text)
}

pub(super) fn good_page(text: &str) -> Page {
    let (page, diagnostics) = page(text);
    page.filter(|_| !diagnostics.has_errors())
        .unwrap_or_else(|| panic!("{:#?}", found(text, &diagnostics)))
}

pub(super) fn page_errors(text: &str) -> Vec<String> {
    found(text, &page(text).1)
}

pub(super) fn component(text: &str) -> (Option<Component>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let data_file = files(&[("intro.md", "Hello")]);
    let file = ComponentFile {
        origin: &Arc::from("content/components/hero.toml"),
        key: "hero",
        text,
        template: Some("<h1></h1>".into()),
        styles: None,
        react: None,
        data_file: &data_file,
    };
    (read_component(file, &mut diagnostics), diagnostics)
}

pub(super) fn node(text: &str) -> (Option<Node>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let file = NodeFile {
        origin: &Arc::from("content/nodes/aurora.toml"),
        id: "aurora",
        text,
        custom_css: None,
        custom_scripts: Some("let x;".into()),
    };
    (read_node(file, &mut diagnostics), diagnostics)
}

pub(super) fn tokens(text: &str) -> (Vec<Token>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let origin = Arc::from("content/tokens/color.toml");
    let tokens = read_tokens("color", &origin, text, &mut diagnostics);
    (tokens, diagnostics)
}

pub(super) fn theme(text: &str) -> (Option<Theme>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let origin = Arc::from("themes/base/theme.toml");
    (
        read_theme("base", &origin, text, &mut diagnostics),
        diagnostics,
    )
}

pub(super) fn config(text: &str) -> (Option<Config>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let origin = Arc::from("robbieblocks.toml");
    (read_config(&origin, text, &mut diagnostics), diagnostics)
}

/// The text that a path of fields means.
pub(super) fn located<'t>(path: &str, text: &'t str, spot: Spot) -> Option<&'t str> {
    locate(path, text, &spot).map(|range| &text[range])
}
