//! What `rbgen doctor` looks at in a database: the server, tables, rights, triggers, policies. It
//! reads the catalog and changes nothing.

use super::{Access, CONTENT_TABLES, Failure, Session, migrate};

/// The oldest server that rbgen works with, as `server_version_num`.
pub const OLDEST_SERVER: i32 = 130_000;

/// What there is in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Such as `15.18`.
    pub version: String,
    /// Such as `150018`.
    pub version_number: i32,
    /// Whether the server takes no writes: a standby, or set to read only.
    pub only_reads: bool,
    /// The first schema of the search path that there is.
    pub schema: Option<String>,
    /// Whether others than its owners may create objects in that.
    pub schema_is_open: bool,
    /// Tables of rbgen that are there.
    pub present: Vec<String>,
    /// Tables of rbgen that are not.
    pub missing: Vec<String>,
    /// The migrations that were applied, in order; `None` where that is not noted, or not to be read.
    pub migrations: Option<Vec<Migration>>,
    /// Which database this is, where it says so and may be asked.
    pub lineage: Option<String>,
    /// What the user may do.
    pub rights: Rights,
    /// Events of content tables that no trigger of rbgen sees; only where the log is there.
    pub unseen: Vec<Unseen>,
    /// Content tables whose policies hold for this user.
    pub policies: Vec<String>,
}

/// A migration that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The number in the name of its file.
    pub version: i32,
    /// The rest of it.
    pub name: String,
}

/// What the user of a session may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Read all content.
    pub read_content: bool,
    /// Insert, update and delete it.
    pub change_content: bool,
    /// Write records of deploys, receipts and the state of nodes.
    pub write_deploys: bool,
    /// Write revisions and edges.
    pub write_history: bool,
    /// Alter the tables.
    pub own: bool,
}

/// Changes of a table that nothing logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// The table.
    pub table: String,
    /// Such as `INSERT`.
    pub events: Vec<String>,
    /// The triggers that would see them and are disabled.
    pub disabled: Vec<String>,
}

/// Looks at everything, in one transaction.
pub fn inspect(session: &mut Session) -> Result<Inspection, Failure> {
    session.transaction(Access::Read, |session| {
        let rows = session.query(
            "SELECT current_setting('server_version'), current_setting('server_version_num')::INT4,
                    pg_is_in_recovery() OR current_setting('default_transaction_read_only')::BOOL,
                    current_schema()::TEXT",
            &[],
        )?;
        let about = &rows[0];
        let (present, missing) = look_for_tables(session)?;
        let has = |table: &str| present.iter().any(|name| name == table);
        let schema: Option<String> = about.get(3);
        Ok(Inspection {
            schema_is_open: match &schema {
                Some(schema) => !migrate::others_create(session, schema)?.is_empty(),
                None => false,
            },
            schema,
            version: about.get(0),
            version_number: about.get(1),
            only_reads: about.get(2),
            migrations: migrations(session)?,
            lineage: match has("robbieblocks_lineage") && may_read(session, "robbieblocks_lineage")?
            {
                true => one_text(session, "SELECT id::TEXT FROM robbieblocks_lineage LIMIT 1")?,
                false => None,
            },
            rights: rights(session, &present)?,
            unseen: match has("robbieblocks_changes") {
                true => unseen(session)?,
                false => Vec::new(),
            },
            policies: policies(session)?,
            present,
            missing,
        })
    })
}

/// Whether transactions of one session meet connections that others have as well, as behind a pooler
/// in transaction mode, where LISTEN hears nothing. What is found is so; an idle pooler may hide.
pub fn is_pooled(session: &mut Session) -> Result<bool, Failure> {
    const WHO: &str = "SELECT pg_backend_pid()::TEXT";
    let mut other = Session::open(session.address())?;
    let first = one_text(session, WHO)?;
    for _ in 0..3 {
        // Two connections to a server never have one process, and one never changes its own.
        if one_text(&mut other, WHO)? == first || one_text(session, WHO)? != first {
            return Ok(true);
        }
    }
    Ok(false)
}

fn one_text(session: &mut Session, query: &str) -> Result<Option<String>, Failure> {
    let rows = session.query(query, &[])?;
    Ok(rows.first().and_then(|row| row.get(0)))
}

fn texts(session: &mut Session, query: &str) -> Result<Vec<String>, Failure> {
    let rows = session.query(query, &[])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Names as a list of SQL literals. They are constants, and none has a quote.
fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("('{name}')")).collect();
    quoted.join(", ")
}

/// The tables of rbgen on the search path, and those that are not there.
fn look_for_tables(session: &mut Session) -> Result<(Vec<String>, Vec<String>), Failure> {
    let names: Vec<&str> = migrate::table_names().collect();
    let found = texts(
        session,
        &format!(
            "SELECT name FROM (VALUES {}) AS wanted (name)
             JOIN pg_class ON pg_class.oid = to_regclass(name) AND relkind IN ('r', 'p')",
            list(&names)
        ),
    )?;
    let (present, missing): (Vec<&str>, Vec<&str>) = names
        .into_iter()
        .partition(|name| found.iter().any(|other| other == name));
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_string).collect();
    Ok((owned(present), owned(missing)))
}

fn may_read(session: &mut Session, table: &str) -> Result<bool, Failure> {
    let query =
        format!("SELECT 'yes'::TEXT WHERE has_table_privilege(to_regclass('{table}'), 'SELECT')");
    Ok(one_text(session, &query)?.is_some())
}

