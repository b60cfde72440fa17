//! What a process that runs React code does: reads requests, compiles and renders, and answers. It opens
//! nothing, and takes from itself what it would need for it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::limits::{STATUS_PANIC, STATUS_REQUEST, Watch, renounce, restrict};
use super::protocol::{
    Answer, Incoming, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, Request, read_request, write_answer,
    write_greeting,
};
use crate::codec::Writer;
use crate::digest::Digest;
use crate::render::react::compile::{Compiled, compile};
use crate::render::react::engine::{Engine, Given, THREAD_STACK_BYTES};
use crate::render::react::{Fault, FaultKind, Runtime};

/// The stack of the thread that works, because parsers and engines recurse. Only what is touched is taken.
const STACK_BYTES: usize = 256 * 1024 * 1024;
const _: () = assert!(STACK_BYTES >= THREAD_STACK_BYTES);

/// How many components and libraries are kept, those that were asked for last.
const MOST_COMPONENTS: usize = 32;
const MOST_LIBRARIES: usize = 2;

/// How much is read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Works until standard input ends, or a limit is reached. The statuses are those of `limits`.
pub fn work() -> ! {
    renounce();
    let watch = Arc::new(Watch::new());
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn({
        let watch = Arc::clone(&watch);
        move || {
            let status = catch_unwind(AssertUnwindSafe(|| serve(&watch)));
            std::process::exit(status.unwrap_or(STATUS_PANIC).into());
        }
    });
    let status = match worker {
        Ok(_) => watch.watch(),
        Err(_) => STATUS_PANIC,
    };
    std::process::exit(status.into())
}

/// Answers until there are no more requests.
fn serve(watch: &Arc<Watch>) -> u8 {
    let ends = own(&io::stdin()).and_then(|input| Ok((input, own(&io::stdout())?)));
    let Ok((mut input, mut output)) = ends else {
        return STATUS_REQUEST;
    };
    restrict();
    let mut shelves = Shelves::default();
    let mut incoming = Incoming::new(MAX_REQUEST_BYTES);
    let mut piece = vec![0; PIECE_BYTES];
    let mut outgoing = Writer::default();
    write_greeting(&mut outgoing);
    loop {
        // Whoever asked may be gone, and then nobody wants an answer.
        if !outgoing.0.is_empty() && output.write_all(&outgoing.0).is_err() {
            return 0;
        }
        outgoing = Writer::default();
        let message = loop {
            match incoming.next() {
                Ok(Some(message)) => break message,
                Err(_) => return STATUS_REQUEST,
                Ok(None) => match input.read(&mut piece) {
                    Ok(0) => return 0,
                    Ok(count) => incoming.push(&piece[..count]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => return 0,
                },
            }
        };
        let Some(request) = read_request(&message) else {
            return STATUS_REQUEST;
        };
        if let Some(answer) = answer(&mut shelves, request, watch) {
            write_answer(&mut outgoing, &answer);
            if outgoing.0.len() > MAX_ANSWER_BYTES {
                let fault = Fault::new(FaultKind::Limits, "the component became too long");
                outgoing = Writer::default();
                write_answer(&mut outgoing, &refusal(&answer, fault));
            }
        }
    }
}

/// An end of a pipe without a buffer.
fn own(end: &impl AsFd) -> io::Result<File> {
    Ok(File::from(end.as_fd().try_clone_to_owned()?))
}

/// An answer to the same question, which is a fault.
fn refusal(answer: &Answer, fault: Fault) -> Answer {
    match answer {
        Answer::Rendered(_) | Answer::Overdue(_) => Answer::Rendered(Err(fault)),
        Answer::Missing | Answer::Outline(_) => Answer::Outline(Err(fault.into())),
    }
}

/// What the process keeps, that of which was asked last at the end.
#[derive(Default)]
struct Shelves {
    libraries: Vec<Library>,
    components: Vec<Component>,
}

struct Library {
    runtime: Arc<Runtime>,
    /// Made when something is first rendered, and again after a limit was passed.
    engine: Option<Engine>,
}

struct Component {
    /// Of its code.
    digest: Digest,
    compiled: Result<Compiled, Vec<Fault>>,
}

/// Does what is requested; gives the answer of what is answered.
fn answer(shelves: &mut Shelves, request: Request<'_>, watch: &Arc<Watch>) -> Option<Answer> {
    match request {
        Request::Library(library) => {
            let libraries = &mut shelves.libraries;
            libraries.retain(|other| other.runtime.digest != library.digest);
            libraries.push(Library {
                runtime: Arc::new(library.into_owned()),
                engine: None,
            });
            keep_last(&mut shelves.libraries, MOST_LIBRARIES);
            None
        }
        Request::Code { digest, text } => {
            shelves.components.retain(|other| other.digest != digest);
            shelves.components.push(Component {
                digest,
                compiled: watch.step(|| compile(text)),
            });
            keep_last(&mut shelves.components, MOST_COMPONENTS);
            None
        }
        Request::Outline { code } => Some(match find(&mut shelves.components, &code) {
            None => Answer::Missing,
            Some(component) => Answer::Outline(match &component.compiled {
                Ok(compiled) => Ok(compiled.outline.clone()),
                Err(faults) => Err(faults.clone()),
            }),
        }),
        Request::Render {
            library,
            code,
            props,
            day,
            block,
        } => {
            let given = Given { props, day, block };
            let library = shelves
                .libraries
                .iter_mut()
                .find(|other| other.runtime.digest == library);
            let component = find(&mut shelves.components, &code);
            Some(match library.zip(component) {
                None => Answer::Missing,
                Some((library, component)) => render(component, library, &given, watch)
                    .unwrap_or_else(|fault| Answer::Rendered(Err(fault))),
            })
        }
    }
}

/// Renders in the engine of the library, which is made where there is none.
fn render(
    component: &Component,
    library: &mut Library,
    given: &Given<'_>,
    watch: &Arc<Watch>,
) -> Result<Answer, Fault> {
    let compiled = component
        .compiled
        .as_ref()
        .map_err(|faults| first(faults))?;
    let mut engine = match library.engine.take() {
        Some(engine) => engine,
        None => {
            let is_over = {
                let watch = Arc::clone(watch);
                Box::new(move || watch.is_over())
            };
            watch.step(|| Engine::new(&library.runtime, is_over))?
        }
    };
    let (rendered, is_over) = watch.step(|| {
        let rendered = engine.render(&component.digest, compiled, given);
        (rendered, watch.is_over())
    });
    match rendered {
        // An engine that ran out of something may lack it the next time.
        Err(fault) if fault.kind == FaultKind::Limits => Ok(match is_over {
            true => Answer::Overdue(fault),
            false => Answer::Rendered(Err(fault)),
        }),
        rendered => {
            library.engine = Some(engine);
            Ok(Answer::Rendered(rendered))
        }
    }
}

/// The first of what is wrong with code that cannot be rendered.
fn first(faults: &[Fault]) -> Fault {
    let nothing = || Fault::new(FaultKind::Failed, "the code cannot be compiled");
    faults.first().cloned().unwrap_or_else(nothing)
}

/// The component of a code, which thereby was asked for last.
fn find<'s>(components: &'s mut [Component], code: &Digest) -> Option<&'s mut Component> {
    let at = components.iter().position(|other| other.digest == *code)?;
    components[at..].rotate_left(1);
    components.last_mut()
}

fn keep_last<T>(items: &mut Vec<T>, most: usize) {
    let surplus = items.len().saturating_sub(most);
    items.drain(..surplus);
}
