//! The files `_headers` and `_redirects`, read as Netlify and Cloudflare Pages read them. Pure.

use axum::http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, DATE, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::pattern::{Pattern, fill};

/// A line that says nothing that can be followed; it is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// From 1.
    pub line: usize,
    /// One sentence without a full stop.
    pub message: String,
}

/// A pattern of `_headers`, and what it gives to the paths that it matches.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderRule {
    pattern: Pattern,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Headers that say how an answer is sent, and so are the server's alone.
const OF_THE_SERVER: &[HeaderName] = &[
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    DATE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Reads `_headers`: a pattern on a line of its own, its headers indented below it.
pub fn read_headers(text: &str) -> (Vec<HeaderRule>, Vec<BadLine>) {
    let mut rules: Vec<HeaderRule> = Vec::new();
    let mut bad = Vec::new();
    // Whether the last pattern could be read: the headers of another one are not those of the one before.
    let mut is_known = None;
    for (line, text) in lines(text) {
        let said = if text.starts_with([' ', '\t']) {
            match (is_known, rules.last_mut()) {
                (Some(true), Some(rule)) => {
                    read_header(text.trim()).map(|header| rule.headers.push(header))
                }
                (Some(_), _) => Ok(()),
                (None, _) => Err("a header before the first path".to_string()),
            }
        } else {
            let pattern = Pattern::read(text.trim());
            is_known = Some(pattern.is_ok());
            pattern.map(|pattern| {
                rules.push(HeaderRule {
                    pattern,
                    headers: Vec::new(),
                });
            })
        };
        if let Err(message) = said {
            bad.push(BadLine { line, message });
        }
    }
    (rules, bad)
}

fn read_header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let Some((name, value)) = text.split_once(':') else {
        return Err("a header is `Name: value`".to_string());
    };
    let name = name.trim();
    let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(format!("`{name}` is no name of a header"));
    };
    if OF_THE_SERVER.contains(&header) {
        return Err(format!("`{name}` is said by the server alone"));
    }
    match HeaderValue::from_bytes(value.trim().as_bytes()) {
        Ok(value) => Ok((header, value)),
        Err(_) => Err(format!("the value of `{name}` has control characters")),
    }
}

/// What the rules give to a decoded path. Values of one header from several lines are joined by `, `.
pub fn headers_for(rules: &[HeaderRule], path: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let matching = rules
        .iter()
        .filter(|rule| rule.pattern.matches(path).is_some());
    for (name, value) in matching.flat_map(|rule| &rule.headers) {
        let joined = match headers.get(name) {
            None => value.clone(),
            Some(first) => {
                let bytes = [first.as_bytes(), b", ", value.as_bytes()].concat();
                HeaderValue::from_bytes(&bytes).expect("two values make one")
            }
        };
        headers.insert(name.clone(), joined);
    }
    headers
}

/// A line of `_redirects`.
#[derive(Clone, Debug, PartialEq)]
pub struct Redirect {
    pattern: Pattern,
    to: String,
    /// 200 and 404 are another file at the same address.
    pub status: u16,
    /// Whether it holds even where there is a file.
    pub is_forced: bool,
}

const STATUSES: &[u16] = &[200, 301, 302, 303, 307, 308, 404];

/// Reads `_redirects`: from, to, status.
pub fn read_redirects(text: &str) -> (Vec<Redirect>, Vec<BadLine>) {
    let mut redirects = Vec::new();
    let mut bad = Vec::new();
    for (line, text) in lines(text) {
        match read_redirect(text) {
            Ok(redirect) => redirects.push(redirect),
            Err(message) => bad.push(BadLine { line, message }),
        }
    }
    (redirects, bad)
}

