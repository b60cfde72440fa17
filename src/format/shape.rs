//! The shapes: every key of every kind of file, with its meaning, its rule and its default.

use super::fields::{Fallback, Field, Kind, Shape, optional, or, required};
use super::rules::{
    ANY, BASE_URL, BUCKET, DATABASE_NAME, FILLED, FOLDER, KEY, KEY_50, KEY_100, LANGUAGE, NAME,
    OUTPUT, ROUTE, STYLE_PATH, TEXT_20, TEXT_50, TEXT_255, TEXT_500, VARIABLE,
};
use crate::model::{Block, Page, Status};

const fn shape(noun: &'static str, fields: &'static [Field]) -> Shape {
    Shape {
        noun,
        fields,
        secrets: &[],
    }
}

/// `content/pages/<app>/**/<key>.toml`, and the front matter of a `.md` without `blocks`.
pub(super) static PAGE: Shape = shape(
    "a page",
    &[
        required("name", Kind::Text(NAME), "The name of the page, for people"),
        optional(
            "route",
            Kind::Text(ROUTE),
            "The address; default: /<app>/<path below the app, without \"index\">",
        ),
        or(
            "layout",
            Kind::Text(KEY_50),
            Fallback::Text(Page::DEFAULT_LAYOUT),
            "The layout of the theme, without `.html`",
        ),
        or(
            "status",
            Kind::OneOf(&Status::NAMES),
            Fallback::Text("draft"),
            "Whether the page is shown",
        ),
        optional(
            "title",
            Kind::Text(TEXT_255),
            "The <title>; default: the name",
        ),
        optional(
            "description",
            Kind::Text(ANY),
            "The description, for search engines and link previews",
        ),
        optional("metadata", Kind::Free, "Free-form data for templates"),
        optional(
            "blocks",
            Kind::Tables(&BLOCK),
            "What the page is composed of, in the order in which it is shown",
        ),
    ],
);

/// One of `[[blocks]]`.
pub(super) static BLOCK: Shape = shape(
    "a block",
    &[
        optional(
            "key",
            Kind::Text(KEY),
            "The block's key, unique in the page; default: the component, then component-2, …",
        ),
        required("component", Kind::Text(KEY), "The key of the component"),
        or(
            "zone",
            Kind::Text(KEY_50),
            Fallback::Text(Block::DEFAULT_ZONE),
            "The zone of the layout that the block stands in",
        ),
        optional("props", Kind::Free, "What the component is given"),
        optional(
            "conditions",
            Kind::Conditions,
            "Where and when the block is shown: node, app, status, from, until, any, not",
        ),
    ],
);

/// `content/components/<key>.toml`
pub(super) static COMPONENT: Shape = shape(
    "a component",
    &[
        required(
            "name",
            Kind::Text(NAME),
            "The name of the component, for people",
        ),
        or(
            "type",
            Kind::Text(TEXT_50),
            Fallback::Text("ui"),
            "What sort of component it is: layout, widget, feature, ui, media, navigation, …",
        ),
        or(
            "version",
            Kind::Text(TEXT_20),
            Fallback::Text("1.0.0"),
            "The version of the component",
        ),
        or(
            "published",
            Kind::Flag,
            Fallback::Flag(true),
            "Whether published pages may use it",
        ),
        or(
            "dependencies",
            Kind::TextsOrNull(FILLED, false),
            Fallback::Texts(&[]),
            "What the component depends on",
        ),
        optional(
            "preview_url",
            Kind::Text(TEXT_500),
            "The address of a picture of it",
        ),
        optional(
            "props",
            Kind::Free,
            "A JSON Schema for the props; write `$ref` as \"$$ref\"",
        ),
        optional("metadata", Kind::Free, "Free-form data"),
        optional(
            "examples",
            Kind::Tables(&EXAMPLE),
            "Named sets of props, shown in the gallery",
        ),
    ],
);

