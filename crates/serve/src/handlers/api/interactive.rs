//! Transactions of several requests: begin, operations, commit or rollback. An error rolls back at once, so that a caller that
//! is gone holds nothing.

use std::borrow::Cow;

use martydb_model::ServeLimit;
use serde_json::json;

use super::call::{ApiCall, JSON};
use super::prepared::PreparedOperation;
use crate::answer::{HttpAnswer, StatementResult};
use crate::error::HttpResult;
use crate::face::api::{BatchOperation, BodyKeys, isolation};
use crate::run::idempotency::lasting_claims;
use crate::run::open_transactions::{TakenTransaction, TransactionOwner};
use crate::run::service::cursor::CursorKey;
use crate::run::{Handled, PreparedRequest, RequestEnd, RequestStep, RequestWork, SessionUse};

/// A request that only begins or ends a transaction, with its answer.
struct Boundary(HttpResult<HttpAnswer>);

impl RequestWork for Boundary {
    fn next(&self, _done: &[StatementResult]) -> HttpResult<Option<RequestStep<'_>>> {
        Ok(None)
    }

    fn answer(&self, _done: Vec<StatementResult>) -> HttpResult<HttpAnswer> {
        self.0.clone()
    }
}

/// One operation in a transaction.
struct HeldOperation<'a> {
    prepared: PreparedOperation,
    cursors: &'a CursorKey,
}

impl RequestWork for HeldOperation<'_> {
    fn next(&self, done: &[StatementResult]) -> HttpResult<Option<RequestStep<'_>>> {
        let step = || self.prepared.step(Cow::Borrowed(&self.prepared.compiled));
        Ok(done.is_empty().then(|| step().checked(|result| self.prepared.check(result))))
    }

    fn answer(&self, done: Vec<StatementResult>) -> HttpResult<HttpAnswer> {
        let result = done.into_iter().next().unwrap_or_default();
        Ok(json_answer(200, self.prepared.text(&result, self.cursors)?))
    }
}

fn json_answer(status: u16, text: String) -> HttpAnswer {
    let headers = vec![("Content-Type".into(), JSON.to_owned())];
    HttpAnswer { status, headers, body: text.into_bytes() }
}

impl<'a> ApiCall<'a> {
    fn owner(&self) -> TransactionOwner {
        TransactionOwner { caller: self.caller.identity.name.clone(), claims: lasting_claims(self.caller) }
    }

    /// Takes a transaction of this caller.
    fn taken(&self, id: &str) -> HttpResult<TakenTransaction> {
        self.service.transactions.take(id, &self.owner())
    }

    fn held(
        &self,
        taken: TakenTransaction,
        session: SessionUse,
        work: impl RequestWork + 'a,
    ) -> HttpResult<Handled<'a>> {
        let request = PreparedRequest::new(self.context()?, session, work);
        Ok(PreparedRequest { held: Some(taken), ..request }.into())
    }

    /// Prepares the end of a transaction, or its next operation. A caller that has lost the right to write meanwhile loses it, too.
    fn held_by_writer(
        &self,
        taken: TakenTransaction,
        end: RequestEnd,
        work: impl RequestWork + 'a,
    ) -> HttpResult<Handled<'a>> {
        match self.check_right(true) {
            Ok(()) => self.held(taken, session(end), work),
            Err(error) => self.held(taken, session(ROLL_BACK), Boundary(Err(error))),
        }
    }

    /// Prepares the beginning of a transaction, whose answer has its id.
    pub(super) fn begin(&self) -> HttpResult<Handled<'a>> {
        let times = self.service.transactions.times()?;
        self.check_right(true)?;
        self.context()?.records.check_keyless()?;
        let level = match self.request.body.trim() {
            "" => None,
            text => {
                let mut body = BodyKeys::parse(text)?;
                let level = isolation(&mut body)?;
                body.finish()?;
                level
            }
        };
        let most = self.service.exposure.limits.most.size(ServeLimit::Transactions);
        let taken = self.service.transactions.begin(self.owner(), most)?;
        let (idle, total) = (times.idle.as_millis() as u64, times.total.as_millis() as u64);
        let text = json!({ "id": taken.id(), "idle_ms": idle, "total_ms": total }).to_string();
        let mut answer = json_answer(201, text);
        let location = format!("/{}/api/db/transactions/{}", self.service.name, taken.id());
        answer.headers.push(("Location".into(), location));
        let session = SessionUse { isolation: level, idle: Some(times.idle), ..session(RequestEnd::Hold) };
        self.held(taken, session, Boundary(Ok(answer)))
    }

    /// Prepares one operation in a transaction.
    pub(super) fn operate(&self, id: &str) -> HttpResult<Handled<'a>> {
        self.context()?.records.check_keyless()?;
        let operation = BatchOperation::parse(&self.request.body)?.resolved(&[], &|name| self.kind(name))?;
        let (prepared, cursors) = (self.prepare(&operation)?, &self.service.cursors);
        self.held_by_writer(self.taken(id)?, RequestEnd::Hold, HeldOperation { prepared, cursors })
    }

    /// Prepares the commit of a transaction.
    pub(super) fn commit(&self, id: &str) -> HttpResult<Handled<'a>> {
        self.context()?.records.check_keyless()?;
        let answer = json_answer(200, json!({ "committed": true }).to_string());
        self.held_by_writer(self.taken(id)?, RequestEnd::Commit, Boundary(Ok(answer)))
    }

    /// Prepares the rollback of a transaction.
    pub(super) fn roll_back(&self, id: &str) -> HttpResult<Handled<'a>> {
        let answer = HttpAnswer { status: 204, headers: vec![], body: vec![] };
        self.held(self.taken(id)?, session(ROLL_BACK), Boundary(Ok(answer)))
    }
}

const ROLL_BACK: RequestEnd = RequestEnd::RollBack { checks_constraints: false };

/// Returns the session of a request in a transaction.
fn session(end: RequestEnd) -> SessionUse {
    SessionUse { end, ..SessionUse::new(true) }
}
