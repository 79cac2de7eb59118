//! Scheduled checks, which need logins, the admin's privileges or more time than a scrape has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use time::OffsetDateTime;

use super::extra_servers::ExtraServers;
use super::page::MonitorPage;
use super::results::{CheckOutcome, CheckResults, seconds};
use super::{tables, verdict};
use martydb_backup::store::Stores;
use martydb_context::{Context, targets};
use martydb_isolation::proof as isolation;
use martydb_isolation::proof::{Extent, Filter};
use martydb_manifest::RedisService;
use martydb_migrate::{DriftCheck, ServiceStatus, Sizes};
use martydb_model::error::{Error, Result};
use martydb_model::metrics::{MonitorCheck, Subject};
use martydb_model::{DesiredService, ServerName};
use martydb_pg::server::sessions::SessionList;
use martydb_pg::wire::interrupt;
use martydb_provision::{self as provision, PlanOptions};

/// Longest wait of a check for a free connection: a full database must not hold up the checks of the others.
const PATIENCE: Duration = Duration::from_secs(2);

/// Time limit of a check: a server that hangs must not block the next proof.
const CHECK_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// Enabled checks and their intervals.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Interval of each check; `None` disables it.
    pub every: Vec<(MonitorCheck, Option<Duration>)>,
    /// Logins that a verification tries.
    pub extent: Extent,
    /// Age limits of alerts, by the metric's subject.
    pub age_limits: Vec<(&'static str, Duration)>,
}

impl Schedule {
    /// Returns the enabled checks.
    pub fn due(&self) -> impl Iterator<Item = (MonitorCheck, Duration)> + '_ {
        self.every.iter().filter_map(|(check, every)| Some((*check, (*every)?)))
    }
}

/// Checks of one manifest. They run side by side, each when its previous run has ended: one that waits for a server
/// holds up no other.
pub struct Checks {
    pub context: Context,
    pub results: Arc<CheckResults>,
    pub extent: Extent,
    /// `true` if it logs failures.
    pub logs_failures: bool,
    /// Page that shows the proofs.
    pub page: Option<MonitorPage>,
    /// Servers of other kinds.
    pub extra: Arc<dyn ExtraServers>,
}

impl Checks {
    pub fn new(
        mut context: Context,
        results: Arc<CheckResults>,
        extent: Extent,
        extra: Arc<dyn ExtraServers>,
    ) -> Checks {
        (context.lock_wait, context.patience) = (PATIENCE.min(context.lock_wait), PATIENCE);
        Checks { context, results, extent, logs_failures: false, page: None, extra }
    }

