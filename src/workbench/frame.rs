//! The shell of every page of the workbench: header, navigation, style sheet, script, and the policy
//! that allows just those.

use std::sync::LazyLock;

use base64::Engine as _;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, context};
use sha2::{Digest as _, Sha256};

use crate::diag::clean;
use crate::render::escape;

const SHELL: &str = include_str!("frame/frame.html");
const STYLE: &str = include_str!("frame/frame.css");
const SCRIPT: &str = include_str!("frame/frame.js");

/// The scripts of single pages, which stand inline at the end of their bodies.
const PAGE_SCRIPTS: [&str; 1] = [super::gallery::SCRIPT];

/// The pages that the navigation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Start,
    Gallery,
    Tokens,
    Deploys,
    Graph,
}

impl Tab {
    /// Every tab, in the order of the navigation.
    pub const ALL: [Tab; 5] = [
        Tab::Start,
        Tab::Gallery,
        Tab::Tokens,
        Tab::Deploys,
        Tab::Graph,
    ];

    /// The word in the navigation.
    pub fn label(self) -> &'static str {
        match self {
            Tab::Start => "Start",
            Tab::Gallery => "Gallery",
            Tab::Tokens => "Tokens",
            Tab::Deploys => "Deploys",
            Tab::Graph => "Graph",
        }
    }

    /// The path of the page on the server of `rbgen watch`.
    pub fn path(self) -> &'static str {
        match self {
            Tab::Start => "/",
            Tab::Gallery => "/_rb/gallery",
            Tab::Tokens => "/_rb/tokens",
            Tab::Deploys => "/_rb/deploys",
            Tab::Graph => "/_rb/graph",
        }
    }
}

/// A whole page of the workbench. `title` is text; `body` is HTML that `fill` made: it begins with an
/// `<h1>`, and stands in `<main>`. A page of a `round` is loaded again in another one: what was typed into
/// the gallery is in the address, and so is not lost. Without it, the page renews those parts of itself
/// that say `data-live`.
pub fn frame(title: &str, active: Tab, round: Option<u64>, body: &str) -> String {
    let tabs: Vec<Value> = Tab::ALL
        .into_iter()
        .map(|tab| {
            context! {
                label => tab.label(),
                path => tab.path(),
                is_here => tab == active,
            }
        })
        .collect();
    fill(
        SHELL,
        context! {
            title => title,
            tabs => tabs,
            style => safe(STYLE),
            script => safe(SCRIPT),
            round => round,
            body => safe(body),
        },
    )
}

/// A template of the workbench with its values: texts are escaped, and a name that is not given fails.
/// The template is one that is embedded, and a test fills it.
pub fn fill(template: &'static str, values: Value) -> String {
    static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);
    ENVIRONMENT
        .render_named_str("workbench.html", template, values)
        .expect("the embedded templates are tested")
}

/// HTML or a script that is ours, for `fill`: it is not escaped.
pub fn safe(html: &str) -> Value {
    Value::from_safe_string(html.to_string())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .expect("the delimiters are the default ones"),
    );
    environment.add_filter("exact", exact);
    // As the templates of a site: nothing shows as nothing, and a slash stays a slash. What is shown is
    // cleaned here, so that no page can forget it.
    environment.set_formatter(|output, state, value| {
        if value.is_none() {
            Ok(())
        } else if let Some(text) = value.as_str().filter(|_| !value.is_safe()) {
            output.write_str(&escape(&clean(text))).map_err(Error::from)
        } else {
            minijinja::escape_formatter(output, state, value)
        }
    });
    environment
}

/// The filter for what a form or a script gives back: the very text, escaped for an attribute.
fn exact(text: &str) -> Value {
    Value::from_safe_string(escape(text))
}

/// The content security policy of every page of the workbench. Scripts and style sheets are those that
/// are embedded, or come from the same host. Style attributes are allowed, because the samples of tokens
/// are made of them; their values are parsed before.
pub fn policy() -> String {
    let scripts: String = [SCRIPT]
        .iter()
        .chain(&PAGE_SCRIPTS)
        .map(|script| format!(" {}", source_of(script)))
        .collect();
    format!(
        "default-src 'self'; style-src 'self' {}; style-src-attr 'unsafe-inline'; script-src 'self'{scripts}; \
         img-src * data:; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'; object-src 'none'",
        source_of(STYLE)
    )
}

/// An inline text as a source of a policy (CSP 3, §2.3.1).
fn source_of(text: &str) -> String {
    let sha256 = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!("'sha256-{sha256}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_text_and_the_page_is_marked() {
        let html = frame(
            "</title><script>x</script>",
            Tab::Tokens,
            None,
            "<h1>Tokens</h1>",
        );
        assert!(!html.contains("<script>x"), "{html}");
        assert!(html.contains("<h1>Tokens</h1>"), "{html}");
        assert_eq!(html.matches("aria-current=\"page\"").count(), 1);
        assert!(html.contains("href=\"/_rb/tokens\" aria-current=\"page\""));
    }

    #[test]
    fn the_policy_allows_just_what_is_inline() {
        let html = frame("Start", Tab::Start, None, "<h1>Start</h1>");
        let inside = |open: &str, close: &str| {
            let start = html.find(open).unwrap() + open.len();
            let length = html[start..].find(close).unwrap();
            html[start..start + length].to_string()
        };
        let policy = policy();
        for text in [
            inside("<style>", "</style>"),
            inside("<script>", "</script>"),
        ] {
            assert!(policy.contains(&source_of(&text)), "{policy}");
        }
        assert!(!policy.contains("script-src 'unsafe"), "{policy}");
    }

    #[test]
    fn values_are_cleaned_but_for_those_that_come_back() {
        let html = fill(
            "<p>{{ text }}</p><input value=\"{{ text|exact }}\">",
            context! { text => "a\u{202E}\u{1b}\"\n" },
        );
        let expected = "<p>a\u{FFFD}\u{FFFD}&quot;\n</p><input value=\"a\u{202E}\u{1b}&quot;\n\">";
        assert_eq!(html, expected);
    }

    #[test]
    fn values_are_escaped() {
        let html = fill(
            "<p title=\"{{ text }}\">{{ text }}</p>",
            context! { text => "\"<'&>" },
        );
        let escaped = "&quot;&lt;&#39;&amp;&gt;";
        assert_eq!(html, format!("<p title=\"{escaped}\">{escaped}</p>"));
    }
}
