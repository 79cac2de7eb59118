//! Connecting to an endpoint: addresses, keepalives, and TLS according to `sslmode`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpStream, UnixStream};

use super::auth::Channel;
use super::binding::{Binding, BindingMode};
use super::codec::{Wire, speaking};
use super::endpoint::{Endpoint, Host, Tls, TlsMode};
use super::outcome::{ConnectionFailure, Stage};
use super::tls::{self, Handshake, Transport};
use martydb_model::error::{Error, Kind, Result};

const KNOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// Idle time before the first keepalive probe; further ones follow every [`KEEPALIVE_INTERVAL`].
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Number of unanswered probes after which the connection counts as lost.
const KEEPALIVE_COUNT: u32 = 3;

/// Maximum time for unacknowledged data (`TCP_USER_TIMEOUT`), in milliseconds.
#[cfg(target_os = "linux")]
const USER_TIMEOUT_MS: u32 = 60_000;

/// An address of a server, resolved once and dialled many times.
#[derive(Clone)]
pub struct Address {
    /// Host and port, by which a server that does not answer is remembered.
    pub(super) name: String,
    place: ResolvedAddress,
    pub(super) mode: TlsMode,
    /// `true` if a failed handshake may be followed by a connection without TLS.
    pub(super) prefer_written: bool,
    verified: bool,
    handshake: Option<Handshake>,
    binding: BindingMode,
}

#[derive(Debug, Clone)]
enum ResolvedAddress {
    Tcp(Vec<SocketAddr>),
    Socket(PathBuf),
}

pub(crate) struct DialedWire {
    pub wire: Wire,
    pub channel: Channel,
    pub binding: Binding,
    pub encrypted: bool,
}

impl Address {
    /// Resolves the name and reads the certificates, once.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] for a name without an address, [`Kind::Manifest`] for unusable TLS files.
    #[crate::boxed]
    pub async fn resolve(endpoint: &Endpoint) -> Result<Self> {
        Address::resolve_with(endpoint, Handshake::for_endpoint(endpoint)?).await
    }

    /// Resolves the name, with certificates that were read before: see [`Handshake::for_endpoint`].
    ///
    /// # Errors
    /// [`Kind::Unreachable`] for a name without an address.
    #[crate::boxed]
    pub async fn resolve_with(endpoint: &Endpoint, handshake: Option<Handshake>) -> Result<Self> {
        let name = endpoint.to_string();
        match &endpoint.host {
            Host::Socket(folder) => {
                let place = ResolvedAddress::Socket(folder.join(format!(".s.PGSQL.{}", endpoint.port)));
                Ok(Address::with(
                    name,
                    place,
                    &Tls { mode: TlsMode::Disable, binding: endpoint.tls.binding, ..Tls::default() },
                    None,
                ))
            }
            Host::Tcp(host) => Ok(Address::with(
                name,
                ResolvedAddress::Tcp(look_up(host, endpoint).await?),
                &endpoint.tls,
                handshake,
            )),
        }
    }

    fn with(name: String, place: ResolvedAddress, tls: &Tls, handshake: Option<Handshake>) -> Self {
        let Tls { mode, prefer_written, binding, .. } = *tls;
        Address { name, place, mode, prefer_written, verified: tls.verifies(), binding, handshake }
    }

    /// Returns one address per address family of the name: each may behave differently.
    pub fn by_family(&self) -> Vec<(IpAddr, Address)> {
        let ResolvedAddress::Tcp(all) = &self.place else { return vec![] };
        let first = |v6: bool| all.iter().find(|address| address.is_ipv6() == v6);
        let families = [first(false), first(true)].into_iter().flatten();
        families
            .map(|address| {
                let (name, place) = (address.to_string(), ResolvedAddress::Tcp(vec![*address]));
                (address.ip(), Address { name, place, ..self.clone() })
            })
            .collect()
    }

