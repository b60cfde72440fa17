//! Refuses code that is nested without measure, before it is parsed: each level costs stack in the parser
//! and in all that walks its tree.
//!
//! This looks at bytes and not at tokens, so that it costs nothing, and sees the common nests only. A
//! chain with operands in between, such as `a+a+a…`, passes, because long paths of an SVG look the same;
//! what overflows a stack all the same ends a process that nothing else depends on.

use super::super::{Fault, FaultKind};

/// The most levels of brackets. Code that people write has less than a hundred.
pub(super) const MOST_LEVELS: usize = 300;
/// The most levels of elements. They are more, because texts count that have tags which nothing closes.
pub(super) const MOST_ELEMENTS: usize = 1000;
/// The most operators in a row, such as `!!!!`. Rows of dashes in comments have less.
pub(super) const MOST_OPERATORS: usize = 1000;

/// Fails where the code is nested deeper than that.
pub(super) fn check(code: &str) -> Result<(), Vec<Fault>> {
    let bytes = code.as_bytes();
    let (mut levels, mut elements, mut operators) = (0_usize, 0_usize, 0_usize);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => levels += 1,
            b')' | b']' | b'}' => levels = levels.saturating_sub(1),
            b'<' if opens_element(bytes, at) => elements += 1,
            b'/' if closes_element(bytes, at) => elements = elements.saturating_sub(1),
            _ => {}
        }
        match byte {
            b'!' | b'~' | b'+' | b'-' | b'?' | b'<' | b'=' | b'*' | b'.' | b':' => operators += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => operators = 0,
        }
        let message = if levels > MOST_LEVELS {
            format!("brackets are nested deeper than {MOST_LEVELS} levels")
        } else if elements > MOST_ELEMENTS {
            format!("elements are nested deeper than {MOST_ELEMENTS} levels")
        } else if operators > MOST_OPERATORS {
            format!("more than {MOST_OPERATORS} operators stand in a row")
        } else {
            continue;
        };
        return Err(vec![Fault {
            range: Some(at..code.ceil_char_boundary(at + 1)),
            hint: Some("bring parts of it into functions of their own".to_string()),
            ..Fault::new(FaultKind::Limits, message)
        }]);
    }
    Ok(())
}

/// `<a` and `<>`, but not `x<a` and `f<a>`, which compare or give types.
fn opens_element(bytes: &[u8], at: usize) -> bool {
    let after = bytes.get(at + 1).copied().unwrap_or(b' ');
    let before = at.checked_sub(1).map_or(b' ', |before| bytes[before]);
    let names = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    (after.is_ascii_alphabetic() || after == b'>')
        && !(names(before) || matches!(before, b')' | b']'))
}

/// `</a>` and `/>`.
fn closes_element(bytes: &[u8], at: usize) -> bool {
    bytes.get(at + 1) == Some(&b'>')
        || at
            .checked_sub(1)
            .is_some_and(|before| bytes[before] == b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nested_without_measure_is_refused() {
        for (open, close, most) in [
            ("(", ")", MOST_LEVELS),
            ("[", "]", MOST_LEVELS),
            ("{", "}", MOST_LEVELS),
            ("<a>", "</a>", MOST_ELEMENTS),
            ("<>", "</>", MOST_ELEMENTS),
        ] {
            let nested =
                |levels: usize| format!("{}0{}", open.repeat(levels), close.repeat(levels));
            assert_eq!(check(&nested(most)), Ok(()), "{open}");
            let faults = check(&nested(most + 1)).unwrap_err();
            assert_eq!(faults[0].kind, FaultKind::Limits, "{open}");
        }
        for row in ["!", "- ", "~\n", "?"] {
            assert_eq!(check(&row.repeat(MOST_OPERATORS)), Ok(()), "{row}");
            assert!(check(&row.repeat(MOST_OPERATORS + 1)).is_err(), "{row}");
        }
    }

    #[test]
    fn long_code_that_is_not_nested_passes() {
        for line in [
            "const a = (b[0] as { c: string }).c;\n",
            "if (i<n && n>i) { f<T>(x) }\n",
            "<br/><p>text</p><Row a={<b/>} />",
            "// ------------------------------\n",
            "<path d=\"m1.5-2.3-4.5.7\"/>",
        ] {
            assert_eq!(check(&line.repeat(3000)), Ok(()), "{line}");
        }
    }
}
