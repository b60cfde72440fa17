//! Others who write at the same moment: in open transactions, in other clones.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Clone, HOME, HOME_ROW, assert_even, database, retitle, revisions, said, title};
use crate::harness::text;
use crate::postgres::{Database, program};

/// Somebody at psql, in a transaction of their own.
struct Somebody {
    psql: Child,
}

impl Somebody {
    fn begins(database: &Database<'_>, statement: &str) -> Somebody {
        let mut psql = Command::new(program("psql"))
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", &database.url()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let stdin = psql.stdin.as_mut().unwrap();
        writeln!(
            stdin,
            "SET application_name = 'somebody'; BEGIN; {statement};"
        )
        .unwrap();
        let idle = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'somebody' \
                    AND datname = current_database() AND state = 'idle in transaction'";
        wait_for(|| database.sql(idle) == "1");
        Somebody { psql }
    }

    fn ends(mut self, how: &str) {
        writeln!(self.psql.stdin.as_mut().unwrap(), "{how};").unwrap();
        drop(self.psql.stdin.take());
        assert!(self.psql.wait().unwrap().success());
    }
}

fn wait_for(mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(
            began.elapsed() < Duration::from_secs(9),
            "it never happened"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until rbgen stands in the queue for the tables.
fn wait_for_the_push(database: &Database<'_>) {
    let waits = "SELECT count(*) FROM pg_locks AS lock JOIN pg_stat_activity AS who USING (pid) \
                 WHERE NOT granted AND datname = current_database() AND mode = 'ShareRowExclusiveLock'";
    wait_for(|| database.sql(waits) == "1");
}

const NAME: &str = "SELECT page_name FROM robbieblocks_pages WHERE page_key = 'home'";

#[test]
fn an_edit_between_the_look_and_the_write_is_not_overwritten() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    for (number, with_git) in [(1, true), (2, false)] {
        let words = format!("Late {number}");
        let edit = format!("UPDATE robbieblocks_pages SET meta_title = '{words}' WHERE {HOME_ROW}");
        let somebody = Somebody::begins(&database, &edit);
        let mut command = match with_git {
            true => clone.git_command(&["push", "db", "main"]),
            false => clone.command(&["push"]),
        };
        let pushing = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_the_push(&database);
        somebody.ends("COMMIT");
        let pushed = pushing.wait_with_output().unwrap();
        assert!(!pushed.status.success(), "{}", said(&pushed));
        assert!(
            said(&pushed).contains("rows of the database were edited meanwhile"),
            "{}",
            said(&pushed)
        );
        assert_eq!(
            (title(&database), database.sql(NAME)),
            (words.clone(), "Home".to_string())
        );
        assert_eq!(
            revisions(&database),
            (number + 1).to_string(),
            "the late edit is a revision"
        );
        clone.ok(&["pull"]);
    }
    clone.ok(&["sync"]);
    assert_eq!(
        (title(&database), database.sql(NAME)),
        ("Late 2".to_string(), "House".to_string())
    );
    assert_even(&clone);

    // `rbgen sync` begins again by itself, and who thinks better of it was never there.
    for (how, name, expected) in [
        ("COMMIT", "Mansion", "Late"),
        ("ROLLBACK", "Castle", "Late"),
    ] {
        let before = database.sql(NAME);
        clone.edit(
            HOME,
            &format!("name = \"{before}\""),
            &format!("name = \"{name}\""),
        );
        let edit = format!(
            "UPDATE robbieblocks_pages SET meta_description = '{expected}' || '{how}' WHERE {HOME_ROW}"
        );
        let somebody = Somebody::begins(&database, &edit);
        let mut command = clone.command(&["sync"]);
        let syncing = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_the_push(&database);
        somebody.ends(how);
        let synced = syncing.wait_with_output().unwrap();
        assert!(synced.status.success(), "{how}: {}", said(&synced));
        let row =
            format!("SELECT page_name, meta_description FROM robbieblocks_pages WHERE {HOME_ROW}");
        assert_eq!(database.sql(&row), format!("{name}|LateCOMMIT"));
        assert_even(&clone);
    }
}

#[test]
fn a_transaction_that_was_open_during_a_fetch_is_seen_by_the_next() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    let edit = format!("UPDATE robbieblocks_pages SET meta_title = 'Open' WHERE {HOME_ROW}");
    let somebody = Somebody::begins(&database, &edit);
    database.sql("UPDATE robbieblocks_style_tokens SET default_value = '#123456' WHERE token_key = 'color.text'");
    clone.ok(&["pull"]);
    assert!(
        clone
            .site
            .read("content/tokens/color.toml")
            .contains("#123456")
    );
    assert!(!clone.site.read(HOME).contains("Open"));
    somebody.ends("COMMIT");
    clone.ok(&["pull"]);
    assert!(clone.site.read(HOME).contains("Open"));
    assert_even(&clone);
}

