//! One process that runs React code, as the build sees it: started, asked and ended. Nothing that it says or
//! does not say stops the build.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;

use super::protocol::{
    Answer, Incoming, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, Request, is_greeting, read_answer,
    write_request,
};
use crate::codec::Writer;
use crate::digest::Digest;
use crate::render::react::Call;

/// The hidden command of `rbgen` that such a process runs.
pub const COMMAND: &str = "react-worker";

/// How long a process may take for an answer. It ends itself long before, even where many others want to
/// compute.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// How long a process that should end by itself has for it.
const FAREWELL: Duration = Duration::from_secs(1);

/// How much is read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// A process. It ends with this value.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    /// `None` when it has been told to end.
    requests: Option<ChildStdin>,
    answers: ChildStdout,
    incoming: Incoming,
    piece: Vec<u8>,
    is_greeted: bool,
    /// The libraries and the code that it has been sent.
    sent: BTreeSet<Digest>,
    /// The components that it has been asked about.
    served: BTreeSet<Digest>,
    /// Whether it has run the code of a component.
    has_rendered: bool,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub code: &'a str,
    /// Of the code.
    pub digest: Digest,
    /// What to render; otherwise the outline is wanted.
    pub call: Option<&'a Call<'a>>,
}

/// Why there is no answer. The process is of no use any more.
#[derive(Debug)]
pub enum End {
    /// It ended, after it had said that it is one of ours.
    Ended(ExitStatus),
    /// It said nothing for too long.
    Silent,
    /// It said what cannot be read.
    Unreadable,
    /// The question is longer than what it takes.
    TooLong,
    /// It never said that it is one of ours; and how it ended, if it has.
    NotOurs(Option<ExitStatus>),
}

impl Child {
    /// Starts the program, an `rbgen`.
    pub fn start(program: &Path) -> io::Result<Child> {
        let mut process = Command::new(program)
            .arg0("rbgen")
            .arg(COMMAND)
            .env_clear()
            .env("TZ", "UTC")
            .current_dir("/")
            // What a terminal sends to the build is for the build, which ends this in its own time.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (requests, answers) = pipes.expect("both are piped");
        let child = Child {
            process,
            requests: Some(requests),
            answers,
            incoming: Incoming::new(MAX_ANSWER_BYTES),
            piece: vec![0; PIECE_BYTES],
            is_greeted: false,
            sent: BTreeSet::new(),
            served: BTreeSet::new(),
            has_rendered: false,
        };
        // So that nothing waits but where there is a deadline.
        if let Some(requests) = &child.requests {
            fcntl_setfl(requests, OFlags::NONBLOCK)?;
        }
        fcntl_setfl(&child.answers, OFlags::NONBLOCK)?;
        Ok(child)
    }

    /// Whether it has been asked about a component.
    pub fn has_served(&self, component: &Digest) -> bool {
        self.served.contains(component)
    }

    /// Whether it has run the code of a component.
    pub fn has_rendered(&self) -> bool {
        self.has_rendered
    }

    /// Whether it has been asked about no other component, so that whatever happens to it is of this one.
    pub fn has_served_only(&self, component: &Digest) -> bool {
        self.served.iter().all(|other| other == component)
    }

    /// Asks, and waits for the answer.
    pub fn ask(&mut self, question: &Question<'_>) -> Result<Answer, End> {
        self.served.insert(question.digest);
        self.has_rendered |= question.call.is_some();
        let deadline = Instant::now() + PATIENCE;
        self.send(question, deadline)?;
        match self.answer(deadline)? {
            // It keeps only so many components.
            Answer::Missing => {
                self.sent.clear();
                self.send(question, deadline)?;
                match self.answer(deadline)? {
                    Answer::Missing => Err(End::Unreadable),
                    answer => Ok(answer),
                }
            }
            answer => Ok(answer),
        }
    }

