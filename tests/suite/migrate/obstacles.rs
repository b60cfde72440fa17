//! What is in the way of a migration: all of it is told by name, and nothing is changed.

use super::{Variant, earlier_design, messages, migrate, migrate_at, migrate_json};
use crate::harness::text;
use crate::postgres::{Database, SERVER};

/// The tables and columns that are there.
fn inventory(database: &Database<'_>) -> String {
    database.sql(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
         WHERE table_schema = 'public' ORDER BY 1, 2;
         SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
    )
}

/// Migrates, which must be refused, and gives the messages with a code.
#[track_caller]
fn refused(database: &Database<'_>, code: &str) -> Vec<String> {
    let before = inventory(database);
    let (dry, planned) = migrate_json(database, &["--dry-run"]);
    let (status, document) = migrate_json(database, &[]);
    assert_eq!((dry, status), (3, 3), "{document}");
    assert_eq!(messages(&planned, code), messages(&document, code));
    assert_eq!(document["applied"], false);
    assert_eq!(inventory(database), before);
    messages(&document, code)
}

#[test]
fn everything_in_the_way_is_told_in_one_run() {
    let database = SERVER.database();
    database.sql(
        "CREATE VIEW robbieblocks_pages AS SELECT 1 AS id;
         CREATE MATERIALIZED VIEW robbieblocks_deploys AS SELECT 1 AS id;
         CREATE TABLE robbieblocks_active_deploys (id INT);
         CREATE TABLE robbieblocks_style_tokens (id INTEGER, token_key VARCHAR(255), token_category TEXT);
         CREATE TABLE robbieblocks_node_branding (id UUID PRIMARY KEY, node_id TEXT UNIQUE, node_name TEXT,
             style_overrides JSON, enabled_apps TEXT);
         CREATE FUNCTION get_page_config(page_key_param VARCHAR) RETURNS TEXT LANGUAGE sql AS 'SELECT ''''';
         CREATE FUNCTION robbieblocks_log_pages() RETURNS INT LANGUAGE sql AS 'SELECT 1'",
    );
    let mut found = refused(&database, "RB0910");
    found.sort();
    assert_eq!(
        found,
        [
            "`robbieblocks_active_deploys` is a table and no view",
            "`robbieblocks_deploys` is a materialized view and no table",
            "`robbieblocks_node_branding.enabled_apps` is of the type text, and text[] is needed",
            "`robbieblocks_node_branding.style_overrides` is of the type json, and jsonb is needed",
            "`robbieblocks_pages` is a view and no table",
            "`robbieblocks_style_tokens.id` is of the type integer, and uuid is needed",
            "the function `get_page_config(character varying)` that is there gives text, and not json",
            "the function `robbieblocks_log_pages()` that is there gives integer, and not trigger",
            "the table `robbieblocks_style_tokens` has no column `default_value`",
            "the table `robbieblocks_style_tokens` has no primary key",
        ]
    );
}

#[test]
fn names_that_something_else_has_are_told() {
    let database = earlier_design(Variant::Plain);
    database.sql(
        "CREATE TABLE elsewhere (id INTEGER);
         CREATE INDEX robbieblocks_changes_once ON elsewhere (id);
         CREATE TABLE robbieblocks_change_triggers_once (id INTEGER);
         CREATE DOMAIN robbieblocks_sources AS TEXT;
         CREATE TYPE robbieblocks_node_state AS ENUM ('a');
         CREATE INDEX robbieblocks_lineage ON elsewhere (id)",
    );
    let mut found = refused(&database, "RB0910");
    found.sort();
    assert_eq!(
        found,
        [
            "`robbieblocks_change_triggers_once` is a table, and rbgen's index of `robbieblocks_change_triggers` needs that name",
            "`robbieblocks_changes_once` is an index of `elsewhere`, and rbgen's index of `robbieblocks_changes` needs that name",
            "`robbieblocks_lineage` is an index and no table",
            "`robbieblocks_node_state` is an enumerated type, so no table can have that name",
            "`robbieblocks_sources` is a domain, so no table can have that name",
        ]
    );
}

#[test]
fn keys_that_a_table_does_without_are_worth_a_word() {
    let database = earlier_design(Variant::Plain);
    database.sql(
        "ALTER TABLE sync_metrics DROP CONSTRAINT sync_metrics_pkey;
         ALTER TABLE robbieblocks_page_blocks DROP CONSTRAINT robbieblocks_page_blocks_page_id_fkey",
    );
    let (status, document) = migrate_json(&database, &[]);
    assert_eq!(status, 0, "{document}");
    assert_eq!(
        messages(&document, "RB0910"),
        [
            "no foreign key keeps `robbieblocks_page_blocks.page_id` to rows of `robbieblocks_pages`",
            "the table `sync_metrics` has no primary key",
        ]
    );
}

#[test]
fn duplicates_are_told_by_key_and_never_deleted() {
    let database = earlier_design(Variant::Plain);
    database.sql(
        "ALTER TABLE robbieblocks_pages DROP CONSTRAINT robbieblocks_pages_page_key_key;
         ALTER TABLE robbieblocks_page_blocks DROP CONSTRAINT robbieblocks_page_blocks_page_id_block_order_key;
         INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template)
         SELECT page_key, app_namespace, 'copy', page_route, layout_template FROM robbieblocks_pages;
         UPDATE robbieblocks_page_blocks SET block_order = 1",
    );
    let found = refused(&database, "RB0911");
    assert!(
        found.contains(&"`robbieblocks_pages` has 3 values of `page_key` that more than one row has: `Über Uns`, `draft-one`, `play-home`".to_string())
            || found.iter().any(|message| message.contains("3 values of `page_key`") && message.contains("`play-home`")),
        "{found:#?}"
    );
    assert!(
        found
            .iter()
            .any(|message| message
                .contains("`block 1 of page 00000000-0000-4000-8000-000000000a01`")),
        "{found:#?}"
    );
    assert_eq!(database.sql("SELECT count(*) FROM robbieblocks_pages"), "6");
    // Once they are mended, the keys are made unique.
    database.sql(
        "DELETE FROM robbieblocks_pages WHERE page_name = 'copy';
         UPDATE robbieblocks_page_blocks SET block_order = number
         FROM (SELECT id AS of, row_number() OVER () AS number FROM robbieblocks_page_blocks) AS numbered
         WHERE of = id",
    );
    migrate(&database);
    assert!(
        database
            .refused("owner", "UPDATE robbieblocks_pages SET page_key = 'same'")
            .contains("page_key")
    );
}

#[test]
fn who_owns_nothing_is_told_what_is_missing() {
    let database = earlier_design(Variant::Plain);
    SERVER.admin(
        "DO $$ BEGIN CREATE ROLE stranger LOGIN PASSWORD 'stranger'; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    );
    database.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO stranger");
    let output = migrate_at(&database.url_of("stranger"), &["--json"]);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stdout);
    assert!(
        said.contains("the table `robbieblocks_pages` belongs to somebody else than `stranger`, who may not alter it"),
        "{said}"
    );
    assert!(
        said.contains("`stranger` may create nothing in the schema `public`"),
        "{said}"
    );
    // Where nothing is to be done, nobody has to own anything.
    migrate(&database);
    database.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO stranger");
    assert_eq!(
        migrate_at(&database.url_of("stranger"), &[]).status.code(),
        Some(0)
    );
}

#[test]
fn a_database_of_a_newer_rbgen_is_left_alone() {
    let database = SERVER.migrated();
    database.sql("INSERT INTO robbieblocks_migrations (version, name) VALUES (99, 'the_future')");
    let found = refused(&database, "RB0908");
    assert_eq!(
        found,
        [
            "the database was migrated by a newer rbgen: it has V99 `the_future`, and this rbgen knows none after V26"
        ]
    );
}

#[test]
fn another_text_of_an_applied_file_is_told() {
    let database = SERVER.migrated();
    database.sql("UPDATE robbieblocks_migrations SET checksum = 'x' WHERE version = 22");
    let (status, document) = migrate_json(&database, &[]);
    assert_eq!(status, 0);
    assert_eq!(
        messages(&document, "RB0908"),
        ["V22 `columns_and_keys` was applied with another text than this rbgen has"]
    );
}

#[test]
fn tables_in_two_schemas_and_a_path_without_schema_are_told() {
    let database = earlier_design(Variant::Plain);
    database.sql("CREATE SCHEMA other; ALTER TABLE sync_nodes SET SCHEMA other");
    database.sql(&format!(
        "ALTER DATABASE {} SET search_path = public, other",
        database.name
    ));
    let found = refused(&database, "RB0910");
    assert_eq!(
        found,
        ["`sync_nodes` is in the schema `other`, and the other tables are in `public`"]
    );
    let empty = SERVER.database();
    empty.sql(&format!(
        "ALTER DATABASE {} SET search_path = nowhere",
        empty.name
    ));
    let found = refused(&empty, "RB0910");
    assert_eq!(
        found,
        ["the search path of the user has no schema that exists"]
    );
}

#[test]
fn narrow_columns_are_worth_a_word() {
    let database = earlier_design(Variant::Plain);
    database.sql(
        "ALTER TABLE robbieblocks_style_tokens ALTER token_key TYPE VARCHAR(60), ALTER token_category TYPE TEXT",
    );
    let (status, document) = migrate_json(&database, &[]);
    assert_eq!(status, 0, "{document}");
    assert_eq!(
        messages(&document, "RB0910"),
        ["`robbieblocks_style_tokens.token_key` has room for 60 characters only, fewer than usual"]
    );
}

#[test]
fn rows_that_a_policy_hides_are_an_error_and_not_a_lack_of_rows() {
    let database = SERVER.migrated();
    SERVER.admin(
        "DO $$ BEGIN CREATE ROLE hidden_from LOGIN PASSWORD 'hidden_from'; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    );
    database.sql(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO hidden_from;
         ALTER TABLE robbieblocks_pages ENABLE ROW LEVEL SECURITY;
         ALTER TABLE robbieblocks_pages DROP CONSTRAINT robbieblocks_pages_page_key_rule",
    );
    let output = migrate_at(&database.url_of("hidden_from"), &["--dry-run", "--json"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(
        text(&output.stdout).contains("row-level security"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn a_table_of_migrations_that_is_another_is_told() {
    for (statement, named) in [
        (
            "ALTER TABLE robbieblocks_migrations ALTER version TYPE bigint",
            "robbieblocks_migrations.version",
        ),
        (
            "ALTER TABLE robbieblocks_migrations DROP COLUMN applied_at",
            "robbieblocks_migrations",
        ),
    ] {
        let database = SERVER.migrated();
        database.sql(statement);
        let told = refused(&database, "RB0910");
        assert!(told.iter().any(|told| told.contains(named)), "{told:#?}");
        assert_eq!(
            migrate_at(&database.url(), &["--status"]).status.code(),
            Some(3)
        );
    }
    let database = SERVER.migrated();
    database.sql(
        "ALTER TABLE robbieblocks_migrations ALTER name DROP NOT NULL;
         UPDATE robbieblocks_migrations SET name = NULL WHERE version = 22",
    );
    assert!(
        migrate_at(&database.url(), &["--status"])
            .status
            .code()
            .is_some_and(|code| code < 4)
    );
}

#[test]
fn a_database_that_is_not_utf8_is_refused() {
    SERVER.admin("DROP DATABASE IF EXISTS narrow_letters");
    SERVER.admin("CREATE DATABASE narrow_letters OWNER owner ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    let database = Database {
        server: &SERVER,
        name: "narrow_letters".into(),
    };
    let told = refused(&database, "RB0910");
    assert!(told[0].contains("LATIN1"), "{told:#?}");
}
