//! The change of one document: its new files, read again before they are believed.

use std::collections::BTreeMap;

use super::places::{Places, route_at};
use super::tokens::{Comments, comments};
use super::{Printed, fields, whole};
use crate::diag::Diagnostics;
use crate::format::conflict::conflicts;
use crate::format::documents::{
    Read, Source, Texts, Tree, component_in, is_page, missing, node_in, page_from, page_of,
};
use crate::format::front;
use crate::format::paths::{COMPONENTS, NODES, PAGES, below, beside, folder_of};
use crate::model::{Component, Node, Page, Token};

/// What becomes of the files of one document.
#[derive(Default)]
pub(super) struct Change {
    pub texts: Vec<(String, String)>,
    pub removed: Vec<String>,
    /// The texts that the document takes with `$file`.
    pub used: Vec<String>,
}

/// The files that were there.
pub(super) struct Files<'a> {
    pub before: &'a Texts,
    /// The same paths, as a file system sees them that folds letter case.
    pub places: Places,
    pub tree: &'a Tree,
    /// How often each text is taken with `$file`.
    pub users: BTreeMap<&'a str, usize>,
    /// Of the tokens that have changed their file.
    pub comments: BTreeMap<&'a str, Comments>,
}

impl<'a> Files<'a> {
    pub(super) fn new(before: &'a Texts, tree: &'a Tree) -> Files<'a> {
        let mut users: BTreeMap<&str, usize> = BTreeMap::new();
        let pages = tree.pages.iter().flat_map(|read| &read.used);
        let components = tree.components.iter().flat_map(|read| &read.used);
        for path in pages.chain(components) {
            *users.entry(path).or_default() += 1;
        }
        // A broken file may be nested deeper than this parser can bear.
        let sound = |read: &&Read<Vec<Token>>| !tree.broken.contains(&read.path);
        let files = tree.tokens.iter().filter(sound);
        let comments = files.map(|read| (read.path.as_str(), comments(&before[&read.path])));
        Files {
            before,
            places: Places::new(before.keys().map(String::as_str)),
            tree,
            users,
            comments: comments.collect(),
        }
    }

    /// Whether a text can be all that follows the front matter of a Markdown page.
    pub(super) fn is_body(&self, text: &str) -> bool {
        conflicts(text).is_empty() && !text.contains('\0')
    }

    /// Whether a file is a document or a part of one, and not only a text that `$file` takes.
    pub(super) fn is_document(&self, path: &str) -> bool {
        let text = self.before.get(path);
        if below(path, PAGES).is_some() {
            return path.ends_with(".toml") || text.is_some_and(|text| is_page(path, text));
        }
        let ending = path.rsplit('.').next().unwrap_or_default();
        let stem = path.strip_suffix(ending).unwrap_or_default();
        ending == "toml" || self.before.contains_key(&format!("{stem}toml"))
    }

    /// Whether a text may be put into a file that `$file` names: nobody else takes it.
    fn takes_text(&self, path: &str, text: &str) -> bool {
        let mut broken = self.tree.broken.iter();
        let broken_beside = broken.any(|other| folder_of(other) == folder_of(path));
        self.users.get(path) == Some(&1)
            && !self.is_document(path)
            && !broken_beside
            && self.is_body(text)
            && !is_page(path, text)
    }

    /// Where texts are once these are written and those removed.
    fn source<'t>(
        &'t self,
        texts: &'t [(String, String)],
        removed: &'t [String],
    ) -> impl Fn(&str) -> Result<String, String> + 't {
        move |path| {
            let new = texts.iter().find(|(other, _)| other == path);
            new.map(|(_, text)| text)
                .or_else(|| self.before.get(path))
                .filter(|_| !removed.iter().any(|gone| gone == path))
                .cloned()
                .ok_or_else(|| missing(path))
        }
    }

    /// Where texts are once all that is printed is written.
    fn source_after<'t>(
        &'t self,
        printed: &'t Printed,
    ) -> impl Fn(&str) -> Result<String, String> + 't {
        move |path| {
            let new = printed.texts.get(path);
            new.or_else(|| self.before.get(path))
                .filter(|_| !printed.removed.contains(path))
                .cloned()
                .ok_or_else(|| missing(path))
        }
    }

    /// A page as its new text has it, with the texts that it takes; `None` unless that is the wanted
    /// one.
    fn page_as_wanted(
        &self,
        path: &str,
        texts: &[(String, String)],
        wanted: &Page,
    ) -> Option<Vec<String>> {
        let (_, text) = texts.iter().find(|(other, _)| other == path)?;
        let mut found = Diagnostics::new();
        let (page, used) = page_of(path, text, &self.source(texts, &[]), &mut found)?;
        (!found.has_errors() && page.same(wanted)).then_some(used)
    }

    /// The file of a page that has none yet.
    pub(super) fn new_page(&self, page: &Page, path: &str, route: &str) -> Option<Change> {
        let text = match whole::markdown_body(page).filter(|_| path.ends_with(".md")) {
            Some(body) => whole::markdown(page, body, route),
            None => whole::page(page, route),
        };
        let texts = vec![(path.to_string(), text)];
        let used = self.page_as_wanted(path, &texts, page)?;
        Some(Change {
            texts,
            used,
            ..Change::default()
        })
    }

    /// The file of a page changed, and moved to `path` where that is another.
    pub(super) fn change_page(
        &self,
        read: &Read<Page>,
        wanted: &Page,
        path: &str,
    ) -> Option<Change> {
        let source = self.source(&[], &[]);
        let change = self.patch_page(read, wanted, path, &source, true);
        let change = change.or_else(|| self.new_page(wanted, path, &route_at(path)));
        let mut change = change?;
        if read.path != path {
            change.removed.push(read.path.clone());
        }
        Some(change)
    }

    fn patch_page(
        &self,
        read: &Read<Page>,
        wanted: &Page,
        path: &str,
        source: Source<'_>,
        may_take: bool,
    ) -> Option<Change> {
        let text = &self.before[&read.path];
        let here = folder_of(&read.path);
        let front = match read.path.ends_with(".md") {
            true => Some(front::split(text).ok()?),
            false => None,
        };
        let markdown = path.ends_with(".md");
        let toml = front
            .as_ref()
            .map_or(text.as_str(), |front| &text[front.toml.clone()]);
        // What it says at its new place: its route may come from there.
        let whole = if markdown { text } else { toml };
        let mut ignored = Diagnostics::new();
        let (now, _) = page_from(path, here, whole, source, &mut ignored)?;
        let mut texts: Vec<(String, String)> = Vec::new();
        let same_folder = here == folder_of(path);
        let mut takes_text = |name: &str, text: &str| {
            let file = format!("{here}/{name}");
            let takes = may_take && same_folder && self.takes_text(&file, text);
            if takes {
                texts.push((file, text.to_string()));
            }
            takes
        };
        let patched = match same_folder {
            true => fields::page(toml, &now, wanted, !markdown, &mut takes_text)?,
            false => {
                let toml = self.without_files(toml, &now, !markdown)?;
                fields::page(&toml, &now, wanted, !markdown, &mut takes_text)?
            }
        };
        let new = match (&front, markdown) {
            (Some(front), true) => {
                let body = whole::markdown_body(wanted)?;
                let fence = &text[front.toml.end..front.body.start];
                let open = &text[..front.toml.start];
                let line = if fence.ends_with('\n') { "" } else { "\n" };
                format!("{open}{patched}{fence}{line}{body}")
            }
            _ => patched,
        };
        texts.push((path.to_string(), new));
        let used = self.page_as_wanted(path, &texts, wanted)?;
        Some(Change {
            texts,
            used,
            ..Change::default()
        })
    }

    /// The TOML of a page without `$file`: in another folder these files are not there.
    fn without_files(&self, toml: &str, now: &Page, blocks: bool) -> Option<String> {
        if !toml.contains("$file") {
            return Some(toml.to_string());
        }
        let mut blank = now.clone();
        fields::without_texts(&mut blank);
        let mut never = |_: &str, _: &str| false;
        fields::page(toml, &blank, now, blocks, &mut never)
    }

    /// A page that takes a text that is another one now: it gets its own inline.
    pub(super) fn inline_page(&self, read: &Read<Page>, printed: &Printed) -> Option<Change> {
        let source = self.source_after(printed);
        self.patch_page(read, &read.document, &read.path, &source, false)
            .or_else(|| self.new_page(&read.document, &read.path, &route_at(&read.path)))
    }

    /// The same for a component.
    pub(super) fn inline_component(
        &self,
        read: &Read<Component>,
        printed: &Printed,
    ) -> Option<Change> {
        let source = self.source_after(printed);
        let text = &self.before[&read.path];
        let mut ignored = Diagnostics::new();
        let (now, _) = component_in(&read.path, text, &source, &mut ignored)?;
        let mut never = |_: &str, _: &str| false;
        let text = fields::component(text, &now, &read.document, &mut never)?;
        let texts = vec![(read.path.clone(), text)];
        let used = self.component_as_wanted(&read.path, &texts, &[], &read.document)?;
        Some(Change {
            texts,
            used,
            ..Change::default()
        })
    }

    fn component_as_wanted(
        &self,
        path: &str,
        texts: &[(String, String)],
        removed: &[String],
        wanted: &Component,
    ) -> Option<Vec<String>> {
        let source = self.source(texts, removed);
        let mut found = Diagnostics::new();
        let (component, used) = component_in(path, &source(path).ok()?, &source, &mut found)?;
        (!found.has_errors() && component.same(wanted)).then_some(used)
    }

    /// The parts of a component or node beside its TOML file: what is wanted by ending.
    fn parts(&self, path: &str, parts: &[(&str, Option<&String>)], change: &mut Change) {
        for (ending, text) in parts {
            let path = beside(path, ending);
            let before = self.before.get(&path);
            match text {
                Some(text) => {
                    // A byte order mark at the beginning would be taken off when it is read.
                    let mark = if text.starts_with('\u{feff}') {
                        "\u{feff}"
                    } else {
                        ""
                    };
                    let same = |before: &String| {
                        before.strip_prefix('\u{feff}').unwrap_or(before) == text.as_str()
                    };
                    if !before.is_some_and(same) {
                        change.texts.push((path, format!("{mark}{text}")));
                    }
                }
                None if before.is_some() => change.removed.push(path),
                None => {}
            }
        }
    }

    fn component_parts(&self, path: &str, wanted: &Component, change: &mut Change) {
        let plain = [
            ("html", wanted.template.as_ref()),
            ("css", wanted.styles.as_ref()),
        ];
        self.parts(path, &plain, change);
        let there = |ending: &str| self.before.contains_key(&beside(path, ending));
        let react = wanted.react.as_ref();
        match (there("tsx"), there("jsx")) {
            (false, true) => self.parts(path, &[("jsx", react)], change),
            (true, true) if react.is_none() => {
                self.parts(path, &[("tsx", None), ("jsx", None)], change);
            }
            _ => self.parts(path, &[("tsx", react)], change),
        }
    }

    /// The files of a component that has none yet; the path of one that is in the way.
    pub(super) fn new_component(&self, component: &Component) -> Result<Change, String> {
        let path = format!("{COMPONENTS}/{}.toml", component.key);
        for ending in ["toml", "html", "css", "tsx", "jsx"] {
            let path = beside(&path, ending);
            if !self.places.is_free(&path) {
                return Err(path);
            }
        }
        let mut change = Change::default();
        let text = whole::component(component);
        change.texts.push((path.clone(), text));
        self.component_parts(&path, component, &mut change);
        match self.component_as_wanted(&path, &change.texts, &[], component) {
            Some(_) => Ok(change),
            None => Err(path),
        }
    }

    /// The files of a component changed.
    pub(super) fn change_component(
        &self,
        read: &Read<Component>,
        wanted: &Component,
    ) -> Option<Change> {
        let path = read.path.as_str();
        let text = &self.before[path];
        let mut change = Change::default();
        let mut parted = read.document.clone();
        parted.template = wanted.template.clone();
        parted.styles = wanted.styles.clone();
        parted.react = wanted.react.clone();
        if !parted.same(wanted) {
            let mut takes_text = |name: &str, text: &str| {
                let file = format!("{COMPONENTS}/{name}");
                let takes = self.takes_text(&file, text);
                if takes {
                    change.texts.push((file, text.to_string()));
                }
                takes
            };
            let patched = fields::component(text, &read.document, wanted, &mut takes_text);
            change
                .texts
                .extend(patched.map(|text| (path.to_string(), text)));
        }
        self.component_parts(path, wanted, &mut change);
        let as_wanted = |change: &Change| {
            self.component_as_wanted(path, &change.texts, &change.removed, wanted)
        };
        if let Some(used) = as_wanted(&change) {
            change.used = used;
            return Some(change);
        }
        let mut anew = Change::default();
        anew.texts
            .push((path.to_string(), whole::component(wanted)));
        self.component_parts(path, wanted, &mut anew);
        anew.used = as_wanted(&anew)?;
        Some(anew)
    }

    fn node_as_wanted(&self, path: &str, change: &Change, wanted: &Node) -> Option<()> {
        let source = self.source(&change.texts, &change.removed);
        let mut found = Diagnostics::new();
        let node = node_in(path, &source(path).ok()?, &source, &mut found)?;
        (!found.has_errors() && node.same(wanted)).then_some(())
    }

    fn node_parts(&self, path: &str, wanted: &Node, change: &mut Change) {
        let parts = [
            ("css", wanted.custom_css.as_ref()),
            ("js", wanted.custom_scripts.as_ref()),
        ];
        self.parts(path, &parts, change);
    }

    /// The files of a node that has none yet; the path of one that is in the way.
    pub(super) fn new_node(&self, node: &Node) -> Result<Change, String> {
        let path = format!("{NODES}/{}.toml", node.id);
        for ending in ["toml", "css", "js"] {
            let path = beside(&path, ending);
            if !self.places.is_free(&path) {
                return Err(path);
            }
        }
        let mut change = Change::default();
        change.texts.push((path.clone(), whole::node(node)));
        self.node_parts(&path, node, &mut change);
        match self.node_as_wanted(&path, &change, node) {
            Some(()) => Ok(change),
            None => Err(path),
        }
    }

    /// The files of a node changed.
    pub(super) fn change_node(&self, read: &Read<Node>, wanted: &Node) -> Option<Change> {
        let path = read.path.as_str();
        let mut change = Change::default();
        let mut parted = read.document.clone();
        parted.custom_css = wanted.custom_css.clone();
        parted.custom_scripts = wanted.custom_scripts.clone();
        if !parted.same(wanted) {
            let patched = fields::node(&self.before[path], &read.document, wanted);
            change
                .texts
                .extend(patched.map(|text| (path.to_string(), text)));
        }
        self.node_parts(path, wanted, &mut change);
        if self.node_as_wanted(path, &change, wanted).is_some() {
            return Some(change);
        }
        let mut anew = Change::default();
        anew.texts.push((path.to_string(), whole::node(wanted)));
        self.node_parts(path, wanted, &mut anew);
        self.node_as_wanted(path, &anew, wanted)?;
        Some(anew)
    }
}
