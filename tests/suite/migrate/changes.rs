//! What a change of content leaves: lines in the log, rows in the queue, one notification; and what the
//! functions and views answer.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::{forget, log, migrate, queue, with_content};
use crate::postgres::{Database, SERVER, program};

#[test]
fn what_changes_nothing_leaves_nothing() {
    let database = with_content();
    database.sql(
        "UPDATE robbieblocks_pages SET page_name = page_name, version = version + 1, updated_at = now();
         UPDATE robbieblocks_page_blocks SET props = props;
         UPDATE robbieblocks_components SET metadata = metadata;
         UPDATE robbieblocks_node_branding SET enabled_apps = enabled_apps;
         DELETE FROM robbieblocks_pages WHERE false",
    );
    assert_eq!(
        (log(&database), queue(&database)),
        (String::new(), String::new())
    );
    // What jsonb holds to be equal is not the same text.
    database.sql("UPDATE robbieblocks_pages SET metadata = '{\"n\": 1}' WHERE page_key = 'p1'");
    forget(&database);
    database.sql("UPDATE robbieblocks_pages SET metadata = '{\"n\": 1.0}' WHERE page_key = 'p1'");
    assert_eq!(log(&database), "page|p1|update");
}

#[test]
fn each_kind_says_whom_it_affects() {
    let database = with_content();
    for (statement, logged, queued) in [
        (
            "UPDATE robbieblocks_pages SET page_name = 'X' WHERE page_key = 'p1'",
            "page|p1|update",
            "page_update|{play}|{n1}",
        ),
        (
            "UPDATE robbieblocks_pages SET page_name = 'X' WHERE page_key = 'd1'",
            "page|d1|update",
            "",
        ),
        (
            "UPDATE robbieblocks_pages SET app_namespace = 'work' WHERE page_key = 'p1'",
            "page|p1|update",
            "page_update|{play,work}|{n1,n2}",
        ),
        (
            "UPDATE robbieblocks_pages SET app_namespace = 'shared' WHERE page_key = 'p1'",
            "page|p1|update",
            "page_update|{shared,work}|-",
        ),
        (
            "UPDATE robbieblocks_pages SET page_key = 'p3', app_namespace = 'play' WHERE page_key = 'p1'",
            "page|p1|update\npage|p3|update",
            "page_update|{play,shared}|-",
        ),
        (
            "UPDATE robbieblocks_pages SET app_namespace = 'nobody' WHERE page_key = 'p2'",
            "page|p2|update",
            "page_update|{nobody,work}|{n2}",
        ),
        (
            "UPDATE robbieblocks_page_blocks SET zone = 'header' WHERE block_order = 1",
            "page|p3|update",
            "page_update|{play}|{n1}",
        ),
        (
            "UPDATE robbieblocks_page_blocks SET page_id = (SELECT id FROM robbieblocks_pages WHERE page_key = 'd1')
             WHERE block_order = 2",
            "page|d1|update\npage|p3|update",
            "page_update|{play}|{n1}",
        ),
        (
            "UPDATE robbieblocks_components SET template = 'x'",
            "component|hero|update\ncomponent|unused|update",
            "component_update|{play}|{n1}",
        ),
        (
            "INSERT INTO robbieblocks_style_tokens (token_key, token_category, default_value) VALUES ('a', 'color', 'b')",
            "token|a|insert",
            "style_change|-|-",
        ),
        (
            "UPDATE robbieblocks_node_branding SET enabled_apps = '{play,work}' WHERE node_id = 'n1'",
            "node|n1|update",
            "branding_change|{play,work}|{n1}",
        ),
        (
            "UPDATE robbieblocks_pages SET status = 'draft' WHERE page_key = 'p3'",
            "page|p3|update",
            "page_update|{play}|{n1}",
        ),
        ("DELETE FROM robbieblocks_pages WHERE page_key = 'p3'", "page|p3|delete", ""),
        ("DELETE FROM robbieblocks_style_tokens", "token|a|delete", "style_change|-|-"),
        ("TRUNCATE robbieblocks_style_tokens", "token||truncate", "style_change|-|-"),
        ("TRUNCATE robbieblocks_pages CASCADE", "page||truncate", "page_update|-|-"),
        ("TRUNCATE robbieblocks_page_blocks", "page||truncate", "page_update|-|-"),
        ("TRUNCATE robbieblocks_components CASCADE", "component||truncate\npage||truncate",
         "component_update|-|-\npage_update|-|-"),
        ("TRUNCATE robbieblocks_node_branding", "node||truncate", "branding_change|-|-"),
    ] {
        forget(&database);
        database.sql(statement);
        let mut lines: Vec<String> = log(&database).lines().map(str::to_string).collect();
        lines.sort();
        assert_eq!(lines.join("\n"), logged, "{statement}");
        assert_eq!(queue(&database), queued, "{statement}");
    }
    // What no node shows is done as soon as it is queued.
    forget(&database);
    database.sql(
        "INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template, status)
         VALUES ('lonely', 'nobody', 'L', '/l', 'default', 'published')",
    );
    assert_eq!(
        database.sql(
            "SELECT affected_nodes, processed_at IS NOT NULL FROM robbieblocks_change_triggers"
        ),
        "{}|t"
    );
}

