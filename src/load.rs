//! Loads a site from a folder: reads its files (pages and assets in parallel) and the documents in
//! them, and assembles them. Each file is read once, and digested while it is read.
#![allow(clippy::disallowed_methods, reason = "this room reads the disk")]

mod families;
mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use crate::assemble::{Parts, assemble};
use crate::diag::{Diagnostic, Diagnostics, Place, code, did_you_mean};
use crate::digest::{Digest, Hasher};
use crate::files::Folder;
use crate::format::{self, ComponentFile, NodeFile, PageFile};
use crate::model::{Asset, Documents, Page, Site, TextFile, Theme, key_problem};

use families::{Families, Family, families};
pub use places::{Located, LocatedPlace, locate};

/// The configuration file of a site.
pub const CONFIG_FILE: &str = "robbieblocks.toml";

/// What some editors put before the first character of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text of a template, style sheet or script without its byte order mark, which would be a
/// character of the page. Of other files it stays: the TOML parser passes over it itself.
fn without_mark(path: &str, text: String) -> String {
    let ending = path.rsplit('.').next().unwrap_or_default();
    match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest)
            if matches!(ending, "html" | "css" | "js" | "jsx" | "tsx")
                && !path.starts_with("content/pages/") =>
        {
            rest.to_string()
        }
        _ => text,
    }
}

/// What loading gives. With errors in the diagnostics, the site is what could be understood.
pub struct Loaded {
    /// `None` only where robbieblocks.toml itself cannot be used.
    pub site: Option<Site>,
    pub diagnostics: Diagnostics,
    /// The digest of the path and the content of every file that was read.
    pub inputs: Digest,
}

/// Loads the site of a folder.
pub fn load_site(folder: &Folder) -> Loaded {
    let mut reading = Reading {
        folder,
        inputs: Mutex::new(BTreeMap::new()),
        diagnostics: Diagnostics::new(),
        missing: false,
    };
    let site = reading.site();
    let mut inputs = Hasher::new("rbgen inputs");
    let digests = reading.inputs.into_inner().unwrap_or_default();
    inputs.number(digests.len() as u64);
    for (path, digest) in &digests {
        inputs.text(path).digest(digest);
    }
    Loaded {
        site,
        diagnostics: reading.diagnostics,
        inputs: inputs.finish(),
    }
}

struct Reading<'a> {
    folder: &'a Folder,
    inputs: Mutex<BTreeMap<String, Digest>>,
    diagnostics: Diagnostics,
    /// Whether some document could not be read at all.
    missing: bool,
}

