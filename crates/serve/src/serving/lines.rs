//! Rows as lines of JSON, sent while the database reads them: whatever the size of an answer, a process holds a small part
//! of it. An answer that is small is sent whole, with its range and its tag.
//!
//! The limits of rows, bytes and time hold for the whole answer. What goes wrong in the middle ends the connection before
//! the end of the answer: a caller never takes a part for the whole (RFC 9112, section 8).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, try_unfold};
use martydb_model::sql::stmt;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_postgres::RowStream;

use super::action::RestRequest;
use super::answer::{AnswerParts, HttpAnswer, StatementResult};
use super::cost::check_cost;
use super::etag::conditional;
use super::exchange::respond;
use super::part::{root_range, schema};
use super::records::{AuditedAction, RequestRecords};
use super::service::ServedService;
use super::transaction::TransactionSettings;
use crate::callers::{ANONYMOUS, RequestCaller};
use crate::compile::{CompiledStatement, StatementDigest, lines_statement};
use crate::face::rest::{LINES, accepted_of_relation, is_lines, parse_query};
use crate::fault::{AnswerHeader, RequestFault, Served};
use crate::guard::{ShapeSubject, StatementOutcome};
use crate::plan::plan_tree;
use crate::session::{DatabaseFault, LoginSession};

/// Most bytes of an answer that is sent whole, and of a part of another one.
const WHOLE: usize = 256 << 10;
const PART: usize = 64 << 10;

/// Parts that wait for the caller.
const WAITING: usize = 2;

/// Answer of the data service.
pub enum ServedAnswer {
    Whole(HttpAnswer),
    Parts(PartedAnswer),
}

/// An answer whose body is read while it is sent.
pub struct PartedAnswer {
    pub headers: Vec<AnswerHeader>,
    pub body: BoxStream<'static, Result<Bytes, CutAnswer>>,
}

/// End of an answer before its last row.
#[derive(Debug)]
pub struct CutAnswer;

impl std::fmt::Display for CutAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer was cut")
    }
}

impl std::error::Error for CutAnswer {}

/// Reason for which no further row is sent.
enum LineFault {
    Database(DatabaseFault),
    TooLarge(usize),
    NotText,
    HungUp,
}

/// Returns `true` for a read of a relation whose caller wants lines.
pub fn wants_lines(request: &RestRequest) -> bool {
    let is_read = request.method == "GET" && !request.path.is_empty() && !request.path.contains('/');
    is_read && request.header("accept").is_some_and(is_lines)
}

/// Answers a read with lines.
pub async fn respond_lines(
    service: &Arc<ServedService>,
    caller: &RequestCaller,
    request: &RestRequest,
) -> Served<ServedAnswer> {
    let exposure = &service.exposure;
    let (schema, profile) = schema(exposure, request)?;
    let catalog = service.catalog().await?;
    let mut query = parse_query(&request.query)?;
    root_range(&mut query.rows, request)?;
    let relation = catalog.relation(&schema, &request.path)?;
    // An aggregate of the service makes this media type.
    if accepted_of_relation(Some(LINES), &catalog, relation, query.rows.is_whole()).is_ok() {
        return respond(service, caller, request).await.map(ServedAnswer::Whole);
    }
    let preferences = request.preferences(exposure.rollback);
    preferences.check()?;
    let tree = plan_tree(&catalog, &exposure.limits, relation, &query.rows, false)?;
    let compiled = lines_statement(&catalog, &tree)?;
    let read = LinesRead {
        records: RequestRecords::of(exposure, caller, request)?,
        settings: TransactionSettings::of(exposure, caller, &preferences),
        collection: format!("{}.{}", relation.schema, relation.name),
        filters: query.canonical.clone(),
        runs_code: !tree.is_plain(),
        service,
        caller,
    };
    let parts = AnswerParts {
        relation: &relation.name,
        query: &query,
        preferences: &preferences,
        media_type: LINES,
        profile: profile.as_deref(),
        has_key: false,
    };
    Ok(match read.begin(&compiled).await? {
        BegunLines::Whole(result) => {
            ServedAnswer::Whole(conditional(request, parts.read(result, tree.range, false)))
        }
        BegunLines::Parts(body) => ServedAnswer::Parts(PartedAnswer { headers: parts.content(), body }),
    })
}

