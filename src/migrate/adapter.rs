//! refinery's `Runner` over a session.
//!
//! The Runner is handed exactly the migrations that our own comparison decided on, and told that nothing is applied:
//! it then runs them all, in order, and reports how far it came. Its two statements for each (the file, the INSERT
//! into its table) are taken as the word to run the next one, with our envelope around it: the row is written there
//! with the width of the table, together with martydb's own, in one round trip.

use std::collections::VecDeque;
use std::time::Instant;

use refinery_core::Migration as RefineryMigration;
use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};

use super::authority::Authority;
use super::compare::AppliedRow;
use super::directive::Mode;
use super::envelope::{Envelope, Frame, Part};
use super::failure;
use super::inventory::Inventory;
use super::name::Direction;
use super::outcome::{Applied, Event, Item, OnEvent};
use super::outside;
use super::pause::{Pause, is_passing};
use super::session::Session;
use super::shared::schema;
use super::source::Source;
use super::tables::{self, Number, Record, Took};
use super::target::{Options, Target};
use crate::error::{Error, Result};
use crate::model::SchemaName;
use crate::server::{Connection, Fault, execute_protected};
use crate::sql::Statement;
use crate::stmt;

/// One file to run, and the row that refinery's table holds for it afterwards, or held before.
pub struct Step<'a> {
    /// The service, for messages.
    pub service: &'a str,
    /// Whether the migration is applied or undone.
    pub direction: Direction,
    /// The file.
    pub source: &'a Source,
    /// The row.
    pub row: AppliedRow,
}

impl Step<'_> {
    /// For events.
    pub fn item(&self) -> Item {
        Item { version: self.row.version, name: self.row.name.clone() }
    }
}

/// Everything that running a migration needs.
pub struct Adapter<'a> {
    /// The session, as the owner, with the lock.
    pub connection: &'a mut Connection,
    /// Where refinery's table lies.
    schema: SchemaName,
    /// Who the session could act as.
    authority: &'a Authority,
    /// The number of the next event in the history.
    number: i64,
    /// Whether there is a table for the notes of [`outside`].
    pub noted: bool,
    /// The service.
    pub target: &'a Target,
    /// How to run.
    pub options: &'a Options,
    /// Who watches.
    pub on_event: OnEvent<'a>,
    /// What is still to be run.
    pub steps: VecDeque<Step<'a>>,
    /// What has been.
    pub applied: Vec<Applied>,
    /// Why the run stopped.
    pub failure: Option<Error>,
}

/// The run stopped; [`Adapter::failure`] says why.
#[derive(Debug, thiserror::Error)]
#[error("the run stopped")]
pub struct Stopped;

impl AsyncTransaction for Adapter<'_> {
    type Error = Stopped;

    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        queries: T,
    ) -> Result<usize, Stopped> {
        // The first call asserts that the table exists, in one statement; it does. A migration comes with two.
        if queries.count() < 2 {
            return Ok(0);
        }
        let step = self.steps.pop_front().ok_or(Stopped)?;
        match self.apply(&step).await {
            Ok(applied) => {
                (self.on_event)(Event::Applied(applied.clone()));
                self.applied.push(applied);
                Ok(2)
            }
            Err(error) => {
                self.failure = Some(error);
                Err(Stopped)
            }
        }
    }
}

impl AsyncQuery<Vec<RefineryMigration>> for Adapter<'_> {
    async fn query(&mut self, _: &str) -> Result<Vec<RefineryMigration>, Stopped> {
        Ok(vec![])
    }
}

impl AsyncMigrate for Adapter<'_> {}

impl<'a> Adapter<'a> {
    /// An adapter without anything to run yet; the tables are prepared.
    pub fn new(
        session: &'a mut Session,
        inventory: &'a Inventory,
        target: &'a Target,
        options: &'a Options,
        on_event: OnEvent<'a>,
    ) -> Adapter<'a> {
        Adapter {
            schema: schema(target, &session.present),
            authority: &inventory.authority,
            number: inventory.last + 1,
            noted: session.present.progress,
            connection: &mut session.connection,
            target,
            options,
            on_event,
            steps: VecDeque::new(),
            applied: vec![],
            failure: None,
        }
    }
}

