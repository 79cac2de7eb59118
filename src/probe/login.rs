//! Logging in, and nothing more: a connection that ends at the first `ReadyForQuery` or `ErrorResponse`.
//!
//! sqlx cannot serve the probes: it sends no startup parameter such as `replication`, drops the field that
//! tells two refusals with one SQLSTATE apart, and derives the SCRAM key at each login. This is a small
//! client over the same codec crate that other drivers use, not a second driver.
//!
//! The conversation: <https://www.postgresql.org/docs/current/protocol-flow.html>.

mod outcome;
mod scram;
mod wire;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::message::backend::{
    AuthenticationMd5PasswordBody, AuthenticationSaslBody, DataRowBody, Message,
};
use postgres_protocol::message::frontend;
use secrecy::ExposeSecret;
use sqlx::SqlSafeStr;
use tokio::net::{TcpStream, UnixStream};

pub use outcome::{Answer, Attempt, Broken, LetIn, Outcome, Refused, Stage};
pub use scram::is_kept;
#[cfg(test)]
pub use scram::{digest, verifier};
use wire::{Wire, speaking};

use crate::error::{Error, Kind, Result};
use crate::server::tls::{self, Handshake, Transport};
use crate::server::{APPLICATION_NAME, Access, Endpoint, Host, Login, Tls, TlsMode};
use crate::sql::Statement;

/// A role's rows are for verdicts, not for reports: more than this is not a probe.
const MAX_ROWS: usize = 10_000;

/// A door that answers does so at once.
const KNOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// Somebody sits and waits.
const ASKING_TIMEOUT: Duration = Duration::from_secs(10);

/// A role, its password, and the key that its last SCRAM login derived. One per role for a whole run.
pub struct Credentials {
    login: Login,
    derived: Option<scram::Derived>,
}

impl Credentials {
    /// For this login.
    pub fn new(login: Login) -> Self {
        Credentials { login, derived: None }
    }

    fn password(&self) -> Result<&str, Broken> {
        match &self.login.password {
            Some(password) => Ok(password.expose_secret()),
            None => Err(refusing("the server asks for a password and none is known".into())),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.login.role)
    }
}

/// What to ask for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The database to enter.
    pub database: &'a str,
    /// Startup parameters beyond user, database, encoding and application name: `replication`, `options` …
    pub parameters: &'a [(&'a str, &'a str)],
    /// Run one after the other when let in; one that is refused does not stop the next.
    pub queries: &'a [Statement],
    /// How long all of it may take.
    pub timeout: Duration,
}

/// One address of a server, ready to be dialled many times.
#[derive(Clone)]
pub struct Address {
    place: Place,
    mode: TlsMode,
    handshake: Option<Handshake>,
}

#[derive(Debug, Clone)]
enum Place {
    Tcp(Vec<SocketAddr>),
    Socket(PathBuf),
}

/// One connection's end, before a second one is considered.
struct Try {
    outcome: Outcome,
    latency: Duration,
    encrypted: bool,
}

impl Address {
    /// Looks the name up and reads the certificates, once.
    ///
    /// # Errors
    /// [`Kind::Unreachable`] for a name without an address, [`Kind::Manifest`] for unusable TLS files.
    pub async fn resolve(endpoint: &Endpoint) -> Result<Self> {
        let mode = endpoint.tls.mode;
        match &endpoint.host {
            Host::Socket(folder) => {
                let place = Place::Socket(folder.join(format!(".s.PGSQL.{}", endpoint.port)));
                Ok(Address { place, mode: TlsMode::Disable, handshake: None })
            }
            Host::Tcp(host) => {
                let handshake = match mode {
                    TlsMode::Disable => None,
                    _ => Some(Handshake::new(host, &endpoint.tls)?),
                };
                Ok(Address { place: Place::Tcp(look_up(host, endpoint).await?), mode, handshake })
            }
        }
    }

