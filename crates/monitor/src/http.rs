//! HTTP routes: page, metrics, liveness and readiness.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::exporter::Exporter;
use super::page::MonitorPage;
use super::watch::PATIENCE;
use martydb_http::Routes;
use martydb_http::exposition::Exposition;

/// Returns the routes. Those without a password reveal nothing, and probes have none; without a page, one of them is `/`.
pub(crate) fn routes(monitor: &Arc<Exporter>, page: Option<MonitorPage>) -> Routes {
    let probes = Router::new().route("/live", get(async || "live\n")).route("/ready", get(ready));
    let paths = get(async || "martydb monitor: /metrics, /live, /ready\n");
    Routes {
        probes: probes.with_state(monitor.clone()),
        open: if page.is_none() { Router::new().route("/", paths) } else { Router::new() },
        guarded: guarded(monitor, page),
    }
}

/// Returns the metrics and the page, which reveal names of databases and logins, and the use of services.
fn guarded(monitor: &Arc<Exporter>, page: Option<MonitorPage>) -> Router {
    let routes = Router::new().route("/metrics", get(metrics)).with_state(monitor.clone());
    match page {
        Some(page) => routes.merge(Router::new().route("/", get(newest)).with_state(page)),
        None => routes,
    }
}

/// Returns the page. It is kept by no cache, and shown in no other page.
async fn newest(State(page): State<MonitorPage>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, format!("{}; frame-ancestors 'none'", page.policy)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::CACHE_CONTROL, "no-store".into()),
        (header::REFERRER_POLICY, "no-referrer".into()),
    ];
    (headers, (page.newest)().to_string())
}

async fn metrics(State(monitor): State<Arc<Exporter>>, headers: HeaderMap) -> Response {
    let (samples, _) = monitor.samples(PATIENCE).await;
    Exposition::answer(&headers, monitor.project(), samples, monitor.has_compatible_names())
}

/// Succeeds once every server was queried, whatever its answer.
async fn ready(State(monitor): State<Arc<Exporter>>) -> (StatusCode, &'static str) {
    if monitor.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting\n")
    }
}
