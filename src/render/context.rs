//! What templates see: `page`, `node`, `site`, `app` and the functions, for one bundle.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use minijinja::Error;
use minijinja::value::{Enumerator, Kwargs, Object, Value};
use serde::{Deserialize, Serialize};

use super::failure::failure;
use super::names::AssetNames;
use super::react::{ReactFacts, library_html};
use super::style::TokenValues;
use super::text::{encode_path, escape};
use crate::diag::{code, did_you_mean};
use crate::model::{self, Page, Site, Status};
use crate::plan::{has_page, node_pages};
use crate::track::{Kind, ask, ask_field};

/// The names that every template can see.
pub const GLOBAL_NAMES: [&str; 13] = [
    "app", "asset", "block", "head", "node", "page", "pages", "props", "scripts", "site", "token",
    "url_for", "zones",
];
/// The fields of `page`.
pub const PAGE_FIELDS: [&str; 9] = [
    "key",
    "app",
    "name",
    "route",
    "url",
    "title",
    "description",
    "status",
    "metadata",
];
/// The fields of `site`.
pub const SITE_FIELDS: [&str; 2] = ["name", "language"];
/// The fields of `node`.
pub const NODE_FIELDS: [&str; 5] = ["id", "name", "scheme", "base_url", "enabled_apps"];

/// A script of a node: its file name and the digest that a browser checks.
#[derive(Clone, Debug)]
pub struct NodeScript {
    pub name: String,
    /// `sha256-…`, base64.
    pub integrity: String,
}

/// All that the templates of one node may ask about. It never changes while a build runs.
#[derive(Debug)]
pub struct NodeFacts {
    pub site: Arc<Site>,
    pub node: String,
    pub theme: String,
    /// Whether drafts count as pages.
    pub drafts: bool,
    /// The path of the node's base URL.
    pub base_path: String,
    /// The pages that the node has, over all its apps, as indices, sorted by route; found out when
    /// they are first asked for.
    pub pages: OnceLock<Arc<Vec<usize>>>,
    pub names: Arc<AssetNames>,
    pub tokens: Arc<TokenValues>,
    pub script: Option<NodeScript>,
    pub react: Arc<ReactFacts>,
}

/// The same for one of its bundles.
#[derive(Debug)]
pub struct BundleFacts {
    pub of_node: Arc<NodeFacts>,
    pub app: String,
    /// The page that stands for every address that has none.
    pub not_found: Page,
}

impl NodeFacts {
    pub(super) fn pages(&self) -> &[usize] {
        self.pages
            .get_or_init(|| Arc::new(node_pages(&self.site, &self.node, self.drafts)))
    }

    /// The page of a key, where the node has it.
    pub(super) fn page(&self, key: &str) -> Option<&Page> {
        let pages = &self.site.pages;
        let index = pages.find(key)?;
        let has_it = has_page(&self.site, &self.node, &pages.outline(index), self.drafts);
        has_it.then(|| &pages[index])
    }

    /// The value of a field of the node, as text for a digest and as templates see it.
    pub(super) fn node_field(&self, field: &str) -> Option<Value> {
        let node = &self.site.nodes[&self.node];
        Some(match field {
            "id" => Value::from(node.id.as_str()),
            "name" => Value::from(node.name.as_str()),
            "scheme" => Value::from(node.scheme.as_str()),
            "base_url" => Value::from(self.site.config.base_url_of(&node.id)),
            "enabled_apps" => node.enabled_apps.iter().collect(),
            _ => return None,
        })
    }

    pub(super) fn site_field(&self, field: &str) -> Option<&str> {
        match field {
            "name" => Some(&self.site.config.site.name),
            "language" => Some(&self.site.config.site.language),
            _ => None,
        }
    }
}

impl BundleFacts {
    /// The page of a job; `None` is the one for addresses that have none.
    pub fn page(&self, index: Option<usize>) -> &Page {
        index.map_or(&self.not_found, |index| &self.of_node.site.pages[index])
    }

    /// The URL of a route, from the root of the host.
    pub fn url(&self, route: &str) -> String {
        ask(Kind::BasePath, "");
        url_below(&self.of_node.base_path, route)
    }

