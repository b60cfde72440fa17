//! `rbgen new page`: writes a page as a draft, which takes after the pages beside it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::{Fault, PageArguments, finish, key_fault, named};
use crate::assemble::{Parts, Validators, assemble};
use crate::cli::{Globals, Status, place};
use crate::diag::{Diagnostic, Diagnostics, Severity, did_you_mean};
use crate::files::Folder;
use crate::format::{PageFile, read_page};
use crate::model::SHARED_APP;
use crate::model::{Documents, Moment, Page, Site, fold_path, key_problem, route_problem};
use crate::plan::{Request, plan};
use crate::scaffold::{Files, NewPage, neighbourhood, page_text, starter, suggest_key};

/// The folder of all pages.
const PAGES: &str = "content/pages/";

/// `rbgen new page`.
pub fn run(globals: &Globals, root: &Path, site: &Site, arguments: &PageArguments) -> Status {
    let written = page(root, site, arguments).and_then(|page| {
        let text = page_text(&page);
        check(site, &page.path, &text)?;
        Ok((page, text))
    });
    let (page, text) = match written {
        Ok(written) => written,
        Err((message, hint)) => return place::fail(globals, &message, &hint),
    };
    let app = parts_of(&page.path)[0];
    let known = app == SHARED_APP || site.nodes.values().any(|node| node.enabled_apps.has(app));
    let next = match known {
        true => "It is a draft: `rbgen build --drafts` builds it.".to_string(),
        false => format!(
            "No node has the app `{app}` yet: add it to `enabled_apps` in a file of content/nodes/."
        ),
    };
    let files = Files::from([(page.path, text.into_bytes())]);
    finish(globals, root, &files, &next)
}

/// The app, the folders and the key that the path of a page's file consists of.
fn parts_of(path: &str) -> Vec<&str> {
    let path = path.strip_prefix(PAGES).unwrap_or(path);
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    stem.split('/').collect()
}

/// Reads the text of a page as a build would, and holds it against the site: the fault is every
/// error that the site does not have without it.
fn check(site: &Site, path: &str, text: &str) -> Result<(), Fault> {
    let before = errors(site, Vec::new());
    let mut found = Diagnostics::new();
    let parts = parts_of(path);
    let page = read_page(
        PageFile {
            origin: &Arc::from(path),
            app: parts[0],
            path_below_app: &parts[1..],
            text,
            data_file: &|_| Err("a new page names no file".into()),
        },
        &mut found,
    );
    found.extend(errors(site, page.into_iter().collect()));
    let new: Vec<Diagnostic> = found
        .into_iter()
        .filter(|found| found.severity == Severity::Error)
        .filter(|found| !before.iter().any(|old| old == found))
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let messages: Vec<&str> = new.iter().map(|error| error.message.as_str()).collect();
    let hints: Vec<&str> = new
        .iter()
        .flat_map(|error| error.hints.iter().map(String::as_str))
        .collect();
    Err((
        format!("the page would have errors: {}", messages.join("; ")),
        hints.join("; "),
    ))
}

/// What is wrong with a site and these pages more, drafts as well.
fn errors(site: &Site, more: Vec<Page>) -> Diagnostics {
    let site = site.clone();
    let mut diagnostics = Diagnostics::new();
    let validators = Validators::new(site.components.values());
    for page in &more {
        validators.check_page(page, &mut diagnostics);
    }
    let documents = Documents {
        pages: site.pages.iter().cloned().chain(more).collect(),
        components: Arc::unwrap_or_clone(site.components)
            .into_values()
            .collect(),
        tokens: Arc::unwrap_or_clone(site.tokens).into_values().collect(),
        nodes: Arc::unwrap_or_clone(site.nodes).into_values().collect(),
    };
    let (site, found) = assemble(Parts {
        config: site.config,
        documents,
        themes: Arc::unwrap_or_clone(site.themes).into_values().collect(),
        statics: Arc::unwrap_or_clone(site.statics),
        packages: Arc::unwrap_or_clone(site.packages),
        incomplete: site.incomplete,
        remembered: None,
        only_pages: false,
    });
    diagnostics.extend(found);
    let request = Request {
        nodes: BTreeSet::new(),
        apps: BTreeSet::new(),
        drafts: true,
        now: Moment::now(),
    };
    diagnostics.extend(plan(&site, &request).1);
    diagnostics
}

