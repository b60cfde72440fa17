//! One connection to a database, used by one thread, with a deadline on everything that waits.

use std::future::Future;
use std::io::Cursor;
use std::time::Duration;

use futures_util::{SinkExt, TryStreamExt};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::connect::{Connected, Heard, connect};
use super::tls::Protection;
use super::{Address, Failure, failure};
use crate::diag::code;

/// A value of a statement with its type: statements are unnamed, because behind a pooler in
/// transaction mode a prepared one may be gone or somebody else's.
pub type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// One unchanging view of all tables.
    Read,
    /// Reads and writes.
    Write,
    /// Writes what others write at the same time: each statement sees what they have committed, and waits
    /// for those who change the same rows.
    Queue,
}

/// How long the end of a connection may take: the server is told, and not waited for.
const GOODBYE: Duration = Duration::from_millis(200);
/// How many bytes of a copy are handed over at once.
const PIECE: usize = 64 * 1024;

/// A connection. Dropping it ends it.
pub struct Session {
    /// Both are there until the session is dropped.
    runtime: Option<Runtime>,
    client: Option<Client>,
    carrier: Option<JoinHandle<()>>,
    heard: Heard,
    address: Address,
    protection: Protection,
    server: String,
    is_local: bool,
    /// Whether the server was silent for too long: it is not asked again.
    given_up: bool,
    /// Whether a statement failed since the transaction began.
    stumbled: bool,
}

