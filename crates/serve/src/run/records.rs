//! Records beside the writes of a request, in the same transaction: each write has a row in the audit, and a request with
//! an idempotency key its answer. They are in the schema `martydb_serve`, which the admin owns; the database decides whose
//! they are, see `docs/reference/data-service.md`.
//!
//! The runner writes them: see [`run`](crate::run). A single write that runs nothing but PostgreSQL's code may be one statement with
//! its [`row`](RequestRecords::row).

use martydb_model::sql::{Statement, stmt};
use tokio_postgres::types::Type;

use crate::answer::{HttpAnswer, StatementResult};
use crate::callers::RequestCaller;
use crate::compile::WriteRecord;
use crate::error::{HttpError, HttpResult};
use crate::face::http_request::RestRequest;
use crate::request::{Resolution, RowAction};
use crate::run::idempotency::IdempotencyKey;
use crate::session::{DatabaseError, DatabaseResult, LoginSession, TypedText};
use crate::settings::{RecordOptions, ServedExposure};

/// Records of one request.
pub(crate) struct RequestRecords {
    kept: RecordOptions,
    caller: String,
    /// The caller's own name of the request, to find it in other logs.
    request: Option<String>,
    key: Option<IdempotencyKey>,
}

/// A write, or a read, as the audit names it.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditedAction {
    pub operation: &'static str,
    /// Schema and name of the relation or function.
    pub collection: String,
    /// Filters of the request, or key of the new row.
    pub key: Option<String>,
    /// `true` if the key is that of the new row, which the result has.
    pub is_new: bool,
    pub writes: bool,
    pub rows: i64,
}

/// Header with the caller's name of a request.
const REQUEST_ID: &str = "x-request-id";

/// Most characters of a request's name, and of a key.
const LONGEST_NAME: usize = 200;
const LONGEST_KEY: usize = 2000;

impl RequestRecords {
    /// Returns the records that a request will leave.
    pub(crate) fn new(
        exposure: &ServedExposure,
        caller: &RequestCaller,
        request: &RestRequest,
    ) -> HttpResult<RequestRecords> {
        let kept = exposure.records;
        let has_key = kept.keys && request.writes();
        let key = if has_key { IdempotencyKey::from_request(exposure, caller, request)? } else { None };
        let name = request.header(REQUEST_ID).map(|name| cut(name, LONGEST_NAME));
        Ok(RequestRecords { kept, caller: caller.identity.name.clone(), request: name, key })
    }

    /// Returns `true` if a read is recorded before its answer is sent.
    pub(crate) fn audits_reads(&self) -> bool {
        self.kept.reads
    }

    /// Rejects a key where no answer would be kept for it.
    pub(crate) fn check_keyless(&self) -> HttpResult<()> {
        if self.key.is_none() {
            return Ok(());
        }
        let message = "a transaction of several requests takes no Idempotency-Key";
        Err(HttpError::new(400, "MDB006", message).hint("a batch takes one: POST transaction"))
    }

    /// Returns the key for which the answer is kept.
    pub(crate) fn idempotency(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref()
    }

    /// Returns `true` if the audit has a row of such an action.
    pub(crate) fn has_row_of(&self, action: &AuditedAction) -> bool {
        if action.writes { self.kept.writes } else { self.kept.reads }
    }

    /// Returns the audit's row of an action.
    pub(crate) fn row_of<'a>(&'a self, action: &'a AuditedAction) -> AuditRow<'a> {
        let key = action.key.as_deref().map(|key| cut(key, LONGEST_KEY));
        AuditRow { records: self, action, key, rows: action.rows.to_string(), statement: insertion() }
    }

    /// Returns the row of a write that its own statement adds; `None` if writes have none. Without filters its key is that of the
    /// new row.
    pub(crate) fn row<'a>(
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
    pub(crate) fn key(&self, filters: &str) -> String {
        cut(filters, LONGEST_KEY)
    }

    /// Claims the request's key in the open transaction. Returns the answer of a request that was done before, or to one whose key
    /// belongs to another one.
    pub(crate) async fn claim(
        &self,
        session: &mut LoginSession,
    ) -> DatabaseResult<Option<HttpResult<HttpAnswer>>> {
        let Some(key) = &self.key else { return Ok(None) };
        if key.claim(session).await.map_err(DatabaseError::unrecorded)? {
            return Ok(None);
        }
        key.answer(session).await.map(Some).map_err(DatabaseError::unrecorded)
    }
}

/// Row of the audit, with its values as texts.
pub(crate) struct AuditRow<'a> {
    records: &'a RequestRecords,
    action: &'a AuditedAction,
    key: Option<String>,
    rows: String,
    statement: Statement,
}

impl AuditRow<'_> {
    /// Returns the statement that adds it.
    pub(crate) fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Returns the statement's values.
    pub(crate) fn values(&self) -> [TypedText<'_>; 6] {
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

/// Returns the beginning of a text.
fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(most).collect()
}

/// Returns the audit's word for an action.
pub(crate) fn operation(action: &RowAction) -> &'static str {
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
pub(crate) fn key_of(result: &StatementResult) -> Option<String> {
    let key: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(result.location.as_deref()?).ok()?;
    let pairs = key.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    Some(pairs.collect::<Vec<_>>().join("&"))
}