/// The page that was asked for, or why it cannot be.
fn page(root: &Path, site: &Site, arguments: &PageArguments) -> Result<NewPage, Fault> {
    // The path of the file is as good: it is what shells complete.
    let path = arguments.path.strip_prefix("./");
    let path = path.unwrap_or(&arguments.path);
    let path = path.strip_prefix(PAGES).unwrap_or(path);
    let (path, markdown) = match (path.strip_suffix(".md"), path.strip_suffix(".toml")) {
        (Some(path), _) => (path, true),
        (_, Some(path)) => (path, arguments.markdown),
        _ => (path, arguments.markdown),
    };
    let parts: Vec<&str> = path.split('/').collect();
    let [app, folders @ .., key] = parts.as_slice() else {
        return Err((
            format!("`{}` names no app", path.escape_debug()),
            format!("write `<app>/{path}`, with one of {}", apps_of(site)),
        ));
    };
    let fault = key_fault("the name of an app", app, 50)
        .or_else(|| {
            folders
                .iter()
                .find_map(|folder| key_fault("a folder of pages", folder, 255))
        })
        .or_else(|| key_fault("the key of a page", key, 255));
    if let Some((message, hint)) = fault {
        let whole: Option<Vec<String>> = parts
            .iter()
            .map(|part| match key_problem(part) {
                None => Some(part.to_string()),
                Some(_) => suggest_key(part),
            })
            .collect();
        let hint = whole.map_or(hint, |parts| format!("how about `{}`?", parts.join("/")));
        return Err((message, hint));
    }
    if let Some(other) = site.pages.iter().find(|page| page.key == *key) {
        return Err((
            format!(
                "there is a page with the key `{key}` already: `{}`",
                other.origin
            ),
            "the key of a page is unique in the whole site, over all apps and folders".into(),
        ));
    }
    // The file of a page that cannot be read is no page of the site.
    let twin = format!("{PAGES}{path}.{}", if markdown { "toml" } else { "md" });
    if Folder::new(root).has_file(&twin) {
        return Err((format!("`{twin}` would have the same key"), String::new()));
    }
    if markdown && !site.components.contains_key("markdown") {
        return Err((
            "a Markdown page needs the component `markdown`, which the site does not have".into(),
            "`rbgen new component markdown` makes one".into(),
        ));
    }
    let pages: Vec<Page> = site.pages.iter().cloned().collect();
    let around = neighbourhood(&pages, &parts);
    let route = around
        .route
        .clone()
        .unwrap_or_else(|| default_route(&parts));
    if let Some(problem) = route_problem(&route) {
        return Err((
            format!("its route would be `{route}`, which is not allowed: {problem}"),
            String::new(),
        ));
    }
    let same_route = |page: &&Page| fold_path(&page.route) == fold_path(&route);
    if let Some(other) = site.pages.iter().find(same_route) {
        return Err((
            format!(
                "its route would be `{route}`, which the page `{}` has already",
                other.key
            ),
            "choose another name or folder".into(),
        ));
    }
    let layout = match &arguments.layout {
        Some(layout) => Some(layout.clone()),
        None => around.layout,
    };
    check_layout(site, app, layout.as_deref().unwrap_or(Page::DEFAULT_LAYOUT))?;
    let ending = if markdown { "md" } else { "toml" };
    Ok(NewPage {
        path: format!("{PAGES}{path}.{ending}"),
        name: named(arguments.name.as_ref(), key)?,
        route: around.route,
        layout: layout.filter(|layout| layout != Page::DEFAULT_LAYOUT),
        // The first ten characters of a moment are its date.
        date: around
            .dated
            .then(|| Moment::now().to_string().chars().take(10).collect()),
        heading: around.heading,
        starter: starter(&site.components),
    })
}

/// `/<app>/<folders>/<key>`, without a last `index`.
fn default_route(parts: &[&str]) -> String {
    let parts = match parts {
        [rest @ .., "index"] => rest,
        all => all,
    };
    format!("/{}", parts.join("/"))
}

fn apps_of(site: &Site) -> String {
    let apps: BTreeSet<&str> = site.pages.iter().map(|page| page.app.as_str()).collect();
    match apps.is_empty() {
        true => "a name of your own".to_string(),
        false => apps
            .iter()
            .map(|app| format!("`{app}`"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// A layout has to be in every theme that the app is built with.
fn check_layout(site: &Site, app: &str, layout: &str) -> Result<(), Fault> {
    let mut themes: BTreeSet<&str> = site
        .nodes
        .values()
        .filter(|node| app == SHARED_APP || node.enabled_apps.has(app))
        .map(|node| site.config.theme_of(&node.id))
        .collect();
    if themes.is_empty() {
        themes.insert(&site.config.site.theme);
    }
    for theme in themes
        .into_iter()
        .filter(|theme| site.themes.contains_key(*theme))
    {
        let known: BTreeSet<&str> = site
            .theme_chain(theme)
            .into_iter()
            .flat_map(|theme| theme.texts.keys())
            .filter_map(|path| path.strip_prefix("layouts/")?.strip_suffix(".html"))
            .filter(|layout| *layout != "404")
            .collect();
        if !known.contains(layout) {
            let list: Vec<String> = known.iter().map(|layout| format!("`{layout}`")).collect();
            let hint = did_you_mean(layout, known.iter().copied())
                .unwrap_or_else(|| format!("it has {}", list.join(", ")));
            let message = format!(
                "the theme `{theme}` has no layout `{}`",
                layout.escape_debug()
            );
            return Err((message, hint));
        }
    }
    Ok(())
}
