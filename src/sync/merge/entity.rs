//! A content file as one tree of values, whatever kind of document it is, and back.

use std::collections::{BTreeMap, BTreeSet};

use super::reading::{Document, Tokens};
use crate::model::{
    Block, Component, Example, Node, Page, Scheme, Status, Table, TextList, Token, Value,
};

/// Members by key, in order.
pub(super) type Members = Vec<(String, Table)>;

/// What a file says: fields, and members that have keys and an order.
#[derive(Clone, Debug, Default)]
pub(super) struct Entity {
    pub fields: Table,
    pub members: Members,
    /// What the members are called: `blocks`.
    pub member_name: &'static str,
    /// The keys of the members that have them by their number alone.
    pub unnamed: BTreeSet<String>,
}

/// The fields of a document. What every document of its kind has is there even where it is empty, so
/// that emptying it is no deletion.
pub(super) fn entity(document: &Document) -> Entity {
    match document {
        Document::Page(page) => page_entity(page),
        Document::Component(component) => component_entity(component),
        Document::Tokens(tokens) => tokens_entity(&tokens.tokens),
        Document::Node(node) => node_entity(node),
    }
}

/// The document that says what an entity says; the rest (where it is, and what other files say of it)
/// is that of `like`. `None` where a field is missing that every such document has.
pub(super) fn document(entity: Entity, like: &Document) -> Option<Document> {
    let Entity {
        fields, members, ..
    } = entity;
    match like {
        Document::Page(like) => page(fields, members, like).map(Document::Page),
        Document::Component(like) => component(fields, members, like).map(Document::Component),
        Document::Tokens(like) => tokens(fields, like).map(Document::Tokens),
        Document::Node(like) => node(fields, like).map(Document::Node),
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

fn put(fields: &mut Table, name: &str, value: impl Into<Option<Value>>) {
    if let Some(value) = value.into() {
        fields.insert(name.to_string(), value);
    }
}

fn list(texts: &TextList) -> Value {
    let elements = texts.elements().iter();
    Value::Array(
        elements
            .map(|one| one.as_deref().map_or(Value::Null, text))
            .collect(),
    )
}

fn take_text(fields: &mut Table, name: &str) -> Option<String> {
    match fields.remove(name)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn take_table(fields: &mut Table, name: &str) -> Option<Table> {
    match fields.remove(name)? {
        Value::Table(table) => Some(table),
        _ => None,
    }
}

fn take_list(fields: &mut Table, name: &str) -> Option<TextList> {
    let Value::Array(items) = fields.remove(name)? else {
        return None;
    };
    Some(
        items
            .into_iter()
            .map(|item| match item {
                Value::Text(text) => Some(text),
                _ => None,
            })
            .collect(),
    )
}

fn page_entity(page: &Page) -> Entity {
    let mut fields = Table::new();
    put(&mut fields, "name", text(&page.name));
    put(&mut fields, "route", text(&page.route));
    put(&mut fields, "layout", text(&page.layout));
    put(&mut fields, "status", text(page.status.as_str()));
    put(&mut fields, "title", page.title.as_deref().map(text));
    let description = page.description.as_deref();
    put(&mut fields, "description", description.map(text));
    put(&mut fields, "metadata", Value::Table(page.metadata.clone()));
    let members = page.blocks.iter().map(|block| {
        let mut fields = Table::new();
        put(&mut fields, "component", text(&block.component));
        put(&mut fields, "zone", text(&block.zone));
        put(&mut fields, "props", Value::Table(block.props.clone()));
        let conditions = block.conditions.clone();
        put(&mut fields, "conditions", Value::Table(conditions));
        (block.key.clone(), fields)
    });
    Entity {
        fields,
        members: members.collect(),
        member_name: "blocks",
        ..Entity::default()
    }
}

fn page(mut fields: Table, members: Members, like: &Page) -> Option<Page> {
    let mut blocks = Vec::with_capacity(members.len());
    for (key, mut fields) in members {
        blocks.push(Block {
            key,
            component: take_text(&mut fields, "component")?,
            zone: take_text(&mut fields, "zone")?,
            props: take_table(&mut fields, "props")?,
            conditions: take_table(&mut fields, "conditions")?,
        });
    }
    Some(Page {
        origin: like.origin.clone(),
        key: like.key.clone(),
        app: like.app.clone(),
        name: take_text(&mut fields, "name")?,
        route: take_text(&mut fields, "route")?,
        layout: take_text(&mut fields, "layout")?,
        status: Status::parse(&take_text(&mut fields, "status")?)?,
        title: take_text(&mut fields, "title"),
        description: take_text(&mut fields, "description"),
        metadata: take_table(&mut fields, "metadata")?,
        blocks,
    })
}

fn component_entity(component: &Component) -> Entity {
    let mut fields = Table::new();
    put(&mut fields, "name", text(&component.name));
    put(&mut fields, "type", text(&component.kind));
    put(&mut fields, "version", text(&component.version));
    put(&mut fields, "published", Value::Bool(component.published));
    put(&mut fields, "dependencies", list(&component.dependencies));
    let preview_url = component.preview_url.as_deref();
    put(&mut fields, "preview_url", preview_url.map(text));
    put(&mut fields, "props", Value::Table(component.props.clone()));
    let metadata = component.metadata.clone();
    put(&mut fields, "metadata", Value::Table(metadata));
    let members = component.examples.iter().map(|example| {
        let props = Value::Table(example.props.clone());
        let fields = Table::from([("props".to_string(), props)]);
        (example.name.clone(), fields)
    });
    Entity {
        fields,
        members: members.collect(),
        member_name: "examples",
        ..Entity::default()
    }
}

fn component(mut fields: Table, members: Members, like: &Component) -> Option<Component> {
    let mut examples = Vec::with_capacity(members.len());
    for (name, mut fields) in members {
        let props = take_table(&mut fields, "props")?;
        examples.push(Example { name, props });
    }
    let published = match fields.remove("published")? {
        Value::Bool(published) => published,
        _ => return None,
    };
    Some(Component {
        name: take_text(&mut fields, "name")?,
        kind: take_text(&mut fields, "type")?,
        version: take_text(&mut fields, "version")?,
        published,
        dependencies: take_list(&mut fields, "dependencies")?,
        preview_url: take_text(&mut fields, "preview_url"),
        props: take_table(&mut fields, "props")?,
        metadata: take_table(&mut fields, "metadata")?,
        examples,
        ..like.clone()
    })
}

fn tokens_entity(tokens: &[Token]) -> Entity {
    let fields = tokens.iter().map(|token| {
        let mut fields = Table::new();
        put(&mut fields, "value", text(&token.value));
        let description = token.description.as_deref();
        put(&mut fields, "description", description.map(text));
        (token.key.clone(), Value::Table(fields))
    });
    Entity {
        fields: fields.collect(),
        ..Entity::default()
    }
}

fn tokens(fields: Table, like: &Tokens) -> Option<Tokens> {
    let mut tokens = Vec::with_capacity(fields.len());
    for (key, value) in fields {
        let Value::Table(mut fields) = value else {
            return None;
        };
        tokens.push(Token {
            origin: like.path.as_str().into(),
            key,
            category: like.category.clone(),
            value: take_text(&mut fields, "value")?,
            description: take_text(&mut fields, "description"),
        });
    }
    Some(Tokens {
        tokens,
        ..like.clone()
    })
}

fn node_entity(node: &Node) -> Entity {
    let mut fields = Table::new();
    put(&mut fields, "name", text(&node.name));
    put(&mut fields, "enabled_apps", list(&node.enabled_apps));
    let overrides = node.style_overrides.iter();
    let mut overrides: Table = overrides
        .map(|(key, value)| (key.clone(), text(value)))
        .collect();
    let scheme = (node.scheme != Scheme::Auto).then(|| text(node.scheme.as_str()));
    put(&mut overrides, "theme", scheme);
    put(&mut fields, "style_overrides", Value::Table(overrides));
    Entity {
        fields,
        ..Entity::default()
    }
}

fn node(mut fields: Table, like: &Node) -> Option<Node> {
    let mut overrides = take_table(&mut fields, "style_overrides")?;
    let scheme = match take_text(&mut overrides, "theme").as_deref() {
        None => Scheme::Auto,
        Some("dark") => Scheme::Dark,
        Some("light") => Scheme::Light,
        Some(_) => return None,
    };
    let mut style_overrides = BTreeMap::new();
    for (key, value) in overrides {
        style_overrides.insert(key, value.as_text()?.to_string());
    }
    Some(Node {
        name: take_text(&mut fields, "name")?,
        enabled_apps: take_list(&mut fields, "enabled_apps")?,
        scheme,
        style_overrides,
        ..like.clone()
    })
}
