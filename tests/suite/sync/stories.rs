//! Two people who edit at the same time, one in files and one in rows, and what becomes of both.

use super::{Clone, HOME, HOME_ROW, assert_even, database, retitle, revisions, rows, title};

/// The page that both edit, with what people wrote for each other.
const TEXT: &str = "\
# What everybody sees first.
name = \"Home\" # the sign above the door
route = \"/play\"
status = \"published\"
title = \"Welcome\"
description = \"Come in\"

# The words at the top.
[[blocks]]
key = \"top\"
component = \"hero\"
props = { title = \"One\", size = 3 }

# The words at the end.
[[blocks]]
key = \"end\"
component = \"hero\"
props = { title = \"Two\" } # not three
";

fn with_page() -> (crate::postgres::Database<'static>, Clone) {
    let database = database();
    let clone = Clone::begun(&database.url());
    clone.site.write(HOME, TEXT);
    clone.commit("A page");
    clone.git(&["push", "-q", "db", "main"]);
    (database, clone)
}

/// The lines that a diff of the page takes and gives, without context.
fn changed_lines(clone: &Clone, from: &str, to: &str) -> Vec<String> {
    let diff = clone.git(&["diff", "-U0", from, to]);
    diff.lines()
        .filter(|line| line.starts_with(['+', '-']))
        .filter(|line| !line.starts_with("+++") && !line.starts_with("---"))
        .map(str::to_string)
        .collect()
}

#[test]
fn different_fields_and_blocks_of_one_page_merge_and_comments_stay() {
    let (database, clone) = with_page();
    database.sql(
        "UPDATE robbieblocks_pages SET meta_title = 'Good day', meta_description = 'Come on in' WHERE page_key = 'home'; \
         UPDATE robbieblocks_page_blocks SET props = '{\"title\": \"Three\"}' WHERE block_key = 'end'",
    );
    clone.site.replace(
        HOME,
        "# What everybody sees first.",
        "# What everybody sees at first.",
    );
    clone
        .site
        .replace(HOME, "name = \"Home\"", "name = \"House\"");
    let own = clone.edit(HOME, "\"One\", size = 3", "\"Number one\", size = 3");
    let words = clone.ok(&["sync"]);
    assert!(words.contains("1 entity from the database main"), "{words}");
    assert!(
        words.contains("~ page home: blocks.end.props.title, description, title  by owner at "),
        "{words}"
    );
    assert!(words.contains("1 entity into the database main"), "{words}");
    assert_eq!(
        changed_lines(&clone, &own, "HEAD"),
        [
            "-title = \"Welcome\"",
            "-description = \"Come in\"",
            "+title = \"Good day\"",
            "+description = \"Come on in\"",
            "-props = { title = \"Two\" } # not three",
            "+props = { title = \"Three\" } # not three",
        ]
    );
    let row = format!(
        "SELECT page_name, meta_title, meta_description FROM robbieblocks_pages WHERE {HOME_ROW}"
    );
    assert_eq!(database.sql(&row), "House|Good day|Come on in");
    let props = "SELECT block_key, props::text FROM robbieblocks_page_blocks WHERE block_key IN ('top', 'end') ORDER BY block_order";
    assert_eq!(
        database.sql(props),
        "top|{\"size\": 3, \"title\": \"Number one\"}\nend|{\"title\": \"Three\"}"
    );
    assert_eq!(revisions(&database), "3");
    assert_even(&clone);
    let before = rows(&database);
    clone.ok(&["sync"]);
    assert_eq!(rows(&database), before, "a second sync does nothing");
}

#[test]
fn the_same_field_stops_until_somebody_decides() {
    let (database, clone) = with_page();
    retitle(&database, "Theirs");
    let own = clone.edit(HOME, "\"Welcome\"", "\"Ours\"");
    let dry = clone.json(&["sync", "--dry-run"]);
    assert_eq!(dry["steps"][0]["diverged"][0]["key"], "home", "{dry}");
    let words = clone.ends(&["sync"], 3);
    assert!(
        words.contains("conflict") && words.contains(HOME),
        "{words}"
    );
    assert_eq!(title(&database), "Theirs");
    let conflict = "SELECT table_name, record_id, source_node, master_data ->> 'title', replica_data ->> 'title', resolved_at IS NULL FROM sync_conflicts";
    assert_eq!(
        database.sql(conflict),
        "robbieblocks_pages|home|main|Theirs|Ours|t"
    );

    let marked = clone.site.read(HOME);
    assert!(
        marked.contains("<<<<<<<") && marked.contains(">>>>>>> db/main"),
        "{marked}"
    );
    assert!(marked.contains("# What everybody sees first."), "{marked}");
    let found = clone.ends(&["check"], 1);
    assert!(found.contains(HOME) && found.contains("<<<<<<<"), "{found}");
    let again = clone.run(&["sync"]);
    assert_ne!(again.status.code(), Some(0));
    assert!(super::said(&again).contains("a merge is not finished yet"));
    clone.git(&["merge", "--abort"]);
    assert_eq!(clone.head(), own);
    assert!(clone.site.read(HOME).contains("\"Ours\""));

    // Marks that somebody commits by mistake come into no row.
    clone.ends(&["sync"], 3);
    clone.commit("Oops");
    let before = rows(&database);
    let words = clone.ends(&["push"], 1);
    assert!(
        words.contains(HOME) && words.contains("<<<<<<<") && words.contains("nothing was written"),
        "{words}"
    );
    assert_eq!(rows(&database), before);
    clone
        .site
        .write(HOME, TEXT.replace("\"Welcome\"", "\"Both\""));
    clone.commit("Decided");
    clone.ok(&["sync"]);
    assert_eq!(title(&database), "Both");
    assert_even(&clone);
    let count = "SELECT count(*) FROM sync_conflicts";
    assert_eq!(database.sql(count), "1", "the same conflict is noted once");
}

#[test]
fn deleted_on_one_side_and_edited_on_the_other_is_a_conflict_and_deleted_on_both_is_none() {
    let (database, clone) = with_page();
    clone.site.remove("content/pages/play/notes.md");
    clone.commit("No notes");
    database.sql("DELETE FROM robbieblocks_pages WHERE page_key = 'notes'");
    clone.ok(&["sync"]);
    assert_even(&clone);

    clone.site.remove(HOME);
    clone.commit("No home");
    retitle(&database, "Kept");
    let words = clone.ends(&["sync"], 3);
    assert!(words.contains(HOME), "{words}");
    assert_eq!(title(&database), "Kept");
    clone.git(&["checkout", "-q", "db/main", "--", HOME]);
    clone.commit("Kept");
    clone.ok(&["sync"]);
    assert_eq!(title(&database), "Kept");
    assert!(clone.site.read(HOME).contains("title = \"Kept\""));

    // The other way round.
    database.sql(&format!("DELETE FROM robbieblocks_pages WHERE {HOME_ROW}"));
    clone.edit(HOME, "\"Kept\"", "\"Wanted\"");
    clone.ends(&["sync"], 3);
    clone.git(&["checkout", "-q", "HEAD", "--", HOME]);
    clone.commit("Wanted");
    clone.ok(&["sync"]);
    assert_eq!(title(&database), "Wanted");
    assert_even(&clone);
}

#[test]
fn a_page_moved_in_the_rows_and_edited_in_its_file_is_one_page() {
    let (database, clone) = with_page();
    database.sql(&format!(
        "UPDATE robbieblocks_pages SET app_namespace = 'work' WHERE {HOME_ROW}"
    ));
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    let output = clone.run(&["sync"]);
    let words = super::said(&output);
    let files = clone.git(&["ls-files", "-s", "content/pages"]);
    assert_eq!(output.status.code(), Some(0), "{words}\n{files}");
    assert!(
        files.contains("content/pages/work/home.toml") && !files.contains(HOME),
        "{files}"
    );
    let row = format!("SELECT app_namespace, page_name FROM robbieblocks_pages WHERE {HOME_ROW}");
    assert_eq!(database.sql(&row), "work|House");
    assert!(
        clone
            .site
            .read("content/pages/work/home.toml")
            .contains("# the sign above the door")
    );
    assert_even(&clone);
}

#[test]
fn a_file_moved_in_git_and_its_row_edited_is_one_page() {
    let (database, clone) = with_page();
    let moved = "content/pages/play/rooms/home.toml";
    std::fs::create_dir_all(clone.site.path("content/pages/play/rooms")).unwrap();
    clone.git(&["mv", HOME, moved]);
    clone.commit("Moved");
    retitle(&database, "By hand");
    clone.ok(&["sync"]);
    assert_eq!(clone.git(&["ls-files", "content/pages/play/*home*"]), moved);
    assert!(clone.site.read(moved).contains("title = \"By hand\""));
    assert_even(&clone);
    // A file that only moved is nothing to write into a row.
    let before = rows(&database);
    clone.git(&["mv", moved, HOME]);
    clone.commit("Back");
    clone.ok(&["push"]);
    assert_eq!(
        before
            .lines()
            .filter(|line| line.contains("robbieblocks_page"))
            .collect::<Vec<_>>(),
        rows(&database)
            .lines()
            .filter(|line| line.contains("robbieblocks_page"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_rename_leaves_the_rows_what_they_are() {
    let (database, clone) = with_page();
    let ids = |sql: &str| database.sql(sql);
    let page = |key: &str| {
        ids(&format!(
            "SELECT id FROM robbieblocks_pages WHERE page_key = '{key}'"
        ))
    };
    let component = |key: &str| {
        ids(&format!(
            "SELECT id FROM robbieblocks_components WHERE component_key = '{key}'"
        ))
    };
    let token = |key: &str| {
        ids(&format!(
            "SELECT id FROM robbieblocks_style_tokens WHERE token_key = '{key}'"
        ))
    };
    let node = |key: &str| {
        ids(&format!(
            "SELECT id FROM robbieblocks_node_branding WHERE node_id = '{key}'"
        ))
    };
    let block = |key: &str| {
        ids(&format!(
            "SELECT id FROM robbieblocks_page_blocks WHERE block_key = '{key}'"
        ))
    };
    let before = [
        page("home"),
        component("hero"),
        token("color.accent"),
        node("one"),
        block("top"),
    ];
    for args in [
        &["mv", "page", "home", "front"][..],
        &["mv", "component", "hero", "banner"],
        &["mv", "token", "color.accent", "color.highlight"],
        &["mv", "node", "one", "first"],
        &["mv", "block", "front/top", "head"],
    ] {
        let help = clone.run(args);
        assert!(help.status.success(), "{args:?}: {}", super::said(&help));
    }
    clone.commit("Renamed");
    clone.ok(&["push"]);
    let after = [
        page("front"),
        component("banner"),
        token("color.highlight"),
        node("first"),
        block("head"),
    ];
    assert_eq!(before, after);
    assert!(before.iter().all(|id| id.len() == 36), "{before:?}");
    assert_even(&clone);
    let counts = "SELECT (SELECT count(*) FROM robbieblocks_pages), (SELECT count(*) FROM robbieblocks_components), (SELECT count(*) FROM robbieblocks_style_tokens)";
    assert_eq!(database.sql(counts), "2|2|4");

    // And one in a row arrives as one in the files.
    database.sql("UPDATE robbieblocks_pages SET page_key = 'entrance' WHERE page_key = 'front'");
    clone.ok(&["pull"]);
    let files = clone.git(&["ls-files", "content/pages"]);
    assert_eq!(
        files,
        "content/pages/play/entrance.toml\ncontent/pages/play/notes.md"
    );
    assert_even(&clone);
}

#[test]
fn two_databases_get_what_each_other_has() {
    let (main, local) = (database(), database());
    let clone = Clone::begun(&main.url());
    let config = clone.site.read("robbieblocks.toml");
    clone.site.write(
        "robbieblocks.toml",
        format!("{config}\n[database.local]\nurl_env = \"LOCAL_URL\"\n"),
    );
    clone.ok(&["remote", "add", "local"]);
    clone.site.write(HOME, TEXT);
    clone.commit("Two databases");
    let sync = || {
        let mut command = clone.command(&["sync", "main", "local"]);
        command.env("LOCAL_URL", local.url()).output().unwrap()
    };
    let first = sync();
    assert!(first.status.success(), "{}", super::said(&first));
    let ids = "SELECT page_key, id FROM robbieblocks_pages ORDER BY 1";
    let before = (main.sql(ids), local.sql(ids));
    assert_ne!(before.0, before.1);

    retitle(&main, "From main");
    local.sql(&format!(
        "UPDATE robbieblocks_pages SET meta_description = 'From local' WHERE {HOME_ROW}"
    ));
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    let synced = sync();
    assert!(synced.status.success(), "{}", super::said(&synced));
    let row = format!(
        "SELECT page_name, meta_title, meta_description FROM robbieblocks_pages WHERE {HOME_ROW}"
    );
    assert_eq!(main.sql(&row), "House|From main|From local");
    assert_eq!(local.sql(&row), "House|From main|From local");
    assert_eq!((main.sql(ids), local.sql(ids)), before);
    assert_eq!(clone.db_main(), clone.head());
    assert_eq!(
        clone.git(&["rev-parse", "refs/remotes/local/main"]),
        clone.head()
    );

    // The same field in both: the first is merged, and the second conflicts with it.
    retitle(&main, "Main says");
    retitle(&local, "Local says");
    let synced = sync();
    assert_eq!(synced.status.code(), Some(3), "{}", super::said(&synced));
    assert_eq!(
        (title(&main), title(&local)),
        ("Main says".to_string(), "Local says".to_string())
    );
    let marked = clone.site.read(HOME);
    assert!(
        marked.contains("Main says") && marked.contains(">>>>>>> local/main"),
        "{marked}"
    );
    clone.git(&["checkout", "-q", "--theirs", HOME]);
    clone.commit("Local is right");
    let synced = sync();
    assert!(synced.status.success(), "{}", super::said(&synced));
    assert_eq!(
        (title(&main), title(&local)),
        ("Local says".to_string(), "Local says".to_string())
    );
}

#[test]
fn the_same_edit_on_both_sides_is_no_conflict() {
    let (database, clone) = with_page();
    retitle(&database, "Same");
    database.sql(
        "INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template, status) \
         VALUES ('twin', 'play', 'Twin', '/play/twin', 'single-column', 'published')",
    );
    let twin = "name = \"Twin\"\nstatus = \"published\"\n";
    clone
        .site
        .write("content/pages/play/twin.toml", format!("# Mine.\n{twin}"));
    clone.edit(HOME, "\"Welcome\"", "\"Same\"");
    clone.ok(&["sync"]);
    assert_even(&clone);
    assert!(
        clone
            .site
            .read("content/pages/play/twin.toml")
            .contains("# Mine.")
    );
    assert_eq!(title(&database), "Same");
}

#[test]
fn a_page_that_came_into_two_files_is_told_and_not_pushed() {
    let (database, clone) = with_page();
    database.sql(
        "INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template, status) \
         VALUES ('twin', 'play', 'Theirs', '/play/twin', 'single-column', 'published')",
    );
    let twin = "name = \"Ours\"\nroute = \"/play/twin\"\nstatus = \"published\"\n";
    clone.site.write("content/pages/play/rooms/twin.toml", twin);
    clone.commit("A twin");
    let before = rows(&database);
    let output = clone.run(&["sync"]);
    let words = super::said(&output);
    assert_ne!(output.status.code(), Some(0), "{words}");
    assert!(
        words.contains("content/pages/play/twin.toml") && words.contains("rooms/twin.toml"),
        "{words}"
    );
    let of_content = |all: &str| -> Vec<String> {
        let lines = all
            .lines()
            .filter(|line| line.starts_with("robbieblocks_page"));
        lines.map(str::to_string).collect()
    };
    assert_eq!(of_content(&rows(&database)), of_content(&before));
    clone.git(&["rm", "-q", "-f", "content/pages/play/twin.toml"]);
    clone.commit("One twin");
    clone.ok(&["sync"]);
    let name = "SELECT page_name FROM robbieblocks_pages WHERE page_key = 'twin'";
    assert_eq!(database.sql(name), "Ours");
    assert_even(&clone);
}

#[test]
fn a_page_that_both_sides_moved_is_decided_by_somebody_and_lost_by_nobody() {
    let (database, clone) = with_page();
    database.sql(&format!(
        "UPDATE robbieblocks_pages SET app_namespace = 'work' WHERE {HOME_ROW}"
    ));
    std::fs::create_dir_all(clone.site.path("content/pages/play/rooms")).unwrap();
    clone.git(&["mv", HOME, "content/pages/play/rooms/home.toml"]);
    clone.commit("Moved");
    let words = clone.ends(&["sync"], 3);
    assert!(words.contains("home.toml"), "{words}");
    let app = format!("SELECT app_namespace FROM robbieblocks_pages WHERE {HOME_ROW}");
    assert_eq!(database.sql(&app), "work");
    clone.git(&[
        "rm",
        "-q",
        "-f",
        "--ignore-unmatch",
        HOME,
        "content/pages/play/rooms/home.toml",
    ]);
    clone.commit("At work");
    clone.ok(&["sync"]);
    assert_eq!(database.sql(&app), "work");
    assert_eq!(
        clone.git(&["ls-files", "content/pages/*home*"]),
        "content/pages/work/home.toml"
    );
    assert_even(&clone);
}

#[test]
fn an_edit_that_is_in_no_commit_is_not_written_over_by_a_merge() {
    let (database, clone) = with_page();
    let moved = "content/pages/play/rooms/home.toml";
    clone.git(&["rm", "-q", HOME]);
    clone.site.write(moved, "name = \"Quite another\"\n");
    clone.commit("Written anew, elsewhere");
    let uncommitted = "name = \"Not committed\"\n";
    clone.site.write(moved, uncommitted);
    retitle(&database, "By hand");
    clone.ends(&["sync"], 3);
    assert_eq!(clone.site.read(moved), uncommitted);
}
