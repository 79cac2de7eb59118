//! Conversion of verifications, migration states and plans to samples of each service. Pure.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::results::{CheckOutcome, seconds};
use super::tables::TableStatistics;
use martydb_backup::store::StoreSummary;
use martydb_isolation::probe::Probe;
use martydb_isolation::proof::{Assessment, BreachReport, ProbeRow};
use martydb_migrate::{ServiceState, ServiceStatus};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::findings::Severity;
use martydb_model::metrics::*;
use martydb_model::{DesiredService, PartitionedTable};
use martydb_partitions::Maintained;
use martydb_provision::Plans;
use martydb_relay::Backlog;

const SEVERITIES: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

/// Converts a verification that ended at `now`, in seconds since 1970.
pub(crate) fn of_isolation(assessment: &Assessment, subjects: &[Subject], now: f64) -> CheckOutcome {
    let mut outcome = CheckOutcome { failures: failures(&assessment.failed), ..CheckOutcome::default() };
    // Findings at a replica count for its server.
    for server in assessment.servers.iter().filter(|server| server.at.is_none()) {
        let subject = Subject::server(&server.name);
        outcome.samples.extend(findings(assessment, &subject, None));
        outcome.judged.insert(subject);
        for subject in subjects.iter().filter(|subject| subject.server == server.name) {
            let provisioned = !server.unprovisioned.contains(&subject.service);
            let proof = ServiceProof::new(assessment, subjects, subject, provisioned);
            outcome.samples.extend(proof.samples(subject, now));
            outcome.samples.extend(findings(assessment, subject, Some(&subject.service)));
            outcome.judged.insert(subject.clone());
        }
    }
    outcome
}

fn failures(failed: &[(String, Error)]) -> Vec<String> {
    failed.iter().map(|(server, error)| format!("server {server}: {error}")).collect()
}

/// Returns the service of a probe: that of the database, or else that of the login.
fn exposed<'a>(probe: &'a Probe, subjects: &'a [Subject]) -> &'a str {
    let mut here = subjects.iter().filter(|subject| subject.server == probe.server);
    let found = here.find(|subject| subject.database == probe.database);
    found.map_or(&probe.service, |subject| &subject.service)
}

/// Result of a verification for one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ServiceProof {
    /// Nothing contradicts its isolation.
    Holds,
    /// A breach of it, or a finding of medium or higher severity about it or its server.
    Broken,
    /// No breach is known, but a probe had no clear answer, something could not be read, or the service is not there.
    Inconclusive,
}

impl ServiceProof {
    fn new(assessment: &Assessment, subjects: &[Subject], of: &Subject, provisioned: bool) -> ServiceProof {
        let about = |service: Option<&str>, server: &str| {
            server == of.server && service.is_none_or(|service| service == of.service)
        };
        let mut rows = assessment
            .matrix
            .iter()
            .chain(&assessment.extra)
            .filter(|row| row.probe.server == of.server && exposed(&row.probe, subjects) == of.service);
        let breach =
            |row: &ProbeRow| row.reported.as_ref().is_some_and(|one| !matches!(one, BreachReport::Accepted));
        let grave = assessment.findings.iter().any(|finding| {
            finding.severity >= Severity::Medium && about(finding.service.as_deref(), &finding.server)
        });
        let unread = assessment.unread.iter().any(|unread| about(unread.service.as_deref(), &unread.server));
        if grave || rows.clone().any(breach) {
            ServiceProof::Broken
        } else if unread || !provisioned || rows.any(ProbeRow::is_inconclusive) {
            ServiceProof::Inconclusive
        } else {
            ServiceProof::Holds
        }
    }

    /// Returns the samples; an inconclusive verification leaves the result of the last conclusive one.
    fn samples(self, subject: &Subject, now: f64) -> Vec<Sample> {
        let flag = |metric, is: bool| Sample::new(metric, subject, f64::from(u8::from(is)));
        let inconclusive = flag(ISOLATION_INCONCLUSIVE, self == ServiceProof::Inconclusive);
        let ok = flag(ISOLATION_OK, self == ServiceProof::Holds);
        match self {
            ServiceProof::Holds => vec![inconclusive, ok, Sample::new(ISOLATION_PROVEN, subject, now)],
            ServiceProof::Broken => vec![inconclusive, ok],
            ServiceProof::Inconclusive => vec![inconclusive],
        }
    }
}

