//! Reads the pages that a ledger does not remember.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::bodies::{Body, Room};
use super::{Reading, not_read};
use crate::assemble::Validators;
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::format::{self, PAGES, below};
use crate::ledger::{BundleNote, Ledger, PageNote, document_digest, structure_digest};
use crate::model::{Page, PageMemory, Table};

/// What `Reading::pages` gives.
pub(super) struct PagesRead {
    /// Without the props of their blocks.
    pub read: Vec<Page>,
    pub notes: BTreeMap<String, PageNote>,
    /// The numbers of the pages that are as the ledger says.
    pub remembered: Vec<usize>,
    /// Whether nothing differs from when the ledger was written but what some pages say: planning reads
    /// the same of all of them.
    pub nothing_else: bool,
    pub bodies: HashMap<String, Body>,
}

/// A file among the pages.
pub(super) enum PageRead {
    Page(Box<ReadPage>),
    /// A page that could not be understood at all.
    Broken,
    /// No page: perhaps a file that `$file` names.
    Data,
}

pub(super) struct ReadPage {
    pub page: Page,
    pub props: Vec<Table>,
    pub note: PageNote,
    pub body: Body,
}

impl Reading<'_> {
    /// Reads the pages that are not known, and those that use one of the `changed` components.
    pub(super) fn pages(
        &mut self,
        validators: &Validators<'_>,
        changed: &BTreeSet<&str>,
        same_frame: bool,
    ) -> PagesRead {
        let (start, files) = self.survey.below(PAGES);
        let known = |index: usize| self.known.digests.get(start + index).copied().flatten();
        let mut nothing_else = same_frame && self.may_be_short;
        let mut wanted: Vec<usize> = (0..files.len()).filter(|&at| known(at).is_none()).collect();
        let mut forgotten: BTreeSet<usize> = BTreeSet::new();
        if let Some(ledger) = self.ledger {
            let page_of = |path: &str| ledger.input(path).and_then(|input| input.page);
            let number_of = |path: &str| page_of(path).and_then(|key| ledger.find_page(key));
            // Any of them may be a text that a page takes, also one that is a page itself.
            let mut texts: BTreeSet<&str> = BTreeSet::new();
            let gone = self.known.gone.iter();
            let gone = gone.filter(|path| below(path, PAGES).is_some());
            nothing_else &= gone.clone().next().is_none();
            let new = wanted.iter().map(|&at| &files[at].path);
            for path in gone.chain(new) {
                texts.insert(path);
                match number_of(path) {
                    Some(number) => {
                        forgotten.insert(number);
                    }
                    // A text that nobody took, or that is new, may have been warned of.
                    None => nothing_else = false,
                }
            }
            let taken_again = ledger.facts.takes_texts && !texts.is_empty();
            if taken_again || !changed.is_empty() {
                let again: Vec<usize> = (0..ledger.pages())
                    .into_par_iter()
                    .filter(|&number| {
                        let takes = |note: PageNote| {
                            note.data_files
                                .iter()
                                .any(|path| texts.contains(path.as_str()))
                        };
                        ledger.page_note(number).is_none_or(takes)
                            || !changed.is_empty() && {
                                let page = PageMemory::page(&**ledger, number);
                                page.blocks
                                    .iter()
                                    .any(|block| changed.contains(block.component.as_str()))
                            }
                    })
                    .collect();
                for number in again {
                    let page = PageMemory::page(&**ledger, number);
                    let at = files.binary_search_by(|file| file.path.as_str().cmp(&page.origin));
                    forgotten.insert(number);
                    wanted.extend(at.ok());
                }
                wanted.sort_unstable();
                wanted.dedup();
            }
        }
        let room = Room::default();
        let this = &*self;
        let read: Vec<(usize, PageRead, Diagnostics)> = wanted
            .par_iter()
            .map(|&at| {
                let mut diagnostics = Diagnostics::new();
                let read = |path: &str| this.read(path);
                let path = &files[at].path;
                let read = read_checked(path, &read, validators, &room, &mut diagnostics);
                (at, read, diagnostics)
            })
            .collect();
        let mut pages = PagesRead {
            read: Vec::with_capacity(read.len()),
            notes: BTreeMap::new(),
            remembered: Vec::new(),
            nothing_else,
            bodies: HashMap::new(),
        };
        let mut others: Vec<&str> = Vec::new();
        let mut taken: BTreeSet<String> = BTreeSet::new();
        for (at, read, diagnostics) in read {
            self.diagnostics.extend(diagnostics);
            match read {
                PageRead::Broken => {
                    pages.nothing_else = false;
                    self.missing = true;
                }
                PageRead::Data => {
                    pages.nothing_else = false;
                    others.push(&files[at].path);
                }
                PageRead::Page(read) => {
                    let before = self.ledger.and_then(|ledger| {
                        let number = ledger.find_page(&read.page.key)?;
                        let was_forgotten = !forgotten.insert(number);
                        Some((ledger, number, was_forgotten))
                    });
                    let same = before.is_some_and(|(ledger, number, was_forgotten)| {
                        was_forgotten && is_planned_alike(ledger, number, &read)
                    });
                    // Two pages with one key: both are to be seen.
                    if let Some((ledger, number, false)) = before {
                        pages.read.push(PageMemory::page(&**ledger, number));
                    }
                    pages.nothing_else &= same;
                    taken.extend(read.note.data_files.iter().cloned());
                    pages.bodies.insert(read.page.key.clone(), read.body);
                    pages.notes.insert(read.page.key.clone(), read.note);
                    pages.read.push(read.page);
                }
            }
        }
        if let Some(ledger) = self.ledger {
            let numbers = 0..ledger.pages();
            pages.remembered = numbers
                .filter(|number| !forgotten.contains(number))
                .collect();
            if !pages.nothing_else {
                others = self.others(files, others);
                if !others.is_empty() {
                    let notes = pages
                        .remembered
                        .iter()
                        .filter_map(|&number| ledger.page_note(number));
                    taken.extend(notes.flat_map(|note| note.data_files));
                }
            }
        }
        for path in others {
            if !taken.contains(path) {
                self.diagnostics.push(match path.ends_with(".md") {
                    true => no_front_matter(path),
                    false => not_read(
                        path,
                        "pages are `.toml` and `.md` files in `content/pages/<app>/`".into(),
                    ),
                });
            }
        }
        pages
    }

    /// Pages that are given, each held to the schemas of its components.
    pub(super) fn given_pages(
        &mut self,
        validators: &Validators<'_>,
        given: Vec<Page>,
    ) -> PagesRead {
        let room = Room::boundless();
        let read: Vec<(ReadPage, Diagnostics)> = given
            .into_par_iter()
            .map(|page| {
                let mut diagnostics = Diagnostics::new();
                validators.check_page(&page, &mut diagnostics);
                let mut read = without_props(page, Vec::new());
                read.body = room.keep(&std::mem::take(&mut read.props));
                (read, diagnostics)
            })
            .collect();
        let mut pages = PagesRead {
            read: Vec::with_capacity(read.len()),
            notes: BTreeMap::new(),
            remembered: Vec::new(),
            nothing_else: false,
            bodies: HashMap::with_capacity(read.len()),
        };
        for (read, diagnostics) in read {
            self.diagnostics.extend(diagnostics);
            pages.bodies.insert(read.page.key.clone(), read.body);
            pages.notes.insert(read.page.key.clone(), read.note);
            pages.read.push(read.page);
        }
        pages
    }

    /// All files among the pages that are no pages: those that were read now and those known before.
    fn others<'f>(&self, files: &'f [crate::files::Found], read: Vec<&'f str>) -> Vec<&'f str> {
        let Some(ledger) = self.ledger else {
            return read;
        };
        let no_page = |path: &str| ledger.input(path).is_some_and(|input| input.page.is_none());
        let (start, _) = self.survey.below(PAGES);
        let known = |at: usize| {
            self.known
                .digests
                .get(start + at)
                .copied()
                .flatten()
                .is_some()
        };
        let mut others: Vec<&str> = files
            .iter()
            .enumerate()
            .filter(|(at, file)| known(*at) && no_page(&file.path))
            .map(|(_, file)| file.path.as_str())
            .chain(read)
            .collect();
        others.sort_unstable();
        others
    }
}

