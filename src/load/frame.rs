//! Reads all of a site but its pages: components, tokens, nodes, themes and static files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::families::{Families, Family, families};
use super::survey::ROOMS;
use super::{Reading, not_read};
use crate::diag::{Diagnostic, Diagnostics, Place, code, did_you_mean};
use crate::format::{self, COMPONENT_PARTS, COMPONENTS, NODE_PARTS, NODES, TOKENS, without_mark};
use crate::model::{Asset, Config, Documents, Library, Packages, TextFile, Theme, key_problem};

/// Whether the text of a package-lock.json has the packages of a library.
fn has_lock(text: Option<String>, library: Library) -> bool {
    let names = |package: &&str| format!("\"node_modules/{package}\"");
    text.is_some_and(|text| {
        let mut packages = library.packages().iter();
        packages.all(|package| text.contains(&names(package)))
    })
}

impl Reading<'_> {
    /// The families of a flat folder by key, and what belongs to none. A family without its TOML
    /// file is reported.
    fn families(&mut self, folder: &str, siblings: &[&str]) -> (Families, Vec<String>) {
        let paths = self.paths(folder);
        let (families, orphans, others) = families(paths, folder, siblings);
        for (key, path) in orphans {
            let hint = did_you_mean(&key, families.keys().map(String::as_str))
                .unwrap_or_else(|| format!("there is no `{folder}/{key}.toml`"));
            self.diagnostics.push(not_read(&path, hint));
        }
        (families, others)
    }

    /// The texts of a family by ending; `None` where one cannot be read.
    fn family_texts(&mut self, family: &Family) -> Option<BTreeMap<String, String>> {
        let mut texts = BTreeMap::new();
        for (ending, path) in family {
            texts.insert(ending.clone(), self.text(path)?);
        }
        Some(texts)
    }

    pub(super) fn components(&mut self, documents: &mut Documents) {
        let (families, data) = self.families(COMPONENTS, &COMPONENT_PARTS);
        let used = Mutex::new(BTreeSet::new());
        for family in families.values() {
            let Some(texts) = self.family_texts(family) else {
                continue;
            };
            let mut found = Diagnostics::new();
            let part = |ending: &str| texts.get(ending).cloned();
            // Also of a component that cannot be understood it is known which texts it takes.
            let source = |path: &str| {
                let text = self.read(path).map_err(|diagnostic| diagnostic.message)?;
                if let Ok(mut used) = used.lock() {
                    used.insert(path.to_string());
                }
                Ok(text)
            };
            let component =
                format::component_of(&family["toml"], &texts["toml"], &part, &source, &mut found);
            self.missing |= component.is_none();
            documents
                .components
                .extend(component.map(|(component, _)| component));
            self.diagnostics.extend(found);
        }
        let used = used.into_inner().unwrap_or_default();
        for path in data.iter().filter(|path| !used.contains(*path)) {
            let hint =
                "components are `<key>.toml` with `<key>.html`, `.css`, `.tsx` or `.jsx` beside it";
            self.diagnostics.push(not_read(path, hint.to_string()));
        }
    }

    pub(super) fn tokens(&mut self, documents: &mut Documents) {
        let (families, others) = self.families(TOKENS, &[]);
        for path in others {
            self.diagnostics
                .push(not_read(&path, "tokens are `<category>.toml` files".into()));
        }
        for family in families.values() {
            let path = &family["toml"];
            if let Some(text) = self.text(path) {
                let mut found = Diagnostics::new();
                let tokens = format::tokens_of(path, &text, &mut found);
                self.missing |= found.has_errors();
                self.diagnostics.extend(found);
                documents.tokens.extend(tokens);
            }
        }
    }

    pub(super) fn nodes(&mut self, documents: &mut Documents) {
        let (families, others) = self.families(NODES, &NODE_PARTS);
        for path in others {
            let hint = "nodes are `<node_id>.toml` with `<node_id>.css` or `.js` beside it";
            self.diagnostics.push(not_read(&path, hint.into()));
        }
        for family in families.values() {
            let Some(texts) = self.family_texts(family) else {
                continue;
            };
            let part = |ending: &str| texts.get(ending).cloned();
            let found = &mut self.diagnostics;
            let node = format::node_of(&family["toml"], &texts["toml"], &part, found);
            self.missing |= node.is_none();
            documents.nodes.extend(node);
        }
    }

    pub(super) fn themes(&mut self) -> Vec<Theme> {
        let mut themes = Vec::new();
        for key in &self.survey.themes {
            let folder = format!("themes/{key}");
            let config = format!("{folder}/theme.toml");
            if let Some(problem) = key_problem(key) {
                self.diagnostics.push(Diagnostic::error(
                    code::BAD_KEY,
                    Place::whole(config.as_str()),
                    format!("`{key}` cannot be the name of a theme: {problem}"),
                ));
                continue;
            }
            let Some(text) = self.text(&config) else {
                continue;
            };
            let origin = Arc::from(config.as_str());
            let Some(mut theme) = format::read_theme(key, &origin, &text, &mut self.diagnostics)
            else {
                self.missing = true;
                continue;
            };
            for room in ROOMS {
                for path in self.paths(&format!("{folder}/{room}")) {
                    if !(path.ends_with(".html") || path.ends_with(".css")) {
                        let hint = "other files of a theme belong into its `assets/`".to_string();
                        self.diagnostics.push(not_read(&path, hint));
                        continue;
                    }
                    if let Some(text) = self.text(&path) {
                        let file = TextFile {
                            origin: Arc::from(path.as_str()),
                            text: Arc::from(without_mark(&path, text)),
                        };
                        theme
                            .texts
                            .insert(path[folder.len() + 1..].to_string(), file);
                    }
                }
            }
            theme.assets = self.assets(&format!("{folder}/assets"));
            themes.push(theme);
        }
        themes
    }

    /// What the folder of packages has of the library that renders React components.
    pub(super) fn packages(&mut self, config: Option<&Config>) -> Packages {
        let Some(react) = config.and_then(|config| config.react.as_ref()) else {
            return Packages::default();
        };
        let folder = &react.packages;
        let mut files = BTreeMap::new();
        for name in react.library().files() {
            let path = format!("{folder}/{name}");
            if self.survey.find(&path).is_some()
                && let Some(text) = self.text(&path)
            {
                let file = TextFile {
                    origin: Arc::from(path.as_str()),
                    text: Arc::from(text),
                };
                files.insert(name.to_string(), file);
            }
        }
        let lock = match folder.rsplit_once('/') {
            Some((place, _)) => format!("{place}/package-lock.json"),
            None => "package-lock.json".to_string(),
        };
        Packages {
            folder: folder.clone(),
            files,
            can_be_there: self.folder.root().is_some(),
            has_lock: has_lock(self.folder.read_text(&lock).ok(), react.library()),
        }
    }

    /// The files of a folder that are copied, by their path below it. Those that are known are not
    /// read again.
    pub(super) fn assets(&mut self, folder: &str) -> BTreeMap<String, Asset> {
        let (start, files) = self.survey.below(folder);
        let this = &*self;
        let read: Vec<_> = files
            .par_iter()
            .enumerate()
            .map(|(index, file)| {
                let known = this.known.digests.get(start + index).copied().flatten();
                let asset = match known {
                    Some(digest) => Ok(Asset {
                        origin: Arc::from(file.path.as_str()),
                        digest,
                        size: file.stat.size,
                    }),
                    None => this.folder.digest(&file.path),
                };
                (&file.path, asset)
            })
            .collect();
        let mut assets = BTreeMap::new();
        for (path, asset) in read {
            match asset {
                Ok(asset) => {
                    self.note(path, asset.digest);
                    assets.insert(path[folder.len() + 1..].to_string(), asset);
                }
                Err(diagnostic) => self.diagnostics.push(diagnostic),
            }
        }
        assets
    }

    /// The paths of the files below a folder.
    fn paths(&self, folder: &str) -> Vec<String> {
        let (_, files) = self.survey.below(folder);
        files.iter().map(|file| file.path.clone()).collect()
    }
}
