//! What a database has: a look at its catalog, and by way of `rows` at its rows. It changes nothing.

mod rows;

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::types::Type;

use super::super::{Failure, Session};
use super::objects::{BROKEN_TRIGGERS, FUNCTIONS, INDEXES, Rule, VIEWS};
use super::tables::{CONTENT, TABLES};

/// A database as it was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// The schemas of the search path that there are.
    path: Vec<String>,
    /// Where new tables go: the schema of the tables that are there, or the first of the search path.
    pub schema: Option<String>,
    pub may_create: bool,
    /// How the database encodes texts.
    pub encoding: String,
    /// Who else may create something in it, where others could put a function that is meant for rbgen's.
    pub others_create: Vec<String>,
    pub user: String,
    /// What stands on the search path under a name that rbgen uses.
    pub relations: BTreeMap<String, Relation>,
    pub uniques: Vec<Unique>,
    pub triggers: Vec<Trigger>,
    pub functions: Vec<Function>,
    /// The constraints of the tables: table, name.
    pub constraints: BTreeSet<(String, String)>,
    /// The tables that have a primary key.
    pub primary_keys: BTreeSet<String>,
    /// The foreign keys of the tables: table, column, the table that it points to.
    pub references: BTreeSet<(String, String, String)>,
    /// The types in the schema that have the name of a table or a view, and are the rows of none: name,
    /// `pg_type.typtype`.
    pub types: Vec<(String, String)>,
    /// What has the name of an index: name, `pg_class.relkind`, the table if it is an index.
    pub index_names: Vec<(String, String, Option<String>)>,
    /// The unique indexes of the tables: table, name.
    pub indexes: BTreeSet<(String, String)>,
    /// The rules that are not there yet, with the rows that break them.
    pub open_rules: Vec<(Rule, Offenders)>,
    /// The keys that are not unique yet, with those that are there twice.
    pub open_keys: Vec<(&'static str, &'static [&'static str], Offenders)>,
    /// How many blocks have no key.
    pub nameless_blocks: i64,
    pub applied: Vec<Applied>,
}

/// A table, a view, or something else with columns.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    pub schema: String,
    /// As `pg_class.relkind`.
    pub kind: String,
    pub owned: bool,
    pub columns: BTreeMap<String, FoundColumn>,
}

/// A column that is there.
#[derive(Clone, Debug)]
pub(super) struct FoundColumn {
    pub kind: String,
    pub required: bool,
}

/// Columns that are unique together.
#[derive(Clone, Debug)]
pub(super) struct Unique {
    pub table: String,
    pub name: String,
    pub columns: Vec<String>,
    /// Whether it is checked row by row.
    pub immediate: bool,
    /// Whether a foreign key relies on it.
    pub referenced: bool,
}

/// A trigger on one of the tables.
#[derive(Clone, Debug)]
pub(super) struct Trigger {
    pub table: String,
    pub name: String,
    pub function: String,
    pub enabled: bool,
}

/// A function with a name that rbgen uses.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub name: String,
    pub arguments: String,
    pub result: String,
    pub owned: bool,
    /// Whether rbgen made it.
    pub ours: bool,
    pub of_superuser: bool,
}

/// Rows that break a rule: how many, and the first of them by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Offenders {
    pub count: i64,
    pub keys: Vec<String>,
}

/// A migration that the database says it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub version: i32,
    pub name: String,
    /// `None` where it was applied by hand.
    pub checksum: Option<String>,
    /// RFC 3339, UTC.
    pub at: String,
    pub by: String,
}

/// Looks. Meanwhile the search path has nothing where others could have put functions or operators.
pub(super) fn look(session: &mut Session) -> Result<Look, Failure> {
    let rows = session.query(
        "SELECT pg_catalog.current_setting('search_path'), pg_catalog.current_schemas(false)::TEXT[], \
                pg_catalog.current_setting('server_encoding')",
        &[],
    )?;
    let row = rows.first().ok_or_else(nothing_said)?;
    let (path, schemas): (String, Vec<String>) = (row.get(0), row.get(1));
    session.run("SET LOCAL search_path = pg_catalog, pg_temp")?;
    let mut look = look_along(session, schemas)?;
    look.encoding = row.try_get(2).unwrap_or_default();
    session.query(
        "SELECT set_config('search_path', $1, true)",
        &[(&path, Type::TEXT)],
    )?;
    Ok(look)
}

