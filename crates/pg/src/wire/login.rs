//! Login: from an open stream to a session that is ready for its first query.
//!
//! A server that starts SCRAM must finish it: only its own proof shows that it knows the password's verifier.
//!
//! <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP>

use std::fmt;

use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::message::backend::{
    AuthenticationMd5PasswordBody, AuthenticationSaslBody, Message, ParameterStatusBody,
};
use postgres_protocol::message::frontend;
use secrecy::{ExposeSecret, SecretString};

use super::auth::Channel;
use super::binding::{Binding, BindingError, BindingMode, Header};
use super::codec::{Wire, speaking};
use super::endpoint::Login;
use super::error_response::ErrorResponse;
use super::other_engine;
use super::outcome::{ConnectionFailure, Stage};
use super::require_auth::AuthMethod;
use super::scram;
use super::supported;

/// Application name, visible in `pg_stat_activity` of every server: it must not contain a service's data.
pub const APPLICATION_NAME: &str = "martydb";

/// A role, its password, and the key derived by its last SCRAM login. One per role for a whole run.
pub struct Credentials {
    login: Login,
    derived: Option<scram::DerivedKeys>,
}

impl Credentials {
    pub fn new(login: Login) -> Self {
        let derived = login.key.get();
        Credentials { login, derived }
    }

    /// Returns the server's verifier of the password, salt included, after a login with SCRAM.
    pub fn verifier(&self) -> Option<SecretString> {
        self.derived.as_ref().map(scram::DerivedKeys::verifier)
    }

