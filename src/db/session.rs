//! One connection to a database, used by one thread, with a deadline on everything that waits.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, NoTls, Row};

use super::{Address, Failure};
use crate::diag::code;

/// A value of a statement with its type: statements are unnamed, because behind a pooler in
/// transaction mode a prepared one may be gone or somebody else's.
pub type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long nothing may come while rbgen waits for an answer. The server's own limit on a statement
/// is shorter, so that it is the one to speak where it still can.
const PATIENCE: Duration = Duration::from_secs(150);

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// One unchanging view of all tables.
    Read,
    /// Reads and writes.
    Write,
}

/// A connection. Dropping it ends it.
pub struct Session {
    runtime: Runtime,
    client: Client,
    notices: Arc<Mutex<Vec<String>>>,
}

impl Session {
    /// Connects.
    pub fn open(address: &Address) -> Result<Session, Failure> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                Failure::new(
                    code::UNREACHABLE,
                    format!("no runtime for a connection: {error}"),
                )
            })?;
        // A timeout is made inside the runtime, whose clock it needs.
        let connecting =
            async { tokio::time::timeout(CONNECT, address.config.connect(NoTls)).await };
        let (client, mut connection) = runtime.block_on(connecting).map_err(|_| {
            Failure::new(code::UNREACHABLE, "the database did not answer in time")
        })??;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&notices);
        runtime.spawn(async move {
            while let Some(Ok(message)) =
                std::future::poll_fn(|context| connection.poll_message(context)).await
            {
                if let AsyncMessage::Notice(notice) = message
                    && let Ok(mut heard) = heard.lock()
                {
                    heard.push(notice.message().to_string());
                }
            }
        });
        Ok(Session {
            runtime,
            client,
            notices,
        })
    }

    fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        let answer = async { tokio::time::timeout(PATIENCE, answer).await };
        match self.runtime.block_on(answer) {
            Ok(answer) => answer.map_err(Failure::from),
            Err(_) => Err(Failure::new(
                code::CONNECTION_LOST,
                format!(
                    "the database said nothing for {} seconds",
                    PATIENCE.as_secs()
                ),
            )),
        }
    }

    /// Runs `work` in a transaction, which is committed if it succeeds. In a read transaction all
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
        };
        self.run(&format!(
            "{begin}; SET LOCAL row_security = off; SET LOCAL lock_timeout = '10s'; \
             SET LOCAL statement_timeout = '120s'; \
             SET LOCAL idle_in_transaction_session_timeout = '120s'; \
             SET LOCAL client_min_messages = notice; SET LOCAL timezone = 'UTC'"
        ))?;
        match work(self) {
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
        self.wait(self.client.batch_execute(statements))
    }

    /// The rows of a query.
    pub fn query(&mut self, query: &str, values: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        self.wait(self.client.query_typed(query, values))
    }

    /// Hands each row of a query to `take` as it comes.
    pub fn each(&mut self, query: &str, mut take: impl FnMut(&Row)) -> Result<(), Failure> {
        let none: [(&(dyn ToSql + Sync), Type); 0] = [];
        self.wait(async {
            let rows = self.client.query_typed_raw(query, none).await?;
            let mut rows = std::pin::pin!(rows);
            while let Some(row) = rows.next().await {
                take(&row?);
            }
            Ok(())
        })
    }

    /// Runs a statement, and gives the number of rows that it changed.
    pub fn execute(&mut self, statement: &str, values: &[Parameter<'_>]) -> Result<u64, Failure> {
        self.wait(self.client.execute_typed(statement, values))
    }

    /// Copies rows in the text format of COPY into a table. It must run in a transaction, because it
    /// uses a prepared statement.
    pub fn copy_in(&mut self, statement: &str, rows: String) -> Result<u64, Failure> {
        self.wait(async {
            let sink = self.client.copy_in(statement).await?;
            let mut sink = std::pin::pin!(sink);
            sink.send(std::io::Cursor::new(rows.into_bytes())).await?;
            sink.finish().await
        })
    }

    /// What the server has said besides, since the last time that it was asked.
    pub fn notices(&mut self) -> Vec<String> {
        self.notices
            .lock()
            .map(|mut heard| std::mem::take(&mut *heard))
            .unwrap_or_default()
    }
}
