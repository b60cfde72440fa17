//! What addresses mean, which are refused, and that none of their values gets into a message.

use std::time::Duration;

use tokio_postgres::config::ChannelBinding;

use super::*;
use crate::db::tls::{Attempt, Mode, Roots, Verified};

fn read(text: &str) -> Address {
    Address::parse(text).unwrap_or_else(|failure| panic!("{text}: {failure:?}"))
}

/// The message and the hint of an address that is refused.
#[track_caller]
fn refused(text: &str) -> String {
    let failure = Address::parse(text).expect_err(text);
    assert_eq!(failure.code, code::BAD_ADDRESS, "{text}");
    assert_eq!(failure.kind(), crate::db::FailureKind::Configuration);
    format!("{} {}", failure.message, failure.hint.unwrap_or_default())
}

#[test]
fn all_parts_are_read() {
    let address = read(
        "postgresql://us%65r:p%2F%40%23%3F%25%3Ass@db.example.org:6543/d%20b?connect_timeout=3\
         &application_name=x%26y&options=-c%20geqo%3Doff&channel_binding=require&pgbouncer=true\
         &target_session_attrs=read-write&keepalives=1&gssencmode=disable\n",
    );
    assert_eq!(address.login.get_user(), Some("user"));
    assert_eq!(address.login.get_password(), Some(&b"p/@#?%:ss"[..]));
    assert_eq!(address.login.get_dbname(), Some("d b"));
    assert_eq!(address.login.get_application_name(), Some("x&y"));
    assert_eq!(address.login.get_options(), Some("-c geqo=off"));
    assert_eq!(address.login.get_channel_binding(), ChannelBinding::Require);
    assert_eq!(address.servers(), ["db.example.org:6543"]);
    assert_eq!(address.limits().connect, Duration::from_secs(3));
    assert!(address.says_pooler() && address.wanted == Wanted::ReadWrite);

    let address = read("postgres://host/db?user=u&password=p:w");
    assert_eq!(address.login.get_user(), Some("u"));
    assert_eq!(address.login.get_password(), Some(&b"p:w"[..]));
    assert_eq!(address.login.get_application_name(), Some("rbgen"));
    assert_eq!(address.limits(), Limits::default());
    assert!(!address.says_pooler());

    // Only the first `:` parts the user from the password.
    let address = read("postgres://u:p:w@host/db");
    assert_eq!(address.login.get_password(), Some(&b"p:w"[..]));
}

#[test]
fn servers_are_read_in_all_their_forms() {
    for (text, servers) in [
        ("postgres://h/db", &["h:5432"][..]),
        (
            "postgres://u@a:1,b,[::1]:3/db",
            &["a:1", "b:5432", "[::1]:3"],
        ),
        ("postgres://u@[2001:db8::1]/db", &["[2001:db8::1]:5432"]),
        ("postgres://%2Fvar%2Frun:7/db", &["/var/run/.s.PGSQL.7"]),
        (
            "postgres:///db?host=/var/run&port=7",
            &["/var/run/.s.PGSQL.7"],
        ),
        ("postgres://:7/db?host=/var/run", &["/var/run/.s.PGSQL.7"]),
        ("postgres:///db?host=a,b&port=1,2", &["a:1", "b:2"]),
        ("postgres:///db?hostaddr=10.0.0.1&port=6", &["10.0.0.1:6"]),
        ("postgres://name/db?hostaddr=10.0.0.1", &["name:5432"]),
    ] {
        assert_eq!(read(text).servers(), servers, "{text}");
    }
}

#[test]
fn what_is_not_escaped_is_refused_and_not_shown() {
    for password in [
        "se/cret",
        "se@cret",
        "se#cret",
        "se?cret",
        "secret%",
        "se%zzcret",
        "5432/cret",
        "se cret",
        "?secret=1",
        "se?sslmode=cret",
        "/secret",
        "se@cr/et",
        "se[cret",
    ] {
        for host in ["host", "host:5432", "host,other", "[::1]"] {
            let text = format!("postgres://who:{password}@{host}/db?sslmode=disable");
            // A bracket is no trouble where the user and the password are parted from the host.
            if password == "se[cret" {
                assert_eq!(read(&text).login.get_password(), Some(&b"se[cret"[..]));
                continue;
            }
            let said = refused(&text);
            assert!(said.contains("%2F"), "{text}: {said}");
            for secret in ["cret", "who", "5432"] {
                assert!(!said.contains(secret), "{text}: {said}");
            }
        }
    }
}

