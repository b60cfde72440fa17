//! What keeps a database from being migrated, each thing by name, and what is only worth a word. Pure.

use super::look::{Look, Offenders};
use super::objects::{BLOCK_ORDER, FUNCTIONS, INDEXES, REFERENCES, VIEWS, own_triggers};
use super::tables::{FILES, TABLES};
use super::{checksum, newest};
use crate::diag::{Diagnostic, Diagnostics, Place, code};

/// What must be out of the way before anything is changed; `to_do` says whether anything would be.
pub(super) fn in_the_way(look: &Look, to_do: bool) -> Diagnostics {
    let mut found = Diagnostics::new();
    if let Some(newer) = look.applied.iter().find(|one| one.version > newest()) {
        found.push(
            Diagnostic::general(
                code::NOT_MIGRATED,
                format!(
                    "the database was migrated by a newer rbgen: it has V{} `{}`, and this rbgen knows \
                     none after V{}",
                    newer.version,
                    newer.name,
                    newest()
                ),
            )
            .hint("use that rbgen, or a newer one"),
        );
    }
    if look.encoding != "UTF8" {
        let message = format!(
            "the database encodes texts as {}, which has no place for most characters",
            look.encoding
        );
        found.push(
            Diagnostic::general(code::IN_THE_WAY, message)
                .hint("make a database with the encoding UTF8, and bring the tables into it"),
        );
    }
    schemas(look, &mut found);
    relations(look, &mut found);
    names(look, &mut found);
    functions_and_triggers(look, &mut found);
    for (table, columns, offenders) in &look.open_keys {
        if offenders.count > 0 {
            found.push(duplicates(table, columns, offenders));
        }
    }
    if to_do {
        rights(look, &mut found);
    }
    found
}

/// What is not as it should be and keeps nobody from going on.
pub(super) fn remarks(look: &Look) -> Diagnostics {
    let mut found = Diagnostics::new();
    if let Some(schema) = &look.schema
        && !look.others_create.is_empty()
    {
        let message = format!("others may create objects in the schema `{schema}`");
        let mut quoted = schema.clone();
        if !quoted
            .chars()
            .all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_'))
        {
            quoted = format!("\"{}\"", quoted.replace('"', "\"\""));
        }
        found.push(
            Diagnostic {
                severity: crate::diag::Severity::Warning,
                ..Diagnostic::general(code::IN_THE_WAY, message)
            }
            .hint(format!(
                "functions of theirs can be run with your rights: `REVOKE CREATE ON SCHEMA {quoted} FROM {}`",
                look.others_create.join(", ")
            )),
        );
    }
    missing_keys(look, &mut found);
    for (rule, offenders) in &look.open_rules {
        if offenders.count > 0 {
            let (rows, break_) = rows_break(offenders);
            let message = format!(
                "{rows} of `{}` {break_} the rule `{}`: {}",
                rule.table,
                rule.name,
                listed(offenders)
            );
            found.push(
                Diagnostic::warning(code::RULE_NOT_HELD, Place::whole(rule.table), message)
                    .hint("mend them, and `rbgen migrate` adds the rule"),
            );
        }
    }
    for table in &TABLES {
        let Some(relation) = look.relations.get(table.name) else {
            continue;
        };
        for column in table.columns() {
            let room = relation
                .columns
                .get(column.name)
                .and_then(|there| column.kind.narrower(&there.kind));
            if let Some(room) = room {
                let message = format!(
                    "`{}.{}` has room for {room} characters only, fewer than usual",
                    table.name, column.name
                );
                found.push(
                    Diagnostic::warning(code::IN_THE_WAY, Place::whole(table.name), message)
                        .hint("the database will refuse longer values; `ALTER TABLE … TYPE text` makes room"),
                );
            }
        }
    }
    for applied in &look.applied {
        let Some(file) = FILES.iter().find(|file| file.version == applied.version) else {
            continue;
        };
        if applied
            .checksum
            .as_ref()
            .is_some_and(|known| *known != checksum(file.text))
        {
            found.push(
                Diagnostic {
                    severity: crate::diag::Severity::Warning,
                    ..Diagnostic::general(
                        code::NOT_MIGRATED,
                        format!(
                            "V{} `{}` was applied with another text than this rbgen has",
                            file.version, file.name
                        ),
                    )
                }
                .hint("another build of rbgen has migrated this database; what it has was looked at all the same"),
            );
        }
    }
    for (_, table, name, _) in own_triggers() {
        let off = look
            .triggers
            .iter()
            .any(|trigger| trigger.table == table && trigger.name == name && !trigger.enabled);
        if off {
            found.push(Diagnostic::warning(
                code::TRIGGERS_OFF,
                Place::whole(table),
                format!("the trigger `{name}` of `{table}` is disabled"),
            ));
        }
    }
    found
}

