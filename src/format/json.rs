//! Values as JSON, for the text of `jsonb`: nothing is lost on the way there or back.
//!
//! What JSON lacks is carried by a table of one key: `{"$float": "-0.0"}` (or `nan`, `inf`, `-inf`)
//! and `{"$datetime": "…"}`. The rule, where a *payload* of `$float` is one of those four texts, and
//! one of `$datetime` the text of a date or time just as rbgen writes it:
//!
//! - A table whose one key is `$float` or `$datetime` and whose value is a payload of it is a carrier.
//! - A table whose one key is that name behind more `$` (`$$float`), and whose value is a payload of
//!   it, stands for the table whose key has one `$` less. So a user's own `{"$float": "nan"}` is
//!   written `{"$$float": "nan"}`, and can be told from a carrier.
//! - Everything else is what it looks like: `{"$ref": "…"}`, `{"$float": 5}`, a table of two keys.
//!
//! The table of a whole column is never a carrier and never escaped: a column is always a table.

#[cfg(test)]
mod tests;

use json_event_parser::{JsonEvent, SliceJsonParser};
use toml::value::Datetime;

use super::number::{float_text, number_value};
use super::value::{MAX_DEPTH, too_fine};
use crate::diag::{Code, FieldPath, Step, code};
use crate::model::{Table, Value};

/// Why a text is no JSON that a value can be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonProblem {
    /// `TOO_DEEP`, `WRONG_TYPE` where a table was needed, or `BAD_VALUE`.
    pub code: Code,
    /// Where in the value.
    pub field: FieldPath,
    /// A sentence without a full stop.
    pub message: String,
}

/// The value of a JSON text, such as `jsonb::text` gives it. Of a key that comes twice the last value
/// counts, as for Postgres.
pub fn read_json(text: &str) -> Result<Value, JsonProblem> {
    Parsing::new(text, MAX_DEPTH, false).value()
}

/// The table of a JSON text that is all of a column: its outermost table is never a carrier.
pub(super) fn read_json_table(text: &str) -> Result<Table, JsonProblem> {
    read_table_within(text, MAX_DEPTH)
}

/// The same, with another limit to its levels.
pub(super) fn read_table_within(text: &str, levels: usize) -> Result<Table, JsonProblem> {
    match Parsing::new(text, levels, true).value()? {
        Value::Table(table) => Ok(table),
        other => {
            let noun = match other.type_name() {
                name @ ("array" | "integer") => format!("an {name}"),
                "null" => "null".to_string(),
                name => format!("a {name}"),
            };
            Err(JsonProblem {
                code: code::WRONG_TYPE,
                field: FieldPath::default(),
                message: format!("expected a table, found {noun}"),
            })
        }
    }
}

/// The JSON text of a value; `read_json` gives the value back.
pub fn write_json(value: &Value) -> String {
    let mut out = String::new();
    write_json_into(&mut out, value);
    out
}

/// The JSON text of a table that is all of a column; `read_json_table` gives the table back.
pub fn write_json_table(table: &Table) -> String {
    let mut out = String::new();
    write_entries(&mut out, table);
    out
}

/// Appends the JSON text of a value.
pub(super) fn write_json_into(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) => match float_payload(*number) {
            Some(payload) => write_carrier(out, FLOAT, payload),
            None => out.push_str(&float_text(*number)),
        },
        Value::Number(text) => out.push_str(text),
        Value::Text(text) => write_text(out, text),
        Value::Datetime(text) => write_carrier(out, DATETIME, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_json_into(out, item);
            }
            out.push(']');
        }
        Value::Table(table) => match table.first_key_value().filter(|_| table.len() == 1) {
            Some((key, Value::Text(payload))) if carried(key, payload).is_some() => {
                write_carrier(out, &format!("${key}"), payload);
            }
            _ => write_entries(out, table),
        },
    }
}

const FLOAT: &str = "$float";
const DATETIME: &str = "$datetime";

fn write_carrier(out: &mut String, key: &str, payload: &str) {
    out.push('{');
    write_text(out, key);
    out.push_str(": ");
    write_text(out, payload);
    out.push('}');
}

fn write_entries(out: &mut String, table: &Table) {
    out.push('{');
    for (index, (key, value)) in table.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_text(out, key);
        out.push_str(": ");
        write_json_into(out, value);
    }
    out.push('}');
}

/// Appends a text as JSON.
pub(super) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c| matches!(c, '"' | '\\' | '\0'..='\x1f')) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            byte => out.push_str(&format!("\\u{byte:04x}")),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// The payload of a double that is no JSON number, or that Postgres would not give back.
fn float_payload(number: f64) -> Option<&'static str> {
    match number {
        _ if number.is_nan() => Some("nan"),
        f64::INFINITY => Some("inf"),
        f64::NEG_INFINITY => Some("-inf"),
        _ if number == 0.0 && number.is_sign_negative() => Some("-0.0"),
        _ => None,
    }
}

