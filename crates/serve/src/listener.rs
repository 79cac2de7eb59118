//! HTTP: routes, limits, and counters of the process.

mod address;
mod bodies;
mod compressed;
mod counters;
pub(crate) mod drain;
mod origins;
mod running;
mod services;

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use martydb_http::exposition::Exposition;
use martydb_http::{Bound, ConnectionLimits, HttpListener, Routes, client_names};
use martydb_model::error::Result;
use martydb_model::{ServeLimit, ServeLimits};
use parking_lot::{Mutex, RwLock};
use tokio::task::JoinHandle;

use crate::answer::{HttpAnswer, REPLICA};
use crate::callers::{CallerRight, Callers, RequestCaller, authorization};
use crate::error::service_headers::sent;
use crate::error::{HttpError, HttpResult};
use crate::face::http_request::RestRequest;
use crate::guard::BytesInFlight;
use crate::handlers::api::{PREFIX as API_PREFIX, respond_api};
use crate::handlers::json_lines::{respond_lines, wants_lines};
use crate::handlers::openapi::respond_openapi;
use crate::handlers::rest::respond;
use crate::openapi::page::ApiPage;
use crate::run::ServedAnswer;
use crate::run::idempotency::HEADER as IDEMPOTENCY_KEY;
use crate::run::service::ServedService;
use crate::run::wal_position::WRITTEN;
pub use address::is_version;
use address::{Addressed, addressed, no_path};
use compressed::{compressed, plain_tags, takes_gzip};
use origins::PageOrigin;

use bodies::{counted, received};
use running::RunningRequests;

/// Services and callers of a process.
pub struct ServedProcess {
    /// Project of the manifest, which labels the metrics.
    project: String,
    services: RwLock<ServedServices>,
    callers: RwLock<Callers>,
    /// Tasks that follow migrations, by service.
    following: Mutex<HashMap<String, JoinHandle<()>>>,
    /// Page that shows the OpenAPI document.
    page: Option<ApiPage>,
    /// `true` if other processes may serve further services.
    is_part: bool,
    answers: Mutex<BTreeMap<(String, u16), (u64, f64)>>,
    limits: ServeLimits,
    in_flight: Arc<BytesInFlight>,
    requests: RunningRequests,
}

/// Services by name.
type ServedServices = HashMap<String, Arc<ServedService>>;

/// Header with a key, as clients of Supabase send it.
const API_KEY: HeaderName = HeaderName::from_static("apikey");

/// Largest header value that is read.
const LARGEST_HEADER: usize = 8192;

impl ServedProcess {
    /// Makes the state of a process that serves nothing yet.
    pub fn new(project: &str, callers: Callers, limits: ServeLimits) -> ServedProcess {
        ServedProcess {
            project: project.to_owned(),
            services: RwLock::default(),
            callers: RwLock::new(callers),
            following: Mutex::default(),
            page: None,
            is_part: false,
            answers: Mutex::default(),
            limits,
            in_flight: Arc::new(BytesInFlight::new(limits.size(ServeLimit::InFlight))),
            requests: RunningRequests::default(),
        }
    }

    /// Adds the page that shows the OpenAPI document.
    #[must_use]
    pub fn with_page(mut self, page: Option<ApiPage>) -> ServedProcess {
        self.page = page;
        self
    }

    /// Makes it a process that serves a part of the services: it says which ones it does not.
    #[must_use]
    pub fn of_a_part(mut self, is_part: bool) -> ServedProcess {
        self.is_part = is_part;
        self
    }

    /// Returns the time in which clients have to make progress.
    fn progress(&self) -> Duration {
        Duration::from_secs(self.limits[ServeLimit::Progress])
    }

    fn count(&self, service: &str, status: u16, seconds: f64) {
        let mut answers = self.answers.lock();
        let entry = answers.entry((service.to_owned(), status)).or_default();
        entry.0 += 1;
        entry.1 += seconds;
    }
}