    /// Sends a question, and what it names as far as the process has not been sent it.
    fn send(&mut self, question: &Question<'_>, deadline: Instant) -> Result<(), End> {
        let mut bytes = Writer::default();
        let mut add = |request: &Request<'_>| {
            let before = bytes.0.len();
            write_request(&mut bytes, request);
            match bytes.0.len() - before <= MAX_REQUEST_BYTES {
                true => Ok(()),
                false => Err(End::TooLong),
            }
        };
        let code = question.digest;
        if !self.sent.contains(&code) {
            let text = question.code;
            add(&Request::Code { digest: code, text })?;
        }
        match question.call {
            None => add(&Request::Outline { code })?,
            Some(call) => {
                let library = call.runtime.digest;
                if !self.sent.contains(&library) {
                    add(&Request::Library(Cow::Borrowed(call.runtime)))?;
                }
                add(&Request::Render {
                    library,
                    code,
                    props: call.props,
                    day: call.day,
                    block: call.block,
                })?;
                self.sent.insert(library);
            }
        }
        self.sent.insert(code);
        self.write(&bytes.0, deadline)
    }

    fn write(&mut self, mut bytes: &[u8], deadline: Instant) -> Result<(), End> {
        while !bytes.is_empty() {
            let Some(requests) = &self.requests else {
                return Err(self.ended());
            };
            match rustix::io::write(requests, bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(Errno::AGAIN) => wait(PollFd::new(requests, PollFlags::OUT), deadline)
                    .map_err(|silent| self.no_answer(silent))?,
                Err(Errno::INTR) => {}
                Err(_) => return Err(self.ended()),
            }
        }
        Ok(())
    }

    /// The next answer.
    fn answer(&mut self, deadline: Instant) -> Result<Answer, End> {
        loop {
            match self.incoming.next() {
                Ok(Some(message)) if self.is_greeted => {
                    // It has been asked once, and answers once.
                    let answer = read_answer(&message).filter(|_| self.incoming.is_empty());
                    return answer.ok_or(End::Unreadable);
                }
                Ok(Some(message)) if is_greeting(&message) => self.is_greeted = true,
                Ok(Some(_)) => return Err(End::NotOurs(None)),
                Err(_) => return Err(self.no_answer(End::Unreadable)),
                Ok(None) => self.read(deadline)?,
            }
        }
    }

    /// Reads what there is, and waits for it where there is nothing.
    fn read(&mut self, deadline: Instant) -> Result<(), End> {
        wait(PollFd::new(&self.answers, PollFlags::IN), deadline)
            .map_err(|silent| self.no_answer(silent))?;
        match rustix::io::read(&self.answers, &mut self.piece) {
            Ok(0) => Err(self.ended()),
            Ok(count) => {
                self.incoming.push(&self.piece[..count]);
                Ok(())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(_) => Err(self.ended()),
        }
    }

    /// Why there is no answer, of a process that has closed its end.
    fn ended(&mut self) -> End {
        match (self.is_greeted, self.farewell()) {
            (true, Some(status)) => End::Ended(status),
            (true, None) => End::Unreadable,
            (false, status) => End::NotOurs(status),
        }
    }

    /// Why there is no answer, of a process that still runs.
    fn no_answer(&self, end: End) -> End {
        match self.is_greeted {
            true => end,
            false => End::NotOurs(None),
        }
    }

    /// How the process ended, if it does so by itself, and soon.
    fn farewell(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + FAREWELL;
        let mut pause = Duration::from_micros(100);
        loop {
            match self.process.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(pause),
                Ok(None) | Err(_) => return None,
            }
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }

    /// Tells the process to end once it has answered, and does not wait for it.
    pub fn dismiss(&mut self) {
        self.requests = None;
    }

    /// Ends the process at once.
    pub fn kill(mut self) {
        // One that has ended cannot be killed, which is as good.
        let _ = self.process.kill();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.dismiss();
        if self.farewell().is_none() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// Waits until something can be read or written.
fn wait(what: PollFd<'_>, deadline: Instant) -> Result<(), End> {
    let mut what = [what];
    loop {
        let rest = deadline.saturating_duration_since(Instant::now());
        let rest = Timespec::try_from(rest).map_err(|_| End::Silent)?;
        match poll(&mut what, Some(&rest)) {
            Ok(0) => return Err(End::Silent),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(_) => return Err(End::Silent),
        }
    }
}
