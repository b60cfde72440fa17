//! Checks pages: layouts, zones and conditions, for every theme that a node builds them with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::unknown;
use crate::diag::{Diagnostic, Diagnostics, FieldPath, Place, code, did_you_mean};
use crate::model::{Condition, Page, SHARED_APP, Site, Status, route_problem};

/// Those of the pages that are not archived.
pub fn check(site: &Site, pages: &[&Page], diagnostics: &mut Diagnostics) {
    let layouts = layouts_by_theme(site);
    let themes_of_app = themes_by_app(site, pages);
    for page in pages {
        if page.status == Status::Archived {
            continue;
        }
        if page.blocks.is_empty() && page.status == Status::Published {
            let message = format!("the page `{}` has no block", page.key);
            let place = Place::whole(Arc::clone(&page.origin));
            diagnostics.push(Diagnostic::warning(code::NO_BLOCKS, place, message));
        }
        check_aliases(page, diagnostics);
        check_conditions(site, page, diagnostics);
        let none = BTreeSet::new();
        for theme in themes_of_app.get(page.app.as_str()).unwrap_or(&none) {
            check_layout(site, page, theme, &layouts, diagnostics);
        }
    }
}

/// The layouts of each theme, with what it inherits.
fn layouts_by_theme(site: &Site) -> BTreeMap<&str, BTreeSet<&str>> {
    site.themes
        .keys()
        .map(|theme| {
            let layouts = site
                .theme_chain(theme)
                .into_iter()
                .flat_map(|theme| theme.texts.keys())
                .filter_map(|path| path.strip_prefix("layouts/")?.strip_suffix(".html"))
                .collect();
            (theme.as_str(), layouts)
        })
        .collect()
}

/// The themes that some node builds each app with. An app that no node has is held to the site's
/// theme, so that its mistakes are found before it is enabled.
fn themes_by_app<'a>(site: &'a Site, pages: &[&'a Page]) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut themes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for node in site.nodes.values() {
        let theme = site.config.theme_of(&node.id);
        for app in node.enabled_apps.iter().chain([SHARED_APP]) {
            themes.entry(app).or_default().insert(theme);
        }
    }
    for page in pages {
        themes
            .entry(page.app.as_str())
            .or_insert_with(|| BTreeSet::from([site.config.site.theme.as_str()]));
    }
    themes.retain(|_, names| {
        names.retain(|theme| site.themes.contains_key(*theme));
        true
    });
    themes
}

fn check_layout(
    site: &Site,
    page: &Page,
    theme: &str,
    layouts: &BTreeMap<&str, BTreeSet<&str>>,
    diagnostics: &mut Diagnostics,
) {
    let known = &layouts[theme];
    if !known.contains(page.layout.as_str()) {
        diagnostics.push(
            unknown(
                code::UNKNOWN_LAYOUT,
                Place::value(Arc::clone(&page.origin), "layout"),
                "layout",
                &page.layout,
                known.iter().copied(),
            )
            .hint(format!(
                "the theme `{theme}` has {}",
                known
                    .iter()
                    .map(|layout| format!("`{layout}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        );
        return;
    }
    let zones = site.layout_zones(theme, &page.layout);
    for (index, block) in page.blocks.iter().enumerate() {
        if !zones.contains(&block.zone.as_str()) {
            diagnostics.push(
                Diagnostic::error(
                    code::UNKNOWN_ZONE,
                    Place::value(
                        Arc::clone(&page.origin),
                        FieldPath::from("blocks").then(index).then("zone"),
                    ),
                    format!(
                        "the layout `{}` of theme `{theme}` has no zone `{}`",
                        page.layout, block.zone
                    ),
                )
                .hint(
                    did_you_mean(&block.zone, zones.iter().copied())
                        .unwrap_or_else(|| format!("it has {}", zones.join(", "))),
                ),
            );
        }
    }
}

fn check_conditions(site: &Site, page: &Page, diagnostics: &mut Diagnostics) {
    for (index, block) in page.blocks.iter().enumerate() {
        if block.conditions.is_empty() {
            continue;
        }
        let field = FieldPath::from("blocks").then(index).then("conditions");
        if let Err(problems) = Condition::parse(&block.conditions, &field) {
            for problem in problems {
                let place = if problem.unknown_key {
                    Place::key
                } else {
                    Place::value
                };
                let place = place(Arc::clone(&page.origin), problem.field);
                diagnostics.push(
                    Diagnostic::error(code::BAD_CONDITION, place, problem.message)
                        .hint_if(problem.hint),
                );
            }
        }
        let mut named = Vec::new();
        Condition::named_nodes(&block.conditions, &field, &mut named);
        for (place, node) in named {
            if !site.nodes.contains_key(&node) && !site.incomplete {
                diagnostics.push(unknown(
                    code::UNKNOWN_NODE,
                    Place::value(Arc::clone(&page.origin), place),
                    "node",
                    &node,
                    site.nodes.keys().map(String::as_str),
                ));
            }
        }
    }
}

fn check_aliases(page: &Page, diagnostics: &mut Diagnostics) {
    let field = FieldPath::from("metadata").then("aliases");
    let Some(value) = page.metadata.get("aliases") else {
        return;
    };
    let Some(items) = value.as_array() else {
        diagnostics.push(Diagnostic::error(
            code::BAD_ALIAS,
            Place::value(Arc::clone(&page.origin), field),
            "`aliases` must be an array of routes",
        ));
        return;
    };
    for (index, item) in items.iter().enumerate() {
        let problem = match item.as_text() {
            None => Some("it is not a string".to_string()),
            Some(alias) => route_problem(alias)
                .or_else(|| alias.contains(' ').then(|| "it has a space".to_string())),
        };
        if let Some(problem) = problem {
            diagnostics.push(Diagnostic::error(
                code::BAD_ALIAS,
                Place::value(Arc::clone(&page.origin), field.then(index)),
                format!("this alias is no route: {problem}"),
            ));
        }
    }
}
