//! The configuration: robbieblocks.toml.

use std::sync::Arc;

use super::fields::{Fields, check};
use super::reader::Reader;
use super::rules::DATABASE_NAME;
use super::secret::has_address;
use super::shape;
use crate::diag::{Diagnostics, code};
use crate::model::{
    BuildConfig, Config, DatabaseConfig, DeployConfig, MarkdownConfig, NodeConfig, ReactConfig,
    SiteConfig, TargetConfig,
};

/// Reads robbieblocks.toml. `None` only where it is no TOML: where a field is wrong, its default
/// stands in for it next to the diagnostic, so that one run can go on to find the errors of the
/// content as well. What may be a secret is left out, for a configuration is shown to people.
pub fn read_config(origin: &Arc<str>, text: &str, diagnostics: &mut Diagnostics) -> Option<Config> {
    let mut reader = Reader::new(origin, text, diagnostics);
    let sheet = reader.parse()?;
    check(&mut reader, &shape::SITE, sheet.root());
    let empty = toml::de::DeTable::new();
    let root = Fields::new(&shape::SITE, sheet.root());
    for (_, node) in root.entries("node") {
        check_target(&mut reader, &node);
    }
    let site = root
        .inner("site")
        .unwrap_or(Fields::new(&shape::SITE_TABLE, &empty));
    let build = root
        .inner("build")
        .unwrap_or(Fields::new(&shape::BUILD, &empty));
    let markdown = root
        .inner("markdown")
        .unwrap_or(Fields::new(&shape::MARKDOWN, &empty));
    Some(Config {
        origin: origin.clone(),
        site: SiteConfig {
            name: site.needed_text("name"),
            language: site.needed_text("language"),
            theme: site.needed_text("theme"),
        },
        build: BuildConfig {
            output: without_slash(build.needed_text("output")),
            drafts: build.flag("drafts"),
            targets: build.texts("targets").unwrap_or_default(),
        },
        markdown: MarkdownConfig {
            highlight: markdown.flag("highlight"),
            heading_anchors: markdown.flag("heading_anchors"),
            smart_punctuation: markdown.flag("smart_punctuation"),
        },
        react: root.inner("react").map(|react| ReactConfig {
            runtime: react.needed_text("runtime"),
            packages: without_slash(react.needed_text("packages")),
        }),
        databases: root
            .entries("database")
            .into_iter()
            .filter(|(name, _)| (DATABASE_NAME.check)(name).is_none())
            .filter_map(|(name, fields)| {
                let database = DatabaseConfig {
                    url_env: fields.text("url_env")?,
                    listen_url_env: fields.text("listen_url_env"),
                };
                Some((name, database))
            })
            .collect(),
        nodes: root
            .entries("node")
            .into_iter()
            .filter(|(id, _)| !has_address(id))
            .map(|(id, fields)| {
                let node = NodeConfig {
                    base_url: fields.text("base_url").map(without_slash),
                    theme: fields.text("theme"),
                    deploy: fields.inner("deploy").and_then(deploy),
                    allow_scripts: fields.flag("allow_scripts"),
                };
                (id, node)
            })
            .collect(),
    })
}

fn without_slash(text: String) -> String {
    match text.strip_suffix('/') {
        Some(rest) => rest.to_string(),
        None => text,
    }
}

/// The keys of `deploy` that name a target: exactly one of them is there.
const TARGETS: [&str; 3] = ["dir", "archives", "s3"];

/// Reports a `deploy` that names no target, or several, or says of one what only another has.
fn check_target(reader: &mut Reader<'_>, node: &Fields<'_, '_>) {
    let (Some(value), Some(deploy)) = (node.get("deploy"), node.inner("deploy")) else {
        return;
    };
    let named: Vec<&str> = TARGETS
        .into_iter()
        .filter(|name| deploy.get(name).is_some())
        .collect();
    let one_of = format!("`{}`, `{}` or `{}`", TARGETS[0], TARGETS[1], TARGETS[2]);
    match *named {
        [] => {
            let message = format!("`deploy` needs {one_of}");
            reader.error(code::MISSING_KEY, value.span(), message);
        }
        [_] => {}
        _ => {
            let message = format!("`deploy` has more than one of {one_of}");
            reader.error(code::BAD_VALUE, value.span(), message);
        }
    }
    for name in ["endpoint", "region"] {
        if let Some(extra) = deploy.get(name)
            && !named.contains(&"s3")
        {
            let message = format!("`{name}` belongs to `s3`, and there is none");
            reader.error(code::BAD_VALUE, extra.span(), message);
        }
    }
}

/// Where a node is deployed to; `None` where that was reported.
fn deploy(fields: Fields<'_, '_>) -> Option<DeployConfig> {
    let target = if let Some(dir) = fields.text("dir") {
        TargetConfig::Folder(dir)
    } else if let Some(dir) = fields.text("archives") {
        TargetConfig::Archives(dir)
    } else {
        TargetConfig::S3 {
            url: without_slash(fields.text("s3")?),
            endpoint: fields.text("endpoint").map(without_slash),
            region: fields.text("region"),
        }
    };
    Some(DeployConfig {
        target,
        keep: usize::try_from(fields.integer("keep")).unwrap_or(1),
    })
}
