//! What the tables of the earlier design tell of syncs: when each table was synced, how much, and which
//! conflicts there were. They are for people and other programs; nothing of rbgen reads them.

use std::collections::BTreeMap;

use tokio_postgres::types::Type;

use super::{Failure, Session};
use crate::format::{COMPONENTS_TABLE, EntityName, NODES_TABLE, PAGES_TABLE, TOKENS_TABLE};
use crate::model::EntityKind;

fn table(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Page => PAGES_TABLE,
        EntityKind::Component => COMPONENTS_TABLE,
        EntityKind::Token => TOKENS_TABLE,
        EntityKind::Node => NODES_TABLE,
    }
}

/// Notes that entities were synced, as the last step of the transaction that did it. Where these tables
/// are of another shape, or the user may not write them, nothing is noted.
pub fn note_sync<'a>(
    session: &mut Session,
    names: impl IntoIterator<Item = &'a EntityName>,
) -> Result<(), Failure> {
    let mut counts: BTreeMap<&str, i32> = BTreeMap::new();
    for (kind, _) in names {
        *counts.entry(table(*kind)).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let (tables, numbers): (Vec<&str>, Vec<i32>) = counts.into_iter().unzip();
    session.run("SAVEPOINT rbgen_note_sync")?;
    let noted = session
        .execute(
            "INSERT INTO sync_status AS status \
               (table_name, last_sync_at, last_sync_record_count, last_sync_duration_ms, last_error) \
             SELECT name, now(), number, \
               (extract(epoch FROM clock_timestamp() - now()) * 1000)::integer, NULL \
             FROM unnest($1, $2) AS synced (name, number) \
             ON CONFLICT (table_name) DO UPDATE SET \
               last_sync_at = excluded.last_sync_at, \
               last_sync_record_count = excluded.last_sync_record_count, \
               last_sync_duration_ms = excluded.last_sync_duration_ms, \
               last_error = NULL",
            &[(&tables, Type::TEXT_ARRAY), (&numbers, Type::INT4_ARRAY)],
        )
        .and_then(|_| {
            session.execute(
                "INSERT INTO sync_metrics (metric_name, metric_value, metric_unit) \
                 SELECT 'synced ' || name, number, 'entities' \
                 FROM unnest($1, $2) AS synced (name, number)",
                &[(&tables, Type::TEXT_ARRAY), (&numbers, Type::INT4_ARRAY)],
            )
        });
    match noted {
        Ok(_) => session.run("RELEASE SAVEPOINT rbgen_note_sync"),
        Err(_) => session.run("ROLLBACK TO SAVEPOINT rbgen_note_sync"),
    }
}

/// Notes the entities that both sides of a merge changed: what the files and what the database say.
pub fn note_conflicts(
    session: &mut Session,
    database: &str,
    contents: &BTreeMap<EntityName, (Option<String>, Option<String>)>,
) -> Result<(), Failure> {
    for ((kind, key), (files, rows)) in contents {
        session.execute(
            "INSERT INTO sync_conflicts \
               (table_name, record_id, source_node, master_data, replica_data) \
             SELECT $1, $2, $3, $4::text::jsonb, $5::text::jsonb WHERE NOT EXISTS ( \
               SELECT FROM sync_conflicts \
               WHERE table_name = $1 AND record_id::text = $2 AND resolved_at IS NULL \
                 AND master_data IS NOT DISTINCT FROM $4::text::jsonb \
                 AND replica_data IS NOT DISTINCT FROM $5::text::jsonb)",
            &[
                (&table(*kind), Type::TEXT),
                (key, Type::TEXT),
                (&database, Type::TEXT),
                (rows, Type::TEXT),
                (files, Type::TEXT),
            ],
        )?;
    }
    Ok(())
}