/// Counts findings of each severity, with 0 if there are none.
fn findings<'a>(
    assessment: &'a Assessment,
    subject: &'a Subject,
    service: Option<&'a str>,
) -> impl Iterator<Item = Sample> + 'a {
    let here = move |severity: Severity| {
        let about = assessment.findings.iter().filter(|finding| {
            finding.severity == severity
                && finding.server == subject.server
                && finding.service.as_deref() == service
        });
        about.count()
    };
    SEVERITIES.into_iter().map(move |severity| {
        Sample::with(ISOLATION_FINDINGS, subject, [severity.word()], count(here(severity)))
    })
}

/// Converts a count to a sample value.
pub(crate) fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

/// Converts the `status` of each service.
pub(crate) fn of_migrations(services: &[DesiredService], all: &[ServiceStatus]) -> CheckOutcome {
    let mut outcome = CheckOutcome::default();
    for (service, status) in services.iter().zip(all) {
        let subject = Subject::service(service);
        if status.state.is_away() {
            let why = status.error.as_ref().map_or_else(String::new, ToString::to_string);
            outcome.failures.push(format!("service {}: {why}", service.name));
            continue;
        }
        outcome.samples.extend(migrations(status, &subject));
        outcome.judged.insert(subject);
    }
    outcome
}

fn migrations(status: &ServiceStatus, subject: &Subject) -> Vec<Sample> {
    let is_absent = status.error.as_ref().is_some_and(|error| error.kind == Kind::NotProvisioned);
    let provisioned = status.state != ServiceState::NotProvisioned && !is_absent;
    let divergent = status.state == ServiceState::Divergent || !status.unfinished.is_empty();
    let pending = status.pending.len() + status.repeatable_pending.len();
    let changed = status.collations_error.is_none().then(|| count(status.collations.len()));
    let versions = [(MIGRATION_CURRENT, status.current), (MIGRATION_LATEST, status.latest)];
    let mut samples = vec![
        Sample::new(PROVISIONED, subject, f64::from(u8::from(provisioned))),
        Sample::new(MIGRATIONS_DIVERGENT, subject, f64::from(u8::from(divergent))),
        Sample::new(MIGRATIONS_PENDING, subject, count(pending)),
    ];
    let known = status.schema.filter(|word| *word != "unknown");
    samples.extend(known.map(|_| Sample::new(SCHEMA_DRIFT, subject, count(status.schema_drift.len()))));
    samples.extend(changed.map(|changed| Sample::new(COLLATIONS_CHANGED, subject, changed)));
    #[allow(clippy::cast_precision_loss)] // Versions are numbers or times to the second: exact below 2^53.
    samples.extend(
        versions
            .into_iter()
            .filter_map(|(metric, version)| Some(Sample::new(metric, subject, version? as f64))),
    );
    samples
}

/// Converts the number and ages of each service's backups.
pub(crate) fn of_backups(services: &[DesiredService], summary: &StoreSummary) -> CheckOutcome {
    let itself = Subject::monitor();
    let problems = Sample::new(BACKUP_PROBLEMS, &itself, count(summary.problems));
    let mut outcome = CheckOutcome { samples: vec![problems], ..CheckOutcome::default() };
    outcome.judged.insert(itself);
    for service in services {
        let subject = Subject::service(service);
        let found = summary.services.get(service.name.as_str()).cloned().unwrap_or_default();
        let taken = found.id.as_ref().map(|id| seconds(id.taken_at()));
        let verified = found.verified_at.and_then(|at| OffsetDateTime::parse(&at, &Rfc3339).ok());
        #[allow(clippy::cast_precision_loss)] // Exact below 2^53 bytes.
        let values = [
            (BACKUPS, Some(count(found.count))),
            (BACKUP_TAKEN, taken),
            (BACKUP_SIZE, found.size_bytes.map(|size| size as f64)),
            (BACKUP_VERIFIED, verified.map(seconds)),
        ];
        let known = values.into_iter().filter_map(|(metric, value)| Some((metric, value?)));
        outcome.samples.extend(known.map(|(metric, value)| Sample::new(metric, &subject, value)));
        outcome.judged.insert(subject);
    }
    outcome
}

