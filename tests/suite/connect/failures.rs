//! How connections fail, before and after they are there.

use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rbgen::db::{Access, Address, Failure, FailureKind, Limits, Protection, Session};
use rbgen::diag::code;

use super::{USER, address, ask, fails, fakes, holds_no_secret, open};
use crate::postgres::{Server, free_port};

const ACCESS: &str = "\
host all refused all reject
host all all all scram-sha-256
";

/// A server that asks for passwords.
static STRICT: LazyLock<Server> = LazyLock::new(|| {
    let server = Server::start(&[], ACCESS);
    for statement in [
        format!("CREATE ROLE {USER} LOGIN PASSWORD 'hunter2/@'"),
        "CREATE ROLE refused LOGIN PASSWORD 'hunter2/@'".into(),
        "CREATE ROLE closed NOLOGIN PASSWORD 'hunter2/@'".into(),
        "CREATE ROLE crowded LOGIN PASSWORD 'hunter2/@' CONNECTION LIMIT 1".into(),
        "CREATE DATABASE not_for_all".into(),
        "REVOKE CONNECT ON DATABASE not_for_all FROM public".into(),
    ] {
        server.admin(&statement);
    }
    server
});

/// The address of that server.
fn strict(user: &str, rest: &str) -> String {
    address("127.0.0.1", STRICT.port, rest).replace(USER, user)
}

const PLAIN: &str = "postgres?sslmode=disable";

