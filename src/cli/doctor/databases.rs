//! What the doctor says of databases: whether they can be reached, how safely, and what is in them.

use super::{Finding, Health, finding, hinted};
use crate::db::inspect::{Inspection, OLDEST_SERVER, Rights, inspect, is_pooled};
use crate::db::migrate;
use crate::db::{
    Address, Failure, FailureKind, Protection, Session, Verified, address_of, listen_address_of,
};
use crate::diag::code;
use crate::model::{Config, DatabaseConfig};

const ABOUT: &str = "database";

/// Looks at each database of the configuration whose variable is set. Nothing of an address is said
/// but the host and the port.
pub(super) fn look(
    config: &Config,
    environment: &dyn Fn(&str) -> Option<String>,
    findings: &mut Vec<Finding>,
) {
    for (name, database) in &config.databases {
        let mut say = |health, message: &str, hint: &str| {
            findings.push(match hint {
                "" => finding(health, ABOUT, format!("{name}: {message}")),
                hint => hinted(health, ABOUT, format!("{name}: {message}"), hint),
            });
        };
        look_at(config, name, database, environment, &mut say);
    }
}

/// Takes what is to be said of a database: how it is, what is so, and what to do.
type Say<'a> = dyn FnMut(Health, &str, &str) + 'a;

fn look_at(
    config: &Config,
    name: &str,
    database: &DatabaseConfig,
    environment: &dyn Fn(&str) -> Option<String>,
    say: &mut Say<'_>,
) {
    let main = address_of(config, name, environment);
    let seen = match set(&database.url_env, main, say) {
        Some(address) => look_inside(&address, database.listen_url_env.is_some(), say),
        None => None,
    };
    let Some(variable) = &database.listen_url_env else {
        return;
    };
    let listening = listen_address_of(config, name, environment);
    if let Some(address) = set(variable, listening, say) {
        look_at_listening(&address, variable, seen.as_ref(), say);
    }
}

/// Says whether a variable is set and can be read.
fn set(variable: &str, address: Result<Address, Failure>, say: &mut Say<'_>) -> Option<Address> {
    match address {
        Ok(address) => {
            say(Health::Ok, &format!("{variable} is set"), "");
            Some(address)
        }
        Err(failure) if failure.code == code::NO_ADDRESS => {
            say(
                Health::Warn,
                &format!("{variable} is not set"),
                "set it to the address of the database where one is needed",
            );
            None
        }
        Err(failure) => {
            say_failure(&failure, say);
            None
        }
    }
}

fn say_failure(failure: &Failure, say: &mut Say<'_>) {
    let message = match failure.message.split_once(": ") {
        // The name of the database stands before every message already.
        Some((first, rest)) if first.starts_with("database ") => rest,
        _ => &failure.message,
    };
    let health = match failure.kind() == FailureKind::Unreachable {
        true => Health::Unreachable,
        false => Health::Fail,
    };
    say(health, message, failure.hint.as_deref().unwrap_or(""));
}

/// Connects and looks at everything; gives what was seen.
fn look_inside(
    address: &Address,
    listens_elsewhere: bool,
    say: &mut Say<'_>,
) -> Option<Inspection> {
    let looked = Session::open(address).and_then(|mut session| {
        say_protection(&session, say);
        let seen = inspect(&mut session)?;
        Ok((session, seen))
    });
    let (mut session, seen) = match looked {
        Ok(looked) => looked,
        Err(failure) => {
            say_failure(&failure, say);
            return None;
        }
    };
    say_server(&seen, say);
    say_tables(&seen, say);
    if let (true, Some(schema)) = (seen.schema_is_open, &seen.schema) {
        say(
            Health::Warn,
            &format!("others may create objects in the schema `{schema}`"),
            "`REVOKE CREATE ON SCHEMA … FROM PUBLIC`: functions of theirs can be run with your rights",
        );
    }
    // Who does not own the tables cannot change them, and is not told to.
    if seen.rights.own || !(seen.present.is_empty() || seen.missing.is_empty()) {
        say_migrations(&mut session, say);
    }
    say_rights(seen.rights, &seen, say);
    say_triggers(&seen, say);
    if !seen.policies.is_empty() {
        say(
            Health::Fail,
            &format!(
                "policies may hide rows from this user in {}",
                seen.policies.join(", ")
            ),
            "rbgen must see all rows: give the user BYPASSRLS, or switch row level security off",
        );
    }
    // Where a second connection is not to be had, nothing is known.
    let pooled = address.says_pooler() || is_pooled(&mut session).unwrap_or(false);
    if pooled && listens_elsewhere {
        say(Health::Ok, "a pooler answers", "");
    } else if pooled {
        say(
            Health::Warn,
            "a pooler answers, and LISTEN hears nothing through it",
            "name a variable with a direct address as `listen_url_env` in robbieblocks.toml",
        );
    }
    Some(seen)
}

