//! Running one migration of either kind: batches are sent until they are committed, and their ends are recorded in the
//! history.

use std::time::{Duration, Instant};

use super::batch::{Batch, BatchPart, Frame, MigrationStep};
use super::failure;
use super::preflight::Preflight;
use super::session::{MigrationSession, until};
use crate::backoff::Backoff;
use crate::error::Result;
use crate::migrate::files::Direction;
use crate::migrate::history::{Record, Took, repeatables, tables};
use crate::migrate::report::Event;
use crate::migrate::target::Options;
use crate::server::{Fault, execute_protected};
use crate::sql::{Statement, stmt};
use crate::sqlstate;

/// A step that is being run; the history tables are prepared.
pub struct StepRun<'r, 's> {
    pub session: &'r mut MigrationSession<'s>,
    pub preflight: &'r mut Preflight,
    pub options: &'r Options,
    pub step: &'r MigrationStep<'r>,
    pub attempts: u32,
    /// When the time that is reported began.
    pub started: Instant,
}

/// A fault that goes away by itself once others have let go of their locks: `lock_timeout` or NOWAIT (55P03), a
/// deadlock (40P01), a serialization failure (40001).
pub fn is_passing(fault: &Fault) -> bool {
    matches!(
        fault.sqlstate.as_deref(),
        Some(sqlstate::LOCK_NOT_AVAILABLE | sqlstate::DEADLOCK_DETECTED | sqlstate::SERIALIZATION_FAILURE)
    )
}

impl StepRun<'_, '_> {
    /// The whole file in one message, with both history rows in the same transaction.
    pub async fn in_transaction(&mut self) -> Result<Duration> {
        self.commit(|run| {
            run.started = Instant::now();
            let record = Record { attempts: run.attempts, took: Took::Transaction, ..run.step.record("ok") };
            Batch::of_file(&run.frame(), &run.step.file, run.rows(&record))
        })
        .await?;
        self.recorded();
        Ok(self.started.elapsed())
    }

    /// Sends a batch until it is committed; again only while locks of others are in its way.
    pub async fn commit(&mut self, batch: impl Fn(&mut Self) -> Batch) -> Result<()> {
        let mut backoff = self.backoff();
        loop {
            let batch = batch(self);
            let Err((completed, fault)) = self.send(&batch.message).await else { return Ok(()) };
            if batch.part(completed) == BatchPart::Cleanup {
                return Ok(());
            }
            let open = self.roll_back(&fault).await;
            if open && is_passing(&fault) && self.retry(&fault, &mut backoff).await {
                continue;
            }
            self.record_failure(&fault).await;
            return Err(failure::explain(self.step, &batch, completed, fault));
        }
    }

    /// The pauses between the attempts at one statement.
    pub fn backoff(&self) -> Backoff {
        until(Instant::now() + self.options.lock_wait)
    }

    pub fn frame(&self) -> Frame<'_> {
        Frame {
            owner: &self.session.target.owner,
            other_roles: &self.preflight.other_roles,
            lock_timeout: self.options.lock_timeout,
        }
    }

    /// What a finished migration writes into both tables; one that is repeatable has its own.
    pub fn rows(&self, record: &Record) -> Vec<Statement> {
        let (schema, row) = (self.session.schema(), &self.step.row);
        if self.step.id().is_repeatable() {
            return vec![self.event(record)];
        }
        let refinery = match self.step.direction {
            Direction::Up => tables::insert_refinery(&schema, row),
            Direction::Down => tables::delete_refinery(&schema, row.version),
        };
        vec![refinery, self.event(record)]
    }

    /// Writes an event under the next number. Once it is committed, [`recorded`](StepRun::recorded) counts it.
    pub fn event(&self, record: &Record) -> Statement {
        if self.step.id().is_repeatable() {
            return repeatables::insert(&self.session.schema(), record, &self.options.operator);
        }
        tables::insert_history(self.preflight.last_event + 1, record, &self.options.operator)
    }

    /// The event that was written last is committed.
    pub fn recorded(&mut self) {
        self.preflight.last_event += i64::from(!self.step.id().is_repeatable());
    }

    /// Sends one message. `Err` is how many statements were finished before the one that failed, and its fault.
    pub async fn send(&mut self, message: &Statement) -> Result<(), (usize, Fault)> {
        tracing::debug!(target: "martydb::sql", "{}", message.shown());
        let connection = &mut self.session.connection;
        connection.be_patient(true);
        let end = connection.run(message).await;
        connection.be_patient(false);
        let (warnings, end) = match end {
            Ok(reply) => (reply.warnings, Ok(())),
            Err(failed) => (failed.warnings, Err((failed.completed, failed.fault))),
        };
        warnings.into_iter().for_each(|warning| self.warn(warning));
        end
    }

    pub fn warn(&self, text: String) {
        self.session.events.send(Event::Warned(self.step.id(), text));
    }

    /// Ends the failed transaction; false if there is no session any more.
    async fn roll_back(&mut self, fault: &Fault) -> bool {
        !fault.unreachable
            && execute_protected(&mut self.session.connection, &stmt!("ROLLBACK")).await.is_ok()
    }

    /// Waits a little and counts another attempt; false if the time is up.
    pub async fn retry(&mut self, fault: &Fault, backoff: &mut Backoff) -> bool {
        self.session.events.send(Event::Retrying(self.step.id(), self.attempts, fault.to_string()));
        let again = backoff.wait().await;
        self.attempts += u32::from(again);
        again
    }

    /// Adds the failure to the history, in a transaction of its own. If that fails too, the first error is the one
    /// worth reporting.
    pub async fn record_failure(&mut self, fault: &Fault) {
        if fault.unreachable {
            return;
        }
        let record = Record {
            attempts: self.attempts,
            took: Took::since(self.started),
            error: Some((fault.sqlstate.clone(), failure::message(fault))),
            ..self.step.record("failed")
        };
        let statements = Statement::join([self.session.act_as_owner(), self.event(&record)]);
        match execute_protected(&mut self.session.connection, &statements).await {
            Ok(()) => self.recorded(),
            Err(error) => tracing::debug!("the failure was not recorded: {error}"),
        }
    }
}
