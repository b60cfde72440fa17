//! Texts to documents: every file below `content/` by its path, read as what the path says that it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::component::{ComponentFile, read_component};
use super::front::has_front_matter;
use super::node::{NodeFile, read_node};
use super::page::{PageFile, read_page};
use super::token::read_tokens;
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::model::{Component, Documents, Node, Page, Token, key_problem};

/// The texts of the files below `content/`, by path relative to the site.
pub type Texts = BTreeMap<String, String>;

pub(super) const PAGES: &str = "content/pages/";
pub(super) const COMPONENTS: &str = "content/components/";
pub(super) const TOKENS: &str = "content/tokens/";
pub(super) const NODES: &str = "content/nodes/";

/// The documents of a site's files, and what is wrong with these. Where a file is wrong only in part,
/// its document is there as far as it could be read.
pub fn documents_of(texts: &Texts) -> (Documents, Diagnostics) {
    let tree = Tree::read(texts);
    let documents = Documents {
        pages: tree.pages.into_iter().map(|read| read.document).collect(),
        components: tree
            .components
            .into_iter()
            .map(|read| read.document)
            .collect(),
        tokens: tree
            .tokens
            .into_iter()
            .flat_map(|read| read.document)
            .collect(),
        nodes: tree.nodes.into_iter().map(|read| read.document).collect(),
    };
    (documents, tree.diagnostics)
}

/// A file that was read.
pub(super) struct Read<D> {
    pub path: String,
    pub document: D,
    /// The paths of the files whose text it takes with `$file`, each as often as it does.
    pub used: Vec<String>,
}

/// The files of a site, read.
#[derive(Default)]
pub(super) struct Tree {
    pub pages: Vec<Read<Page>>,
    pub components: Vec<Read<Component>>,
    /// By file, which is a category.
    pub tokens: Vec<Read<Vec<Token>>>,
    pub nodes: Vec<Read<Node>>,
    /// The files that something is wrong with.
    pub broken: BTreeSet<String>,
    pub diagnostics: Diagnostics,
}

type Outcome<D> = (String, Option<(D, Vec<String>)>, Diagnostics);

impl Tree {
    pub(super) fn read(texts: &Texts) -> Tree {
        let mut tree = Tree::default();
        let below = |folder: &str| -> Vec<&str> {
            let from = texts
                .range(folder.to_string()..)
                .map(|(path, _)| path.as_str());
            from.take_while(|path| path.starts_with(folder))
                .filter(|path| !is_passed_over(path))
                .collect()
        };
        let read_text = |path: &str| texts.get(path).cloned();
        let pages: Vec<Outcome<Page>> = below(PAGES)
            .into_par_iter()
            .filter(|path| is_page(path, &texts[*path]))
            .map(|path| {
                let mut found = Diagnostics::new();
                let page = page_of(path, &texts[path], &read_text, &mut found);
                (path.to_string(), page, found)
            })
            .collect();
        tree.pages = tree.take(pages);
        let named = |folder: &str| -> Vec<&str> {
            let paths = below(folder).into_iter();
            paths.filter(|path| stem(path, folder).is_some()).collect()
        };
        let components: Vec<Outcome<Component>> = named(COMPONENTS)
            .into_par_iter()
            .map(|path| {
                let mut found = Diagnostics::new();
                let component = component_of(path, &texts[path], &read_text, &mut found);
                (path.to_string(), component, found)
            })
            .collect();
        tree.components = tree.take(components);
        let tokens = named(TOKENS).into_iter().map(|path| {
            let mut found = Diagnostics::new();
            let tokens = tokens_of(path, &texts[path], &mut found);
            (path.to_string(), Some((tokens, Vec::new())), found)
        });
        let tokens: Vec<Outcome<Vec<Token>>> = tokens.collect();
        tree.tokens = tree.take(tokens);
        let nodes = named(NODES).into_iter().map(|path| {
            let mut found = Diagnostics::new();
            let node = node_of(path, &texts[path], &read_text, &mut found);
            let node = node.map(|node| (node, Vec::new()));
            (path.to_string(), node, found)
        });
        let nodes: Vec<Outcome<Node>> = nodes.collect();
        tree.nodes = tree.take(nodes);
        tree
    }

    fn take<D>(&mut self, outcomes: Vec<Outcome<D>>) -> Vec<Read<D>> {
        let mut read = Vec::with_capacity(outcomes.len());
        for (path, document, found) in outcomes {
            if found.has_errors() {
                self.broken.insert(path.clone());
            }
            self.diagnostics.extend(found);
            if let Some((document, used)) = document {
                read.push(Read {
                    path,
                    document,
                    used,
                });
            }
        }
        read
    }
}

