//! `migrations/roles.sql`: what each role may do, and that it may do no more.

use std::sync::LazyLock;

use crate::harness::{project, text};
use crate::migrate::{apply, migrate_at, with_content};
use crate::postgres::{Database, SERVER};

/// A database with the roles, and a user for each: `a_builder`, `an_editor`, `a_sync`.
static DATABASE: LazyLock<Database<'static>> = LazyLock::new(|| {
    let database = with_content();
    SERVER.admin("CREATE ROLE without_rights LOGIN");
    let roles = project().join("migrations/roles.sql");
    let refused = SERVER.psql(
        "owner",
        &database.name,
        &std::fs::read_to_string(&roles).unwrap(),
    );
    assert!(
        text(&refused.stderr)
            .contains("the role rbgen_builder is missing, and owner may not create roles"),
        "{}",
        text(&refused.stderr)
    );
    // Others of the tests' databases belong to the same owner, so another owner makes the roles.
    SERVER.admin("CREATE ROLE chief LOGIN CREATEROLE; GRANT owner TO chief");
    apply(&database, "chief", &roles);
    apply(&database, "chief", &roles);
    SERVER.admin(
        "CREATE ROLE a_builder LOGIN; GRANT rbgen_builder TO a_builder;
         CREATE ROLE an_editor LOGIN; GRANT rbgen_editor TO an_editor;
         CREATE ROLE a_sync LOGIN; GRANT rbgen_sync TO a_sync",
    );
    database
});

#[track_caller]
fn may(user: &str, statements: &str) -> String {
    let output = SERVER.psql(user, &DATABASE.name, statements);
    assert!(
        output.status.success(),
        "{user}: {statements}: {}",
        text(&output.stderr)
    );
    text(&output.stdout).trim_end().to_string()
}

#[track_caller]
fn may_not(user: &str, statements: &[&str]) {
    for statement in statements {
        let said = DATABASE.refused(user, statement);
        assert!(
            said.contains("permission denied") || said.contains("must be owner"),
            "{user}: {statement}: {said}"
        );
    }
}

const NO_LOG: [&str; 6] = [
    "INSERT INTO robbieblocks_changes (kind, entity_key, entity_id, operation) VALUES ('page', 'x', gen_random_uuid(), 'update')",
    "DELETE FROM robbieblocks_changes",
    "DELETE FROM robbieblocks_change_triggers",
    "UPDATE robbieblocks_change_triggers SET processed_at = now()",
    "SELECT robbieblocks_log_entities('page', 'update', '{}', '{}')",
    "SELECT robbieblocks_queue_pages('{}', '{}')",
];

const NO_STRUCTURE: [&str; 5] = [
    "ALTER TABLE robbieblocks_pages DISABLE TRIGGER rbgen_log_update",
    "DROP TABLE robbieblocks_pages",
    "TRUNCATE robbieblocks_pages",
    "DELETE FROM robbieblocks_lineage",
    "INSERT INTO robbieblocks_migrations (version, name) VALUES (99, 'x')",
];

#[test]
fn a_builder_reads_content_and_writes_what_nodes_did() {
    may(
        "a_builder",
        "SELECT * FROM robbieblocks_pages; SELECT * FROM robbieblocks_published_pages",
    );
    assert_eq!(
        may("a_builder", "SELECT get_page_config('p2') IS NOT NULL"),
        "t"
    );
    may(
        "a_builder",
        "INSERT INTO robbieblocks_deploys (app_namespace, build_hash, triggered_by) VALUES ('play', 'h', 'manual');
         UPDATE robbieblocks_deploys SET deploy_status = 'building' WHERE build_hash = 'h';
         INSERT INTO robbieblocks_node_state (node_id, app, built_rev) VALUES ('n1', 'play', 'r')
         ON CONFLICT (node_id, app) DO UPDATE SET built_rev = 'r'",
    );
    DATABASE.sql(
        "INSERT INTO robbieblocks_change_triggers (trigger_type, entity_type, entity_id, affected_nodes)
         VALUES ('manual', 'page', '00000000-0000-4000-8000-0000000000b1', '{n1}')",
    );
    may(
        "a_builder",
        "INSERT INTO robbieblocks_trigger_receipts (trigger_id, node_id, state)
         SELECT id, 'n1', 'done' FROM robbieblocks_change_triggers WHERE trigger_type = 'manual'",
    );
    assert_eq!(
        DATABASE.sql("SELECT processed_at IS NOT NULL FROM robbieblocks_change_triggers WHERE trigger_type = 'manual'"),
        "t"
    );
    may_not("a_builder", &NO_LOG);
    may_not("a_builder", &NO_STRUCTURE);
    may_not(
        "a_builder",
        &[
            "UPDATE robbieblocks_pages SET page_name = 'x'",
            "INSERT INTO robbieblocks_style_tokens (token_key, token_category, default_value) VALUES ('a', 'b', 'c')",
            "DELETE FROM robbieblocks_page_blocks",
            "DELETE FROM robbieblocks_deploys",
            "INSERT INTO robbieblocks_sources (path, text) VALUES ('a', 'b')",
            "INSERT INTO robbieblocks_sync_edges (lineage, revision, commit, direction) SELECT id, 'r', 'c', 'push' FROM robbieblocks_lineage",
        ],
    );
}

