//! What pages are rendered with: for each theme its templates, style sheets and hashed names, once;
//! for each node its tokens and its script.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use crate::diag::Diagnostics;
use crate::digest::Digest;
use crate::model::Site;
use crate::plan::{BundlePlan, NodePlan, Plan};
use crate::render::style::{
    Targets, TokenValues, check_contrast, check_keyframes, check_tokens, code_css, component_css,
    parse_targets, resolve_tokens, theme_css, tokens_css,
};
use crate::render::{
    AssetNames, BundleFacts, BundleValues, Engine, NodeScript, bundle_values, not_found_page,
};

/// A theme, ready to render with.
pub struct ThemeReady {
    pub engine: Engine,
    pub names: Arc<AssetNames>,
    targets: Targets,
    theme_styles: Option<String>,
    code_styles: Option<String>,
    component_styles: BTreeMap<String, String>,
}

/// A node, ready to render for.
pub struct NodeReady {
    pub tokens_css: String,
    pub script: Option<(NodeScript, String)>,
    tokens: Arc<TokenValues>,
    page_by_key: Arc<HashMap<String, usize>>,
}

/// Every theme that the plan needs.
pub fn prepare_themes<'a>(
    site: &Arc<Site>,
    plan: &'a Plan,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<&'a str, ThemeReady> {
    let targets = parse_targets(&site.config, diagnostics);
    check_tokens(site, diagnostics);
    check_keyframes(site, diagnostics);
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for node in &plan.nodes {
        if site.themes.contains_key(&node.theme) {
            let components = used.entry(&node.theme).or_default();
            for bundle in &node.bundles {
                components.extend(bundle.components.iter().map(String::as_str));
            }
        }
    }
    used.into_iter()
        .map(|(theme, components)| {
            let ready = prepare_theme(site, theme, &components, &targets, diagnostics);
            (theme, ready)
        })
        .collect()
}

fn prepare_theme(
    site: &Arc<Site>,
    theme: &str,
    components: &BTreeSet<&str>,
    targets: &Targets,
    diagnostics: &mut Diagnostics,
) -> ThemeReady {
    let mut names = AssetNames::default();
    for theme in site.theme_chain(theme) {
        for (path, asset) in &theme.assets {
            names
                .assets
                .entry(path.clone())
                .or_insert_with(|| hashed_name(path, &asset.digest));
        }
    }
    // Style sheets lie in the same folder as the assets, so a plain relative URL finds them,
    // whatever app and host the bundle is for.
    let assets = names.assets.clone();
    let asset_url = |path: &str| {
        assets
            .get(path)
            .map(|name| crate::render::encode_path(name))
    };
    let theme_styles = theme_css(site, theme, targets, &asset_url, diagnostics);
    names.theme_styles = theme_styles
        .as_ref()
        .map(|text| hashed_name("theme.css", &Digest::of_bytes(text.as_bytes())));
    let code_styles = site.config.markdown.highlight.then(|| code_css(targets));
    names.code_styles = code_styles
        .as_ref()
        .map(|text| hashed_name("code.css", &Digest::of_bytes(text.as_bytes())));
    let mut component_styles = BTreeMap::new();
    for key in components {
        let Some(component) = site.components.get(*key) else {
            continue;
        };
        if let Some(text) = component_css(site, theme, component, targets, &asset_url, diagnostics)
        {
            let digest = Digest::of_bytes(text.as_bytes());
            let name = hashed_name(&format!("component-{key}.css"), &digest);
            names.component_styles.insert(key.to_string(), name);
            component_styles.insert(key.to_string(), text);
        }
    }
    let engine = Engine::new(Arc::clone(site), theme);
    engine.check_syntax(diagnostics);
    ThemeReady {
        engine,
        names: Arc::new(names),
        targets: *targets,
        theme_styles,
        code_styles,
        component_styles,
    }
}

impl ThemeReady {
    /// The style sheets of a bundle, by file name, with their text.
    pub fn style_sheets<'a>(
        &'a self,
        components: &'a BTreeSet<String>,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let own = [
            (&self.names.theme_styles, &self.theme_styles),
            (&self.names.code_styles, &self.code_styles),
        ];
        let own = own
            .into_iter()
            .filter_map(|(name, text)| Some((name.as_deref()?, text.as_deref()?)));
        let of_components = components.iter().filter_map(|key| {
            let name = self.names.component_styles.get(key)?;
            Some((name.as_str(), self.component_styles.get(key)?.as_str()))
        });
        own.chain(of_components)
    }
}

/// A node's tokens, contrast and script.
pub fn prepare_node(
    site: &Arc<Site>,
    plan: &NodePlan,
    theme: &ThemeReady,
    diagnostics: &mut Diagnostics,
) -> NodeReady {
    let node = &site.nodes[&plan.node];
    let tokens = resolve_tokens(site, node, diagnostics);
    check_contrast(site, node, &tokens, diagnostics);
    let allowed = site.config.allows_scripts(&node.id);
    let script = node
        .custom_scripts
        .as_ref()
        .filter(|_| allowed)
        .map(|text| {
            let name = hashed_name("node.js", &Digest::of_bytes(text.as_bytes()));
            let sha256 =
                base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()));
            let integrity = format!("sha256-{sha256}");
            (NodeScript { name, integrity }, text.clone())
        });
    NodeReady {
        tokens_css: tokens_css(node, &tokens, &theme.targets, diagnostics),
        script,
        tokens: Arc::new(tokens),
        page_by_key: Arc::new(
            plan.pages
                .iter()
                .map(|&index| (site.pages[index].key.clone(), index))
                .collect(),
        ),
    }
}

impl NodeReady {
    /// What the templates of a bundle see.
    pub fn bundle_values(
        &self,
        site: &Arc<Site>,
        node: &NodePlan,
        bundle: &BundlePlan,
        theme: &ThemeReady,
    ) -> BundleValues {
        bundle_values(Arc::new(BundleFacts {
            site: Arc::clone(site),
            node: node.node.clone(),
            app: bundle.app.clone(),
            base_path: site.config.base_path_of(&node.node).to_string(),
            pages: Arc::clone(&node.pages),
            page_by_key: Arc::clone(&self.page_by_key),
            names: Arc::clone(&theme.names),
            tokens: Arc::clone(&self.tokens),
            script: self.script.as_ref().map(|(script, _)| script.clone()),
            not_found: not_found_page(&bundle.app),
        }))
    }
}

/// The name of an immutable file: its own with twelve digits of its digest before the ending.
fn hashed_name(path: &str, digest: &Digest) -> String {
    let name_start = path.rfind('/').map_or(0, |slash| slash + 1);
    let hash = digest.short(12);
    match path[name_start..].rfind('.').filter(|&dot| dot > 0) {
        Some(dot) => {
            let (stem, ending) = path.split_at(name_start + dot);
            format!("{stem}.{hash}{ending}")
        }
        None => format!("{path}.{hash}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_stands_before_the_ending() {
        let digest = Digest::of_bytes(b"");
        let hash = digest.short(12);
        assert_eq!(
            hashed_name("a/logo.svg", &digest),
            format!("a/logo.{hash}.svg")
        );
        assert_eq!(hashed_name("a.b/logo", &digest), format!("a.b/logo.{hash}"));
        assert_eq!(hashed_name(".x", &digest), format!(".x.{hash}"));
    }
}
