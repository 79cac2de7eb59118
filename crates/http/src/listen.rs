//! Socket: plain on loopback, TLS elsewhere, with a graceful shutdown.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum_server::tls::TlsInfo;
use axum_server::tls_rustls::RustlsConfig;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::auth::{HttpAuth, HttpListener};
use super::host::only_local;
use super::limit::{ConnectionLimits, LimitedAcceptor, OpenConnections};
use martydb_model::error::{Error, Result};
use martydb_pg::wire::interrupt;
use martydb_pg::wire::tls::{certificates, private_key, subject_names};

/// Time limit for unfinished answers after a signal.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// Interval for checking the certificate file, which may be renewed while it is in use.
const RENEWAL: Duration = Duration::from_secs(60);

/// Limits of the connections, unless others are set: enough for several Prometheus servers and the probes.
const LIMITS: ConnectionLimits =
    ConnectionLimits { connections: 64, per_address: 64, progress: Duration::from_secs(10) };

/// Time limit for a client to send its request, counted from the end of the connection's previous one.
const SLOWEST_QUESTION: Duration = Duration::from_secs(10);

/// Routes of a listener.
pub struct Routes {
    /// Those of probes, `/live` and `/ready`, which are answered while everything else is refused.
    pub probes: Router,
    /// Those that need no user.
    pub open: Router,
    pub guarded: Router,
}

/// End of a listener after a signal.
pub trait Drain: Send + 'static {
    /// Begins the end, and returns the time limit for requests in progress.
    fn begin(&mut self) -> Duration;
}

/// An end that waits for the answers that are being sent.
struct LastAnswers;

impl Drain for LastAnswers {
    fn begin(&mut self) -> Duration {
        LAST_ANSWERS
    }
}

/// A listener that is bound to its port.
pub struct Bound {
    socket: TcpListener,
    router: Router,
    probes: Router,
    tls: Option<Certificate>,
    limits: ConnectionLimits,
}

struct Certificate {
    config: RustlsConfig,
    certificate: PathBuf,
    key: PathBuf,
    client_authority: Option<PathBuf>,
}

impl Bound {
    /// Binds the address.
    pub fn new(listener: &HttpListener, routes: Routes) -> Result<Bound> {
        let busy = |error: std::io::Error| {
            Error::operation(format!("cannot listen on {}", listener.address))
                .cause(error)
                .hint(format!("name another address with {}", listener.flag))
        };
        let tls = match (&listener.certificate, &listener.key) {
            (Some(certificate), Some(key)) => Some(Certificate {
                config: RustlsConfig::from_config(Arc::new(server_config(
                    certificate,
                    key,
                    listener.client_authority.as_deref(),
                )?)),
                certificate: certificate.clone(),
                key: key.clone(),
                client_authority: listener.client_authority.clone(),
            }),
            _ => None,
        };
        let socket = TcpListener::bind(listener.address).map_err(busy)?;
        socket.set_nonblocking(true).map_err(busy)?;
        let auth = HttpAuth::new(listener.users.clone())?;
        let Routes { probes, open, guarded } = routes;
        let router = open.merge(probes.clone()).merge(auth.guard(guarded));
        // Elsewhere there are names that only the network knows, and a password that the page does not have.
        let is_local = listener.address.ip().is_loopback();
        let guard = |router: Router| match is_local {
            true => router.layer(middleware::from_fn(only_local)),
            false => router,
        };
        Ok(Bound { socket, router: guard(router), probes: guard(probes), tls, limits: LIMITS })
    }

    /// Sets the limits of its connections.
    #[must_use]
    pub fn with_limits(self, limits: ConnectionLimits) -> Bound {
        Bound { limits, ..self }
    }

