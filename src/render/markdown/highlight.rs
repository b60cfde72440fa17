//! Highlighting: a scanner that knows the words, strings and comments of a language, not its grammar.
//!
//! TextMate grammars give finer colours, but take about 400 µs for twenty lines and tens of
//! milliseconds to load; this takes a few microseconds and nothing to load, and a page must not cost
//! more than about 100 µs.

use pulldown_cmark_escape::escape_html_body_text;

use super::languages::{Kind, Language, Quote, find};
use super::markup;

/// What a piece of code is; each has a class in code.css.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Keyword,
    String,
    Comment,
    Constant,
    Function,
    Variable,
    Tag,
    Inserted,
    Deleted,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Class::Keyword => "hk",
            Class::String => "hs",
            Class::Comment => "hc",
            Class::Constant => "hn",
            Class::Function => "hf",
            Class::Variable => "hv",
            Class::Tag => "ht",
            Class::Inserted => "hi",
            Class::Deleted => "hd",
        }
    }
}

/// Writes code as HTML with spans of classes; `false`, and nothing written, where the language is not
/// known. Without its tags, what is written is the code, escaped.
pub fn highlight(language: &str, code: &str, out: &mut String) -> bool {
    let Some(language) = find(language).filter(|_| code.len() <= MAX_BYTES) else {
        return false;
    };
    out.reserve(code.len() * 3);
    let mut spans = Spans { out };
    match language.kind {
        Kind::Words => {
            Scanner::new(language, code, 0).run(&mut spans);
        }
        Kind::Markup => markup::scan(code, &mut spans),
        Kind::Diff => markup::scan_diff(code, &mut spans),
        Kind::Console => markup::scan_console(code, &mut spans),
    }
    true
}

/// Where the pieces are written to.
pub(super) struct Spans<'o> {
    out: &'o mut String,
}

impl Spans<'_> {
    /// Writes a piece that has a class.
    pub(super) fn classed(&mut self, class: Class, text: &str) {
        if text.is_empty() {
            return;
        }
        self.out.push_str("<span class=\"");
        self.out.push_str(class.name());
        self.out.push_str("\">");
        self.plain(text);
        self.out.push_str("</span>");
    }

    /// Writes a piece that has none.
    pub(super) fn plain(&mut self, text: &str) {
        // Writing to a `String` cannot fail.
        let _ = escape_html_body_text(&mut *self.out, text);
    }
}

/// Longer code stays plain: it is data, and nobody reads its colours.
const MAX_BYTES: usize = 64 * 1024;

/// How deep code may stand in strings in code.
const MAX_DEPTH: usize = 8;

