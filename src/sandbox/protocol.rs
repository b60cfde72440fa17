//! What is said between the build and a process that runs React code: frames, each a length and a message.
//! Each side takes the other's bytes for hostile.

use std::borrow::Cow;
use std::ops::Range;

use crate::codec::{Reader, Writer};
use crate::digest::Digest;
use crate::model::Library;
use crate::render::react::{Fault, FaultKind, MAX_HTML_BYTES, Outline, Rendered, Runtime};

/// What a process says first: that it is an `rbgen` of the same source, whose messages are these.
pub const GREETING: &str = concat!(
    "rbgen react-worker ",
    env!("CARGO_PKG_VERSION"),
    " ",
    env!("RBGEN_SOURCE")
);

/// The most bytes of a frame that a process takes.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024 * 1024;

/// The most bytes of a frame that the build takes: HTML, or a module that has become longer than its code.
pub const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// The most faults of one answer, and the most bytes of one text in them: code may have many, and a message
/// may be what the code has thrown.
const MAX_FAULTS: usize = 100;
const MAX_FAULT_BYTES: usize = 4096;

/// How many bytes the length before a frame has.
const LENGTH_BYTES: usize = 4;

/// What the build says. Only the last two are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// A library, for the requests that name its digest.
    Library(Cow<'a, Runtime>),
    /// The code of a component, for the requests that name its digest.
    Code { digest: Digest, text: &'a str },
    /// What is to be known of a component?
    Outline { code: Digest },
    /// What is its HTML?
    Render {
        library: Digest,
        code: Digest,
        props: &'a str,
        day: i64,
        block: &'a str,
    },
}

/// What a process says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has not, or has no longer, what the request names.
    Missing,
    Outline(Result<Outline, Vec<Fault>>),
    Rendered(Result<Rendered, Fault>),
    /// It was rendered for too long, which is the fault of nothing else that runs in the process.
    Overdue(Fault),
}

/// Bytes that come in, until they are frames.
#[derive(Debug)]
pub struct Incoming {
    bytes: Vec<u8>,
    most: usize,
}

/// A frame that has more bytes than are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Incoming {
    /// Nothing yet, of frames of at most so many bytes.
    pub fn new(most: usize) -> Incoming {
        Incoming {
            bytes: Vec::new(),
            most,
        }
    }

    /// Adds what has been read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The message of the next frame, where all of it has come.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        let Some((length, rest)) = self.bytes.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length) as usize;
        if length > self.most {
            return Err(TooLong);
        }
        let Some(message) = rest.get(..length) else {
            return Ok(None);
        };
        let message = message.to_vec();
        self.bytes.drain(..LENGTH_BYTES + length);
        Ok(Some(message))
    }

    /// Whether there is nothing of another frame.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Adds the greeting, as a frame.
pub fn write_greeting(to: &mut Writer) {
    frame(to, |to| {
        to.text(GREETING);
    });
}

/// Whether a message is the greeting.
pub fn is_greeting(message: &[u8]) -> bool {
    let mut reader = Reader(message);
    reader.text() == Some(GREETING) && reader.0.is_empty()
}

/// Adds a request, as a frame.
pub fn write_request(to: &mut Writer, request: &Request<'_>) {
    frame(to, |to| match request {
        Request::Library(runtime) => {
            to.number(0)
                .flag(runtime.library == Library::React)
                .digest(&runtime.digest)
                .number(runtime.modules.len() as u64);
            for (name, text) in &runtime.modules {
                to.text(name).text(text);
            }
        }
        Request::Code { digest, text } => {
            to.number(1).digest(digest).text(text);
        }
        Request::Outline { code } => {
            to.number(2).digest(code);
        }
        Request::Render {
            library,
            code,
            props,
            day,
            block,
        } => {
            to.number(3)
                .digest(library)
                .digest(code)
                .text(props)
                .number(*day as u64)
                .text(block);
        }
    });
}

/// Reads the message of a request; `None` where it is none.
pub fn read_request(message: &[u8]) -> Option<Request<'_>> {
    let mut from = Reader(message);
    let request = match from.number()? {
        0 => Request::Library(Cow::Owned(Runtime {
            library: match from.flag()? {
                true => Library::React,
                false => Library::Preact,
            },
            digest: from.digest()?,
            modules: (0..from.count()?)
                .map(|_| Some((from.string()?, from.string()?)))
                .collect::<Option<_>>()?,
        })),
        1 => Request::Code {
            digest: from.digest()?,
            text: from.text()?,
        },
        2 => Request::Outline {
            code: from.digest()?,
        },
        3 => Request::Render {
            library: from.digest()?,
            code: from.digest()?,
            props: from.text()?,
            day: from.number()? as i64,
            block: from.text()?,
        },
        _ => return None,
    };
    from.0.is_empty().then_some(request)
}