fn look_along(session: &mut Session, path: Vec<String>) -> Result<Look, Failure> {
    let mut look = Look {
        path,
        ..Look::default()
    };
    look_at_relations(session, &mut look)?;
    let (schema, may_create, user) = {
        let schema = schema_of_tables(&look).or_else(|| look.path.first().cloned());
        let rows = session.query(
            "SELECT $1, has_schema_privilege($1, 'CREATE'), current_user::TEXT",
            &[(&schema, Type::TEXT)],
        )?;
        let row = rows.first().ok_or_else(nothing_said)?;
        (row.get(0), row.get::<_, Option<bool>>(1), row.get(2))
    };
    look.schema = schema;
    look.may_create = may_create.unwrap_or(false);
    look.user = user;
    if let Some(schema) = &look.schema {
        look.others_create = others_create(session, schema)?;
    }
    look_at_keys_and_triggers(session, &mut look)?;
    look_at_names(session, &mut look)?;
    look_at_functions(session, &mut look)?;
    rows::look_at_rows(session, &mut look)?;
    Ok(look)
}

/// Who may create something in a schema, beside superusers and the owners of it and of the tables.
pub fn others_create(session: &mut Session, schema: &str) -> Result<Vec<String>, Failure> {
    let rows = session.query(
        "SELECT coalesce(pg_catalog.quote_ident(rolname::TEXT), 'PUBLIC')
         FROM pg_catalog.pg_namespace
         CROSS JOIN LATERAL pg_catalog.aclexplode(nspacl) AS granted
         LEFT JOIN pg_catalog.pg_roles ON pg_roles.oid = granted.grantee
         WHERE nspname = $1 AND granted.privilege_type = 'CREATE' AND granted.grantee <> nspowner
           AND (rolname IS NULL OR NOT (rolsuper OR rolname = 'rbgen_migrator'))
           AND NOT EXISTS (
               SELECT FROM (
                   SELECT relowner FROM pg_catalog.pg_class
                   WHERE relnamespace = pg_namespace.oid AND relname = 'robbieblocks_pages'
                   UNION ALL
                   SELECT pg_roles.oid FROM pg_catalog.pg_roles
                   WHERE rolname = current_user AND NOT EXISTS (
                       SELECT FROM pg_catalog.pg_class
                       WHERE relnamespace = pg_namespace.oid AND relname = 'robbieblocks_pages'
                   )
               ) AS owners (owner)
               WHERE granted.grantee <> 0 AND pg_catalog.pg_has_role(owner, granted.grantee, 'USAGE')
           )
         ORDER BY 1",
        &[(&schema, Type::TEXT)],
    )?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn nothing_said() -> Failure {
    Failure::new(
        crate::diag::code::QUERY_FAILED,
        "the database gave no row where there must be one",
    )
}

/// The schema that has the tables already.
fn schema_of_tables(look: &Look) -> Option<String> {
    CONTENT
        .iter()
        .map(|(table, _)| *table)
        .chain(TABLES.iter().map(|table| table.name))
        .find_map(|name| look.relations.get(name))
        .map(|relation| relation.schema.clone())
}

fn look_at_relations(session: &mut Session, look: &mut Look) -> Result<(), Failure> {
    let names: Vec<&str> = TABLES
        .iter()
        .map(|table| table.name)
        .chain(VIEWS.iter().map(|(name, _)| *name))
        .collect();
    // Temporary tables of a pooled connection are not on the list that current_schemas gives.
    let rows = session.query(
        "SELECT found.name, found.schema, found.kind, found.owned,
                attname::TEXT, format_type(atttypid, atttypmod), attnotnull
         FROM (
             SELECT DISTINCT ON (relname)
                 pg_class.oid, relname::TEXT AS name, nspname::TEXT AS schema, relkind::TEXT AS kind,
                 pg_has_role(relowner, 'USAGE') AS owned
             FROM unnest($2::TEXT[]) WITH ORDINALITY AS path (schema, position)
             JOIN pg_namespace ON nspname = path.schema
             JOIN pg_class ON relnamespace = pg_namespace.oid
             WHERE relname = ANY ($1) AND relkind <> 't'
             ORDER BY relname, position
         ) AS found
         LEFT JOIN pg_attribute ON attrelid = found.oid AND attnum > 0 AND NOT attisdropped",
        &[(&names, Type::TEXT_ARRAY), (&look.path, Type::TEXT_ARRAY)],
    )?;
    for row in rows {
        let relation = look
            .relations
            .entry(row.get(0))
            .or_insert_with(|| Relation {
                schema: row.get(1),
                kind: row.get(2),
                owned: row.get(3),
                columns: BTreeMap::new(),
            });
        if let Some(column) = row.get::<_, Option<String>>(4) {
            let found = FoundColumn {
                kind: row.get(5),
                required: row.get(6),
            };
            relation.columns.insert(column, found);
        }
    }
    Ok(())
}

/// The tables that are there: their names, and their schemas beside them.
fn tables_there(look: &Look) -> (Vec<String>, Vec<String>) {
    look.relations
        .iter()
        .filter(|(_, relation)| relation.kind == "r")
        .map(|(name, relation)| (name.clone(), relation.schema.clone()))
        .unzip()
}

/// The tables that are there as rows of `(oid, name)`.
const THERE: &str = "(
    SELECT pg_class.oid, relname::TEXT AS name
    FROM unnest($1::TEXT[], $2::TEXT[]) AS given (name, schema)
    JOIN pg_namespace ON nspname = given.schema
    JOIN pg_class ON relnamespace = pg_namespace.oid AND relname = given.name
) AS there";

