//! Databases that have tables already: of the earlier design, some of them, and of earlier versions.

use super::{Variant, apply, earlier_design, files, messages, migrate, migrate_json, steps};
use crate::postgres::{Database, SERVER};

/// The columns of the earlier design by table, as the database has them now.
fn as_found(database: &Database<'_>) -> Vec<(String, String)> {
    database
        .sql(
            "SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
             FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name IN
                   (SELECT tablename FROM pg_tables WHERE schemaname = 'public')
             GROUP BY 1 ORDER BY 1",
        )
        .lines()
        .map(|line| line.split_once('|').unwrap())
        .map(|(table, columns)| (table.to_string(), columns.to_string()))
        .collect()
}

/// Every value of every column of these, as text.
fn contents(database: &Database<'_>, columns: &[(String, String)]) -> Vec<String> {
    columns
        .iter()
        .map(|(table, columns)| {
            database.sql(&format!(
                "COPY (SELECT {columns} FROM {table} ORDER BY 1, 2) TO STDOUT"
            ))
        })
        .collect()
}

#[test]
fn the_earlier_design_is_adopted_and_nothing_is_lost() {
    for variant in [Variant::Plain, Variant::WithKeys] {
        let database = earlier_design(variant);
        let columns = as_found(&database);
        assert!(columns.len() > 12, "{columns:?}");
        let before = contents(&database, &columns);
        let (status, planned) = migrate_json(&database, &["--dry-run"]);
        assert_eq!(status, 0, "{planned}");
        assert_eq!(contents(&database, &columns), before);
        let (status, document) = migrate_json(&database, &[]);
        assert_eq!(status, 0, "{document}");
        assert_eq!(steps(&planned), steps(&document));
        assert_eq!(contents(&database, &columns), before, "rows changed");

        let steps = steps(&document);
        for step in [
            "adopt the table `robbieblocks_pages`",
            "keep the view `robbieblocks_active_deploys` that is there",
            "fill `robbieblocks_page_blocks.block_key` of 5 rows from their components' keys",
            "change `robbieblocks_page_blocks_page_id_block_order_key` of `robbieblocks_page_blocks`, which is checked at the end of a statement from now on",
            "change `robbieblocks_components.react_code`, which may be NULL from now on",
            "drop the trigger `page_update_trigger` of `robbieblocks_pages`, which never worked, and `trigger_page_rebuild()` if nothing else uses it",
            "keep the trigger `audit_pages` of `robbieblocks_pages`, which is somebody else's",
            "keep the trigger `audit_blocks` of `robbieblocks_page_blocks`, which is somebody else's",
            "keep the function `get_page_config(character varying)` that is there, unless it fails when it is called",
            "skip the rule `robbieblocks_pages_page_key_rule` of `robbieblocks_pages`: 1 row breaks it: `Über Uns`",
            "add the rule `robbieblocks_style_tokens_token_key_rule` of `robbieblocks_style_tokens`",
        ] {
            assert!(
                steps.iter().any(|there| there == step),
                "{step}\n{steps:#?}"
            );
        }
        let broken = messages(&document, "RB0911");
        assert_eq!(broken.len(), 5, "{broken:#?}");
        assert!(
            broken.contains(&"1 row of `robbieblocks_pages` breaks the rule `robbieblocks_pages_page_route_rule`: `Über Uns`".to_string()),
            "{broken:#?}"
        );

        // Keys in the order of the blocks; a component's key that is no key becomes one.
        assert_eq!(
            database.sql(
                "SELECT page_id IS NULL, block_order, block_key FROM robbieblocks_page_blocks ORDER BY page_id, block_order"
            ),
            "f|1|hero\nf|2|block\nf|3|hero-2\nf|1|bad-key\nt|1|hero"
        );
        // Somebody's triggers are as they were, the broken ones and their functions are gone.
        assert_eq!(
            database.sql(
                "SELECT tgname, tgenabled FROM pg_trigger
                 WHERE NOT tgisinternal AND tgname NOT LIKE 'rbgen%' AND tgname NOT LIKE 'update_robbie%' ORDER BY 1"
            ),
            "audit_blocks|D\naudit_pages|O\nupdate_users_name|O"
        );
        assert_eq!(
            database.sql("SELECT count(*) FROM pg_proc WHERE proname LIKE 'trigger_%_rebuild'"),
            "0"
        );
        assert_eq!(
            database.sql(
                "SELECT count(*) FROM pg_trigger WHERE tgfoid = 'update_updated_at_column'::regproc"
            ),
            "6"
        );
        // One function worked and stays, the other failed and is rbgen's now.
        assert_eq!(
            database.sql(
                "SELECT proname, obj_description(oid, 'pg_proc') IS NULL FROM pg_proc WHERE proname IN ('get_node_styles', 'get_page_config') ORDER BY 1"
            ),
            "get_node_styles|f\nget_page_config|t"
        );
        assert_eq!(
            database.sql("SELECT get_node_styles('n2') -> 'overrides' ->> 'color.primary'"),
            "#3B82F6"
        );
        // An index that does the same under another name is enough.
        assert_eq!(
            database.sql("SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%robbieblocks_deploys USING btree (node_id, started_at DESC)'"),
            "1"
        );
        let (status, again) = migrate_json(&database, &[]);
        assert_eq!((status, &again["applied"]), (0, &false.into()));
        assert_eq!(messages(&again, "RB0911").len(), 5);
        assert_eq!(contents(&database, &columns), before);
    }
}

