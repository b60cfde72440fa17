//! Rules for texts: how long one may be and what it may look like, for files and their JSON Schemas.

use super::secret::HIDDEN;
use crate::diag::{Code, code};
use crate::model::{key_problem, route_problem};

/// What a text must be.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    /// The most characters, as the column in the database counts them.
    pub max: Option<usize>,
    /// Whether it may be empty.
    pub empty: bool,
    /// What else is wrong with it.
    pub check: fn(&str) -> Option<Fault>,
    /// The same for a JSON Schema, as near as a regular expression comes.
    pub pattern: Option<&'static str>,
}

/// Why a text is not allowed.
pub(super) struct Fault {
    pub code: Code,
    /// A clause about "it".
    pub reason: String,
    pub hint: Option<String>,
    /// Whether the text may be a secret, so that no message may repeat it.
    pub secret: bool,
}

impl Fault {
    pub(super) fn new(code: Code, reason: impl Into<String>) -> Fault {
        Fault {
            code,
            reason: reason.into(),
            hint: None,
            secret: false,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = Some(hint.into());
        self
    }
}

/// What is wrong with a text by its rule: the code, a sentence that calls the text by `name`, and a
/// hint. The same for files and for rows.
pub(super) fn text_fault(
    name: &str,
    rule: &Rule,
    text: &str,
) -> Option<(Code, String, Option<String>)> {
    if memchr::memchr(0, text.as_bytes()).is_some() {
        return Some((code::BAD_VALUE, NUL.to_string(), None));
    }
    if text.is_empty() && !rule.empty {
        return Some((code::BAD_VALUE, format!("`{name}` is empty"), None));
    }
    if let Some(max) = rule.max
        && text.len() > max
    {
        let length = text.chars().count();
        if length > max {
            let message = format!("`{name}` has {length} characters, and {max} are allowed");
            return Some((code::TOO_LONG, message, None));
        }
    }
    let fault = (rule.check)(text)?;
    let shown = match fault.secret {
        true => HIDDEN.to_string(),
        false => text.escape_debug().to_string(),
    };
    let message = format!("`{shown}` is not allowed as `{name}`: {}", fault.reason);
    Some((fault.code, message, fault.hint))
}

/// Said of U+0000: Postgres holds none in its texts.
pub(super) const NUL: &str = "the text has the character U+0000, which a database cannot hold";

const fn text(max: Option<usize>, empty: bool) -> Rule {
    Rule {
        max,
        empty,
        check: |_| None,
        pattern: None,
    }
}

const fn key(max: usize) -> Rule {
    Rule {
        max: Some(max),
        empty: false,
        check: |text| Some(Fault::new(code::BAD_KEY, key_problem(text)?)),
        pattern: Some("^[a-z0-9][a-z0-9._-]*$"),
    }
}

/// Any text.
pub(super) const ANY: Rule = text(None, true);
/// Any text but an empty one.
pub(super) const FILLED: Rule = text(None, false);
/// At most 255 characters, such as `meta_title`.
pub(super) const TEXT_255: Rule = text(Some(255), true);
/// A `page_name`, `component_name` or `node_name`.
pub(super) const NAME: Rule = text(Some(255), false);
/// A `component_type`.
pub(super) const TEXT_50: Rule = text(Some(50), false);
/// A `version` of a component.
pub(super) const TEXT_20: Rule = text(Some(20), false);
/// A `preview_url`.
pub(super) const TEXT_500: Rule = text(Some(500), true);
/// The key of a page, block, component or token.
pub(super) const KEY: Rule = key(255);
/// The key of an app, a zone, a layout or a category.
pub(super) const KEY_50: Rule = key(50);
/// The id of a node.
pub(super) const KEY_100: Rule = key(100);

/// A `page_route`.
pub(super) const ROUTE: Rule = Rule {
    max: Some(255),
    empty: false,
    check: |text| Some(Fault::new(code::BAD_ROUTE, route_problem(text)?)),
    pattern: Some(r#"^/[^\\?#%<>"|*:]*$"#),
};

/// A BCP 47 language tag, as far as its form goes (RFC 5646, §2.1).
pub(super) const LANGUAGE: Rule = Rule {
    max: None,
    empty: false,
    check: |text| {
        let mut parts = text.split('-');
        let first = parts.next().unwrap_or_default();
        let known = (2..=8).contains(&first.len())
            && first.bytes().all(|b| b.is_ascii_alphabetic())
            || matches!(first, "x" | "i") && text.len() > 2;
        let rest = parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        });
        (!known || !rest).then(|| {
            let fault = Fault::new(code::BAD_VALUE, "it is no BCP 47 language tag");
            match text.contains('_') {
                true => fault.hint(format!("write `{}`", text.replace('_', "-"))),
                false => fault.hint("write it like `en` or `pt-BR`"),
            }
        })
    },
    pattern: Some("^([A-Za-z]{2,8}|[xi])(-[A-Za-z0-9]{1,8})*$"),
};

