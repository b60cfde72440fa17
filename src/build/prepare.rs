//! What pages are rendered with: for each theme its templates, style sheets and hashed names, once;
//! for each node its facts, its tokens and its script.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::Job;
use super::react::{ReactReady, is_react, nothing_to_prepare, prepare_react, warn_of_rows};
use crate::diag::Diagnostics;
use crate::digest::Digest;
use crate::ledger::Ledger;
use crate::model::Site;
use crate::plan::Plan;
use crate::render::style::{
    Targets, check_contrast, check_keyframes, check_tokens, code_css, component_css, parse_targets,
    resolve_tokens, theme_css, tokens_css,
};
use crate::render::{
    Answers, AssetNames, BundleFacts, BundleValues, Engine, NodeFacts, NodeScript, bundle_values,
    not_found_page,
};
use crate::track::{Answer, Question, print_trace, trace_id};

/// How many lists of questions are kept in mind.
const MOST_TRACES: usize = 1000;

/// All that pages are rendered with.
pub struct Workshop<'a> {
    themes: BTreeMap<String, ThemeReady>,
    pub react: ReactReady,
    /// By the number of the node; `None` has no theme, which has been reported.
    pub nodes: Vec<Option<NodeReady>>,
    names: Vec<&'a str>,
}

/// A theme, ready to render with.
pub struct ThemeReady {
    engine: Arc<Engine>,
    pub names: Arc<AssetNames>,
    theme_styles: Option<String>,
    code_styles: Option<String>,
    component_styles: BTreeMap<String, String>,
}

/// A node, ready to render for.
pub struct NodeReady {
    pub facts: Arc<NodeFacts>,
    pub engine: Arc<Engine>,
    pub answers: Answers,
    /// Empty where the style sheets are those of the last build.
    pub tokens_css: String,
    pub script_text: Option<String>,
    values: Mutex<BTreeMap<String, Arc<BundleValues>>>,
    /// The traces of lists of questions: most pages ask what others asked.
    traces: RwLock<HashMap<Arc<Vec<Question>>, Trace>>,
}

/// A trace: its id and its bytes.
type Trace = (Answer, Arc<[u8]>);

impl<'a> Workshop<'a> {
    /// Everything that a plan needs.
    pub fn new(job: &Job<'_>, plan: &'a Plan, diagnostics: &mut Diagnostics) -> Workshop<'a> {
        let site = job.site;
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
        let of_theme = used.iter().flat_map(|(theme, keys)| {
            let components = keys.iter().filter_map(|key| site.components.get(*key));
            components.filter(|component| is_react(site, theme, component))
        });
        let react_used = of_theme.map(|component| component.key.as_str()).collect();
        let react = prepare_react(job, &react_used, diagnostics);
        let themes = used.into_iter().map(|(theme, components)| {
            let ready = prepare_theme(site, theme, &components, &targets, &react, diagnostics);
            (theme.to_string(), ready)
        });
        let mut workshop = Workshop {
            themes: themes.collect(),
            react,
            nodes: Vec::new(),
            names: plan.nodes.iter().map(|node| node.node.as_str()).collect(),
        };
        for node in &plan.nodes {
            let ready = workshop.themes.get(&node.theme).map(|theme| {
                let ready = prepare_node(job, &node.node, theme, &workshop.react, diagnostics);
                for bundle in &node.bundles {
                    let of_node = &site.nodes[&node.node];
                    warn_of_rows(site, of_node, &bundle.components, &theme.names, diagnostics);
                }
                let _ = ready.facts.pages.set(Arc::clone(&node.pages));
                let css = tokens_css(
                    &site.nodes[&node.node],
                    &ready.facts.tokens,
                    &targets,
                    diagnostics,
                );
                check_contrast(
                    site,
                    &site.nodes[&node.node],
                    &ready.facts.tokens,
                    diagnostics,
                );
                NodeReady {
                    tokens_css: css,
                    ..ready
                }
            });
            workshop.nodes.push(ready);
        }
        workshop
    }

    /// What the pages of some nodes need where nothing but pages has changed: the names of style
    /// sheets are those that the ledger says.
    pub fn remembered(job: &Job<'_>, nodes: &[&'a str], ledger: &Ledger) -> Workshop<'a> {
        let site = job.site;
        let mut workshop = Workshop {
            themes: BTreeMap::new(),
            react: nothing_to_prepare(job),
            nodes: Vec::new(),
            names: nodes.to_vec(),
        };
        for node in nodes {
            let theme = site.config.theme_of(node);
            if !workshop.themes.contains_key(theme)
                && let Some(names) = ledger.theme(theme).and_then(AssetNames::read)
            {
                let ready = ThemeReady {
                    engine: Arc::new(Engine::new(Arc::clone(site), theme)),
                    names: Arc::new(names),
                    theme_styles: None,
                    code_styles: None,
                    component_styles: BTreeMap::new(),
                };
                workshop.themes.insert(theme.to_string(), ready);
            }
            let theme = workshop.themes.get(theme);
            let known = theme.filter(|_| site.nodes.contains_key(*node));
            if known.is_none() {
                ledger.distrust();
            }
            let react = &workshop.react;
            let ready =
                known.map(|theme| prepare_node(job, node, theme, react, &mut Diagnostics::new()));
            workshop.nodes.push(ready);
        }
        workshop
    }

    /// The id of a node by its number.
    pub fn node_name(&self, number: usize) -> &'a str {
        self.names[number]
    }

    /// A node by its number.
    pub fn node(&self, number: usize) -> Option<&NodeReady> {
        self.nodes.get(number)?.as_ref()
    }

    /// The answers for a node.
    pub fn answers(&self, number: usize) -> Option<&Answers> {
        self.node(number).map(|node| &node.answers)
    }

    /// The theme of a node.
    pub fn theme(&self, node: &NodeReady) -> &ThemeReady {
        &self.themes[&node.facts.theme]
    }

    /// Every theme with its names, as bytes for the ledger.
    pub fn theme_records(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        let records = self.themes.iter();
        records.map(|(key, theme)| (key.as_str(), theme.names.record()))
    }
}

