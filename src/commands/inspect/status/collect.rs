//! Queries of `status`: each service's database by its migrator, and with `--drift` each server by the admin.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;

use super::status_word::StatusWord;
use crate::app::App;
use crate::commands::deploy::partitions::next_run;
use crate::commands::support::companion::RedisRow;
use crate::commands::support::companions;
use crate::commands::support::per_service::map_within;
use crate::commands::support::relative_path::current_folder;
use martydb_apply::replicas::{self, ReplicaStatus};
use martydb_apply::scratch;
use martydb_context::targets;
use martydb_import::discovery::not_imported::NotImported;
use martydb_migrate::{DriftCheck, MigrationTarget, ServiceState, ServiceStatus, Sizes};
use martydb_model::error::{Error, Result};
use martydb_model::units::counted;
use martydb_model::{DesiredService, ServerName};
use martydb_partitions::PartitionRow;
use martydb_pg::server::sessions::SessionList;
use martydb_provision::{self as provision, PlanOptions, PlannedServer};
use martydb_ui::flags::{Format, Select};
use martydb_ui::report::progress;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Also compare the server with the manifest.
    #[arg(long)]
    pub drift: bool,
    /// Compare both, and exit with 3 unless everything is up to date.
    #[arg(long, conflicts_with = "watch")]
    pub check: bool,
    /// Show only services in one of these states (comma-separated).
    #[arg(long, value_enum, value_name = "STATE", value_delimiter = ',', hide_possible_values = true)]
    pub only: Vec<StatusWord>,
    /// Also show the size on disk, which reads the size of every file; `-o json` always does.
    #[arg(long)]
    pub size: bool,
    /// Refresh every SECONDS [default: 2], until Ctrl-C.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub watch: Option<u64>,
}

impl Arguments {
    /// Returns `true` if the servers are compared with the manifest.
    pub(crate) fn compares_servers(&self) -> bool {
        self.drift || self.check || self.only.contains(&StatusWord::Drifted)
    }
}

/// Returns `Sizes::Measured` for `--size` and for data formats, whose columns must not depend on another flag.
pub(crate) fn measured(app: &App, arguments: &Arguments) -> Sizes {
    let is_data = !matches!(app.out.format(), Format::Table | Format::Name);
    if arguments.size || is_data { Sizes::Measured } else { Sizes::Skipped }
}

pub(crate) type Targets = Vec<(DesiredService, Result<MigrationTarget>)>;

/// The services, the replicas of their servers, the tables that are partitioned by time, and the keys on Redis.
pub struct Reviewed {
    pub services: Vec<ServiceStatus>,
    pub replicas: Vec<ReplicaStatus>,
    pub partitions: Vec<PartitionRow>,
    pub redis: Vec<RedisRow>,
    pub not_imported: Vec<NotImported>,
    /// Labels of each service that has some.
    pub(super) labels: ServiceLabels,
}

/// Labels of services, by name and key.
pub(super) type ServiceLabels = BTreeMap<String, BTreeMap<String, String>>;

/// Reads the status of each service, and its drift from the manifest if requested, of the servers' replicas,
/// of partitions and of keys on Redis.
pub(crate) async fn review(
    app: &App,
    arguments: &Arguments,
    services: &[DesiredService],
    targets: Targets,
) -> Reviewed {
    let servers = app.servers_of(services);
    let schemas = match arguments.compares_servers() {
        true => DriftCheck::Compared,
        false => DriftCheck::Skipped,
    };
    let of_services = look(app, targets, measured(app, arguments), schemas);
    let (mut all, replicas, redis) =
        tokio::join!(of_services, replicas::of_servers(app, &servers), companions::states(app, services));
    let reachable = |service: &&DesiredService| {
        let is_it = |status: &&ServiceStatus| status.service == service.name.as_str();
        let has_answered = |state: ServiceState| {
            use ServiceState::{NotImported, NotProvisioned};
            !state.is_away() && !matches!(state, NotImported | NotProvisioned)
        };
        all.iter().find(is_it).is_some_and(|status| has_answered(status.state))
    };
    let there: Vec<DesiredService> = services.iter().filter(reachable).cloned().collect();
    let partitions = next_run(app, &there).await;
    if arguments.compares_servers() {
        mark_drift(app, services, &mut all).await;
    }
    let is_waiting = |status: &&ServiceStatus| status.state == ServiceState::NotImported;
    let here = current_folder();
    let waiting = all.iter().filter(is_waiting).filter_map(|status| {
        NotImported::of(services.iter().find(|service| service.name.as_str() == status.service)?, &here)
    });
    let not_imported = waiting.collect();
    let labels = app.manifest.labels.iter().filter(|(_, labels)| !labels.is_empty());
    let labels = labels.map(|(name, labels)| (name.to_string(), labels.clone())).collect();
    Reviewed { services: all, replicas, partitions, redis, not_imported, labels }
}

