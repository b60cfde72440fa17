//! The memory of the last build: what it read, the pages it understood, what each job asked and what
//! it wrote. Bytes in and bytes out; the disk is elsewhere.

mod records;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Seek, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use imbl::OrdMap;

use crate::bundle::{FileStamp, is_output_path};
use crate::codec::Reader;
use crate::diag::Diagnostics;
use crate::digest::{Digest, Hasher};
use crate::model::{FileStat, Moment, Outline, Page, PageMemory, Status, Table as Values};
use crate::plan::Request;
use crate::track::Answer;
pub use records::{
    bundle_record, document_digest, input_record, job_record, page_record, read_job_traces,
    structure_digest, written_record,
};
use records::{read_bundle, read_facts, read_input, read_job, read_page_note, read_written};
use table::Table;
pub use table::{Changes, TableWriter};

/// What a ledger is good for: the version and the source of rbgen, and what was asked. (Whether drafts
/// count is told by the plan and by the answers.)
pub fn request_key(request: &Request) -> Digest {
    let mut hasher = Hasher::new("rbgen request");
    hasher
        .text(env!("CARGO_PKG_VERSION"))
        .text(env!("RBGEN_SOURCE"));
    for names in [&request.nodes, &request.apps] {
        hasher.number(names.len() as u64);
        names.iter().for_each(|name| {
            hasher.text(name);
        });
    }
    hasher.finish()
}

/// The ledger of the last build, opened. It never changes; one with changes is another one.
#[derive(Debug)]
pub struct Ledger {
    table: Table,
    pub facts: Facts,
    /// Where the keys and records of pages are, sorted by key.
    pages: Arc<Vec<(Range<usize>, Range<usize>)>>,
    /// By the number of the page, the records of those that have another one since.
    newer: OrdMap<usize, Range<usize>>,
    /// Whether some record was not what this version of rbgen writes, though the ledger's digest
    /// is right: somebody made it.
    unsound: AtomicBool,
}

/// What there is only one of.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// When the files were looked at, in nanoseconds since 1970.
    pub looked_at: i64,
    /// The moments at which some condition changes, sorted.
    pub boundaries: Vec<Moment>,
    /// How many of them had passed.
    pub passed: usize,
    /// The digest of what was wrong with the tree of files itself.
    pub found: Option<Digest>,
    /// The digest of all files but those of the pages.
    pub frame: Option<Digest>,
    /// Whether some page may take texts from other files.
    pub takes_texts: bool,
    /// Whether some page may say what day it is.
    pub asked_day: bool,
    /// The digest of the props of each component.
    pub schemas: BTreeMap<String, Digest>,
    /// All that the build warned of.
    pub warnings: Diagnostics,
}

/// A file that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input<'a> {
    pub stat: FileStat,
    pub digest: Digest,
    /// The key of the page that it is.
    pub page: Option<&'a str>,
}

/// A page that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageNote {
    /// The digest of all that the page says, props included.
    pub document: Digest,
    /// The digest of what planning reads of it.
    pub structure: Digest,
    /// Files that it takes texts from, besides its own.
    pub data_files: Vec<String>,
}

/// A file that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub stamp: FileStamp,
    pub stat: FileStat,
}

/// What a page asked: its blocks, and then its layout.
pub type Traces = [Answer; 2];

/// A page that was rendered for a node; without a page, what an app shows for addresses that have
/// none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobNote<'a> {
    pub app: &'a str,
    /// Its output, relative to the bundle's root.
    pub path: &'a str,
    /// The blocks whose conditions held.
    pub blocks: Vec<usize>,
    pub traces: Traces,
    /// What it needs of the policy, as bytes; empty is nothing.
    pub needs: &'a [u8],
}

/// A bundle that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleNote {
    pub build_hash: Digest,
    pub pages: usize,
    pub files: usize,
    /// The components that its pages use, sorted.
    pub components: Vec<String>,
}

impl Ledger {
    /// Opens the bytes of a ledger. `None` for one that is damaged, was written by another rbgen, or
    /// answers to another request.
    pub fn open(bytes: Vec<u8>, key: &Digest) -> Option<Ledger> {
        let table = Table::open(bytes)?;
        let mut reader = Reader(table.get(b"!")?);
        if reader.digest()? != *key {
            return None;
        }
        let facts = read_facts(&mut reader)?;
        let pages = table.places_below(b"p").collect();
        Some(Ledger {
            table,
            facts,
            pages: Arc::new(pages),
            newer: OrdMap::new(),
            unsound: AtomicBool::new(false),
        })
    }

