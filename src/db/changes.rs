//! What the log of changes says since somebody last looked: a hint where to look, and only while it can
//! be trusted.

use std::collections::BTreeSet;

use tokio_postgres::types::Type;

use super::history::{arrays, name};
use super::{CONTENT_TABLES, Failure, Session};
use crate::format::EntityName;

/// Up to where somebody has seen all changes of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watermark {
    /// `pg_current_snapshot()`: what it does not see may be new.
    pub snapshot: String,
    /// The last line of the log: its number, its transaction and its time. While it is there and
    /// unchanged, no line after it was taken out, and the log is the one that was seen.
    pub line: Option<(i64, String, String)>,
    /// The triggers that write the log, and the files of the tables, as the catalog has them: whoever
    /// disables a trigger, or rewrites a table, changes it.
    pub triggers: String,
    /// A transaction of one's own that came after the snapshot, and is known: only where no trigger or
    /// rule of somebody else may have done more in it.
    pub own: Option<String>,
}

/// Where the log stands in this transaction, whose own changes count as seen. (The triggers of the
/// earlier design that set `updated_at` do nothing else.)
pub fn watermark(session: &mut Session) -> Result<Watermark, Failure> {
    let tables = content_tables();
    let rows = session.query(
        &format!(
            "SELECT pg_current_snapshot()::text, CASE WHEN NOT EXISTS ( \
               SELECT FROM pg_catalog.pg_trigger AS trigger \
               WHERE trigger.tgrelid IN ({tables}) AND NOT trigger.tgisinternal \
                 AND trigger.tgname NOT LIKE 'rbgen\\_%' \
                 AND trigger.tgname NOT LIKE 'update\\_%\\_updated\\_at') \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS class \
               WHERE class.oid IN ({tables}) AND class.relhasrules) \
             THEN pg_current_xact_id_if_assigned()::text END"
        ),
        &[],
    )?;
    let (snapshot, own) = match rows.first() {
        Some(row) => (row.get(0), row.get(1)),
        None => Default::default(),
    };
    let rows = session.query(
        "SELECT seq, xid::text, at::text FROM robbieblocks_changes ORDER BY seq DESC LIMIT 1",
        &[],
    )?;
    let line = rows.first().map(|row| (row.get(0), row.get(1), row.get(2)));
    Ok(Watermark {
        snapshot,
        line,
        triggers: triggers(session)?,
        own,
    })
}

/// The tables of content, as values of a query.
fn content_tables() -> String {
    let tables = CONTENT_TABLES.map(|table| format!("'{table}'::regclass"));
    tables.join(", ")
}

/// What the catalog says of the triggers that write the log; empty where one of them is missing or does
/// not always fire, or where rows come by logical replication, which fires no trigger for statements
/// (PostgreSQL manual, "Logical Replication", "Architecture").
fn triggers(session: &mut Session) -> Result<String, Failure> {
    let tables = content_tables();
    let rows = session.query(
        &format!(
            "SELECT CASE WHEN count(*) FILTER (WHERE trigger.tgenabled = 'A') = {} \
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_subscription_rel \
                 WHERE srrelid IN ({tables})) THEN \
               md5(string_agg(concat_ws(' ', class.oid, class.relfilenode, trigger.tgname, \
                 trigger.tgfoid, trigger.xmin, function.xmin), ',' ORDER BY class.oid, trigger.tgname)) \
             ELSE '' END \
             FROM pg_catalog.pg_class AS class \
             LEFT JOIN pg_catalog.pg_trigger AS trigger \
               ON trigger.tgrelid = class.oid AND trigger.tgname LIKE 'rbgen\\_log\\_%' \
             LEFT JOIN pg_catalog.pg_proc AS function ON function.oid = trigger.tgfoid \
             WHERE class.oid IN ({tables})",
            CONTENT_TABLES.len() * 4
        ),
        &[],
    )?;
    Ok(rows.first().map(|row| row.get(0)).unwrap_or_default())
}

/// What the rows of this transaction are called: the digest of the last sealed revision, and behind a `+`
/// the number of the last line of the log that came after it; `None` where there is neither.
pub fn source_revision(session: &mut Session) -> Result<Option<String>, Failure> {
    let rows = session.query(
        "WITH head AS ( \
           SELECT digest, xid, snapshot FROM robbieblocks_revisions ORDER BY number DESC LIMIT 1) \
         SELECT head.digest, (SELECT max(seq) FROM robbieblocks_changes AS line \
           WHERE head.digest IS NULL OR line.xid >= pg_snapshot_xmin(head.snapshot::pg_snapshot) \
             AND line.xid <> head.xid \
             AND NOT pg_visible_in_snapshot(line.xid, head.snapshot::pg_snapshot)) \
         FROM (SELECT) AS always LEFT JOIN head ON true",
        &[],
    )?;
    let (digest, seq): (Option<String>, Option<i64>) = match rows.first() {
        Some(row) => (row.get(0), row.get(1)),
        None => (None, None),
    };
    Ok(match (digest, seq) {
        (None, None) => None,
        (digest, None) => digest,
        (digest, Some(seq)) => Some(format!("{}+{seq}", digest.unwrap_or_default())),
    })
}

