//! Changing a TOML file so that it says something else, and nothing else about it changes.

use std::cmp::Ordering;

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Key, TableLike};
use toml_edit::{RawString, Table as Section, Value as Written};

use super::words::{self, escaped, is_literal};
use crate::model::{Table, Value};

/// The distance between two sections of a file as it was, so that new ones fit between them.
const STEP: isize = 1 << 24;

/// Says whether the file that `$file` names takes a new text; where it does not, the text goes inline.
pub(super) type TakesText<'a> = &'a mut dyn FnMut(&str, &str) -> bool;

/// A file that is being changed.
pub(super) struct Patch<'a> {
    pub sheet: DocumentMut,
    /// Whether new texts may take many lines: not where lines end in `\r\n`, which TOML hands on.
    lines: bool,
    crlf: bool,
    mark: bool,
    next: isize,
    takes_text: TakesText<'a>,
}

impl<'a> Patch<'a> {
    /// Takes a TOML text that is known to be sound.
    pub(super) fn new(text: &str, takes_text: TakesText<'a>) -> Option<Patch<'a>> {
        let (mark, toml) = match text.strip_prefix('\u{feff}') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let crlf = toml.contains("\r\n");
        let toml = toml.replace("\r\n", "\n");
        let mut sheet: DocumentMut = toml.parse().ok()?;
        let mut next = 0;
        spread(sheet.as_table_mut(), &mut next);
        Some(Patch {
            sheet,
            lines: !crlf,
            crlf,
            mark,
            next: next + STEP,
            takes_text,
        })
    }

    /// The text as it is now.
    pub(super) fn finish(self) -> String {
        let mut text = self.sheet.to_string();
        if self.crlf {
            text = text.replace('\n', "\r\n");
        }
        if self.mark {
            text.insert(0, '\u{feff}');
        }
        text
    }

    /// The entries at the top of the file.
    pub(super) fn root(&mut self) -> (Entries<'_>, Tools<'_>) {
        let tools = Tools {
            lines: self.lines,
            next: &mut self.next,
            takes_text: self.takes_text,
        };
        (Entries::Section(self.sheet.as_table_mut()), tools)
    }
}

/// Moves the sections of a file apart.
fn spread(table: &mut Section, last: &mut isize) {
    if let Some(position) = table.position() {
        table.set_position(Some(position * STEP));
        *last = (*last).max(position * STEP);
    }
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => spread(inner, last),
            Item::ArrayOfTables(items) => items.iter_mut().for_each(|one| spread(one, last)),
            _ => {}
        }
    }
}

/// What changing a value needs.
pub(super) struct Tools<'a> {
    pub lines: bool,
    next: &'a mut isize,
    takes_text: &'a mut dyn FnMut(&str, &str) -> bool,
}

