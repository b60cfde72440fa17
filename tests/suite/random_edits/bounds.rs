//! Which pages a build may render: an own model, apart from that of the program, of what each page
//! asks of the site and what it is answered. A page may be rendered only where that changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::site::{Block, Condition, Node, Page, Site, base_url, moment, token_value, zones};
use super::template::{MAYBE, Part, template};

/// What is asked of a build, apart from the site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// In half days.
    pub now: u8,
    pub drafts: bool,
    pub node: Option<&'static str>,
    pub app: Option<&'static str>,
}

/// The answers to all that a page asks, by the output of the page.
pub type Answers = BTreeMap<String, String>;

/// Whether a node has an app.
fn has_app(node: &Node, app: &str) -> bool {
    app == "shared" || node.apps.contains(&app)
}

/// The answers of every page that a build makes.
pub fn answers(site: &Site, asked: &Asked) -> Answers {
    let mut answers = Answers::new();
    let drafts = asked.drafts || site.drafts;
    for (id, node) in &site.nodes {
        if asked.node.is_some_and(|only| only != *id) {
            continue;
        }
        let is_shown = |page: &Page| {
            let shown = page.status == "published" || (page.status == "draft" && drafts);
            shown && has_app(node, page.app)
        };
        let mut pages: Vec<(u8, &Page)> = site
            .pages
            .iter()
            .filter(|(_, page)| is_shown(page))
            .map(|(number, page)| (*number, page))
            .collect();
        pages.sort_by_cached_key(|(_, page)| page.route());
        for (number, page) in &pages {
            if asked.app.is_some_and(|only| only != page.app) {
                continue;
            }
            let route = page.route();
            let path = match route.trim_matches('/') {
                "" => format!("{id}/{}/index.html", page.app),
                path => format!("{id}/{}/{path}/index.html", page.app),
            };
            let mut asks = Asks {
                site,
                id,
                node,
                pages: &pages,
                page,
                text: String::new(),
            };
            asks.page(*number, asked);
            answers.insert(path, asks.text);
        }
    }
    answers
}

/// The outputs of pages that a build may render: those whose answers are not what they were when
/// `last` was built, and those that were `altered`.
pub fn may_be_rendered(
    last: &Answers,
    now: &Answers,
    altered: &BTreeSet<String>,
) -> BTreeSet<String> {
    now.iter()
        .filter(|(path, answer)| last.get(*path) != Some(*answer) || altered.contains(*path))
        .map(|(path, _)| path.clone())
        .collect()
}

/// One page for one node, and what it has been answered so far.
struct Asks<'a> {
    site: &'a Site,
    id: &'a str,
    node: &'a Node,
    pages: &'a [(u8, &'a Page)],
    page: &'a Page,
    text: String,
}

