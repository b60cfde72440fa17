//! Finds the places of diagnostics in the texts of their files, and leaves out what must not be shown
//! or only follows from another error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::CONFIG_FILE;
use crate::diag::{Diagnostic, Diagnostics, Place, Severity, Spot, code};
use crate::files::Folder;
use crate::format;

/// A diagnostic with its place found in the text of its file.
#[derive(Clone, Debug)]
pub struct Located {
    pub diagnostic: Diagnostic,
    /// Where in the text it is; `None` where it has no place, or a file that cannot be shown.
    pub at: Option<LocatedPlace>,
    /// The same for the places that belong to it.
    pub related: Vec<(Option<LocatedPlace>, Place, String)>,
}

/// A range of the text of a file.
#[derive(Clone, Debug)]
pub struct LocatedPlace {
    /// The text of the file; `None` where the line must not be shown.
    pub text: Option<Arc<str>>,
    /// Bytes, within the text and between characters.
    pub range: std::ops::Range<usize>,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// Finds the places of diagnostics, sorts them by path, place and code, and drops what is said twice.
pub fn locate(folder: &Folder, diagnostics: Diagnostics) -> Vec<Located> {
    let mut texts: BTreeMap<Arc<str>, Option<Arc<str>>> = BTreeMap::new();
    let mut find = |place: &Place| -> Option<LocatedPlace> {
        // The key of a row may look like a path to anywhere.
        if place.spot == Spot::Whole || format::row_place(place).is_some() {
            return None;
        }
        let text = texts
            .entry(Arc::clone(&place.path))
            .or_insert_with(|| {
                let text = folder.read_text(&place.path).ok()?;
                Some(Arc::from(format::without_mark(&place.path, text)))
            })
            .clone()?;
        let range = format::locate(&place.path, &text, &place.spot)?;
        let before = &text[..range.start];
        Some(LocatedPlace {
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or("").chars().count() + 1,
            text: format::may_show(&place.path, &text, range.start).then_some(text),
            range,
        })
    };
    let mut located: Vec<Located> = diagnostics
        .into_iter()
        .map(|diagnostic| Located {
            at: diagnostic.place.as_ref().and_then(&mut find),
            related: diagnostic
                .related
                .iter()
                .map(|(place, label)| (find(place), place.clone(), label.clone()))
                .collect(),
            diagnostic: without_secrets(diagnostic),
        })
        .collect();
    located.sort_by(|a, b| {
        let rank = |l: &Located| {
            (
                l.diagnostic
                    .place
                    .as_ref()
                    .map(|place| Arc::clone(&place.path)),
                l.at.as_ref().map(|at| at.range.start),
                l.diagnostic.code,
                l.diagnostic.message.clone(),
            )
        };
        rank(a).cmp(&rank(b))
    });
    located.dedup_by(|a, b| a.diagnostic == b.diagnostic);
    without_echoes(located)
}

/// The same without what only follows from another error: where a value could not be read, null or
/// a default stands in for it, and neither that null nor that default is what the author wrote.
fn without_echoes(located: Vec<Located>) -> Vec<Located> {
    let wrong: BTreeSet<(Arc<str>, usize, usize)> = located
        .iter()
        .filter(|found| found.diagnostic.severity == Severity::Error && !follows(found))
        .filter_map(range_of)
        .collect();
    located
        .into_iter()
        .filter(|found| {
            let Some((path, start, end)) = range_of(found).filter(|_| follows(found)) else {
                return true;
            };
            let text = found.at.as_ref().and_then(|at| at.text.as_deref());
            let written = text.and_then(|text| text.get(start..end)).unwrap_or("");
            // `{ "$file" = … }`: the error is within it.
            let carrier = written.strip_prefix('{').is_some_and(|rest| {
                rest.trim_start_matches([' ', '\t', '"', '\''])
                    .starts_with('$')
            });
            let last = if carrier { end } else { start };
            !wrong
                .range((Arc::clone(&path), start, 0)..=(path, last, usize::MAX))
                .any(|(_, _, other)| *other <= end && (carrier || *other == end))
        })
        .collect()
}

/// Whether a diagnostic is about what a value means, and so only holds where it could be read.
fn follows(located: &Located) -> bool {
    matches!(
        located.diagnostic.code,
        code::BAD_PROPS | code::UNKNOWN_THEME | code::UNKNOWN_NODE
    )
}

fn range_of(located: &Located) -> Option<(Arc<str>, usize, usize)> {
    let place = located.diagnostic.place.as_ref()?;
    let at = located.at.as_ref()?;
    Some((Arc::clone(&place.path), at.range.start, at.range.end))
}

/// The same without the addresses that it repeats from robbieblocks.toml: here, where every
/// diagnostic passes that is ever shown.
fn without_secrets(mut diagnostic: Diagnostic) -> Diagnostic {
    if diagnostic
        .place
        .as_ref()
        .is_some_and(|place| &*place.path == CONFIG_FILE)
    {
        diagnostic.message = format::redacted(&diagnostic.message);
        for hint in &mut diagnostic.hints {
            *hint = format::redacted(hint);
        }
    }
    diagnostic
}
