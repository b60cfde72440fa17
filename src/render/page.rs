//! Renders one page: its blocks with their components, placed in their zones, within its layout.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use minijinja::value::{Enumerator, Object, Value};

use super::context::{BundleValues, Context, NodeFacts, PageValue, head, scripts};
use super::engine::Engine;
use super::markdown::Ids;
use super::policy::{PolicyNeeds, policy_needs};
use super::props::{Binding, Defaults, bind_props};
use super::react::{self, block_html, island};
use super::text::escape;
use crate::diag::{Diagnostic, Diagnostics, FieldPath, Place, code};
use crate::model::{Component, Hydrate, Page, Table};
use crate::plan::PageJob;
use crate::track::{Kind, ask};

/// A finished page.
#[derive(Debug)]
pub struct RenderedPage {
    pub html: String,
    /// What it needs of the content security policy.
    pub needs: PolicyNeeds,
}

/// The blocks of a page, rendered: all of it but the layout.
#[derive(Clone, Debug)]
pub struct Body {
    /// The HTML of each zone of the layout, and whether there is any.
    zones: BTreeMap<String, (Value, bool)>,
    /// How long all of it is.
    length: usize,
    /// The components that it uses, sorted.
    components: Vec<String>,
    /// Whether there is highlighted code in it.
    has_code: bool,
    /// The components that come to life in the browser, sorted.
    islands: Vec<String>,
}

/// Renders the blocks of a page of a bundle; `props` are those of all its blocks. What fails is
/// reported, and the rest is still there for the layout to be tried with.
pub fn render_body(
    engine: &Engine,
    bundle: &Arc<BundleValues>,
    job: &PageJob,
    props: &[Table],
    diagnostics: &mut Diagnostics,
) -> Body {
    render_blocks(
        engine,
        bundle,
        Some(job.page),
        &job.blocks,
        props,
        diagnostics,
    )
}

/// Renders the first block of the page that the bundle shows for addresses that have none, with these
/// props: its HTML in its wrapper, and whether there is highlighted code in it. `None` has been reported.
pub fn render_alone(
    engine: &Engine,
    bundle: &Arc<BundleValues>,
    props: &Table,
    diagnostics: &mut Diagnostics,
) -> Option<(String, bool)> {
    let props = std::slice::from_ref(props);
    let body = render_blocks(engine, bundle, None, &[0], props, diagnostics);
    let zone = &bundle.facts.page(None).blocks.first()?.zone;
    let (html, _) = body.zones.get(zone).filter(|(_, has_any)| *has_any)?;
    Some((html.as_str()?.to_string(), body.has_code))
}

