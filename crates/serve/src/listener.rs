//! HTTP: routes, limits, and counters of the process.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use martydb_deploy::http::{Bound, HttpListener, client_names};
use martydb_model::error::Result;

use crate::callers::{CallerBook, CallerRight};
use crate::fault::{RequestFault, Served};
use crate::serving::{
    API_PREFIX, HttpAnswer, IDEMPOTENCY_KEY, RestRequest, ServedService, respond, respond_api,
};

/// Services and callers of a process.
pub struct ServedProcess {
    pub services: HashMap<String, Arc<ServedService>>,
    pub callers: RwLock<CallerBook>,
    answers: Mutex<BTreeMap<(String, u16), (u64, f64)>>,
}

/// Most open connections.
const CONNECTIONS: usize = 1024;

/// Largest header value that is read.
const LARGEST_HEADER: usize = 8192;

impl ServedProcess {
    /// Makes the state of a process.
    pub fn new(services: impl IntoIterator<Item = ServedService>, callers: CallerBook) -> ServedProcess {
        let services = services.into_iter().map(|one| (one.name.clone(), Arc::new(one)));
        let answers = Mutex::default();
        ServedProcess { services: services.collect(), callers: RwLock::new(callers), answers }
    }

    /// Replaces the callers: keys that are gone are refused from the next request on.
    pub fn set_callers(&self, callers: CallerBook) {
        *self.callers.write().unwrap_or_else(PoisonError::into_inner) = callers;
    }

    /// Starts following migrations of all services.
    pub fn follow(&self) -> Vec<tokio::task::JoinHandle<()>> {
        self.services.values().map(|service| tokio::spawn(service.clone().follow())).collect()
    }

    fn count(&self, service: &str, status: u16, seconds: f64) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = answers.entry((service.to_owned(), status)).or_default();
        entry.0 += 1;
        entry.1 += seconds;
    }

    /// Returns the counters in the text format of OpenMetrics.
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut line = |line: std::fmt::Arguments<'_>| {
            let _into_memory = text.write_fmt(line);
            text.push('\n');
        };
        line(format_args!(
            "# TYPE martydb_serve_answers counter\n# HELP martydb_serve_answers Answers by status."
        ));
        for ((service, status), (number, _)) in &answers {
            line(format_args!(
                "martydb_serve_answers_total{{service=\"{service}\",status=\"{status}\"}} {number}"
            ));
        }
        line(format_args!(
            "# TYPE martydb_serve_seconds counter\n# HELP martydb_serve_seconds Time of answers."
        ));
        for ((service, status), (_, seconds)) in &answers {
            line(format_args!(
                "martydb_serve_seconds_total{{service=\"{service}\",status=\"{status}\"}} {seconds}"
            ));
        }
        line(format_args!(
            "# TYPE martydb_serve_connections gauge\n# HELP martydb_serve_connections Connections of a pool."
        ));
        let sorted: BTreeMap<_, _> = self.services.iter().collect();
        for (name, service) in sorted {
            for (login, right) in [("read", CallerRight::Read), ("write", CallerRight::Write)] {
                let (open, used) = service.pool(right).connections();
                for (state, number) in [("open", open), ("used", used)] {
                    line(format_args!(
                        "martydb_serve_connections{{service=\"{name}\",login=\"{login}\",state=\"{state}\"}} {number}"
                    ));
                }
            }
        }
        self.guard_metrics(&mut line);
        text.push_str("# EOF\n");
        text
    }

    fn guard_metrics(&self, line: &mut dyn FnMut(std::fmt::Arguments<'_>)) {
        let sorted: BTreeMap<_, _> = self.services.iter().collect();
        line(format_args!(
            "# TYPE martydb_serve_refused counter\n# HELP martydb_serve_refused Requests that the guard refused."
        ));
        for (name, service) in &sorted {
            for (reason, number) in service.guard.refused() {
                line(format_args!(
                    "martydb_serve_refused_total{{service=\"{name}\",reason=\"{reason}\"}} {number}"
                ));
            }
        }
        line(format_args!(
            "# TYPE martydb_serve_transactions gauge\n# HELP martydb_serve_transactions Open transactions of several requests."
        ));
        for (name, service) in &sorted {
            line(format_args!(
                "martydb_serve_transactions{{service=\"{name}\"}} {}",
                service.transactions.open()
            ));
        }
        line(format_args!(
            "# TYPE martydb_serve_breaker_open gauge\n# HELP martydb_serve_breaker_open 1 while the server cannot be reached."
        ));
        for (name, service) in &sorted {
            let open = u8::from(service.breaker.is_open());
            line(format_args!("martydb_serve_breaker_open{{service=\"{name}\"}} {open}"));
        }
    }
}

