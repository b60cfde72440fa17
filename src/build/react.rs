//! What components that are React code need of a build: which of them come to life in the browser, the modules
//! that do it, and the library.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use rayon::prelude::*;

use super::Job;
use super::prepare::hashed_name;
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::digest::{Digest, Hasher};
use crate::model::{Component, Hydrate, Library, Node, Site};
use crate::render::AssetNames;
use crate::render::react::runtime::{ClientFile, client_files, licences, loader};
use crate::render::react::{LibraryNames, Outline, ReactFacts, diagnostic};

/// The React code of a build. Most of it is only looked at where the ledger does not know it.
pub struct ReactReady {
    pub facts: Arc<ReactFacts>,
    /// Names by component, for the names of a theme.
    pub islands: BTreeMap<String, String>,
    pub codes: BTreeMap<String, String>,
    pub library: Option<LibraryNames>,
    /// What was found out of components, by key.
    outlines: Mutex<BTreeMap<String, Arc<Outline>>>,
    /// The files of the library and of its licences, by their hashed names.
    files: OnceLock<BTreeMap<String, String>>,
}

/// The digest of the code of a component, and its module, where it comes to life.
type LookedAt = (String, Result<Option<String>, Diagnostics>);

/// Whether a component is rendered by its React code with a theme, and not by a template.
pub fn is_react(site: &Site, theme: &str, component: &Component) -> bool {
    let template = format!("components/{}.html", component.key);
    component.react.is_some()
        && component.template.is_none()
        && site.theme_text(theme, &template).is_none()
}

/// The names that a page needs are known before it is rendered: so the components that are `used` as React
/// code are compiled first.
pub fn prepare_react(
    job: &Job<'_>,
    used: &BTreeSet<&str>,
    diagnostics: &mut Diagnostics,
) -> ReactReady {
    let site = job.site;
    let mut ready = nothing_to_prepare(job);
    let components: Vec<&Component> = used
        .iter()
        .filter_map(|key| site.components.get(*key))
        .collect();
    let Some(react) = site
        .config
        .react
        .as_ref()
        .filter(|_| !components.is_empty())
    else {
        return ready;
    };
    let library = react.library();
    // Themes share what the ledger says of components.
    let before = job.ledger.and_then(|ledger| {
        let mut themes = site.themes.keys();
        let record = themes.find_map(|theme| ledger.theme(theme))?;
        let names = AssetNames::read(record);
        if names.is_none() {
            ledger.distrust();
        }
        names
    });
    let look_at = |component: &&Component| {
        let digest = code_digest(component);
        let known = before.as_ref().filter(|before| {
            job.all.is_none() && before.codes.get(&component.key) == Some(&digest)
        });
        match known {
            Some(names) => (digest, Ok(names.islands.get(&component.key).cloned())),
            None => (digest, ready.look_at(component)),
        }
    };
    // Processes that compile begin while the library is read; what is missing of it is said by whoever needs it.
    let (looked_at, _): (Vec<LookedAt>, _) = rayon::join(
        || components.par_iter().map(look_at).collect(),
        || ready.facts.runtime(site).map(|_| ()),
    );
    for (component, (digest, module)) in components.iter().zip(looked_at) {
        let key = &component.key;
        match module {
            Err(found) => diagnostics.extend(found),
            Ok(module) => {
                ready.codes.insert(key.clone(), digest);
                ready.islands.extend(module.map(|name| (key.clone(), name)));
            }
        }
    }
    let first = components
        .iter()
        .find(|it| ready.islands.contains_key(&it.key));
    if let (Some(first), true) = (first, site.packages.can_be_there) {
        match ready.find_library(job, library, before.and_then(|before| before.library)) {
            Ok(library) => ready.library = Some(library),
            Err(missing) => {
                let fault = ReactFacts::missing(site, &missing);
                diagnostics.push(diagnostic(&first.react_origin(), &fault));
            }
        }
    }
    ready
}

/// The same where nothing is to be prepared: there is no React code, or the ledger has all names.
pub fn nothing_to_prepare(job: &Job<'_>) -> ReactReady {
    ReactReady {
        facts: Arc::new(ReactFacts::new(job.react, job.now)),
        islands: BTreeMap::new(),
        codes: BTreeMap::new(),
        library: None,
        outlines: Mutex::default(),
        files: OnceLock::new(),
    }
}