/// Renders blocks of a page, by their indices; `props` are those of all its blocks.
fn render_blocks(
    engine: &Engine,
    bundle: &Arc<BundleValues>,
    page_index: Option<usize>,
    blocks: &[usize],
    props: &[Table],
    diagnostics: &mut Diagnostics,
) -> Body {
    let facts = &bundle.facts;
    let site = &facts.of_node.site;
    let page = facts.page(page_index);
    let mut zones = empty_zones(bundle, &page.layout);
    let mut ids = Ids::new(blocks.iter().map(|&index| page.blocks[index].key.clone()));
    let mut binding = Binding {
        markdown: &site.config.markdown,
        ids: &mut ids,
        has_code: false,
        fills: true,
        defaults: Defaults::default(),
    };
    let page_value = page_value(bundle, page_index);
    let mut components: Vec<String> = Vec::new();
    let mut islands: Vec<String> = Vec::new();
    let none = Table::new();
    for &index in blocks {
        let block = &page.blocks[index];
        ask(Kind::Component, &block.component);
        let Some(component) = site.components.get(&block.component) else {
            continue;
        };
        components.push(component.key.clone());
        let block_value = Value::from_pairs([
            ("key", Value::from(block.key.as_str())),
            ("zone", Value::from(block.zone.as_str())),
            ("order", Value::from(index)),
            ("component", Value::from(block.component.as_str())),
        ]);
        let template = format!("components/{}.html", component.key);
        let is_react = component.react.is_some() && !engine.has(&template);
        binding.fills = !is_react;
        let props = bind_props(component, props.get(index).unwrap_or(&none), &mut binding);
        if is_react {
            match render_react(&facts.of_node, component, &block.key, &props) {
                Ok((html, is_island)) => {
                    islands.extend(is_island.then(|| component.key.clone()));
                    if let Some(zone) = zones.get_mut(block.zone.as_str()) {
                        zone.push_str(&html);
                    }
                }
                Err(diagnostic) => diagnostics.push(of_block(diagnostic, page, index)),
            }
            continue;
        }
        let context = Value::from_object(Context {
            bundle: Arc::clone(bundle),
            page: page_value.clone(),
            own: vec![("props", props), ("block", block_value)],
        });
        let rendered = engine.render(&template, context, 1024).and_then(|html| {
            // What a theme has for it is no row's.
            let site = &facts.of_node.site;
            if site.theme_text(&facts.of_node.theme, &template).is_none() {
                let origin = component.part_origin("html");
                check_scripts(&facts.of_node, component, &origin, &html)?;
            }
            Ok(html)
        });
        match rendered {
            Ok(html) => {
                if let Some(zone) = zones.get_mut(block.zone.as_str()) {
                    zone.push_str(&format!(
                        "<div class=\"rb rb-{}\" id=\"{}\">\n{}\n</div>\n",
                        component.key,
                        escape(&block.key),
                        html.trim()
                    ));
                }
            }
            Err(diagnostic) => diagnostics.push(of_block(diagnostic, page, index)),
        }
    }
    for keys in [&mut components, &mut islands] {
        keys.sort_unstable();
        keys.dedup();
    }
    Body {
        islands,
        ..body(zones, components, binding.has_code)
    }
}

/// A diagnostic of a component, with the block that it was rendered for.
fn of_block(diagnostic: Diagnostic, page: &Page, index: usize) -> Diagnostic {
    let field = FieldPath::from("blocks").then(index);
    diagnostic.related(
        Place::value(Arc::clone(&page.origin), field),
        format!(
            "while rendering the block `{}` of this page",
            page.blocks[index].key
        ),
    )
}

/// The block of a component that is React code, and whether it comes to life in the browser.
fn render_react(
    facts: &NodeFacts,
    component: &Component,
    block: &str,
    props: &Value,
) -> Result<(String, bool), Diagnostic> {
    ask(Kind::React, &component.key);
    ask(Kind::Island, &component.key);
    let island = island(facts, component);
    let props = serde_json::to_string(props).expect("props are texts, numbers, lists and maps");
    let html = match component.hydrate() {
        Some(Hydrate::Only) => String::new(),
        _ => facts
            .react
            .render(&facts.site, component, &props, block)
            .map_err(|fault| react::diagnostic(&component.react_origin(), &fault))?,
    };
    check_scripts(facts, component, &component.react_origin(), &html)?;
    let html = block_html(component, block, &html, island, &props);
    Ok((html, island.is_some()))
}

/// Scripts in what a row of a database makes: they run on visitors' machines, and a row is not enough to put
/// them there.
fn check_scripts(
    facts: &NodeFacts,
    component: &Component,
    origin: &str,
    html: &str,
) -> Result<(), Diagnostic> {
    if !component.is_row() {
        return Ok(());
    }
    let (needs, _) = policy_needs(html);
    if !needs.own_scripts && needs.script_hashes.is_empty() {
        return Ok(());
    }
    ask(Kind::Node, "allow_scripts");
    if facts.site.config.allows_scripts(&facts.node) {
        return Ok(());
    }
    let message = format!(
        "the component `{}` writes a script, which node `{}` does not allow of rows",
        component.key, facts.node
    );
    let hint = format!(
        "allow it with `allow_scripts = true` under `[node.{}]` in robbieblocks.toml",
        facts.node
    );
    let place = Place::whole(origin);
    Err(Diagnostic::error(code::SCRIPTS_NOT_ALLOWED, place, message).hint(hint))
}