/// Binds the listener. On loopback no TLS is needed; elsewhere it is.
///
/// # Errors
/// If the address cannot be listened on.
pub fn bind(listener: &HttpListener, process: Arc<ServedProcess>) -> Result<Bound> {
    let guarded = Router::new().route("/metrics", get(metrics)).with_state(process.clone());
    Ok(Bound::new(listener, router(process), guarded)?.with_connections(CONNECTIONS))
}

fn router(process: Arc<ServedProcess>) -> Router {
    Router::new()
        .route("/live", get(|| async { "ok\n" }))
        .route("/ready", get(ready))
        .fallback(request)
        .with_state(process)
}

async fn ready(State(process): State<Arc<ServedProcess>>) -> Response {
    for service in process.services.values() {
        if let Err(fault) = service.refresh().await {
            tracing::debug!("{} is not ready: {}", service.name, fault.message);
            return plain(StatusCode::SERVICE_UNAVAILABLE, "not ready\n");
        }
    }
    plain(StatusCode::OK, "ok\n")
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

async fn metrics(State(process): State<Arc<ServedProcess>>) -> Response {
    let mut response = Response::new(Body::from(process.metrics()));
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

async fn request(State(process): State<Arc<ServedProcess>>, request: Request) -> Response {
    let start = Instant::now();
    let path = request.uri().path().to_owned();
    let mut parts = path.trim_start_matches('/').splitn(3, '/');
    let name = parts.next().unwrap_or_default().to_owned();
    let known = process.services.get(&name).cloned();
    let (face, rest) = (parts.next(), parts.next().unwrap_or_default());
    let addressed = match face {
        Some("rest") => Some(Addressed::Rest(rest)),
        Some("api") => rest.strip_prefix("db/").map(Addressed::Api),
        _ => None,
    };
    let answer = match addressed {
        Some(path) => served(&process, &name, known, path, request).await.unwrap_or_else(HttpAnswer::from),
        None => HttpAnswer::from(RequestFault::new(404, "PGRST125", "Invalid path specified in request URL")),
    };
    let label = if process.services.contains_key(&name) { name.as_str() } else { "" };
    process.count(label, answer.status, start.elapsed().as_secs_f64());
    into_response(answer)
}

/// Face of a request, with the encoded path behind it.
enum Addressed<'a> {
    Rest(&'a str),
    Api(&'a str),
}

async fn served(
    process: &ServedProcess,
    name: &str,
    service: Option<Arc<ServedService>>,
    path: Addressed<'_>,
    request: Request,
) -> Served<HttpAnswer> {
    let caller = {
        let authorization =
            request.headers().get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
        let certificate = client_names(&request);
        let callers = process.callers.read().unwrap_or_else(PoisonError::into_inner);
        callers.of_request(authorization, &certificate, name, now())?
    };
    let service =
        service.ok_or_else(|| RequestFault::new(404, "PGRST125", "Invalid path specified in request URL"))?;
    service.guard.admit(&caller.caller)?;
    let is_api = matches!(path, Addressed::Api(_));
    let path = match path {
        // An id may have an encoded comma or slash in it, so it is decoded later.
        Addressed::Api(path) => format!("{API_PREFIX}{path}"),
        Addressed::Rest(path) => {
            let decoded = percent_encoding::percent_decode_str(path).decode_utf8();
            decoded.map_err(|_| RequestFault::new(400, "PGRST125", "the path is not UTF-8"))?.into_owned()
        }
    };
    let headers = request
        .headers()
        .iter()
        .filter_map(|(name, value)| {
            let text = std::str::from_utf8(value.as_bytes()).ok().filter(|text| text.len() <= LARGEST_HEADER);
            // A key or a condition that cannot be read is refused, and not passed over.
            let text =
                text.or_else(|| [IDEMPOTENCY_KEY, "if-match"].contains(&name.as_str()).then_some(""))?;
            Some((name.as_str().to_owned(), text.to_owned()))
        })
        .collect();
    let (method, query) =
        (request.method().as_str().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    let most = service.exposure.limits.body;
    let body =
        tokio::time::timeout(service.exposure.limits.timeout, to_bytes(request.into_body(), most)).await;
    let body = body
        .map_err(|_| RequestFault::new(408, "MDB009", "the body did not arrive in time"))?
        .map_err(|_| RequestFault::new(413, "MDB009", format!("the body has more than {most} bytes")))?;
    let body =
        String::from_utf8(body.into()).map_err(|_| RequestFault::invalid_body("the body is not UTF-8"))?;
    let rest = RestRequest { method, path, query, headers, body };
    match is_api {
        true => respond_api(&service, &caller, &rest).await,
        false => respond(&service, &caller, &rest).await,
    }
}

/// Returns the time in seconds since 1970.
fn now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

fn into_response(answer: HttpAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name.as_ref()), HeaderValue::from_bytes(value.as_bytes()))
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}