#[test]
fn an_entity_is_logged_once_in_a_transaction() {
    let database = with_content();
    database.sql(
        "BEGIN;
         INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template)
         VALUES ('n', 'play', 'N', '/n', 'default');
         INSERT INTO robbieblocks_page_blocks (page_id, block_order, zone)
         SELECT id, 1, 'main' FROM robbieblocks_pages WHERE page_key = 'n';
         UPDATE robbieblocks_pages SET page_name = 'NN' WHERE page_key = 'n';
         UPDATE robbieblocks_pages SET status = 'published' WHERE page_key = 'n';
         UPDATE robbieblocks_pages SET app_namespace = 'work' WHERE page_key = 'n';
         COMMIT",
    );
    assert_eq!(log(&database), "page|n|insert");
    // What is queued grows with what is affected.
    assert_eq!(queue(&database), "page_update|{play,work}|{n1,n2}");
    assert_eq!(
        database.sql("SELECT count(DISTINCT xid), min(actor) FROM robbieblocks_changes"),
        "1|owner"
    );
    database.sql("BEGIN; UPDATE robbieblocks_pages SET page_name = 'x'; ROLLBACK");
    assert_eq!(log(&database), "page|n|insert");
    assert_eq!(
        database
            .sql("SELECT published_at IS NOT NULL FROM robbieblocks_pages WHERE page_key = 'n'"),
        "t"
    );
}

