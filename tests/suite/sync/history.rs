//! Histories that were lost, rewritten or altered, and a log of changes that cannot be trusted.

use super::{
    Clone, HOME, HOME_ROW, assert_even, database, git_at, retitle, revisions, rows, title,
};
use crate::harness::{TestSite, text};
use crate::postgres::Database;

/// Somebody who has the site, but not the commit that was last pushed.
fn without_the_last_commit(database: &Database<'_>) -> (Clone, Clone) {
    let first = Clone::pushed(&database.url());
    let second = first.second();
    first
        .site
        .write("themes/base/partials/extra.html", "<p>extra</p>\n");
    first.edit(HOME, "name = \"Home\"", "name = \"House\"");
    first.git(&["push", "-q", "db", "main"]);
    (first, second)
}

#[test]
fn a_clone_without_the_last_commit_is_told_what_to_fetch() {
    let database = database();
    let (first, second) = without_the_last_commit(&database);
    let short = &first.head()[..12];
    for args in [&["fetch", "db"][..], &["push", "db", "main"]] {
        let words = second.git_fails(args);
        assert!(
            words.contains(&format!("the commit {short} was pushed into the database")),
            "{words}"
        );
        assert!(words.contains("`git fetch origin` brings it"), "{words}");
    }
    let words = second.ends(&["sync"], 3);
    assert!(
        words.contains("RB0922") && words.contains("rbgen pull --rebuild"),
        "{words}"
    );
    second.git(&["fetch", "-q", "origin"]);
    second.ok(&["sync"]);
    assert_eq!(second.head(), first.head());
    assert_even(&second);
}

#[test]
fn a_history_that_is_made_anew_loses_nothing_of_the_content() {
    let database = database();
    let (first, second) = without_the_last_commit(&database);
    let words = second.ok(&["pull", "--rebuild"]);
    assert!(
        words.contains("made anew from it, without what only they had"),
        "{words}"
    );
    assert!(second.site.read(HOME).contains("name = \"House\""));
    assert!(!second.site.path("themes/base/partials/extra.html").exists());
    assert_ne!(second.head(), first.head());
    retitle(&database, "By hand");
    second.ok(&["pull"]);
    second.edit(HOME, "By hand", "By the second");
    second.ok(&["push"]);
    assert_eq!(title(&database), "By the second");

    // The first has what the second lacked, and lacks what that has now.
    first.edit("content/nodes/one.toml", "name = \"One\"", "name = \"Uno\"");
    // It has nowhere else to get it from, and so makes it anew unasked.
    let words = first.ok(&["pull"]);
    assert!(words.contains("made anew from it"), "{words}");
    assert!(first.site.read(HOME).contains("By the second"));
    assert!(first.site.path("themes/base/partials/extra.html").exists());
    first.ok(&["push"]);
    let all = format!(
        "SELECT page_name, meta_title, node_name FROM robbieblocks_pages, robbieblocks_node_branding WHERE {HOME_ROW}"
    );
    assert_eq!(database.sql(&all), "House|By the second|Uno");
    assert_even(&first);
    second.ok(&["sync", "--rebuild"]);
    assert!(second.site.read("content/nodes/one.toml").contains("Uno"));
    assert_even(&second);

    // With git alone, and once both have all commits, the commits that were made anew are in nobody's way.
    second.git(&["fetch", "-q", first.top.to_str().unwrap(), "main:first"]);
    second.git(&["-c", "rbgen.rebuild=true", "fetch", "-q", "db"]);
    retitle(&database, "At last");
    second.git(&[
        "-c",
        "rbgen.rebuild=true",
        "pull",
        "-q",
        "--no-rebase",
        "--no-edit",
        "db",
        "main",
    ]);
    assert!(second.site.read(HOME).contains("At last"));
}

