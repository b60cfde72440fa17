//! What a render asks, noted while it renders, so that the same questions can be asked later.
//!
//! A render that asked the same questions and got the same answers gives the same bytes. Its *trace*
//! is the list of its questions, each with the digest of its answer; it says nothing of the time, the
//! page or the node that it was rendered for, and so it can be held against another build as well as
//! against another node. (What the page itself says is no question: it is part of the job.)

use std::cell::RefCell;
use std::fmt;

use crate::digest::{Digest, Hasher};

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The text of a template, by the name that templates use; also that there is none.
    Template,
    /// The key and the JSON Schema of a component.
    Component,
    /// The zones of a layout.
    Zones,
    /// How Markdown is rendered.
    Markdown,
    /// A field of the site: `name` or `language`.
    Site,
    /// A field of the node.
    Node,
    /// The path of the node's base URL.
    BasePath,
    /// The node's own script.
    Script,
    /// The name of the style sheet of the `theme` or of highlighted `code`.
    Styles,
    /// The name of a component's style sheet.
    ComponentStyles,
    /// The name of an asset of the theme; also that there is none.
    Asset,
    /// The value of a token; also that there is none.
    Token,
    /// Which pages a list has, by the options of `pages(…)` as JSON.
    Pages,
    /// The route of a page by its key; also that the node has none.
    Route,
    /// A field of another page, as `<key>.<field>`.
    Field,
    /// The React code of a component, with the library that renders it.
    React,
    /// How a component that is React code comes to life for a node; also that it does not.
    Island,
    /// The files of the library for browsers.
    Library,
    /// The day of the build.
    Today,
}

const KINDS: [Kind; 19] = [
    Kind::Template,
    Kind::Component,
    Kind::Zones,
    Kind::Markdown,
    Kind::Site,
    Kind::Node,
    Kind::BasePath,
    Kind::Script,
    Kind::Styles,
    Kind::ComponentStyles,
    Kind::Asset,
    Kind::Token,
    Kind::Pages,
    Kind::Route,
    Kind::Field,
    Kind::React,
    Kind::Island,
    Kind::Library,
    Kind::Today,
];

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    pub kind: Kind,
    /// What of its kind; empty where there is only one.
    pub name: String,
}

impl fmt::Display for Question {
    /// What it asks about, in the words of somebody who edits the site.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.kind {
            Kind::Template => write!(f, "the template `{name}`"),
            Kind::Component => write!(f, "the props of the component `{name}`"),
            Kind::Zones => write!(f, "the zones of the layout `{name}`"),
            Kind::Markdown => write!(f, "`[markdown]` in robbieblocks.toml"),
            Kind::Site => write!(f, "`{name}` of the site"),
            Kind::Node => write!(f, "`{name}` of the node"),
            Kind::BasePath => write!(f, "the path of the node's `base_url`"),
            Kind::Script => write!(f, "the node's script"),
            Kind::Styles => write!(f, "the style sheet of the {name}"),
            Kind::ComponentStyles => write!(f, "the style sheet of the component `{name}`"),
            Kind::Asset => write!(f, "the asset `{name}`"),
            Kind::Token => write!(f, "the token `{name}`"),
            Kind::Pages => write!(f, "the list `pages({name})`"),
            Kind::Route => write!(f, "the route of the page `{name}`"),
            Kind::Field => {
                let (key, field) = self.page_field();
                write!(f, "`{field}` of the page `{key}`")
            }
            Kind::React => write!(f, "the code of the component `{name}` or its library"),
            Kind::Island => write!(f, "the script of the component `{name}`"),
            Kind::Library => write!(f, "the library of React components"),
            Kind::Today => write!(f, "the day"),
        }
    }
}

impl Question {
    /// The page and the field that a `Field` is about. Fields have no dots in their names.
    pub fn page_field(&self) -> (&str, &str) {
        page_field(&self.name)
    }
}

/// The page and the field that the name of a `Field` is made of.
pub fn page_field(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or((name, ""))
}

/// The digest of an answer, or of a trace: half a blake3, because there are many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Answer(pub [u8; 16]);

impl Answer {
    /// The answer whose parts these are. `None` is an answer of its own: there is no such thing.
    pub fn of(parts: Option<&[&[u8]]>) -> Answer {
        let mut hasher = Hasher::new("answer");
        match parts {
            None => hasher.number(0),
            Some(parts) => {
                hasher.number(1);
                parts.iter().for_each(|part| {
                    hasher.bytes(part);
                });
                &mut hasher
            }
        };
        Answer::short(&hasher.finish())
    }

    /// The half of a digest.
    pub fn short(digest: &Digest) -> Answer {
        let mut half = [0; 16];
        half.copy_from_slice(&digest.as_bytes()[..16]);
        Answer(half)
    }
}

thread_local! {
    /// The questions of the render that runs on this thread. The template engine calls back without
    /// any context of ours where it resolves the name of a template, so they cannot be handed along.
    static ASKED: RefCell<Option<Vec<Question>>> = const { RefCell::new(None) };
}

/// How many questions are looked through before one is added; longer lists are sorted at the end.
const FEW: usize = 64;

