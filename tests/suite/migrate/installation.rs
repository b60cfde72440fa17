//! New installations: by rbgen, by hand, in any schema, without a superuser, and what the command says.

use super::{apply, files, messages, migrate, migrate_at, migrate_json, site, steps};
use crate::harness::text;
use crate::postgres::{Database, SERVER};
use rbgen::db::migrate::require_migrated;
use rbgen::db::{Address, Session};

/// Everything that the catalog knows of the tables, columns, constraints, indexes, triggers and
/// functions in the schema of a database.
fn catalog(database: &Database<'_>) -> String {
    database.sql(
        "SELECT table_name, column_name, data_type, is_nullable, column_default
         FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2;
         SELECT conrelid::regclass::TEXT, conname, pg_get_constraintdef(oid), condeferrable
         FROM pg_constraint WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2;
         SELECT tablename, replace(indexdef, current_schema(), '') FROM pg_indexes
         WHERE schemaname = current_schema() ORDER BY 1, 2;
         SELECT tgrelid::regclass::TEXT, tgname, tgenabled, tgfoid::regproc FROM pg_trigger
         WHERE NOT tgisinternal ORDER BY 1, 2;
         SELECT proname, prosecdef, prosrc FROM pg_proc
         WHERE pronamespace = current_schema()::regnamespace ORDER BY 1, 2",
    )
}

/// The lines that only one of two catalogs has.
fn difference(one: &str, other: &str) -> String {
    let only = |one: &str, other: &str, sign: &str| -> String {
        one.lines()
            .filter(|line| !other.lines().any(|there| there == *line))
            .map(|line| format!("{sign} {line}\n"))
            .collect()
    };
    only(one, other, "+") + &only(other, one, "-")
}

#[test]
fn the_owner_needs_no_superuser_and_a_second_run_does_nothing() {
    let database = SERVER.database();
    let said = migrate(&database);
    assert!(said.contains("V20 sync_infrastructure: create 7"), "{said}");
    assert!(
        said.ends_with("the database `main` has all of it now, in the schema `public`\n"),
        "{said}"
    );
    let before = catalog(&database);
    let stamps = database.sql("SELECT * FROM robbieblocks_migrations");
    let (status, again) = migrate_json(&database, &[]);
    assert_eq!((status, &again["applied"]), (0, &false.into()));
    assert_eq!(steps(&again), Vec::<String>::new());
    assert_eq!(again["diagnostics"], serde_json::json!([]));
    assert_eq!(
        migrate(&database),
        "nothing to do: the database `main` has all of it, in the schema `public`\n"
    );
    assert_eq!(catalog(&database), before);
    assert_eq!(
        database.sql("SELECT * FROM robbieblocks_migrations"),
        stamps
    );
    assert_eq!(
        database.sql("SELECT count(*) FROM robbieblocks_lineage"),
        "1"
    );
    assert_eq!(
        database.sql("SELECT count(*) FROM robbieblocks_style_tokens"),
        "0"
    );
}

#[test]
fn by_hand_file_by_file_gives_the_same() {
    let by_hand = SERVER.database();
    for (_, path) in files() {
        apply(&by_hand, "owner", &path);
    }
    let by_rbgen = SERVER.migrated();
    assert_eq!(catalog(&by_hand), catalog(&by_rbgen));
    assert_eq!(
        by_hand
            .sql("SELECT version, name, checksum IS NULL FROM robbieblocks_migrations ORDER BY 1"),
        by_rbgen.sql(
            "SELECT version, name, checksum IS NOT NULL FROM robbieblocks_migrations ORDER BY 1"
        )
    );
    let (status, document) = migrate_json(&by_hand, &[]);
    assert_eq!((status, &document["applied"]), (0, &false.into()));
    // Every file may be applied twice.
    for (_, path) in files() {
        apply(&by_hand, "owner", &path);
    }
    assert_eq!(catalog(&by_hand), catalog(&by_rbgen));
}

#[test]
fn tables_and_rules_say_what_they_are() {
    let database = SERVER.database();
    database.sql(
        "CREATE TABLE robbieblocks_style_tokens (
             id UUID PRIMARY KEY, token_key VARCHAR(255) NOT NULL UNIQUE,
             token_category VARCHAR(50) NOT NULL, default_value TEXT NOT NULL);
         COMMENT ON TABLE robbieblocks_style_tokens IS 'ours'",
    );
    migrate(&database);
    assert_eq!(
        database.sql(
            "SELECT conname FROM pg_constraint
             WHERE (conname LIKE '%\\_rule' OR conname LIKE 'robbieblocks%status_check')
               AND obj_description(oid, 'pg_constraint') IS NULL"
        ),
        ""
    );
    let said = database.sql(
        "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint
         WHERE conname = 'robbieblocks_pages_page_route_rule'",
    );
    assert!(
        said.starts_with("a route begins with / and has no empty part"),
        "{said}"
    );
    assert_eq!(
        database.sql(
            "SELECT obj_description('robbieblocks_style_tokens'::regclass),
                    obj_description('robbieblocks_page_blocks'::regclass)"
        ),
        "ours|blocks: what a page shows, in this order"
    );
}