/// Warns of code from rows that stays without its scripts at a node.
pub fn warn_of_rows(
    site: &Site,
    node: &Node,
    components: &BTreeSet<String>,
    names: &AssetNames,
    diagnostics: &mut Diagnostics,
) {
    if site.config.allows_scripts(&node.id) {
        return;
    }
    let theme = site.config.theme_of(&node.id);
    let found = components.iter().filter_map(|key| site.components.get(key));
    let found = found.filter(|it| it.is_row() && names.islands.contains_key(&it.key));
    for component in found.filter(|component| is_react(site, theme, component)) {
        diagnostics.push(
            Diagnostic::warning(
                code::REACT_NOT_HYDRATED,
                Place::whole(component.react_origin()),
                match component.hydrate() {
                    Some(Hydrate::Only) => format!(
                        "the component `{}` is empty on node `{}`: it is rendered in the browser alone",
                        component.key, node.id
                    ),
                    _ => format!(
                        "the component `{}` does nothing in the browser on node `{}`",
                        component.key, node.id
                    ),
                },
            )
            .hint(format!(
                "allow its scripts with `allow_scripts = true` under `[node.{}]` in robbieblocks.toml",
                node.id
            )),
        );
    }
}

impl ReactReady {
    /// The name of the module of a component, where it comes to life.
    fn look_at(&self, component: &Component) -> Result<Option<String>, Diagnostics> {
        let outline = self.outline(component)?;
        let comes = component.comes_to_life(outline.interactive);
        Ok(comes.map(|_| {
            let digest = Digest::of_bytes(outline.client.as_bytes());
            hashed_name(&format!("{}.js", component.key), &digest)
        }))
    }

    fn outline(&self, component: &Component) -> Result<Arc<Outline>, Diagnostics> {
        let known = || self.outlines.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(outline) = known().get(&component.key) {
            return Ok(Arc::clone(outline));
        }
        let code = component.react.as_deref().unwrap_or_default();
        let outline = self.facts.runner().outline(code).map_err(|faults| {
            let origin = component.react_origin();
            let mut found = Diagnostics::new();
            for fault in &faults {
                found.push(diagnostic(&origin, fault));
            }
            found
        })?;
        let outline = Arc::new(outline);
        known().insert(component.key.clone(), Arc::clone(&outline));
        Ok(outline)
    }

    /// The module of a component.
    pub fn module(&self, component: &Component) -> Result<String, Diagnostics> {
        Ok(self.outline(component)?.client.clone())
    }

    /// The names of the library's files: those `before`, where it is made from the same.
    fn find_library(
        &self,
        job: &Job<'_>,
        library: Library,
        before: Option<LibraryNames>,
    ) -> Result<LibraryNames, String> {
        let runtime = self.facts.runtime(job.site)?;
        let made_from = runtime.digest.hex();
        if let Some(known) = before.filter(|known| known.made_from == made_from)
            && job.all.is_none()
        {
            return Ok(known);
        }
        let (names, files) = library_files(job.site, library)?;
        let _ = self.files.set(files);
        Ok(LibraryNames { made_from, ..names })
    }

    /// The text of a file of the library, by its hashed name.
    pub fn library_file(&self, site: &Site, name: &str) -> Option<&str> {
        let make = || {
            let react = site.config.react.as_ref()?;
            Some(library_files(site, react.library()).ok()?.1)
        };
        let files = self.files.get_or_init(|| make().unwrap_or_default());
        files.get(name).map(String::as_str)
    }
}

/// What decides what is to be known of a component.
fn code_digest(component: &Component) -> String {
    let mut hasher = Hasher::new("react code");
    hasher
        .text(component.react.as_deref().unwrap_or_default())
        .text(component.hydrate().map_or("", Hydrate::as_str));
    hasher.finish().hex()
}

/// The files of the library for browsers, by their hashed names; each says where its licences are.
fn library_files(
    site: &Site,
    library: Library,
) -> Result<(LibraryNames, BTreeMap<String, String>), String> {
    let licences = licences(library, &site.packages);
    let licences_name = hashed_name("licences.txt", &Digest::of_bytes(licences.as_bytes()));
    let mut names = LibraryNames {
        licences: licences_name.clone(),
        ..LibraryNames::default()
    };
    let mut files = BTreeMap::new();
    for ClientFile {
        name,
        text,
        names: imported_as,
    } in client_files(library, &site.packages)?
    {
        let text = format!("/* licences: {licences_name} */\n{text}");
        let hashed = hashed_name(&name, &Digest::of_bytes(text.as_bytes()));
        for import in imported_as {
            names.imports.insert(import, hashed.clone());
        }
        files.insert(hashed, text);
    }
    let text = loader();
    names.loader = hashed_name("islands.js", &Digest::of_bytes(text.as_bytes()));
    files.insert(names.loader.clone(), text);
    files.insert(licences_name, licences);
    Ok((names, files))
}
