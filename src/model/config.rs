//! The configuration of a site: robbieblocks.toml as data.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Library;

/// All of robbieblocks.toml, defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub origin: Arc<str>,
    pub site: SiteConfig,
    pub build: BuildConfig,
    pub markdown: MarkdownConfig,
    pub react: Option<ReactConfig>,
    pub databases: BTreeMap<String, DatabaseConfig>,
    pub nodes: BTreeMap<String, NodeConfig>,
}

/// `[site]`
#[derive(Clone, Debug, PartialEq)]
pub struct SiteConfig {
    pub name: String,
    /// A BCP 47 tag, such as `en`.
    pub language: String,
    /// The theme of nodes that name none.
    pub theme: String,
}

/// `[build]`
#[derive(Clone, Debug, PartialEq)]
pub struct BuildConfig {
    /// The output folder, relative to the site.
    pub output: String,
    pub drafts: bool,
    /// Queries of browserslist.
    pub targets: Vec<String>,
}

/// `[markdown]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkdownConfig {
    pub highlight: bool,
    pub heading_anchors: bool,
    pub smart_punctuation: bool,
}

/// `[react]`
#[derive(Clone, Debug, PartialEq)]
pub struct ReactConfig {
    /// `preact` or `react`.
    pub runtime: String,
    /// A folder, relative to the site.
    pub packages: String,
}

impl ReactConfig {
    /// The library that `runtime` names.
    pub fn library(&self) -> Library {
        Library::named(&self.runtime).unwrap_or(Library::Preact)
    }
}

/// `[database.<name>]`: names of environment variables, never addresses.
#[derive(Clone, Debug, PartialEq)]
pub struct DatabaseConfig {
    pub url_env: String,
    pub listen_url_env: Option<String>,
}

/// `[node.<id>]`: how a node is built and where it goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeConfig {
    /// `https://…` without a trailing slash.
    pub base_url: Option<String>,
    pub theme: Option<String>,
    pub deploy: Option<DeployConfig>,
    pub allow_scripts: bool,
}

/// `deploy = { dir = "…", keep = 5 }`: where a node is deployed to.
#[derive(Clone, Debug, PartialEq)]
pub struct DeployConfig {
    pub target: TargetConfig,
    /// How many releases stay besides the live, the pinned and the previewed ones.
    pub keep: usize,
}

/// What releases are put into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetConfig {
    /// A folder of releases, relative to the site.
    Folder(String),
    /// A folder of archives, relative to the site.
    Archives(String),
    /// A bucket of a store that speaks S3, and a prefix in it.
    S3 {
        /// `s3://bucket/prefix`, without a trailing slash.
        url: String,
        /// The address of the store, where it is not Amazon's.
        endpoint: Option<String>,
        region: Option<String>,
    },
}

impl Config {
    /// The name of the database that is meant where none is named: `main`, or the only one.
    pub fn default_database(&self) -> Option<&str> {
        let mut names = self.databases.keys();
        match self.databases.get_key_value("main") {
            Some((name, _)) => Some(name),
            None => names
                .next()
                .filter(|_| names.next().is_none())
                .map(String::as_str),
        }
    }

    /// The theme that a node is built with.
    pub fn theme_of(&self, node: &str) -> &str {
        self.nodes
            .get(node)
            .and_then(|config| config.theme.as_deref())
            .unwrap_or(&self.site.theme)
    }

    /// Whether a node's own scripts may reach its pages.
    pub fn allows_scripts(&self, node: &str) -> bool {
        self.nodes
            .get(node)
            .is_some_and(|config| config.allow_scripts)
    }

    /// The base URL of a node, where it has one.
    pub fn base_url_of(&self, node: &str) -> Option<&str> {
        self.nodes.get(node)?.base_url.as_deref()
    }

    /// The path of a node's base URL, without a trailing slash: `/sub` for `https://x.org/sub`.
    pub fn base_path_of(&self, node: &str) -> &str {
        self.base_url_of(node)
            .and_then(|url| url.split_once("://"))
            .and_then(|(_, rest)| rest.find('/').map(|start| &rest[start..]))
            .unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn databases(names: &[&str]) -> Config {
        let database = DatabaseConfig {
            url_env: "DATABASE_URL".to_string(),
            listen_url_env: None,
        };
        Config {
            origin: Arc::from("robbieblocks.toml"),
            site: SiteConfig {
                name: String::new(),
                language: "en".to_string(),
                theme: "base".to_string(),
            },
            build: BuildConfig {
                output: "dist".to_string(),
                drafts: false,
                targets: Vec::new(),
            },
            markdown: MarkdownConfig {
                highlight: true,
                heading_anchors: true,
                smart_punctuation: false,
            },
            react: None,
            databases: names
                .iter()
                .map(|name| (name.to_string(), database.clone()))
                .collect(),
            nodes: BTreeMap::new(),
        }
    }

    #[test]
    fn the_database_that_is_meant_is_main_or_the_only_one() {
        assert_eq!(databases(&[]).default_database(), None);
        assert_eq!(databases(&["a"]).default_database(), Some("a"));
        assert_eq!(databases(&["a", "b"]).default_database(), None);
        assert_eq!(databases(&["a", "main"]).default_database(), Some("main"));
    }
}