impl Adapter<'_> {
    /// Runs one file.
    pub async fn apply(&mut self, step: &Step<'_>) -> Result<Applied> {
        (self.on_event)(Event::Started(step.item()));
        match step.source.directives.mode {
            Mode::Transaction => self.apply_in_transaction(step).await,
            Mode::NoTransaction => outside::apply(self, step).await,
        }
    }

    async fn apply_in_transaction(&mut self, step: &Step<'_>) -> Result<Applied> {
        let mut pause = Pause::new(Instant::now() + self.options.lock_wait);
        let mut attempts = 1;
        loop {
            let envelope = self.envelope(step, attempts);
            let started = Instant::now();
            let sent = self.send(step, &envelope.message).await;
            let committed = |completed: usize| envelope.part(completed) == Part::Tidying;
            let Some((completed, fault)) = sent.err().filter(|(completed, _)| !committed(*completed)) else {
                self.recorded();
                return Ok(applied(step, started));
            };
            let open = self.roll_back(&fault).await;
            if open && is_passing(&fault) && self.try_again(step, attempts, &fault, &mut pause).await {
                attempts += 1;
                continue;
            }
            self.record_failure(step, attempts, started, &fault).await;
            return Err(failure::explain(step, &envelope, completed, fault));
        }
    }

    fn envelope(&self, step: &Step<'_>, attempts: u32) -> Envelope {
        let record = Record { attempts, took: Took::Transaction, ..record(step, "ok") };
        let file = (&*step.source.text, step.source.statements.len());
        Envelope::whole(&self.frame(), file, &self.rows(step, &record))
    }

    /// What stands around every file of this run.
    pub fn frame(&self) -> Frame<'_> {
        Frame {
            owner: &self.target.owner,
            authority: self.authority,
            lock_timeout: self.options.lock_timeout,
        }
    }

    /// What a finished migration writes into both tables.
    pub fn rows(&self, step: &Step<'_>, record: &Record) -> [Statement; 2] {
        let refinery = match step.direction {
            Direction::Up => tables::insert_refinery(&self.schema, &step.row),
            Direction::Down => tables::delete_refinery(&self.schema, step.row.version),
        };
        [refinery, self.event(record)]
    }

    /// Writes an event under the next number. Once it is committed, [`recorded`](Adapter::recorded) counts it.
    pub fn event(&self, record: &Record) -> Statement {
        tables::insert_history(Number::Known(self.number), record, &self.options.operator)
    }

    /// The event that was written last is committed.
    pub fn recorded(&mut self) {
        self.number += 1;
    }

    /// Sends one message. `Err` is how many statements were finished before the one that failed, and its fault.
    pub async fn send(&mut self, step: &Step<'_>, message: &Statement) -> Result<(), (usize, Fault)> {
        tracing::debug!(target: "martydb::sql", "{}", message.shown());
        self.connection.be_patient(true);
        let end = self.connection.run(message).await;
        self.connection.be_patient(false);
        let (warnings, end) = match end {
            Ok(reply) => (reply.warnings, Ok(())),
            Err(failed) => (failed.warnings, Err((failed.completed, failed.fault))),
        };
        for warning in warnings {
            (self.on_event)(Event::Warned(step.item(), warning));
        }
        end
    }

    /// Ends the failed transaction; false if there is no session any more.
    pub async fn roll_back(&mut self, fault: &Fault) -> bool {
        !fault.unreachable && execute_protected(self.connection, &stmt!("ROLLBACK")).await.is_ok()
    }

    /// Waits a little; false if the time is up.
    pub async fn try_again(
        &mut self,
        step: &Step<'_>,
        attempts: u32,
        fault: &Fault,
        pause: &mut Pause,
    ) -> bool {
        (self.on_event)(Event::Retrying(step.item(), attempts, fault.to_string()));
        pause.again().await
    }

    /// Adds the failure to the history, in a transaction of its own. If that fails too, the first error is the one
    /// worth telling.
    pub async fn record_failure(&mut self, step: &Step<'_>, attempts: u32, started: Instant, fault: &Fault) {
        if fault.unreachable {
            return;
        }
        let record = Record {
            attempts,
            took: Took::Millis(i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX)),
            error: Some((fault.sqlstate.clone(), failure::message(fault))),
            ..record(step, "failed")
        };
        let insert = self.event(&record);
        let role = stmt!("SET ROLE {owner}", owner = self.target.owner);
        let recorded = execute_protected(self.connection, &Statement::join([role, insert])).await;
        match recorded {
            Ok(()) => self.recorded(),
            Err(error) => tracing::debug!("the failure was not recorded: {error}"),
        }
    }
}

/// A migration that went through.
pub fn applied(step: &Step<'_>, started: Instant) -> Applied {
    let Item { version, name } = step.item();
    Applied { version, name, duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX) }
}

/// An event about a step, with nothing measured yet.
pub fn record<'a>(step: &'a Step<'_>, outcome: &'static str) -> Record<'a> {
    Record {
        action: step.direction.action(),
        row: &step.row,
        outcome,
        mode: step.source.directives.mode,
        attempts: 1,
        took: Took::Unknown,
        error: None,
        note: None,
        content: if outcome == "ok" { tables::content(&step.source.text) } else { None },
    }
}
