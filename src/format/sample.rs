//! Documents made from a number, for tests: valid, and as nasty as valid documents can be.
//!
//! The same number gives the same documents. They name only components that are among them.

mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use values::{deep, filled, free_key, long_text, part, short, value};
pub use values::{key, table, text};

use super::value::MAX_DEPTH;
use crate::model::{
    Block, Component, Documents, Example, Node, Page, Scheme, Status, Table, TextList, Token, Value,
};

/// Numbers that look random, each from the one before (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below another, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.roll() % end as u64) as usize
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Dice) -> T) -> Option<T> {
        (!self.one_in(3)).then(|| make(self))
    }
}

/// A few documents of every kind.
pub fn documents(seed: u64) -> Documents {
    let dice = &mut Dice::new(seed);
    let mut components = vec![component(dice, "markdown".into())];
    let mut taken = BTreeSet::from(["markdown".to_string()]);
    for _ in 0..dice.below(4) {
        let key = key(dice, 60);
        if taken.insert(key.clone()) {
            components.push(component(dice, key));
        }
    }
    let known: Vec<String> = taken.into_iter().collect();
    let mut taken = BTreeSet::new();
    let mut pages = Vec::new();
    for _ in 0..dice.below(6) {
        let key = key(dice, 80);
        if taken.insert(key.clone()) {
            pages.push(page(dice, key, &known));
        }
    }
    let mut taken = BTreeSet::new();
    let mut tokens = Vec::new();
    for _ in 0..dice.below(10) {
        let key = token_key(dice);
        if taken.insert(key.clone()) {
            tokens.push(token(dice, key));
        }
    }
    let mut taken = BTreeSet::new();
    let mut nodes = Vec::new();
    for _ in 0..dice.below(3) {
        let id = key(dice, 40);
        if taken.insert(id.clone()) {
            nodes.push(node(dice, id));
        }
    }
    Documents {
        pages,
        components,
        tokens,
        nodes,
    }
}

/// The same documents after some edits: fields changed, blocks added, moved and removed, documents
/// added and removed.
pub fn edited(documents: &Documents, seed: u64) -> Documents {
    let dice = &mut Dice::new(seed);
    let mut out = documents.clone();
    let other = self::documents(dice.roll());
    let known: Vec<String> = out.components.iter().map(|one| one.key.clone()).collect();
    for page in &mut out.pages {
        for _ in 0..dice.below(4) {
            edit_page(dice, page, &known);
        }
    }
    for component in &mut out.components {
        if !dice.one_in(3) {
            continue;
        }
        let new = self::component(dice, component.key.clone());
        match dice.below(9) {
            0 => component.name = new.name,
            1 => edit_table(dice, &mut component.props),
            2 => edit_table(dice, &mut component.metadata),
            3 => {
                component.examples = new.examples;
                component.metadata.remove("examples");
            }
            4 => component.template = new.template,
            5 => component.styles = new.styles,
            6 => component.react = new.react,
            7 => component.dependencies = new.dependencies,
            _ => *component = new,
        }
        if component.metadata.contains_key("examples") {
            component.examples.clear();
        }
    }
    for token in &mut out.tokens {
        let new = self::token(dice, token.key.clone());
        match dice.below(8) {
            0 => token.value = new.value,
            1 => token.description = new.description,
            2 => token.category = new.category,
            _ => {}
        }
    }
    for node in &mut out.nodes {
        let new = self::node(dice, node.id.clone());
        match dice.below(6) {
            0 => node.style_overrides = new.style_overrides,
            1 => node.enabled_apps = new.enabled_apps,
            2 => node.custom_css = new.custom_css,
            3 => *node = new,
            _ => {}
        }
    }
    out.pages.retain(|_| !dice.one_in(8));
    out.tokens.retain(|_| !dice.one_in(8));
    out.nodes.retain(|_| !dice.one_in(8));
    for mut page in other.pages {
        page.blocks.retain(|block| known.contains(&block.component));
        if out.pages.iter().all(|one| one.key != page.key) && dice.one_in(3) {
            out.pages.push(page);
        }
    }
    for token in other.tokens {
        if out.tokens.iter().all(|one| one.key != token.key) && dice.one_in(3) {
            out.tokens.push(token);
        }
    }
    out
}