/// The entities that may have changed since a watermark, in the view of this transaction. `None` where
/// the log cannot say: then all may have.
pub fn changed_since(
    session: &mut Session,
    seen: &Watermark,
) -> Result<Option<BTreeSet<EntityName>>, Failure> {
    let Some((seq, xid, at)) = &seen.line else {
        return Ok(None);
    };
    if seen.triggers.is_empty() || triggers(session)? != seen.triggers {
        return Ok(None);
    }
    let there = session.query(
        "SELECT EXISTS (SELECT FROM robbieblocks_changes \
           WHERE seq = $1 AND xid::text = $2 AND at::text = $3) \
         AND pg_snapshot_xmax(pg_current_snapshot()) >= pg_snapshot_xmax($4::text::pg_snapshot)",
        &[
            (seq, Type::INT8),
            (xid, Type::TEXT),
            (at, Type::TEXT),
            (&seen.snapshot, Type::TEXT),
        ],
    )?;
    if !there.first().is_some_and(|row| row.get(0)) {
        return Ok(None);
    }
    let lines = session.query(
        "WITH line AS ( \
           SELECT kind, entity_key, entity_id, operation, xid FROM robbieblocks_changes \
           WHERE seq > $1 \
           UNION \
           SELECT kind, entity_key, entity_id, operation, xid FROM robbieblocks_changes \
           WHERE xid >= pg_snapshot_xmin($2::text::pg_snapshot) \
             AND NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot)) \
         SELECT kind, entity_key, bool_or(operation = 'truncate') FROM line \
         WHERE xid::text IS DISTINCT FROM $3 GROUP BY kind, entity_key \
         UNION ALL \
         SELECT 'page', page.page_key::text, false \
         FROM (SELECT entity_id FROM line WHERE kind = 'component' \
               GROUP BY entity_id HAVING count(DISTINCT entity_key) > 1) AS renamed \
         JOIN robbieblocks_page_blocks AS block ON block.component_id = renamed.entity_id \
         JOIN robbieblocks_pages AS page ON page.id = block.page_id",
        &[
            (seq, Type::INT8),
            (&seen.snapshot, Type::TEXT),
            (&seen.own, Type::TEXT),
        ],
    )?;
    if lines.iter().any(|row| row.get(2)) {
        return Ok(None);
    }
    // A component that got another key is another component to the pages that use it, whose own rows
    // did not change: hence the second part.
    let names = lines.iter().filter_map(|row| name(row, 0)).collect();
    Ok(Some(names))
}

/// Who last changed each of these entities, and when, as far as the log knows it: the actor, and the
/// time as RFC 3339.
pub fn last_changes(
    session: &mut Session,
    names: &BTreeSet<EntityName>,
) -> Result<Vec<(EntityName, String, String)>, Failure> {
    let (kinds, keys) = arrays(names);
    let rows = session.query(
        "SELECT DISTINCT ON (line.kind, line.entity_key) line.kind, line.entity_key, line.actor, \
           to_char(line.at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
         FROM robbieblocks_changes AS line \
         JOIN unnest($1, $2) AS wanted (kind, entity_key) \
           ON wanted.kind = line.kind AND wanted.entity_key = line.entity_key \
         ORDER BY line.kind, line.entity_key, line.seq DESC",
        &[(&kinds, Type::TEXT_ARRAY), (&keys, Type::TEXT_ARRAY)],
    )?;
    let found = rows
        .iter()
        .filter_map(|row| Some((name(row, 0)?, row.get(2), row.get(3))));
    Ok(found.collect())
}

/// Who changed these entities since the last revision, as far as the log knows; sorted.
pub fn actors_of(
    session: &mut Session,
    names: &BTreeSet<EntityName>,
) -> Result<Vec<String>, Failure> {
    let (kinds, keys) = arrays(names);
    let rows = session.query(
        "SELECT DISTINCT line.actor COLLATE \"C\" \
         FROM robbieblocks_changes AS line \
         JOIN unnest($1, $2) AS wanted (kind, entity_key) \
           ON wanted.kind = line.kind AND wanted.entity_key = line.entity_key \
         WHERE NOT EXISTS ( \
           SELECT FROM robbieblocks_revisions AS revision \
           WHERE revision.number = (SELECT max(number) FROM robbieblocks_revisions) \
             AND (revision.xid = line.xid \
               OR pg_visible_in_snapshot(line.xid, revision.snapshot::pg_snapshot))) \
         ORDER BY 1",
        &[(&kinds, Type::TEXT_ARRAY), (&keys, Type::TEXT_ARRAY)],
    )?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