    fn password(&self) -> Result<&str, ConnectionFailure> {
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

#[derive(Debug, Clone, Copy)]
pub struct Startup<'a> {
    pub database: &'a str,
    /// Startup parameters in addition to user, database, encoding and application name: settings, `replication` …
    pub parameters: &'a [(&'a str, &'a str)],
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Greeting {
    /// `server_version`.
    pub version: String,
    /// PID and secret key of the backend, for cancel requests.
    pub key: (i32, i32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginError {
    Rejected(Box<ErrorResponse>),
    /// No answer about the login.
    Failed(ConnectionFailure),
}

impl From<ConnectionFailure> for LoginError {
    fn from(broken: ConnectionFailure) -> Self {
        LoginError::Failed(broken)
    }
}

fn refusing(why: String) -> ConnectionFailure {
    ConnectionFailure { stage: Stage::Authenticate, why }
}

fn unbound(error: BindingError) -> ConnectionFailure {
    ConnectionFailure { stage: Stage::Bind(error), why: error.message().into() }
}

enum AuthState {
    NotAsked,
    /// The server's request was answered.
    Answered,
    Begun(scram::Exchange),
    Sent(scram::SentProof),
    Checked,
}

/// Limit of what a server sends until it is ready for a query, notices of login triggers included, in bytes.
const MAX_RECEIVED: usize = 16 << 20;

/// Authenticates and waits until the server is ready for a query.
#[crate::boxed]
pub async fn enter(
    wire: &mut Wire,
    security: (Channel, &Binding),
    credentials: &mut Credentials,
    startup: &Startup<'_>,
) -> Result<Greeting, LoginError> {
    let user = credentials.login.role.clone();
    let own = [
        ("user", user.as_str()),
        ("database", startup.database),
        ("application_name", APPLICATION_NAME),
        ("client_encoding", "UTF8"),
    ];
    let parameters = own.iter().chain(startup.parameters).copied();
    wire.send(|out| frontend::startup_message(parameters, out)).await?;
    let mut greeting = Greeting::default();
    let mut proof = AuthState::NotAsked;
    let mut received = 0;
    loop {
        let (message, bytes) = wire.receive_counted().await?;
        received += bytes;
        if received > MAX_RECEIVED {
            let why = format!("the server sent more than {} MiB while logging in", MAX_RECEIVED >> 20);
            return Err(speaking(why).into());
        }
        match message {
            Message::ErrorResponse(body) => {
                return Err(LoginError::Rejected(Box::new(ErrorResponse::read(body.fields()))));
            }
            Message::ReadyForQuery(_) => return Ok(greeting),
            Message::ParameterStatus(body) => note(&mut greeting, &body)?,
            Message::BackendKeyData(body) => greeting.key = (body.process_id(), body.secret_key()),
            Message::NoticeResponse(_) => {}
            message => proof = authenticate(wire, security, credentials, proof, message).await?,
        }
    }
}

fn note(greeting: &mut Greeting, body: &ParameterStatusBody) -> Result<(), ConnectionFailure> {
    let (name, value) = (body.name().unwrap_or_default(), body.value().unwrap_or_default());
    if name == "server_version" {
        greeting.version = value.to_owned();
    }
    other_engine::check(name, value)?;
    supported::check(name, value)
}

async fn authenticate(
    wire: &mut Wire,
    (channel, binding): (Channel, &Binding),
    credentials: &mut Credentials,
    proof: AuthState,
    message: Message,
) -> Result<AuthState, ConnectionFailure> {
    let check = |credentials: &Credentials, method| {
        if method != AuthMethod::ScramSha256 && binding.mode == BindingMode::Require {
            return Err(unbound(BindingError::OtherMethod));
        }
        credentials.login.rules.check(method, channel).map_err(refusing)
    };
    match (message, proof) {
        (Message::AuthenticationOk, AuthState::NotAsked) => {
            check(credentials, AuthMethod::None)?;
            Ok(AuthState::Answered)
        }
        (Message::AuthenticationOk, AuthState::Answered | AuthState::Checked) => Ok(AuthState::Checked),
        (Message::AuthenticationCleartextPassword, AuthState::NotAsked) => {
            check(credentials, AuthMethod::Password)?;
            let password = credentials.password()?;
            wire.send(|out| frontend::password_message(password.as_bytes(), out)).await?;
            Ok(AuthState::Answered)
        }
        (Message::AuthenticationMd5Password(body), AuthState::NotAsked) => {
            check(credentials, AuthMethod::Md5)?;
            send_md5(wire, credentials, &body).await?;
            Ok(AuthState::Answered)
        }
        (Message::AuthenticationSasl(body), AuthState::NotAsked) => {
            check(credentials, AuthMethod::ScramSha256)?;
            begin_scram(wire, binding, credentials, &body).await
        }
        (Message::AuthenticationSaslContinue(body), AuthState::Begun(exchange)) => {
            let Credentials { login, derived } = credentials;
            let password = login.password.as_ref().map_or("", |password| password.expose_secret());
            let (answer, proven) =
                exchange.answer(body.data(), password, derived).map_err(|why| refusing(why.into()))?;
            login.key.keep(derived);
            wire.send(|out| frontend::sasl_response(answer.as_bytes(), out)).await?;
            Ok(AuthState::Sent(proven))
        }
        (Message::AuthenticationSaslFinal(body), AuthState::Sent(proven)) => {
            proven.check(body.data()).map_err(|why| refusing(why.into()))?;
            Ok(AuthState::Checked)
        }
        (Message::AuthenticationOk, _) => {
            Err(refusing("the server accepted this login without a proof that it knows the password".into()))
        }
        (Message::AuthenticationGss | Message::AuthenticationSspi | Message::AuthenticationKerberosV5, _) => {
            Err(refusing("the server asks for Kerberos, GSSAPI or SSPI, which is not supported".into()))
        }
        _ => Err(speaking("the server sent a message that has no place in a login".into())),
    }
}

async fn begin_scram(
    wire: &mut Wire,
    binding: &Binding,
    credentials: &Credentials,
    body: &AuthenticationSaslBody,
) -> Result<AuthState, ConnectionFailure> {
    credentials.password()?;
    let offers = |mechanism: &str| body.mechanisms().any(|name| Ok(name == mechanism)).unwrap_or(false);
    let header = binding.header(offers(scram::BOUND_MECHANISM)).map_err(unbound)?;
    let mechanism = match header {
        Header::EndPoint(_) => scram::BOUND_MECHANISM,
        Header::Unsupported | Header::NotOffered => scram::MECHANISM,
    };
    if !offers(mechanism) {
        return Err(refusing("the server offers no SASL mechanism that is supported".into()));
    }
    let exchange = scram::Exchange::start(header).map_err(|why| refusing(why.into()))?;
    let first = exchange.first();
    wire.send(|out| frontend::sasl_initial_response(mechanism, first.as_bytes(), out)).await?;
    Ok(AuthState::Begun(exchange))
}

async fn send_md5(
    wire: &mut Wire,
    credentials: &Credentials,
    body: &AuthenticationMd5PasswordBody,
) -> Result<(), ConnectionFailure> {
    let password = credentials.password()?.as_bytes();
    let hash = md5_hash(credentials.login.role.as_bytes(), password, body.salt());
    wire.send(|out| frontend::password_message(hash.as_bytes(), out)).await
}