/// A read that is ready to run.
struct LinesRead<'a> {
    service: &'a Arc<ServedService>,
    caller: &'a RequestCaller,
    records: RequestRecords,
    settings: TransactionSettings,
    collection: String,
    filters: String,
    runs_code: bool,
}

/// A read after its first rows.
enum BegunLines {
    Whole(StatementResult),
    Parts(BoxStream<'static, Result<Bytes, CutAnswer>>),
}

impl LinesRead<'_> {
    /// Reads the first rows: what goes wrong until then is answered as ever. With an audit of reads all rows are read before
    /// one is sent.
    async fn begin(&self, compiled: &CompiledStatement) -> Served<BegunLines> {
        let mut session = self.service.pool_of(&self.caller.caller, false)?.get().await?;
        let rows = match self.open(&mut session, compiled).await {
            Ok(Ok(rows)) => rows,
            Ok(Err(fault)) => {
                session.discard().await;
                return Err(fault);
            }
            Err(fault) => return Err(self.answer(&fault)),
        };
        let limits = &self.service.exposure.limits;
        let audits = self.records.audits_reads();
        let mut lines = RowLines {
            login: self.service.login_of(&self.caller.caller, false).to_owned(),
            collection: self.collection.clone(),
            statement: compiled.statement.exact().to_owned(),
            digest: compiled.digest(),
            begun: Instant::now(),
            end: tokio::time::Instant::now() + limits.timeout,
            ends_transaction: !self.settings.is_empty(),
            runs_code: self.runs_code,
            most: if audits { limits.answer } else { limits.lines },
            service: self.service.clone(),
            session: Some(session),
            rows: Box::pin(rows),
            number: 0,
            bytes: 0,
            is_over: false,
        };
        let mut first = vec![];
        let most = if audits { usize::MAX } else { WHOLE };
        if !lines.take(&mut first, most).await.map_err(|fault| self.fault(&fault))? {
            return Ok(BegunLines::Parts(lines.parts(first.into())));
        }
        let number = lines.number;
        let Some(mut session) = lines.finish().await.map_err(|fault| self.answer(&fault))? else {
            return Err(self.answer(&DatabaseFault::Released));
        };
        let key = Some(self.filters.clone()).filter(|filters| !filters.is_empty());
        let audited =
            AuditedAction { operation: "read", collection: self.collection.clone(), key, rows: number };
        self.records.read(&mut session, &audited).await.map_err(|fault| self.answer(&fault))?;
        session.release_after(self.runs_code).await;
        Ok(BegunLines::Whole(StatementResult { rows: number, body: first, ..StatementResult::default() }))
    }

    async fn open(
        &self,
        session: &mut LoginSession,
        compiled: &CompiledStatement,
    ) -> Result<Served<RowStream>, DatabaseFault> {
        if !self.settings.is_empty() {
            self.settings.begin(session, false).await?;
        }
        if let Err(fault) = check_cost(self.service, &self.caller.caller, session, compiled).await? {
            return Ok(Err(fault));
        }
        session.stream(compiled).await.map(Ok)
    }

    fn answer(&self, fault: &DatabaseFault) -> RequestFault {
        fault.answer(self.caller.caller.name != ANONYMOUS, true)
    }

    fn fault(&self, fault: &LineFault) -> RequestFault {
        match fault {
            LineFault::Database(fault) => self.answer(fault),
            LineFault::TooLarge(most) => RequestFault::too_large(*most),
            LineFault::NotText => RequestFault::new(500, "22021", "the answer is not UTF-8"),
            LineFault::HungUp => self.answer(&DatabaseFault::Released),
        }
    }
}

/// Rows of a statement that runs. Dropped before its end, the statement is cancelled.
struct RowLines {
    service: Arc<ServedService>,
    session: Option<LoginSession>,
    rows: Pin<Box<RowStream>>,
    login: String,
    collection: String,
    statement: String,
    digest: StatementDigest,
    begun: Instant,
    /// Time at which the answer has to be over.
    end: tokio::time::Instant,
    ends_transaction: bool,
    runs_code: bool,
    /// Most bytes of all lines.
    most: usize,
    number: i64,
    bytes: usize,
    /// `true` behind the last row.
    is_over: bool,
}

