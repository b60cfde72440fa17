//! Tokens: `content/tokens/<category>.toml`, where the path of keys is the token key.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::reader::{Reader, type_name};
use super::rules::{ANY, KEY, KEY_50};
use super::value::MAX_DEPTH;
use crate::diag::{Diagnostic, Diagnostics, code, did_you_mean};
use crate::model::Token;

/// Reads the tokens of one category: those that nothing is wrong with, in the order of the file.
/// None where the file is no TOML.
pub fn read_tokens(
    category: &str,
    origin: &Arc<str>,
    text: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<Token> {
    let mut reader = Reader::new(origin, text, diagnostics);
    reader.check_name("token category", &KEY_50, category);
    let Some(sheet) = reader.parse() else {
        return Vec::new();
    };
    let mut group = Group {
        reader: &mut reader,
        category,
        tokens: Vec::new(),
        seen: BTreeMap::new(),
    };
    group.read("", sheet.root(), 1);
    group.tokens
}

/// Whether a table is a token, and not a group of tokens: it has a `value` that is no table.
pub(super) fn is_token(table: &DeTable<'_>) -> bool {
    table
        .get("value")
        .is_some_and(|value| !matches!(value.as_ref(), DeValue::Table(_)))
}

struct Group<'r, 'a> {
    reader: &'r mut Reader<'a>,
    category: &'r str,
    tokens: Vec<Token>,
    seen: BTreeMap<String, Range<usize>>,
}

impl Group<'_, '_> {
    fn read(&mut self, prefix: &str, table: &DeTable<'_>, depth: usize) {
        for (key, value) in table {
            let name: &str = key.as_ref();
            let path = match prefix {
                "" => name.to_string(),
                prefix => format!("{prefix}.{name}"),
            };
            match value.as_ref() {
                DeValue::String(text) => self.token(path, key, text, value.span(), None),
                DeValue::Table(inner) if is_token(inner) => self.token_table(path, key, inner),
                DeValue::Table(inner) if only_described(inner) => {
                    let message = format!("the token `{}` needs `value`", path.escape_debug());
                    self.reader.error(code::MISSING_KEY, value.span(), message);
                }
                DeValue::Table(_) if depth >= MAX_DEPTH => {
                    let message = format!("tables are nested more than {MAX_DEPTH} levels deep");
                    self.reader.error(code::TOO_DEEP, key.span(), message);
                }
                DeValue::Table(inner) => self.read(&path, inner, depth + 1),
                _ => self.no_text(&path, value),
            }
        }
    }

    fn token_table(&mut self, path: String, key: &Spanned<DeString<'_>>, table: &DeTable<'_>) {
        let mut text = None;
        let mut description = None;
        for (field, value) in table {
            let name: &str = field.as_ref();
            match (name, value.as_ref()) {
                ("value", DeValue::String(value_text)) => {
                    text = Some((value_text, value.span()));
                }
                ("value", _) => self.no_text(&path, value),
                ("description", DeValue::String(words)) => {
                    self.reader.check_text(name, &ANY, words, value.span());
                    description = Some(words.to_string());
                }
                ("description", _) => self.reader.wrong_type(name, "a string", value),
                _ => {
                    let message = format!("a token has no key `{}`", name.escape_debug());
                    let place = self.reader.place(field.span());
                    let hint = did_you_mean(name, ["value", "description"]).unwrap_or_else(|| {
                        format!("`{path}` is a token, so no other token can be below it")
                    });
                    self.reader
                        .report(Diagnostic::error(code::UNKNOWN_KEY, place, message).hint(hint));
                }
            }
        }
        if let Some((text, span)) = text {
            self.token(path, key, text, span, description);
        }
    }

    fn token(
        &mut self,
        path: String,
        key: &Spanned<DeString<'_>>,
        text: &str,
        span: Range<usize>,
        description: Option<String>,
    ) {
        let before = self.reader.count();
        self.reader.check_text("token key", &KEY, &path, key.span());
        self.reader.check_text(&path, &ANY, text, span);
        if let Some(first) = self.seen.get(&path) {
            let first = self.reader.place(first.clone());
            let place = self.reader.place(key.span());
            let message = format!("the token `{}` is defined twice", path.escape_debug());
            let diagnostic = Diagnostic::error(code::DUPLICATE_KEY, place, message);
            self.reader
                .report(diagnostic.related(first, "the first is here"));
        } else {
            self.seen.insert(path.clone(), key.span());
        }
        if self.reader.count() == before {
            self.tokens.push(Token {
                origin: self.reader.origin.clone(),
                key: path,
                category: self.category.to_string(),
                value: text.to_string(),
                description,
            });
        }
    }

    /// A token whose value is no string.
    fn no_text(&mut self, path: &str, value: &Spanned<DeValue<'_>>) {
        let hint = match value.as_ref() {
            DeValue::Integer(number) => Some(format!("put it into quotes: `\"{number}\"`")),
            DeValue::Float(number) => Some(format!("put it into quotes: `\"{number}\"`")),
            _ => None,
        };
        let message = format!(
            "`{}`: expected a string, found {}",
            path.escape_debug(),
            type_name(value.as_ref())
        );
        let place = self.reader.place(value.span());
        self.reader
            .report(Diagnostic::error(code::WRONG_TYPE, place, message).hint_if(hint));
    }
}

/// Whether a table has a description and nothing else, so that it was meant as a token.
fn only_described(table: &DeTable<'_>) -> bool {
    let described = |value: &Spanned<DeValue<'_>>| value.as_ref().as_str().is_some();
    table.len() == 1 && table.get("description").is_some_and(described)
}
