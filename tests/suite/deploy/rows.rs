//! Records with a database: rows with every state, handed over from the file, and back in it where the
//! database goes away.

use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};

use rbgen::db::{Address, Session};
use rbgen::deploy::Book;
use rbgen::model::{Deploy, DeployStatus, Moment};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Deployed, document};
use crate::harness::text;
use crate::postgres::{Database, SERVER};

/// A site with a database, and the log of the states that its records had.
struct Recorded {
    deployed: Deployed,
    database: Database<'static>,
}

const DATABASE: &str = "\n[database.main]\nurl_env = \"DATABASE_URL\"\n";

impl Recorded {
    fn new() -> Recorded {
        let deployed = Deployed::keeping(2);
        let config = deployed.site.read("robbieblocks.toml");
        deployed.site.write("robbieblocks.toml", config + DATABASE);
        let database = SERVER.migrated();
        database.sql(
            "CREATE TABLE seen (number INT GENERATED ALWAYS AS IDENTITY, id UUID, state TEXT); \
             CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
               INSERT INTO seen (id, state) VALUES (NEW.id, NEW.deploy_status); RETURN NEW; END $$; \
             CREATE TRIGGER see AFTER INSERT OR UPDATE ON robbieblocks_deploys \
               FOR EACH ROW EXECUTE FUNCTION see()",
        );
        Recorded { deployed, database }
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = self.deployed.site.command(args);
        command.env("DATABASE_URL", self.database.url());
        command.output().unwrap()
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        assert!(
            output.status.success(),
            "{args:?}: {}",
            text(&output.stderr)
        );
        document(&output)
    }

    fn states(&self, id: &str) -> String {
        self.database.sql(&format!(
            "SELECT string_agg(state, ' ' ORDER BY number) FROM seen WHERE id = '{id}'"
        ))
    }

    /// A record as the columns of its row say.
    fn row(&self, id: &str) -> Value {
        let row = self.database.sql(&format!(
            "SELECT to_jsonb(deploy) FROM robbieblocks_deploys AS deploy WHERE id = '{id}'"
        ));
        serde_json::from_str(&row).unwrap_or_else(|_| panic!("no record {id}: {row}"))
    }

    fn count(&self) -> String {
        self.database
            .sql("SELECT count(*) FROM robbieblocks_deploys")
    }
}

fn id(said: &Value) -> String {
    said["deploys"][0]["id"].as_str().unwrap().to_string()
}

