//! Where the ledger of a kind of build is, and what is written into it.
#![allow(
    clippy::disallowed_methods,
    reason = "this room joins the rooms that do I/O"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::{Options, STATE_FOLDER};
use crate::build::{Built, Notes, Reason};
use crate::digest::{Digest, Hasher};
use crate::ledger::{
    Changes, Facts, Input, Ledger, TableWriter, Written, facts_key, input_key, input_record,
    output_key, page_key, page_record, read_job_traces, trace_key, written_record,
};
use crate::load::{Edited, Known, Loaded, Survey};
use crate::model::{FileStat, Site};
use crate::store::{append_ledger, file_stat, read_ledger, remove_ledger, write_ledger};
use crate::track::Answer;

/// The ledger of one kind of build into one output folder: builds of other nodes, or to other
/// places, must not make each other forget.
pub struct Memory {
    path: PathBuf,
    key: Digest,
}

/// Said of a ledger that is of no use.
const THROWN_AWAY: &str =
    "the ledger of the last build is damaged, or another rbgen wrote it: everything is built";

/// What was found of it.
pub struct Opened {
    pub ledger: Option<Arc<Ledger>>,
    /// Why it is of no use.
    pub why: Option<Reason>,
    /// A line for the user.
    pub note: Option<String>,
    /// Which file it was read from.
    pub identity: Option<FileStat>,
}

/// What the next ledger is made of.
pub struct Next<'a> {
    pub site: &'a Site,
    pub survey: &'a Survey,
    pub loaded: &'a Loaded,
    pub facts: Facts,
    pub known: &'a Known,
    pub built: &'a mut Built,
    pub manifests: &'a BTreeMap<String, Written>,
    /// Outputs of which the file system tells something else than the ledger, or than it told before
    /// they were renamed.
    pub moved: &'a BTreeMap<String, Written>,
    /// Whether all of the site was planned anew.
    pub whole: bool,
}

impl Memory {
    /// The ledger of builds with these options; `key` says what a ledger must answer to.
    pub fn new(root: &Path, out: &Path, options: &Options, key: Digest) -> Memory {
        let mut kind = Hasher::new("rbgen ledger");
        kind.text(&out.to_string_lossy());
        for names in [&options.nodes, &options.apps] {
            kind.number(names.len() as u64);
            for name in names {
                kind.text(name);
            }
        }
        kind.number(u64::from(options.drafts));
        if let Some(database) = &options.from {
            kind.text(database);
        }
        let name = format!("ledger-{}", kind.finish().short(12));
        Memory {
            path: root.join(STATE_FOLDER).join(name),
            key,
        }
    }

    /// Opens it. One that is damaged, or that another rbgen wrote, is as good as none.
    pub fn open(&self, force: bool) -> Opened {
        let identity = self.identity();
        let none = |why, note| Opened {
            ledger: None,
            why: Some(why),
            note,
            identity,
        };
        if force {
            return none(Reason::Forced, None);
        }
        let Some(bytes) = read_ledger(&self.path) else {
            return none(Reason::NoLedger, None);
        };
        match Ledger::open(bytes, &self.key) {
            Some(ledger) => Opened {
                ledger: Some(Arc::new(ledger)),
                why: None,
                note: None,
                identity,
            },
            None => none(Reason::NoLedger, Some(THROWN_AWAY.to_string())),
        }
    }

    /// Removes it.
    pub fn remove(&self) {
        remove_ledger(&self.path);
    }

    /// No ledger, though there is one.
    pub fn forget(&self) -> Opened {
        Opened {
            ledger: None,
            why: Some(Reason::NoLedger),
            note: Some(THROWN_AWAY.to_string()),
            identity: self.identity(),
        }
    }

    /// Which file it is now: another one, or a longer one, was written by another build.
    pub fn identity(&self) -> Option<FileStat> {
        file_stat(&self.path)
    }

