//! Runs migrations one after the other, up or down, until one fails.
//!
//! A file in a transaction is one message to the server (see `batch`). A file outside a transaction goes statement by
//! statement (see `non_transactional`).

use std::time::Instant;

use super::executor::StepRun;
use super::non_transactional;
use super::preflight::Preflight;
use super::session::MigrationSession;
use super::step::MigrationStep;
use crate::error::Result;
use crate::migrate::files::Mode;
use crate::migrate::report::{AppliedMigration, Event, MigrationId};
use crate::migrate::target::Options;

/// Runs the steps in their order, and none after one that fails; `done` gets what was applied or undone.
pub async fn execute(
    session: &mut MigrationSession<'_>,
    preflight: &mut Preflight,
    options: &Options,
    steps: &[MigrationStep<'_>],
    done: &mut Vec<AppliedMigration>,
) -> Result<()> {
    let on_event = session.on_event;
    for step in steps {
        on_event(Event::Started(step.id()));
        let mut run = StepRun { session, preflight, options, step, attempts: 1, started: Instant::now() };
        let took = match step.file.directives.mode {
            Mode::Transaction => run.in_transaction().await?,
            Mode::NoTransaction => non_transactional::run(run).await?,
        };
        let MigrationId { version, name } = step.id();
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let applied = AppliedMigration { version, name, duration_ms };
        on_event(Event::Applied(applied.clone()));
        done.push(applied);
    }
    Ok(())
}
