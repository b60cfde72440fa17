//! The site that every sequence of edits begins with.

use std::collections::BTreeMap;

use super::site::{Block, Component, Condition, Node, Page, Site};
use super::template::Part::{
    self, Asset, Enabled, Include, Link, Maybe, Moods, Names, NodeName, PageTitle, Prop, SiteName,
    Titles, Token, Urls, Wide, Word,
};

/// Two nodes, ten pages of three apps, a theme and one that extends it.
pub fn start() -> Site {
    let templates: [(&str, &[Part]); 13] = [
        (
            "themes/base/layouts/single-column.html",
            &[Include("partials/nav.html"), Asset("mark.svg"), Word(0)],
        ),
        (
            "themes/base/layouts/wide.html",
            &[Include("partials/foot.html"), Maybe, Enabled],
        ),
        ("themes/base/layouts/plain.html", &[PageTitle, Word(0)]),
        (
            "themes/base/layouts/post.html",
            &[Include("partials/foot.html"), SiteName],
        ),
        ("themes/base/partials/nav.html", &[Names]),
        (
            "themes/base/partials/foot.html",
            &[Include("partials/deep.html"), Word(0)],
        ),
        ("themes/base/partials/deep.html", &[NodeName]),
        (
            "content/components/hero.html",
            &[Prop("title"), Prop("size"), Word(0)],
        ),
        ("content/components/markdown.html", &[Prop("text")]),
        ("content/components/note.html", &[Prop("text"), Word(0)]),
        ("content/components/list.html", &[Urls, Moods, Wide]),
        ("content/components/paint.html", &[Token("color.accent")]),
        (
            "content/components/sign.html",
            &[NodeName, Link("p0"), Asset("pic/photo.svg"), Titles],
        ),
    ];
    let names = |paths: &[&str], value: u8| -> BTreeMap<String, u8> {
        paths.iter().map(|path| (path.to_string(), value)).collect()
    };
    Site {
        name: 0,
        smart: false,
        anchors: true,
        highlight: true,
        german: false,
        old_browsers: false,
        drafts: false,
        theme_name: 0,
        more_zones: false,
        nodes: BTreeMap::from([("one", node(0)), ("two", node(1))]),
        pages: (0..10).map(|number| (number, page(number))).collect(),
        components: super::site::COMPONENTS
            .into_iter()
            .map(|key| (key, component()))
            .collect(),
        templates: templates
            .iter()
            .map(|(path, parts)| (path.to_string(), parts.to_vec()))
            .collect(),
        sheets: names(
            &[
                "themes/base/styles/main.css",
                "content/components/hero.css",
                "content/components/note.css",
            ],
            1,
        ),
        assets: names(
            &[
                "themes/base/assets/mark.svg",
                "themes/base/assets/pic/photo.svg",
            ],
            1,
        ),
        tokens: BTreeMap::from([
            ("color.accent", 3),
            ("color.primary", 0),
            ("color.text", 1),
            ("spacing.md", 1),
        ]),
        statics: names(&["humans.txt"], 1),
        noise: BTreeMap::new(),
        broken: None,
    }
}

/// A component as it is at first, or when it comes back.
pub fn component() -> Component {
    Component {
        default: 1,
        label: 0,
    }
}

/// A node as it is at first, or when it comes.
pub fn node(number: u8) -> Node {
    let apps: &[&str] = match number {
        1 => &["play"],
        _ => &["play", "work"],
    };
    Node {
        name: 0,
        apps: apps.to_vec(),
        overrides: BTreeMap::new(),
        scheme: number,
        css: u8::from(number == 0),
        js: u8::from(number == 0),
        allow_scripts: number == 0,
        base_url: [1, 0, 2][number as usize % 3],
        theme: ["base", "paper"][number as usize % 2],
    }
}

/// A page as it is at first, or when it comes.
pub fn page(number: u8) -> Page {
    let component = ["hero", "list", "note", "paint", "sign", "markdown"][number as usize % 6];
    let block = |component, value| Block {
        component,
        zone: "main",
        key: 0,
        value,
        file: false,
        condition: Condition::None,
    };
    let mut blocks = vec![block(component, number), block("hero", 1)];
    match number {
        2 => blocks[1].condition = Condition::From(2),
        5 => blocks[0].file = true,
        6 => blocks[1].condition = Condition::Node("two"),
        7 => {
            blocks[1].zone = "side";
            blocks[0].condition = Condition::EitherFromOrNode(3, "one");
        }
        8 => blocks[1].condition = Condition::Until(2),
        _ => {}
    }
    Page {
        app: match number {
            0 | 9 => "shared",
            1..=5 => "play",
            _ => "work",
        },
        key: format!("p{number}"),
        markdown: number == 3 || number == 9,
        name: 0,
        title: number.is_multiple_of(3).then_some(0),
        description: number.is_multiple_of(4).then_some(0),
        route: (number == 0).then_some("/"),
        layout: ["single-column", "wide", "plain", "post"][[0, 0, 2, 3, 1, 0, 2, 1, 3, 0]
            .get(number as usize)
            .copied()
            .unwrap_or(0)],
        status: if number == 4 { "draft" } else { "published" },
        mood: (number > 5).then_some(0),
        alias: (number == 1).then_some(0),
        text: number,
        blocks,
    }
}
