//! Exporter of `monitor`: serves metrics, or measures once.

use std::sync::Arc;

use serde::Serialize;

use super::companions::MonitoredCompanions;
use super::{Arguments, Interval};
use crate::app::App;
use martydb_http::HttpListener;
use martydb_http::exposition::Exposition;
use martydb_manifest::Manifest;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::metrics::MonitorCheck;
use martydb_monitor::checks::Schedule;
use martydb_monitor::results::CheckResults;
use martydb_monitor::{self as monitor, Measurement, MonitorPage};
use martydb_os::replace_file::{Readers, replace_file, unwritable};
use martydb_ui::report::{Report, Style, error_text, pause};

impl Arguments {
    /// Without a backup store in the manifest no backups are checked, and without outboxes, partitions or Redis none of these.
    fn schedule(&self, manifest: &Manifest) -> Schedule {
        let has_backups = manifest.backup.is_some();
        let has_outboxes = manifest.services.values().any(|service| service.outbox.is_some());
        let has_partitions = manifest.services.values().any(|service| !service.partitions.is_empty());
        let has_redis = !manifest.redis.services.is_empty();
        let backups = |interval: Interval| Interval(interval.0.filter(|_| has_backups));
        let every = [
            (MonitorCheck::Isolation, self.isolation_every),
            (MonitorCheck::Migrations, self.migrations_every),
            (MonitorCheck::Drift, self.drift_every),
            (MonitorCheck::Backups, backups(self.backups_every)),
            (MonitorCheck::Outbox, Interval(self.outbox_every.0.filter(|_| has_outboxes))),
            (MonitorCheck::Tables, self.tables_every),
            (MonitorCheck::Partitions, Interval(self.partitions_every.0.filter(|_| has_partitions))),
            (MonitorCheck::Redis, Interval(self.redis_every.0.filter(|_| has_redis))),
        ];
        let limits = [
            ("backup", backups(self.backup_age)),
            ("restore", backups(self.restore_age)),
            ("password", self.password_age),
        ];
        let age_limits = limits.into_iter().filter_map(|(of, limit)| Some((of, limit.0?))).collect();
        Schedule {
            every: every.map(|(check, every)| (check, every.0)).into(),
            extent: self.probes.extent(),
            age_limits,
        }
    }

    fn listener(&self) -> HttpListener {
        HttpListener {
            address: self.listen,
            flag: "--listen",
            certificate: self.tls_certificate.clone(),
            key: self.tls_key.clone(),
            client_authority: None,
            users: self.users.clone(),
        }
    }
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<MonitorReport> {
    // The progress of the checks is measured, not shown.
    let _still = pause();
    let schedule = arguments.schedule(&app.manifest);
    if !arguments.once {
        app.out.serves();
        let results = Arc::new(CheckResults::default());
        let page = page(app, &results)?;
        monitor::serve(app, &schedule, &arguments.listener(), results, page, Arc::new(MonitoredCompanions))
            .await?;
        return Ok(MonitorReport { snapshot: None, written: false });
    }
    let snapshot = monitor::once(app, &schedule, Arc::new(MonitoredCompanions)).await?;
    let written = arguments.out.is_some();
    if let Some(path) = &arguments.out {
        let text = text_of(&snapshot);
        replace_file(path, &text, Readers::All).map_err(unwritable(path))?;
    }
    Ok(MonitorReport { snapshot: Some(snapshot), written })
}

/// Returns the page at `/`, if this build makes pages.
#[cfg(feature = "report")]
fn page(app: &App, results: &Arc<CheckResults>) -> Result<Option<MonitorPage>> {
    super::page::begin(app, results.clone()).map(Some)
}

#[cfg(not(feature = "report"))]
fn page(_: &App, _: &Arc<CheckResults>) -> Result<Option<MonitorPage>> {
    Ok(None)
}

fn text_of(snapshot: &Measurement) -> String {
    Exposition::Plain.text(&snapshot.project, snapshot.samples.clone(), snapshot.compatible_names)
}

/// Measurements, unless they were served.
pub struct MonitorReport {
    snapshot: Option<Measurement>,
    /// `true` if they were written to a file.
    written: bool,
}

/// Sample as scripts see it.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    service: &'a str,
    server: &'a str,
    database: &'a str,
    labels: std::collections::BTreeMap<&'a str, &'a str>,
    value: f64,
}

impl Serialize for MonitorReport {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document<'a> {
            samples: Vec<Shown<'a>>,
        }
        let samples = self.snapshot.iter().flat_map(|snapshot| &snapshot.samples);
        let shown = samples.map(|sample| Shown {
            name: sample.metric.name,
            service: &sample.subject.service,
            server: &sample.subject.server,
            database: &sample.subject.database,
            labels: sample
                .metric
                .labels
                .iter()
                .copied()
                .zip(sample.labels.iter().map(String::as_str))
                .collect(),
            value: sample.value,
        });
        Document { samples: shown.collect() }.serialize(serializer)
    }
}

impl Report for MonitorReport {
    fn text(&self, _: &Style) -> String {
        let printed = self.snapshot.as_ref().filter(|_| !self.written);
        printed.map_or_else(String::new, text_of)
    }

    fn messages(&self, style: &Style) -> String {
        let Some(snapshot) = &self.snapshot else { return String::new() };
        let unreachable = snapshot.unreachable.iter().map(|error| error_text(error, style));
        let failures = snapshot.failures.iter().map(|failure| error_text(&Error::operation(failure), style));
        unreachable.chain(failures).collect()
    }

    fn verbatim(&self) -> bool {
        true
    }

    fn status(&self) -> ExitStatus {
        let Some(snapshot) = &self.snapshot else { return ExitStatus::Success };
        let unreachable = snapshot.unreachable.iter().map(|error| error.kind.status());
        let failed = snapshot.failures.iter().map(|_| ExitStatus::Failed);
        ExitStatus::worst(unreachable.chain(failed))
    }
}
