//! Connecting: TCP or a socket, TLS, the login; each step says for itself why it failed.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_util::future::{Either, select};
use rustls::Error as TlsError;
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::sync::Notify;
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Reach, Server, Wanted};
use super::tls::{self, Attempt, Protection, Verified};
use super::{Address, Failure, failure};
use crate::diag::code;

/// What the other side has said besides answers.
#[derive(Clone, Default)]
pub(super) struct Heard {
    pub(super) notices: Arc<Mutex<Vec<String>>>,
    /// Channels and payloads.
    notifications: Arc<Mutex<Vec<(String, String)>>>,
    /// Called when a notification came, or the connection ended.
    pub(super) called: Arc<Notify>,
    /// Why the connection ended, where it did.
    pub(super) end: Arc<Mutex<Option<Failure>>>,
}

impl Heard {
    pub(super) fn take_notifications(&self) -> Vec<(String, String)> {
        let come = self.notifications.lock();
        come.map(|mut come| std::mem::take(&mut *come))
            .unwrap_or_default()
    }
}

/// A connection, and the task that carries its messages.
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) carrier: Pin<Box<dyn Future<Output = ()> + Send>>,
    pub(super) protection: Protection,
    /// The server in words.
    pub(super) server: String,
    pub(super) is_local: bool,
}

/// Connects to the first server of an address that can be had.
pub(super) async fn connect(address: &Address, heard: &Heard) -> Result<Connected, Failure> {
    let mut failed: Option<Failure> = None;
    for server in &address.servers {
        let attempt =
            tokio::time::timeout(address.limits.connect, connect_to(address, server, heard));
        let failure = match attempt.await {
            Ok(Ok(connected)) => return Ok(connected),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::new(
                code::UNREACHABLE,
                format!(
                    "{} did not answer in {}",
                    server.shown(),
                    failure::in_words(address.limits.connect)
                ),
            )
            .hint("look whether a firewall stands between; `connect_timeout=…` in the address is the number of seconds to wait"),
        };
        // Each of several is told; what to do, and the code, are those of the first.
        failed = Some(match failed {
            None => failure,
            Some(first) => Failure {
                message: format!("{}; {}", first.message, failure.message),
                ..first
            },
        });
    }
    Err(failed.unwrap_or_else(|| Failure::new(code::BAD_ADDRESS, "the address names no host")))
}

async fn connect_to(
    address: &Address,
    server: &Server,
    heard: &Heard,
) -> Result<Connected, Failure> {
    let dialled = match &server.reach {
        Reach::Unix(folder) => {
            let path = folder.join(format!(".s.PGSQL.{}", server.port));
            let stream = UnixStream::connect(path)
                .await
                .map_err(|error| failure::of_dialling(&error, server))?;
            // A socket is never encrypted, whatever the mode, as with libpq.
            let connected = log_in(address, server, heard, stream, NoTls, false).await;
            let mut connected = connected.map_err(|missed| missed.failure)?;
            connected.protection = Protection::Socket;
            return Ok(connected);
        }
        Reach::Tcp(dialled) => dialled,
    };
    let mut failed = None;
    for attempt in address.tls.attempts(server) {
        match try_once(address, server, heard, dialled, attempt).await {
            Ok(connected) => return Ok(connected),
            Err(missed) if missed.may_go_otherwise => {
                failed = failed.or(Some(missed.failure));
            }
            Err(missed) => return Err(failed.unwrap_or(missed.failure)),
        }
    }
    Err(failed.unwrap_or_else(|| tls::unavailable(&address.tls, server)))
}

/// A connection that was not to be had.
struct Missed {
    failure: Failure,
    /// With `allow` and `prefer` a server that refuses one way may take the other.
    may_go_otherwise: bool,
}

impl From<Failure> for Missed {
    fn from(failure: Failure) -> Missed {
        Missed {
            failure,
            may_go_otherwise: false,
        }
    }
}

async fn try_once(
    address: &Address,
    server: &Server,
    heard: &Heard,
    dialled: &str,
    attempt: Attempt,
) -> Result<Connected, Missed> {
    // Certificates are read first: what is wrong with them is no matter of the network.
    let prepared = match attempt {
        Attempt::Plain => None,
        Attempt::Tls { verify, or_plain } => Some((address.tls.config(verify)?, verify, or_plain)),
    };
    let stream = dial(dialled, server).await?;
    let Some(((config, version), verify, or_plain)) = prepared else {
        return log_in(address, server, heard, stream, NoTls, false).await;
    };
    match ask_for_tls(&stream, server).await? {
        true => {
            let mut maker = MakeRustlsConnect::new(config);
            let tls = match MakeTlsConnect::<TcpStream>::make_tls_connect(&mut maker, &server.host)
            {
                Ok(tls) => tls,
                Err(never) => match never {},
            };
            let mut connected = log_in(address, server, heard, stream, tls, true).await?;
            connected.protection = Protection::Tls {
                version: version.get().copied().unwrap_or("TLS"),
                verified: verify,
            };
            Ok(connected)
        }
        false if or_plain && verify == Verified::Nothing => {
            log_in(address, server, heard, stream, NoTls, false).await
        }
        false => Err(tls::unavailable(&address.tls, server).into()),
    }
}

