//! The rows that a migration asks: those of its own bookkeeping, and those that could break a rule.

use super::super::super::{Failure, Session};
use super::super::objects::{BLOCK_ORDER, Rule, UNIQUE, rules};
use super::super::tables::{CONTENT, TABLES};
use super::{Applied, Look, Offenders, nothing_said};

/// How many keys of rows that break a rule are told.
const MOST_KEYS: i64 = 10;

/// Looks at the rows of the tables that are there.
pub(super) fn look_at_rows(session: &mut Session, look: &mut Look) -> Result<(), Failure> {
    let columns = ["version", "name", "checksum", "applied_at", "applied_by"];
    if has_columns(look, "robbieblocks_migrations", &columns) {
        let table = qualified(look, "robbieblocks_migrations");
        let rows = session.query(
            &format!(
                "SELECT version, name, checksum,
                        to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
                        applied_by
                 FROM {table} ORDER BY version"
            ),
            &[],
        )?;
        look.applied = rows
            .iter()
            // Columns of other types are told with the tables: here they only must not stop the look.
            .map(|row| Applied {
                version: row.try_get(0).unwrap_or_default(),
                name: row.try_get(1).unwrap_or_default(),
                checksum: row.try_get(2).unwrap_or_default(),
                at: row.try_get(3).unwrap_or_default(),
                by: row.try_get(4).unwrap_or_default(),
            })
            .collect();
    }
    for (table, columns) in UNIQUE {
        if look.is_unique(table, columns) || !has_columns(look, table, columns) {
            continue;
        }
        let list = columns.join(", ");
        let shown = match (table, columns) == BLOCK_ORDER {
            true => "format('block %s of page %s', block_order, page_id)".to_string(),
            false => format!("concat_ws('/', {list})"),
        };
        let some = columns
            .iter()
            .map(|column| format!("{column} IS NOT NULL"))
            .collect::<Vec<_>>()
            .join(" AND ");
        let twice = format!(
            "SELECT {shown} FROM {} WHERE {some} GROUP BY {list} HAVING count(*) > 1",
            qualified(look, table)
        );
        let offenders = offenders(session, &twice)?;
        look.open_keys.push((table, columns, offenders));
    }
    for rule in rules() {
        let there = look
            .constraints
            .contains(&(rule.table.to_string(), rule.name.to_string()));
        if there || !rule_can_be_asked(look, &rule) {
            continue;
        }
        let key = CONTENT
            .iter()
            .find(|(table, _)| *table == rule.table)
            .map_or("id", |(_, key)| key);
        let broken = format!(
            "SELECT {key} FROM {} WHERE NOT ({})",
            qualified(look, rule.table),
            rule.condition
        );
        let offenders = offenders(session, &broken)?;
        look.open_rules.push((rule, offenders));
    }
    if has_columns(look, "robbieblocks_page_blocks", &[]) {
        let nameless = match has_columns(look, "robbieblocks_page_blocks", &["block_key"]) {
            true => "WHERE block_key IS NULL",
            false => "",
        };
        let table = qualified(look, "robbieblocks_page_blocks");
        let rows = session.query(&format!("SELECT count(*) FROM {table} {nameless}"), &[])?;
        look.nameless_blocks = rows.first().ok_or_else(nothing_said)?.get(0);
    }
    Ok(())
}

/// How many rows a query gives, and the first of them.
fn offenders(session: &mut Session, query: &str) -> Result<Offenders, Failure> {
    let rows = session.query(
        &format!(
            "SELECT key::TEXT, count(*) OVER () FROM ({query}) AS offender (key)
             ORDER BY key LIMIT {MOST_KEYS}"
        ),
        &[],
    )?;
    Ok(Offenders {
        count: rows.first().map_or(0, |row| row.get(1)),
        keys: rows
            .iter()
            .map(|row| row.get::<_, Option<String>>(0).unwrap_or_default())
            .collect(),
    })
}

/// Whether a table is there with these columns.
fn has_columns(look: &Look, table: &str, columns: &[&str]) -> bool {
    look.relations.get(table).is_some_and(|relation| {
        relation.kind == "r"
            && columns
                .iter()
                .all(|column| relation.columns.contains_key(*column))
    })
}

/// Whether the column that a rule is about is there, and of a type that it can be asked of.
fn rule_can_be_asked(look: &Look, rule: &Rule) -> bool {
    let Some(table) = TABLES.iter().find(|table| table.name == rule.table) else {
        return false;
    };
    has_columns(look, rule.table, &[])
        && table
            .columns()
            .filter(|column| rule.condition.contains(column.name))
            .all(|column| {
                look.relations[rule.table]
                    .columns
                    .get(column.name)
                    .is_some_and(|found| column.kind.allows(&found.kind))
            })
}

fn qualified(look: &Look, table: &str) -> String {
    let schema = look
        .relations
        .get(table)
        .map_or_else(String::new, |relation| relation.schema.clone());
    format!("\"{}\".{table}", schema.replace('"', "\"\""))
}
