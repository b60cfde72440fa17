//! Documents to rows: what the columns say for a document.

use super::{BlockRow, ComponentRow, NodeRow, PageRow, TokenRow};
use crate::format::json::write_json_table;
use crate::model::{Component, Node, Page, Scheme, Table, Token, Value};

/// The row of a page, with its blocks counted from 0.
pub fn page_row(page: &Page) -> PageRow {
    let blocks = page.blocks.iter().enumerate();
    PageRow {
        key: page.key.clone(),
        app: page.app.clone(),
        name: page.name.clone(),
        route: page.route.clone(),
        layout: page.layout.clone(),
        title: page.title.clone(),
        description: page.description.clone(),
        status: Some(page.status.as_str().to_string()),
        metadata: Some(write_json_table(&page.metadata)),
        blocks: blocks
            .map(|(index, block)| BlockRow {
                key: Some(block.key.clone()),
                order: i32::try_from(index).unwrap_or(i32::MAX),
                component: Some(block.component.clone()),
                zone: block.zone.clone(),
                props: Some(write_json_table(&block.props)),
                conditions: Some(write_json_table(&block.conditions)),
            })
            .collect(),
    }
}

/// The row of a component; its examples are in `metadata`.
pub fn component_row(component: &Component) -> ComponentRow {
    let metadata = match component.examples.as_slice() {
        [] => write_json_table(&component.metadata),
        examples => {
            let example = |name: &String, props: &Table| {
                Value::Table(Table::from([
                    ("name".to_string(), Value::Text(name.clone())),
                    ("props".to_string(), Value::Table(props.clone())),
                ]))
            };
            let examples = examples.iter().map(|one| example(&one.name, &one.props));
            let mut metadata = component.metadata.clone();
            metadata.insert("examples".into(), Value::Array(examples.collect()));
            write_json_table(&metadata)
        }
    };
    ComponentRow {
        key: component.key.clone(),
        name: component.name.clone(),
        kind: component.kind.clone(),
        react: component.react.clone(),
        template: component.template.clone(),
        props: Some(write_json_table(&component.props)),
        styles: component.styles.clone(),
        dependencies: Some(component.dependencies.clone().into()),
        version: Some(component.version.clone()),
        published: Some(component.published),
        preview_url: component.preview_url.clone(),
        metadata: Some(metadata),
    }
}

/// The row of a token.
pub fn token_row(token: &Token) -> TokenRow {
    TokenRow {
        key: token.key.clone(),
        category: token.category.clone(),
        value: token.value.clone(),
        description: token.description.clone(),
    }
}

/// The row of a node; its colour scheme is `theme` in `style_overrides`.
pub fn node_row(node: &Node) -> NodeRow {
    let overrides = node.style_overrides.iter();
    let mut overrides: Table = overrides
        .map(|(key, value)| (key.clone(), Value::Text(value.clone())))
        .collect();
    if node.scheme != Scheme::Auto {
        let scheme = Value::Text(node.scheme.as_str().to_string());
        overrides.insert("theme".into(), scheme);
    }
    NodeRow {
        id: node.id.clone(),
        name: node.name.clone(),
        style_overrides: Some(write_json_table(&overrides)),
        enabled_apps: Some(node.enabled_apps.clone().into()),
        custom_css: node.custom_css.clone(),
        custom_scripts: node.custom_scripts.clone(),
    }
}
