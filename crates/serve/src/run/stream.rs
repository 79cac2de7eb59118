//! Rows as lines, sent while the database reads them: whatever the size of an answer, a process holds a small part of it. An answer
//! that is small is sent whole, with its range and its tag.
//!
//! The limits of rows, bytes and time hold for the whole answer. What goes wrong in the middle ends the connection before
//! the end of the answer: a caller never takes a part for the whole (RFC 9112, section 8).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, try_unfold};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_postgres::RowStream;

use super::prepared::{PreparedRequest, RequestContext, RequestStep};
use super::request_session::RequestSession;
use crate::answer::{HttpAnswer, StatementResult};
use crate::compile::StatementDigest;
use crate::error::{AnswerHeader, HttpError, HttpResult};
use crate::guard::{ShapeSubject, StatementOutcome};
use crate::session::{DatabaseError, DatabaseResult, unavailable};

/// Most bytes of an answer that is sent whole, and of a part of another one.
const WHOLE: usize = 256 << 10;
const PART_BYTES: usize = 64 << 10;

/// Parts that wait for the caller.
const WAITING: usize = 2;

/// Answer of the data service.
pub(crate) enum ServedAnswer {
    Whole(HttpAnswer),
    Parts(PartedAnswer),
}

/// An answer whose body is read while it is sent.
pub(crate) struct PartedAnswer {
    pub headers: Vec<AnswerHeader>,
    pub body: BoxStream<'static, Result<Bytes, CutAnswer>>,
}

/// End of an answer before its last row.
#[derive(Debug)]
pub(crate) struct CutAnswer;

impl std::fmt::Display for CutAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer was cut")
    }
}

impl std::error::Error for CutAnswer {}

/// Reason for which no further row is sent.
enum LineError {
    Database(DatabaseError),
    TooLarge(usize),
    NotText,
    HungUp,
}

impl PreparedRequest<'_> {
    /// Runs a read of one step, whose rows have a line each, and returns the answer; `headers` are those of one that is sent in parts.
    /// Errors before the first part become an ordinary error response. With an audit of reads all rows are read before one is sent.
    pub(crate) async fn stream(self, headers: Vec<AnswerHeader>) -> HttpResult<ServedAnswer> {
        let mut session = self.take().await?;
        let Some(step) = self.work.next(&[])? else {
            return self.work.answer(vec![]).map(ServedAnswer::Whole);
        };
        let rows = match begin(&mut session, &step).await {
            Ok(Ok(rows)) => rows,
            done => return self.finish(session, done.map(|rows| rows.and(Err(unavailable())))).await,
        };
        let audits = self.context.records.audits_reads();
        let mut lines = RowLines::new(session, rows, &step);
        let mut first = vec![];
        let most = if audits { usize::MAX } else { WHOLE };
        if !lines.fill(&mut first, most).await.map_err(|error| self.line_error(&error))? {
            let (service, caller) = (&self.context.service, &self.context.caller);
            let places = (caller.share.stream(), service.streams.clone().try_acquire_owned().ok());
            let (Some(own), Some(all)) = places else { return Err(service.guard.too_many_streams()) };
            lines.places = Some((own, all));
            return Ok(ServedAnswer::Parts(PartedAnswer {
                headers,
                body: lines.parts(service.in_flight.follow(first)),
            }));
        }
        let result = StatementResult { rows: lines.number, body: first, ..StatementResult::default() };
        if let (Some(session), Some(action)) = (&mut lines.session, step.action) {
            session.note(action, &result);
        }
        let done = lines.finish(self.work.answer(vec![result])).await;
        done.map_err(|error| self.context.error(&error))?.map(ServedAnswer::Whole)
    }

    fn line_error(&self, error: &LineError) -> HttpError {
        match error {
            LineError::Database(error) => self.context.error(error),
            LineError::TooLarge(most) => HttpError::too_large(*most),
            LineError::NotText => HttpError::new(500, "22021", "the answer is not UTF-8"),
            LineError::HungUp => unavailable(),
        }
    }
}

/// Begins the transaction and the step. One that is refused leaves nothing open.
async fn begin(
    session: &mut RequestSession,
    step: &RequestStep<'_>,
) -> DatabaseResult<HttpResult<RowStream>> {
    let _no_key = session.begin().await?;
    let rows = session.stream(step).await?;
    if rows.is_err() {
        session.roll_back().await?;
    }
    Ok(rows)
}

