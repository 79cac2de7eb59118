//! The way to a server: a Unix socket, this machine, or TLS with a verified certificate.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{List, Qualified, stmt};
use martydb_pg::server::{Endpoint, Host, TlsMode};
use martydb_pg::wire::BindingMode;
use martydb_pg::wire::tls::{EncryptedStream, Handshake, end_point};
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::{ChannelBinding as Binding, SslMode};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Config, Socket};

use super::target::LoginTarget;

/// Longest wait for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Maker of encrypted connections to one server, by the settings of its URL.
#[derive(Clone)]
pub struct ServerWay {
    endpoint: Arc<Endpoint>,
    /// `None` where there is no TLS.
    handshake: Option<Handshake>,
}

/// Returns the settings of a login's connections, and the way to its server.
///
/// # Errors
/// If the way could be read by others, or its certificates cannot be used.
pub fn way(target: &LoginTarget) -> Result<(Config, ServerWay)> {
    let (endpoint, tls) = (&target.endpoint, &target.endpoint.tls);
    let mut config = Config::new();
    let mode = match &endpoint.host {
        Host::Socket(folder) => {
            config.host_path(folder);
            SslMode::Disable
        }
        Host::Tcp(host) if endpoint.host.is_local() || tls.verifies() => {
            config.host(host);
            mode(tls.mode)
        }
        Host::Tcp(host) => return Err(unverified(host, tls.mode)),
    };
    let handshake = match &endpoint.host {
        Host::Tcp(host) if mode != SslMode::Disable => Some(Handshake::new(host, tls)?),
        _ => None,
    };
    config.ssl_mode(mode).channel_binding(match tls.binding {
        BindingMode::Disable => Binding::Disable,
        BindingMode::Prefer => Binding::Prefer,
        BindingMode::Require => Binding::Require,
    });
    config.port(endpoint.port).user(&target.role).dbname(&target.database);
    config.application_name("martydb serve").connect_timeout(PATIENCE);
    if let Some(password) = &target.password {
        config.password(password.expose_secret());
    }
    config.options(startup_options(target));
    Ok((config, ServerWay { endpoint: Arc::new(endpoint.clone()), handshake }))
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

/// Returns settings that the session has from its start; a reset brings them back.
fn startup_options(target: &LoginTarget) -> String {
    let escape = |text: &str| text.replace('\\', "\\\\").replace(' ', "\\ ");
    let path = List(target.schemas.iter().map(|name| Qualified(vec![name.clone()])).collect());
    let mut options = format!(
        "-c search_path={} -c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout=10s",
        escape(stmt!("{path}").shown()),
        target.timeout.as_millis(),
        target.timeout.as_millis()
    );
    if target.reads_only {
        options.push_str(" -c default_transaction_read_only=on");
    }
    options
}

impl ServerWay {
    /// Returns `true` if the server proves its identity.
    pub fn verifies(&self) -> bool {
        self.handshake.is_some() && self.endpoint.tls.verifies()
    }

    /// Returns the error of a server that is not the one that the settings trust.
    pub fn refused(&self, why: String) -> Error {
        Error::usage(format!("the server at {} is not trusted", self.endpoint))
            .cause(why)
            .hint("its certificate has to be signed by the authority of sslrootcert, for the host of the url")
    }
}

impl fmt::Display for ServerWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.endpoint.fmt(f)
    }
}

/// Error of the driver's TLS.
type TlsRefusal = Box<dyn StdError + Send + Sync>;

impl MakeTlsConnect<Socket> for ServerWay {
    type Stream = BoundStream;
    type TlsConnect = ServerWay;
    type Error = TlsRefusal;

    fn make_tls_connect(&mut self, _: &str) -> std::result::Result<ServerWay, TlsRefusal> {
        Ok(self.clone())
    }
}

impl TlsConnect<Socket> for ServerWay {
    type Stream = BoundStream;
    type Error = TlsRefusal;
    type Future = BoxFuture<'static, std::result::Result<BoundStream, TlsRefusal>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let handshake = self.handshake.ok_or("this way has no TLS")?;
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
