//! Printing: documents to files. What an author wrote stays; only what is wanted otherwise changes.
//!
//! A file whose document says what is wanted is not touched. One that must change is changed field by
//! field; the result is read again, and where it does not say what is wanted (a place that no edit
//! reaches), the file is written anew. A document without a file gets one in canonical form.

mod categories;
mod change;
mod entries;
mod fields;
mod keys;
mod patch;
mod places;
mod sections;
#[cfg(test)]
mod tests;
mod tokens;
mod whole;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

pub use self::keys::{rename_contrast, rename_node_settings, rename_override, rename_token};

use self::change::{Change, Files};
use self::places::{Places, route_at};
use super::documents::{Read, Texts, Tree};
use super::paths::{
    COMPONENT_PARTS, COMPONENTS, NODE_PARTS, NODES, TOKENS, beside, page_path, stem,
};
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::model::{Component, Documents, EntityKind, Node, Page, Token, key_problem};

/// The longest key that, with an ending, is the name of a file: file systems allow 255 bytes.
const MAX_STEM: usize = 250;

/// Whether an entity of this key can have a file.
pub fn can_have_file(kind: EntityKind, key: &str) -> bool {
    kind == EntityKind::Token || key.len() <= MAX_STEM
}

/// What printing changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// The whole new text of each file that is new or different, by path relative to the site.
    pub texts: Texts,
    /// The files that go: those of documents that are gone, and the texts that only these took.
    pub removed: BTreeSet<String>,
}

/// Prints documents over the files below `content/` that are there. `keep` are documents whose files
/// stay although they are not among `documents`. Files that something is wrong with are reported and
/// left alone, and so are documents that belong into them.
pub fn print_documents(
    documents: &Documents,
    before: &Texts,
    keep: &BTreeSet<(EntityKind, String)>,
) -> (Printed, Diagnostics) {
    print_among(documents, before, keep, &BTreeSet::new())
}

/// The same where there are `others` besides: files that nothing is to be known of but their paths,
/// which new files keep clear of.
pub fn print_among(
    documents: &Documents,
    before: &Texts,
    keep: &BTreeSet<(EntityKind, String)>,
    others: &BTreeSet<String>,
) -> (Printed, Diagnostics) {
    let mut tree = Tree::read(before);
    let diagnostics = std::mem::take(&mut tree.diagnostics);
    let files = Files::new(before, &tree);
    let mut printing = Printing {
        files: &files,
        keep,
        others,
        printed: Printed::default(),
        used: BTreeSet::new(),
        untouched: Vec::new(),
        diagnostics,
    };
    printing.components(&documents.components);
    printing.nodes(&documents.nodes);
    printing.tokens(&documents.tokens);
    printing.pages(&documents.pages);
    printing.texts_that_changed();
    printing.texts_that_nobody_takes();
    (printing.printed, printing.diagnostics)
}

/// A document that is as wanted, with its file and the texts that it takes.
enum Untouched<'a> {
    Page(&'a Read<Page>),
    Component(&'a Read<Component>),
}

struct Printing<'a> {
    files: &'a Files<'a>,
    keep: &'a BTreeSet<(EntityKind, String)>,
    others: &'a BTreeSet<String>,
    printed: Printed,
    /// The texts that documents take with `$file` when all is done.
    used: BTreeSet<String>,
    untouched: Vec<Untouched<'a>>,
    diagnostics: Diagnostics,
}

impl<'a> Printing<'a> {
    fn keeps(&self, kind: EntityKind, key: &str) -> bool {
        self.keep.contains(&(kind, key.to_string()))
    }

    fn apply(&mut self, change: Change) {
        self.used.extend(change.used);
        for path in change.removed {
            if !self.printed.texts.contains_key(&path) {
                self.printed.removed.insert(path);
            }
        }
        for (path, text) in change.texts {
            self.printed.removed.remove(&path);
            if self.files.before.get(&path) != Some(&text) {
                self.printed.texts.insert(path, text);
            }
        }
    }

    fn report(&mut self, path: &str, message: String) {
        let place = Place::whole(path);
        let diagnostic = Diagnostic::error(code::FOREIGN_FILE, place, message);
        let hint = "move or mend what is there, and print again";
        self.diagnostics.push(diagnostic.hint(hint));
    }

    /// Whether a key can be the name of a file; reports one that cannot.
    fn can_name(&mut self, noun: &str, key: &str, origin: &str) -> bool {
        let problem = key_problem(key);
        if let Some(problem) = &problem {
            let message = format!("the {noun} `{}` has no file: {problem}", key.escape_debug());
            let place = Place::whole(origin);
            self.diagnostics
                .push(Diagnostic::error(code::BAD_KEY, place, message));
        }
        if key.len() > MAX_STEM && noun != "token" {
            let message = format!(
                "the {noun} `{key}` has no file: its key has {} bytes, and {MAX_STEM} are allowed",
                key.len()
            );
            let place = Place::whole(origin);
            self.diagnostics
                .push(Diagnostic::error(code::TOO_LONG, place, message));
            return false;
        }
        problem.is_none()
    }

