//! Records beside the writes of a request, in the same transaction: each write has a row in the audit, and a request with
//! an idempotency key its answer. They are in the schema `martydb_serve`, which the admin owns; the database decides whose
//! they are, see `docs/how-to/serve-data.md`.
//!
//! A transaction of writes is: [`begin`](RequestRecords::begin), each write with [`wrote`](RequestRecords::wrote) after it,
//! and [`commit`](RequestRecords::commit) with the answer; or ROLLBACK, which leaves no record. A single write that runs nothing but
//! PostgreSQL's code may be one statement with its [`row`](RequestRecords::row).

use martydb_model::sql::{Statement, stmt};
use tokio_postgres::types::Type;

use super::action::RestRequest;
use super::answer::{HttpAnswer, StatementResult};
use super::idempotency::IdempotencyKey;
use super::transaction::TransactionSettings;
use crate::callers::RequestCaller;
use crate::compile::WriteRecord;
use crate::fault::{RequestFault, Served};
use crate::request::{Resolution, RowAction};
use crate::session::{DatabaseFault, LoginSession};
use crate::settings::{KeptRecords, ServedExposure};

/// Records of one request.
pub struct RequestRecords {
    kept: KeptRecords,
    caller: String,
    /// The caller's own name of the request, to find it in other logs.
    request: Option<String>,
    key: Option<IdempotencyKey>,
}

/// Beginning of a transaction.
pub enum Begun {
    /// It is open.
    Open,
    /// It is over: the request was done before, or its key belongs to another one.
    Answered(Served<HttpAnswer>),
}

/// A write, or a read, as the audit names it.
pub struct AuditedAction {
    pub operation: &'static str,
    /// Schema and name of the relation or function.
    pub collection: String,
    /// Filters of the request, or key of the new row.
    pub key: Option<String>,
    pub rows: i64,
}

/// Header with the caller's name of a request.
const REQUEST_ID: &str = "x-request-id";

/// Most characters of a request's name, and of a key.
const LONGEST_NAME: usize = 200;
const LONGEST_KEY: usize = 2000;

impl RequestRecords {
    /// Returns the records that a request will leave.
    pub fn of(
        exposure: &ServedExposure,
        caller: &RequestCaller,
        request: &RestRequest,
    ) -> Served<RequestRecords> {
        let kept = exposure.records;
        let has_key = kept.keys && request.writes();
        let key = if has_key { IdempotencyKey::of(exposure, caller, request)? } else { None };
        let name = request.header(REQUEST_ID).map(|name| cut(name, LONGEST_NAME));
        Ok(RequestRecords { kept, caller: caller.caller.name.clone(), request: name, key })
    }

    /// Returns `true` if a read is recorded before its answer is sent.
    pub fn audits_reads(&self) -> bool {
        self.kept.reads
    }

    /// Rejects a key where no answer would be kept for it.
    pub fn check_keyless(&self) -> Served<()> {
        if self.key.is_none() {
            return Ok(());
        }
        let message = "a transaction of several requests takes no Idempotency-Key";
        Err(RequestFault::new(400, "MDB006", message).hint("a batch takes one: POST transaction"))
    }

    /// Returns `true` if the answer is kept, for the request's key.
    pub fn keeps_answer(&self) -> bool {
        self.key.is_some()
    }

