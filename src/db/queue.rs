//! The queue of changes: which of them a node has to deal with, who claimed it, and how that ended.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio_postgres::types::Type;

use super::{Failure, Session};

/// The channel on which every change of content is told, without saying which.
pub const CHANGE_CHANNEL: &str = "robbieblocks_change";

/// A change that a node has to deal with, and that this process claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The id of the change.
    pub change: String,
    pub node: String,
    /// The how many-th attempt it is: an earlier one settles nothing any more.
    pub attempt: i32,
    /// `page_update`, `component_update`, ….
    pub kind: String,
    /// The apps that it shows in; `None` is all.
    pub apps: Option<Vec<String>>,
}

/// What waits for some nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Changes that nobody has claimed, or whose claim has run out, and that are to be deployed by
    /// themselves.
    pub due: i64,
    /// The same of those that are not: they wait for the next deploy.
    pub held: i64,
    /// Changes whose last attempt failed.
    pub failed: i64,
    /// How long the first claim of somebody else still runs, in milliseconds.
    pub lease_ms: Option<i64>,
}

/// The changes that nodes have not dealt with yet which are there, with the receipts of these.
const CLAIMABLE: &str = "
    FROM robbieblocks_change_triggers AS change
    CROSS JOIN (
      SELECT node_id::text FROM robbieblocks_node_branding WHERE node_id = ANY ($1::text[])
    ) AS node (id)
    LEFT JOIN robbieblocks_trigger_receipts AS receipt
      ON receipt.trigger_id = change.id AND receipt.node_id = node.id
    WHERE change.processed_at IS NULL AND receipt.state IS DISTINCT FROM 'done'
      AND (change.affected_nodes IS NULL OR node.id = ANY (change.affected_nodes::text[]))";

/// What waits for these nodes, in the view of this transaction.
pub fn waiting(session: &mut Session, nodes: &[String]) -> Result<Waiting, Failure> {
    let rows = session.query(
        &format!(
            "SELECT \
               count(*) FILTER (WHERE is_free AND auto_deploy), \
               count(*) FILTER (WHERE is_free AND NOT auto_deploy), \
               count(*) FILTER (WHERE state = 'failed'), \
               (min(extract(epoch FROM lease_until - now()) * 1000) \
                 FILTER (WHERE state = 'claimed' AND NOT is_free))::bigint \
             FROM (SELECT coalesce(change.auto_deploy, true) AS auto_deploy, receipt.state, \
               receipt.lease_until, receipt.state IS NULL \
                 OR receipt.state = 'claimed' AND coalesce(receipt.lease_until < now(), true) AS is_free \
               {CLAIMABLE}) AS found"
        ),
        &[(&nodes, Type::TEXT_ARRAY)],
    )?;
    Ok(rows.first().map_or(Waiting::default(), |row| Waiting {
        due: row.get(0),
        held: row.get(1),
        failed: row.get(2),
        lease_ms: row.get(3),
    }))
}

/// Claims all changes that wait for these nodes, for some seconds. It must run in the transaction that
/// reads the rows: then every change that is claimed is in what was read.
pub fn claim_changes(
    session: &mut Session,
    nodes: &[String],
    seconds: u32,
) -> Result<Vec<Claim>, Failure> {
    // A server that dies may lose a claim, and then somebody claims again.
    session.run("SET LOCAL synchronous_commit = off")?;
    let seconds = f64::from(seconds);
    let rows = session.query(
        &format!(
            "WITH due AS ( \
               SELECT change.id, change.trigger_type::text AS kind, \
                 change.affected_apps::text[] AS apps, node.id AS node_id {CLAIMABLE} \
                 AND (receipt.state IS NULL OR receipt.state = 'failed' \
                   OR receipt.state = 'claimed' AND coalesce(receipt.lease_until < now(), true))), \
             claimed AS ( \
               INSERT INTO robbieblocks_trigger_receipts AS receipt (trigger_id, node_id, lease_until) \
               SELECT id, node_id, now() + $2 * interval '1 second' FROM due ORDER BY id, node_id \
               ON CONFLICT (trigger_id, node_id) DO UPDATE SET \
                 state = 'claimed', attempts = receipt.attempts + 1, error = NULL, \
                 lease_until = excluded.lease_until, updated_at = now() \
               WHERE receipt.state = 'failed' \
                 OR receipt.state = 'claimed' AND coalesce(receipt.lease_until < now(), true) \
               RETURNING trigger_id, node_id, attempts) \
             SELECT claimed.trigger_id::text, claimed.node_id, claimed.attempts, due.kind, due.apps \
             FROM claimed JOIN due ON due.id = claimed.trigger_id AND due.node_id = claimed.node_id"
        ),
        &[(&nodes, Type::TEXT_ARRAY), (&seconds, Type::FLOAT8)],
    )?;
    let claim = |row: &tokio_postgres::Row| Claim {
        change: row.get(0),
        node: row.get(1),
        attempt: row.get(2),
        kind: row.get(3),
        apps: row.try_get(4).unwrap_or_default(),
    };
    Ok(rows.iter().map(claim).collect())
}

