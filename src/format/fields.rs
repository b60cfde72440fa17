//! Fields: what a table may hold, as data, with the check and the typed access that go by it.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::reader::Reader;
use super::rules::Rule;
use super::secret::HIDDEN;
use crate::diag::{Diagnostic, code, did_you_mean};
use crate::model::TextList;

/// The fields of one sort of table.
pub(super) struct Shape {
    /// What it is, with its article: `a page`.
    pub noun: &'static str,
    pub fields: &'static [Field],
    /// Names that are unknown here, and would hold secrets.
    pub secrets: &'static [&'static str],
}

impl Shape {
    /// The field of a name.
    pub(super) fn field(&'static self, name: &str) -> &'static Field {
        let field = self.fields.iter().find(|field| field.name == name);
        field.expect("readers ask only for names of the shape")
    }
}

/// One field.
pub(super) struct Field {
    pub name: &'static str,
    /// One line for people, shown by editors.
    pub doc: &'static str,
    pub kind: Kind,
    pub required: bool,
    pub default: Fallback,
}

/// What a field holds.
pub(super) enum Kind {
    Text(Rule),
    OneOf(&'static [&'static str]),
    /// An array of texts; whether each may stand there only once.
    Texts(Rule, bool),
    /// The same, where an element may be missing: `{ "$null" = true }`.
    TextsOrNull(Rule, bool),
    Flag,
    /// From the first number to the second.
    Integer(i64, i64),
    /// From the first number to the second; an integer will do.
    Number(f64, f64),
    /// A free-form table, with value carriers.
    Free,
    /// A free-form table that `$file` may not be used in.
    Conditions,
    /// A table of token keys to CSS values.
    Overrides,
    Table(&'static Shape),
    Tables(&'static Shape),
    /// A table of tables by key.
    Map(Rule, &'static Shape),
}

/// The value of a field that is absent.
pub(super) enum Fallback {
    Absent,
    Text(&'static str),
    Texts(&'static [&'static str]),
    Flag(bool),
    Integer(i64),
    Number(f64),
}

impl Fallback {
    /// The same as JSON.
    pub(super) fn to_json(&self) -> Option<Json> {
        match self {
            Fallback::Absent => None,
            Fallback::Text(text) => Some((*text).into()),
            Fallback::Texts(texts) => Some(texts.to_vec().into()),
            Fallback::Flag(flag) => Some((*flag).into()),
            Fallback::Integer(number) => Some((*number).into()),
            Fallback::Number(number) => Some((*number).into()),
        }
    }
}

/// A field that must be there.
pub(super) const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        kind,
        required: true,
        default: Fallback::Absent,
    }
}

/// A field that may be absent.
pub(super) const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        required: false,
        ..required(name, kind, doc)
    }
}

/// A field that has a value where it is absent.
pub(super) const fn or(
    name: &'static str,
    kind: Kind,
    default: Fallback,
    doc: &'static str,
) -> Field {
    Field {
        name,
        doc,
        kind,
        required: false,
        default,
    }
}

/// A table whose fields were checked, by name. Where a value was wrong, and so was reported, the
/// default stands in for it.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a, 't> {
    shape: &'static Shape,
    pub table: &'a DeTable<'t>,
}

impl<'a, 't> Fields<'a, 't> {
    pub(super) fn new(shape: &'static Shape, table: &'a DeTable<'t>) -> Fields<'a, 't> {
        Fields { shape, table }
    }

