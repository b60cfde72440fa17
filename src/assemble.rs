//! Checks documents against each other and makes a site of them: the one place for rules that need
//! more than one document.

mod components;
mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diag::{Code, Diagnostic, Diagnostics, FieldPath, Place, code, did_you_mean};
use crate::model::{
    Asset, Config, Documents, Packages, Page, PageMemory, Pages, SHARED_APP, Site, Status, Theme,
    sibling,
};

pub use components::{Validators, check_uses};

/// What the doors give: everything that a site is made of.
#[derive(Clone)]
pub struct Parts {
    pub config: Config,
    pub documents: Documents,
    pub themes: Vec<Theme>,
    pub statics: BTreeMap<String, Asset>,
    pub packages: Packages,
    /// Whether a document is missing because it could not be read.
    pub incomplete: bool,
    /// Pages that are as they were when everything was checked, by their numbers.
    pub remembered: Option<(Vec<usize>, Arc<dyn PageMemory>)>,
    /// Whether nothing has changed but what the pages of `documents` say, and not where they are or
    /// what they use: then only those are checked.
    pub only_pages: bool,
}

/// Checks everything that crosses documents, but for the props of blocks, which
/// [`Validators`] check page by page. The site holds what is sound; with errors among the
/// diagnostics it must not be published, and it still serves to find further errors.
pub fn assemble(parts: Parts) -> (Site, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let Parts {
        config,
        documents,
        themes,
        statics,
        packages,
        incomplete,
        remembered,
        only_pages,
    } = parts;
    let keyed = &mut diagnostics;
    let components = unique(documents.components, "component", keyed, |c| {
        (&c.key, &c.origin)
    });
    let tokens = unique(documents.tokens, "token", keyed, |t| (&t.key, &t.origin));
    let nodes = unique(documents.nodes, "node", keyed, |n| (&n.id, &n.origin));
    let pages = unique(documents.pages, "page", keyed, |p| (&p.key, &p.origin));
    let checked: Vec<String> = match only_pages {
        true => pages.iter().map(|page| page.key.clone()).collect(),
        false => Vec::new(),
    };
    let (numbers, memory) = remembered.unzip();
    let themes = themes
        .into_iter()
        .map(|theme| (theme.key.clone(), theme))
        .collect();
    let site = Site {
        config,
        pages: Pages::new(pages, numbers.into_iter().flatten(), memory),
        components: Arc::new(by_key(components, |component| &component.key)),
        tokens: Arc::new(by_key(tokens, |token| &token.key)),
        nodes: Arc::new(by_key(nodes, |node| &node.id)),
        themes: Arc::new(themes),
        statics: Arc::new(statics),
        packages: Arc::new(packages),
        incomplete,
    };
    if only_pages {
        let found = checked.iter().filter_map(|key| site.pages.find(key));
        let pages: Vec<&Page> = found.map(|index| &site.pages[index]).collect();
        check_pages(&site, &pages, &mut diagnostics);
    } else {
        check_themes(&site, &mut diagnostics);
        check_nodes(&site, &mut diagnostics);
        check_apps(&site, &mut diagnostics);
        let pages: Vec<&Page> = site.pages.par_iter().collect();
        check_pages(&site, &pages, &mut diagnostics);
    }
    (site, diagnostics)
}

/// Holds pages against the site that they are in: what they use, and where they stand.
pub fn check_pages(site: &Site, pages: &[&Page], diagnostics: &mut Diagnostics) {
    components::check_uses(site, pages, diagnostics);
    pages::check(site, pages, diagnostics);
}

/// Documents sorted by key; of two with one key the one whose origin sorts first stays.
fn unique<T>(
    mut documents: Vec<T>,
    kind: &str,
    diagnostics: &mut Diagnostics,
    identity: fn(&T) -> (&String, &Arc<str>),
) -> Vec<T> {
    documents.sort_unstable_by(|a, b| identity(a).cmp(&identity(b)));
    documents.dedup_by(|second, first| {
        let ((first_key, first_origin), (key, origin)) = (identity(first), identity(second));
        if first_key == key {
            diagnostics.push(
                Diagnostic::error(
                    code::DUPLICATE_KEY,
                    Place::key(Arc::clone(origin), key.as_str()),
                    format!("a second {kind} with the key `{key}`"),
                )
                .related(
                    Place::key(Arc::clone(first_origin), key.as_str()),
                    "the first is here",
                ),
            );
        }
        first_key == key
    });
    documents
}

fn by_key<T>(documents: Vec<T>, key: fn(&T) -> &String) -> BTreeMap<String, T> {
    let keyed = documents
        .into_iter()
        .map(|document| (key(&document).clone(), document));
    keyed.collect()
}