/// Rows of a statement that runs. Dropped before its end, the statement is cancelled.
struct RowLines {
    context: Arc<RequestContext>,
    session: Option<RequestSession>,
    rows: Pin<Box<RowStream>>,
    collection: String,
    statement: String,
    digest: StatementDigest,
    begun: Instant,
    /// Time at which the answer has to be over.
    end: tokio::time::Instant,
    /// Most bytes of all lines.
    most: usize,
    number: i64,
    bytes: usize,
    /// `true` behind the last row.
    is_over: bool,
    /// Places of the caller and of the service for an answer that is sent while it is read.
    places: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

impl Drop for RowLines {
    fn drop(&mut self) {
        let subject = ShapeSubject {
            login: self.context.service.login_of(&self.context.caller, false),
            operation: "read",
            collection: &self.collection,
            statement: &self.statement,
            digest: self.digest,
        };
        let rows = self.is_over.then_some(self.number);
        self.context.service.count_statement(subject, StatementOutcome { took: self.begun.elapsed(), rows });
    }
}

impl RowLines {
    fn new(session: RequestSession, rows: RowStream, step: &RequestStep<'_>) -> RowLines {
        let context = session.context.clone();
        let limits = &context.service.exposure.limits;
        RowLines {
            collection: step.action.as_ref().map(|action| action.collection.clone()).unwrap_or_default(),
            statement: step.compiled.statement.exact().to_owned(),
            digest: step.compiled.digest(),
            begun: Instant::now(),
            end: tokio::time::Instant::now() + limits.timeout,
            most: if context.records.audits_reads() { limits.answer() } else { limits.lines() },
            session: Some(session),
            rows: Box::pin(rows),
            number: 0,
            bytes: 0,
            is_over: false,
            places: None,
            context,
        }
    }

    /// Takes rows until the lines have this size; returns `true` behind the last one.
    async fn fill(&mut self, lines: &mut Vec<u8>, size: usize) -> Result<bool, LineError> {
        while lines.len() < size {
            let next = tokio::time::timeout_at(self.end, self.rows.next()).await;
            let row = match next.map_err(|_| LineError::Database(DatabaseError::TooSlow))? {
                Some(Ok(row)) => row,
                Some(Err(error)) => {
                    self.rests();
                    return Err(LineError::Database(DatabaseError::Reported(error)));
                }
                None => {
                    self.rests();
                    self.is_over = true;
                    return Ok(true);
                }
            };
            // Code of the service may have changed `client_encoding`.
            let text: &str = row.try_get(0).map_err(|_| LineError::NotText)?;
            self.bytes = self.bytes.saturating_add(text.len() + 1);
            if self.bytes > self.most || text.len() > self.context.service.exposure.limits.answer() {
                return Err(LineError::TooLarge(self.most));
            }
            lines.extend(text.bytes().map(on_one_line).chain([b'\n']));
            self.number += 1;
        }
        Ok(false)
    }

    fn rests(&mut self) {
        if let Some(session) = &mut self.session {
            session.session.rests();
        }
    }

    /// Ends the transaction, and gives the session back.
    async fn finish(&mut self, answer: HttpResult<HttpAnswer>) -> DatabaseResult<HttpResult<HttpAnswer>> {
        let mut session = self.session.take().ok_or(DatabaseError::Released)?;
        let done = session.end(answer).await;
        session.release(done).await
    }

    /// Sends these lines and all others. A task reads them: a caller that takes no more, or hangs up, does not hold the connection
    /// with the database beyond its time.
    fn parts(self, first: Bytes) -> BoxStream<'static, Result<Bytes, CutAnswer>> {
        let (sender, receiver) = channel(WAITING);
        tokio::spawn(self.send(first, sender));
        let next = |mut receiver: Receiver<Option<Bytes>>| async move {
            match receiver.recv().await {
                Some(Some(part)) => Ok(Some((part, receiver))),
                Some(None) => Ok(None),
                None => Err(CutAnswer),
            }
        };
        try_unfold(receiver, next).boxed()
    }

    /// Sends the parts, and nothing at the end where the answer was cut.
    async fn send(mut self, first: Bytes, sender: Sender<Option<Bytes>>) {
        let work = tokio::time::timeout_at(self.end, self.send_parts(first, &sender));
        let done = tokio::select! {
            done = work => done.unwrap_or(Err(LineError::Database(DatabaseError::TooSlow))),
            () = sender.closed() => Err(LineError::HungUp),
        };
        let done = match done {
            Ok(()) => self.finish(Ok(HttpAnswer::default())).await.map_err(LineError::Database),
            Err(error) => Err(error),
        };
        let (name, collection) = (&self.context.service.name, &self.collection);
        match done {
            // A caller that hung up takes nothing.
            Ok(_) => drop(sender.send(None).await),
            Err(LineError::HungUp) => tracing::debug!("{name}: the caller of {collection} hung up"),
            Err(error) => tracing::warn!("{name}: an answer of {collection} was cut: {}", reason(&error)),
        }
    }

    async fn send_parts(&mut self, first: Bytes, sender: &Sender<Option<Bytes>>) -> Result<(), LineError> {
        sender.send(Some(first)).await.map_err(|_| LineError::HungUp)?;
        loop {
            let mut part = Vec::with_capacity(PART_BYTES);
            let is_last = self.fill(&mut part, PART_BYTES).await?;
            if !part.is_empty() {
                let part = self.context.service.in_flight.follow(part);
                sender.send(Some(part)).await.map_err(|_| LineError::HungUp)?;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// Returns the reason for the log, without a value.
fn reason(error: &LineError) -> String {
    match error {
        LineError::Database(error) => error.answer(true, false).code.to_string(),
        LineError::TooLarge(most) => format!("it has more than {most} bytes"),
        LineError::NotText => "it is not UTF-8".into(),
        LineError::HungUp => String::new(),
    }
}

/// Replaces what ends a line. In JSON it occurs only between tokens, such as those of embedded rows or of a column of type `json`.
fn on_one_line(byte: u8) -> u8 {
    if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }
}
