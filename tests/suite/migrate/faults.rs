//! The seven faults of the earlier design: each shows before the migration and is gone after it.

use rbgen::db::{Address, Session};

use super::{Variant, earlier_design, migrate};
use crate::postgres::Database;

/// The types of the queue rows that statements add.
fn queued(database: &Database<'_>, statements: &str) -> Vec<String> {
    database.sql("DELETE FROM robbieblocks_change_triggers");
    database.sql(statements);
    database
        .sql("SELECT DISTINCT trigger_type FROM robbieblocks_change_triggers ORDER BY 1")
        .lines()
        .map(str::to_string)
        .collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn changes_insertions_deletions_and_truncations_deploy() {
    let database = earlier_design(Variant::Plain);
    let statements = [
        ("UPDATE robbieblocks_pages SET page_name = page_name || 'x'", "page_update"),
        (
            "INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template, status)
             VALUES ('new', 'play', 'New', '/new', 'default', 'published')",
            "page_update",
        ),
        ("DELETE FROM robbieblocks_pages WHERE page_key = 'new'", "page_update"),
        ("UPDATE robbieblocks_node_branding SET custom_css = coalesce(custom_css, '') || 'a'", "branding_change"),
        ("UPDATE robbieblocks_components SET react_code = react_code || ' '", "component_update"),
    ];
    for (statement, _) in statements {
        assert_eq!(queued(&database, statement), NOTHING, "{statement}");
    }
    migrate(&database);
    for (statement, kind) in statements {
        assert_eq!(queued(&database, statement), [kind], "{statement}");
    }
    assert_eq!(
        queued(&database, "TRUNCATE robbieblocks_pages CASCADE"),
        ["page_update"]
    );
}

#[test]
fn a_token_and_a_block_deploy() {
    let database = earlier_design(Variant::Plain);
    let token = "UPDATE robbieblocks_style_tokens SET default_value = default_value || '0' WHERE token_key = 'color.primary'";
    let block = "UPDATE robbieblocks_page_blocks SET zone = zone || 'x'";
    assert_eq!(queued(&database, token), NOTHING);
    assert_eq!(queued(&database, block), NOTHING);
    migrate(&database);
    assert_eq!(queued(&database, token), ["style_change"]);
    assert_eq!(queued(&database, block), ["page_update"]);
}

#[test]
fn a_change_for_many_nodes_is_done_when_all_have_done_it() {
    let database = earlier_design(Variant::Plain);
    let one = "INSERT INTO robbieblocks_change_triggers (id, trigger_type, entity_type, entity_id, affected_nodes)
               VALUES ('00000000-0000-4000-8000-0000000000f1', 'page_update', 'page', gen_random_uuid(), '{n1,n2}')";
    let waiting = "SELECT count(*) FROM robbieblocks_change_triggers
                   WHERE id = '00000000-0000-4000-8000-0000000000f1' AND processed_at IS NULL";
    database.sql(one);
    // The first node has nowhere to say that it alone is done.
    assert_eq!(
        database.sql("SELECT to_regclass('robbieblocks_trigger_receipts') IS NULL"),
        "t"
    );
    database.sql("UPDATE robbieblocks_change_triggers SET processed_at = now() WHERE 'n1' = ANY (affected_nodes)");
    assert_eq!(database.sql(waiting), "0");
    database.sql("DELETE FROM robbieblocks_change_triggers");
    migrate(&database);
    database.sql(one);
    let receipt = |node: &str, state: &str| {
        database.sql(&format!(
            "INSERT INTO robbieblocks_trigger_receipts (trigger_id, node_id, state)
             VALUES ('00000000-0000-4000-8000-0000000000f1', '{node}', '{state}')
             ON CONFLICT (trigger_id, node_id) DO UPDATE SET state = excluded.state"
        ));
    };
    receipt("n1", "done");
    assert_eq!(database.sql(waiting), "1");
    receipt("n2", "claimed");
    receipt("other", "done");
    assert_eq!(database.sql(waiting), "1");
    receipt("n2", "done");
    assert_eq!(database.sql(waiting), "0");
}

#[test]
fn a_long_row_does_not_break_the_notification() {
    let database = earlier_design(Variant::Plain);
    let long =
        "UPDATE robbieblocks_pages SET meta_description = repeat('x', 9000), updated_at = now()";
    let refused = database.refused("owner", long);
    assert!(refused.contains("payload string too long"), "{refused}");
    migrate(&database);
    database.sql(long);
}

#[test]
fn a_transaction_that_commits_late_is_not_missed() {
    let database = earlier_design(Variant::Plain);
    for migrated in [false, true] {
        if migrated {
            migrate(&database);
        }
        let address = Address::parse(&database.url()).unwrap();
        let mut slow = Session::open(&address).unwrap();
        slow.run("BEGIN; UPDATE robbieblocks_style_tokens SET default_value = default_value || '1' WHERE token_key = 'color.primary'")
            .unwrap();
        database.sql("UPDATE robbieblocks_style_tokens SET default_value = default_value || '2' WHERE token_key = 'space.md'");
        let last = database.sql("SELECT max(updated_at) FROM robbieblocks_style_tokens");
        let saved = database.sql("SELECT pg_current_snapshot()");
        slow.run("COMMIT").unwrap();
        let missed = database.sql(&format!(
            "SELECT count(*) FROM robbieblocks_style_tokens WHERE updated_at > '{last}'"
        ));
        assert_eq!(
            missed, "0",
            "the cursor of the earlier design sees no late commit"
        );
        let logged = database.sql("SELECT to_regclass('robbieblocks_changes') IS NOT NULL");
        assert_eq!(logged == "t", migrated);
        if migrated {
            let found = database.sql(&format!(
                "SELECT entity_key FROM robbieblocks_changes WHERE NOT pg_visible_in_snapshot(xid, '{saved}')"
            ));
            assert_eq!(found, "color.primary");
        }
    }
}

#[test]
fn blocks_change_places_in_one_statement() {
    let database = earlier_design(Variant::Plain);
    let turned = "UPDATE robbieblocks_page_blocks SET block_order = 4 - block_order
                  WHERE page_id = '00000000-0000-4000-8000-000000000a01'";
    assert!(database.refused("owner", turned).contains("block_order"));
    migrate(&database);
    database.sql(turned);
    assert_eq!(
        database.sql(
            "SELECT block_key FROM robbieblocks_page_blocks
             WHERE page_id = '00000000-0000-4000-8000-000000000a01' ORDER BY block_order"
        ),
        "hero-2\nblock\nhero"
    );
    // The order is still unique at the end of the statement.
    let same = "UPDATE robbieblocks_page_blocks SET block_order = 1 WHERE page_id IS NOT NULL";
    assert!(
        database
            .refused("owner", same)
            .contains("robbieblocks_page_blocks_page_id_block_order_key")
    );
}

#[test]
fn a_component_may_be_a_template() {
    let database = earlier_design(Variant::Plain);
    let insert = "INSERT INTO robbieblocks_components (component_key, component_name, component_type, react_code, props_schema)
                  VALUES ('card', 'Card', 'ui', NULL, '{}')";
    assert!(database.refused("owner", insert).contains("react_code"));
    migrate(&database);
    database.sql(insert);
    database.sql(
        "UPDATE robbieblocks_components SET template = '<p></p>' WHERE component_key = 'card'",
    );
}
