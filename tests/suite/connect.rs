//! Connections to servers, good and bad, and to what is none: each ends in time and says why.

mod doctor;
mod failures;
mod fakes;
mod tls;

use std::time::{Duration, Instant};

use rbgen::db::{Address, Failure, Session};
use rbgen::diag::Code;

/// A user and a password that no message may have in it.
const USER: &str = "zephyrine";
const PASSWORD: &str = "hunter2%2F%40";
const SECRETS: [&str; 3] = ["zephyrine", "hunter2", "/@"];

/// The address of a server for that user.
fn address(host: &str, port: u16, rest: &str) -> String {
    format!("postgres://{USER}:{PASSWORD}@{host}:{port}/{rest}")
}

#[track_caller]
fn open(url: &str) -> Session {
    let address = Address::parse(url).unwrap();
    Session::open(&address.named("main")).unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// A connection that must fail, with a code and a part of the message, in a few seconds, without a
/// secret in anything that could be printed.
#[track_caller]
fn fails(url: &str, code: Code, part: &str) -> Failure {
    let began = Instant::now();
    let address = Address::parse(url).map(|address| address.named("main"));
    let failure = match address.and_then(|address| Session::open(&address)) {
        Ok(_) => panic!("connected, and should not: {part}"),
        Err(failure) => failure,
    };
    assert!(began.elapsed() < Duration::from_secs(5), "{failure:?}");
    assert_eq!(failure.code, code, "{failure:?}");
    assert!(failure.message.contains(part), "{failure:?}");
    holds_no_secret(&failure);
    failure
}

#[track_caller]
fn holds_no_secret(failure: &Failure) {
    let said = format!("{failure:?} {:?}", failure.diagnostic());
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret} is in {said}");
    }
}

/// The one row and column of a query.
#[track_caller]
fn ask(session: &mut Session, query: &str) -> String {
    let rows = session.query(query, &[]).unwrap();
    rows[0].get(0)
}