#[test]
fn a_rule_comes_once_its_rows_are_mended() {
    let database = earlier_design(Variant::Plain);
    migrate(&database);
    database.sql(
        "UPDATE robbieblocks_pages SET page_key = 'uber-uns', page_route = '/uns' WHERE page_key = 'Über Uns';
         UPDATE robbieblocks_pages SET metadata = '{}' WHERE page_key = 'draft-one';
         UPDATE robbieblocks_components SET component_key = 'odd' WHERE component_key = 'Bad Key!';
         UPDATE robbieblocks_page_blocks SET props = '{}' WHERE props = 'null'",
    );
    let (status, document) = migrate_json(&database, &[]);
    assert_eq!((status, &document["applied"]), (0, &true.into()));
    assert_eq!(steps(&document).len(), 5);
    assert_eq!(document["diagnostics"], serde_json::json!([]));
    for (statement, rule) in [
        (
            "UPDATE robbieblocks_pages SET page_key = 'a..b'",
            "page_key_rule",
        ),
        (
            "UPDATE robbieblocks_pages SET page_route = '/a/'",
            "page_route_rule",
        ),
        (
            "UPDATE robbieblocks_pages SET metadata = '[]'",
            "metadata_rule",
        ),
        (
            "UPDATE robbieblocks_page_blocks SET props = '1'",
            "props_rule",
        ),
        (
            "UPDATE robbieblocks_node_branding SET style_overrides = '[]'",
            "style_overrides_rule",
        ),
    ] {
        let refused = database.refused("owner", statement);
        assert!(refused.contains(rule), "{statement}: {refused}");
    }
}

#[test]
fn the_rules_of_the_database_are_those_of_rbgen() {
    let database = SERVER.database();
    migrate(&database);
    let holds = |rule: &str, column: &str, value: &str| {
        database.sql(&format!(
            "SELECT {} FROM (SELECT convert_from(decode('{}', 'hex'), 'UTF8')::varchar AS {column}) AS row",
            database
                .sql(&format!("SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = '{rule}'")),
            value.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()
        )) == "t"
    };
    let long = "a".repeat(256);
    for key in [
        "a",
        "robbie-play",
        "v1.2",
        "0",
        "a_b",
        "console",
        "",
        "A",
        "-a",
        "a..b",
        "a/b",
        "ä",
        "con",
        "nul.txt",
        "a.",
        "a b",
        "com1.x",
        "com10",
        &long,
        &long[1..],
        "a\n",
        "é",
    ] {
        assert_eq!(
            holds("robbieblocks_pages_page_key_rule", "page_key", key),
            rbgen::model::key_problem(key).is_none(),
            "{key:?}"
        );
    }
    for route in [
        "/",
        "/play",
        "/play/black jack",
        "/über/uns",
        "/v1.2",
        "",
        "play",
        "/play/",
        "//",
        "/a//b",
        "/../x",
        "/a/./b",
        "/a\\b",
        "/a?b",
        "/a#b",
        "/a%2e",
        "/_rb/x",
        "/_rb",
        "/_rbx",
        "/a\nb",
        "/a.",
        "/ a",
        "/a /b",
        "/a\u{85}b",
        "/a:b",
        "/a/..",
        "/..a",
        "/a/_rb",
    ] {
        assert_eq!(
            holds("robbieblocks_pages_page_route_rule", "page_route", route),
            rbgen::model::route_problem(route).is_none(),
            "{route:?}"
        );
    }
}

#[test]
fn some_of_the_tables_are_enough() {
    let database = earlier_design(Variant::WithKeys);
    database.sql(
        "DROP VIEW robbieblocks_published_pages;
         DROP TABLE robbieblocks_page_blocks, robbieblocks_change_triggers, sync_metrics CASCADE;
         ALTER TABLE robbieblocks_pages DROP COLUMN meta_title",
    );
    let (status, document) = migrate_json(&database, &[]);
    assert_eq!(status, 0, "{document}");
    let steps = steps(&document);
    for step in [
        "create the table `sync_metrics`",
        "create the table `robbieblocks_page_blocks`",
        "add the column `robbieblocks_pages.meta_title`",
    ] {
        assert!(steps.contains(&step.to_string()), "{step}\n{steps:#?}");
    }
    assert_eq!(database.sql("SELECT count(*) FROM robbieblocks_pages"), "3");
}

#[test]
fn every_earlier_version_is_upgraded() {
    for (last, _) in files() {
        let database = SERVER.database();
        for (_, path) in files().into_iter().filter(|(version, _)| *version <= last) {
            apply(&database, "owner", &path);
        }
        if last >= 21 {
            database.sql(
                "INSERT INTO robbieblocks_components (component_key, component_name, component_type, react_code, props_schema)
                 VALUES ('hero', 'Hero', 'widget', 'x', '{}');
                 INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template, status)
                 VALUES ('p', 'play', 'P', '/p', 'default', 'published');
                 INSERT INTO robbieblocks_page_blocks (page_id, component_id, block_order, zone)
                 SELECT page.id, component.id, number, 'main'
                 FROM robbieblocks_pages page, robbieblocks_components component, generate_series(1, 3) number",
            );
        }
        let columns = as_found(&database);
        // What the migration says of itself is not compared.
        let columns: Vec<(String, String)> = columns
            .into_iter()
            .filter(|(table, _)| table != "robbieblocks_migrations")
            .collect();
        let before = contents(&database, &columns);
        migrate(&database);
        assert_eq!(contents(&database, &columns), before, "from V{last}");
        if last >= 21 {
            assert_eq!(
                database.sql("SELECT block_key FROM robbieblocks_page_blocks ORDER BY block_order"),
                "hero\nhero-2\nhero-3"
            );
        }
        let (status, again) = migrate_json(&database, &[]);
        assert_eq!(
            (status, &again["applied"]),
            (0, &false.into()),
            "from V{last}"
        );
    }
}
