//! Runs a plan: jobs in parallel, their bytes handed to an output, bundles as the result. Pure but
//! for what the output does.

mod extras;
mod prepare;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::bundle::{Bundle, FileStamp};
use crate::diag::{Diagnostic, Diagnostics, Place, Spot, code};
use crate::digest::Digest;
use crate::model::{Asset, Site};
use crate::plan::{BundlePlan, NodePlan, Plan};
use crate::render::{BundleValues, PolicyNeeds, RenderedPage, render_not_found, render_page};
use prepare::{NodeReady, ThemeReady, prepare_node, prepare_themes};

/// The content of one output.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    Bytes(&'a [u8]),
    /// A file of the site, to be copied.
    Copy(&'a Asset),
}

/// Where outputs go. It is called from many threads, in no order, and each path of a bundle once.
/// Nothing may become visible before the whole build has succeeded.
pub trait Output: Sync {
    /// Takes one output.
    fn put(
        &self,
        node: &str,
        app: &str,
        path: &str,
        stamp: FileStamp,
        content: Content<'_>,
    ) -> Result<(), Diagnostic>;
}

/// Keeps nothing: for `rbgen check`, which asks only what a build would say.
pub struct NoOutput;

impl Output for NoOutput {
    fn put(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: FileStamp,
        _: Content<'_>,
    ) -> Result<(), Diagnostic> {
        Ok(())
    }
}

/// What a build made.
#[derive(Clone, Debug)]
pub struct Built {
    /// Sorted by node, then app.
    pub bundles: Vec<Bundle>,
    pub pages_rendered: usize,
    /// Warnings; with errors there are no bundles to publish.
    pub diagnostics: Diagnostics,
}

/// Builds every bundle of a plan. `progress` is called after each page, with how many are done.
pub fn build(
    site: &Arc<Site>,
    plan: &Plan,
    output: &dyn Output,
    progress: &(dyn Fn(usize) + Sync),
) -> Built {
    let mut diagnostics = Diagnostics::new();
    let themes = prepare_themes(site, plan, &mut diagnostics);
    let done = AtomicUsize::new(0);
    let refused = AtomicBool::new(false);
    let mut bundles = Vec::new();
    let mut failures = Failures::default();
    for node_plan in &plan.nodes {
        let Some(theme) = themes.get(node_plan.theme.as_str()) else {
            continue;
        };
        let node = prepare_node(site, node_plan, theme, &mut diagnostics);
        for bundle_plan in &node_plan.bundles {
            let run = BundleRun {
                site,
                node_plan,
                bundle_plan,
                theme,
                node: &node,
                values: Arc::new(node.bundle_values(site, node_plan, bundle_plan, theme)),
                output,
                refused: &refused,
            };
            match run.run(&|| progress(done.fetch_add(1, Ordering::Relaxed) + 1)) {
                Ok(bundle) => bundles.push(bundle),
                Err(found) => failures.add(found),
            }
        }
    }
    failures.forget(&diagnostics);
    diagnostics.extend(failures.into_diagnostics());
    Built {
        bundles,
        pages_rendered: done.into_inner(),
        diagnostics,
    }
}

/// The warnings of a build that has nothing to do: those of styles, tokens and contrast. Pages have
/// only errors, and with an error no build succeeds.
pub fn build_warnings(site: &Arc<Site>, plan: &Plan) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let themes = prepare_themes(site, plan, &mut diagnostics);
    for node_plan in &plan.nodes {
        if let Some(theme) = themes.get(node_plan.theme.as_str()) {
            prepare_node(site, node_plan, theme, &mut diagnostics);
        }
    }
    diagnostics
}

struct BundleRun<'a> {
    site: &'a Arc<Site>,
    node_plan: &'a NodePlan,
    bundle_plan: &'a BundlePlan,
    theme: &'a ThemeReady,
    node: &'a NodeReady,
    values: Arc<BundleValues>,
    output: &'a dyn Output,
    /// Whether the output has refused: a full disk is full for all that is still to come.
    refused: &'a AtomicBool,
}