fn blocked(place: &str, message: String) -> Diagnostic {
    Diagnostic::error(code::IN_THE_WAY, Place::whole(place), message)
}

fn schemas(look: &Look, found: &mut Diagnostics) {
    let Some(schema) = &look.schema else {
        found.push(
            Diagnostic::general(
                code::IN_THE_WAY,
                "the search path of the user has no schema that exists",
            )
            .hint("`ALTER ROLE … SET search_path = …` sets it, or `options=-csearch_path=…` in the address"),
        );
        return;
    };
    for (name, relation) in &look.relations {
        if relation.schema != *schema {
            found.push(
                blocked(
                    name,
                    format!(
                        "`{name}` is in the schema `{}`, and the other tables are in `{schema}`",
                        relation.schema
                    ),
                )
                .hint("move it with `ALTER TABLE … SET SCHEMA …`, or take its schema off the search path"),
            );
        }
    }
}

fn relations(look: &Look, found: &mut Diagnostics) {
    for table in &TABLES {
        let Some(relation) = look.relations.get(table.name) else {
            continue;
        };
        if relation.kind != "r" {
            let message = format!("`{}` is {} and no table", table.name, kind(&relation.kind));
            found.push(blocked(table.name, message));
            continue;
        }
        for column in table.columns() {
            match relation.columns.get(column.name) {
                None if column.added_by.is_none() => found.push(blocked(
                    table.name,
                    format!("the table `{}` has no column `{}`", table.name, column.name),
                )),
                Some(there) if !column.kind.allows(&there.kind) => found.push(blocked(
                    table.name,
                    format!(
                        "`{}.{}` is of the type {}, and {} is needed",
                        table.name,
                        column.name,
                        there.kind,
                        column.kind.wanted()
                    ),
                )),
                _ => {}
            }
        }
    }
    for (view, columns) in VIEWS {
        let Some(relation) = look.relations.get(view) else {
            continue;
        };
        if relation.kind != "v" {
            let message = format!("`{view}` is {} and no view", kind(&relation.kind));
            found.push(blocked(view, message));
            continue;
        }
        for column in columns {
            if !relation.columns.contains_key(*column) {
                let message = format!("the view `{view}` has no column `{column}`");
                found.push(blocked(view, message));
            }
        }
    }
}

/// Names that something else has, which no table of rbgen's is.
fn names(look: &Look, found: &mut Diagnostics) {
    for (name, typtype) in &look.types {
        let what = match typtype.as_str() {
            "d" => "a domain",
            "e" => "an enumerated type",
            "r" | "m" => "a range type",
            _ => "a type",
        };
        found.push(blocked(
            name,
            format!("`{name}` is {what}, so no table can have that name"),
        ));
    }
    for (name, relkind, of) in &look.index_names {
        let Some((_, table, _)) = INDEXES.iter().find(|wanted| wanted.2 == name) else {
            continue;
        };
        if look.indexes.contains(&(table.to_string(), name.clone())) {
            continue;
        }
        let what = match of {
            Some(of) if of == table => {
                format!("an index of `{table}` that is not unique or not valid")
            }
            Some(of) => format!("an index of `{of}`"),
            None => kind(relkind).to_string(),
        };
        found.push(blocked(
            table,
            format!("`{name}` is {what}, and rbgen's index of `{table}` needs that name"),
        ));
    }
}

/// Keys that a table which is there does without, as nobody adds them to it.
fn missing_keys(look: &Look, found: &mut Diagnostics) {
    let there = |name: &str| {
        look.relations
            .get(name)
            .is_some_and(|found| found.kind == "r")
    };
    let mut say = |table: &str, message: String, hint: String| {
        found.push(Diagnostic::warning(code::IN_THE_WAY, Place::whole(table), message).hint(hint));
    };
    for table in TABLES.iter().filter(|table| there(table.name)) {
        if !look.primary_keys.contains(table.name) {
            let name = table.name;
            say(
                name,
                format!("the table `{name}` has no primary key"),
                format!("`ALTER TABLE {name} ADD PRIMARY KEY …` adds one"),
            );
        }
    }
    for (table, column, target) in REFERENCES {
        let key = (table.to_string(), column.to_string(), target.to_string());
        if there(table) && there(target) && !look.references.contains(&key) {
            say(
                table,
                format!("no foreign key keeps `{table}.{column}` to rows of `{target}`"),
                format!(
                    "`ALTER TABLE {table} ADD FOREIGN KEY ({column}) REFERENCES {target}` adds one"
                ),
            );
        }
    }
}

