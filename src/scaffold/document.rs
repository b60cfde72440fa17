//! The texts of new documents: a page, a component, a node.

use std::collections::BTreeMap;

use toml_edit::Value as Toml;

use super::{Files, schema_line};
use crate::model::{Component, Page, Table, Value, key_problem};

/// What is known of a page to be written.
#[derive(Clone, Debug, Default)]
pub struct NewPage {
    /// The path of its file, relative to the site; the ending says whether it is Markdown.
    pub path: String,
    pub name: String,
    /// Where it is not the one that the path gives.
    pub route: Option<String>,
    /// Where it is not the default.
    pub layout: Option<String>,
    /// A TOML date for `metadata.date`.
    pub date: Option<String>,
    /// Whether its Markdown begins with its name as a heading.
    pub heading: bool,
    /// The component of its first block; of no use to a Markdown page.
    pub starter: Option<Starter>,
}

/// A component that can be put on a page as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    pub component: String,
    /// Whether it is to be given a `text`.
    pub has_text: bool,
}

/// The text of a page, as a draft.
pub fn page_text(page: &NewPage) -> String {
    let mut fields = format!("name = {}\n", quoted(&page.name));
    if let Some(route) = &page.route {
        fields.push_str(&format!("route = {}\n", quoted(route)));
    }
    if let Some(layout) = &page.layout {
        fields.push_str(&format!("layout = {}\n", quoted(layout)));
    }
    fields.push_str("status = \"draft\"\n");
    if let Some(date) = &page.date {
        fields.push_str(&format!("\n[metadata]\ndate = {date}\n"));
    }
    if page.path.ends_with(".md") {
        let heading = match page.heading {
            true => format!("# {}\n\n", page.name),
            false => String::new(),
        };
        return format!("+++\n{fields}+++\n\n{heading}Write here.\n");
    }
    let schema = schema_line(&page.path).unwrap_or_default();
    let blocks = match &page.starter {
        Some(starter) => {
            let props = match starter.has_text {
                true => "\n[blocks.props]\ntext = \"\"\"\nWrite here, in *Markdown*.\n\"\"\"\n",
                false => "",
            };
            format!("\n[[blocks]]\ncomponent = {}\n{props}", quoted(&starter.component))
        }
        None => "\n# Blocks are what the page shows, one after another:\n#\n# [[blocks]]\n# component = \"…\"\n# props = { title = \"…\" }\n".to_string(),
    };
    format!("{schema}{fields}{blocks}")
}

/// A component for a new page: the one of Markdown pages, else the first that asks for nothing. It
/// must be published, and have a template of its own.
pub fn starter(components: &BTreeMap<String, Component>) -> Option<Starter> {
    let usable = |component: &&Component| component.published && component.template.is_some();
    let texts = ["markdown", "prose"]
        .into_iter()
        .filter_map(|key| components.get(key))
        .filter(usable)
        .filter(|component| accepts(component, &[("text", "Text")]))
        .map(|component| (component, true));
    let plain = components
        .values()
        .filter(usable)
        .filter(|component| accepts(component, &[]))
        .map(|component| (component, false));
    texts
        .chain(plain)
        .next()
        .map(|(component, has_text)| Starter {
            component: component.key.clone(),
            has_text,
        })
}

/// Whether a component's schema allows these props.
fn accepts(component: &Component, props: &[(&str, &str)]) -> bool {
    let props: Table = props
        .iter()
        .map(|(name, text)| (name.to_string(), Value::Text(text.to_string())))
        .collect();
    let schema = Value::Table(component.props.clone()).to_json();
    jsonschema::validator_for(&schema)
        .is_ok_and(|validator| validator.is_valid(&Value::Table(props).to_json()))
}

/// What is known of a component to be written.
#[derive(Clone, Debug)]
pub struct NewComponent<'a> {
    pub key: &'a str,
    pub name: &'a str,
    /// Whether it is React code.
    pub is_react: bool,
}

