//! The database as a git remote, with a real server and a real git: what people see of it, and that
//! nothing of theirs is lost.

mod beginnings;
mod bounds;
mod cuts;
mod history;
mod kinds;
mod plain;
mod races;
mod rights;
mod steps;
mod stories;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::commits::git_command;
use crate::harness::{TestSite, text};
use crate::postgres::{Database, SERVER};

/// The page of the base site, in its file and in its row.
const HOME: &str = "content/pages/play/home.toml";
const HOME_ROW: &str = "page_key = 'home'";

/// The path on which git finds its helper for databases.
fn search_path() -> std::ffi::OsString {
    let helper = PathBuf::from(env!("CARGO_BIN_EXE_git-remote-rbgen"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(helper.parent().unwrap().to_path_buf());
    std::env::join_paths(folders.chain(std::env::split_paths(&path))).unwrap()
}

/// A database with rbgen's tables and no content.
fn database() -> Database<'static> {
    SERVER.migrated()
}

/// What a program said, all of it.
fn said(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

/// git in a folder, with the address of a database.
fn git_at(folder: &Path, url: &str, args: &[&str]) -> Command {
    let mut command = git_command(folder, args);
    command
        .env("PATH", search_path())
        .env("DATABASE_URL", url)
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C");
    command
}

/// A repository with a site in it, and the address of the database that it is synced with.
struct Clone {
    site: TestSite,
    /// The folder of the repository; the site may be below it.
    top: PathBuf,
    url: String,
}

impl Clone {
    /// A clone of some folder below a temporary one.
    fn of(site: TestSite, url: &str) -> Clone {
        Clone {
            top: site.root(),
            site,
            url: url.to_string(),
        }
    }

    /// The base site in a repository without a remote.
    fn alone(url: &str) -> Clone {
        let clone = Clone::of(TestSite::base(), url);
        let config = clone.site.read("robbieblocks.toml");
        let database = "[database.main]\nurl_env = \"DATABASE_URL\"\n";
        clone
            .site
            .write("robbieblocks.toml", format!("{config}\n{database}"));
        clone.git(&["init", "-q", "-b", "main"]);
        clone.commit("The site");
        clone
    }

    /// The base site, with the database as its remote `db`.
    fn begun(url: &str) -> Clone {
        let clone = Clone::alone(url);
        clone.ok(&["remote", "add"]);
        clone.commit("How to merge");
        clone
    }

    /// The same, and the database has it.
    fn pushed(url: &str) -> Clone {
        let clone = Clone::begun(url);
        clone.git(&["push", "-q", "db", "main"]);
        clone
    }

    /// Somebody else's clone of this repository, with the database as its remote `db`.
    fn second(&self) -> Clone {
        let other = Clone::of(TestSite::empty(), &self.url);
        let from = self.top.to_str().unwrap();
        other.git(&["clone", "-q", from, "."]);
        other.ok(&["remote", "add"]);
        other
    }

    fn git_command(&self, args: &[&str]) -> Command {
        git_at(&self.top, &self.url, args)
    }

    /// git, which must end well: what it printed on stdout.
    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        let output = self.git_command(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", said(&output));
        text(&output.stdout).trim_end().to_string()
    }

    /// git, which must fail: all that it said.
    #[track_caller]
    fn git_fails(&self, args: &[&str]) -> String {
        let output = self.git_command(args).output().unwrap();
        assert!(!output.status.success(), "git {args:?}: {}", said(&output));
        said(&output)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.site.command(args);
        let like = git_command(&self.top, &[]);
        for (name, value) in like.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .env("PATH", search_path())
            .env("DATABASE_URL", &self.url);
        command
    }

    /// rbgen, whatever its end.
    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// rbgen, which must end well: all that it said.
    #[track_caller]
    fn ok(&self, args: &[&str]) -> String {
        self.ends(args, 0)
    }

    /// rbgen, which must end with a status: all that it said.
    #[track_caller]
    fn ends(&self, args: &[&str], status: i32) -> String {
        let output = self.run(args);
        let words = said(&output);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {words}");
        words
    }

    /// The JSON document that rbgen prints.
    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{args:?}: {error}: {}", said(&output)))
    }

    /// Commits all that the folder has; the commit's name.
    #[track_caller]
    fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.head()
    }

    /// Replaces text in a file, and commits that.
    #[track_caller]
    fn edit(&self, path: &str, from: &str, to: &str) -> String {
        self.site.replace(path, from, to);
        self.commit(&format!("{from} is {to}"))
    }

    fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// The commit that the database was at when it was last looked at.
    fn db_main(&self) -> String {
        self.git(&["rev-parse", "refs/remotes/db/main"])
    }
}

/// The number of rows of every table, and of every row of content its physical version: it changes
/// with every write, equal or not.
fn rows(database: &Database<'_>) -> String {
    let tables = database.sql(
        "SELECT string_agg(format('SELECT %L, count(*)::text, string_agg(t::text, '';'' ORDER BY t::text) \
         FROM %I AS t', relname, relname), ' UNION ALL ') FROM pg_class \
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    );
    let content = [
        "pages",
        "components",
        "page_blocks",
        "style_tokens",
        "node_branding",
    ]
    .map(|table| format!("SELECT '{table}', ctid::text, xmin::text FROM robbieblocks_{table}"))
    .join(" UNION ALL ");
    database.sql(&format!("{tables} ORDER BY 1; {content} ORDER BY 1, 2"))
}

/// The title of the home page in its row.
fn title(database: &Database<'_>) -> String {
    database.sql(&format!(
        "SELECT meta_title FROM robbieblocks_pages WHERE {HOME_ROW}"
    ))
}

/// Gives the home page another title in its row.
fn retitle(database: &Database<'_>, title: &str) {
    database.sql(&format!(
        "UPDATE robbieblocks_pages SET meta_title = '{title}' WHERE {HOME_ROW}"
    ));
}

/// How many revisions a database has.
fn revisions(database: &Database<'_>) -> String {
    database.sql("SELECT count(*) FROM robbieblocks_revisions")
}

/// Both say the same, and rbgen says so.
#[track_caller]
fn assert_even(clone: &Clone) {
    let status = clone.json(&["status"]);
    for list in ["ahead", "behind", "diverged", "dirty"] {
        assert_eq!(status[list], Value::Array(Vec::new()), "{list}: {status}");
    }
    let verified = clone.json(&["status", "--verify"]);
    assert_eq!(verified, status, "the log of changes hides something");
}