fn kind(relkind: &str) -> &'static str {
    match relkind {
        "v" => "a view",
        "m" => "a materialized view",
        "f" => "a foreign table",
        "p" => "a partitioned table",
        "S" => "a sequence",
        "c" => "a type",
        "r" => "a table",
        "i" | "I" => "an index",
        _ => "something else",
    }
}

fn functions_and_triggers(look: &Look, found: &mut Diagnostics) {
    for wanted in &FUNCTIONS {
        for there in look
            .functions
            .iter()
            .filter(|there| there.name == wanted.name && there.arguments == wanted.arguments)
        {
            if !wanted.results.contains(&there.result.as_str()) {
                found.push(blocked(
                    wanted.name,
                    format!(
                        "the function `{}({})` that is there gives {}, and not {}",
                        wanted.name, wanted.arguments, there.result, wanted.results[0]
                    ),
                ));
            }
        }
    }
    for (_, table, name, function) in own_triggers() {
        for there in look
            .triggers
            .iter()
            .filter(|there| there.table == table && there.name == name)
        {
            if there.function != function {
                found.push(blocked(
                    table,
                    format!(
                        "the trigger `{name}` of `{table}` calls `{}`, and is none of rbgen's",
                        there.function
                    ),
                ));
            }
        }
    }
}

fn rights(look: &Look, found: &mut Diagnostics) {
    let owner =
        "run `rbgen migrate` as the owner, or hand the tables over with `ALTER TABLE … OWNER TO …`";
    for table in &TABLES {
        if look
            .relations
            .get(table.name)
            .is_some_and(|relation| !relation.owned)
        {
            let message = format!(
                "the table `{}` belongs to somebody else than `{}`, who may not alter it",
                table.name, look.user
            );
            found.push(blocked(table.name, message).hint(owner));
        }
    }
    for wanted in &FUNCTIONS {
        if look.functions.iter().any(|there| {
            there.name == wanted.name
                && there.arguments == wanted.arguments
                // An administrator's may stay where it does the same.
                && !(there.owned || wanted.shared && there.of_superuser)
        }) {
            let message = format!(
                "the function `{}` belongs to somebody else than `{}`",
                wanted.name, look.user
            );
            found.push(blocked(wanted.name, message).hint(owner));
        }
    }
    if let Some(schema) = &look.schema
        && !look.may_create
    {
        let message = format!(
            "`{}` may create nothing in the schema `{schema}`",
            look.user
        );
        found.push(
            Diagnostic::general(code::IN_THE_WAY, message)
                .hint("`GRANT CREATE ON SCHEMA … TO …` lets it, or another schema comes first on the search path"),
        );
    }
}

fn duplicates(table: &str, columns: &[&str], offenders: &Offenders) -> Diagnostic {
    let what = match (table, columns) == BLOCK_ORDER {
        true => "places on a page that more than one block has".to_string(),
        false => format!(
            "values of `{}` that more than one row has",
            columns.join(", ")
        ),
    };
    let message = format!(
        "`{table}` has {} {what}: {}",
        offenders.count,
        listed(offenders)
    );
    Diagnostic::error(code::RULE_NOT_HELD, Place::whole(table), message)
        .hint("nothing was changed: decide which of the rows is the right one, then try again")
}

/// How many rows, and what they do: `1 row`, `breaks`.
pub(super) fn rows_break(offenders: &Offenders) -> (String, &'static str) {
    match offenders.count {
        1 => ("1 row".into(), "breaks"),
        count => (format!("{count} rows"), "break"),
    }
}

/// The names of the first rows, and how many more there are.
pub(super) fn listed(offenders: &Offenders) -> String {
    let names: Vec<String> = offenders
        .keys
        .iter()
        .map(|key| format!("`{}`", key.escape_debug()))
        .collect();
    let more = offenders.count - i64::try_from(names.len()).unwrap_or(i64::MAX);
    match more {
        1.. => format!("{} and {more} more", names.join(", ")),
        _ => names.join(", "),
    }
}
