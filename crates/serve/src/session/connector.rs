//! Connector to a server: by a Unix socket, on this machine, or by TLS with a verified certificate. The login is that of every other
//! command (`martydb_pg::wire`), and the driver gets the stream behind it: the server asks for SCRAM, and proves that it knows the
//! password; it gets neither clear text nor MD5.

use std::fmt;
use std::sync::Arc;

use martydb_model::error::{Error, Result};
use martydb_pg::server::{Endpoint, Host};
use martydb_pg::wire::tls::Handshake;
use martydb_pg::wire::{
    Address, ConnectionFailure, Credentials, HandedStream, LoginError, Stage, Startup, Stream,
};

/// Most bytes of a message of the server, and of all rows of a statement: the catalogs of a database are one value.
pub(super) const LARGEST_MESSAGE: usize = 64 << 20;

/// Maker of connections to one server, by the settings of its URL. It is made once for a server, and shared by all pools: the
/// certificates of an operating system are large.
#[derive(Clone)]
pub struct ServerConnector {
    endpoint: Arc<Endpoint>,
    /// `None` where there is no TLS.
    handshake: Option<Handshake>,
}

impl ServerConnector {
    /// Makes the connector to a server.
    ///
    /// # Errors
    /// If others could read the connection, or the certificates cannot be used.
    pub fn new(endpoint: &Endpoint) -> Result<ServerConnector> {
        match &endpoint.host {
            Host::Tcp(host) if !endpoint.is_safe() => {
                let mode = endpoint.tls.mode.name();
                Err(Error::usage(format!(
                    "serve reaches a server on another machine by TLS with a verified certificate, and {host} has sslmode={mode}"
                ))
                .hint("write sslmode=verify-full into the url of the server, and sslrootcert=FILE for an authority of your own"))
            }
            _ => {
                let handshake = Handshake::for_endpoint(endpoint)?;
                Ok(ServerConnector { endpoint: Arc::new(endpoint.clone()), handshake })
            }
        }
    }

    /// Returns `true` if both lead to one server in one manner.
    pub fn matches(&self, other: &ServerConnector) -> bool {
        self.connects_to(&other.endpoint)
    }

    /// Returns `true` if it connects to this server with these settings.
    pub fn connects_to(&self, endpoint: &Endpoint) -> bool {
        *self.endpoint == *endpoint
    }

    /// Logs in, and returns the stream for the driver; where that failed, it reads why.
    pub(super) async fn log_in(
        &self,
        credentials: &mut Credentials,
        startup: &Startup<'_>,
        largest: usize,
    ) -> HandedStream {
        let opened =
            async { HandedStream::open(&self.address().await?, credentials, startup, largest).await };
        opened.await.unwrap_or_else(|error| HandedStream::failed(&error))
    }

    /// Opens a stream for a request to cancel.
    pub(super) async fn for_cancel(
        &self,
        encrypted: bool,
    ) -> std::result::Result<Box<dyn Stream>, LoginError> {
        HandedStream::for_cancel(&self.address().await?, encrypted).await
    }

    /// Returns the address that the name has now.
    async fn address(&self) -> std::result::Result<Address, LoginError> {
        let address = Address::resolve_with(&self.endpoint, self.handshake.clone()).await;
        address.map_err(|error| ConnectionFailure { stage: Stage::Reach, why: error.to_string() }.into())
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