/// Whether a path has a part that no site reads: hidden files and the temporary ones of editors.
pub(super) fn is_passed_over(path: &str) -> bool {
    path.split('/').any(|name| {
        name.starts_with('.')
            || name.ends_with('~')
            || name.starts_with('#') && name.ends_with('#')
            || name == "4913"
            || name.ends_with(".swp")
            || name.ends_with(".orig")
    })
}

/// The stem of a TOML file right in a folder.
pub(super) fn stem<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let name = path.strip_prefix(folder)?.strip_suffix(".toml")?;
    (!name.contains('/')).then_some(name)
}

/// The app of a page file, and the path below it without the ending.
pub(super) fn page_path(path: &str) -> Option<(&str, Vec<&str>)> {
    let stem = path
        .strip_suffix(".toml")
        .or_else(|| path.strip_suffix(".md"))?;
    let mut parts = stem.strip_prefix(PAGES)?.split('/');
    let app = parts.next()?;
    let below: Vec<&str> = parts.collect();
    (!below.is_empty()).then_some((app, below))
}

/// Whether a file among the pages is one, and not the text of one.
pub(super) fn is_page(path: &str, text: &str) -> bool {
    page_path(path).is_some() && (path.ends_with(".toml") || has_front_matter(text))
}

/// Where texts of other files come from.
pub(super) type Source<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The document of a page file, with the files whose text it takes.
pub(super) fn page_of(
    path: &str,
    text: &str,
    source: Source<'_>,
    found: &mut Diagnostics,
) -> Option<(Page, Vec<String>)> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    page_from(path, folder, text, source, found)
}

/// The same, with another folder for the files whose text it takes.
pub(super) fn page_from(
    path: &str,
    folder: &str,
    text: &str,
    source: Source<'_>,
    found: &mut Diagnostics,
) -> Option<(Page, Vec<String>)> {
    let (app, below) = page_path(path)?;
    if let Some(problem) = key_problem(app) {
        let message = format!("`{app}` cannot be the name of an app: {problem}");
        found.push(Diagnostic::error(
            code::BAD_KEY,
            Place::whole(path),
            message,
        ));
        return None;
    }
    let used = Mutex::new(Vec::new());
    let data_file = |name: &str| data_file(folder, name, source, &used);
    let file = PageFile {
        origin: &Arc::from(path),
        app,
        path_below_app: &below,
        text,
        data_file: &data_file,
    };
    let page = read_page(file, found)?;
    Some((page, used.into_inner().unwrap_or_default()))
}

/// The document of a component file with its siblings, and the files whose text it takes.
pub(super) fn component_of(
    path: &str,
    text: &str,
    source: Source<'_>,
    found: &mut Diagnostics,
) -> Option<(Component, Vec<String>)> {
    let key = stem(path, COMPONENTS)?;
    let used = Mutex::new(Vec::new());
    let data_file = |name: &str| data_file(COMPONENTS.trim_end_matches('/'), name, source, &used);
    let file = ComponentFile {
        origin: &Arc::from(path),
        key,
        text,
        template: part(path, "html", source),
        styles: part(path, "css", source),
        react: part(path, "tsx", source).or_else(|| part(path, "jsx", source)),
        data_file: &data_file,
    };
    let component = read_component(file, found)?;
    Some((component, used.into_inner().unwrap_or_default()))
}

/// The tokens of a category file.
pub(super) fn tokens_of(path: &str, text: &str, found: &mut Diagnostics) -> Vec<Token> {
    let category = stem(path, TOKENS).unwrap_or_default();
    read_tokens(category, &Arc::from(path), text, found)
}

/// The document of a node file with its siblings.
pub(super) fn node_of(
    path: &str,
    text: &str,
    source: Source<'_>,
    found: &mut Diagnostics,
) -> Option<Node> {
    let file = NodeFile {
        origin: &Arc::from(path),
        id: stem(path, NODES)?,
        text,
        custom_css: part(path, "css", source),
        custom_scripts: part(path, "js", source),
    };
    read_node(file, found)
}

/// The path of the file beside a TOML file that has another ending.
pub(super) fn beside(path: &str, ending: &str) -> String {
    let stem = path.strip_suffix(".toml").unwrap_or(path);
    format!("{stem}.{ending}")
}

/// The text of a sibling, without the byte order mark that an editor may have put before it.
fn part(path: &str, ending: &str, source: Source<'_>) -> Option<String> {
    let text = source(&beside(path, ending))?;
    Some(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_string(),
        None => text,
    })
}

fn data_file(
    folder: &str,
    name: &str,
    source: Source<'_>,
    used: &Mutex<Vec<String>>,
) -> Result<String, String> {
    if name.is_empty()
        || name.starts_with('.')
        || name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\'))
    {
        return Err("it must be the plain name of a file in the same folder".into());
    }
    let path = format!("{folder}/{name}");
    let text = source(&path).ok_or_else(|| format!("there is no `{path}`"))?;
    if let Ok(mut used) = used.lock() {
        used.push(path);
    }
    Ok(text)
}
