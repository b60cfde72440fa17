//! A small site as a value, and the files that it is. Edits change the value; only the files that
//! differ are written.

use std::collections::BTreeMap;

use super::template::{Part, template};

/// Every file of a site by its path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// All that is asked of the site, without what nobody asks about (`noise`) and what is broken.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub name: u8,
    pub smart: bool,
    pub anchors: bool,
    pub highlight: bool,
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

/// Markdown that smart punctuation, heading anchors and highlighting change.
pub fn markdown(n: u8) -> String {
    match n % 3 {
        0 => format!(
            "# Head {n}\n\nA \"quote\" {n} -- and\n\n```rust\nlet x = {n};\n```\n\nAn end.\n"
        ),
        1 => format!("Just *text* {n}.\n\nAnd [more](/play).\n"),
        _ => format!("## Sub {n}\n\n- a\n- b\n"),
    }
}

impl Site {
    /// The files of the site.
    pub fn files(&self) -> Files {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        files.insert("robbieblocks.toml".into(), self.config());
        for (id, node) in &self.nodes {
            let path = format!("content/nodes/{id}");
            let mut text = format!(
                "name = \"Node {id} {}\"\nenabled_apps = {:?}\n",
                node.name, node.apps
            );
            text += "\n[style_overrides]\n";
            if node.scheme > 0 {
                text += &format!(
                    "theme = \"{}\"\n",
                    ["light", "dark"][node.scheme as usize % 2]
                );
            }
            for (key, value) in &node.overrides {
                text += &format!("\"{key}\" = \"{}\"\n", token_value(key, *value));
            }
            files.insert(format!("{path}.toml"), text);
            if node.css > 0 {
                files.insert(format!("{path}.css"), sheet(node.css, ""));
            }
            if node.js > 0 {
                files.insert(format!("{path}.js"), format!("const n = {};\n", node.js));
            }
        }
        for (number, page) in &self.pages {
            files.insert(page.path(), print_page(*number, page));
            if page.has_file() {
                let path = format!("content/pages/{}/data-{}.md", page.app, page.key);
                files.insert(path, markdown(page.text));
            }
        }
        for (key, component) in &self.components {
            let path = format!("content/components/{key}.toml");
            files.insert(path, print_component(key, component));
        }
        for (path, parts) in &self.templates {
            let layout = path.rsplit('/').next().unwrap_or_default();
            let zones = zones(layout.trim_end_matches(".html"));
            files.insert(path.clone(), template(path, parts, zones));
        }
        for (path, value) in &self.sheets {
            let asset = match path.as_str() {
                "themes/base/styles/main.css" => "../assets/mark.svg",
                _ => "",
            };
            files.insert(path.clone(), sheet(*value, asset));
        }
        for category in ["color", "spacing"] {
            let mut text = format!("[{category}]\n");
            for (key, value) in &self.tokens {
                if let Some(name) = key.strip_prefix(&format!("{category}.")) {
                    text += &format!("{name} = \"{}\"\n", token_value(key, *value));
                }
            }
            files.insert(format!("content/tokens/{category}.toml"), text);
        }
        files.insert(
            "themes/base/theme.toml".into(),
            "name = \"Base\"\nzones = [\"main\"]\n\n[layouts.wide]\nzones = [\"main\", \"side\"]\n\n[[contrast]]\nforeground = \"color.text\"\nbackground = \"color.primary\"\nminimum = 4.5\n"
                .into(),
        );
        files.insert(
            "themes/paper/theme.toml".into(),
            "name = \"Paper\"\nextends = \"base\"\n".into(),
        );
        for (path, value) in &self.assets {
            let text =
                format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><!-- {value} --></svg>\n");
            files.insert(path.clone(), text);
        }
        for (path, value) in &self.statics {
            let text = if *value == 9 {
                String::new()
            } else {
                format!("{value}\n")
            };
            files.insert(format!("static/{path}"), text);
        }
        for (path, n) in &self.noise {
            if let Some(text) = files.get_mut(path) {
                make_noise(path, text, *n);
            }
        }
        let mut files = files
            .into_iter()
            .map(|(path, text)| (path, text.into_bytes()))
            .collect();
        if let Some((kind, n)) = self.broken {
            super::broken::tamper(kind, n, &mut files);
        }
        files
    }

