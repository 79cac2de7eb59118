//! Metrics of `martydb relay`: what it counts itself, over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;

use martydb_http::exposition::Exposition;
use martydb_http::{Bound, HttpListener, Routes};
use martydb_model::error::Result;
use martydb_relay::RelayMetrics;

/// Metrics of a relay, and the project that labels them.
pub struct ServedMetrics {
    pub project: String,
    pub metrics: Arc<RelayMetrics>,
}

/// Binds the listener.
///
/// # Errors
/// If it cannot listen as requested.
pub fn bind(listener: &HttpListener, served: ServedMetrics) -> Result<Bound> {
    listener.check("the metrics")?;
    let served = Arc::new(served);
    let probes = Router::new().route("/live", get(async || "live\n")).route("/ready", get(ready));
    let routes = Routes {
        probes: probes.with_state(served.clone()),
        open: Router::new().route("/", get(async || "martydb relay: /metrics, /live, /ready\n")),
        guarded: Router::new().route("/metrics", get(metrics)).with_state(served),
    };
    Bound::new(listener, routes)
}

async fn metrics(State(served): State<Arc<ServedMetrics>>, headers: HeaderMap) -> Response {
    Exposition::answer(&headers, &served.project, served.metrics.samples(), false)
}

/// Succeeds once every outbox was read.
async fn ready(State(served): State<Arc<ServedMetrics>>) -> (StatusCode, &'static str) {
    if served.metrics.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not every outbox was read\n")
    }
}
