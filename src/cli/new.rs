//! `rbgen new`: writes a page, a component, a node or a token, and never over anything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::{Globals, Status, output, place, print, site_root};
use crate::diag::{Diagnostic, Diagnostics, Severity, did_you_mean};
use crate::files::Folder;
use crate::format::read_tokens;
use crate::load::{CONFIG_FILE, load_site};
use crate::model::{Moment, Page, Site, fold_path, key_problem, route_problem};
use crate::plan::SHARED_APP;
use crate::render::style::{check_tokens, resolve_tokens};
use crate::scaffold::{
    Files, NewComponent, NewPage, NoRoom, component_files, neighbourhood, new_tokens_file,
    node_text, page_text, starter, suggest_key, with_token, words,
};

#[derive(Args)]
pub struct NewArguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write a page, as a draft
    Page(PageArguments),
    /// Write a component: its definition, template and styles
    Component(ComponentArguments),
    /// Write a node
    Node(NodeArguments),
    /// Add a design token to the file of its category
    Token(TokenArguments),
}

#[derive(Args)]
struct PageArguments {
    /// Where it goes below content/pages/: the app, folders if you like, and the page's key
    #[arg(value_name = "APP/PATH")]
    path: String,
    /// Write Markdown instead of blocks
    #[arg(long)]
    markdown: bool,
    /// The name of the page [default: made of its key]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The layout [default: that of the pages in the same folder]
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<String>,
}

