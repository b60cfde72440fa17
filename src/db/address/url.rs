//! The grammar of an address: `postgres://user:password@host:port/database?parameters`.
//!
//! It is stricter than libpq's: what could be a piece of a password that somebody forgot to escape
//! is refused, and never taken for a host, a path or the name of a parameter.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config as Login;
use tokio_postgres::config::ChannelBinding;

use super::{Address, Limits, Reach, Server, Wanted};
use crate::db::Failure;
use crate::db::tls::{Mode, Roots, TlsWish};
use crate::diag::{code, did_you_mean};

/// The parameters that mean something to rbgen.
const KNOWN: &[&str] = &[
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "pgbouncer",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "user",
];

/// Parameters of other programs in addresses that they share with rbgen: what they ask for is so in
/// any case, or is about pools and prepared statements, which rbgen has none of.
const IGNORED: &[&str] = &[
    "client_encoding",
    "connection_limit",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "pool_timeout",
    "prepare_threshold",
    "statement_cache_size",
    "tcp_user_timeout",
];

const ESCAPES: &str = "write special characters of a user, password or parameter with percent \
     signs: `/` as %2F, `@` as %40, `#` as %23, `?` as %3F, `%` as %25, a space as %20";

fn bad(message: impl Into<String>) -> Failure {
    Failure::new(code::BAD_ADDRESS, message)
}

/// Reads an address. No message has any of its values, except that a known parameter is named.
pub(super) fn read(text: &str) -> Result<Address, Failure> {
    // A line end is what `$(cat file)` of some shells and most files of secrets leave behind.
    let text = text.trim();
    let rest = text
        .strip_prefix("postgres://")
        .or_else(|| text.strip_prefix("postgresql://"))
        .ok_or_else(|| wrong_start(text))?;
    if rest.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(bad("the address has a space or a control character in it").hint(ESCAPES));
    }
    if rest.contains('#') {
        return Err(bad("the address has a `#` in it that is not escaped").hint(ESCAPES));
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    if after.contains('@') || authority.matches('@').count() > 1 {
        return Err(bad(
            "the user or the password of the address has a character that is not escaped",
        )
        .hint(ESCAPES));
    }
    let (path, query) = match after.split_once('?') {
        Some((path, query)) => (path, query),
        None => (after, ""),
    };
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.contains('/') || query.contains('?') {
        return Err(
            bad("the address has a `/` or `?` too many after the name of the database")
                .hint(ESCAPES),
        );
    }
    let (login_part, hosts_part) = match authority.split_once('@') {
        Some((login, hosts)) => (Some(login), hosts),
        None => (None, authority),
    };

    let mut parameters = read_query(query)?;
    let mut login = Login::new();
    if let Some(part) = login_part {
        let (user, password) = match part.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (part, None),
        };
        if !user.is_empty() {
            login.user(decode(user)?);
        }
        if let Some(password) = password {
            login.password(decode(password)?);
        }
    }
    if !path.is_empty() {
        login.dbname(decode(path)?);
    }
    let mut take = |name: &str| parameters.remove(name);
    for (name, is_given) in [
        ("user", login.get_user().is_some()),
        ("password", login.get_password().is_some()),
        ("dbname", login.get_dbname().is_some()),
    ] {
        let Some(value) = take(name) else { continue };
        if is_given {
            return Err(bad(format!("the address gives `{name}` twice")));
        }
        match name {
            "user" => login.user(value),
            "password" => login.password(value),
            _ => login.dbname(value),
        };
    }
    login.application_name(take("application_name").unwrap_or_else(|| "rbgen".into()));
    if let Some(options) = take("options") {
        login.options(options);
    }
    if let Some(binding) = take("channel_binding") {
        login.channel_binding(one_of(
            "channel_binding",
            &binding,
            &[
                ("prefer", ChannelBinding::Prefer),
                ("require", ChannelBinding::Require),
                ("disable", ChannelBinding::Disable),
            ],
        )?);
    }
    let servers = read_servers(hosts_part, take("host"), take("hostaddr"), take("port"))?;
    let mut limits = Limits::default();
    if let Some(seconds) = take("connect_timeout") {
        limits.connect = match seconds.parse::<u64>() {
            // In libpq 0 is for ever, and for ever is not to be had here.
            Ok(0) => limits.connect,
            Ok(seconds @ 1..=3600) => Duration::from_secs(seconds),
            _ => {
                return Err(bad(
                    "`connect_timeout` in the address is no number of seconds up to 3600",
                ));
            }
        };
    }
    let wanted = match take("target_session_attrs") {
        None => Wanted::Any,
        Some(value) => one_of(
            "target_session_attrs",
            &value,
            &[
                ("any", Wanted::Any),
                ("read-write", Wanted::ReadWrite),
                ("primary", Wanted::ReadWrite),
                ("read-only", Wanted::ReadOnly),
            ],
        )?,
    };
    let says_pooler = match take("pgbouncer") {
        None => false,
        Some(value) => one_of("pgbouncer", &value, &[("true", true), ("false", false)])?,
    };
    let tls = read_tls(&mut take)?;
    Ok(Address {
        name: None,
        servers,
        login,
        tls,
        wanted,
        says_pooler,
        limits,
    })
}