/// The files of a component that is React code, which does something in the browser.
fn react_files(component: &NewComponent<'_>) -> Files {
    let NewComponent { key, name, .. } = component;
    let path = |ending: &str| format!("content/components/{key}.{ending}");
    let definition = format!(
        "{schema}name = {name}
type = \"widget\"
version = \"1.0.0\"
published = true

# What a block may give it, as a JSON Schema. The code gets these as its props.
[props]
type = \"object\"
additionalProperties = false

[props.properties.title]
type = \"string\"

[props.properties.start]
type = \"integer\"
default = 0

# When it comes to life in the browser: load, idle, visible, never, or only, which renders it nowhere else.
# Without a word, it does so at once where its code has a hook or an event handler.
# [metadata]
# hydrate = \"visible\"

[[examples]]
name = \"From three\"
props = {{ title = {name}, start = 3 }}
",
        schema = schema_line(&path("toml")).unwrap_or_default(),
        name = quoted(name),
    );
    let code = "import { useState } from \"react\";

interface Props {
  title?: string;
  start: number;
}

export default function Component({ title, start }: Props) {
  const [count, setCount] = useState(start);
  return (
    <section>
      {title && <h2>{title}</h2>}
      <button type=\"button\" onClick={() => setCount(count + 1)}>
        Counted to {count}
      </button>
    </section>
  );
}
";
    Files::from([
        (path("toml"), definition.into_bytes()),
        (path("tsx"), code.into()),
        (path("css"), component_styles(key).into_bytes()),
    ])
}

