//! A session: statements in, results and notices out, within limits.

mod ahead;
mod copying;
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
use super::fault::Fault;
use super::interrupt::{self, RunningStatement, Ticket};
use super::login::{Credentials, NotLetIn, Startup, enter};
use super::outcome::{Broken, Stage};
use super::row::Row;
use super::tls::{self, Transport};
use martydb_model::sql::Statement;

pub use copying::{CopiedRows, CopyFailure, CopyListener, CopyStatements, FrameSink, copy_rows};
pub use replication::{ReplicationStream, StreamFrame};

/// Bytes of the largest message of a session: a row, an error, a notice.
const LARGEST_MESSAGE: usize = 16 << 20;

/// Warnings of one exchange that are kept; the rest is counted.
const KEPT_WARNINGS: usize = 100;

/// Bounds on what one exchange may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long the server may stay silent. `None` for work that takes as long as it takes; a peer that is gone is then
    /// noticed by the keepalives.
    pub silence: Option<Duration>,
    /// Bytes of rows that are collected.
    pub collected: usize,
    /// Bytes that are received in all, notices included.
    pub received: usize,
}

impl Limits {
    /// For reading: a little longer than the server's own limit for a statement, `statement_timeout`.
    pub const READ: Limits =
        Limits { silence: Some(Duration::from_secs(65)), collected: 32 << 20, received: 1 << 30 };
    /// For work that may take hours.
    pub const WORK: Limits = Limits { silence: None, collected: 32 << 20, received: 256 << 20 };
}

/// One open session. Dropping it closes the connection, and cancels a statement that still runs.
pub struct Connection {
    wire: Option<Wire>,
    limits: Limits,
    ticket: Ticket,
    /// `server_version` as the server reported it.
    version: String,
    place: String,
    /// A statement was sent and its end not yet read.
    in_flight: bool,
    /// Statements that were sent together, if some are not answered yet.
    ahead: Option<Ahead>,
    /// A notification arrived that the caller was not told of yet.
    notified: bool,
}

/// What was sent and is not answered yet.
struct Ahead {
    /// Announces all of them as one statement that runs.
    _running: RunningStatement,
    unanswered: usize,
}

#[derive(Debug, Default)]
pub struct Reply {
    /// One entry for each statement, in order.
    pub results: Vec<ResultSet>,
    /// Messages of severity WARNING.
    pub warnings: Vec<String>,
    /// Whether a notification arrived beside them.
    pub notified: bool,
}

#[derive(Debug, Default)]
pub struct ResultSet {
    pub rows: Vec<Row>,
    /// The number in its command tag.
    pub affected: u64,
}

#[derive(Debug)]
pub struct FailedStatement {
    pub fault: Fault,
    /// Statements that were finished before.
    pub completed: usize,
    /// Warnings that arrived before.
    pub warnings: Vec<String>,
}

/// Boxed, because it is large.
pub type Exchanged<T = Reply> = Result<T, Box<FailedStatement>>;

/// Takes each row as it arrives, with the number of the statement that it belongs to.
type Sink<'a> = dyn FnMut(usize, Row) -> Result<(), String> + Send + 'a;

impl Connection {
    /// Logs in to `address`, a second time with or without TLS where `sslmode` says so.
    pub async fn open(
        address: &Address,
        credentials: &mut Credentials,
        startup: &Startup<'_>,
        limits: Limits,
    ) -> Result<Connection, NotLetIn> {
        let (first, second) = tls::transports(address.mode);
        let mut encrypted = false;
        let end = Connection::once(address, first, credentials, startup, limits, &mut encrypted).await;
        let Err(failed) = end else { return end };
        let worth = |next: &Transport| failed.is_worth_another_try(encrypted, address.prefer_written, *next);
        let Some(transport) = second.filter(worth) else { return Err(failed) };
        match Connection::once(address, transport, credentials, startup, limits, &mut encrypted).await {
            // The server has no TLS to try: what it said without TLS stands.
            Err(NotLetIn::Broken(_)) if matches!(failed, NotLetIn::Refused(_)) => Err(failed),
            end => end,
        }
    }