impl Drop for RowLines {
    fn drop(&mut self) {
        let subject = ShapeSubject {
            login: &self.login,
            operation: "read",
            collection: &self.collection,
            statement: &self.statement,
            digest: self.digest,
        };
        let rows = self.is_over.then_some(self.number);
        self.service.count_statement(subject, StatementOutcome { took: self.begun.elapsed(), rows });
    }
}

impl RowLines {
    /// Takes rows until the lines have this size; returns `true` behind the last one.
    async fn take(&mut self, lines: &mut Vec<u8>, size: usize) -> Result<bool, LineFault> {
        while lines.len() < size {
            let next = tokio::time::timeout_at(self.end, self.rows.next()).await;
            let row = match next.map_err(|_| LineFault::Database(DatabaseFault::TooSlow))? {
                Some(Ok(row)) => row,
                Some(Err(error)) => {
                    self.rests();
                    return Err(LineFault::Database(DatabaseFault::Reported(error)));
                }
                None => {
                    self.rests();
                    self.is_over = true;
                    return Ok(true);
                }
            };
            // Code of the service may have changed `client_encoding`.
            let text: &str = row.try_get(0).map_err(|_| LineFault::NotText)?;
            self.bytes = self.bytes.saturating_add(text.len() + 1);
            if self.bytes > self.most || text.len() > self.service.exposure.limits.answer {
                return Err(LineFault::TooLarge(self.most));
            }
            lines.extend(text.bytes().map(on_one_line).chain([b'\n']));
            self.number += 1;
        }
        Ok(false)
    }

    fn rests(&mut self) {
        if let Some(session) = &mut self.session {
            session.rests();
        }
    }

    /// Ends the transaction, and returns the session.
    async fn finish(&mut self) -> Result<Option<LoginSession>, DatabaseFault> {
        let Some(mut session) = self.session.take() else { return Ok(None) };
        if self.ends_transaction {
            session.execute(&stmt!("COMMIT")).await?;
        }
        Ok(Some(session))
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
        let end = self.end;
        let work = tokio::time::timeout_at(end, self.send_parts(first, &sender));
        let done = tokio::select! {
            done = work => done.unwrap_or(Err(LineFault::Database(DatabaseFault::TooSlow))),
            () = sender.closed() => Err(LineFault::HungUp),
        };
        let done = match done {
            Ok(()) => self.finish().await.map_err(LineFault::Database),
            Err(fault) => Err(fault),
        };
        let (name, collection) = (&self.service.name, &self.collection);
        match done {
            Ok(session) => {
                if let Some(session) = session {
                    session.release_after(self.runs_code).await;
                }
                // A caller that hung up takes nothing.
                let _taken = sender.send(None).await;
            }
            Err(LineFault::HungUp) => tracing::debug!("{name}: the caller of {collection} hung up"),
            Err(fault) => tracing::warn!("{name}: an answer of {collection} was cut: {}", reason(&fault)),
        }
    }

    async fn send_parts(&mut self, first: Bytes, sender: &Sender<Option<Bytes>>) -> Result<(), LineFault> {
        sender.send(Some(first)).await.map_err(|_| LineFault::HungUp)?;
        loop {
            let mut part = Vec::with_capacity(PART);
            let is_last = self.take(&mut part, PART).await?;
            if !part.is_empty() {
                sender.send(Some(part.into())).await.map_err(|_| LineFault::HungUp)?;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// Returns the reason for the log, without a value.
fn reason(fault: &LineFault) -> String {
    match fault {
        LineFault::Database(fault) => fault.answer(true, false).code.to_string(),
        LineFault::TooLarge(most) => format!("it has more than {most} bytes"),
        LineFault::NotText => "it is not UTF-8".into(),
        LineFault::HungUp => String::new(),
    }
}

/// Replaces what ends a line. In JSON it stands between tokens alone, such as those of embedded rows or of a column of type `json`.
fn on_one_line(byte: u8) -> u8 {
    if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }
}
