//! A build that is kept in mind: an edited page is rendered and put in place at once, by the ledger and the
//! site that are there, and the manifests and the ledger's file follow when there is time. In between, the
//! output is as after a kill among the renames, and any build mends it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::outcome::bundles_of;
use super::request::passed;
use super::{After, BuiltBundle, memory};
use crate::build::{ChangedFiles, Explained, Job, Readers, bundle_with, render_changed};
use crate::bundle::Bundle;
use crate::ledger::{Changes, Ledger, read_job_key};
use crate::load::{Edited, Takers, known_by, load_edited, load_known, takers};
use crate::model::{FileStat, Moment, Site};
use crate::store::{Published, Scope, Store, has_manifests};

/// A site and its output, as the last build left them.
pub struct Standing {
    after: After,
    ledger: Arc<Ledger>,
    /// Which file the ledger is.
    identity: Option<FileStat>,
    site: Arc<Site>,
    readers: Readers,
    takers: Takers,
    /// Files that are in place, of which manifests and the ledger's file know nothing yet.
    ahead: ChangedFiles,
    /// The journal that tells of them.
    journal: Option<FileStat>,
    /// Whether the ledger in memory says more than its file.
    unwritten: bool,
}

/// What came of an edit.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    pub pages_rendered: usize,
    pub files_written: usize,
    /// Why outputs were made.
    pub explained: Vec<Explained>,
    /// The nodes whose output has changed.
    pub nodes: BTreeSet<String>,
}

impl Standing {
    /// What stands after a build that succeeded; `None` where files have changed meanwhile.
    pub(super) fn after(after: After) -> Option<Standing> {
        let opened = after.memory.open(false);
        let ledger = opened.ledger?;
        let known = known_by(&after.survey, &ledger);
        let loaded = load_known(&after.folder, &after.survey, Some(&ledger), &known, true);
        let is_same = loaded.only_pages && loaded.notes.is_empty();
        let is_sound = !loaded.diagnostics.has_errors() && !ledger.is_unsound();
        let site = loaded.site.filter(|_| is_same && is_sound)?;
        Some(Standing {
            readers: Readers::of(&ledger),
            takers: takers(&ledger),
            after,
            ledger,
            identity: opened.identity,
            site: Arc::new(site),
            ahead: ChangedFiles::new(),
            journal: None,
            unwritten: false,
        })
    }

    /// Whether the output has the bundles that it should have, and no other build has written there since.
    pub fn is_intact(&self) -> bool {
        has_manifests(&self.after.out, &self.ledger)
            && self.after.memory.identity() == self.identity
    }

    /// The site as it is now.
    pub fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// The ledger as it is now.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// The bundles, as of when they last were written.
    pub fn bundles(&self) -> Vec<BuiltBundle> {
        bundles_of(&self.ledger)
    }

    /// Builds what follows from edits of some files, whose paths are relative to the site. `None` where more
    /// may have changed than what pages say, something is wrong, or another build was faster: then all is to
    /// be built, and what stands is of no use any more.
    pub fn edit(&mut self, paths: &BTreeSet<String>, now: Moment) -> Option<Edit> {
        self.after.request.now = now;
        let After {
            options,
            folder,
            request,
            ..
        } = &self.after;
        let facts = &self.ledger.facts;
        if passed(&facts.boundaries, request) != facts.passed {
            return None;
        }
        let edited = load_edited(folder, &self.site, &self.ledger, &self.takers, paths)?;
        let mut changes = memory::of_edited(&edited);
        let Edited {
            site,
            notes,
            bodies,
            ..
        } = edited;
        let site = Arc::new(site);
        let none = BTreeSet::new();
        let job = Job {
            site: &site,
            props: &bodies,
            notes: &notes,
            ledger: Some(&self.ledger),
            damaged: &none,
            drafts: request.drafts,
            now,
            all: None,
            explain: options.explain,
            react: &options.react,
        };
        let store = self.open()?;
        let readers = Some(&self.readers);
        let built = render_changed(&job, &self.ledger, readers, &store, &|_, _| ());
        // That a page says what day it is concerns all of a build.
        let is_new = built.asked_day && !self.ledger.facts.asked_day;
        if self.ledger.is_unsound() || !built.diagnostics.is_empty() || is_new {
            store.abandon();
            return None;
        }
        let mut edit = Edit {
            pages_rendered: built.pages_rendered,
            files_written: 0,
            explained: built.explained,
            nodes: built.changed.keys().map(|(node, _)| node.clone()).collect(),
        };
        changes.extend(memory::of_notes(built.notes));
        match built.changed.is_empty() {
            true => store.abandon(),
            false => {
                let Published::All(put) = store.publish(&[], Scope::Ahead) else {
                    return None;
                };
                edit.files_written = put.files_written;
                self.journal = store.journal();
                changes.extend(memory::of_outputs(&put.renamed));
            }
        }
        let ledger = Arc::new(self.ledger.with(&changes));
        let jobs = changes.keys().filter_map(|key| read_job_key(key));
        self.readers.note(&self.ledger, &ledger, jobs);
        self.ledger = ledger;
        for (bundle, files) in built.changed {
            self.ahead.entry(bundle).or_default().extend(files);
        }
        self.site = site;
        self.unwritten = true;
        Some(edit)
    }

    /// The output, locked, as long as nobody else has built there.
    fn open(&self) -> Option<Store> {
        let After {
            root, out, memory, ..
        } = &self.after;
        let store = Store::open(out, root, Some(&self.ledger), &BTreeSet::new()).ok()?;
        let is_left = store.journal() == self.journal && has_manifests(out, &self.ledger);
        if is_left && memory.identity() == self.identity {
            return Some(store);
        }
        store.abandon();
        None
    }

    /// Writes the manifests and the ledger of all edits. `None` where another build was faster, or it cannot
    /// be written: then all is to be built.
    pub fn settle(mut self) -> Option<Standing> {
        if !self.unwritten {
            return Some(self);
        }
        let store = self.open()?;
        let mut notes = Vec::new();
        let bundles: Vec<Bundle> = self
            .ahead
            .iter()
            .map(|((node, app), files)| bundle_with(&self.ledger, node, app, files, &mut notes))
            .collect();
        let mut changes: Changes = memory::of_notes(notes).collect();
        match bundles.is_empty() {
            true => store.abandon(),
            false => {
                let Published::All(put) = store.publish(&bundles, Scope::Changed) else {
                    return None;
                };
                changes.extend(memory::of_outputs(&put.manifests));
            }
        }
        let ledger = self.ledger.with(&changes);
        match self.after.memory.follow(&ledger) {
            Err(_) => {
                self.after.memory.remove();
                None
            }
            // A ledger that was written anew is opened anew: what is in memory would grow forever.
            Ok(false) => Standing::after(self.after),
            Ok(true) => {
                self.ledger = Arc::new(ledger.kept());
                self.identity = self.after.memory.identity();
                self.ahead = ChangedFiles::new();
                self.journal = None;
                self.unwritten = false;
                Some(self)
            }
        }
    }
}