/// Runs a render, and gives what it asked, each question once: in the order in which they were first
/// asked, or sorted where they are many. It must not hand work to other threads; renders do not nest.
pub fn record<T>(render: impl FnOnce() -> T) -> (T, Vec<Question>) {
    ASKED.with_borrow_mut(|asked| {
        debug_assert!(asked.is_none(), "renders do not nest");
        *asked = Some(Vec::with_capacity(FEW / 2));
    });
    let result = render();
    let mut asked = ASKED.take().unwrap_or_default();
    if asked.len() > FEW {
        asked.sort_unstable();
        asked.dedup();
    }
    (result, asked)
}

/// Notes a question of the render that runs, if one does.
pub fn ask(kind: Kind, name: &str) {
    ASKED.with_borrow_mut(|asked| {
        if let Some(asked) = asked {
            let is_same = |other: &Question| other.kind == kind && other.name == name;
            if asked.len() > FEW || !asked.iter().any(is_same) {
                let name = name.to_string();
                asked.push(Question { kind, name });
            }
        }
    });
}

/// Notes that a field of another page was read.
pub fn ask_field(key: &str, field: &str) {
    ASKED.with_borrow_mut(|asked| {
        if let Some(asked) = asked {
            let name = format!("{key}.{field}");
            let kind = Kind::Field;
            asked.push(Question { kind, name });
        }
    });
}

/// The bytes of a trace: for each question its kind, the length of its name (4 bytes), its name and
/// its answer.
pub fn print_trace(questions: &[Question], answer: impl Fn(&Question) -> Answer) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(questions.len() * 40);
    for question in questions {
        bytes.push(question.kind as u8);
        bytes.extend_from_slice(&(question.name.len() as u32).to_le_bytes());
        bytes.extend_from_slice(question.name.as_bytes());
        bytes.extend_from_slice(&answer(question).0);
    }
    bytes
}

/// The id of a trace: equal traces have equal ids.
pub fn trace_id(trace: &[u8]) -> Answer {
    Answer::of(Some(&[trace]))
}

/// A question of a trace, in its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub kind: Kind,
    pub name: &'a str,
    pub answer: Answer,
    /// Where in the trace it begins.
    pub at: usize,
}

impl<'a> Asked<'a> {
    /// The question itself.
    pub fn question(&self) -> Question {
        Question {
            kind: self.kind,
            name: self.name.to_string(),
        }
    }

    /// The page that a `Field` is about.
    pub fn page(&self) -> &'a str {
        page_field(self.name).0
    }
}

/// The questions of a trace, in its bytes. `None` comes where they are not those of a trace, and is
/// the last.
pub fn read_trace(trace: &[u8]) -> impl Iterator<Item = Option<Asked<'_>>> {
    let mut rest = trace;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let at = trace.len() - rest.len();
        let asked = read_asked(&mut rest, at);
        if asked.is_none() {
            rest = &[];
        }
        Some(asked)
    })
}

/// The question that begins at a place of a trace.
pub fn read_question(trace: &[u8], at: usize) -> Option<Asked<'_>> {
    read_asked(&mut trace.get(at..)?, at)
}

fn read_asked<'a>(rest: &mut &'a [u8], at: usize) -> Option<Asked<'a>> {
    let (kind, after) = rest.split_first()?;
    let (length, after) = after.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let (name, after) = after.split_at_checked(length)?;
    let (answer, after) = after.split_first_chunk::<16>()?;
    *rest = after;
    Some(Asked {
        kind: *KINDS.get(usize::from(*kind))?,
        name: std::str::from_utf8(name).ok()?,
        answer: Answer(*answer),
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_their_number() {
        for (number, kind) in KINDS.iter().enumerate() {
            assert_eq!(*kind as usize, number);
        }
    }

    #[test]
    fn a_trace_is_read_as_it_was_noted() {
        let ((), asked) = record(|| {
            ask(Kind::Token, "b");
            ask_field("a.b", "title");
            ask(Kind::Template, "layouts/x.html");
            ask(Kind::Token, "b");
        });
        assert_eq!(asked.len(), 3);
        let answer = |question: &Question| Answer::of(Some(&[question.name.as_bytes()]));
        let trace = print_trace(&asked, answer);
        let read: Vec<_> = read_trace(&trace).map(Option::unwrap).collect();
        assert_eq!(read.len(), 3);
        for (read, asked) in read.iter().zip(&asked) {
            assert_eq!(read.question(), *asked);
            assert_eq!(read.answer, answer(asked));
        }
        assert_eq!(read[1].page(), "a.b");
        assert_eq!(read[1].question().to_string(), "`title` of the page `a.b`");
        for cut in 1..trace.len() {
            let last = read_trace(&trace[..cut]).last();
            assert!(last.is_some());
        }
        assert!(read_trace(&[99, 0]).any(|asked| asked.is_none()));
    }

    #[test]
    fn nothing_is_noted_outside_a_render() {
        ask(Kind::Markdown, "");
        let (_, asked) = record(|| ());
        assert!(asked.is_empty());
    }

    #[test]
    fn no_answer_is_not_an_empty_answer() {
        assert_ne!(Answer::of(None), Answer::of(Some(&[])));
        assert_ne!(Answer::of(Some(&[b""])), Answer::of(Some(&[])));
    }
}
