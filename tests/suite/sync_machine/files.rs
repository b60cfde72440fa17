//! What people do to the files of a site.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use rbgen::format::{Texts, print_documents};
use rbgen::model::{Block, Component, Documents, Node, Page, Status, Table, Token, Value};

use super::dice::Dice;
use super::rows::{BLOCKS, COMPONENTS, NODES, PAGES, PROPS, TOKENS};
use super::state::{State, texts_in};

/// Edits the documents of a work tree, and prints them over its files. Whether anything was changed.
pub fn edit(root: &Path, dice: &mut Dice, mark: &str) -> bool {
    let before = texts_in(root);
    let state = State::of_texts(&before);
    if state.broken {
        return false;
    }
    let mut documents = state.documents;
    for _ in 0..=dice.below(2) {
        edit_documents(dice, &mut documents, mark);
    }
    print_over(root, &documents, &before)
}

/// Prints documents over the files of a work tree.
pub fn print_over(root: &Path, documents: &Documents, before: &Texts) -> bool {
    let (printed, diagnostics) = print_documents(documents, before, &BTreeSet::new());
    if diagnostics.has_errors() {
        return false;
    }
    for path in &printed.removed {
        fs::remove_file(root.join(path)).unwrap();
    }
    for (path, text) in &printed.texts {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    !printed.texts.is_empty() || !printed.removed.is_empty()
}

fn text(mark: &str) -> Value {
    Value::Text(mark.to_string())
}

fn edit_documents(dice: &mut Dice, documents: &mut Documents, mark: &str) {
    let known: Vec<String> = documents
        .components
        .iter()
        .map(|one| one.key.clone())
        .collect();
    let page = *dice.pick(&PAGES);
    let at = documents.pages.iter().position(|one| one.key == page);
    match (dice.below(22), at) {
        (0..=13, Some(at)) => edit_page(dice, &mut documents.pages[at], &known, mark),
        (14 | 15, Some(at)) if dice.one_in(2) => {
            documents.pages.remove(at);
        }
        (14, Some(at)) => {
            let key = dice.pick(&PAGES).to_string();
            if documents.pages.iter().all(|one| one.key != key) {
                let page = &mut documents.pages[at];
                page.route = format!("/{}/{key}", page.app);
                page.key = key;
            }
        }
        (0..=15, None) => documents.pages.push(Page {
            origin: "new".into(),
            key: page.into(),
            app: "play".into(),
            name: mark.into(),
            route: format!("/play/{page}"),
            layout: Page::DEFAULT_LAYOUT.into(),
            status: Status::Published,
            title: None,
            description: None,
            metadata: Table::new(),
            blocks: Vec::new(),
        }),
        (16 | 17, _) => {
            let key = *dice.pick(&TOKENS);
            match documents.tokens.iter().position(|one| one.key == key) {
                Some(at) if dice.one_in(4) => {
                    documents.tokens.remove(at);
                }
                Some(at) if dice.one_in(2) => documents.tokens[at].description = Some(mark.into()),
                Some(at) => documents.tokens[at].value = mark.into(),
                None => documents.tokens.push(Token {
                    origin: "new".into(),
                    key: key.into(),
                    category: key.split('.').next().unwrap().into(),
                    value: mark.into(),
                    description: None,
                }),
            }
        }
        (18 | 19, _) => {
            let id = *dice.pick(&NODES);
            match documents.nodes.iter().position(|one| one.id == id) {
                Some(at) if dice.one_in(5) => {
                    documents.nodes.remove(at);
                }
                Some(at) => documents.nodes[at].name = mark.into(),
                None => documents.nodes.push(Node {
                    origin: "new".into(),
                    id: id.into(),
                    name: mark.into(),
                    enabled_apps: vec![Some("play".to_string())].into(),
                    scheme: rbgen::model::Scheme::Auto,
                    style_overrides: BTreeMap::new(),
                    custom_css: None,
                    custom_scripts: None,
                }),
            }
        }
        _ => edit_component(dice, documents, mark),
    }
}

fn edit_component(dice: &mut Dice, documents: &mut Documents, mark: &str) {
    let key = *dice.pick(&COMPONENTS);
    let is_used = documents
        .pages
        .iter()
        .any(|page| page.blocks.iter().any(|block| block.component == key));
    match documents.components.iter().position(|one| one.key == key) {
        Some(at) if dice.one_in(3) && !is_used => {
            documents.components.remove(at);
        }
        Some(at) if dice.one_in(2) => documents.components[at].name = mark.into(),
        Some(at) => documents.components[at].template = Some(format!("<b>{mark}</b>")),
        None => documents.components.push(Component {
            origin: "new".into(),
            key: key.into(),
            name: mark.into(),
            kind: "ui".into(),
            version: "1.0.0".into(),
            published: true,
            dependencies: Vec::new().into(),
            preview_url: None,
            props: Table::new(),
            metadata: Table::new(),
            examples: Vec::new(),
            template: Some("<b></b>".into()),
            styles: None,
            react: None,
            is_jsx: false,
        }),
    }
}

fn edit_page(dice: &mut Dice, page: &mut Page, known: &[String], mark: &str) {
    let count = page.blocks.len();
    match dice.below(12) {
        0 => page.name = mark.into(),
        1 => page.title = Some(mark.into()),
        2 => page.title = None,
        3 => {
            page.metadata
                .insert(dice.pick(&PROPS).to_string(), text(mark));
        }
        4 | 5 if !known.is_empty() => {
            let key = dice.pick(&BLOCKS).to_string();
            if page.blocks.iter().all(|block| block.key != key) {
                let block = Block {
                    key,
                    component: dice.pick(known).clone(),
                    zone: Block::DEFAULT_ZONE.into(),
                    props: Table::from([(dice.pick(&PROPS).to_string(), text(mark))]),
                    conditions: Table::new(),
                };
                page.blocks.insert(dice.below(count + 1), block);
            }
        }
        6 if count > 0 => {
            page.blocks.remove(dice.below(count));
        }
        7 if count > 1 => {
            let block = page.blocks.remove(dice.below(count));
            page.blocks.insert(dice.below(count), block);
        }
        _ if count > 0 => {
            let block = &mut page.blocks[dice.below(count)];
            let prop = dice.pick(&PROPS).to_string();
            match dice.one_in(5) {
                true => {
                    block.props.remove(&prop);
                }
                false => {
                    block.props.insert(prop, text(mark));
                }
            }
        }
        _ => page.description = Some(mark.into()),
    }
}

/// Adds a comment to a file, which means nothing to rows.
pub fn comment(root: &Path, dice: &mut Dice, mark: &str) -> bool {
    let texts = texts_in(root);
    let files: Vec<&String> = texts
        .keys()
        .filter(|path| path.ends_with(".toml"))
        .collect();
    if files.is_empty() {
        return false;
    }
    let path = *dice.pick(&files);
    let lines: Vec<&str> = texts[path].lines().collect();
    let starts: Vec<usize> = (0..lines.len())
        .filter(|at| lines[*at].contains(" = ") || lines[*at].starts_with('['))
        .collect();
    let at = match starts.is_empty() {
        true => 0,
        false => *dice.pick(&starts),
    };
    let mut out = lines.clone();
    let line = format!("# {mark}");
    out.insert(at, &line);
    let text = format!("{}\n", out.join("\n"));
    if State::of_texts(&Texts::from([(path.clone(), text.clone())])).broken {
        return false;
    }
    fs::write(root.join(path), text).unwrap();
    true
}

/// Moves the file of a page to another folder of its app.
pub fn move_file(root: &Path, dice: &mut Dice) -> bool {
    let texts = texts_in(root);
    let pages: Vec<&String> = texts
        .keys()
        .filter(|path| path.starts_with("content/pages/"))
        .collect();
    if pages.is_empty() {
        return false;
    }
    let path = dice.pick(&pages).as_str();
    let parts: Vec<&str> = path.split('/').collect();
    let (app, name) = (parts[2], parts[parts.len() - 1]);
    let to = match parts.len() {
        4 => format!(
            "content/pages/{app}/{}/{name}",
            dice.pick(&["sub", "deep/er"])
        ),
        _ => format!("content/pages/{app}/{name}"),
    };
    if texts.contains_key(&to) {
        return false;
    }
    fs::create_dir_all(root.join(&to).parent().unwrap()).unwrap();
    fs::rename(root.join(path), root.join(to)).unwrap();
    true
}
