//! What stops a sync: databases that are not the one that is meant, very many deletions, rows with errors.

use super::{Clone, HOME, HOME_ROW, assert_even, database, retitle, revisions, rows, said, title};
use crate::postgres::Database;

/// A clone whose database has the base site and twenty more pages.
fn with_many_pages() -> (Database<'static>, Clone) {
    let database = database();
    let clone = Clone::begun(&database.url());
    for number in 0..20 {
        let page = format!("name = \"Page {number}\"\nstatus = \"published\"\n");
        clone
            .site
            .write(&format!("content/pages/play/page-{number:02}.toml"), page);
    }
    clone.commit("Many pages");
    clone.git(&["push", "-q", "db", "main"]);
    (database, clone)
}

const COUNT: &str = "SELECT count(*) FROM robbieblocks_pages";
const DELETE_ELEVEN: &str =
    "DELETE FROM robbieblocks_pages WHERE page_key BETWEEN 'page-00' AND 'page-10'";

fn pages_here(clone: &Clone) -> usize {
    clone.git(&["ls-files", "content/pages"]).lines().count()
}

#[test]
fn very_many_deleted_rows_wait_for_a_word() {
    let (database, clone) = with_many_pages();
    database.sql("DELETE FROM robbieblocks_pages WHERE page_key = 'page-19'");
    clone.ok(&["pull"]);
    assert_eq!(pages_here(&clone), 21, "one is nothing to ask about");
    let other = clone.second();
    other.git(&["fetch", "-q", "db"]);
    database.sql(DELETE_ELEVEN);
    let before = rows(&database);
    for args in [&["status"][..], &["pull"], &["sync"], &["push"]] {
        let words = clone.ends(args, 3);
        assert!(
            words.contains("RB0919") && words.contains("the database has lost 11 of 21 pages"),
            "{words}"
        );
        assert!(words.contains("`rbgen pull --allow-deletes`"), "{words}");
    }
    let words = clone.git_fails(&["fetch", "db"]);
    assert!(
        words.contains("11 of 21 pages") && words.contains("git -c rbgen.allowDeletes=true fetch"),
        "{words}"
    );
    // What a push may delete says nothing of what was deleted in the rows.
    clone.edit(HOME, "name = \"Home\"", "name = \"House\"");
    let words = clone.git_fails(&["push", "-o", "allow-deletes", "db", "main"]);
    assert!(words.contains("11 of 21 pages"), "{words}");
    clone.ends(&["push", "--allow-deletes"], 3);
    assert_eq!((rows(&database), pages_here(&clone)), (before, 21));

    clone.git(&["-c", "rbgen.allowDeletes=true", "fetch", "-q", "db"]);
    // It is a revision now, but a clone that merges it is asked again.
    let head = clone.head();
    let words = clone.ends(&["pull"], 3);
    assert!(
        words.contains("merging the database would delete 11 of 21 pages"),
        "{words}"
    );
    assert_eq!(clone.head(), head);
    clone.ok(&["sync", "--allow-deletes"]);
    assert_eq!(pages_here(&clone), 10);
    assert_even(&clone);
    other.git(&["fetch", "-q", "origin"]);
    let words = other.ends(&["pull"], 3);
    assert!(
        words.contains("merging the database would delete"),
        "{words}"
    );
    other.ok(&["pull", "--allow-deletes"]);
    assert_eq!(pages_here(&other), 10);
}

#[test]
fn very_many_deleted_files_wait_for_a_word() {
    let (database, clone) = with_many_pages();
    clone.git(&[
        "rm",
        "-q",
        "content/pages/play/page-0*.toml",
        "content/pages/play/page-10.toml",
    ]);
    clone.commit("Eleven fewer");
    let before = rows(&database);
    let words = clone.ends(&["push"], 3);
    assert!(
        words.contains("RB0919") && words.contains("the commit deletes 11 of 22 pages"),
        "{words}"
    );
    clone.ends(&["sync"], 3);
    let words = clone.git_fails(&["push", "db", "main"]);
    assert!(
        words.contains("[remote rejected] main -> main (the commit deletes 11 of 22 pages)"),
        "{words}"
    );
    assert!(words.contains("`git push -o allow-deletes`"), "{words}");
    assert_eq!(rows(&database), before);
    clone.git(&["push", "-q", "-o", "allow-deletes", "db", "main"]);
    assert_eq!(database.sql(COUNT), "11");
    clone.git(&["rm", "-q", "-r", "content/pages"]);
    clone.commit("None");
    let words = clone.ends(&["push"], 3);
    assert!(words.contains("11 of 11 pages"), "{words}");
    clone.ok(&["push", "--allow-deletes"]);
    assert_eq!(database.sql(COUNT), "0");
    assert_even(&clone);
}