fn migrations(session: &mut Session) -> Result<Option<Vec<Migration>>, Failure> {
    if !may_read(session, "robbieblocks_migrations")? {
        return Ok(None);
    }
    let rows = session.query(
        "SELECT version, name::TEXT FROM robbieblocks_migrations ORDER BY version",
        &[],
    )?;
    let migration = |row: &tokio_postgres::Row| Migration {
        version: row.try_get(0).unwrap_or_default(),
        name: row.try_get(1).unwrap_or_default(),
    };
    Ok(Some(rows.iter().map(migration).collect()))
}

fn rights(session: &mut Session, present: &[String]) -> Result<Rights, Failure> {
    // A right holds where all tables are there that it is about, and each gives it.
    let mut on_all = |tables: &[&str], privileges: &[&str]| -> Result<bool, Failure> {
        let there: Vec<&str> = tables
            .iter()
            .copied()
            .filter(|table| present.iter().any(|name| name == table))
            .collect();
        if there.is_empty() || tables.len() != there.len() {
            return Ok(false);
        }
        let checks: Vec<String> = privileges
            .iter()
            .map(|privilege| match *privilege {
                "OWN" => "pg_has_role(relowner, 'USAGE')".to_string(),
                privilege => format!("has_table_privilege(pg_class.oid, '{privilege}')"),
            })
            .collect();
        let query = format!(
            "SELECT 'yes'::TEXT FROM (VALUES {}) AS wanted (name)
             JOIN pg_class ON pg_class.oid = to_regclass(name)
             HAVING bool_and({})",
            list(&there),
            checks.join(" AND ")
        );
        Ok(one_text(session, &query)?.is_some())
    };
    const WRITE: [&str; 3] = ["SELECT", "INSERT", "UPDATE"];
    // The tables of a deploy that only newer databases have count where they are.
    let deploys: Vec<&str> = ["robbieblocks_trigger_receipts", "robbieblocks_node_state"]
        .into_iter()
        .filter(|table| present.iter().any(|name| name == table))
        .chain(["robbieblocks_deploys"])
        .collect();
    Ok(Rights {
        read_content: on_all(&CONTENT_TABLES, &["SELECT"])?,
        change_content: on_all(&CONTENT_TABLES, &["SELECT", "INSERT", "UPDATE", "DELETE"])?,
        write_deploys: on_all(&deploys, &WRITE)?,
        write_history: on_all(
            &[
                "robbieblocks_revisions",
                "robbieblocks_revision_entities",
                "robbieblocks_sync_edges",
            ],
            &["SELECT", "INSERT"],
        )?,
        own: on_all(&CONTENT_TABLES, &["OWN"])?,
    })
}

/// The events of content tables without a trigger of rbgen's log that fires. Those are known by
/// their functions, or where these were replaced by their names.
fn unseen(session: &mut Session) -> Result<Vec<Unseen>, Failure> {
    let rows = session.query(
        &format!(
            "SELECT wanted.name::TEXT, event.name::TEXT,
                    COALESCE(array_agg(trigger.tgname::TEXT ORDER BY trigger.tgname)
                             FILTER (WHERE trigger.tgname IS NOT NULL), '{{}}')
             FROM unnest(ARRAY[{}]) WITH ORDINALITY AS wanted (name, position)
             JOIN pg_class ON pg_class.oid = to_regclass(wanted.name)
             CROSS JOIN (VALUES ('INSERT', 4), ('DELETE', 8), ('UPDATE', 16), ('TRUNCATE', 32))
                        AS event (name, bit)
             LEFT JOIN (
                 SELECT pg_trigger.* FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
                 WHERE NOT tgisinternal
                   AND (proname LIKE 'robbieblocks\\_log\\_%' OR tgname LIKE 'robbieblocks\\_log\\_%'
                        OR tgname LIKE 'rbgen\\_log\\_%')
             ) AS trigger ON trigger.tgrelid = pg_class.oid AND trigger.tgtype & event.bit > 0
             GROUP BY wanted.name, wanted.position, event.name, event.bit
             HAVING NOT COALESCE(bool_or(trigger.tgenabled IN ('O', 'A')), false)
             ORDER BY wanted.position, event.bit",
            list(&CONTENT_TABLES)
        ),
        &[],
    )?;
    let mut unseen: Vec<Unseen> = Vec::new();
    for row in &rows {
        let (table, event): (String, String) = (row.get(0), row.get(1));
        let disabled: Vec<String> = row.get(2);
        match unseen.last_mut().filter(|last| last.table == table) {
            Some(last) => {
                last.events.push(event);
                last.disabled.extend(disabled);
            }
            None => unseen.push(Unseen {
                table,
                events: vec![event],
                disabled,
            }),
        }
    }
    for one in &mut unseen {
        // A trigger of several events stands under each.
        one.disabled.sort();
        one.disabled.dedup();
    }
    Ok(unseen)
}

/// The content tables whose row level security holds for this user, so that rows may be hidden.
fn policies(session: &mut Session) -> Result<Vec<String>, Failure> {
    texts(
        session,
        &format!(
            "SELECT name FROM (VALUES {}) AS wanted (name)
             JOIN pg_class ON pg_class.oid = to_regclass(name)
             WHERE relrowsecurity AND row_security_active(pg_class.oid)",
            list(&CONTENT_TABLES)
        ),
    )
}
