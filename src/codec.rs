//! Values as bytes: what the ledger keeps, and what digests of documents are made of. Every part has
//! its length before it, so no two values have the same bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diag::{Diagnostic, Diagnostics, FieldPath, Place, Severity, Spot, Step, find_code};
use crate::digest::Digest;
use crate::model::{Block, Page, Status, Table, Value};

/// Bytes that grow.
#[derive(Default)]
pub struct Writer(pub Vec<u8>);

/// Bytes that are read; everything is `None` where they are not what was written.
pub struct Reader<'a>(pub &'a [u8]);

impl Writer {
    /// A number, seven bits a byte.
    pub fn number(&mut self, mut number: u64) -> &mut Writer {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
        self
    }

    pub fn flag(&mut self, flag: bool) -> &mut Writer {
        self.number(u64::from(flag))
    }

    pub fn text(&mut self, text: &str) -> &mut Writer {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub fn maybe(&mut self, text: Option<&str>) -> &mut Writer {
        self.flag(text.is_some());
        match text {
            Some(text) => self.text(text),
            None => self,
        }
    }

    pub fn texts<'t>(&mut self, texts: impl ExactSizeIterator<Item = &'t str>) -> &mut Writer {
        self.number(texts.len() as u64);
        for text in texts {
            self.text(text);
        }
        self
    }

    pub fn map(&mut self, map: &BTreeMap<String, String>) -> &mut Writer {
        self.number(map.len() as u64);
        for (key, value) in map {
            self.text(key).text(value);
        }
        self
    }

    pub fn digest(&mut self, digest: &Digest) -> &mut Writer {
        self.0.extend_from_slice(digest.as_bytes());
        self
    }

    pub fn table(&mut self, table: &Table) -> &mut Writer {
        self.number(table.len() as u64);
        for (key, value) in table {
            self.text(key).value(value);
        }
        self
    }

    fn value(&mut self, value: &Value) -> &mut Writer {
        match value {
            Value::Null => self.number(0),
            Value::Bool(flag) => self.number(1).flag(*flag),
            Value::Int(number) => self.number(2).number(*number as u64),
            Value::Float(number) => self.number(3).number(number.to_bits()),
            Value::Number(text) => self.number(4).text(text),
            Value::Text(text) => self.number(5).text(text),
            Value::Datetime(text) => self.number(6).text(text),
            Value::Array(items) => {
                self.number(7).number(items.len() as u64);
                items.iter().for_each(|item| {
                    self.value(item);
                });
                self
            }
            Value::Table(table) => self.number(8).table(table),
        }
    }

    /// A page without the props of its blocks.
    pub fn page(&mut self, page: &Page) -> &mut Writer {
        self.text(&page.origin)
            .text(&page.key)
            .text(&page.app)
            .text(&page.name)
            .text(&page.route)
            .text(&page.layout)
            .text(page.status.as_str())
            .maybe(page.title.as_deref())
            .maybe(page.description.as_deref())
            .table(&page.metadata)
            .number(page.blocks.len() as u64);
        for block in &page.blocks {
            self.block(block);
        }
        self
    }

    pub fn block(&mut self, block: &Block) -> &mut Writer {
        self.text(&block.key)
            .text(&block.component)
            .text(&block.zone)
            .table(&block.conditions)
    }

    fn place(&mut self, place: &Place) -> &mut Writer {
        self.text(&place.path);
        match &place.spot {
            Spot::Whole => self.number(0),
            Spot::Span(start, end) => self.number(1).number(*start as u64).number(*end as u64),
            Spot::Key(path) => self.number(2).field(path),
            Spot::Value(path) => self.number(3).field(path),
        }
    }

    fn field(&mut self, path: &FieldPath) -> &mut Writer {
        self.number(path.0.len() as u64);
        for step in &path.0 {
            match step {
                Step::Key(key) => self.number(0).text(key),
                Step::Index(index) => self.number(1).number(*index as u64),
            };
        }
        self
    }

    pub fn diagnostics(&mut self, diagnostics: &Diagnostics) -> &mut Writer {
        self.number(diagnostics.len() as u64);
        for diagnostic in diagnostics.iter() {
            self.text(diagnostic.code.0)
                .flag(diagnostic.severity == Severity::Error)
                .flag(diagnostic.place.is_some());
            if let Some(place) = &diagnostic.place {
                self.place(place);
            }
            self.text(&diagnostic.message)
                .texts(diagnostic.hints.iter().map(String::as_str))
                .number(diagnostic.related.len() as u64);
            for (place, label) in &diagnostic.related {
                self.place(place).text(label);
            }
        }
        self
    }
}