#[test]
fn emptied_tables_are_never_taken_for_deletions() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    let files = clone.git(&["ls-files"]);
    for statement in [
        "DELETE FROM robbieblocks_pages; DELETE FROM robbieblocks_components; \
         DELETE FROM robbieblocks_style_tokens; DELETE FROM robbieblocks_node_branding",
        "TRUNCATE robbieblocks_pages, robbieblocks_page_blocks, robbieblocks_components, \
         robbieblocks_style_tokens, robbieblocks_node_branding",
    ] {
        database.sql(statement);
        for args in [
            &["status"][..],
            &["pull", "--allow-deletes"],
            &["sync"],
            &["push"],
        ] {
            let words = clone.ends(args, 3);
            assert!(
                words.contains("RB0920") && words.contains("somebody emptied its tables"),
                "{words}"
            );
            assert!(words.contains("`rbgen import`"), "{words}");
        }
        let words = clone.git_fails(&["-c", "rbgen.allowDeletes=true", "fetch", "db"]);
        assert!(words.contains("somebody emptied its tables"), "{words}");
        assert_eq!(revisions(&database), "1");
        clone.ok(&["import"]);
        assert_even(&clone);
    }
    assert_eq!(clone.git(&["ls-files"]), files);
}

#[test]
fn a_copy_and_another_database_stop_everything_until_they_are_accepted() {
    let first = database();
    let clone = Clone::pushed(&first.url());
    let mut copy = Clone {
        url: first.copy().url(),
        ..clone
    };
    let kept = copy.url.clone();
    copy.edit(HOME, "name = \"Home\"", "name = \"House\"");
    for args in [&["status"][..], &["pull"], &["push"], &["sync"]] {
        let words = copy.ends(args, 3);
        assert!(
            words.contains("RB0917") && words.contains("this is a copy of the database"),
            "{words}"
        );
        assert!(words.contains("`rbgen remote accept main`"), "{words}");
    }
    let words = copy.git_fails(&["push", "db", "main"]);
    assert!(words.contains("this is a copy of the database"), "{words}");
    copy.ok(&["remote", "accept"]);
    copy.ok(&["sync"]);
    assert_even(&copy);

    // Made anew, with nothing in it: the first push goes whole.
    let anew = database();
    anew.sql("UPDATE robbieblocks_lineage SET id = gen_random_uuid()");
    copy.url = anew.url();
    for args in [&["status"][..], &["push"], &["sync"]] {
        let words = copy.ends(args, 3);
        assert!(
            words.contains("RB0917") && words.contains("this is another database"),
            "{words}"
        );
    }
    let before = rows(&anew);
    let words = copy.git_fails(&["fetch", "db"]);
    assert!(
        words.contains("this is another database") && words.contains("rbgen remote accept"),
        "{words}"
    );
    assert_eq!(rows(&anew), before);
    copy.ok(&["remote", "accept"]);
    copy.ok(&["sync"]);
    assert_even(&copy);
    assert_eq!(anew.sql(COUNT), "2");

    // And back: what was there before is merged.
    copy.url = kept;
    copy.ends(&["sync"], 3);
    copy.ok(&["remote", "accept"]);
    copy.ok(&["sync"]);
    assert_even(&copy);
}

