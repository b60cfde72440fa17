//! How a sync begins: with nothing on one side, or with content on both and no history in common.

use std::fs;

use serde_json::json;

use super::{Clone, HOME, assert_even, database, git_at, retitle, revisions, rows, said};
use crate::harness::{TestSite, tree};
use crate::postgres::Database;

/// A database that got the base site by an import: rows, and no history.
fn with_rows() -> Database<'static> {
    let database = database();
    let clone = Clone::alone(&database.url());
    clone.ok(&["import"]);
    assert_eq!(revisions(&database), "0");
    database
}

/// A site with files elsewhere than a database would put them, one more page, and another colour; and
/// a database with a page that it does not have.
fn two_sides() -> (Database<'static>, Clone) {
    let database = with_rows();
    database.sql(
        "INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template, status) \
         VALUES ('only-row', 'play', 'Only a row', '/play/only-row', 'single-column', 'published'); \
         UPDATE robbieblocks_style_tokens SET default_value = '#010101' WHERE token_key = 'color.text'",
    );
    let clone = Clone::begun(&database.url());
    let home = clone.site.read(HOME);
    clone.site.remove(HOME);
    clone.site.write(
        "content/pages/play/rooms/home.toml",
        format!("# The first room.\n{home}"),
    );
    clone.site.write(
        "content/pages/play/only-file.toml",
        "name = \"Only a file\"\nstatus = \"published\"\n",
    );
    clone
        .site
        .replace("content/tokens/color.toml", "#111827", "#020202");
    clone.commit("A site of its own");
    (database, clone)
}

/// The files of pages, after both sides have come together.
const FILES: &str = "content/pages/play/notes.md\ncontent/pages/play/only-file.toml\n\
                     content/pages/play/only-row.toml\ncontent/pages/play/rooms/home.toml";

#[test]
fn both_sides_keep_what_only_they_have_and_what_differs_is_a_conflict() {
    let (database, clone) = two_sides();
    let status = clone.json(&["status"]);
    let keys = |list: &str| -> Vec<String> {
        let list = status[list].as_array().unwrap().iter();
        list.map(|one| one["key"].as_str().unwrap().to_string())
            .collect()
    };
    assert_eq!(keys("ahead"), ["only-file"]);
    assert_eq!(keys("behind"), ["only-row"]);
    assert_eq!(keys("diverged"), ["color.text"]);
    let words = clone.ends(&["sync"], 3);
    assert!(words.contains("  content/tokens/color.toml\n"), "{words}");
    let unmerged = clone.git(&["diff", "--name-only", "--diff-filter=U"]);
    assert_eq!(unmerged, "content/tokens/color.toml");
    let marked = clone.site.read("content/tokens/color.toml");
    let count = |what: &str| marked.matches(what).count();
    assert_eq!(
        (count("<<<<<<<"), count("#010101"), count("#020202")),
        (1, 1, 1),
        "{marked}"
    );
    assert_eq!(
        count("primary = \"#1D4ED8\""),
        1,
        "only what differs is in the marks: {marked}"
    );
    clone.site.write("content/tokens/color.toml", {
        let base = TestSite::base().read("content/tokens/color.toml");
        base.replace("#111827", "#030303")
    });
    clone.commit("Together");
    clone.ok(&["sync"]);
    assert_eq!(clone.git(&["ls-files", "content/pages"]), FILES);
    assert!(
        clone
            .site
            .read("content/pages/play/rooms/home.toml")
            .starts_with("# The first room.\n")
    );
    assert_eq!(
        database.sql("SELECT page_key FROM robbieblocks_pages ORDER BY 1"),
        "home\nnotes\nonly-file\nonly-row"
    );
    assert_eq!(
        database.sql(
            "SELECT default_value FROM robbieblocks_style_tokens WHERE token_key = 'color.text'"
        ),
        "#030303"
    );
    assert_even(&clone);
    // From here on it is a history like any other.
    retitle(&database, "By hand");
    clone.ok(&["sync"]);
    assert!(
        clone
            .site
            .read("content/pages/play/rooms/home.toml")
            .contains("By hand")
    );
}

#[test]
fn sides_that_differ_in_nothing_come_together_without_a_question() {
    let database = with_rows();
    let clone = Clone::begun(&database.url());
    let content = tree(&clone.site.path("content"));
    let before = rows(&database);
    clone.ok(&["sync"]);
    assert_eq!(tree(&clone.site.path("content")), content);
    let rows_of_content = |all: &str| -> Vec<String> {
        let lines = all
            .lines()
            .filter(|line| line.contains("robbieblocks_pages|"));
        lines.map(str::to_string).collect()
    };
    assert_eq!(rows_of_content(&rows(&database)), rows_of_content(&before));
    assert_even(&clone);
    assert_eq!(clone.git(&["status", "--porcelain"]), "");
}

