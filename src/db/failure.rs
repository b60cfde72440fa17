//! What can go wrong with a database, in words that hold no secret.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use super::Address;
use super::address::Server;
use crate::diag::{Code, Diagnostic, code};

/// Whose fault a failure is; the exit status goes by it (design §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Something was not set up, or is not allowed.
    Configuration,
    /// What is in the database is not what was looked for.
    Conflict,
    /// The database cannot be reached, or somebody else keeps it from answering.
    Unreachable,
}

/// Why the database did not do what it was asked to. No part of an address is in it, and of what a
/// server says only its message: its details may quote the values of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: Code,
    pub message: String,
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure {
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// With what to do about it.
    pub fn hint(self, hint: impl Into<String>) -> Failure {
        Failure {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// Whose fault it is.
    pub fn kind(&self) -> FailureKind {
        match self.code {
            code::UNKNOWN_DATABASE
            | code::NO_ADDRESS
            | code::BAD_ADDRESS
            | code::NOT_MIGRATED
            | code::NOT_ALLOWED
            | code::GIT_FAILED
            | code::NOT_SYNCED => FailureKind::Configuration,
            code::IN_THE_WAY
            | code::NO_CONTENT
            | code::OTHER_DATABASE
            | code::REWOUND
            | code::MANY_DELETIONS
            | code::EMPTIED
            | code::OUT_OF_DATE
            | code::MISSING_COMMIT
            | code::HISTORY_ALTERED
            | code::NOT_IN_FILES
            | code::UNFINISHED_MERGE
            | code::LOCAL_CHANGES => FailureKind::Conflict,
            _ => FailureKind::Unreachable,
        }
    }

    /// The same as a diagnostic without a place.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::general(self.code, self.message.clone()).hint_if(self.hint.clone())
    }
}

/// What a failed statement, or a connection that broke, means.
impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Failure {
        let Some(server) = error.as_db_error() else {
            let why = match error.source() {
                Some(source) => source.to_string(),
                None => error.to_string(),
            };
            return Failure::new(
                code::CONNECTION_LOST,
                match error.is_closed() && error.source().is_none() {
                    true => "the connection broke".to_string(),
                    false => format!("the connection broke: {why}"),
                },
            );
        };
        let said = server.message();
        match server.code().code() {
            "55P03" => Failure::new(
                code::DATABASE_BUSY,
                "somebody else has locked the tables of the database",
            )
            .hint("wait for the other program to end, and try again"),
            "40P01" | "40001" => Failure::new(
                code::DATABASE_BUSY,
                "somebody else changed the same rows of the database at the same time",
            )
            .hint("try again"),
            "42501" => not_allowed(said),
            "42P01" | "42703" => Failure::new(
                code::NOT_MIGRATED,
                format!("the tables are not those of this rbgen: {said}"),
            )
            .hint(MIGRATE),
            "25006" => Failure::new(
                code::NOT_ALLOWED,
                "the server only reads: it is a standby, or its transactions are read-only",
            )
            .hint("use the address of the primary server"),
            "57014" => Failure::new(
                code::QUERY_FAILED,
                "the server ended a statement that took too long, or that somebody cancelled",
            )
            .hint("look what keeps the server busy, and try again"),
            "25P03" | "57P05" => Failure::new(
                code::CONNECTION_LOST,
                "the server ended the connection because rbgen was silent for too long",
            ),
            "57P01" | "57P02" | "57P03" => Failure::new(
                code::CONNECTION_LOST,
                format!("the server ended the connection: {said}"),
            )
            .hint("it is shutting down or starting; try again when it is there"),
            state if state.starts_with("08") => Failure::new(
                code::CONNECTION_LOST,
                format!("the server ended the connection: {said}"),
            ),
            _ => Failure::new(code::QUERY_FAILED, said),
        }
    }
}

/// What to do about tables that are not those of this rbgen.
pub(super) const MIGRATE: &str =
    "`rbgen migrate` makes the tables, and adopts those of an earlier design";

