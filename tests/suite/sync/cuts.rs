//! Connections that break at the worst moment, around COMMIT: what rbgen says is what is in the database.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{Clone, HOME, assert_even, database, git_at, retitle, revisions, said};
use crate::postgres::{Database, SERVER};

/// Where a connection is cut, once: at the COMMIT of a transaction that adds to the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// The server never gets it.
    Before,
    /// The server gets it, and its answer is lost.
    During,
    /// The answer arrives, and nothing else does.
    After,
}

/// What stands between rbgen and the server, and cuts.
struct Cutter {
    cut: Cut,
    /// Whether nobody is let through afterwards.
    stays_cut: bool,
    has_cut: AtomicBool,
}

impl Cutter {
    /// The address of a database behind it, and itself.
    fn before(database: &Database<'_>, cut: Cut, stays_cut: bool) -> (String, Arc<Cutter>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let has_cut = AtomicBool::new(false);
        let cutter = Arc::new(Cutter {
            cut,
            stays_cut,
            has_cut,
        });
        let shared = Arc::clone(&cutter);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.stays_cut && shared.has_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let cutter = Arc::clone(&shared);
                thread::spawn(move || cutter.serve(client));
            }
        });
        let url = database
            .url()
            .replace(&format!(":{}/", SERVER.port), &format!(":{port}/"));
        (url, cutter)
    }

    fn has_cut(&self) -> bool {
        self.has_cut.load(Ordering::SeqCst)
    }

    /// Hands on what a client says, message by message (PostgreSQL, "Message Formats").
    fn serve(&self, mut client: TcpStream) {
        let mut server = TcpStream::connect(("127.0.0.1", SERVER.port)).unwrap();
        // Each small message would wait for the one before it.
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let hangs_up = Arc::new(AtomicBool::new(false));
        let answers = {
            let (server, client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let hangs_up = Arc::clone(&hangs_up);
            thread::spawn(move || hand_back(server, client, &hangs_up))
        };
        let mut adds_history = false;
        let mut is_first = true;
        while let Some(message) = read_message(&mut client, is_first) {
            is_first = false;
            let has = |words: &[u8]| message.windows(words.len()).any(|part| part == words);
            adds_history |= has(b"INSERT INTO robbieblocks_revisions");
            let is_commit = message[0] == b'Q' && message[5..] == *b"COMMIT\0";
            if is_commit && adds_history && !self.has_cut.swap(true, Ordering::SeqCst) {
                match self.cut {
                    Cut::Before => {}
                    Cut::During => {
                        let _ = client.shutdown(Shutdown::Both);
                        // It commits, then reads the goodbye and ends.
                        let _ = server.write_all(&[&message[..], b"X\0\0\0\x04"].concat());
                        answers.join().unwrap();
                        return;
                    }
                    Cut::After => {
                        hangs_up.store(true, Ordering::SeqCst);
                        let _ = server.write_all(&message);
                        answers.join().unwrap();
                    }
                }
                break;
            }
            if server.write_all(&message).is_err() {
                break;
            }
        }
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    }
}

