//! `monitor`: serves metrics until it is stopped, or writes them once.

#[cfg(feature = "monitor")]
mod companions;
#[cfg(feature = "monitor")]
mod exporter;
#[cfg(all(feature = "monitor", feature = "report"))]
mod page;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

#[cfg(not(feature = "monitor"))]
use crate::commands::support::missing;
use crate::commands::verify::verify_isolation::Probes;
use martydb_model::units;

#[cfg(feature = "monitor")]
pub use exporter::{MonitorReport, run};

/// # Errors
/// Always: this build has no exporter.
#[cfg(not(feature = "monitor"))]
pub async fn run(_: &crate::app::App, _: &Arguments) -> martydb_model::error::Result<missing::NoReport> {
    Err(missing::missing_feature("monitor"))
}

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
    /// Interval at which tables that are partitioned by time are checked.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = interval, hide_short_help = true)]
    pub partitions_every: Interval,
    /// Interval at which the statistics of Redis servers are read.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = interval, hide_short_help = true)]
    pub redis_every: Interval,
    /// Interval at which the statistics of the largest tables are read.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = interval, hide_short_help = true)]
    pub tables_every: Interval,
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
const MIN_INTERVAL: Duration = Duration::from_secs(1);

fn interval(text: &str) -> Result<Interval, String> {
    if text == "never" {
        return Ok(Interval(None));
    }
    let every = units::duration(text).ok_or("not a time such as 30s, 15m, 1h or 7d, nor `never`")?;
    if every < MIN_INTERVAL { Err("less than 1s".into()) } else { Ok(Interval(Some(every))) }
}
