//! A sorted table of byte strings in one file: opened without decoding it, changed by appending.
//!
//! The file is a line that names the form, and then segments. A segment is its length, its number of
//! entries and the blake3 of what follows (so that damage is noticed), then the entries sorted by
//! key, then where each begins. The first segment is whole; each later one overrides it. A segment
//! that was not written to its end, because the process was killed, is as if it had never been begun.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::Arc;

use imbl::OrdMap;

/// The first bytes of the file; another form is another line.
const FORM: &[u8] = b"rbgen ledger 2\n";
const HEAD: usize = 8 + 4 + 32;
/// When appended segments have more than one part in so many of the first, the table is to be
/// written anew.
const MOST_APPENDED: usize = 4;

/// An open table. It never changes: one with changes is another one, which shares what is the same.
#[derive(Clone, Debug)]
pub struct Table {
    /// The file, as it was opened.
    bytes: Arc<Vec<u8>>,
    /// Segments that came since, each at the place that it has in the file once it is appended there.
    later: OrdMap<usize, Arc<[u8]>>,
    base: Segment,
    /// By key, where the key and its value are; without a value it was removed.
    changed: OrdMap<Vec<u8>, Entry>,
    /// The length of the file up to the last whole segment.
    whole: usize,
    /// The length of the file with all segments that came since.
    end: usize,
    /// How much of that is in the file.
    on_disk: usize,
}

/// Where a key and its value are.
type Entry = (Range<usize>, Option<Range<usize>>);

#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Where its entries begin.
    start: usize,
    /// Where the places of its entries begin.
    places: usize,
    count: usize,
    end: usize,
}

/// What is to be changed: a value, or `None` where the key goes.
pub type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

impl Table {
    /// Opens the bytes of a file; `None` for what is damaged or no table of this form.
    pub fn open(bytes: Vec<u8>) -> Option<Table> {
        let mut at = FORM.len();
        if bytes.get(..at)? != FORM {
            return None;
        }
        let base = segment(&bytes, at)?;
        at = base.end;
        let mut changed = OrdMap::new();
        while let Some(next) = segment(&bytes, at) {
            for index in 0..next.count {
                let (key, value) = entry(&bytes, next, index)?;
                changed.insert(bytes.get(key.clone())?.to_vec(), (key, value));
            }
            at = next.end;
        }
        Some(Table {
            end: bytes.len(),
            on_disk: bytes.len(),
            bytes: Arc::new(bytes),
            later: OrdMap::new(),
            base,
            changed,
            whole: at,
        })
    }

    /// The table with changes, of which its file knows nothing yet. What it costs depends on the changes
    /// alone.
    pub fn with(&self, changes: &Changes) -> Table {
        let bytes = segment_of(changes).unwrap_or_default();
        let mut table = self.clone();
        let Some(segment) = segment(&bytes, 0) else {
            return table;
        };
        let moved = |place: Range<usize>| place.start + self.end..place.end + self.end;
        for index in 0..segment.count {
            let Some((key, value)) = entry(&bytes, segment, index) else {
                continue;
            };
            let name = bytes.get(key.clone()).unwrap_or_default().to_vec();
            table.changed.insert(name, (moved(key), value.map(moved)));
        }
        table.end += bytes.len();
        table.later.insert(self.end, Arc::from(bytes));
        table
    }