/// A table, however it is written.
pub(super) enum Entries<'a> {
    Section(&'a mut Section),
    Inline(&'a mut InlineTable),
}

impl Entries<'_> {
    pub(super) fn like(&mut self) -> &mut dyn TableLike {
        match self {
            Entries::Section(table) => *table,
            Entries::Inline(table) => *table,
        }
    }

    pub(super) fn has(&mut self, key: &str) -> bool {
        self.like().contains_key(key)
    }

    pub(super) fn item(&mut self, key: &str) -> Option<&mut Item> {
        self.like().get_mut(key)
    }

    /// Whether texts in it may take many lines.
    fn takes_lines(&self) -> bool {
        matches!(self, Entries::Section(_))
    }

    /// Takes an entry out; what stood far above it, as the words at the head of a file do, stays.
    pub(super) fn remove(&mut self, key: &str) {
        let keys: Vec<String> = self.like().iter().map(|(key, _)| key.to_string()).collect();
        let at = keys.iter().position(|other| other == key);
        let prefix = self
            .like()
            .key(key)
            .and_then(|key| key.leaf_decor().prefix().cloned());
        let was_last = at.is_some_and(|at| at + 1 == keys.len());
        let suffix = self
            .like()
            .get(key)
            .and_then(Item::as_value)
            .and_then(blank_suffix);
        self.like().remove(key);
        let head = prefix
            .as_ref()
            .and_then(RawString::as_str)
            .and_then(|text| {
                let end = text.rfind("\n\n")? + 2;
                text[..end].contains('#').then(|| text[..end].to_string())
            });
        if let (Some(head), Some(at)) = (head, at)
            && let Some(next) = keys.get(at + 1)
            && let Some(mut next) = self.like().key_mut(next)
        {
            let decor = next.leaf_decor_mut();
            let own = decor
                .prefix()
                .and_then(RawString::as_str)
                .unwrap_or_default();
            let text = format!("{head}{own}");
            decor.set_prefix(text);
        }
        // The space before the closing brace belongs to the brace.
        if let (Entries::Inline(table), true, Some(suffix)) = (&mut *self, was_last, suffix)
            && let Some(before) = at.and_then(|at| keys.get(at.checked_sub(1)?))
            && let Some(value) = table.get_mut(before)
            && value
                .decor()
                .suffix()
                .and_then(RawString::as_str)
                .unwrap_or_default()
                .is_empty()
        {
            value.decor_mut().set_suffix(suffix);
        }
    }

    /// Adds an entry at the end, as the others look.
    pub(super) fn add(&mut self, key: &str, mut value: Written) {
        if let Entries::Inline(table) = self {
            let keys: Vec<String> = table.iter().map(|(key, _)| key.to_string()).collect();
            let mut name = Key::new(key);
            match keys.last() {
                None => {
                    name.leaf_decor_mut().set_prefix(" ");
                    value.decor_mut().set_prefix(" ");
                    value.decor_mut().set_suffix(" ");
                }
                Some(last) => {
                    let prefix = table.key(last).and_then(|key| key.leaf_decor().prefix());
                    let prefix = prefix.and_then(RawString::as_str).unwrap_or(" ");
                    let blank = match prefix.trim().is_empty() && !prefix.is_empty() {
                        true => prefix.to_string(),
                        false => " ".to_string(),
                    };
                    name.leaf_decor_mut().set_prefix(blank);
                    value.decor_mut().set_prefix(" ");
                    if let Some(before) = table.get_mut(last)
                        && let Some(suffix) = blank_suffix(before)
                    {
                        before.decor_mut().set_suffix("");
                        value.decor_mut().set_suffix(suffix);
                    }
                }
            }
            name.leaf_decor_mut().set_suffix(" ");
            table.insert_formatted(&name, value);
            return;
        }
        let name = words::key(key);
        let written = Key::parse(&name).ok().and_then(|mut keys| keys.pop());
        let name = written.unwrap_or_else(|| Key::new(key));
        if let Entries::Section(table) = self {
            table.insert_formatted(&name, Item::Value(value));
        }
    }

    /// Moves an entry that was added to where it belongs: behind the last of those that come before
    /// it in `order`.
    pub(super) fn place(&mut self, key: &str, order: &[&str]) {
        let rank = |name: &str| order.iter().position(|other| *other == name);
        let own = rank(key).unwrap_or(usize::MAX);
        let mut keys: Vec<String> = self.like().iter().map(|(key, _)| key.to_string()).collect();
        keys.retain(|other| other != key);
        let before = |other: &String| rank(other).is_some_and(|other| other < own);
        let at = keys.iter().rposition(before).map_or(0, |at| at + 1);
        if at == keys.len() {
            return;
        }
        keys.insert(at, key.to_string());
        let place = |key: &Key| keys.iter().position(|other| other == key.get());
        let by_place = |a: &Key, b: &Key| match (place(a), place(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => Ordering::Equal,
        };
        match self {
            Entries::Section(table) => table.sort_values_by(|a, _, b, _| by_place(a, b)),
            Entries::Inline(_) => {}
        }
    }
}

/// What stands behind a value, where that is nothing but space.
fn blank_suffix(value: &Written) -> Option<String> {
    let suffix = value.decor().suffix()?.as_str()?;
    (!suffix.is_empty() && suffix.trim().is_empty()).then(|| suffix.to_string())
}

impl Tools<'_> {
    /// Where the next section at the end of the file goes.
    pub(super) fn end(&mut self) -> isize {
        *self.next += STEP;
        *self.next
    }

    /// Sets a field that is a text.
    pub(super) fn set_text(
        &mut self,
        table: &mut Entries<'_>,
        name: &str,
        text: &str,
        order: &[&str],
    ) {
        let value = Value::Text(text.to_string());
        self.set(table, name, &value, order);
    }

    /// Sets a field that is no table: its value changes, or it is added where it belongs.
    pub(super) fn set(
        &mut self,
        table: &mut Entries<'_>,
        name: &str,
        wanted: &Value,
        order: &[&str],
    ) {
        let lines = self.lines && table.takes_lines();
        if let Some(item) = table.item(name) {
            self.replace(item, wanted, lines);
            return;
        }
        if let Some(value) = written(&words::value(wanted, lines)) {
            table.add(name, value);
            table.place(name, order);
        }
    }

    /// Changes a free-form table from what it says now to what is wanted, key by key.
    pub(super) fn table(&mut self, mut table: Entries<'_>, now: &Table, wanted: &Table) {
        for key in now.keys().filter(|key| !wanted.contains_key(*key)) {
            table.remove(&escaped(key));
        }
        let lines = self.lines && table.takes_lines();
        for (key, value) in wanted {
            let name = escaped(key);
            match now.get(key) {
                Some(before) if before.same(value) => {}
                Some(before) => {
                    if let Some(item) = table.item(&name) {
                        self.item(item, before, value, lines);
                    }
                }
                None => {
                    if let Some(value) = written(&words::value(value, lines)) {
                        table.add(&name, value);
                    }
                }
            }
        }
    }

    fn item(&mut self, item: &mut Item, now: &Value, wanted: &Value, lines: bool) {
        match (&mut *item, now, wanted) {
            (Item::Value(value), _, _) => self.value(value, now, wanted, lines),
            (Item::Table(table), Value::Table(now), Value::Table(wanted))
                if !wanted.is_empty() && table.get("$file").is_none() =>
            {
                self.table(Entries::Section(table), now, wanted);
            }
            (Item::ArrayOfTables(tables), Value::Array(now), Value::Array(wanted))
                if !wanted.is_empty() && wanted.iter().all(|one| one.as_table().is_some()) =>
            {
                let order = aligned(now, wanted);
                self.sections(tables, &order, now, wanted);
            }
            (Item::Table(table), _, Value::Text(text)) if self.file_takes(table, text) => {}
            _ => self.replace(item, wanted, lines),
        }
    }

    fn value(&mut self, value: &mut Written, now: &Value, wanted: &Value, lines: bool) {
        match (&mut *value, now, wanted) {
            (Written::InlineTable(table), Value::Text(_), Value::Text(text))
                if self.file_takes(table, text) => {}
            (Written::InlineTable(table), Value::Table(now), Value::Table(wanted))
                if !wanted.is_empty() =>
            {
                self.table(Entries::Inline(table), now, wanted);
            }
            (Written::Array(array), Value::Array(now), Value::Array(wanted))
                if !wanted.is_empty() =>
            {
                self.array(array, now, wanted);
            }
            _ => {
                let style = value.as_str().and(Some(value.to_string()));
                if let Some(mut new) = written(&styled(wanted, style.as_deref(), lines)) {
                    *new.decor_mut() = value.decor().clone();
                    *value = new;
                }
            }
        }
    }

    /// Whether a carrier `$file` gets its new text by its file.
    fn file_takes(&mut self, table: &dyn TableLike, text: &str) -> bool {
        let name = table.get("$file").and_then(Item::as_str);
        name.is_some_and(|name| (self.takes_text)(name, text))
    }

    /// Replaces a whole value, and keeps what stands around it.
    pub(super) fn replace(&mut self, item: &mut Item, wanted: &Value, lines: bool) {
        match item {
            Item::Value(value) => {
                let style = value.as_str().map(|_| value.to_string());
                if let Some(mut new) = written(&styled(wanted, style.as_deref(), lines)) {
                    *new.decor_mut() = value.decor().clone();
                    *value = new;
                }
            }
            other => {
                if let Some(new) = written(&words::value(wanted, lines)) {
                    *other = Item::Value(new);
                }
            }
        }
    }

    /// Changes an array: what is the same at its beginning and its end stays.
    fn array(&mut self, array: &mut Array, now: &[Value], wanted: &[Value]) {
        let order = aligned(now, wanted);
        self.elements(array, &order, now, wanted);
    }

    /// Puts an array into another order: `order` says for each wanted element which one it was.
    pub(super) fn elements(
        &mut self,
        array: &mut Array,
        order: &[Option<usize>],
        now: &[Value],
        wanted: &[Value],
    ) {
        let mut old: Vec<Option<Written>> = array.iter().cloned().map(Some).collect();
        let prefixes: Vec<String> = array
            .iter()
            .map(|value| {
                let prefix = value.decor().prefix().and_then(RawString::as_str);
                prefix.unwrap_or_default().to_string()
            })
            .collect();
        let blank = |index: usize| {
            let prefix = prefixes.get(index).map(String::as_str).unwrap_or_default();
            match prefix.rfind('\n') {
                Some(line) => prefix[line..]
                    .split('#')
                    .next()
                    .unwrap_or_default()
                    .to_string(),
                None if index == 0 => String::new(),
                None => " ".to_string(),
            }
        };
        array.clear();
        let mut kept_comments = String::new();
        let gone: Vec<usize> = (0..old.len())
            .filter(|at| !order.contains(&Some(*at)))
            .collect();
        for (index, (from, value)) in order.iter().zip(wanted).enumerate() {
            // The comment behind an element stands before the next one, also where that is gone.
            let moved = from.unwrap_or(usize::MAX);
            for at in gone.iter().filter(|at| **at < moved && from.is_some()) {
                if old.get_mut(*at).and_then(Option::take).is_some() && prefixes[*at].contains('#')
                {
                    kept_comments.push_str(prefixes[*at].trim_end());
                }
            }
            let mut element = match from.and_then(|at| Some((at, old.get_mut(at)?.take()?))) {
                Some((at, mut element)) => {
                    if !now[at].same(value) {
                        self.value(&mut element, &now[at], value, false);
                    }
                    // First elements have no space before them, and others have one.
                    if prefixes[at].trim().is_empty() && !prefixes[at].contains('\n') {
                        element.decor_mut().set_prefix(blank(index.min(1)));
                    }
                    element
                }
                None => {
                    let Some(mut element) = written(&words::inline(value)) else {
                        continue;
                    };
                    let like = index.min(prefixes.len().saturating_sub(1));
                    let prefix = match blank(like) {
                        prefix if prefix.contains('\n') => prefix,
                        _ if index == 0 => String::new(),
                        _ => " ".to_string(),
                    };
                    element.decor_mut().set_prefix(prefix);
                    element
                }
            };
            if !kept_comments.is_empty() {
                let own = element
                    .decor()
                    .prefix()
                    .and_then(RawString::as_str)
                    .unwrap_or_default();
                let both = match own.contains('\n') {
                    true => format!("{kept_comments}{own}"),
                    false => format!("{kept_comments}\n{own}"),
                };
                element.decor_mut().set_prefix(both);
                kept_comments.clear();
            }
            // A comment behind the last element would swallow the comma behind it.
            let suffix = element
                .decor()
                .suffix()
                .and_then(RawString::as_str)
                .unwrap_or_default();
            if suffix.contains('\n') && !suffix.contains('#') && index + 1 < wanted.len() {
                element.decor_mut().set_suffix("");
            }
            array.push_formatted(element);
        }
    }

    /// Puts an array of tables into another order: `order` says for each wanted table which one it
    /// was; those that are none of the old ones are added as they are printed.
    fn sections(
        &mut self,
        tables: &mut ArrayOfTables,
        order: &[Option<usize>],
        now: &[Value],
        wanted: &[Value],
    ) {
        let lines = self.lines;
        let new = |value: &Value| {
            let table = value.as_table()?;
            let mut text = String::from("[[x]]\n");
            words::push_entries(&mut text, &["x".into()], table, lines);
            section_of(&text)
        };
        let changed = |tools: &mut Tools<'_>, table: &mut Section, from: usize, to: usize| {
            if let (Some(now), Some(wanted)) = (now[from].as_table(), wanted[to].as_table()) {
                tools.table(Entries::Section(table), now, wanted);
            }
        };
        self.rebuild(tables, order, changed, |to| new(&wanted[to]));
    }

    /// The same for tables that are changed and made in other ways.
    pub(super) fn rebuild(
        &mut self,
        tables: &mut ArrayOfTables,
        order: &[Option<usize>],
        mut change: impl FnMut(&mut Tools<'_>, &mut Section, usize, usize),
        make: impl Fn(usize) -> Option<Section>,
    ) {
        let mut slots: Vec<isize> = tables.iter().filter_map(Section::position).collect();
        slots.sort_unstable();
        let mut old: Vec<Option<Section>> = tables.iter().cloned().map(Some).collect();
        tables.clear();
        let mut cursor = match slots.first() {
            Some(first) => *first,
            None => self.end(),
        };
        for (to, from) in order.iter().enumerate() {
            let kept = from.and_then(|at| Some((at, old.get_mut(at)?.take()?)));
            let table = match kept {
                Some((from, mut table)) => {
                    change(self, &mut table, from, to);
                    Some(table)
                }
                None => make(to),
            };
            if let Some(mut table) = table {
                cursor = cursor.max(slots.get(to).copied().unwrap_or(cursor));
                table.set_position(Some(cursor));
                cursor += 1;
                cursor += settle(&mut table, cursor);
                tables.push(table);
            }
        }
    }
}