/// A scan of code of one language.
pub(super) struct Scanner<'a> {
    language: &'static Language,
    code: &'a str,
    at: usize,
    depth: usize,
    /// Open `{`.
    braces: usize,
    /// Whether only white space and `-` came before on this line.
    line_start: bool,
    /// Whether there was a `:` in this statement.
    colon: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(language: &'static Language, code: &'a str, depth: usize) -> Scanner<'a> {
        Scanner {
            language,
            code,
            at: 0,
            depth,
            braces: 0,
            line_start: true,
            colon: false,
        }
    }

    fn rest(&self) -> &'a str {
        &self.code[self.at..]
    }

    /// Scans to the end, or to a `}` that closes nothing where the code stands in a string. Gives the
    /// number of bytes that were scanned.
    pub(super) fn run(mut self, spans: &mut Spans<'_>) -> usize {
        // What has no class yet begins here.
        let mut plain = 0;
        while let Some(c) = self.rest().chars().next() {
            let start = self.at;
            match c {
                '\n' => self.line_start = true,
                '{' => self.braces += 1,
                '}' if self.braces > 0 => self.braces -= 1,
                '}' if self.depth > 0 => break,
                _ => {}
            }
            self.colon = match c {
                ':' => true,
                ';' | '{' | '}' => false,
                _ => self.colon,
            };
            match self.piece(c) {
                Piece::Plain(length) => self.at += length,
                Piece::Classed(class, length) => {
                    spans.plain(&self.code[plain..start]);
                    spans.classed(class, &self.code[start..start + length]);
                    self.at += length;
                    plain = self.at;
                }
                Piece::String(quote, open) => {
                    spans.plain(&self.code[plain..start]);
                    self.string(quote, open, spans);
                    plain = self.at;
                }
            }
            if !(c.is_whitespace() || c == '-') {
                self.line_start = false;
            }
        }
        spans.plain(&self.code[plain..self.at]);
        self.at
    }

    fn piece(&self, c: char) -> Piece {
        let language = self.language;
        let rest = self.rest();
        let after_space = || self.code[..self.at].ends_with(char::is_whitespace) || self.at == 0;
        for (open, close) in language.block_comments {
            if begins_with(rest, open) {
                let length = block_length(rest, open, close, language.nested);
                return Piece::Classed(Class::Comment, length);
            }
        }
        for open in language.line_comments {
            if begins_with(rest, open) && (!language.spaced_comments || after_space()) {
                return Piece::Classed(Class::Comment, line_length(rest));
            }
        }
        if let Some(length) = raw_string(language, rest) {
            return Piece::Classed(Class::String, length);
        }
        if language.lifetimes
            && c == '\''
            && let Some(length) = lifetime(rest)
        {
            return Piece::Classed(Class::Variable, length);
        }
        for quote in language.quotes {
            if begins_with(rest, quote.open) {
                return Piece::String(quote, quote.open.len());
            }
        }
        if c.is_ascii_digit() {
            return Piece::Classed(Class::Constant, number_length(rest));
        }
        if language.variables.contains(c)
            && let Some(length) = variable_length(rest)
        {
            return Piece::Classed(Class::Variable, length);
        }
        if language.directives.contains(c) {
            let word = word_length(&rest[1..], language);
            if word > 0 && (c != '#' || self.line_start) {
                let class = if c == '@' && !language.at_keywords {
                    Class::Function
                } else {
                    Class::Keyword
                };
                return Piece::Classed(class, 1 + word);
            }
        }
        if language.sections && self.line_start && c == '[' {
            return Piece::Classed(Class::Tag, section_length(rest));
        }
        if language.css && matches!(c, '.' | '#') {
            let word = word_length(&rest[1..], language);
            if word > 0 {
                let class = if self.braces > 0 && c == '#' && self.is_value() {
                    Class::Constant
                } else {
                    Class::Function
                };
                return Piece::Classed(class, 1 + word);
            }
        }
        let word = word_length(rest, language);
        if word == 0 {
            return Piece::Plain(c.len_utf8());
        }
        self.word(&rest[..word], &rest[word..])
    }

    fn word(&self, word: &str, after: &str) -> Piece {
        let language = self.language;
        let length = word.len();
        let next = after.trim_start_matches([' ', '\t']);
        if language.colon_keys && self.line_start && is_colon_key(after) {
            return Piece::Classed(Class::Tag, length);
        }
        if language.equal_keys && next.starts_with('=') && !next.starts_with("==") {
            return Piece::Classed(Class::Tag, length);
        }
        if language.css {
            return match () {
                () if after.starts_with('(') => Piece::Classed(Class::Function, length),
                () if self.is_value() => Piece::Classed(Class::Constant, length),
                () if self.braces > 0 && is_property(after) => {
                    Piece::Classed(Class::Constant, length)
                }
                () => Piece::Classed(Class::Tag, length),
            };
        }
        let is_in = |words: &[&str]| {
            words.iter().any(|known| {
                if language.any_case {
                    known.eq_ignore_ascii_case(word)
                } else {
                    known.len() == length && begins_with(word, known)
                }
            })
        };
        // A field of a keyword's name is no keyword.
        let is_field = self.code[..self.at].ends_with('.') && !self.code[..self.at].ends_with("..");
        if !is_field && is_in(language.keywords) {
            return Piece::Classed(Class::Keyword, length);
        }
        if !is_field && is_in(language.constants) {
            return Piece::Classed(Class::Constant, length);
        }
        if language.macros && after.starts_with('!') && !after.starts_with("!=") {
            return Piece::Classed(Class::Function, length + 1);
        }
        if language.calls && (after.starts_with('(') || self.is_defined_here()) {
            return Piece::Classed(Class::Function, length);
        }
        if language.capital_types && word.starts_with(char::is_uppercase) {
            let is_constant = length > 1 && !word.contains(char::is_lowercase);
            let class = if is_constant {
                Class::Constant
            } else {
                Class::Variable
            };
            return Piece::Classed(class, length);
        }
        Piece::Plain(length)
    }

    /// Whether a word that begins the definition of a function is just before this.
    fn is_defined_here(&self) -> bool {
        let before = self.code[..self.at].trim_end_matches(' ');
        if before.len() == self.at {
            return false;
        }
        ["fn", "def", "func", "fun", "function"]
            .iter()
            .filter_map(|word| before.strip_suffix(word))
            .any(|earlier| !earlier.ends_with(char::is_alphanumeric))
    }

    /// In CSS, whether the value of a declaration comes here.
    fn is_value(&self) -> bool {
        self.braces > 0 && self.colon && !before_block(self.rest())
    }

    /// Writes a string, with the code and the variables that stand in it.
    fn string(&mut self, quote: &Quote, open: usize, spans: &mut Spans<'_>) {
        let mut start = self.at;
        let mut at = self.at + open;
        while let Some(c) = self.code[at..].chars().next() {
            let rest = &self.code[at..];
            if rest.starts_with(quote.close) {
                at += quote.close.len();
                break;
            }
            if c == '\n' && !quote.lines {
                break;
            }
            if c == '\\' && quote.escapes {
                at += 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                continue;
            }
            if quote.holes && c == '$' && rest.starts_with("${") && self.depth < MAX_DEPTH {
                spans.classed(Class::String, &self.code[start..at]);
                spans.plain("${");
                let inner = Scanner::new(self.language, &self.code[at + 2..], self.depth + 1);
                at += 2 + inner.run(spans);
                start = at;
                if self.code[at..].starts_with('}') {
                    spans.plain("}");
                    at += 1;
                    start = at;
                }
                continue;
            }
            if quote.variables
                && c == '$'
                && let Some(length) = variable_length(rest)
            {
                spans.classed(Class::String, &self.code[start..at]);
                spans.classed(Class::Variable, &rest[..length]);
                at += length;
                start = at;
                continue;
            }
            at += c.len_utf8();
        }
        let after = self.code[at..].trim_start_matches([' ', '\t']);
        let class = if self.language.string_keys && after.starts_with(':') {
            Class::Tag
        } else {
            Class::String
        };
        spans.classed(class, &self.code[start..at]);
        self.at = at;
    }
}