#[test]
fn of_two_who_push_at_once_one_wins_and_the_other_is_told_to_fetch() {
    let database = database();
    let first = Clone::pushed(&database.url());
    let second = first.second();
    second.git(&["fetch", "-q", "db"]);
    first.git(&["remote", "add", "origin", second.top.to_str().unwrap()]);
    let mut expected = 1;
    for round in 0..5 {
        // Each has a page of its own: nothing of it is a conflict.
        first.site.write(
            "content/pages/play/first.toml",
            format!("name = \"First {round}\"\nstatus = \"published\"\n"),
        );
        first.commit("First");
        second.site.write(
            "content/pages/play/second.toml",
            format!("name = \"Second {round}\"\nstatus = \"published\"\n"),
        );
        second.commit("Second");
        let pushing = [&first, &second].map(|clone| {
            let mut command = clone.git_command(&["push", "db", "main"]);
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        });
        let pushed = pushing.map(|child| child.wait_with_output().unwrap());
        let won = [pushed[0].status.success(), pushed[1].status.success()];
        let words = format!("{}\n{}", said(&pushed[0]), said(&pushed[1]));
        assert_ne!(won[0], won[1], "round {round}: {words}");
        expected += 1;
        assert_eq!(revisions(&database), expected.to_string(), "{words}");
        let (winner, loser) = match won[0] {
            true => (&first, &second),
            false => (&second, &first),
        };
        let told = said(&pushed[usize::from(won[0])]);
        assert!(told.contains("fetch"), "{told}");
        loser.git(&["fetch", "-q", "origin"]);
        loser.ok(&["sync"]);
        expected += 1;
        winner.git(&["fetch", "-q", "origin"]);
        winner.ok(&["sync"]);
        assert_eq!(winner.head(), loser.head());
        let both = "SELECT string_agg(page_name, ' ' ORDER BY page_name) FROM robbieblocks_pages WHERE page_key IN ('first', 'second')";
        assert_eq!(database.sql(both), format!("First {round} Second {round}"));
    }
    assert_even(&first);
    assert_even(&second);
}

#[test]
fn of_many_who_fetch_at_once_all_get_the_same() {
    let database = database();
    let first = Clone::pushed(&database.url());
    let clones = [first.second(), first.second(), first.second(), first];
    for round in 0..3 {
        retitle(&database, &format!("Round {round}"));
        let fetching = clones.each_ref().map(|clone| {
            let mut command = clone.git_command(&["fetch", "db"]);
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        });
        for child in fetching {
            let fetched = child.wait_with_output().unwrap();
            assert!(fetched.status.success(), "{}", text(&fetched.stderr));
        }
        assert_eq!(
            revisions(&database),
            (round + 2).to_string(),
            "one revision for one edit"
        );
        let commits = clones.each_ref().map(Clone::db_main);
        assert!(
            commits.iter().all(|commit| *commit == commits[0]),
            "{commits:?}"
        );
    }
}

#[test]
fn several_looks_in_one_clone_at_once_do_not_disturb_each_other() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    let other = clone.second();
    for round in 0..2 {
        retitle(&database, &format!("Round {round}"));
        other.git(&["fetch", "-q", "db"]);
        let looking = [0; 5].map(|_| {
            let mut command = clone.command(&["status", "--json"]);
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        });
        for child in looking {
            let looked = child.wait_with_output().unwrap();
            assert!(looked.status.success(), "{}", said(&looked));
            let status: serde_json::Value = serde_json::from_slice(&looked.stdout).unwrap();
            assert_eq!(status["commit"], other.db_main(), "{status}");
            assert_eq!(status["behind"][0]["key"], "home", "{status}");
        }
        clone.ok(&["pull"]);
        assert_eq!(clone.git(&["for-each-ref", "refs/rbgen"]), "");
    }
    assert_even(&clone);
}

/// A view that was fixed before a TRUNCATE shows its table empty afterwards.
#[test]
fn a_table_that_is_filled_anew_is_never_seen_empty() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    let before = (clone.head(), revisions(&database));
    let somebody = Somebody::begins(
        &database,
        "CREATE TEMPORARY TABLE kept AS TABLE robbieblocks_page_blocks; \
         TRUNCATE robbieblocks_page_blocks",
    );
    let pulled = thread::scope(|scope| {
        let pulling = scope.spawn(|| clone.run(&["pull"]));
        let waits = "SELECT count(*) FROM pg_locks AS lock JOIN pg_stat_activity AS who USING (pid) \
                     WHERE NOT granted AND datname = current_database() AND mode = 'AccessShareLock'";
        wait_for(|| database.sql(waits) == "1");
        somebody.ends("INSERT INTO robbieblocks_page_blocks SELECT * FROM kept; COMMIT");
        pulling.join().unwrap()
    });
    assert!(pulled.status.success(), "{}", said(&pulled));
    assert_eq!((clone.head(), revisions(&database)), before);
    assert_even(&clone);
}

#[test]
fn what_a_trigger_of_somebody_else_does_in_a_push_is_seen() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    database.sql(
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN NEW.page_name := upper(NEW.page_name); RETURN NEW; END'; \
         CREATE TRIGGER shout BEFORE UPDATE ON robbieblocks_pages \
         FOR EACH ROW EXECUTE FUNCTION shout()",
    );
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    clone.ok(&["push"]);
    assert_eq!(database.sql(NAME), "HOUSE");
    clone.ok(&["pull"]);
    assert!(clone.site.read(HOME).contains("name = \"HOUSE\""));
    assert_even(&clone);
}