    /// The same, for each address family that the name has: more than one is worth trying apart.
    pub fn by_family(&self) -> Vec<(IpAddr, Address)> {
        let Place::Tcp(all) = &self.place else { return vec![] };
        let first = |v6: bool| all.iter().find(|address| address.is_ipv6() == v6);
        let families = [first(false), first(true)].into_iter().flatten();
        families
            .map(|address| (address.ip(), Address { place: Place::Tcp(vec![*address]), ..self.clone() }))
            .collect()
    }

    /// The same, over TLS whoever answers, or without.
    ///
    /// # Errors
    /// As [`Address::resolve`], for unusable TLS files.
    pub fn over(&self, endpoint: &Endpoint, encrypted: bool) -> Result<Self> {
        let (mode, handshake) = match (encrypted, &endpoint.host) {
            (true, Host::Tcp(host)) => {
                let tls = Tls { mode: TlsMode::Require, root_certificate: None, ..endpoint.tls.clone() };
                (TlsMode::Require, Some(Handshake::new(host, &tls)?))
            }
            _ => (TlsMode::Disable, None),
        };
        Ok(Address { place: self.place.clone(), mode, handshake })
    }

    /// Whether anybody answers there at all; nothing is said.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn knock(&self) -> std::io::Result<()> {
        let knock = async {
            match &self.place {
                Place::Socket(path) => UnixStream::connect(path).await.map(drop),
                Place::Tcp(addresses) => TcpStream::connect(&addresses[..]).await.map(drop),
            }
        };
        match tokio::time::timeout(KNOCK_TIMEOUT, knock).await {
            Ok(answer) => answer,
            Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
        }
    }

    /// Tries to log in. Everything that can go wrong is an [`Outcome`].
    pub async fn attempt(&self, credentials: &mut Credentials, request: &Request<'_>) -> Attempt {
        self.attempt_in(credentials, request, ()).await
    }

    /// The same, holding `turn` until there is an answer: ending a connection takes the server as long as making one,
    /// and the next login need not wait for that.
    pub async fn attempt_in<T>(
        &self,
        credentials: &mut Credentials,
        request: &Request<'_>,
        turn: T,
    ) -> Attempt {
        let mut turn = Some(turn);
        let (first, second) = tls::transports(self.mode);
        let tried = self.once(first, credentials, request, |tried| match second {
            Some(second) if worth_another_try(tried, second) => {}
            _ => drop(turn.take()),
        });
        let tried = tried.await;
        let Some(second) = second.filter(|second| worth_another_try(&tried, *second)) else {
            return Attempt { outcome: tried.outcome, latency: tried.latency, connections: 1 };
        };
        let again = self.once(second, credentials, request, |_| drop(turn.take())).await;
        let latency = tried.latency + again.latency;
        let outcome = match (&tried.outcome, again.outcome) {
            // The server has no TLS to try: what it said in the clear stands.
            (Outcome::Refused(_), Outcome::Broken(_)) => tried.outcome,
            (_, outcome) => outcome,
        };
        Attempt { outcome, latency, connections: 2 }
    }

    async fn once(
        &self,
        transport: Transport,
        credentials: &mut Credentials,
        request: &Request<'_>,
        answered: impl FnOnce(&Try),
    ) -> Try {
        let begun = Instant::now();
        let mut encrypted = false;
        let conversation = async {
            let (mut wire, tls) = self.open(transport).await?;
            encrypted = tls;
            let outcome = converse(&mut wire, credentials, request, tls).await?;
            Ok((outcome, wire, begun.elapsed()))
        };
        match tokio::time::timeout(request.timeout, conversation).await {
            Ok(Ok((outcome, wire, latency))) => {
                let tried = Try { outcome, latency, encrypted };
                answered(&tried);
                wire.close().await;
                tried
            }
            Ok(Err(broken)) => Try { outcome: Outcome::Broken(broken), latency: begun.elapsed(), encrypted },
            Err(_) => {
                let why = format!("no answer within {:.1} s", request.timeout.as_secs_f32());
                let outcome = Outcome::Broken(Broken { stage: Stage::Wait, why });
                Try { outcome, latency: begun.elapsed(), encrypted }
            }
        }
    }

    async fn open(&self, transport: Transport) -> Result<(Wire, bool), Broken> {
        let unreached = |error: std::io::Error| Broken { stage: Stage::Reach, why: error.to_string() };
        let mut stream = match &self.place {
            Place::Socket(path) => {
                let stream = UnixStream::connect(path).await.map_err(unreached)?;
                return Ok((Wire::new(Box::new(stream)), false));
            }
            Place::Tcp(addresses) => TcpStream::connect(&addresses[..]).await.map_err(unreached)?,
        };
        stream.set_nodelay(true).map_err(unreached)?;
        let agreed = match transport {
            Transport::Plain => false,
            Transport::Offered | Transport::Required => tls::agree(&mut stream).await.map_err(speaking)?,
        };
        match (agreed, transport, &self.handshake) {
            (true, _, Some(handshake)) => {
                let stream = handshake.run(stream).await;
                let stream = stream.map_err(|why| Broken { stage: Stage::Tls, why })?;
                Ok((Wire::new(Box::new(stream)), true))
            }
            (false, Transport::Plain | Transport::Offered, _) => Ok((Wire::new(Box::new(stream)), false)),
            _ => Err(Broken { stage: Stage::Tls, why: "the server offers no TLS".into() }),
        }
    }
}

