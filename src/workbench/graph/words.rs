//! What a question is about, in words, and which files answer it.

use super::Subject;
use crate::render::template_origin;
use crate::track::{Kind, Question};

/// What is told of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What it is about.
    pub what: String,
    /// What is worth a word besides.
    pub note: Option<String>,
    /// The files, or rows, that the answer comes from.
    pub files: Vec<String>,
    /// Where the page that it is about is shown.
    pub page: Option<String>,
}

/// The heading of a kind of questions. Kinds that follow each other share one.
pub fn group_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Template => "Templates",
        Kind::Component => "Props of components",
        Kind::Zones => "Zones of layouts",
        Kind::Markdown => "How Markdown is rendered",
        Kind::Site => "The site",
        Kind::Node | Kind::BasePath | Kind::Script => "The node",
        Kind::Styles | Kind::ComponentStyles => "Names of style sheets",
        Kind::Asset => "Assets",
        Kind::Token => "Tokens",
        Kind::Pages => "Lists of pages",
        Kind::Route | Kind::Field => "Other pages",
        Kind::React | Kind::Island | Kind::Library => "React components",
        Kind::Today => "The time",
    }
}

/// What a question is about, and which files answer it now.
pub fn described(question: &Question, subject: Option<&Subject<'_>>) -> Told {
    let told = Told {
        what: question.to_string(),
        ..Told::default()
    };
    let Some(subject) = subject else {
        return told;
    };
    let files = files_of(question, subject);
    let missing = || Some("there is none".to_string());
    match question.kind {
        Kind::Template | Kind::Component | Kind::Asset | Kind::Token => Told {
            note: files.is_empty().then(missing).flatten(),
            files,
            ..told
        },
        Kind::Pages => Told {
            what: list_of(&question.name),
            note: subject
                .listed(&question.name)
                .map(|pages| format!("{} now", super::super::words::count(pages.len(), "page"))),
            ..told
        },
        Kind::Route | Kind::Field => {
            let page = match question.kind {
                Kind::Field => subject.shown_page(question.page_field().0),
                _ => subject.shown_page(&question.name),
            };
            Told {
                note: page.is_none().then(missing).flatten(),
                files,
                page,
                ..told
            }
        }
        _ => Told { files, ..told },
    }
}

/// A list with its options as a template writes them.
fn list_of(options: &str) -> String {
    let Ok(serde_json::Value::Object(options)) = serde_json::from_str(options) else {
        return "a list of pages".to_string();
    };
    let options: Vec<String> = options
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("`pages({})`", options.join(", "))
}

fn files_of(question: &Question, subject: &Subject<'_>) -> Vec<String> {
    let Subject {
        site, node, theme, ..
    } = subject;
    let name = question.name.as_str();
    let config = || vec![site.config.origin.to_string()];
    let node_file = || site.nodes.get(*node).map(|node| node.origin.to_string());
    let page_file = |key: &str| {
        let index = site.pages.find(key)?;
        Some(site.pages[index].origin.to_string())
    };
    match question.kind {
        Kind::Template => template_origin(site, theme, name)
            .map(|origin| origin.to_string())
            .into_iter()
            .collect(),
        Kind::Component => {
            let component = site.components.get(name);
            component
                .map(|component| component.origin.to_string())
                .into_iter()
                .collect()
        }
        Kind::Zones | Kind::Styles if name == "code" => Vec::new(),
        Kind::Zones | Kind::Styles => {
            let chain = site.theme_chain(theme);
            chain.iter().map(|theme| theme.origin.to_string()).collect()
        }
        Kind::Markdown | Kind::Site | Kind::BasePath => config(),
        Kind::Node if matches!(name, "base_url" | "allow_scripts") => config(),
        Kind::Node => node_file().into_iter().collect(),
        Kind::Script => {
            let node = site.nodes.get(*node);
            let script = node.filter(|node| node.custom_scripts.is_some());
            let file = script.map(|node| crate::model::sibling(&node.origin, "js"));
            file.into_iter().chain(config()).collect()
        }
        Kind::ComponentStyles => {
            let component = site.components.get(name);
            let own = component.filter(|component| component.styles.is_some());
            let theirs = site.theme_text(theme, &format!("components/{name}.css"));
            let own = own.map(|component| component.part_origin("css"));
            own.into_iter()
                .chain(theirs.map(|file| file.origin.to_string()))
                .collect()
        }
        Kind::React | Kind::Island => {
            let component = site.components.get(name);
            component
                .map(|component| component.react_origin())
                .into_iter()
                .chain((question.kind == Kind::Island).then(|| site.config.origin.to_string()))
                .collect()
        }
        Kind::Library => config(),
        Kind::Today => Vec::new(),
        Kind::Asset => {
            let asset = site.theme_asset(theme, name);
            asset
                .map(|asset| asset.origin.to_string())
                .into_iter()
                .collect()
        }
        Kind::Token => {
            let token = site.tokens.get(name).map(|token| token.origin.to_string());
            let overrides = site.nodes.get(*node).map(|node| &node.style_overrides);
            let is_overridden = overrides.is_some_and(|overrides| overrides.contains_key(name));
            token
                .into_iter()
                .chain(node_file().filter(|_| is_overridden))
                .collect()
        }
        Kind::Pages => Vec::new(),
        Kind::Route => page_file(name).into_iter().collect(),
        Kind::Field => page_file(question.page_field().0).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_as_a_template_writes_it() {
        assert_eq!(
            list_of(r#"{"app":["play"],"limit":3}"#),
            "`pages(app=[\"play\"], limit=3)`"
        );
        assert_eq!(list_of("{}"), "`pages()`");
        assert_eq!(list_of("]"), "a list of pages");
    }

    #[test]
    fn without_a_site_a_question_is_told_in_its_own_words() {
        let question = Question {
            kind: Kind::Asset,
            name: "logo.svg".to_string(),
        };
        assert_eq!(described(&question, None).what, "the asset `logo.svg`");
    }
}
