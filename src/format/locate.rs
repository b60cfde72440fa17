//! Locating: from a spot in a document to the bytes of its file.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::front;
use super::reader::Sheet;
use super::token::is_token;
use super::value::MAX_DEPTH;
use crate::diag::{FieldPath, Spot, Step};

/// The bytes of a file's text that a spot means: for a `Spot::Key` those of the key, for a
/// `Spot::Value` those of the value (of a table, its header). Where a path leads nowhere, the
/// deepest part of it that exists; `None` where that is the whole file. In a Markdown page
/// `blocks` is its text, everything else is in the front matter. In a token file the first step is
/// the token key, however it is written there.
///
/// The range is always within the text and on character boundaries. It parses the file again, so
/// it is for diagnostics that are shown, and not for every one.
pub fn locate(path: &str, text: &str, spot: &Spot) -> Option<Range<usize>> {
    let (field, want_key) = match spot {
        Spot::Whole => return None,
        Spot::Span(start, end) => return Some(clamp(text, *start..*end)),
        Spot::Key(field) => (field, true),
        Spot::Value(field) => (field, false),
    };
    let toml = match path.ends_with(".md") {
        true => {
            let front = front::split(text).ok()?;
            if matches!(field.0.first(), Some(Step::Key(key)) if key == "blocks") {
                return Some(front.body);
            }
            front.toml
        }
        false => 0..text.len(),
    };
    let sheet = Sheet::lenient(&text[toml.clone()]);
    let found = match is_token_file(path) {
        true => in_tokens(sheet.root(), field)?,
        false => in_table(sheet.root(), &field.0)?,
    };
    let range = match (found.whole, found.key) {
        (true, Some(key)) if want_key => key,
        _ => found.value,
    };
    Some(clamp(
        text,
        range.start + toml.start..range.end + toml.start,
    ))
}

fn is_token_file(path: &str) -> bool {
    path.starts_with("content/tokens/") || path.contains("/content/tokens/")
}

/// A range within a text, moved inwards to where characters begin.
fn clamp(text: &str, range: Range<usize>) -> Range<usize> {
    let boundary = |mut position: usize| {
        position = position.min(text.len());
        while !text.is_char_boundary(position) {
            position -= 1;
        }
        position
    };
    let start = boundary(range.start);
    start..boundary(range.end).max(start)
}

/// Where the end of a path is.
struct Found {
    key: Option<Range<usize>>,
    value: Range<usize>,
    /// Whether all of the path led there.
    whole: bool,
}

fn in_table(root: &DeTable<'_>, steps: &[Step]) -> Option<Found> {
    let (Step::Key(first), rest) = steps.split_first()? else {
        return None;
    };
    let (key, value) = entry(root, first)?;
    Some(follow(key, value, rest))
}

/// Follows the steps from a value on.
fn follow(key: Range<usize>, value: &Spanned<DeValue<'_>>, steps: &[Step]) -> Found {
    let mut key = Some(key);
    let mut value = value;
    for step in steps {
        let next = match (value.as_ref(), step) {
            (DeValue::Table(table), Step::Key(name)) => {
                entry(table, name).map(|(key, value)| (Some(key), value))
            }
            (DeValue::Array(items), Step::Index(index)) => {
                items.get(*index).map(|item| (None, item))
            }
            _ => None,
        };
        match next {
            Some((next_key, next_value)) => (key, value) = (next_key, next_value),
            None => {
                return Found {
                    key,
                    value: value.span(),
                    whole: false,
                };
            }
        }
    }
    Found {
        key,
        value: value.span(),
        whole: true,
    }
}

/// The entry of a table by a key of the model, which writes `$x` for what the file has as `$$x`.
fn entry<'a, 't>(
    table: &'a DeTable<'t>,
    name: &str,
) -> Option<(Range<usize>, &'a Spanned<DeValue<'t>>)> {
    let escaped = || name.starts_with('$').then(|| format!("${name}"));
    let (key, value) = escaped()
        .and_then(|name| table.get_key_value(name.as_str()))
        .or_else(|| table.get_key_value(name))?;
    Some((key.span(), value))
}

fn in_tokens(root: &DeTable<'_>, field: &FieldPath) -> Option<Found> {
    let (Step::Key(token), rest) = field.0.split_first()? else {
        return None;
    };
    let mut nearest = None;
    match find_token(root, token, &mut nearest, 1) {
        Some((key, value)) => match (value.as_ref(), rest) {
            (DeValue::String(_), [Step::Key(part)]) if part == "value" => Some(Found {
                key: Some(key),
                value: value.span(),
                whole: true,
            }),
            _ => Some(follow(key, value, rest)),
        },
        None => {
            let (_, value) = nearest?;
            Some(Found {
                key: None,
                value,
                whole: false,
            })
        }
    }
}

/// The entry whose path of keys, joined with dots, is `wanted`. `nearest` becomes the longest path
/// that leads there and ends before.
fn find_token<'a, 't>(
    table: &'a DeTable<'t>,
    wanted: &str,
    nearest: &mut Option<(usize, Range<usize>)>,
    depth: usize,
) -> Option<(Range<usize>, &'a Spanned<DeValue<'t>>)> {
    for (key, value) in table {
        let name: &str = key.as_ref();
        let Some(rest) = wanted.strip_prefix(name) else {
            continue;
        };
        if rest.is_empty() {
            return Some((key.span(), value));
        }
        let (Some(rest), DeValue::Table(inner)) = (rest.strip_prefix('.'), value.as_ref()) else {
            continue;
        };
        if depth >= MAX_DEPTH || is_token(inner) {
            continue;
        }
        if nearest.as_ref().is_none_or(|(near, _)| *near < depth) {
            *nearest = Some((depth, value.span()));
        }
        if let Some(found) = find_token(inner, rest, nearest, depth + 1) {
            return Some(found);
        }
    }
    None
}