#[test]
fn a_row_goes_through_all_states_and_tells_the_truth() {
    let recorded = Recorded::new();
    let said = recorded.ok(&["deploy"]);
    let id = id(&said);
    assert_eq!(recorded.states(&id), "pending building deploying success");
    assert!(recorded.deployed.record_lines().is_empty());
    let row = recorded.row(&id);
    let manifest: Value =
        serde_json::from_str(&recorded.deployed.site.read("dist/one/play.json")).unwrap();
    let printed = &said["deploys"][0];
    for (column, expected) in [
        ("node_id", json!("one")),
        ("app_namespace", json!("play")),
        ("build_hash", manifest["build_hash"].clone()),
        ("release", manifest["build_hash"].clone()),
        ("pages_count", manifest["pages"].clone()),
        ("components_count", manifest["components"].clone()),
        ("build_duration_ms", printed["build_ms"].clone()),
        ("deploy_duration_ms", printed["deploy_ms"].clone()),
        ("error_message", Value::Null),
        ("triggered_by", json!("manual")),
        ("source_rev", Value::Null),
        ("source_commit", printed["source_commit"].clone()),
        ("target", printed["target"].clone()),
        ("preview", Value::Null),
    ] {
        assert_eq!(row[column], expected, "{column}");
    }
    assert!(
        row["build_log"].as_str().unwrap().ends_with("\nlive"),
        "{row}"
    );
    for column in ["started_at", "completed_at"] {
        let of_row: jiff::Timestamp = row[column].as_str().unwrap().parse().unwrap();
        let of_json: jiff::Timestamp = printed[column].as_str().unwrap().parse().unwrap();
        let apart = of_row.duration_since(of_json).as_millis().abs();
        assert!(apart < 1, "{column}: {of_row} {of_json}");
    }
    // Listed as it was printed.
    let listed = recorded.ok(&["deploys"]);
    for name in [
        "id",
        "status",
        "build_hash",
        "release",
        "pages",
        "components",
        "target",
    ] {
        assert_eq!(listed["deploys"][0][name], printed[name], "{name}");
    }
    // A failed one, a rollback, and one that was live already.
    let page = "content/pages/play/home.toml";
    recorded.deployed.site.replace(page, "title = ", "titel = ");
    assert_eq!(recorded.run(&["deploy"]).status.code(), Some(1));
    let failed = recorded.ok(&["deploys", "-n", "1"])["deploys"][0].clone();
    let failed = failed["id"].as_str().unwrap();
    assert_eq!(recorded.states(failed), "pending building failed");
    let log = recorded.row(failed)["build_log"].clone();
    assert!(log.as_str().unwrap().contains(page), "{log}");
    recorded.deployed.site.replace(page, "titel = ", "title = ");
    assert_eq!(recorded.ok(&["deploy"])["deploys"][0]["unchanged"], true);
    recorded.deployed.mark("two");
    recorded.ok(&["deploy"]);
    recorded.ok(&["rollback"]);
    let last = recorded.ok(&["deploys", "-n", "1"])["deploys"][0].clone();
    assert_eq!(last["triggered_by"], "rollback");
    assert_eq!(recorded.count(), "5");
}

#[test]
fn records_are_handed_over_when_a_database_is_there() {
    let recorded = Recorded::new();
    let ids = ["one", "two"].map(|mark| {
        recorded.deployed.mark(mark);
        let output = recorded
            .deployed
            .site
            .command(&["deploy", "--json"])
            .output()
            .unwrap();
        id(&document(&output))
    });
    assert_eq!(recorded.count(), "0");
    let in_file = recorded.deployed.records();
    assert_eq!(in_file.len(), 2);
    // Whoever looks hands them over, once.
    let output = recorded.run(&["deploys", "--json"]);
    assert!(
        text(&output.stderr).contains("2 records of .rbgen/deploys.jsonl went into the database")
    );
    assert_eq!(document(&output)["deploys"].as_array().unwrap().len(), 2);
    assert!(!recorded.deployed.site.path(".rbgen/deploys.jsonl").exists());
    assert!(!text(&recorded.run(&["deploys"]).stderr).contains("went into"));
    for (id, record) in ids.iter().zip(in_file) {
        let row = recorded.row(id);
        for (column, value) in record.as_object().unwrap() {
            if !column.ends_with("_at") {
                assert_eq!(row[column], *value, "{column}");
            }
        }
    }
}

#[test]
fn a_database_that_goes_away_in_the_middle_gets_the_rest_later() {
    let recorded = Recorded::new();
    // The connection is cut just when the record is to say that it deploys.
    recorded.database.sql(
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF NEW.deploy_status = 'deploying' THEN \
             PERFORM pg_terminate_backend(pg_backend_pid()); END IF; \
           RETURN NEW; END $$; \
         CREATE TRIGGER cut BEFORE UPDATE ON robbieblocks_deploys \
           FOR EACH ROW EXECUTE FUNCTION cut()",
    );
    let output = recorded.run(&["deploy", "--json"]);
    let said = document(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        text(&output.stderr).contains("warning["),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(said["deploys"][0]["status"], "success");
    let id = id(&said);
    assert_eq!(recorded.row(&id)["deploy_status"], "building");
    assert_eq!(recorded.deployed.records()[0]["deploy_status"], "success");
    recorded
        .database
        .sql("DROP TRIGGER cut ON robbieblocks_deploys");
    recorded.ok(&["deploys"]);
    assert_eq!(recorded.row(&id)["deploy_status"], "success");
    assert_eq!(
        recorded.row(&id)["build_hash"],
        said["deploys"][0]["build_hash"]
    );
    assert_eq!(recorded.count(), "1");
}

#[test]
fn without_a_database_that_answers_everything_is_deployed_all_the_same() {
    let recorded = Recorded::new();
    let mut command = recorded.deployed.site.command(&["deploy", "--json"]);
    let output = command
        .env(
            "DATABASE_URL",
            "postgres://nobody@127.0.0.1:1/none?sslmode=disable",
        )
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("the records go to .rbgen/deploys.jsonl"));
    assert_eq!(recorded.deployed.records().len(), 1);
    recorded.deployed.assert_whole("without a database");
}