impl Reading<'_> {
    fn site(&mut self) -> Option<Site> {
        if !self.folder.has_file(CONFIG_FILE) {
            self.diagnostics.push(
                Diagnostic::general(
                    code::NO_SITE,
                    format!(
                        "there is no {CONFIG_FILE} in `{}`",
                        self.folder.root().display()
                    ),
                )
                .hint("make a site with `rbgen init DIR`, or name one with `--root DIR`"),
            );
            return None;
        }
        let config = self.text(CONFIG_FILE).and_then(|text| {
            format::read_config(&Arc::from(CONFIG_FILE), &text, &mut self.diagnostics)
        });
        let mut documents = Documents::default();
        self.pages(&mut documents);
        self.components(&mut documents);
        self.tokens(&mut documents);
        self.nodes(&mut documents);
        let themes = self.themes();
        let statics = self.assets("static");
        let incomplete = self.missing;
        let (site, found) = assemble(Parts {
            config: config?,
            documents,
            themes,
            statics,
            incomplete,
        });
        self.diagnostics.extend(found);
        Some(site)
    }

    /// The text of a file, noted as an input.
    fn text(&mut self, path: &str) -> Option<String> {
        match self.read(path) {
            Ok(text) => Some(text),
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                self.missing = true;
                None
            }
        }
    }

    fn read(&self, path: &str) -> Result<String, Diagnostic> {
        let text = self.folder.read_text(path)?;
        self.note(path, Digest::of_bytes(text.as_bytes()));
        Ok(text)
    }

    fn note(&self, path: &str, digest: Digest) {
        if let Ok(mut inputs) = self.inputs.lock() {
            inputs.insert(path.to_string(), digest);
        }
    }

    fn pages(&mut self, documents: &mut Documents) {
        let paths = self
            .folder
            .list("content/pages", false, &mut self.diagnostics);
        let data_files = Mutex::new(BTreeSet::new());
        let this = &*self;
        let read: Vec<(Option<PageRead>, Diagnostics)> = paths
            .into_par_iter()
            .map(|path| {
                let mut diagnostics = Diagnostics::new();
                let page = this.page(path, &data_files, &mut diagnostics);
                (page, diagnostics)
            })
            .collect();
        let used = data_files.into_inner().unwrap_or_default();
        for (page, diagnostics) in read {
            self.missing |= page.is_none();
            self.diagnostics.extend(diagnostics);
            match page {
                Some(PageRead::Page(page)) => documents.pages.push(*page),
                Some(PageRead::Data(path)) if !used.contains(&path) => {
                    self.diagnostics.push(match path.ends_with(".md") {
                        true => no_front_matter(&path),
                        false => {
                            let hint =
                                "pages are `.toml` and `.md` files in `content/pages/<app>/`";
                            not_read(&path, hint.to_string())
                        }
                    });
                }
                _ => {}
            }
        }
    }

    fn page(
        &self,
        path: String,
        data_files: &Mutex<BTreeSet<String>>,
        diagnostics: &mut Diagnostics,
    ) -> Option<PageRead> {
        let stem = path
            .strip_suffix(".toml")
            .or_else(|| path.strip_suffix(".md"));
        let Some(stem) = stem.and_then(|stem| stem.strip_prefix("content/pages/")) else {
            return Some(PageRead::Data(path));
        };
        let text = match self.read(&path) {
            Ok(text) => text,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                return None;
            }
        };
        if path.ends_with(".md") && !format::has_front_matter(&text) {
            return Some(PageRead::Data(path));
        }
        let parts: Vec<&str> = stem.split('/').collect();
        let [app, path_below_app @ ..] = parts.as_slice() else {
            return Some(PageRead::Data(path));
        };
        if path_below_app.is_empty() {
            return Some(PageRead::Data(path));
        }
        if let Some(problem) = key_problem(app) {
            diagnostics.push(Diagnostic::error(
                code::BAD_KEY,
                Place::whole(path.as_str()),
                format!("`{app}` cannot be the name of an app: {problem}"),
            ));
            return None;
        }
        let origin: Arc<str> = Arc::from(path.as_str());
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let data_file = |name: &str| self.data_file(folder, name, data_files);
        format::read_page(
            PageFile {
                origin: &origin,
                app,
                path_below_app,
                text: &text,
                data_file: &data_file,
            },
            diagnostics,
        )
        .map(|page| PageRead::Page(Box::new(page)))
    }

    /// The text of a file that `$file` names, in the folder of the document.
    fn data_file(
        &self,
        folder: &str,
        name: &str,
        used: &Mutex<BTreeSet<String>>,
    ) -> Result<String, String> {
        if name.is_empty()
            || name.starts_with('.')
            || name
                .chars()
                .any(|c| c.is_control() || matches!(c, '/' | '\\'))
        {
            return Err("it must be the plain name of a file in the same folder".into());
        }
        let path = format!("{folder}/{name}");
        let text = self.read(&path).map_err(|diagnostic| diagnostic.message)?;
        if let Ok(mut used) = used.lock() {
            used.insert(path);
        }
        Ok(text)
    }

    /// The families of a flat folder by key, and what belongs to none. A family without its TOML
    /// file is reported.
    fn families(&mut self, folder: &str, siblings: &[&str]) -> (Families, Vec<String>) {
        let paths = self.folder.list(folder, false, &mut self.diagnostics);
        let (families, orphans, others) = families(paths, folder, siblings);
        for (key, path) in orphans {
            let hint = did_you_mean(&key, families.keys().map(String::as_str))
                .unwrap_or_else(|| format!("there is no `{folder}/{key}.toml`"));
            self.diagnostics.push(not_read(&path, hint));
        }
        (families, others)
    }

    fn family_texts(&mut self, family: &Family) -> Option<BTreeMap<String, String>> {
        let mut texts = BTreeMap::new();
        for (ending, path) in family {
            texts.insert(ending.clone(), without_mark(path, self.text(path)?));
        }
        Some(texts)
    }

    fn components(&mut self, documents: &mut Documents) {
        let folder = "content/components";
        let (families, data) = self.families(folder, &["html", "css", "tsx", "jsx"]);
        let used = Mutex::new(BTreeSet::new());
        for (key, family) in &families {
            let Some(mut texts) = self.family_texts(family) else {
                continue;
            };
            let origin: Arc<str> = Arc::from(family["toml"].as_str());
            let mut found = Diagnostics::new();
            let data_file = |name: &str| self.data_file(folder, name, &used);
            let component = format::read_component(
                ComponentFile {
                    origin: &origin,
                    key,
                    text: &texts.remove("toml").unwrap_or_default(),
                    template: texts.remove("html"),
                    styles: texts.remove("css"),
                    react: texts.remove("tsx").or_else(|| texts.remove("jsx")),
                    data_file: &data_file,
                },
                &mut found,
            );
            self.missing |= component.is_none();
            documents.components.extend(component);
            self.diagnostics.extend(found);
        }
        let used = used.into_inner().unwrap_or_default();
        for path in data.iter().filter(|path| !used.contains(*path)) {
            let hint =
                "components are `<key>.toml` with `<key>.html`, `.css`, `.tsx` or `.jsx` beside it";
            self.diagnostics.push(not_read(path, hint.to_string()));
        }
    }

    fn tokens(&mut self, documents: &mut Documents) {
        let (families, others) = self.families("content/tokens", &[]);
        for path in others {
            self.diagnostics
                .push(not_read(&path, "tokens are `<category>.toml` files".into()));
        }
        for (category, family) in &families {
            let path = &family["toml"];
            if let Some(text) = self.text(path) {
                let origin = Arc::from(path.as_str());
                let mut found = Diagnostics::new();
                let tokens = format::read_tokens(category, &origin, &text, &mut found);
                self.missing |= found.has_errors();
                self.diagnostics.extend(found);
                documents.tokens.extend(tokens);
            }
        }
    }

    fn nodes(&mut self, documents: &mut Documents) {
        let (families, others) = self.families("content/nodes", &["css", "js"]);
        for path in others {
            let hint = "nodes are `<node_id>.toml` with `<node_id>.css` or `.js` beside it";
            self.diagnostics.push(not_read(&path, hint.into()));
        }
        for (id, family) in &families {
            let Some(mut texts) = self.family_texts(family) else {
                continue;
            };
            let node = format::read_node(
                NodeFile {
                    origin: &Arc::from(family["toml"].as_str()),
                    id,
                    text: &texts.remove("toml").unwrap_or_default(),
                    custom_css: texts.remove("css"),
                    custom_scripts: texts.remove("js"),
                },
                &mut self.diagnostics,
            );
            self.missing |= node.is_none();
            documents.nodes.extend(node);
        }
    }

    fn themes(&mut self) -> Vec<Theme> {
        const ROOMS: [&str; 4] = ["layouts", "partials", "components", "styles"];
        let mut themes = Vec::new();
        for key in self.folder.subfolders("themes", &mut self.diagnostics) {
            let folder = format!("themes/{key}");
            let config = format!("{folder}/theme.toml");
            if !self.folder.has_file(&config) {
                let hint = "a theme is a folder with a theme.toml".to_string();
                self.diagnostics.push(not_read(&folder, hint));
                continue;
            }
            if let Some(problem) = key_problem(&key) {
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
            let Some(mut theme) = format::read_theme(&key, &origin, &text, &mut self.diagnostics)
            else {
                self.missing = true;
                continue;
            };
            for room in ROOMS {
                for path in
                    self.folder
                        .list(&format!("{folder}/{room}"), false, &mut self.diagnostics)
                {
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

    /// The files of a folder that are copied, by their path below it.
    fn assets(&mut self, folder: &str) -> BTreeMap<String, Asset> {
        let hidden = folder == "static";
        let paths = self.folder.list(folder, hidden, &mut self.diagnostics);
        let this = &*self;
        let read: Vec<_> = paths
            .into_par_iter()
            .map(|path| (path.clone(), this.folder.digest(&path)))
            .collect();
        let mut assets = BTreeMap::new();
        for (path, asset) in read {
            match asset {
                Ok(asset) => {
                    self.note(&path, asset.digest);
                    assets.insert(path[folder.len() + 1..].to_string(), asset);
                }
                Err(diagnostic) => self.diagnostics.push(diagnostic),
            }
        }
        assets
    }
}

enum PageRead {
    Page(Box<Page>),
    /// Not a page: perhaps a file that `$file` names.
    Data(String),
}

/// A Markdown file among the pages that is neither a page nor the text of one.
fn no_front_matter(path: &str) -> Diagnostic {
    Diagnostic::error(
        code::NO_FRONT_MATTER,
        Place::whole(path),
        format!("`{path}` has no front matter, and no page takes its text with `$file`"),
    )
    .hint("begin it with TOML between two lines `+++` (YAML between `---` is not read)")
}

fn not_read(path: &str, hint: String) -> Diagnostic {
    Diagnostic::warning(
        code::NOT_READ,
        Place::whole(path),
        format!("`{path}` has no effect"),
    )
    .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_reach_no_page_and_move_no_place() {
        let root = tempfile::tempdir().expect("a folder");
        let marked = [
            "content/components/hero.html",
            "content/components/hero.css",
            "content/nodes/one.css",
            "content/nodes/one.js",
            "themes/base/styles/main.css",
            "themes/base/layouts/page.html",
        ];
        let named = [
            "content/components/hero.toml",
            "content/nodes/one.toml",
            "themes/base/theme.toml",
        ];
        let files = marked.map(|path| (path, "\u{feff}abc"));
        let files = files
            .into_iter()
            .chain(named.map(|path| (path, "name = \"X\"\n")));
        for (path, text) in files.chain([(CONFIG_FILE, "[site]\nname = \"X\"\n")]) {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("below the root")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        let folder = Folder::new(root.path());
        let site = load_site(&folder).site.expect("a site");
        let hero = &site.components["hero"];
        let node = &site.nodes["one"];
        for text in [
            &hero.template,
            &hero.styles,
            &node.custom_css,
            &node.custom_scripts,
        ] {
            assert_eq!(text.as_deref(), Some("abc"));
        }
        let theme = &site.themes["base"];
        assert_eq!(theme.texts.len(), 2);
        assert!(theme.texts.values().all(|file| &*file.text == "abc"));
        for path in marked {
            let found = Diagnostic::error(code::BAD_VALUE, Place::span(path, 1..2), "x");
            let located = locate(&folder, found.into());
            let at = located[0].at.as_ref().expect("a place");
            let text = at.text.as_ref().expect("shown");
            assert_eq!((&text[at.range.clone()], at.column), ("b", 2));
        }
    }
}