fn body(zones: BTreeMap<String, String>, components: Vec<String>, has_code: bool) -> Body {
    let length = zones.values().map(String::len).sum();
    let zones = zones.into_iter().map(|(zone, html)| {
        let is_empty = html.is_empty();
        (zone, (Value::from_safe_string(html), !is_empty))
    });
    Body {
        zones: zones.collect(),
        length,
        components,
        has_code,
        islands: Vec::new(),
    }
}

/// Renders a page of a bundle around its body.
pub fn render_in_layout(
    engine: &Engine,
    bundle: &Arc<BundleValues>,
    job: &PageJob,
    body: &Body,
) -> Result<RenderedPage, Diagnostics> {
    let page = bundle.facts.page(Some(job.page));
    let mut diagnostics = Diagnostics::new();
    let zones = Arc::new(Zones::new(&body.zones));
    let loads = Arc::new(AtomicBool::new(body.islands.is_empty()));
    let html =
        render_layout(engine, bundle, Some(job.page), &zones, &loads, body).map_err(|error| {
            error.related(
                Place::whole(Arc::clone(&page.origin)),
                "while rendering the layout of this page",
            )
        })?;
    for zone in zones.unread() {
        let at = job
            .blocks
            .iter()
            .find(|&&index| page.blocks[index].zone == zone);
        let place = match at {
            Some(&index) => Place::value(
                Arc::clone(&page.origin),
                FieldPath::from("blocks").then(index).then("zone"),
            ),
            None => Place::whole(Arc::clone(&page.origin)),
        };
        diagnostics.push(
            Diagnostic::error(
                code::UNKNOWN_ZONE,
                place,
                format!(
                    "the layout `{}` does not show the zone `{zone}`",
                    page.layout
                ),
            )
            .hint(format!(
                "write `{{{{ zones[\"{zone}\"] }}}}` in the layout, or leave the zone out of its zones in theme.toml"
            )),
        );
    }
    if !loads.load(Ordering::Relaxed) {
        let facts = &bundle.facts.of_node;
        let file = format!("layouts/{}.html", page.layout);
        let file = facts.site.theme_text(&facts.theme, &file);
        let origin = file.map_or(&page.origin, |file| &file.origin);
        diagnostics.push(
            Diagnostic::error(
                code::NO_SCRIPTS,
                Place::whole(Arc::clone(origin)),
                format!(
                    "the layout `{}` does not call `scripts()`, without which no component comes to life",
                    page.layout
                ),
            )
            .hint("write `{{ scripts() }}` before `</body>` in the layout")
            .related(
                Place::whole(Arc::clone(&page.origin)),
                format!("while rendering this page, which has `{}`", body.islands[0]),
            ),
        );
    }
    let rendered = finish(html, &page.origin, diagnostics)?;
    let loads = bundle.facts.of_node.names.library.is_some() && !body.islands.is_empty();
    if loads && !rendered.needs.own_scripts {
        let message = "the scripts of this page are within something that is not closed, so no component comes to life";
        return Err(
            Diagnostic::error(code::NO_SCRIPTS, Place::whole(Arc::clone(&page.origin)), message)
                .hint("look for a comment, or an element such as `<script>` or `<textarea>`, that is not closed")
                .into(),
        );
    }
    Ok(rendered)
}

/// Renders the page for addresses that have none.
pub fn render_not_found(
    engine: &Engine,
    bundle: &Arc<BundleValues>,
) -> Result<RenderedPage, Diagnostics> {
    let facts = &bundle.facts;
    let body = body(empty_zones(bundle, "404"), Vec::new(), false);
    let zones = Arc::new(Zones::new(&body.zones));
    let html = render_layout(engine, bundle, None, &zones, &Arc::default(), &body)?;
    let site = &facts.of_node.site;
    let origin = match site.theme_text(&facts.of_node.theme, "layouts/404.html") {
        Some(file) => &file.origin,
        None => &facts.not_found.origin,
    };
    finish(html, origin, Diagnostics::new())
}

