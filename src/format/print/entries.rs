//! The entries of a TOML table, however it is written: what is taken out and put in leaves the rest.

use std::cmp::Ordering;

use toml_edit::{InlineTable, Item, Key, RawString, Table as Section, TableLike, Value as Written};

use super::words;

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
    pub(super) fn takes_lines(&self) -> bool {
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