fn check_themes(site: &Site, diagnostics: &mut Diagnostics) {
    let config = &site.config;
    let mut wanted = vec![(FieldPath::from("site").then("theme"), &config.site.theme)];
    for (node, settings) in &config.nodes {
        if let Some(theme) = &settings.theme {
            wanted.push((
                FieldPath::from("node").then(node.as_str()).then("theme"),
                theme,
            ));
        }
    }
    for (field, theme) in wanted {
        if !site.themes.contains_key(theme) && !site.incomplete {
            diagnostics.push(unknown(
                code::UNKNOWN_THEME,
                Place::value(Arc::clone(&config.origin), field),
                "theme",
                theme,
                site.themes.keys().map(String::as_str),
            ));
        }
    }
    for theme in site.themes.values() {
        let Some(parent) = &theme.extends else {
            continue;
        };
        let place = Place::value(Arc::clone(&theme.origin), "extends");
        if !site.themes.contains_key(parent) {
            if !site.incomplete {
                diagnostics.push(unknown(
                    code::UNKNOWN_THEME,
                    place,
                    "theme",
                    parent,
                    site.themes.keys().map(String::as_str),
                ));
            }
            continue;
        }
        // A chain that goes on at the theme it began with is a ring; of its themes the first by name
        // tells of it.
        let chain = site.theme_chain(&theme.key);
        let next = chain.last().and_then(|last| last.extends.as_ref());
        if next == Some(&theme.key) && chain.iter().all(|other| theme.key <= other.key) {
            let mut cycle = Diagnostic::error(
                code::THEME_CYCLE,
                place,
                match chain.len() {
                    1 => format!("the theme `{parent}` extends itself"),
                    _ => format!(
                        "the theme `{}` extends itself by way of `{parent}`",
                        theme.key
                    ),
                },
            );
            for other in &chain[1..] {
                let extends = other.extends.as_deref().unwrap_or_default();
                cycle = cycle.related(
                    Place::value(Arc::clone(&other.origin), "extends"),
                    format!("`{}` extends `{extends}`", other.key),
                );
            }
            diagnostics.push(cycle);
        }
    }
}

fn check_nodes(site: &Site, diagnostics: &mut Diagnostics) {
    for node in site.config.nodes.keys() {
        if !site.nodes.contains_key(node) && !site.incomplete {
            diagnostics.push(unknown(
                code::UNKNOWN_NODE,
                Place::key(
                    Arc::clone(&site.config.origin),
                    FieldPath::from("node").then(node.as_str()),
                ),
                "node",
                node,
                site.nodes.keys().map(String::as_str),
            ));
        }
    }
    let apps: BTreeSet<&str> = site.pages.iter().map(|page| page.app.as_str()).collect();
    for node in site.nodes.values() {
        for (index, app) in node.enabled_apps.indexed() {
            if !apps.contains(app) && !site.incomplete {
                diagnostics.push(
                    Diagnostic::warning(
                        code::UNKNOWN_APP,
                        Place::value(
                            Arc::clone(&node.origin),
                            FieldPath::from("enabled_apps").then(index),
                        ),
                        format!("the app `{app}` has no page"),
                    )
                    .hint_if(did_you_mean(app, apps.iter().copied())),
                );
            }
        }
        let allowed = site.config.allows_scripts(&node.id);
        if node.custom_scripts.is_some() && !allowed {
            diagnostics.push(
                Diagnostic::warning(
                    code::SCRIPTS_NOT_ALLOWED,
                    Place::whole(sibling(&node.origin, "js")),
                    format!("the scripts of node `{}` are left out", node.id),
                )
                .hint(format!(
                    "allow them with `allow_scripts = true` under `[node.{}]` in robbieblocks.toml",
                    node.id
                )),
            );
        }
    }
}

/// Published pages that no node will show, once for each app.
fn check_apps(site: &Site, diagnostics: &mut Diagnostics) {
    let enabled: BTreeSet<&str> = site
        .nodes
        .values()
        .flat_map(|node| node.enabled_apps.iter())
        .chain([SHARED_APP])
        .collect();
    let mut reported = BTreeSet::new();
    for page in site
        .pages
        .iter()
        .filter(|page| page.status == Status::Published)
    {
        let app = page.app.as_str();
        if !enabled.contains(app) && !site.incomplete && reported.insert(app) {
            diagnostics.push(
                Diagnostic::warning(
                    code::APP_NOT_ENABLED,
                    Place::whole(Arc::clone(&page.origin)),
                    format!("no node enables the app `{app}`, so its pages are built for none"),
                )
                .hint("add it to `enabled_apps` of a node in `content/nodes/`"),
            );
        }
    }
}

/// A reference to something that is not there, with the nearest name that is.
fn unknown<'a>(
    code: Code,
    place: Place,
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    Diagnostic::error(code, place, format!("there is no {kind} `{name}`"))
        .hint_if(did_you_mean(name, known))
}