impl Session {
    /// Connects.
    pub fn open(address: &Address) -> Result<Session, Failure> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                address.blame(Failure::new(
                    code::UNREACHABLE,
                    format!("no runtime for a connection: {error}"),
                ))
            })?;
        let heard = Heard::default();
        match runtime.block_on(connect(address, &heard)) {
            Ok(Connected {
                client,
                carrier,
                protection,
                server,
                is_local,
            }) => Ok(Session {
                carrier: Some(runtime.spawn(carrier)),
                runtime: Some(runtime),
                client: Some(client),
                heard,
                address: address.clone(),
                protection,
                server,
                is_local,
                given_up: false,
                stumbled: false,
            }),
            Err(failure) => {
                // The name of a host may still be looked up, and that is not waited for.
                runtime.shutdown_background();
                Err(address.blame(failure))
            }
        }
    }

    /// How the connection is protected.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// The address that it was opened with.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A failure of this database, under its name.
    pub fn blame(&self, failure: Failure) -> Failure {
        self.address.blame(failure)
    }

    /// Whether no network lies between this process and the server.
    pub fn is_local(&self) -> bool {
        self.is_local
    }

    /// The server that answered, as `host:port`.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Whether the server answers within a short time. One that does not is not asked again: behind a
    /// proxy that swallows packets a connection that was not used for a while may be dead without a sign.
    pub fn answers(&mut self, within: Duration) -> bool {
        let silence = std::mem::replace(&mut self.address.limits.silence, within);
        let answered = self.run("SELECT").is_ok();
        self.address.limits.silence = silence;
        answered
    }

    /// Waits for work with the server, each step of which may take as long as `silence` allows.
    fn wait<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client, Duration) -> Result<T, Trouble>,
    ) -> Result<T, Failure> {
        let silence = self.address.limits.silence;
        let silent = Failure::new(
            code::CONNECTION_LOST,
            format!(
                "{} said nothing for {}",
                self.server,
                failure::in_words(silence)
            ),
        )
        .hint("look at the network, and at proxies on the way");
        let (Some(runtime), Some(client), false) = (&self.runtime, &self.client, self.given_up)
        else {
            return Err(self.address.blame(silent));
        };
        runtime.block_on(work(client, silence)).map_err(|trouble| {
            self.stumbled = true;
            let failure = match trouble {
                Trouble::Silence => {
                    self.given_up = true;
                    silent
                }
                Trouble::Said(error) => named_end(&self.server, &self.heard, error),
            };
            self.address.blame(failure)
        })
    }

    /// Runs `work` in a transaction, which is committed if it succeeds; a statement that failed makes
    /// it fail, also where `work` makes nothing of that. In a read transaction all
    /// queries see the same state of the database. Names of tables are looked up on the search path
    /// of the user; a policy that hides rows is an error and not a lack of rows.
    pub fn transaction<T, E: From<Failure>>(
        &mut self,
        access: Access,
        work: impl FnOnce(&mut Session) -> Result<T, E>,
    ) -> Result<T, E> {
        let begin = match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write => "BEGIN ISOLATION LEVEL REPEATABLE READ",
            Access::Queue => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        self.run(&format!(
            "{begin}; SET LOCAL row_security = off; SET LOCAL lock_timeout = '10s'; \
             SET LOCAL statement_timeout = '120s'; \
             SET LOCAL idle_in_transaction_session_timeout = '120s'; \
             SET LOCAL client_min_messages = notice; SET LOCAL timezone = 'UTC'"
        ))?;
        self.stumbled = false;
        let worked = work(self).and_then(|result| {
            if self.stumbled {
                // To commit after a statement failed means to roll back, which the server does
                // without an error. Here it answers with one, unless a savepoint was gone back to.
                self.run("SELECT")?;
            }
            Ok(result)
        });
        match worked {
            Ok(result) => {
                self.run("COMMIT")?;
                Ok(result)
            }
            Err(error) => {
                // A connection that broke has no transaction any more.
                let _ = self.run("ROLLBACK");
                Err(error)
            }
        }
    }

    /// Runs statements without values, and throws their rows away.
    pub fn run(&mut self, statements: &str) -> Result<(), Failure> {
        self.wait(async |client, silence| in_time(silence, client.batch_execute(statements)).await)
    }

    /// The rows of a query.
    pub fn query(&mut self, query: &str, values: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        self.wait(async |client, silence| in_time(silence, client.query_typed(query, values)).await)
    }

    /// Hands each row of a query to `take` as it comes.
    pub fn each(
        &mut self,
        query: &str,
        values: &[Parameter<'_>],
        mut take: impl FnMut(&Row),
    ) -> Result<(), Failure> {
        self.wait(async |client, silence| {
            let values = values.iter().cloned();
            let rows = in_time(silence, client.query_typed_raw(query, values)).await?;
            let mut rows = std::pin::pin!(rows);
            while let Some(row) = in_time(silence, rows.try_next()).await? {
                take(&row);
            }
            Ok(())
        })
    }

    /// Runs a statement, and gives the number of rows that it changed.
    pub fn execute(&mut self, statement: &str, values: &[Parameter<'_>]) -> Result<u64, Failure> {
        self.wait(async |client, silence| {
            in_time(silence, client.execute_typed(statement, values)).await
        })
    }

    /// Copies rows in the text format of COPY into a table. It must run in a transaction, because it
    /// uses a prepared statement.
    pub fn copy_in(&mut self, statement: &str, rows: String) -> Result<u64, Failure> {
        self.wait(async |client, silence| {
            let sink = in_time(silence, client.copy_in(statement)).await?;
            let mut sink = std::pin::pin!(sink);
            // In pieces, because the time for each is limited and the whole may be large.
            let mut rows = rows.as_bytes();
            while !rows.is_empty() {
                let (piece, rest) = rows.split_at(PIECE.min(rows.len()));
                rows = rest;
                in_time(silence, sink.send(Cursor::new(piece.to_vec()))).await?;
            }
            in_time(silence, sink.finish()).await
        })
    }

    /// Subscribes to the notifications of a channel. It is the one thing that lasts beyond a transaction,
    /// and so is for connections of their own.
    pub fn listen(&mut self, channel: &str) -> Result<(), Failure> {
        self.run(&format!("LISTEN \"{channel}\""))
    }

    /// The notifications that came since they were last asked for, as channel and payload; it waits for one
    /// for as long as `within`, and gives none after that. It fails when the connection ends.
    pub fn notifications(&mut self, within: Duration) -> Result<Vec<(String, String)>, Failure> {
        let heard = self.heard.clone();
        let (Some(runtime), Some(client)) = (&self.runtime, &self.client) else {
            return Ok(Vec::new());
        };
        let come = runtime.block_on(async {
            let waiting = async {
                loop {
                    let come = heard.take_notifications();
                    if !come.is_empty() || client.is_closed() {
                        return come;
                    }
                    heard.called.notified().await;
                }
            };
            tokio::time::timeout(within, waiting)
                .await
                .unwrap_or_default()
        });
        if come.is_empty() && client.is_closed() {
            let end = self.heard.end.lock().ok().and_then(|end| end.clone());
            let why = match end {
                Some(end) => format!("{}: {}", self.server, end.message),
                None => format!("{} ended the connection", self.server),
            };
            return Err(self.address.blame(Failure::new(code::CONNECTION_LOST, why)));
        }
        Ok(come)
    }

    /// What the server has said besides, since the last time that it was asked.
    pub fn notices(&mut self) -> Vec<String> {
        self.heard
            .notices
            .lock()
            .map(|mut heard| std::mem::take(&mut *heard))
            .unwrap_or_default()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Without a client, the task that carries messages says goodbye and ends.
        self.client = None;
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        if let Some(carrier) = self.carrier.take()
            && !self.given_up
        {
            // A server that is gone is not waited for.
            let _ = runtime.block_on(async { tokio::time::timeout(GOODBYE, carrier).await });
        }
        runtime.shutdown_background();
    }
}

/// What an error of the crate means; the end of a connection is told with the server, and with what
/// that said last, which only who carries the messages may have heard.
fn named_end(server: &str, heard: &Heard, error: tokio_postgres::Error) -> Failure {
    let is_closed = error.is_closed();
    let end = match is_closed {
        true => heard.end.lock().ok().and_then(|end| end.clone()),
        false => None,
    };
    let failure = end.unwrap_or_else(|| Failure::from(error));
    match is_closed || failure.code == code::CONNECTION_LOST {
        true => Failure {
            code: code::CONNECTION_LOST,
            message: format!("{server}: {}", failure.message),
            ..failure
        },
        false => failure,
    }
}

/// Why a step of work with the server failed.
enum Trouble {
    Silence,
    Said(tokio_postgres::Error),
}

async fn in_time<T>(
    silence: Duration,
    step: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(silence, step).await {
        Ok(answer) => answer.map_err(Trouble::Said),
        Err(_) => Err(Trouble::Silence),
    }
}
