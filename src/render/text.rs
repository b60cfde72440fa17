//! Text as HTML and as URLs need it.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Text for HTML, also inside double quotes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let reference = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        escaped.push_str(&text[plain..at]);
        escaped.push_str(reference);
        plain = at + 1;
    }
    escaped.push_str(&text[plain..]);
    escaped
}

/// A path as a URL has it (RFC 3986, §3.3): everything but unreserved characters and `/` is
/// percent-encoded.
pub fn encode_path(path: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    Cow::from(utf8_percent_encode(path, KEPT)).into_owned()
}