fn empty_zones(bundle: &BundleValues, layout: &str) -> BTreeMap<String, String> {
    ask(Kind::Zones, layout);
    let facts = &bundle.facts.of_node;
    let zones = facts.site.layout_zones(&facts.theme, layout);
    let zones = zones
        .into_iter()
        .map(|zone| (zone.to_string(), String::new()));
    zones.collect()
}

/// A page with what it needs of the policy, where nothing was wrong with it; what the policy forbids
/// is reported at `origin`.
fn finish(
    html: String,
    origin: &Arc<str>,
    mut diagnostics: Diagnostics,
) -> Result<RenderedPage, Diagnostics> {
    let (needs, problems) = policy_needs(&html);
    for problem in problems {
        diagnostics.push(
            Diagnostic::error(
                code::INLINE_HANDLER,
                Place::whole(Arc::clone(origin)),
                problem.message,
            )
            .hint("code belongs into the node's custom scripts"),
        );
    }
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    Ok(RenderedPage { html, needs })
}

/// The zones as a layout sees them. It notes which of them were asked for: a block in a zone that a
/// layout never shows would be lost without a word.
#[derive(Debug)]
struct Zones {
    /// By name: the HTML, and whether it was read.
    zones: BTreeMap<String, (Value, AtomicBool)>,
}

impl Zones {
    fn new(zones: &BTreeMap<String, (Value, bool)>) -> Zones {
        let zones = zones.iter().map(|(zone, (html, has_any))| {
            // Nothing is lost of a zone that is empty.
            let read = AtomicBool::new(!has_any);
            (zone.clone(), (html.clone(), read))
        });
        Zones {
            zones: zones.collect(),
        }
    }

    /// The zones with blocks that were not asked for.
    fn unread(&self) -> impl Iterator<Item = &str> {
        let unread = |read: &AtomicBool| !read.load(Ordering::Relaxed);
        self.zones
            .iter()
            .filter(move |(_, (_, read))| unread(read))
            .map(|(zone, _)| zone.as_str())
    }
}

impl Object for Zones {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let (html, read) = self.zones.get(key.as_str()?)?;
        read.store(true, Ordering::Relaxed);
        Some(html.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        // Whoever goes over the zones shows them all.
        for (_, read) in self.zones.values() {
            read.store(true, Ordering::Relaxed);
        }
        Enumerator::Values(self.zones.keys().map(Value::from).collect())
    }
}

fn page_value(bundle: &BundleValues, index: Option<usize>) -> Value {
    Value::from_object(PageValue {
        facts: Arc::clone(&bundle.facts),
        index,
        is_own: true,
    })
}

fn render_layout(
    engine: &Engine,
    bundle: &Arc<BundleValues>,
    index: Option<usize>,
    zones: &Arc<Zones>,
    loads: &Arc<AtomicBool>,
    body: &Body,
) -> Result<String, Diagnostic> {
    let facts = &bundle.facts;
    let for_head = Arc::clone(facts);
    let for_scripts = Arc::clone(facts);
    let (components, has_code) = (body.components.clone(), body.has_code);
    let (islands, loads) = (body.islands.clone(), Arc::clone(loads));
    let context = Value::from_object(Context {
        bundle: Arc::clone(bundle),
        page: page_value(bundle, index),
        own: vec![
            ("zones", Value::from_dyn_object(Arc::clone(zones))),
            (
                "head",
                Value::from_function(move || head(&for_head, index, &components, has_code)),
            ),
            (
                "scripts",
                Value::from_function(move || {
                    loads.store(true, Ordering::Relaxed);
                    scripts(&for_scripts, &islands)
                }),
            ),
        ],
    });
    let layout = format!("layouts/{}.html", facts.page(index).layout);
    engine.render(&layout, context, body.length + 2048)
}