/// Whether the server wants a password of the admin: a login without one is answered by a question.
pub async fn wants_password(access: &Access) -> bool {
    let Ok(address) = Address::resolve(&access.admin_endpoint).await else { return false };
    let request =
        Request { database: &access.maintenance, parameters: &[], queries: &[], timeout: ASKING_TIMEOUT };
    let attempt = address.attempt(&mut Credentials::new(access.admin.clone()), &request).await;
    matches!(attempt.outcome, Outcome::Broken(Broken { stage: Stage::Authenticate, .. }))
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

/// pg_hba.conf can have lines for encrypted or for plain connections only, so the other kind is worth a try;
/// so it is when TLS itself failed and was not insisted on.
fn worth_another_try(tried: &Try, second: Transport) -> bool {
    match &tried.outcome {
        Outcome::Refused(refused) => refused.by_hba() && tried.encrypted == (second == Transport::Plain),
        Outcome::Broken(broken) => broken.stage == Stage::Tls,
        Outcome::LetIn(_) => false,
    }
}

fn refusing(why: String) -> Broken {
    Broken { stage: Stage::Authenticate, why }
}

/// How far the server's own proof has come. A server that starts SCRAM must finish it.
enum Proof {
    NotAsked,
    Begun(scram::Exchange),
    Sent(scram::Proven),
    Checked,
}

async fn converse(
    wire: &mut Wire,
    credentials: &mut Credentials,
    request: &Request<'_>,
    tls: bool,
) -> Result<Outcome, Broken> {
    let user = credentials.login.role.clone();
    let own = [
        ("user", user.as_str()),
        ("database", request.database),
        ("application_name", APPLICATION_NAME),
        ("client_encoding", "UTF8"),
    ];
    let parameters = own.iter().chain(request.parameters).copied();
    wire.send(|out| frontend::startup_message(parameters, out)).await?;
    let mut server_version = String::new();
    let mut proof = Proof::NotAsked;
    loop {
        match wire.receive().await? {
            Message::ErrorResponse(body) => return Ok(Outcome::Refused(Refused::read(&body))),
            Message::ReadyForQuery(_) => break,
            Message::ParameterStatus(body) if body.name().is_ok_and(|name| name == "server_version") => {
                server_version = body.value().unwrap_or_default().to_owned();
            }
            Message::ParameterStatus(_) | Message::BackendKeyData(_) | Message::NoticeResponse(_) => {}
            message => proof = authenticate(wire, credentials, proof, message).await?,
        }
    }
    let mut answers = vec![];
    for statement in request.queries {
        answers.push(ask(wire, statement).await?);
    }
    Ok(Outcome::LetIn(LetIn { tls, server_version, answers }))
}

async fn authenticate(
    wire: &mut Wire,
    credentials: &mut Credentials,
    proof: Proof,
    message: Message,
) -> Result<Proof, Broken> {
    match (message, proof) {
        (Message::AuthenticationOk, proof @ (Proof::NotAsked | Proof::Checked)) => Ok(proof),
        (Message::AuthenticationCleartextPassword, Proof::NotAsked) => {
            let password = credentials.password()?;
            wire.send(|out| frontend::password_message(password.as_bytes(), out)).await?;
            Ok(Proof::NotAsked)
        }
        (Message::AuthenticationMd5Password(body), Proof::NotAsked) => {
            send_md5(wire, credentials, &body).await?;
            Ok(Proof::NotAsked)
        }
        (Message::AuthenticationSasl(body), Proof::NotAsked) => begin_scram(wire, credentials, &body).await,
        (Message::AuthenticationSaslContinue(body), Proof::Begun(exchange)) => {
            let Credentials { login, derived } = credentials;
            let password = login.password.as_ref().map_or("", |password| password.expose_secret());
            let (answer, proven) =
                exchange.answer(body.data(), password, derived).map_err(|why| refusing(why.into()))?;
            wire.send(|out| frontend::sasl_response(answer.as_bytes(), out)).await?;
            Ok(Proof::Sent(proven))
        }
        (Message::AuthenticationSaslFinal(body), Proof::Sent(proven)) => {
            proven.check(body.data()).map_err(|why| refusing(why.into()))?;
            Ok(Proof::Checked)
        }
        (Message::AuthenticationOk, _) => {
            Err(refusing("the server let us in without proving that it knows the password".into()))
        }
        (Message::AuthenticationGss | Message::AuthenticationSspi | Message::AuthenticationKerberosV5, _) => {
            Err(refusing("the server asks for Kerberos, GSSAPI or SSPI, which is not supported".into()))
        }
        _ => Err(speaking("the server sent a message that has no place in a login".into())),
    }
}

async fn begin_scram(
    wire: &mut Wire,
    credentials: &Credentials,
    body: &AuthenticationSaslBody,
) -> Result<Proof, Broken> {
    credentials.password()?;
    let offered = body.mechanisms().any(|name| Ok(name == scram::MECHANISM)).unwrap_or(false);
    if !offered {
        return Err(refusing("the server offers no SASL mechanism that is supported".into()));
    }
    let exchange = scram::Exchange::start().map_err(|why| refusing(why.into()))?;
    let first = exchange.first();
    wire.send(|out| frontend::sasl_initial_response(scram::MECHANISM, first.as_bytes(), out)).await?;
    Ok(Proof::Begun(exchange))
}

async fn send_md5(
    wire: &mut Wire,
    credentials: &Credentials,
    body: &AuthenticationMd5PasswordBody,
) -> Result<(), Broken> {
    let password = credentials.password()?.as_bytes();
    let hash = md5_hash(credentials.login.role.as_bytes(), password, body.salt());
    wire.send(|out| frontend::password_message(hash.as_bytes(), out)).await
}

/// Runs one simple query and reads what comes back, up to the next `ReadyForQuery`.
async fn ask(wire: &mut Wire, statement: &Statement) -> Result<Answer, Broken> {
    let text = statement.into_sql_str();
    wire.send(|out| frontend::query(text.as_str(), out)).await?;
    let mut rows = vec![];
    let mut refusal = None;
    loop {
        match wire.receive().await? {
            Message::DataRow(body) if rows.len() < MAX_ROWS => rows.push(read_row(&body)?),
            Message::DataRow(_) => return Err(speaking("more rows than a probe reads".into())),
            Message::ErrorResponse(body) => refusal = Some(Refused::read(&body)),
            Message::ReadyForQuery(_) => return Ok(refusal.map_or(Answer::Rows(rows), Answer::Refused)),
            Message::CopyInResponse(_) => return Err(speaking("a probe's query must not copy".into())),
            _ => {}
        }
    }
}

fn read_row(body: &DataRowBody) -> Result<Vec<Option<String>>, Broken> {
    let bytes = body.buffer();
    body.ranges()
        .map(|range| Ok(range.map(|range| String::from_utf8_lossy(&bytes[range]).into_owned())))
        .collect()
        .map_err(|error| speaking(format!("a malformed row: {error}")))
}
