//! Parts of a file (RFC 9110 §14), and whether a client has it already (§13). Pure.

use axum::http::HeaderMap;
use axum::http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

/// What of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// The first byte and the last, counted from 0.
    Bytes(u64, u64),
    /// Nothing that the file has.
    Unsatisfiable,
}

/// What `Range` asks of a file of some size, in bytes. What is not understood, and more than one range,
/// asks for the whole (§14.2).
pub fn part_of(range: &str, size: u64) -> Part {
    let Some((unit, set)) = range.split_once('=') else {
        return Part::Whole;
    };
    let set = set.trim();
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Part::Whole;
    }
    let Some((first, last)) = set.split_once('-') else {
        return Part::Whole;
    };
    match (number(first), number(last)) {
        // The last bytes; of a file that is shorter, all.
        (None, Some(length)) if first.is_empty() => match length.min(size) {
            0 if length == 0 => Part::Unsatisfiable,
            0 => Part::Whole,
            length => Part::Bytes(size - length, size - 1),
        },
        (Some(first), Some(last)) if first > last => Part::Whole,
        (Some(first), last) if last.is_some() || set.ends_with('-') => {
            if first >= size {
                Part::Unsatisfiable
            } else {
                Part::Bytes(first, last.unwrap_or(u64::MAX).min(size - 1))
            }
        }
        _ => Part::Whole,
    }
}

/// A number of digits alone; one that is too large is larger than every file.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// What the headers of a request ask of a file with this entity tag and time.
pub fn wanted(headers: &HeaderMap, etag: &str, modified: Option<Timestamp>, size: u64) -> Part {
    let Some(range) = text(headers, RANGE) else {
        return Part::Whole;
    };
    // The rest of another version would not fit (§13.1.5); a weak tag never compares equal there.
    let fits = match text(headers, IF_RANGE) {
        None => headers.get(IF_RANGE).is_none(),
        Some(condition) if condition.contains('"') => condition.trim() == etag,
        Some(date) => modified.is_some() && read_date(date) == modified.map(to_seconds),
    };
    if fits {
        part_of(range, size)
    } else {
        Part::Whole
    }
}

/// Whether the client has this already: by its tag, else by its time (§13.2.2).
pub fn is_known(headers: &HeaderMap, etag: &str, modified: Option<Timestamp>) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        return headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || bare(tag) == bare(etag));
    }
    let since = text(headers, IF_MODIFIED_SINCE).and_then(read_date);
    match (since, modified) {
        (Some(since), Some(modified)) => to_seconds(modified) <= since,
        _ => false,
    }
}

/// A tag without its weakness, which does not count here (§8.8.3.2).
fn bare(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// A time as headers have it (§5.6.7); `None` for one that no calendar has.
pub fn date(time: Timestamp) -> Option<String> {
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time)
        .ok()
}

fn read_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

/// Headers know no parts of seconds.
fn to_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn text(headers: &HeaderMap, name: axum::http::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        for (range, part) in [
            ("bytes=0-0", Part::Bytes(0, 0)),
            ("bytes=2-", Part::Bytes(2, 9)),
            ("bytes=2-99", Part::Bytes(2, 9)),
            ("Bytes=-3", Part::Bytes(7, 9)),
            ("bytes=-99", Part::Bytes(0, 9)),
            ("bytes=9-99999999999999999999999", Part::Bytes(9, 9)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=5-4", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=1-x", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("nonsense", Part::Whole),
        ] {
            assert_eq!(part_of(range, 10), part, "{range}");
        }
        assert_eq!(part_of("bytes=-5", 0), Part::Whole);
        assert_eq!(part_of("bytes=0-", 0), Part::Unsatisfiable);
    }

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_range_of_another_version_is_the_whole() {
        let time = Timestamp::from_millisecond(1_700_000_000_500).unwrap();
        let date = date(time).unwrap();
        assert_eq!(date, "Tue, 14 Nov 2023 22:13:20 GMT");
        let part = |condition: &str| {
            let headers = headers(&[(RANGE, "bytes=0-1"), (IF_RANGE, condition)]);
            wanted(&headers, "\"a\"", Some(time), 10)
        };
        assert_eq!(part("\"a\""), Part::Bytes(0, 1));
        assert_eq!(part(&date), Part::Bytes(0, 1));
        for other in ["\"b\"", "W/\"a\"", "Tue, 14 Nov 2023 22:13:21 GMT", "?"] {
            assert_eq!(part(other), Part::Whole, "{other}");
        }
    }

    #[test]
    fn what_a_client_has_is_known_by_tag_before_time() {
        let time = Timestamp::from_second(1_700_000_000).unwrap();
        let known = |pairs: &[(HeaderName, &str)]| is_known(&headers(pairs), "\"a\"", Some(time));
        assert!(known(&[(IF_NONE_MATCH, "\"x\", W/\"a\"")]));
        assert!(known(&[(IF_NONE_MATCH, "*")]));
        assert!(!known(&[(IF_NONE_MATCH, "\"x\"")]));
        let same = "Tue, 14 Nov 2023 22:13:20 GMT";
        assert!(known(&[(IF_MODIFIED_SINCE, same)]));
        assert!(!known(&[
            (IF_MODIFIED_SINCE, same),
            (IF_NONE_MATCH, "\"x\"")
        ]));
        assert!(!known(&[(
            IF_MODIFIED_SINCE,
            "Tue, 14 Nov 2023 22:13:19 GMT"
        )]));
        assert!(!known(&[(IF_MODIFIED_SINCE, "yesterday")]));
    }
}
