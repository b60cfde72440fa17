//! Several migrations at once, and one that is killed on its way.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use rbgen::db::{Address, Session};

use super::{Variant, earlier_design, migrate, migrate_at, migrate_json};
use crate::harness::text;
use crate::postgres::{SERVER, free_port, program, server_user};

#[test]
fn of_eight_at_once_one_does_the_work() {
    for fresh in [true, false] {
        let database = match fresh {
            true => SERVER.database(),
            false => earlier_design(Variant::Plain),
        };
        let applied: Vec<bool> = thread::scope(|scope| {
            let runs: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| migrate_json(&database, &[])))
                .collect();
            runs.into_iter()
                .map(|run| {
                    let (status, document) = run.join().unwrap();
                    assert_eq!(status, 0, "{document}");
                    document["applied"].as_bool().unwrap()
                })
                .collect()
        });
        assert_eq!(
            applied.iter().filter(|applied| **applied).count(),
            1,
            "{applied:?}"
        );
        assert_eq!(
            database.sql("SELECT count(*) FROM robbieblocks_lineage"),
            "1"
        );
    }
}

#[test]
fn a_migration_that_is_killed_has_changed_nothing() {
    let database = earlier_design(Variant::Plain);
    let before = database.sql("SELECT count(*) FROM pg_class; SELECT count(*) FROM pg_trigger");
    // A function that is slow to answer holds the migration up when tables have been made already.
    database.sql(
        "CREATE OR REPLACE FUNCTION get_page_config(page_key_param VARCHAR) RETURNS JSON LANGUAGE sql AS
         $$ SELECT to_json(pg_sleep(20)::TEXT) $$",
    );
    let output = thread::scope(|scope| {
        let run = scope.spawn(|| migrate_at(&database.url(), &[]));
        let waiting = format!(
            "SELECT pid FROM pg_stat_activity WHERE datname = '{}' AND wait_event = 'PgSleep'",
            database.name
        );
        let pid = loop {
            let pid = SERVER.admin(&waiting);
            if !pid.trim().is_empty() {
                break pid.trim().to_string();
            }
            thread::sleep(Duration::from_millis(20));
        };
        SERVER.admin(&format!("SELECT pg_terminate_backend({pid})"));
        run.join().unwrap()
    });
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("RB0907"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(
        database.sql("SELECT count(*) FROM pg_class; SELECT count(*) FROM pg_trigger"),
        before
    );
    database.sql(
        "CREATE OR REPLACE FUNCTION get_page_config(page_key_param VARCHAR) RETURNS JSON LANGUAGE sql AS
         $$ SELECT '{}'::JSON $$",
    );
    migrate(&database);
}

#[test]
fn who_reads_for_long_is_not_waited_for_for_ever() {
    let database = earlier_design(Variant::Plain);
    let mut reader = Session::open(&Address::parse(&database.url()).unwrap()).unwrap();
    reader
        .run("BEGIN; LOCK TABLE robbieblocks_deploys IN ACCESS SHARE MODE")
        .unwrap();
    let output = migrate_at(&database.url(), &["--json"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        text(&output.stdout).contains("RB0912"),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(
        database.sql("SELECT to_regclass('robbieblocks_changes') IS NULL"),
        "t"
    );
    reader.run("COMMIT").unwrap();
    migrate(&database);
}

#[test]
fn two_nodes_that_finish_together_settle_the_change() {
    let database = super::with_content();
    database.sql("UPDATE robbieblocks_style_tokens SET default_value = 'x';
                  INSERT INTO robbieblocks_style_tokens (token_key, token_category, default_value) VALUES ('a', 'b', 'c')");
    let open = || Session::open(&Address::parse(&database.url()).unwrap()).unwrap();
    let (mut one, mut two) = (open(), open());
    let done = |node: &str| {
        format!(
            "BEGIN; INSERT INTO robbieblocks_trigger_receipts (trigger_id, node_id, state)
             SELECT id, '{node}', 'done' FROM robbieblocks_change_triggers"
        )
    };
    one.run(&done("n1")).unwrap();
    thread::scope(|scope| {
        let second = scope.spawn(|| {
            two.run(&done("n2")).unwrap();
            two.run("COMMIT").unwrap();
        });
        thread::sleep(Duration::from_millis(200));
        one.run("COMMIT").unwrap();
        second.join().unwrap();
    });
    assert_eq!(
        database.sql("SELECT processed_at IS NOT NULL FROM robbieblocks_change_triggers"),
        "t"
    );
}

/// A program that ends when the test does.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_pooler_in_transaction_mode_is_no_hindrance() {
    let database = earlier_design(Variant::WithKeys);
    let folder = tempfile::TempDir::new().unwrap();
    let port = free_port();
    let settings = folder.path().join("pgbouncer.ini");
    fs::write(folder.path().join("users.txt"), "\"owner\" \"owner\"\n").unwrap();
    fs::write(
        &settings,
        format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             auth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 2\nunix_socket_dir =\n",
            SERVER.port,
            folder.path().join("users.txt").display()
        ),
    )
    .unwrap();
    if let Some((user, group)) = server_user() {
        for path in [
            folder.path().to_path_buf(),
            settings.clone(),
            folder.path().join("users.txt"),
        ] {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }
    let mut command = Command::new(program("pgbouncer"));
    command.arg(&settings).stderr(std::process::Stdio::null());
    if let Some((user, group)) = server_user() {
        command.uid(user).gid(group);
    }
    let _pooler = Ended(command.spawn().unwrap());
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        thread::sleep(Duration::from_millis(20));
    }
    let url = format!(
        "postgres://owner:owner@127.0.0.1:{port}/{}?sslmode=disable",
        database.name
    );
    let statuses: Vec<Option<i32>> = thread::scope(|scope| {
        let runs: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| migrate_at(&url, &[]).status.code()))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(statuses, [Some(0); 4]);
    let again = migrate_at(&url, &[]);
    assert!(
        text(&again.stdout).starts_with("nothing to do"),
        "{}",
        text(&again.stdout)
    );
    // Nothing of a session stays behind for whoever gets the connection next.
    assert_eq!(
        database.sql(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ),
        "0"
    );
}

#[test]
fn nobody_waits_for_a_node_that_has_another_id_or_is_gone() {
    for change in [
        "UPDATE robbieblocks_node_branding SET node_id = 'other' WHERE node_id = 'n1'",
        "DELETE FROM robbieblocks_node_branding WHERE node_id = 'n1'",
        "TRUNCATE robbieblocks_node_branding",
    ] {
        let database = super::with_content();
        database.sql("DELETE FROM robbieblocks_change_triggers");
        database.sql("UPDATE robbieblocks_node_branding SET node_name = 'x' WHERE node_id = 'n1'");
        let waiting = "SELECT count(*) FROM robbieblocks_change_triggers
                       WHERE processed_at IS NULL AND affected_nodes = '{n1}'";
        assert_eq!(database.sql(waiting), "1", "{change}");
        database.sql(change);
        assert_eq!(database.sql(waiting), "0", "{change}");
    }
}
