//! Why a page was rendered, and what it reads: the questions that it asked, in words, each with the
//! files that answer it.

mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use minijinja::{Value, context};

use super::frame::{Tab, fill, frame};
use super::words::{address, graph_address, moment, shown_path};
use crate::model::{Moment, Site};
use crate::render::react::{NoRunner, ReactFacts, Runner};
use crate::render::{AssetNames, NodeFacts, pages_listed};
use crate::track::{Kind, Question};
use words::{described, group_of};

const TEMPLATE: &str = include_str!("graph/graph.html");

/// The most pages that a box offers.
pub const MOST_CHOICES: usize = 500;
/// The most pages that are listed as readers of one thing, and as near what was looked for.
const MOST_LISTED: usize = 100;

/// What the page of the graph shows.
#[derive(Clone, Default)]
pub struct Graph<'a> {
    /// The last round.
    pub round: u64,
    /// What was looked for.
    pub asked: &'a str,
    /// The site as it is now.
    pub site: Option<&'a Arc<Site>>,
    /// Whether drafts are built as well.
    pub drafts: bool,
    /// The page that was found.
    pub found: Option<PageReads<'a>>,
    /// The outputs of all pages, as node and path relative to its web root; those that may be meant first.
    pub choices: Vec<(&'a str, &'a str)>,
    /// How many of them may be meant.
    pub near: usize,
}

/// What is known of an output.
#[derive(Clone, Debug, Default)]
pub struct PageReads<'a> {
    pub node: &'a str,
    pub app: &'a str,
    /// The key of the page; `None` for what an app shows where there is no page, and for other files.
    pub page: Option<&'a str>,
    /// Relative to the web root of the node.
    pub path: &'a str,
    /// Why, when and in which round it was made; `None` where it was there before the first round.
    pub made: Option<(&'a str, Moment, u64)>,
    /// The blocks whose conditions held, by number.
    pub blocks: Vec<usize>,
    /// What it asked, each with whether its blocks and its layout asked it; `None` where it is no page.
    pub asked: Option<BTreeMap<Question, Askers>>,
    /// What other pages of the node ask of it, or may, with their paths relative to the web root: fields,
    /// routes, and all lists.
    pub readers: BTreeMap<Question, BTreeSet<&'a str>>,
}

/// What of a page asked a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Askers {
    pub blocks: bool,
    pub layout: bool,
}

/// The page of the graph as HTML.
pub fn graph_page(graph: &Graph<'_>) -> String {
    let page = graph.found.as_ref().map(|reads| {
        let subject = graph
            .site
            .map(|site| Subject::new(site, reads, graph.drafts));
        shown(reads, subject.as_ref())
    });
    let choices: Vec<String> = graph
        .choices
        .iter()
        .map(|(node, path)| shown_path(node, path))
        .collect();
    let listed = match graph.asked {
        "" => choices.as_slice(),
        _ => &choices[..graph.near.min(choices.len())],
    };
    let near: Vec<Value> = listed
        .iter()
        .take(MOST_LISTED)
        .map(|path| context! { path => path, graph => graph_address(path) })
        .collect();
    let title = match &graph.found {
        Some(reads) => format!("Why {}", shown_path(reads.node, reads.path)),
        None => "Why a page was rendered".to_string(),
    };
    let body = fill(
        TEMPLATE,
        context! {
            title => title.as_str(),
            round => graph.round,
            asked => graph.asked,
            is_asked => !graph.asked.is_empty(),
            page => page,
            choices => choices[..choices.len().min(MOST_CHOICES)].to_vec(),
            near => near,
            more => listed.len().saturating_sub(MOST_LISTED),
        },
    );
    frame(&title, Tab::Graph, None, &body)
}

/// A page whose reads are told, on the site as it is now.
pub(super) struct Subject<'a> {
    pub site: &'a Site,
    pub node: &'a str,
    pub theme: &'a str,
    /// Enough of the node to list its pages as templates do.
    facts: NodeFacts,
}