fn edit_page(dice: &mut Dice, page: &mut Page, known: &[String]) {
    let new = self::page(dice, page.key.clone(), known);
    match dice.below(14) {
        0 => page.name = new.name,
        1 => page.title = new.title,
        2 => page.description = new.description,
        3 => page.status = new.status,
        4 => page.layout = new.layout,
        5 => page.route = new.route,
        6 => (page.app, page.route) = (new.app, new.route),
        7 => edit_table(dice, &mut page.metadata),
        8 => page.blocks = new.blocks,
        9 if page.blocks.len() > 1 => {
            let block = page.blocks.remove(dice.below(page.blocks.len()));
            let at = dice.below(page.blocks.len() + 1);
            page.blocks.insert(at, block);
        }
        10 if !page.blocks.is_empty() => {
            page.blocks.remove(dice.below(page.blocks.len()));
        }
        11 => {
            let at = dice.below(page.blocks.len() + 1);
            let mut block = self::block(dice, known);
            while page.blocks.iter().any(|other| other.key == block.key) {
                block.key.push('x');
            }
            page.blocks.insert(at, block);
        }
        _ if !page.blocks.is_empty() => {
            let at = dice.below(page.blocks.len());
            let block = &mut page.blocks[at];
            match dice.below(3) {
                0 => block.conditions = conditions(dice),
                1 => block.zone = key(dice, 20),
                _ => edit_table(dice, &mut block.props),
            }
        }
        _ => {}
    }
}

