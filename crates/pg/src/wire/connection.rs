//! A session: runs statements, collects results and notices, within limits.

mod ahead;
mod copying;
mod copying_in;
mod notified;
mod replication;

use std::sync::Arc;
use std::time::Duration;

use fallible_iterator::FallibleIterator;
use postgres_protocol::Oid;
use postgres_protocol::message::backend::{Message, RowDescriptionBody};
use postgres_protocol::message::frontend;

use super::cancel::CancelTarget;
use super::codec::{Wire, speaking};
use super::dial::Address;
use super::endpoint::Endpoint;
use super::error_response::{ErrorResponse, FailedStatement};
use super::fallback::{self, Fallback};
use super::interrupt::{self, RunningStatement, SessionHandle};
use super::login::{Credentials, LoginError, Startup, enter};
use super::outcome::{ConnectionFailure, Stage};
use super::row::Row;
use super::tls::Transport;
use martydb_model::sql::Statement;

pub(crate) use copying::CopyFailure;
pub(crate) use copying::copy_rows;
pub(crate) use copying::{CopiedRows, FrameSink};
pub use copying::{CopyListener, CopyStatements};
pub use replication::{ReplicationStream, StreamFrame};

/// Size limit of a session's messages (row, error, notice), in bytes.
const LARGEST_MESSAGE: usize = 16 << 20;

/// Number of warnings stored per exchange; further ones are only counted.
const KEPT_WARNINGS: usize = 100;

/// Limits of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum time without data from the server. `None` for work of any length; keepalives then detect a lost peer.
    pub silence: Option<Duration>,
    /// Limit of the collected rows, in bytes.
    pub collected: usize,
    /// Limit of all received data, notices included, in bytes.
    pub received: usize,
}

impl Limits {
    /// Limits for reading: `silence` is a little longer than the server's `statement_timeout`.
    pub const READ: Limits =
        Limits { silence: Some(Duration::from_secs(65)), collected: 32 << 20, received: 1 << 30 };
    /// Limits for work that may take hours.
    pub const WORK: Limits = Limits { silence: None, collected: 32 << 20, received: 256 << 20 };
}

/// An open session. Dropping it closes the connection, and cancels a running statement.
pub struct Connection {
    wire: Option<Wire>,
    limits: Limits,
    ticket: SessionHandle,
    /// `server_version`, as reported by the server.
    version: String,
    place: String,
    /// `true` from sending a statement until its end is read.
    in_flight: bool,
    /// Statements sent together, until all are answered.
    ahead: Option<PipelinedStatements>,
    /// `true` if a notification arrived that was not reported to the caller yet.
    notified: bool,
}

/// Unanswered statements that were sent together.
struct PipelinedStatements {
    /// Registers all of them as one running statement.
    _running: RunningStatement,
    unanswered: usize,
}

#[derive(Debug, Default)]
pub struct Reply {
    /// One entry per statement, in order.
    pub results: Vec<ResultSet>,
    /// Messages of severity WARNING.
    pub warnings: Vec<String>,
    /// Set if a notification arrived with them.
    pub notified: bool,
}

#[derive(Debug, Default)]
pub struct ResultSet {
    pub rows: Vec<Row>,
    /// Row count of its command tag.
    pub affected: u64,
}

/// The error is boxed, because it is large.
pub type ExchangeResult<T = Reply> = Result<T, Box<FailedStatement>>;

/// Receives each row as it arrives, with the index of its statement.
type RowSink<'a> = dyn FnMut(usize, Row) -> Result<(), String> + Send + 'a;

impl Connection {
    /// Logs in to `address`. A login that failed is tried once more where another transport may be accepted, or the database was
    /// renamed meanwhile.
    #[crate::boxed]
    pub async fn open(
        address: &Address,
        credentials: &mut Credentials,
        startup: &Startup<'_>,
        limits: Limits,
    ) -> Result<Connection, LoginError> {
        let fallback = Fallback::for_address(address);
        let mut encrypted = false;
        let end =
            Connection::once(address, fallback.first, credentials, startup, limits, &mut encrypted).await;
        let Err(failed) = end else { return end };
        let Some(second) = fallback.after(&failed, encrypted) else { return Err(failed) };
        let end = Connection::once(address, second, credentials, startup, limits, &mut encrypted).await;
        end.map_err(|again| fallback::decisive(failed, again))
    }

