//! The props of the blocks of pages, between reading and rendering: as they are, as far as there is
//! room, then compressed, and of the rest the files are read once more.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use zstd::bulk::{Compressor, Decompressor};

use super::pages::{PageRead, read_page};
use crate::codec::{Reader, Writer};
use crate::diag::{Diagnostic, Diagnostics, Place, code};
use crate::digest::Digest;
use crate::files::Folder;
use crate::model::{Page, Table};

/// How many bytes are kept as they are.
const MOST_PLAIN: usize = 64 * 1024 * 1024;
/// How many bytes are kept at all.
const MOST_KEPT: usize = 192 * 1024 * 1024;

/// How hard zstd tries: what is kept for a moment only need not be as small as can be.
const LEVEL: i32 = 1;

/// The props of the blocks of pages.
pub struct Bodies {
    folder: Folder,
    /// By the key of the page, until they are asked for.
    kept: Mutex<HashMap<String, Body>>,
}

/// The props of the blocks of one page, as the codec has them.
pub(super) enum Body {
    Plain(Box<[u8]>),
    Compressed(Box<[u8]>),
    /// In its file.
    Elsewhere,
}

/// How much is kept.
#[derive(Default)]
pub(super) struct Room {
    taken: AtomicUsize,
    /// Whether all is kept, because it cannot be read again.
    boundless: bool,
}

impl Room {
    /// Room for everything, where there are no files to read again.
    pub fn boundless() -> Room {
        Room {
            boundless: true,
            ..Room::default()
        }
    }

    /// What is kept of these props: as little as has to be.
    pub fn keep(&self, props: &[Table]) -> Body {
        let mut writer = Writer::default();
        writer.number(props.len() as u64);
        for props in props {
            writer.table(props);
        }
        let plain = writer.0.into_boxed_slice();
        if self.take(plain.len(), MOST_PLAIN) {
            return Body::Plain(plain);
        }
        match compressed(&plain) {
            Some(bytes) if self.take(bytes.len(), MOST_KEPT) || self.boundless => {
                Body::Compressed(bytes)
            }
            None if self.boundless => Body::Plain(plain),
            _ => Body::Elsewhere,
        }
    }

    fn take(&self, size: usize, most: usize) -> bool {
        let fits = self.taken.fetch_add(size, Ordering::Relaxed) + size <= most;
        if !fits {
            self.taken.fetch_sub(size, Ordering::Relaxed);
        }
        fits
    }
}

fn compressed(plain: &[u8]) -> Option<Box<[u8]>> {
    thread_local! {
        static COMPRESSOR: RefCell<Option<Compressor<'static>>> =
            RefCell::new(Compressor::new(LEVEL).ok());
    }
    let bytes = COMPRESSOR.with_borrow_mut(|compressor| compressor.as_mut()?.compress(plain).ok());
    bytes.map(Vec::into_boxed_slice)
}

fn decompressed(bytes: &[u8]) -> Option<Vec<u8>> {
    thread_local! {
        static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> =
            RefCell::new(Decompressor::new().ok());
    }
    let size = Decompressor::upper_bound(bytes)?;
    DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.as_mut()?.decompress(bytes, size).ok())
}

fn read_props(bytes: &[u8]) -> Option<Vec<Table>> {
    let mut reader = Reader(bytes);
    (0..reader.count()?).map(|_| reader.table()).collect()
}

impl Bodies {
    pub(super) fn new(folder: &Folder, kept: HashMap<String, Body>) -> Bodies {
        Bodies {
            folder: folder.clone(),
            kept: Mutex::new(kept),
        }
    }

    /// The props of each block of a page, which must say what it said when it was loaded. They are
    /// handed out: a page is rendered for all nodes at once, and its room is needed for others.
    pub fn of(&self, page: &Page, document: &Digest) -> Result<Vec<Table>, Diagnostics> {
        let mut kept = self.kept.lock().unwrap_or_else(|e| e.into_inner());
        let body = kept.remove(&page.key);
        drop(kept);
        let props = match body {
            Some(Body::Plain(bytes)) => read_props(&bytes),
            Some(Body::Compressed(bytes)) => {
                decompressed(&bytes).and_then(|bytes| read_props(&bytes))
            }
            Some(Body::Elsewhere) | None => None,
        };
        if let Some(props) = props {
            return Ok(props);
        }
        let mut diagnostics = Diagnostics::new();
        let read = |path: &str| self.folder.read_text(path);
        if let PageRead::Page(read) = read_page(&page.origin, &read, &mut diagnostics)
            && read.note.document == *document
        {
            return Ok(read.props);
        }
        if !diagnostics.has_errors() {
            let changed = format!("`{}` changed while it was being built", page.origin);
            let place = Place::whole(Arc::clone(&page.origin));
            diagnostics
                .push(Diagnostic::error(code::UNREADABLE, place, changed).hint("build again"));
        }
        Err(diagnostics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    #[test]
    fn props_come_back_from_wherever_they_were_kept() {
        let text = Value::Text("a word, and a word again. ".repeat(100));
        let props = vec![Table::from([("text".to_string(), text)]), Table::new()];
        let room = Room::default();
        let Body::Plain(plain) = room.keep(&props) else {
            panic!("there is room");
        };
        assert_eq!(read_props(&plain).as_ref(), Some(&props));
        room.taken.store(MOST_PLAIN, Ordering::Relaxed);
        let Body::Compressed(bytes) = room.keep(&props) else {
            panic!("there is room for what is compressed");
        };
        assert!(bytes.len() < plain.len() / 2);
        let bytes = decompressed(&bytes).expect("what was compressed");
        assert_eq!(read_props(&bytes).as_ref(), Some(&props));
        room.taken.store(MOST_KEPT, Ordering::Relaxed);
        assert!(matches!(room.keep(&props), Body::Elsewhere));
        let room = Room::boundless();
        room.taken.store(MOST_KEPT, Ordering::Relaxed);
        assert!(matches!(room.keep(&props), Body::Compressed(_)));
    }
}
