//! Pages: `content/pages/<app>/**/<key>.toml`, and `.md` with front matter.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use super::DataFile;
use super::fields::{Fields, check};
use super::front::{self, NoFrontMatter};
use super::keys::BlockKeys;
use super::reader::Reader;
use super::rules::{KEY, KEY_50, ROUTE, Rule};
use super::shape;
use crate::diag::{Diagnostic, Diagnostics, code};
use crate::model::{Block, Page, Status, Table, Value};

/// The file of a page.
pub struct PageFile<'a> {
    /// Its path; the ending says whether it is TOML (`.toml`) or Markdown (`.md`).
    pub origin: &'a Arc<str>,
    /// The folder of `content/pages/` that it is in.
    pub app: &'a str,
    /// The folders below the app and the stem of the file, which is the key of the page:
    /// `["guides", "index"]` for `content/pages/play/guides/index.toml`.
    pub path_below_app: &'a [&'a str],
    pub text: &'a str,
    pub data_file: DataFile<'a>,
}

/// Reads a page; `None` where it is no TOML; another mistake costs only the
/// field that has it, so that one run finds those of other kinds as well. A Markdown page has one block `body`,
/// whose `props.text` is every byte behind the line break of the closing `+++`.
pub fn read_page(file: PageFile<'_>, diagnostics: &mut Diagnostics) -> Option<Page> {
    let mut reader = Reader::new(file.origin, file.text, diagnostics);
    reader.data_file = Some(file.data_file);
    let key = file.path_below_app.last().copied().unwrap_or_default();
    reader.check_name("page key", &KEY, key);
    reader.check_name("app", &KEY_50, file.app);

    let (sheet, body) = if file.origin.ends_with(".md") {
        let front = match front::split(file.text) {
            Ok(front) => front,
            Err(problem) => {
                no_front_matter(&mut reader, problem);
                return None;
            }
        };
        let body = &file.text[front.body.clone()];
        if let Some(position) = memchr::memchr(0, body.as_bytes()) {
            let position = front.body.start + position;
            reader.check_nul("\0", position..position + 1);
        }
        (reader.parse_part(front.toml)?, Some(body))
    } else {
        (reader.parse()?, None)
    };
    let root = sheet.root();
    check(&mut reader, &shape::PAGE, root);
    let fields = Fields::new(&shape::PAGE, root);

    let blocks = match body {
        Some(body) => {
            if let Some((key, _)) = root.get_key_value("blocks") {
                let message = "a Markdown page has no key `blocks`: its text is its one block";
                let diagnostic =
                    Diagnostic::error(code::UNKNOWN_KEY, reader.place(key.span()), message);
                reader.report(diagnostic.hint("write a page of several blocks as `.toml`"));
            }
            vec![Block {
                key: "body".into(),
                component: "markdown".into(),
                zone: Block::DEFAULT_ZONE.into(),
                props: Table::from([("text".into(), Value::Text(body.into()))]),
                conditions: Table::new(),
            }]
        }
        None => read_blocks(&mut reader, fields),
    };
    let route = match fields.text("route") {
        Some(route) => route,
        None => {
            let route = default_route(file.app, file.path_below_app);
            check_default_route(&mut reader, &route);
            route
        }
    };
    let page = Page {
        origin: file.origin.clone(),
        key: key.to_string(),
        app: file.app.to_string(),
        name: fields.needed_text("name"),
        route,
        layout: fields.needed_text("layout"),
        status: Status::parse(&fields.needed_text("status")).unwrap_or_default(),
        title: fields.text("title"),
        description: fields.text("description"),
        metadata: reader.free(fields.get("metadata")),
        blocks,
    };
    Some(page)
}

fn no_front_matter(reader: &mut Reader<'_>, problem: NoFrontMatter) {
    let message = match problem {
        NoFrontMatter::Missing => "a Markdown page begins with a line `+++`",
        NoFrontMatter::Open => "the front matter has no closing line `+++`",
    };
    let diagnostic = Diagnostic::error(code::NO_FRONT_MATTER, reader.whole(), message);
    reader.report(
        diagnostic.hint("write `+++`, the fields as TOML, and `+++`, each on its own line"),
    );
}

/// `/<app>/<path below the app>`, without a last `index`.
pub(super) fn default_route(app: &str, path_below_app: &[&str]) -> String {
    let path = match path_below_app {
        [folders @ .., "index"] => folders,
        path => path,
    };
    let mut route = format!("/{app}");
    for segment in path {
        route.push('/');
        route.push_str(segment);
    }
    route
}

/// A default route comes from the names of folders, so it may be no route at all.
fn check_default_route(reader: &mut Reader<'_>, route: &str) {
    if !reader.is_sound() && route.contains("//") {
        return;
    }
    let length = route.chars().count();
    let problem = match (ROUTE.check)(route) {
        Some(fault) => Some((code::BAD_ROUTE, fault.reason)),
        None if length > 255 => Some((
            code::TOO_LONG,
            format!("it has {length} characters, and 255 are allowed"),
        )),
        None => None,
    };
    if let Some((code, reason)) = problem {
        let message = format!(
            "the path of the file gives the route `{}`, which is not allowed: {reason}",
            route.escape_debug()
        );
        let diagnostic = Diagnostic::error(code, reader.whole(), message);
        reader.report(diagnostic.hint("rename the file or its folder, or give the page a `route`"));
    }
}

/// The blocks in the order of the file, with their default keys.
fn read_blocks(reader: &mut Reader<'_>, fields: Fields<'_, '_>) -> Vec<Block> {
    let items = fields.items("blocks");
    let mut first: BTreeMap<&str, &Spanned<DeValue<'_>>> = BTreeMap::new();
    for item in &items {
        let Some(value) = item.get("key") else {
            continue;
        };
        let Some(key) = value.as_ref().as_str() else {
            continue;
        };
        if let Some(earlier) = first.insert(key, value) {
            let place = reader.place(value.span());
            let message = format!("two blocks have the key `{}`", key.escape_debug());
            let earlier = reader.place(earlier.span());
            let diagnostic = Diagnostic::error(code::DUPLICATE_KEY, place, message);
            reader.report(diagnostic.related(earlier, "the first is here"));
        }
    }

    let mut blocks = Vec::with_capacity(items.len());
    let mut keys = BlockKeys::new(first.into_keys());
    for item in items {
        let component = item.needed_text("component");
        let key = match item.text("key") {
            Some(key) => key,
            None => keys.next(&component),
        };
        if item.get("key").is_none()
            && key.len() > component.len()
            && let Some(value) = item.get("component")
        {
            reader.check_text("key", &KEY, &key, value.span());
        }
        blocks.push(Block {
            key,
            component,
            zone: item.needed_text("zone"),
            props: reader.free(item.get("props")),
            conditions: reader.free_without_files(item.get("conditions")),
        });
    }
    blocks
}

impl Reader<'_> {
    /// Reports a name that comes from the path of the file and is not allowed.
    pub(super) fn check_name(&mut self, what: &str, rule: &Rule, name: &str) {
        let length = name.chars().count();
        let problem = match (rule.check)(name) {
            Some(fault) => Some((fault.code, fault.reason)),
            None => rule.max.filter(|max| length > *max).map(|max| {
                let reason = format!("it has {length} characters, and {max} are allowed");
                (code::TOO_LONG, reason)
            }),
        };
        if let Some((code, reason)) = problem {
            let message = format!(
                "`{}` is not allowed as a {what}: {reason}",
                name.escape_debug()
            );
            let place = self.whole();
            self.report(Diagnostic::error(code, place, message).hint("rename the file or folder"));
        }
    }
}
