//! Executes a plan without making decisions: each service's steps run in order, each group of them in one
//! transaction, and services run side by side within the limits of the server.

use std::sync::Mutex;

use futures_util::stream::{self, StreamExt};
use tokio::sync::Semaphore;

use super::transaction::{self, ConvergeContext};
use martydb_model::DbName;
use martydb_model::error::Result;
use martydb_pg::server::Connection;
use martydb_plan::{Stage, Step, StepOutcome, ranges, transactions};
use martydb_ui::report::progress;

struct Shared<'a> {
    context: &'a ConvergeContext<'a>,
    creating: Semaphore,
    /// Idle sessions in the maintenance database.
    idle: Mutex<Vec<Connection>>,
}

/// Runs the steps; returns the outcome of each and the first error, in the order of the steps. A service stops
/// at its first error, and the others continue.
#[martydb_pg::boxed]
pub async fn execute(
    context: &ConvergeContext<'_>,
    steps: &[Step],
    parallel: usize,
) -> (Vec<StepOutcome>, Result<()>) {
    let shared =
        Shared { context, creating: Semaphore::new(creators(context, parallel)), idle: Mutex::default() };
    let first = steps.iter().take_while(|step| step.stage == Stage::Prepare).count();
    let (prepare, steps) = steps.split_at(first);
    let (mut outcomes, end) = chain(&shared, prepare).await;
    if end.is_err() {
        outcomes.resize(first + steps.len(), StepOutcome::Skipped);
        return (outcomes, end);
    }
    let chains = ranges(steps, |step| step.service.clone());
    let applying = progress("applying", "services");
    applying.expect(chains.len());
    let work = chains.into_iter().map(|range| {
        let name =
            steps[range.start].service.as_ref().map_or(context.access.server.as_str(), |name| name.as_str());
        applying.run(name, chain(&shared, &steps[range]))
    });
    let done: Vec<_> = stream::iter(work).buffered(parallel.max(1)).collect().await;
    outcomes.extend(done.iter().flat_map(|(outcomes, _)| outcomes.clone()));
    (outcomes, done.into_iter().find_map(|(_, end)| end.err()).map_or(Ok(()), Err))
}

/// Returns how many databases to create at the same time. Before 15, CREATE DATABASE waits for a checkpoint,
/// and several can wait for the same one; from then on it writes to the WAL, and several only slow each other
/// down.
fn creators(context: &ConvergeContext<'_>, parallel: usize) -> usize {
    if context.major < 15 { parallel.max(1) } else { 1 }
}

async fn chain(shared: &Shared<'_>, steps: &[Step]) -> (Vec<StepOutcome>, Result<()>) {
    let mut outcomes = vec![];
    for group in ranges(steps, |step| (step.database.clone(), step.stage)) {
        let (done, end) = run_group(shared, &steps[group]).await;
        outcomes.extend(done);
        if end.is_err() {
            outcomes.resize(steps.len(), StepOutcome::Skipped);
            return (outcomes, end);
        }
    }
    (outcomes, Ok(()))
}

/// Runs a group of steps; returns the outcomes up to the last step that was tried.
async fn run_group(shared: &Shared<'_>, steps: &[Step]) -> (Vec<StepOutcome>, Result<()>) {
    for step in steps {
        let (verb, object) = (step.action.verb().name(), step.action.object());
        tracing::info!(target: "martydb", "{verb} {object}: {}", step.reason);
    }
    match (steps[0].stage, &steps[0].database) {
        (Stage::InDatabase, Some(database)) => inside(shared.context, database, steps).await,
        _ => {
            let end = whole_group(shared, steps).await;
            let outcome = if end.is_ok() { StepOutcome::Ok } else { StepOutcome::Failed };
            (vec![outcome; steps.len()], end)
        }
    }
}

/// Runs steps inside a database. Each relation that changes its owner is a transaction of its own (see `ownership`).
async fn inside(
    context: &ConvergeContext<'_>,
    database: &DbName,
    steps: &[Step],
) -> (Vec<StepOutcome>, Result<()>) {
    let mut connection = match context.access.write(database.as_str()).await {
        Ok(connection) => connection,
        Err(error) => return (vec![StepOutcome::Failed; steps.len()], Err(error)),
    };
    let mut outcomes = vec![];
    for unit in transactions(steps) {
        let end = transaction::run(context, &mut connection, &steps[unit.clone()]).await;
        let outcome = if end.is_ok() { StepOutcome::Ok } else { StepOutcome::Failed };
        outcomes.resize(unit.end, outcome);
        if end.is_err() {
            return (outcomes, end);
        }
    }
    (outcomes, Ok(()))
}

async fn whole_group(shared: &Shared<'_>, steps: &[Step]) -> Result<()> {
    let Shared { context, .. } = shared;
    let access = context.access;
    match (steps[0].stage, &steps[0].database) {
        // A session of its own: a statement that fails half way may leave its `SET ROLE` behind.
        (Stage::Autocommit, database) => {
            let database = database.as_ref().map_or(access.maintenance.as_str(), DbName::as_str);
            let mut connection = access.write(database).await?;
            transaction::autocommit(context, &mut connection, steps).await
        }
        (stage, _) => {
            let idle = || shared.idle.lock().expect("no code panics while it holds the list");
            let reused = idle().pop();
            let mut connection = match reused {
                Some(connection) => connection,
                None => access.write(&access.maintenance).await?,
            };
            if stage == Stage::Create {
                let _turn = shared.creating.acquire().await;
                transaction::autocommit(context, &mut connection, steps).await?;
            } else {
                transaction::run(context, &mut connection, steps).await?;
            }
            // A session whose transaction failed is not reused: dropping it rolls back.
            idle().push(connection);
            Ok(())
        }
    }
}
