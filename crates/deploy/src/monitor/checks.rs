//! Scheduled checks, which need logins, the admin's privileges or more time than a scrape has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use time::OffsetDateTime;
use tokio::sync::Semaphore;

use super::results::{CheckOutcome, CheckResults, seconds};
use super::verdict;
use martydb_migrate::Sizes;
use martydb_model::ServerName;
use martydb_model::error::{Error, Result};
use martydb_model::metrics::MonitorCheck;
use martydb_pg::server::sessions::SessionList;
use martydb_pg::wire::interrupt;
use martydb_provision::isolation::{self, Extent, Filter};
use martydb_provision::provision::{self, PlanOptions};
use martydb_provision::run::Run;
use martydb_provision::targets;

/// Time limit of a check: a server that hangs must not block the next proof.
const LONGEST: Duration = Duration::from_secs(15 * 60);

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

/// Checks of one manifest, run one at a time, so they never use more connections than one command.
pub struct Checks {
    pub run: Run,
    pub results: Arc<CheckResults>,
    pub extent: Extent,
    /// `true` if it logs failures.
    pub logs_failures: bool,
    turn: Semaphore,
}

impl Checks {
    pub fn new(run: Run, results: Arc<CheckResults>, extent: Extent, logs_failures: bool) -> Checks {
        Checks { run, results, extent, logs_failures, turn: Semaphore::new(1) }
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
        let _turn = self.turn.acquire().await.expect("the semaphore is never closed");
        let begun = Instant::now();
        let run = self.run.again();
        let outcome = match tokio::time::timeout(LONGEST, self.look(&run, check)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => failed(error.to_string()),
            Err(_) => failed(format!("not finished within {} minutes", LONGEST.as_secs() / 60)),
        };
        // A check that a signal interrupted proves nothing and is not reported.
        if interrupt::signal().is_some() {
            return;
        }
        let new = self.results.enter(check, outcome, begun.elapsed());
        for failure in new.iter().filter(|_| self.logs_failures) {
            run.out.note(&format!("check {}: {failure}", check.name()));
        }
    }

    async fn look(&self, run: &Run, check: MonitorCheck) -> Result<CheckOutcome> {
        let services = run.readable(&Default::default())?;
        Ok(match check {
            MonitorCheck::Isolation => {
                let now = OffsetDateTime::now_utc();
                let filter = Filter {
                    allow: run.manifest.allow.clone(),
                    today: now.date().to_string(),
                    ..Filter::default()
                };
                let assessment = isolation::verify(run, &services, self.extent, &filter, false).await;
                verdict::of_isolation(&assessment, &services, seconds(OffsetDateTime::now_utc()))
            }
            MonitorCheck::Migrations => {
                let (mut all, mut lists) = (vec![], BTreeMap::<ServerName, SessionList>::new());
                // In sequence: this is not urgent, and saves the services' connection limits.
                for (service, target) in targets::of(run, &services).await? {
                    all.push(match target {
                        Ok(target) => {
                            let sessions = lists.entry(service.server.clone()).or_default();
                            martydb_migrate::status(&target, Sizes::Skipped, run.lock_wait, sessions).await
                        }
                        Err(error) => martydb_migrate::ServiceStatus::unreachable(&service, error),
                    });
                }
                verdict::of_migrations(&services, &all)
            }
            MonitorCheck::Backups => {
                let listing = run.backups()?.list().await?;
                verdict::of_backups(&run.manifest.project, &run.manifest.env, &services, listing)
            }
            MonitorCheck::Outbox => {
                let mut all = vec![];
                for service in services.iter().filter(|service| service.outbox.is_some()) {
                    all.push((service, martydb_relay::read_backlog(run, service).await));
                }
                verdict::of_outboxes(all)
            }
            MonitorCheck::Drift => {
                let plans = provision::plan(run, &services, PlanOptions::default()).await;
                verdict::of_drift(&services, &plans)
            }
        })
    }
}

fn failed(why: String) -> CheckOutcome {
    CheckOutcome { failures: vec![why], ..CheckOutcome::default() }
}