impl Asks<'_> {
    fn note(&mut self, what: &str, answer: impl std::fmt::Debug) {
        writeln!(self.text, "{what}: {answer:?}").unwrap();
    }

    fn page(&mut self, number: u8, asked: &Asked) {
        let (site, page) = (self.site, self.page);
        let blocks: &[Block] = if page.markdown { &[] } else { &page.blocks };
        let mut own = page.clone();
        own.blocks = blocks.to_vec();
        own.text = if page.markdown || page.has_file() {
            page.text
        } else {
            0
        };
        self.note("own", (number, own));
        let shown: Vec<usize> = (0..blocks.len())
            .filter(|&index| holds(&blocks[index].condition, self.id, page.status, asked.now))
            .collect();
        self.note("shown", &shown);
        self.note("base_url", base_url(self.node.base_url));
        if self.node.js > 0 && self.node.allow_scripts {
            self.note("script", self.node.js);
        }
        let more_zones = site.more_zones && page.layout == "plain";
        self.note("zones", (zones(page.layout), more_zones));
        self.note("language", site.german);
        self.note("browsers", site.old_browsers);
        for theme in self.chain() {
            self.sheet(&format!("themes/{theme}/styles/main.css"));
        }
        self.asset("mark.svg");
        let shown = shown.iter().map(|&index| blocks[index].component);
        let mut components: BTreeSet<&str> = shown.collect();
        if page.markdown {
            components.insert("markdown");
        }
        if components.contains("markdown") || components.contains("note") {
            self.note("markdown", (site.smart, site.anchors, site.highlight));
        }
        for key in components {
            let schema = site.components.get(key).map(|component| component.default);
            self.note(key, schema);
            self.sheet(&format!("content/components/{key}.css"));
            for theme in self.chain() {
                self.sheet(&format!("themes/{theme}/components/{key}.css"));
            }
            self.template(&format!("components/{key}.html"), 0);
        }
        self.template(&format!("layouts/{}.html", page.layout), 0);
    }

    /// The node's theme and those that it extends, nearest first.
    fn chain(&self) -> &'static [&'static str] {
        match self.node.theme {
            "base" => &["base"],
            _ => &["paper", "base"],
        }
    }

    fn sheet(&mut self, path: &str) {
        let value = self.site.sheets.get(path);
        self.note(path, value);
    }

    fn asset(&mut self, path: &str) {
        let mut found = None;
        for theme in self.chain() {
            let value = self
                .site
                .assets
                .get(&format!("themes/{theme}/assets/{path}"));
            found = found.or(value);
        }
        self.note(path, found);
    }

    /// A template, with all that it asks; whether it is there.
    fn template(&mut self, name: &str, depth: u8) -> bool {
        let chain = match name.strip_prefix("@base/") {
            Some(_) => &["base"],
            None => self.chain(),
        };
        let name = name.trim_start_matches("@base/");
        let in_themes = chain.iter().map(|theme| format!("themes/{theme}/{name}"));
        let mut places = in_themes.chain([format!("content/{name}")]);
        let found = places.find(|path| self.site.templates.contains_key(path));
        let Some(path) = found else {
            self.note(name, "missing");
            return false;
        };
        let parts = &self.site.templates[&path];
        self.note(name, (&path, template("", parts, &[])));
        for part in parts.iter().filter(|_| depth < 8) {
            self.part(*part, depth + 1);
        }
        true
    }

    fn part(&mut self, part: Part, depth: u8) {
        let site = self.site;
        match part {
            Part::Word(_) | Part::PageTitle | Part::Prop(_) => {}
            Part::Names => self.list(
                |page| page.app == self.page.app,
                usize::MAX,
                |number, page| page.route() + &page.shows_name(number),
            ),
            Part::Titles => self.list(
                |_| true,
                usize::MAX,
                |number, page| match page.title {
                    Some(title) => title.to_string(),
                    None => page.shows_name(number),
                },
            ),
            Part::Urls => self.list(
                |page| page.route().starts_with("/play/"),
                2,
                |_, page| page.route(),
            ),
            Part::Moods => self.list(
                |page| page.app == "work",
                usize::MAX,
                |_, page| format!("{:?} {:?}", page.mood, page.alias),
            ),
            Part::Wide => self.list(
                |page| page.layout == "wide",
                usize::MAX,
                |_, _| String::new(),
            ),
            Part::SiteName => self.note("site.name", site.name),
            Part::NodeName => self.note("node.name", self.node.name),
            Part::Scheme => self.note("node.scheme", self.node.scheme),
            Part::Enabled => self.note("node.enabled_apps", &self.node.apps),
            Part::Link(key) => {
                let mut pages = self.pages.iter();
                let found = pages.find(|(_, page)| page.key == key);
                self.note("link", found.map(|(_, page)| page.route()));
            }
            Part::Asset(path) => self.asset(path),
            Part::Token(key) => {
                let value = self.token(key);
                self.note(key, value);
            }
            Part::Include(name) => {
                self.template(name, depth);
            }
            Part::Maybe => {
                let _ = MAYBE.iter().any(|name| self.template(name, depth));
            }
        }
    }

    /// The pages of a list by their keys, and what is asked of each.
    fn list(
        &mut self,
        fits: impl Fn(&Page) -> bool,
        limit: usize,
        field: impl Fn(u8, &Page) -> String,
    ) {
        let pages = self.pages.iter().filter(|(_, page)| fits(page)).take(limit);
        let listed: Vec<(&str, String)> = pages
            .map(|(number, page)| (page.key.as_str(), field(*number, page)))
            .collect();
        self.note("list", listed);
    }

    fn token(&self, key: &str) -> Option<String> {
        let default = self.site.tokens.get(key)?;
        let value = token_value(key, *self.node.overrides.get(key).unwrap_or(default));
        let alias = value
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        match alias {
            // An override may make a ring, which is an error.
            Some(alias) if alias != key => self.token(alias),
            _ => Some(value),
        }
    }
}

fn holds(condition: &Condition, node: &str, status: &str, now: u8) -> bool {
    match condition {
        Condition::None => true,
        Condition::From(day) => now >= day * 2,
        Condition::Until(day) => now < day * 2,
        Condition::Node(other) => node == *other,
        Condition::NotNode(other) => node != *other,
        Condition::Draft => status == "draft",
        Condition::EitherFromOrNode(day, other) => now >= day * 2 || node == *other,
    }
}

/// The moment of a build.
pub fn now(asked: &Asked) -> rbgen::model::Moment {
    moment(asked.now).parse().unwrap()
}