impl BundleRun<'_> {
    fn run(&self, page_done: &(dyn Fn() + Sync)) -> Result<Bundle, Diagnostics> {
        let engine = &self.theme.engine;
        let pages: Vec<Result<(String, FileStamp, PolicyNeeds), Diagnostics>> = self
            .bundle_plan
            .pages
            .par_iter()
            .map(|job| {
                if self.refused.load(Ordering::Relaxed) {
                    return Err(Diagnostics::new());
                }
                let rendered = render_page(engine, &self.values, job)?;
                page_done();
                self.put_page(&job.path, rendered)
            })
            .collect();
        let mut diagnostics = Diagnostics::new();
        let mut files = BTreeMap::new();
        let mut needs = PolicyNeeds::default();
        let not_found = render_not_found(engine, &self.values)
            .and_then(|rendered| self.put_page("404.html", rendered));
        for page in pages.into_iter().chain([not_found]) {
            match page {
                Ok((path, stamp, page_needs)) => {
                    files.insert(path, stamp);
                    needs.merge(&page_needs);
                }
                Err(found) => diagnostics.extend(found),
            }
        }
        if let Err(found) = self.put_assets(&mut files) {
            diagnostics.extend(found);
        }
        for (path, text) in extras::extras(
            self.site,
            self.node_plan,
            self.bundle_plan,
            &self.values,
            &needs,
        ) {
            match self.put_bytes(&path, text.as_bytes()) {
                Ok((path, stamp)) => {
                    files.insert(path, stamp);
                }
                Err(found) => diagnostics.push(found),
            }
        }
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        Ok(Bundle {
            node: self.node_plan.node.clone(),
            app: self.bundle_plan.app.clone(),
            pages: self.bundle_plan.pages.len(),
            components: self.bundle_plan.components.len(),
            files,
        })
    }

    fn put_page(
        &self,
        path: &str,
        rendered: RenderedPage,
    ) -> Result<(String, FileStamp, PolicyNeeds), Diagnostics> {
        let (path, stamp) = self.put_bytes(path, rendered.html.as_bytes())?;
        Ok((path, stamp, rendered.needs))
    }

    fn put_bytes(&self, path: &str, bytes: &[u8]) -> Result<(String, FileStamp), Diagnostic> {
        let stamp = FileStamp {
            digest: Digest::of_bytes(bytes),
            size: bytes.len() as u64,
        };
        self.put(path, stamp, Content::Bytes(bytes))
    }

    fn put_copy(&self, path: &str, asset: &Asset) -> Result<(String, FileStamp), Diagnostic> {
        let stamp = FileStamp {
            digest: asset.digest,
            size: asset.size,
        };
        self.put(path, stamp, Content::Copy(asset))
    }

    fn put(
        &self,
        path: &str,
        stamp: FileStamp,
        content: Content<'_>,
    ) -> Result<(String, FileStamp), Diagnostic> {
        let (node, app) = (&self.node_plan.node, &self.bundle_plan.app);
        let put = self.output.put(node, app, path, stamp, content);
        if let Err(diagnostic) = &put
            && diagnostic.code == code::WRITE_FAILED
        {
            self.refused.store(true, Ordering::Relaxed);
        }
        put.map(|()| (path.to_string(), stamp))
    }

    /// Style sheets, scripts, the theme's assets and `static/`.
    fn put_assets(&self, files: &mut BTreeMap<String, FileStamp>) -> Result<(), Diagnostics> {
        let folder = format!("_rb/{}", self.bundle_plan.app);
        let mut put = vec![self.put_bytes(
            &format!("{folder}/tokens.css"),
            self.node.tokens_css.as_bytes(),
        )];
        for (name, text) in self.theme.style_sheets(&self.bundle_plan.components) {
            put.push(self.put_bytes(&format!("{folder}/assets/{name}"), text.as_bytes()));
        }
        if let Some((script, text)) = &self.node.script {
            put.push(self.put_bytes(&format!("{folder}/assets/{}", script.name), text.as_bytes()));
        }
        for (path, name) in &self.theme.names.assets {
            if let Some(asset) = self.site.theme_asset(&self.node_plan.theme, path) {
                put.push(self.put_copy(&format!("{folder}/assets/{name}"), asset));
            }
        }
        for (path, asset) in &self.site.statics {
            put.push(self.put_copy(path, asset));
        }
        let mut diagnostics = Diagnostics::new();
        for result in put {
            match result {
                Ok((path, stamp)) => {
                    files.insert(path, stamp);
                }
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
        if diagnostics.is_empty() {
            Ok(())
        } else {
            Err(diagnostics)
        }
    }
}

/// The failures of pages. One mistake in a template fails on every page that uses it: it is reported
/// once, with the first page and how many there were.
#[derive(Default)]
struct Failures(BTreeMap<(&'static str, Option<Place>, String), (Diagnostic, usize)>);

impl Failures {
    fn add(&mut self, diagnostics: Diagnostics) {
        for diagnostic in diagnostics {
            let mut place = diagnostic.place.clone();
            // Where in a template the fuel ends is chance.
            if let Some(place) = &mut place
                && diagnostic.code == code::TEMPLATE_ENDLESS
            {
                place.spot = Spot::Whole;
            }
            // What a layout does wrong, it does on every page.
            if diagnostic.code == code::INLINE_HANDLER {
                place = None;
            }
            let key = (diagnostic.code.0, place, diagnostic.message.clone());
            self.0
                .entry(key)
                .and_modify(|(first, count)| {
                    *count += 1;
                    if diagnostic.related < first.related {
                        *first = diagnostic.clone();
                    }
                })
                .or_insert((diagnostic, 1));
        }
    }

    /// Drops what has been said before pages were rendered: a template that cannot be parsed.
    fn forget(&mut self, said: &Diagnostics) {
        for diagnostic in said.iter() {
            let place = diagnostic.place.clone();
            self.0
                .remove(&(diagnostic.code.0, place, diagnostic.message.clone()));
        }
    }

    fn into_diagnostics(self) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        for (mut diagnostic, count) in self.0.into_values() {
            if count > 1
                && let Some((_, label)) = diagnostic.related.last_mut()
            {
                *label = format!("{label} (and {} more times)", count - 1);
            }
            diagnostics.push(diagnostic);
        }
        diagnostics
    }
}
