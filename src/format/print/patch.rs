//! Changing a TOML file so that it says something else, and nothing else about it changes.

use toml_edit::{
    Array, DocumentMut, Item, RawString, Table as Section, TableLike, Value as Written,
};

use super::entries::Entries;
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
        // Of a file with both line ends, the changed text has the plain one.
        let ends = toml.matches("\r\n").count();
        let crlf = ends > 0 && ends == toml.matches('\n').count();
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
        // What stands behind a comma on its line belongs to the element before it.
        let mut old: Vec<Option<Written>> = Vec::new();
        let mut above: Vec<String> = Vec::new();
        let mut behind: Vec<String> = Vec::new();
        for value in array.iter() {
            let (comment, rest) = comment_and_rest(raw(value.decor().prefix()));
            behind.push(comment);
            above.push(rest);
            old.push(Some(value.clone()));
        }
        // Where no comma follows the last element, what stands behind it belongs to the bracket.
        let mut end = raw(Some(array.trailing())).to_string();
        if let Some(Some(last)) = old.last_mut().filter(|_| !array.trailing_comma()) {
            end.insert_str(0, raw(last.decor().suffix()));
            last.decor_mut().set_suffix("");
        }
        let (comment, trailing) = comment_and_rest(&end);
        behind.push(comment);
        let many_lines = above.iter().any(|above| above.contains('\n'));
        let indent = |index: usize| {
            let like = above.get(index.min(above.len().saturating_sub(1)));
            let like = like.map(String::as_str).unwrap_or_default();
            match like.rfind('\n') {
                Some(line) => like[line..].to_string(),
                None if many_lines => "\n".to_string(),
                None if index == 0 => like.to_string(),
                None => " ".to_string(),
            }
        };
        array.clear();
        let mut before = behind.first().cloned().unwrap_or_default();
        for (index, (from, value)) in order.iter().zip(wanted).enumerate() {
            let kept = from.and_then(|at| Some((at, old.get_mut(at)?.take()?)));
            let (own, next, element) = match kept {
                Some((at, mut element)) => {
                    if !now[at].same(value) {
                        self.value(&mut element, &now[at], value, false);
                    }
                    let own = match above[at].contains(['\n', '#']) {
                        true => above[at].clone(),
                        false => indent(index),
                    };
                    (own, behind[at + 1].clone(), Some(element))
                }
                None => (indent(index), String::new(), written(&words::inline(value))),
            };
            let Some(mut element) = element else {
                continue;
            };
            let line = match !before.is_empty() && !own.starts_with('\n') {
                true => "\n",
                false => "",
            };
            element
                .decor_mut()
                .set_prefix(format!("{before}{line}{own}"));
            array.push_formatted(element);
            before = next;
        }
        let line = match !before.is_empty() && !trailing.starts_with('\n') {
            true => "\n",
            false => "",
        };
        array.set_trailing(format!("{before}{line}{trailing}"));
    }
}

fn raw(text: Option<&RawString>) -> &str {
    text.and_then(RawString::as_str).unwrap_or_default()
}

/// The comment at the end of a line, and what comes below it.
fn comment_and_rest(text: &str) -> (String, String) {
    let end = text.find('\n').unwrap_or(text.len());
    match text[..end].contains('#') {
        true => (text[..end].to_string(), text[end..].to_string()),
        false => (String::new(), text.to_string()),
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
