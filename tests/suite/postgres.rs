//! A Postgres server for the tests: started from the installed binaries in a temporary folder, ended
//! with the tests, one database a test.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::{TestSite, text};

/// The server of all tests that need no other: anybody on this machine may log in.
pub static SERVER: LazyLock<Server> =
    LazyLock::new(|| Server::start(&[], "host all all all trust\n"));

/// A running server. It ends when the process does, however that ends.
pub struct Server {
    pub folder: TempDir,
    pub port: u16,
    _running: Child,
}

/// A program of Postgres: from the PATH, or where Debian has it.
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.path().join("bin"))
                .collect()
        })
        .unwrap_or_default();
    versions.sort();
    places.extend(versions.into_iter().rev());
    places.push("/usr/sbin".into());
    places
        .into_iter()
        .map(|place| place.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| {
            panic!("`{name}` is missing: Debian's packages postgresql and pgbouncer have it, and `tests/run suite` installs them")
        })
}

/// The user that servers run as: Postgres refuses to run as root.
pub fn server_user() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() != 0) {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.starts_with(&format!("{name}:")))?;
        let fields: Vec<&str> = line.split(':').collect();
        Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
    };
    ids("postgres").or_else(|| ids("nobody"))
}

/// Gives a folder and the files in it to the user that servers run as.
pub fn hand_over(folder: &Path) {
    if let Some((user, group)) = server_user() {
        for entry in fs::read_dir(folder).unwrap() {
            chown(entry.unwrap().path(), Some(user), Some(group)).unwrap();
        }
        chown(folder, Some(user), Some(group)).unwrap();
    }
}

/// A port that nobody listens at now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Starts a program that ends with this process: its keeper waits for a pipe that closes when we end,
/// even if we are killed.
pub fn start_kept(folder: &Path, program: &Path, arguments: &[&str]) -> Child {
    start_kept_by(server_user(), &[], folder, program, arguments)
}