#[test]
fn an_editor_changes_content_and_is_logged() {
    may(
        "an_editor",
        "INSERT INTO robbieblocks_style_tokens (token_key, token_category, default_value) VALUES ('by.editor', 'b', 'c');
         INSERT INTO robbieblocks_page_blocks (page_id, block_order, zone)
         SELECT id, 50, 'main' FROM robbieblocks_pages WHERE page_key = 'p2';
         DELETE FROM robbieblocks_page_blocks WHERE block_order = 50",
    );
    assert_eq!(
        DATABASE.sql("SELECT DISTINCT entity_key, operation FROM robbieblocks_changes WHERE actor = 'an_editor' ORDER BY 1"),
        "by.editor|insert\np2|update"
    );
    may_not("an_editor", &NO_LOG);
    may_not("an_editor", &NO_STRUCTURE);
    may_not(
        "an_editor",
        &[
            "INSERT INTO robbieblocks_deploys (app_namespace, build_hash, triggered_by) VALUES ('play', 'h', 'manual')",
            "INSERT INTO robbieblocks_revisions (digest, lineage) SELECT 'x', id FROM robbieblocks_lineage",
            "INSERT INTO robbieblocks_sources (path, text) VALUES ('a', 'b')",
            "INSERT INTO robbieblocks_trigger_receipts (trigger_id, node_id) SELECT id, 'n1' FROM robbieblocks_change_triggers",
        ],
    );
}

#[test]
fn a_sync_edits_and_writes_history_but_rewrites_none() {
    may(
        "a_sync",
        "UPDATE robbieblocks_pages SET meta_title = 'by sync' WHERE page_key = 'p1';
         INSERT INTO robbieblocks_revisions (digest, lineage) SELECT 'sync-1', id FROM robbieblocks_lineage;
         INSERT INTO robbieblocks_revision_entities (revision, kind, entity_key) VALUES ('sync-1', 'page', 'p');
         INSERT INTO robbieblocks_sync_edges (lineage, revision, commit, direction)
         SELECT id, 'sync-1', 'c', 'pull' FROM robbieblocks_lineage;
         INSERT INTO robbieblocks_sources (path, text) VALUES ('content/x.toml', '# hm');
         DELETE FROM robbieblocks_sources;
         LOCK TABLE robbieblocks_pages IN SHARE ROW EXCLUSIVE MODE",
    );
    may_not("a_sync", &NO_LOG);
    may_not("a_sync", &NO_STRUCTURE);
    may_not(
        "a_sync",
        &[
            "UPDATE robbieblocks_revisions SET digest = 'x'",
            "DELETE FROM robbieblocks_revision_entities",
            "DELETE FROM robbieblocks_sync_edges",
            "INSERT INTO robbieblocks_deploys (app_namespace, build_hash, triggered_by) VALUES ('play', 'h', 'manual')",
        ],
    );
}

#[test]
fn who_has_no_role_may_nothing_and_no_role_logs_in() {
    may_not(
        "without_rights",
        &[
            "SELECT * FROM robbieblocks_pages",
            "INSERT INTO robbieblocks_style_tokens (token_key, token_category, default_value) VALUES ('a', 'b', 'c')",
        ],
    );
    may_not("without_rights", &NO_LOG);
    assert_eq!(
        DATABASE.sql(
            "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'rbgen\\_%' AND NOT rolcanlogin"
        ),
        "4"
    );
}

#[test]
fn no_role_reads_the_addresses_of_nodes() {
    DATABASE.sql(
        "INSERT INTO sync_nodes (node_id, node_name, connection_string)
         VALUES ('kept', 'Kept', 'postgres://a:secret@b/c') ON CONFLICT DO NOTHING",
    );
    for user in ["a_builder", "an_editor", "a_sync"] {
        assert_eq!(
            may(
                user,
                "SELECT node_name, last_seen IS NULL FROM sync_nodes WHERE node_id = 'kept'"
            ),
            "Kept|t"
        );
        may_not(
            user,
            &[
                "SELECT connection_string FROM sync_nodes",
                "SELECT * FROM sync_nodes",
                "SELECT 1 FROM sync_nodes WHERE connection_string LIKE 'postgres%'",
            ],
        );
    }
    // Who writes that a node was there still can.
    may(
        "a_builder",
        "INSERT INTO sync_nodes (node_id, node_name, last_seen, is_online) VALUES ('kept', 'Kept', now(), true)
         ON CONFLICT (node_id) DO UPDATE SET last_seen = excluded.last_seen, is_online = true",
    );
}

#[test]
fn a_migrator_owns() {
    let _ = &*DATABASE;
    let database = SERVER.database();
    SERVER.admin(&format!(
        "DO $$ BEGIN CREATE ROLE a_migrator LOGIN PASSWORD 'a_migrator'; END $$;
         GRANT rbgen_migrator TO a_migrator;
         ALTER ROLE a_migrator SET role = rbgen_migrator;
         ALTER ROLE a_migrator SET search_path = own;
         GRANT CREATE ON DATABASE {} TO rbgen_migrator",
        database.name
    ));
    let output = SERVER.psql("a_migrator", &database.name, "CREATE SCHEMA own");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = migrate_at(&database.url_of("a_migrator"), &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = migrate_at(&database.url_of("a_migrator"), &[]);
    assert!(text(&output.stdout).contains("in the schema `own`"));
    assert_eq!(
        text(
            &SERVER
                .psql(
                    "postgres",
                    &database.name,
                    "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'own'"
                )
                .stdout
        )
        .trim(),
        "rbgen_migrator"
    );
}
