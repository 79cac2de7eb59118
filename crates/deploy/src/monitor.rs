//! `martydb monitor`: metrics of the servers, and of the promise that no service reaches another's data.
//!
//! Statistics are read at each scrape as the monitor's own login, server by server ([`watch`]). What takes other logins or
//! longer runs on a schedule ([`checks`]) and enters what it saw on the [`board`]. A scrape puts both together and writes them
//! down ([`exposition`]); what is measured stands in the table of [`martydb_model::metrics`].

pub mod board;
pub mod checks;
pub mod door;
mod exporter;
pub mod exposition;
mod http;
mod listen;
mod map;
mod statements;
mod statistics;
mod verdict;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use board::CheckBoard;
use checks::{Checks, Schedule};
use door::MetricsListener;
use exporter::Exporter;
use martydb_model::error::{Error, Result};
use martydb_model::metrics::Sample;
use martydb_provision::run::Run;

/// The samples of one moment, and what could not be read.
pub struct Measurement {
    pub project: String,
    pub samples: Vec<Sample>,
    /// Servers that did not answer.
    pub unreachable: Vec<Error>,
    /// What checks could not look at.
    pub failures: Vec<String>,
}

/// Everything once: all servers, and all checks that are due at all.
///
/// # Errors
/// If the manifest gives the monitor no login.
pub async fn once(run: &Run, schedule: &Schedule) -> Result<Measurement> {
    demand_login(run)?;
    let board = Arc::new(CheckBoard::default());
    let (handles, watches) = watch::all(run, false);
    for watch in watches {
        tokio::spawn(watch.serve());
    }
    let checks = Checks::new(run.again(), board.clone(), schedule.extent, false);
    for (check, _) in schedule.due() {
        checks.once(check).await;
    }
    let monitor = Exporter::new(run, schedule, handles, board.clone());
    let (samples, unreachable) = monitor.samples(Duration::from_secs(15)).await;
    Ok(Measurement {
        project: monitor.project().to_owned(),
        samples,
        unreachable,
        failures: board.failures(),
    })
}

/// Serves until a signal comes.
///
/// # Errors
/// If the manifest gives the monitor no login, or if it cannot listen as asked.
pub async fn serve(run: &Run, schedule: &Schedule, listener: &MetricsListener) -> Result<()> {
    demand_login(run)?;
    listener.check()?;
    let board = Arc::new(CheckBoard::default());
    let (handles, watches) = watch::all(run, true);
    let monitor = Arc::new(Exporter::new(run, schedule, handles, board.clone()));
    let bound = listen::Bound::new(listener, monitor.clone())?;
    run.out.note(&bound.greeting());
    let checks = Checks::new(run.again(), board, schedule.extent, true);
    checks.begin(schedule.clone())?;
    let mut tasks = tokio::task::JoinSet::new();
    for watch in watches {
        tasks.spawn(watch.serve());
    }
    // The first scrape finds the statistics warm, and `/ready` says so.
    tasks.spawn(async move { drop(monitor.samples(watch::PATIENCE).await) });
    bound.serve().await
    // The watches end with the set of tasks, and the checks with the process.
}

fn demand_login(run: &Run) -> Result<()> {
    let monitors = run.manifest.access.values().flat_map(|roles| roles.values()).any(|role| role.monitors);
    if monitors || run.manifest.services.is_empty() {
        return Ok(());
    }
    Err(Error::manifest("the manifest gives the monitor no login")
        .hint("add `monitor: true` to the manifest, then run `martydb apply --all`"))
}
