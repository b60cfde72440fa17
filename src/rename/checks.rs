//! What has to hold before a key is renamed: the old one is there, the new one is allowed and free, and
//! nothing that could refer to it is broken.

use std::collections::{BTreeMap, BTreeSet};

use super::{CONFIG, Renaming, What};
use crate::diag::{Diagnostic, Diagnostics, FieldPath, Place, Severity, code, did_you_mean};
use crate::format::{Texts, read_config, read_theme};
use crate::model::{Documents, Page, Status, css_name, fold_path, key_problem};

/// The longest key that, with an ending, is the name of a file.
const MAX_STEM: usize = 250;

/// The keys of what is renamed, with the file and the field of each.
fn keys<'d>(documents: &'d Documents, what: &What) -> BTreeMap<&'d str, Place> {
    let whole = |origin: &std::sync::Arc<str>| Place::whole(std::sync::Arc::clone(origin));
    match what {
        What::Page => {
            let pages = documents.pages.iter();
            pages
                .map(|one| (one.key.as_str(), whole(&one.origin)))
                .collect()
        }
        What::Block { page } => {
            let pages = documents.pages.iter().filter(|one| one.key == *page);
            let blocks = pages.flat_map(|page| {
                let blocks = page.blocks.iter().enumerate();
                blocks.map(|(index, block)| {
                    let field = FieldPath::from("blocks").then(index);
                    let field = field.then("key");
                    let place = Place::value(std::sync::Arc::clone(&page.origin), field);
                    (block.key.as_str(), place)
                })
            });
            blocks.collect()
        }
        What::Component => {
            let components = documents.components.iter();
            components
                .map(|one| (one.key.as_str(), whole(&one.origin)))
                .collect()
        }
        What::Token => {
            let tokens = documents.tokens.iter();
            tokens
                .map(|one| {
                    let field = FieldPath::from(one.key.as_str());
                    let place = Place::key(std::sync::Arc::clone(&one.origin), field);
                    (one.key.as_str(), place)
                })
                .collect()
        }
        What::Node => {
            let nodes = documents.nodes.iter();
            nodes
                .map(|one| (one.id.as_str(), whole(&one.origin)))
                .collect()
        }
    }
}

/// What is wrong with the keys themselves.
pub fn check_keys(renaming: &Renaming, documents: &Documents) -> Diagnostics {
    let mut found = Diagnostics::new();
    let Renaming { what, old, new } = renaming;
    let noun = what.noun();
    if let What::Block { page } = what {
        let pages: BTreeMap<&str, &Page> = documents
            .pages
            .iter()
            .map(|page| (page.key.as_str(), page))
            .collect();
        match pages.get(page.as_str()) {
            None => {
                let message = format!("there is no page `{}`", page.escape_debug());
                let hint = did_you_mean(page, pages.keys().copied());
                let diagnostic = Diagnostic::general(code::UNKNOWN_PAGE, message);
                found.push(diagnostic.hint_if(hint));
                return found;
            }
            Some(page) if page.origin.ends_with(".md") => {
                let place = Place::whole(std::sync::Arc::clone(&page.origin));
                let message = "the one block of a Markdown page is always `body`";
                found.push(Diagnostic::error(code::BAD_KEY, place, message));
                return found;
            }
            Some(_) => {}
        }
    }
    let keys = keys(documents, what);
    if !keys.contains_key(old.as_str()) {
        let message = format!("there is no {noun} `{}`", old.escape_debug());
        let unknown = match what {
            What::Page => code::UNKNOWN_PAGE,
            What::Block { .. } => code::UNKNOWN_KEY,
            What::Component => code::UNKNOWN_COMPONENT,
            What::Token => code::UNKNOWN_TOKEN,
            What::Node => code::UNKNOWN_NODE,
        };
        let hint = did_you_mean(old, keys.keys().copied());
        found.push(Diagnostic::general(unknown, message).hint_if(hint));
    }
    let twice = documents.entities().filter(|(kind, key, _)| {
        kind.as_str() == noun && (*key == old.as_str() || *key == new.as_str())
    });
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for (_, key, origin) in twice {
        if let Some(first) = first.insert(key, origin) {
            let message = format!("two {noun}s have the key `{key}`");
            let diagnostic = Diagnostic::error(code::DUPLICATE_KEY, Place::whole(origin), message);
            found.push(diagnostic.related(Place::whole(first), "the first is here"));
        }
    }
    let is_file = matches!(what, What::Page | What::Component | What::Node);
    let problem = key_problem(new).or_else(|| {
        let most = if is_file { MAX_STEM } else { usize::MAX };
        let is_long = new.len() > most;
        is_long.then(|| format!("it has {} bytes, and {most} are allowed", new.len()))
    });
    if let Some(problem) = problem {
        let message = format!(
            "`{}` cannot be the key of a {noun}: {problem}",
            new.escape_debug()
        );
        found.push(Diagnostic::general(code::BAD_KEY, message));
    } else if old == new {
        let message = format!("the {noun} has the key `{new}` already");
        found.push(Diagnostic::general(code::DUPLICATE_KEY, message));
    } else if let Some(place) = keys.get(new.as_str()) {
        let message = format!("there is a {noun} `{new}` already");
        let diagnostic = Diagnostic::error(code::DUPLICATE_KEY, place.clone(), message);
        found.push(diagnostic.hint("choose another key, or rename that one first"));
    } else if *what == What::Token {
        token_names(renaming, documents, &mut found);
    }
    if *what == What::Component && old == "markdown" {
        let mut pages = documents.pages.iter();
        if let Some(page) = pages.find(|page| page.origin.ends_with(".md")) {
            let place = Place::whole(std::sync::Arc::clone(&page.origin));
            let message = "Markdown pages use the component `markdown` by its key";
            found.push(Diagnostic::error(code::BAD_KEY, place, message));
        }
    }
    found
}

