//! The configuration: robbieblocks.toml.

use std::sync::Arc;

use super::fields::{Fields, check};
use super::reader::Reader;
use super::rules::DATABASE_NAME;
use super::secret::has_address;
use super::shape;
use crate::diag::Diagnostics;
use crate::model::{
    BuildConfig, Config, DatabaseConfig, DeployConfig, MarkdownConfig, NodeConfig, ReactConfig,
    SiteConfig,
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
    let site = root
        .inner("site")
        .unwrap_or(Fields::new(&shape::SITE_TABLE, &empty));
    let build = root
        .inner("build")
        .unwrap_or(Fields::new(&shape::BUILD, &empty));
    let markdown = root
        .inner("markdown")
        .unwrap_or(Fields::new(&shape::MARKDOWN, &empty));
    let without_slash = |text: String| match text.strip_suffix('/') {
        Some(rest) => rest.to_string(),
        None => text,
    };
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
                    deploy: fields.inner("deploy").map(|deploy| DeployConfig {
                        dir: deploy.needed_text("dir"),
                        keep: usize::try_from(deploy.integer("keep")).unwrap_or(1),
                    }),
                    allow_scripts: fields.flag("allow_scripts"),
                };
                (id, node)
            })
            .collect(),
    })
}