    /// The URL of a hashed file.
    pub fn asset_url(&self, name: &str) -> String {
        ask(Kind::BasePath, "");
        format!(
            "{}/_rb/{}/assets/{}",
            self.of_node.base_path,
            self.app,
            encode_path(name)
        )
    }

    fn canonical(&self, page: &Page) -> Option<String> {
        ask(Kind::Node, "base_url");
        let facts = &self.of_node;
        let base = facts.site.config.base_url_of(&facts.node)?;
        let origin = base.strip_suffix(facts.base_path.as_str()).unwrap_or(base);
        Some(format!("{origin}{}", self.url(&page.route)))
    }
}

/// The URL of a route below a base path. The home has its slash, as servers give it.
fn url_below(base_path: &str, route: &str) -> String {
    format!("{base_path}{}", encode_path(route))
}

/// The synthetic page for addresses that have none.
pub fn not_found_page(app: &str) -> Page {
    Page {
        origin: Arc::from("layouts/404.html"),
        key: "404".into(),
        app: app.into(),
        name: "Page not found".into(),
        route: "/404.html".into(),
        layout: "404".into(),
        status: Status::Published,
        title: None,
        description: None,
        metadata: model::Table::new(),
        blocks: Vec::new(),
    }
}

/// The values that all templates of a bundle share.
#[derive(Debug)]
pub struct BundleValues {
    pub facts: Arc<BundleFacts>,
    node: Value,
    site: Value,
    app: Value,
    pages: Value,
    url_for: Value,
    asset: Value,
    token: Value,
}

/// Makes the values of a bundle.
pub fn bundle_values(facts: Arc<BundleFacts>) -> BundleValues {
    let [for_pages, for_url, for_asset, for_token] = [&facts; 4].map(Arc::clone);
    BundleValues {
        node: Value::from_object(NodeValue(Arc::clone(&facts.of_node))),
        site: Value::from_object(SiteValue(Arc::clone(&facts.of_node))),
        app: Value::from(facts.app.as_str()),
        pages: Value::from_function(move |options: Kwargs| list_pages(&for_pages, &options)),
        url_for: Value::from_function(move |key: &str| url_for(&for_url, key)),
        asset: Value::from_function(move |path: &str| asset(&for_asset, path)),
        token: Value::from_function(move |key: &str| token(&for_token, key)),
        facts,
    }
}

/// The node as templates see it.
#[derive(Debug)]
struct NodeValue(Arc<NodeFacts>);

impl Object for NodeValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let field = key.as_str()?;
        let value = self.0.node_field(field)?;
        ask(Kind::Node, field);
        Some(value)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&NODE_FIELDS)
    }
}

/// The site as templates see it.
#[derive(Debug)]
struct SiteValue(Arc<NodeFacts>);

impl Object for SiteValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let field = key.as_str()?;
        let value = self.0.site_field(field)?;
        ask(Kind::Site, field);
        Some(Value::from(value))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&SITE_FIELDS)
    }
}

/// The context of one template: what the bundle shares, the page, and the names that only this
/// template has (`zones`, `head` and `scripts` in a layout; `props` and `block` in a component).
#[derive(Debug)]
pub struct Context {
    pub bundle: Arc<BundleValues>,
    pub page: Value,
    pub own: Vec<(&'static str, Value)>,
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        match name {
            "page" => Some(self.page.clone()),
            "node" => Some(self.bundle.node.clone()),
            "site" => Some(self.bundle.site.clone()),
            "app" => Some(self.bundle.app.clone()),
            "pages" => Some(self.bundle.pages.clone()),
            "url_for" => Some(self.bundle.url_for.clone()),
            "asset" => Some(self.bundle.asset.clone()),
            "token" => Some(self.bundle.token.clone()),
            _ => {
                let own = self.own.iter().find(|(own, _)| *own == name)?;
                Some(own.1.clone())
            }
        }
    }
}

/// A page as templates see it.
#[derive(Debug)]
pub struct PageValue {
    pub facts: Arc<BundleFacts>,
    pub index: Option<usize>,
    /// Whether it is the page that is rendered: what that says is part of the job, and no question.
    pub is_own: bool,
}