impl<'a> Reader<'a> {
    pub fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number of things that follow, each of at least one byte.
    pub fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    pub fn flag(&mut self) -> Option<bool> {
        Some(self.number()? != 0)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    pub fn string(&mut self) -> Option<String> {
        self.text().map(str::to_string)
    }

    pub fn maybe(&mut self) -> Option<Option<String>> {
        match self.flag()? {
            true => Some(Some(self.string()?)),
            false => Some(None),
        }
    }

    pub fn texts(&mut self) -> Option<Vec<String>> {
        (0..self.count()?).map(|_| self.string()).collect()
    }

    pub fn map(&mut self) -> Option<BTreeMap<String, String>> {
        (0..self.count()?)
            .map(|_| Some((self.string()?, self.string()?)))
            .collect()
    }

    pub fn digest(&mut self) -> Option<Digest> {
        let (digest, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(Digest::from_bytes(*digest))
    }

    pub fn table(&mut self) -> Option<Table> {
        self.table_within(0)
    }

    fn table_within(&mut self, depth: usize) -> Option<Table> {
        (0..self.count()?)
            .map(|_| Some((self.string()?, self.value(depth + 1)?)))
            .collect()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        // Deeper than any document may be: bytes that rbgen did not write must not end the stack.
        if depth > 200 {
            return None;
        }
        Some(match self.number()? {
            0 => Value::Null,
            1 => Value::Bool(self.flag()?),
            2 => Value::Int(self.number()? as i64),
            3 => Value::Float(f64::from_bits(self.number()?)),
            4 => Value::Number(self.string()?),
            5 => Value::Text(self.string()?),
            6 => Value::Datetime(self.string()?),
            7 => {
                let items = (0..self.count()?).map(|_| self.value(depth + 1));
                Value::Array(items.collect::<Option<_>>()?)
            }
            8 => Value::Table(self.table_within(depth)?),
            _ => return None,
        })
    }

    pub fn page(&mut self) -> Option<Page> {
        Some(Page {
            origin: Arc::from(self.text()?),
            key: self.string()?,
            app: self.string()?,
            name: self.string()?,
            route: self.string()?,
            layout: self.string()?,
            status: Status::parse(self.text()?)?,
            title: self.maybe()?,
            description: self.maybe()?,
            metadata: self.table()?,
            blocks: (0..self.count()?)
                .map(|_| {
                    Some(Block {
                        key: self.string()?,
                        component: self.string()?,
                        zone: self.string()?,
                        conditions: self.table()?,
                        props: Table::new(),
                    })
                })
                .collect::<Option<_>>()?,
        })
    }

    fn place(&mut self) -> Option<Place> {
        let path = Arc::from(self.text()?);
        let spot = match self.number()? {
            0 => Spot::Whole,
            1 => {
                let (start, end) = (self.number()?, self.number()?);
                Spot::Span(usize::try_from(start).ok()?, usize::try_from(end).ok()?)
            }
            2 => Spot::Key(self.field()?),
            3 => Spot::Value(self.field()?),
            _ => return None,
        };
        Some(Place { path, spot })
    }

    fn field(&mut self) -> Option<FieldPath> {
        let steps = (0..self.count()?).map(|_| match self.number()? {
            0 => Some(Step::Key(self.string()?)),
            1 => Some(Step::Index(usize::try_from(self.number()?).ok()?)),
            _ => None,
        });
        Some(FieldPath(steps.collect::<Option<_>>()?))
    }

    pub fn diagnostics(&mut self) -> Option<Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        for _ in 0..self.count()? {
            let code = find_code(self.text()?)?.code;
            let severity = match self.flag()? {
                true => Severity::Error,
                false => Severity::Warning,
            };
            let place = match self.flag()? {
                true => Some(self.place()?),
                false => None,
            };
            let message = self.string()?;
            let hints = self.texts()?;
            let related = (0..self.count()?).map(|_| Some((self.place()?, self.string()?)));
            diagnostics.push(Diagnostic {
                code,
                severity,
                place,
                message,
                hints,
                related: related.collect::<Option<_>>()?,
            });
        }
        Some(diagnostics)
    }
}
