//! What running a migration of either kind needs: a session on which batches are sent until they are committed, and
//! the history in which their ends are recorded.

use std::time::Instant;

use super::backoff::{is_passing, until};
use super::batch::{Batch, BatchPart, Frame};
use super::failure;
use super::preflight::{OtherRoles, Preflight};
use super::session::MigrationSession;
use super::step::MigrationStep;
use crate::backoff::Backoff;
use crate::error::Result;
use crate::migrate::files::Direction;
use crate::migrate::history::{Number, Record, Took, tables};
use crate::migrate::report::{Event, OnEvent};
use crate::migrate::target::{MigrationTarget, Options};
use crate::model::SchemaName;
use crate::server::{Fault, execute_protected};
use crate::sql::{Statement, stmt};

pub struct Attempts {
    pub count: u32,
    /// When the time that is reported began.
    pub started: Instant,
}

impl Attempts {
    pub fn new() -> Attempts {
        Attempts { count: 1, started: Instant::now() }
    }
}

/// A session with everything that running a migration needs; the history tables are prepared.
pub struct Executor<'a> {
    pub session: &'a mut MigrationSession,
    pub target: &'a MigrationTarget,
    pub options: &'a Options,
    pub on_event: OnEvent<'a>,
    /// Where refinery's table lies.
    schema: SchemaName,
    other_roles: &'a OtherRoles,
    next_event: i64,
}

impl<'a> Executor<'a> {
    pub fn new(
        session: &'a mut MigrationSession,
        preflight: &'a Preflight,
        target: &'a MigrationTarget,
        options: &'a Options,
        on_event: OnEvent<'a>,
    ) -> Executor<'a> {
        Executor {
            schema: session.present.schema(&target.schemas),
            other_roles: &preflight.other_roles,
            next_event: preflight.last_event + 1,
            session,
            target,
            options,
            on_event,
        }
    }

    /// Sends a batch until it is committed; again only while locks of others are in its way.
    pub async fn commit(
        &mut self,
        step: &MigrationStep<'_>,
        attempts: &mut Attempts,
        batch: impl Fn(&Self, &mut Attempts) -> Batch,
    ) -> Result<()> {
        let mut backoff = until(Instant::now() + self.options.lock_wait);
        loop {
            let batch = batch(self, attempts);
            let Err((completed, fault)) = self.send(step, &batch.message).await else { return Ok(()) };
            if batch.part(completed) == BatchPart::Cleanup {
                return Ok(());
            }
            let open = self.roll_back(&fault).await;
            if open && is_passing(&fault) && self.retry(step, attempts, &fault, &mut backoff).await {
                continue;
            }
            self.record_failure(step, attempts, &fault).await;
            return Err(failure::explain(step, &batch, completed, fault));
        }
    }

    pub fn frame(&self) -> Frame<'_> {
        Frame {
            owner: &self.target.owner,
            other_roles: self.other_roles,
            lock_timeout: self.options.lock_timeout,
        }
    }

    /// What a finished migration writes into both tables.
    pub fn rows(&self, step: &MigrationStep<'_>, record: &Record) -> [Statement; 2] {
        let refinery = match step.direction {
            Direction::Up => tables::insert_refinery(&self.schema, &step.row),
            Direction::Down => tables::delete_refinery(&self.schema, step.row.version),
        };
        [refinery, self.event(record)]
    }

    /// Writes an event under the next number. Once it is committed, [`recorded`](Executor::recorded) counts it.
    pub fn event(&self, record: &Record) -> Statement {
        tables::insert_history(Number::Known(self.next_event), record, &self.options.operator)
    }

    /// The event that was written last is committed.
    pub fn recorded(&mut self) {
        self.next_event += 1;
    }

    pub fn act_as_owner(&self) -> Statement {
        stmt!("SET ROLE {owner}", owner = self.target.owner)
    }

    /// Sends one message. `Err` is how many statements were finished before the one that failed, and its fault.
    pub async fn send(
        &mut self,
        step: &MigrationStep<'_>,
        message: &Statement,
    ) -> Result<(), (usize, Fault)> {
        tracing::debug!(target: "martydb::sql", "{}", message.shown());
        let connection = &mut self.session.connection;
        connection.be_patient(true);
        let end = connection.run(message).await;
        connection.be_patient(false);
        let (warnings, end) = match end {
            Ok(reply) => (reply.warnings, Ok(())),
            Err(failed) => (failed.warnings, Err((failed.completed, failed.fault))),
        };
        for warning in warnings {
            (self.on_event)(Event::Warned(step.id(), warning));
        }
        end
    }

    /// Ends the failed transaction; false if there is no session any more.
    async fn roll_back(&mut self, fault: &Fault) -> bool {
        !fault.unreachable
            && execute_protected(&mut self.session.connection, &stmt!("ROLLBACK")).await.is_ok()
    }

    /// Waits a little and counts another attempt; false if the time is up.
    pub async fn retry(
        &mut self,
        step: &MigrationStep<'_>,
        attempts: &mut Attempts,
        fault: &Fault,
        backoff: &mut Backoff,
    ) -> bool {
        (self.on_event)(Event::Retrying(step.id(), attempts.count, fault.to_string()));
        let again = backoff.wait().await;
        attempts.count += u32::from(again);
        again
    }

    /// Adds the failure to the history, in a transaction of its own. If that fails too, the first error is the one
    /// worth reporting.
    pub async fn record_failure(&mut self, step: &MigrationStep<'_>, attempts: &Attempts, fault: &Fault) {
        if fault.unreachable {
            return;
        }
        let record = Record {
            attempts: attempts.count,
            took: Took::since(attempts.started),
            error: Some((fault.sqlstate.clone(), failure::message(fault))),
            ..step.record("failed")
        };
        let statements = Statement::join([self.act_as_owner(), self.event(&record)]);
        match execute_protected(&mut self.session.connection, &statements).await {
            Ok(()) => self.recorded(),
            Err(error) => tracing::debug!("the failure was not recorded: {error}"),
        }
    }
}
