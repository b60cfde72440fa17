//! Numbers of any size: the text of a JSON number to the value that holds it exactly.

use crate::model::Value;

/// Postgres holds this many digits of a `numeric` before the point (PostgreSQL manual, §8.1.2).
const MAX_BEFORE: usize = 131_072;
/// … and this many behind it.
const MAX_BEHIND: usize = 16_383;

/// The value of a JSON number, without loss: an `Int` where the number has no point and fits, a
/// `Float` where the number is written just as `float_text` writes that double, and otherwise a
/// `Number` in the form in which Postgres prints a `numeric` (and so `jsonb`): no exponent, every
/// digit kept, also zeros at the end. The error is a reason, such as `it is no JSON number`.
pub(super) fn number_value(text: &str) -> Result<Value, String> {
    let canonical = canonical_number(text)?;
    if !canonical.contains('.') {
        return Ok(match canonical.parse() {
            Ok(number) => Value::Int(number),
            Err(_) => Value::Number(canonical),
        });
    }
    Ok(match canonical.parse::<f64>() {
        Ok(number) if number.is_finite() && float_text(number) == canonical => Value::Float(number),
        _ => Value::Number(canonical),
    })
}

/// A finite double as a JSON number: its shortest digits that give it back, without exponent and
/// always with a point, as in `1.0`. So an `Int` and a `Float` never have the same text.
pub(super) fn float_text(number: f64) -> String {
    let mut text = number.to_string();
    if !text.contains('.') {
        text.push_str(".0");
    }
    text
}

/// A JSON number (RFC 8259, §6) as Postgres prints the `numeric` of it.
fn canonical_number(text: &str) -> Result<String, String> {
    let no_number = || String::from("it is no JSON number");
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, read_exponent(exponent).ok_or_else(no_number)?),
        None => (unsigned, 0),
    };
    let (whole, behind) = match mantissa.split_once('.') {
        Some((whole, behind)) if !behind.is_empty() => (whole, behind),
        Some(_) => return Err(no_number()),
        None => (mantissa, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let zero_first = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || zero_first || !digits(whole) || !digits(behind) {
        return Err(no_number());
    }

    // The number is 0.<all> times ten to the power of `point`.
    let all: String = [whole, behind].concat();
    let point = whole.len() as i64 + exponent;
    let scale = (behind.len() as i64 - exponent).max(0);
    let zeros = all.len() - all.trim_start_matches('0').len();
    let is_zero = zeros == all.len();
    if !is_zero && point - zeros as i64 > MAX_BEFORE as i64 {
        return Err(format!(
            "it has more than {MAX_BEFORE} digits before the point"
        ));
    }
    if scale > MAX_BEHIND as i64 {
        return Err(format!(
            "it has more than {MAX_BEHIND} digits behind the point"
        ));
    }

    let mut out = String::new();
    if negative && !is_zero {
        out.push('-');
    }
    let digit = |place: i64| {
        usize::try_from(place)
            .ok()
            .and_then(|place| all.as_bytes().get(place))
            .map_or('0', |byte| char::from(*byte))
    };
    let first = zeros as i64;
    if is_zero || point <= first {
        out.push('0');
    } else {
        out.extend((first..point).map(digit));
    }
    if scale > 0 {
        out.push('.');
        out.extend((point..point + scale).map(digit));
    }
    Ok(out)
}

/// An exponent, held within what no number can reach anyway.
fn read_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 40);
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_printed_as_postgres_does() {
        let huge = format!("1{}", "0".repeat(400));
        for (text, canonical) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.00", "0.00"),
            ("0e5", "0"),
            ("0e-3", "0.000"),
            ("0.00e1", "0.0"),
            ("1.50", "1.50"),
            ("1.50e1", "15.0"),
            ("1.5e3", "1500"),
            ("1.5E-3", "0.0015"),
            ("-12e+2", "-1200"),
            ("123.456e-2", "1.23456"),
            ("0.001e3", "1"),
            ("0.001e5", "100"),
            ("1e400", huge.as_str()),
        ] {
            assert_eq!(canonical_number(text).as_deref(), Ok(canonical), "{text}");
        }
        for bad in [
            "", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "1_0", " 1", "1 ", "NaN", "--1",
            "1e1.5", "١",
        ] {
            assert!(canonical_number(bad).is_err(), "{bad}");
        }
        assert!(number_value("1e131071").is_ok());
        assert!(number_value("1e131072").is_err());
        assert!(number_value("0.01e131073").is_ok());
        assert!(number_value("1e-16383").is_ok());
        assert!(number_value("1e-16384").is_err());
        assert!(number_value("1e99999999999999999999999").is_err());
        assert!(number_value("1e-99999999999999999999999").is_err());
    }

    #[test]
    fn the_smallest_type_that_is_exact_is_chosen() {
        let number = |text: &str| number_value(text).unwrap();
        assert_eq!(number("5"), Value::Int(5));
        assert_eq!(number("-9223372036854775808"), Value::Int(i64::MIN));
        assert_eq!(
            number("9223372036854775808"),
            Value::Number("9223372036854775808".into())
        );
        assert_eq!(number("1.0"), Value::Float(1.0));
        assert_eq!(number("1.5e-3"), Value::Float(0.0015));
        assert_eq!(number("1.50"), Value::Number("1.50".into()));
        assert_eq!(
            number("0.1000000000000000055511151231257827"),
            Value::Number("0.1000000000000000055511151231257827".into())
        );
    }

    proptest! {
        #[test]
        fn every_double_and_integer_comes_back(bits: u64, int: i64) {
            prop_assert_eq!(number_value(&int.to_string()), Ok(Value::Int(int)));
            let float = f64::from_bits(bits);
            if float.is_finite() && float_text(float).len() < 300 && float != 0.0 {
                prop_assert_eq!(number_value(&float_text(float)), Ok(Value::Float(float)));
            }
        }

        #[test]
        fn the_canonical_form_is_a_fixed_point(text in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
            let once = canonical_number(&text).unwrap();
            prop_assert_eq!(canonical_number(&once), Ok(once.clone()));
            let (a, b): (f64, f64) = (text.parse().unwrap(), once.parse().unwrap());
            prop_assert_eq!(a, b);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,20}") {
            let _ = number_value(&text);
        }
    }
}
