//! A session that does the steps of a request: costs, times and records of its statements, and its transaction.

use std::sync::Arc;

use tokio_postgres::RowStream;

use super::lease::{give_back, take};
use super::prepared::{RequestContext, RequestStep};
use super::session_use::{RequestEnd, SessionUse, TransactionMode};
use super::transaction::{begin, check_constraints, commit, in_own_transaction, own_transaction, roll_back};
use crate::answer::{HttpAnswer, StatementResult};
use crate::error::HttpResult;
use crate::run::cache::{CacheLookup, CacheRequest, CacheTicket};
use crate::run::cost::check_cost;
use crate::run::precondition::Precondition;
use crate::run::records::{AuditRow, AuditedAction, key_of};
use crate::session::{DatabaseError, DatabaseResult, LoginPool, LoginSession};

/// A session in use by a request. Dropped before its end, it is closed.
pub(super) struct RequestSession {
    pub(crate) context: Arc<RequestContext>,
    pub session: LoginSession,
    pub with: SessionUse,
    /// Number of the step that runs.
    pub step: Option<usize>,
    /// Name of the replica that it is at.
    pub replica: Option<Arc<str>>,
    is_open: bool,
    cached: Option<StatementResult>,
    /// Permission to keep the result, and the result.
    ticket: Option<CacheTicket>,
    to_keep: Option<StatementResult>,
    /// Last action of the open transaction that has no row in the audit yet: COMMIT may follow the row unawaited.
    unrecorded: Option<AuditedAction>,
    /// Actions that are recorded behind the transaction.
    recorded_later: Vec<AuditedAction>,
}

impl RequestSession {
    /// Takes a connection of a pool.
    pub(super) async fn take(
        context: &Arc<RequestContext>,
        pool: &LoginPool,
        with: SessionUse,
    ) -> HttpResult<RequestSession> {
        context.service.in_flight.check()?;
        let share = context.caller.share.connection(pool.wait()).await?;
        let mut session = take(pool).await?;
        session.belongs_to(share);
        Ok(RequestSession::new(context, session, with))
    }

    /// Goes on with the open transaction of a session.
    pub(super) fn resume(
        context: &Arc<RequestContext>,
        session: LoginSession,
        with: SessionUse,
    ) -> RequestSession {
        RequestSession { is_open: true, ..RequestSession::new(context, session, with) }
    }

    fn new(context: &Arc<RequestContext>, session: LoginSession, with: SessionUse) -> RequestSession {
        RequestSession {
            context: context.clone(),
            session,
            with,
            step: None,
            replica: None,
            is_open: false,
            cached: None,
            ticket: None,
            to_keep: None,
            unrecorded: None,
            recorded_later: vec![],
        }
    }

    /// Looks for a kept answer, which is then the result of the first step.
    pub(super) async fn look_up(&mut self, request: Option<&CacheRequest>) -> DatabaseResult<()> {
        match self.context.service.look_up(&mut self.session, request).await? {
            CacheLookup::Hit(result) => self.cached = Some(result),
            CacheLookup::Miss(ticket) => self.ticket = ticket,
        }
        Ok(())
    }

    /// Begins the transaction, where one is needed, and claims the request's key. Returns the answer of a request that was done before.
    pub(super) async fn begin(&mut self) -> DatabaseResult<Option<HttpResult<HttpAnswer>>> {
        let context = self.context.clone();
        let needs_none = self.with.mode == TransactionMode::Plain && context.settings.is_empty();
        if needs_none || self.is_open || self.cached.is_some() {
            return Ok(None);
        }
        self.is_open = true;
        begin(&mut self.session, &context.settings, self.with).await?;
        if self.with.mode != TransactionMode::ReadWrite {
            return Ok(None);
        }
        let answer = context.records.claim(&mut self.session).await?;
        if answer.is_some() {
            self.roll_back().await?;
        }
        Ok(answer)
    }

    /// Locks the row of a condition, and checks it.
    pub(super) async fn check(&mut self, precondition: &Precondition) -> DatabaseResult<HttpResult<()>> {
        precondition.check(&mut self.session).await
    }

    /// Does a step; `alone` if it is a transaction of its own that writes, and records itself.
    pub(super) async fn execute(
        &mut self,
        step: RequestStep<'_>,
        alone: bool,
    ) -> DatabaseResult<HttpResult<StatementResult>> {
        self.record_last().await?;
        let result = match self.cached.take() {
            Some(kept) => Ok(kept),
            None => self.result(&step, alone).await?,
        };
        let result = match result.and_then(step.check) {
            Ok(result) => result,
            Err(error) => return Ok(Err(error)),
        };
        if self.ticket.is_some() {
            self.to_keep = Some(result.clone());
        }
        if let Some(action) = step.action.filter(|_| !alone) {
            self.note(action, &result);
        }
        Ok(Ok(StatementResult { replica: self.replica.clone(), ..result }))
    }

