//! Whether the tables of content can be read and written at all: that they are tables, those of one
//! schema, with columns of the right types. Otherwise a row would be taken for less than it is.

use std::collections::BTreeSet;

use super::failure::MIGRATE;
use super::migrate::misfit;
use super::{Failure, Session};
use crate::diag::code;
use crate::format::{BLOCKS_TABLE, COMPONENTS_TABLE, NODES_TABLE, PAGES_TABLE, TOKENS_TABLE};

/// The tables of content, in the order in which they are locked.
pub const CONTENT_TABLES: [&str; 5] = [
    PAGES_TABLE,
    COMPONENTS_TABLE,
    BLOCKS_TABLE,
    TOKENS_TABLE,
    NODES_TABLE,
];

/// Fails where something else is in the place of a table or a column of content.
pub fn check_tables(session: &mut Session) -> Result<(), Failure> {
    let names = CONTENT_TABLES.map(|table| format!("'{table}'")).join(", ");
    let rows = session.query(
        &format!(
            "SELECT wanted.name, class.relkind::text, class.relpersistence::text, \
                    namespace.nspname::text \
             FROM unnest(ARRAY[{names}]) AS wanted (name) \
             LEFT JOIN pg_catalog.pg_class AS class ON class.oid = to_regclass(wanted.name) \
             LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace"
        ),
        &[],
    )?;
    let mut schemas: BTreeSet<String> = BTreeSet::new();
    for row in rows {
        let (name, kind): (String, Option<String>) = (row.get(0), row.get(1));
        let (persistence, schema): (Option<String>, Option<String>) = (row.get(2), row.get(3));
        let what = match kind.as_deref() {
            None => {
                let message = format!("the tables of rbgen are not there: `{name}` is missing");
                return Err(session.blame(Failure::new(code::NOT_MIGRATED, message).hint(MIGRATE)));
            }
            Some("r" | "p") if persistence.as_deref() == Some("t") => "a temporary table",
            Some("r" | "p") => {
                schemas.extend(schema);
                continue;
            }
            Some("v") => "a view",
            Some("m") => "a materialized view",
            Some("f") => "a foreign table",
            Some(_) => "no table",
        };
        let message = format!("`{name}` is {what}, and must be a table of its own");
        return Err(in_the_way(session, message));
    }
    if schemas.len() > 1 {
        let schemas: Vec<&str> = schemas.iter().map(String::as_str).collect();
        let message = format!(
            "the tables are spread over the schemas `{}`, so some of them are not those that are meant",
            schemas.join("` and `")
        );
        return Err(in_the_way(session, message));
    }
    let rows = session.query(
        &format!(
            "SELECT class.relname::text, attribute.attname::text, \
                    format_type(attribute.atttypid, attribute.atttypmod) \
             FROM pg_catalog.pg_attribute AS attribute \
             JOIN pg_catalog.pg_class AS class ON class.oid = attribute.attrelid \
             WHERE class.oid IN (SELECT to_regclass(name) FROM unnest(ARRAY[{names}]) AS name) \
               AND attribute.attnum > 0 AND NOT attribute.attisdropped"
        ),
        &[],
    )?;
    for row in rows {
        let (table, column, found): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        if let Some(wanted) = misfit(&table, &column, &found) {
            let message = format!(
                "the column `{table}.{column}` has the type `{found}`, and must be {wanted}"
            );
            return Err(in_the_way(session, message));
        }
    }
    Ok(())
}

fn in_the_way(session: &Session, message: String) -> Failure {
    let failure = Failure::new(code::IN_THE_WAY, message);
    session.blame(failure.hint("`rbgen migrate --dry-run` says everything that is in the way"))
}