/// The files of a component: its definition with a schema and an example, its template or its React code, its
/// styles.
pub fn component_files(component: &NewComponent<'_>) -> Files {
    if component.is_react {
        return react_files(component);
    }
    let NewComponent { key, name, .. } = component;
    let path = |ending: &str| format!("content/components/{key}.{ending}");
    let definition = format!(
        "{schema}name = {name}
type = \"ui\"
version = \"1.0.0\"
published = true

# What a block may give it, as a JSON Schema. The template sees the props as `props.title`; one that
# is declared here and not given is `none`.
[props]
type = \"object\"
additionalProperties = false

[props.properties.title]
type = \"string\"

[props.properties.text]
type = \"string\"
contentMediaType = \"text/markdown\"

[[examples]]
name = \"A title and a text\"
props = {{ title = {name}, text = \"Some *text*.\" }}
",
        schema = schema_line(&path("toml")).unwrap_or_default(),
        name = quoted(name),
    );
    let template =
        "<section{% if props.title %} aria-labelledby=\"{{ block.key }}-title\"{% endif %}>
{% if props.title %}
<h2 id=\"{{ block.key }}-title\">{{ props.title }}</h2>
{% endif %}
{% if props.text %}
<div class=\"prose\">
{{ props.text }}
</div>
{% endif %}
</section>
";
    Files::from([
        (path("toml"), definition.into_bytes()),
        (path("html"), template.as_bytes().to_vec()),
        (path("css"), component_styles(key).into_bytes()),
    ])
}

/// Styles to begin with.
fn component_styles(key: &str) -> String {
    format!(
        "/* These rules reach only blocks of this component; `&` is the element around one, .rb-{key}. */
section {{
  display: grid;
  gap: 1rem;
}}
"
    )
}

/// The text of a node that has these apps.
pub fn node_text(path: &str, name: &str, apps: &[&str]) -> String {
    let apps: Vec<String> = apps.iter().map(|app| quoted(app)).collect();
    format!(
        "{schema}name = {name}
enabled_apps = [{apps}]

# Token keys and the values that they have on this node, such as \"color.primary\" = \"#0F8A6C\".
# `theme` is the colour scheme, \"dark\" or \"light\"; without it, visitors get the one they prefer.
[style_overrides]
",
        schema = schema_line(path).unwrap_or_default(),
        name = quoted(name),
        apps = apps.join(", "),
    )
}

/// A key in words: `house-rules` is `House rules`.
pub fn words(key: &str) -> String {
    let spaced = key.replace(['-', '_'], " ");
    let mut chars = spaced.trim().chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// A key like the text, where one can be made of it: `House Rules` gives `house-rules`.
pub fn suggest_key(text: &str) -> Option<String> {
    let mut key = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        let c = match c {
            'a'..='z' | '0'..='9' | '.' | '_' => c,
            _ => '-',
        };
        if c != '-' || !key.ends_with('-') {
            key.push(c);
        }
    }
    let key = key.trim_matches(['-', '.', '_']);
    (key != text && key_problem(key).is_none()).then(|| key.to_string())
}

/// Whether a page stands where its layout is the default one.
pub(super) fn other_than_default(layout: &str) -> Option<String> {
    (layout != Page::DEFAULT_LAYOUT).then(|| layout.to_string())
}

fn quoted(text: &str) -> String {
    Toml::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diag::Diagnostics;
    use crate::format::{ComponentFile, NodeFile, PageFile, read_component, read_node, read_page};

    fn no_file(_: &str) -> Result<String, String> {
        Err("there is none".into())
    }

    fn read(path: &str, text: &str) -> Page {
        let mut diagnostics = Diagnostics::new();
        let file = PageFile {
            origin: &Arc::from(path),
            app: "play",
            path_below_app: &["rules"],
            text,
            data_file: &no_file,
        };
        let page = read_page(file, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        page.expect("a page")
    }

    fn component(key: &str) -> Component {
        let files = component_files(&NewComponent {
            is_react: false,
            key,
            name: "The \"name\"",
        });
        let text = |ending: &str| {
            let bytes = files[&format!("content/components/{key}.{ending}")].clone();
            String::from_utf8(bytes).unwrap()
        };
        let mut diagnostics = Diagnostics::new();
        let file = ComponentFile {
            origin: &Arc::from(format!("content/components/{key}.toml")),
            key,
            text: &text("toml"),
            template: Some(text("html")),
            styles: Some(text("css")),
            react: None,
            data_file: &no_file,
        };
        let component = read_component(file, &mut diagnostics);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        component.expect("a component")
    }

    #[test]
    fn a_new_page_can_be_read_again() {
        let page = NewPage {
            path: "content/pages/play/rules.toml".into(),
            name: "Kate's \"rules\"".into(),
            route: Some("/rules".into()),
            layout: Some("wide".into()),
            date: Some("2026-03-01".into()),
            heading: true,
            starter: Some(Starter {
                component: "markdown".into(),
                has_text: true,
            }),
        };
        for path in [
            "content/pages/play/rules.toml",
            "content/pages/play/rules.md",
        ] {
            let page = NewPage {
                path: path.into(),
                ..page.clone()
            };
            let found = read(path, &page_text(&page));
            assert_eq!(found.name, page.name);
            assert_eq!(found.route, "/rules");
            assert_eq!(found.layout, "wide");
            assert_eq!(found.status, crate::model::Status::Draft);
            assert!(found.metadata.contains_key("date"));
            assert_eq!(found.blocks.len(), 1);
        }
        let bare = NewPage {
            path: page.path,
            name: "Rules".into(),
            ..NewPage::default()
        };
        assert!(read("x.toml", &page_text(&bare)).blocks.is_empty());
    }

    #[test]
    fn a_new_component_fits_its_own_schema_and_asks_for_nothing() {
        let component = component("quote");
        assert_eq!(component.name, "The \"name\"");
        assert_eq!(component.examples.len(), 1);
        assert!(accepts(&component, &[]));
        assert!(accepts(&component, &[("text", "x")]));
        assert!(!accepts(&component, &[("txt", "x")]));
    }

    #[test]
    fn a_page_begins_with_text_where_that_is_possible() {
        let mut components = BTreeMap::from([("quote".to_string(), component("quote"))]);
        let starting = |components: &BTreeMap<String, Component>| {
            starter(components).map(|starter| (starter.component, starter.has_text))
        };
        assert_eq!(starting(&components), Some(("quote".into(), false)));
        components.insert("markdown".into(), component("markdown"));
        assert_eq!(starting(&components), Some(("markdown".into(), true)));
        components
            .values_mut()
            .for_each(|component| component.published = false);
        assert_eq!(starting(&components), None);
    }

    #[test]
    fn a_new_node_can_be_read_again() {
        let path = "content/nodes/harbour.toml";
        let text = node_text(path, "Harbour", &["play", "work"]);
        let mut diagnostics = Diagnostics::new();
        let file = NodeFile {
            origin: &Arc::from(path),
            id: "harbour",
            text: &text,
            custom_css: None,
            custom_scripts: None,
        };
        let node = read_node(file, &mut diagnostics).expect("a node");
        assert!(diagnostics.is_empty());
        assert_eq!(node.enabled_apps, ["play", "work"]);
    }

    #[test]
    fn keys_are_suggested_where_one_can_be_made() {
        let suggested = |text| suggest_key(text).unwrap_or_default();
        assert_eq!(suggested("House Rules!"), "house-rules");
        assert_eq!(suggested("Über uns"), "ber-uns");
        assert_eq!(suggested("-x-"), "x");
        assert_eq!(suggested("fine"), "");
        assert_eq!(suggested("…"), "");
        assert_eq!(suggested("CON"), "");
    }
}
