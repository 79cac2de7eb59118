//! Execution of one migration, in a transaction or not: batches are sent until they are committed, and their
//! outcomes are recorded in the history.

use std::time::{Duration, Instant};

use super::batch::{Batch, BatchContext, BatchPart, MigrationStep};
use super::failure;
use super::preflight::Preflight;
use super::session::{MigrationSession, until};
use super::watch::Watcher;
use crate::files::Direction;
use crate::history::{Elapsed, Record, repeatables, tables};
use crate::report::Event;
use crate::target::{Operator, Options};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};
use martydb_model::sqlstate;
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{ErrorResponse, ExchangeResult, execute_protected};

/// A step in progress; the history tables exist.
pub(crate) struct StepRun<'r, 's> {
    pub session: &'r mut MigrationSession<'s>,
    pub preflight: &'r mut Preflight,
    pub options: &'r Options,
    pub watcher: &'r Watcher,
    pub step: &'r MigrationStep<'r>,
    /// A batch that was sent ahead for it and is not answered yet.
    pub sent: Option<Batch>,
    pub attempts: u32,
    /// Start of the reported duration.
    pub started: Instant,
}

/// Returns `true` for a temporary error, which ends when other sessions release their locks: `lock_timeout` or
/// NOWAIT (55P03), a deadlock (40P01), a serialization failure (40001).
pub(crate) fn is_passing(response: &ErrorResponse) -> bool {
    matches!(
        response.sqlstate.as_deref(),
        Some(sqlstate::LOCK_NOT_AVAILABLE | sqlstate::DEADLOCK_DETECTED | sqlstate::SERIALIZATION_FAILURE)
    )
}

impl StepRun<'_, '_> {
    /// Runs the whole file in one message, with both history rows in the same transaction.
    pub(crate) async fn in_transaction(&mut self) -> Result<Duration> {
        self.commit(|run| {
            run.started = Instant::now();
            let record = file_record(run.step, run.attempts);
            Batch::of_file(&run.frame(), &run.step.file, run.rows(&record))
        })
        .await?;
        self.count(self.step.events());
        Ok(self.started.elapsed())
    }

    /// Sends a batch until it is committed; retries only if other sessions' locks block it.
    pub(crate) async fn commit(&mut self, batch: impl Fn(&mut Self) -> Batch) -> Result<()> {
        let mut backoff = self.backoff();
        loop {
            let (batch, end) = match self.sent.take() {
                Some(batch) => (batch, self.answer().await),
                None => {
                    let batch = batch(self);
                    let end = self.send(&batch.message).await;
                    (batch, end)
                }
            };
            let Err((completed, response)) = end else { return Ok(()) };
            if batch.part(completed) == BatchPart::Cleanup {
                return Ok(());
            }
            let open = self.roll_back(&response).await;
            if open && is_passing(&response) && self.retry(&response, &mut backoff).await {
                continue;
            }
            self.record_failure(&response).await;
            return Err(self.explain(&batch, completed, response));
        }
    }

    /// Returns the pauses between the attempts at one statement.
    pub(crate) fn backoff(&self) -> Backoff {
        until(Instant::now() + self.options.lock_wait)
    }

