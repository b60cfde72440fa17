//! The address of a database: read from the environment by name, parsed, never shown.

use std::fmt;

use crate::diag::{code, did_you_mean};
use crate::model::Config;

use super::Failure;

/// Where a database is and how it is reached. It holds a password: its `Debug` shows nothing.
#[derive(Clone)]
pub struct Address {
    pub(super) config: tokio_postgres::Config,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?parameters`.
    pub fn parse(text: &str) -> Result<Address, Failure> {
        let config = text.parse().map_err(|_| {
            Failure::new(
                code::BAD_ADDRESS,
                "the address of the database cannot be read",
            )
        })?;
        Ok(Address { config })
    }
}

/// The address of the database that robbieblocks.toml calls `name`, from the environment variable
/// that it names.
pub fn address_of(
    config: &Config,
    name: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Address, Failure> {
    let Some(database) = config.databases.get(name) else {
        let mut failure = Failure::new(
            code::UNKNOWN_DATABASE,
            format!("robbieblocks.toml has no database `{name}`"),
        );
        failure.hint =
            did_you_mean(name, config.databases.keys().map(String::as_str)).or_else(|| {
                Some(format!(
                    "add `[database.{name}]` with `url_env = \"DATABASE_URL\"`"
                ))
            });
        return Err(failure);
    };
    let variable = &database.url_env;
    match environment(variable).filter(|value| !value.is_empty()) {
        Some(value) => Address::parse(&value),
        None => Err(Failure::new(
            code::NO_ADDRESS,
            format!("the environment variable `{variable}` of the database `{name}` is not set"),
        )),
    }
}
