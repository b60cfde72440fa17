//! A theme: layouts, partials, style sheets and assets, as data.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::digest::Digest;

/// One folder of `themes/`, without what it inherits.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Its theme.toml, as diagnostics name it.
    pub origin: Arc<str>,
    /// The name of its folder.
    pub key: String,
    pub name: String,
    pub extends: Option<String>,
    /// The zones of layouts that name none themselves; `None` inherits.
    pub zones: Option<Vec<String>>,
    /// Zones by layout, where theme.toml names them.
    pub layout_zones: BTreeMap<String, Vec<String>>,
    /// The entries of its styles, relative to the theme; `None` is `styles/main.css` if it is there.
    pub styles: Option<Vec<String>>,
    pub contrast: Vec<ContrastPair>,
    /// Templates and style sheets by their path in the theme: `layouts/x.html`,
    /// `components/hero.css`.
    pub texts: BTreeMap<String, TextFile>,
    /// The files of `assets/` by their path below it.
    pub assets: BTreeMap<String, Asset>,
}

/// The zones of layouts where no theme of the chain names any.
pub const DEFAULT_ZONES: [&str; 5] = ["header", "sidebar", "main", "footer", "overlay"];

/// Two tokens that must be readable on each other.
#[derive(Clone, Debug, PartialEq)]
pub struct ContrastPair {
    /// A token key.
    pub foreground: String,
    /// A token key.
    pub background: String,
    /// A WCAG contrast ratio, 1 to 21.
    pub minimum: f64,
}

/// A text file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct TextFile {
    pub origin: Arc<str>,
    pub text: Arc<str>,
}

/// A file that is copied and not held in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// Its path, relative to the site.
    pub origin: Arc<str>,
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
}