    /// The ledger with changes of which its file knows nothing yet. No page is new or gone, and the facts
    /// are the same.
    pub fn with(&self, changes: &Changes) -> Ledger {
        let table = self.table.with(changes);
        let mut newer = self.newer.clone();
        for (key, _) in changes.range(b"p".to_vec()..b"q".to_vec()) {
            let number = text_of(&key[1..]).and_then(|key| self.find_page(key));
            if let (Some(number), Some(place)) = (number, table.place(key)) {
                newer.insert(number, place);
            }
        }
        Ledger {
            table,
            facts: self.facts.clone(),
            pages: Arc::clone(&self.pages),
            newer,
            unsound: AtomicBool::new(self.is_unsound()),
        }
    }

    /// What its file lacks, to be appended to it; `None` where it is to be written anew.
    pub fn pending(&self) -> Option<Vec<u8>> {
        self.table.pending()
    }

    /// The same ledger, of which its file now has everything.
    pub fn kept(&self) -> Ledger {
        Ledger {
            table: self.table.kept(),
            facts: self.facts.clone(),
            pages: Arc::clone(&self.pages),
            newer: self.newer.clone(),
            unsound: AtomicBool::new(self.is_unsound()),
        }
    }

    /// Whether some record was not what a ledger has.
    pub fn is_unsound(&self) -> bool {
        self.unsound.load(Ordering::Relaxed)
    }

    /// Notes that it lacks what a ledger has.
    pub fn distrust(&self) {
        self.unsound.store(true, Ordering::Relaxed);
    }

    /// A record that is read, or the note that the ledger is not sound.
    fn sound<T>(&self, record: Option<T>) -> Option<T> {
        if record.is_none() {
            self.unsound.store(true, Ordering::Relaxed);
        }
        record
    }

    /// The bytes that make changes when they are appended to it; `None` where it is to be written
    /// anew.
    pub fn append(&self, changes: &Changes) -> Option<Vec<u8>> {
        self.table.append(changes)
    }

    /// Writes it anew, with changes.
    pub fn rewrite<W: Write + Seek>(&self, changes: &Changes, out: W) -> io::Result<W> {
        let jobs = self.table.below(b"j");
        let kept = jobs.filter(|(key, _)| !changes.contains_key(*key));
        let new = changes.iter().filter(|(key, _)| key.starts_with(b"j"));
        let records = kept
            .map(|(_, record)| record)
            .chain(new.filter_map(|(_, record)| record.as_deref()));
        let live: BTreeSet<Answer> = records.filter_map(read_job_traces).flatten().collect();
        let mut out = TableWriter::new(out)?;
        let mut push = |key: &[u8], record: &[u8]| {
            let trace = key.strip_prefix(b"t").and_then(|id| id.try_into().ok());
            // A trace of which no job knows is of no use any more.
            match trace.is_none_or(|id| live.contains(&Answer(id))) {
                true => out.push(key, record),
                false => Ok(()),
            }
        };
        let mut changed = changes.iter().peekable();
        for (key, record) in self.table.below(b"") {
            while let Some((new, record)) = changed.next_if(|(new, _)| new.as_slice() < key) {
                record.as_ref().map_or(Ok(()), |record| push(new, record))?;
            }
            match changed.next_if(|(new, _)| new.as_slice() == key) {
                Some((_, Some(record))) => push(key, record)?,
                Some((_, None)) => {}
                None => push(key, record)?,
            }
        }
        for (new, record) in changed {
            record.as_ref().map_or(Ok(()), |record| push(new, record))?;
        }
        out.finish()
    }