#[test]
fn servers_that_are_not_there_are_told_apart() {
    let unknown = address("no-such-host.invalid", 1, PLAIN);
    fails(
        &unknown,
        code::UNREACHABLE,
        "the host of no-such-host.invalid:1 is not known",
    );
    let port = free_port();
    fails(
        &address("127.0.0.1", port, PLAIN),
        code::UNREACHABLE,
        &format!("database main: nothing listens at 127.0.0.1:{port}"),
    );
    fails(
        "postgres:///db?host=/nowhere",
        code::UNREACHABLE,
        "there is no socket /nowhere/.s.PGSQL.5432",
    );
    for mode in ["disable", "require"] {
        let rest = format!("postgres?sslmode={mode}");
        let http = fakes::answers_and_ends(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        fails(
            &address("127.0.0.1", http, &rest),
            code::UNREACHABLE,
            "is no Postgres server",
        );
        let closing = fakes::answers_and_ends(b"");
        fails(
            &address("127.0.0.1", closing, &rest),
            code::UNREACHABLE,
            "closed the connection at once",
        );
    }
}

#[test]
fn one_deadline_holds_for_all_steps_of_a_connection() {
    for (mode, answer) in [
        ("disable", &b""[..]),
        ("require", b""),
        ("require", b"S"),
        ("prefer", b"N"),
        // A login that never gets on: the server wants a password in plaintext.
        ("disable", b"R\0\0\0\x08\0\0\0\x03"),
    ] {
        let (port, _) = fakes::answers(answer);
        let began = Instant::now();
        let rest = format!("postgres?sslmode={mode}&connect_timeout=1");
        let failure = fails(
            &address("127.0.0.1", port, &rest),
            code::UNREACHABLE,
            "did not answer in 1 second",
        );
        assert!(began.elapsed() >= Duration::from_secs(1), "{failure:?}");
        assert!(began.elapsed() < Duration::from_secs(2), "{failure:?}");
    }
}

#[test]
fn refused_logins_are_told_apart() {
    let server = format!("127.0.0.1:{}", STRICT.port);
    let mut session = open(&strict(USER, PLAIN));
    assert_eq!(session.protection(), Protection::Plain);
    assert_eq!(session.server(), server);
    assert_eq!(ask(&mut session, "SHOW application_name"), "rbgen");
    for (url, part) in [
        (
            strict(USER, PLAIN).replace("hunter2", "hunter3"),
            "refuses the user or the password",
        ),
        (
            strict("nobody_of_this_name", PLAIN),
            "refuses the user or the password",
        ),
        (
            strict(USER, PLAIN).replace(":hunter2%2F%40", ""),
            "asks for a password, and the address has none",
        ),
        (
            strict("closed", PLAIN),
            "does not let the user of the address log in",
        ),
        (strict("refused", PLAIN), "no rule in its pg_hba.conf"),
        (
            strict(USER, "nothing?sslmode=disable"),
            "has no database `nothing`",
        ),
        (
            strict(USER, "not_for_all?sslmode=disable"),
            "may not use the database",
        ),
        (
            strict(USER, &format!("{PLAIN}&options=-c%20nonsense%3D1")),
            "refuses a setting",
        ),
        (
            strict(USER, &format!("{PLAIN}&target_session_attrs=read-only")),
            "only reads",
        ),
    ] {
        let failure = fails(
            &url,
            if part == "only reads" {
                code::UNREACHABLE
            } else {
                code::LOGIN_REFUSED
            },
            part,
        );
        assert!(failure.message.contains(&server), "{failure:?}");
        assert!(
            failure.kind() == FailureKind::Unreachable && failure.hint.is_some(),
            "{failure:?}"
        );
    }
    let first = open(&strict("crowded", PLAIN));
    fails(
        &strict("crowded", PLAIN),
        code::LOGIN_REFUSED,
        "too many connections",
    );
    drop(first);
}

#[test]
fn the_first_server_that_answers_is_taken() {
    let dead = free_port();
    let (silent, _) = fakes::answers(b"");
    let live = STRICT.port;
    let url = |hosts: &str| {
        format!(
            "postgres://{USER}:hunter2%2F%40@{hosts}/postgres?sslmode=disable&connect_timeout=1"
        )
    };
    let hosts = format!("127.0.0.1:{dead},127.0.0.1:{silent},127.0.0.1:{live}");
    assert_eq!(open(&url(&hosts)).server(), format!("127.0.0.1:{live}"));
    let failure = fails(
        &url(&format!("127.0.0.1:{dead},127.0.0.1:{silent}")),
        code::UNREACHABLE,
        &format!("nothing listens at 127.0.0.1:{dead}; 127.0.0.1:{silent} did not answer"),
    );
    assert_eq!(failure.message.matches("database main").count(), 1);
    let socket = STRICT.folder.path().display();
    let url =
        format!("postgres://postgres@/postgres?host={socket}&port={live}&sslmode=verify-full");
    assert_eq!(open(&url).protection(), Protection::Socket);
    let url = strict(USER, &format!("{PLAIN}&target_session_attrs=read-write"));
    open(&url);
}

/// A connection with a short patience.
fn impatient(port: u16) -> Session {
    let address = Address::parse(&address("127.0.0.1", port, PLAIN)).unwrap();
    let limits = Limits {
        silence: Duration::from_millis(500),
        ..address.limits()
    };
    Session::open(&address.named("main").with_limits(limits)).unwrap()
}

#[test]
fn a_proxy_that_swallows_packets_ends_in_time() {
    let proxy = fakes::proxy(STRICT.port, false);
    let mut session = impatient(proxy.port);
    assert_eq!(ask(&mut session, "SELECT 'here'"), "here");
    proxy.swallows.store(true, Ordering::SeqCst);
    let began = Instant::now();
    let failure = session
        .transaction(Access::Read, |session| {
            session.query("SELECT 1", &[]).map(|rows| rows.len())
        })
        .unwrap_err();
    assert_eq!(failure.code, code::CONNECTION_LOST);
    assert!(
        failure.message.contains("said nothing for 0.5 seconds"),
        "{failure:?}"
    );
    holds_no_secret(&failure);
    // It is given up: neither the end of the transaction nor another query waits again.
    assert!(session.query("SELECT 1", &[]).is_err());
    drop(session);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );

    // In the middle of a transaction, where a rollback would be due.
    let proxy = fakes::proxy(STRICT.port, false);
    let mut session = impatient(proxy.port);
    let began = Instant::now();
    let failure = session.transaction(Access::Write, |session| {
        proxy.swallows.store(true, Ordering::SeqCst);
        session.run("SELECT 1")
    });
    assert_eq!(failure.unwrap_err().code, code::CONNECTION_LOST);
    drop(session);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn rows_that_come_slowly_are_waited_for() {
    let mut session = impatient(STRICT.port);
    let mut count = 0;
    // Each row after a time that is allowed, all of them after one that would not be. The server
    // sends when 8 kB are full.
    session
        .each(
            "SELECT repeat('x', 9000), pg_sleep(0.2) FROM generate_series(1, 5)",
            &[],
            |_| count += 1,
        )
        .unwrap();
    assert_eq!(count, 5);
}

#[test]
fn a_server_that_ends_the_connection_is_named_with_its_reason() {
    let mut session = open(&strict(USER, PLAIN));
    let me = ask(&mut session, "SELECT pg_backend_pid()::text");
    STRICT.admin(&format!("SELECT pg_terminate_backend({me})"));
    thread::sleep(Duration::from_millis(100));
    let lost = |failure: Failure| {
        assert_eq!(failure.code, code::CONNECTION_LOST, "{failure:?}");
        assert!(
            failure.message.starts_with("database main: 127.0.0.1:"),
            "{failure:?}"
        );
        assert!(failure.kind() == FailureKind::Unreachable);
        holds_no_secret(&failure);
        failure.message
    };
    let said = lost(session.run("SELECT 1").unwrap_err());
    assert!(said.contains("terminating connection"), "{said}");

    // In the middle of a statement.
    let mut session = open(&strict(USER, PLAIN));
    let me = ask(&mut session, "SELECT pg_backend_pid()::text");
    let killer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        STRICT.admin(&format!("SELECT pg_terminate_backend({me})"));
    });
    let failure = session.run("SELECT pg_sleep(20)").unwrap_err();
    assert_eq!(failure.code, code::CONNECTION_LOST, "{failure:?}");
    killer.join().unwrap();
}