fn read_redirect(text: &str) -> Result<Redirect, String> {
    let words: Vec<&str> = text
        .split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .collect();
    let (from, to, status) = match words.as_slice() {
        [from, to] => (*from, *to, "301"),
        [from, to, status] => (*from, *to, *status),
        [_] => return Err("a redirect is `from to status`".to_string()),
        _ => {
            return Err(
                "a redirect is `from to status`; conditions are not understood here".to_string(),
            );
        }
    };
    let is_path = to.starts_with('/') && !to.starts_with("//");
    if !is_path && !to.starts_with("https://") && !to.starts_with("http://") {
        return Err(format!("`{to}` is neither a path nor an address"));
    }
    let (digits, is_forced) = match status.strip_suffix('!') {
        Some(digits) => (digits, true),
        None => (status, false),
    };
    let known = digits
        .parse()
        .ok()
        .filter(|status| STATUSES.contains(status));
    let Some(status) = known else {
        return Err(format!(
            "`{status}` is none of the statuses 200, 301, 302, 303, 307, 308 and 404"
        ));
    };
    if matches!(status, 200 | 404) && !is_path {
        return Err(format!("`{to}` is on another host, and is not fetched"));
    }
    Ok(Redirect {
        pattern: Pattern::read(from)?,
        to: to.to_string(),
        status,
        is_forced,
    })
}

impl Redirect {
    /// Where it leads from a decoded path, encoded. A slash at the end makes no difference, as at Netlify.
    pub fn target(&self, path: &str) -> Option<String> {
        let other = match path.strip_suffix('/') {
            Some(shorter) => shorter.to_string(),
            None => format!("{path}/"),
        };
        let captures = self
            .pattern
            .matches(path)
            .or_else(|| self.pattern.matches(&other))?;
        Some(fill(&self.to, &captures))
    }
}

/// The lines that say something, counted from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_all_rules_that_match_are_joined() {
        let text = "# of all\n/*\n  X-A: 1\n\tCache-Control: no-cache\n\n/a/*\n  # more\n  x-a: 2\n/b\n  X-B: c:d\n";
        let (rules, bad) = read_headers(text);
        assert_eq!(bad, []);
        let of = |path: &str, name: &str| {
            let value = headers_for(&rules, path).get(name).cloned();
            value.map(|value| value.to_str().unwrap().to_string())
        };
        assert_eq!(of("/a/b", "x-a").as_deref(), Some("1, 2"));
        assert_eq!(of("/b", "x-a").as_deref(), Some("1"));
        assert_eq!(of("/b", "x-b").as_deref(), Some("c:d"));
        assert_eq!(of("/a", "x-b"), None);
    }

    #[test]
    fn bad_lines_of_headers_are_told_and_take_nothing_with_them() {
        let text = "  X-Early: 1\n/ok\n  no colon\n  Bad Name: 1\n  Content-Length: 5\n  X: 1\nhttps://x.org/a\n  X-Lost: 1\n/*/*\n";
        let (rules, bad) = read_headers(text);
        let lines: Vec<usize> = bad.iter().map(|bad| bad.line).collect();
        assert_eq!(lines, [1, 3, 4, 5, 7, 9]);
        let headers = headers_for(&rules, "/ok");
        assert_eq!(headers.len(), 1, "{headers:?}");
    }

    #[test]
    fn redirects_have_a_status_and_may_be_forced() {
        let text =
            "/old /new 301\n/s/* /t/:splat 302! # because\n/plain /x\n/app/* /app/index.html 200\n";
        let (redirects, bad) = read_redirects(text);
        assert_eq!(bad, []);
        let shown: Vec<(u16, bool)> = redirects.iter().map(|r| (r.status, r.is_forced)).collect();
        assert_eq!(
            shown,
            [(301, false), (302, true), (301, false), (200, false)]
        );
        assert_eq!(redirects[0].target("/old").as_deref(), Some("/new"));
        assert_eq!(redirects[0].target("/old/").as_deref(), Some("/new"));
        assert_eq!(redirects[0].target("/older"), None);
        assert_eq!(redirects[1].target("/s/a/b").as_deref(), Some("/t/a/b"));
    }

    #[test]
    fn bad_lines_of_redirects_are_told() {
        let text = "/a\n/a b 301\n/a /b 299\n/a /b 301 Country=de\n/a https://x.org 200\n/a //x.org\nq /b\n/good /b\n";
        let (redirects, bad) = read_redirects(text);
        assert_eq!(redirects.len(), 1);
        let lines: Vec<usize> = bad.iter().map(|bad| bad.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7]);
    }
}
