//! The records of deploys.

use serde_json::{Value, json};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{Failure, Session};
use crate::model::{Deploy, DeployStatus, Moment};

/// Which records are wanted.
#[derive(Clone, Debug, Default)]
pub struct DeploysWanted<'a> {
    /// Empty means all.
    pub nodes: &'a [String],
    /// Empty means all.
    pub apps: &'a [String],
    /// The id, or how it begins.
    pub id: Option<&'a str>,
    /// At most so many, the newest.
    pub limit: usize,
}

/// Writes records as they are now, with one statement. One that is there and was closed stays as it is. It
/// must run in a transaction.
pub fn write_deploys(session: &mut Session, deploys: &[Deploy]) -> Result<(), Failure> {
    if deploys.is_empty() {
        return Ok(());
    }
    if deploys.iter().all(|deploy| deploy.status.is_open()) {
        // A server that dies may lose it, and then the deploy, which goes on, says it again.
        session.run("SET LOCAL synchronous_commit = off")?;
    }
    let rows = Value::from_iter(deploys.iter().map(row)).to_string();
    session.execute(
        "INSERT INTO robbieblocks_deploys AS there \
           (id, node_id, app_namespace, build_hash, pages_count, components_count, deploy_status, \
            build_duration_ms, deploy_duration_ms, error_message, build_log, started_at, \
            completed_at, triggered_by, source_rev, source_commit, release, target, preview) \
         SELECT id, node, app, build_hash, pages, components, status, build_ms, deploy_ms, error, log, \
            started_at, completed_at, triggered_by, source_rev, source_commit, release, target, preview \
         FROM jsonb_to_recordset($1::text::jsonb) AS given ( \
            id uuid, node text, app text, build_hash text, pages integer, components integer, \
            status text, build_ms integer, deploy_ms integer, error text, log text, \
            started_at timestamptz, completed_at timestamptz, triggered_by text, source_rev text, \
            source_commit text, release text, target text, preview text) \
         ON CONFLICT (id) DO UPDATE SET \
            build_hash = excluded.build_hash, pages_count = excluded.pages_count, \
            components_count = excluded.components_count, deploy_status = excluded.deploy_status, \
            build_duration_ms = excluded.build_duration_ms, \
            deploy_duration_ms = excluded.deploy_duration_ms, \
            error_message = excluded.error_message, build_log = excluded.build_log, \
            completed_at = excluded.completed_at, source_rev = excluded.source_rev, \
            source_commit = excluded.source_commit, release = excluded.release \
         WHERE there.completed_at IS NULL",
        &[(&rows, Type::TEXT)],
    )?;
    Ok(())
}

fn row(deploy: &Deploy) -> Value {
    // U+0000 is in no text of a database.
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    let number = |value: Option<u64>| value.map(|value| i32::try_from(value).unwrap_or(i32::MAX));
    let count = |value: Option<usize>| number(value.map(|value| value as u64));
    json!({
        "id": deploy.id,
        "node": deploy.node,
        "app": deploy.app,
        "build_hash": deploy.build_hash,
        "pages": count(deploy.pages),
        "components": count(deploy.components),
        "status": deploy.status.as_str(),
        "build_ms": number(deploy.build_ms),
        "deploy_ms": number(deploy.deploy_ms),
        "error": deploy.error.as_deref().map(clean),
        "log": clean(&deploy.log),
        "started_at": deploy.started_at.to_string(),
        "completed_at": deploy.completed_at.map(|at| at.to_string()),
        "triggered_by": deploy.triggered_by,
        "source_rev": deploy.source_rev,
        "source_commit": deploy.source_commit,
        "release": deploy.release,
        "target": deploy.target,
        "preview": deploy.preview,
    })
}

/// Closes the records that processes left open which are dead: those of this node and target, which only
/// one deployer may use at a time; and those of the node that are older than a day, because a target can
/// get another name. Gives how many there were.
pub fn close_stale_deploys(
    session: &mut Session,
    node: &str,
    target: &str,
    why: &str,
) -> Result<u64, Failure> {
    session.execute(
        "UPDATE robbieblocks_deploys SET \
           deploy_status = 'failed', completed_at = now(), error_message = $3, \
           build_log = concat_ws(E'\\n', nullif(build_log, ''), $3) \
         WHERE node_id = $1 AND deploy_status::text IN ('pending', 'building', 'deploying') \
           AND (target = $2 OR started_at < now() - interval '1 day')",
        &[
            (&node, Type::TEXT),
            (&target, Type::TEXT),
            (&why, Type::TEXT),
        ],
    )
}

/// The records that are wanted, the newest first.
pub fn read_deploys(
    session: &mut Session,
    wanted: &DeploysWanted<'_>,
) -> Result<Vec<Deploy>, Failure> {
    let limit = i64::try_from(wanted.limit).unwrap_or(i64::MAX);
    let rows = session.query(
        "SELECT id::text, coalesce(node_id, '')::text, app_namespace::text, build_hash::text, \
           pages_count, components_count, deploy_status::text, build_duration_ms, \
           deploy_duration_ms, error_message, coalesce(build_log, ''), \
           (extract(epoch FROM started_at) * 1000000)::bigint, \
           (extract(epoch FROM completed_at) * 1000000)::bigint, triggered_by::text, source_rev, \
           source_commit, release, target, preview \
         FROM robbieblocks_deploys \
         WHERE ($1 = '{}' OR node_id = ANY ($1)) AND ($2 = '{}' OR app_namespace = ANY ($2)) \
           AND ($3 IS NULL OR starts_with(id::text, $3)) \
         ORDER BY started_at DESC NULLS LAST, id LIMIT $4",
        &[
            (&wanted.nodes, Type::TEXT_ARRAY),
            (&wanted.apps, Type::TEXT_ARRAY),
            (&wanted.id, Type::TEXT),
            (&limit, Type::INT8),
        ],
    )?;
    Ok(rows.iter().map(deploy).collect())
}

fn deploy(row: &Row) -> Deploy {
    let text = |column: usize| row.try_get::<_, Option<String>>(column).ok().flatten();
    let number = |column: usize| {
        let number: Option<i32> = row.try_get(column).ok().flatten();
        number.and_then(|number| u64::try_from(number).ok())
    };
    let count = |column: usize| number(column).and_then(|number| usize::try_from(number).ok());
    let moment = |column: usize| {
        let microseconds: Option<i64> = row.try_get(column).ok().flatten();
        microseconds.and_then(|at| Moment::from_microsecond(at).ok())
    };
    let status = text(6).and_then(|word| DeployStatus::parse(&word));
    Deploy {
        id: text(0).unwrap_or_default(),
        node: text(1).unwrap_or_default(),
        app: text(2).unwrap_or_default(),
        build_hash: text(3).unwrap_or_default(),
        pages: count(4),
        components: count(5),
        // A row of the earlier design may have none.
        status: status.unwrap_or(DeployStatus::Pending),
        build_ms: number(7),
        deploy_ms: number(8),
        error: text(9),
        log: text(10).unwrap_or_default(),
        started_at: moment(11).unwrap_or(Moment::UNIX_EPOCH),
        completed_at: moment(12),
        triggered_by: text(13).unwrap_or_default(),
        source_rev: text(14),
        source_commit: text(15),
        release: text(16),
        target: text(17),
        preview: text(18),
    }
}
