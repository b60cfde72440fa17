//! A quick look over the tags of a page: whether any of them may need something of a policy.

/// Elements that may need something, whatever their attributes are, and those whose content is read
/// in another way than markup.
const ALWAYS: [&[u8]; 11] = [
    b"style",
    b"iframe",
    b"frame",
    b"object",
    b"embed",
    b"base",
    b"applet",
    b"xmp",
    b"noembed",
    b"noframes",
    b"plaintext",
];

/// Elements with addresses that are loaded, or sent to.
const LOADING: [&[u8]; 12] = [
    b"img", b"source", b"video", b"audio", b"track", b"input", b"image", b"use", b"link", b"form",
    b"button", b"feimage",
];

/// Attributes with such addresses.
const ADDRESSES: [&[u8]; 7] = [
    b"href",
    b"src",
    b"srcset",
    b"poster",
    b"action",
    b"formaction",
    b"xlink:href",
];

/// What a `<link>` may be, as its whole `rel`, so that nothing is loaded: nearly every page has a
/// canonical address, and the page would be read for it alone.
const ONLY_NAMING: [&[u8]; 6] = [
    b"canonical",
    b"alternate",
    b"prev",
    b"next",
    b"author",
    b"license",
];

fn is_one_of(name: &[u8], names: &[&[u8]]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether some tag may need something. Errs towards yes; looks at tags only, never at text.
pub(super) fn is_worth_reading(html: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', &html[at..]) {
        at += found + 1;
        let rest = &html[at..];
        if rest.starts_with(b"!--") {
            match comment_length(rest) {
                Some(length) => at += length,
                None => return true,
            }
            continue;
        }
        let is_end = rest.first() == Some(&b'/');
        if !rest
            .get(usize::from(is_end))
            .is_some_and(u8::is_ascii_alphabetic)
        {
            continue;
        }
        let mut tag = Tag {
            html: rest,
            at: usize::from(is_end),
        };
        let name = tag.name();
        let mut worth = !is_end && is_one_of(name, &ALWAYS);
        let mut is_data = false;
        let mut loads = false;
        let mut relation = Relation::None;
        while let Some((attribute, value)) = tag.attribute() {
            // Attributes of an end tag have no effect.
            if is_end {
                continue;
            }
            worth |= may_run_code(attribute, value);
            loads |= is_one_of(attribute, &ADDRESSES) && may_be_elsewhere(value);
            if attribute.eq_ignore_ascii_case(b"type") {
                is_data |= value == b"application/ld+json";
            } else if attribute.eq_ignore_ascii_case(b"rel") {
                relation.note(value);
            }
        }
        if loads && is_one_of(name, &LOADING) {
            let is_link = name.eq_ignore_ascii_case(b"link");
            worth |= !(is_link && relation == Relation::OnlyNaming);
        }
        let is_script = name.eq_ignore_ascii_case(b"script");
        if worth || (is_script && !is_end && !is_data) {
            return true;
        }
        at += tag.at;
        // The content of these is text up to their end, whatever it looks like.
        if !is_end && (is_script || is_one_of(name, &[b"title", b"textarea"])) {
            let Some(next) = memchr::memchr(b'<', &html[at..]) else {
                return false;
            };
            let closes = html[at + next + 1..]
                .strip_prefix(b"/")
                .is_some_and(|rest| {
                    rest.get(..name.len())
                        .is_some_and(|end| end.eq_ignore_ascii_case(name))
                });
            if !closes {
                return true;
            }
            at += next;
        }
    }
    false
}

/// The length of a comment from its `!--`; `None` where it is not of the simplest kind.
fn comment_length(rest: &[u8]) -> Option<usize> {
    let end = memchr::memmem::find(&rest[3..], b"-->")?;
    let content = &rest[3..3 + end];
    (!content.iter().any(|byte| matches!(byte, b'<' | b'>'))).then_some(3 + end + 3)
}

/// A tag, read attribute by attribute as browsers do (WHATWG HTML, §13.2.5.32 and on).
struct Tag<'a> {
    html: &'a [u8],
    at: usize,
}

impl<'a> Tag<'a> {
    fn until(&mut self, ends: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.html[self.at..];
        let length = rest
            .iter()
            .position(|&byte| ends(byte))
            .unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn skip_space(&mut self) {
        self.until(|byte| !byte.is_ascii_whitespace());
    }

    fn name(&mut self) -> &'a [u8] {
        self.until(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'))
    }

    /// The next attribute and its value; `None` at the end of the tag.
    fn attribute(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        self.until(|byte| !(byte.is_ascii_whitespace() || byte == b'/'));
        if matches!(self.html.get(self.at), None | Some(b'>')) {
            return None;
        }
        let start = self.at;
        // A `=` at the start is part of the name.
        self.at += 1;
        self.until(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'='));
        let name = &self.html[start..self.at];
        self.skip_space();
        if self.html.get(self.at) != Some(&b'=') {
            return Some((name, b""));
        }
        self.at += 1;
        self.skip_space();
        let value = match self.html.get(self.at) {
            Some(&quote @ (b'"' | b'\'')) => {
                self.at += 1;
                let value = self.until(|byte| byte == quote);
                self.at = (self.at + 1).min(self.html.len());
                value
            }
            _ => self.until(|byte| byte.is_ascii_whitespace() || byte == b'>'),
        };
        Some((name, value))
    }
}

/// The `rel` of an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    None,
    /// It loads nothing.
    OnlyNaming,
    Other,
}

impl Relation {
    /// Of two attributes only the first counts, but which that is, is not for a quick look to say.
    fn note(&mut self, value: &[u8]) {
        *self = match self {
            Relation::None | Relation::OnlyNaming if ONLY_NAMING.contains(&value) => {
                Relation::OnlyNaming
            }
            _ => Relation::Other,
        };
    }
}

/// Whether an attribute is a style, a handler, or an address that runs code. Ordinary links to other
/// hosts need nothing; only the schemes that run code count there, and character references that
/// could spell one.
fn may_run_code(attribute: &[u8], value: &[u8]) -> bool {
    if attribute.eq_ignore_ascii_case(b"style")
        || (attribute.len() > 2 && attribute[..2].eq_ignore_ascii_case(b"on"))
    {
        return true;
    }
    const REFERENCES: [&[u8]; 4] = [b"#", b"colon", b"Tab", b"New"];
    contains_script_scheme(value)
        || memchr::memchr_iter(b'&', value).any(|at| {
            let after = &value[at + 1..];
            REFERENCES.iter().any(|name| after.starts_with(name))
        })
}

/// Whether an address may lead to another host.
fn may_be_elsewhere(value: &[u8]) -> bool {
    // Two slashes count also where white space is between them that browsers leave out.
    let mut after_slash = false;
    value.iter().any(|&byte| {
        let found = matches!(byte, b':' | b'\\' | b'&')
            || (after_slash && matches!(byte, b'/' | b'\t' | b'\n' | b'\r'));
        after_slash = byte == b'/';
        found
    })
}

fn contains_script_scheme(value: &[u8]) -> bool {
    memchr::memchr2_iter(b'j', b'J', value).any(|at| {
        let letters = value[at..]
            .iter()
            .filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r'));
        letters
            .zip(b"javascript:")
            .take_while(|(byte, expected)| byte.eq_ignore_ascii_case(expected))
            .count()
            == b"javascript:".len()
    })
}
