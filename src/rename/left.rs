//! Places that still say the old key, or may mean what it meant: nobody can know, so they are told and
//! left alone.

use std::ops::Range;

use super::documents::name_in_css;
use super::text::goes_on;
use super::{Renaming, Use, What};
use crate::diag::{FieldPath, Spot};
use crate::format::{PAGES, Texts, below, locate};
use crate::model::{Component, Documents, Page, Table, Value};

/// What is looked for in a text.
struct Needle {
    text: String,
    /// Whether what stands around it may not make a longer name of it.
    whole: bool,
    /// The endings of the files that are looked into.
    endings: &'static [&'static str],
}

const TEMPLATES: &[&str] = &["html", "js", "tsx", "jsx"];
const STYLED: &[&str] = &["html", "js", "tsx", "jsx", "css", "md", "toml"];

/// The places in the texts as they will be, sorted by path and line.
pub fn left(
    renaming: &Renaming,
    texts: &Texts,
    documents: &Documents,
    old_route: Option<&str>,
) -> Vec<Use> {
    let mut found = Vec::new();
    let needles = needles(renaming, old_route);
    let aliases = own_aliases(renaming, texts, documents);
    for (path, text) in texts {
        let ending = path.rsplit('.').next().unwrap_or_default();
        for needle in needles.iter().filter(|one| one.endings.contains(&ending)) {
            for (at, _) in text.match_indices(&needle.text) {
                let is_own = aliases
                    .as_ref()
                    .is_some_and(|(file, range)| file == path && range.contains(&at));
                if !is_own && (!needle.whole || is_whole(text, at, &needle.text)) {
                    found.push(place(path, text, at));
                }
            }
        }
    }
    if matches!(renaming.what, What::Page | What::Node | What::Component) {
        for page in &documents.pages {
            in_props(page, &renaming.old, texts, &mut found);
        }
    }
    if renaming.what == What::Component {
        for component in &documents.components {
            in_dependencies(component, &renaming.old, texts, &mut found);
        }
    }
    found.sort();
    found.dedup_by(|a, b| (&a.path, a.line) == (&b.path, b.line));
    found
}

/// Where the page that is renamed has its aliases: the old route is there on purpose.
fn own_aliases(
    renaming: &Renaming,
    texts: &Texts,
    documents: &Documents,
) -> Option<(String, Range<usize>)> {
    let mut pages = documents.pages.iter();
    let page = pages.find(|page| renaming.what == What::Page && page.key == renaming.new)?;
    page.metadata.get("aliases")?;
    let path = page.origin.to_string();
    let field = FieldPath::from("metadata").then("aliases");
    let range = locate(&path, texts.get(&path)?, &Spot::Value(field))?;
    Some((path, range))
}

fn needles(renaming: &Renaming, old_route: Option<&str>) -> Vec<Needle> {
    let quoted = |text: &str, endings| {
        ['"', '\''].map(|quote| Needle {
            text: format!("{quote}{text}{quote}"),
            whole: false,
            endings,
        })
    };
    let whole = |text: String, endings| Needle {
        text,
        whole: true,
        endings,
    };
    let old = renaming.old.as_str();
    let mut needles = Vec::new();
    match &renaming.what {
        What::Page => {
            needles.extend(quoted(old, TEMPLATES));
            // The route of a start page is a part of every other.
            let route = old_route.filter(|route| *route != "/");
            needles.extend(route.map(|route| whole(route.to_string(), STYLED)));
        }
        What::Block { .. } => needles.push(whole(format!("#{old}"), STYLED)),
        What::Component => {
            needles.extend(quoted(old, TEMPLATES));
            needles.extend(quoted(&format!("components/{old}.html"), TEMPLATES));
            needles.push(whole(format!("rb-{old}"), STYLED));
        }
        What::Token => {
            needles.extend(quoted(old, TEMPLATES));
            needles.extend(name_in_css(renaming).map(|name| whole(name.old, STYLED)));
        }
        What::Node => needles.extend(quoted(old, TEMPLATES)),
    }
    needles
}

/// Whether a name is no part of a longer one, or of a longer path.
fn is_whole(text: &str, at: usize, name: &str) -> bool {
    let before = text[..at].chars().next_back();
    let mut behind = text[at + name.len()..].chars();
    let next = behind.next();
    let is_file = next == Some('.') && behind.next().is_some_and(goes_on);
    let goes_on = |c: char| goes_on(c) || c == '/';
    !before.is_some_and(goes_on) && !next.is_some_and(goes_on) && !is_file
}

fn place(path: &str, text: &str, at: usize) -> Use {
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    Use {
        path: path.to_string(),
        line: before.matches('\n').count() + 1,
        column: before[start..].chars().count() + 1,
        text: line.trim().to_string(),
    }
}

/// Free-form values of a page that are just the old key.
fn in_props(page: &Page, old: &str, texts: &Texts, found: &mut Vec<Use>) {
    let path = &*page.origin;
    let Some(text) = texts.get(path).filter(|_| below(path, PAGES).is_some()) else {
        return;
    };
    let mut fields = Vec::new();
    search(
        &page.metadata,
        old,
        &FieldPath::from("metadata"),
        &mut fields,
    );
    if path.ends_with(".toml") {
        for (index, block) in page.blocks.iter().enumerate() {
            let field = FieldPath::from("blocks").then(index).then("props");
            search(&block.props, old, &field, &mut fields);
        }
    }
    for field in fields {
        if let Some(range) = locate(path, text, &Spot::Value(field)) {
            found.push(place(path, text, range.start));
        }
    }
}

/// What a component depends on is a note: rbgen does not know what it names.
fn in_dependencies(component: &Component, old: &str, texts: &Texts, found: &mut Vec<Use>) {
    let path = &*component.origin;
    let named = component.dependencies.indexed();
    for (index, _) in named.filter(|(_, name)| *name == old) {
        let field = FieldPath::from("dependencies").then(index);
        let text = texts.get(path);
        let range = text.and_then(|text| locate(path, text, &Spot::Value(field)));
        if let (Some(text), Some(range)) = (text, range) {
            found.push(place(path, text, range.start));
        }
    }
}

fn search(table: &Table, old: &str, field: &FieldPath, found: &mut Vec<FieldPath>) {
    for (key, value) in table {
        search_value(value, old, field.then(key.as_str()), found);
    }
}

fn search_value(value: &Value, old: &str, field: FieldPath, found: &mut Vec<FieldPath>) {
    match value {
        Value::Text(text) if text == old => found.push(field),
        Value::Table(table) => search(table, old, &field, found),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                search_value(item, old, field.then(index), found);
            }
        }
        _ => {}
    }
}