/// The same, as another user, where there is one, and with these variables in its environment.
pub fn start_kept_by(
    user: Option<(u32, u32)>,
    environment: &[(&str, &str)],
    folder: &Path,
    program: &Path,
    arguments: &[&str],
) -> Child {
    let script = r#""$@" & server=$!; cat >/dev/null; kill -QUIT $server; kill -TERM $server; wait $server; rm -rf "$KEPT""#;
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(script)
        .arg("sh")
        .arg(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .env("KEPT", folder)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(fs::File::create(folder.join("out.log")).unwrap())
        .stderr(fs::File::create(folder.join("err.log")).unwrap());
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command.spawn().unwrap()
}

impl Server {
    /// Starts a server with settings such as `ssl=on`, and the lines of its pg_hba.conf; local
    /// sockets are always trusted.
    pub fn start(settings: &[&str], access: &str) -> Server {
        Server::start_with(settings, access, |_| {})
    }

    /// The same; `prepare` may put files into its folder first.
    pub fn start_with(settings: &[&str], access: &str, prepare: impl FnOnce(&Path)) -> Server {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        prepare(folder.path());
        hand_over(folder.path());
        let mut make = Command::new(program("initdb"));
        make.args([
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--username=postgres",
        ])
        .arg(&data)
        .current_dir(folder.path());
        if let Some((user, group)) = server_user() {
            make.uid(user).gid(group);
        }
        let made = make.output().unwrap();
        assert!(made.status.success(), "initdb: {}", text(&made.stderr));
        fs::write(
            data.join("pg_hba.conf"),
            format!("local all all trust\n{access}"),
        )
        .unwrap();
        let port = free_port();
        let port_text = port.to_string();
        let sockets = format!("unix_socket_directories={}", folder.path().display());
        let data = data.to_str().unwrap().to_string();
        let mut arguments = vec!["-D", &data, "-p", &port_text, "-c", &sockets];
        for setting in [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=60",
        ]
        .iter()
        .chain(settings)
        {
            arguments.extend(["-c", setting]);
        }
        let running = start_kept(folder.path(), &program("postgres"), &arguments);
        let server = Server {
            folder,
            port,
            _running: running,
        };
        let began = Instant::now();
        while !server
            .psql("postgres", "postgres", "SELECT 1")
            .status
            .success()
        {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "the server does not start: {}",
                fs::read_to_string(server.folder.path().join("err.log")).unwrap_or_default()
            );
            sleep(Duration::from_millis(20));
        }
        server.admin("CREATE ROLE owner LOGIN NOSUPERUSER PASSWORD 'owner'");
        server
    }

    /// psql by way of the local socket: rows as lines, columns parted by `|`.
    pub fn psql(&self, user: &str, database: &str, statements: &str) -> std::process::Output {
        Command::new(program("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                user,
                "-d",
                database,
            ])
            .arg("-h")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string(), "-c", statements])
            .output()
            .unwrap()
    }

    /// Statements of the superuser, which must succeed.
    pub fn admin(&self, statements: &str) -> String {
        let output = self.psql("postgres", "postgres", statements);
        assert!(
            output.status.success(),
            "{statements}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// A new database with rbgen's tables, owned by `owner`: a copy of one that was migrated once.
    pub fn migrated(&self) -> Database<'_> {
        static MADE: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
        let mut made = MADE.lock().unwrap();
        if made.insert(self.port) {
            self.admin("CREATE DATABASE migrated OWNER owner");
            let site = TestSite::base();
            let config = site.read("robbieblocks.toml");
            let database = "[database.main]\nurl_env = \"DATABASE_URL\"\n";
            site.write("robbieblocks.toml", format!("{config}\n{database}"));
            let name = "migrated".to_string();
            let url = Database { server: self, name }.url();
            let output = site
                .command(&["migrate"])
                .env("DATABASE_URL", url)
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", text(&output.stderr));
        }
        drop(made);
        self.database_like("migrated")
    }

    /// A new database without any table, owned by `owner`, who is no superuser.
    pub fn database(&self) -> Database<'_> {
        self.database_like("template1")
    }

    fn database_like(&self, template: &str) -> Database<'_> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.admin(&format!(
            "CREATE DATABASE {name} OWNER owner TEMPLATE {template}"
        ));
        Database { server: self, name }
    }
}

/// A database of a test.
pub struct Database<'a> {
    pub server: &'a Server,
    pub name: String,
}

impl<'a> Database<'a> {
    /// A new database with the same rows. Nobody may be connected to this one.
    pub fn copy(&self) -> Database<'a> {
        self.server.database_like(&self.name)
    }

    /// Its address for its owner.
    pub fn url(&self) -> String {
        self.url_of("owner")
    }

    /// Its address for another user.
    pub fn url_of(&self, user: &str) -> String {
        format!(
            "postgres://{user}:{user}@127.0.0.1:{}/{}?sslmode=disable",
            self.server.port, self.name
        )
    }

    /// Statements of its owner, which must succeed: rows as lines, columns parted by `|`.
    #[track_caller]
    pub fn sql(&self, statements: &str) -> String {
        let output = self.server.psql("owner", &self.name, statements);
        assert!(
            output.status.success(),
            "{statements}: {}",
            text(&output.stderr)
        );
        text(&output.stdout).trim_end().to_string()
    }

    /// Statements of some user, which must fail: what the server said.
    #[track_caller]
    pub fn refused(&self, user: &str, statements: &str) -> String {
        let output = self.server.psql(user, &self.name, statements);
        assert!(!output.status.success(), "not refused: {statements}");
        text(&output.stderr)
    }
}

#[test]
fn a_server_starts_and_has_databases() {
    let database = SERVER.database();
    assert_eq!(
        database.sql("SELECT 1, current_user, current_setting('is_superuser')"),
        "1|owner|off"
    );
    let mut log = String::new();
    fs::File::open(SERVER.folder.path().join("err.log"))
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert!(log.contains("ready to accept connections"));
}
