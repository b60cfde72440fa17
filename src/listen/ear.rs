//! Hears notifications on a connection of its own, and finds out when it does not: behind a pooler LISTEN
//! delivers nothing, and behind a proxy that swallows packets a connection seems alive for ever.

use std::sync::mpsc::{SendError, Sender};
use std::time::{Duration, Instant};

use super::Signal;
use super::due::Backoff;
use crate::db::{Address, CHANGE_CHANNEL, Failure, Session};
use crate::diag::code;

/// The channel on which a listener calls itself.
const OWN_CHANNEL: &str = "robbieblocks_listen";

/// How long its own call may take.
const ECHO: Duration = Duration::from_secs(3);

/// Hears on a thread of its own, for as long as somebody takes the signals. `heard_at` is where LISTEN
/// works, `called_at` where everybody else changes rows: it calls itself from there.
pub fn listen_on(
    heard_at: Address,
    called_at: Address,
    check_every: Duration,
    signals: Sender<Signal>,
) {
    std::thread::spawn(move || {
        let mut backoff = Backoff::default();
        loop {
            let ear = Ear {
                called_at: &called_at,
                check_every,
                signals: &signals,
            };
            let began = Instant::now();
            let deaf = match ear.hear(&heard_at) {
                Ok(()) => return,
                Err(failure) => failure,
            };
            if signals.send(Signal::Deaf(deaf.message)).is_err() {
                return;
            }
            // One that was good for a while ended for a reason that may have passed.
            if began.elapsed() > check_every {
                backoff = Backoff::default();
            }
            std::thread::sleep(backoff.next());
        }
    });
}

struct Ear<'a> {
    called_at: &'a Address,
    check_every: Duration,
    signals: &'a Sender<Signal>,
}

/// Nobody takes the signals any more.
struct Gone;

impl From<SendError<Signal>> for Gone {
    fn from(_: SendError<Signal>) -> Gone {
        Gone
    }
}

impl Ear<'_> {
    /// Hears until the connection ends, which is a failure, or nobody takes the signals.
    fn hear(&self, at: &Address) -> Result<(), Failure> {
        let mut session = Session::open(at)?;
        session.listen(CHANGE_CHANNEL)?;
        session.listen(OWN_CHANNEL)?;
        // What was sent before that nobody heard.
        if self.signals.send(Signal::Changed).is_err() {
            return Ok(());
        }
        loop {
            if self.call(&mut session)?.is_err() {
                return Ok(());
            }
            let called = Instant::now();
            while let Some(left) = self.check_every.checked_sub(called.elapsed()) {
                let come = session.notifications(left)?;
                if self.pass_on(&come).is_err() {
                    return Ok(());
                }
            }
        }
    }

    /// Calls itself, and fails where it does not hear it.
    fn call(&self, session: &mut Session) -> Result<Result<(), Gone>, Failure> {
        let word = uuid::Uuid::new_v4().simple().to_string();
        let mut caller = Session::open(self.called_at)?;
        caller.run(&format!("NOTIFY \"{OWN_CHANNEL}\", '{word}'"))?;
        let called = Instant::now();
        while let Some(left) = ECHO.checked_sub(called.elapsed()) {
            let come = session.notifications(left)?;
            if self.pass_on(&come).is_err() {
                return Ok(Err(Gone));
            }
            if come
                .iter()
                .any(|(channel, said)| channel == OWN_CHANNEL && *said == word)
            {
                return Ok(self.signals.send(Signal::Hears).map_err(Gone::from));
            }
        }
        let failure = Failure::new(
            code::CONNECTION_LOST,
            "notifications do not come through: there may be a pooler or a proxy between",
        );
        Err(session.blame(failure.hint("`listen_url_env` names the address of the server itself")))
    }

    fn pass_on(&self, come: &[(String, String)]) -> Result<(), Gone> {
        match come.iter().any(|(channel, _)| channel == CHANGE_CHANNEL) {
            true => Ok(self.signals.send(Signal::Changed)?),
            false => Ok(()),
        }
    }
}
