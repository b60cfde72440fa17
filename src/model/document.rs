//! The documents: pages with their blocks, components, tokens and nodes. Each is an entity of sync,
//! and each knows the file or the row that it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::value::same_table;
use super::{Table, TextList, Value};

/// The app whose pages every node has, where there are such pages.
pub const SHARED_APP: &str = "shared";

/// The kinds of documents: what sync compares, one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    Page,
    Component,
    Token,
    Node,
}

impl EntityKind {
    /// Every kind.
    pub const ALL: [EntityKind; 4] = [
        EntityKind::Page,
        EntityKind::Component,
        EntityKind::Token,
        EntityKind::Node,
    ];

    /// The name that people and `--json` see.
    pub fn as_str(self) -> &'static str {
        match self {
            EntityKind::Page => "page",
            EntityKind::Component => "component",
            EntityKind::Token => "token",
            EntityKind::Node => "node",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<EntityKind> {
        EntityKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

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

    /// Whether two pages say the same, wherever they come from.
    pub fn same(&self, other: &Page) -> bool {
        self.key == other.key
            && self.app == other.app
            && self.name == other.name
            && self.route == other.route
            && self.layout == other.layout
            && self.status == other.status
            && self.title == other.title
            && self.description == other.description
            && same_table(&self.metadata, &other.metadata)
            && self.blocks.len() == other.blocks.len()
            && self
                .blocks
                .iter()
                .zip(&other.blocks)
                .all(|(a, b)| a.same(b))
    }

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
    /// Whether two blocks say the same.
    pub fn same(&self, other: &Block) -> bool {
        self.key == other.key && self.same_but_key(other)
    }

    /// Whether two blocks say the same, whatever their keys are.
    pub fn same_but_key(&self, other: &Block) -> bool {
        self.component == other.component
            && self.zone == other.zone
            && same_table(&self.props, &other.props)
            && same_table(&self.conditions, &other.conditions)
    }

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
    pub dependencies: TextList,
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
    /// Whether its React code is in `<key>.jsx`.
    pub is_jsx: bool,
}

impl Component {
    /// Whether two components say the same, wherever they come from.
    pub fn same(&self, other: &Component) -> bool {
        self.key == other.key
            && self.name == other.name
            && self.kind == other.kind
            && self.version == other.version
            && self.published == other.published
            && self.dependencies == other.dependencies
            && self.preview_url == other.preview_url
            && same_table(&self.props, &other.props)
            && same_table(&self.metadata, &other.metadata)
            && self.examples.len() == other.examples.len()
            && self
                .examples
                .iter()
                .zip(&other.examples)
                .all(|(a, b)| a.same(b))
            && self.template == other.template
            && self.styles == other.styles
            && self.react == other.react
    }

    /// Whether it comes from a row, and not from files.
    pub fn is_row(&self) -> bool {
        is_row(&self.origin)
    }

    /// The file or row that a part of the component is in, by the ending of its sibling file:
    /// `html`, `css`, `tsx`.
    pub fn part_origin(&self, ending: &str) -> String {
        sibling(&self.origin, ending)
    }

    /// The file or row that its React code is in.
    pub fn react_origin(&self) -> String {
        self.part_origin(if self.is_jsx { "jsx" } else { "tsx" })
    }
}

/// The file beside a TOML file that has another ending; the row itself, where a document is a row.
pub fn sibling(origin: &str, ending: &str) -> String {
    match origin.strip_suffix(".toml") {
        Some(stem) if !is_row(origin) => format!("{stem}.{ending}"),
        _ => origin.to_string(),
    }
}

/// Whether an origin is a row: files of content lie in `content/`, and a key may end like a file.
fn is_row(origin: &str) -> bool {
    origin.starts_with("robbieblocks_")
}

/// A named set of props.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    pub name: String,
    pub props: Table,
}

impl Example {
    /// Whether two examples say the same.
    pub fn same(&self, other: &Example) -> bool {
        self.name == other.name && same_table(&self.props, &other.props)
    }
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

impl Token {
    /// Whether two tokens say the same, wherever they come from.
    pub fn same(&self, other: &Token) -> bool {
        self.key == other.key
            && self.category == other.category
            && self.value == other.value
            && self.description == other.description
    }
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
    pub enabled_apps: TextList,
    /// `theme` in `style_overrides`.
    pub scheme: Scheme,
    /// The rest of `style_overrides`: token key to CSS value.
    pub style_overrides: BTreeMap<String, String>,
    /// `<node_id>.css`
    pub custom_css: Option<String>,
    /// `<node_id>.js`
    pub custom_scripts: Option<String>,
}

impl Node {
    /// Whether two nodes say the same, wherever they come from.
    pub fn same(&self, other: &Node) -> bool {
        self.id == other.id
            && self.name == other.name
            && self.enabled_apps == other.enabled_apps
            && self.scheme == other.scheme
            && self.style_overrides == other.style_overrides
            && self.custom_css == other.custom_css
            && self.custom_scripts == other.custom_scripts
    }
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

impl Documents {
    /// Whether there is none of any kind.
    pub fn is_empty(&self) -> bool {
        self.entities().next().is_none()
    }

    /// Each document's kind, key and origin.
    pub fn entities(&self) -> impl Iterator<Item = (EntityKind, &str, &str)> {
        let pages = self.pages.iter();
        let pages = pages.map(|page| (EntityKind::Page, page.key.as_str(), &*page.origin));
        let components = self.components.iter();
        let components =
            components.map(|part| (EntityKind::Component, part.key.as_str(), &*part.origin));
        let tokens = self.tokens.iter();
        let tokens = tokens.map(|token| (EntityKind::Token, token.key.as_str(), &*token.origin));
        let nodes = self.nodes.iter();
        let nodes = nodes.map(|node| (EntityKind::Node, node.id.as_str(), &*node.origin));
        pages.chain(components).chain(tokens).chain(nodes)
    }

    /// The kinds and keys of all documents.
    pub fn names(&self) -> BTreeSet<(EntityKind, &str)> {
        let entities = self.entities();
        entities.map(|(kind, key, _)| (kind, key)).collect()
    }

    /// Keeps the documents whose kind and key are wanted.
    pub fn retain(&mut self, is_wanted: impl Fn(EntityKind, &str) -> bool) {
        self.pages
            .retain(|page| is_wanted(EntityKind::Page, &page.key));
        self.components
            .retain(|part| is_wanted(EntityKind::Component, &part.key));
        self.tokens
            .retain(|token| is_wanted(EntityKind::Token, &token.key));
        self.nodes
            .retain(|node| is_wanted(EntityKind::Node, &node.id));
    }
}
