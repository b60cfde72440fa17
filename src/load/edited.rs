//! Reads some pages of a loaded site again, where what they say is all that has changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use rayon::prelude::*;

use super::bodies::Room;
use super::pages::{PageRead, is_planned_alike, read_checked};
use super::{Bodies, Known, Survey};
use crate::assemble::{Validators, check_pages};
use crate::diag::Diagnostics;
use crate::digest::Digest;
use crate::files::Folder;
use crate::format::{PAGES, below};
use crate::ledger::{Ledger, PageNote};
use crate::model::{FileStat, Page, Site};

/// A site of which some pages say something else than before.
pub struct Edited {
    pub site: Site,
    /// What is to be noted of those pages, by key.
    pub notes: BTreeMap<String, PageNote>,
    /// The props of their blocks.
    pub bodies: Bodies,
    /// What was read of each file, by path.
    pub inputs: BTreeMap<String, Input>,
}

/// A file that was read.
pub struct Input {
    pub stat: FileStat,
    pub digest: Digest,
    /// The key of the page that it is.
    pub page: Option<String>,
}

/// Reads the pages of some files again. `site` is as `ledger` says, and so is every file that `paths`
/// does not name. `None` where more has changed than what pages say, or something is wrong with them: then
/// all is to be looked at.
pub fn load_edited(
    folder: &Folder,
    site: &Site,
    ledger: &Ledger,
    paths: &BTreeSet<String>,
) -> Option<Edited> {
    // A page may take its text from any file among the pages.
    if ledger.facts.takes_texts || site.incomplete {
        return None;
    }
    let is_page = |path: &String| {
        below(path, PAGES).is_some() && ledger.input(path).is_some_and(|input| input.page.is_some())
    };
    if !paths.iter().all(is_page) {
        return None;
    }
    let validators = Validators::new(site.components.values());
    let room = Room::default();
    let read: Vec<(BTreeMap<String, Input>, PageRead, Diagnostics)> = paths
        .par_iter()
        .map(|path| {
            let inputs = Mutex::new(BTreeMap::new());
            let read = |path: &str| {
                // Before it is read: what comes afterwards is told of once more.
                let stat = folder.stat(path).unwrap_or_default();
                let text = folder.read_text(path)?;
                let digest = Digest::of_bytes(text.as_bytes());
                let input = Input {
                    stat,
                    digest,
                    page: None,
                };
                if let Ok(mut inputs) = inputs.lock() {
                    inputs.insert(path.to_string(), input);
                }
                Ok(text)
            };
            let mut diagnostics = Diagnostics::new();
            let page = read_checked(path, &read, &validators, &room, &mut diagnostics);
            (inputs.into_inner().unwrap_or_default(), page, diagnostics)
        })
        .collect();
    let (mut pages, mut notes, mut kept) = (Vec::new(), BTreeMap::new(), HashMap::new());
    let mut inputs = BTreeMap::new();
    for (path, (files, read, diagnostics)) in paths.iter().zip(read) {
        let PageRead::Page(read) = read else {
            return None;
        };
        let before = ledger.input(path)?.page?;
        if !diagnostics.is_empty() || before != read.page.key {
            return None;
        }
        if !is_planned_alike(ledger, ledger.find_page(before)?, &read) {
            return None;
        }
        inputs.extend(files);
        inputs.get_mut(path)?.page = Some(read.page.key.clone());
        kept.insert(read.page.key.clone(), read.body);
        notes.insert(read.page.key.clone(), read.note);
        pages.push(read.page);
    }
    let site = Site {
        pages: site.pages.with(pages),
        ..site.clone()
    };
    let read: Vec<&Page> = notes
        .keys()
        .filter_map(|key| site.pages.find(key))
        .map(|index| &site.pages[index])
        .collect();
    let mut diagnostics = Diagnostics::new();
    check_pages(&site, &read, &mut diagnostics);
    diagnostics.is_empty().then(|| Edited {
        bodies: Bodies::new(folder, kept),
        site,
        notes,
        inputs,
    })
}

/// All files of a survey as known: what a ledger that was written just now says of them.
pub fn known_by(survey: &Survey, ledger: &Ledger) -> Known {
    let digest = |path: &str| ledger.input(path).map(|input| input.digest);
    Known {
        digests: survey.files.iter().map(|file| digest(&file.path)).collect(),
        gone: Vec::new(),
    }
}