/// Reads a file among the pages, and holds the page to the schemas of its components.
pub(super) fn read_checked(
    path: &str,
    read: &dyn Fn(&str) -> Result<String, Diagnostic>,
    validators: &Validators<'_>,
    room: &Room,
    diagnostics: &mut Diagnostics,
) -> PageRead {
    let mut read = read_page(path, read, diagnostics);
    if let PageRead::Page(read) = &mut read {
        for (block, props) in read.page.blocks.iter_mut().zip(&mut read.props) {
            block.props = std::mem::take(props);
        }
        validators.check_page(&read.page, diagnostics);
        for (block, props) in read.page.blocks.iter_mut().zip(&mut read.props) {
            *props = std::mem::take(&mut block.props);
        }
        read.body = room.keep(&std::mem::take(&mut read.props));
    }
    read
}

/// Whether planning reads the same of a page as when the ledger was written, so that only what it says
/// can have changed, and nothing was warned of that it may have mended.
pub(super) fn is_planned_alike(ledger: &Ledger, number: usize, read: &ReadPage) -> bool {
    let note = ledger.page_note(number);
    let is_of_page = |diagnostic: &Diagnostic| {
        let place = diagnostic.place.as_ref();
        place.is_some_and(|place| place.path == read.page.origin)
    };
    note.is_some_and(|note| {
        note.structure == read.note.structure && note.data_files == read.note.data_files
    }) && !ledger.facts.warnings.iter().any(is_of_page)
        && uses_the_same(ledger, &PageMemory::page(ledger, number), &read.page)
}

