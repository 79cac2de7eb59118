//! Connections of a listener: within the limits, by TLS where it has a certificate, with HTTP/1.1 or HTTP/2 as TLS agreed.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use martydb_pg::wire::tls::subject_names;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::certificate::ServedCertificate;
use super::frames::FrameFilter;
use super::limit::{ConnectionLimits, OpenConnections, RESERVED_FOR};
use super::requests::ConnectionRequests;
use super::stream::{LimitedStream, StreamFilter};
use super::taken::{RequestExecutor, TakenBody};
use super::targets::TargetFilter;

/// Time limit for a client to agree on TLS, and to send its next request, counted from the end of the previous one.
pub(crate) const SLOWEST_QUESTION: Duration = Duration::from_secs(10);

/// Time limit for a client of HTTP/2 to end a connection without requests once it is told of the end.
const LAST_FRAMES: Duration = Duration::from_secs(1);

/// Wait behind a connection that could not be accepted, because the process has no descriptor left, say.
const PAUSE: Duration = Duration::from_millis(50);

/// Bytes of the headers of a request of HTTP/2: a target alone may have nearly as many.
const HEADER_BYTES: u32 = 64 << 10;

/// Bytes that a connection of HTTP/2 takes, and holds, before they are read: of a request, and of all.
const REQUEST_WINDOW: u32 = 128 << 10;
const WINDOW: u32 = 256 << 10;

/// Bytes of an answer that a connection of HTTP/2 holds.
const SEND_BUFFER: usize = 64 << 10;

/// Names of the certificate that the client has proven.
#[derive(Debug, Clone)]
struct ClientNames(Arc<Vec<String>>);

/// Returns the names of the certificate that the client of a request has proven; `None` without one.
pub fn client_names(request: &Request) -> Option<Vec<String>> {
    request.extensions().get::<ClientNames>().map(|names| names.0.to_vec())
}

/// Answers to connections.
pub(crate) struct AcceptedConnections {
    pub tls: Option<Arc<ServedCertificate>>,
    pub open: Arc<OpenConnections>,
    pub router: Router,
    /// Answers to connections beyond the limits.
    pub beyond: Router,
    /// `true` from the end on: connections without a request are closed.
    pub stopped: watch::Receiver<bool>,
    /// Time limit for the next request of a connection.
    pub patience: Duration,
}

impl AcceptedConnections {
    /// Accepts connections for ever, each served in a task of this set.
    pub(crate) async fn accept(self: &Arc<Self>, listener: &TcpListener, running: &mut JoinSet<()>) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = running.join_next() => continue,
            };
            match accepted {
                Ok((stream, from)) => drop(running.spawn(self.clone().serve(stream, from.ip()))),
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, from: IpAddr) {
        if let Some(_place) = self.open.place(from) {
            self.agree(stream, self.router.clone()).await;
            return;
        }
        let evicted = self.open.reserve();
        tokio::select! {
            () = self.agree(stream, self.beyond.clone()) => {}
            _ = timeout(RESERVED_FOR, evicted) => {}
        }
    }

    /// Agrees on the protocol.
    async fn agree(&self, stream: TcpStream, router: Router) {
        let _unset = stream.set_nodelay(true);
        let Some(tls) = &self.tls else { return self.answer(stream, router, None, false).await };
        let agreed = timeout(self.patience, TlsAcceptor::from(tls.current()).accept(stream)).await;
        let Ok(Ok(stream)) = agreed else { return };
        let session = stream.get_ref().1;
        let own = session.peer_certificates().and_then(|chain| chain.first());
        let names = own.map(|own| ClientNames(Arc::new(subject_names(own))));
        let is_second = session.alpn_protocol() == Some(b"h2");
        self.answer(stream, router, names, is_second).await;
    }

    /// Answers the requests of a connection.
    async fn answer(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        router: Router,
        names: Option<ClientNames>,
        is_second: bool,
    ) {
        let (requests, router) = (ConnectionRequests::default(), TowerToHyperService::new(router));
        let counted = is_second.then(|| requests.clone());
        let service = service_fn(move |mut request: hyper::Request<_>| {
            names.clone().map(|names| request.extensions_mut().insert(names));
            let open = counted.as_ref().map(ConnectionRequests::begin);
            let answer = router.call(request);
            async move {
                let answer = answer.await?;
                Ok::<_, Infallible>(match open {
                    Some(open) => answer.map(|body: Body| TakenBody::wrap(body, open)),
                    None => answer,
                })
            }
        });
        let ConnectionLimits { progress, requests: most, .. } = self.open.limits;
        let builder = protocol(is_second, progress, self.patience, most);
        let filter = match is_second {
            true => StreamFilter::Frames(FrameFilter::new()),
            false => StreamFilter::Lines(TargetFilter::new()),
        };
        let stream = TokioIo::new(LimitedStream::new(stream, filter, progress));
        let mut connection = pin!(builder.serve_connection(stream, service));
        let (mut stopped, mut is_ending) = (self.stopped.clone(), false);
        loop {
            let idle = if is_ending { LAST_FRAMES.min(self.patience) } else { self.patience };
            tokio::select! {
                _ = connection.as_mut() => return,
                () = requests.given_up() => return,
                () = requests.idle(idle), if is_second => if is_ending { return },
                _ = stopped.wait_for(|stopped| *stopped), if !is_ending => {}
            }
            is_ending = true;
            connection.as_mut().graceful_shutdown();
        }
    }
}

/// Returns the settings of a protocol. HTTP/1.1 limits the time between requests by itself.
fn protocol(
    is_second: bool,
    progress: Duration,
    patience: Duration,
    requests: u32,
) -> Builder<RequestExecutor> {
    let mut builder = Builder::new(RequestExecutor(progress));
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience);
    builder
        .http2()
        .max_concurrent_streams(requests)
        .max_header_list_size(HEADER_BYTES)
        .initial_stream_window_size(REQUEST_WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_send_buf_size(SEND_BUFFER);
    if is_second { builder.http2_only() } else { builder.http1_only() }
}

#[cfg(test)]
mod tests;