/// Adds an answer, as a frame. Of faults only the first are said, and of their texts the beginnings.
pub fn write_answer(to: &mut Writer, answer: &Answer) {
    frame(to, |to| match answer {
        Answer::Missing => {
            to.number(0);
        }
        Answer::Outline(Ok(outline)) => {
            to.number(1).flag(outline.interactive).text(&outline.client);
        }
        Answer::Outline(Err(faults)) => {
            let faults = &faults[..faults.len().min(MAX_FAULTS)];
            to.number(2).number(faults.len() as u64);
            for fault in faults {
                write_fault(to, fault);
            }
        }
        Answer::Rendered(Ok(rendered)) => {
            to.number(3).flag(rendered.asked_time).text(&rendered.html);
        }
        Answer::Rendered(Err(fault)) => {
            to.number(4);
            write_fault(to, fault);
        }
        Answer::Overdue(fault) => {
            to.number(5);
            write_fault(to, fault);
        }
    });
}

/// Reads the message of an answer; `None` where it is none.
pub fn read_answer(message: &[u8]) -> Option<Answer> {
    let mut from = Reader(message);
    let answer = match from.number()? {
        0 => Answer::Missing,
        1 => Answer::Outline(Ok(Outline {
            interactive: from.flag()?,
            client: from.string()?,
        })),
        2 => {
            let count = from
                .count()
                .filter(|count| (1..=MAX_FAULTS).contains(count))?;
            let faults = (0..count).map(|_| read_fault(&mut from));
            Answer::Outline(Err(faults.collect::<Option<_>>()?))
        }
        3 => Answer::Rendered(Ok(Rendered {
            asked_time: from.flag()?,
            html: from
                .text()
                .filter(|html| html.len() <= MAX_HTML_BYTES)?
                .into(),
        })),
        4 => Answer::Rendered(Err(read_fault(&mut from)?)),
        5 => Answer::Overdue(read_fault(&mut from)?),
        _ => return None,
    };
    from.0.is_empty().then_some(answer)
}

/// Adds what is written as a frame.
fn frame(to: &mut Writer, write: impl FnOnce(&mut Writer)) {
    let start = to.0.len();
    to.0.extend_from_slice(&[0; LENGTH_BYTES]);
    write(to);
    let end = start + LENGTH_BYTES;
    // A frame that is longer than a number says is refused as too long.
    let length = u32::try_from(to.0.len() - end).unwrap_or(u32::MAX);
    to.0[start..end].copy_from_slice(&length.to_le_bytes());
}

fn write_fault(to: &mut Writer, fault: &Fault) {
    let kind = match fault.kind {
        FaultKind::Syntax => 0,
        FaultKind::Component => 1,
        FaultKind::Import => 2,
        FaultKind::Failed => 3,
        FaultKind::Limits => 4,
        FaultKind::Runner => 5,
        // Whoever asks knows what is missing.
        FaultKind::Packages => 6,
    };
    to.number(kind)
        .text(beginning(&fault.message))
        .maybe(fault.hint.as_deref().map(beginning))
        .flag(fault.range.is_some());
    if let Some(range) = &fault.range {
        to.number(range.start as u64).number(range.end as u64);
    }
}

fn read_fault(from: &mut Reader<'_>) -> Option<Fault> {
    let short = |text: &str| text.len() <= MAX_FAULT_BYTES;
    Some(Fault {
        kind: match from.number()? {
            0 => FaultKind::Syntax,
            1 => FaultKind::Component,
            2 => FaultKind::Import,
            3 => FaultKind::Failed,
            4 => FaultKind::Limits,
            5 => FaultKind::Runner,
            _ => return None,
        },
        message: from.text().filter(|text| short(text))?.to_string(),
        hint: from
            .maybe()?
            .map(|text| short(&text).then_some(text).ok_or(()))
            .transpose()
            .ok()?,
        range: match from.flag()? {
            true => Some(read_range(from)?),
            false => None,
        },
    })
}

fn read_range(from: &mut Reader<'_>) -> Option<Range<usize>> {
    let start = usize::try_from(from.number()?).ok()?;
    let end = usize::try_from(from.number()?).ok()?;
    (start <= end).then_some(start..end)
}