    fn field(&self, name: &str) -> &'static Field {
        self.shape.field(name)
    }

    /// The value as it stands there.
    pub(super) fn get(&self, name: &str) -> Option<&'a Spanned<DeValue<'t>>> {
        debug_assert_eq!(self.field(name).name, name);
        self.table.get(name)
    }

    /// A text, or its default.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let field = self.field(name);
        match (self.get(name).map(Spanned::as_ref), &field.default) {
            (Some(DeValue::String(text)), _) if field.kind.allows(text) => Some(text.to_string()),
            (_, Fallback::Text(text)) => Some((*text).to_string()),
            _ => None,
        }
    }

    /// A text that is required or has a default; empty where it was missing, and so was reported.
    pub(super) fn needed_text(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// An array of texts, or its default.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        match (
            self.get(name).map(Spanned::as_ref),
            &self.field(name).default,
        ) {
            (Some(DeValue::Array(items)), _) => Some(
                items
                    .iter()
                    .filter_map(|item| item.as_ref().as_str())
                    .map(str::to_string)
                    .collect(),
            ),
            (_, Fallback::Texts(texts)) => Some(texts.iter().map(|&t| t.to_string()).collect()),
            _ => None,
        }
    }

    /// An array of texts some of which may be missing; empty where it is absent.
    pub(super) fn text_list(&self, name: &str) -> TextList {
        let Some(DeValue::Array(items)) = self.get(name).map(Spanned::as_ref) else {
            return TextList::default();
        };
        let element = |item: &Spanned<DeValue<'_>>| match item.as_ref() {
            DeValue::String(text) => Some(Some(text.to_string())),
            other => is_null(other).then_some(None),
        };
        items.iter().filter_map(element).collect()
    }

    /// A flag, or its default.
    pub(super) fn flag(&self, name: &str) -> bool {
        match (
            self.get(name).map(Spanned::as_ref),
            &self.field(name).default,
        ) {
            (Some(DeValue::Boolean(flag)), _) => *flag,
            (_, Fallback::Flag(flag)) => *flag,
            _ => false,
        }
    }

    /// An integer, or its default.
    pub(super) fn integer(&self, name: &str) -> i64 {
        let given = self.get(name).and_then(|value| integer(value.as_ref()));
        match (given, &self.field(name).default) {
            (Some(number), _) => number,
            (None, Fallback::Integer(number)) => *number,
            _ => 0,
        }
    }

    /// A number, or its default.
    pub(super) fn number(&self, name: &str) -> f64 {
        let given = self.get(name).and_then(|value| number(value.as_ref()));
        match (given, &self.field(name).default) {
            (Some(number), _) => number,
            (None, Fallback::Number(number)) => *number,
            _ => 0.0,
        }
    }

    /// The fields of a table in it.
    pub(super) fn inner(&self, name: &str) -> Option<Fields<'a, 't>> {
        let Kind::Table(shape) = self.field(name).kind else {
            return None;
        };
        Some(Fields::new(shape, self.get(name)?.as_ref().as_table()?))
    }

    /// The fields of each table of an array.
    pub(super) fn items(&self, name: &str) -> Vec<Fields<'a, 't>> {
        let Kind::Tables(shape) = self.field(name).kind else {
            return Vec::new();
        };
        let Some(DeValue::Array(items)) = self.get(name).map(Spanned::as_ref) else {
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| Some(Fields::new(shape, item.as_ref().as_table()?)))
            .collect()
    }

    /// The fields of each table of a table, by key.
    pub(super) fn entries(&self, name: &str) -> Vec<(String, Fields<'a, 't>)> {
        let Kind::Map(_, shape) = self.field(name).kind else {
            return Vec::new();
        };
        let Some(DeValue::Table(table)) = self.get(name).map(Spanned::as_ref) else {
            return Vec::new();
        };
        table
            .iter()
            .filter_map(|(key, value)| {
                let fields = Fields::new(shape, value.as_ref().as_table()?);
                Some((key.as_ref().to_string(), fields))
            })
            .collect()
    }
}

/// Whether a value is the carrier `{ "$null" = true }`.
fn is_null(value: &DeValue<'_>) -> bool {
    let DeValue::Table(table) = value else {
        return false;
    };
    let null = table.get("$null").map(Spanned::as_ref);
    table.len() == 1 && matches!(null, Some(DeValue::Boolean(true)))
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let DeValue::Integer(integer) = value else {
        return None;
    };
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok(),
        other => integer(other).map(|number| number as f64),
    }
}

/// Reports all that is wrong with the fields of a file.
pub(super) fn check(reader: &mut Reader<'_>, shape: &'static Shape, table: &DeTable<'_>) {
    check_table(reader, shape, table, None, None);
}

fn check_table(
    reader: &mut Reader<'_>,
    shape: &'static Shape,
    table: &DeTable<'_>,
    span: Option<Range<usize>>,
    around: Option<&'static Shape>,
) {
    for (key, value) in table {
        let name: &str = key.as_ref();
        match shape.fields.iter().find(|field| field.name == name) {
            Some(field) => check_value(reader, shape, field, value, span.as_ref()),
            None => unknown_key(reader, shape, key.span(), name, around),
        }
    }
    for field in shape.fields.iter().filter(|field| field.required) {
        if !table.contains_key(field.name) {
            let place = match &span {
                Some(span) => reader.place(span.clone()),
                None => reader.whole(),
            };
            reader.report(Diagnostic::error(
                code::MISSING_KEY,
                place,
                format!("{} needs `{}`", shape.noun, field.name),
            ));
        }
    }
}

fn unknown_key(
    reader: &mut Reader<'_>,
    shape: &'static Shape,
    span: Range<usize>,
    name: &str,
    around: Option<&'static Shape>,
) {
    if shape.secrets.contains(&name) {
        let message = format!("`{name}` would put a secret into a file");
        let place = reader.place(span);
        let diagnostic = Diagnostic::error(code::SECRET_IN_FILE, place, message);
        reader.report(diagnostic.hint(super::rules::SECRET_HINT));
        return;
    }
    let shown = match shape.secrets {
        [] => name.escape_debug().to_string(),
        // Where secrets are near, a key may be one.
        _ if is_plain_word(name) => name.to_string(),
        _ => HIDDEN.to_string(),
    };
    let names = || shape.fields.iter().map(|field| field.name);
    let outside = around.filter(|around| around.fields.iter().any(|field| field.name == name));
    let hint = match outside {
        Some(around) => Some(format!(
            "`{name}` belongs to {}: write it above the first `[…]` of the file",
            around.noun
        )),
        None => did_you_mean(name, names()).or_else(|| {
            names()
                .any(|name| name == "metadata")
                .then(|| "free-form data belongs under `[metadata]`".to_string())
        }),
    };
    let message = format!("{} has no key `{shown}`", shape.noun);
    let diagnostic = Diagnostic::error(code::UNKNOWN_KEY, reader.place(span), message);
    reader.report(diagnostic.hint_if(hint));
}