#[test]
fn in_another_schema_of_the_search_path() {
    let database = SERVER.database();
    database.sql("CREATE SCHEMA \"Odd one\"");
    database.sql(&format!(
        "ALTER DATABASE {} SET search_path = \"Odd one\", public",
        database.name
    ));
    let (status, document) = migrate_json(&database, &[]);
    assert_eq!((status, &document["schema"]), (0, &"Odd one".into()));
    let elsewhere = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(database.sql(elsewhere), "0");
    // The triggers find their tables whatever the search path of who writes is.
    database.sql(
        "SET search_path = pg_temp;
         INSERT INTO \"Odd one\".robbieblocks_style_tokens (token_key, token_category, default_value)
         VALUES ('a.b', 'a', '1')",
    );
    assert_eq!(
        database.sql("SELECT entity_key FROM robbieblocks_changes"),
        "a.b"
    );
    assert_eq!(
        database.sql("SET search_path = pg_temp; SELECT \"Odd one\".get_page_config('x') IS NULL"),
        "t"
    );
    // Where the tables are is where they stay, even if another schema comes first later.
    database.sql("DROP TRIGGER rbgen_log_insert ON robbieblocks_pages");
    database.sql(&format!(
        "ALTER DATABASE {} SET search_path = public, \"Odd one\"",
        database.name
    ));
    let (status, document) = migrate_json(&database, &[]);
    assert_eq!(
        (status, &document["schema"]),
        (0, &"Odd one".into()),
        "{document}"
    );
    assert_eq!(database.sql(elsewhere), "0");
}

#[test]
fn a_dry_run_says_all_and_does_nothing() {
    let database = SERVER.database();
    let (status, planned) = migrate_json(&database, &["--dry-run"]);
    assert_eq!((status, &planned["applied"]), (0, &false.into()));
    assert_eq!(
        database.sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
        "0"
    );
    let (_, done) = migrate_json(&database, &[]);
    assert_eq!(steps(&planned), steps(&done));
    assert_eq!(done["applied"], true);
    let words = text(&migrate_at(&database.url(), &["--dry-run"]).stdout);
    assert!(words.starts_with("nothing to do"), "{words}");
}

#[test]
fn the_status_lists_what_was_applied() {
    let database = SERVER.database();
    let said = text(&migrate_at(&database.url(), &["--status"]).stdout);
    assert_eq!(said.lines().count(), files().len());
    assert!(
        said.lines().all(|line| line.ends_with("not applied")),
        "{said}"
    );
    apply(&database, "owner", &files()[0].1);
    let said = text(&migrate_at(&database.url(), &["--status"]).stdout);
    assert!(
        said.lines()
            .next()
            .unwrap()
            .ends_with("Z by owner, by hand"),
        "{said}"
    );
    let (status, document) = migrate_json(&database, &["--status"]);
    assert_eq!(status, 0);
    assert_eq!(document["files"][0]["applied_by"], "owner");
    assert_eq!(document["files"][1]["applied_at"], serde_json::Value::Null);
}

