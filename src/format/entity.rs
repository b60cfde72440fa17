//! The content of an entity as one text: a JSON object, the same for the same document, by which
//! revisions hold it and digests tell it apart.
//!
//! What is a column of JSON in a row is a part of the object, byte for byte as the column would have
//! it; so a row, a file and a text of a revision say the same, or differ, by the same rules.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::write_text;
use super::row::{
    BlockRow, COMPONENTS_TABLE, ComponentRow, NODES_TABLE, NodeRow, PAGES_TABLE, PageRow,
    TOKENS_TABLE, TokenRow, component_row, node_row, page_row, read_component_row, read_node_row,
    read_page_row, read_token_row, row_origin, token_row,
};
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::model::{Documents, EntityKind};

/// The name of an entity: its kind and key.
pub type EntityName = (EntityKind, String);

/// The contents of entities by their names.
pub type Contents = BTreeMap<EntityName, String>;

/// The content of each document. Of documents with one key the last counts. Two contents are equal
/// just where the documents are the same.
pub fn contents_of(documents: &Documents) -> Contents {
    let mut contents = Contents::new();
    let pages = documents.pages.par_iter().with_min_len(16);
    let pages: Vec<(EntityName, String)> = pages
        .map(|page| {
            (
                (EntityKind::Page, page.key.clone()),
                page_text(page_row(page)),
            )
        })
        .collect();
    contents.extend(pages);
    contents.extend(documents.components.iter().map(|component| {
        let name = (EntityKind::Component, component.key.clone());
        (name, component_text(component_row(component)))
    }));
    contents.extend(documents.tokens.iter().map(|token| {
        let name = (EntityKind::Token, token.key.clone());
        (name, token_text(token_row(token)))
    }));
    contents.extend(documents.nodes.iter().map(|node| {
        let name = (EntityKind::Node, node.id.clone());
        (name, node_text(node_row(node)))
    }));
    contents
}

/// Adds the document of a content. A content comes from a row, so nothing that it says is trusted:
/// where it is none, that is reported at the row of its entity, and nothing is added.
pub fn read_content_text(
    kind: EntityKind,
    key: &str,
    text: &str,
    documents: &mut Documents,
    diagnostics: &mut Diagnostics,
) {
    let mut found = Diagnostics::new();
    let table = match kind {
        EntityKind::Page => PAGES_TABLE,
        EntityKind::Component => COMPONENTS_TABLE,
        EntityKind::Token => TOKENS_TABLE,
        EntityKind::Node => NODES_TABLE,
    };
    let key = key.to_string();
    let read = match kind {
        EntityKind::Page => serde_json::from_str(text).map(|page| {
            let page = read_page_row(row_of_page(key.clone(), page), &mut found);
            documents.pages.extend(page.filter(|_| !found.has_errors()));
        }),
        EntityKind::Component => serde_json::from_str(text).map(|component| {
            let row = row_of_component(key.clone(), component);
            let component = read_component_row(row, &mut found);
            let component = component.filter(|_| !found.has_errors());
            documents.components.extend(component);
        }),
        EntityKind::Token => serde_json::from_str(text).map(|token| {
            let token = read_token_row(row_of_token(key.clone(), token), &mut found);
            documents
                .tokens
                .extend(token.filter(|_| !found.has_errors()));
        }),
        EntityKind::Node => serde_json::from_str(text).map(|node| {
            let node = read_node_row(row_of_node(key.clone(), node), &mut found);
            documents.nodes.extend(node.filter(|_| !found.has_errors()));
        }),
    };
    diagnostics.extend(found);
    if let Err(error) = read {
        let message = format!(
            "what a revision holds of the {} `{}` is no content: {error}",
            kind.as_str(),
            key.escape_debug()
        );
        let place = Place::whole(row_origin(table, &key));
        diagnostics.push(Diagnostic::error(code::BAD_VALUE, place, message));
    }
}

/// The fields of a page, as a content has them.
#[derive(Deserialize)]
struct PageText<'a> {
    app: String,
    name: String,
    route: String,
    layout: String,
    status: String,
    title: Option<String>,
    description: Option<String>,
    #[serde(borrow)]
    metadata: &'a RawValue,
    #[serde(borrow)]
    blocks: Vec<BlockText<'a>>,
}