    /// What its file lacks: bytes to be appended to it; `None` where the file is to be written anew.
    pub fn pending(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.end - self.on_disk);
        for (_, segment) in self.later.range(self.on_disk..) {
            bytes.extend_from_slice(segment);
        }
        self.may_end_at(self.end).then_some(bytes)
    }

    /// Whether the file may be appended to until it ends at a place, and need not be written anew.
    fn may_end_at(&self, end: usize) -> bool {
        let fits = end - self.base.end <= (self.base.end - self.base.start) / MOST_APPENDED;
        // Bytes behind the last whole segment would hide what is appended.
        fits && self.whole == self.bytes.len()
    }

    /// The same table, of which its file now has everything.
    pub fn kept(&self) -> Table {
        Table {
            on_disk: self.end,
            ..self.clone()
        }
    }

    /// The bytes that make these changes when they are appended to the file; `None` where the file
    /// is to be written anew.
    pub fn append(&self, changes: &Changes) -> Option<Vec<u8>> {
        let bytes = segment_of(changes).ok()?;
        self.may_end_at(self.end + bytes.len()).then_some(bytes)
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        if let Some((_, value)) = self.changed.get(key) {
            return Some(self.at(value.clone()?));
        }
        let at = self.search(key).ok()?;
        self.bytes.get(entry(&self.bytes, self.base, at)?.1?)
    }

    /// Where the value of a key is that has changed since the first segment.
    pub fn place(&self, key: &[u8]) -> Option<Range<usize>> {
        self.changed.get(key)?.1.clone()
    }

    /// Keys and values of all keys that begin with a prefix, in order.
    pub fn below<'a>(&'a self, prefix: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.places_below(prefix)
            .map(|(key, value)| (self.at(key), self.at(value)))
    }

    /// The same, as places that `at` gives the bytes of.
    pub fn places_below<'a>(
        &'a self,
        prefix: &'a [u8],
    ) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        let first = self.search(prefix).unwrap_or_else(|at| at);
        let mut base = (first..self.base.count)
            .map_while(|index| {
                let (key, value) = entry(&self.bytes, self.base, index)?;
                Some((key, value?))
            })
            .take_while(move |(key, _)| self.at(key.clone()).starts_with(prefix))
            .peekable();
        let mut changed = self
            .changed
            .range(prefix.to_vec()..)
            .take_while(move |(key, _)| key.starts_with(prefix))
            .peekable();
        std::iter::from_fn(move || {
            loop {
                let newer = match (base.peek(), changed.peek()) {
                    (None, None) => return None,
                    (Some((old, _)), Some((new, _))) => new.as_slice() <= self.at(old.clone()),
                    (_, new) => new.is_some(),
                };
                if !newer {
                    return base.next();
                }
                let (key, (place, value)) = changed.next()?;
                let same = |(old, _): &(Range<usize>, _)| self.at(old.clone()) == key.as_slice();
                if base.peek().is_some_and(same) {
                    base.next();
                }
                if let Some(value) = value {
                    return Some((place.clone(), value.clone()));
                }
            }
        })
    }

    /// The length of the file.
    pub fn length(&self) -> usize {
        self.on_disk
    }

    /// The bytes of a place.
    pub fn at(&self, place: Range<usize>) -> &[u8] {
        let bytes = match place.start < self.bytes.len() {
            true => self.bytes.get(place),
            false => self
                .later
                .get_prev(&place.start)
                .and_then(|(start, bytes)| {
                    bytes.get(place.start - start..place.end.checked_sub(*start)?)
                }),
        };
        bytes.unwrap_or_default()
    }

    /// Where a key is in the first segment, or where it would be.
    fn search(&self, wanted: &[u8]) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.base.count);
        while low < high {
            let middle = low.midpoint(high);
            let key = entry(&self.bytes, self.base, middle)
                .and_then(|(key, _)| self.bytes.get(key))
                .unwrap_or_default();
            match key.cmp(wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }
}

fn number(bytes: &[u8], at: usize, size: usize) -> Option<usize> {
    let mut number = 0;
    for (index, byte) in bytes.get(at..at.checked_add(size)?)?.iter().enumerate() {
        number |= usize::from(*byte) << (8 * index);
    }
    Some(number)
}

/// The segment that begins at a place, where it is whole and undamaged.
fn segment(bytes: &[u8], at: usize) -> Option<Segment> {
    let length = number(bytes, at, 8)?;
    let count = number(bytes, at + 8, 4)?;
    let start = at + HEAD;
    let end = start.checked_add(length)?;
    let content = bytes.get(start..end)?;
    let digest = digest_of(bytes.get(at..at + 12)?, content);
    let places = end.checked_sub(count.checked_mul(4)?)?;
    let sound = places >= start && bytes.get(at + 12..start)? == digest;
    sound.then_some(Segment {
        start,
        places,
        count,
        end,
    })
}