/// How a claim ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// What it asked for is live; the deploy that made it so, where there was one.
    Done(Option<String>),
    /// It is not, for this reason.
    Failed(String),
}

/// Settles claims. One that somebody else took over meanwhile is left to them. Gives how many were settled.
pub fn settle_claims(session: &mut Session, claims: &[(Claim, Settled)]) -> Result<u64, Failure> {
    let mut count = 0;
    for some in claims.chunks(AT_ONCE) {
        count += settle_some(session, some)?;
    }
    Ok(count)
}

/// So many claims are settled by one statement: a server that is at work for long seems dead.
const AT_ONCE: usize = 2000;

fn settle_some(session: &mut Session, claims: &[(Claim, Settled)]) -> Result<u64, Failure> {
    let rows = claims.iter().map(|(claim, settled)| {
        let (state, deploy, error) = match settled {
            Settled::Done(deploy) => ("done", deploy.as_deref(), None),
            Settled::Failed(error) => ("failed", None, Some(error.replace('\0', ""))),
        };
        json!({
            "change": claim.change, "node": claim.node, "attempt": claim.attempt,
            "state": state, "deploy": deploy, "error": error,
        })
    });
    let rows = Value::from_iter(rows).to_string();
    session.execute(
        "UPDATE robbieblocks_trigger_receipts AS receipt SET \
           state = given.state, deploy_id = given.deploy, error = given.error, lease_until = NULL, \
           updated_at = now() \
         FROM jsonb_to_recordset($1::text::jsonb) AS given ( \
           change uuid, node text, attempt integer, state text, deploy uuid, error text) \
         WHERE receipt.trigger_id = given.change AND receipt.node_id = given.node \
           AND receipt.attempts = given.attempt AND receipt.state = 'claimed'",
        &[(&rows, Type::TEXT)],
    )
}

/// What a node has built and deployed of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeState {
    pub node: String,
    pub app: String,
    /// What the rows were called that it was built from, as [`super::source_revision`] says.
    pub built: Option<String>,
    /// The same of what is live; `None` leaves what is noted.
    pub deployed: Option<String>,
    /// The release that is pinned.
    pub pinned: Option<String>,
}

/// Notes what nodes have built and deployed.
pub fn write_node_states(session: &mut Session, states: &[NodeState]) -> Result<(), Failure> {
    if states.is_empty() {
        return Ok(());
    }
    let rows = states.iter().map(|state| {
        json!({
            "node": state.node, "app": state.app, "built": state.built,
            "deployed": state.deployed, "pinned": state.pinned,
        })
    });
    let rows = Value::from_iter(rows).to_string();
    session.execute(
        "INSERT INTO robbieblocks_node_state AS there \
           (node_id, app, built_rev, deployed_rev, pinned, updated_at) \
         SELECT node, app, built, deployed, pinned, now() \
         FROM jsonb_to_recordset($1::text::jsonb) AS given ( \
           node text, app text, built text, deployed text, pinned text) \
         ON CONFLICT (node_id, app) DO UPDATE SET \
           built_rev = excluded.built_rev, \
           deployed_rev = coalesce(excluded.deployed_rev, there.deployed_rev), \
           pinned = excluded.pinned, updated_at = excluded.updated_at",
        &[(&rows, Type::TEXT)],
    )?;
    Ok(())
}

/// Notes that a listener of these nodes, by id and name, is there or goes, and how long its last deploy
/// took. Where these tables are of another shape, or the user may not write them, nothing is noted.
pub fn note_presence(
    session: &mut Session,
    nodes: &BTreeMap<String, String>,
    is_online: bool,
    deploy_ms: Option<u64>,
) -> Result<(), Failure> {
    let (ids, names): (Vec<&str>, Vec<&str>) = nodes
        .iter()
        .map(|(id, name)| (id.as_str(), name.as_str()))
        .unzip();
    session.run("SAVEPOINT rbgen_presence")?;
    let noted = session
        .execute(
            "INSERT INTO sync_nodes AS there (node_id, node_name, node_type, last_seen, is_online) \
             SELECT id, name, 'replica', now(), $3 FROM unnest($1, $2) AS given (id, name) \
             ON CONFLICT (node_id) DO UPDATE SET \
               last_seen = excluded.last_seen, is_online = excluded.is_online",
            &[
                (&ids, Type::TEXT_ARRAY),
                (&names, Type::TEXT_ARRAY),
                (&is_online, Type::BOOL),
            ],
        )
        .and_then(|_| match deploy_ms {
            None => Ok(0),
            Some(took) => {
                let took = i32::try_from(took).unwrap_or(i32::MAX);
                session.execute(
                    "INSERT INTO sync_metrics (metric_name, metric_value, metric_unit, node_id) \
                     SELECT 'deployed', $2, 'ms', id FROM unnest($1) AS given (id)",
                    &[(&ids, Type::TEXT_ARRAY), (&took, Type::INT4)],
                )
            }
        });
    match noted {
        Ok(_) => session.run("RELEASE SAVEPOINT rbgen_presence"),
        Err(_) => session.run("ROLLBACK TO SAVEPOINT rbgen_presence"),
    }
}