enum Piece {
    Plain(usize),
    Classed(Class, usize),
    String(&'static Quote, usize),
}

/// Whether a text begins with another, which is not empty. It is asked of every character, and most
/// often the first byte says no.
fn begins_with(text: &str, start: &str) -> bool {
    text.as_bytes().first() == start.as_bytes().first() && text.starts_with(start)
}

fn line_length(text: &str) -> usize {
    memchr::memchr(b'\n', text.as_bytes()).unwrap_or(text.len())
}

fn block_length(text: &str, open: &str, close: &str, nested: bool) -> usize {
    let mut at = open.len();
    let mut depth = 1;
    while depth > 0 {
        let rest = &text[at..];
        let Some(end) = rest.find(close) else {
            return text.len();
        };
        match rest.find(open) {
            Some(inner) if nested && inner < end => {
                depth += 1;
                at += inner + open.len();
            }
            _ => {
                depth -= 1;
                at += end + close.len();
            }
        }
    }
    at
}

/// `r#"…"#` of Rust, with `b` and `c` before it.
fn raw_string(language: &Language, text: &str) -> Option<usize> {
    if !language.raw_strings {
        return None;
    }
    let after = text
        .strip_prefix(['b', 'c'])
        .unwrap_or(text)
        .strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].strip_prefix('"')?;
    let open = text.len() - after.len() + hashes + 1;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = text[open..].find(&close);
    Some(end.map_or(text.len(), |end| open + end + close.len()))
}

/// `'a` that is no character literal.
fn lifetime(text: &str) -> Option<usize> {
    let name = &text[1..];
    let first = name.chars().next()?;
    let length = name
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(name.len());
    let is_literal = name[first.len_utf8()..].starts_with('\'');
    (length > 0 && !first.is_ascii_digit() && !is_literal).then_some(1 + length)
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        let is_sign = matches!(byte, b'+' | b'-')
            && at > 0
            && matches!(bytes[at - 1], b'e' | b'E')
            && !text.starts_with("0x")
            && next.is_ascii_digit();
        let is_part = byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'%')
            || (byte == b'.' && next.is_ascii_digit())
            || is_sign;
        if !is_part {
            break;
        }
        at += 1;
    }
    at
}

/// `$name`, `${…}`, `$1`, `@name`.
fn variable_length(text: &str) -> Option<usize> {
    let after = &text[1..];
    if after.starts_with('{') {
        let end = after[..line_length(after)].find('}')?;
        return Some(1 + end + 1);
    }
    let length = after
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(after.len());
    match length {
        0 => {
            let special = after.chars().next().filter(|c| "@*#?!$-".contains(*c))?;
            (text.starts_with('$')).then_some(1 + special.len_utf8())
        }
        length => Some(1 + length),
    }
}

fn word_length(text: &str, language: &Language) -> usize {
    let is_start = |c: char| c.is_alphabetic() || c == '_' || language.word_starts.contains(c);
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || language.word_parts.contains(c);
    match text.chars().next() {
        Some(first) if is_start(first) => text.find(|c| !is_part(c)).unwrap_or(text.len()),
        _ => 0,
    }
}

/// `[section]` of TOML and its like, up to the last `]` of the line.
fn section_length(text: &str) -> usize {
    text[..line_length(text)].rfind(']').map_or(1, |at| at + 1)
}

fn is_colon_key(after: &str) -> bool {
    after
        .strip_prefix(':')
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// In CSS, whether the name of a property is before this.
fn is_property(after: &str) -> bool {
    after.trim_start_matches(' ').starts_with(':') && !before_block(after)
}

/// In CSS, whether this is part of a selector, and no declaration.
fn before_block(text: &str) -> bool {
    let end = text.find([';', '{', '}']);
    end.is_some_and(|at| text[at..].starts_with('{'))
}
