//! Another key for a page, block, component, token or node: in its files, and in everything that refers
//! to it for certain. Pure: texts in, texts and moves out.
//!
//! Files move first. What the documents must say afterwards is computed from the documents alone, and is
//! printed over the moved files, so that what authors wrote stays. The result is read again: it has to
//! be the old documents with that one key renamed everywhere, or nothing is changed at all.

mod checks;
mod documents;
mod left;
mod text;

use std::collections::BTreeSet;

use crate::compare::compare;
use crate::diag::{Diagnostic, Diagnostics, Place, Severity, code};
use crate::format::{
    COMPONENT_PARTS, COMPONENTS, NODE_PARTS, NODES, Texts, documents_of, page_of, print_documents,
    read_config, rename_contrast, rename_node_settings, rename_override, rename_token,
};
use crate::model::{Documents, EntityKind, Page};

pub use documents::renamed;

/// The configuration file of a site.
const CONFIG: &str = "robbieblocks.toml";

/// What gets another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Page,
    /// A block of this page.
    Block {
        page: String,
    },
    Component,
    Token,
    Node,
}

impl What {
    /// The name that people and `--json` see.
    pub fn noun(&self) -> &'static str {
        match self {
            What::Page => EntityKind::Page.as_str(),
            What::Block { .. } => "block",
            What::Component => EntityKind::Component.as_str(),
            What::Token => EntityKind::Token.as_str(),
            What::Node => EntityKind::Node.as_str(),
        }
    }
}

/// One key and its new name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renaming {
    pub what: What,
    pub old: String,
    pub new: String,
}

/// What a renaming does to the files of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renamed {
    /// Files that get another path, in the order in which they are to be moved: a kill in between
    /// leaves the file that says what the others belong to at its new place.
    pub moves: Vec<(String, String)>,
    /// The whole new texts of files that change, by path after the moves.
    pub texts: Texts,
    /// Sentences about what cannot be seen in the files.
    pub notes: Vec<String>,
    /// Places that may mean the old key, which nobody can know.
    pub left: Vec<Use>,
}

/// A place in a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// As it is after the moves.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The line, without the space around it.
    pub text: String,
}

/// Why a key is not renamed.
#[derive(Clone, Debug)]
pub struct Refused {
    pub diagnostics: Diagnostics,
    /// Whether the site has errors, and not the request.
    pub is_broken: bool,
}

/// Renames a key in the texts of a site: those below `content/`, the texts of its themes, and
/// robbieblocks.toml.
pub fn rename(texts: &Texts, renaming: &Renaming) -> Result<Renamed, Refused> {
    let refuse = |diagnostics: Diagnostics, is_broken| match diagnostics.is_empty() {
        true => Ok(()),
        false => Err(Refused {
            diagnostics,
            is_broken,
        }),
    };
    let (documents, found) = documents_of(&content_of(texts));
    refuse(checks::check_keys(renaming, &documents), false)?;
    let moves = moves(renaming, texts, &documents);
    refuse(checks::check_moves(&moves, texts), false)?;
    refuse(checks::check_sound(renaming, texts, &moves, &found), true)?;

    let mut after = texts.clone();
    for (from, to) in &moves {
        if let Some(text) = after.remove(from) {
            after.insert(to.clone(), text);
        }
    }
    edit_keys(renaming, &documents, &mut after)?;
    let old = page(renaming, &documents);
    let route = old.and_then(|page| new_route(page, &moves, &after));
    if let Some(route) = &route {
        let taken = checks::check_route(&renaming.old, route, &documents);
        refuse(taken, false)?;
    }
    let wanted = renamed(&documents, renaming, route.as_deref());
    let (printed, _) = print_documents(&wanted, &content_of(&after), &BTreeSet::new());
    for path in &printed.removed {
        let message = format!("`{path}` would be lost");
        refuse(failed(Place::whole(path.as_str()), message).into(), true)?;
    }
    after.extend(printed.texts);
    edit_themes(renaming, &mut after);
    let (now, found_now) = documents_of(&content_of(&after));
    let wrong = new_errors(&found, &found_now);
    refuse(wrong, true)?;
    refuse(check_result(renaming, texts, &wanted, &now, &after), true)?;

    let origin = |path: &str| {
        let moved = moves.iter().find(|(_, to)| to == path);
        moved.map_or(path.to_string(), |(from, _)| from.clone())
    };
    let old_route = old.filter(|_| route.is_some());
    let left = left::left(
        renaming,
        &after,
        &now,
        old_route.map(|page| page.route.as_str()),
    );
    let mut changed = after;
    changed.retain(|path, text| texts.get(&origin(path)) != Some(text));
    Ok(Renamed {
        notes: notes(renaming, old, route.as_deref(), texts),
        texts: changed,
        moves,
        left,
    })
}