async fn dial(dialled: &str, server: &Server) -> Result<TcpStream, Failure> {
    let found: Vec<_> = lookup_host((dialled, server.port))
        .await
        .map_err(|_| failure::unknown_host(server))?
        .collect();
    let stream = TcpStream::connect(found.as_slice())
        .await
        .map_err(|error| failure::of_dialling(&error, server))?;
    stream
        .set_nodelay(true)
        .map_err(|error| failure::of_dialling(&error, server))?;
    Ok(stream)
}

/// Asks a server whether it has TLS. Exactly one byte is read: what a man in the middle sends
/// behind it would otherwise be taken for something that came encrypted.
async fn ask_for_tls(stream: &TcpStream, server: &Server) -> Result<bool, Failure> {
    const REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
    let ended = |error: io::Error| failure::of_dialling(&error, server);
    let mut sent = 0;
    while sent < REQUEST.len() {
        stream.writable().await.map_err(ended)?;
        match stream.try_write(&REQUEST[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(ended(error)),
        }
    }
    let mut answer = [0];
    loop {
        stream.readable().await.map_err(ended)?;
        match stream.try_read(&mut answer) {
            Ok(0) => return Err(failure::closed_at_once(server)),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(ended(error)),
        }
    }
    match answer[0] {
        b'S' => Ok(true),
        b'N' => Ok(false),
        // An error instead of an answer: a server that can take no more.
        b'E' => Err(failure::closed_at_once(server)),
        _ => Err(failure::no_postgres(server)),
    }
}

/// Everything after the stream is there: with `encrypt` the handshake, then the login.
async fn log_in<S, T>(
    address: &Address,
    server: &Server,
    heard: &Heard,
    stream: S,
    tls: T,
    encrypt: bool,
) -> Result<Connected, Missed>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    T: TlsConnect<S>,
    T::Stream: Send + 'static,
{
    let mut login = address.login.clone();
    // Whether the server has TLS was asked before: the handshake follows at once.
    match encrypt {
        true => login
            .ssl_mode(SslMode::Require)
            .ssl_negotiation(SslNegotiation::Direct),
        false => login.ssl_mode(SslMode::Disable),
    };
    let (client, connection) =
        login
            .connect_raw(stream, tls)
            .await
            .map_err(|error| match tls_error(&error) {
                Some(tls_error) => Missed {
                    failure: tls::failure(tls_error, &address.tls, server),
                    may_go_otherwise: true,
                },
                // The crate tells its kinds of errors apart by their words alone.
                None if error.to_string().contains("TLS handshake") => Missed {
                    failure: tls::broken(&error, &address.tls, server),
                    may_go_otherwise: true,
                },
                None => Missed {
                    failure: failure::of_login(&error, address, server),
                    may_go_otherwise: error.code()
                        == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION),
                },
            })?;
    let mut carrier: Pin<Box<dyn Future<Output = ()> + Send>> =
        Box::pin(carry(connection, heard.clone()));
    if address.wanted != Wanted::Any {
        let asked = std::pin::pin!(client.simple_query("SHOW transaction_read_only"));
        let answer = match select(asked, &mut carrier).await {
            Either::Left((answer, _)) => answer.map_err(Failure::from)?,
            Either::Right(_) => return Err(failure::closed_at_once(server).into()),
        };
        let is_read_only = answer.iter().any(
            |message| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some("on")),
        );
        if is_read_only != (address.wanted == Wanted::ReadOnly) {
            return Err(failure::not_wanted(is_read_only, server).into());
        }
    }
    Ok(Connected {
        client,
        carrier,
        protection: Protection::Plain,
        server: server.shown(),
        is_local: server.is_local(),
    })
}

/// The error of TLS below an error of a connection.
fn tls_error(error: &tokio_postgres::Error) -> Option<&TlsError> {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref::<TlsError>() {
            return Some(found);
        }
        if let Some(inner) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            && let Some(found) = inner.downcast_ref::<TlsError>()
        {
            return Some(found);
        }
        source = error.source();
    }
    None
}

/// So many notifications wait to be taken: each only says that something changed.
const MOST_NOTIFICATIONS: usize = 1000;

/// Carries messages until the connection ends, and notes why it did.
async fn carry<S, T>(mut connection: Connection<S, T>, heard: Heard)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    loop {
        match std::future::poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => {
                if let Ok(mut notices) = heard.notices.lock() {
                    notices.push(notice.message().to_string());
                }
            }
            Some(Ok(AsyncMessage::Notification(notification))) => {
                if let Ok(mut come) = heard.notifications.lock() {
                    let (channel, payload) = (notification.channel(), notification.payload());
                    // Nobody takes them from a connection that does not listen.
                    come.truncate(MOST_NOTIFICATIONS);
                    come.push((channel.to_string(), payload.to_string()));
                }
                heard.called.notify_one();
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                if let Ok(mut end) = heard.end.lock() {
                    *end = Some(Failure::from(error));
                }
                heard.called.notify_one();
                return;
            }
            None => {
                heard.called.notify_one();
                return;
            }
        }
    }
}
