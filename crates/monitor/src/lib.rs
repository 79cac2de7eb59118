//! `martydb monitor`: metrics of the servers, and of the isolation between services.
//!
//! Each scrape reads statistics as the monitor's own login, server by server ([`watch`]). Checks that need other
//! logins or more time run on a schedule ([`checks`]) and store their results on the [`results`]. A scrape combines
//! both and writes them ([`martydb_http::exposition`]). [`martydb_model::metrics`] lists all metrics.
//!
//! - [`checks`]: scheduled checks
//! - [`relay_metrics`]: metrics that a relay counts itself, over HTTP
//! - [`results`]: results of the checks
//! - [`watch`]: statistics of servers, read for each scrape

pub mod checks;
mod exporter;
mod extra_servers;
mod http;
mod losses;
mod map;
mod page;
mod queries;
pub mod relay_metrics;
pub mod results;
mod statements;
mod statistics;
mod tables;
mod verdict;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use checks::{Checks, Schedule};
use exporter::Exporter;
use martydb_context::Context;
use martydb_http::{Bound, HttpListener};
use martydb_model::error::{Error, Result};
use martydb_model::metrics::Sample;
use results::CheckResults;

pub use extra_servers::{ExtraServers, Judgements};
pub use page::MonitorPage;

/// Samples of one moment, and the failures to read some.
pub struct Measurement {
    pub project: String,
    /// `true` if the names of postgres_exporter are exposed too.
    pub compatible_names: bool,
    pub samples: Vec<Sample>,
    /// Errors of servers that did not answer.
    pub unreachable: Vec<Error>,
    /// Parts that checks could not examine.
    pub failures: Vec<String>,
}

/// Measures once: reads all servers and runs all enabled checks.
///
/// # Errors
/// If the manifest declares no login for the monitor.
pub async fn once(
    context: &Context,
    schedule: &Schedule,
    extra: Arc<dyn ExtraServers>,
) -> Result<Measurement> {
    demand_login(context)?;
    let results = Arc::new(CheckResults::default());
    let (handles, watches) = watch::all(context, false);
    for watch in watches {
        tokio::spawn(watch.serve());
    }
    let checks = Checks::new(context.again(), results.clone(), schedule.extent, extra);
    join_all(schedule.due().map(|(check, _)| checks.once(check))).await;
    let monitor = Exporter::new(context, schedule, handles, results.clone());
    let (samples, unreachable) = monitor.samples(Duration::from_secs(15)).await;
    Ok(Measurement {
        project: monitor.project().to_owned(),
        compatible_names: monitor.has_compatible_names(),
        samples,
        unreachable,
        failures: results.failures(),
    })
}

/// Serves until a signal arrives. The checks enter their results in `results`.
///
/// # Errors
/// If the manifest declares no login for the monitor, or it cannot listen as requested.
#[martydb_pg::boxed]
pub async fn serve(
    context: &Context,
    schedule: &Schedule,
    listener: &HttpListener,
    results: Arc<CheckResults>,
    page: Option<MonitorPage>,
    extra: Arc<dyn ExtraServers>,
) -> Result<()> {
    demand_login(context)?;
    listener.check("the metrics")?;
    let (handles, watches) = watch::all(context, true);
    let monitor = Arc::new(Exporter::new(context, schedule, handles, results.clone()));
    let bound = Bound::new(listener, http::routes(&monitor, page.clone()))?;
    context.note(&bound.greeting("/metrics"));
    let checks = Checks::new(context.again(), results, schedule.extent, extra);
    let checks = Checks { page, logs_failures: true, ..checks };
    checks.begin(schedule.clone())?;
    let mut tasks = tokio::task::JoinSet::new();
    for watch in watches {
        tasks.spawn(watch.serve());
    }
    // Warms the statistics for the first scrape and for `/ready`.
    tasks.spawn(async move { drop(monitor.samples(watch::PATIENCE).await) });
    bound.serve().await
    // The watches end with the set of tasks, the checks with the process.
}

fn demand_login(context: &Context) -> Result<()> {
    let monitors =
        context.manifest.access.values().flat_map(|roles| roles.values()).any(|role| role.monitors);
    if monitors || context.manifest.services.is_empty() {
        return Ok(());
    }
    Err(Error::manifest("the manifest declares no login for the monitor")
        .hint("add `monitor: true` to the manifest, then run `martydb apply --all`"))
}