/// Binds the listener. On loopback no TLS is needed; elsewhere it is.
///
/// # Errors
/// If the address cannot be listened on.
pub fn bind(listener: &HttpListener, process: Arc<ServedProcess>) -> Result<Bound> {
    let limits = &process.limits;
    let limits = ConnectionLimits {
        connections: limits.size(ServeLimit::Connections),
        per_address: limits.size(ServeLimit::PerAddress),
        requests: u32::try_from(limits[ServeLimit::Requests]).unwrap_or(u32::MAX),
        progress: process.progress(),
    };
    let probes = Router::new().route("/live", get(|| async { "ok\n" })).route("/ready", get(ready));
    let routes = Routes {
        probes: probes.with_state(process.clone()),
        open: Router::new().fallback(request).with_state(process.clone()),
        guarded: Router::new().route("/metrics", get(metrics)).with_state(process),
    };
    Ok(Bound::new(listener, routes)?.with_limits(limits))
}

/// Answers from the last look at the catalogs of each service: a probe costs the database nothing.
async fn ready(State(process): State<Arc<ServedProcess>>) -> Response {
    if process.requests.is_draining() {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match process.services.read().values().all(|service| service.is_ready()) {
        true => plain(StatusCode::OK, "ok\n"),
        false => plain(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

async fn metrics(State(process): State<Arc<ServedProcess>>, headers: HeaderMap) -> Response {
    Exposition::answer(&headers, &process.project, process.samples(), false)
}

async fn request(State(process): State<Arc<ServedProcess>>, request: Request) -> Response {
    let start = Instant::now();
    let path = request.uri().path().to_owned();
    let origin = PageOrigin::new(&process.callers.read(), request.headers());
    if let Some(answer) = origin.preflight(request.method(), request.headers()) {
        return answer;
    }
    let running = process.requests.begin();
    let is_head = request.method() == Method::HEAD;
    let takes_gzip = takes_gzip(request.headers());
    let known_tags = text_of(request.headers(), &header::IF_NONE_MATCH).map(str::to_owned);
    let mut parts = path.trim_start_matches('/').splitn(3, '/');
    let name = parts.next().unwrap_or_default().to_owned();
    let known = process.service(&name);
    let (face, rest) = (parts.next(), parts.next().unwrap_or_default());
    let is_elsewhere = known.is_none() && process.is_part;
    if let (Some("api"), Some(page), false) = (face, &process.page, is_elsewhere)
        && let Some(answer) = page.answer(request.method(), rest)
    {
        return answer;
    }
    let place = match face {
        Some("rest" | "api") if is_elsewhere => Err(not_served(&name)),
        face => addressed(face, rest),
    };
    let answer = match place {
        Ok(path) => {
            let answer = served(&process, &name, known.clone(), path, request).await;
            if let (Err(error), Some(service)) = (&answer, &known) {
                service.guard.count_refused(&error.code);
            }
            answer.unwrap_or_else(|error| ServedAnswer::Whole(error.into()))
        }
        Err(error) => ServedAnswer::Whole(error.into()),
    };
    let (status, headers, body) = match answer {
        ServedAnswer::Whole(answer) => {
            let answer = compressed(answer, takes_gzip, known_tags.as_deref()).await;
            // A HEAD has the length of the answer to GET, or none (RFC 9110, section 8.6).
            let is_unknown = is_head && answer.body.is_empty() && matches!(answer.status, 200 | 206);
            let nothing = || Body::from_stream(futures_util::stream::empty::<Result<Bytes, Infallible>>());
            (
                answer.status,
                answer.headers,
                if is_unknown { nothing() } else { counted(answer.body, &process.in_flight) },
            )
        }
        ServedAnswer::Parts(answer) => (200, answer.headers, Body::from_stream(answer.body)),
    };
    let label = if known.is_some() { name.as_str() } else { "" };
    process.count(label, status, start.elapsed().as_secs_f64());
    running.end();
    let mut response = into_response(status, sent(headers, label), body);
    origin.add_to(response.headers_mut());
    response
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// Returns the answer for a service that this process does not serve. It is the same with any key, and for a service that
/// does not exist: the process knows neither the other services nor their callers.
fn not_served(name: &str) -> HttpError {
    let message = format!("this process does not serve \"{name}\"");
    HttpError::new(404, "MDB014", message)
        .hint("it serves a part of the services: another process may serve this one")
}

async fn served(
    process: &ServedProcess,
    name: &str,
    service: Option<Arc<ServedService>>,
    addressed: Addressed<'_>,
    request: Request,
) -> HttpResult<ServedAnswer> {
    let caller = {
        let headers = request.headers();
        if headers.get_all(header::AUTHORIZATION).iter().nth(1).is_some() {
            let message = "the request has more than one Authorization header";
            return Err(HttpError::new(400, "PGRST301", message));
        }
        let given = (text_of(headers, &header::AUTHORIZATION), text_of(headers, &API_KEY));
        let authorization = authorization(given.0, given.1)?;
        let authorization = authorization.as_deref();
        let certificate = if authorization.is_none() { client_names(&request) } else { None };
        if let (Addressed::Api("health"), None, None, Some(service)) =
            (addressed, authorization, &certificate, &service)
            && matches!(*request.method(), Method::GET | Method::HEAD)
        {
            return Ok(ServedAnswer::Whole(service.short_health()));
        }
        let callers = process.callers.read();
        callers.of_request(authorization, certificate.as_deref(), name, now())?
    };
    let service = service.ok_or_else(no_path)?;
    service.guard.admit(&caller.identity)?;
    let path = match addressed {
        Addressed::Document => String::new(),
        // An id may have an encoded comma or slash in it, so it is decoded later.
        Addressed::Api(path) => format!("{API_PREFIX}{path}"),
        Addressed::Rest(_, path) => {
            let decoded = percent_encoding::percent_decode_str(path).decode_utf8();
            decoded.map_err(|_| HttpError::new(400, "PGRST125", "the path is not UTF-8"))?.into_owned()
        }
    };
    let headers = readable(request.headers());
    let (method, query) =
        (request.method().as_str().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    let most = service.exposure.limits.most.size(ServeLimit::Body);
    let body = received(request.into_body(), most, process.progress(), &process.in_flight).await?;
    let base = match addressed {
        Addressed::Rest(face, _) => format!("/{name}/{face}"),
        Addressed::Api(_) | Addressed::Document => String::new(),
    };
    let rest = RestRequest { method, base, path, query, headers, body };
    if matches!(addressed, Addressed::Rest(..)) && wants_lines(&rest) {
        return respond_lines(&service, &caller, &rest).await;
    }
    answered(&service, &caller, &rest, addressed).await.map(ServedAnswer::Whole)
}

/// Returns the headers of a request that a face may read.
fn readable(headers: &HeaderMap) -> Vec<(String, String)> {
    let takes_gzip = takes_gzip(headers);
    let readable = |(name, value): (&HeaderName, &HeaderValue)| {
        let text = std::str::from_utf8(value.as_bytes()).ok().filter(|text| text.len() <= LARGEST_HEADER);
        // An unreadable key or condition is rejected, not ignored.
        let text =
            text.or_else(|| [IDEMPOTENCY_KEY, "if-match", WRITTEN].contains(&name.as_str()).then_some(""))?;
        let is_tag = takes_gzip && name == header::IF_NONE_MATCH || name == header::IF_MATCH;
        let text = if is_tag { plain_tags(text) } else { text.to_owned() };
        Some((name.as_str().to_owned(), text))
    };
    headers.iter().filter_map(readable).collect()
}

/// Answers by the face of a request; the answer to a write has its token.
async fn answered(
    service: &Arc<ServedService>,
    caller: &RequestCaller,
    rest: &RestRequest,
    addressed: Addressed<'_>,
) -> HttpResult<HttpAnswer> {
    let mut answer = match addressed {
        Addressed::Api(_) => respond_api(service, caller, rest).await,
        Addressed::Document => respond_openapi(service, caller, rest).await,
        Addressed::Rest(..) => respond(service, caller, rest).await,
    }?;
    let is_of_replica = answer.headers.iter().any(|(name, _)| name == REPLICA);
    let may_have_written = rest.writes() && caller.identity.right == CallerRight::Write && !is_of_replica;
    if may_have_written && let Some(token) = service.written().await {
        answer.headers.push((WRITTEN.into(), token));
    }
    Ok(answer)
}

/// Returns the time in seconds since 1970.
fn now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

fn into_response(status: u16, headers: Vec<(HeaderName, HeaderValue)>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        response.headers_mut().append(name, value);
    }
    response
}
