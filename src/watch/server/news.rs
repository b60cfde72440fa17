//! What a page hears of a round, as JSON: what is wrong, which nodes there are, and how the pages look that
//! it asked for.

use serde_json::{Map, Value, json};

use super::html::looks;
use super::sites::{MOST_HTML, is_page, split};
use super::view::{View, address, look};
use crate::diag::{Place, clean};
use crate::digest::Digest;
use crate::load::{Located, LocatedPlace};
use crate::render::encode_path;
use crate::serve::{Found, Web, read_all, requested_path};

/// How many diagnostics are told.
const MOST_DIAGNOSTICS: usize = 200;

/// How many characters of a line are told.
const MOST_OF_A_LINE: usize = 400;

/// All but the number of the round. `pages` are the paths of addresses, as a browser has them.
pub fn news(view: &View, pages: &[String]) -> Value {
    let scene = &view.scene;
    let site = view.site.as_ref();
    let shown = scene.diagnostics.iter().take(MOST_DIAGNOSTICS);
    let pages: Map<String, Value> = pages
        .iter()
        .map(|page| (page.clone(), page_news(view, page).unwrap_or(Value::Null)))
        .collect();
    json!({
        "broken": scene.is_broken(),
        "name": site.map_or("", |site| site.config.site.name.as_str()),
        "nodes": nodes(view),
        "diagnostics": shown.map(diagnostic).collect::<Vec<Value>>(),
        "more": scene.diagnostics.len().saturating_sub(MOST_DIAGNOSTICS),
        "pages": pages,
    })
}

fn nodes(view: &View) -> Vec<Value> {
    let nodes = view.scene.nodes().into_iter();
    nodes
        .map(|(node, apps)| {
            let known = view.site.as_ref().and_then(|site| site.nodes.get(node));
            let apps: Vec<Value> = apps
                .into_iter()
                .map(|app| json!({ "app": app, "home": view.home(node, app).map(|home| address(node, home)) }))
                .collect();
            json!({
                "node": node,
                "name": clean(known.map_or(node, |known| known.name.as_str())),
                "apps": apps,
            })
        })
        .collect()
}

/// How a page looks; `None` where there is no file.
fn page_news(view: &View, page: &str) -> Option<Value> {
    let path = requested_path(page)?;
    let (node, below) = split(&path);
    let web = view.web(node)?;
    let (file, bytes) = read(&web, below)?;
    if !is_page(&file) {
        let digest = Digest::of_bytes(&bytes).hex();
        return Some(json!({ "digest": digest, "shape": digest, "styles": {} }));
    }
    let looks = looks(&bytes);
    let mut styles = Map::new();
    for style in &looks.styles {
        let found = style_path(&web, below, style).and_then(|below| read(&web, &below));
        if let Some((_, bytes)) = found {
            styles.insert(style.clone(), Digest::of_bytes(&bytes).hex().into());
        }
    }
    Some(json!({
        "digest": looks.digest.hex(),
        "shape": looks.shape.hex(),
        "styles": styles,
    }))
}

fn read(web: &Web, below: &str) -> Option<(String, Vec<u8>)> {
    let Found::File { bundle, path, .. } = look(web, below) else {
        return None;
    };
    let mut file = web.bundles[bundle].open(&path).ok()?;
    let bytes = read_all(&mut file, MOST_HTML).ok()?;
    Some((path, bytes))
}

/// The path below its node that the address of a style sheet means on a page; `None` for one of another host.
fn style_path(web: &Web, page: &str, href: &str) -> Option<String> {
    let href = href.trim().split(['?', '#']).next()?;
    let has_scheme = href.split('/').next()?.contains(':');
    if href.is_empty() || href.starts_with("//") || has_scheme {
        return None;
    }
    if href.starts_with('/') {
        let path = requested_path(href)?;
        let below = path.strip_prefix(web.decoded_base.as_str())?;
        return Some(below.to_string());
    }
    let (folder, _) = page.rsplit_once('/')?;
    // The page is decoded already, the address is not.
    let folder = encode_path(folder);
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in href.split('/') {
        match part {
            "." => {}
            // Above the root there is only the root.
            ".." if parts.len() == 1 => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    requested_path(&parts.join("/"))
}

fn diagnostic(located: &Located) -> Value {
    let diagnostic = &located.diagnostic;
    let hints: Vec<String> = diagnostic.hints.iter().map(|hint| clean(hint)).collect();
    let related: Vec<Value> = located
        .related
        .iter()
        .map(|(at, place, label)| {
            json!({
                "label": clean(label),
                "path": clean(&place.path),
                "line": at.as_ref().map(|at| at.line),
                "source": source(at.as_ref(), Some(place)),
            })
        })
        .collect();
    json!({
        "code": diagnostic.code.0,
        "severity": diagnostic.severity.as_str(),
        "message": clean(&diagnostic.message),
        "path": diagnostic.place.as_ref().map(|place| clean(&place.path)),
        "line": located.at.as_ref().map(|at| at.line),
        "column": located.at.as_ref().map(|at| at.column),
        "hints": hints,
        "source": source(located.at.as_ref(), diagnostic.place.as_ref()),
        "related": related,
    })
}

/// The line of a place with its neighbours; null where there is none or it must not be shown.
fn source(at: Option<&LocatedPlace>, place: Option<&Place>) -> Value {
    let (Some(at), Some(place)) = (at, place) else {
        return Value::Null;
    };
    let Some(text) = &at.text else {
        return Value::Null;
    };
    let first_line = at.line.saturating_sub(2).max(1);
    let lines: Vec<String> = text
        .lines()
        .skip(first_line - 1)
        .take(at.line + 3 - first_line)
        .map(|line| clean(&line.chars().take(MOST_OF_A_LINE).collect::<String>()))
        .collect();
    // A place over many lines is shown up to the end of its first.
    let marked = text[at.range.clone()].split(['\r', '\n']).next();
    let length = marked
        .unwrap_or_default()
        .chars()
        .take(MOST_OF_A_LINE)
        .count();
    let from = (at.column - 1).min(MOST_OF_A_LINE);
    json!({
        "path": clean(&place.path),
        "first_line": first_line,
        "lines": lines,
        "line": at.line,
        "from": from,
        "to": (from + length).min(MOST_OF_A_LINE),
    })
}
