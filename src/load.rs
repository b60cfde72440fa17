//! Loads a site from a folder: reads its files (pages and assets in parallel) and the documents in
//! them, and assembles them. Each file is read once, and digested while it is read; what a ledger
//! remembers is not read at all.
#![allow(clippy::disallowed_methods, reason = "this room reads the disk")]

mod bodies;
mod edited;
mod families;
mod frame;
mod pages;
mod places;
mod survey;
mod texts;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use crate::assemble::{Parts, Validators, assemble};
use crate::codec::Writer;
use crate::diag::{Diagnostic, Diagnostics, Place, Severity, code};
use crate::digest::{Digest, Hasher};
use crate::files::Folder;
use crate::format;
use crate::ledger::{Ledger, PageNote};
use crate::model::{Component, Config, Documents, PageMemory, Site};

pub use bodies::Bodies;
pub use edited::{Edited, Takers, known_by, load_edited, takers};
pub use places::{Located, LocatedPlace, locate};
use survey::not_read;
pub use survey::{
    Known, Survey, THEME_FOLDERS, compare, package_files, survey, survey_without_content,
};
pub use texts::read_texts;

/// The configuration file of a site.
pub const CONFIG_FILE: &str = "robbieblocks.toml";

/// The configuration of a site, as far as it could be understood, and what is wrong with it.
pub fn read_config(folder: &Folder) -> (Option<Config>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let config = match folder.read_text(CONFIG_FILE) {
        Ok(text) => format::read_config(&Arc::from(CONFIG_FILE), &text, &mut diagnostics),
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            None
        }
    };
    (config, diagnostics)
}

/// What loading gives. With errors in the diagnostics, the site is what could be understood.
pub struct Loaded {
    /// `None` only where robbieblocks.toml itself cannot be used.
    pub site: Option<Site>,
    pub diagnostics: Diagnostics,
    /// The digest of the content of each file of the survey.
    pub inputs: Vec<Option<Digest>>,
    /// What is to be noted of the pages that were read, by key.
    pub notes: BTreeMap<String, PageNote>,
    /// The props of blocks.
    pub bodies: Bodies,
    /// The digest of all files but those of the pages.
    pub frame: Digest,
    /// The digest of the props of each component.
    pub schemas: BTreeMap<String, Digest>,
    /// Whether nothing has changed since the ledger but what the pages of `notes` say: neither any
    /// other file, nor where pages are, which there are and what they use.
    pub only_pages: bool,
}

/// Documents that came through another door than files.
#[derive(Default, Clone)]
pub struct Given {
    pub documents: Documents,
    /// What is wrong with them, each in itself.
    pub diagnostics: Diagnostics,
    /// Whether some could not be read at all.
    pub incomplete: bool,
}

/// Loads the site of a folder.
pub fn load_site(folder: &Folder) -> Loaded {
    load_known(folder, &survey(folder), None, &Known::default(), false)
}

/// Loads the site of a folder that was looked at; what `ledger` remembers of the files that are
/// `known` is taken from it. Unless it `may_be_short`, all is checked that needs no props.
pub fn load_known(
    folder: &Folder,
    survey: &Survey,
    ledger: Option<&Arc<Ledger>>,
    known: &Known,
    may_be_short: bool,
) -> Loaded {
    load(Reading {
        ledger,
        may_be_short,
        ..reading(folder, survey, known)
    })
}

/// Loads a site whose documents are given; everything else comes from the folder. What is `known` of
/// it is not read again.
pub fn load_given(folder: &Folder, survey: &Survey, known: &Known, given: Given) -> Loaded {
    load(Reading {
        given: Some(given),
        ..reading(folder, survey, known)
    })
}

fn reading<'a>(folder: &'a Folder, survey: &'a Survey, known: &'a Known) -> Reading<'a> {
    let mut digests = known.digests.clone();
    digests.resize(survey.files.len(), None);
    Reading {
        folder,
        survey,
        ledger: None,
        known,
        may_be_short: false,
        given: None,
        read: Mutex::new(digests),
        diagnostics: survey.diagnostics.clone(),
        missing: false,
    }
}

fn load(mut reading: Reading<'_>) -> Loaded {
    let mut loaded = Loaded {
        site: None,
        diagnostics: Diagnostics::new(),
        inputs: Vec::new(),
        notes: BTreeMap::new(),
        bodies: Bodies::new(reading.folder, HashMap::new()),
        frame: Hasher::new("").finish(),
        schemas: BTreeMap::new(),
        only_pages: false,
    };
    loaded.site = reading.site(&mut loaded);
    reading.digest_the_rest(|_| true);
    loaded.diagnostics = reading.diagnostics;
    loaded.inputs = reading.read.into_inner().unwrap_or_default();
    loaded
}

struct Reading<'a> {
    folder: &'a Folder,
    survey: &'a Survey,
    ledger: Option<&'a Arc<Ledger>>,
    known: &'a Known,
    /// Whether what only follows from what has not changed may be left out.
    may_be_short: bool,
    /// The documents, where they are not read from files.
    given: Option<Given>,
    /// By file of the survey: the digest of what was read, now or before.
    read: Mutex<Vec<Option<Digest>>>,
    diagnostics: Diagnostics,
    /// Whether some document could not be read at all.
    missing: bool,
}

