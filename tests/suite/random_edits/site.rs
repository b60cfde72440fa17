//! A small site as a value: what edits change, and what `files` writes.

use std::collections::BTreeMap;

use super::template::Part;

/// Every file of a site by its path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// All that is asked of the site, without what nobody asks about (`noise`) and what is broken.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub name: u8,
    pub smart: bool,
    pub anchors: bool,
    pub highlight: bool,
    /// The language and the browsers that style sheets are for: one of two each.
    pub german: bool,
    pub old_browsers: bool,
    /// Whether robbieblocks.toml says that drafts are built.
    pub drafts: bool,
    /// What the theme is called, which no page asks about.
    pub theme_name: u8,
    /// Whether one layout has a zone more.
    pub more_zones: bool,
    pub nodes: BTreeMap<&'static str, Node>,
    /// By a number that stays with a page whatever it is called.
    pub pages: BTreeMap<u8, Page>,
    pub components: BTreeMap<&'static str, Component>,
    /// Templates of themes and components by the path of their file.
    pub templates: BTreeMap<String, Vec<Part>>,
    /// Style sheets of themes and components by the path of their file.
    pub sheets: BTreeMap<String, u8>,
    /// By the path of their file.
    pub assets: BTreeMap<String, u8>,
    /// Values by key: an index of `VALUES`.
    pub tokens: BTreeMap<&'static str, u8>,
    pub statics: BTreeMap<String, u8>,
    /// Comments and empty lines by the path of the file.
    pub noise: BTreeMap<String, u8>,
    pub broken: Option<(u8, u8)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub name: u8,
    pub apps: Vec<&'static str>,
    pub overrides: BTreeMap<&'static str, u8>,
    pub scheme: u8,
    pub css: u8,
    pub js: u8,
    pub allow_scripts: bool,
    pub base_url: u8,
    pub theme: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub app: &'static str,
    pub key: String,
    /// Whether it is a Markdown file; else its blocks are in TOML.
    pub markdown: bool,
    pub name: u8,
    pub title: Option<u8>,
    pub description: Option<u8>,
    pub route: Option<&'static str>,
    pub layout: &'static str,
    pub status: &'static str,
    pub mood: Option<u8>,
    pub alias: Option<u8>,
    /// The text of a Markdown page, and of the file that `$file` names.
    pub text: u8,
    pub blocks: Vec<Block>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    pub component: &'static str,
    pub zone: &'static str,
    pub key: u8,
    pub value: u8,
    pub file: bool,
    pub condition: Condition,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    None,
    From(u8),
    Until(u8),
    Node(&'static str),
    NotNode(&'static str),
    Draft,
    EitherFromOrNode(u8, &'static str),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Component {
    /// The default of a prop in the schema.
    pub default: u8,
    /// Its name and description, which no page asks about.
    pub label: u8,
}

pub const APPS: [&str; 3] = ["play", "work", "shared"];
pub const NODES: [&str; 3] = ["one", "two", "three"];
pub const THEMES: [&str; 2] = ["base", "paper"];
pub const LAYOUTS: [&str; 4] = ["single-column", "wide", "plain", "post"];
pub const COMPONENTS: [&str; 6] = ["hero", "markdown", "note", "list", "paint", "sign"];
pub const TOKENS: [&str; 5] = [
    "color.accent",
    "color.extra",
    "color.primary",
    "color.text",
    "spacing.md",
];
pub const VALUES: [&str; 4] = ["#112233", "#445566", "#778899", "{color.primary}"];
pub const ROUTES: [&str; 6] = [
    "/play/r0",
    "/play/a",
    "/work/r1",
    "/play/r0/below",
    "/",
    "/play/p1",
];
/// What is not there at first and may appear.
pub const LATE_TEMPLATES: [&str; 8] = [
    "themes/base/partials/extra.html",
    "themes/base/partials/other.html",
    "themes/paper/partials/nav.html",
    "themes/paper/partials/deep.html",
    "themes/paper/layouts/plain.html",
    "themes/paper/components/sign.html",
    "themes/base/layouts/404.html",
    "themes/paper/partials/extra.html",
];
pub const LATE_SHEETS: [&str; 4] = [
    "themes/paper/components/hero.css",
    "content/components/sign.css",
    "content/components/list.css",
    "themes/paper/styles/main.css",
];
pub const LATE_ASSETS: [&str; 3] = [
    "themes/paper/assets/mark.svg",
    "themes/base/assets/unused.txt",
    "themes/base/assets/pic/late.svg",
];
pub const STATICS: [&str; 4] = ["humans.txt", "play/r0/index.html", "a/b.txt", "empty"];

impl Page {
    pub fn route(&self) -> String {
        let own = self.route.map(str::to_string);
        own.unwrap_or_else(|| format!("/{}/{}", self.app, self.key))
    }

    pub fn path(&self) -> String {
        let ending = if self.markdown { "md" } else { "toml" };
        format!("content/pages/{}/{}.{ending}", self.app, self.key)
    }

    pub fn shows_name(&self, number: u8) -> String {
        format!("Page {number} {}", self.name)
    }

    /// Whether some block takes its text from a file.
    pub fn has_file(&self) -> bool {
        !self.markdown && self.blocks.iter().any(|block| block.file)
    }
}

/// The zones that a layout shows.
pub fn zones(layout: &str) -> &'static [&'static str] {
    match layout {
        "wide" => &["main", "side"],
        _ => &["main"],
    }
}

pub fn base_url(which: u8) -> Option<&'static str> {
    match which % 3 {
        0 => None,
        1 => Some("https://one.example.org/sub"),
        _ => Some("https://one.example.org"),
    }
}

/// The value of a token; spacings are no colours.
pub fn token_value(key: &str, value: u8) -> String {
    match key {
        "spacing.md" => format!("{}rem", value + 1),
        // A token that aliases itself would be an error each time.
        "color.primary" if value == 3 => VALUES[0].into(),
        _ => VALUES[value as usize].into(),
    }
}

/// The moments that conditions and builds name: every half day.
pub fn moment(half_day: u8) -> String {
    let hour = if half_day.is_multiple_of(2) {
        "00"
    } else {
        "12"
    };
    format!("2026-01-{:02}T{hour}:00:00Z", half_day / 2 + 1)
}