    /// Returns the address with TLS but without verification, or without TLS. Channel binding is not required.
    ///
    /// # Errors
    /// As [`Address::resolve`], for unusable TLS files.
    pub fn over(&self, endpoint: &Endpoint, encrypted: bool) -> Result<Self> {
        let mode = if encrypted { TlsMode::Require } else { TlsMode::Disable };
        let tls = Tls { mode, root_certificate: None, ..endpoint.tls.without_required_binding() };
        let handshake = match (encrypted, &endpoint.host) {
            (true, Host::Tcp(host)) => Some(Handshake::new(host, &tls)?),
            _ => None,
        };
        Ok(Address::with(self.name.clone(), self.place.clone(), &tls, handshake))
    }

    /// Tests for a listener, without sending anything.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn check_reachable(&self) -> std::io::Result<()> {
        let check_reachable = async {
            match &self.place {
                ResolvedAddress::Socket(path) => UnixStream::connect(path).await.map(drop),
                ResolvedAddress::Tcp(addresses) => TcpStream::connect(&addresses[..]).await.map(drop),
            }
        };
        match tokio::time::timeout(KNOCK_TIMEOUT, check_reachable).await {
            Ok(answer) => answer,
            Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
        }
    }

    pub(super) async fn open(&self, transport: Transport) -> Result<DialedWire, ConnectionFailure> {
        let unreached =
            |error: std::io::Error| ConnectionFailure { stage: Stage::Reach, why: error.to_string() };
        let mut stream = match &self.place {
            ResolvedAddress::Socket(path) => {
                let stream = UnixStream::connect(path).await.map_err(unreached)?;
                let wire = Wire::new(Box::new(stream));
                let binding = Binding::without_tls(self.binding);
                return Ok(DialedWire { wire, channel: Channel::Socket, binding, encrypted: false });
            }
            ResolvedAddress::Tcp(addresses) => TcpStream::connect(&addresses[..]).await.map_err(unreached)?,
        };
        stream.set_nodelay(true).and_then(|()| keep_alive(&stream)).map_err(unreached)?;
        let agreed = match transport {
            Transport::Plain => false,
            Transport::Offered | Transport::Required => tls::agree(&mut stream).await.map_err(speaking)?,
        };
        match (agreed, transport, &self.handshake) {
            (true, _, Some(handshake)) => {
                let stream = handshake.run(Box::new(stream)).await;
                let stream =
                    stream.map_err(|why| ConnectionFailure { stage: Stage::Tls, why: why.to_string() })?;
                let channel = if self.verified { Channel::Verified } else { Channel::Unverified };
                let binding = Binding::over_tls(self.binding, tls::end_point(&stream));
                Ok(DialedWire { wire: Wire::new(Box::new(stream)), channel, binding, encrypted: true })
            }
            (false, Transport::Plain | Transport::Offered, _) => {
                let binding = Binding::without_tls(self.binding);
                Ok(DialedWire {
                    wire: Wire::new(Box::new(stream)),
                    channel: Channel::Unverified,
                    binding,
                    encrypted: false,
                })
            }
            _ => {
                Err(ConnectionFailure { stage: Stage::NoTls, why: "the server does not support TLS".into() })
            }
        }
    }
}

/// Enables keepalives: a vanished peer is detected after a minute, not after the system's default of two hours.
fn keep_alive(stream: &TcpStream) -> std::io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(stream, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(stream, KEEPALIVE_COUNT)?;
    #[cfg(target_os = "linux")]
    sockopt::set_tcp_user_timeout(stream, USER_TIMEOUT_MS)?;
    Ok(())
}

async fn look_up(host: &str, endpoint: &Endpoint) -> Result<Vec<SocketAddr>> {
    let failed = || Error::new(Kind::Unreachable, format!("cannot find the server {endpoint}"));
    let found = tokio::net::lookup_host((host, endpoint.port)).await;
    match found.map(Iterator::collect::<Vec<_>>) {
        Ok(addresses) if !addresses.is_empty() => Ok(addresses),
        Ok(_) => Err(failed().cause("the name has no address")),
        Err(error) => Err(failed().cause(error).hint("check the host name in the manifest or DB_HOST")),
    }
}