fn say_protection(session: &Session, say: &mut Say<'_>) {
    let server = session.server();
    let local = session.is_local();
    let (health, how, hint) = match session.protection() {
        Protection::Socket => (Health::Ok, "by a socket".to_string(), ""),
        Protection::Plain if local => (Health::Ok, "without TLS, on this machine".into(), ""),
        Protection::Plain => (
            Health::Warn,
            "without TLS: anybody between can read and change everything".into(),
            "leave `sslmode` out of the address, or say `sslmode=verify-full`",
        ),
        Protection::Tls { version, verified } => match verified {
            Verified::Name => (Health::Ok, format!("by {version}, its name verified"), ""),
            Verified::Authority => (
                Health::Ok,
                format!("by {version}, its authority verified and its name not"),
                "",
            ),
            Verified::Nothing if local => (
                Health::Ok,
                format!("by {version}, not verified, on this machine"),
                "",
            ),
            Verified::Nothing => (
                Health::Warn,
                format!("by {version}, not verified: it could be anybody"),
                "say `sslmode=verify-full` in the address, with `sslrootcert=…` for an authority \
                 of your own",
            ),
        },
    };
    say(health, &format!("connected to {server} {how}"), hint);
}

fn say_server(seen: &Inspection, say: &mut Say<'_>) {
    let version = &seen.version;
    match seen.version_number >= OLDEST_SERVER {
        true => say(Health::Ok, &format!("PostgreSQL {version}"), ""),
        false => say(
            Health::Fail,
            &format!("PostgreSQL {version} is too old"),
            "rbgen needs PostgreSQL 13 or later",
        ),
    }
    if seen.only_reads {
        say(
            Health::Warn,
            "the server takes no writes",
            "pushes, deploys and migrations need the address of the primary server",
        );
    }
}

fn say_tables(seen: &Inspection, say: &mut Say<'_>) {
    let Some(schema) = &seen.schema else {
        say(
            Health::Fail,
            "no schema of the search path is there, or this user may use none",
            "`GRANT USAGE, CREATE ON SCHEMA … TO …`, or set `search_path` for the user",
        );
        return;
    };
    if seen.present.is_empty() {
        say(
            Health::Warn,
            &format!("no tables of rbgen in the schema `{schema}` or elsewhere on the search path"),
            "`rbgen migrate` makes them",
        );
        return;
    }
    let last = seen.migrations.as_ref().and_then(|list| list.last());
    let up_to = match last {
        Some(last) => format!(", migrated up to V{}", last.version),
        None => String::new(),
    };
    let gaps = seen
        .migrations
        .iter()
        .flat_map(|list| list.windows(2))
        .any(|pair| pair[1].version != pair[0].version + 1);
    match seen.missing.as_slice() {
        [] if !gaps => say(Health::Ok, &format!("all tables are there{up_to}"), ""),
        [] => say(
            Health::Warn,
            &format!("all tables are there{up_to}, but not every migration before that was noted"),
            "`rbgen migrate --status` tells which",
        ),
        missing => say(
            Health::Warn,
            &format!("tables are missing{up_to}: {}", missing.join(", ")),
            "`rbgen migrate` makes them, and keeps what is there",
        ),
    }
    if let Some(lineage) = &seen.lineage {
        say(Health::Ok, &format!("its lineage is {lineage}"), "");
    }
}

