//! Opening connections. Everything that sqlx would take from the environment by itself is set here instead,
//! so that what a run connects to is what the manifest and the settings say.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgRow, PgSslMode};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

use super::relay::Relay;
use super::{describe, notices, tls};
use crate::error::{Error, Kind, Result};
use crate::sql::Statement;

/// How long one connection attempt may take before the server counts as unreachable.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Shown in `pg_stat_activity` of every server: no data of any service belongs in it.
pub const APPLICATION_NAME: &str = "martydb";

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A host name or address.
    Tcp(String),
    /// The folder of a Unix-domain socket.
    Socket(PathBuf),
}

/// libpq's `sslmode` values: <https://www.postgresql.org/docs/current/libpq-ssl.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// No TLS.
    Disable,
    /// TLS only if the server insists.
    Allow,
    /// TLS if the server offers it.
    #[default]
    Prefer,
    /// TLS, whoever answers.
    Require,
    /// TLS, and the certificate comes from a known authority.
    VerifyCa,
    /// TLS, and the certificate is for this host.
    VerifyFull,
}

const TLS_MODES: &[(&str, TlsMode, PgSslMode)] = &[
    ("disable", TlsMode::Disable, PgSslMode::Disable),
    ("allow", TlsMode::Allow, PgSslMode::Allow),
    ("prefer", TlsMode::Prefer, PgSslMode::Prefer),
    ("require", TlsMode::Require, PgSslMode::Require),
    ("verify-ca", TlsMode::VerifyCa, PgSslMode::VerifyCa),
    ("verify-full", TlsMode::VerifyFull, PgSslMode::VerifyFull),
];

impl TlsMode {
    /// libpq's spelling.
    pub fn name(self) -> &'static str {
        TLS_MODES.iter().find(|row| row.1 == self).expect("every mode has a row").0
    }

    fn for_sqlx(self) -> PgSslMode {
        TLS_MODES.iter().find(|row| row.1 == self).expect("every mode has a row").2
    }
}

impl FromStr for TlsMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        TLS_MODES.iter().find(|row| row.0 == text).map(|row| row.1).ok_or_else(|| {
            let all: Vec<_> = TLS_MODES.iter().map(|row| row.0).collect();
            format!("unknown sslmode \"{text}\", expected one of {}", all.join(", "))
        })
    }
}

/// TLS of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// libpq's `sslmode`.
    pub mode: TlsMode,
    /// libpq's `sslrootcert`: certificates of the authorities to trust, and of no others. Without one, those of
    /// the operating system (which libpq calls `system`).
    pub root_certificate: Option<PathBuf>,
    /// libpq's `sslcert`.
    pub client_certificate: Option<PathBuf>,
    /// libpq's `sslkey`.
    pub client_key: Option<PathBuf>,
}

/// One address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Host or socket folder.
    pub host: Host,
    /// TCP port, or the number in the socket's file name.
    pub port: u16,
    /// TLS settings; ignored on a socket.
    pub tls: Tls,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.host {
            Host::Tcp(host) => write!(f, "{host}:{}", self.port),
            Host::Socket(folder) => write!(f, "{}/.s.PGSQL.{}", folder.display(), self.port),
        }
    }
}

/// Who logs in. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct Login {
    /// The role.
    pub role: String,
    /// Its password, where it has one.
    pub password: Option<SecretString>,
}

impl Login {
    /// A login with a password.
    pub fn with_password(role: impl Into<String>, password: SecretString) -> Self {
        Login { role: role.into(), password: Some(password) }
    }
}

/// Logs in to `database` without any session option.
pub async fn connect(endpoint: &Endpoint, login: &Login, database: &str) -> Result<PgConnection> {
    connect_with(endpoint, login, database, &[]).await
}

/// Logs in to `database` with settings of the session (`-c name=value`), which win over those of roles and
/// databases, so that a tenant cannot plant one for us.
///
/// # Errors
/// [`Kind::Unreachable`] with the server's own message as the cause.
pub async fn connect_with(
    endpoint: &Endpoint,
    login: &Login,
    database: &str,
    settings: &[(&str, &str)],
) -> Result<PgConnection> {
    if let (Host::Tcp(_), Some(key)) = (&endpoint.host, &endpoint.tls.client_key) {
        tls::check_key(key)?;
    }
    let options = options(endpoint, login, database, settings);
    let attempt = tokio::time::timeout(CONNECT_TIMEOUT, dial(endpoint, options)).await;
    let failed = || format!("cannot log in to database \"{database}\" at {endpoint} as \"{}\"", login.role);
    match attempt {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(Undialled::Settings(error))) => Err(error),
        Ok(Err(Undialled::Refused(error))) => {
            let fault = describe(&error);
            let mut out = Error::new(Kind::Unreachable, failed()).cause(&fault);
            out.hints.extend(fault.login_hint());
            out.sqlstate = fault.sqlstate;
            Err(out)
        }
        Err(_) => Err(Error::new(Kind::Unreachable, failed())
            .cause(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()))
            .hint("check the address, and that no firewall drops the packets")),
    }
}

/// Why there is no connection.
enum Undialled {
    /// The server or the way to it.
    Refused(sqlx::Error),
    /// Files that cannot be used.
    Settings(Error),
}