    /// The documents by key; reports those that come twice.
    fn by_key<'d, D>(
        &mut self,
        noun: &str,
        documents: &'d [D],
        key: fn(&D) -> &str,
        origin: fn(&D) -> &str,
    ) -> BTreeMap<&'d str, &'d D> {
        let mut map: BTreeMap<&str, &D> = BTreeMap::new();
        for one in documents {
            let name = key(one);
            if !self.can_name(noun, name, origin(one)) {
                continue;
            }
            if map.contains_key(name) {
                let message = format!("two {noun}s have the key `{name}`");
                let place = Place::whole(origin(one));
                self.diagnostics
                    .push(Diagnostic::error(code::DUPLICATE_KEY, place, message));
                continue;
            }
            map.insert(name, one);
        }
        map
    }

    /// The files of one kind by key; of several with one key the first counts, and the others are
    /// reported.
    fn files_by_key<D>(
        &mut self,
        noun: &str,
        found: &'a [Read<D>],
        key: fn(&D) -> &str,
    ) -> BTreeMap<&'a str, &'a Read<D>> {
        let mut map: BTreeMap<&str, &Read<D>> = BTreeMap::new();
        for read in found {
            let name = key(&read.document);
            match map.get(name) {
                None => {
                    map.insert(name, read);
                }
                Some(first) => {
                    let message = format!("two {noun}s have the key `{name}`");
                    let first = Place::whole(first.path.as_str());
                    let place = Place::whole(read.path.as_str());
                    let diagnostic = Diagnostic::error(code::DUPLICATE_KEY, place, message);
                    self.diagnostics
                        .push(diagnostic.related(first, "the first is here"));
                }
            }
        }
        map
    }

    fn components(&mut self, wanted: &[Component]) {
        let wanted = self.by_key("component", wanted, |one| &one.key, |one| &one.origin);
        let files = self.files;
        let found = self.files_by_key("component", &files.tree.components, |one| &one.key);
        for (key, component) in &wanted {
            let path = format!("{COMPONENTS}/{key}.toml");
            match found.get(key) {
                _ if files.tree.broken.contains(&path) => {}
                Some(read) if read.document.same(component) => {
                    self.untouched.push(Untouched::Component(read));
                }
                Some(read) => match files.change_component(read, component) {
                    Some(change) => self.apply(change),
                    None => self.report(&path, format!("`{path}` cannot be changed")),
                },
                None => match files.new_component(component) {
                    Ok(change) => self.apply(change),
                    Err(path) => self.report(&path, format!("`{path}` is in the way")),
                },
            }
        }
        for (key, read) in found {
            if wanted.contains_key(key) || files.tree.broken.contains(&read.path) {
                continue;
            }
            match self.keeps(EntityKind::Component, key) {
                true => self.untouched.push(Untouched::Component(read)),
                false => self.remove_family(&read.path, &COMPONENT_PARTS),
            }
        }
    }

    fn nodes(&mut self, wanted: &[Node]) {
        let wanted = self.by_key("node", wanted, |one| &one.id, |one| &one.origin);
        let files = self.files;
        let found = self.files_by_key("node", &files.tree.nodes, |one| &one.id);
        for (id, node) in &wanted {
            let path = format!("{NODES}/{id}.toml");
            match found.get(id) {
                _ if files.tree.broken.contains(&path) => {}
                Some(read) if read.document.same(node) => {}
                Some(read) => match files.change_node(read, node) {
                    Some(change) => self.apply(change),
                    None => self.report(&path, format!("`{path}` cannot be changed")),
                },
                None => match files.new_node(node) {
                    Ok(change) => self.apply(change),
                    Err(path) => self.report(&path, format!("`{path}` is in the way")),
                },
            }
        }
        for (id, read) in found {
            let stays = wanted.contains_key(id)
                || files.tree.broken.contains(&read.path)
                || self.keeps(EntityKind::Node, id);
            if !stays {
                self.remove_family(&read.path, &NODE_PARTS);
            }
        }
    }

    fn remove_family(&mut self, path: &str, endings: &[&str]) {
        let siblings = endings.iter().map(|ending| beside(path, ending));
        let there = siblings.filter(|path| self.files.before.contains_key(path));
        let all: Vec<String> = there.chain([path.to_string()]).collect();
        self.printed.removed.extend(all);
    }

    fn tokens(&mut self, wanted: &[Token]) {
        let wanted = self.by_key("token", wanted, |one| &one.key, |one| &one.origin);
        let files = self.files;
        let mut categories: BTreeMap<&str, Vec<&Token>> = BTreeMap::new();
        let mut in_broken: BTreeSet<&str> = BTreeSet::new();
        for read in &files.tree.tokens {
            let category = stem(&read.path, TOKENS).unwrap_or_default();
            categories.entry(category).or_default();
            if files.tree.broken.contains(&read.path) {
                in_broken.extend(read.document.iter().map(|one| one.key.as_str()));
            }
        }
        for token in wanted.values() {
            // What a broken file may still have must not come to stand in a second one.
            if in_broken.contains(token.key.as_str()) {
                continue;
            }
            if self.can_name("token category", &token.category, &token.origin) {
                categories.entry(&token.category).or_default().push(token);
            }
        }
        // Kept tokens stay where they are, unless they are wanted somewhere.
        for read in &files.tree.tokens {
            for token in &read.document {
                if !wanted.contains_key(token.key.as_str())
                    && self.keeps(EntityKind::Token, &token.key)
                {
                    categories.entry(&token.category).or_default().push(token);
                }
            }
        }
        for (category, mut tokens) in categories {
            tokens.sort_by(|a, b| a.key.cmp(&b.key));
            let path = format!("{TOKENS}/{category}.toml");
            if files.tree.broken.contains(&path) {
                continue;
            }
            match files.print_tokens(&path, &tokens) {
                Ok(change) => self.apply(change),
                Err(path) => self.report(&path, format!("`{path}` is in the way")),
            }
        }
    }

    fn pages(&mut self, wanted: &[Page]) {
        let wanted = self.by_key("page", wanted, |one| &one.key, |one| &one.origin);
        let files = self.files;
        let found = self.files_by_key("page", &files.tree.pages, |one| &one.key);
        let mut broken: BTreeSet<&str> = BTreeSet::new();
        for path in &files.tree.broken {
            let name = path.rsplit('/').next().unwrap_or_default();
            let stem = name
                .strip_suffix(".toml")
                .or_else(|| name.strip_suffix(".md"));
            broken.extend(stem.filter(|_| page_path(path).is_some()));
        }
        for (key, read) in &found {
            if !wanted.contains_key(key) && !broken.contains(key) {
                match self.keeps(EntityKind::Page, key) {
                    true => self.untouched.push(Untouched::Page(read)),
                    false => {
                        self.printed.removed.insert(read.path.clone());
                    }
                }
            }
        }
        let removed = &self.printed.removed;
        let staying = files.before.keys().filter(|path| !removed.contains(*path));
        let staying = staying.chain(self.others);
        let mut places = Places::new(staying.map(String::as_str));
        self.printed.texts.keys().for_each(|path| places.take(path));
        let mut jobs: Vec<(&Page, Option<&Read<Page>>, String)> = Vec::new();
        for (key, page) in &wanted {
            if broken.contains(key) || !self.can_name("app", &page.app, &page.origin) {
                continue;
            }
            let read = found.get(key).copied();
            let body = whole::markdown_body(page).is_some_and(|body| files.is_body(body));
            let path = match read {
                Some(read) if read.document.same(page) => {
                    self.untouched.push(Untouched::Page(read));
                    continue;
                }
                Some(read) => {
                    let was_markdown = read.path.ends_with(".md");
                    let stays = read.document.app == page.app && (body || !was_markdown);
                    let beside = read
                        .path
                        .strip_suffix(".md")
                        .map(|stem| format!("{stem}.toml"));
                    match beside {
                        _ if stays => Some(read.path.clone()),
                        Some(path) if read.document.app == page.app && places.is_free(&path) => {
                            places.take(&path);
                            Some(path)
                        }
                        _ => {
                            let markdown = was_markdown && body;
                            places.for_page(page, if markdown { "md" } else { "toml" })
                        }
                    }
                }
                None => places.for_page(page, if body { "md" } else { "toml" }),
            };
            match path {
                Some(path) => jobs.push((page, read, path)),
                None => {
                    let message = format!("there is no place for the page `{key}`");
                    self.report(&page.origin, message);
                }
            }
        }
        let changes: Vec<(String, Option<Change>)> = jobs
            .into_par_iter()
            .map(|(page, read, path)| {
                let change = match read {
                    Some(read) => files.change_page(read, page, &path),
                    None => files.new_page(page, &path, &route_at(&path)),
                };
                (path, change)
            })
            .collect();
        for (path, change) in changes {
            match change {
                Some(change) => self.apply(change),
                None => self.report(&path, format!("`{path}` cannot be written")),
            }
        }
    }

    /// Documents that are as wanted, but take a text that is another one now, or gone: they get it
    /// inline.
    fn texts_that_changed(&mut self) {
        for one in std::mem::take(&mut self.untouched) {
            let used = match &one {
                Untouched::Page(read) => &read.used,
                Untouched::Component(read) => &read.used,
            };
            let printed = &self.printed;
            let differs =
                |path: &String| printed.texts.contains_key(path) || printed.removed.contains(path);
            if !used.iter().any(differs) {
                self.used.extend(used.iter().cloned());
                continue;
            }
            let change = match one {
                Untouched::Page(read) => self.files.inline_page(read, printed),
                Untouched::Component(read) => self.files.inline_component(read, printed),
            };
            if let Some(change) = change {
                self.apply(change);
            }
        }
    }

    /// Texts that only documents took that are gone, or changed.
    fn texts_that_nobody_takes(&mut self) {
        let files = self.files;
        for path in files.users.keys() {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let beside_broken = files.tree.broken.iter().any(|other| {
                other
                    .rsplit_once('/')
                    .is_some_and(|(broken, _)| broken == folder)
            });
            if !self.used.contains(*path) && !files.is_document(path) && !beside_broken {
                self.printed.texts.remove(*path);
                self.printed.removed.insert(path.to_string());
            }
        }
    }
}
