//! Renders one page: its blocks with their components, placed in their zones, within its layout.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use minijinja::value::{Enumerator, Object, Value};

use super::context::{BundleValues, Context, PageValue, head, scripts};
use super::engine::Engine;
use super::markdown::Ids;
use super::policy::{PolicyNeeds, policy_needs};
use super::props::{Binding, Defaults, bind_props};
use super::text::escape;
use crate::diag::{Diagnostic, Diagnostics, FieldPath, Place, code};
use crate::plan::PageJob;

/// A finished page.
#[derive(Debug)]
pub struct RenderedPage {
    pub html: String,
    /// What it needs of the content security policy.
    pub needs: PolicyNeeds,
}

/// Renders a page of a bundle. With errors, every block that fails is reported, and the layout too.
pub fn render_page(
    engine: &Engine,
    bundle: &Arc<BundleValues>,
    job: &PageJob,
) -> Result<RenderedPage, Diagnostics> {
    let facts = &bundle.facts;
    let page = facts.page(Some(job.page));
    let mut diagnostics = Diagnostics::new();
    let theme = facts.site.config.theme_of(&facts.node);
    let zone_names = facts.site.layout_zones(theme, &page.layout);
    let mut zones: BTreeMap<&str, String> = zone_names
        .iter()
        .map(|zone| (*zone, String::new()))
        .collect();
    let mut ids = Ids::new(
        job.blocks
            .iter()
            .map(|&index| page.blocks[index].key.clone()),
    );
    let mut binding = Binding {
        markdown: &facts.site.config.markdown,
        ids: &mut ids,
        has_code: false,
        defaults: Defaults::default(),
    };
    let page_value = page_value(bundle, Some(job.page));
    let mut components: Vec<&str> = Vec::new();
    for &index in &job.blocks {
        let block = &page.blocks[index];
        let Some(component) = facts.site.components.get(&block.component) else {
            continue;
        };
        components.push(&component.key);
        let block_value = Value::from_pairs([
            ("key", Value::from(block.key.as_str())),
            ("zone", Value::from(block.zone.as_str())),
            ("order", Value::from(index)),
            ("component", Value::from(block.component.as_str())),
        ]);
        let context = Value::from_object(Context {
            bundle: Arc::clone(bundle),
            page: page_value.clone(),
            own: vec![
                ("props", bind_props(component, &block.props, &mut binding)),
                ("block", block_value),
            ],
        });
        match engine.render(&format!("components/{}.html", component.key), context) {
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
            Err(diagnostic) => {
                let field = FieldPath::from("blocks").then(index);
                diagnostics.push(diagnostic.related(
                    Place::value(Arc::clone(&page.origin), field),
                    format!("while rendering the block `{}` of this page", block.key),
                ));
            }
        }
    }
    components.sort_unstable();
    components.dedup();
    let has_code = binding.has_code;
    let zones = Arc::new(Zones::new(zones));
    match render_layout(
        engine,
        bundle,
        Some(job.page),
        &zones,
        &components,
        has_code,
    ) {
        Ok(html) => {
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
            return finish(html, &page.origin, diagnostics);
        }
        Err(diagnostic) => diagnostics.push(diagnostic.related(
            Place::whole(Arc::clone(&page.origin)),
            "while rendering the layout of this page",
        )),
    }
    Err(diagnostics)
}

/// Renders the page for addresses that have none.
pub fn render_not_found(
    engine: &Engine,
    bundle: &Arc<BundleValues>,
) -> Result<RenderedPage, Diagnostics> {
    let facts = &bundle.facts;
    let theme = facts.site.config.theme_of(&facts.node);
    let zones = facts
        .site
        .layout_zones(theme, "404")
        .into_iter()
        .map(|zone| (zone, String::new()))
        .collect();
    let zones = Arc::new(Zones::new(zones));
    let html = render_layout(engine, bundle, None, &zones, &[], false)?;
    let origin = match facts.site.theme_text(theme, "layouts/404.html") {
        Some(file) => &file.origin,
        None => &facts.not_found.origin,
    };
    finish(html, origin, Diagnostics::new())
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
    fn new(zones: BTreeMap<&str, String>) -> Zones {
        let zones = zones.into_iter().map(|(zone, html)| {
            // Nothing is lost of a zone that is empty.
            let read = AtomicBool::new(html.is_empty());
            (zone.to_string(), (Value::from_safe_string(html), read))
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
    })
}

fn render_layout(
    engine: &Engine,
    bundle: &Arc<BundleValues>,
    index: Option<usize>,
    zones: &Arc<Zones>,
    components: &[&str],
    has_code: bool,
) -> Result<String, Diagnostic> {
    let facts = &bundle.facts;
    let head = head(facts, index, components, has_code);
    let scripts = scripts(facts);
    let context = Value::from_object(Context {
        bundle: Arc::clone(bundle),
        page: page_value(bundle, index),
        own: vec![
            ("zones", Value::from_dyn_object(Arc::clone(zones))),
            ("head", Value::from_function(move || head.clone())),
            ("scripts", Value::from_function(move || scripts.clone())),
        ],
    });
    engine.render(
        &format!("layouts/{}.html", facts.page(index).layout),
        context,
    )
}
