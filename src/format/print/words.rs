//! TOML as rbgen writes it: keys, texts and free-form values.

use crate::format::number::number_value;
use crate::model::{Table, Value};

/// How long a line may be for a table or array to stand on it.
const LINE: usize = 100;

/// A key: bare where it can be, else in quotes.
pub(super) fn key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match !name.is_empty() && name.bytes().all(bare) {
        true => name.to_string(),
        false => line_text(name),
    }
}

/// A key of a free-form table, where one `$` at the beginning belongs to carriers.
pub(super) fn free_key(name: &str) -> String {
    key(&escaped(name))
}

/// A key of a free-form table as the file has it, before quoting.
pub(super) fn escaped(name: &str) -> String {
    match name.starts_with('$') {
        true => format!("${name}"),
        false => name.to_string(),
    }
}

/// A text on one line: with `"`, or with `'` where a basic string would need escapes.
pub(super) fn line_text(text: &str) -> String {
    let awkward = text.contains(['"', '\\']);
    match awkward && is_literal(text) {
        true => format!("'{text}'"),
        false => basic(text),
    }
}

/// Whether a text can stand between two `'` on one line.
pub(super) fn is_literal(text: &str) -> bool {
    !text.contains(|c: char| c == '\'' || c.is_control())
}

/// A basic string on one line.
pub(super) fn basic(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        push_escaped(&mut out, c);
    }
    out.push('"');
    out
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        c => out.push(c),
    }
}

/// A basic string of many lines. No line of it ends in a space or looks like a line of git's or of
/// front matter.
pub(super) fn lines_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str("\"\"\"\n");
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let last = lines.peek().is_none();
        let marked = line.starts_with("<<<<<<<") || line.starts_with("+++");
        let end = line.trim_end_matches([' ', '\t']).len();
        for (at, c) in line.char_indices() {
            let quote = c == '"' && line[at..].starts_with("\"\"\"");
            let closing = c == '"' && last && at + 1 == line.len();
            match c {
                _ if at == 0 && marked => out.push_str(&format!("\\u{:04X}", u32::from(c))),
                ' ' if at + 1 == line.len() && at >= end => out.push_str("\\u0020"),
                '\t' if at < end => out.push('\t'),
                '"' if !quote && !closing => out.push('"'),
                c => push_escaped(&mut out, c),
            }
        }
        if !last {
            out.push('\n');
        }
    }
    out.push_str("\"\"\"");
    out
}

/// A text as the value of a key; on many lines where `lines` allows that and the text has them.
pub(super) fn text(text: &str, lines: bool) -> String {
    match lines && text.contains('\n') {
        true => lines_text(text),
        false => line_text(text),
    }
}

/// A value on one line.
pub(super) fn inline(value: &Value) -> String {
    let mut out = String::new();
    push_inline(&mut out, value);
    out
}

fn push_inline(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("{ \"$null\" = true }"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&float(*number)),
        Value::Number(text) => out.push_str(&format!("{{ \"$num\" = \"{text}\" }}")),
        Value::Text(text) => out.push_str(&line_text(text)),
        Value::Datetime(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                push_inline(out, item);
            }
            out.push(']');
        }
        Value::Table(table) if table.is_empty() => out.push_str("{}"),
        Value::Table(table) => {
            out.push_str("{ ");
            for (index, (key, value)) in table.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.push_str(&free_key(key));
                out.push_str(" = ");
                push_inline(out, value);
            }
            out.push_str(" }");
        }
    }
}

/// A double as TOML: the shortest digits that give it back.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".into();
    }
    let text = format!("{number:?}");
    // What is read as a `Number` elsewhere is none here: TOML knows that it is a double.
    debug_assert!(number.is_infinite() || text.contains(['.', 'e']) || number_value(&text).is_ok());
    text
}

/// A value as that of a key: texts and arrays may take many lines where `lines` allows it.
pub(super) fn value(value: &Value, lines: bool) -> String {
    match value {
        Value::Text(text) => self::text(text, lines),
        Value::Array(items) if lines && !items.is_empty() => {
            let line = inline(value);
            if line.chars().count() <= LINE {
                return line;
            }
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[\n    {},\n]", items.join(",\n    "))
        }
        other => inline(other),
    }
}

/// Whether a table is short enough to stand on one line, and has no text of many lines.
pub(super) fn is_short(table: &Table) -> bool {
    fn has_lines(value: &Value) -> bool {
        match value {
            Value::Text(text) => text.contains('\n'),
            Value::Array(items) => items.iter().any(has_lines),
            Value::Table(table) => table.values().any(has_lines),
            _ => false,
        }
    }
    !table.values().any(has_lines) && inline_len(table) <= LINE
}

/// The length of a table on one line.
fn inline_len(table: &Table) -> usize {
    inline(&Value::Table(table.clone())).chars().count()
}

/// Appends the entries of a free-form table whose header is written, and then the tables in it that
/// have a header of their own. `path` is the header, each key as it is written; `lines` says whether
/// texts may take many.
pub(super) fn push_entries(out: &mut String, path: &[String], table: &Table, lines: bool) {
    for (key, value) in table.iter().filter(|(_, value)| !has_header(value)) {
        let value = self::value(value, lines);
        out.push_str(&format!("{} = {value}\n", free_key(key)));
    }
    for (key, value) in table.iter().filter(|(_, value)| has_header(value)) {
        let mut path = path.to_vec();
        path.push(free_key(key));
        match value {
            Value::Table(inner) => push_section(out, &path, inner, lines),
            Value::Array(items) => {
                for item in items.iter().filter_map(Value::as_table) {
                    out.push_str(&format!("\n[[{}]]\n", path.join(".")));
                    push_entries(out, &path, item, lines);
                }
            }
            _ => {}
        }
    }
}

/// Appends a table with its header.
pub(super) fn push_section(out: &mut String, path: &[String], table: &Table, lines: bool) {
    out.push_str(&format!("\n[{}]\n", path.join(".")));
    push_entries(out, path, table, lines);
}

/// Whether a value is written below a header of its own.
fn has_header(value: &Value) -> bool {
    match value {
        Value::Table(table) => !table.is_empty() && !is_short(table),
        Value::Array(items) => {
            let mut tables = items.iter().map(Value::as_table);
            let lines = || {
                items
                    .iter()
                    .filter_map(Value::as_table)
                    .any(|one| !is_short(one))
            };
            !items.is_empty() && tables.all(|one| one.is_some_and(|one| !one.is_empty())) && lines()
        }
        _ => false,
    }
}
