//! Socket: plain on loopback, TLS elsewhere, with a graceful shutdown.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::auth::{HttpAuth, HttpListener};
use super::certificate::ServedCertificate;
use super::connections::{AcceptedConnections, SLOWEST_QUESTION};
use super::host::only_local;
use super::limit::{ConnectionLimits, OpenConnections};
use martydb_model::error::{Error, Result};
use martydb_pg::wire::interrupt;

/// Time limit for unfinished answers after a signal.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// Limits of the connections, unless others are set: enough for several Prometheus servers and the probes.
const LIMITS: ConnectionLimits =
    ConnectionLimits { connections: 64, per_address: 64, requests: 100, progress: Duration::from_secs(10) };

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
    tls: Option<Arc<ServedCertificate>>,
    limits: ConnectionLimits,
}

impl Bound {
    /// Binds the address.
    pub fn new(listener: &HttpListener, routes: Routes) -> Result<Bound> {
        let busy = |error: std::io::Error| {
            Error::operation(format!("cannot listen on {}", listener.address))
                .cause(error)
                .hint(format!("name another address with {}", listener.flag))
        };
        let tls = ServedCertificate::of(listener)?;
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
        let listener = tokio::net::TcpListener::from_std(self.socket).map_err(broken)?;
        let renewal = self.tls.clone().map(|tls| tokio::spawn(tls.renew()));
        let (stop, stopped) = watch::channel(false);
        let (tls, open) = (self.tls, OpenConnections::new(self.limits));
        let beyond = refusing(&self.probes, "too many connections\n");
        let all = AcceptedConnections {
            tls,
            open,
            router: self.router,
            beyond,
            stopped,
            patience: SLOWEST_QUESTION,
        };
        let (tls, open, all, mut running) =
            (all.tls.clone(), all.open.clone(), Arc::new(all), JoinSet::new());
        tokio::select! {
            () = all.accept(&listener, &mut running) => {}
            () = interrupt::arrived() => {}
        }
        let limit = drain.begin();
        stop.send_replace(true);
        // The last ones are never stopped: they end with the process.
        let (_never, stopped) = watch::channel(false);
        let router = refusing(&self.probes, "the process is stopping\n");
        let last = Arc::new(AcceptedConnections {
            tls,
            open,
            beyond: router.clone(),
            router,
            stopped,
            patience: SLOWEST_QUESTION,
        });
        let mut last_running = JoinSet::new();
        tokio::select! {
            () = last.accept(&listener, &mut last_running) => {}
            _ = timeout(limit, async { while running.join_next().await.is_some() {} }) => {}
        }
        renewal.inspect(tokio::task::JoinHandle::abort);
        Ok(())
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
