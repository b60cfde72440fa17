//! The files of a bundle: its pages, those made now and those kept, and all else that it has.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use super::notes::{Notes, note_bundle, note_job, note_output, read_needs};
use super::prepare::{NodeReady, Workshop};
use super::react::is_react;
use super::render::{Made, Task};
use super::verdict::Judge;
use super::{Built, Content, Explain, Explained, Job, Output, Reason, extras, is_refusal};
use crate::bundle::{Bundle, FileStamp, bundle_folder};
use crate::diag::Diagnostics;
use crate::ledger::{Ledger, Written};
use crate::model::Asset;
use crate::plan::{BundlePlan, NodePlan};
use crate::render::PolicyNeeds;
use crate::render::react::island;

/// A bundle of the plan, and where its files go.
pub struct Context<'a> {
    pub job: &'a Job<'a>,
    pub workshop: &'a Workshop<'a>,
    /// Of the node, in the plan.
    pub number: usize,
    pub node_plan: &'a NodePlan,
    pub bundle_plan: &'a BundlePlan,
    pub output: &'a dyn Output,
    /// Whether the output has refused.
    pub refused: &'a AtomicBool,
}

type Files = BTreeMap<String, Written>;

impl Context<'_> {
    /// The bundle, of which these pages were made; the others are kept.
    pub fn bundle(
        &self,
        made: &[(&Task<'_>, Made)],
        judge: &Judge<'_>,
    ) -> Result<Built, Diagnostics> {
        let mut built = Built::default();
        let (node_id, app) = (self.node_plan.node.as_str(), self.bundle_plan.app.as_str());
        let Some(node) = self.workshop.node(self.number) else {
            return Err(Diagnostics::new());
        };
        let folder = bundle_folder(node_id, app);
        let mut files = Files::new();
        let mut needs = PolicyNeeds::default();
        for (task, made) in made {
            files.insert(task.path().to_string(), made.written);
            if let Some(more) = &made.needs {
                needs.merge(more);
            }
            note_job(self.job.site, node_id, task, made, &mut built.notes);
        }
        let pages = self.bundle_plan.pages.iter().map(Some).chain([None]);
        let mut complete = true;
        for page in pages {
            let task = Task {
                node: self.number,
                app,
                page: page.map(Cow::Borrowed),
            };
            if files.contains_key(task.path()) {
                continue;
            }
            // What was not made is fresh, or it failed.
            match judge.kept(&task) {
                None => complete = false,
                Some((written, kept_needs)) => {
                    if let Some(more) = read_needs(kept_needs) {
                        needs.merge(&more);
                    }
                    files.insert(task.path().to_string(), written);
                }
            }
        }
        let mut diagnostics = Diagnostics::new();
        self.put_assets(node, &mut files, &mut diagnostics);
        let values = node.values(app);
        let extras = extras::extras(
            self.job.site,
            self.node_plan,
            self.bundle_plan,
            &values,
            &needs,
        );
        for (path, text) in extras {
            self.put_text(&path, &text, &mut files, &mut diagnostics);
        }
        if diagnostics.has_errors() || !complete {
            return Err(diagnostics);
        }
        for (path, written) in &files {
            note_output(&folder, path, *written, &mut built.notes);
        }
        if self.job.explain == Explain::All {
            self.explain(&folder, files.iter(), &mut built);
        }
        let files = files
            .into_iter()
            .map(|(path, written)| (path, written.stamp));
        let (pages, used) = (&self.bundle_plan.pages, &self.bundle_plan.components);
        let bundle = Bundle::new(node_id, app, pages.len(), used.len(), files.collect());
        let components = self.bundle_plan.components.iter().cloned().collect();
        note_bundle(&bundle, components, &mut built.notes);
        built.bundles.push(bundle);
        Ok(built)
    }

    /// Says why files that are no pages were written or kept.
    fn explain<'f>(
        &self,
        folder: &str,
        files: impl Iterator<Item = (&'f String, &'f Written)>,
        built: &mut Built,
    ) {
        let pages = self.bundle_plan.pages.iter().map(|page| page.path.as_str());
        let pages: BTreeSet<&str> = pages.chain(["404.html"]).collect();
        for (path, written) in files.filter(|(path, _)| !pages.contains(path.as_str())) {
            let output = format!("{folder}/{path}");
            let before = self.job.ledger.map(|ledger| ledger.output(&output));
            let reason = match before {
                None => Some(self.job.all.clone().unwrap_or(Reason::NoLedger)),
                Some(None) => Some(Reason::New),
                Some(Some(_)) if self.job.damaged.contains(&output) => Some(Reason::Output),
                Some(Some(before)) if before.stamp != written.stamp => Some(Reason::Bytes),
                Some(Some(_)) => None,
            };
            built.explained.push(Explained {
                output,
                page: None,
                reason,
            });
        }
    }

    /// Style sheets, scripts, the theme's assets and `static/`.
    fn put_assets(&self, node: &NodeReady, files: &mut Files, diagnostics: &mut Diagnostics) {
        let folder = format!("_rb/{}", self.bundle_plan.app);
        let theme = self.workshop.theme(node);
        let tokens = format!("{folder}/tokens.css");
        self.put_text(&tokens, &node.tokens_css, files, diagnostics);
        for (name, text) in theme.style_sheets(&self.bundle_plan.components) {
            self.put_text(&format!("{folder}/assets/{name}"), text, files, diagnostics);
        }
        if let (Some(script), Some(text)) = (&node.facts.script, &node.script_text) {
            let path = format!("{folder}/assets/{}", script.name);
            self.put_text(&path, text, files, diagnostics);
        }
        self.put_islands(node, &folder, files, diagnostics);
        for (path, name) in &theme.names.assets {
            if let Some(asset) = self.job.site.theme_asset(&self.node_plan.theme, path) {
                self.put_copy(
                    &format!("{folder}/assets/{name}"),
                    asset,
                    files,
                    diagnostics,
                );
            }
        }
        for (path, asset) in self.job.site.statics.iter() {
            self.put_copy(path, asset, files, diagnostics);
        }
    }

    /// The modules of components that come to life, and the library that they need.
    fn put_islands(
        &self,
        node: &NodeReady,
        folder: &str,
        files: &mut Files,
        diagnostics: &mut Diagnostics,
    ) {
        let site = self.job.site;
        let names = &self.workshop.theme(node).names;
        let react = &self.workshop.react;
        let used = self.bundle_plan.components.iter();
        let used = used.filter_map(|key| site.components.get(key));
        let mut any = false;
        for component in used.filter(|it| is_react(site, &self.node_plan.theme, it)) {
            let Some((module, _)) = island(&node.facts, component) else {
                continue;
            };
            any = true;
            let path = format!("{folder}/assets/{module}");
            if self.keep(&path, files) {
                continue;
            }
            match react.module(component) {
                Ok(text) => self.put_text(&path, &text, files, diagnostics),
                Err(found) => diagnostics.extend(found),
            }
        }
        let Some(library) = names.library.as_ref().filter(|_| any) else {
            return;
        };
        let own = [&library.loader, &library.licences];
        for name in library.imports.values().chain(own) {
            let path = format!("{folder}/assets/{name}");
            if !files.contains_key(&path) && !self.keep(&path, files) {
                let text = react.library_file(site, name);
                let text = text.expect("the library was made when its files were named");
                self.put_text(&path, text, files, diagnostics);
            }
        }
    }

    /// Keeps a file that the last build wrote, where its name says all of it.
    fn keep(&self, path: &str, files: &mut Files) -> bool {
        let ledger = self.job.ledger.filter(|_| self.job.all.is_none());
        let folder = bundle_folder(&self.node_plan.node, &self.bundle_plan.app);
        let output = format!("{folder}/{path}");
        let written = ledger
            .filter(|_| !self.job.damaged.contains(&output))
            .and_then(|ledger| ledger.output(&output));
        written.is_some_and(|written| {
            files.insert(path.to_string(), written);
            true
        })
    }

    fn put_text(&self, path: &str, text: &str, files: &mut Files, diagnostics: &mut Diagnostics) {
        let content = Content::Bytes(text.as_bytes());
        self.put(
            path,
            FileStamp::of_bytes(text.as_bytes()),
            content,
            files,
            diagnostics,
        );
    }

    fn put_copy(
        &self,
        path: &str,
        asset: &Asset,
        files: &mut Files,
        diagnostics: &mut Diagnostics,
    ) {
        let stamp = FileStamp {
            digest: asset.digest,
            size: asset.size,
        };
        self.put(path, stamp, Content::Copy(asset), files, diagnostics);
    }

    fn put(
        &self,
        path: &str,
        stamp: FileStamp,
        content: Content<'_>,
        files: &mut Files,
        diagnostics: &mut Diagnostics,
    ) {
        if self.refused.load(Ordering::Relaxed) {
            return;
        }
        let (node, app) = (&self.node_plan.node, &self.bundle_plan.app);
        match self.output.put(node, app, path, stamp, content) {
            Ok(stat) => {
                files.insert(path.to_string(), Written { stamp, stat });
            }
            Err(diagnostic) => {
                self.refused
                    .fetch_or(is_refusal(&diagnostic), Ordering::Relaxed);
                diagnostics.push(diagnostic);
            }
        }
    }
}

