//! Who may sync: the roles of `migrations/roles.sql`.

use super::{Clone, HOME, HOME_ROW, assert_even, database, git_at, rows, said, title};
use crate::harness::{project, text};
use crate::postgres::{Database, SERVER};

/// A database with the roles, and a user of each, whose names are of this test alone.
fn with_roles() -> Database<'static> {
    let database = database();
    SERVER.admin(
        "DO $$ DECLARE role text; BEGIN \
           FOREACH role IN ARRAY '{rbgen_builder, rbgen_editor, rbgen_sync, rbgen_migrator}'::text[] LOOP \
             BEGIN EXECUTE format('CREATE ROLE %I NOLOGIN', role); \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END; \
           END LOOP; END $$; \
         CREATE ROLE syncing LOGIN PASSWORD 'syncing'; GRANT rbgen_sync TO syncing; \
         CREATE ROLE editing LOGIN PASSWORD 'editing'; GRANT rbgen_editor TO editing; \
         CREATE ROLE building LOGIN PASSWORD 'building'; GRANT rbgen_builder TO building; \
         CREATE ROLE nobody_special LOGIN PASSWORD 'nobody_special'",
    );
    let roles = std::fs::read_to_string(project().join("migrations/roles.sql")).unwrap();
    database.sql(&roles);
    database
}

#[test]
fn a_role_for_syncing_can_do_all_of_it_and_others_are_told_what_they_lack() {
    let database = with_roles();
    let clone = Clone::begun(&database.url_of("syncing"));
    clone.git(&["push", "-q", "db", "main"]);
    let edit = "UPDATE robbieblocks_pages SET meta_title = 'By an editor' WHERE page_key = 'home'";
    let edited = SERVER.psql("editing", &database.name, edit);
    assert!(edited.status.success(), "{}", text(&edited.stderr));
    clone.git(&["fetch", "-q", "db"]);
    let author = clone.git(&["log", "-1", "--format=%an", "db/main"]);
    assert_eq!(author, "editing");
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    clone.ok(&["sync"]);
    let row = format!("SELECT page_name, meta_title FROM robbieblocks_pages WHERE {HOME_ROW}");
    assert_eq!(database.sql(&row), "House|By an editor");
    clone.ok(&["mv", "page", "notes", "words"]);
    clone.commit("Renamed");
    clone.ok(&["push"]);
    SERVER.psql(
        "editing",
        &database.name,
        &edit.replace("By an editor", "Theirs"),
    );
    clone.edit(HOME, "By an editor", "Ours");
    clone.ends(&["sync"], 3);
    assert_eq!(database.sql("SELECT count(*) FROM sync_conflicts"), "1");
    clone.git(&["checkout", "-q", "--ours", HOME]);
    clone.commit("Ours");
    clone.ok(&["sync"]);
    assert_eq!(title(&database), "Ours");
    assert_even(&clone);
    assert_ne!(database.sql("SELECT count(*) FROM sync_status"), "0");

    // Who may not write the history can look, and is told.
    let before = rows(&database);
    clone.edit(HOME, "Ours", "Once more");
    for user in ["editing", "building"] {
        let url = database.url_of(user);
        let status = clone
            .command(&["status"])
            .env("DATABASE_URL", &url)
            .output()
            .unwrap();
        assert!(status.status.success(), "{user}: {}", said(&status));
        let pushed = clone
            .command(&["push"])
            .env("DATABASE_URL", &url)
            .output()
            .unwrap();
        let words = said(&pushed);
        assert_eq!(pushed.status.code(), Some(2), "{user}: {words}");
        assert!(
            words.contains("RB0909") && words.contains("permission denied for table"),
            "{user}: {words}"
        );
        assert!(words.contains("GRANT rbgen_sync TO"), "{user}: {words}");
        let pushed = git_at(&clone.top, &url, &["push", "db", "main"])
            .output()
            .unwrap();
        let words = said(&pushed);
        assert!(
            words.contains("[remote rejected]") && words.contains("permission denied for table"),
            "{words}"
        );
        assert_eq!(rows(&database), before, "{user}");
    }
    let url = database.url_of("nobody_special");
    let status = clone
        .command(&["status"])
        .env("DATABASE_URL", &url)
        .output()
        .unwrap();
    assert_eq!(status.status.code(), Some(2), "{}", said(&status));
    assert!(said(&status).contains("RB0909"), "{}", said(&status));
    clone.ok(&["push"]);
}

#[test]
fn a_policy_that_hides_rows_is_no_deletion() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    database.sql(
        "ALTER TABLE robbieblocks_pages ENABLE ROW LEVEL SECURITY; \
         ALTER TABLE robbieblocks_pages FORCE ROW LEVEL SECURITY; \
         CREATE POLICY only_some ON robbieblocks_pages USING (page_key <> 'notes')",
    );
    let files = clone.git(&["ls-files"]);
    for args in [
        &["status", "--verify"][..],
        &["pull", "--verify"],
        &["sync", "--verify"],
    ] {
        let words = clone.ends(args, 2);
        assert!(
            words.contains("RB0909") && words.contains("row-level security"),
            "{words}"
        );
    }
    assert_eq!(clone.git(&["ls-files"]), files);
    assert_eq!(super::revisions(&database), "1");
}