    /// Returns the row of a write that its own statement adds; `None` if writes have none. Without filters its key is that of the
    /// new row.
    pub fn row<'a>(
        &'a self,
        collection: &'a str,
        operation: &'a str,
        filters: Option<&'a str>,
    ) -> Option<WriteRecord<'a>> {
        let (caller, request) = (self.caller.as_str(), self.request.as_deref());
        let row = WriteRecord { caller, request, collection, operation, filters, longest_key: LONGEST_KEY };
        self.kept.writes.then_some(row)
    }

    /// Returns filters as the audit has them.
    pub fn key(&self, filters: &str) -> String {
        cut(filters, LONGEST_KEY)
    }

    /// Begins a transaction that may write, and claims the request's key.
    pub async fn begin(
        &self,
        session: &mut LoginSession,
        settings: &TransactionSettings,
    ) -> Result<Begun, DatabaseFault> {
        settings.begin(session, true).await?;
        let Some(key) = &self.key else { return Ok(Begun::Open) };
        if key.claim(session).await.map_err(unrecorded)? {
            return Ok(Begun::Open);
        }
        let answer = key.answer(session).await.map_err(unrecorded)?;
        session.execute(&stmt!("ROLLBACK")).await?;
        Ok(Begun::Answered(answer))
    }

    /// Records a write of the open transaction.
    pub async fn wrote(
        &self,
        session: &mut LoginSession,
        action: &AuditedAction,
    ) -> Result<(), DatabaseFault> {
        if self.kept.writes { self.record(session, action).await } else { Ok(()) }
    }

    /// Records a read, in a transaction of its own: reads run in one that may not write.
    pub async fn read(
        &self,
        session: &mut LoginSession,
        action: &AuditedAction,
    ) -> Result<(), DatabaseFault> {
        if !self.kept.reads {
            return Ok(());
        }
        session.execute(&stmt!("BEGIN READ WRITE")).await?;
        self.record(session, action).await?;
        session.execute(&stmt!("COMMIT")).await
    }

    /// Records a read in the open transaction, which may write.
    pub async fn read_within(
        &self,
        session: &mut LoginSession,
        action: &AuditedAction,
    ) -> Result<(), DatabaseFault> {
        if self.kept.reads { self.record(session, action).await } else { Ok(()) }
    }

    async fn record(&self, session: &mut LoginSession, action: &AuditedAction) -> Result<(), DatabaseFault> {
        let row = AuditRow::of(self, action);
        match session.change(&insertion(), &row.values()).await.map_err(unrecorded)? {
            1 => Ok(()),
            _ => Err(DatabaseFault::NoRecord),
        }
    }

    /// Records the last write of the transaction, keeps the answer, and commits.
    pub async fn wrote_last(
        &self,
        session: &mut LoginSession,
        action: &AuditedAction,
        answer: HttpAnswer,
    ) -> Result<Served<HttpAnswer>, DatabaseFault> {
        if self.key.is_some() || !self.kept.writes {
            self.wrote(session, action).await?;
            return self.commit(session, answer).await;
        }
        let row = AuditRow::of(self, action);
        let done = session.change_and_commit(&insertion(), &row.values()).await;
        let (rows, ended) = done.map_err(|fault| match fault.sqlstate() {
            Some(_) => unrecorded(fault),
            None => DatabaseFault::UnknownOutcome,
        })?;
        ended.map_err(lost)?;
        // Only a trigger or a rule of the table's owner, the admin, leaves a row out; the write is done by then.
        if rows != 1 {
            tracing::warn!("{}: martydb_serve.audit has no row of a write", action.collection);
            return Err(DatabaseFault::UnknownOutcome);
        }
        Ok(Ok(answer))
    }

    /// Keeps the answer with the request's key, and commits. An answer that is too large to be kept rolls the transaction back.
    pub async fn commit(
        &self,
        session: &mut LoginSession,
        answer: HttpAnswer,
    ) -> Result<Served<HttpAnswer>, DatabaseFault> {
        if let Some(key) = &self.key {
            if let Err(fault) = IdempotencyKey::check(&answer) {
                session.execute(&stmt!("ROLLBACK")).await?;
                return Ok(Err(fault));
            }
            key.keep(session, &answer).await.map_err(unrecorded)?;
        }
        commit_alone(session).await?;
        Ok(Ok(answer))
    }
}

/// Row of the audit, with its values as texts.
struct AuditRow<'a> {
    records: &'a RequestRecords,
    action: &'a AuditedAction,
    key: Option<String>,
    rows: String,
}

impl<'a> AuditRow<'a> {
    fn of(records: &'a RequestRecords, action: &'a AuditedAction) -> AuditRow<'a> {
        let key = action.key.as_deref().map(|key| cut(key, LONGEST_KEY));
        AuditRow { records, action, key, rows: action.rows.to_string() }
    }

    fn values(&self) -> [(Option<&str>, Type); 6] {
        [
            (Some(self.records.caller.as_str()), Type::TEXT),
            (self.records.request.as_deref(), Type::TEXT),
            (Some(self.action.collection.as_str()), Type::TEXT),
            (Some(self.action.operation), Type::TEXT),
            (self.key.as_deref(), Type::TEXT),
            (Some(self.rows.as_str()), Type::INT8),
        ]
    }
}

fn insertion() -> Statement {
    stmt!(
        "INSERT INTO martydb_serve.audit (caller, request, collection, op, key, rows) VALUES ($1, $2, $3, $4, $5, $6)"
    )
}

/// Commits without an answer to keep.
pub async fn commit_alone(session: &mut LoginSession) -> Result<(), DatabaseFault> {
    session.commit().await.map_err(lost)
}

fn unrecorded(fault: DatabaseFault) -> DatabaseFault {
    DatabaseFault::Unrecorded(Box::new(fault))
}

/// Returns the fault of a COMMIT: without the server's answer it is unknown if it happened.
fn lost(fault: DatabaseFault) -> DatabaseFault {
    if fault.sqlstate().is_some() { fault } else { DatabaseFault::UnknownOutcome }
}

/// Returns the beginning of a text.
fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(most).collect()
}

/// Returns the audit's word for an action.
pub fn operation(action: &RowAction) -> &'static str {
    match action {
        RowAction::Read => "read",
        RowAction::Insert { resolution: None, .. } => "insert",
        RowAction::Insert { resolution: Some(Resolution::Ignore | Resolution::Merge), .. } => "upsert",
        RowAction::Update { .. } | RowAction::Change(_) => "update",
        RowAction::Put { .. } => "put",
        RowAction::Delete => "delete",
    }
}

/// Returns the key of a new row as filters of a URL, from the JSON object of filters.
pub fn key_of(result: &StatementResult) -> Option<String> {
    let key: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(result.location.as_deref()?).ok()?;
    let pairs = key.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    Some(pairs.collect::<Vec<_>>().join("&"))
}