/// Whether a key looks like the name of a setting, as no address and hardly a password does.
fn is_plain_word(key: &str) -> bool {
    key.len() <= 24 && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn check_value(
    reader: &mut Reader<'_>,
    shape: &'static Shape,
    field: &'static Field,
    value: &Spanned<DeValue<'_>>,
    table: Option<&Range<usize>>,
) {
    // Only of the table of the whole file can it be said where its keys belong.
    let around = table.is_none().then_some(shape);
    let name = field.name;
    match (&field.kind, value.as_ref()) {
        (Kind::Text(rule), DeValue::String(text)) => {
            reader.check_text(name, rule, text, value.span());
        }
        (Kind::OneOf(allowed), DeValue::String(text)) => {
            if !allowed.contains(&text.as_ref()) {
                let message = format!(
                    "`{}` is no `{name}`: {}",
                    text.escape_debug(),
                    allowed.join(", ")
                );
                let hint = did_you_mean(text, allowed.iter().copied());
                let place = reader.place(value.span());
                reader.report(Diagnostic::error(code::BAD_VALUE, place, message).hint_if(hint));
            }
        }
        (Kind::Texts(rule, unique) | Kind::TextsOrNull(rule, unique), DeValue::Array(items)) => {
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            for item in items {
                let DeValue::String(text) = item.as_ref() else {
                    if matches!(field.kind, Kind::TextsOrNull(..)) && is_null(item.as_ref()) {
                        continue;
                    }
                    reader.wrong_type(name, "a string", item);
                    continue;
                };
                reader.check_text(name, rule, text, item.span());
                if *unique && !seen.insert(text) {
                    let message = format!("`{}` is given twice", text.escape_debug());
                    reader.error(code::BAD_VALUE, item.span(), message);
                }
            }
        }
        (Kind::Integer(min, max), DeValue::Integer(_)) => {
            if !integer(value.as_ref()).is_some_and(|number| (*min..=*max).contains(&number)) {
                let message = match *max {
                    i64::MAX => format!("`{name}` must be at least {min}"),
                    max => format!("`{name}` must be from {min} to {max}"),
                };
                reader.error(code::BAD_VALUE, value.span(), message);
            }
        }
        (Kind::Number(min, max), DeValue::Float(_) | DeValue::Integer(_)) => {
            if !number(value.as_ref()).is_some_and(|number| (*min..=*max).contains(&number)) {
                let message = format!("`{name}` must be from {min} to {max}");
                reader.error(code::BAD_VALUE, value.span(), message);
            }
        }
        (Kind::Table(inner), DeValue::Table(entries)) => {
            check_table(reader, inner, entries, Some(value.span()), around);
        }
        (Kind::Tables(inner), DeValue::Array(items)) => {
            for item in items {
                match item.as_ref() {
                    DeValue::Table(entries) => {
                        check_table(reader, inner, entries, Some(item.span()), around);
                    }
                    _ => reader.wrong_type(name, "a table", item),
                }
            }
        }
        (Kind::Map(rule, inner), DeValue::Table(entries)) => {
            for (key, entry) in entries {
                reader.check_text(name, rule, key.as_ref(), key.span());
                match entry.as_ref() {
                    DeValue::Table(fields) => {
                        check_table(reader, inner, fields, Some(entry.span()), None);
                    }
                    _ => {
                        let hide = !inner.secrets.is_empty() && !is_plain_word(key.as_ref());
                        let shown = if hide { HIDDEN } else { key.as_ref() };
                        reader.wrong_type(shown, "a table", entry);
                    }
                }
            }
        }
        (Kind::Flag, DeValue::Boolean(_))
        | (Kind::Free | Kind::Conditions | Kind::Overrides, DeValue::Table(_)) => {}
        (kind, _) => reader.wrong_type(name, kind.type_name(), value),
    }
}

impl Kind {
    /// Whether a text is one of those that the kind allows, its length aside.
    pub(super) fn allows(&self, text: &str) -> bool {
        match self {
            Kind::Text(rule) => (rule.check)(text).is_none(),
            Kind::OneOf(allowed) => allowed.contains(&text),
            _ => true,
        }
    }

    /// What a value of this kind is, with its article.
    fn type_name(&self) -> &'static str {
        match self {
            Kind::Text(_) | Kind::OneOf(_) => "a string",
            Kind::Texts(..) | Kind::TextsOrNull(..) => "an array of strings",
            Kind::Flag => "`true` or `false`",
            Kind::Integer(..) => "an integer",
            Kind::Number(..) => "a number",
            Kind::Tables(_) => "an array of tables",
            Kind::Free | Kind::Conditions | Kind::Overrides | Kind::Table(_) | Kind::Map(..) => {
                "a table"
            }
        }
    }
}