impl<'a> Subject<'a> {
    fn new(site: &'a Arc<Site>, reads: &PageReads<'a>, drafts: bool) -> Subject<'a> {
        let theme = site.config.theme_of(reads.node);
        let no_runner: Arc<dyn Runner> = Arc::new(NoRunner);
        Subject {
            site,
            node: reads.node,
            theme,
            facts: NodeFacts {
                site: Arc::clone(site),
                node: reads.node.to_string(),
                theme: theme.to_string(),
                drafts,
                base_path: String::new(),
                pages: OnceLock::new(),
                names: Arc::new(AssetNames::default()),
                tokens: Arc::default(),
                script: None,
                react: Arc::new(ReactFacts::new(&no_runner, Moment::UNIX_EPOCH)),
            },
        }
    }

    /// The pages that a list has now, as indices.
    pub fn listed(&self, options: &str) -> Option<Vec<usize>> {
        pages_listed(&self.facts, options)
    }

    /// Where the page of a key is shown, where there is one.
    pub fn shown_page(&self, key: &str) -> Option<String> {
        let index = self.site.pages.find(key)?;
        let route = self.site.pages.outline(index).route;
        Some(match route {
            "/" => format!("/{}/", self.node),
            _ => format!("/{}{route}/", self.node),
        })
    }

    fn page_file(&self, key: &str) -> Option<String> {
        let index = self.site.pages.find(key)?;
        Some(self.site.pages[index].origin.to_string())
    }
}

fn shown(reads: &PageReads<'_>, subject: Option<&Subject<'_>>) -> Value {
    let groups = reads.asked.as_ref().map(|asked| groups(asked, subject));
    let made = reads.made.map(|(why, at, round)| {
        context! { why => why, at => moment(at), round => round }
    });
    let file = reads
        .page
        .and_then(|page| subject?.page_file(page))
        .filter(|file| !file.is_empty());
    context! {
        path => shown_path(reads.node, reads.path),
        address => address(reads.node, reads.path),
        node => reads.node,
        app => reads.app,
        key => reads.page,
        file => file,
        made => made,
        is_page => reads.asked.is_some(),
        blocks => blocks(reads, subject),
        groups => groups,
        readers => readers(reads, subject),
    }
}

/// The blocks that are shown, with their components.
fn blocks(reads: &PageReads<'_>, subject: Option<&Subject<'_>>) -> Vec<Value> {
    let (Some(subject), Some(key)) = (subject, reads.page) else {
        return Vec::new();
    };
    let Some(index) = subject.site.pages.find(key) else {
        return Vec::new();
    };
    let page = &subject.site.pages[index];
    reads
        .blocks
        .iter()
        // The site may be newer than what was rendered.
        .filter_map(|number| page.blocks.get(*number))
        .map(|block| {
            let component = subject.site.components.get(&block.component);
            context! {
                key => &block.key,
                component => &block.component,
                zone => &block.zone,
                file => component.map(|component| component.origin.to_string()),
            }
        })
        .collect()
}

/// What a page asked, in groups in the order of their kinds.
fn groups(asked: &BTreeMap<Question, Askers>, subject: Option<&Subject<'_>>) -> Vec<Value> {
    let mut groups: Vec<(&str, Vec<Value>)> = Vec::new();
    for (question, askers) in asked {
        let read = described(question, subject);
        let by = match (askers.blocks, askers.layout) {
            (true, true) => "blocks and layout",
            (true, false) => "blocks",
            _ => "layout",
        };
        let read = context! {
            what => read.what,
            note => read.note,
            files => read.files,
            link => read.page.as_deref().map(graph_address),
            shown => read.page,
            by => by,
        };
        let group = group_of(question.kind);
        match groups.last_mut() {
            Some((last, reads)) if *last == group => reads.push(read),
            _ => groups.push((group, vec![read])),
        }
    }
    let group = |(name, reads)| context! { name => name, reads => reads };
    groups.into_iter().map(group).collect()
}