/// The key of an entry, and its value, `None` where the key is removed.
fn entry(bytes: &[u8], segment: Segment, index: usize) -> Option<Entry> {
    let at = segment.start + number(bytes, segment.places + 4 * index, 4)?;
    let key = number(bytes, at, 2)?;
    let value = number(bytes, at + 2, 4)?;
    let key = at + 6..at + 6 + key;
    if value == REMOVED {
        return Some((key, None));
    }
    let value = key.end..key.end + value;
    (value.end <= segment.places).then_some((key, Some(value)))
}

/// The length of a value that is none.
const REMOVED: usize = 0xFFFF_FFFF;

fn segment_of(changes: &Changes) -> io::Result<Vec<u8>> {
    let mut segment = SegmentWriter::new(Cursor::new(Vec::new()), 0)?;
    for (key, value) in changes {
        segment.push(key, value.as_deref())?;
    }
    Ok(segment.finish()?.into_inner())
}

/// Writes a new file, whose entries come in the order of their keys. It holds none of them: a table
/// may be large.
pub struct TableWriter<W: Write + Seek>(SegmentWriter<W>);

impl<W: Write + Seek> TableWriter<W> {
    /// No entry yet. `out` is empty.
    pub fn new(mut out: W) -> io::Result<TableWriter<W>> {
        out.write_all(FORM)?;
        Ok(TableWriter(SegmentWriter::new(out, FORM.len() as u64)?))
    }

    /// The next entry; its key is behind all that came before it.
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        self.0.push(key, Some(value))
    }

    /// Writes what is left.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish()
    }
}

struct SegmentWriter<W: Write + Seek> {
    out: W,
    /// Where its head begins.
    at: u64,
    hasher: blake3::Hasher,
    /// What is not yet written.
    buffer: Vec<u8>,
    /// How much is.
    written: usize,
    places: Vec<u8>,
    count: u32,
}

/// How much is written at once.
const CHUNK: usize = 1024 * 1024;

impl<W: Write + Seek> SegmentWriter<W> {
    fn new(mut out: W, at: u64) -> io::Result<SegmentWriter<W>> {
        out.write_all(&[0; HEAD])?;
        Ok(SegmentWriter {
            out,
            at,
            hasher: blake3::Hasher::new(),
            buffer: Vec::new(),
            written: 0,
            places: Vec::new(),
            count: 0,
        })
    }

    fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> io::Result<()> {
        // Longer keys are paths that no file system has; larger values, no document.
        let (Ok(key_length), Ok(value_length), Ok(place)) = (
            u16::try_from(key.len()),
            u32::try_from(value.map_or(REMOVED, <[u8]>::len)),
            u32::try_from(self.written + self.buffer.len()),
        ) else {
            return Ok(());
        };
        self.places.extend_from_slice(&place.to_le_bytes());
        self.buffer.extend_from_slice(&key_length.to_le_bytes());
        self.buffer.extend_from_slice(&value_length.to_le_bytes());
        self.buffer.extend_from_slice(key);
        self.buffer.extend_from_slice(value.unwrap_or_default());
        self.count += 1;
        match self.buffer.len() >= CHUNK {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        update(&mut self.hasher, &self.buffer);
        self.out.write_all(&self.buffer)?;
        self.written += self.buffer.len();
        self.buffer.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<W> {
        let places = std::mem::take(&mut self.places);
        self.buffer.extend_from_slice(&places);
        self.flush()?;
        let mut head = (self.written as u64).to_le_bytes().to_vec();
        head.extend_from_slice(&self.count.to_le_bytes());
        self.hasher.update(&head);
        head.extend_from_slice(self.hasher.finalize().as_bytes());
        self.out.seek(SeekFrom::Start(self.at))?;
        self.out.write_all(&head)?;
        Ok(self.out)
    }
}

fn update(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    // Below this, handing work to other threads costs more than it saves.
    match bytes.len() {
        0..262_144 => hasher.update(bytes),
        _ => hasher.update_rayon(bytes),
    };
}

/// The digest of a segment: of what follows its head, and then of its length and its number of
/// entries.
fn digest_of(head: &[u8], content: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    update(&mut hasher, content);
    hasher.update(head);
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests;
