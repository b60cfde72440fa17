//! One component by itself, for the gallery: rendered as a page renders it, with a node's tokens and
//! styles, in a document of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::prepare::asset_names;
use crate::assemble::{Validators, check_uses};
use crate::diag::{Diagnostic, Diagnostics, code, did_you_mean};
use crate::model::{Block, Component, Moment, Node, Page, SHARED_APP, Scheme, Site, Status, Table};
use crate::plan::has_page;
use crate::render::react::{ReactFacts, Runner};
use crate::render::style::{
    Targets, code_css, component_css, parse_targets, resolve_tokens, theme_css, tokens_css,
};
use crate::render::{
    AssetNames, BundleFacts, Engine, NodeFacts, bundle_values, encode_path, escape, render_alone,
};

/// The id of the block in a sample.
pub const SAMPLE_ID: &str = "sample";

/// What samples are rendered with. It is made for one site, lives as long as that is shown, and serves
/// all threads; what a theme and a node need is prepared when they are first asked for, and kept.
pub struct Showroom {
    site: Arc<Site>,
    drafts: bool,
    react: Arc<ReactFacts>,
    targets: Targets,
    /// By theme.
    engines: Mutex<BTreeMap<String, Arc<Engine>>>,
    /// By node.
    stands: Mutex<BTreeMap<String, Arc<Stand>>>,
}

/// A node, ready to show samples.
struct Stand {
    engine: Arc<Engine>,
    facts: Arc<NodeFacts>,
    app: String,
    tokens: String,
    theme: Option<String>,
    /// The style sheets of components, by component.
    components: Mutex<BTreeMap<String, (Option<String>, Diagnostics)>>,
}

impl Showroom {
    /// The showroom of a site; `drafts` says whether lists have drafts among their pages, and `runner` runs
    /// React code, which `now` tells the day. Nothing else in it depends on the time: a sample has no
    /// conditions.
    pub fn new(site: &Arc<Site>, drafts: bool, runner: &Arc<dyn Runner>, now: Moment) -> Showroom {
        Showroom {
            site: Arc::clone(site),
            drafts,
            react: Arc::new(ReactFacts::new(runner, now)),
            // A build reports what is wrong with them.
            targets: parse_targets(&site.config, &mut Diagnostics::new()),
            engines: Mutex::default(),
            stands: Mutex::default(),
        }
    }

    /// The site that is shown.
    pub fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// A component with these props at a node, as a whole HTML document. The props are held against
    /// the component's JSON Schema as those of a block are, and all that is wrong has the codes that it
    /// has on a page; the field paths begin with `blocks[0].props`.
    ///
    /// All styles are inline, and there are no scripts. It is assumed that the site of a node is served
    /// below `/<node>/`, as `rbgen watch` does it: addresses of assets, in style sheets as well, are
    /// `/<node>/_rb/<app>/assets/…`, those of pages `/<node>/<route>`, whatever the node's `base_url`.
    /// So the document needs no `<base>`, and means the same wherever it is shown on that server.
    pub fn render(
        &self,
        node: &str,
        component: &str,
        props: &Table,
    ) -> Result<String, Diagnostics> {
        let node = self.known_node(node)?;
        let stand = self.stand(node)?;
        let page = self.page(&stand.app, &node.id, component, props);
        let mut diagnostics = Diagnostics::new();
        check_uses(&self.site, &[&page], &mut diagnostics);
        let Some(component) = self.site.components.get(component) else {
            if !diagnostics.has_errors() {
                // An empty name, or a site some of whose documents cannot be read.
                diagnostics.push(unknown(&self.site, component));
            }
            return Err(diagnostics);
        };
        check(component, &page, &mut diagnostics);
        let (styles, found) = stand.component_styles(self, component);
        diagnostics.extend(found);
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        let bundle = Arc::new(bundle_values(Arc::new(BundleFacts {
            of_node: Arc::clone(&stand.facts),
            app: stand.app.clone(),
            not_found: page,
        })));
        self.react.runner().begin();
        let rendered = render_alone(&stand.engine, &bundle, props, &mut diagnostics);
        let Some((block, has_code)) = rendered.filter(|_| !diagnostics.has_errors()) else {
            return Err(diagnostics);
        };
        let code_styles = has_code.then(|| code_css(&self.targets));
        let styles = [
            Some(&stand.tokens),
            stand.theme.as_ref(),
            code_styles.as_ref(),
            styles.as_ref(),
        ];
        Ok(document(
            &self.site.config.site.language,
            node,
            component,
            styles.into_iter().flatten(),
            &block,
        ))
    }