/// Hands back what the server says; where that is the last, until it is ready for the next query.
fn hand_back(mut server: TcpStream, mut client: TcpStream, hangs_up: &AtomicBool) {
    while let Some(message) = read_message(&mut server, false) {
        let _ = client.write_all(&message);
        if message[0] == b'Z' && hangs_up.load(Ordering::SeqCst) {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}

/// One message; the first of a client has no kind.
fn read_message(from: &mut TcpStream, is_first: bool) -> Option<Vec<u8>> {
    let mut message = vec![0; if is_first { 4 } else { 5 }];
    from.read_exact(&mut message).ok()?;
    let length = message[message.len() - 4..].try_into().unwrap();
    let rest = u32::from_be_bytes(length) as usize - 4;
    let start = message.len();
    message.resize(start + rest, 0);
    from.read_exact(&mut message[start..]).ok()?;
    Some(message)
}

const NAME: &str = "SELECT page_name FROM robbieblocks_pages WHERE page_key = 'home'";

#[test]
fn a_push_says_what_became_of_it_wherever_the_connection_breaks() {
    for with_git in [false, true] {
        let database = database();
        let clone = Clone::pushed(&database.url());
        let mut name = "Home".to_string();
        for (number, (cut, stays_cut)) in [
            (Cut::Before, false),
            (Cut::During, false),
            (Cut::After, false),
            (Cut::Before, true),
            (Cut::During, true),
        ]
        .into_iter()
        .enumerate()
        {
            let what = format!("{cut:?}, stays cut: {stays_cut}, git: {with_git}");
            let new = format!("Name {number}");
            clone.edit(
                HOME,
                &format!("name = \"{name}\""),
                &format!("name = \"{new}\""),
            );
            let before: i64 = revisions(&database).parse().unwrap();
            let (url, cutter) = Cutter::before(&database, cut, stays_cut);
            let output = match with_git {
                true => git_at(&clone.top, &url, &["push", "db", "main"])
                    .output()
                    .unwrap(),
                false => clone
                    .command(&["push"])
                    .env("DATABASE_URL", &url)
                    .output()
                    .unwrap(),
            };
            let words = said(&output);
            assert!(cutter.has_cut(), "{what}: {words}");
            let is_in = cut != Cut::Before;
            let expected = if is_in { &new } else { &name };
            assert_eq!(database.sql(NAME), *expected, "{what}: {words}");
            assert_eq!(
                revisions(&database),
                (before + i64::from(is_in)).to_string(),
                "{what}"
            );
            if stays_cut {
                assert!(!output.status.success(), "{what}: {words}");
                assert!(
                    words.contains("it cannot be asked how that ended"),
                    "{what}: {words}"
                );
                assert!(
                    words.contains("as a whole or not at all"),
                    "{what}: {words}"
                );
            } else {
                assert_eq!(output.status.success(), is_in, "{what}: {words}");
                assert!(
                    is_in || words.contains("nothing was written; try again"),
                    "{what}: {words}"
                );
            }
            if !output.status.success() && !with_git {
                assert_eq!(output.status.code(), Some(4), "{what}: {words}");
            }
            // Whatever it was, the next step finds out and goes on.
            clone.ok(&["sync"]);
            assert_eq!(database.sql(NAME), new, "{what}");
            assert_eq!(
                revisions(&database),
                (before + 1).to_string(),
                "{what}: once"
            );
            assert_even(&clone);
            name = new;
        }
    }
}

#[test]
fn a_fetch_that_breaks_while_it_seals_is_done_once() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    let other = clone.second();
    for (number, cut) in [Cut::Before, Cut::During, Cut::After]
        .into_iter()
        .enumerate()
    {
        retitle(&database, &format!("Title {number}"));
        let before: usize = revisions(&database).parse().unwrap();
        let (url, cutter) = Cutter::before(&database, cut, false);
        let head = clone.db_main();
        let output = git_at(&clone.top, &url, &["fetch", "db"]).output().unwrap();
        let words = said(&output);
        assert!(
            cutter.has_cut() && !output.status.success(),
            "{cut:?}: {words}"
        );
        assert!(
            words.contains("the connection broke") || words.contains("closed"),
            "{cut:?}: {words}"
        );
        assert_eq!(clone.db_main(), head);
        let sealed = usize::from(cut != Cut::Before);
        assert_eq!(
            revisions(&database),
            (before + sealed).to_string(),
            "{cut:?}"
        );
        other.git(&["fetch", "-q", "db"]);
        clone.git(&["fetch", "-q", "db"]);
        assert_eq!(clone.db_main(), other.db_main(), "{cut:?}");
        assert_eq!(revisions(&database), (before + 1).to_string(), "{cut:?}");
    }
    clone.ok(&["pull"]);
    assert!(clone.site.read(HOME).contains("Title 2"));
    assert_even(&clone);
}

#[test]
fn a_first_push_that_breaks_is_as_whole_as_any() {
    for (cut, is_in) in [
        (Cut::Before, false),
        (Cut::During, true),
        (Cut::After, true),
    ] {
        let database = database();
        let clone = Clone::begun(&database.url());
        let (url, _) = Cutter::before(&database, cut, false);
        let output = git_at(&clone.top, &url, &["push", "db", "main"])
            .output()
            .unwrap();
        assert_eq!(output.status.success(), is_in, "{cut:?}: {}", said(&output));
        let counts = "SELECT (SELECT count(*) FROM robbieblocks_pages), (SELECT count(*) FROM robbieblocks_revision_entities)";
        assert_eq!(
            database.sql(counts),
            if is_in { "2|9" } else { "0|0" },
            "{cut:?}"
        );
        clone.ok(&["sync"]);
        assert_eq!(database.sql(counts), "2|9", "{cut:?}");
        assert_even(&clone);
    }
}