/// The name of a database. What is refused here may be an address with a password, so it is never
/// repeated.
pub(super) const DATABASE_NAME: Rule = Rule {
    check: |text| {
        Some(Fault {
            secret: true,
            ..(KEY.check)(text)?
        })
    },
    ..KEY
};

/// The name of an environment variable. What is refused here may be an address with a password, so
/// it is never repeated.
pub(super) const VARIABLE: Rule = Rule {
    max: None,
    empty: false,
    check: |text| {
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if begins && text.bytes().all(goes_on) {
            return None;
        }
        let address = text.contains([':', '/', '@', '=', ' ']);
        let reason = match address {
            true => "it looks like the address of a database, and names no environment variable",
            false => "it is no name of an environment variable",
        };
        Some(Fault {
            code: if address {
                code::SECRET_IN_FILE
            } else {
                code::BAD_VALUE
            },
            reason: reason.into(),
            hint: Some(SECRET_HINT.into()),
            secret: true,
        })
    },
    pattern: Some("^[A-Za-z_][A-Za-z0-9_]*$"),
};

/// What to do instead of writing an address into a file.
pub(super) const SECRET_HINT: &str = "set an environment variable such as `DATABASE_URL` to the address, and write `url_env = \"DATABASE_URL\"`";

/// The style sheet of a theme: a path below it, with the ending `.css`.
pub(super) const STYLE_PATH: Rule = Rule {
    max: None,
    empty: false,
    check: |text| {
        let reason = relative_path_problem(text)
            .or_else(|| (!text.ends_with(".css")).then(|| "it does not end with `.css`".into()))?;
        Some(Fault::new(code::BAD_VALUE, reason))
    },
    pattern: Some(r"\.css$"),
};

/// A folder below the site.
pub(super) const FOLDER: Rule = Rule {
    max: None,
    empty: false,
    check: |text| {
        let reason = relative_path_problem(text.strip_suffix('/').unwrap_or(text))?;
        Some(Fault::new(code::BAD_VALUE, reason))
    },
    pattern: None,
};

/// The folders of a site that a build must not write to.
const SOURCES: [&str; 6] = ["content", "themes", "static", "src", ".git", ".rbgen"];

/// The output folder.
pub(super) const OUTPUT: Rule = Rule {
    max: None,
    empty: false,
    check: |text| {
        let path = text.strip_suffix('/').unwrap_or(text);
        let first = path.split('/').next().unwrap_or_default();
        let source = SOURCES
            .into_iter()
            .find(|name| first.eq_ignore_ascii_case(name));
        let reason = match source {
            Some(name) => format!("`{name}` has a part of the site that is not output"),
            None => relative_path_problem(path)?,
        };
        let fault = Fault::new(code::OUTPUT_PLACE, reason);
        Some(fault.hint("name a folder of its own below the site, such as `dist`"))
    },
    pattern: None,
};

/// Why a text is no path below some folder, with `/` and without `.` and `..`.
fn relative_path_problem(path: &str) -> Option<String> {
    if path.starts_with('/') {
        return Some("it is not relative".into());
    }
    if let Some(bad) = path
        .chars()
        .find(|&c| c.is_control() || matches!(c, '\\' | ':' | '<' | '>' | '"' | '|' | '?' | '*'))
    {
        return Some(format!("`{}` is not allowed in it", bad.escape_debug()));
    }
    path.split('/').find_map(|segment| match segment {
        "" => Some("it has an empty segment".into()),
        "." | ".." => Some(format!("`{segment}` is not allowed as a segment")),
        _ => None,
    })
}

/// A base URL. See `base_url_problem`.
pub(super) const BASE_URL: Rule = Rule {
    max: None,
    empty: false,
    check: |text| {
        let (reason, hint) = base_url_problem(text)?;
        let fault = Fault::new(code::BAD_VALUE, reason);
        Some(fault.hint(hint.unwrap_or("write it like `https://play.example.org`")))
    },
    pattern: Some("^https?://"),
};