#[derive(Deserialize)]
struct BlockText<'a> {
    key: String,
    component: String,
    zone: String,
    #[serde(borrow)]
    props: &'a RawValue,
    #[serde(borrow)]
    conditions: &'a RawValue,
}

#[derive(Deserialize)]
struct ComponentText<'a> {
    name: String,
    r#type: String,
    version: String,
    published: bool,
    dependencies: Vec<Option<String>>,
    preview_url: Option<String>,
    template: Option<String>,
    styles: Option<String>,
    react: Option<String>,
    #[serde(borrow)]
    props: &'a RawValue,
    #[serde(borrow)]
    metadata: &'a RawValue,
}

#[derive(Deserialize)]
struct TokenText {
    category: String,
    value: String,
    description: Option<String>,
}

#[derive(Deserialize)]
struct NodeText<'a> {
    name: String,
    enabled_apps: Vec<Option<String>>,
    custom_css: Option<String>,
    custom_scripts: Option<String>,
    #[serde(borrow)]
    style_overrides: &'a RawValue,
}

fn row_of_page(key: String, page: PageText<'_>) -> PageRow {
    let blocks = page.blocks.into_iter().enumerate();
    PageRow {
        key,
        app: page.app,
        name: page.name,
        route: page.route,
        layout: page.layout,
        title: page.title,
        description: page.description,
        status: Some(page.status),
        metadata: Some(page.metadata.get().to_string()),
        blocks: blocks
            .map(|(index, block)| BlockRow {
                key: Some(block.key),
                order: i32::try_from(index).unwrap_or(i32::MAX),
                component: Some(block.component),
                zone: block.zone,
                props: Some(block.props.get().to_string()),
                conditions: Some(block.conditions.get().to_string()),
            })
            .collect(),
    }
}

fn row_of_component(key: String, component: ComponentText<'_>) -> ComponentRow {
    ComponentRow {
        key,
        name: component.name,
        kind: component.r#type,
        react: component.react,
        template: component.template,
        props: Some(component.props.get().to_string()),
        styles: component.styles,
        dependencies: Some(component.dependencies),
        version: Some(component.version),
        published: Some(component.published),
        preview_url: component.preview_url,
        metadata: Some(component.metadata.get().to_string()),
    }
}

fn row_of_token(key: String, token: TokenText) -> TokenRow {
    TokenRow {
        key,
        category: token.category,
        value: token.value,
        description: token.description,
    }
}

fn row_of_node(id: String, node: NodeText<'_>) -> NodeRow {
    NodeRow {
        id,
        name: node.name,
        style_overrides: Some(node.style_overrides.get().to_string()),
        enabled_apps: Some(node.enabled_apps),
        custom_css: node.custom_css,
        custom_scripts: node.custom_scripts,
    }
}

fn page_text(row: PageRow) -> String {
    let mut object = Object::new();
    object
        .text("app", Some(&row.app))
        .text("name", Some(&row.name))
        .text("route", Some(&row.route))
        .text("layout", Some(&row.layout))
        .text("status", row.status.as_deref())
        .text("title", row.title.as_deref())
        .text("description", row.description.as_deref())
        .json("metadata", row.metadata.as_deref())
        .list("blocks", row.blocks.iter().map(block_text));
    object.end()
}

fn block_text(row: &BlockRow) -> String {
    let mut object = Object::new();
    object
        .text("key", row.key.as_deref())
        .text("component", row.component.as_deref())
        .text("zone", Some(&row.zone))
        .json("props", row.props.as_deref())
        .json("conditions", row.conditions.as_deref());
    object.end()
}

