//! What `rbgen doctor` says of databases; and that no failure of one prints a secret.

use serde_json::Value;

use super::{SECRETS, address, fakes};
use crate::harness::{TestSite, text};
use crate::pooler::POOLER;
use crate::postgres::{SERVER, free_port};

/// Runs the doctor with the addresses of databases `main`, `second`, …; its exit status, its findings
/// about databases as `status message – hint`, and everything that it printed.
fn doctor(addresses: &[(&str, Option<&str>)]) -> (i32, Vec<String>, String) {
    let site = TestSite::base();
    let mut config = site.read("robbieblocks.toml");
    let mut command = site.command(&["doctor", "--json"]);
    let mut plain = site.command(&["doctor"]);
    for (name, address) in addresses {
        let variable = format!("RBGEN_{}_URL", name.to_uppercase());
        match name.strip_suffix("_listen") {
            Some(_) => config += &format!("listen_url_env = \"{variable}\"\n"),
            None => config += &format!("\n[database.{name}]\nurl_env = \"{variable}\"\n"),
        }
        for command in [&mut command, &mut plain] {
            match address {
                Some(address) => command.env(&variable, address),
                None => command.env_remove(&variable),
            };
        }
    }
    site.write("robbieblocks.toml", config);
    let (json, plain) = (command.output().unwrap(), plain.output().unwrap());
    assert_eq!(json.status.code(), plain.status.code());
    let checks: Value = serde_json::from_slice(&json.stdout).unwrap();
    let findings = checks["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["about"] == "database")
        .map(|check| {
            let part = |name: &str| check[name].as_str().unwrap_or_default().to_string();
            format!("{} {} – {}", part("status"), part("message"), part("hint"))
        })
        .collect();
    let printed = [json.stdout, json.stderr, plain.stdout, plain.stderr].concat();
    (json.status.code().unwrap(), findings, text(&printed))
}

#[track_caller]
fn has(findings: &[String], part: &str) {
    assert!(
        findings.iter().any(|finding| finding.contains(part)),
        "{part} is not in\n{}",
        findings.join("\n")
    );
}

#[track_caller]
fn has_not(findings: &[String], part: &str) {
    let found = findings.iter().find(|finding| finding.contains(part));
    assert_eq!(found, None);
}

#[test]
fn every_failure_is_told_without_a_secret() {
    let silent = fakes::answers(b"").0;
    let (plain, http) = (
        SERVER.port,
        fakes::answers_and_ends(b"HTTP/1.1 400\r\n\r\n"),
    );
    let local = |port: u16, rest: &str| address("127.0.0.1", port, rest);
    for (url, status, part) in [
        (
            local(plain, "postgres").replace("%40", "@"),
            1,
            "not escaped",
        ),
        (
            local(plain, "postgres?sslmod=x"),
            1,
            "unknown parameter `sslmod`",
        ),
        (
            local(plain, "postgres?sslmode=no"),
            1,
            "`sslmode` in the address has a value",
        ),
        (
            local(plain, "postgres?sslrootcert=/none"),
            1,
            "cannot be read",
        ),
        (
            address("no-such-host.invalid", 1, "postgres"),
            4,
            "no-such-host.invalid:1 is not known",
        ),
        (local(free_port(), "postgres"), 4, "nothing listens"),
        (
            local(silent, "postgres?connect_timeout=1"),
            4,
            "did not answer in 1 second",
        ),
        (local(http, "postgres"), 4, "is no Postgres server"),
        (
            local(plain, "postgres?sslmode=require"),
            4,
            "does not encrypt",
        ),
        (local(plain, "postgres"), 4, "does not let the user"),
        (local(plain, "nothing?user=x"), 1, "`user` twice"),
    ] {
        let (code, findings, printed) = doctor(&[("main", Some(&url))]);
        assert_eq!(code, status, "{}", findings.join("\n"));
        has(&findings, "fail main: ");
        has(&findings, part);
        for secret in SECRETS {
            assert!(!printed.contains(secret), "{secret} is in\n{printed}");
        }
    }
}

#[test]
fn without_addresses_the_doctor_is_content() {
    let (code, findings, _) = doctor(&[("main", None), ("main_listen", None)]);
    assert_eq!(code, 0);
    let said = "is not set – set it to the address of the database where one is needed";
    assert_eq!(
        findings,
        [
            format!("warn main: RBGEN_MAIN_URL {said}"),
            format!("warn main: RBGEN_MAIN_LISTEN_URL {said}")
        ]
    );
}

#[test]
fn a_database_is_looked_at_from_all_sides() {
    let database = SERVER.migrated();
    let lineage = database.sql("SELECT id FROM robbieblocks_lineage");
    let (code, findings, printed) = doctor(&[("main", Some(&database.url()))]);
    assert_eq!(code, 0, "{}", findings.join("\n"));
    for part in [
        "ok main: RBGEN_MAIN_URL is set",
        &format!(
            "ok main: connected to 127.0.0.1:{} without TLS, on this machine",
            SERVER.port
        ),
        "ok main: PostgreSQL ",
        "ok main: all tables are there, migrated up to V",
        &format!("ok main: its lineage is {lineage}"),
        "ok main: this user may read content, change content, write deploys, write history, migrate",
        "ok main: triggers see every change of content",
    ] {
        has(&findings, part);
    }
    assert_eq!(findings.len(), 7, "{}", findings.join("\n"));
    assert!(!printed.contains("owner"));

    // A rule that is gone is a migration that is due.
    database
        .sql("ALTER TABLE robbieblocks_pages DROP CONSTRAINT robbieblocks_pages_page_route_rule");
    let (code, findings, _) = doctor(&[("main", Some(&database.url()))]);
    assert_eq!(code, 0);
    has(
        &findings,
        "warn main: the tables are not quite those of this rbgen",
    );

    // What is broken is seen, all of it at once.
    database.sql(
        "ALTER TABLE robbieblocks_pages DISABLE TRIGGER rbgen_log_insert;
         ALTER TABLE robbieblocks_pages DISABLE TRIGGER rbgen_log_update;
         DROP TRIGGER rbgen_log_truncate ON robbieblocks_components;
         ALTER TABLE robbieblocks_style_tokens ENABLE REPLICA TRIGGER rbgen_log_truncate;
         DROP TABLE pending_sync;
         DELETE FROM robbieblocks_migrations;
         ALTER TABLE robbieblocks_node_branding ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    );
    let (code, findings, _) = doctor(&[("main", Some(&database.url()))]);
    assert_eq!(code, 1, "{}", findings.join("\n"));
    for part in [
        "warn main: INSERT, UPDATE on robbieblocks_pages deploys nothing: disabled is rbgen_log_insert, rbgen_log_update – `ALTER TABLE",
        "warn main: no trigger sees TRUNCATE on robbieblocks_components",
        "warn main: TRUNCATE on robbieblocks_style_tokens deploys nothing: disabled is rbgen_log_truncate",
        "warn main: tables are missing: pending_sync – `rbgen migrate`",
        "fail main: policies may hide rows from this user in robbieblocks_node_branding",
    ] {
        has(&findings, part);
    }
}

#[test]
fn rights_are_those_of_the_user() {
    let database = SERVER.migrated();
    SERVER.admin(
        "DO $$ BEGIN CREATE ROLE reader_of_few LOGIN; EXCEPTION WHEN duplicate_object THEN END $$",
    );
    let url = database.url_of("reader_of_few");
    let (code, findings, _) = doctor(&[("main", Some(&url))]);
    assert_eq!(code, 0, "{}", findings.join("\n"));
    has(&findings, "warn main: this user may not read all content");
    database.sql(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_of_few;
         GRANT INSERT, UPDATE ON robbieblocks_deploys TO reader_of_few",
    );
    let (_, findings, _) = doctor(&[("main", Some(&url))]);
    has(&findings, "ok main: this user may read content – ");
    database.sql("GRANT INSERT, UPDATE ON robbieblocks_trigger_receipts, robbieblocks_node_state TO reader_of_few");
    let (_, findings, _) = doctor(&[("main", Some(&url))]);
    has(
        &findings,
        "ok main: this user may read content, write deploys – ",
    );
    // A database without tables is none that is broken.
    let (code, findings, _) = doctor(&[("main", Some(&SERVER.database().url()))]);
    assert_eq!(code, 0);
    has(&findings, "warn main: no tables of rbgen");
}

#[test]
fn poolers_and_second_addresses_are_seen() {
    let database = SERVER.migrated();
    let direct = database.url();
    let pooled = POOLER.url(&database);
    // Also where the address does not say so.
    for url in [pooled.clone(), pooled.replace("&pgbouncer=true", "")] {
        let (code, findings, _) = doctor(&[("main", Some(&url))]);
        assert_eq!(code, 0, "{}", findings.join("\n"));
        has(
            &findings,
            "warn main: a pooler answers, and LISTEN hears nothing",
        );
        has(&findings, "`listen_url_env`");
        let (_, findings, _) = doctor(&[("main", Some(&url)), ("main_listen", Some(&direct))]);
        has(&findings, "ok main: a pooler answers – ");
        has_not(&findings, "hears nothing");
        let (_, findings, _) = doctor(&[("main", Some(&direct)), ("main_listen", Some(&url))]);
        has(
            &findings,
            "warn main: a pooler answers at RBGEN_MAIN_LISTEN_URL",
        );
    }
    let (_, findings, _) = doctor(&[("main", Some(&direct))]);
    has_not(&findings, "pooler");
    // A copy would say that it is the same.
    let other = SERVER.database();
    crate::migrate::migrate(&other);
    let other = other.url();
    let (code, findings, _) = doctor(&[("main", Some(&direct)), ("main_listen", Some(&other))]);
    assert_eq!(code, 1);
    has(&findings, "leads to another database");

    // One that fails does not hide the others.
    let dead = address("127.0.0.1", free_port(), "postgres");
    let (code, findings, _) = doctor(&[
        ("main", Some(&dead)),
        ("second", Some(&direct)),
        ("third", None),
    ]);
    assert_eq!(code, 4);
    has(&findings, "fail main: nothing listens");
    has(&findings, "ok second: PostgreSQL");
    has(&findings, "warn third: RBGEN_THIRD_URL is not set");
}