fn token_names(renaming: &Renaming, documents: &Documents, found: &mut Diagnostics) {
    let Renaming { old, new, .. } = renaming;
    let name = css_name(new);
    let others = documents.tokens.iter().filter(|token| token.key != *old);
    for token in others.filter(|token| css_name(&token.key) == name) {
        let field = FieldPath::from(token.key.as_str());
        let place = Place::key(std::sync::Arc::clone(&token.origin), field);
        let message = format!("`{new}` and `{}` would both be `{name}`", token.key);
        found.push(Diagnostic::error(code::TOKEN_NAMES_FOLD, place, message));
    }
    for node in &documents.nodes {
        let overrides = &node.style_overrides;
        if overrides.contains_key(old) && overrides.contains_key(new) {
            let field = FieldPath::from("style_overrides").then(new.as_str());
            let place = Place::key(std::sync::Arc::clone(&node.origin), field);
            let message = format!("the node `{}` overrides `{new}` already", node.id);
            found.push(Diagnostic::error(code::DUPLICATE_KEY, place, message));
        }
    }
}

/// What stands where files are to come.
pub fn check_moves(moves: &[(String, String)], texts: &Texts) -> Diagnostics {
    let mut found = Diagnostics::new();
    let gone: BTreeSet<&str> = moves.iter().map(|(from, _)| from.as_str()).collect();
    let there: BTreeMap<String, &String> = texts
        .keys()
        .filter(|path| !gone.contains(path.as_str()))
        .map(|path| (fold_path(path), path))
        .collect();
    for (_, to) in moves {
        if let Some(path) = there.get(&fold_path(to)) {
            let message = format!("`{path}` is there already");
            let place = Place::whole(path.as_str());
            let diagnostic = Diagnostic::error(code::FOREIGN_FILE, place, message);
            found.push(diagnostic.hint("move or delete it first"));
        }
    }
    found
}

/// The errors of files that are touched, or that could refer to the old key.
pub fn check_sound(
    renaming: &Renaming,
    texts: &Texts,
    moves: &[(String, String)],
    diagnostics: &Diagnostics,
) -> Diagnostics {
    let mut found = Diagnostics::new();
    let concerns = |path: &str| {
        let moved = moves.iter().any(|(from, _)| from == path);
        moved
            || texts
                .get(path)
                .is_none_or(|text| text.contains(&renaming.old))
    };
    for one in diagnostics.iter() {
        let path = one.place.as_ref().map(|place| &*place.path);
        if one.severity == Severity::Error && path.is_some_and(concerns) {
            found.push(one.clone());
        }
    }
    let others = texts
        .iter()
        .filter(|(_, text)| text.contains(&renaming.old));
    for (path, text) in others {
        let mut wrong = Diagnostics::new();
        let origin = std::sync::Arc::from(path.as_str());
        let is_read = match renaming.what {
            What::Node if path == CONFIG => read_config(&origin, text, &mut wrong).is_some(),
            What::Token if path.ends_with("/theme.toml") && path.starts_with("themes/") => {
                read_theme("theme", &origin, text, &mut wrong).is_some()
            }
            _ => true,
        };
        if !is_read {
            found.extend(wrong);
        }
    }
    if let (What::Node, Some(text)) = (&renaming.what, texts.get(CONFIG)) {
        let origin = std::sync::Arc::from(CONFIG);
        let config = read_config(&origin, text, &mut Diagnostics::new());
        let nodes = config.map(|config| config.nodes).unwrap_or_default();
        if nodes.contains_key(&renaming.old) && nodes.contains_key(&renaming.new) {
            let field = FieldPath::from("node").then(renaming.new.as_str());
            let message = format!("there is a `[node.{}]` already", renaming.new);
            let diagnostic =
                Diagnostic::error(code::DUPLICATE_KEY, Place::key(CONFIG, field), message);
            found.push(diagnostic.hint("delete it, or move what it says, first"));
        }
    }
    found
}

/// Whether another page has the new route of a page, or an alias of that name.
pub fn check_route(key: &str, route: &str, documents: &Documents) -> Diagnostics {
    let mut found = Diagnostics::new();
    let wanted = fold_path(route);
    let others = documents.pages.iter().filter(|page| page.key != key);
    for page in others.filter(|page| page.status != Status::Archived) {
        let mut routes = page
            .aliases()
            .map(|(_, alias)| alias)
            .chain([page.route.as_str()]);
        if routes.any(|other| fold_path(other) == wanted) {
            let place = Place::value(std::sync::Arc::clone(&page.origin), "route");
            let message = format!(
                "the new path gives the route `{route}`, and the page `{}` has it",
                page.key
            );
            let diagnostic = Diagnostic::error(code::ROUTE_TAKEN, place, message);
            found.push(diagnostic.hint("give one of the two pages a `route` first"));
        }
    }
    found
}