/// Converts the backlog of each outbox.
pub(crate) fn of_outboxes(read: Vec<(&DesiredService, Result<Backlog>)>) -> CheckOutcome {
    let mut outcome = CheckOutcome::default();
    for (service, backlog) in read {
        let backlog = match backlog {
            Ok(backlog) => backlog,
            Err(error) => {
                outcome.failures.push(format!("service {}: {error}", service.name));
                continue;
            }
        };
        let subject = Subject::service(service);
        let whole = |number: i64| count(usize::try_from(number).unwrap_or_default());
        let seconds = whole(backlog.oldest_age_ms.unwrap_or_default()) / 1000.0;
        let values = [
            (OUTBOX_PENDING, whole(backlog.pending)),
            (OUTBOX_OLDEST, seconds),
            (OUTBOX_DEAD, whole(backlog.dead)),
        ];
        outcome.samples.extend(values.map(|(metric, value)| Sample::new(metric, &subject, value)));
        outcome.judged.insert(subject);
    }
    outcome
}

/// A table that is partitioned by time, and what the next run would do.
type DuePartitions<'a> = (&'a DesiredService, &'a PartitionedTable, Result<Maintained>);

/// Converts what the next run of `partitions` would do.
pub(crate) fn of_partitions(read: Vec<DuePartitions<'_>>) -> CheckOutcome {
    let mut outcome = CheckOutcome::default();
    for (service, table, due) in read {
        let due = match due {
            Ok(due) => due,
            Err(error) => {
                outcome.failures.push(format!("table {table} of service {}: {error}", service.name));
                continue;
            }
        };
        let subject = Subject::service(service);
        let (coverage, all) = (due.coverage, [&due.made, &due.removed, &due.finished]);
        let values = [
            (PARTITIONS_AHEAD, coverage.seconds_ahead().map(|seconds| seconds as f64)),
            (PARTITIONS_DEFAULT_ROWS, coverage.default_rows.map(|rows| rows as f64)),
            (PARTITIONS_GAPS, Some(count(due.gaps.len()))),
            (PARTITIONS_LEFT_OUT, Some(count(due.left_out.len()))),
            (PARTITIONS_DUE, Some(count(all.iter().map(|names| names.len()).sum()))),
        ];
        let labels = [table.schema.as_str(), table.table.as_str()];
        let known = values.into_iter().filter_map(|(metric, value)| Some((metric, value?)));
        outcome.samples.extend(known.map(|(metric, value)| Sample::with(metric, &subject, labels, value)));
        outcome.judged.insert(subject);
    }
    outcome
}

/// Converts the statistics of each service's largest tables.
pub(crate) fn of_tables(read: Vec<(DesiredService, Result<Vec<TableStatistics>>)>) -> CheckOutcome {
    let mut outcome = CheckOutcome::default();
    for (service, tables) in read {
        let tables = match tables {
            Ok(tables) => tables,
            Err(error) => {
                outcome.failures.push(format!("service {}: {error}", service.name));
                continue;
            }
        };
        let subject = Subject::service(&service);
        for TableStatistics { schema, table, bytes, live, dead, autovacuum } in &tables {
            let of = |metric, value| Sample::with(metric, &subject, [schema, table], value);
            outcome.samples.extend([of(TABLE_SIZE, *bytes), of(TABLE_LIVE, *live), of(TABLE_DEAD, *dead)]);
            outcome.samples.extend(autovacuum.map(|at| of(TABLE_AUTOVACUUM, at)));
        }
        outcome.judged.insert(subject);
    }
    outcome
}

/// Converts the number of differences from the manifest, for each service and each server.
pub(crate) fn of_drift(services: &[DesiredService], plans: &Plans) -> CheckOutcome {
    let mut outcome = CheckOutcome::default();
    for (server, planned) in plans {
        let planned = match planned {
            Ok(planned) => planned,
            Err(error) => {
                outcome.failures.push(format!("server {server}: {error}"));
                continue;
            }
        };
        let unread: Vec<_> = planned.unread();
        outcome.failures.extend(unread.iter().map(|(service, error)| format!("service {service}: {error}")));
        let unknown: BTreeSet<&str> = unread.iter().map(|(service, _)| service.as_str()).collect();
        let changes = |name: Option<&str>| {
            let of = planned
                .plan
                .steps
                .iter()
                .filter(|step| step.service.as_ref().map(|one| one.as_str()) == name);
            count(of.count())
        };
        let here = services.iter().filter(|service| service.server == *server);
        let known = here.filter(|service| !unknown.contains(service.name.as_str()));
        let known = known.map(|service| (Subject::service(service), changes(Some(service.name.as_str()))));
        for (subject, changes) in known.chain([(Subject::server(server), changes(None))]) {
            outcome.samples.push(Sample::new(DRIFT, &subject, changes));
            outcome.judged.insert(subject);
        }
    }
    outcome
}
