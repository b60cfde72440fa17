//! One value type for props, metadata and conditions: the union of what TOML and JSON can say.

use std::collections::BTreeMap;

/// A table; its keys have no order, because `jsonb` keeps none.
pub type Table = BTreeMap<String, Value>;

/// A free-form value. Equality is exact: `Int(1)` is not `Float(1.0)`, as in TOML and in the text of
/// `jsonb`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// JSON's null; in TOML the carrier `{ "$null" = true }`.
    Null,
    Bool(bool),
    Int(i64),
    /// A double, also NaN and the infinities; in JSON those are the carrier `{"$float": "nan"}`.
    Float(f64),
    /// A number that neither an `i64` nor a double holds exactly, as its JSON text; in TOML the
    /// carrier `{ "$num" = "1e400" }`.
    Number(String),
    Text(String),
    /// A date, a time or both, as TOML writes it; in JSON the carrier `{"$datetime": "…"}`.
    Datetime(String),
    Array(Vec<Value>),
    Table(Table),
}

impl Value {
    /// What people call its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int(_) => "integer",
            Value::Float(_) | Value::Number(_) => "number",
            Value::Text(_) => "string",
            Value::Datetime(_) => "datetime",
            Value::Array(_) => "array",
            Value::Table(_) => "table",
        }
    }

    /// The text of a `Text`.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of an `Array`.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a `Table`.
    pub fn as_table(&self) -> Option<&Table> {
        match self {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Whether two values say the same: as equality, but that NaN is NaN, and `-0.0` is not `0.0`.
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Float(a), Value::Float(b)) => {
                a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
            }
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Value::Table(a), Value::Table(b)) => same_table(a, b),
            _ => self == other,
        }
    }

    /// The value as JSON, for a JSON Schema to look at. What JSON lacks becomes the text that a
    /// person would write: a datetime is a string, and so are NaN, the infinities and the numbers
    /// that a double cannot hold.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Int(number) => (*number).into(),
            Value::Float(number) => serde_json::Number::from_f64(*number)
                .map_or_else(|| number.to_string().into(), serde_json::Value::Number),
            Value::Number(text) | Value::Text(text) | Value::Datetime(text) => text.clone().into(),
            Value::Array(items) => items.iter().map(Value::to_json).collect(),
            Value::Table(table) => table_to_json(table),
        }
    }
}

/// Whether two tables say the same; see `Value::same`.
pub fn same_table(a: &Table, b: &Table) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|((key, value), (other, beside))| key == other && value.same(beside))
}

fn table_to_json(table: &Table) -> serde_json::Value {
    table
        .iter()
        .map(|(key, value)| (key.clone(), value.to_json()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
