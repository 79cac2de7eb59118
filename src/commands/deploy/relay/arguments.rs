//! Arguments of `relay` without a subcommand, and the outboxes that they select.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::app::App;
use martydb_model::error::Result;
use martydb_model::{DesiredService, Outbox};
use martydb_ui::flags::Select;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Publish all events that are due, then exit; for cron.
    #[arg(long)]
    pub once: bool,
    /// Show the next events; publish nothing.
    #[arg(long, conflicts_with = "once")]
    pub dry_run: bool,
    /// Address to serve metrics on, such as 127.0.0.1:9188.
    ///
    /// Other than on loopback it requires TLS and --users.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["once", "dry_run"])]
    pub metrics: Option<SocketAddr>,
    /// Certificate of the listener in PEM; reloaded when the file changes.
    #[arg(long, value_name = "FILE", requires = "metrics", hide_short_help = true)]
    pub tls_certificate: Option<PathBuf>,
    /// Private key of the certificate.
    #[arg(long, value_name = "FILE", requires = "metrics", hide_short_help = true)]
    pub tls_key: Option<PathBuf>,
    /// File with the users that may read the metrics, one user:password per line.
    #[arg(long, value_name = "FILE", requires = "metrics", hide_short_help = true)]
    pub users: Option<PathBuf>,
}

/// Returns the selected services that have an outbox.
pub(crate) fn outboxes(app: &App, select: &Select) -> Result<Vec<(DesiredService, Arc<Outbox>)>> {
    martydb_relay::with_outbox(&app.readable(select)?, !select.names_none())
}