fn prepare_theme(
    site: &Arc<Site>,
    theme: &str,
    components: &BTreeSet<&str>,
    targets: &Targets,
    react: &ReactReady,
    diagnostics: &mut Diagnostics,
) -> ThemeReady {
    let mut names = AssetNames {
        assets: asset_names(site, theme),
        islands: react.islands.clone(),
        codes: react.codes.clone(),
        library: react.library.clone(),
        ..AssetNames::default()
    };
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
        engine: Arc::new(engine),
        names: Arc::new(names),
        theme_styles,
        code_styles,
        component_styles,
    }
}

/// The hashed names of a theme's assets, by their path below `assets/`.
pub fn asset_names(site: &Site, theme: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for theme in site.theme_chain(theme) {
        for (path, asset) in &theme.assets {
            names
                .entry(path.clone())
                .or_insert_with(|| hashed_name(path, &asset.digest));
        }
    }
    names
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

/// A node's facts and script.
fn prepare_node(
    job: &Job<'_>,
    node: &str,
    theme: &ThemeReady,
    react: &ReactReady,
    diagnostics: &mut Diagnostics,
) -> NodeReady {
    let site = job.site;
    let node = &site.nodes[node];
    let allowed = site.config.allows_scripts(&node.id);
    let script_text = node.custom_scripts.clone().filter(|_| allowed);
    let script = script_text.as_ref().map(|text| {
        let sha256 =
            base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()));
        NodeScript {
            name: hashed_name("node.js", &Digest::of_bytes(text.as_bytes())),
            integrity: format!("sha256-{sha256}"),
        }
    });
    let facts = Arc::new(NodeFacts {
        site: Arc::clone(site),
        node: node.id.clone(),
        theme: site.config.theme_of(&node.id).to_string(),
        drafts: job.drafts,
        base_path: site.config.base_path_of(&node.id).to_string(),
        pages: OnceLock::new(),
        names: Arc::clone(&theme.names),
        tokens: Arc::new(resolve_tokens(site, node, diagnostics)),
        script,
        react: Arc::clone(&react.facts),
    });
    NodeReady {
        answers: Answers::new(Arc::clone(&facts), Arc::clone(&theme.engine)),
        engine: Arc::clone(&theme.engine),
        facts,
        tokens_css: String::new(),
        script_text,
        values: Mutex::default(),
        traces: RwLock::default(),
    }
}

impl NodeReady {
    /// The trace of these questions: what the answers for this node are.
    pub fn trace(&self, questions: &Arc<Vec<Question>>) -> Trace {
        let known = self.traces.read().unwrap_or_else(|e| e.into_inner());
        if let Some((id, trace)) = known.get(questions) {
            return (*id, Arc::clone(trace));
        }
        drop(known);
        let answer = |question: &Question| self.answers.of(question.kind, &question.name);
        let trace = print_trace(questions, answer);
        let made: Trace = (trace_id(&trace), trace.into());
        let mut known = self.traces.write().unwrap_or_else(|e| e.into_inner());
        // Lists that each page has of its own are not worth the room.
        if known.len() < MOST_TRACES {
            known.insert(Arc::clone(questions), made.clone());
        }
        made
    }

    /// What the templates of a bundle see.
    pub fn values(&self, app: &str) -> Arc<BundleValues> {
        let mut values = self.values.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(values) = values.get(app) {
            return Arc::clone(values);
        }
        let made = Arc::new(bundle_values(Arc::new(BundleFacts {
            of_node: Arc::clone(&self.facts),
            app: app.to_string(),
            not_found: not_found_page(app),
        })));
        values.insert(app.to_string(), Arc::clone(&made));
        made
    }
}

/// The name of an immutable file: its own with twelve digits of its digest before the ending.
pub(super) fn hashed_name(path: &str, digest: &Digest) -> String {
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