/// The first table of an array of tables, parsed.
pub(super) fn section_of(text: &str) -> Option<Section> {
    let sheet: DocumentMut = format!("\n{text}").parse().ok()?;
    let (_, item) = sheet.iter().next()?;
    match item {
        Item::ArrayOfTables(tables) => tables.get(0).cloned(),
        Item::Table(table) => Some(table.clone()),
        _ => None,
    }
}

/// Puts the sections below a table right behind it, in the order that they have; how many there are.
pub(super) fn settle(table: &mut Section, from: isize) -> isize {
    let mut positions: Vec<isize> = Vec::new();
    visit(table, &mut |section| {
        positions.extend(section.position());
    });
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by_key(|at| positions[*at]);
    let mut places = vec![0; order.len()];
    for (place, at) in order.into_iter().enumerate() {
        places[at] = from + place as isize;
    }
    let mut places = places.into_iter();
    let count = places.len() as isize;
    visit(table, &mut |section| {
        if section.position().is_some() {
            section.set_position(places.next());
        }
    });
    count
}

fn visit(table: &mut Section, act: &mut dyn FnMut(&mut Section)) {
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => {
                act(inner);
                visit(inner, act);
            }
            Item::ArrayOfTables(items) => {
                for one in items.iter_mut() {
                    act(one);
                    visit(one, act);
                }
            }
            _ => {}
        }
    }
}