/// One of `[[examples]]`.
pub(super) static EXAMPLE: Shape = shape(
    "an example",
    &[
        required(
            "name",
            Kind::Text(NAME),
            "The name of the example, for people",
        ),
        optional("props", Kind::Free, "What the component is given"),
    ],
);

/// A token that is a table.
pub(super) static TOKEN: Shape = shape(
    "a token",
    &[
        required(
            "value",
            Kind::Text(ANY),
            "A CSS value; \"{other.token}\" stands for the value of another token",
        ),
        optional("description", Kind::Text(ANY), "What the token is for"),
    ],
);

/// `content/nodes/<node_id>.toml`
pub(super) static NODE: Shape = shape(
    "a node",
    &[
        required("name", Kind::Text(NAME), "The name of the node, for people"),
        or(
            "enabled_apps",
            Kind::TextsOrNull(KEY_50, true),
            Fallback::Texts(&[]),
            "The apps that the node has, besides `shared`",
        ),
        optional(
            "style_overrides",
            Kind::Overrides,
            "Token keys and the values that they have on this node; `theme` is the colour scheme, dark or light",
        ),
    ],
);

/// `themes/<theme>/theme.toml`
pub(super) static THEME: Shape = shape(
    "a theme",
    &[
        required(
            "name",
            Kind::Text(NAME),
            "The name of the theme, for people",
        ),
        optional(
            "extends",
            Kind::Text(KEY),
            "The theme that this one inherits from",
        ),
        optional(
            "zones",
            Kind::Texts(KEY_50, true),
            "The zones of layouts that name none themselves",
        ),
        optional(
            "styles",
            Kind::Texts(STYLE_PATH, true),
            "The style sheets to begin with; default: styles/main.css",
        ),
        optional(
            "layouts",
            Kind::Map(KEY_50, &LAYOUT),
            "The layouts that have zones of their own",
        ),
        optional(
            "contrast",
            Kind::Tables(&CONTRAST),
            "Pairs of tokens that must be readable on each other",
        ),
    ],
);

/// `[layouts.<layout>]`
pub(super) static LAYOUT: Shape = shape(
    "a layout",
    &[required(
        "zones",
        Kind::Texts(KEY_50, true),
        "The zones of the layout",
    )],
);

/// One of `[[contrast]]`.
pub(super) static CONTRAST: Shape = shape(
    "a contrast pair",
    &[
        required("foreground", Kind::Text(KEY), "The token of the text"),
        required(
            "background",
            Kind::Text(KEY),
            "The token of what is behind it",
        ),
        or(
            "minimum",
            Kind::Number(1.0, 21.0),
            Fallback::Number(4.5),
            "The least contrast ratio of WCAG 2.2",
        ),
    ],
);

/// `robbieblocks.toml`
pub(super) static SITE: Shape = shape(
    "robbieblocks.toml",
    &[
        required("site", Kind::Table(&SITE_TABLE), "The site"),
        optional("build", Kind::Table(&BUILD), "How it is built"),
        optional(
            "markdown",
            Kind::Table(&MARKDOWN),
            "How Markdown is rendered",
        ),
        optional(
            "react",
            Kind::Table(&REACT),
            "How components that are React code are built",
        ),
        optional(
            "database",
            Kind::Map(DATABASE_NAME, &DATABASE),
            "The databases that it is kept in sync with; `main` is the default",
        ),
        optional(
            "node",
            Kind::Map(KEY_100, &SITE_NODE),
            "How each node is built and where it goes",
        ),
    ],
);

/// `[site]`
pub(super) static SITE_TABLE: Shape = shape(
    "`[site]`",
    &[
        required(
            "name",
            Kind::Text(FILLED),
            "The name of the site, for people",
        ),
        or(
            "language",
            Kind::Text(LANGUAGE),
            Fallback::Text("en"),
            "The language of its texts, as a BCP 47 tag",
        ),
        or(
            "theme",
            Kind::Text(KEY),
            Fallback::Text("base"),
            "The theme of nodes that name none",
        ),
    ],
);

