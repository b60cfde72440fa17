//! Free-form values: TOML to `Value`, with the carriers for what TOML lacks.

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};
use toml::value::Datetime;

use super::conflict::{conflict_at, conflicts};
use super::number::number_value;
use super::reader::{Reader, type_name};
use crate::diag::{Diagnostic, Place, code, did_you_mean};
use crate::model::{Table, Value};

/// How many levels of tables and arrays a free-form value may have, its own table included.
pub(super) const MAX_DEPTH: usize = 64;

const CARRIERS: [&str; 5] = ["$null", "$num", "$float", "$datetime", "$file"];

/// Said of a time with more digits than are kept.
const TOO_FINE: &str = "a time has at most nine digits behind the point of its seconds";

/// Whether a date or time has more than nine digits behind the point: the rest would be lost.
pub(super) fn too_fine(text: &str) -> bool {
    let digits = |(_, behind): (&str, &str)| behind.bytes().take_while(u8::is_ascii_digit).count();
    text.split_once('.').map_or(0, digits) > 9
}

impl Reader<'_> {
    /// The free-form table of a field that was checked; empty where it is absent.
    pub(super) fn free(&mut self, value: Option<&Spanned<DeValue<'_>>>) -> Table {
        match value.map(Spanned::as_ref) {
            Some(DeValue::Table(table)) => self.free_table(table, 1),
            _ => Table::new(),
        }
    }

    /// As `free`, where `$file` has no place.
    pub(super) fn free_without_files(&mut self, value: Option<&Spanned<DeValue<'_>>>) -> Table {
        let data_file = self.data_file.take();
        let table = self.free(value);
        self.data_file = data_file;
        table
    }

    fn free_table(&mut self, table: &DeTable<'_>, depth: usize) -> Table {
        let mut out = Table::new();
        for (key, value) in table {
            let name: &str = key.as_ref();
            if !self.check_nul(name, key.span()) {
                continue;
            }
            let name = match name.strip_prefix('$') {
                Some(rest) if rest.starts_with('$') => rest,
                Some(_) => {
                    self.stray_carrier(key, table.len());
                    continue;
                }
                None => name,
            };
            let value = self.value(value, depth);
            out.insert(name.to_string(), value);
        }
        out
    }

    /// A value; where it is wrong, that is reported, and the value is `Null`.
    fn value(&mut self, value: &Spanned<DeValue<'_>>, depth: usize) -> Value {
        let span = value.span();
        let nested = matches!(value.as_ref(), DeValue::Array(_) | DeValue::Table(_));
        if let DeValue::Table(table) = value.as_ref()
            && let Some(carried) = self.carrier(table, value)
        {
            return carried;
        }
        if nested && depth >= MAX_DEPTH {
            let message = format!("tables and arrays are nested more than {MAX_DEPTH} levels deep");
            self.error(code::TOO_DEEP, span, message);
            return Value::Null;
        }
        match value.as_ref() {
            DeValue::String(text) => {
                self.check_nul(text, span);
                Value::Text(text.to_string())
            }
            DeValue::Integer(integer) => {
                match i64::from_str_radix(integer.as_str(), integer.radix()) {
                    Ok(number) => Value::Int(number),
                    Err(_) => self.too_large(integer, value),
                }
            }
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(number) if number.is_infinite() && !float.as_str().contains("inf") => {
                    self.beyond(float.as_str(), value)
                }
                // One NaN of many: its sign means nothing, and no row could keep it.
                Ok(number) if number.is_nan() => Value::Float(f64::NAN),
                Ok(number) => Value::Float(number),
                Err(_) => self.beyond(float.as_str(), value),
            },
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Datetime(datetime) => {
                let written = self.text.get(span.start + self.base..span.end + self.base);
                if written.is_some_and(too_fine) {
                    self.error(code::BAD_VALUE, span, TOO_FINE);
                }
                Value::Datetime(datetime.to_string())
            }
            DeValue::Array(items) => {
                let items = items.iter().map(|item| self.value(item, depth + 1));
                Value::Array(items.collect())
            }
            DeValue::Table(table) => Value::Table(self.free_table(table, depth + 1)),
        }
    }

    fn too_large(&mut self, integer: &DeInteger<'_>, value: &Spanned<DeValue<'_>>) -> Value {
        let digits = integer.as_str();
        let decimal = match integer.radix() {
            10 => Some(digits.strip_prefix('+').unwrap_or(digits).to_string()),
            radix => u128::from_str_radix(digits, radix)
                .ok()
                .map(|n| n.to_string()),
        };
        self.beyond(decimal.as_deref().unwrap_or("…"), value)
    }

    /// Reports a number that TOML cannot hold.
    fn beyond(&mut self, text: &str, value: &Spanned<DeValue<'_>>) -> Value {
        let kind = match value.as_ref() {
            DeValue::Integer(_) => "the integer does not fit into 64 bits",
            _ => "the number is larger than a float can be",
        };
        let text = if text.len() > 60 { "…" } else { text };
        let place = self.place(value.span());
        self.report(
            Diagnostic::error(code::BAD_VALUE, place, kind)
                .hint(format!("write it as `{{ \"$num\" = \"{text}\" }}`")),
        );
        Value::Null
    }

    /// A key of one `$` where there is no carrier.
    fn stray_carrier(&mut self, key: &Spanned<toml::de::DeString<'_>>, siblings: usize) {
        let name: &str = key.as_ref();
        let (message, hint) = if CARRIERS.contains(&name) && siblings > 1 {
            (
                format!("`{name}` must be the only key of its table"),
                Some(format!("a key of your own is written `${name}`")),
            )
        } else if CARRIERS.contains(&name) {
            (
                format!("`{name}` cannot stand for a whole field"),
                Some(format!("a key of your own is written `${name}`")),
            )
        } else {
            (
                format!("`{}` begins with one `$`", name.escape_debug()),
                did_you_mean(name, CARRIERS)
                    .or_else(|| Some(format!("a key of your own is written `${name}`"))),
            )
        };
        let place = self.place(key.span());
        self.report(Diagnostic::error(code::BAD_CARRIER, place, message).hint_if(hint));
    }

    /// The value that a table of one key `$…` carries; `None` for every other table.
    fn carrier(&mut self, table: &DeTable<'_>, whole: &Spanned<DeValue<'_>>) -> Option<Value> {
        let (key, inner) = table.iter().next().filter(|_| table.len() == 1)?;
        let name: &str = key.as_ref();
        if !CARRIERS.contains(&name) {
            return None;
        }
        let carried = match (name, inner.as_ref()) {
            ("$null", DeValue::Boolean(true)) => Ok(Value::Null),
            ("$null", _) => Err("it must be `true`".to_string()),
            (_, DeValue::String(text)) => match name {
                "$num" => number_value(text),
                "$float" => match text.as_ref() {
                    "nan" => Ok(Value::Float(f64::NAN)),
                    "inf" => Ok(Value::Float(f64::INFINITY)),
                    "-inf" => Ok(Value::Float(f64::NEG_INFINITY)),
                    "-0.0" => Ok(Value::Float(-0.0)),
                    _ => Err("it must be `nan`, `inf`, `-inf` or `-0.0`".to_string()),
                },
                "$datetime" if too_fine(text) => Err(TOO_FINE.to_string()),
                "$datetime" => text
                    .parse::<Datetime>()
                    .map(|datetime| Value::Datetime(datetime.to_string()))
                    .map_err(|_| "it is no date or time of TOML".to_string()),
                _ => return Some(self.file(text, inner, whole)),
            },
            (_, other) => Err(format!("expected a string, found {}", type_name(other))),
        };
        Some(carried.unwrap_or_else(|reason| {
            let message = format!("`{name}`: {reason}");
            self.error(code::BAD_CARRIER, inner.span(), message);
            Value::Null
        }))
    }

    /// The text of the file that `$file` names.
    fn file(
        &mut self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        whole: &Spanned<DeValue<'_>>,
    ) -> Value {
        let Some(data_file) = self.data_file else {
            let message = "`$file` has no place here";
            self.error(code::BAD_CARRIER, whole.span(), message);
            return Value::Null;
        };
        let plain = !name.is_empty()
            && name != "."
            && name != ".."
            && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\' | ':'));
        let text = match plain {
            true => data_file(name),
            false => Err(format!(
                "`{}` is no plain file name: the file must lie in the same folder",
                name.escape_debug()
            )),
        };
        match text {
            Ok(text) if text.as_bytes().contains(&0) => {
                let message =
                    format!("`{name}` has the character U+0000, which a database cannot hold");
                self.error(code::DATA_FILE, value.span(), message);
                Value::Null
            }
            Ok(text) => {
                for marker in conflicts(&text) {
                    let folder = self
                        .origin
                        .rfind('/')
                        .map_or("", |end| &self.origin[..=end]);
                    let place = Place::span(format!("{folder}{name}"), marker);
                    self.report(conflict_at(place));
                }
                Value::Text(text)
            }
            Err(message) => {
                self.error(code::DATA_FILE, value.span(), message);
                Value::Null
            }
        }
    }
}