    fn config(&self) -> String {
        let mut text = format!(
            "[site]\nname = \"Site {}\"\nlanguage = \"en\"\ntheme = \"base\"\n\n[build]\noutput = \"dist\"\n\n[markdown]\nhighlight = {}\nheading_anchors = {}\nsmart_punctuation = {}\n",
            self.name, self.highlight, self.anchors, self.smart
        );
        for (id, node) in &self.nodes {
            text += &format!("\n[node.{id}]\ntheme = \"{}\"\n", node.theme);
            if let Some(url) = base_url(node.base_url) {
                text += &format!("base_url = \"{url}\"\n");
            }
            if node.allow_scripts {
                text += "allow_scripts = true\n";
            }
        }
        text
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

/// A comment, or an empty line, where the file may have one and nothing comes of it.
fn make_noise(path: &str, text: &mut String, n: u8) {
    let line = match n % 3 {
        0 => "\n\n".to_string(),
        _ => format!("# note {n}\n"),
    };
    if path.ends_with(".toml") {
        text.push_str(&line);
    } else if path.ends_with(".css") {
        text.push_str(&format!("/* note {n} */\n"));
    } else if path.starts_with("content/pages/") && text.starts_with("+++\n") {
        text.insert_str(4, &line);
    }
}

fn sheet(n: u8, asset: &str) -> String {
    let mut text = format!("h1 {{\n  margin: {n}px;\n}}\n");
    if !asset.is_empty() {
        text += &format!("p {{\n  background: url(\"{asset}\");\n}}\n");
    }
    text
}

fn print_component(key: &str, component: &Component) -> String {
    let Component { default, label } = component;
    let mut text = format!("name = \"{key} {label}\"\ntype = \"ui\"\npublished = true\n");
    let properties = match key {
        "hero" => format!(
            "required = [\"title\"]\n\n[props.properties]\ntitle = {{ type = \"string\" }}\nsize = {{ type = \"integer\", default = {default} }}\n"
        ),
        "markdown" | "note" => format!(
            "\n[props.properties.text]\ntype = \"string\"\ncontentMediaType = \"text/markdown\"\ndefault = \"By *default* {default}\"\n"
        ),
        _ => {
            format!("\n[props.properties]\nextra = {{ type = \"integer\", default = {default} }}\n")
        }
    };
    text += &format!("\n[props]\n{properties}");
    text
}

fn print_page(number: u8, page: &Page) -> String {
    let mut text = format!(
        "name = \"{}\"\nstatus = \"{}\"\nlayout = \"{}\"\n",
        page.shows_name(number),
        page.status,
        page.layout
    );
    if let Some(title) = page.title {
        text += &format!("title = \"Title {title}\"\n");
    }
    if let Some(description) = page.description {
        text += &format!("description = \"About {description}\"\n");
    }
    if let Some(route) = page.route {
        text += &format!("route = \"{route}\"\n");
    }
    text += "\n[metadata]\n";
    if let Some(mood) = page.mood {
        text += &format!("mood = \"m{mood}\"\n");
    }
    if let Some(alias) = page.alias {
        text += &format!("aliases = [\"/old/{alias}\"]\n");
    }
    if page.markdown {
        return format!("+++\n{text}+++\n\n{}", markdown(page.text));
    }
    for block in &page.blocks {
        text += &format!(
            "\n[[blocks]]\ncomponent = \"{}\"\nzone = \"{}\"\nprops = {{ {} }}\n",
            block.component,
            block.zone,
            props(block, &page.key)
        );
        if block.key > 0 {
            text += &format!("key = \"k{}\"\n", block.key);
        }
        let condition = match block.condition {
            Condition::None => continue,
            Condition::From(day) => format!("from = \"{}\"", moment(day * 2)),
            Condition::Until(day) => format!("until = \"{}\"", moment(day * 2)),
            Condition::Node(node) => format!("node = [\"{node}\"]"),
            Condition::NotNode(node) => format!("not = {{ node = [\"{node}\"] }}"),
            Condition::Draft => "status = [\"draft\"]".into(),
            Condition::EitherFromOrNode(day, node) => format!(
                "any = [{{ from = \"{}\" }}, {{ node = [\"{node}\"] }}]",
                moment(day * 2)
            ),
        };
        text += &format!("conditions = {{ {condition} }}\n");
    }
    text
}

fn props(block: &Block, key: &str) -> String {
    let value = block.value;
    match block.component {
        "hero" if value % 2 == 1 => format!("title = \"T{value}\", size = {value}"),
        "hero" => format!("title = \"T{value}\""),
        "markdown" | "note" if block.file => format!("text = {{ \"$file\" = \"data-{key}.md\" }}"),
        "markdown" | "note" if value > 0 => format!("text = {:?}", markdown(value)),
        _ => String::new(),
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
