//! Keys on a terminal: each is one letter, without Return.

use std::io::{IsTerminal, Read, stdin, stdout};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The terminal as it was, which it is again when this is dropped.
pub struct Terminal(Termios);

/// Reads letters as they are typed, where input and output are a terminal that this process may speak to.
pub fn letters() -> Option<Terminal> {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        return None;
    }
    let before = tcgetattr(stdin()).ok()?;
    let mut letters = before.clone();
    // Control-C and Control-Z mean what they always do.
    letters.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    tcsetattr(stdin(), OptionalActions::Now, &letters).ok()?;
    Some(Terminal(before))
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}

/// Calls for each letter, until there are no more.
pub fn each(mut typed: impl FnMut(char)) {
    let mut byte = [0];
    while let Ok(1) = stdin().lock().read(&mut byte) {
        typed(char::from(byte[0]));
    }
}
