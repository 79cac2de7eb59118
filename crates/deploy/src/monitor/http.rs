//! HTTP routes: metrics, liveness and readiness.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use super::exporter::Exporter;
use super::exposition::Exposition;
use super::watch::PATIENCE;

/// Returns the routes that need no password: they reveal nothing, and probes have none.
pub fn open(monitor: Arc<Exporter>) -> Router {
    Router::new()
        .route("/", get(async || "martydb monitor: /metrics, /live, /ready\n"))
        .route("/live", get(async || "live\n"))
        .route("/ready", get(ready))
        .with_state(monitor)
}

/// Returns the metrics, which reveal names of databases and logins, and the use of services.
pub fn guarded(monitor: Arc<Exporter>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(monitor)
}

async fn metrics(State(monitor): State<Arc<Exporter>>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let exposition = Exposition::accepted(accept);
    let (samples, _) = monitor.samples(PATIENCE).await;
    let text = exposition.text(monitor.project(), samples, monitor.has_compatible_names());
    ([(header::CONTENT_TYPE, exposition.content_type())], text)
}

/// Succeeds once every server was queried, whatever its answer.
async fn ready(State(monitor): State<Arc<Exporter>>) -> (StatusCode, &'static str) {
    if monitor.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting\n")
    }
}