    async fn once(
        address: &Address,
        transport: Transport,
        credentials: &mut Credentials,
        startup: &Startup<'_>,
        limits: Limits,
        encrypted: &mut bool,
    ) -> Result<Connection, LoginError> {
        let mut opened = address.open(transport).await?;
        *encrypted = opened.encrypted;
        let greeting =
            enter(&mut opened.wire, (opened.channel, &opened.binding), credentials, startup).await?;
        opened.wire.accept_up_to(LARGEST_MESSAGE);
        let transport = if opened.encrypted { Transport::Required } else { Transport::Plain };
        let target = CancelTarget { address: address.clone(), transport, key: greeting.key };
        Ok(Connection {
            wire: Some(opened.wire),
            limits,
            ticket: SessionHandle::new(target),
            version: greeting.version,
            place: "the server".into(),
            in_flight: false,
            ahead: None,
            notified: false,
        })
    }

    #[must_use]
    pub fn at(mut self, endpoint: &Endpoint, database: &str) -> Connection {
        self.place = format!("database \"{database}\" at {endpoint}");
        self
    }

    /// Disables or enables the limit on the server's silence, from the next statement on.
    pub fn without_timeout(&mut self, patient: bool) {
        self.limits.silence = if patient { None } else { Limits::READ.silence };
    }

    /// Returns the backend's PID, as in `pg_stat_activity`.
    pub fn backend(&self) -> i32 {
        self.ticket.target().key.0
    }

    /// Returns the server's version, as it reports it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the server's major version, 0 if its version cannot be parsed.
    pub fn major(&self) -> u32 {
        let digits = self.version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        digits.parse().unwrap_or_default()
    }

    /// Runs statements and collects their rows.
    ///
    /// # Errors
    /// The server's error, or the end of the connection. After a signal no further statement is sent.
    #[crate::boxed]
    pub async fn run(&mut self, statement: &Statement) -> ExchangeResult {
        self.collect(statement, false).await
    }

    /// Like [`run`](Self::run), for cleanup statements such as ROLLBACK: they run even after a signal, and are not
    /// cancelled.
    pub(crate) async fn run_protected(&mut self, statement: &Statement) -> ExchangeResult {
        self.collect(statement, true).await
    }

    async fn collect(&mut self, statement: &Statement, protected: bool) -> ExchangeResult {
        let (limit, mut collected) = (self.limits.collected, 0);
        let mut rows: Vec<(usize, Row)> = vec![];
        let mut sink = |at: usize, row: Row| {
            collected += row.bytes();
            rows.push((at, row));
            let too_large = || format!("the answer is larger than {} MiB", limit >> 20);
            if collected > limit { Err(too_large()) } else { Ok(()) }
        };
        let mut reply = self.exchange(statement, protected, &mut sink).await?;
        rows.into_iter().for_each(|(at, row)| reply.results[at].rows.push(row));
        Ok(reply)
    }

    /// Runs statements and passes on each row as it arrives: an answer of any length takes the memory of one row.
    ///
    /// # Errors
    /// As [`Connection::run`], and those that `sink` returns.
    pub(crate) async fn each_row(
        &mut self,
        statement: &Statement,
        sink: &mut RowSink<'_>,
    ) -> ExchangeResult<()> {
        self.exchange(statement, false, sink).await.map(drop)
    }

    async fn exchange(
        &mut self,
        statement: &Statement,
        protected: bool,
        sink: &mut RowSink<'_>,
    ) -> ExchangeResult {
        let mut reply = Reply::default();
        let end = self.talk(statement, protected, sink, &mut reply).await;
        self.notified |= reply.notified;
        self.conclude(end, reply, protected)
    }

    fn conclude(&self, end: Result<(), ErrorResponse>, reply: Reply, protected: bool) -> ExchangeResult {
        let Err(mut response) = end else { return Ok(reply) };
        response.interrupted |= !protected && interrupt::signal().is_some();
        if response.unreachable {
            response.place = Some(self.place.clone());
        }
        let (completed, warnings) = (reply.results.len(), reply.warnings);
        Err(Box::new(FailedStatement { response, completed, warnings }))
    }

    async fn talk(
        &mut self,
        statement: &Statement,
        protected: bool,
        sink: &mut RowSink<'_>,
        reply: &mut Reply,
    ) -> Result<(), ErrorResponse> {
        let running = self.ticket.begin(protected).ok_or_else(ErrorResponse::not_sent)?;
        if self.in_flight {
            self.wire = None;
        }
        let Some(wire) = self.wire.as_mut() else {
            return Err(speaking("the connection was closed after an earlier failure".into()).into());
        };
        self.in_flight = true;
        let end = match wire.send(|out| frontend::query(statement.exact(), out)).await {
            Ok(()) => StatementExchange::new(wire, self.limits, sink, reply).read().await,
            Err(broken) => Err(broken.into()),
        };
        drop(running);
        self.in_flight = end.is_err();
        self.abandon();
        end?.map_or(Ok(()), Err)
    }

