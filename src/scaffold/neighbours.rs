//! What a new page takes from the pages in its folder, so that a post becomes a post.

use super::document::other_than_default;
use crate::model::{Page, Value};

/// What the pages of a folder agree on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbourhood {
    /// The route that the page gets, where it is not the one that its path gives.
    pub route: Option<String>,
    /// The layout of all of them, where it is not the default.
    pub layout: Option<String>,
    /// Whether all have a date in their metadata.
    pub dated: bool,
    /// Whether any begins its text with a heading; true where nobody can say.
    pub heading: bool,
}

/// Looks at the pages around `content/pages/<app>/<folders>/<key>`; `parts` is the app, the folders
/// and the key.
pub fn neighbourhood(pages: &[Page], parts: &[&str]) -> Neighbourhood {
    let Some((key, folder)) = parts.split_last() else {
        return Neighbourhood::default();
    };
    let siblings: Vec<&Page> = pages_in(pages, folder).collect();
    let given = |parent: &str| format!("{}/{key}", parent.trim_end_matches('/'));
    let usual = match *key {
        "index" => format!("/{}", folder.join("/")),
        key => format!("/{}/{key}", folder.join("/")),
    };
    let route =
        Some(given(&routes_of(pages, folder))).filter(|route| *route != usual && *key != "index");
    let layout = siblings.first().map(|first| &first.layout);
    let layout = layout.filter(|layout| siblings.iter().all(|page| page.layout == **layout));
    let texts: Vec<&str> = siblings
        .iter()
        .filter(|page| page.origin.ends_with(".md"))
        .filter_map(|page| page.blocks.first()?.props.get("text")?.as_text())
        .collect();
    Neighbourhood {
        route,
        layout: layout.and_then(|layout| other_than_default(layout)),
        dated: !siblings.is_empty()
            && siblings
                .iter()
                .all(|page| matches!(page.metadata.get("date"), Some(Value::Datetime(_)))),
        heading: texts.is_empty() || texts.iter().any(|text| text.trim_start().starts_with("# ")),
    }
}

/// The route that the routes of the pages of a folder begin with: what all pages agree on whose
/// route ends with their key, else what the folder above has, and its own name.
fn routes_of(pages: &[Page], folder: &[&str]) -> String {
    let mut parents: Vec<&str> = pages_in(pages, folder)
        .filter_map(|page| {
            page.route
                .strip_suffix(page.key.as_str())?
                .strip_suffix('/')
        })
        .collect();
    parents.dedup();
    match (parents.as_slice(), folder) {
        ([parent], _) => parent.to_string(),
        (_, [app]) => format!("/{app}"),
        (_, [above @ .., name]) => format!("{}/{name}", routes_of(pages, above)),
        (_, []) => String::new(),
    }
}

fn pages_in<'a>(pages: &'a [Page], folder: &[&str]) -> impl Iterator<Item = &'a Page> {
    let folder = format!("content/pages/{}", folder.join("/"));
    pages.iter().filter(move |page| {
        page.origin
            .rsplit_once('/')
            .is_some_and(|(at, _)| at == folder)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{Block, Status, Table};

    fn page(path: &str, route: &str, layout: &str, text: &str) -> Page {
        let key = path
            .rsplit('/')
            .next()
            .and_then(|name| name.split('.').next());
        let app = path.split('/').nth(2).unwrap_or_default();
        Page {
            origin: Arc::from(path),
            key: key.unwrap_or_default().into(),
            app: app.into(),
            name: "x".into(),
            route: route.into(),
            layout: layout.into(),
            status: Status::Published,
            title: None,
            description: None,
            metadata: Table::from([("date".into(), Value::Datetime("2026-01-01".into()))]),
            blocks: vec![Block {
                key: "body".into(),
                component: "markdown".into(),
                zone: "main".into(),
                props: Table::from([("text".into(), Value::Text(text.into()))]),
                conditions: Table::new(),
            }],
        }
    }

    #[test]
    fn a_post_takes_after_the_posts() {
        let pages = [
            page("content/pages/blog/home.toml", "/", "single-column", ""),
            page("content/pages/blog/posts/a.md", "/posts/a", "post", "Text"),
            page(
                "content/pages/blog/posts/b.md",
                "/posts/b",
                "post",
                "\nText",
            ),
        ];
        let found = neighbourhood(&pages, &["blog", "posts", "c"]);
        let expected = Neighbourhood {
            route: Some("/posts/c".into()),
            layout: Some("post".into()),
            dated: true,
            heading: false,
        };
        assert_eq!(found, expected);
        let deeper = neighbourhood(&pages, &["blog", "posts", "2026", "c"]);
        assert_eq!(deeper.route.as_deref(), Some("/posts/2026/c"));
        assert_eq!(deeper.layout, None);
        assert!(!deeper.dated && deeper.heading);
    }

    #[test]
    fn without_neighbours_the_path_gives_the_route() {
        let found = neighbourhood(&[], &["play", "guides", "rules"]);
        assert_eq!(found.route, None);
        let index = neighbourhood(&[], &["play", "index"]);
        assert_eq!(index.route, None);
    }

    #[test]
    fn neighbours_that_disagree_are_not_asked() {
        let pages = [
            page("content/pages/play/a.md", "/x/a", "post", "# A"),
            page("content/pages/play/b.md", "/y/b", "wide", "B"),
        ];
        let found = neighbourhood(&pages, &["play", "c"]);
        assert_eq!((found.route, found.layout), (None, None));
        assert!(found.heading);
    }
}