/// What a table of one key means where the payload fits the name behind the `$`: the value that it
/// carries, or, behind more than one `$`, a table of its own.
fn carried(key: &str, payload: &str) -> Option<Value> {
    let name = key.trim_start_matches('$');
    let dollars = key.len() - name.len();
    let value = match name {
        "float" => Value::Float(match payload {
            "nan" => f64::NAN,
            "inf" => f64::INFINITY,
            "-inf" => f64::NEG_INFINITY,
            "-0.0" => -0.0,
            _ => return None,
        }),
        "datetime" if is_datetime(payload) => Value::Datetime(payload.to_string()),
        _ => return None,
    };
    match dollars {
        0 => None,
        1 => Some(value),
        _ => {
            let text = Value::Text(payload.to_string());
            Some(Value::Table(Table::from([(key[1..].to_string(), text)])))
        }
    }
}

/// Whether a text is a date or time in the form in which a `Datetime` has it.
fn is_datetime(text: &str) -> bool {
    !too_fine(text)
        && text
            .parse::<Datetime>()
            .is_ok_and(|datetime| datetime.to_string() == text)
}

/// A table or array that is not closed yet.
enum Open {
    Array(Vec<Value>),
    /// With the key whose value comes next.
    Table(Table, Option<String>),
}

struct Parsing<'a> {
    parser: SliceJsonParser<'a>,
    open: Vec<Open>,
    /// How many levels there may be.
    levels: usize,
    /// Whether the outermost table is all of a column.
    column: bool,
}

impl<'a> Parsing<'a> {
    fn new(text: &'a str, levels: usize, column: bool) -> Parsing<'a> {
        Parsing {
            parser: SliceJsonParser::new(text.as_bytes()),
            open: Vec::new(),
            levels,
            column,
        }
    }

    /// No recursion: a row may be nested thousands of levels deep.
    fn value(mut self) -> Result<Value, JsonProblem> {
        let mut whole = None;
        loop {
            let event = match self.parser.parse_next() {
                Ok(event) => event,
                Err(error) => {
                    let message = format!("it is no JSON: {}", error.message());
                    return Err(self.problem(code::BAD_VALUE, message));
                }
            };
            let value = match event {
                JsonEvent::Eof => {
                    return whole.ok_or_else(|| {
                        self.problem(code::BAD_VALUE, "it is no JSON: it is empty".into())
                    });
                }
                JsonEvent::Null => Value::Null,
                JsonEvent::Boolean(flag) => Value::Bool(flag),
                JsonEvent::Number(text) => number_value(&text).map_err(|reason| {
                    self.problem(
                        code::BAD_VALUE,
                        format!("the number is not allowed: {reason}"),
                    )
                })?,
                JsonEvent::String(text) => Value::Text(text.into_owned()),
                JsonEvent::ObjectKey(key) => {
                    if let Some(Open::Table(_, next)) = self.open.last_mut() {
                        *next = Some(key.into_owned());
                    }
                    continue;
                }
                JsonEvent::StartArray => {
                    // A carrier is a table and no level, so of a table it is known only at its end.
                    if self.open.len() >= self.levels {
                        return Err(self.too_deep());
                    }
                    self.open.push(Open::Array(Vec::new()));
                    continue;
                }
                JsonEvent::StartObject => {
                    if self.open.len() > self.levels {
                        return Err(self.too_deep());
                    }
                    self.open.push(Open::Table(Table::new(), None));
                    continue;
                }
                JsonEvent::EndArray | JsonEvent::EndObject => match self.open.pop() {
                    Some(Open::Array(items)) => Value::Array(items),
                    Some(Open::Table(table, _)) => self.closed(table)?,
                    None => continue,
                },
            };
            match self.open.last_mut() {
                None => whole = Some(value),
                Some(Open::Array(items)) => items.push(value),
                Some(Open::Table(table, next)) => {
                    if let Some(key) = next.take() {
                        table.insert(key, value);
                    }
                }
            }
        }
    }

    /// What a table that was closed means.
    fn closed(&self, table: Table) -> Result<Value, JsonProblem> {
        let one = table.first_key_value().filter(|_| table.len() == 1);
        let carrier = match one {
            Some((key, Value::Text(payload))) if !(self.column && self.open.is_empty()) => {
                carried(key, payload)
            }
            _ => None,
        };
        match carrier {
            Some(Value::Table(_)) | None if self.open.len() >= self.levels => Err(self.too_deep()),
            Some(value) => Ok(value),
            None => Ok(Value::Table(table)),
        }
    }

    fn too_deep(&self) -> JsonProblem {
        let message = format!("tables and arrays are nested more than {MAX_DEPTH} levels deep");
        let mut problem = self.problem(code::TOO_DEEP, message);
        // All of the path would be a wall of text, and says nothing.
        problem.field.0.truncate(1);
        problem
    }

    fn problem(&self, code: Code, message: String) -> JsonProblem {
        let step = |open: &Open| match open {
            Open::Array(items) => Some(Step::Index(items.len())),
            Open::Table(_, next) => next.clone().map(Step::Key),
        };
        JsonProblem {
            code,
            field: FieldPath(self.open.iter().map_while(step).collect()),
            message,
        }
    }
}