    /// Notes that all is as the ledger says, so that the next look need not read what this one read.
    pub fn refresh(&self, ledger: &Ledger, looked_at: i64, moved: &BTreeMap<String, Written>) {
        let facts = Facts {
            looked_at,
            ..ledger.facts.clone()
        };
        let mut changes = Changes::from([(facts_key(), Some(facts.record(&self.key)))]);
        changes.extend(records_of(moved).map(|(key, record)| (key, Some(record))));
        // Without the lock: so it may only be appended to.
        if let Some(bytes) = ledger.append(&changes) {
            let _ = append_ledger(&self.path, ledger.length(), &bytes);
        }
    }

    /// Writes what a ledger in memory says more than its file, and says whether that was appended; else
    /// the file was written anew.
    pub fn follow(&self, ledger: &Ledger) -> io::Result<bool> {
        self.put(ledger, ledger.pending(), &Changes::new())
    }

    /// Appends bytes that make these changes to the file of a ledger; where there are none, or it cannot
    /// be, writes it anew and gives false.
    fn put(&self, ledger: &Ledger, bytes: Option<Vec<u8>>, changes: &Changes) -> io::Result<bool> {
        if let Some(bytes) = bytes
            && append_ledger(&self.path, ledger.length(), &bytes).is_ok()
        {
            return Ok(true);
        }
        write_ledger(&self.path, |file| ledger.rewrite(changes, file))?;
        Ok(false)
    }

    /// Writes what a build did.
    pub fn write(&self, before: Option<&Arc<Ledger>>, next: Next<'_>) -> io::Result<()> {
        match before {
            Some(ledger) if !next.whole => {
                let changes = self.changes(ledger, next);
                self.put(ledger, ledger.append(&changes), &changes)
                    .map(drop)
            }
            _ => write_ledger(&self.path, |file| self.whole(before, next, file)),
        }
    }

    /// What is to be changed in a ledger where only some pages have changed.
    fn changes(&self, ledger: &Ledger, next: Next<'_>) -> Changes {
        let notes = std::mem::take(&mut next.built.notes);
        let notes = notes.into_iter().map(|(key, record)| (key, Some(record)));
        let mut changes: Changes = notes.collect();
        let keys = keys_by_path(next.site, next.loaded);
        let files = next.survey.files.iter().zip(&next.loaded.inputs);
        let files = files
            .zip(&next.known.digests)
            .filter(|(_, known)| known.is_none());
        for ((file, digest), _) in files {
            let before = ledger.input(&file.path);
            let (Some(digest), Some(before)) = (digest, before) else {
                continue;
            };
            if before.stat != file.stat || before.digest != *digest {
                // It was read now: a page, or none any more.
                let page = keys.get(file.path.as_str()).copied();
                let record = input_record(&Input {
                    stat: file.stat,
                    digest: *digest,
                    page,
                });
                changes.insert(input_key(&file.path), Some(record));
            }
        }
        for (key, note) in &next.loaded.notes {
            if let Some(index) = next.site.pages.find(key) {
                let record = page_record(note, &next.site.pages[index]);
                changes.insert(page_key(key), Some(record));
            }
        }
        for (key, record) in records_of(next.moved).chain(records_of(next.manifests)) {
            changes.insert(key, Some(record));
        }
        changes.insert(facts_key(), Some(next.facts.record(&self.key)));
        changes
    }

