//! `rbgen migrate` on a real server: new installations, the earlier design, what is in the way, and
//! what the tables do once they are there.

mod adoption;
mod built;
mod changes;
mod faults;
mod installation;
mod obstacles;
mod shadows;
mod together;

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use crate::harness::{TestSite, project, text};
use crate::postgres::{Database, SERVER, program};

/// A site with one database, `main`.
pub fn site() -> TestSite {
    let site = TestSite::empty();
    site.write(
        "robbieblocks.toml",
        "[site]\nname = \"x\"\n\n[database.main]\nurl_env = \"TEST_MIGRATE_URL\"\n",
    );
    site
}

/// `rbgen migrate` against an address.
pub fn migrate_at(url: &str, arguments: &[&str]) -> Output {
    let site = site();
    site.command(&[&["migrate"], arguments].concat())
        .env("TEST_MIGRATE_URL", url)
        .output()
        .unwrap()
}

/// `rbgen migrate` as the owner of a database, which must succeed.
#[track_caller]
pub fn migrate(database: &Database<'_>) -> String {
    let output = migrate_at(&database.url(), &[]);
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// `rbgen migrate --json` with more arguments: the exit status and the document.
#[track_caller]
pub fn migrate_json(database: &Database<'_>, arguments: &[&str]) -> (i32, Value) {
    let output = migrate_at(&database.url(), &[&["--json"], arguments].concat());
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    (output.status.code().unwrap(), document)
}

/// The messages of a document that have a code.
pub fn messages(document: &Value, code: &str) -> Vec<String> {
    document["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|diagnostic| diagnostic["code"] == code)
        .map(|diagnostic| diagnostic["message"].as_str().unwrap().to_string())
        .collect()
}

/// The steps of a plan as `action what`, of all files.
pub fn steps(document: &Value) -> Vec<String> {
    document["files"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|file| file["steps"].as_array().unwrap())
        .map(|step| {
            format!(
                "{} {}",
                step["action"].as_str().unwrap(),
                step["what"].as_str().unwrap()
            )
        })
        .collect()
}

/// The files of `migrations/` with a number, in their order.
pub fn files() -> Vec<(i32, PathBuf)> {
    let mut files: Vec<(i32, PathBuf)> = fs::read_dir(project().join("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.to_string();
            let number = name.strip_prefix('V')?.split_once("__")?.0.parse().ok()?;
            Some((number, path))
        })
        .collect();
    files.sort();
    files
}

/// Applies a file as the README of an owner says: `psql -1 -v ON_ERROR_STOP=1 -f`.
#[track_caller]
pub fn apply(database: &Database<'_>, user: &str, path: &PathBuf) {
    let output = std::process::Command::new(program("psql"))
        .args(["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-U", user, "-d"])
        .arg(&database.name)
        .arg("-h")
        .arg(database.server.folder.path())
        .args(["-p", &database.server.port.to_string(), "-f"])
        .arg(path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}: {}",
        path.display(),
        text(&output.stderr)
    );
}

/// How installations of the earlier design differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// `created_by` is a number, `node_id` free.
    Plain,
    /// `created_by` is a user, `node_id` one of `sync_nodes`.
    WithKeys,
}

/// A database of the earlier design, with rows.
pub fn earlier_design(variant: Variant) -> Database<'static> {
    earlier_tables(variant, "rows.sql")
}

/// The same with the rows of a file.
pub fn earlier_tables(variant: Variant, rows: &str) -> Database<'static> {
    let database = SERVER.database();
    let read = |name: &str| {
        fs::read_to_string(project().join("tests/fixtures/earlier-design").join(name)).unwrap()
    };
    let mut tables = read("tables.sql");
    if variant == Variant::WithKeys {
        tables = tables
            .replace("/*CREATED_BY*/ INTEGER", "UUID REFERENCES users (id)")
            .replace("/*NODE_ID*/", "REFERENCES sync_nodes (node_id)");
    }
    database.sql(&tables);
    database.sql(&read(rows));
    database
}

/// A migrated database with two nodes, a component, and two published pages and a draft.
pub fn with_content() -> Database<'static> {
    let database = SERVER.migrated();
    database.sql(
        "INSERT INTO robbieblocks_node_branding (node_id, node_name, style_overrides, enabled_apps)
         VALUES ('n1', 'One', '{}', '{play}'), ('n2', 'Two', '{}', '{work}');
         INSERT INTO robbieblocks_components (component_key, component_name, component_type, props_schema)
         VALUES ('hero', 'Hero', 'widget', '{}'), ('unused', 'Unused', 'widget', '{}');
         INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template, status)
         VALUES ('p1', 'play', 'P1', '/p1', 'default', 'published'),
                ('p2', 'work', 'P2', '/p2', 'default', 'published'),
                ('d1', 'play', 'D1', '/d1', 'default', 'draft');
         INSERT INTO robbieblocks_page_blocks (page_id, component_id, block_order, zone)
         SELECT page.id, component.id, number, 'main'
         FROM robbieblocks_pages page, robbieblocks_components component, generate_series(1, 2) number
         WHERE page_key = 'p1' AND component_key = 'hero'",
    );
    forget(&database);
    database
}

/// Empties the log and the queue, to see what comes next.
pub fn forget(database: &Database<'_>) {
    database.sql("DELETE FROM robbieblocks_changes; DELETE FROM robbieblocks_change_triggers");
}

/// The log as lines: kind, key, operation.
pub fn log(database: &Database<'_>) -> String {
    database.sql("SELECT kind, entity_key, operation FROM robbieblocks_changes ORDER BY seq")
}

/// The queue as lines: type, apps, nodes; `-` where there are none.
pub fn queue(database: &Database<'_>) -> String {
    database.sql(
        "SELECT trigger_type, coalesce(affected_apps::text, '-'), coalesce(affected_nodes::text, '-')
         FROM robbieblocks_change_triggers ORDER BY 1, 2, 3",
    )
}