#[test]
fn a_clone_of_who_made_it_anew_needs_nothing_of_what_was_lost() {
    let database = database();
    let (_, second) = without_the_last_commit(&database);
    second.ok(&["pull", "--rebuild"]);
    second.edit(HOME, "name = \"House\"", "name = \"Home again\"");
    second.ok(&["push"]);
    let third = second.second();
    third.git(&["fetch", "-q", "db"]);
    assert_eq!(third.db_main(), third.head());
    assert_even(&third);
}

#[test]
fn rewritten_commits_are_merged_and_never_pushed_over_others() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    clone.git(&["push", "-q", "db", "main"]);
    clone
        .site
        .replace(HOME, "name = \"House\"", "name = \"Mansion\"");
    clone.git(&["commit", "-q", "-a", "--amend", "-m", "Amended"]);
    let before = rows(&database);
    let words = clone.git_fails(&["push", "db", "main"]);
    assert!(words.contains("non-fast-forward"), "{words}");
    let words = clone.git_fails(&["push", "--force", "db", "main"]);
    assert!(
        words.contains("the history of a database is only added to"),
        "{words}"
    );
    let words = clone.ends(&["push"], 3);
    assert!(words.contains("RB0921"), "{words}");
    assert_eq!(rows(&database), before);
    let words = clone.ends(&["sync"], 3);
    assert!(words.contains(HOME), "both changed the same: {words}");
    clone.git(&["checkout", "-q", "--ours", HOME]);
    clone.commit("Mansion");
    clone.ok(&["sync"]);
    let name = format!("SELECT page_name FROM robbieblocks_pages WHERE {HOME_ROW}");
    assert_eq!(database.sql(&name), "Mansion");

    // Gone back to an older commit, there is nothing to push, and what is there comes again.
    clone.git(&["reset", "-q", "--hard", "HEAD~2"]);
    let before = rows(&database);
    clone.ok(&["push"]);
    assert_eq!(rows(&database), before);
    clone.ok(&["sync"]);
    assert!(clone.site.read(HOME).contains("Mansion"));
    assert_even(&clone);
    // A revert is a change like any other.
    clone.edit(HOME, "Mansion", "Castle");
    clone.ok(&["push"]);
    clone.git(&["revert", "--no-edit", "HEAD"]);
    clone.ok(&["push"]);
    assert_eq!(database.sql(&name), "Mansion");
}

#[test]
fn altered_history_is_found_out() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    let fresh = clone.second();
    retitle(&database, "By hand");
    clone.ok(&["pull"]);
    let alter = |statement: &str| {
        database.sql(&format!(
            "ALTER TABLE robbieblocks_revision_entities DISABLE TRIGGER rbgen_append_only; \
             ALTER TABLE robbieblocks_revisions DISABLE TRIGGER rbgen_append_only; {statement}; \
             ALTER TABLE robbieblocks_revisions ENABLE ALWAYS TRIGGER rbgen_append_only; \
             ALTER TABLE robbieblocks_revision_entities ENABLE ALWAYS TRIGGER rbgen_append_only"
        ));
    };
    alter(
        "UPDATE robbieblocks_revision_entities SET content = replace(content, 'By hand', 'By nobody')",
    );
    let words = fresh.ends(&["pull"], 3);
    assert!(
        words.contains("RB0925") && words.contains("does not hold what it says"),
        "{words}"
    );
    let words = fresh.git_fails(&["fetch", "db"]);
    assert!(words.contains("does not hold what it says"), "{words}");
    alter(
        "UPDATE robbieblocks_revision_entities SET content = replace(content, 'By nobody', 'By hand')",
    );
    fresh.ok(&["pull"]);
    alter("UPDATE robbieblocks_revisions SET actors = '{mallory}'");
    let late = clone.second();
    let words = late.git_fails(&["fetch", "db"]);
    assert!(words.contains("does not hold what it says"), "{words}");
    // Whoever only may add to it cannot do that at all.
    let refused = database.refused("owner", "UPDATE robbieblocks_revisions SET actors = '{}'");
    assert!(refused.contains("history is only added to"), "{refused}");
}