fn failed(place: Place, message: String) -> Diagnostic {
    Diagnostic::error(code::FOREIGN_FILE, place, message)
        .hint("rename it by hand; nothing was changed")
}

fn content_of(texts: &Texts) -> Texts {
    let content = texts.range("content/".to_string().."content0".to_string());
    content
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect()
}

/// The page that is renamed.
fn page<'d>(renaming: &Renaming, documents: &'d Documents) -> Option<&'d Page> {
    let mut pages = documents.pages.iter();
    pages.find(|page| renaming.what == What::Page && page.key == renaming.old)
}

/// The route of a page at its new path, where it says none itself.
fn new_route(page: &Page, moves: &[(String, String)], after: &Texts) -> Option<String> {
    let (_, to) = moves.iter().find(|(from, _)| **from == *page.origin)?;
    let source = |path: &str| after.get(path).cloned().ok_or_else(String::new);
    let (moved, _) = page_of(to, after.get(to)?, &source, &mut Diagnostics::new())?;
    (moved.route != page.route).then_some(moved.route)
}

/// The files that get another name.
fn moves(renaming: &Renaming, texts: &Texts, documents: &Documents) -> Vec<(String, String)> {
    let Renaming { what, old, new } = renaming;
    let mut moves = Vec::new();
    let mut add = |from: String, to: String| {
        if texts.contains_key(&from) {
            moves.push((from, to));
        }
    };
    let mut family = |folder: &str, endings: &[&str]| {
        for ending in endings {
            let path = |key: &str| format!("{folder}/{key}.{ending}");
            add(path(old), path(new));
        }
    };
    match what {
        What::Page => {
            if let Some(page) = page(renaming, documents)
                && let Some((folder, name)) = page.origin.rsplit_once('/')
            {
                let ending = name.rsplit('.').next().unwrap_or_default();
                add(page.origin.to_string(), format!("{folder}/{new}.{ending}"));
            }
        }
        What::Component => {
            family(COMPONENTS, &["toml"]);
            family(COMPONENTS, &COMPONENT_PARTS);
            let themes: BTreeSet<&str> = texts.keys().filter_map(|path| theme_of(path)).collect();
            for theme in themes {
                family(&format!("themes/{theme}/components"), &["html", "css"]);
            }
        }
        What::Node => {
            family(NODES, &["toml"]);
            family(NODES, &NODE_PARTS);
        }
        What::Token | What::Block { .. } => {}
    }
    moves
}

/// The theme that a file belongs to.
fn theme_of(path: &str) -> Option<&str> {
    let (theme, _) = path.strip_prefix("themes/")?.split_once('/')?;
    Some(theme)
}

/// Renames what is a key in a file, so that its line stays where it is.
fn edit_keys(renaming: &Renaming, documents: &Documents, after: &mut Texts) -> Result<(), Refused> {
    let Renaming { what, old, new } = renaming;
    let mut edit = |path: &str, edit: &dyn Fn(&str) -> Option<String>| -> bool {
        let text = after.get(path).and_then(|text| edit(text));
        let is_there = text.is_some();
        after.extend(text.map(|text| (path.to_string(), text)));
        is_there
    };
    match what {
        What::Token => {
            for token in documents.tokens.iter().filter(|token| token.key == *old) {
                let path = &*token.origin;
                if !edit(path, &|text| rename_token(path, text, old, new)) {
                    let message = format!("`{new}` has no place in `{path}`");
                    return Err(Refused {
                        diagnostics: failed(Place::whole(path), message).into(),
                        is_broken: false,
                    });
                }
            }
            let nodes = documents.nodes.iter();
            for node in nodes.filter(|node| node.style_overrides.contains_key(old)) {
                edit(&node.origin, &|text| rename_override(text, old, new));
            }
        }
        What::Node => {
            edit(CONFIG, &|text| rename_node_settings(text, old, new));
        }
        What::Page | What::Block { .. } | What::Component => {}
    }
    Ok(())
}