#[test]
fn quiet_is_quiet_and_statuses_tell_what_went_wrong() {
    let database = SERVER.database();
    let output = migrate_at(&database.url(), &["--quiet"]);
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(0), String::new())
    );
    assert_eq!(text(&output.stderr), "");
    let nobody = "postgres://owner:secret-word@127.0.0.1:1/x";
    let output = migrate_at(nobody, &["--json"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(!text(&output.stderr).contains("secret-word"));
    assert!(!text(&output.stdout).contains("secret-word"));
    assert_eq!(migrate_at("nonsense", &[]).status.code(), Some(2));
    assert_eq!(
        migrate_at(&database.url(), &["other"]).status.code(),
        Some(2)
    );
    let output = site().run(&["migrate"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("TEST_MIGRATE_URL"));
}

#[test]
fn what_somebody_took_away_is_made_again() {
    let database = SERVER.migrated();
    database.sql(
        "DROP TRIGGER rbgen_log_delete ON robbieblocks_page_blocks;
         ALTER TABLE robbieblocks_pages DISABLE TRIGGER rbgen_log_update;
         ALTER TABLE robbieblocks_pages DROP CONSTRAINT robbieblocks_pages_page_route_rule;
         DROP VIEW robbieblocks_active_deploys",
    );
    let (_, planned) = migrate_json(&database, &["--dry-run"]);
    assert_eq!(
        messages(&planned, "RB0915"),
        ["the trigger `rbgen_log_update` of `robbieblocks_pages` is disabled"]
    );
    let (status, document) = migrate_json(&database, &[]);
    assert_eq!(status, 0);
    assert_eq!(document["diagnostics"], serde_json::json!([]));
    assert_eq!(
        steps(&document),
        [
            "create the view `robbieblocks_active_deploys`",
            "enable the trigger `rbgen_log_update` of `robbieblocks_pages`",
            "create the trigger `rbgen_log_delete` of `robbieblocks_page_blocks`",
            "add the rule `robbieblocks_pages_page_route_rule` of `robbieblocks_pages`",
        ]
    );
    let whole = SERVER.migrated();
    assert_eq!(catalog(&database), catalog(&whole));
}

#[test]
fn whatever_of_rbgen_is_gone_is_made_again() {
    let whole = catalog(&SERVER.migrated());
    let database = SERVER.migrated();
    let each = |list: &str, statement: &str| {
        database.sql(&format!(
            "DO $$ DECLARE gone RECORD; BEGIN FOR gone IN {list} LOOP EXECUTE format({statement}); END LOOP; END $$"
        ));
    };
    let content = "'robbieblocks_pages', 'robbieblocks_components', 'robbieblocks_page_blocks',
                   'robbieblocks_style_tokens', 'robbieblocks_node_branding'";
    for (list, statement) in [
        (
            "SELECT tgname, tgrelid::regclass AS t FROM pg_trigger WHERE NOT tgisinternal".to_string(),
            "'DROP TRIGGER %I ON %s', gone.tgname, gone.t",
        ),
        (
            "SELECT oid::regprocedure AS f FROM pg_proc WHERE pronamespace = 'public'::regnamespace".to_string(),
            "'DROP FUNCTION IF EXISTS %s CASCADE', gone.f",
        ),
        (
            "SELECT oid::regclass AS v FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace"
                .to_string(),
            "'DROP VIEW %s', gone.v",
        ),
        (
            format!("SELECT conname, conrelid::regclass AS t FROM pg_constraint WHERE conrelid::regclass::TEXT IN ({content}) AND contype IN ('c', 'u')"),
            "'ALTER TABLE %s DROP CONSTRAINT %I', gone.t, gone.conname",
        ),
        (
            "SELECT unnest(ARRAY['robbieblocks_changes_once', 'robbieblocks_change_triggers_once']) AS i".to_string(),
            "'DROP INDEX %I', gone.i",
        ),
        (
            "SELECT * FROM (VALUES ('robbieblocks_deploys', 'release'), ('robbieblocks_change_triggers', 'xid'),
                                   ('robbieblocks_deploys', 'source_rev'), ('robbieblocks_deploys', 'source_commit')) AS list (t, c)"
                .to_string(),
            "'ALTER TABLE %I DROP COLUMN %I', gone.t, gone.c",
        ),
        (
            "SELECT unnest(ARRAY['robbieblocks_changes', 'robbieblocks_sources', 'robbieblocks_lineage',
                                 'robbieblocks_sync_edges', 'robbieblocks_revision_entities', 'robbieblocks_revisions',
                                 'robbieblocks_trigger_receipts', 'robbieblocks_node_state', 'pending_sync']) AS t".to_string(),
            "'DROP TABLE %I', gone.t",
        ),
    ] {
        each(&list, statement);
        assert_ne!(catalog(&database), whole);
        let (status, document) = migrate_json(&database, &[]);
        assert_eq!((status, &document["applied"]), (0, &true.into()), "{statement}: {document}");
        assert_eq!(difference(&catalog(&database), &whole), "", "{statement}");
    }
    assert_eq!(
        database.sql("SELECT count(*) FROM robbieblocks_lineage"),
        "1"
    );
}

#[test]
fn who_uses_a_database_is_told_that_it_is_not_migrated() {
    let database = SERVER.database();
    let ask = || {
        let mut session = Session::open(&Address::parse(&database.url()).unwrap()).unwrap();
        require_migrated(&mut session).map_err(|failure| (failure.code.0, failure.message))
    };
    assert_eq!(
        ask(),
        Err((
            "RB0908",
            "the database does not have the tables of rbgen".into()
        ))
    );
    for (_, path) in &files()[..3] {
        apply(&database, "owner", path);
    }
    assert_eq!(
        ask(),
        Err((
            "RB0908",
            "the tables of the database are those of an older rbgen".into()
        ))
    );
    migrate(&database);
    assert_eq!(ask(), Ok(()));
    database.sql("INSERT INTO robbieblocks_migrations (version, name) VALUES (99, 'later')");
    assert_eq!(
        ask(),
        Err((
            "RB0908",
            "the tables of the database are those of a newer rbgen".into()
        ))
    );
}