    /// A file that was read.
    pub fn input(&self, path: &str) -> Option<Input<'_>> {
        let record = self.table.get(&input_key(path))?;
        self.sound(read_input(record))
    }

    /// Every file that was read, sorted by path.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, Input<'_>)> {
        self.table.below(b"i").filter_map(|(key, record)| {
            self.sound(Some((text_of(&key[1..])?, read_input(record)?)))
        })
    }

    /// Whether some file below a folder was read.
    pub fn has_inputs_below(&self, folder: &str) -> bool {
        let prefix = input_key(&format!("{folder}/"));
        self.table.places_below(&prefix).next().is_some()
    }

    /// The number of the page of a key.
    pub fn find_page(&self, key: &str) -> Option<usize> {
        self.pages
            .binary_search_by(|(place, _)| self.table.at(place.clone())[1..].cmp(key.as_bytes()))
            .ok()
    }

    /// How many pages it has.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// What is noted of a page, by its number.
    pub fn page_note(&self, number: usize) -> Option<PageNote> {
        self.pages.get(number)?;
        self.sound(read_page_note(&mut Reader(self.page_record(number))))
    }

    /// The record of a page, to be written again.
    pub fn page_record(&self, number: usize) -> &[u8] {
        let newer = self.newer.get(&number);
        let place = newer.or_else(|| self.pages.get(number).map(|(_, record)| record));
        place.map_or(&[], |place| self.table.at(place.clone()))
    }

    /// A file that was written, by its path relative to the output folder.
    pub fn output(&self, path: &str) -> Option<Written> {
        let record = self.table.get(&output_key(path))?;
        self.sound(read_written(record))
    }

    /// Every file that was written below a folder (which ends in `/`), or all, sorted by path.
    pub fn outputs(&self, folder: &str) -> impl Iterator<Item = (&str, Written)> {
        self.output_places(folder)
            .into_iter()
            .filter_map(|place| self.output_at(place))
    }

    /// The same, as places that `output_at` reads: to be read on many threads.
    pub fn output_places(&self, folder: &str) -> Vec<(Range<usize>, Range<usize>)> {
        self.table.places_below(&output_key(folder)).collect()
    }

    /// A file that was written.
    pub fn output_at(&self, place: (Range<usize>, Range<usize>)) -> Option<(&str, Written)> {
        let path = text_of(&self.table.at(place.0)[1..]).filter(|path| is_output_path(path));
        let record = read_written(self.table.at(place.1));
        self.sound(path.zip(record))
    }

    /// What is noted of a job.
    pub fn job(&self, node: &str, page: JobPage<'_>) -> Option<JobNote<'_>> {
        let record = self.table.get(&job_key(node, page))?;
        self.sound(read_job(record))
    }

    /// Every job: its node, its page and its traces.
    pub fn traces(&self) -> impl Iterator<Item = (&str, JobPage<'_>, Traces)> {
        self.table.below(b"j").filter_map(|(key, record)| {
            let job =
                job_of(key).and_then(|(node, page)| Some((node, page, read_job_traces(record)?)));
            self.sound(job)
        })
    }

    /// Every job: its node, its page and what is noted of it.
    pub fn jobs(&self) -> impl Iterator<Item = (&str, JobPage<'_>, JobNote<'_>)> {
        self.table.below(b"j").filter_map(|(key, record)| {
            let job = job_of(key).and_then(|(node, page)| Some((node, page, read_job(record)?)));
            self.sound(job)
        })
    }

    /// Every job, as it is written.
    pub fn job_records(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.table.below(b"j")
    }

    /// The length of its file.
    pub fn length(&self) -> usize {
        self.table.length()
    }

    /// The bytes of a trace.
    pub fn trace(&self, id: Answer) -> Option<&[u8]> {
        self.table.get(&trace_key(id))
    }

    /// Every bundle: its node, its app and what is noted of it.
    pub fn bundles(&self) -> impl Iterator<Item = (&str, &str, BundleNote)> {
        self.table.below(b"b").filter_map(|(key, record)| {
            let bundle = || {
                let (node, app) = text_of(&key[1..])?.split_once('\0')?;
                Some((node, app, read_bundle(&mut Reader(record))?))
            };
            self.sound(bundle())
        })
    }

    /// What is noted of a theme, as bytes that only the rendering understands.
    pub fn theme(&self, key: &str) -> Option<&[u8]> {
        self.table.get(&theme_key(key))
    }
}