/// What libpq does for each `sslmode`, where sqlx does something else.
async fn dial(endpoint: &Endpoint, options: PgConnectOptions) -> Result<PgConnection, Undialled> {
    let (host, tls) = match &endpoint.host {
        Host::Tcp(host) => (host, &endpoint.tls),
        Host::Socket(_) => return first(options).await.map_err(Undialled::Refused),
    };
    match (tls.mode, &tls.root_certificate) {
        // sqlx trusts the operating system's authorities too, and with `require` it trusts anybody.
        (TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull, Some(_)) => {
            let relay = Relay::open::<Undialled>(host, endpoint.port, tls).await?;
            let options = options.socket(relay.folder()).ssl_mode(PgSslMode::Disable);
            first(options).await.map_err(Undialled::Refused)
        }
        // pg_hba.conf can have lines for encrypted or for plain connections only.
        (TlsMode::Allow, _) => again(options, PgSslMode::Disable, PgSslMode::Require).await,
        (TlsMode::Prefer, _) => again(options, PgSslMode::Prefer, PgSslMode::Disable).await,
        _ => first(options).await.map_err(Undialled::Refused),
    }
}

/// One attempt, on a thread of its own. sqlx gives the scheduler a turn after every fifth of SCRAM's 4096 rounds of
/// hashing, and eight hundred turns of a worker cost about as much as the rounds; outside the workers a turn costs
/// nothing. Dropping the future abandons the thread, which ends with its attempt.
async fn first(options: PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new().name("login".into()).spawn(move || {
        let attempt = runtime.block_on(PgConnection::connect_with(&options));
        // Nobody receives if the run was dropped.
        let _dropped = send.send(attempt);
    })?;
    receive.await.unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed))
}

async fn again(
    options: PgConnectOptions,
    before: PgSslMode,
    then: PgSslMode,
) -> Result<PgConnection, Undialled> {
    let error = match first(options.clone().ssl_mode(before)).await {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    let worth_it = match &error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "28000"),
        _ => false,
    };
    if !worth_it {
        return Err(Undialled::Refused(error));
    }
    match first(options.ssl_mode(then)).await {
        // The server has no TLS to try: what it said in the clear stands.
        Err(sqlx::Error::Tls(_)) => Err(Undialled::Refused(error)),
        other => other.map_err(Undialled::Refused),
    }
}

impl From<Error> for Undialled {
    fn from(error: Error) -> Self {
        Undialled::Settings(error)
    }
}

impl From<String> for Undialled {
    fn from(why: String) -> Self {
        Undialled::Refused(sqlx::Error::Tls(why.into()))
    }
}

impl From<std::io::Error> for Undialled {
    fn from(error: std::io::Error) -> Self {
        Undialled::Refused(sqlx::Error::Io(error))
    }
}

fn options(
    endpoint: &Endpoint,
    login: &Login,
    database: &str,
    settings: &[(&str, &str)],
) -> PgConnectOptions {
    let password = login.password.as_ref().map_or("", |password| password.expose_secret());
    let base = PgConnectOptions::new_without_pgpass()
        .port(endpoint.port)
        .username(&login.role)
        .password(password)
        .database(database)
        .application_name(APPLICATION_NAME)
        .options(settings.iter().copied())
        .disable_statement_logging();
    match &endpoint.host {
        Host::Socket(folder) => base.socket(folder).ssl_mode(PgSslMode::Disable),
        Host::Tcp(host) => with_tls(base.host(host), &endpoint.tls),
    }
}

fn with_tls(mut options: PgConnectOptions, tls: &Tls) -> PgConnectOptions {
    options = options.ssl_mode(tls.mode.for_sqlx());
    if let Some(path) = &tls.root_certificate {
        options = options.ssl_root_cert(path);
    }
    if let Some(path) = &tls.client_certificate {
        options = options.ssl_client_cert(path);
    }
    if let Some(path) = &tls.client_key {
        options = options.ssl_client_key(path);
    }
    options
}

/// Runs a query and returns its rows.
pub async fn query(connection: &mut PgConnection, statement: &Statement) -> Result<Vec<PgRow>> {
    tracing::debug!(target: "martydb::sql", "{}", statement.shown());
    let rows = connection.fetch_all(sqlx::raw_sql(statement)).await;
    rows.map_err(|error| describe(&error).into_error(statement))
}

/// Runs a statement (or several, joined) and says how many rows it touched. Warnings of the server become
/// errors: a `GRANT` that only warns has granted nothing.
pub async fn execute(connection: &mut PgConnection, statement: &Statement) -> Result<u64> {
    let (rows, warnings) = execute_warned(connection, statement).await?;
    let Some(warning) = warnings.first() else { return Ok(rows) };
    let message = format!("the server only warned about: {}", super::fault::shorten(statement.shown()));
    let mut error = Error::operation(message).cause(warning);
    // sqlx passes on the words alone; warnings of these statements are all of class 01.
    error.sqlstate = Some("01000".into());
    Err(error)
}

/// The same for a statement whose warnings are somebody's advice, such as those of an extension's script: they are
/// returned beside the rows.
pub async fn execute_warned(
    connection: &mut PgConnection,
    statement: &Statement,
) -> Result<(u64, Vec<String>)> {
    tracing::debug!(target: "martydb::sql", "{}", statement.shown());
    let (result, warnings) = notices::collect(connection.execute(sqlx::raw_sql(statement))).await;
    let done = result.map_err(|error| describe(&error).into_error(statement))?;
    Ok((done.rows_affected(), warnings))
}
