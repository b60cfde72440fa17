//! The site of each node below its name: `/<node>/…`.
//!
//! Pages are the bytes of the output, whose links begin at the root of their host. So `/play/x/` comes in
//! where `/<node>/play/x/` is meant, and who asked says which node that is.

use std::io;

use axum::http::header::{HOST, HeaderValue, REFERER, VARY};
use axum::http::request::Parts;
use axum::response::Response;
use percent_encoding::percent_decode_str;

use super::html::{looks, script_element};
use super::missing;
use super::policy::{amended, sources};
use super::view::{View, look};
use crate::digest::Hasher;
use crate::render::encode_path;
use crate::serve::{
    Content, Found, Representation, Web, WebBundle, content_type, etag_of, headers_for, moved,
    plain, read_all, represent, requested_path, respond,
};

/// The largest page that is read, in bytes.
pub const MOST_HTML: u64 = 64 * 1024 * 1024;

/// The answer to a request for a decoded path that is no page of the workbench.
pub fn answer(view: &View, request: &Parts, path: &str) -> Response {
    if view.scene.bundles.is_empty() {
        return missing::nothing_built(view, request);
    }
    let (first, below) = split(path);
    let web = view.web(first);
    if let Some((asking, from)) = asking_node(view, request)
        // A page that asks for itself means itself, and not another page of its node.
        && from != request.uri.path()
        && let Some(asking) = view.web(&asking)
    {
        match below_base(&asking.decoded_base, path) {
            Some(meant) if web.is_none() || look(&asking, meant) != Found::Missing => {
                return to_node(request, &asking, meant);
            }
            _ => {}
        }
    }
    match web {
        Some(web) => in_node(view, request, &web, below),
        None => match only_node_with(view, path) {
            Some((web, below)) => to_node(request, &web, &below),
            None => missing::no_page(view, request, None, path),
        },
    }
}

/// The first part of a path, and what follows it: `/a/b/` is `a` and `/b/`, `/a` is `a` and nothing.
pub fn split(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_at(path.find('/').unwrap_or(path.len()))
}

/// The way to the root of the node whose page asks for `/`; `None` where no page of one asks, or its node
/// has none there.
pub fn root_of_asking(view: &View, request: &Parts) -> Option<Response> {
    let (node, from) = asking_node(view, request)?;
    let web = view.web(&node)?;
    let from = requested_path(from)?;
    let is_page_at =
        |below: &str| matches!(look(&web, below), Found::File { path, .. } if is_page(&path));
    let is_its_own = web.decoded_base.is_empty() && is_page_at(split(&from).1) && is_page_at("/");
    is_its_own.then(|| to_node(request, &web, "/"))
}

/// The node whose page asks, by the first part of its address, and the path of that: `Referer` is one of
/// this server.
fn asking_node<'a>(view: &View, request: &'a Parts) -> Option<(String, &'a str)> {
    let text = |name| request.headers.get(name)?.to_str().ok();
    let (_, rest) = text(REFERER)?.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/')?);
    let path = path.split(['?', '#']).next()?;
    if !authority.eq_ignore_ascii_case(text(HOST)?) {
        return None;
    }
    let node = percent_decode_str(split(path).0).decode_utf8().ok()?;
    let nodes = view.scene.nodes();
    let known = nodes.into_iter().find(|(known, _)| *known == node)?;
    Some((known.0.to_string(), path))
}

/// What of a path is below the base path of a node, both decoded or both not: `/` at least.
fn below_base<'a>(base_path: &str, path: &'a str) -> Option<&'a str> {
    match path.strip_prefix(base_path)? {
        "" => Some("/"),
        below => below.starts_with('/').then_some(below),
    }
}

/// The one node that has something at a path of its host.
fn only_node_with(view: &View, path: &str) -> Option<(std::sync::Arc<Web>, String)> {
    let nodes = view.scene.nodes().into_iter();
    let mut having = nodes.filter_map(|(node, _)| {
        let web = view.web(node)?;
        let below = below_base(&web.decoded_base, path)?.to_string();
        (look(&web, &below) != Found::Missing).then_some((web, below))
    });
    let only = having.next()?;
    having.next().is_none().then_some(only)
}

/// Redirecting, and not answering at once, so that what the answer asks for says whose it is in turn.
fn to_node(request: &Parts, web: &Web, below: &str) -> Response {
    let mut response = with_query(
        request,
        307,
        &format!("/{}{}", web.node, encode_path(below)),
    );
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("referer"));
    response
}

fn with_query(request: &Parts, status: u16, to: &str) -> Response {
    match request.uri.query() {
        Some(query) if !to.contains(['?', '#']) => moved(status, &format!("{to}?{query}")),
        _ => moved(status, to),
    }
}

fn in_node(view: &View, request: &Parts, web: &Web, below: &str) -> Response {
    if below.is_empty() {
        return with_query(request, 307, &format!("/{}/", web.node));
    }
    match look(web, below) {
        Found::File {
            bundle,
            path,
            status,
        } => {
            let found = page_or_file(request, web, &web.bundles[bundle], below, &path, status);
            match found {
                Ok(found) => respond(request, found),
                Err(error) => plain(500, &format!("The file cannot be read: {error}.")),
            }
        }
        Found::Moved { status, to } => {
            // An address on the host of the node is one below the node here.
            let path = to.split(['?', '#']).next().unwrap_or_default();
            match below_base(&web.base_path, path).filter(|_| to.starts_with('/')) {
                Some(below) => {
                    let rest = &to[path.len()..];
                    with_query(request, status, &format!("/{}{below}{rest}", web.node))
                }
                None => with_query(request, status, &to),
            }
        }
        Found::Missing if below == "/" => match view.start_of(&web.node) {
            Some(start) if start != format!("/{}/", web.node) => with_query(request, 307, &start),
            _ => missing::no_page(view, request, Some(web), below),
        },
        Found::Missing => missing::no_page(view, request, Some(web), below),
    }
}

/// A file of a bundle; a page with the script of this server at its end.
fn page_or_file(
    request: &Parts,
    web: &Web,
    bundle: &WebBundle,
    below: &str,
    file: &str,
    status: u16,
) -> io::Result<Representation> {
    let asked = format!("{}{below}", web.decoded_base);
    let host = request.headers.get(HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let sources = sources(host, request.uri.path());
    let headers = amended(headers_for(&bundle.headers, &asked), &sources);
    if !is_page(file) {
        let found = represent(bundle, &asked, file, status)?;
        return Ok(Representation {
            // Which bytes these are says the tag alone: clocks are too coarse for who saves twice a second.
            modified: None,
            headers,
            ..found
        });
    }
    let mut bytes = read_all(&mut bundle.open(file)?, MOST_HTML)?;
    let element = script_element(request.uri.path(), Some(&looks(&bytes)));
    bytes.extend_from_slice(element.as_bytes());
    // The policy goes with the page, also to who has its bytes already.
    let mut hasher = Hasher::new("rbgen watch page");
    hasher.bytes(&bytes);
    for (name, value) in &headers {
        hasher.text(name.as_str()).bytes(value.as_bytes());
    }
    Ok(Representation {
        content: Content::Bytes(bytes),
        status,
        content_type: content_type(file),
        etag: etag_of(&hasher.finish()),
        modified: None,
        headers,
    })
}

/// Whether a file is HTML.
pub fn is_page(file: &str) -> bool {
    content_type(file).starts_with("text/html")
}
