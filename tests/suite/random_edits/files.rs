//! The files that a site is.

use std::collections::BTreeMap;

use super::broken::tamper;
use super::site::{
    Block, Component, Condition, Files, Page, Site, base_url, moment, token_value, zones,
};
use super::template::template;

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
        files.insert("themes/base/theme.toml".into(), self.theme());
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
            tamper(kind, n, &mut files);
        }
        files
    }

    fn theme(&self) -> String {
        let mut text = format!("name = \"Base {}\"\nzones = [\"main\"]\n", self.theme_name);
        text += "\n[layouts.wide]\nzones = [\"main\", \"side\"]\n";
        if self.more_zones {
            text += "\n[layouts.plain]\nzones = [\"main\", \"side\"]\n";
        }
        let pair = "foreground = \"color.text\"\nbackground = \"color.primary\"";
        text + &format!("\n[[contrast]]\n{pair}\nminimum = 4.5\n")
    }

    fn config(&self) -> String {
        let mut text = format!(
            "[site]\nname = \"Site {}\"\nlanguage = \"{}\"\ntheme = \"base\"\n\n[build]\noutput = \"dist\"\ntargets = [\"{}\"]\ndrafts = {}\n\n[markdown]\nhighlight = {}\nheading_anchors = {}\nsmart_punctuation = {}\n",
            self.name,
            if self.german { "de" } else { "en" },
            if self.old_browsers {
                "chrome 60"
            } else {
                "chrome 120"
            },
            self.drafts,
            self.highlight,
            self.anchors,
            self.smart
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
