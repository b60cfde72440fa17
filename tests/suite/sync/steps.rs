//! `rbgen status`, `pull`, `push`, `sync` and `remote`: their documents, their ends, and what they leave
//! alone.

use serde_json::{Value, json};

use super::{Clone, HOME, HOME_ROW, assert_even, database, retitle, revisions, rows, title};
use crate::harness::{Tree, tree};

/// Kinds and keys of entities, without what else is told of them.
fn names(list: &Value) -> Vec<(String, String)> {
    let one = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap().to_string();
        (text("kind"), text("key"))
    };
    list.as_array().unwrap().iter().map(one).collect()
}

fn named(kind: &str, key: &str) -> (String, String) {
    (kind.to_string(), key.to_string())
}

/// All that a step could change here: the files, and what branches are.
fn here(clone: &Clone) -> (Tree, String) {
    let mut files = tree(&clone.top);
    files.retain(|path, _| !path.starts_with(".git/"));
    (files, clone.git(&["for-each-ref"]) + &clone.head())
}

/// A clone that is ahead, behind, diverged and dirty.
fn apart() -> (crate::postgres::Database<'static>, Clone) {
    let database = database();
    let clone = Clone::pushed(&database.url());
    retitle(&database, "Theirs");
    database.sql("UPDATE robbieblocks_style_tokens SET default_value = '#222222' WHERE token_key = 'color.text'");
    clone
        .site
        .replace(HOME, "name = \"Home\"", "name = \"House\"");
    clone.site.write(
        "content/pages/play/new.toml",
        "name = \"New\"\nstatus = \"published\"\n",
    );
    clone.commit("Ours");
    clone.site.write(
        "content/pages/play/dirty.toml",
        "name = \"Dirty\"\nstatus = \"published\"\n",
    );
    clone.site.replace("content/nodes/one.toml", "One", "Uno");
    (database, clone)
}