fn component_text(row: ComponentRow) -> String {
    let mut object = Object::new();
    object
        .text("name", Some(&row.name))
        .text("type", Some(&row.kind))
        .text("version", row.version.as_deref())
        .json(
            "published",
            row.published
                .map(|flag| if flag { "true" } else { "false" }),
        )
        .texts("dependencies", row.dependencies.as_deref())
        .text("preview_url", row.preview_url.as_deref())
        .text("template", row.template.as_deref())
        .text("styles", row.styles.as_deref())
        .text("react", row.react.as_deref())
        .json("props", row.props.as_deref())
        .json("metadata", row.metadata.as_deref());
    object.end()
}

fn token_text(row: TokenRow) -> String {
    let mut object = Object::new();
    object
        .text("category", Some(&row.category))
        .text("value", Some(&row.value))
        .text("description", row.description.as_deref());
    object.end()
}

fn node_text(row: NodeRow) -> String {
    let mut object = Object::new();
    object
        .text("name", Some(&row.name))
        .texts("enabled_apps", row.enabled_apps.as_deref())
        .text("custom_css", row.custom_css.as_deref())
        .text("custom_scripts", row.custom_scripts.as_deref())
        .json("style_overrides", row.style_overrides.as_deref());
    object.end()
}

/// A JSON object that is being written; what is `None` is left out.
struct Object {
    out: String,
}

impl Object {
    fn new() -> Object {
        Object {
            out: String::from("{"),
        }
    }

    fn name(&mut self, name: &str) {
        if self.out.len() > 1 {
            self.out.push_str(", ");
        }
        write_text(&mut self.out, name);
        self.out.push_str(": ");
    }

    fn text(&mut self, name: &str, text: Option<&str>) -> &mut Object {
        if let Some(text) = text {
            self.name(name);
            write_text(&mut self.out, text);
        }
        self
    }

    /// A part that is JSON already.
    fn json(&mut self, name: &str, json: Option<&str>) -> &mut Object {
        if let Some(json) = json {
            self.name(name);
            self.out.push_str(json);
        }
        self
    }

    fn list(&mut self, name: &str, items: impl Iterator<Item = String>) -> &mut Object {
        self.name(name);
        self.out.push('[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            self.out.push_str(&item);
        }
        self.out.push(']');
        self
    }

    fn texts(&mut self, name: &str, texts: Option<&[Option<String>]>) -> &mut Object {
        let texts = texts.unwrap_or_default().iter();
        self.list(
            name,
            texts.map(|text| match text {
                Some(text) => {
                    let mut out = String::new();
                    write_text(&mut out, text);
                    out
                }
                None => "null".to_string(),
            }),
        )
    }

    fn end(mut self) -> String {
        self.out.push('}');
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample;

    fn read_all(contents: &Contents) -> Documents {
        let mut documents = Documents::default();
        let mut diagnostics = Diagnostics::new();
        for ((kind, key), text) in contents {
            read_content_text(*kind, key, text, &mut documents, &mut diagnostics);
        }
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        documents
    }

    #[test]
    fn a_content_gives_its_document_back_and_equal_ones_are_the_same() {
        for seed in 0..400 {
            let documents = sample::documents(seed);
            let contents = contents_of(&documents);
            let read = read_all(&contents);
            assert_eq!(contents_of(&read), contents, "seed {seed}");
            let differences = crate::compare::compare(&documents, &read);
            assert_eq!(differences, [], "seed {seed}");
            let edited = sample::edited(&documents, seed);
            let changed = contents_of(&edited);
            let differ: Vec<&EntityName> = contents
                .keys()
                .chain(changed.keys().filter(|name| !contents.contains_key(*name)))
                .filter(|name| contents.get(*name) != changed.get(*name))
                .collect();
            let told = crate::compare::compare(&documents, &edited);
            assert_eq!(differ.len(), told.len(), "seed {seed}");
        }
    }

    #[test]
    fn what_is_no_content_is_reported() {
        for text in ["", "{}", "[1]", "{\"app\": 1}", "{\"value\": \"x\"", "nul"] {
            for kind in EntityKind::ALL {
                let mut documents = Documents::default();
                let mut diagnostics = Diagnostics::new();
                read_content_text(kind, "x", text, &mut documents, &mut diagnostics);
                assert!(diagnostics.has_errors(), "{text}");
                assert!(documents.is_empty());
            }
        }
    }
}