/// psql that listens: what it hears while `work` is done.
fn heard(database: &Database<'_>, work: impl FnOnce()) -> Vec<String> {
    let mut listener = Command::new(program("psql"))
        .args(["-X", "-A", "-t", "-U", "owner", "-d", &database.name, "-h"])
        .arg(database.server.folder.path())
        .args(["-p", &database.server.port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = listener.stdin.take().unwrap();
    let mut lines = BufReader::new(listener.stdout.take().unwrap()).lines();
    input
        .write_all(b"LISTEN robbieblocks_change;\nSELECT 'listening';\n")
        .unwrap();
    while lines.next().unwrap().unwrap() != "listening" {}
    work();
    input.write_all(b"SELECT 'end';\n").unwrap();
    drop(input);
    let heard = lines
        .map(Result::unwrap)
        .filter(|line| line.contains("Asynchronous notification"))
        .map(|line| line.split('"').nth(3).unwrap_or_default().to_string())
        .collect();
    listener.wait().unwrap();
    heard
}

#[test]
fn a_transaction_notifies_once_with_a_number() {
    let database = with_content();
    let heard = heard(&database, || {
        database.sql(
            "BEGIN;
             UPDATE robbieblocks_pages SET meta_description = repeat('x', 20000);
             UPDATE robbieblocks_components SET css_styles = 'x';
             DELETE FROM robbieblocks_page_blocks;
             COMMIT",
        );
        database.sql("UPDATE robbieblocks_pages SET page_name = page_name");
        database.sql("BEGIN; UPDATE robbieblocks_pages SET page_name = 'no'; ROLLBACK");
        database.sql("TRUNCATE robbieblocks_style_tokens");
    });
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(
        heard.iter().all(|payload| payload.parse::<u64>().is_ok()),
        "{heard:?}"
    );
    assert_eq!(
        database.sql("SELECT DISTINCT xid FROM robbieblocks_changes ORDER BY 1"),
        heard.join("\n")
    );
}

#[test]
fn blocks_get_keys_whoever_inserts_them() {
    let database = with_content();
    database.sql(
        "INSERT INTO robbieblocks_page_blocks (page_id, component_id, block_order, zone, block_key)
         SELECT id, NULL, 3, 'main', 'hero-4' FROM robbieblocks_pages WHERE page_key = 'p1';
         INSERT INTO robbieblocks_page_blocks (page_id, component_id, block_order, zone)
         SELECT page.id, component.id, number, 'main'
         FROM robbieblocks_pages page, robbieblocks_components component, generate_series(4, 6) number
         WHERE page_key = 'p1' AND component_key = 'hero';
         INSERT INTO robbieblocks_page_blocks (page_id, block_order, zone)
         SELECT id, number, 'main' FROM robbieblocks_pages, generate_series(7, 8) number WHERE page_key = 'p1'",
    );
    assert_eq!(
        database.sql("SELECT block_key FROM robbieblocks_page_blocks ORDER BY block_order"),
        "hero\nhero-2\nhero-4\nhero-3\nhero-5\nhero-6\nblock\nblock-2"
    );
    let taken = "UPDATE robbieblocks_page_blocks SET block_key = 'hero'";
    assert!(database.refused("owner", taken).contains("block_key"));
}

#[test]
fn thousands_of_blocks_without_keys_come_in_one_statement() {
    let database = with_content();
    // One key by hand is in the way of what is counted up.
    database.sql(
        "INSERT INTO robbieblocks_page_blocks (page_id, block_order, zone, block_key)
         SELECT id, 0, 'main', 'hero-1000' FROM robbieblocks_pages WHERE page_key = 'd1'",
    );
    database.sql(
        "SET statement_timeout = '5s';
         INSERT INTO robbieblocks_page_blocks (page_id, component_id, block_order, zone)
         SELECT page.id, component.id, number, 'main'
         FROM robbieblocks_pages page, robbieblocks_components component, generate_series(1, 3000) number
         WHERE page_key = 'd1' AND component_key = 'hero'",
    );
    assert_eq!(
        database.sql(
            "SELECT count(*), count(DISTINCT block_key),
                    bool_and(block_key ~ '^hero(-[1-9][0-9]*)?$'),
                    max(length(block_key))
             FROM robbieblocks_page_blocks JOIN robbieblocks_pages page ON page.id = page_id
             WHERE page_key = 'd1'"
        ),
        "3001|3001|t|9"
    );
    // The same where a page of the earlier design gets its keys all at once.
    database.sql("ALTER TABLE robbieblocks_page_blocks DROP COLUMN block_key CASCADE");
    migrate(&database);
    assert_eq!(
        database.sql("SELECT block_key FROM robbieblocks_page_blocks WHERE block_order = 3000"),
        "hero-3000"
    );
}

#[test]
fn triggers_fire_in_a_session_that_replicates() {
    let database = with_content();
    let output = database.server.psql(
        "postgres",
        &database.name,
        "SET session_replication_role = replica; UPDATE robbieblocks_pages SET page_name = 'r' WHERE page_key = 'p1'",
    );
    assert!(output.status.success());
    assert_eq!(log(&database), "page|p1|update");
}

#[test]
fn history_is_only_added_to() {
    let database = SERVER.migrated();
    database.sql(
        "INSERT INTO robbieblocks_revisions (digest, lineage, actors)
         SELECT 'd1', id, '{ada}' FROM robbieblocks_lineage;
         INSERT INTO robbieblocks_revisions (digest, parent, lineage) SELECT 'd2', 'd1', id FROM robbieblocks_lineage;
         INSERT INTO robbieblocks_revision_entities (revision, kind, entity_key, digest, content)
         VALUES ('d2', 'page', 'p', 'x', '{}'), ('d2', 'page', 'gone', NULL, NULL);
         INSERT INTO robbieblocks_sync_edges (lineage, revision, commit, direction)
         SELECT id, 'd2', 'abc', 'push' FROM robbieblocks_lineage",
    );
    for table in ["robbieblocks_revisions", "robbieblocks_revision_entities"] {
        for statement in [
            format!("UPDATE {table} SET digest = 'z'"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            let refused = database.refused("owner", &statement);
            assert!(
                refused.contains("history is only added to"),
                "{statement}: {refused}"
            );
        }
    }
    assert!(
        database
            .refused("owner", "INSERT INTO robbieblocks_lineage DEFAULT VALUES")
            .contains("single")
    );
}

#[test]
fn functions_and_views_answer_as_their_readers_expect() {
    let database = with_content();
    database.sql(
        "INSERT INTO robbieblocks_style_tokens (token_key, token_category, default_value)
         VALUES ('color.primary', 'color', '#fff');
         INSERT INTO robbieblocks_deploys (node_id, app_namespace, build_hash, deploy_status, triggered_by, started_at)
         VALUES ('n1', 'play', 'h', 'building', 'manual', now() - interval '90 seconds'),
                ('n1', 'play', 'h', 'pending', 'manual', now()), ('n1', 'play', 'h', 'success', 'manual', now())",
    );
    assert_eq!(
        database.sql(
            "SELECT config #>> '{page,page_key}', json_array_length(config -> 'blocks'),
                    config #>> '{blocks,1,block,block_order}', config #>> '{blocks,0,component,component_key}'
             FROM get_page_config(page_key_param => 'p1') AS config"
        ),
        "p1|2|2|hero"
    );
    assert_eq!(
        database.sql(
            "SELECT get_page_config('d1') IS NULL, get_page_config('x') IS NULL,
                    get_page_config('p2') ->> 'blocks' IS NULL"
        ),
        "t|t|t"
    );
    assert_eq!(
        database.sql("SELECT get_node_styles(node_id_param => 'n1'), get_node_styles('x') IS NULL"),
        "{\"base_tokens\" : { \"color.primary\" : \"#fff\" }, \"overrides\" : {}, \"enabled_apps\" : [\"play\"]}|t"
    );
    assert_eq!(
        database.sql("SELECT deploy_status, running_seconds >= 90, pg_typeof(running_seconds) FROM robbieblocks_active_deploys"),
        "pending|f|integer\nbuilding|t|integer"
    );
    assert_eq!(
        database.sql("SELECT app_namespace, page_count, component_count, last_update IS NOT NULL FROM robbieblocks_published_pages ORDER BY 1"),
        "play|1|1|t\nwork|1|0|t"
    );
}

#[test]
fn a_large_import_is_not_held_up_by_its_log() {
    let database = with_content();
    let import = |disabled: bool| {
        let triggers = match disabled {
            true => {
                "ALTER TABLE robbieblocks_pages DISABLE TRIGGER USER; ALTER TABLE robbieblocks_page_blocks DISABLE TRIGGER USER;"
            }
            false => "",
        };
        let began = Instant::now();
        database.sql(&format!(
            "BEGIN; {triggers}
             INSERT INTO robbieblocks_pages (page_key, app_namespace, page_name, page_route, layout_template, status)
             SELECT 'p-' || n, 'play', 'P', '/p/' || n, 'default', 'published' FROM generate_series(1, 10000) n;
             INSERT INTO robbieblocks_page_blocks (page_id, block_order, block_key, zone, props)
             SELECT id, n, 'b' || n, 'main', jsonb_build_object('t', repeat(md5(page_key), 128))
             FROM robbieblocks_pages, generate_series(1, 3) n WHERE page_key LIKE 'p-%';
             {} ROLLBACK",
            match disabled {
                true => "",
                false => "DO $$ BEGIN ASSERT (SELECT count(*) = 10000 FROM robbieblocks_changes) \
                          AND (SELECT count(*) = 10000 FROM robbieblocks_change_triggers); END $$;",
            }
        ));
        began.elapsed()
    };
    let without = import(true);
    let with = import(false);
    // About 1.3 times when it is measured alone; the tests beside this one share the machine.
    assert!(with < without * 4, "{with:?} against {without:?}");
}
