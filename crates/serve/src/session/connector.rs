//! Connector to a server: by a Unix socket, on this machine, or by TLS with a verified certificate.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use martydb_model::error::{Error, Result};
use martydb_pg::server::{Endpoint, Host, TlsMode};
use martydb_pg::wire::BindingMode;
use martydb_pg::wire::tls::{EncryptedStream, Handshake, end_point};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::{ChannelBinding as Binding, SslMode};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Config, Socket};

/// Longest wait for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Maker of connections to one server, by the settings of its URL. It is made once for a server, and shared by all pools: the
/// certificates of an operating system are large.
#[derive(Clone)]
pub struct ServerConnector {
    endpoint: Arc<Endpoint>,
    mode: SslMode,
    /// `None` where there is no TLS.
    handshake: Option<Handshake>,
}

/// Returns the driver's word for an `sslmode`; certificates are verified by the handshake. `allow` uses TLS where the
/// server offers it.
fn mode(mode: TlsMode) -> SslMode {
    match mode {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Allow | TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    }
}

fn unverified(host: &str, mode: TlsMode) -> Error {
    let mode = mode.name();
    Error::usage(format!(
        "serve reaches a server on another machine by TLS with a verified certificate, and {host} has sslmode={mode}"
    ))
    .hint("write sslmode=verify-full into the url of the server, and sslrootcert=FILE for an authority of your own")
}

impl ServerConnector {
    /// Makes the connector to a server.
    ///
    /// # Errors
    /// If others could read the connection, or the certificates cannot be used.
    pub fn new(endpoint: &Endpoint) -> Result<ServerConnector> {
        let tls = &endpoint.tls;
        let (mode, handshake) = match &endpoint.host {
            Host::Socket(_) => (SslMode::Disable, None),
            Host::Tcp(host) if !endpoint.is_safe() => {
                return Err(unverified(host, tls.mode));
            }
            Host::Tcp(host) => match mode(tls.mode) {
                SslMode::Disable => (SslMode::Disable, None),
                mode => (mode, Some(Handshake::new(host, tls)?)),
            },
        };
        Ok(ServerConnector { endpoint: Arc::new(endpoint.clone()), mode, handshake })
    }

    /// Returns `true` if both lead to one server in one manner.
    pub fn matches(&self, other: &ServerConnector) -> bool {
        self.connects_to(&other.endpoint)
    }

    /// Returns `true` if it leads to this server in this manner.
    pub fn connects_to(&self, endpoint: &Endpoint) -> bool {
        *self.endpoint == *endpoint
    }

    /// Returns the settings of its connections.
    pub fn config(&self) -> Config {
        let mut config = Config::new();
        match &self.endpoint.host {
            Host::Socket(folder) => config.host_path(folder),
            Host::Tcp(host) => config.host(host),
        };
        config.port(self.endpoint.port).ssl_mode(self.mode).connect_timeout(PATIENCE);
        config.channel_binding(match self.endpoint.tls.binding {
            BindingMode::Disable => Binding::Disable,
            BindingMode::Prefer => Binding::Prefer,
            BindingMode::Require => Binding::Require,
        });
        config
    }

    /// Returns `true` if the server proves its identity.
    pub(crate) fn verifies(&self) -> bool {
        self.handshake.is_some() && self.endpoint.tls.verifies()
    }

    /// Returns the error of a server that is not the one that the settings trust.
    pub fn refused(&self, why: String) -> Error {
        Error::usage(format!("the server at {} is not trusted", self.endpoint))
            .cause(why)
            .hint("compare sslrootcert, channel_binding and the host in the server's url with the server's certificate")
    }
}

impl fmt::Display for ServerConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.endpoint.fmt(f)
    }
}

/// Error of the driver's TLS.
type TlsRefusal = Box<dyn StdError + Send + Sync>;

impl MakeTlsConnect<Socket> for ServerConnector {
    type Stream = BoundStream;
    type TlsConnect = ServerConnector;
    type Error = TlsRefusal;

    fn make_tls_connect(&mut self, _: &str) -> std::result::Result<ServerConnector, TlsRefusal> {
        Ok(self.clone())
    }
}

impl TlsConnect<Socket> for ServerConnector {
    type Stream = BoundStream;
    type Error = TlsRefusal;
    type Future = BoxFuture<'static, std::result::Result<BoundStream, TlsRefusal>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let handshake = self.handshake.ok_or("this connector has no TLS")?;
            Ok(BoundStream(handshake.run(Box::new(stream)).await?))
        })
    }
}

/// An encrypted connection, to which a login can be bound (RFC 5929, `tls-server-end-point`).
pub struct BoundStream(EncryptedStream);

impl TlsStream for BoundStream {
    fn channel_binding(&self) -> ChannelBinding {
        end_point(&self.0).map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl AsyncRead for BoundStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for BoundStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
