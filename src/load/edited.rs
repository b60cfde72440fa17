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
use crate::format::{PAGES, below, is_page as is_a_page, page_stem};
use crate::ledger::{Ledger, PageNote};
use crate::model::{FileStat, Page, PageMemory, Site};

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

/// The pages that take texts from files besides their own, by the path of such a file; each by the path of
/// its own.
pub type Takers = BTreeMap<String, BTreeSet<String>>;

/// Who takes which texts, as a ledger says.
pub fn takers(ledger: &Ledger) -> Takers {
    let mut takers = Takers::new();
    // Most sites have none, and need not be gone through.
    let count = match ledger.facts.takes_texts {
        true => ledger.pages(),
        false => 0,
    };
    for number in 0..count {
        let taken = ledger.page_note(number).map(|note| note.data_files);
        for path in taken.into_iter().flatten() {
            let page = PageMemory::page(ledger, number);
            let pages = takers.entry(path).or_default();
            pages.insert(page.origin.to_string());
        }
    }
    takers
}

/// Reads the pages of some files again. `site` is as `ledger` and `takers` say, and so is every file that
/// `paths` does not name. `None` where more has changed than what pages say, or something is wrong with them: then
/// all is to be looked at.
pub fn load_edited(
    folder: &Folder,
    site: &Site,
    ledger: &Ledger,
    takers: &Takers,
    paths: &BTreeSet<String>,
) -> Option<Edited> {
    if site.incomplete {
        return None;
    }
    let mut pages: BTreeSet<&String> = BTreeSet::new();
    for path in paths {
        below(path, PAGES)?;
        let is_page = ledger.input(path)?.page.is_some();
        let taken = takers.get(path);
        if !is_page && taken.is_none() {
            return None;
        }
        // A text may have become a page.
        let may_be_page = !is_page && page_stem(path).is_some();
        if may_be_page && is_a_page(path, &folder.read_text(path).ok()?) {
            return None;
        }
        pages.extend(is_page.then_some(path));
        pages.extend(taken.into_iter().flatten());
    }
    let paths = pages;
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
                let page = ledger.input(path).and_then(|input| input.page);
                let input = Input {
                    stat,
                    digest,
                    page: page.map(str::to_string),
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