    fn known_node(&self, node: &str) -> Result<&Node, Diagnostics> {
        self.site.nodes.get(node).ok_or_else(|| {
            let known = self.site.nodes.keys().map(String::as_str);
            let message = format!("there is no node `{node}`");
            Diagnostic::general(code::UNKNOWN_NODE, message)
                .hint_if(did_you_mean(node, known))
                .into()
        })
    }

    /// A page that has the component as its one block, in the first zone of the default layout.
    fn page(&self, app: &str, node: &str, component: &str, props: &Table) -> Page {
        let theme = self.site.config.theme_of(node);
        let layout = Page::DEFAULT_LAYOUT;
        let zones = self.site.layout_zones(theme, layout);
        let zone = match zones.contains(&Block::DEFAULT_ZONE) {
            true => Block::DEFAULT_ZONE,
            false => zones.first().copied().unwrap_or(Block::DEFAULT_ZONE),
        };
        let known = self.site.components.get(component);
        Page {
            origin: Arc::from("_rb/sample"),
            key: SAMPLE_ID.into(),
            app: app.into(),
            name: known.map_or(component, |component| &component.name).into(),
            route: format!("/{app}"),
            layout: layout.into(),
            // Components that are not published can be looked at before they are.
            status: Status::Draft,
            title: None,
            description: None,
            metadata: Table::new(),
            blocks: vec![Block {
                key: SAMPLE_ID.into(),
                component: component.into(),
                zone: zone.into(),
                props: props.clone(),
                conditions: Table::new(),
            }],
        }
    }

    fn stand(&self, node: &Node) -> Result<Arc<Stand>, Diagnostics> {
        let theme = self.site.config.theme_of(&node.id);
        if !self.site.themes.contains_key(theme) {
            let known = self.site.themes.keys().map(String::as_str);
            let message = format!(
                "the node `{}` has no theme: `{theme}` is not there",
                node.id
            );
            return Err(Diagnostic::general(code::UNKNOWN_THEME, message)
                .hint_if(did_you_mean(theme, known))
                .into());
        }
        let mut stands = self.stands.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(stand) = stands.get(&node.id) {
            return Ok(Arc::clone(stand));
        }
        let stand = Arc::new(self.make_stand(node, theme));
        stands.insert(node.id.clone(), Arc::clone(&stand));
        Ok(stand)
    }

    fn make_stand(&self, node: &Node, theme: &str) -> Stand {
        let site = &self.site;
        // What is wrong with them is no fault of a component, and every build reports it.
        let mut diagnostics = Diagnostics::new();
        let facts = Arc::new(NodeFacts {
            site: Arc::clone(site),
            node: node.id.clone(),
            theme: theme.to_string(),
            drafts: self.drafts,
            base_path: format!("/{}", encode_path(&node.id)),
            pages: OnceLock::new(),
            names: Arc::new(AssetNames {
                assets: asset_names(site, theme),
                ..AssetNames::default()
            }),
            tokens: Arc::new(resolve_tokens(site, node, &mut diagnostics)),
            script: None,
            react: Arc::clone(&self.react),
        });
        let app = app_of(site, node, self.drafts);
        let assets = assets_folder(&node.id, &app);
        let asset_url = |path: &str| asset_url(&assets, &facts.names, path);
        let tokens = tokens_css(node, &facts.tokens, &self.targets, &mut diagnostics);
        let theme_styles = theme_css(site, theme, &self.targets, &asset_url, &mut diagnostics);
        let mut engines = self.engines.lock().unwrap_or_else(|e| e.into_inner());
        let engine = engines
            .entry(theme.to_string())
            .or_insert_with(|| Arc::new(Engine::new(Arc::clone(site), theme)));
        Stand {
            engine: Arc::clone(engine),
            facts,
            app,
            tokens,
            theme: theme_styles,
            components: Mutex::default(),
        }
    }
}

