//! The address of a database: read from the environment by name, parsed, never shown.

mod url;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::diag::{code, did_you_mean};
use crate::model::{Config, DatabaseConfig};

use super::Failure;
use super::tls::TlsWish;

/// Where a database is and how it is reached. It holds a password: its `Debug` shows nothing.
#[derive(Clone)]
pub struct Address {
    /// What robbieblocks.toml calls the database, for messages.
    pub(super) name: Option<String>,
    /// At least one; the first that answers is taken.
    pub(super) servers: Vec<Server>,
    /// User, password, database and the like; hosts and TLS are not in it.
    pub(super) login: tokio_postgres::Config,
    pub(super) tls: TlsWish,
    pub(super) wanted: Wanted,
    /// Whether the address says itself that it leads to a pooler.
    pub(super) says_pooler: bool,
    pub(super) limits: Limits,
}

/// One server that an address names.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) reach: Reach,
    /// The name that the server's certificate must be for.
    pub(super) host: String,
    pub(super) port: u16,
}

/// How a server is reached.
#[derive(Clone)]
pub(super) enum Reach {
    Tcp(String),
    /// The folder of its socket.
    Unix(PathBuf),
}

/// `target_session_attrs`
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Any,
    ReadWrite,
    ReadOnly,
}

/// How long rbgen waits for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For a connection: the name of the host, TCP, TLS and the login together.
    pub connect: Duration,
    /// For the next sign of life while an answer is due. The server's own limit on a statement is
    /// shorter, so that it is the one to speak where it still can.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(150),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

impl Server {
    /// Whether no network lies between: a socket, or an address of this machine. Where a name and a
    /// number are given, the number is what is connected to.
    pub(super) fn is_local(&self) -> bool {
        match &self.reach {
            Reach::Unix(_) => true,
            Reach::Tcp(host) if host.eq_ignore_ascii_case("localhost") => true,
            Reach::Tcp(host) => host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.to_canonical().is_loopback()),
        }
    }

    /// The server in words: what of an address may be shown.
    pub(super) fn shown(&self) -> String {
        match &self.reach {
            Reach::Unix(folder) => format!("{}/.s.PGSQL.{}", folder.display(), self.port),
            Reach::Tcp(_) if self.host.contains(':') => format!("[{}]:{}", self.host, self.port),
            Reach::Tcp(_) => format!("{}:{}", self.host, self.port),
        }
    }
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?parameters`.
    pub fn parse(text: &str) -> Result<Address, Failure> {
        url::read(text)
    }

    /// The same address under the name that messages give the database.
    pub fn named(self, name: &str) -> Address {
        Address {
            name: Some(name.to_string()),
            ..self
        }
    }

    /// The same address with other limits.
    pub fn with_limits(self, limits: Limits) -> Address {
        Address { limits, ..self }
    }

    /// The limits, which `connect_timeout` in the address changes.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The servers as `host:port`: all of an address that may be shown.
    pub fn servers(&self) -> Vec<String> {
        self.servers.iter().map(Server::shown).collect()
    }

    /// Whether the address says itself that a pooler answers at it (`pgbouncer=true`).
    pub fn says_pooler(&self) -> bool {
        self.says_pooler
    }

    /// A failure of this database: under its name, and without the user where a server quotes it.
    pub(super) fn blame(&self, failure: Failure) -> Failure {
        let mut message = failure.message;
        if let Some(user) = self.login.get_user().filter(|user| !user.is_empty()) {
            message = message.replace(&format!("\"{user}\""), "\"…\"");
        }
        if let Some(name) = &self.name {
            message = format!("database {name}: {message}");
        }
        Failure { message, ..failure }
    }
}

/// The address of the database that robbieblocks.toml calls `name`, from the environment variable
/// that it names.
pub fn address_of(
    config: &Config,
    name: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Address, Failure> {
    let variable = &database_of(config, name)?.url_env;
    address_in(name, variable, environment)
}

/// The address at which LISTEN works, where it is another than the one for queries: from
/// `listen_url_env`.
pub fn listen_address_of(
    config: &Config,
    name: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Address, Failure> {
    let database = database_of(config, name)?;
    let variable = database
        .listen_url_env
        .as_ref()
        .unwrap_or(&database.url_env);
    address_in(name, variable, environment)
}

/// Fails where the configuration has no database of that name.
pub fn check_name(config: &Config, name: &str) -> Result<(), Failure> {
    database_of(config, name).map(|_| ())
}

fn database_of<'a>(config: &'a Config, name: &str) -> Result<&'a DatabaseConfig, Failure> {
    config.databases.get(name).ok_or_else(|| {
        let mut failure = Failure::new(
            code::UNKNOWN_DATABASE,
            format!("robbieblocks.toml has no database `{name}`"),
        );
        let names: Vec<&str> = config.databases.keys().map(String::as_str).collect();
        let plain = name.strip_prefix("db=").unwrap_or(name);
        failure.hint = did_you_mean(plain, names.iter().copied()).or_else(|| {
            Some(match names.as_slice() {
                [] => "add `[database.main]` with `url_env = \"DATABASE_URL\"`, the name of the \
                       variable that has its address"
                    .to_string(),
                names => format!("it has `{}`", names.join("`, `")),
            })
        });
        failure
    })
}

/// The address of the database `name` from an environment variable.
pub fn address_in(
    name: &str,
    variable: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Address, Failure> {
    match environment(variable).filter(|value| !value.trim().is_empty()) {
        Some(value) => match Address::parse(&value) {
            Ok(address) => Ok(address.named(name)),
            Err(failure) => Err(Failure {
                message: format!("database {name}: {} (in `{variable}`)", failure.message),
                ..failure
            }),
        },
        None => Err(Failure::new(
            code::NO_ADDRESS,
            format!("the environment variable `{variable}` of the database `{name}` is not set"),
        )
        .hint("set it to `postgres://user:password@host:port/database`")),
    }
}

#[cfg(test)]
mod tests;