fn not_allowed(said: &str) -> Failure {
    let failure = Failure::new(code::NOT_ALLOWED, said);
    match said.contains("row-level security") {
        true => failure.hint(
            "a policy hides rows from this user, and rbgen must see all: give it BYPASSRLS, or a \
             policy that lets it see everything",
        ),
        false => failure.hint(
            "as the owner of the tables: `GRANT rbgen_sync TO …` lets it sync, `rbgen_editor` change \
             content, `rbgen_builder` build; `rbgen migrate --roles` prints what makes these roles",
        ),
    }
}

/// `1 second`, `0.5 seconds`
pub(super) fn in_words(time: Duration) -> String {
    match time.as_secs_f64() {
        1.0 => "1 second".to_string(),
        seconds => format!("{seconds} seconds"),
    }
}

/// The host of an address has no number.
pub(super) fn unknown_host(server: &Server) -> Failure {
    Failure::new(
        code::UNREACHABLE,
        format!("the host of {} is not known", server.shown()),
    )
    .hint("look at the spelling of the host, and whether this machine is online")
}

/// The stream to a server was not to be had, or broke before the login.
pub(super) fn of_dialling(error: &io::Error, server: &Server) -> Failure {
    let shown = server.shown();
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            Failure::new(code::UNREACHABLE, format!("nothing listens at {shown}"))
                .hint("look at the port, and whether the server runs")
        }
        io::ErrorKind::NotFound => {
            Failure::new(code::UNREACHABLE, format!("there is no socket {shown}"))
                .hint("look at the folder and the port, and whether the server runs")
        }
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::BrokenPipe => closed_at_once(server),
        _ => Failure::new(
            code::UNREACHABLE,
            format!("{shown} cannot be reached: {error}"),
        ),
    }
}

/// The other side hung up before the login was done.
pub(super) fn closed_at_once(server: &Server) -> Failure {
    Failure::new(
        code::UNREACHABLE,
        format!("{} closed the connection at once", server.shown()),
    )
    .hint("the server is starting, stopping or full, or a proxy before it has no server")
}

/// Something else answered.
pub(super) fn no_postgres(server: &Server) -> Failure {
    Failure::new(
        code::UNREACHABLE,
        format!("what answers at {} is no Postgres server", server.shown()),
    )
    .hint("look at the port: Postgres has 5432 where nothing else was chosen")
}

/// `target_session_attrs` asks for the other kind of server.
pub(super) fn not_wanted(is_read_only: bool, server: &Server) -> Failure {
    let shown = server.shown();
    Failure::new(
        code::UNREACHABLE,
        match is_read_only {
            true => format!("{shown} only reads, and the address asks for a server that writes"),
            false => format!("{shown} writes, and the address asks for one that only reads"),
        },
    )
    .hint("`target_session_attrs` in the address asks for it")
}

