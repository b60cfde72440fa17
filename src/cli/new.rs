//! `rbgen new`: writes a page, a component, a node or a token, and never over anything.

mod page;
mod token;

use std::collections::BTreeSet;
use std::path::Path;

use clap::{Args, Subcommand};

use super::{Globals, Status, output, place, print, site_root};
use crate::files::Folder;
use crate::load::{CONFIG_FILE, load_site};
use crate::model::SHARED_APP;
use crate::model::{Site, key_problem};
use crate::scaffold::{Files, NewComponent, component_files, node_text, suggest_key, words};

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
    /// Where it goes below content/pages/: the app, folders if you like, and the page's key; with
    /// the ending `.md` it is Markdown
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
    /// Write React code, and no template
    #[arg(long)]
    react: bool,
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
        What::Page(arguments) => page::run(globals, &root, &site, arguments),
        What::Component(arguments) => new_component(globals, &root, &site, arguments),
        What::Node(arguments) => new_node(globals, &root, &site, arguments),
        What::Token(arguments) => token::run(globals, &root, &site, arguments),
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

/// What a site without React components needs for its first.
const REACT_NEXT: &str = "React components need a library. Add this to robbieblocks.toml, and run `npm ci --prefix themes/base`
(or `npm install --prefix themes/base preact preact-render-to-string`, where no package-lock.json is there):

[react]
packages = \"themes/base/node_modules\"";

fn new_component(
    globals: &Globals,
    root: &Path,
    site: &Site,
    arguments: &ComponentArguments,
) -> Status {
    let key = arguments.key.as_str();
    let name = match key_fault("the key of a component", key, 255) {
        Some(fault) => Err(fault),
        None => named(arguments.name.as_ref(), key),
    };
    let name = match name {
        Ok(name) => name,
        Err((message, hint)) => return place::fail(globals, &message, &hint),
    };
    // Code or a template of that name would become this component's.
    let endings: &[&str] = match arguments.react {
        true => &["html", "jsx"],
        false => &["tsx", "jsx"],
    };
    for ending in endings {
        let path = format!("content/components/{key}.{ending}");
        if Folder::new(root).has_file(&path) {
            return place::refuse(globals, &place::Refusal::Taken(vec![path]));
        }
    }
    let files = component_files(&NewComponent {
        key,
        name: &name,
        is_react: arguments.react,
    });
    let next = match arguments.react && site.config.react.is_none() {
        true => REACT_NEXT,
        false => "",
    };
    finish(globals, root, &files, next)
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