    /// Runs all checks on a separate thread, so that the work of a large proof does not delay scrapes. It ends with
    /// the process.
    ///
    /// # Errors
    /// If the system cannot create a thread.
    pub fn begin(self, schedule: Schedule) -> Result<()> {
        let failed = |error: std::io::Error| Error::operation("cannot start the checks").cause(error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let all = move || {
            let repeated = schedule.due().map(|(check, every)| self.repeat(check, every));
            runtime.block_on(join_all(repeated));
        };
        std::thread::Builder::new().name("checks".into()).spawn(all).map(drop).map_err(failed)
    }

    /// Runs a check at once and then at its interval. Does not return.
    async fn repeat(&self, check: MonitorCheck, every: Duration) {
        loop {
            let due = Instant::now() + every;
            self.once(check).await;
            tokio::time::sleep(due.saturating_duration_since(Instant::now())).await;
        }
    }

    /// Runs a check, stores its result, and logs new failures.
    pub async fn once(&self, check: MonitorCheck) {
        let begun = Instant::now();
        let context = self.context.again();
        let outcome = match tokio::time::timeout(CHECK_TIMEOUT, self.look(&context, check)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => failed(error.to_string()),
            Err(_) => failed(format!("not finished within {} minutes", CHECK_TIMEOUT.as_secs() / 60)),
        };
        // A check that a signal interrupted proves nothing and is not reported.
        if interrupt::signal().is_some() {
            return;
        }
        let new = self.results.enter(check, outcome, begun.elapsed());
        for failure in new.iter().filter(|_| self.logs_failures) {
            context.note(&format!("check {}: {failure}", check.name()));
        }
    }

    async fn look(&self, context: &Context, check: MonitorCheck) -> Result<CheckOutcome> {
        let services: Vec<DesiredService> = context.manifest.services.values().cloned().collect();
        let (outcome, extra) = tokio::join!(
            self.examine(context, &services, check),
            self.extra.check(context, &services, check)
        );
        Ok(outcome?.and(extra?))
    }

    async fn prove(&self, context: &Context, services: &[DesiredService]) -> Result<CheckOutcome> {
        let today = OffsetDateTime::now_utc().date().to_string();
        let filter = Filter { allow: context.manifest.allow.clone(), today, ..Filter::default() };
        let extra = self.extra.prove(context, services, self.extent).await?;
        let assessment = isolation::verify(context, services, self.extent, &filter, false, extra).await;
        let now = seconds(OffsetDateTime::now_utc());
        let outcome = verdict::of_isolation(&assessment, &subjects(context, services), now);
        if let Some(page) = &self.page {
            (page.proven)(assessment);
        }
        Ok(outcome)
    }

    async fn examine(
        &self,
        context: &Context,
        services: &[DesiredService],
        check: MonitorCheck,
    ) -> Result<CheckOutcome> {
        Ok(match check {
            MonitorCheck::Isolation => self.prove(context, services).await?,
            MonitorCheck::Migrations => {
                verdict::of_migrations(services, &migrations(context, services).await?)
            }
            MonitorCheck::Backups => {
                let summary = Stores::from_manifest(&context.manifest, &context.environment)?
                    .summaries(&context.manifest.project, &context.manifest.env)
                    .await?;
                verdict::of_backups(services, &summary)
            }
            MonitorCheck::Outbox => {
                let with_outbox = services.iter().filter(|service| service.outbox.is_some());
                let read = with_outbox
                    .map(async |service| (service, martydb_relay::read_backlog(context, service).await));
                verdict::of_outboxes(side_by_side(context, read).await)
            }
            MonitorCheck::Partitions => {
                let tables =
                    services.iter().flat_map(|one| one.partitions.iter().map(move |table| (one, table)));
                let read = tables.map(async |(service, table)| {
                    (service, table, martydb_partitions::due(context, service, table).await)
                });
                verdict::of_partitions(side_by_side(context, read).await)
            }
            MonitorCheck::Tables => {
                let read = targets::for_services(context, services).await?.into_iter().map(
                    async |(service, target)| {
                        let tables = async { tables::read(&target?).await };
                        (service, tables.await)
                    },
                );
                verdict::of_tables(side_by_side(context, read).await)
            }
            // The extra servers read all of it.
            MonitorCheck::Redis => CheckOutcome::default(),
            MonitorCheck::Drift => {
                let plans = provision::plan(context, services, PlanOptions::default()).await;
                verdict::of_drift(services, &plans)
            }
        })
    }
}

/// Returns the subjects that are proven: each service's database, and its keys on a server of another kind.
fn subjects(context: &Context, services: &[DesiredService]) -> Vec<Subject> {
    let keys = services.iter().filter_map(|service| context.manifest.redis.services.get(&service.name));
    services.iter().map(Subject::service).chain(keys.map(RedisService::subject)).collect()
}

/// Compares the services' migrations with their files.
async fn migrations(context: &Context, services: &[DesiredService]) -> Result<Vec<ServiceStatus>> {
    let mut lists = BTreeMap::<ServerName, SessionList>::new();
    let all = targets::for_services(context, services).await?.into_iter().map(|(service, target)| {
        let sessions = lists.entry(service.server.clone()).or_default().clone();
        async move {
            match target {
                Ok(target) => {
                    martydb_migrate::status(
                        &target,
                        Sizes::Skipped,
                        DriftCheck::Compared,
                        context.lock_wait,
                        &sessions,
                    )
                    .await
                }
                Err(error) => ServiceStatus::unreachable(&service, error),
            }
        }
    });
    Ok(side_by_side(context, all).await)
}

/// Waits for all, as many at a time as a command has jobs.
async fn side_by_side<T, F: Future<Output = T>>(context: &Context, all: impl Iterator<Item = F>) -> Vec<T> {
    stream::iter(all).buffered(context.jobs.count.max(1)).collect().await
}

fn failed(why: String) -> CheckOutcome {
    CheckOutcome { failures: vec![why], ..CheckOutcome::default() }
}