#[test]
fn an_empty_database_takes_a_first_push_and_an_empty_side_is_told() {
    let database = database();
    let clone = Clone::begun(&database.url());
    let words = clone.ok(&["status"]);
    assert!(
        words.contains("the database main has no content yet"),
        "{words}"
    );
    clone.ok(&["pull"]);
    let words = clone.ok(&["push"]);
    assert!(
        words.contains("9 entities into the database main"),
        "{words}"
    );
    assert_even(&clone);

    // A repository without a commit.
    let fresh = Clone::of(TestSite::base(), &database.url());
    fresh
        .site
        .write("robbieblocks.toml", clone.site.read("robbieblocks.toml"));
    fresh.git(&["init", "-q", "-b", "main"]);
    fresh.git(&["remote", "add", "db", "rbgen::main"]);
    let words = fresh.ends(&["push"], 2);
    assert!(words.contains("there is no commit yet"), "{words}");
    // A commit without content says nothing of deletions.
    let bare = clone.second();
    bare.site.remove("content");
    bare.site.replace(
        "robbieblocks.toml",
        "[node.one]\nbase_url = \"https://one.example.org\"\n",
        "",
    );
    bare.commit("No content");
    let before = rows(&database);
    let words = bare.git_fails(&["push", "db", "main"]);
    assert!(words.contains("the commit has no content"), "{words}");
    assert_eq!(rows(&database), before);
    // A folder without a repository, or a repository without the remote.
    let alone = TestSite::base();
    alone.write("robbieblocks.toml", clone.site.read("robbieblocks.toml"));
    let output = alone
        .command(&["status"])
        .env("DATABASE_URL", database.url())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("the site is in no git repository"),
        "{}",
        said(&output)
    );
    let without = Clone::alone(&database.url());
    let words = without.ends(&["status"], 2);
    assert!(
        words.contains("`rbgen remote add main` makes it one"),
        "{words}"
    );
}

#[test]
fn a_repository_without_a_commit_begins_with_what_the_database_has() {
    let database = with_rows();
    let site = TestSite::base();
    let fresh = Clone::of(TestSite::empty(), &database.url());
    let config = site.read("robbieblocks.toml");
    fresh.site.write(
        "robbieblocks.toml",
        format!("{config}\n[database.main]\nurl_env = \"DATABASE_URL\"\n"),
    );
    fresh.git(&["init", "-q", "-b", "main"]);
    fresh.ok(&["remote", "add"]);
    let words = fresh.ends(&["push"], 2);
    assert!(words.contains("there is no commit yet"), "{words}");
    fresh.ok(&["pull"]);
    assert_eq!(fresh.head(), fresh.db_main());
    assert!(fresh.site.read(HOME).contains("A table by the window"));
    crate::harness::copy_tree(&site.path("themes"), &fresh.site.path("themes"));
    fresh.commit("The rest");
    fresh.ok(&["push"]);
    assert_even(&fresh);
}

#[test]
fn a_site_is_cloned_from_a_database_that_has_rows() {
    let database = with_rows();
    let beside = TestSite::empty();
    let clone_to = |folder: &str, more: &[&str]| {
        let args = [&["clone", "DATABASE_URL", folder], more].concat();
        let mut command = beside.command(&args);
        command
            .env("DATABASE_URL", database.url())
            .env("PATH", super::search_path());
        command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        command.output().unwrap()
    };
    let before = rows(&database);
    let dry = clone_to("copy", &["--dry-run", "--json"]);
    let planned: serde_json::Value = serde_json::from_slice(&dry.stdout).unwrap();
    assert_eq!(planned, json!({"done": false, "has_content": true}));
    assert!(!beside.path("copy").exists());
    assert_eq!(rows(&database), before);

    let done = clone_to("copy", &["--json"]);
    assert!(done.status.success(), "{}", said(&done));
    let document: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(document["rebuilt"], json!([]), "{document}");
    let copy = Clone {
        top: beside.path("copy"),
        site: TestSite::empty(),
        url: database.url(),
    };
    fs::remove_dir(copy.site.root()).unwrap();
    crate::harness::symlink(&copy.top, &copy.site.root());
    assert_eq!(copy.head(), document["commit"].as_str().unwrap());
    assert_eq!(copy.git(&["status", "--porcelain", "content"]), "");
    copy.commit("What is around the content");
    let status = copy.json(&["status"]);
    assert_eq!(
        (&status["ahead"], &status["behind"]),
        (&json!([]), &json!([])),
        "{status}"
    );
    retitle(&database, "By hand");
    copy.ok(&["pull"]);
    assert!(copy.site.read(HOME).contains("By hand"));

    // Where something is already, nothing is touched; where nothing is, nothing is left.
    let again = clone_to("copy", &[]);
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));
    let empty = super::database();
    let mut command = beside.command(&["clone", &empty.url(), "none"]);
    let refused = command.env("PATH", super::search_path()).output().unwrap();
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(said(&refused).contains("RB0916"), "{}", said(&refused));
    assert!(!beside.path("none").exists());
}

#[test]
fn git_alone_brings_two_sides_together() {
    let (database, clone) = two_sides();
    clone.git(&["fetch", "-q", "db"]);
    let words = clone.git_fails(&["push", "db", "main"]);
    assert!(words.contains("rejected"), "{words}");
    let merge = [
        "merge",
        "--no-edit",
        "--allow-unrelated-histories",
        "-X",
        "ours",
        "db/main",
    ];
    let merged = git_at(&clone.top, &database.url(), &merge)
        .output()
        .unwrap();
    // Git knows nothing of keys, so the page in another folder is there twice, and that is not pushed.
    if merged.status.code() == Some(1) {
        clone.commit("Merged");
    }
    let before = rows(&database);
    let refused = clone.git_fails(&["push", "db", "main"]);
    assert!(
        refused.contains("the commit does not check") && refused.contains("home"),
        "{refused}"
    );
    assert_eq!(rows(&database), before);
    clone.git(&["rm", "-q", HOME]);
    clone.site.write(
        "content/tokens/color.toml",
        TestSite::base().read("content/tokens/color.toml"),
    );
    clone.commit("Once");
    clone.git(&["push", "-q", "db", "main"]);
    assert_eq!(clone.git(&["ls-files", "content/pages"]), FILES);
    assert_even(&clone);
}
