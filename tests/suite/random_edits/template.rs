//! Templates as lists of parts: each part is a piece of a template's text, and the one question that
//! this piece asks of the site.

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text that asks nothing.
    Word(u8),
    /// A field of the own page.
    PageTitle,
    /// Links to the pages of the own app, by their names.
    Names,
    /// The titles of all pages.
    Titles,
    /// The URLs of the first two pages below `/play`, and nothing else of them.
    Urls,
    /// A field of the metadata of the pages of one app.
    Moods,
    /// How many pages have one layout, and nothing else of them.
    Wide,
    SiteName,
    NodeName,
    Scheme,
    /// Whether the node has an app.
    Enabled,
    /// The URL of the page with this key.
    Link(&'static str),
    Asset(&'static str),
    Token(&'static str),
    Prop(&'static str),
    Include(&'static str),
    /// The first of two partials that is there; neither need be.
    Maybe,
}

/// What `Part::Maybe` looks for, in this order.
pub const MAYBE: [&str; 2] = ["partials/extra.html", "partials/other.html"];

use Part::{
    Asset, Enabled, Include, Link, Maybe, Moods, Names, NodeName, PageTitle, Prop, Scheme,
    SiteName, Titles, Token, Urls, Wide, Word,
};

/// What an edit may put into any template. Those that include stand last, and no partial gets them,
/// so that none includes itself.
pub const POOL: [Part; 18] = [
    PageTitle,
    Names,
    Titles,
    Urls,
    Moods,
    Wide,
    SiteName,
    NodeName,
    Scheme,
    Enabled,
    Link("p0"),
    Asset("mark.svg"),
    Token("color.primary"),
    Token("spacing.md"),
    Include("partials/nav.html"),
    Include("partials/foot.html"),
    Include("@base/partials/foot.html"),
    Maybe,
];
/// How many of the pool include nothing.
pub const POOL_FOR_PARTIALS: usize = 14;

impl Part {
    /// Its text in a template.
    pub fn source(self) -> String {
        match self {
            Word(n) => format!("<i>{n}</i>\n"),
            PageTitle => "<b>{{ page.title }}</b>\n".into(),
            Names => list("app=app", "{{ p.url }} {{ p.name }}"),
            Titles => list("", "{{ p.title }}"),
            Urls => list("under=\"/play\", limit=2", "{{ p.url }}"),
            Moods => list("app=\"work\"", "{{ p.metadata.mood | default(\"none\") }}"),
            Wide => "{{ pages(layout=\"wide\") | length }}\n".into(),
            SiteName => "{{ site.name }}\n".into(),
            NodeName => "{{ node.name }}\n".into(),
            Scheme => "{{ node.scheme }}\n".into(),
            Enabled => "{% if \"work\" in node.enabled_apps %}work{% endif %}\n".into(),
            Link(key) => format!("<a href=\"{{{{ url_for(\"{key}\") }}}}\">x</a>\n"),
            Asset(path) => format!("<img src=\"{{{{ asset(\"{path}\") }}}}\" alt=\"\">\n"),
            Token(key) => format!("<p style=\"--x: {{{{ token(\"{key}\") }}}}\"></p>\n"),
            Prop(name) => format!("<div>{{{{ props.{name} }}}}</div>\n"),
            Include(name) => format!("{{% include \"{name}\" %}}\n"),
            Maybe => {
                let [a, b] = MAYBE;
                format!("{{% include [\"{a}\", \"{b}\"] ignore missing %}}\n")
            }
        }
    }
}

fn list(options: &str, item: &str) -> String {
    format!("<ul>{{% for p in pages({options}) %}}<li>{item}</li>{{% endfor %}}</ul>\n")
}

/// The text of a template. A layout has a page around its parts, with these zones.
pub fn template(path: &str, parts: &[Part], zones: &[&str]) -> String {
    let inside: String = parts.iter().map(|part| part.source()).collect();
    if !path.contains("/layouts/") {
        return inside;
    }
    let zones: String = zones
        .iter()
        .map(|zone| format!("<main>{{{{ zones.{zone} }}}}</main>\n"))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"{{{{ site.language }}}}\">\n<head>\n{{{{ head() }}}}\n</head>\n<body>\n{inside}{zones}{{{{ scripts() }}}}\n</body>\n</html>\n"
    )
}
