//! The pages of a site, sorted by key; those that a ledger remembers are made when they are asked for.

use std::fmt;
use std::ops::Index;
use std::sync::{Arc, OnceLock};

use imbl::OrdMap;
use rayon::prelude::*;

use super::{Page, Status};

/// The pages of a site, sorted by key. The props of their blocks are elsewhere: only a render reads
/// them, of one page at a time.
#[derive(Clone, Default)]
pub struct Pages {
    slots: Arc<Vec<Slot>>,
    /// By index, those that say something else since.
    newer: OrdMap<usize, Arc<Page>>,
    memory: Option<Arc<dyn PageMemory>>,
}

/// Pages that are remembered, by number.
pub trait PageMemory: Send + Sync {
    /// The key of a page.
    fn key(&self, number: usize) -> &str;
    /// The page, without the props of its blocks.
    fn page(&self, number: usize) -> Page;
    /// What lists look for, without making the page.
    fn outline(&self, number: usize) -> Option<Outline<'_>>;
}

/// What lists of pages look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline<'a> {
    pub app: &'a str,
    pub route: &'a str,
    pub layout: &'a str,
    pub status: Status,
}

#[derive(Clone)]
enum Slot {
    Here(Box<Page>),
    Remembered(usize, OnceLock<Box<Page>>),
}

impl Pages {
    /// Pages that were read, and the numbers of pages that are remembered, both in the order of their
    /// keys. No two have one key.
    pub fn new(
        read: impl IntoIterator<Item = Page>,
        remembered: impl IntoIterator<Item = usize>,
        memory: Option<Arc<dyn PageMemory>>,
    ) -> Pages {
        let remembered: Vec<usize> = remembered.into_iter().collect();
        let mut slots = Vec::with_capacity(remembered.len());
        let slot = |number: &usize| Slot::Remembered(*number, OnceLock::new());
        // Of many that are remembered, few are looked at: only those near a page that was read.
        let mut rest = remembered.as_slice();
        for page in read {
            let before = memory.as_ref().map_or(0, |memory| {
                rest.partition_point(|number| memory.key(*number) < page.key.as_str())
            });
            slots.extend(rest[..before].iter().map(slot));
            slots.push(Slot::Here(Box::new(page)));
            rest = &rest[before..];
        }
        slots.extend(rest.iter().map(slot));
        Pages {
            slots: Arc::new(slots),
            newer: OrdMap::new(),
            memory,
        }
    }

    /// The same pages, of which some say something else: they have the keys that they had. What it costs
    /// depends on these alone.
    pub fn with(&self, changed: impl IntoIterator<Item = Page>) -> Pages {
        let mut pages = self.clone();
        for page in changed {
            if let Some(index) = self.find(&page.key) {
                pages.newer.insert(index, Arc::new(page));
            }
        }
        pages
    }

    fn remembered(&self) -> &dyn PageMemory {
        let memory = self.memory.as_deref();
        memory.expect("whoever names remembered pages gives the memory")
    }

    fn key_of<'a>(&'a self, slot: &'a Slot) -> &'a str {
        match slot {
            Slot::Here(page) => &page.key,
            Slot::Remembered(number, _) => self.remembered().key(*number),
        }
    }

    fn page_of(&self, index: usize) -> &Page {
        if let Some(page) = self.newer.get(&index) {
            return page;
        }
        match &self.slots[index] {
            Slot::Here(page) => page,
            Slot::Remembered(number, page) => {
                page.get_or_init(|| Box::new(self.remembered().page(*number)))
            }
        }
    }

    /// The number by which a page is remembered; `None` where it was read.
    pub fn number(&self, index: usize) -> Option<usize> {
        match &self.slots[index] {
            _ if self.newer.contains_key(&index) => None,
            Slot::Here(_) => None,
            Slot::Remembered(number, _) => Some(*number),
        }
    }

    /// The key of a page.
    pub fn key(&self, index: usize) -> &str {
        self.key_of(&self.slots[index])
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// One after another.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Page> + ExactSizeIterator {
        (0..self.slots.len()).map(|index| self.page_of(index))
    }

    /// The same, on many threads.
    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = &Page> {
        let indexes = (0..self.slots.len()).into_par_iter();
        indexes.map(|index| self.page_of(index))
    }

    /// What lists look for of a page.
    pub fn outline(&self, index: usize) -> Outline<'_> {
        let remembered = match &self.slots[index] {
            _ if self.newer.contains_key(&index) => None,
            Slot::Remembered(number, page) if page.get().is_none() => {
                self.remembered().outline(*number)
            }
            _ => None,
        };
        remembered.unwrap_or_else(|| {
            let page = self.page_of(index);
            Outline {
                app: &page.app,
                route: &page.route,
                layout: &page.layout,
                status: page.status,
            }
        })
    }

    /// Where the page of a key is.
    pub fn find(&self, key: &str) -> Option<usize> {
        self.slots
            .binary_search_by(|slot| self.key_of(slot).cmp(key))
            .ok()
    }
}

impl Index<usize> for Pages {
    type Output = Page;

    fn index(&self, index: usize) -> &Page {
        self.page_of(index)
    }
}

impl<'a> IntoIterator for &'a Pages {
    type Item = &'a Page;
    type IntoIter = Box<dyn Iterator<Item = &'a Page> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl FromIterator<Page> for Pages {
    fn from_iter<T: IntoIterator<Item = Page>>(pages: T) -> Pages {
        let mut pages: Vec<Page> = pages.into_iter().collect();
        pages.sort_by(|a, b| a.key.cmp(&b.key));
        Pages::new(pages, [], None)
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.slots.iter().map(|slot| self.key_of(slot)))
            .finish()
    }
}