/// Renames what is certain in the texts of themes.
fn edit_themes(renaming: &Renaming, after: &mut Texts) {
    let in_css = documents::name_in_css(renaming);
    let in_templates = documents::template_names(renaming);
    for (path, text) in after.iter_mut() {
        let Some(theme) = theme_of(path) else {
            continue;
        };
        let rest = &path["themes/".len() + theme.len() + 1..];
        let ending = rest.rsplit('.').next().unwrap_or_default();
        let new = match (ending, &in_css, &in_templates) {
            _ if rest.starts_with("assets/") => None,
            ("css", Some(name), _) => Some(text::in_css(text, name)),
            ("html", _, Some(names)) => Some(text::in_template(text, names)),
            ("toml", _, _) if rest == "theme.toml" && renaming.what == What::Token => {
                rename_contrast(text, &renaming.old, &renaming.new)
            }
            _ => None,
        };
        if let Some(new) = new {
            *text = new;
        }
    }
}

/// The errors that were not there before.
fn new_errors(before: &Diagnostics, now: &Diagnostics) -> Diagnostics {
    let mut wrong = Diagnostics::new();
    let known: BTreeSet<_> = before.iter().map(|one| (one.code, &one.message)).collect();
    for one in now.iter().filter(|one| one.severity == Severity::Error) {
        if !known.contains(&(one.code, &one.message)) {
            let message = format!("with that key, this would be wrong: {}", one.message);
            // Its place is in a text that is not there.
            let path = one.place.as_ref().map(|place| &*place.path);
            wrong.push(failed(Place::whole(path.unwrap_or_default()), message));
        }
    }
    wrong
}

/// Holds what was read again against what was wanted.
fn check_result(
    renaming: &Renaming,
    before: &Texts,
    wanted: &Documents,
    now: &Documents,
    after: &Texts,
) -> Diagnostics {
    let mut wrong = Diagnostics::new();
    for difference in compare(wanted, now) {
        let message = format!(
            "the {} `{}` would not say what it said",
            difference.kind.as_str(),
            difference.key
        );
        wrong.push(failed(Place::whole(""), message));
    }
    if renaming.what == What::Node {
        let nodes = |texts: &Texts| {
            let text = texts.get(CONFIG)?;
            let config = read_config(&CONFIG.into(), text, &mut Diagnostics::new());
            Some(config?.nodes)
        };
        let mut old = nodes(before).unwrap_or_default();
        if let Some(settings) = old.remove(&renaming.old) {
            old.insert(renaming.new.clone(), settings);
        }
        if old != nodes(after).unwrap_or_default() {
            let message = format!("`[node.{}]` would not say what it said", renaming.new);
            wrong.push(failed(Place::whole(CONFIG), message));
        }
    }
    wrong
}

fn notes(
    renaming: &Renaming,
    page: Option<&Page>,
    route: Option<&str>,
    before: &Texts,
) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(name) = documents::name_in_css(renaming) {
        // The same walk that replaces a name finds it.
        let new = text::CssName {
            old: name.new.clone(),
            new: String::new(),
        };
        let sheets = before.iter().filter(|(path, _)| path.ends_with(".css"));
        for (path, _) in sheets.filter(|(_, text)| text::in_css(text, &new) != **text) {
            let (name, noun) = (&new.old, renaming.what.noun());
            notes.push(format!(
                "`{path}` names `{name}` already: now it means this {noun}"
            ));
        }
    }
    if let Some(page) = page {
        let old = &page.route;
        notes.push(match route {
            None => format!("the route stays `{old}`"),
            Some(route) if documents::leaves_alias(page.status, old) => {
                format!("the route is `{route}` now, from the path; `{old}` is an alias that leads there")
            }
            Some(route) => format!("the route is `{route}` now, from the path; `{old}` is gone"),
        });
    }
    if renaming.what == What::Token && renaming.category_differs() {
        notes.push("the file stays: it is the category of the token".to_string());
    }
    notes
}

impl Renaming {
    /// Whether the first part of a token's key changes, which people take for its category.
    fn category_differs(&self) -> bool {
        let first = |key: &str| key.split('.').next().map(str::to_string);
        first(&self.old) != first(&self.new)
    }
}

#[cfg(test)]
mod tests;
