//! Texts that the pages have in common: counts, times, addresses, queries, and links to nodes.

use minijinja::context;
use minijinja::value::Value as Rendered;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::{Moment, Node, Site};
use crate::render::encode_path;

/// How many nodes a page shows where its query names none.
pub const MOST_NODES: usize = 6;

/// The first value that a query has for a name.
pub fn first_value<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = query.iter().find(|(known, _)| known == name)?;
    Some(&found.1)
}

/// Text as a value of a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Links to a page of the workbench that show one node alone, and with `has_all` one that shows the first
/// few. `alone` is the one that is shown alone now. There are none where there is nothing to choose.
pub fn node_links(site: &Site, page: &str, alone: Option<&Node>, has_all: bool) -> Vec<Rendered> {
    if site.nodes.len() < 2 {
        return Vec::new();
    }
    let all = has_all.then(|| {
        let name = match site.nodes.len() > MOST_NODES {
            true => format!("The first {MOST_NODES} nodes"),
            false => "All nodes".to_string(),
        };
        context! { name => name, url => page, is_here => alone.is_none() }
    });
    let join = if page.contains('?') { '&' } else { '?' };
    let nodes = site.nodes.values().map(|node| {
        context! {
            name => &node.name,
            url => format!("{page}{join}node={}", encoded(&node.id)),
            is_here => alone.is_some_and(|alone| alone.id == node.id),
        }
    });
    all.into_iter().chain(nodes).collect()
}

/// `1 page`, `2 pages`
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// `2026-03-01 12:00:00 UTC`
pub fn moment(at: Moment) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `850 ms`, `1.3 s`, `4 min`
pub fn milliseconds(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} ms"),
        1_000..120_000 => format!("{}.{} s", number / 1_000, number % 1_000 / 100),
        _ => format!("{} min", number / 60_000),
    }
}

/// The path, as an address has it, at which an output of a node is shown: a page at its route.
pub fn address(node: &str, path: &str) -> String {
    encode_path(&shown_path(node, path))
}

/// The same path as people read it.
pub fn shown_path(node: &str, path: &str) -> String {
    let route = match path.strip_suffix("index.html") {
        Some(folder) if folder.is_empty() || folder.ends_with('/') => folder,
        _ => path,
    };
    format!("/{node}/{route}")
}

/// The address of the page that says why an output was made.
pub fn graph_address(shown: &str) -> String {
    format!("/_rb/graph?path={}", encode_path(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_at_their_routes() {
        assert_eq!(address("n", "index.html"), "/n/");
        assert_eq!(address("n", "play/a b/index.html"), "/n/play/a%20b/");
        assert_eq!(address("n", "play/myindex.html"), "/n/play/myindex.html");
        assert_eq!(address("n", "404.html"), "/n/404.html");
        assert_eq!(
            graph_address("/n/a&b=c#d/"),
            "/_rb/graph?path=/n/a%26b%3Dc%23d/"
        );
    }

    #[test]
    fn durations_are_short() {
        let texts = [0, 999, 1_000, 1_350, 119_999, 120_000].map(milliseconds);
        let wanted = ["0 ms", "999 ms", "1.0 s", "1.3 s", "119.9 s", "2 min"];
        assert_eq!(texts, wanted);
    }
}