/// Notes the pages of a bundle of the last build that were made anew; nothing else of it can differ but
/// what its pages need of the policy.
pub fn changed_files(
    job: &Job<'_>,
    node: &NodeReady,
    app: &str,
    made: &[(&Task<'_>, Made)],
    ledger: &Ledger,
    output: &dyn Output,
    built: &mut Built,
) -> Result<(), Diagnostics> {
    let node_id = node.facts.node.as_str();
    let folder = bundle_folder(node_id, app);
    let mut files: BTreeMap<String, FileStamp> = BTreeMap::new();
    let mut same_needs = true;
    for (task, made) in made {
        let before = ledger
            .job(node_id, task.job_page(job.site))
            .and_then(|job| read_needs(job.needs));
        same_needs &= before == Some(made.needs.as_deref().cloned().unwrap_or_default());
        let stands = ledger.output(&format!("{folder}/{}", task.path()));
        if stands.map(|written| written.stamp) != Some(made.written.stamp) {
            files.insert(task.path().to_string(), made.written.stamp);
        }
        note_job(job.site, node_id, task, made, &mut built.notes);
        note_output(&folder, task.path(), made.written, &mut built.notes);
    }
    if !same_needs {
        let paths: BTreeSet<&str> = made.iter().map(|(task, _)| task.path()).collect();
        let mut needs = PolicyNeeds::default();
        let others = ledger
            .jobs()
            .filter(|(node, _, job)| *node == node_id && job.app == app);
        for (_, _, other) in others {
            if !paths.contains(other.path) {
                needs.merge(&read_needs(other.needs).unwrap_or_default());
            }
        }
        for (_, made) in made {
            needs.merge(&made.needs.as_deref().cloned().unwrap_or_default());
        }
        let (path, text) = extras::headers_file(&node.values(app), &needs);
        let stamp = FileStamp::of_bytes(text.as_bytes());
        let stat = output.put(node_id, app, &path, stamp, Content::Bytes(text.as_bytes()))?;
        note_output(&folder, &path, Written { stamp, stat }, &mut built.notes);
        files.insert(path, stamp);
    }
    if !files.is_empty() {
        let bundle = (node_id.to_string(), app.to_string());
        built.changed.insert(bundle, files);
    }
    Ok(())
}

/// A bundle of the last build of which these files have other bytes.
pub fn bundle_with(
    ledger: &Ledger,
    node: &str,
    app: &str,
    changed: &BTreeMap<String, FileStamp>,
    notes: &mut Notes,
) -> Bundle {
    let prefix = format!("{}/", bundle_folder(node, app));
    let mut files: BTreeMap<String, FileStamp> = ledger
        .outputs(&prefix)
        .map(|(path, written)| (path[prefix.len()..].to_string(), written.stamp))
        .collect();
    files.extend(changed.iter().map(|(path, stamp)| (path.clone(), *stamp)));
    let (pages, components) = ledger
        .bundles()
        .find(|(name, of, _)| *name == node && *of == app)
        .map_or((0, Vec::new()), |(_, _, note)| {
            (note.pages, note.components)
        });
    let bundle = Bundle::new(node, app, pages, components.len(), files);
    note_bundle(&bundle, components, notes);
    bundle
}
