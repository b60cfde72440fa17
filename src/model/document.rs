//! The documents: pages with their blocks, components, tokens and nodes. Each is an entity of sync,
//! and each knows the file or the row that it came from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Table, Value};

/// The app whose pages every node has, where there are such pages.
pub const SHARED_APP: &str = "shared";

/// Whether a page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Status {
    #[default]
    Draft,
    Published,
    Archived,
}

impl Status {
    /// Every status by its name.
    pub const NAMES: [&'static str; 3] = ["draft", "published", "archived"];

    /// The name that files and rows use.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Published => "published",
            Status::Archived => "archived",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Status> {
        match name {
            "draft" => Some(Status::Draft),
            "published" => Some(Status::Published),
            "archived" => Some(Status::Archived),
            _ => None,
        }
    }
}

/// One route, composed of blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The file or row, as diagnostics name it.
    pub origin: Arc<str>,
    /// Unique in the whole site.
    pub key: String,
    pub app: String,
    pub name: String,
    /// Absolute and normalised; a default is filled in.
    pub route: String,
    pub layout: String,
    pub status: Status,
    /// The `<title>`; `None` means the name.
    pub title: Option<String>,
    pub description: Option<String>,
    pub metadata: Table,
    /// In the order in which they are shown.
    pub blocks: Vec<Block>,
}

impl Page {
    /// The layout of a page that names none.
    pub const DEFAULT_LAYOUT: &'static str = "single-column";

    /// The text of `<title>`.
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// The routes in `metadata.aliases`, with their index, where they are text.
    pub fn aliases(&self) -> impl Iterator<Item = (usize, &str)> {
        self.metadata
            .get("aliases")
            .and_then(Value::as_array)
            .unwrap_or_default()
            .iter()
            .enumerate()
            .filter_map(|(index, alias)| Some((index, alias.as_text()?)))
    }
}

/// One use of a component on a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Unique in the page; a default is filled in.
    pub key: String,
    pub component: String,
    pub zone: String,
    pub props: Table,
    /// As written; `Condition::parse` reads it.
    pub conditions: Table,
}

impl Block {
    /// The zone of a block that names none.
    pub const DEFAULT_ZONE: &'static str = "main";
}

/// A template, or React code, with a JSON Schema for its props.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    pub origin: Arc<str>,
    pub key: String,
    pub name: String,
    /// `type` in files, `component_type` in rows: layout, widget, feature, ui, media, navigation, ….
    pub kind: String,
    pub version: String,
    pub published: bool,
    pub dependencies: Vec<String>,
    pub preview_url: Option<String>,
    /// The JSON Schema; empty allows anything.
    pub props: Table,
    pub metadata: Table,
    /// Named sets of props for the gallery; rows keep them in `metadata.examples`.
    pub examples: Vec<Example>,
    /// `<key>.html`
    pub template: Option<String>,
    /// `<key>.css`
    pub styles: Option<String>,
    /// `<key>.tsx` or `<key>.jsx`
    pub react: Option<String>,
}

impl Component {
    /// The file or row that a part of the component is in, by the ending of its sibling file:
    /// `html`, `css`, `tsx`.
    pub fn part_origin(&self, ending: &str) -> String {
        sibling(&self.origin, ending)
    }
}

/// The file beside a TOML file that has another ending; the row itself, where a document is a row.
pub fn sibling(origin: &str, ending: &str) -> String {
    match origin.strip_suffix(".toml") {
        Some(stem) => format!("{stem}.{ending}"),
        None => origin.to_string(),
    }
}

/// A named set of props.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    pub name: String,
    pub props: Table,
}

/// One named design value.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub origin: Arc<str>,
    /// Such as `color.primary`.
    pub key: String,
    pub category: String,
    /// A CSS value; `{other.token}` in it is an alias.
    pub value: String,
    pub description: Option<String>,
}

/// The CSS custom property of a token: `color.primary` is `--color-primary`.
pub fn css_name(token_key: &str) -> String {
    format!("--{}", token_key.replace('.', "-"))
}

/// The colour scheme of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scheme {
    Light,
    Dark,
    /// What the visitor prefers.
    #[default]
    Auto,
}

impl Scheme {
    /// The name that templates see.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
            Scheme::Auto => "auto",
        }
    }
}

/// A place that is built for: a node's branding.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub origin: Arc<str>,
    pub id: String,
    pub name: String,
    pub enabled_apps: Vec<String>,
    /// `theme` in `style_overrides`.
    pub scheme: Scheme,
    /// The rest of `style_overrides`: token key to CSS value.
    pub style_overrides: BTreeMap<String, String>,
    /// `<node_id>.css`
    pub custom_css: Option<String>,
    /// `<node_id>.js`
    pub custom_scripts: Option<String>,
}

/// What one door gives: documents that were read, each sound in itself and not yet checked against
/// the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    pub pages: Vec<Page>,
    pub components: Vec<Component>,
    pub tokens: Vec<Token>,
    pub nodes: Vec<Node>,
}
