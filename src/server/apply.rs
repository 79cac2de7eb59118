//! Plan → server. Acts and decides nothing: each service's steps come in order, each group of them is one
//! transaction, and services run side by side within the limits of the server.

mod transaction;

use std::ops::Range;
use std::sync::Mutex;

use futures_util::stream::{self, StreamExt};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::{Access, Connection};
use crate::error::Result;
use crate::model::{DbName, RoleName};
use crate::plan::authority::Authority;
use crate::plan::{Stage, Step};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Done and committed.
    Ok,
    /// Failed, or rolled back with one that failed.
    Failed,
    /// Not reached.
    Skipped,
}

impl Outcome {
    /// The JSON word.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        }
    }
}

/// What the steps need to know beyond themselves.
pub struct Tools<'a> {
    /// The server.
    pub access: &'a Access,
    /// Its major version.
    pub major: u32,
    /// Whose rights a limited admin must borrow; `None` where the steps say it themselves.
    pub authority: Option<&'a Authority<'a>>,
    /// The stored password of a login.
    pub password: &'a (dyn Fn(&RoleName) -> Option<SecretString> + Sync),
    /// Services worked on at the same time; each takes at most two connections.
    pub parallel: usize,
}

/// Told about each step before it runs.
pub type OnStep<'a> = dyn Fn(&Step) + Sync + 'a;

/// What several services share while they run side by side.
struct Shared<'a> {
    tools: &'a Tools<'a>,
    /// Databases made at the same time.
    creating: Semaphore,
    /// Maintenance connections that nobody uses now.
    idle: Mutex<Vec<Connection>>,
    on_step: &'a OnStep<'a>,
}

/// Runs the steps; returns how each ended and the first error, in the order of the steps. A service that fails
/// stops there and leaves the others to finish.
pub async fn apply(tools: &Tools<'_>, steps: &[Step], on_step: &OnStep<'_>) -> (Vec<Outcome>, Result<()>) {
    let shared = Shared { tools, creating: Semaphore::new(makers(tools)), idle: Mutex::new(vec![]), on_step };
    let chains = ranges(steps, |step| step.service.clone());
    let mut work = vec![];
    for range in chains {
        work.push(chain(&shared, &steps[range]));
    }
    let done: Vec<_> = stream::iter(work).buffered(tools.parallel.max(1)).collect().await;
    let outcomes = done.iter().flat_map(|(outcomes, _)| outcomes.clone()).collect();
    (outcomes, done.into_iter().find_map(|(_, end)| end.err()).map_or(Ok(()), Err))
}

/// Before 15, CREATE DATABASE waits for a checkpoint, and several can wait for the same one; from then on it is
/// written to the log, and side by side they only get into each other's way.
fn makers(tools: &Tools<'_>) -> usize {
    if tools.major < 15 { tools.parallel.max(1) } else { 1 }
}

async fn chain(shared: &Shared<'_>, steps: &[Step]) -> (Vec<Outcome>, Result<()>) {
    let mut outcomes = vec![Outcome::Skipped; steps.len()];
    for group in ranges(steps, |step| (step.database.clone(), step.stage)) {
        let end = run_group(shared, &steps[group.clone()]).await;
        let outcome = if end.is_ok() { Outcome::Ok } else { Outcome::Failed };
        outcomes[group].fill(outcome);
        if end.is_err() {
            return (outcomes, end);
        }
    }
    (outcomes, Ok(()))
}

/// Consecutive steps with the same key.
fn ranges<K: PartialEq>(steps: &[Step], key: impl Fn(&Step) -> K) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = vec![];
    for (index, step) in steps.iter().enumerate() {
        match ranges.last_mut() {
            Some(range) if key(&steps[range.start]) == key(step) => range.end = index + 1,
            _ => ranges.push(index..index + 1),
        }
    }
    ranges
}

async fn run_group(shared: &Shared<'_>, steps: &[Step]) -> Result<()> {
    let Shared { tools, .. } = shared;
    steps.iter().for_each(shared.on_step);
    match (steps[0].stage, &steps[0].database) {
        (Stage::Inside, Some(database)) => {
            let mut connection = tools.access.write(database.as_str()).await?;
            transaction::run(tools, &mut connection, steps).await
        }
        // A session of its own: a statement that fails half way takes its `SET ROLE` with it.
        (Stage::Apart, database) => {
            let database = database.as_ref().map_or(tools.access.maintenance.as_str(), DbName::as_str);
            let mut connection = tools.access.write(database).await?;
            transaction::alone(tools, &mut connection, steps).await
        }
        (stage, _) => {
            let idle = shared.idle.lock().expect("nobody panics while holding it").pop();
            let mut connection = match idle {
                Some(connection) => connection,
                None => tools.access.write(&tools.access.maintenance).await?,
            };
            match stage {
                Stage::Create => {
                    let _turn = shared.creating.acquire().await;
                    transaction::alone(tools, &mut connection, steps).await?;
                }
                _ => transaction::run(tools, &mut connection, steps).await?,
            }
            // One whose transaction failed is not used again: dropping it rolls back.
            shared.idle.lock().expect("nobody panics while holding it").push(connection);
            Ok(())
        }
    }
}