/// Whether the bundles that a page is in use the same components as before: it uses all that it used,
/// and what it uses besides, others use already. Blocks that conditions may hide count for planning.
fn uses_the_same(ledger: &Ledger, before: &Page, now: &Page) -> bool {
    let components = |page: &Page| -> BTreeSet<String> {
        let blocks = page.blocks.iter();
        let shown = blocks.filter(|block| block.conditions.is_empty());
        shown.map(|block| block.component.clone()).collect()
    };
    let (before, used) = (components(before), components(now));
    let has_all = |note: &BundleNote| {
        let known = |component: &String| note.components.binary_search(component).is_ok();
        used.difference(&before).all(known)
    };
    let mut bundles = ledger.bundles().filter(|(_, app, _)| *app == now.app);
    before.is_subset(&used) && bundles.all(|(_, _, note)| has_all(&note))
}

/// Reads a file among the pages.
pub(super) fn read_page(
    path: &str,
    read: &dyn Fn(&str) -> Result<String, Diagnostic>,
    diagnostics: &mut Diagnostics,
) -> PageRead {
    if format::page_stem(path).is_none() {
        return PageRead::Data;
    }
    let text = match read(path) {
        Ok(text) => text,
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            return PageRead::Broken;
        }
    };
    if !format::is_page(path, &text) {
        return PageRead::Data;
    }
    let source = |path: &str| read(path).map_err(|diagnostic| diagnostic.message);
    match format::page_of(path, &text, &source, diagnostics) {
        Some((page, data_files)) => {
            let data_files: BTreeSet<String> = data_files.into_iter().collect();
            PageRead::Page(Box::new(without_props(
                page,
                data_files.into_iter().collect(),
            )))
        }
        None => PageRead::Broken,
    }
}

/// A page parted from the props of its blocks, with what is to be noted of it.
fn without_props(mut page: Page, data_files: Vec<String>) -> ReadPage {
    let props: Vec<Table> = page
        .blocks
        .iter_mut()
        .map(|block| std::mem::take(&mut block.props))
        .collect();
    let note = PageNote {
        document: document_digest(&page, &props),
        structure: structure_digest(&page),
        data_files,
    };
    ReadPage {
        page,
        props,
        note,
        body: Body::Elsewhere,
    }
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