impl Stand {
    /// The style sheet of a component, and what is wrong with it.
    fn component_styles(
        &self,
        showroom: &Showroom,
        component: &Component,
    ) -> (Option<String>, Diagnostics) {
        let mut known = self.components.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(made) = known.get(&component.key) {
            return made.clone();
        }
        let mut diagnostics = Diagnostics::new();
        let assets = assets_folder(&self.facts.node, &self.app);
        let styles = component_css(
            &showroom.site,
            &self.facts.theme,
            component,
            &showroom.targets,
            &|path| asset_url(&assets, &self.facts.names, path),
            &mut diagnostics,
        );
        let made = (styles, diagnostics);
        known.insert(component.key.clone(), made.clone());
        made
    }
}

/// The first app of a node that has pages, which therefore has a bundle with the assets.
fn app_of(site: &Site, node: &Node, drafts: bool) -> String {
    let pages = &site.pages;
    let is_there = |app: &str| {
        let mut outlines = (0..pages.len()).map(|page| pages.outline(page));
        outlines.any(|page| page.app == app && has_page(site, &node.id, &page, drafts))
    };
    let apps = node.enabled_apps.iter().chain([SHARED_APP]);
    let mut found = apps.filter(|app| is_there(app));
    found.next().unwrap_or(SHARED_APP).to_string()
}

fn assets_folder(node: &str, app: &str) -> String {
    format!("/{}/_rb/{}/assets", encode_path(node), encode_path(app))
}

fn asset_url(folder: &str, names: &AssetNames, path: &str) -> Option<String> {
    let name = names.assets.get(path)?;
    Some(format!("{folder}/{}", encode_path(name)))
}

fn unknown(site: &Site, component: &str) -> Diagnostic {
    let known = site.components.keys().map(String::as_str);
    let message = format!("there is no component `{component}`");
    Diagnostic::general(code::UNKNOWN_COMPONENT, message).hint_if(did_you_mean(component, known))
}

/// The component's JSON Schema, and the props of the page's block against it.
fn check(component: &Component, page: &Page, diagnostics: &mut Diagnostics) {
    // Its examples are no matter of this sample.
    let alone = Component {
        examples: Vec::new(),
        ..component.clone()
    };
    let validators = Validators::new(std::iter::once(&alone));
    validators.check_components(diagnostics);
    validators.check_page(page, diagnostics);
}

fn document<'a>(
    language: &str,
    node: &Node,
    component: &Component,
    styles: impl Iterator<Item = &'a String>,
    block: &str,
) -> String {
    let scheme = match node.scheme {
        Scheme::Light => "light",
        Scheme::Dark => "dark",
        Scheme::Auto => "light dark",
    };
    let styles: String = styles
        .map(|text| format!("<style>{}</style>\n", within_style(text)))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"{scheme}\">\n<meta name=\"robots\" content=\"noindex\">\n<meta name=\"rbgen\" content=\"sample\">\n\
         <title>{}</title>\n{styles}\
         <style>html,body{{min-block-size:0}}body{{margin:0;padding:1rem}}</style>\n\
         </head>\n<body>\n{block}</body>\n</html>\n",
        escape(language),
        escape(&format!("{} on {}", component.name, node.name)),
    )
}

/// A style sheet for a `<style>` element, which ends at the first `</style`. A backslash before the
/// slash is an escape of it (CSS Syntax 3, §4.3.7), and `</` is nowhere else in CSS that is sound.
fn within_style(text: &str) -> String {
    text.replace("</", "<\\/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_sheet_cannot_end_its_element() {
        let text = "a::before{content:\"</style><script>x\"}";
        assert_eq!(
            within_style(text),
            "a::before{content:\"<\\/style><script>x\"}"
        );
    }
}
