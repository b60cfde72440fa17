//! Migrations: a look at what a database has, a plan as data, and its execution in one transaction.

mod decide;
mod look;
mod objects;
mod obstacles;
mod tables;

pub use decide::{Action, FilePlan, Plan, Step};
pub use look::{Applied, others_create};
pub(super) use tables::misfit;

use tokio_postgres::types::Type;

use super::{Access, Failure, Session};
use crate::diag::{Diagnostics, code};
use look::Look;
use tables::{FILES, TABLES};

/// The lock that whoever migrates holds: any number, but always the same.
const LOCK: i64 = 0x7262_6765_6e00_0001;

/// What came of a migration.
#[derive(Clone, Debug)]
pub enum Migrated {
    /// There was nothing to do.
    Already(Plan),
    /// The plan was carried out.
    Done(Plan),
    /// Something is in the way, and nothing was changed.
    Refused(Plan),
}

/// What `migrate` would do. It changes nothing, and waits for who migrates just now.
pub fn plan(session: &mut Session) -> Result<Plan, Failure> {
    session.transaction(Access::Read, |session| {
        hold(session, "pg_advisory_xact_lock_shared")?;
        Ok(decide::decide(&look::look(session)?))
    })
}

/// Takes the lock, and sees from then on what whoever had it before has done.
fn hold(session: &mut Session, lock: &str) -> Result<(), Failure> {
    session.run("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")?;
    session.query(&format!("SELECT {lock}($1)::TEXT"), &[(&LOCK, Type::INT8)])?;
    Ok(())
}

/// Brings a database up to what this rbgen needs: all of it, or nothing. Of several at the same time
/// one does the work and the others find it done.
pub fn migrate(session: &mut Session) -> Result<Migrated, Failure> {
    // Most often there is nothing to do, and nobody has to wait for that.
    let first = plan(session)?;
    if !first.in_the_way.is_empty() {
        return Ok(Migrated::Refused(first));
    }
    if !first.is_due() {
        return Ok(Migrated::Already(first));
    }
    match in_one_transaction(session) {
        // Readers that lock the tables in another order are a deadlock, which may be nobody's fault
        // twice in a row.
        Err(failure) if failure.code == code::DATABASE_BUSY => in_one_transaction(session),
        ended => ended,
    }
}

fn in_one_transaction(session: &mut Session) -> Result<Migrated, Failure> {
    let ended = session.transaction(Access::Write, |session| {
        hold(session, "pg_advisory_xact_lock")?;
        let look = look::look(session)?;
        let plan = decide::decide(&look);
        if !plan.in_the_way.is_empty() {
            return Err(Stopped::Ended(Migrated::Refused(plan)));
        }
        if !plan.is_due() {
            return Err(Stopped::Ended(Migrated::Already(plan)));
        }
        let remarks = carry_out(session, &look, &plan)?;
        Ok(Migrated::Done(Plan { remarks, ..plan }))
    });
    match ended {
        Ok(done) | Err(Stopped::Ended(done)) => Ok(done),
        Err(Stopped::Failed(failure)) => Err(failure),
    }
}

/// Fails where a database is not migrated, or by another rbgen: for those who are about to use it.
pub fn require_migrated(session: &mut Session) -> Result<(), Failure> {
    let not_migrated = |message: &str| {
        Err(Failure::new(code::NOT_MIGRATED, message).hint("run `rbgen migrate` first"))
    };
    let rows = session.query(
        "SELECT to_regclass('robbieblocks_migrations') IS NOT NULL",
        &[],
    )?;
    if !rows.first().is_some_and(|row| row.get(0)) {
        return not_migrated("the database does not have the tables of rbgen");
    }
    let rows = session.query("SELECT version FROM robbieblocks_migrations", &[])?;
    let applied: Vec<i32> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
    if applied.iter().any(|version| *version > newest()) {
        return Err(Failure::new(
            code::NOT_MIGRATED,
            "the tables of the database are those of a newer rbgen",
        )
        .hint("use that rbgen, or a newer one"));
    }
    if FILES.iter().any(|file| !applied.contains(&file.version)) {
        return not_migrated("the tables of the database are those of an older rbgen");
    }
    Ok(())
}

/// Why a transaction is not to be committed.
enum Stopped {
    Ended(Migrated),
    Failed(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Stopped {
        Stopped::Failed(failure)
    }
}

/// Applies the files that are due, looks whether nothing is left, and gives what is worth a word now.
fn carry_out(session: &mut Session, look: &Look, plan: &Plan) -> Result<Diagnostics, Failure> {
    // New tables go where the tables are, even if another schema comes first on the search path.
    session.query(
        "SELECT pg_catalog.set_config('search_path', pg_catalog.format('%I, %s', $1, \
         pg_catalog.current_setting('search_path')), true)",
        &[(&plan.schema, Type::TEXT)],
    )?;
    // All tables at once, before any work: who waits here for a reader holds nothing that others need.
    let tables: Vec<&str> = look.relations_to_alter().collect();
    if !tables.is_empty() {
        // Who comes after this queues behind it, so it does not wait long.
        session.run(&format!(
            "SET LOCAL lock_timeout = '3s'; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
            tables.join(", ")
        ))?;
    }
    for (file, planned) in FILES.iter().zip(&plan.files) {
        if !planned.due {
            continue;
        }
        session.run(file.text).map_err(|failure| Failure {
            message: format!("V{} `{}`: {}", file.version, file.name, failure.message),
            ..failure
        })?;
        session.execute(
            "UPDATE robbieblocks_migrations SET checksum = $2 WHERE version = $1",
            &[
                (&file.version, Type::INT4),
                (&checksum(file.text), Type::TEXT),
            ],
        )?;
    }
    let after = decide::decide(&look::look(session)?);
    let left = after
        .files
        .iter()
        .filter(|file| file.due)
        .flat_map(|file| &file.steps)
        .find(|step| step.action.is_work());
    match left {
        Some(step) => Err(Failure::new(
            code::QUERY_FAILED,
            format!(
                "the migration did not {} {}, and was undone",
                step.action.as_str(),
                step.what
            ),
        )),
        None => Ok(after.remarks),
    }
}

/// The tables of a migrated database, in the order in which they are made.
pub fn table_names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name)
}

/// The version of the newest file.
fn newest() -> i32 {
    FILES.last().map_or(0, |file| file.version)
}

/// What the database keeps of the text of a file.
fn checksum(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}