#[test]
fn status_tells_programs_who_has_what() {
    let (database, clone) = apart();
    let before = (here(&clone), rows(&database));
    let status = clone.json(&["status"]);
    assert_eq!(names(&status["ahead"]), [named("page", "new")], "{status}");
    assert_eq!(
        names(&status["behind"]),
        [named("token", "color.text")],
        "{status}"
    );
    assert_eq!(
        names(&status["diverged"]),
        [named("page", "home")],
        "{status}"
    );
    assert_eq!(
        status["dirty"],
        json!(["content/nodes/one.toml", "content/pages/play/dirty.toml"])
    );
    assert_eq!(status["behind"][0]["by"], "owner");
    let words = clone.ok(&["status", "--verbose"]);
    for part in [
        "1 entity changed on both sides",
        "1 entity only in the database",
        "1 entity only in the files",
        "\"#111827\" → \"#222222\"",
        "2 files, such as `content/nodes/one.toml`, have changes that are in no commit: only commits are synced",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert_eq!(clone.ok(&["status", "--quiet"]), "");
    assert_eq!(
        (here(&clone), rows(&database)),
        before,
        "a look changes nothing"
    );
}

#[test]
fn dry_runs_change_nothing_anywhere() {
    let (database, clone) = apart();
    clone.git(&["stash", "-q", "--include-untracked"]);
    let before = (here(&clone), rows(&database));
    for args in [
        &["pull", "--dry-run"][..],
        &["sync", "--dry-run"],
        &["pull", "--dry-run", "--json"],
        &["sync", "--dry-run", "--json"],
        &["remote", "remove", "--dry-run"],
        &["remote", "accept", "--dry-run"],
        &["remote", "add", "--dry-run"],
    ] {
        clone.ok(args);
        assert_eq!((here(&clone), rows(&database)), before, "{args:?}");
    }
    let words = clone.ends(&["push", "--dry-run"], 3);
    assert!(words.contains("RB0921"), "{words}");
    assert_eq!(
        (here(&clone), rows(&database)),
        before,
        "a push that would be refused"
    );
    clone.ok(&["pull"]);
    let before = (here(&clone), rows(&database));
    let words = clone.ok(&["push", "--dry-run"]);
    assert!(
        words.contains("2 entities would go into the database main"),
        "{words}"
    );
    assert_eq!(
        (here(&clone), rows(&database)),
        before,
        "a push that would be done"
    );
    let planned = clone.json(&["push", "--dry-run"]);
    let done = clone.json(&["push"]);
    assert_eq!(planned, done, "what is planned is what is done");
    assert_eq!(
        names(&done["changes"]),
        [named("page", "home"), named("page", "new")],
        "{done}"
    );
    assert_even(&clone);
}

#[test]
fn only_commits_are_pushed() {
    let (database, clone) = apart();
    let words = clone.ends(&["push"], 3);
    assert!(
        words.contains("RB0921") && words.contains("`rbgen pull`"),
        "{words}"
    );
    let words = clone.ok(&["sync"]);
    assert!(
        words.contains("have changes that are in no commit: only commits are synced"),
        "{words}"
    );
    let pages = "SELECT string_agg(page_key, ' ' ORDER BY page_key) FROM robbieblocks_pages";
    assert_eq!(database.sql(pages), "home new notes");
    assert_eq!(
        database.sql("SELECT node_name FROM robbieblocks_node_branding"),
        "One"
    );
    assert!(
        clone.site.read("content/nodes/one.toml").contains("Uno"),
        "the edit stays"
    );
    let status = clone.json(&["status"]);
    assert_eq!(
        status["dirty"],
        json!(["content/nodes/one.toml", "content/pages/play/dirty.toml"])
    );
    assert_eq!(status["ahead"], json!([]));
}

#[test]
fn a_commit_with_errors_is_shown_as_it_is_and_not_pushed() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    clone
        .site
        .replace(HOME, "component = \"hero\"", "component = \"zero\"");
    clone
        .site
        .replace(HOME, "status = \"published\"", "status = \"publisched\"");
    clone.commit("Broken");
    // The files are in order again, but no commit is.
    clone.git(&["checkout", "-q", "HEAD^", "--", HOME]);
    clone.ok(&["check"]);
    let before = rows(&database);
    let words = clone.ends(&["push"], 1);
    for part in [
        "status = \"publisched\"",
        "`zero`",
        HOME,
        "nothing was written",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let document = clone.json(&["push"]);
    assert_eq!(document["database"], "main");
    let found = document["diagnostics"].as_array().unwrap();
    assert!(
        found
            .iter()
            .all(|one| one["path"] == HOME && one["line"].is_number()),
        "{document}"
    );
    assert!(found.len() >= 2, "{document}");
    let words = clone.git_fails(&["push", "db", "main"]);
    assert!(words.contains("status = \"publisched\""), "{words}");
    assert!(
        words.contains("[remote rejected] main -> main (the commit does not check)"),
        "{words}"
    );
    assert_eq!(rows(&database), before);
    let words = clone.ends(&["sync"], 1);
    assert!(words.contains("publisched"), "{words}");
    clone.commit("Mended");
    clone.ok(&["sync"]);
    assert_even(&clone);
}

#[test]
fn each_step_tells_what_it_did() {
    let database = database();
    let clone = Clone::begun(&database.url());
    let pushed = clone.json(&["push"]);
    assert_eq!(
        (&pushed["step"], &pushed["database"]),
        (&json!("push"), &json!("main"))
    );
    assert_eq!(pushed["changes"].as_array().unwrap().len(), 9, "{pushed}");
    assert_eq!(clone.json(&["pull"])["merge"], "nothing");
    retitle(&database, "Theirs");
    let pulled = clone.json(&["pull"]);
    assert_eq!(
        (&pulled["merge"], &pulled["conflicts"]),
        (&json!("forward"), &json!([])),
        "{pulled}"
    );
    assert_eq!(names(&pulled["behind"]), [named("page", "home")]);
    assert_eq!(pulled["commit"], clone.head());
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    retitle(&database, "Theirs again");
    let synced = clone.json(&["sync"]);
    let steps = synced["steps"].as_array().unwrap();
    assert_eq!(
        (&steps[0]["merge"], &steps[1]["step"]),
        (&json!("merged"), &json!("push")),
        "{synced}"
    );
    clone.edit(HOME, "Theirs again", "Ours");
    retitle(&database, "Theirs at last");
    let output = clone.run(&["sync", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        document["steps"][0]["conflicts"],
        json!([HOME]),
        "{document}"
    );
    assert_eq!(revisions(&database), "5");

    // A deletion is told as one, and the same name twice is one database.
    clone.git(&["merge", "--abort"]);
    clone.git(&["reset", "-q", "--hard", "db/main"]);
    clone.git(&["rm", "-q", "content/pages/play/notes.md"]);
    clone.commit("No notes");
    let synced = clone.json(&["sync", "main", "main"]);
    let changes = &synced["steps"][1]["changes"];
    assert_eq!(
        *changes,
        json!([{"kind": "page", "key": "notes", "deleted": true}]),
        "{synced}"
    );
    assert_eq!(synced["steps"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_behind_the_database_has_nothing_to_push() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    retitle(&database, "Theirs");
    let words = clone.ok(&["push"]);
    assert!(
        words.contains("nothing new for the database main"),
        "{words}"
    );
    assert!(
        words.contains("the database has 1 entity that the files have not: `rbgen pull main`"),
        "{words}"
    );
    assert_eq!(title(&database), "Theirs");
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    clone.ends(&["push"], 3);
    clone.ok(&["sync"]);
    let row = format!("SELECT page_name, meta_title FROM robbieblocks_pages WHERE {HOME_ROW}");
    assert_eq!(database.sql(&row), "House|Theirs");
}

#[test]
fn remotes_are_added_listed_forgotten_and_wrong_names_told() {
    let database = database();
    let clone = Clone::alone(&database.url());
    let words = clone.ok(&["remote", "list"]);
    assert!(words.contains("no database is a remote"), "{words}");
    let planned = clone.json(&["remote", "add", "--dry-run"]);
    assert_eq!(planned["done"], false);
    assert_eq!(clone.git(&["remote"]), "");
    let added = clone.json(&["remote", "add"]);
    assert_eq!(added["done"], true);
    assert_eq!(clone.git(&["remote", "get-url", "db"]), "rbgen::main");
    assert!(clone.site.read(".gitattributes").contains("merge=rbgen"));
    assert!(
        clone
            .git(&["config", "merge.rbgen.driver"])
            .contains("merge-driver")
    );
    let listed = clone.json(&["remote", "list"]);
    assert_eq!(
        listed["remotes"],
        json!([{"remote": "db", "database": "main", "folder": "", "url": "rbgen::main"}])
    );
    for (args, words) in [
        (&["remote", "add", "other"][..], "`other`"),
        (
            &["remote", "add", "--name", "second"],
            "is the remote `db` already",
        ),
        (&["status", "other"], "`other`"),
        (&["remote", "remove", "other"], "`other`"),
        (&["sync", "main", "other"], "`other`"),
        (&["remote", "accept", "other"], "`other`"),
    ] {
        let said = clone.ends(args, 2);
        assert!(said.contains(words), "{args:?}: {said}");
    }
    clone.git(&["remote", "rename", "db", "rows"]);
    clone.ok(&["push"]);
    assert_eq!(clone.git(&["rev-parse", "rows/main"]), clone.head());
    clone.ok(&["remote", "remove"]);
    assert_eq!(clone.git(&["remote"]), "");
    assert!(!clone.site.path(".git/rbgen/main.json").exists());
    let forgotten = clone.ok(&["remote", "accept"]);
    assert!(forgotten.contains("nothing is remembered"), "{forgotten}");
    clone.git(&["remote", "add", "db", "https://example.org/"]);
    let said = clone.ends(&["remote", "add"], 2);
    assert!(said.contains("which leads elsewhere"), "{said}");
    clone.ok(&["remote", "add", "--name", "rows"]);
    clone.ok(&["sync"]);
}

#[test]
fn a_page_whose_text_is_in_a_file_beside_it_is_one_page_with_it() {
    let database = database();
    let clone = Clone::begun(&database.url());
    let page = "name = \"Taker\"\nstatus = \"published\"\n\n[[blocks]]\ncomponent = \"markdown\"\n\
                props = { text = { \"$file\" = \"words.txt\" } }\n";
    clone.site.write("content/pages/play/taker.toml", page);
    clone.site.write("content/pages/play/words.txt", "Words.\n");
    clone.commit("A page and its text");
    clone.ok(&["push"]);
    clone.edit("content/pages/play/words.txt", "Words.", "Other words.");
    let status = clone.json(&["status"]);
    assert_eq!(
        names(&status["ahead"]),
        [named("page", "taker")],
        "{status}"
    );
    clone.ok(&["push"]);
    let text = "SELECT props ->> 'text' FROM robbieblocks_page_blocks JOIN robbieblocks_pages AS page ON page.id = page_id \
                WHERE page_key = 'taker'";
    assert_eq!(database.sql(text), "Other words.");
    database.sql("UPDATE robbieblocks_page_blocks SET props = '{\"text\": \"Words of a row.\\n\"}' WHERE props ->> 'text' LIKE 'Other%'");
    let status = clone.json(&["status"]);
    assert_eq!(
        names(&status["behind"]),
        [named("page", "taker")],
        "{status}"
    );
    clone.ok(&["sync"]);
    assert_eq!(
        clone.site.read("content/pages/play/words.txt"),
        "Words of a row.\n"
    );
    assert_eq!(clone.site.read("content/pages/play/taker.toml"), page);
    assert_even(&clone);
}
