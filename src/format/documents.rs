//! Texts to documents: every file below `content/` by its path, read as what the path says that it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::component::{ComponentFile, read_component};
use super::front::has_front_matter;
use super::node::{NodeFile, read_node};
use super::page::{PageFile, read_page};
use super::paths::{
    COMPONENTS, NODES, PAGES, TOKENS, below, beside, data_path, folder_of, is_passed_over,
    page_path, stem, without_mark,
};
use super::token::read_tokens;
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::model::{Component, Documents, Node, Page, Token, key_problem};

/// The texts of the files below `content/`, by path relative to the site.
pub type Texts = BTreeMap<String, String>;

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

impl Tree {
    pub(super) fn read(texts: &Texts) -> Tree {
        let mut tree = Tree::default();
        let all_below = |folder: &str| -> Vec<&str> {
            let from = texts
                .range(format!("{folder}/")..)
                .map(|(path, _)| path.as_str());
            from.take_while(|path| below(path, folder).is_some())
                .filter(|path| !path.split('/').any(is_passed_over))
                .collect()
        };
        let read_text = |path: &str| texts.get(path).cloned().ok_or_else(|| missing(path));
        let mut pages = all_below(PAGES);
        pages.retain(|path| is_page(path, &texts[*path]));
        tree.pages = tree.take(pages, |path, found| {
            page_of(path, &texts[path], &read_text, found)
        });
        let named = |folder: &str| -> Vec<&str> {
            let paths = all_below(folder).into_iter();
            paths.filter(|path| stem(path, folder).is_some()).collect()
        };
        tree.components = tree.take(named(COMPONENTS), |path, found| {
            component_in(path, &texts[path], &read_text, found)
        });
        tree.tokens = tree.take(named(TOKENS), |path, found| {
            Some((tokens_of(path, &texts[path], found), Vec::new()))
        });
        tree.nodes = tree.take(named(NODES), |path, found| {
            Some((node_in(path, &texts[path], &read_text, found)?, Vec::new()))
        });
        tree
    }

    /// Reads files on many threads, and gives those that could be understood.
    fn take<D: Send>(
        &mut self,
        paths: Vec<&str>,
        read: impl Fn(&str, &mut Diagnostics) -> Option<(D, Vec<String>)> + Sync,
    ) -> Vec<Read<D>> {
        let read = |path: &str| {
            let mut found = Diagnostics::new();
            let document = read(path, &mut found);
            (path.to_string(), document, found)
        };
        let outcomes: Vec<_> = paths.into_par_iter().map(read).collect();
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

/// Whether a file among the pages is one, and not the text of one.
pub fn is_page(path: &str, text: &str) -> bool {
    page_path(path).is_some() && (path.ends_with(".toml") || has_front_matter(text))
}

/// The text of a file by its path, or the message why there is none.
pub type Source<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// The text of the file that has this ending and the stem of a TOML file.
pub type Part<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The message where there is no file.
pub(super) fn missing(path: &str) -> String {
    format!("there is no `{path}`")
}

/// The document of a page file, with the files whose text it takes.
pub fn page_of(
    path: &str,
    text: &str,
    source: Source<'_>,
    found: &mut Diagnostics,
) -> Option<(Page, Vec<String>)> {
    page_from(path, folder_of(path), text, source, found)
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

/// The document of a component file with its parts, and the files whose text it takes.
pub fn component_of(
    path: &str,
    text: &str,
    part: Part<'_>,
    source: Source<'_>,
    found: &mut Diagnostics,
) -> Option<(Component, Vec<String>)> {
    let key = stem(path, COMPONENTS)?;
    let used = Mutex::new(Vec::new());
    let data_file = |name: &str| data_file(COMPONENTS, name, source, &used);
    let part = |ending: &str| plain_part(path, ending, part);
    let file = ComponentFile {
        origin: &Arc::from(path),
        key,
        text,
        template: part("html"),
        styles: part("css"),
        react: part("tsx").or_else(|| part("jsx")),
        data_file: &data_file,
    };
    let mut component = read_component(file, found)?;
    component.is_jsx = part("tsx").is_none() && part("jsx").is_some();
    Some((component, used.into_inner().unwrap_or_default()))
}

/// The same, with parts that come from where all texts do.
pub(super) fn component_in(
    path: &str,
    text: &str,
    source: Source<'_>,
    found: &mut Diagnostics,
) -> Option<(Component, Vec<String>)> {
    let part = |ending: &str| source(&beside(path, ending)).ok();
    component_of(path, text, &part, source, found)
}

/// The tokens of a category file.
pub fn tokens_of(path: &str, text: &str, found: &mut Diagnostics) -> Vec<Token> {
    let category = stem(path, TOKENS).unwrap_or_default();
    read_tokens(category, &Arc::from(path), text, found)
}

/// The document of a node file with its parts.
pub fn node_of(path: &str, text: &str, part: Part<'_>, found: &mut Diagnostics) -> Option<Node> {
    let part = |ending: &str| plain_part(path, ending, part);
    let file = NodeFile {
        origin: &Arc::from(path),
        id: stem(path, NODES)?,
        text,
        custom_css: part("css"),
        custom_scripts: part("js"),
    };
    read_node(file, found)
}

/// The same, with parts that come from where all texts do.
pub(super) fn node_in(
    path: &str,
    text: &str,
    source: Source<'_>,
    found: &mut Diagnostics,
) -> Option<Node> {
    let part = |ending: &str| source(&beside(path, ending)).ok();
    node_of(path, text, &part, found)
}

/// A part without the byte order mark that an editor may have put before it.
fn plain_part(path: &str, ending: &str, part: Part<'_>) -> Option<String> {
    Some(without_mark(&beside(path, ending), part(ending)?))
}

fn data_file(
    folder: &str,
    name: &str,
    source: Source<'_>,
    used: &Mutex<Vec<String>>,
) -> Result<String, String> {
    let path = data_path(folder, name)?;
    let text = source(&path)?;
    if let Ok(mut used) = used.lock() {
        used.push(path);
    }
    Ok(text)
}