    /// Begins a step whose rows are taken one by one.
    pub(super) async fn stream(&mut self, step: &RequestStep<'_>) -> DatabaseResult<HttpResult<RowStream>> {
        match self.admit(step).await? {
            Ok(()) => self.session.stream(&step.compiled).await.map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn result(
        &mut self,
        step: &RequestStep<'_>,
        alone: bool,
    ) -> DatabaseResult<HttpResult<StatementResult>> {
        if let Err(error) = self.admit(step).await? {
            return Ok(Err(error));
        }
        let (service, compiled) = (self.context.service.clone(), &step.compiled);
        let login = service.login_of(&self.context.caller, self.with.as_writer);
        let timed = step
            .action
            .as_ref()
            .map(|action| service.timed(login, (action.operation, &action.collection), compiled));
        let rows = match alone {
            true => self.session.query_alone(compiled).await?,
            false => self.session.query(compiled).await?,
        };
        let result = step.form.read(&rows);
        if let Some(timed) = timed {
            timed.end(result.as_ref().map_or(0, |result| result.rows));
        }
        Ok(result)
    }

    /// Charges the caller for a step, and rejects one that costs too much. The planner runs what is IMMUTABLE, with the same login, in
    /// the same transaction and under the same timeout.
    async fn admit(&mut self, step: &RequestStep<'_>) -> DatabaseResult<HttpResult<()>> {
        if !step.has_cost() {
            return Ok(Ok(()));
        }
        let context = &self.context;
        check_cost(&context.service, &context.caller, &mut self.session, &step.compiled).await
    }

    /// Remembers what the audit has to have of an action that was done.
    pub(super) fn note(&mut self, mut action: AuditedAction, result: &StatementResult) {
        if !self.context.records.has_row_of(&action) {
            return;
        }
        action.rows = result.rows;
        if action.is_new {
            action.key = key_of(result);
        }
        match self.with.records_inside(&action) {
            true => self.unrecorded = Some(action),
            // A write that is rolled back was not done.
            false if action.writes => {}
            false => self.recorded_later.push(action),
        }
    }

    /// Records the last action in the open transaction.
    async fn record_last(&mut self) -> DatabaseResult<()> {
        let Some(action) = self.unrecorded.take() else { return Ok(()) };
        let row = self.context.records.row_of(&action);
        match self.session.change(row.statement(), &row.values()).await.map_err(DatabaseError::unrecorded)? {
            1 => Ok(()),
            _ => Err(DatabaseError::NoRecord),
        }
    }

    /// Ends the request: commits and stores the answer, or rolls back. Reads are recorded before it returns.
    pub(super) async fn end(
        &mut self,
        answer: HttpResult<HttpAnswer>,
    ) -> DatabaseResult<HttpResult<HttpAnswer>> {
        let answer = match (answer, self.with.end) {
            (Ok(answer), RequestEnd::Commit) => self.commit(answer).await?,
            (Ok(answer), RequestEnd::RollBack { checks_constraints }) => {
                if checks_constraints {
                    check_constraints(&mut self.session).await?;
                }
                self.roll_back().await?;
                Ok(answer)
            }
            (Ok(answer), RequestEnd::Hold) => {
                self.record_last().await?;
                self.record_beside().await.map(|()| answer)
            }
            (Err(error), _) => Err(error),
        };
        if answer.is_err() {
            self.roll_back().await?;
            return Ok(answer);
        }
        self.record_later().await?;
        if let (Some(ticket), Some(result)) = (self.ticket.take(), self.to_keep.take()) {
            self.context.service.keep(ticket, result);
        }
        Ok(answer)
    }

    /// Keeps the answer with the request's key, and commits.
    async fn commit(&mut self, answer: HttpAnswer) -> DatabaseResult<HttpResult<HttpAnswer>> {
        if !self.is_open {
            return Ok(Ok(answer));
        }
        let (context, writes) = (self.context.clone(), self.with.mode == TransactionMode::ReadWrite);
        if writes && let Some(key) = context.records.idempotency() {
            if let Err(error) = key.check(&answer) {
                return Ok(Err(error));
            }
            self.record_last().await?;
            key.keep(&mut self.session, &answer).await.map_err(DatabaseError::unrecorded)?;
        }
        let last = self.unrecorded.take();
        let row = last.as_ref().map(|action| context.records.row_of(action));
        let values = row.as_ref().map(AuditRow::values);
        let last = row.as_ref().zip(values.as_ref()).map(|(row, values)| (row.statement(), &values[..]));
        let committed = commit(&mut self.session, last).await;
        let rows = committed.map_err(|error| if writes { error } else { error.of_read() })?;
        self.is_open = false;
        // Only a trigger or a rule of the table's owner, the admin, leaves a row out; the write is done by then.
        if rows != 1 {
            tracing::warn!("{}: martydb_serve.audit has no row of a write", context.service.name);
            return Err(DatabaseError::UnknownOutcome);
        }
        Ok(Ok(answer))
    }

    /// Rolls back what is open.
    pub(super) async fn roll_back(&mut self) -> DatabaseResult<()> {
        if std::mem::take(&mut self.is_open) { roll_back(&mut self.session).await } else { Ok(()) }
    }

    /// Records actions in a transaction of their own: they were done in one that may not write, or was rolled back.
    async fn record_later(&mut self) -> DatabaseResult<()> {
        for action in std::mem::take(&mut self.recorded_later) {
            let row = self.context.records.row_of(&action);
            let done = own_transaction(&mut self.session, row.statement(), &row.values()).await;
            recorded(done)?;
        }
        Ok(())
    }

    /// Records actions on a connection of their own: their rows stay when the transaction is rolled back.
    async fn record_beside(&mut self) -> HttpResult<()> {
        let context = self.context.clone();
        for action in std::mem::take(&mut self.recorded_later) {
            let row = context.records.row_of(&action);
            let done = in_own_transaction(context.pool(true)?, row.statement(), &row.values()).await?;
            recorded(done).map_err(|error| context.error(&error))?;
        }
        Ok(())
    }

    /// Gives the session back, and returns what was done in it.
    pub(super) async fn release<T>(self, done: DatabaseResult<T>) -> DatabaseResult<T> {
        give_back(self.session, done).await
    }
}

/// Checks that the row of an action that read is there.
fn recorded(done: DatabaseResult<u64>) -> DatabaseResult<()> {
    match done.map_err(DatabaseError::of_read)? {
        1 => Ok(()),
        _ => Err(DatabaseError::NoRecord),
    }
}
