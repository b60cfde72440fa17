//! Rows: what the tables of the database say, as plain texts, and the documents that they are.
//!
//! A row is held to what a file is held to, by the same rules. What is wrong is placed at
//! `<table>/<key>`, in the fields of the document; messages name the column.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use crate::diag::{FieldPath, Place, Spot, Step};

pub use read::{read_component_row, read_node_row, read_page_row, read_token_row};
pub use write::{component_row, node_row, page_row, token_row};

/// The table of pages.
pub const PAGES_TABLE: &str = "robbieblocks_pages";
/// The table of blocks.
pub const BLOCKS_TABLE: &str = "robbieblocks_page_blocks";
/// The table of components.
pub const COMPONENTS_TABLE: &str = "robbieblocks_components";
/// The table of tokens.
pub const TOKENS_TABLE: &str = "robbieblocks_style_tokens";
/// The table of nodes.
pub const NODES_TABLE: &str = "robbieblocks_node_branding";

/// A row of `robbieblocks_pages` with its blocks. JSON columns are their `jsonb::text`; `None` is
/// `NULL` everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRow {
    pub key: String,
    pub app: String,
    pub name: String,
    pub route: String,
    pub layout: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub status: Option<String>,
    pub metadata: Option<String>,
    /// In the order of `block_order`.
    pub blocks: Vec<BlockRow>,
}

/// A row of `robbieblocks_page_blocks`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockRow {
    pub key: Option<String>,
    /// `block_order`.
    pub order: i32,
    /// The key of the component that `component_id` names; `None` where that is `NULL`.
    pub component: Option<String>,
    pub zone: String,
    pub props: Option<String>,
    pub conditions: Option<String>,
}

/// A row of `robbieblocks_components`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComponentRow {
    pub key: String,
    pub name: String,
    pub kind: String,
    pub react: Option<String>,
    pub template: Option<String>,
    /// `props_schema`.
    pub props: Option<String>,
    pub styles: Option<String>,
    pub dependencies: Option<Vec<Option<String>>>,
    pub version: Option<String>,
    pub published: Option<bool>,
    pub preview_url: Option<String>,
    /// With the examples of the component in `examples`.
    pub metadata: Option<String>,
}

/// A row of `robbieblocks_style_tokens`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRow {
    pub key: String,
    pub category: String,
    pub value: String,
    pub description: Option<String>,
}

/// A row of `robbieblocks_node_branding`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeRow {
    pub id: String,
    pub name: String,
    pub style_overrides: Option<String>,
    pub enabled_apps: Option<Vec<Option<String>>>,
    pub custom_css: Option<String>,
    pub custom_scripts: Option<String>,
}

/// Where a field of a document has another name in its table.
const COLUMNS: &[(&str, &str, &str)] = &[
    (PAGES_TABLE, "key", "page_key"),
    (PAGES_TABLE, "app", "app_namespace"),
    (PAGES_TABLE, "name", "page_name"),
    (PAGES_TABLE, "route", "page_route"),
    (PAGES_TABLE, "layout", "layout_template"),
    (PAGES_TABLE, "title", "meta_title"),
    (PAGES_TABLE, "description", "meta_description"),
    (BLOCKS_TABLE, "key", "block_key"),
    (BLOCKS_TABLE, "order", "block_order"),
    (BLOCKS_TABLE, "component", "component_id"),
    (COMPONENTS_TABLE, "key", "component_key"),
    (COMPONENTS_TABLE, "name", "component_name"),
    (COMPONENTS_TABLE, "type", "component_type"),
    (COMPONENTS_TABLE, "kind", "component_type"),
    (COMPONENTS_TABLE, "react", "react_code"),
    (COMPONENTS_TABLE, "props", "props_schema"),
    (COMPONENTS_TABLE, "styles", "css_styles"),
    (COMPONENTS_TABLE, "published", "is_published"),
    (COMPONENTS_TABLE, "examples", "metadata"),
    (TOKENS_TABLE, "key", "token_key"),
    (TOKENS_TABLE, "category", "token_category"),
    (TOKENS_TABLE, "value", "default_value"),
    (NODES_TABLE, "id", "node_id"),
    (NODES_TABLE, "name", "node_name"),
];

/// The column that holds a field of a document: for `robbieblocks_pages` and `route`, `page_route`.
pub fn column<'f>(table: &str, field: &'f str) -> &'f str {
    let found = COLUMNS
        .iter()
        .find(|(of, name, _)| *of == table && *name == field);
    found.map_or(field, |(_, _, column)| column)
}

/// Where a spot in a row is, in the words of the tables: `robbieblocks_pages/home, page_route`; for a
/// block of the page its number and column. `None` where the place is no row.
pub fn row_place(place: &Place) -> Option<String> {
    let (table, _) = place.path.split_once('/')?;
    if ![PAGES_TABLE, COMPONENTS_TABLE, TOKENS_TABLE, NODES_TABLE].contains(&table) {
        return None;
    }
    let path = &place.path;
    let field = match &place.spot {
        Spot::Key(field) | Spot::Value(field) => field.0.as_slice(),
        Spot::Whole | Spot::Span(..) => &[],
    };
    let inside = |table: &str, steps: &[Step]| match steps {
        [Step::Key(first), rest @ ..] => {
            let field = FieldPath([&[Step::from(column(table, first))], rest].concat());
            format!(", {field}")
        }
        _ => String::new(),
    };
    Some(match field {
        [Step::Key(blocks), Step::Index(index), rest @ ..] if blocks == "blocks" => {
            format!("{path}, block {}{}", index + 1, inside(BLOCKS_TABLE, rest))
        }
        steps => format!("{path}{}", inside(table, steps)),
    })
}

/// The path by which diagnostics name a row: `<table>/<key>`, the key without control characters.
pub fn row_origin(table: &str, key: &str) -> Arc<str> {
    let mut path = format!("{table}/");
    for c in key.chars() {
        match c.is_control() {
            true => path.extend(c.escape_default()),
            false => path.push(c),
        }
    }
    Arc::from(path)
}
