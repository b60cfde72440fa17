//! A whole site whose documents agree with each other: what `assemble` gives and everything after it
//! reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::theme::DEFAULT_ZONES;
use super::{Asset, Component, Config, Node, Packages, Pages, TextFile, Theme, Token};

/// The site as one value. It does not change once it is made; one in which some pages say something else
/// shares all the rest.
#[derive(Clone, Debug)]
pub struct Site {
    pub config: Config,
    /// Sorted by key.
    pub pages: Pages,
    pub components: Arc<BTreeMap<String, Component>>,
    pub tokens: Arc<BTreeMap<String, Token>>,
    pub nodes: Arc<BTreeMap<String, Node>>,
    pub themes: Arc<BTreeMap<String, Theme>>,
    /// The files of `static/` by their path below it.
    pub statics: Arc<BTreeMap<String, Asset>>,
    /// What renders components that are React code; empty where robbieblocks.toml has no `[react]`.
    pub packages: Arc<Packages>,
    /// Whether documents are missing because they could not be read, so that a reference to something
    /// unknown may be no fault of its own.
    pub incomplete: bool,
}

impl Site {
    /// A theme and the themes that it extends, nearest first. A name that is unknown, or comes up
    /// again, ends the chain.
    pub fn theme_chain<'a>(&'a self, theme: &'a str) -> Vec<&'a Theme> {
        theme_chain(&self.themes, theme)
    }

    /// The template or style sheet of a path, from the nearest theme that has it.
    pub fn theme_text<'a>(&'a self, theme: &'a str, path: &str) -> Option<&'a TextFile> {
        self.theme_chain(theme)
            .into_iter()
            .find_map(|theme| theme.texts.get(path))
    }

    /// The asset of a path below `assets/`, from the nearest theme that has it.
    pub fn theme_asset<'a>(&'a self, theme: &'a str, path: &str) -> Option<&'a Asset> {
        self.theme_chain(theme)
            .into_iter()
            .find_map(|theme| theme.assets.get(path))
    }

    /// The zones of a layout, which may or may not exist.
    pub fn layout_zones<'a>(&'a self, theme: &'a str, layout: &str) -> Vec<&'a str> {
        let chain = self.theme_chain(theme);
        let named = chain
            .iter()
            .find_map(|theme| theme.layout_zones.get(layout))
            .or_else(|| chain.iter().find_map(|theme| theme.zones.as_ref()));
        match named {
            Some(zones) => zones.iter().map(String::as_str).collect(),
            None => DEFAULT_ZONES.to_vec(),
        }
    }
}

pub(crate) fn theme_chain<'a>(
    themes: &'a BTreeMap<String, Theme>,
    first: &'a str,
) -> Vec<&'a Theme> {
    let mut chain: Vec<&Theme> = Vec::new();
    let mut next = Some(first);
    while let Some(theme) = next.and_then(|key| themes.get(key)) {
        if chain.iter().any(|seen| seen.key == theme.key) {
            break;
        }
        chain.push(theme);
        next = theme.extends.as_deref();
    }
    chain
}