/// Why a login failed. A server quotes users and settings in its messages, so none of them is
/// handed on: the words are rbgen's.
pub(super) fn of_login(
    error: &tokio_postgres::Error,
    address: &Address,
    server: &Server,
) -> Failure {
    let shown = server.shown();
    let Some(said) = error.as_db_error() else {
        // The crate has kinds of errors, and tells them apart by their words alone.
        let kind = error.to_string();
        if kind.starts_with("invalid configuration") {
            return refused(format!(
                "{shown} asks for a password, and the address has none"
            ))
            .hint("write it as `postgres://user:password@…`");
        }
        if kind.starts_with("authentication error") {
            let binds = error
                .source()
                .is_some_and(|source| source.to_string().contains("channel binding"));
            return match binds {
                true => refused(format!(
                    "{shown} did not bind the login to the encrypted channel"
                ))
                .hint("`channel_binding=require` in the address asks for it, and needs TLS"),
                false => refused(format!(
                    "{shown} asks for a login of a kind that rbgen does not have"
                ))
                .hint("rbgen has passwords (scram-sha-256, md5, password) and client certificates"),
            };
        }
        let source = error
            .source()
            .and_then(|source| source.downcast_ref::<io::Error>());
        return match source {
            // Bytes that make no message are left over when the other side hangs up.
            Some(source) if source.kind() == io::ErrorKind::Other => no_postgres(server),
            Some(source)
                if matches!(
                    source.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
                ) =>
            {
                no_postgres(server)
            }
            Some(source) => of_dialling(source, server),
            None if error.is_closed() => closed_at_once(server),
            None => no_postgres(server),
        };
    };
    let words = said.message();
    let state = said.code().code();
    match state {
        "28P01" => refused(format!("{shown} refuses the user or the password of the address"))
            .hint("look at both; special characters are written with percent signs"),
        "28000" if words.contains("pg_hba.conf") => refused(format!(
            "{shown} has no rule in its pg_hba.conf that lets this client in{}",
            match words.contains("no encryption") || words.contains("SSL off") {
                true => " without encryption",
                false => "",
            }
        ))
        .hint("add a rule for this machine, user and database at the server, or use TLS if it wants that"),
        "28000" => refused(format!("{shown} does not let the user of the address log in"))
            .hint("the role may not exist, may have no LOGIN, or may need a client certificate"),
        "3D000" => unknown_database(address, &shown),
        "53300" => refused(format!("{shown} has too many connections"))
            .hint("end some of them, raise the limit, or put a pooler before the server"),
        "57P03" => Failure::new(
            code::UNREACHABLE,
            format!("{shown} is starting, stopping or recovering"),
        )
        .hint("try again when it is there"),
        "57P01" | "57P02" => Failure::new(code::UNREACHABLE, format!("{shown} is shutting down"))
            .hint("try again when it is there"),
        "42501" => refused(format!("the user of the address may not use the database at {shown}"))
            .hint("`GRANT CONNECT ON DATABASE … TO …` lets it"),
        "42704" | "22023" | "55P02" => {
            refused(format!("{shown} refuses a setting of the address")).hint("look at `options`")
        }
        // What follows are the words of pgbouncer, which has one code for most of them.
        _ if words.starts_with("no such database")
            || (words.contains("database") && words.contains("does not exist")) =>
        {
            unknown_database(address, &shown)
        }
        _ if words.contains("server down") || words.contains("query_wait_timeout") => {
            Failure::new(
                code::UNREACHABLE,
                format!("{shown} is a pooler that has no server to connect to"),
            )
            .hint("look whether the server behind it runs and takes its login")
        }
        _ if words.contains("authentication failed") || words.starts_with("no such user") => {
            refused(format!("{shown} refuses the user or the password of the address"))
                .hint("a pooler answers there: look at its list of users")
        }
        _ if words.starts_with("unsupported startup parameter") => {
            refused(format!("{shown} is a pooler that refuses a setting of the address"))
                .hint("leave `options` out of the address, or name it in the pooler's `ignore_startup_parameters`")
        }
        _ if words.contains("no more connections allowed") => {
            refused(format!("{shown} has too many connections"))
                .hint("raise the limits of the pooler")
        }
        _ => refused(format!("{shown} refused the connection with the code {state}"))
            .hint("the log of the server says more"),
    }
}

fn refused(message: String) -> Failure {
    Failure::new(code::LOGIN_REFUSED, message)
}

/// The name of a database may be shown, unless it was left out and is the user's.
fn unknown_database(address: &Address, shown: &str) -> Failure {
    let login = &address.login;
    let name = login
        .get_dbname()
        .filter(|name| login.get_user() != Some(name));
    match name {
        Some(name) => refused(format!("{shown} has no database `{name}`")),
        None => refused(format!("{shown} has no database of that name")),
    }
    .hint("look at the name behind the last `/` of the address; `createdb` makes one")
}