impl Object for PageValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let page = self.facts.page(self.index);
        let field = key.as_str()?;
        if !self.is_own && PAGE_FIELDS.contains(&field) {
            ask_field(&page.key, if field == "url" { "route" } else { field });
        }
        Some(match field {
            "key" => Value::from(page.key.as_str()),
            "app" => Value::from(page.app.as_str()),
            "name" => Value::from(page.name.as_str()),
            "route" => Value::from(page.route.as_str()),
            "url" => Value::from(self.facts.url(&page.route)),
            "title" => Value::from(page.title()),
            "description" => Value::from(page.description.as_deref()),
            "status" => Value::from(page.status.as_str()),
            "metadata" => free_value(&model::Value::Table(page.metadata.clone())),
            _ => return None,
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&PAGE_FIELDS)
    }
}

/// A free-form value as templates see it.
fn free_value(value: &model::Value) -> Value {
    match value {
        model::Value::Null => Value::from(()),
        model::Value::Bool(flag) => Value::from(*flag),
        model::Value::Int(number) => Value::from(*number),
        model::Value::Float(number) => Value::from(*number),
        model::Value::Number(text) | model::Value::Text(text) | model::Value::Datetime(text) => {
            Value::from(text.as_str())
        }
        model::Value::Array(items) => items.iter().map(free_value).collect(),
        model::Value::Table(table) => Value::from_pairs(
            table
                .iter()
                .map(|(key, value)| (key.clone(), free_value(value))),
        ),
    }
}

/// `head()`: title, meta, canonical and style sheets. `components` are those that the page uses.
pub fn head(
    facts: &BundleFacts,
    index: Option<usize>,
    components: &[String],
    has_code: bool,
) -> Value {
    let page = facts.page(index);
    let mut html = String::from(
        "<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
    );
    let mut line = |text: std::fmt::Arguments<'_>| {
        html.write_fmt(text)
            .and_then(|()| html.write_char('\n'))
            .expect("a string takes all text");
    };
    line(format_args!("<title>{}</title>", escape(page.title())));
    if let Some(description) = &page.description {
        line(format_args!(
            "<meta name=\"description\" content=\"{}\">",
            escape(description)
        ));
    }
    if index.is_none() || page.status != Status::Published {
        line(format_args!("<meta name=\"robots\" content=\"noindex\">"));
    } else if let Some(canonical) = facts.canonical(page) {
        line(format_args!(
            "<link rel=\"canonical\" href=\"{}\">",
            escape(&canonical)
        ));
    }
    ask(Kind::BasePath, "");
    ask(Kind::Styles, "theme");
    if has_code {
        ask(Kind::Styles, "code");
    }
    for component in components {
        ask(Kind::ComponentStyles, component);
    }
    let names = &facts.of_node.names;
    let base_path = &facts.of_node.base_path;
    let tokens = format!("{base_path}/_rb/{}/tokens.css", facts.app);
    let code = names.code_styles.as_ref().filter(|_| has_code);
    let sheets = names.theme_styles.iter().chain(code).chain(
        components
            .iter()
            .filter_map(|component| names.component_styles.get(component)),
    );
    line(format_args!(
        "<link rel=\"stylesheet\" href=\"{}\">",
        escape(&tokens)
    ));
    for name in sheets {
        line(format_args!(
            "<link rel=\"stylesheet\" href=\"{}\">",
            escape(&facts.asset_url(name))
        ));
    }
    html.pop();
    Value::from_safe_string(html)
}

/// `scripts()`: what brings the `islands` of the page to life, and the node's own scripts, where the site
/// allows them.
pub fn scripts(facts: &BundleFacts, islands: &[String]) -> Value {
    let mut html = match islands {
        [] => String::new(),
        _ => library_html(facts, islands),
    };
    ask(Kind::Script, "");
    if let Some(script) = &facts.of_node.script {
        html.push_str(&format!(
            "<script src=\"{}\" integrity=\"{}\" defer></script>",
            escape(&facts.asset_url(&script.name)),
            script.integrity
        ));
    }
    html.truncate(html.trim_end().len());
    Value::from_safe_string(html)
}

/// The options of `pages(…)`. As JSON they are the name of a question.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Query {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    app: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    layout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    under: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    limit: Option<usize>,
}

/// The pages of a list by its options as JSON, as indices; `None` where they are not those of a list.
pub fn pages_listed(facts: &NodeFacts, options: &str) -> Option<Vec<usize>> {
    Some(listed(facts, &serde_json::from_str(options).ok()?))
}