#[test]
fn a_database_from_a_backup_stops_everything_until_it_is_accepted() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    retitle(&database, "Before the backup");
    clone.ok(&["sync"]);
    // What a restored dump leaves in the same database: the rows and the history of then.
    let dump = database.sql("SELECT max(number) FROM robbieblocks_revisions");
    clone.edit(HOME, "Before the backup", "After the backup");
    clone.ok(&["sync"]);
    database.sql(&format!(
        "ALTER TABLE robbieblocks_revisions DISABLE TRIGGER rbgen_append_only; \
         ALTER TABLE robbieblocks_revision_entities DISABLE TRIGGER rbgen_append_only; \
         DELETE FROM robbieblocks_sync_edges WHERE revision IN (SELECT digest FROM robbieblocks_revisions WHERE number > {dump}); \
         DELETE FROM robbieblocks_revision_entities WHERE revision IN (SELECT digest FROM robbieblocks_revisions WHERE number > {dump}); \
         DELETE FROM robbieblocks_revisions WHERE number > {dump}; \
         ALTER TABLE robbieblocks_revisions ENABLE ALWAYS TRIGGER rbgen_append_only; \
         ALTER TABLE robbieblocks_revision_entities ENABLE ALWAYS TRIGGER rbgen_append_only; \
         UPDATE robbieblocks_pages SET meta_title = 'Before the backup' WHERE {HOME_ROW}"
    ));
    for args in [&["status"][..], &["pull"], &["push"], &["sync"]] {
        let words = clone.ends(args, 3);
        assert!(
            words.contains("RB0918") && words.contains("restored from a backup"),
            "{words}"
        );
    }
    assert_eq!(title(&database), "Before the backup");
    clone.ok(&["remote", "accept"]);
    let status = clone.json(&["status"]);
    assert_eq!(status["ahead"][0]["key"], "home", "{status}");
    clone.ok(&["sync"]);
    assert_eq!(title(&database), "After the backup");
    assert_even(&clone);
}

#[test]
fn rows_with_errors_are_left_out_said_and_left_alone() {
    let database = database();
    let clone = Clone::pushed(&database.url());
    database.sql(
        "DO $$ DECLARE rule record; BEGIN \
           FOR rule IN SELECT conrelid::regclass AS place, conname FROM pg_constraint \
             WHERE contype = 'c' AND conrelid::regclass::text LIKE 'robbieblocks_%' \
           LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.place, rule.conname); \
           END LOOP; END $$; \
         INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template) \
         VALUES ('../evil', 'play', 'Evil', '/evil', 'single-column'); \
         UPDATE robbieblocks_pages SET page_route = '/../up', page_name = 'Broken' WHERE page_key = 'notes'",
    );
    retitle(&database, "Sound");
    let output = clone.run(&["pull"]);
    let words = said(&output);
    assert_eq!(output.status.code(), Some(0), "{words}");
    assert!(
        words.matches("left out").count() >= 2 && words.contains("../evil"),
        "{words}"
    );
    assert!(clone.site.read(HOME).contains("title = \"Sound\""));
    assert!(
        clone
            .site
            .read("content/pages/play/notes.md")
            .contains("name = \"Notes\"")
    );
    assert_eq!(clone.git(&["ls-files", "content/pages"]).lines().count(), 2);
    let status = clone.json(&["status"]);
    assert!(status["left_out"].to_string().contains("notes"), "{status}");
    let fetched = clone.git_command(&["fetch", "db"]).output().unwrap();
    assert!(said(&fetched).contains("left out: "), "{}", said(&fetched));

    // What does not touch them goes; what would overwrite or delete them does not.
    let hostile = "SELECT page_key, page_name, page_route, xmin FROM robbieblocks_pages WHERE page_key IN ('../evil', 'notes') ORDER BY 1";
    let before = database.sql(hostile);
    clone.edit(HOME, "Sound", "Sound as a bell");
    clone.ok(&["push"]);
    assert_eq!(title(&database), "Sound as a bell");
    clone.edit(
        "content/pages/play/notes.md",
        "name = \"Notes\"",
        "name = \"Other notes\"",
    );
    let words = clone.ends(&["push"], 3);
    assert!(
        words.contains("RB0926") && words.contains("the row of the page `notes` has errors"),
        "{words}"
    );
    clone.git(&["reset", "-q", "--hard", "HEAD^"]);
    clone.git(&["rm", "-q", "content/pages/play/notes.md"]);
    clone.commit("No notes");
    let words = clone.git_fails(&["push", "db", "main"]);
    assert!(
        words.contains("the row of the page `notes` has errors"),
        "{words}"
    );
    assert_eq!(database.sql(hostile), before);

    // Once they are mended, they are like any other.
    clone.git(&["reset", "-q", "--hard", "HEAD^"]);
    database.sql(
        "DELETE FROM robbieblocks_pages WHERE page_key = '../evil'; \
         UPDATE robbieblocks_pages SET page_route = '/play/notes' WHERE page_key = 'notes'",
    );
    clone.ok(&["sync"]);
    assert!(
        clone
            .site
            .read("content/pages/play/notes.md")
            .contains("name = \"Broken\"")
    );
    assert_even(&clone);
}
