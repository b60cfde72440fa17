//! Keys on a terminal: each is one letter, without Return.

use std::io::{IsTerminal, Read, stdin, stdout};
use std::sync::{Mutex, PoisonError};

use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

/// The terminal as it was, while it is otherwise.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Letters are read as they are typed until this is dropped.
pub struct Letters;

/// Reads letters as they are typed, where input and output are a terminal that this process is in the
/// foreground of: in the background it would be stopped.
pub fn letters() -> Option<Letters> {
    let is_terminal = stdin().is_terminal() && stdout().is_terminal();
    if !is_terminal || tcgetpgrp(stdin()) != Ok(getpgrp()) {
        return None;
    }
    let before = tcgetattr(stdin()).ok()?;
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before.clone());
    set(before)?;
    Some(Letters)
}

fn set(mut modes: Termios) -> Option<()> {
    // Control-C and Control-Z mean what they always do.
    modes.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    tcsetattr(stdin(), OptionalActions::Now, &modes).ok()
}

/// Reads letters again after a shell has had the terminal.
pub fn resume() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    if before.is_some() && tcgetpgrp(stdin()) == Ok(getpgrp()) {
        let _ = tcgetattr(stdin()).ok().and_then(set);
    }
}

/// Makes the terminal what it was.
pub fn restore() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    // Who does this in the background is stopped.
    if let Some(before) = before
        && tcgetpgrp(stdin()) == Ok(getpgrp())
    {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
    }
}

impl Drop for Letters {
    fn drop(&mut self) {
        restore();
    }
}

/// Calls for each letter, until there are no more.
pub fn each(mut typed: impl FnMut(char)) {
    let mut byte = [0];
    while let Ok(1) = stdin().lock().read(&mut byte) {
        typed(char::from(byte[0]));
    }
}