#[test]
fn a_server_that_is_killed_or_stopped_is_not_waited_for() {
    let server = Server::start(&[], "host all all all trust\n");
    let url = format!(
        "postgres://owner:hunter2@127.0.0.1:{}/postgres",
        server.port
    );
    let address = Address::parse(&url).unwrap().named("main");
    let mut session = Session::open(&address).unwrap();
    let postmaster =
        std::fs::read_to_string(server.folder.path().join("data/postmaster.pid")).unwrap();
    let postmaster = postmaster.lines().next().unwrap();
    let signal = |name: &str| {
        let status = Command::new("kill")
            .args([name, postmaster])
            .status()
            .unwrap();
        assert!(status.success());
    };
    // A smart shutdown waits for the session that is there, and takes no new one.
    signal("-TERM");
    thread::sleep(Duration::from_millis(200));
    let failure = Session::open(&address).unwrap_err_or_panic();
    assert_eq!(failure.code, code::UNREACHABLE, "{failure:?}");
    assert!(
        failure.message.contains("is starting, stopping"),
        "{failure:?}"
    );
    let began = Instant::now();
    signal("-QUIT");
    let failure = session.run("SELECT pg_sleep(20)").unwrap_err();
    assert_eq!(failure.code, code::CONNECTION_LOST, "{failure:?}");
    drop(session);
    assert!(began.elapsed() < Duration::from_secs(3));
    // Its port is open for as long as its last words take.
    loop {
        let failure = Session::open(&address).unwrap_err_or_panic();
        assert_eq!(failure.code, code::UNREACHABLE, "{failure:?}");
        if failure.message.contains("nothing listens") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{failure:?}");
    }
}

trait MustFail {
    fn unwrap_err_or_panic(self) -> Failure;
}

impl MustFail for Result<Session, Failure> {
    fn unwrap_err_or_panic(self) -> Failure {
        match self {
            Ok(_) => panic!("connected, and should not"),
            Err(failure) => failure,
        }
    }
}

#[test]
fn limits_and_rights_of_the_server_are_told_apart() {
    let mut session = open(&strict(USER, PLAIN));
    let mut fails = |statements: &str, code, part: &str| {
        let failure = session
            .transaction(Access::Write, |session| session.run(statements))
            .unwrap_err();
        assert_eq!(failure.code, code, "{failure:?}");
        assert!(failure.message.contains(part), "{failure:?}");
        assert!(
            failure.message.starts_with("database main: "),
            "{failure:?}"
        );
        holds_no_secret(&failure);
    };
    fails(
        "SET LOCAL statement_timeout = 50; SELECT pg_sleep(5)",
        code::QUERY_FAILED,
        "took too long",
    );
    fails("SELECT 1/0", code::QUERY_FAILED, "division by zero");
    fails(
        &format!("SET ROLE {USER}; SELECT * FROM pg_authid"),
        code::NOT_ALLOWED,
        "permission denied",
    );
    fails(
        &format!("ALTER ROLE {USER} SUPERUSER"),
        code::NOT_ALLOWED,
        "",
    );
    fails(
        "SET LOCAL transaction_read_only = on; CREATE TABLE t ()",
        code::NOT_ALLOWED,
        "only reads",
    );
    fails(
        &format!("SELECT '{USER}'::regrole, 'nobody'::regrole; DROP ROLE \"{USER}x\""),
        code::QUERY_FAILED,
        "",
    );
    STRICT.admin("CREATE TABLE locked (); GRANT ALL ON locked TO public");
    let mut holder = open(&strict(USER, PLAIN));
    holder
        .transaction(Access::Write, |holder| {
            holder.run("LOCK TABLE locked")?;
            fails(
                "SET LOCAL lock_timeout = 50; LOCK TABLE locked",
                code::DATABASE_BUSY,
                "locked the tables",
            );
            Ok::<(), Failure>(())
        })
        .unwrap();
    // After all that the session is as it was.
    assert_eq!(ask(&mut session, "SHOW statement_timeout"), "0");
}

#[test]
fn a_failure_that_nobody_minds_is_no_commit() {
    let database = crate::postgres::SERVER.database();
    database.sql("CREATE TABLE things (n int)");
    let mut session = open(&database.url());
    let mut work = |statements: [&str; 3]| {
        session.transaction(Access::Write, |session| {
            session.run("INSERT INTO things VALUES (1)")?;
            for statement in statements {
                // As somebody would write who thinks that it does not matter.
                let _ = session.run(statement);
            }
            Ok::<(), Failure>(())
        })
    };
    let failure = work(["SELECT 1/0", "", ""]).unwrap_err();
    assert_eq!(failure.code, code::QUERY_FAILED, "{failure:?}");
    assert_eq!(database.sql("SELECT count(*) FROM things"), "0");
    // A savepoint is the way to mend it.
    work(["SAVEPOINT here", "SELECT 1/0", "ROLLBACK TO here"]).unwrap();
    assert_eq!(database.sql("SELECT count(*) FROM things"), "1");
}