/// The pages of a list, as indices.
fn listed(facts: &NodeFacts, query: &Query) -> Vec<usize> {
    let pages = facts.pages();
    let route = |index: usize| facts.site.pages.outline(index).route;
    let below = query.under.as_ref();
    // They are sorted by route, so those below one are a range.
    let candidates = match below.map(|route| format!("{}/", route.trim_end_matches('/'))) {
        None => pages,
        Some(below) => {
            let start = pages.partition_point(|&index| route(index) < below.as_str());
            let rest = &pages[start..];
            &rest[..rest.partition_point(|&index| route(index).starts_with(&below))]
        }
    };
    let is_listed = |index: &usize| {
        let page = facts.site.pages.outline(*index);
        query
            .app
            .as_ref()
            .is_none_or(|apps| apps.iter().any(|app| app == page.app))
            && query
                .layout
                .as_ref()
                .is_none_or(|layout| layout == page.layout)
    };
    let listed = candidates.iter().copied().filter(is_listed);
    listed.take(query.limit.unwrap_or(usize::MAX)).collect()
}

fn list_pages(facts: &Arc<BundleFacts>, options: &Kwargs) -> Result<Value, Error> {
    let apps: Option<Value> = options.get("app")?;
    let query = Query {
        app: match apps {
            None => None,
            Some(one) if one.as_str().is_some() => Some(vec![one.to_string()]),
            Some(many) => Some(many.try_iter()?.map(|app| app.to_string()).collect()),
        },
        layout: options.get("layout")?,
        under: options.get("under")?,
        limit: options.get("limit")?,
    };
    options.assert_all_used()?;
    let name = serde_json::to_string(&query).unwrap_or_default();
    ask(Kind::Pages, &name);
    Ok(listed(&facts.of_node, &query)
        .into_iter()
        .map(|index| {
            Value::from_object(PageValue {
                facts: Arc::clone(facts),
                index: Some(index),
                is_own: false,
            })
        })
        .collect())
}

fn url_for(bundle: &BundleFacts, key: &str) -> Result<String, Error> {
    let facts = &bundle.of_node;
    ask(Kind::Route, key);
    if let Some(page) = facts.page(key) {
        return Ok(bundle.url(&page.route));
    }
    if facts.site.incomplete {
        return Ok(String::from("#"));
    }
    let hint = match facts.site.pages.find(key) {
        Some(found) => {
            let page = &facts.site.pages[found];
            Some(format!(
                "the page exists: its app is `{}` and its status `{}`; link to it only where `\"{}\" in node.enabled_apps`",
                page.app,
                page.status.as_str(),
                page.app
            ))
        }
        None => {
            let keys = facts
                .pages()
                .iter()
                .map(|&index| facts.site.pages.key(index));
            did_you_mean(key, keys)
        }
    };
    let message = format!("node `{}` has no page `{key}`", facts.node);
    Err(failure(code::UNKNOWN_PAGE, message, hint))
}

fn asset(facts: &BundleFacts, path: &str) -> Result<String, Error> {
    ask(Kind::Asset, path);
    let names = &facts.of_node.names.assets;
    names
        .get(path)
        .map(|name| facts.asset_url(name))
        .ok_or_else(|| {
            let hint = did_you_mean(path, names.keys().map(String::as_str));
            failure(
                code::UNKNOWN_ASSET,
                format!("the theme has no asset `{path}`"),
                hint,
            )
        })
}

fn token(facts: &BundleFacts, key: &str) -> Result<String, Error> {
    ask(Kind::Token, key);
    let tokens = &facts.of_node.tokens;
    tokens.get(key).cloned().ok_or_else(|| {
        let hint = did_you_mean(key, tokens.keys().map(String::as_str));
        failure(
            code::UNKNOWN_TOKEN,
            format!("there is no token `{key}`"),
            hint,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_below_the_base_path() {
        assert_eq!(url_below("", "/"), "/");
        assert_eq!(url_below("", "/a b"), "/a%20b");
        assert_eq!(url_below("/sub", "/"), "/sub/");
        assert_eq!(url_below("/sub", "/a"), "/sub/a");
    }
}
