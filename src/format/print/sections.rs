//! The sections of a TOML file that is changed: their order, and those that are new.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table as Section};

use super::entries::Entries;
use super::patch::Tools;
use super::words;
use crate::model::Value;

impl Tools<'_> {
    /// Puts an array of tables into another order: `order` says for each wanted table which one it
    /// was; those that are none of the old ones are added as they are printed.
    pub(super) fn sections(
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
    // One empty line stands above it, whether or not the text has one.
    let text = text.trim_start_matches('\n');
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

pub(super) fn visit(table: &mut Section, act: &mut dyn FnMut(&mut Section)) {
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
