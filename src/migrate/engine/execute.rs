//! Runs migrations one after the other, up or down, until one fails.
//!
//! A file in a transaction is one message to the server (see `batch`), with both history rows in the same
//! transaction. A file outside a transaction goes statement by statement (see `non_transactional`).

use std::time::{Duration, Instant};

use super::batch::Batch;
use super::executor::{Attempts, Executor};
use super::non_transactional;
use super::step::MigrationStep;
use crate::error::{Error, Result};
use crate::migrate::files::Mode;
use crate::migrate::history::{Record, Took};
use crate::migrate::report::{AppliedMigration, Event, MigrationId};

pub struct Executed {
    /// What was applied or undone, in order.
    pub done: Vec<AppliedMigration>,
    pub error: Option<Error>,
}

/// Runs the steps in their order, and none after one that fails.
pub async fn execute(executor: &mut Executor<'_>, steps: &[MigrationStep<'_>]) -> Executed {
    let mut done = vec![];
    for step in steps {
        (executor.on_event)(Event::Started(step.id()));
        let took = match step.file.directives.mode {
            Mode::Transaction => in_transaction(executor, step).await,
            Mode::NoTransaction => non_transactional::run(executor, step).await,
        };
        match took {
            Err(error) => return Executed { done, error: Some(error) },
            Ok(took) => {
                let MigrationId { version, name } = step.id();
                let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                let applied = AppliedMigration { version, name, duration_ms };
                (executor.on_event)(Event::Applied(applied.clone()));
                done.push(applied);
            }
        }
    }
    Executed { done, error: None }
}

async fn in_transaction(executor: &mut Executor<'_>, step: &MigrationStep<'_>) -> Result<Duration> {
    let mut attempts = Attempts::new();
    let whole = |executor: &Executor<'_>, attempts: &mut Attempts| {
        attempts.started = Instant::now();
        let record = Record { attempts: attempts.count, took: Took::Transaction, ..step.record("ok") };
        Batch::of_file(&executor.frame(), &step.file, executor.rows(step, &record))
    };
    executor.commit(step, &mut attempts, whole).await?;
    executor.recorded();
    Ok(attempts.started.elapsed())
}
