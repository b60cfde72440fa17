//! Nodes: `content/nodes/<node_id>.toml` with its siblings `.css` and `.js`.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::fields::{Fields, check};
use super::reader::{Reader, type_name};
use super::rules::{ANY, KEY, KEY_100};
use super::shape;
use crate::diag::{Diagnostic, Diagnostics, code, did_you_mean};
use crate::model::{Node, Scheme};

/// The files of a node.
pub struct NodeFile<'a> {
    /// The path of the `.toml`.
    pub origin: &'a Arc<str>,
    pub id: &'a str,
    pub text: &'a str,
    /// The text of `<node_id>.css`.
    pub custom_css: Option<String>,
    /// The text of `<node_id>.js`.
    pub custom_scripts: Option<String>,
}

/// Reads a node; `None` where it is no TOML; another mistake costs only the
/// field that has it, so that one run finds those of other kinds as well.
pub fn read_node(file: NodeFile<'_>, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut reader = Reader::new(file.origin, file.text, diagnostics);
    reader.check_name("node id", &KEY_100, file.id);
    let sheet = reader.parse()?;
    check(&mut reader, &shape::NODE, sheet.root());
    let fields = Fields::new(&shape::NODE, sheet.root());
    let overrides = fields
        .get("style_overrides")
        .and_then(|value| value.as_ref().as_table());
    let (scheme, style_overrides) = match overrides {
        Some(table) => read_overrides(&mut reader, table),
        None => Default::default(),
    };
    reader.check_sibling(file.custom_css.as_deref(), Some("css"));
    reader.check_sibling(file.custom_scripts.as_deref(), Some("js"));
    let node = Node {
        origin: file.origin.clone(),
        id: file.id.to_string(),
        name: fields.needed_text("name"),
        enabled_apps: fields.text_list("enabled_apps"),
        scheme,
        style_overrides,
        custom_css: file.custom_css,
        custom_scripts: file.custom_scripts,
    };
    Some(node)
}

/// The colour scheme that `theme` names, or a message and a hint.
pub(super) fn scheme(theme: &str) -> Result<Scheme, (String, String)> {
    match theme {
        "dark" => Ok(Scheme::Dark),
        "light" => Ok(Scheme::Light),
        other => Err((
            format!("`{}` is no `theme`: dark, light", other.escape_debug()),
            did_you_mean(other, ["dark", "light"])
                .unwrap_or_else(|| "leave it out for what the visitor prefers".into()),
        )),
    }
}

fn read_overrides(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
) -> (Scheme, BTreeMap<String, String>) {
    let mut chosen = Scheme::default();
    let mut overrides = BTreeMap::new();
    for (key, value) in table {
        let name: &str = key.as_ref();
        let DeValue::String(text) = value.as_ref() else {
            let hint = match value.as_ref() {
                DeValue::Table(inner) => Some(format!(
                    "quote the whole token key: `\"{}\" = \"…\"`",
                    first_leaf(name, inner)
                )),
                DeValue::Integer(_) | DeValue::Float(_) => {
                    Some("put the number into quotes".into())
                }
                _ => None,
            };
            let message = format!(
                "`{}`: expected a string, found {}",
                name.escape_debug(),
                type_name(value.as_ref())
            );
            let place = reader.place(value.span());
            reader.report(Diagnostic::error(code::WRONG_TYPE, place, message).hint_if(hint));
            continue;
        };
        if name == "theme" {
            match scheme(text) {
                Ok(named) => chosen = named,
                Err((message, hint)) => {
                    let place = reader.place(value.span());
                    reader.report(Diagnostic::error(code::BAD_VALUE, place, message).hint(hint));
                }
            }
            continue;
        }
        reader.check_text("token key", &KEY, name, key.span());
        reader.check_text(name, &ANY, text, value.span());
        overrides.insert(name.to_string(), text.to_string());
    }
    (chosen, overrides)
}

/// The path to the first value below a table, as one key with dots.
fn first_leaf(name: &str, table: &DeTable<'_>) -> String {
    let mut path = name.to_string();
    let mut table = table;
    while let Some((key, value)) = table.iter().next() {
        path.push('.');
        path.push_str(key.as_ref());
        match value.as_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    path
}
