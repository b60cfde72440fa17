//! Behind pgbouncer in transaction mode, where each transaction may meet another connection:
//! everything works, and nothing is left behind for the next client.

use std::fs;
use std::process::Child;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use rbgen::db::{Access, Address, Failure, Session};
use rbgen::diag::code;
use tempfile::TempDir;
use tokio_postgres::types::Type;

use crate::postgres::{Database, SERVER, free_port, hand_over, program, start_kept};

/// A pgbouncer before the server of all tests.
pub struct Pooler {
    _folder: TempDir,
    port: u16,
    _running: Child,
}

/// With two connections for each database, as few as concurrency can have.
pub static POOLER: LazyLock<Pooler> = LazyLock::new(|| Pooler::start(2));
/// With one, so that the next client meets the connection of the last.
static NARROW: LazyLock<Pooler> = LazyLock::new(|| Pooler::start(1));

impl Pooler {
    fn start(connections: usize) -> Pooler {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let users = folder.path().join("users.txt");
        let settings = folder.path().join("pgbouncer.ini");
        fs::write(&users, "\"owner\" \"owner\"\n").unwrap();
        fs::write(
            &settings,
            format!(
                "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\n\
                 pool_mode = transaction\ndefault_pool_size = {connections}\n",
                SERVER.port,
                users.display()
            ),
        )
        .unwrap();
        hand_over(folder.path());
        let settings = settings.to_str().unwrap().to_string();
        let running = start_kept(folder.path(), &program("pgbouncer"), &[&settings]);
        let pooler = Pooler {
            _folder: folder,
            port,
            _running: running,
        };
        let began = Instant::now();
        while let Err(error) = std::net::TcpStream::connect(("127.0.0.1", port)) {
            assert!(began.elapsed() < Duration::from_secs(30), "{error}");
            thread::sleep(Duration::from_millis(20));
        }
        pooler
    }

    /// The address of a database by way of the pooler.
    pub fn url(&self, database: &Database<'_>) -> String {
        let direct = format!(":{}/", database.server.port);
        let pooled = format!(":{}/", self.port);
        database.url().replace(&direct, &pooled) + "&pgbouncer=true"
    }

    #[track_caller]
    fn open(&self, database: &Database<'_>) -> Session {
        let address = Address::parse(&self.url(database)).unwrap();
        assert!(address.says_pooler());
        Session::open(&address).unwrap_or_else(|failure| panic!("{failure:?}"))
    }
}

#[track_caller]
fn ask(session: &mut Session, query: &str) -> String {
    let rows = session.query(query, &[]).unwrap();
    rows[0].get::<_, Option<String>>(0).unwrap_or_default()
}

/// Everything that a session can do, in one transaction.
fn work(session: &mut Session, number: i64) -> Result<i64, Failure> {
    session.transaction(Access::Write, |session| {
        session.run("SELECT pg_advisory_xact_lock_shared(7)")?;
        let changed = session.execute(
            "INSERT INTO things VALUES ($1, $2)",
            &[(&number, Type::INT8), (&"inserted", Type::TEXT)],
        )?;
        assert_eq!(changed, 1);
        // More than is sent at once.
        let rows: String = (0..5000)
            .map(|row| format!("{number}\trow {row} of many that are copied\n"))
            .collect();
        assert_eq!(session.copy_in("COPY things FROM STDIN", rows)?, 5000);
        session.run(
            "CREATE TEMP TABLE scratch (n int) ON COMMIT DROP; INSERT INTO scratch VALUES (1)",
        )?;
        let mut seen = 0;
        session.each("SELECT n, word FROM things", &[], |row| {
            if row.get::<_, i64>(0) == number {
                seen += 1;
            }
        })?;
        let rows = session.query(
            "SELECT count(*) FROM things WHERE n = $1",
            &[(&number, Type::INT8)],
        )?;
        assert_eq!(rows[0].get::<_, i64>(0), seen);
        Ok(seen)
    })
}

#[test]
fn many_sessions_share_two_connections() {
    let database = SERVER.database();
    database.sql("CREATE TABLE things (n int8, word text)");
    thread::scope(|scope| {
        for number in 0..10 {
            let database = &database;
            scope.spawn(move || {
                let mut session = POOLER.open(database);
                for round in 1..=3 {
                    assert_eq!(work(&mut session, number), Ok(5001 * round));
                }
            });
        }
    });
    assert_eq!(database.sql("SELECT count(*) FROM things"), "150030");
    let connections = database.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    assert!(["1", "2"].contains(&&*connections), "{connections}");
}

/// What a client would find on a connection that another had before it.
const LEFT_BEHIND: &str = "SELECT concat_ws('; ',
    (SELECT string_agg(name || '=' || setting, ', ' ORDER BY name) FROM pg_settings
     WHERE source = 'session' AND name NOT IN ('application_name', 'client_encoding')),
    (SELECT 'prepared ' || count(*) FROM pg_prepared_statements HAVING count(*) > 0),
    (SELECT 'locks ' || count(*) FROM pg_locks WHERE locktype = 'advisory'
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) HAVING count(*) > 0),
    (SELECT 'tables ' || count(*) FROM pg_class WHERE relpersistence = 't'
     AND relnamespace = pg_my_temp_schema() HAVING count(*) > 0),
    (SELECT 'listens ' || count(*) FROM pg_listening_channels() HAVING count(*) > 0))";