fn look_at_keys_and_triggers(session: &mut Session, look: &mut Look) -> Result<(), Failure> {
    let (names, schemas) = tables_there(look);
    let given = [
        (
            &names as &(dyn tokio_postgres::types::ToSql + Sync),
            Type::TEXT_ARRAY,
        ),
        (&schemas, Type::TEXT_ARRAY),
    ];
    let rows = session.query(
        &format!(
            "SELECT there.name, index_class.relname::TEXT, indimmediate,
                    (
                        SELECT array_agg(attname::TEXT ORDER BY attname::TEXT)
                        FROM pg_attribute
                        WHERE attrelid = indrelid
                          AND attnum = ANY ((indkey::INT2[])[0:indnkeyatts - 1])
                    ),
                    EXISTS (
                        SELECT FROM pg_constraint WHERE contype = 'f' AND conindid = indexrelid
                    )
             FROM {THERE}
             JOIN pg_index ON indrelid = there.oid
             JOIN pg_class AS index_class ON index_class.oid = indexrelid
             WHERE indisunique AND indisvalid AND indpred IS NULL AND indexprs IS NULL"
        ),
        &given,
    )?;
    look.uniques = rows
        .iter()
        .map(|row| Unique {
            table: row.get(0),
            name: row.get(1),
            immediate: row.get(2),
            columns: row.get(3),
            referenced: row.get(4),
        })
        .collect();
    let rows = session.query(
        &format!(
            "SELECT there.name, tgname::TEXT, proname::TEXT, tgenabled::TEXT IN ('O', 'A')
             FROM {THERE}
             JOIN pg_trigger ON tgrelid = there.oid
             JOIN pg_proc ON pg_proc.oid = tgfoid
             WHERE NOT tgisinternal
             ORDER BY 1, 2"
        ),
        &given,
    )?;
    look.triggers = rows
        .iter()
        .map(|row| Trigger {
            table: row.get(0),
            name: row.get(1),
            function: row.get(2),
            enabled: row.get(3),
        })
        .collect();
    let rows = session.query(
        &format!(
            "SELECT there.name, conname::TEXT
             FROM {THERE}
             JOIN pg_constraint ON conrelid = there.oid"
        ),
        &given,
    )?;
    look.constraints = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let rows = session.query(
        &format!(
            "SELECT there.name, attname::TEXT, target.relname::TEXT
             FROM {THERE}
             JOIN pg_constraint ON conrelid = there.oid AND contype IN ('p', 'f')
             JOIN pg_attribute ON attrelid = there.oid AND attnum = ANY (conkey)
             LEFT JOIN pg_class AS target ON target.oid = confrelid"
        ),
        &given,
    )?;
    for row in &rows {
        match row.get::<_, Option<String>>(2) {
            None => {
                look.primary_keys.insert(row.get(0));
            }
            Some(target) => {
                look.references.insert((row.get(0), row.get(1), target));
            }
        }
    }
    let rows = session.query(
        &format!(
            "SELECT there.name, relname::TEXT
             FROM {THERE}
             JOIN pg_index ON indrelid = there.oid
             JOIN pg_class ON pg_class.oid = indexrelid
             WHERE indisvalid AND indisunique"
        ),
        &given,
    )?;
    look.indexes = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    Ok(())
}