impl Reading<'_> {
    fn site(&mut self, loaded: &mut Loaded) -> Option<Site> {
        if !self.folder.has_file(CONFIG_FILE) {
            self.diagnostics.push(
                Diagnostic::general(
                    code::NO_SITE,
                    format!("there is no {CONFIG_FILE} in `{}`", self.folder.name()),
                )
                .hint("make a site with `rbgen init DIR`, or name one with `--root DIR`"),
            );
            return None;
        }
        let config = self.text(CONFIG_FILE).and_then(|text| {
            format::read_config(&Arc::from(CONFIG_FILE), &text, &mut self.diagnostics)
        });
        let given = self.given.take();
        let is_given = given.is_some();
        let mut documents = match given {
            Some(given) => {
                self.diagnostics.extend(given.diagnostics);
                self.missing |= given.incomplete;
                given.documents
            }
            None => {
                let mut documents = Documents::default();
                self.components(&mut documents);
                self.tokens(&mut documents);
                self.nodes(&mut documents);
                documents
            }
        };
        let themes = self.themes();
        let statics = self.assets("static");
        let packages = self.packages(config.as_ref());
        loaded.frame = self.frame_digest();
        let same_frame = self
            .ledger
            .is_some_and(|ledger| ledger.facts.frame == Some(loaded.frame));
        loaded.schemas = documents.components.iter().map(schema_digest).collect();
        // Of components with one key the first by path counts, as when they are assembled.
        documents
            .components
            .sort_by_cached_key(|component| Arc::clone(&component.origin));
        let validators = Validators::new(documents.components.iter());
        if !same_frame {
            validators.check_components(&mut self.diagnostics);
        }
        let changed: BTreeSet<&str> = match self.ledger {
            Some(ledger) if !same_frame => {
                let before = &ledger.facts.schemas;
                let differs = |key: &&String| before.get(*key) != loaded.schemas.get(*key);
                let keys = before.keys().chain(loaded.schemas.keys());
                keys.filter(differs).map(String::as_str).collect()
            }
            _ => BTreeSet::new(),
        };
        let pages = match is_given {
            true => self.given_pages(&validators, std::mem::take(&mut documents.pages)),
            false => self.pages(&validators, &changed, same_frame),
        };
        loaded.notes = pages.notes;
        loaded.bodies = Bodies::new(self.folder, pages.bodies);
        loaded.only_pages = pages.nothing_else;
        documents.pages = pages.read;
        let memory = self
            .ledger
            .map(|ledger| Arc::clone(ledger) as Arc<dyn PageMemory>);
        let (site, found) = assemble(Parts {
            config: config?,
            documents,
            themes,
            statics,
            packages,
            incomplete: self.missing,
            remembered: memory.map(|memory| (pages.remembered, memory)),
            only_pages: loaded.only_pages,
        });
        for mut diagnostic in found {
            // A database may lose a node that the configuration names: nothing is built for it, and that
            // stops no other node.
            let place = diagnostic.place.as_ref();
            let is_configured = place.is_some_and(|place| place.path == site.config.origin);
            if is_given && is_configured && diagnostic.code == code::UNKNOWN_NODE {
                diagnostic.severity = Severity::Warning;
            }
            self.diagnostics.push(diagnostic);
        }
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
        // What nobody looks at could change unseen.
        if self.survey.find(path).is_none() {
            let message = format!("`{path}` is passed over, as all hidden and temporary files");
            return Err(Diagnostic::error(
                code::UNREADABLE,
                Place::whole(path),
                message,
            ));
        }
        self.note(path, Digest::of_bytes(text.as_bytes()));
        Ok(text)
    }

    fn note(&self, path: &str, digest: Digest) {
        if let Some(index) = self.survey.find(path)
            && let Ok(mut read) = self.read.lock()
        {
            read[index] = Some(digest);
        }
    }

    /// The digest of everything but the pages: of what was read, of what has no effect and may be
    /// warned of, and of what is wrong with the tree.
    fn frame_digest(&mut self) -> Digest {
        let (start, pages) = self.survey.below(format::PAGES);
        let pages = start..start + pages.len();
        self.digest_the_rest(|index| !pages.contains(&index));
        let mut hasher = Hasher::new("frame");
        hasher.digest(&self.survey.found());
        if let Ok(read) = self.read.lock() {
            for (index, (file, digest)) in self.survey.files.iter().zip(read.iter()).enumerate() {
                if !pages.contains(&index)
                    && let Some(digest) = digest
                {
                    hasher.text(&file.path).digest(digest);
                }
            }
        }
        hasher.finish()
    }

    /// Files that have no effect are known by their digest as well: else they would be new each time.
    fn digest_the_rest(&mut self, which: impl Fn(usize) -> bool) {
        let Ok(read) = self.read.get_mut() else {
            return;
        };
        for (index, (file, digest)) in self.survey.files.iter().zip(read).enumerate() {
            if digest.is_none() && which(index) {
                *digest = self
                    .folder
                    .digest(&file.path)
                    .ok()
                    .map(|asset| asset.digest);
            }
        }
    }
}

/// A component with the digest of its props.
fn schema_digest(component: &Component) -> (String, Digest) {
    let mut writer = Writer::default();
    writer.table(&component.props);
    let mut hasher = Hasher::new("schema");
    (component.key.clone(), hasher.bytes(&writer.0).finish())
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