#[test]
fn what_a_dead_process_left_open_is_closed_as_failed() {
    let recorded = Recorded::new();
    let mut command = recorded.deployed.site.command(&["deploy"]);
    let killed = command
        .env("DATABASE_URL", recorded.database.url())
        .env("RBGEN_FAILPOINT", "deploy-building:1")
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None);
    let open = recorded.ok(&["deploys"])["deploys"][0].clone();
    assert_eq!(open["status"], "building");
    let open = open["id"].as_str().unwrap();
    let said = recorded.ok(&["deploy"]);
    let row = recorded.row(open);
    assert_eq!(row["deploy_status"], "failed");
    assert_eq!(
        row["error_message"],
        "the process that deployed ended before it was done"
    );
    assert!(row["completed_at"].is_string());
    assert_eq!(
        recorded.states(&id(&said)),
        "pending building deploying success"
    );
}

#[test]
fn a_deploy_of_rows_says_which_revision_they_were() {
    let recorded = Recorded::new();
    let root = recorded.deployed.site.root();
    crate::commits::commit_all(&root);
    recorded.ok(&["import"]);
    let said = recorded.ok(&["deploy", "--from", "db"]);
    let first = recorded.row(&id(&said));
    let revision = first["source_rev"].as_str().unwrap();
    assert!(!revision.is_empty());
    assert_eq!(first["source_commit"], Value::Null);
    assert_eq!(first["deploy_status"], "success");
    recorded.deployed.assert_whole("from rows");
    recorded
        .database
        .sql("UPDATE robbieblocks_pages SET page_name = 'Other' WHERE page_key LIKE '%notes%'");
    let said = recorded.ok(&["deploy", "--from", "db"]);
    let second = recorded.row(&id(&said));
    assert_ne!(second["source_rev"], first["source_rev"]);
    assert_ne!(second["release"], first["release"]);
}

/// While records are handed over by several, others write more: none is lost.
#[test]
fn records_that_come_while_others_are_handed_over_are_not_lost() {
    const COUNT: usize = 3000;
    let database = SERVER.migrated();
    let folder = TempDir::new().unwrap();
    let address = Address::parse(&database.url()).unwrap();
    let hand_over = || Book::open(folder.path(), Some(Session::open(&address).unwrap()));
    let record = |number: usize| Deploy {
        id: format!("00000000-0000-4000-8000-{number:012}"),
        node: "one".to_string(),
        app: "play".to_string(),
        build_hash: String::new(),
        pages: None,
        components: None,
        status: DeployStatus::Success,
        build_ms: None,
        deploy_ms: None,
        error: None,
        log: String::new(),
        started_at: Moment::now(),
        completed_at: Some(Moment::now()),
        triggered_by: "manual".to_string(),
        source_rev: None,
        source_commit: None,
        release: None,
        target: None,
        preview: None,
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert!(hand_over().failure.is_none());
                }
            });
        }
        let mut book = Book::open(folder.path(), None).book;
        for number in 0..COUNT {
            assert!(book.note(&[record(number)]).is_none());
        }
        done.store(true, Ordering::Relaxed);
    });
    hand_over();
    let count = database.sql("SELECT count(*) FROM robbieblocks_deploys");
    assert_eq!(count, COUNT.to_string());
}