fn wrong_start(text: &str) -> Failure {
    let failure = bad("the address does not begin with `postgres://`");
    let has_quotes = text.starts_with(['"', '\'']);
    let is_list = text
        .split_whitespace()
        .any(|part| part.starts_with("host=") || part.starts_with("dbname="));
    failure.hint(if has_quotes {
        "the quotes around the address are part of it: leave them out"
    } else if is_list {
        "rbgen does not read `host=… dbname=…`; write it as \
         `postgres://user:password@host:port/database?parameters`"
    } else {
        "it is `postgres://user:password@host:port/database?parameters`"
    })
}

/// The parameters by name, decoded.
fn read_query(query: &str) -> Result<BTreeMap<&str, String>, Failure> {
    let mut parameters = BTreeMap::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let Some((name, value)) = part.split_once('=') else {
            return Err(bad("a parameter of the address has no `=`").hint(ESCAPES));
        };
        if IGNORED.contains(&name) {
            continue;
        }
        if !KNOWN.contains(&name) {
            let is_name = name.len() <= 40
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '_' || c == '-');
            // What looks like no parameter could be a piece of something secret.
            return Err(match is_name {
                false => bad("the address has a parameter that rbgen does not know"),
                true => bad(format!("the address has an unknown parameter `{name}`")),
            }
            .hint(match did_you_mean(name, KNOWN.iter().copied()) {
                Some(hint) => hint,
                None => format!("known are {}", KNOWN.join(", ")),
            }));
        }
        if parameters.insert(name, decode(value)?).is_some() {
            return Err(bad(format!("the address gives `{name}` twice")));
        }
    }
    Ok(parameters)
}

fn decode(text: &str) -> Result<String, Failure> {
    let bytes = text.as_bytes();
    let is_escape = |at: usize| {
        bytes
            .get(at + 1..at + 3)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if (0..bytes.len()).any(|at| bytes[at] == b'%' && !is_escape(at)) {
        return Err(
            bad("the address has a `%` that no two hexadecimal digits follow").hint(ESCAPES),
        );
    }
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| bad("the address has escapes that are no UTF-8"))?;
    if decoded.contains('\0') {
        return Err(bad("the address has a `%00` in it, which no text may have"));
    }
    Ok(decoded.into_owned())
}

/// The value that a word stands for.
fn one_of<T: Copy>(name: &str, word: &str, words: &[(&str, T)]) -> Result<T, Failure> {
    let found = words.iter().find(|(known, _)| *known == word);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        bad(format!(
            "`{name}` in the address has a value that it cannot have"
        ))
        .hint(match did_you_mean(word, known.iter().copied()) {
            Some(hint) => hint,
            None => format!("it is one of {}", known.join(", ")),
        })
    })
}