/// `s3://bucket` or `s3://bucket/prefix`.
pub(super) const BUCKET: Rule = Rule {
    max: None,
    empty: false,
    check: |text| {
        let is_bucket = text.strip_prefix("s3://").is_some_and(|place| {
            let mut parts = place.strip_suffix('/').unwrap_or(place).split('/');
            let is_part = |part: &str| {
                !matches!(part, "" | "." | "..")
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
            };
            parts.all(is_part)
        });
        (!is_bucket).then(|| {
            Fault::new(code::BAD_VALUE, "it is no bucket with a prefix")
                .hint("write it like `s3://bucket/prefix`")
        })
    },
    pattern: Some("^s3://[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/?$"),
};

/// Why a text is no base URL, `http(s)://host[:port][/path]` in ASCII, with a hint.
fn base_url_problem(url: &str) -> Option<(String, Option<&'static str>)> {
    let plain = |reason: &str| Some((reason.to_string(), None));
    let Some(rest) = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
    else {
        return plain("it does not begin with `https://` or `http://`");
    };
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    if rest.contains(['?', '#']) {
        return plain("it has a query or a fragment");
    }
    if authority.contains('@') {
        return plain("it has a user name");
    }
    if let Some(bad) = rest.chars().find(|&c| !c.is_ascii()) {
        let hint = "write the host in Punycode (`xn--…`), and the path with percent signs";
        return Some((format!("`{bad}` is not ASCII"), Some(hint)));
    }
    if let Some(bad) = rest
        .chars()
        .find(|&c| c.is_ascii_control() || c == ' ' || "\"'`<>\\{}|^".contains(c))
    {
        return plain(&format!("`{}` is not allowed in it", bad.escape_debug()));
    }
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => {
            (&authority[..colon], Some(&authority[colon + 1..]))
        }
        _ => (authority, None),
    };
    let v6 = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let good_host = match v6 {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        }),
    };
    if !good_host {
        return plain("it has no host");
    }
    let digits = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    if port.is_some_and(|port| !digits(port) || !matches!(port.parse::<u16>(), Ok(1..))) {
        return plain("its port is no number from 1 to 65535");
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/').skip(1).find_map(|segment| match segment {
        "" => plain("its path has an empty segment"),
        "." | ".." => plain("its path has a segment `.` or `..`"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorts(rule: Rule, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!((rule.check)(text).is_none(), "{text}");
        }
        for text in bad {
            assert!((rule.check)(text).is_some(), "{text}");
        }
    }

    #[test]
    fn base_urls() {
        sorts(
            BASE_URL,
            &[
                "https://play.example.org",
                "http://localhost:4321/",
                "https://x.org/sub/path",
                "https://[::1]:8080/a",
                "http://10.0.0.1",
            ],
            &[
                "play.example.org",
                "ftp://x.org",
                "https://",
                "https:///x",
                "https://x.org?y",
                "https://x.org/#y",
                "https://me:pw@x.org",
                "https://x.org:0",
                "https://x.org:99999",
                "https://x.org:",
                "https://x .org",
                "https://x.org/\"",
                "https://x.org/a//b",
                "https://x.org/../b",
                "https://x..org",
                "https://ü.org",
                "https://[::1",
            ],
        );
    }

    #[test]
    fn outputs_and_paths() {
        sorts(
            OUTPUT,
            &["dist", "dist/", "build/site", "srcs"],
            &[
                ".",
                "..",
                "./dist",
                "/dist",
                "a/../b",
                "content",
                "Content/x",
                "static",
                "src",
                ".git",
                ".rbgen",
                "C:dist",
                "a\\b",
                "a//b",
            ],
        );
        sorts(
            STYLE_PATH,
            &["styles/main.css", "a.css"],
            &["/a.css", "../a.css", "a.scss", "styles//a.css"],
        );
    }

    #[test]
    fn languages() {
        sorts(
            LANGUAGE,
            &["en", "pt-BR", "zh-Hant-TW", "x-klingon", "de-CH-1996"],
            &["e", "english!", "en_US", "en-", "", "123"],
        );
    }

    #[test]
    fn variables_are_names_and_addresses_are_secrets() {
        sorts(VARIABLE, &["DATABASE_URL", "_x1"], &["1X", "A-B", "ä"]);
        for secret in ["postgres://u:p@h/db", "host=h password=p", "u:p@h"] {
            let fault = (VARIABLE.check)(secret).expect("refused");
            assert_eq!(fault.code, code::SECRET_IN_FILE);
            assert!(fault.secret && !fault.reason.contains(secret));
        }
    }
}