    /// A ledger as a whole: all entries in the order of their keys.
    fn whole<W: Write + Seek>(
        &self,
        before: Option<&Arc<Ledger>>,
        next: Next<'_>,
        out: W,
    ) -> io::Result<W> {
        let mut out = TableWriter::new(out)?;
        out.push(&facts_key(), &next.facts.record(&self.key))?;
        let mut notes = std::mem::take(&mut next.built.notes);
        notes.extend(records_of(next.manifests));
        let pages = &next.site.pages;
        if let Some(ledger) = before {
            // Jobs that were kept, and what they and others asked the last time, stay.
            let kept = &next.built.kept_jobs;
            let jobs = ledger.job_records().filter(|(key, _)| kept.contains(*key));
            notes.extend(jobs.map(|(key, record)| (key.to_vec(), record.to_vec())));
            let records = notes.iter().filter(|(key, _)| key[0] == b'j');
            let asked: BTreeSet<Answer> = records
                .filter_map(|(_, record)| read_job_traces(record))
                .flatten()
                .collect();
            let traces = asked.into_iter().filter_map(|id| {
                let trace = ledger.trace(id)?;
                Some((trace_key(id), trace.to_vec()))
            });
            notes.extend(traces.collect::<Vec<_>>());
        }
        notes.par_sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (path, written) in next.moved {
            let found = notes.binary_search_by(|(key, _)| key.cmp(&output_key(path)));
            if let Ok(at) = found {
                notes[at].1 = written_record(written);
            }
        }
        let keys = keys_by_path(next.site, next.loaded);
        let inputs = next.survey.files.iter().zip(&next.loaded.inputs);
        let known = next.known.digests.iter().map(Option::is_some);
        let known = known.chain(std::iter::repeat(false));
        let inputs = inputs.zip(known).filter_map(|((file, digest), known)| {
            let before = before.filter(|_| known);
            let remembered = || before.and_then(|ledger| ledger.input(&file.path)?.page);
            let page = keys.get(file.path.as_str()).copied().or_else(remembered);
            let record = input_record(&Input {
                stat: file.stat,
                digest: (*digest)?,
                page,
            });
            Some((input_key(&file.path), record))
        });
        let pages = (0..pages.len()).filter_map(|index| {
            let key = pages.key(index);
            let record = match (pages.number(index), before) {
                (Some(number), Some(ledger)) => ledger.page_record(number).to_vec(),
                _ => page_record(next.loaded.notes.get(key)?, &pages[index]),
            };
            Some((page_key(key), record))
        });
        // Kinds of entries are sorted by their letter.
        let mut notes = notes.into_iter().peekable();
        let mut push_notes = |out: &mut TableWriter<W>, below: u8| {
            while let Some((key, record)) = notes.next_if(|(key, _)| key[0] < below) {
                out.push(&key, &record)?;
            }
            Ok::<(), io::Error>(())
        };
        push_notes(&mut out, b'i')?;
        for (key, record) in inputs {
            out.push(&key, &record)?;
        }
        push_notes(&mut out, b'p')?;
        for (key, record) in pages {
            out.push(&key, &record)?;
        }
        push_notes(&mut out, u8::MAX)?;
        out.finish()
    }
}

/// What some pages that were read again change in a ledger.
pub fn of_edited(edited: &Edited) -> Changes {
    let mut changes = Changes::new();
    for (path, input) in &edited.inputs {
        let record = input_record(&Input {
            stat: input.stat,
            digest: input.digest,
            page: input.page.as_deref(),
        });
        changes.insert(input_key(path), Some(record));
    }
    for (key, note) in &edited.notes {
        if let Some(index) = edited.site.pages.find(key) {
            let record = page_record(note, &edited.site.pages[index]);
            changes.insert(page_key(key), Some(record));
        }
    }
    changes
}

/// What notes change in a ledger.
pub fn of_notes(notes: Notes) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> {
    notes.into_iter().map(|(key, record)| (key, Some(record)))
}

/// What files that were put in place change in a ledger.
pub fn of_outputs(
    outputs: &BTreeMap<String, Written>,
) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> {
    records_of(outputs).map(|(key, record)| (key, Some(record)))
}

/// The keys of the pages that were read, by the paths of their files.
fn keys_by_path<'a>(site: &'a Site, loaded: &'a Loaded) -> BTreeMap<&'a str, &'a str> {
    let found = loaded.notes.keys().filter_map(|key| site.pages.find(key));
    found
        .map(|index| (&*site.pages[index].origin, site.pages.key(index)))
        .collect()
}

fn records_of(outputs: &BTreeMap<String, Written>) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let outputs = outputs.iter();
    outputs.map(|(path, written)| (output_key(path), written_record(written)))
}