    async fn once(
        address: &Address,
        transport: Transport,
        credentials: &mut Credentials,
        startup: &Startup<'_>,
        limits: Limits,
        encrypted: &mut bool,
    ) -> Result<Connection, NotLetIn> {
        let mut opened = address.open(transport).await?;
        *encrypted = opened.encrypted;
        let greeting = enter(&mut opened.wire, opened.channel, credentials, startup).await?;
        opened.wire.accept_up_to(LARGEST_MESSAGE);
        let transport = if opened.encrypted { Transport::Required } else { Transport::Plain };
        let target = CancelTarget { address: address.clone(), transport, key: greeting.key };
        Ok(Connection {
            wire: Some(opened.wire),
            limits,
            ticket: Ticket::new(target),
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

    /// Lets the server be silent for as long as a statement takes; or not, from the next statement on.
    pub fn be_patient(&mut self, patient: bool) {
        self.limits.silence = if patient { None } else { Limits::READ.silence };
    }

    /// The number of the server's process, as it stands in `pg_stat_activity`.
    pub fn backend(&self) -> i32 {
        self.ticket.target().key.0
    }

    /// The server's major version as the server reported it, 0 if that cannot be read.
    pub fn major(&self) -> u32 {
        let digits = self.version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        digits.parse().unwrap_or_default()
    }

    /// Runs statements and collects their rows.
    ///
    /// # Errors
    /// What the server refused, or how the connection ended. After a signal no statement is sent any more.
    pub async fn run(&mut self, statement: &Statement) -> Exchanged {
        self.collect(statement, false).await
    }

    /// The same for statements that put something in order, such as ROLLBACK: they run after a signal too, and are
    /// not cancelled.
    pub async fn run_protected(&mut self, statement: &Statement) -> Exchanged {
        self.collect(statement, true).await
    }

    async fn collect(&mut self, statement: &Statement, protected: bool) -> Exchanged {
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

    /// Runs statements and hands each row over as it arrives, so that an answer of any length costs the memory of a row.
    ///
    /// # Errors
    /// As [`Connection::run`], and what `sink` returns.
    pub async fn each_row(&mut self, statement: &Statement, sink: &mut Sink<'_>) -> Exchanged<()> {
        self.exchange(statement, false, sink).await.map(drop)
    }

    async fn exchange(&mut self, statement: &Statement, protected: bool, sink: &mut Sink<'_>) -> Exchanged {
        let mut reply = Reply::default();
        let end = self.talk(statement, protected, sink, &mut reply).await;
        self.notified |= reply.notified;
        self.conclude(end, reply, protected)
    }

    fn conclude(&self, end: Result<(), Fault>, reply: Reply, protected: bool) -> Exchanged {
        let Err(mut fault) = end else { return Ok(reply) };
        fault.interrupted |= !protected && interrupt::signal().is_some();
        if fault.unreachable {
            fault.place = Some(self.place.clone());
        }
        let (completed, warnings) = (reply.results.len(), reply.warnings);
        Err(Box::new(FailedStatement { fault, completed, warnings }))
    }

    async fn talk(
        &mut self,
        statement: &Statement,
        protected: bool,
        sink: &mut Sink<'_>,
        reply: &mut Reply,
    ) -> Result<(), Fault> {
        let running = self.ticket.begin(protected).ok_or_else(Fault::not_sent)?;
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

    /// Closes a connection on which more may arrive. The server is asked to stop.
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

    /// Ends the session with Terminate, so that the server's log shows no lost connection.
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
    sink: &'a mut Sink<'a>,
    reply: &'a mut Reply,
    received: usize,
    types: Arc<[Oid]>,
}

impl<'a> StatementExchange<'a> {
    fn new(
        wire: &'a mut Wire,
        limits: Limits,
        sink: &'a mut Sink<'a>,
        reply: &'a mut Reply,
    ) -> StatementExchange<'a> {
        StatementExchange { wire, limits, sink, reply, received: 0, types: Arc::new([]) }
    }

    /// `Ok(Some)` is an error after which the session goes on.
    async fn read(mut self) -> Result<Option<Fault>, Fault> {
        let mut refused = None;
        loop {
            let message = match self.receive().await {
                Ok(message) => message,
                // The last error before a connection ends says why it ended.
                Err(broken) => return Err(refused.unwrap_or_else(|| broken.into())),
            };
            match message {
                Message::ReadyForQuery(_) => return Ok(refused),
                Message::ErrorResponse(body) => refused = Some(Fault::read(body.fields())),
                message => self.take(message).await?,
            }
        }
    }

    async fn receive(&mut self) -> Result<Message, Broken> {
        let (message, bytes) = match self.limits.silence {
            None => self.wire.receive_counted().await?,
            Some(limit) => {
                tokio::time::timeout(limit, self.wire.receive_counted()).await.map_err(|_| {
                    let why = format!("the server has not answered for {} s", limit.as_secs());
                    Broken { stage: Stage::Wait, why }
                })??
            }
        };
        self.received += bytes;
        if self.received > self.limits.received {
            return Err(speaking(format!("the server sent more than {} MiB", self.limits.received >> 20)));
        }
        Ok(message)
    }

    async fn take(&mut self, message: Message) -> Result<(), Fault> {
        match message {
            Message::RowDescription(body) => self.types = types(&body)?,
            Message::DataRow(body) => {
                let row = Row::new(self.types.clone(), body).map_err(|error| speaking(error.to_string()))?;
                (self.sink)(self.reply.results.len(), row).map_err(speaking)?;
            }
            Message::CommandComplete(body) => {
                let tag = body.tag().unwrap_or_default();
                let affected = tag.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or_default();
                self.reply.results.push(ResultSet { rows: vec![], affected });
            }
            Message::EmptyQueryResponse => self.reply.results.push(ResultSet::default()),
            Message::NotificationResponse(_) => self.reply.notified = true,
            Message::NoticeResponse(body) => self.notice(Fault::read(body.fields())),
            Message::CopyInResponse(_) => {
                self.wire.send(|out| frontend::copy_fail("COPY FROM STDIN is not supported", out)).await?;
            }
            _ => {}
        }
        Ok(())
    }

    fn notice(&mut self, notice: Fault) {
        if notice.severity.as_deref() == Some("WARNING") && self.reply.warnings.len() < KEPT_WARNINGS {
            self.reply.warnings.push(notice.message);
        }
    }
}

fn types(body: &RowDescriptionBody) -> Result<Arc<[Oid]>, Broken> {
    let types: Result<Vec<Oid>, _> = body.fields().map(|field| Ok(field.type_oid())).collect();
    types.map(Arc::from).map_err(|error| speaking(format!("a malformed description of rows: {error}")))
}