#[derive(Args)]
struct ComponentArguments {
    /// The key of the component
    key: String,
    /// Its name [default: made of its key]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Args)]
struct NodeArguments {
    /// The id of the node
    id: String,
    /// Its name [default: made of its id]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Args)]
struct TokenArguments {
    /// The key of the token; its first part is its category
    key: String,
    /// A CSS value; "{other.token}" in it stands for the value of another token
    #[arg(allow_hyphen_values = true)]
    value: String,
    /// What the token is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// What is wrong, and a hint or nothing.
type Fault = (String, String);

pub fn run(globals: &Globals, arguments: &NewArguments) -> Status {
    let root = match site_root(globals) {
        Ok(root) => root,
        Err(status) => return status,
    };
    let loaded = load_site(&Folder::new(&root));
    let Some(site) = loaded.site else {
        let diagnostics = print::report(globals, &root, loaded.diagnostics);
        if globals.json {
            print::json_document(&serde_json::json!({ "written": [], "diagnostics": diagnostics }));
        }
        return Status::Unusable;
    };
    match &arguments.what {
        What::Page(arguments) => new_page(globals, &root, &site, arguments),
        What::Component(arguments) => new_component(globals, &root, arguments),
        What::Node(arguments) => new_node(globals, &root, &site, arguments),
        What::Token(arguments) => new_token(globals, &root, &site, arguments),
    }
}

fn finish(globals: &Globals, root: &Path, files: &Files, next: &str) -> Status {
    match place::write_new(root, files) {
        Ok(()) => {
            place::report(globals, files.keys().map(String::as_str));
            if !globals.quiet && !next.is_empty() {
                output::note(next);
            }
            Status::Done
        }
        Err(refusal) => place::refuse(globals, &refusal),
    }
}

/// The fault of a key, if it has one, with a key that would do.
fn key_fault(what: &str, key: &str, most: usize) -> Option<Fault> {
    let problem = match key_problem(key) {
        Some(problem) => problem,
        None if key.len() > most => {
            format!("it has {} characters, and {most} are allowed", key.len())
        }
        None => return None,
    };
    let hint = suggest_key(key).filter(|key| key.len() <= most);
    Some((
        format!("`{}` cannot be {what}: {problem}", key.escape_debug()),
        hint.map_or_else(String::new, |key| format!("how about `{key}`?")),
    ))
}

/// The longest name of a page, a component or a node, in characters.
const MOST_NAME: usize = 255;

fn named(given: Option<&String>, key: &str) -> Result<String, Fault> {
    let name = given.map_or_else(|| words(key), |name| name.trim().to_string());
    let fault = |why: &str| (format!("the name cannot be used: {why}"), String::new());
    match name.chars().count() {
        0 => Err(fault("it is empty")),
        length if length > MOST_NAME => Err(fault("it has more than 255 characters")),
        _ if name.contains('\0') => Err(fault("it has the character U+0000")),
        _ => Ok(name),
    }
}

fn new_page(globals: &Globals, root: &Path, site: &Site, arguments: &PageArguments) -> Status {
    match page(root, site, arguments) {
        Err((message, hint)) => place::fail(globals, &message, &hint),
        Ok(page) => {
            let files = Files::from([(page.path.clone(), page_text(&page).into_bytes())]);
            let app = arguments.path.split('/').next().unwrap_or_default();
            let known = app == SHARED_APP
                || site
                    .nodes
                    .values()
                    .any(|node| node.enabled_apps.iter().any(|name| name == app));
            let next = match known {
                true => "It is a draft: `rbgen build --drafts` builds it.".to_string(),
                false => format!(
                    "No node has the app `{app}` yet: add it to `enabled_apps` in a file of content/nodes/."
                ),
            };
            finish(globals, root, &files, &next)
        }
    }
}

/// The page that was asked for, or why it cannot be.
fn page(root: &Path, site: &Site, arguments: &PageArguments) -> Result<NewPage, Fault> {
    let path = arguments
        .path
        .strip_prefix("content/pages/")
        .unwrap_or(&arguments.path);
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
    let twin = format!(
        "content/pages/{path}.{}",
        if markdown { "toml" } else { "md" }
    );
    if Folder::new(root).has_file(&twin) {
        return Err((format!("`{twin}` would have the same key"), String::new()));
    }
    if markdown && !site.components.contains_key("markdown") {
        return Err((
            "a Markdown page needs the component `markdown`, which the site does not have".into(),
            "`rbgen new component markdown` makes one".into(),
        ));
    }
    let around = neighbourhood(&site.pages, &parts);
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
        path: format!("content/pages/{path}.{ending}"),
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
        .filter(|node| app == SHARED_APP || node.enabled_apps.iter().any(|name| name == app))
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

fn new_component(globals: &Globals, root: &Path, arguments: &ComponentArguments) -> Status {
    let key = arguments.key.as_str();
    let name = match key_fault("the key of a component", key, 255) {
        Some(fault) => Err(fault),
        None => named(arguments.name.as_ref(), key),
    };
    let name = match name {
        Ok(name) => name,
        Err((message, hint)) => return place::fail(globals, &message, &hint),
    };
    // React code of that name would become this component's.
    for ending in ["tsx", "jsx"] {
        let path = format!("content/components/{key}.{ending}");
        if Folder::new(root).has_file(&path) {
            return place::refuse(globals, &place::Refusal::Taken(vec![path]));
        }
    }
    let files = component_files(&NewComponent { key, name: &name });
    finish(globals, root, &files, "")
}

fn new_node(globals: &Globals, root: &Path, site: &Site, arguments: &NodeArguments) -> Status {
    let id = arguments.id.as_str();
    let name = match key_fault("the id of a node", id, 100) {
        Some(fault) => Err(fault),
        None => named(arguments.name.as_ref(), id),
    };
    let name = match name {
        Ok(name) => name,
        Err((message, hint)) => return place::fail(globals, &message, &hint),
    };
    for ending in ["css", "js"] {
        let path = format!("content/nodes/{id}.{ending}");
        if Folder::new(root).has_file(&path) {
            return place::refuse(globals, &place::Refusal::Taken(vec![path]));
        }
    }
    let apps: BTreeSet<&str> = site
        .pages
        .iter()
        .map(|page| page.app.as_str())
        .filter(|app| *app != SHARED_APP)
        .collect();
    let path = format!("content/nodes/{id}.toml");
    let text = node_text(&path, &name, &apps.into_iter().collect::<Vec<_>>());
    let next = match site.config.base_url_of(id) {
        Some(_) => String::new(),
        None => format!("Its address goes into {CONFIG_FILE}: `base_url` under `[node.{id}]`."),
    };
    finish(
        globals,
        root,
        &Files::from([(path, text.into_bytes())]),
        &next,
    )
}

fn new_token(globals: &Globals, root: &Path, site: &Site, arguments: &TokenArguments) -> Status {
    match token_text(root, site, arguments) {
        Err((message, hint)) => place::fail(globals, &message, &hint),
        Ok((path, text)) => match place::replace(root, &path, text.as_bytes()) {
            Ok(()) => {
                place::report(globals, [path.as_str()].into_iter());
                Status::Done
            }
            Err(error) => place::refuse(globals, &place::Refusal::Failed(path, error)),
        },
    }
}

/// The path and the new text of the file of the token's category.
fn token_text(
    root: &Path,
    site: &Site,
    arguments: &TokenArguments,
) -> Result<(String, String), Fault> {
    let TokenArguments {
        key,
        value,
        description,
    } = arguments;
    let category = key.split('.').next().unwrap_or_default();
    if let Some(fault) = key_fault("the key of a token", key, 255)
        .or_else(|| key_fault("the category of a token", category, 50))
    {
        return Err(fault);
    }
    if let Some(token) = site.tokens.get(key) {
        return Err((
            format!("there is a token `{key}` already, in `{}`", token.origin),
            format!("its value is `{}`; change it there", token.value),
        ));
    }
    let path = format!("content/tokens/{category}.toml");
    let folder = Folder::new(root);
    let there = std::fs::symlink_metadata(folder.disk_path(&path)).is_ok();
    let text = match there {
        true => {
            let old = folder
                .read_text(&path)
                .map_err(|d| (d.message, String::new()))?;
            let new = with_token(&old, key, value, description.as_deref())
                .map_err(|no_room| no_room_fault(&path, key, no_room))?;
            keeps_tokens(category, &path, &old, &new)?;
            new
        }
        false => new_tokens_file(&path, key, value, description.as_deref()),
    };
    let found = tokens_in(category, &path, &text);
    if !found
        .iter()
        .any(|(found, as_value)| found == key && as_value == value)
    {
        return Err((
            format!("a token cannot have the key `{key}`"),
            "`value` and `description` are words for the token above them".into(),
        ));
    }
    match new_errors(site, category, &path, &text).into_iter().next() {
        None => Ok((path, text)),
        Some(error) => Err((error.message, error.hints.join("; "))),
    }
}

fn no_room_fault(path: &str, key: &str, no_room: NoRoom) -> Fault {
    match no_room {
        NoRoom::NotToml(problem) => (
            format!("`{path}` is not valid TOML: {problem}"),
            "`rbgen check` says where".to_string(),
        ),
        NoRoom::Group => (
            format!("`{key}` is a group of tokens in `{path}` already, so it cannot be a token"),
            format!("a token in the group is `{key}.<name>`"),
        ),
        NoRoom::Taken => (
            format!("`{path}` has a key `{key}` already"),
            "change it there".to_string(),
        ),
        NoRoom::Lost(lost) => would_lose(path, &lost),
    }
}

fn would_lose(path: &str, lost: &[String]) -> Fault {
    (
        format!(
            "`{path}` has no room for it: the tokens {} would be lost",
            lost.iter()
                .map(|key| format!("`{key}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        "choose another key".to_string(),
    )
}

/// The tokens of a text, with their values.
fn tokens_in(category: &str, path: &str, text: &str) -> BTreeMap<String, String> {
    read_tokens(category, &Arc::from(path), text, &mut Diagnostics::new())
        .into_iter()
        .map(|token| (token.key, token.value))
        .collect()
}

/// Holds the new text of a category against the old one, as builds read them: no token goes.
fn keeps_tokens(category: &str, path: &str, old: &str, new: &str) -> Result<(), Fault> {
    let after = tokens_in(category, path, new);
    let lost: Vec<String> = tokens_in(category, path, old)
        .into_iter()
        .filter(|(key, value)| after.get(key) != Some(value))
        .map(|(key, _)| key)
        .collect();
    match lost.is_empty() {
        true => Ok(()),
        false => Err(would_lose(path, &lost)),
    }
}

/// The errors that a site would have with this text for a category, and does not have without it.
fn new_errors(site: &Site, category: &str, path: &str, text: &str) -> Vec<Diagnostic> {
    let check = |site: &Site, diagnostics: &mut Diagnostics| {
        check_tokens(site, diagnostics);
        for node in site.nodes.values() {
            resolve_tokens(site, node, diagnostics);
        }
    };
    let mut before = Diagnostics::new();
    check(site, &mut before);
    let mut after = Diagnostics::new();
    let mut with = site.clone();
    with.tokens.retain(|_, token| *token.origin != *path);
    for token in read_tokens(category, &Arc::from(path), text, &mut after) {
        with.tokens.entry(token.key.clone()).or_insert(token);
    }
    check(&with, &mut after);
    after
        .into_iter()
        .filter(|found| found.severity == Severity::Error && !before.iter().any(|old| old == found))
        .collect()
}
