//! Listener for the relay's metrics.

use std::sync::Arc;

use super::super::arguments::Arguments;
use crate::app::App;
use martydb_http::{Bound, HttpListener};
use martydb_model::error::Result;
use martydb_monitor::relay_metrics::{ServedMetrics, bind};
use martydb_relay::RelayMetrics;

/// Bound listener, if one was requested.
pub(crate) struct MetricsListener(Option<Bound>);

impl MetricsListener {
    /// # Errors
    /// If it cannot listen as requested.
    pub(crate) fn open(
        app: &App,
        arguments: &Arguments,
        metrics: &Arc<RelayMetrics>,
    ) -> Result<MetricsListener> {
        let Some(address) = arguments.metrics else { return Ok(MetricsListener(None)) };
        let listener = HttpListener {
            address,
            flag: "--metrics",
            certificate: arguments.tls_certificate.clone(),
            key: arguments.tls_key.clone(),
            client_authority: None,
            users: arguments.users.clone(),
        };
        let served = ServedMetrics { project: app.manifest.project.clone(), metrics: metrics.clone() };
        let bound = bind(&listener, served)?;
        app.out.note(&bound.greeting("/metrics"));
        Ok(MetricsListener(Some(bound)))
    }

    /// Serves until a signal arrives; without a listener it ends at once.
    pub(crate) async fn serve(self) -> Result<()> {
        match self.0 {
            Some(bound) => bound.serve().await,
            None => Ok(()),
        }
    }
}