#[test]
fn what_is_wrong_is_named_and_its_value_is_not() {
    for (text, part) in [
        (
            "postgres://who:hunter2@h/db?sslmod=require",
            "unknown parameter `sslmod` did you mean `sslmode`?",
        ),
        (
            "postgres://h/db?hunter2hunter2=1",
            "a parameter that rbgen does not know",
        ),
        (
            "postgres://h/db?schema=hunter2",
            "unknown parameter `schema`",
        ),
        (
            "postgres://h/db?sslmode=verify_full",
            "did you mean `verify-full`?",
        ),
        (
            "postgres://h/db?sslmode=hunter2",
            "one of disable, allow, prefer, require, verify-ca, verify-full",
        ),
        (
            "postgres://h/db?sslmode=require&sslmode=disable",
            "`sslmode` twice",
        ),
        ("postgres://who@h/db?user=hunter2", "`user` twice"),
        ("postgres://h/db?host=hunter2", "`host` twice"),
        ("postgres://h:1/db?port=2", "`port` twice"),
        (
            "postgres://h/db?connect_timeout=hunter2",
            "no number of seconds",
        ),
        ("postgres://h/db?target_session_attrs=hunter2", "read-only"),
        ("postgres://h/db?sslcert=hunter2", "go together"),
        (
            "postgres://h/db?sslrootcert=system&sslmode=require",
            "verify-full",
        ),
        ("postgres://h/db?hostaddr=hunter2", "no IP address"),
        ("postgres://h:hunter2/db", "no number from 1 to 65535"),
        ("postgres://h:0/db", "no number from 1 to 65535"),
        ("postgres://[::1/db", "`[` without its `]`"),
        ("postgres://hun!ter2/db", "characters that no host has"),
        ("postgres://who:hunter2@/db", "names no host"),
        ("postgres:///", "names no host"),
        ("postgres://h/db%00hunter2", "%00"),
        ("postgres://h/db%ffhunter2", "UTF-8"),
        ("postgres://h/db/hunter2", "`/` or `?` too many"),
        ("postgres://h/db?hunter2", "no `=`"),
        ("\"postgres://who:hunter2@h/db\"", "leave them out"),
        (
            "host=h user=who password=hunter2 dbname=db",
            "does not read `host=",
        ),
        (
            "mysql://who:hunter2@h/db",
            "does not begin with `postgres://`",
        ),
        ("hunter2", "does not begin with `postgres://`"),
    ] {
        let said = refused(text);
        assert!(said.contains(part), "{text}: {said}");
        assert!(
            !said.contains("hunter2") && !said.contains("who"),
            "{text}: {said}"
        );
    }
}

#[test]
fn nothing_of_an_address_is_shown() {
    let address = read("postgres://who:hunter2@h/db").named("main");
    assert_eq!(format!("{address:?}"), "Address(…)");
    let failure = address.blame(Failure::new(code::QUERY_FAILED, "role \"who\" is gone"));
    assert_eq!(failure.message, "database main: role \"…\" is gone");
}

#[test]
fn without_a_mode_a_server_on_another_machine_is_verified() {
    let mode = |text: &str| {
        let address = read(text);
        address.tls.mode_for(&address.servers[0])
    };
    for local in [
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.8.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "%2Ftmp",
    ] {
        assert_eq!(
            mode(&format!("postgres://{local}/db")),
            Mode::Prefer,
            "{local}"
        );
    }
    for far in [
        "db.example.org",
        "10.0.0.1",
        "localhost.example.org",
        "127.0.0.1.example.org",
        "[2001:db8::1]",
        "127.1",
    ] {
        assert_eq!(
            mode(&format!("postgres://{far}/db")),
            Mode::VerifyFull,
            "{far}"
        );
    }
    // What counts is what is connected to.
    assert_eq!(
        mode("postgres://localhost/db?hostaddr=10.0.0.1"),
        Mode::VerifyFull
    );
    assert_eq!(mode("postgres://db/d?hostaddr=127.0.0.1"), Mode::Prefer);
    assert_eq!(
        mode("postgres://localhost/db?sslrootcert=/ca.pem"),
        Mode::VerifyFull
    );
    assert_eq!(mode("postgres://far/db?sslmode=disable"), Mode::Disable);
    assert_eq!(
        read("postgres://h/db?sslrootcert=system").tls.roots,
        Some(Roots::System)
    );
}

#[test]
fn only_allow_and_prefer_ever_go_on_in_plaintext() {
    for (mode, verified) in [
        ("require", Verified::Nothing),
        ("require&sslrootcert=/ca.pem", Verified::Authority),
        ("verify-ca", Verified::Authority),
        ("verify-full", Verified::Name),
    ] {
        let address = read(&format!("postgres://localhost/db?sslmode={mode}"));
        let attempts = address.tls.attempts(&address.servers[0]);
        let or_plain = false;
        assert_eq!(
            attempts,
            [Attempt::Tls {
                verify: verified,
                or_plain
            }],
            "{mode}"
        );
    }
    for mode in ["allow", "prefer", "disable"] {
        let address = read(&format!("postgres://far/db?sslmode={mode}"));
        let attempts = address.tls.attempts(&address.servers[0]);
        assert!(attempts.contains(&Attempt::Plain), "{mode}");
    }
}