#[test]
fn changes_that_no_trigger_saw_are_seen_all_the_same() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    let other = clone.second();
    other.git(&["fetch", "-q", "db"]);
    let tables = [
        "pages",
        "components",
        "page_blocks",
        "style_tokens",
        "node_branding",
    ];
    let switch = |how: &str| -> String {
        let switch = tables.map(|table| format!("ALTER TABLE robbieblocks_{table} {how}; "));
        switch.concat()
    };
    let on: String = database.sql(
        "SELECT string_agg(format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I;', tgrelid::regclass, tgname), ' ') \
         FROM pg_trigger WHERE tgname LIKE 'rbgen\\_log\\_%'",
    );
    let hidden = format!("UPDATE robbieblocks_pages SET meta_title = 'Hidden' WHERE {HOME_ROW}");
    database.sql(&format!(
        "{} {hidden}; {on}",
        switch("DISABLE TRIGGER USER")
    ));
    assert_eq!(clone.json(&["status"])["behind"][0]["key"], "home");
    clone.ok(&["pull"]);
    assert!(clone.site.read(HOME).contains("Hidden"));
    assert_even(&clone);

    // A log that somebody emptied, or of which lines went that were seen before.
    for (number, statement) in [
        (1, "TRUNCATE robbieblocks_changes"),
        (2, "TRUNCATE robbieblocks_changes RESTART IDENTITY"),
        (3, "DELETE FROM robbieblocks_changes"),
    ] {
        let words = format!("Unlogged {number}");
        retitle(&database, &words);
        database.sql(statement);
        clone.ok(&["pull"]);
        assert!(clone.site.read(HOME).contains(&words), "{statement}");
    }
    // The newest line alone is not missed by a look that trusts the log, but by one that does not.
    database.sql("UPDATE robbieblocks_style_tokens SET default_value = '#333333' WHERE token_key = 'color.text'");
    clone.ok(&["pull"]);
    retitle(&database, "Without a line");
    database.sql(
        "DELETE FROM robbieblocks_changes WHERE seq = (SELECT max(seq) FROM robbieblocks_changes)",
    );
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    let words = clone.ends(&["push"], 3);
    assert!(
        words.contains("RB0921"),
        "what is written is always read first: {words}"
    );
    assert_eq!(title(&database), "Without a line");
    clone.ok(&["sync", "--verify"]);
    assert!(clone.site.read(HOME).contains("Without a line"));
    assert_even(&clone);
    other.git(&["fetch", "-q", "origin"]);
    other.git(&["fetch", "-q", "db"]);
    assert_eq!(other.db_main(), clone.db_main());
    // Nor does a push overwrite what the log hides.
    other.git(&["merge", "-q", "db/main"]);
    retitle(&database, "Unlogged at last");
    database.sql("TRUNCATE robbieblocks_changes");
    other.edit(HOME, "name = \"House\"", "name = \"Mansion\"");
    other.git_fails(&["push", "db", "main"]);
    assert_eq!(title(&database), "Unlogged at last");
    other.ok(&["sync"]);
    assert_eq!(title(&database), "Unlogged at last");
    assert_even(&other);
}

#[test]
fn a_change_and_its_undoing_are_no_revision() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    retitle(&database, "There");
    database.sql(&format!("UPDATE robbieblocks_pages SET meta_title = NULL, updated_at = now(), version = 7 WHERE {HOME_ROW}"));
    let head = clone.head();
    clone.ok(&["sync"]);
    assert_eq!(
        (clone.head(), revisions(&database)),
        (head, "1".to_string())
    );
    // A transaction that was open during the fetch is seen by the next.
    let beside = TestSite::empty();
    let copied = git_at(
        &beside.root(),
        &database.url(),
        &["clone", "-q", "rbgen::main", "copy"],
    )
    .output()
    .unwrap();
    assert!(copied.status.success(), "{}", text(&copied.stderr));
    assert_eq!(revisions(&database), "1");
}
