//! The pages for what is not there: not at this path, or nothing at all yet. They come to life by themselves.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;

use axum::http::header::{CONTENT_SECURITY_POLICY, REFRESH};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header::CONTENT_TYPE};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::html::script_element;
use super::view::{View, address};
use crate::diag::clean;
use crate::render::escape;
use crate::serve::{Web, plain};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}\
                     code{overflow-wrap:anywhere}@media(prefers-color-scheme:dark){body{background:#111;color:#eee}\
                     a{color:#9cf}}";

/// How many pages with similar addresses are named.
const MOST_NEAR: usize = 8;

/// The answer where nothing is built, or nothing could be.
pub fn nothing_built(view: &View, request: &Parts) -> Response {
    let (title, text) = if view.scene.is_broken() {
        (
            "Nothing is built",
            "The site has errors, and there is no earlier output. This page loads again when they are mended.",
        )
    } else {
        (
            "Not built yet",
            "The first build is on its way. This page loads again when it is done.",
        )
    };
    let body = format!("<h1>{title}</h1>\n<p>{text}</p>\n");
    let mut response = shown(request, 503, title, &body);
    // A page of the workbench has no file whose coming to be its script could hear of.
    let path = request.uri.path();
    if path == "/" || path.starts_with("/_rb/") {
        let soon = HeaderValue::from_static("1");
        response.headers_mut().insert(REFRESH, soon);
    }
    response
}

/// The answer for a decoded path that means nothing: in a node, or where no node is known.
pub fn no_page(view: &View, request: &Parts, web: Option<&Web>, path: &str) -> Response {
    let title = "No page here";
    let shown_path = escape(&clean(path));
    let link = |address: &str, text: &str| {
        format!(
            "<li><a href=\"{}\">{}</a></li>\n",
            escape(address),
            escape(&clean(text))
        )
    };
    let mut body = format!("<h1>{title}</h1>\n");
    match web {
        Some(web) => {
            let node = &web.node;
            body.push_str(&format!(
                "<p>The node <code>{}</code> has nothing at <code>{shown_path}</code>.</p>\n",
                escape(node)
            ));
            let near = near_routes(view, web, path);
            if !near.is_empty() {
                let links: String = near
                    .iter()
                    .map(|route| link(&address(node, route), route))
                    .collect();
                body.push_str(&format!("<p>It has:</p>\n<ul>\n{links}</ul>\n"));
            }
            body.push_str(&format!(
                "<p><a href=\"/{}/\">The start of this node</a> · <a href=\"/\">All nodes</a></p>\n",
                escape(node)
            ));
        }
        None => {
            let nodes = view.scene.nodes().into_iter();
            let links: String = nodes
                .map(|(node, _)| link(&format!("/{node}/"), node))
                .collect();
            body.push_str(&format!(
                "<p>No node alone has something at <code>{shown_path}</code>.</p>\n\
                 <ul>\n{links}</ul>\n<p><a href=\"/\">All nodes</a></p>\n"
            ));
        }
    }
    shown(request, 404, title, &body)
}

/// The routes of a node that are written most like a path, nearest first.
fn near_routes(view: &View, web: &Web, path: &str) -> Vec<String> {
    // Long enough for every route that people write; what is longer takes long to compare.
    let wanted: String = path
        .trim_matches('/')
        .to_lowercase()
        .chars()
        .take(200)
        .collect();
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_string();
    let wanted_last = last(&wanted);
    // In thousandths, so that they have an order.
    let likeness = |route: &str| {
        let route = route.trim_matches('/').to_lowercase();
        let whole = strsim::normalized_damerau_levenshtein(&wanted, &route);
        let end = strsim::normalized_damerau_levenshtein(&wanted_last, &last(&route));
        (whole.max(end * 0.9) * 1000.0) as u32
    };
    let routes: BTreeSet<(Reverse<u32>, Cow<'_, str>)> = view
        .routes(&web.node)
        .into_iter()
        .map(|route| (Reverse(likeness(&route)), route))
        .filter(|(Reverse(likeness), _)| *likeness >= 500)
        .collect();
    let nearest = routes.into_iter().take(MOST_NEAR);
    nearest.map(|(_, route)| route.into_owned()).collect()
}

fn shown(request: &Parts, status: u16, title: &str, body: &str) -> Response {
    let page = request.uri.path();
    // Its links are complete: they must not be taken for those of a page of the node.
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<style>{STYLE}</style>\n{body}{}",
        script_element(page, None)
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    let mut response = plain(status, &html);
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    let policy = HeaderValue::from_str(&policy).expect("a policy of letters and quotes");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    response
}
