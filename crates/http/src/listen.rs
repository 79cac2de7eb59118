//! Socket: plain on loopback, TLS elsewhere, with a graceful shutdown.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum_server::tls::TlsInfo;
use axum_server::tls_rustls::RustlsConfig;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::auth::{HttpAuth, HttpListener};
use super::host::only_local;
use super::limit::LimitedAcceptor;
use martydb_model::error::{Error, Result};
use martydb_pg::wire::tls::{certificates, subject_names};
use martydb_pg::wire::{check_key, interrupt};

/// Time limit for unfinished answers after a signal.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// Interval for checking the certificate file, which may be renewed while it is in use.
const RENEWAL: Duration = Duration::from_secs(60);

/// Maximum number of open connections, unless another is set: enough for several Prometheus servers and the probes.
const CONNECTIONS: usize = 64;

/// Time limit for a client to send its request, counted from the end of the connection's previous one.
const SLOWEST_QUESTION: Duration = Duration::from_secs(10);

/// A listener that is bound to its port.
pub struct Bound {
    socket: TcpListener,
    router: Router,
    tls: Option<Certificate>,
    connections: usize,
}

struct Certificate {
    config: RustlsConfig,
    certificate: PathBuf,
    key: PathBuf,
    client_authority: Option<PathBuf>,
}

impl Bound {
    /// Binds the address. The routes of `open` need no user.
    pub fn new(listener: &HttpListener, open: Router, guarded: Router) -> Result<Bound> {
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
        let router = open.merge(auth.guard(guarded));
        // Elsewhere there are names that only the network knows, and a password that the page does not have.
        let is_local = listener.address.ip().is_loopback();
        let router = if is_local { router.layer(middleware::from_fn(only_local)) } else { router };
        Ok(Bound { socket, router, tls, connections: CONNECTIONS })
    }

    /// Sets the maximum number of open connections.
    #[must_use]
    pub fn with_connections(self, connections: usize) -> Bound {
        Bound { connections, ..self }
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
    #[martydb_pg::boxed]
    pub async fn serve(self) -> Result<()> {
        let handle = Handle::new();
        let ending = handle.clone();
        let end = tokio::spawn(async move {
            interrupt::arrived().await;
            ending.graceful_shutdown(Some(LAST_ANSWERS));
        });
        let service = self.router.into_make_service();
        let served = match self.tls {
            None => {
                let server = axum_server::from_tcp(self.socket).map_err(broken)?;
                bounded(server, self.connections).handle(handle).serve(service).await
            }
            Some(certificate) => {
                let config = certificate.config.clone();
                let renewal = tokio::spawn(certificate.renew());
                let server = axum_server::from_tcp_rustls(self.socket, config).map_err(broken)?;
                let served = bounded(server, self.connections).handle(handle).serve(service).await;
                renewal.abort();
                served
            }
        };
        end.abort();
        served.map_err(broken)
    }
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
    check_key(key)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error))?;
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
fn bounded<A>(server: Server<SocketAddr, A>, connections: usize) -> Server<SocketAddr, LimitedAcceptor<A>> {
    let mut server = server.map(|acceptor| LimitedAcceptor::new(acceptor, connections)).http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(SLOWEST_QUESTION);
    server
}
