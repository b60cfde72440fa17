//! What is said of a process that gave no answer, to somebody who edits a site; and who is to blame.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::child::{End, PATIENCE};
use super::limits::{MOST_COMPUTING, MOST_WAITING};
use super::limits::{STATUS_COMPUTING, STATUS_PANIC, STATUS_WAITING};
use crate::render::react::{Fault, FaultKind};

/// Whether the component that a process was asked about is to blame for what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    Certain,
    /// It is if the process has run no other.
    IfAlone,
    /// Somebody may have killed the process.
    Unknown,
}

/// The fault of a process that gave no answer.
pub fn of_end(end: &End) -> (Fault, Blame) {
    let limits = |message: String| Fault::new(FaultKind::Limits, message);
    let runner = |message: String| Fault::new(FaultKind::Runner, message);
    match end {
        End::Ended(status) => of_status(*status),
        End::Silent => {
            let seconds = PATIENCE.as_secs();
            (
                limits(format!("the component was not rendered within {seconds} s")),
                Blame::IfAlone,
            )
        }
        End::Unreadable => (
            limits("the process that runs the component answered nothing that can be read".into()),
            Blame::IfAlone,
        ),
        End::TooLong => (
            limits("the code of the component or its props are too long".into()),
            Blame::Certain,
        ),
        End::NotOurs(None) => (
            runner("the program that runs React components is not this version of rbgen".into()),
            Blame::Certain,
        ),
        End::NotOurs(Some(status)) => (
            runner(format!(
                "the program that runs React components ended at its start: {status}"
            )),
            match status.signal() {
                Some(_) => Blame::Unknown,
                None => Blame::Certain,
            },
        ),
    }
}

/// Signals have the same numbers wherever there is rbgen.
const SIGKILL: i32 = 9;
/// What ends a process that has no memory or no stack left, or whose code is broken.
const CRASHES: [(i32, &str); 5] = [
    (4, "SIGILL"),
    (6, "SIGABRT"),
    (8, "SIGFPE"),
    (11, "SIGSEGV"),
    // Of Linux, and of macOS.
    (if cfg!(target_os = "linux") { 7 } else { 10 }, "SIGBUS"),
];

fn of_status(status: ExitStatus) -> (Fault, Blame) {
    let limits = |message: String| Fault::new(FaultKind::Limits, message);
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    if let Some((_, name)) = CRASHES
        .iter()
        .find(|(number, _)| Some(*number) == status.signal())
    {
        let message =
            format!("the code of the component took too much memory or nested too deeply ({name})");
        return (limits(message), Blame::IfAlone);
    }
    match (code, status.signal()) {
        (Some(STATUS_COMPUTING), _) => {
            let seconds = MOST_COMPUTING.as_secs();
            let fault = Fault {
                hint: Some("look for a loop that does not end".into()),
                ..limits(format!(
                    "the code of the component took more than {seconds} s"
                ))
            };
            (fault, Blame::Certain)
        }
        (Some(STATUS_WAITING), _) => {
            let seconds = MOST_WAITING.as_secs();
            (
                limits(format!(
                    "the code of the component waited for more than {seconds} s"
                )),
                Blame::IfAlone,
            )
        }
        (Some(STATUS_PANIC), _) => (
            limits("the code of the component cannot be compiled or run: rbgen fails at it".into()),
            Blame::IfAlone,
        ),
        (_, Some(SIGKILL)) => (
            limits(
                "the process that runs the component was killed (SIGKILL), perhaps because it took too much memory"
                    .into(),
            ),
            Blame::Unknown,
        ),
        _ => (
            limits(format!(
                "the process that runs the component was ended: {status}"
            )),
            Blame::Unknown,
        ),
    }
}

/// The fault of a program that cannot be started.
pub fn no_start(error: &io::Error) -> Fault {
    let message = format!("the process that runs React components cannot be started: {error}");
    Fault::new(FaultKind::Runner, message)
}

/// The fault of a process that answered another question.
pub fn wrong_answer() -> Fault {
    let message = "the process that runs React components answered another question";
    Fault::new(FaultKind::Runner, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_process_ended_tells_what_the_component_did() {
        // A status as wait(2) gives it: the signal, or the exit status in the next byte.
        let of = |raw: i32| of_status(ExitStatus::from_raw(raw));
        let exited = |status: u8| of(i32::from(status) << 8);
        for (ended, blame, says) in [
            (
                exited(STATUS_COMPUTING),
                Blame::Certain,
                "took more than 2 s",
            ),
            (
                exited(STATUS_WAITING),
                Blame::IfAlone,
                "waited for more than 10 s",
            ),
            (exited(STATUS_PANIC), Blame::IfAlone, "rbgen fails at it"),
            (exited(1), Blame::Unknown, "exit status: 1"),
            (
                of(6),
                Blame::IfAlone,
                "too much memory or nested too deeply (SIGABRT)",
            ),
            (
                of(11),
                Blame::IfAlone,
                "too much memory or nested too deeply (SIGSEGV)",
            ),
            (of(9), Blame::Unknown, "killed (SIGKILL)"),
            (of(15), Blame::Unknown, "15"),
        ] {
            let (fault, blamed) = ended;
            assert_eq!((fault.kind, blamed), (FaultKind::Limits, blame), "{says}");
            assert!(fault.message.contains(says), "{fault:?}");
        }
    }
}
