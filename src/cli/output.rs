//! Standard output and standard error. A reader that went away ends the output quietly; a disk that
//! is full is said, and is an error; nothing panics.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Status;

/// Whether nothing more can be written to standard output.
static CLOSED: AtomicBool = AtomicBool::new(false);
/// Whether that is a fault, and not the wish of the reader.
static FAILED: AtomicBool = AtomicBool::new(false);

/// Prints a line to standard output; colours stay only where they are wanted.
pub fn line(text: impl Display) {
    styled(format_args!("{text}\n"));
}

/// Prints text that has its line breaks to standard output, with colours where they are wanted.
pub fn styled(text: impl Display) {
    let text = text.to_string();
    write(|| {
        let mut stdout = anstream::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    });
}

/// Prints bytes to standard output as they are: a document for a program.
pub fn document(bytes: &[u8]) {
    write(|| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    });
}

/// Prints a line to standard error. Where that is not possible there is nobody to tell.
pub fn note(text: impl Display) {
    let text = format!("{text}\n");
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Whether whoever read standard output went away.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// How the program ends, now that all is said: not well where standard output could not be written.
pub fn ended(status: Status) -> Status {
    match status {
        Status::Done if FAILED.load(Ordering::Relaxed) => Status::ContentErrors,
        status => status,
    }
}

fn write(print: impl FnOnce() -> io::Result<()>) {
    if CLOSED.load(Ordering::Relaxed) {
        return;
    }
    let Err(error) = print() else {
        return;
    };
    CLOSED.store(true, Ordering::Relaxed);
    if error.kind() != ErrorKind::BrokenPipe {
        FAILED.store(true, Ordering::Relaxed);
        note(format_args!(
            "error: standard output cannot be written to: {error}"
        ));
    }
}
