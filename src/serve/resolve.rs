//! What a path means at a host: a file, another address, or nothing. Pure.

use percent_encoding::percent_decode_str;

use super::web::{Web, WebBundle};
use crate::render::encode_path;

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A file of a bundle (its number in the web root), with a status of 200 or 404.
    File {
        bundle: usize,
        path: String,
        status: u16,
    },
    /// Another address: encoded, below the base path or absolute, without the query of the request.
    Moved {
        status: u16,
        to: String,
    },
    Missing,
}

/// The path of a request, decoded; `None` where it is none that a file could have: a part `..` or `.`,
/// an encoded slash, a backslash, control characters, bytes that are no UTF-8.
pub fn requested_path(encoded: &str) -> Option<String> {
    let mut path = String::with_capacity(encoded.len());
    for part in encoded.strip_prefix('/')?.split('/') {
        let part = percent_decode_str(part).decode_utf8().ok()?;
        let is_odd = |c: char| matches!(c, '/' | '\\') || c.is_control();
        if matches!(&*part, "." | "..") || part.contains(is_odd) {
            return None;
        }
        path.push('/');
        path.push_str(&part);
    }
    Some(path)
}

/// What a decoded path below the base path means. `has` says whether a bundle has a file.
pub fn resolve(web: &Web, below: &str, has: &dyn Fn(&WebBundle, &str) -> bool) -> Found {
    let order = order(web, below);
    let file = file_at(web, &order, below, has);
    let asked = format!("{}{below}", web.decoded_base);
    let mut rules = order.iter().flat_map(|&bundle| {
        let rules = web.bundles[bundle].redirects.iter();
        rules.map(move |rule| (bundle, rule))
    });
    let rule = rules.find_map(|(bundle, rule)| Some((bundle, rule, rule.target(&asked)?)));
    match (rule, file) {
        (Some((_, rule, _)), Some(found)) if !rule.is_forced => found,
        (Some((_, rule, to)), _) if !matches!(rule.status, 200 | 404) => Found::Moved {
            status: rule.status,
            to,
        },
        (Some((bundle, rule, to)), _) => another_file(web, bundle, &to, rule.status, has),
        (None, Some(found)) => found,
        (None, None) => Found::Missing,
    }
}

/// The file that a rule of a bundle shows at another address: its own where it has it. Rules are not
/// followed from there, so that none goes in circles.
fn another_file(
    web: &Web,
    bundle: usize,
    to: &str,
    status: u16,
    has: &dyn Fn(&WebBundle, &str) -> bool,
) -> Found {
    let path = to.split(['?', '#']).next().unwrap_or_default();
    let below = requested_path(path).and_then(|path| {
        let below = path.strip_prefix(&web.decoded_base)?;
        Some(below.to_string())
    });
    let with_slash = below.as_ref().map(|below| format!("{below}/"));
    let mut order = order(web, below.as_deref().unwrap_or_default());
    order.sort_by_key(|&other| other != bundle);
    let candidates = below.iter().chain(&with_slash);
    let found = candidates
        .filter_map(|below| file_at(web, &order, below, has))
        .find_map(|found| match found {
            Found::File { bundle, path, .. } => Some((bundle, path)),
            Found::Moved { .. } | Found::Missing => None,
        });
    match found {
        Some((bundle, path)) => Found::File {
            bundle,
            path,
            status,
        },
        None => Found::Missing,
    }
}

/// The file at a path, or the redirect to it, from the first bundle in `order` that has it.
fn file_at(
    web: &Web,
    order: &[usize],
    below: &str,
    has: &dyn Fn(&WebBundle, &str) -> bool,
) -> Option<Found> {
    let path = below.strip_prefix('/')?;
    if !is_served(path) {
        return None;
    }
    let find = |path: String| {
        let bundle = *order
            .iter()
            .find(|&&bundle| has(&web.bundles[bundle], &path))?;
        Some(Found::File {
            bundle,
            path,
            status: 200,
        })
    };
    if path.is_empty() || path.ends_with('/') {
        return find(format!("{path}index.html"));
    }
    if let Some(found) = find(path.to_string()) {
        return Some(found);
    }
    if find(format!("{path}/index.html")).is_some() {
        let to = format!("{}{}/", web.base_path, encode_path(below));
        return Some(Found::Moved { status: 308, to });
    }
    find(format!("{path}.html"))
}

/// Whether a path may be asked for: not the rules, nothing hidden but what RFC 8615 says.
fn is_served(path: &str) -> bool {
    let shown = path.strip_prefix(".well-known/").unwrap_or(path);
    let mut parts = shown.split('/').rev();
    // Only the last part may be empty: `a//b` is not `a/b`.
    let last = parts.next().unwrap_or_default();
    !matches!(path, "_headers" | "_redirects")
        && !last.starts_with('.')
        && parts.all(|part| !part.is_empty() && !part.starts_with('.'))
}

/// The bundles in the order in which they are asked: first that of the app that the path names, for files
/// that every bundle has.
fn order(web: &Web, below: &str) -> Vec<usize> {
    let first = below.split('/').nth(1).unwrap_or_default();
    // `/_rb/<app>/…` are the app's as well.
    let named = match first {
        "_rb" => below.split('/').nth(2).unwrap_or_default(),
        first => first,
    };
    let mut order: Vec<usize> = (0..web.bundles.len()).collect();
    order.sort_by_key(|&bundle| web.bundles[bundle].app != named);
    order
}

/// The bundle whose `404.html` answers for a path that is missing: the one that has files nearest to it.
pub fn nearest(web: &Web, below: &str, has: &dyn Fn(&WebBundle, &str) -> bool) -> Option<usize> {
    let path = below.trim_start_matches('/');
    let shared = |bundle: &WebBundle| {
        let slashes = path.match_indices('/').map(|(slash, _)| slash + 1);
        let whole = format!("{}/", path.trim_end_matches('/'));
        let depths = slashes.filter(|&end| bundle.has_below(&path[..end]));
        depths.count() + usize::from(!path.is_empty() && bundle.has_below(&whole))
    };
    order(web, below)
        .into_iter()
        .filter(|&bundle| has(&web.bundles[bundle], "404.html"))
        .enumerate()
        .max_by_key(|(position, bundle)| {
            let bundle = &web.bundles[*bundle];
            // Where nothing is shared, the bundle with the home of the site.
            let has_home = has(bundle, "index.html");
            (shared(bundle), has_home, std::cmp::Reverse(*position))
        })
        .map(|(_, bundle)| bundle)
}

#[cfg(test)]
mod tests;