fn read_servers(
    written: &str,
    host: Option<String>,
    number: Option<String>,
    port: Option<String>,
) -> Result<Vec<Server>, Failure> {
    let mut hosts: Vec<(String, Option<u16>)> = Vec::new();
    for part in written.split(',').filter(|_| !written.is_empty()) {
        let (name, port) = if let Some(inside) = part.strip_prefix('[') {
            let Some((name, after)) = inside.split_once(']') else {
                return Err(bad("the address has a `[` without its `]`").hint(ESCAPES));
            };
            let port = match after.strip_prefix(':') {
                Some(port) => port,
                None if after.is_empty() => "",
                None => {
                    return Err(bad("the address has something behind a `]`").hint(ESCAPES));
                }
            };
            (name, port)
        } else {
            part.rsplit_once(':').unwrap_or((part, ""))
        };
        hosts.push((decode(name)?, read_port(port)?));
    }
    if let Some(host) = host {
        if hosts.iter().any(|(name, _)| !name.is_empty()) {
            return Err(bad("the address gives `host` twice"));
        }
        let port = hosts.first().and_then(|(_, port)| *port);
        hosts = host
            .split(',')
            .map(|name| (name.to_string(), port))
            .collect();
    }
    let numbers: Vec<String> = match number {
        Some(number) => number.split(',').map(str::to_string).collect(),
        None => Vec::new(),
    };
    if hosts.is_empty() {
        hosts = numbers.iter().map(|_| (String::new(), None)).collect();
    }
    if !numbers.is_empty() && numbers.len() != hosts.len() {
        return Err(bad(
            "`hostaddr` in the address has not as many parts as there are hosts",
        ));
    }
    if let Some(ports) = port {
        let ports: Vec<&str> = ports.split(',').collect();
        if ports.len() != 1 && ports.len() != hosts.len() {
            return Err(bad(
                "`port` in the address has not as many parts as there are hosts",
            ));
        }
        for (at, (_, port)) in hosts.iter_mut().enumerate() {
            if port.is_some() {
                return Err(bad("the address gives `port` twice"));
            }
            *port = read_port(ports[at.min(ports.len() - 1)])?;
        }
    }
    let servers: Result<Vec<Server>, Failure> = hosts
        .into_iter()
        .enumerate()
        .map(|(at, (host, port))| server(host, port, numbers.get(at)))
        .collect();
    let servers = servers?;
    if servers.is_empty() {
        return Err(no_host());
    }
    Ok(servers)
}

fn no_host() -> Failure {
    bad("the address names no host")
        .hint("for a socket of this machine write `postgres:///database?host=/var/run/postgresql`")
}

fn server(host: String, port: Option<u16>, number: Option<&String>) -> Result<Server, Failure> {
    let port = port.unwrap_or(5432);
    if host.starts_with('/') {
        let reach = Reach::Unix(PathBuf::from(&host));
        return Ok(Server { reach, host, port });
    }
    // A host is shown in messages, so nothing may pass for one that is none.
    if !host
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'))
    {
        return Err(bad("the address has a host with characters that no host has").hint(ESCAPES));
    }
    let number = number.filter(|number| !number.is_empty());
    if let Some(number) = number
        && number.parse::<IpAddr>().is_err()
    {
        return Err(bad("`hostaddr` in the address is no IP address"));
    }
    let dialled = number.unwrap_or(&host).clone();
    if dialled.is_empty() {
        return Err(no_host());
    }
    Ok(Server {
        host: if host.is_empty() {
            dialled.clone()
        } else {
            host
        },
        reach: Reach::Tcp(dialled),
        port,
    })
}

fn read_port(text: &str) -> Result<Option<u16>, Failure> {
    match text.parse::<u16>() {
        _ if text.is_empty() => Ok(None),
        Ok(port) if port > 0 => Ok(Some(port)),
        // A password whose `/` is not escaped stands here.
        _ => Err(bad("the port of the address is no number from 1 to 65535").hint(ESCAPES)),
    }
}

fn read_tls(take: &mut dyn FnMut(&str) -> Option<String>) -> Result<TlsWish, Failure> {
    let mode = match take("sslmode") {
        Some(word) => Some(one_of("sslmode", &word, Mode::WORDS)?),
        None => None,
    };
    let roots = take("sslrootcert").map(|path| match path.as_str() {
        "system" => Roots::System,
        _ => Roots::File(PathBuf::from(path)),
    });
    if roots == Some(Roots::System) && mode.is_some_and(|mode| mode != Mode::VerifyFull) {
        return Err(bad(
            "`sslrootcert=system` in the address goes with `sslmode=verify-full` only",
        )
        .hint(
            "anybody can have a certificate of a public authority: only its name tells \
                 the server from others",
        ));
    }
    let client = match (take("sslcert"), take("sslkey")) {
        (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
        (None, None) => None,
        _ => {
            return Err(bad(
                "the address has one of `sslcert` and `sslkey`, and they go together",
            ));
        }
    };
    Ok(TlsWish {
        mode,
        roots,
        client,
    })
}
