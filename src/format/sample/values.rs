//! Texts, keys and free-form tables made from a number.

use super::Dice;
use crate::format::conflict::conflicts;
use crate::format::number::number_value;
use crate::model::{Table, Value};

/// A key that is allowed, of at most so many characters.
pub fn key(dice: &mut Dice, most: usize) -> String {
    let whole = [
        "index", "hero", "home", "a", "a.toml", "a.md", "x.html", "0", "console", "b_-",
    ];
    if dice.one_in(2) {
        return dice.pick(&whole).to_string();
    }
    let letters: Vec<char> = "abcdefghijklmnopqrstuvwxyz0123456789".chars().collect();
    let length = 4 + dice.below(most.max(6) - 5);
    let mut key: String = (0..length).map(|_| *dice.pick(&letters)).collect();
    if dice.one_in(3) {
        key.insert(2, *dice.pick(&['.', '-', '_']));
    }
    key
}

/// Any text without U+0000: what breaks quotes, lines, terminals and merges.
pub fn text(dice: &mut Dice) -> String {
    const PARTS: [&str; 48] = [
        "word",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "\"",
        "'",
        "\"\"\"",
        "'''",
        "\\",
        "\\n",
        "+++",
        "\n+++\n",
        "#",
        "= ",
        "[x]",
        "{",
        "}",
        "$",
        "$file",
        "{{ x }}",
        "<b>",
        "&amp;",
        "ü",
        "e\u{301}",
        "\u{feff}",
        "\u{200b}",
        "\u{202e}",
        "\u{2028}",
        "\u{85}",
        "\u{7f}",
        "\u{1}",
        "\u{1b}[31m",
        "\u{8}",
        "\u{c}",
        "漢字",
        "\u{1f600}",
        "\u{20000}",
        "\u{e0001}",
        "\u{10ffff}",
        "\u{ffff}",
        " \n",
        "\n<<<<<<< a\n",
        "\n=======\n",
        "\n>>>>>>> b\n",
        "trailing \t",
    ];
    (0..dice.below(6)).map(|_| *dice.pick(&PARTS)).collect()
}

pub(super) fn short(dice: &mut Dice, most: usize) -> String {
    text(dice).chars().take(most).collect()
}

pub(super) fn filled(dice: &mut Dice, most: usize) -> String {
    match short(dice, most) {
        text if text.is_empty() => "A name".into(),
        text => text,
    }
}

pub(super) fn long_text(dice: &mut Dice) -> String {
    (0..dice.below(12)).map(|_| text(dice)).collect()
}

/// The text of a file of its own: without conflict markers.
pub(super) fn part(dice: &mut Dice) -> String {
    let text = long_text(dice);
    match conflicts(&text).is_empty() {
        true => text,
        false => String::new(),
    }
}

pub(super) fn free_key(dice: &mut Dice) -> String {
    const KEYS: [&str; 22] = [
        "a",
        "b",
        "title",
        "text",
        "x-y",
        "x.y",
        "",
        " ",
        "$",
        "$$",
        "$null",
        "$num",
        "$float",
        "$$float",
        "$file",
        "$ref",
        "$datetime",
        "é\u{1f600}",
        "\"'",
        "line\nbreak",
        "items",
        "\u{1}",
    ];
    dice.pick(&KEYS).to_string()
}

/// A free-form table of at most so many levels.
pub fn table(dice: &mut Dice, levels: usize) -> Table {
    (0..dice.below(4))
        .map(|_| (free_key(dice), value(dice, levels)))
        .collect()
}

pub(super) fn value(dice: &mut Dice, levels: usize) -> Value {
    const NUMBERS: [&str; 8] = [
        "1.50",
        "1e400",
        "12345678901234567890",
        "-0.000",
        "1e-20",
        "0.1000",
        "99999999999999999999.5",
        "1e16",
    ];
    const DATES: [&str; 5] = [
        "1979-05-27",
        "07:32:00",
        "07:32:00.999999999",
        "1979-05-27T07:32:00",
        "1979-05-27T07:32:00.5-07:00",
    ];
    match dice.below(if levels > 1 { 14 } else { 10 }) {
        0 => Value::Null,
        1 => Value::Bool(dice.one_in(2)),
        2 => Value::Int(*dice.pick(&[0, -1, 5, i64::MIN, i64::MAX])),
        3 => {
            let odd = [
                0.0,
                -0.0,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                1e300,
                5e-324,
                1.5,
                1e16,
            ];
            Value::Float(*dice.pick(&odd))
        }
        4 => {
            let text = *dice.pick(&NUMBERS);
            number_value(text).unwrap_or(Value::Null)
        }
        5 => Value::Datetime(dice.pick(&DATES).to_string()),
        6 => Value::Text(
            dice.pick(&["nan", "-0.0", "1979-05-27", "{}", "true"])
                .to_string(),
        ),
        7..=9 => Value::Text(text(dice)),
        10 | 11 => {
            let items = 0..dice.below(4);
            Value::Array(items.map(|_| value(dice, levels - 1)).collect())
        }
        _ => Value::Table(table(dice, levels - 1)),
    }
}

/// A table of exactly so many levels, at least one.
pub(super) fn deep(dice: &mut Dice, levels: usize) -> Table {
    let mut value = Value::Table(Table::from([("a".into(), Value::Float(f64::NAN))]));
    for _ in 1..levels - 1 {
        value = match dice.one_in(3) {
            true => Value::Array(vec![value]),
            false => Value::Table(Table::from([("b".to_string(), value)])),
        };
    }
    Table::from([("deep".to_string(), value)])
}