/// Returns the status of each service; one whose server does not answer is unreachable.
pub(crate) async fn look_at(
    app: &App,
    services: &[DesiredService],
    sizes: Sizes,
) -> Result<Vec<ServiceStatus>> {
    Ok(look(app, targets::for_services(app, services).await?, sizes, DriftCheck::Skipped).await)
}

/// Returns the state of each service in words, with the number of due migrations and with drift.
pub async fn states(app: &App, services: &[DesiredService]) -> Result<Vec<String>> {
    let targets = targets::for_services(app, services).await?;
    let mut all = look(app, targets, Sizes::Skipped, DriftCheck::Compared).await;
    mark_drift(app, services, &mut all).await;
    Ok(all.iter().map(in_words).collect())
}

fn in_words(status: &ServiceStatus) -> String {
    let word = StatusWord::from_status(status).words().0;
    match status.pending.len() + status.repeatable_pending.len() {
        0 => word.to_owned(),
        due => format!("{word}, {}", counted(due, "pending migration")),
    }
}

async fn look(app: &App, targets: Targets, sizes: Sizes, schemas: DriftCheck) -> Vec<ServiceStatus> {
    let wait = app.lock_wait;
    let asking = Arc::new(progress("asking", "services"));
    asking.expect(targets.len());
    let lists: BTreeMap<ServerName, SessionList> =
        targets.iter().map(|(service, _)| (service.server.clone(), SessionList::default())).collect();
    let one = |(service, target): (DesiredService, Result<MigrationTarget>)| {
        let (asking, sessions) = (asking.clone(), lists[&service.server].clone());
        async move {
            match target {
                Ok(target) => {
                    let status = martydb_migrate::status(&target, sizes, schemas, wait, &sessions);
                    asking.run(service.name.as_str(), status).await
                }
                Err(error) => ServiceStatus::unreachable(&service, error),
            }
        }
    };
    // The first answer of a server tells how many connections are free.
    let reads = || {
        let capacities = lists.values().filter_map(SessionList::capacity);
        capacities.map(|capacity| app.jobs.of_reads(&capacity)).min().unwrap_or(app.jobs.count)
    };
    map_within(reads, targets, one).await
}

/// Marks a service whose database or roles differ from the manifest as drifted, unless its state is worse.
async fn mark_drift(app: &App, services: &[DesiredService], all: &mut [ServiceStatus]) {
    let plans: BTreeMap<String, Result<PlannedServer>> =
        provision::plan(app, services, PlanOptions::default()).await.into_iter().collect();
    for planned in plans.values().flatten() {
        if let Some(left) = scratch::described(&planned.actual) {
            app.out.note(&format!("note: on server {}: {left}", planned.access.server));
        }
    }
    let companions = companions::plan(app, services).await;
    let compared = |state| matches!(state, ServiceState::UpToDate | ServiceState::Pending);
    for status in all.iter_mut().filter(|status| compared(status.state)) {
        let differs = drifted(&plans[&status.server], &status.service).and_then(|drifted| {
            let companions = companions.as_ref().map_err(Error::clone)?;
            Ok(drifted | companions.differs(&status.service)?)
        });
        match differs {
            Ok(false) if status.schema_drift.is_empty() => {}
            Ok(_) => status.state = ServiceState::Drifted,
            // Unknown drift is not a success.
            Err(error) => {
                status.state = ServiceState::Unreachable;
                status.error.get_or_insert(error);
            }
        }
    }
}

fn drifted(planned: &Result<PlannedServer>, service: &str) -> Result<bool> {
    let planned = planned.as_ref().map_err(Error::clone)?;
    match planned.unread().into_iter().find(|(unread, _)| unread.as_str() == service) {
        Some((_, error)) => Err(error),
        None => {
            let mut of = planned.plan.steps.iter().filter_map(|step| step.service.as_ref());
            Ok(of.any(|name| name.as_str() == service))
        }
    }
}