/// For each wanted element which one it was: the same at the beginning and at the end, and between
/// them one after another.
fn aligned(now: &[Value], wanted: &[Value]) -> Vec<Option<usize>> {
    let same = |pair: &(&Value, &Value)| pair.0.same(pair.1);
    let first = now.iter().zip(wanted).take_while(same).count();
    let rest = now.len().min(wanted.len()) - first;
    let ends = now.iter().rev().zip(wanted.iter().rev());
    let last = ends.take(rest).take_while(same).count();
    let middle = now.len() - last;
    (0..wanted.len())
        .map(|to| match to {
            to if to + last >= wanted.len() => Some(to + now.len() - wanted.len()),
            to => (to < middle).then_some(to),
        })
        .collect()
}

/// A value of TOML text.
pub(super) fn written(text: &str) -> Option<Written> {
    text.parse().ok()
}

/// A value as TOML, a text with the quotes that were there.
fn styled(wanted: &Value, style: Option<&str>, lines: bool) -> String {
    let (Value::Text(text), Some(style)) = (wanted, style) else {
        return words::value(wanted, lines);
    };
    let style = style.trim_start();
    if style.starts_with("'''") {
        let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
        let marked = |line: &str| {
            line.starts_with("<<<<<<<") || line.starts_with("+++") || line.ends_with([' ', '\t'])
        };
        let fits = lines
            && text.contains('\n')
            && !text.contains("'''")
            && !text.ends_with('\'')
            && !text.contains(odd)
            && !text.split('\n').any(marked);
        if fits {
            return format!("'''\n{text}'''");
        }
    } else if style.starts_with('\'') && is_literal(text) {
        return format!("'{text}'");
    } else if style.starts_with('"') && !style.starts_with("\"\"\"") && !text.contains('\n') {
        return words::basic(text);
    }
    words::text(text, lines)
}