#[test]
fn nothing_is_left_behind_for_the_next_client() {
    let database = SERVER.database();
    database.sql("CREATE TABLE things (n int8, word text)");
    let mut next = NARROW.open(&database);
    let names = [
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "row_security",
        "TimeZone",
        "client_min_messages",
        "default_transaction_isolation",
        "transaction_read_only",
    ];
    let mut settings = || names.map(|name| ask(&mut next, &format!("SHOW {name}")));
    let before = settings();
    assert_eq!(before[0], "0");
    assert_eq!(before[3], "on");

    let mut session = NARROW.open(&database);
    let pid = ask(&mut session, "SELECT pg_backend_pid()::text");
    assert_eq!(work(&mut session, 1), Ok(5001));
    let inside = session
        .transaction(Access::Read, |session| {
            Ok::<_, Failure>(ask(session, "SHOW TimeZone") + &ask(session, "SHOW row_security"))
        })
        .unwrap();
    assert_eq!(inside, "UTCoff");
    // Failures in every place: in a statement, in a copy, and of the caller's own.
    for statement in ["SELECT 1/0", "COPY things FROM STDIN"] {
        let failure = session.transaction(Access::Write, |session| {
            session.run("SELECT pg_advisory_xact_lock(8)")?;
            match statement.starts_with("COPY") {
                true => session.copy_in(statement, "no number\n".into()).map(drop),
                false => session.run(statement),
            }
        });
        assert_eq!(failure.unwrap_err().code, code::QUERY_FAILED);
    }
    let own = session.transaction(Access::Write, |session| {
        session.run("INSERT INTO things VALUES (2, 'not kept')")?;
        Err::<(), _>(Failure::new(code::DIFFERS, "changed my mind"))
    });
    assert_eq!(own.unwrap_err().code, code::DIFFERS);
    // Outside of a transaction as well.
    session
        .execute(
            "INSERT INTO things VALUES ($1, 'x')",
            &[(&3i64, Type::INT8)],
        )
        .unwrap();
    session.each("SELECT 1", &[], |_| {}).unwrap();

    assert_eq!(settings(), before);
    drop(session);
    assert_eq!(settings(), before);
    assert_eq!(ask(&mut next, LEFT_BEHIND), "");
    assert_eq!(
        ask(
            &mut next,
            "SELECT count(*)::text FROM pg_prepared_statements"
        ),
        "0"
    );
    // It was one connection all the time.
    assert_eq!(ask(&mut next, "SELECT pg_backend_pid()::text"), pid);
    assert_eq!(database.sql("SELECT count(*) FROM things WHERE n > 1"), "1");

    // The test sees what it looks for.
    next.run(
        "SET statement_timeout = 77; PREPARE left_over AS SELECT 1; SELECT pg_advisory_lock(1)",
    )
    .unwrap();
    assert_eq!(
        ask(&mut next, LEFT_BEHIND),
        "statement_timeout=77; prepared 1; locks 1"
    );
}

#[test]
fn a_client_that_is_gone_in_the_middle_leaves_nothing() {
    let database = SERVER.database();
    database.sql("CREATE TABLE things (n int8, word text)");
    let mut session = NARROW.open(&database);
    session
        .run("BEGIN; SET LOCAL row_security = off; SELECT pg_advisory_xact_lock(9); INSERT INTO things VALUES (1)")
        .unwrap();
    drop(session);
    let mut next = NARROW.open(&database);
    assert_eq!(ask(&mut next, LEFT_BEHIND), "");
    assert_eq!(ask(&mut next, "SELECT count(*)::text FROM things"), "0");
}

#[test]
fn what_a_pooler_refuses_is_told() {
    let database = SERVER.database();
    let url = POOLER.url(&database);
    for (url, part) in [
        (
            url.clone() + "&options=-c%20geqo%3Doff",
            "a pooler that refuses a setting",
        ),
        (
            url.replace(&database.name, "nothing"),
            "has no database `nothing`",
        ),
        (
            url.replace("owner:owner", "somebody:hunter2"),
            "refuses the user or the password",
        ),
    ] {
        let failure = match Session::open(&Address::parse(&url).unwrap()) {
            Ok(mut session) => session.run("SELECT 1").unwrap_err(),
            Err(failure) => failure,
        };
        assert_eq!(failure.code, code::LOGIN_REFUSED, "{part}: {failure:?}");
        assert!(failure.message.contains(part), "{part}: {failure:?}");
        assert!(!format!("{failure:?}").contains("somebody"), "{failure:?}");
    }
    assert!(
        database
            .refused("nobody", "SELECT 1")
            .contains("does not exist")
    );
}