/// As much of a text as is said.
fn beginning(text: &str) -> &str {
    match text.len() <= MAX_FAULT_BYTES {
        true => text,
        false => &text[..text.floor_char_boundary(MAX_FAULT_BYTES)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> Runtime {
        Runtime {
            library: Library::React,
            modules: vec![("react".into(), "export default 1".into())],
            digest: Digest::of_bytes(b"react"),
        }
    }

    fn requests(runtime: &Runtime) -> Vec<Request<'_>> {
        let code = Digest::of_bytes(b"code");
        vec![
            Request::Library(Cow::Borrowed(runtime)),
            Request::Code {
                digest: code,
                text: "export default () => <p/>",
            },
            Request::Outline { code },
            Request::Render {
                library: runtime.digest,
                code,
                props: "{\"a\": \"\u{0}\"}",
                day: -86_400_000,
                block: "chat",
            },
        ]
    }

    fn answers() -> Vec<Answer> {
        let fault = Fault {
            range: Some(3..7),
            hint: Some("end it".into()),
            ..Fault::new(FaultKind::Limits, "too long")
        };
        vec![
            Answer::Missing,
            Answer::Outline(Ok(Outline {
                interactive: true,
                client: "export default 1".into(),
            })),
            Answer::Outline(Err(vec![
                fault.clone(),
                Fault::new(FaultKind::Import, "fs"),
            ])),
            Answer::Rendered(Ok(Rendered {
                html: "<p>\u{0}é</p>".into(),
                asked_time: true,
            })),
            Answer::Rendered(Err(fault.clone())),
            Answer::Overdue(fault),
        ]
    }

    #[test]
    fn what_is_written_is_read_however_it_is_cut() {
        let runtime = runtime();
        let mut written = Writer::default();
        write_greeting(&mut written);
        for request in requests(&runtime) {
            write_request(&mut written, &request);
        }
        for answer in answers() {
            write_answer(&mut written, &answer);
        }
        for size in [1, 7, written.0.len()] {
            let mut incoming = Incoming::new(MAX_REQUEST_BYTES);
            let mut messages = Vec::new();
            for piece in written.0.chunks(size) {
                incoming.push(piece);
                while let Some(message) = incoming.next().expect("no frame is too long") {
                    messages.push(message);
                }
            }
            assert!(incoming.is_empty());
            assert!(is_greeting(&messages[0]));
            for (message, request) in messages[1..].iter().zip(requests(&runtime)) {
                assert_eq!(read_request(message), Some(request));
            }
            for (message, answer) in messages[5..].iter().zip(answers()) {
                assert_eq!(read_answer(message), Some(answer));
            }
            assert_eq!(messages.len(), 1 + 4 + 6);
        }
    }

    #[test]
    fn what_is_cut_off_or_has_more_is_no_message() {
        fn holds(written: &Writer, is_message: impl Fn(&[u8]) -> bool) {
            let message = &written.0[LENGTH_BYTES..];
            let more: Vec<u8> = message.iter().copied().chain([0]).collect();
            assert!(is_message(message) && !is_message(&more));
            for end in 0..message.len() {
                assert!(!is_message(&message[..end]), "{end} of {message:?}");
            }
        }
        let runtime = runtime();
        for request in requests(&runtime) {
            let mut written = Writer::default();
            write_request(&mut written, &request);
            holds(&written, |message| read_request(message).is_some());
        }
        for answer in answers() {
            let mut written = Writer::default();
            write_answer(&mut written, &answer);
            holds(&written, |message| read_answer(message).is_some());
        }
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_before_it_has_come() {
        let mut incoming = Incoming::new(10);
        incoming.push(&11_u32.to_le_bytes());
        assert_eq!(incoming.next(), Err(TooLong));
    }

    #[test]
    fn answers_have_their_bounds() {
        let read_back = |answer: &Answer| {
            let mut written = Writer::default();
            write_answer(&mut written, answer);
            read_answer(&written.0[LENGTH_BYTES..])
        };
        let html = "a".repeat(MAX_HTML_BYTES + 1);
        let rendered = Rendered {
            html,
            asked_time: false,
        };
        assert_eq!(read_back(&Answer::Rendered(Ok(rendered))), None);
        let fault = Fault::new(FaultKind::Failed, "é".repeat(MAX_FAULT_BYTES));
        let Some(Answer::Outline(Err(faults))) =
            read_back(&Answer::Outline(Err(vec![fault; 1000])))
        else {
            panic!("the first faults are read");
        };
        assert_eq!(faults.len(), MAX_FAULTS);
        assert_eq!(faults[0].message, "é".repeat(MAX_FAULT_BYTES / 2));
        assert_eq!(read_back(&Answer::Outline(Err(Vec::new()))), None);
    }
}
