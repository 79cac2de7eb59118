//! HTTP routes: metrics, liveness and readiness.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::auth::MetricsAuth;
use super::exporter::Exporter;
use super::exposition::Exposition;
use super::watch::PATIENCE;

#[derive(Clone)]
struct Served {
    monitor: Arc<Exporter>,
    auth: Arc<MetricsAuth>,
}

/// `/live` and `/ready` need no password: they reveal nothing, and probes have none.
pub fn router(monitor: Arc<Exporter>, auth: Arc<MetricsAuth>) -> Router {
    let served = Served { monitor, auth };
    let guarded = Router::new()
        .route("/metrics", get(metrics))
        .route_layer(middleware::from_fn_with_state(served.clone(), guard));
    Router::new()
        .route("/", get(async || "martydb monitor: /metrics, /live, /ready\n"))
        .route("/live", get(async || "live\n"))
        .route("/ready", get(ready))
        .merge(guarded)
        .with_state(served)
}

async fn guard(State(served): State<Served>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if served.auth.opens(given) {
        return next.run(request).await;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"martydb\", charset=\"UTF-8\"")];
    (StatusCode::UNAUTHORIZED, challenge, "a user and a password are required\n").into_response()
}

async fn metrics(State(served): State<Served>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let exposition = Exposition::accepted(accept);
    let (samples, _) = served.monitor.samples(PATIENCE).await;
    let text = exposition.text(served.monitor.project(), samples);
    ([(header::CONTENT_TYPE, exposition.content_type())], text)
}

/// Succeeds once every server was queried, whatever its answer.
async fn ready(State(served): State<Served>) -> (StatusCode, &'static str) {
    if served.monitor.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting\n")
    }
}