    /// Closes a connection with unread data, and requests cancellation of its statement.
    fn abandon(&mut self) {
        if !std::mem::take(&mut self.in_flight) {
            return;
        }
        self.wire = None;
        self.ahead = None;
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let target = self.ticket.target().clone();
            runtime.spawn(async move { target.cancel().await });
        }
    }

    /// Ends the session with Terminate; without it, the server logs a lost connection.
    #[crate::boxed]
    pub async fn close(mut self) {
        if let Some(wire) = self.wire.as_mut().filter(|_| !self.in_flight) {
            wire.terminate().await;
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({})", self.place)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.abandon();
    }
}

struct StatementExchange<'a> {
    wire: &'a mut Wire,
    limits: Limits,
    sink: &'a mut RowSink<'a>,
    reply: &'a mut Reply,
    received: usize,
    types: Arc<[Oid]>,
    /// Rows arrived, and the CommandComplete of their statement has not.
    in_rows: bool,
}

impl<'a> StatementExchange<'a> {
    fn new(
        wire: &'a mut Wire,
        limits: Limits,
        sink: &'a mut RowSink<'a>,
        reply: &'a mut Reply,
    ) -> StatementExchange<'a> {
        StatementExchange { wire, limits, sink, reply, received: 0, types: Arc::new([]), in_rows: false }
    }

    /// `Ok(Some)` is an error after which the session continues.
    async fn read(mut self) -> Result<Option<ErrorResponse>, ErrorResponse> {
        let mut refused = None;
        loop {
            let message = match self.receive().await {
                Ok(message) => message,
                // The last error before a connection ends is the reason for its end.
                Err(broken) => return Err(refused.unwrap_or_else(|| broken.into())),
            };
            match message {
                Message::ReadyForQuery(_) if self.in_rows && refused.is_none() => {
                    return Err(
                        speaking("the server sent rows of a statement that did not end".into()).into()
                    );
                }
                Message::ReadyForQuery(_) => return Ok(refused),
                Message::ErrorResponse(body) => refused = Some(ErrorResponse::read(body.fields())),
                message => self.handle(message).await?,
            }
        }
    }

    async fn receive(&mut self) -> Result<Message, ConnectionFailure> {
        let (message, bytes) = match self.limits.silence {
            None => self.wire.receive_counted().await?,
            Some(limit) => {
                tokio::time::timeout(limit, self.wire.receive_counted()).await.map_err(|_| {
                    let why = format!("the server has not answered for {} s", limit.as_secs());
                    ConnectionFailure { stage: Stage::Wait, why }
                })??
            }
        };
        self.received += bytes;
        if self.received > self.limits.received {
            return Err(speaking(format!("the server sent more than {} MiB", self.limits.received >> 20)));
        }
        Ok(message)
    }

    async fn handle(&mut self, message: Message) -> Result<(), ErrorResponse> {
        match message {
            Message::RowDescription(body) => self.types = types(&body)?,
            Message::DataRow(body) => {
                let row = Row::new(self.types.clone(), body).map_err(|error| speaking(error.to_string()))?;
                self.in_rows = true;
                (self.sink)(self.reply.results.len(), row).map_err(speaking)?;
            }
            Message::CommandComplete(body) => {
                self.in_rows = false;
                let tag = body.tag().unwrap_or_default();
                let affected = tag.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or_default();
                self.reply.results.push(ResultSet { rows: vec![], affected });
            }
            Message::EmptyQueryResponse => self.reply.results.push(ResultSet::default()),
            Message::NotificationResponse(_) => self.reply.notified = true,
            Message::NoticeResponse(body) => self.notice(ErrorResponse::read(body.fields())),
            Message::CopyInResponse(_) => {
                self.wire.send(|out| frontend::copy_fail("COPY FROM STDIN is not supported", out)).await?;
            }
            _ => {}
        }
        Ok(())
    }

    fn notice(&mut self, notice: ErrorResponse) {
        if notice.severity.as_deref() == Some("WARNING") && self.reply.warnings.len() < KEPT_WARNINGS {
            self.reply.warnings.push(notice.message);
        }
    }
}

fn types(body: &RowDescriptionBody) -> Result<Arc<[Oid]>, ConnectionFailure> {
    let types: Result<Vec<Oid>, _> = body.fields().map(|field| Ok(field.type_oid())).collect();
    types.map(Arc::from).map_err(|error| speaking(format!("a malformed description of rows: {error}")))
}