/// Whether the tables are those of this rbgen.
fn say_migrations(session: &mut Session, say: &mut Say<'_>) {
    let plan = match migrate::plan(session) {
        Ok(plan) => plan,
        Err(failure) => return say_failure(&failure, say),
    };
    if !plan.in_the_way.is_empty() {
        say(
            Health::Fail,
            "something is in the way of the tables that this rbgen needs",
            "`rbgen migrate --dry-run` names it",
        );
    } else if plan.is_due() {
        say(
            Health::Warn,
            "the tables are not quite those of this rbgen",
            "`rbgen migrate --dry-run` says what it would do, `rbgen migrate` does it",
        );
    } else if plan
        .remarks
        .iter()
        .any(|remark| remark.code == code::RULE_NOT_HELD)
    {
        say(
            Health::Warn,
            "rows break rules, which the database therefore does not enforce",
            "`rbgen migrate --dry-run` names them",
        );
    }
}

fn say_rights(rights: Rights, seen: &Inspection, say: &mut Say<'_>) {
    if seen.present.is_empty() {
        return;
    }
    let may: Vec<&str> = [
        (rights.read_content, "read content"),
        (rights.change_content, "change content"),
        (rights.write_deploys, "write deploys"),
        (rights.write_history, "write history"),
        (rights.own, "migrate"),
    ]
    .into_iter()
    .filter_map(|(may, what)| may.then_some(what))
    .collect();
    match rights.read_content {
        true => say(Health::Ok, &format!("this user may {}", may.join(", ")), ""),
        false => say(
            Health::Warn,
            "this user may not read all content",
            "`rbgen migrate --roles` prints the roles that each task needs",
        ),
    }
}

fn say_triggers(seen: &Inspection, say: &mut Say<'_>) {
    if seen.missing.is_empty() && seen.unseen.is_empty() {
        say(Health::Ok, "triggers see every change of content", "");
    }
    for unseen in &seen.unseen {
        let events = unseen.events.join(", ");
        let table = &unseen.table;
        match unseen.disabled.as_slice() {
            [] => say(
                Health::Warn,
                &format!("no trigger sees {events} on {table}, so that deploys nothing"),
                "`rbgen migrate` makes the triggers again",
            ),
            disabled => say(
                Health::Warn,
                &format!(
                    "{events} on {table} deploys nothing: disabled is {}",
                    disabled.join(", ")
                ),
                &format!("`ALTER TABLE {table} ENABLE ALWAYS TRIGGER …` enables it"),
            ),
        }
    }
}

/// Looks at the address for LISTEN: it must lead to the same database, and to no pooler.
fn look_at_listening(
    address: &Address,
    variable: &str,
    main: Option<&Inspection>,
    say: &mut Say<'_>,
) {
    let looked = Session::open(address).and_then(|mut session| {
        say_protection(&session, say);
        let seen = inspect(&mut session)?;
        let pooled = address.says_pooler() || is_pooled(&mut session).unwrap_or(false);
        Ok((seen, pooled))
    });
    let (seen, pooled) = match looked {
        Ok(looked) => looked,
        Err(failure) => return say_failure(&failure, say),
    };
    if pooled {
        say(
            Health::Warn,
            &format!("a pooler answers at {variable}, and LISTEN hears nothing through it"),
            "set it to the address of the server itself",
        );
    }
    if let (Some(one), Some(other)) = (main.and_then(|main| main.lineage.as_ref()), &seen.lineage)
        && one != other
    {
        say(
            Health::Fail,
            &format!("{variable} leads to another database: its lineage is {other}"),
            "both addresses must lead to one database",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::word;

    #[test]
    fn of_a_variable_only_the_name_is_said() {
        let text = "[site]\nname = \"x\"\n[database.main]\nurl_env = \"A_URL\"\nlisten_url_env = \"B_URL\"\n";
        let mut diagnostics = crate::diag::Diagnostics::new();
        let config = crate::format::read_config(&"x".into(), text, &mut diagnostics).expect("TOML");
        let mut findings = Vec::new();
        let environment = |name: &str| (name == "A_URL").then(|| "hunter2".to_string());
        look(&config, &environment, &mut findings);
        let said: Vec<String> = findings
            .iter()
            .map(|f| format!("{} {}", word(f.health), f.message))
            .collect();
        assert_eq!(
            said,
            [
                "fail main: the address does not begin with `postgres://` (in `A_URL`)",
                "warn main: B_URL is not set"
            ]
        );
    }
}