/// The page of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobPage<'a> {
    /// Of the app: what it shows for addresses that have none.
    NotFound(&'a str),
    /// By key.
    Page(&'a str),
}

impl PageMemory for Ledger {
    fn key(&self, number: usize) -> &str {
        let place = self.pages.get(number).map_or(0..0, |(key, _)| key.clone());
        text_of(self.table.at(place).get(1..).unwrap_or_default()).unwrap_or_default()
    }

    fn page(&self, number: usize) -> Page {
        let mut reader = Reader(self.page_record(number));
        let page = read_page_note(&mut reader).and_then(|_| reader.page());
        // Whoever runs the build throws its result away when a record turns out to be unsound.
        self.sound(page).unwrap_or_else(|| Page {
            origin: Arc::from(""),
            key: PageMemory::key(self, number).to_string(),
            app: String::new(),
            name: String::new(),
            route: String::from("/"),
            layout: String::new(),
            status: Status::Archived,
            title: None,
            description: None,
            metadata: Values::new(),
            blocks: Vec::new(),
        })
    }

    fn outline(&self, number: usize) -> Option<Outline<'_>> {
        let mut reader = Reader(self.page_record(number));
        read_page_note(&mut reader)?;
        let [_origin, _key, app, _name, route, layout, status] = [
            reader.text()?,
            reader.text()?,
            reader.text()?,
            reader.text()?,
            reader.text()?,
            reader.text()?,
            reader.text()?,
        ];
        let status = Status::parse(status)?;
        Some(Outline {
            app,
            route,
            layout,
            status,
        })
    }
}

/// The node and the page of the key of a job; `None` for other keys.
pub fn read_job_key(key: &[u8]) -> Option<(&str, JobPage<'_>)> {
    key.starts_with(b"j").then(|| job_of(key))?
}

fn job_of(key: &[u8]) -> Option<(&str, JobPage<'_>)> {
    let (node, page) = text_of(&key[1..])?.split_once('\0')?;
    let page = match page.strip_prefix('\0') {
        Some(app) => JobPage::NotFound(app),
        None => JobPage::Page(page),
    };
    Some((node, page))
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn key_of(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(kind);
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// The key of the facts.
pub fn facts_key() -> Vec<u8> {
    b"!".to_vec()
}

/// The key of a bundle.
pub fn bundle_key(node: &str, app: &str) -> Vec<u8> {
    key_of(b'b', &[node.as_bytes(), b"\0", app.as_bytes()])
}

/// The key of a file that was read.
pub fn input_key(path: &str) -> Vec<u8> {
    key_of(b'i', &[path.as_bytes()])
}

/// The key of a job.
pub fn job_key(node: &str, page: JobPage<'_>) -> Vec<u8> {
    match page {
        JobPage::NotFound(app) => key_of(b'j', &[node.as_bytes(), b"\0\0", app.as_bytes()]),
        JobPage::Page(page) => key_of(b'j', &[node.as_bytes(), b"\0", page.as_bytes()]),
    }
}

/// The key of a theme.
pub fn theme_key(theme: &str) -> Vec<u8> {
    key_of(b'n', &[theme.as_bytes()])
}

/// The key of a file that was written.
pub fn output_key(path: &str) -> Vec<u8> {
    key_of(b'o', &[path.as_bytes()])
}

/// The key of a page.
pub fn page_key(key: &str) -> Vec<u8> {
    key_of(b'p', &[key.as_bytes()])
}

/// The key of a trace.
pub fn trace_key(id: Answer) -> Vec<u8> {
    key_of(b't', &[&id.0])
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A ledger whose digest is right, with these entries besides its facts.
    fn ledger(entries: &[(Vec<u8>, &[u8])]) -> Ledger {
        let key = Digest::of_bytes(b"key");
        let mut table = TableWriter::new(Cursor::new(Vec::new())).unwrap();
        let facts = Facts::default().record(&key);
        table.push(&facts_key(), &facts).unwrap();
        for (key, record) in entries {
            table.push(key, record).unwrap();
        }
        let bytes = table.finish().unwrap().into_inner();
        assert!(Ledger::open(bytes.clone(), &Digest::of_bytes(b"another")).is_none());
        Ledger::open(bytes, &key).unwrap()
    }

    #[test]
    fn a_record_that_no_rbgen_writes_is_noticed() {
        let page = ledger(&[(page_key("a"), b"\x01")]);
        assert!(!page.is_unsound());
        assert_eq!(PageMemory::page(&page, 0).status, Status::Archived);
        assert!(page.is_unsound());

        let job = ledger(&[(job_key("n", JobPage::Page("a")), &[0; 32])]);
        assert_eq!(job.job("n", JobPage::Page("a")), None);
        assert!(job.is_unsound());

        let output = ledger(&[(output_key("n/../../x"), &[0; 65])]);
        assert_eq!(output.outputs("").count(), 0);
        assert!(output.is_unsound(), "a path that leads elsewhere");
    }
}