fn edit_table(dice: &mut Dice, table: &mut Table) {
    for _ in 0..=dice.below(3) {
        let keys: Vec<String> = table.keys().cloned().collect();
        match dice.below(4) {
            0 => {
                let (key, value) = (free_key(dice), value(dice, 3));
                if key != "examples" {
                    table.insert(key, value);
                }
            }
            1 if !keys.is_empty() => {
                table.remove(dice.pick(&keys));
            }
            _ if !keys.is_empty() => {
                let key = dice.pick(&keys).clone();
                match table.get_mut(&key) {
                    Some(Value::Table(inner)) => edit_table(dice, inner),
                    Some(Value::Array(items)) if !items.is_empty() => {
                        let at = dice.below(items.len());
                        match dice.below(3) {
                            0 => {
                                items.remove(at);
                            }
                            1 => items.insert(at, value(dice, 2)),
                            _ => items[at] = value(dice, 2),
                        }
                    }
                    Some(other) if key != "examples" => *other = value(dice, 3),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// A page of that key whose blocks use known components.
pub fn page(dice: &mut Dice, page_key: String, components: &[String]) -> Page {
    let app = dice
        .pick(&["play", "work", "code", "shared", "a.toml"])
        .to_string();
    let route = match dice.below(5) {
        0 => format!("/{app}/{page_key}"),
        1 => format!("/{app}/guides/{page_key}"),
        2 => format!("/{app}/{page_key}/x.toml/{page_key}"),
        3 => format!("/{app}/\u{fc}ber uns/{page_key}"),
        _ => format!("/else/{page_key}\u{1f600}"),
    };
    let blocks = match dice.below(4) {
        0 => vec![Block {
            key: "body".into(),
            component: "markdown".into(),
            zone: Block::DEFAULT_ZONE.into(),
            props: Table::from([("text".into(), Value::Text(long_text(dice)))]),
            conditions: Table::new(),
        }],
        _ => {
            let mut blocks: Vec<Block> = Vec::new();
            for _ in 0..dice.below(6) {
                let block = block(dice, components);
                if blocks.iter().all(|other| other.key != block.key) {
                    blocks.push(block);
                }
            }
            blocks
        }
    };
    Page {
        origin: Arc::from("sample"),
        app,
        name: filled(dice, 200),
        route,
        layout: match dice.one_in(2) {
            true => Page::DEFAULT_LAYOUT.into(),
            false => key(dice, 30),
        },
        status: *dice.pick(&[Status::Draft, Status::Published, Status::Archived]),
        title: dice.maybe(|dice| short(dice, 200)),
        description: dice.maybe(text),
        metadata: table(dice, 3),
        blocks,
        key: page_key,
    }
}

fn block(dice: &mut Dice, components: &[String]) -> Block {
    let component = dice.pick(components).clone();
    let key = match dice.below(4) {
        0 => key(dice, 40),
        1 => component.clone(),
        number => format!("{component}-{number}"),
    };
    let zone = dice
        .pick(&["main", "main", "sidebar", "header"])
        .to_string();
    Block {
        key,
        component,
        zone,
        props: match dice.one_in(12) {
            true => deep(dice, MAX_DEPTH),
            false => table(dice, 3),
        },
        conditions: conditions(dice),
    }
}

fn conditions(dice: &mut Dice) -> Table {
    let texts =
        |texts: &[&str]| Value::Array(texts.iter().map(|&t| Value::Text(t.into())).collect());
    let table = match dice.below(8) {
        0 => vec![("node", texts(&["one", "two"]))],
        1 => vec![
            ("from", Value::Text("2026-01-01T00:00:00Z".into())),
            ("until", Value::Datetime("2026-02-01T00:00:00+01:00".into())),
        ],
        2 => {
            let play = Value::Table(Table::from([("app".to_string(), texts(&["play"]))]));
            vec![("any", Value::Array(vec![play.clone()])), ("not", play)]
        }
        3 => vec![("status", texts(&["draft"]))],
        _ => Vec::new(),
    };
    let entries = table.into_iter();
    entries
        .map(|(key, value)| (key.to_string(), value))
        .collect()
}

/// A component of that key.
pub fn component(dice: &mut Dice, component_key: String) -> Component {
    let mut examples: Vec<Example> = Vec::new();
    for _ in 0..dice.below(4).saturating_sub(1) {
        let name = filled(dice, 60);
        if examples.iter().all(|other| other.name != name) {
            let props = match dice.one_in(10) {
                true => deep(dice, MAX_DEPTH),
                false => table(dice, 2),
            };
            examples.push(Example { name, props });
        }
    }
    let mut metadata = table(dice, 3);
    metadata.remove("examples");
    if examples.is_empty() && dice.one_in(4) {
        let odd = Value::Table(Table::from([("name".into(), Value::Text("x".into()))]));
        metadata.insert("examples".into(), Value::Array(vec![odd]));
    }
    let mut props = table(dice, 3);
    if dice.one_in(2) {
        let reference = Table::from([("$ref".into(), Value::Text("#/$defs/x".into()))]);
        props.insert("items".into(), Value::Table(reference));
    }
    Component {
        origin: Arc::from("sample"),
        name: filled(dice, 200),
        kind: dice.pick(&["ui", "widget", "layout \u{1f9f1}"]).to_string(),
        version: dice.pick(&["1.0.0", "2.0.0-b.1", "\u{3b2}"]).to_string(),
        published: !dice.one_in(4),
        dependencies: (0..dice.below(4))
            .map(|_| dice.maybe(|dice| filled(dice, 20)))
            .collect::<TextList>(),
        preview_url: dice.maybe(|dice| short(dice, 300)),
        props,
        metadata,
        examples,
        template: dice.maybe(part),
        styles: dice.maybe(part),
        react: dice.maybe(part),
        is_jsx: false,
        key: component_key,
    }
}

/// A token of that key.
pub fn token(dice: &mut Dice, token_key: String) -> Token {
    Token {
        origin: Arc::from("sample"),
        category: dice.pick(&["color", "font", "size", "a.toml"]).to_string(),
        value: match dice.one_in(2) {
            true => "#8B5CF6".into(),
            false => text(dice),
        },
        description: dice.maybe(text),
        key: token_key,
    }
}

fn token_key(dice: &mut Dice) -> String {
    let parts = [
        "color",
        "size",
        "value",
        "description",
        "x",
        "a-b",
        "2xl",
        "theme",
    ];
    let count = match dice.one_in(20) {
        true => 100,
        false => 1 + dice.below(4),
    };
    let parts: Vec<&str> = (0..count).map(|_| *dice.pick(&parts[..])).collect();
    let mut key = parts.join(".");
    key.truncate(255);
    key.trim_end_matches('.').to_string()
}

/// A node of that id.
pub fn node(dice: &mut Dice, id: String) -> Node {
    let mut overrides = BTreeMap::new();
    for _ in 0..dice.below(4) {
        let key = token_key(dice);
        if key != "theme" {
            overrides.insert(key, text(dice));
        }
    }
    let mut apps: Vec<Option<String>> = Vec::new();
    for _ in 0..dice.below(4) {
        let app = dice.maybe(|dice| dice.pick(&["play", "work", "code"]).to_string());
        if app.is_none() || !apps.contains(&app) {
            apps.push(app);
        }
    }
    Node {
        origin: Arc::from("sample"),
        id,
        name: filled(dice, 200),
        enabled_apps: apps.into(),
        scheme: *dice.pick(&[Scheme::Auto, Scheme::Light, Scheme::Dark]),
        style_overrides: overrides,
        custom_css: dice.maybe(part),
        custom_scripts: dice.maybe(part),
    }
}
