//! `monitor`: serves metrics until it is stopped, or writes them once.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::verify::Probes;
use martydb_config::replace_file::{Readers, replace_file};
use martydb_deploy::monitor::checks::Schedule;
use martydb_deploy::monitor::door::MetricsListener;
use martydb_deploy::monitor::exposition::Exposition;
use martydb_deploy::monitor::{self, Measurement};
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::metrics::MonitorCheck;
use martydb_model::units;
use martydb_provision::isolation::Extent;
use martydb_provision::run::Run;
use martydb_ui::report::{Report, Style, error_text, pause};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Address to listen on. Other than on loopback it requires TLS and --users.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9187", conflicts_with = "once")]
    pub listen: SocketAddr,
    /// Run every check once, and print the metrics for a textfile collector.
    #[arg(long)]
    pub once: bool,
    /// With --once: file to write; it is replaced atomically.
    #[arg(long, value_name = "FILE", requires = "once")]
    pub out: Option<PathBuf>,
    /// Interval of isolation checks: a time such as 1h, or never.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = interval)]
    pub isolation_every: Interval,
    /// Interval at which migrations are compared with their files.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = interval, hide_short_help = true)]
    pub migrations_every: Interval,
    /// Interval at which servers are compared with the manifest.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = interval, hide_short_help = true)]
    pub drift_every: Interval,
    /// Interval at which the backup store is checked.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = interval, hide_short_help = true)]
    pub backups_every: Interval,
    /// Interval at which outboxes are checked.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = interval, hide_short_help = true)]
    pub outbox_every: Interval,
    /// Age of a service's newest backup above which an alert fires.
    #[arg(long, value_name = "AGE", default_value = "26h", value_parser = interval, hide_short_help = true)]
    pub backup_age: Interval,
    /// Age of the last verified restore above which an alert fires.
    #[arg(long, value_name = "AGE", default_value = "8d", value_parser = interval, hide_short_help = true)]
    pub restore_age: Interval,
    /// Age of a password above which an alert fires.
    #[arg(long, value_name = "AGE", default_value = "365d", value_parser = interval, hide_short_help = true)]
    pub password_age: Interval,
    /// Logins that an isolation check tries, as for verify-isolation.
    #[arg(long, value_enum, default_value = "sample", value_name = "HOW", hide_short_help = true)]
    pub probes: Probes,
    /// Certificate of the listener in PEM; reloaded when the file changes.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub tls_certificate: Option<PathBuf>,
    /// Private key of the certificate.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub tls_key: Option<PathBuf>,
    /// File with the users that may read the metrics, one user:password per line.
    #[arg(long, value_name = "FILE")]
    pub users: Option<PathBuf>,
}

/// Interval; `None` is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval(Option<Duration>);

/// Shortest interval: checks that run more often cost more than they reveal.
const SHORTEST: Duration = Duration::from_secs(1);

fn interval(text: &str) -> Result<Interval, String> {
    if text == "never" {
        return Ok(Interval(None));
    }
    let every = units::duration(text).ok_or("not a time such as 30s, 15m, 1h or 7d, nor `never`")?;
    if every < SHORTEST { Err("less than 1s".into()) } else { Ok(Interval(Some(every))) }
}

impl Arguments {
    /// Without a backup store in the manifest no backups are checked, and without outboxes no outboxes.
    fn schedule(&self, has_backups: bool, has_outboxes: bool) -> Schedule {
        let backups = |interval: Interval| Interval(interval.0.filter(|_| has_backups));
        let every = [
            (MonitorCheck::Isolation, self.isolation_every),
            (MonitorCheck::Migrations, self.migrations_every),
            (MonitorCheck::Drift, self.drift_every),
            (MonitorCheck::Backups, backups(self.backups_every)),
            (MonitorCheck::Outbox, Interval(self.outbox_every.0.filter(|_| has_outboxes))),
        ];
        let extent = match self.probes {
            Probes::Full => Extent::Full,
            Probes::Sample => Extent::Sample,
            Probes::Gentle => Extent::Gentle,
            Probes::None => Extent::None,
        };
        let limits = [
            ("backup", backups(self.backup_age)),
            ("restore", backups(self.restore_age)),
            ("password", self.password_age),
        ];
        let age_limits = limits.into_iter().filter_map(|(of, limit)| Some((of, limit.0?))).collect();
        Schedule { every: every.map(|(check, every)| (check, every.0)).into(), extent, age_limits }
    }

    fn listener(&self) -> MetricsListener {
        MetricsListener {
            address: self.listen,
            certificate: self.tls_certificate.clone(),
            key: self.tls_key.clone(),
            users: self.users.clone(),
        }
    }
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<MonitorReport> {
    // The progress of the checks is measured, not shown.
    let _still = pause();
    let has_outboxes = run.manifest.services.values().any(|service| service.outbox.is_some());
    let schedule = arguments.schedule(run.manifest.backup.is_some(), has_outboxes);
    if !arguments.once {
        run.out.serves();
        monitor::serve(run, &schedule, &arguments.listener()).await?;
        return Ok(MonitorReport { snapshot: None, written: false });
    }
    let snapshot = monitor::once(run, &schedule).await?;
    let written = arguments.out.is_some();
    if let Some(path) = &arguments.out {
        let text = Exposition::Plain.text(&snapshot.project, snapshot.samples.clone());
        let failed = |error| Error::operation(format!("cannot write {}", path.display())).cause(error);
        replace_file(path, &text, Readers::All).map_err(failed)?;
    }
    Ok(MonitorReport { snapshot: Some(snapshot), written })
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
        printed.map_or_else(String::new, |snapshot| {
            Exposition::Plain.text(&snapshot.project, snapshot.samples.clone())
        })
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
