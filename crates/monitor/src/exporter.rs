//! Data of a scrape: the statistics of every server, and the last results of the checks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;

use super::checks::Schedule;
use super::results::CheckResults;
use super::watch::ServerHandle;
use martydb_context::Context;
use martydb_manifest::RedisService;
use martydb_model::error::Error;
use martydb_model::metrics::{AGE_LIMIT, BUILD_INFO, CHECK_INTERVAL, SERVICE_INFO, Sample, Subject};

/// Data source of a scrape.
pub(crate) struct Exporter {
    project: String,
    compatible_names: bool,
    servers: Vec<ServerHandle>,
    results: Arc<CheckResults>,
    /// Samples that do not change while the monitor runs.
    fixed: Vec<Sample>,
    asked: AtomicBool,
}

impl Exporter {
    pub(crate) fn new(
        context: &Context,
        schedule: &Schedule,
        servers: Vec<ServerHandle>,
        results: Arc<CheckResults>,
    ) -> Exporter {
        let itself = Subject::monitor();
        let mut fixed = vec![Sample::with(BUILD_INFO, &itself, [env!("CARGO_PKG_VERSION")], 1.0)];
        let services = context.manifest.services.values().map(Subject::service);
        let keys = context.manifest.redis.services.values().map(RedisService::subject);
        fixed.extend(services.chain(keys).map(|subject| Sample::new(SERVICE_INFO, &subject, 1.0)));
        let due = schedule
            .due()
            .map(|(check, every)| Sample::with(CHECK_INTERVAL, &itself, [check.name()], every.as_secs_f64()));
        fixed.extend(due);
        let limits = schedule.age_limits.iter();
        fixed.extend(limits.map(|(of, limit)| Sample::with(AGE_LIMIT, &itself, [of], limit.as_secs_f64())));
        Exporter {
            project: context.manifest.project.clone(),
            compatible_names: context.manifest.compatible_names,
            servers,
            results,
            fixed,
            asked: AtomicBool::new(false),
        }
    }

    pub(crate) fn project(&self) -> &str {
        &self.project
    }

    /// Returns `true` if the names of postgres_exporter are exposed too.
    pub(crate) fn has_compatible_names(&self) -> bool {
        self.compatible_names
    }

    /// Returns all current samples, waiting at most `patience` for each server.
    pub(crate) async fn samples(&self, patience: Duration) -> (Vec<Sample>, Vec<Error>) {
        let read = join_all(self.servers.iter().map(|server| server.samples(patience))).await;
        self.asked.store(true, Ordering::Relaxed);
        let (mut samples, mut errors) = (self.fixed.clone(), vec![]);
        for (of_server, error) in read {
            samples.extend(of_server);
            errors.extend(error);
        }
        samples.extend(self.results.samples());
        (samples, errors)
    }

    /// Returns `true` once every server was queried.
    pub(crate) fn is_ready(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}