    pub(crate) fn frame(&self) -> BatchContext<'_> {
        BatchContext {
            owner: &self.session.target.owner,
            other_roles: &self.preflight.other_roles,
            lock_timeout: self.options.lock_timeout,
            note: None,
            after: None,
            flushed_later: false,
        }
    }

    /// Returns the statements that record a finished migration in both tables; a repeatable one has a table of
    /// its own.
    pub(crate) fn rows(&self, record: &Record) -> Vec<Statement> {
        rows(self.session, self.step, self.preflight.last_event + 1, record, &self.options.operator)
    }

    /// Returns the statement that writes an event with the next number. Once it is committed,
    /// [`recorded`](StepRun::recorded) counts it.
    pub(crate) fn event(&self, record: &Record) -> Statement {
        event(self.session, self.step, self.preflight.last_event + 1, record, &self.options.operator)
    }

    /// Counts the last written event, which is now committed.
    pub(crate) fn recorded(&mut self) {
        self.count(1);
    }

    fn count(&mut self, events: i64) {
        self.preflight.last_event += if self.step.id().is_repeatable() { 0 } else { events };
    }

    /// Sends one message. `Err` has the number of statements finished before the failed one, and its error.
    #[martydb_pg::boxed]
    pub(crate) async fn send(&mut self, message: &Statement) -> Result<(), (usize, ErrorResponse)> {
        tracing::debug!(target: "martydb::sql", "{}", message.shown());
        let connection = &mut self.session.connection;
        connection.without_timeout(true);
        let end = connection.run(message).await;
        self.failed(end).map_or(Ok(()), Err)
    }

    /// Waits for the answer to a batch that was sent ahead.
    async fn answer(&mut self) -> Result<(), (usize, ErrorResponse)> {
        let connection = &mut self.session.connection;
        connection.without_timeout(true);
        let end = connection.next_answer().await;
        self.failed(end).map_or(Ok(()), Err)
    }

    /// Reports the warnings. Returns the number of statements finished before the failed one, and its error.
    fn failed(&mut self, end: ExchangeResult) -> Option<(usize, ErrorResponse)> {
        self.session.connection.without_timeout(false);
        let (warnings, failed) = match end {
            Ok(reply) => (reply.warnings, None),
            Err(failed) => (failed.warnings, Some((failed.completed, failed.response))),
        };
        warnings.into_iter().for_each(|warning| self.warn(warning));
        failed
    }

    /// Explains why it failed after `completed` statements of a batch.
    pub(crate) fn explain(&self, batch: &Batch, completed: usize, response: ErrorResponse) -> Error {
        let locked = response.sqlstate.as_deref() == Some(sqlstate::LOCK_NOT_AVAILABLE);
        let blockers = if locked { self.watcher.blockers() } else { vec![] };
        failure::explain(self.session.target, self.step, batch, completed, response)
            .causes(blockers.iter().map(|blocker| format!("blocked by {blocker}")))
    }

    pub(crate) fn warn(&self, text: String) {
        self.session.events.send(Event::Warned(self.step.id(), text));
    }

    /// Rolls back the failed transaction. Returns `false` if the session has ended.
    async fn roll_back(&mut self, response: &ErrorResponse) -> bool {
        !response.unreachable
            && execute_protected(&mut self.session.connection, &stmt!("ROLLBACK")).await.is_ok()
    }

    /// Waits a little and counts another attempt. Returns `false` at the deadline.
    #[martydb_pg::boxed]
    pub(crate) async fn retry(&mut self, response: &ErrorResponse, backoff: &mut Backoff) -> bool {
        let blockers = self.watcher.blockers().into_iter().map(|blocker| format!("; blocked by {blocker}"));
        let why = std::iter::once(response.to_string()).chain(blockers).collect();
        self.session.events.send(Event::Retrying(self.step.id(), self.attempts, why));
        let again = backoff.wait().await;
        self.attempts += u32::from(again);
        again
    }

    /// Adds the failure to the history, in a transaction of its own. If that fails too, the first error is the
    /// one reported.
    pub(crate) async fn record_failure(&mut self, response: &ErrorResponse) {
        if response.unreachable {
            return;
        }
        let record = Record {
            attempts: self.attempts,
            took: Elapsed::since(self.started),
            error: Some((response.sqlstate.clone(), failure::message(response))),
            ..self.step.record("failed")
        };
        let statements = Statement::join([self.session.act_as_owner(), self.event(&record)]);
        match execute_protected(&mut self.session.connection, &statements).await {
            Ok(()) => self.recorded(),
            Err(error) => tracing::debug!("the failure was not recorded: {error}"),
        }
    }
}

/// Returns the event of a file that is committed together with it.
pub(crate) fn file_record<'s>(step: &'s MigrationStep<'_>, attempts: u32) -> Record<'s> {
    Record { attempts, took: Elapsed::Transaction, ..step.record("ok") }
}

/// Returns the statements that record a finished migration in both tables, under the event's number. A
/// checkpoint adds the rows of all migrations that it replaces, in version order.
pub(crate) fn rows(
    session: &MigrationSession<'_>,
    step: &MigrationStep<'_>,
    number: i64,
    record: &Record<'_>,
    operator: &Operator,
) -> Vec<Statement> {
    let (schema, row) = (session.schema(), &step.row);
    let refinery = match step.direction {
        _ if step.id().is_repeatable() => None,
        Direction::Up => Some(tables::insert_refinery(&schema, row)),
        Direction::Down => Some(tables::delete_refinery(&schema, row.version)),
    };
    let mut all = vec![];
    for (number, row) in (number..).zip(&step.replaced) {
        let note = Some(format!("recorded, not run: the checkpoint of V{} stands for it", step.row.version));
        let record = Record { note, ..Record::new("baseline", row, "ok") };
        all.push(tables::insert_refinery(&schema, row));
        all.push(tables::insert_history(&session.present, number, &record, operator));
    }
    all.extend(refinery);
    all.push(event(session, step, number + step.events() - 1, record, operator));
    all
}

fn event(
    session: &MigrationSession<'_>,
    step: &MigrationStep<'_>,
    number: i64,
    record: &Record<'_>,
    operator: &Operator,
) -> Statement {
    if step.id().is_repeatable() {
        return repeatables::insert(&session.schema(), record, operator);
    }
    tables::insert_history(&session.present, number, record, operator)
}