/// `[build]`
pub(super) static BUILD: Shape = shape(
    "`[build]`",
    &[
        or(
            "output",
            Kind::Text(OUTPUT),
            Fallback::Text("dist"),
            "The folder that a build writes to, relative to the site",
        ),
        or(
            "drafts",
            Kind::Flag,
            Fallback::Flag(false),
            "Whether drafts are built",
        ),
        or(
            "targets",
            Kind::Texts(FILLED, false),
            Fallback::Texts(&["last 2 versions", "not dead"]),
            "The browsers that the CSS is for, as queries of browserslist",
        ),
    ],
);

/// `[markdown]`
pub(super) static MARKDOWN: Shape = shape(
    "`[markdown]`",
    &[
        or(
            "highlight",
            Kind::Flag,
            Fallback::Flag(true),
            "Whether code is highlighted",
        ),
        or(
            "heading_anchors",
            Kind::Flag,
            Fallback::Flag(true),
            "Whether headings get ids and links to themselves",
        ),
        or(
            "smart_punctuation",
            Kind::Flag,
            Fallback::Flag(false),
            "Whether straight quotes, `--` and `...` become typographic",
        ),
    ],
);

/// `[react]`
pub(super) static REACT: Shape = shape(
    "`[react]`",
    &[
        or(
            "runtime",
            Kind::OneOf(&["preact", "react"]),
            Fallback::Text("preact"),
            "The library that renders the components",
        ),
        or(
            "packages",
            Kind::Text(FOLDER),
            Fallback::Text("node_modules"),
            "The folder of packages, relative to the site",
        ),
    ],
);

/// `[database.<name>]`
pub(super) static DATABASE: Shape = Shape {
    noun: "a database",
    fields: &[
        required(
            "url_env",
            Kind::Text(VARIABLE),
            "The NAME of the environment variable that holds its address",
        ),
        optional(
            "listen_url_env",
            Kind::Text(VARIABLE),
            "The same for a direct connection, where url_env is a pooler",
        ),
    ],
    secrets: &[
        "url",
        "listen_url",
        "uri",
        "dsn",
        "pass",
        "passwd",
        "password",
        "pgpass",
        "pgpassword",
        "pwd",
        "secret",
        "token",
        "connection_string",
        "database_url",
    ],
};

/// `[node.<id>]`
pub(super) static SITE_NODE: Shape = shape(
    "a node of robbieblocks.toml",
    &[
        optional(
            "base_url",
            Kind::Text(BASE_URL),
            "The address that the node is served at",
        ),
        optional(
            "theme",
            Kind::Text(KEY),
            "The theme; default: that of the site",
        ),
        optional(
            "deploy",
            Kind::Table(&DEPLOY),
            "Where the node is deployed to",
        ),
        or(
            "allow_scripts",
            Kind::Flag,
            Fallback::Flag(false),
            "Whether the node's custom scripts reach its pages",
        ),
    ],
);

/// `deploy = { dir = "…", keep = 5 }`: exactly one of `dir`, `archives` and `s3` (`config.rs` sees to it).
pub(super) static DEPLOY: Shape = shape(
    "`deploy`",
    &[
        optional("dir", Kind::Text(FILLED), "The folder of the releases"),
        optional(
            "archives",
            Kind::Text(FILLED),
            "The folder of the releases, each of them an archive",
        ),
        optional(
            "s3",
            Kind::Text(BUCKET),
            "The bucket of the releases and a prefix in it; the credentials are in the environment",
        ),
        optional(
            "endpoint",
            Kind::Text(BASE_URL),
            "The address of the store of `s3`; default: Amazon's",
        ),
        optional(
            "region",
            Kind::Text(FILLED),
            "The region of the bucket of `s3`; default: AWS_REGION",
        ),
        or(
            "keep",
            Kind::Integer(1, i64::MAX),
            Fallback::Integer(5),
            "How many releases stay besides the live, the pinned and the previewed ones",
        ),
    ],
);