    /// Returns a message with the URL of a path: for port 0 the system chose the port.
    pub fn greeting(&self, path: &str) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        match self.socket.local_addr() {
            Ok(address) => format!("listening on {scheme}://{address}{path}"),
            Err(_) => "listening".into(),
        }
    }

    /// Serves until a signal arrives, and then until the last answers are sent.
    pub async fn serve(self) -> Result<()> {
        self.serve_until(LastAnswers).await
    }

    /// Serves until a signal arrives, and then until the requests in progress have ended: connections without one are closed,
    /// and new ones are answered about the state of the process alone.
    #[martydb_pg::boxed]
    pub async fn serve_until(self, mut drain: impl Drain) -> Result<()> {
        let (handle, probing) = (Handle::new(), self.socket.try_clone().map_err(broken)?);
        let config = self.tls.as_ref().map(|tls| tls.config.clone());
        let renewal = self.tls.map(|tls| tokio::spawn(tls.renew()));
        let all = OpenConnections::new(self.limits);
        let beyond = refusing(&self.probes, "too many connections\n");
        let ending = handle.clone();
        let end = {
            let (config, all) = (config.clone(), all.clone());
            let probes = refusing(&self.probes, "the process is stopping\n");
            tokio::spawn(async move {
                interrupt::arrived().await;
                ending.graceful_shutdown(Some(drain.begin()));
                listen(probing, config, (probes.clone(), probes), all, Handle::new()).await
            })
        };
        let served = listen(self.socket, config, (self.router, beyond), all, handle).await;
        end.abort();
        renewal.inspect(tokio::task::JoinHandle::abort);
        served.map_err(broken)
    }
}

/// Serves connections within the limits by the first router, and others by the second one.
async fn listen(
    socket: TcpListener,
    tls: Option<RustlsConfig>,
    (router, beyond): (Router, Router),
    all: Arc<OpenConnections>,
    handle: Handle<SocketAddr>,
) -> std::io::Result<()> {
    let service = router.into_make_service();
    match tls {
        None => bounded(axum_server::from_tcp(socket)?, all, beyond).handle(handle).serve(service).await,
        Some(config) => {
            let server = axum_server::from_tcp_rustls(socket, config)?;
            bounded(server, all, beyond).handle(handle).serve(service).await
        }
    }
}

/// Returns a router that answers probes, and refuses every other request.
fn refusing(probes: &Router, why: &'static str) -> Router {
    let headers = [(header::CONNECTION, "close"), (header::RETRY_AFTER, "1")];
    probes.clone().fallback(async move || (StatusCode::SERVICE_UNAVAILABLE, headers, why))
}

fn broken(error: std::io::Error) -> Error {
    Error::operation("cannot keep listening").cause(error)
}

impl Certificate {
    /// Reloads the files when they change; unusable contents are ignored.
    async fn renew(self) {
        let files = || [Some(&self.certificate), Some(&self.key), self.client_authority.as_ref()];
        let changed = || files().map(|path| path?.metadata().and_then(|found| found.modified()).ok());
        let mut known = changed();
        loop {
            tokio::time::sleep(RENEWAL).await;
            let now = changed();
            if now == known {
                continue;
            }
            if let Ok(config) = server_config(&self.certificate, &self.key, self.client_authority.as_deref())
            {
                self.config.reload_from_config(Arc::new(config));
                known = now;
            }
        }
    }
}

fn server_config(certificate: &Path, key: &Path, clients: Option<&Path>) -> Result<ServerConfig> {
    let private = private_key(key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(certificate, error))?;
    let builder = match clients {
        Some(path) => builder.with_client_cert_verifier(client_verifier(path, provider)?),
        None => builder.with_no_client_auth(),
    };
    let chain = certificates(certificate).map_err(|error| unusable(certificate, error))?;
    builder.with_single_cert(chain, private).map_err(|error| unusable(certificate, error))
}

/// Returns the verifier of clients' certificates. One without a certificate may connect: probes have none, and callers may
/// have a key.
fn client_verifier(path: &Path, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(path).map_err(|error| unusable(path, error))? {
        roots.add(authority).map_err(|error| unusable(path, error))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    verifier.allow_unauthenticated().build().map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::usage(format!("cannot use {}", path.display())).cause(error)
}

/// Returns the names of the certificate that the client of a request has proven; `None` without one.
pub fn client_names(request: &Request) -> Option<Vec<String>> {
    let own = request.extensions().get::<Arc<TlsInfo>>()?.peer_certificates.first()?;
    Some(subject_names(own))
}

/// Limits the connections, and how long each may be silent. HTTP/1 only: the clock of a connection would start with its
/// first byte if that decided the version, and idle connections of HTTP/2 have none.
fn bounded<A>(
    server: Server<SocketAddr, A>,
    all: Arc<OpenConnections>,
    beyond: Router,
) -> Server<SocketAddr, LimitedAcceptor<A>> {
    let mut server = server.map(|acceptor| LimitedAcceptor::new(acceptor, all, beyond)).http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(SLOWEST_QUESTION);
    server
}