/// What other pages read of this one. A list counts only where this page is in it.
fn readers(reads: &PageReads<'_>, subject: Option<&Subject<'_>>) -> Vec<Value> {
    let own = reads.page.and_then(|page| subject?.site.pages.find(page));
    let is_read = |question: &Question| match question.kind {
        Kind::Pages => own.is_some_and(|own| {
            let listed = subject.and_then(|subject| subject.listed(&question.name));
            listed.is_some_and(|listed| listed.contains(&own))
        }),
        _ => true,
    };
    reads
        .readers
        .iter()
        .filter(|(question, _)| is_read(question))
        .map(|(question, paths)| {
            let pages: Vec<Value> = paths
                .iter()
                .take(MOST_LISTED)
                .map(|path| {
                    let path = shown_path(reads.node, path);
                    context! { graph => graph_address(&path), path => path }
                })
                .collect();
            let what = match question.kind {
                Kind::Field => format!("its `{}`", question.page_field().1),
                Kind::Route => "its route".to_string(),
                _ => format!("{question}, which it is in"),
            };
            context! {
                what => what,
                count => super::words::count(paths.len(), "page"),
                pages => pages,
                more => paths.len().saturating_sub(MOST_LISTED),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(kind: Kind, name: &str) -> Question {
        Question {
            kind,
            name: name.to_string(),
        }
    }

    #[test]
    fn without_a_page_it_is_a_search() {
        let html = graph_page(&Graph {
            asked: "/n/</script><script>x",
            choices: vec![("n", "a/index.html"), ("n", "\"><script>y/index.html")],
            near: 1,
            ..Graph::default()
        });
        assert!(html.contains("href=\"/_rb/graph?path=/n/a/\""), "{html}");
        assert!(html.contains("Nothing is at"), "{html}");
        assert!(!html.contains("<script>x"), "{html}");
        assert!(!html.contains("<script>y"), "{html}");
    }

    #[test]
    fn what_was_asked_is_told_without_a_site() {
        let both = Askers {
            blocks: true,
            layout: true,
        };
        let hostile = "<img src=x onerror=alert(1)>\u{202E}";
        let html = graph_page(&Graph {
            round: 4,
            asked: "/n/a/",
            found: Some(PageReads {
                node: "n",
                app: "play",
                page: Some("a"),
                path: "a/index.html",
                made: Some((hostile, Moment::UNIX_EPOCH, 4)),
                asked: Some(BTreeMap::from([
                    (question(Kind::Template, "layouts/x.html"), both),
                    (question(Kind::Token, hostile), Askers::default()),
                    (question(Kind::Field, "b.title"), both),
                ])),
                readers: BTreeMap::from([(
                    question(Kind::Field, "a.title"),
                    BTreeSet::from(["c/index.html", hostile]),
                )]),
                ..PageReads::default()
            }),
            ..Graph::default()
        });
        assert!(!html.contains("<img"), "{html}");
        assert!(!html.contains('\u{202E}'), "{html}");
        assert!(html.contains("layouts/x.html"), "{html}");
        assert!(html.contains("its `title`"), "{html}");
        assert!(html.contains("in round 4"), "{html}");
        assert!(html.contains("1970-01-01 00:00:00 UTC"), "{html}");
        assert!(html.contains("href=\"/_rb/graph?path=/n/c/\""), "{html}");
    }

    #[test]
    fn of_many_pages_some_are_offered() {
        let paths: Vec<String> = (0..600).map(|n| format!("{n}/index.html")).collect();
        let html = graph_page(&Graph {
            choices: paths.iter().map(|path| ("n", path.as_str())).collect(),
            ..Graph::default()
        });
        assert_eq!(html.matches("<option").count(), MOST_CHOICES);
        assert!(html.contains("and 500 more"), "{html}");
    }
}