/// What else could have the names that are needed.
fn look_at_names(session: &mut Session, look: &mut Look) -> Result<(), Failure> {
    let names: Vec<&str> = TABLES
        .iter()
        .map(|table| table.name)
        .chain(VIEWS.iter().map(|(name, _)| *name))
        .collect();
    let rows = session.query(
        "SELECT typname::TEXT, typtype::TEXT
         FROM pg_type
         JOIN pg_namespace ON pg_namespace.oid = typnamespace
         WHERE nspname = $1 AND typname = ANY ($2) AND typrelid = 0
         ORDER BY 1",
        &[(&look.schema, Type::TEXT), (&names, Type::TEXT_ARRAY)],
    )?;
    look.types = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let names: Vec<&str> = INDEXES.iter().map(|(_, _, name)| *name).collect();
    let rows = session.query(
        "SELECT named.relname::TEXT, named.relkind::TEXT, indexed.relname::TEXT
         FROM pg_class AS named
         JOIN pg_namespace ON pg_namespace.oid = named.relnamespace
         LEFT JOIN pg_index ON indexrelid = named.oid
         LEFT JOIN pg_class AS indexed ON indexed.oid = indrelid
         WHERE nspname = $1 AND named.relname = ANY ($2)
         ORDER BY 1",
        &[(&look.schema, Type::TEXT), (&names, Type::TEXT_ARRAY)],
    )?;
    look.index_names = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    Ok(())
}

fn look_at_functions(session: &mut Session, look: &mut Look) -> Result<(), Failure> {
    let names: Vec<&str> = FUNCTIONS
        .iter()
        .map(|function| function.name)
        .chain(BROKEN_TRIGGERS.iter().map(|(_, _, function)| *function))
        .collect();
    let rows = session.query(
        "SELECT DISTINCT ON (proname, proargtypes)
                proname::TEXT, oidvectortypes(proargtypes),
                coalesce(pg_get_function_result(pg_proc.oid), 'nothing'),
                pg_has_role(proowner, 'USAGE'),
                coalesce(obj_description(pg_proc.oid, 'pg_proc') LIKE 'rbgen: %', false),
                EXISTS (SELECT FROM pg_roles WHERE pg_roles.oid = proowner AND rolsuper)
         FROM unnest($2::TEXT[]) WITH ORDINALITY AS path (schema, position)
         JOIN pg_namespace ON nspname = path.schema
         JOIN pg_proc ON pronamespace = pg_namespace.oid
         WHERE proname = ANY ($1)
         ORDER BY proname, proargtypes, position",
        &[(&names, Type::TEXT_ARRAY), (&look.path, Type::TEXT_ARRAY)],
    )?;
    look.functions = rows
        .iter()
        .map(|row| Function {
            name: row.get(0),
            arguments: row.get(1),
            result: row.get(2),
            owned: row.get(3),
            ours: row.get(4),
            of_superuser: row.get(5),
        })
        .collect();
    Ok(())
}

impl Look {
    /// The tables that are there and may be altered, in an order that is always the same.
    pub fn relations_to_alter(&self) -> impl Iterator<Item = &'static str> {
        TABLES
            .iter()
            .map(|table| table.name)
            .filter(|name| self.relations.contains_key(*name))
    }

    /// Whether columns, given sorted, are unique in a table.
    pub fn is_unique(&self, table: &str, columns: &[&str]) -> bool {
        self.uniques
            .iter()
            .any(|unique| unique.table == table && unique.columns == columns)
    }
}
