//! The start page: every node with its apps and a live picture of its home, and what is wrong.

use minijinja::{Value, context};

use super::frame::{Tab, fill, frame, safe};
use super::problems::problem_list;
use super::words::{address, count};
use crate::diag::Severity;
use crate::digest::Digest;
use crate::load::Located;

const TEMPLATE: &str = include_str!("start/start.html");

/// What the start page shows.
#[derive(Clone, Debug, Default)]
pub struct Start<'a> {
    /// The name of the site, where robbieblocks.toml can be read.
    pub name: Option<&'a str>,
    /// The last round; 0 is before the first build.
    pub round: u64,
    /// Whether something is wrong that keeps the output as it was.
    pub is_broken: bool,
    pub diagnostics: &'a [Located],
    /// Sorted by id.
    pub nodes: Vec<StartNode<'a>>,
}

/// A node on the start page.
#[derive(Clone, Debug, Default)]
pub struct StartNode<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// Its colour scheme, as templates see it.
    pub scheme: &'a str,
    pub theme: &'a str,
    /// The output that shows it best, relative to the web root of the node; `None` where it has no page.
    pub home: Option<&'a str>,
    /// Those that were built.
    pub apps: Vec<StartApp<'a>>,
}

/// An app of a node.
#[derive(Clone, Debug)]
pub struct StartApp<'a> {
    pub app: &'a str,
    /// As `StartNode::home`.
    pub home: Option<&'a str>,
    pub pages: usize,
    pub build_hash: &'a Digest,
}

/// The start page as HTML.
pub fn start_page(start: &Start<'_>) -> String {
    let (errors, warnings) = start
        .diagnostics
        .iter()
        .fold((0, 0), |(errors, warnings), one| {
            match one.diagnostic.severity {
                Severity::Error => (errors + 1, warnings),
                Severity::Warning => (errors, warnings + 1),
            }
        });
    let state = match (start.round, start.is_broken) {
        (0, _) => "The first build is not done yet.".to_string(),
        (round, true) => format!(
            "Round {round}: {}. What is shown is the last build without errors.",
            count(errors, "error")
        ),
        (round, false) if warnings > 0 => {
            format!("Round {round}: built, with {}.", count(warnings, "warning"))
        }
        (round, false) => format!("Round {round}: built, nothing is wrong."),
    };
    let title = start.name.unwrap_or("A site");
    let body = fill(
        TEMPLATE,
        context! {
            title => title,
            round => start.round,
            state => state,
            is_broken => start.is_broken,
            problems => safe(&problem_list(start.diagnostics)),
            nodes => start.nodes.iter().map(node).collect::<Vec<Value>>(),
        },
    );
    frame(title, Tab::Start, None, &body)
}

fn node(node: &StartNode<'_>) -> Value {
    let apps: Vec<Value> = node
        .apps
        .iter()
        .map(|app| {
            context! {
                app => app.app,
                home => app.home.map(|path| address(node.id, path)),
                pages => count(app.pages, "page"),
                hash => app.build_hash.to_string().chars().take(12).collect::<String>(),
            }
        })
        .collect();
    context! {
        id => node.id,
        name => node.name,
        scheme => node.scheme,
        theme => node.theme,
        home => node.home.map(|path| address(node.id, path)),
        pages => count(node.apps.iter().map(|app| app.pages).sum(), "page"),
        apps => apps,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Diagnostic, Place, code};

    fn located(diagnostic: Diagnostic) -> Located {
        Located {
            diagnostic,
            at: None,
            related: Vec::new(),
        }
    }

    #[test]
    fn every_node_has_its_home_and_its_apps() {
        let hash = Digest::of_bytes(b"bundle");
        let app = |app, home, pages| StartApp {
            app,
            home,
            pages,
            build_hash: &hash,
        };
        let html = start_page(&Start {
            name: Some("Robbieverse"),
            round: 3,
            nodes: vec![StartNode {
                id: "n-1",
                name: "One & only",
                scheme: "dark",
                theme: "base",
                home: Some("play/index.html"),
                apps: vec![
                    app("play", Some("play/index.html"), 2),
                    app("work", None, 1),
                ],
            }],
            ..Start::default()
        });
        assert!(html.contains("src=\"/n-1/play/\""), "{html}");
        assert!(html.contains("One &amp; only"), "{html}");
        assert!(html.contains("3 pages"), "{html}");
        assert!(html.contains(&hash.to_string()[..12]), "{html}");
        assert!(html.contains("nothing is wrong"), "{html}");
        assert!(html.contains("data-live=\"3\""), "{html}");
    }

    #[test]
    fn errors_come_first_and_hostile_texts_are_text() {
        let hostile = "</li><script>alert(1)</script>\u{202E}";
        let diagnostics = [
            located(Diagnostic::warning(
                code::UNKNOWN_KEY,
                Place::whole("later.toml"),
                "a warning",
            )),
            located(
                Diagnostic::error(code::UNKNOWN_KEY, Place::whole(hostile), hostile).hint(hostile),
            ),
        ];
        let html = start_page(&Start {
            name: Some(hostile),
            round: 2,
            is_broken: true,
            diagnostics: &diagnostics,
            nodes: vec![StartNode {
                id: hostile,
                name: hostile,
                theme: hostile,
                home: Some("\"><script>/index.html"),
                ..StartNode::default()
            }],
        });
        assert!(!html.contains("<script>alert"), "{html}");
        assert!(!html.contains("\"><script>"), "{html}");
        assert!(!html.contains('\u{202E}'), "{html}");
        assert!(html.contains("1 error."), "{html}");
        let at = |text: &str| html.find(text).expect("both are listed");
        assert!(at("alert(1)&lt;/script&gt;") < at("later.toml"));
    }
}
