//! What can go wrong with a database, in words that hold no secret.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use crate::diag::{Code, Diagnostic, code};

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

    /// Whether the database could not be reached, as opposed to configuration that is wrong (exit
    /// status 4 against 2, design §8).
    pub fn is_unreachable(&self) -> bool {
        ![
            code::UNKNOWN_DATABASE,
            code::NO_ADDRESS,
            code::BAD_ADDRESS,
            code::NOT_MIGRATED,
            code::NOT_ALLOWED,
        ]
        .contains(&self.code)
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
            return match error.source() {
                Some(source) if error.is_closed() => Failure::new(
                    code::CONNECTION_LOST,
                    format!("the connection to the database broke: {source}"),
                ),
                _ if error.is_closed() => Failure::new(
                    code::CONNECTION_LOST,
                    "the connection to the database broke",
                ),
                Some(source) => Failure::new(
                    code::CONNECTION_LOST,
                    format!("the database could not be spoken to: {source}"),
                ),
                None => Failure::new(
                    code::CONNECTION_LOST,
                    format!("the database could not be spoken to: {error}"),
                ),
            };
        };
        let said = server.message();
        let state = server.code();
        if *state == SqlState::LOCK_NOT_AVAILABLE || *state == SqlState::T_R_DEADLOCK_DETECTED {
            Failure::new(
                code::DATABASE_BUSY,
                "somebody else has locked the tables of the database",
            )
        } else if *state == SqlState::INSUFFICIENT_PRIVILEGE {
            Failure::new(code::NOT_ALLOWED, said)
        } else if *state == SqlState::ADMIN_SHUTDOWN
            || *state == SqlState::CRASH_SHUTDOWN
            || state.code().starts_with("08")
        {
            Failure::new(
                code::CONNECTION_LOST,
                format!("the server ended the connection: {said}"),
            )
        } else {
            Failure::new(code::QUERY_FAILED, said)
        }
    }
}
