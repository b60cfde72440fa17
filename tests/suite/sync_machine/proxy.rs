//! A connection on which the answer to COMMIT is lost.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use rbgen::db::Session;
use rbgen::diag::code;
use rbgen::sync::{Pushed, push};

use super::world::{Verdict, World, address, hold};

/// Passes one connection on to a server, until a COMMIT was answered; whoever asked does not hear it.
/// Later connections are passed on whole. Gives the port that it listens at.
fn listen(server: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for (number, client) in listener.incoming().take(3).enumerate() {
            let Ok(client) = client else { return };
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else {
                return;
            };
            thread::spawn(move || carry(client, server, number == 0));
        }
    });
    port
}

fn carry(mut client: TcpStream, mut server: TcpStream, loses: bool) {
    let mut answers = server.try_clone().unwrap();
    let mut hearer = client.try_clone().unwrap();
    let lost = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_lost = lost.clone();
    thread::spawn(move || {
        let mut bytes = [0; 65536];
        while let Ok(count) = answers.read(&mut bytes) {
            if count == 0 || is_lost.load(std::sync::atomic::Ordering::SeqCst) {
                break;
            }
            if hearer.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = hearer.shutdown(Shutdown::Both);
        let _ = answers.shutdown(Shutdown::Both);
    });
    let mut bytes = [0; 65536];
    let mut commits = 0;
    while let Ok(count) = client.read(&mut bytes) {
        if count == 0 {
            break;
        }
        let asked = &bytes[..count];
        if loses && asked.windows(7).any(|words| words == b"COMMIT\0") {
            commits += 1;
            // The first is that of the reading transaction before.
            if commits == 2 {
                lost.store(true, std::sync::atomic::Ordering::SeqCst);
            }
        }
        if server.write_all(asked).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}

impl World {
    /// A push whose COMMIT arrives, and the answer does not.
    pub fn lose_answer(&mut self, clone: usize, base: usize) -> Verdict {
        self.end_writer(base);
        let before = self.before(base);
        let port = listen(self.bases[base].database.server.port);
        let database = &self.bases[base].database;
        let url = database.url().replace(
            &format!("127.0.0.1:{}", database.server.port),
            &format!("127.0.0.1:{port}"),
        );
        let name = self.bases[base].name;
        let one = &self.clones[clone];
        let mut session = Session::open(&address(url)).unwrap();
        let result = push(&one.local(name), &mut session, &one.head, World::wishes());
        drop(session);
        let said = match result {
            Ok(Pushed::Done(_)) => {
                let traces = self.bases[base].traces();
                (traces != before.traces).then_some(true)
            }
            Ok(Pushed::Broken(..)) => Some(false),
            Err(failure) => {
                self.say(format!("    refused: {}", failure.message));
                let found = failure.code != code::OUTCOME_UNKNOWN;
                hold(found, "the end of a push is found out", || failure.message)?;
                Some(false)
            }
        };
        self.old_or_new(super::faults::Of::Push, clone, base, &before, said)
    }
}
