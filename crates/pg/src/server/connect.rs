//! Opening sessions and running statements on them, with errors that name the server and the statement.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::targets;
use crate::silence;
use crate::wire::{
    Address, Connection, ConnectionFailure, CopiedRows, CopyFailure, CopyListener, CopyStatements,
    Credentials, Endpoint, ErrorResponse, ExchangeResult, FrameSink, Limits, Login, LoginError,
    ReplicationStream, Row, Stage, Startup, copy_rows, interrupt, shorten,
};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Ident, Statement, stmt};
use martydb_model::sqlstate;

/// Settings on which martydb's own statements depend, in each of its sessions: those of the server, the database or the role
/// must neither refuse a write nor change the text of a statement or of an answer. A session may add to them.
const SESSION: &[(&str, &str)] = &[
    ("default_transaction_read_only", "off"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_deferrable", "off"),
    ("standard_conforming_strings", "on"),
    ("array_nulls", "on"),
    ("quote_all_identifiers", "off"),
    ("client_min_messages", "notice"),
    ("DateStyle", "ISO, MDY"),
    ("TimeZone", "UTC"),
];

/// Returns the settings of every session, and these, as `PGOPTIONS` of PostgreSQL's own programs.
pub fn program_options(settings: &[(&str, &str)]) -> String {
    let option = |(name, value): &(&str, &str)| {
        format!("-c {name}={}", value.replace('\\', "\\\\").replace(' ', "\\ "))
    };
    [SESSION, settings].concat().iter().map(option).collect::<Vec<_>>().join(" ")
}

/// Logs in to `database` without any setting of the session, to read.
#[crate::boxed]
pub async fn connect(endpoint: &Endpoint, login: &Login, database: &str) -> Result<Connection> {
    connect_with(endpoint, login, database, &[], Limits::READ).await
}

/// Logs in to `database` with settings of the session, which override those of roles and databases; a service cannot
/// plant one for this session.
///
/// # Errors
/// [`Kind::Unreachable`] with the server's own message as the cause, [`Kind::Manifest`] for unusable TLS files and for
/// another database system.
#[crate::boxed]
pub async fn connect_with(
    endpoint: &Endpoint,
    login: &Login,
    database: &str,
    settings: &[(&str, &str)],
    limits: Limits,
) -> Result<Connection> {
    let parameters = [SESSION, settings].concat();
    let attempt = async {
        let address = Address::resolve(endpoint).await?;
        let startup = Startup { database, parameters: &parameters };
        let mut credentials = Credentials::new(login.clone());
        Ok(Connection::open(&address, &mut credentials, &startup, limits).await)
    };
    let failed = || format!("cannot log in to database \"{database}\" at {endpoint} as \"{}\"", login.role);
    let limit = silence::connect_timeout();
    match silence::unless_silent(&endpoint.to_string(), limit, attempt).await {
        Some(Ok(Ok(connection))) => {
            targets::greeted(endpoint, connection.version());
            Ok(connection.at(endpoint, database))
        }
        Some(Ok(Err(end))) => Err(refused(failed(), end, login, database)),
        Some(Err(error)) => Err(error),
        None => Err(Error::new(Kind::Unreachable, failed())
            .cause(silence::no_answer(limit))
            .hint("check the address, and that no firewall drops the packets")),
    }
}

/// Endpoints whose server does not accept [`WATCH`].
static UNWATCHED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Makes the server check regularly that its client still exists: otherwise a statement continues, and is committed,
/// after its client was killed.
/// <https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL>
const WATCH: (&str, &str) = ("client_connection_check_interval", "2s");

/// Like [`connect_with`], for work that ends with its client. 13 does not know the setting (42704), and some systems
/// do not support it (22023): there the first login of a run is made twice.
#[crate::boxed]
pub async fn connect_watched(
    endpoint: &Endpoint,
    login: &Login,
    database: &str,
    settings: &[(&str, &str)],
) -> Result<Connection> {
    if let Some(signal) = interrupt::signal() {
        return Err(Error::new(Kind::Interrupted, format!("interrupted by {signal} before it began")));
    }
    let key = endpoint.to_string();
    let unwatched = || UNWATCHED.lock().expect("no code panics while it holds the set");
    if !unwatched().contains(&key) {
        let all = [settings, &[WATCH]].concat();
        let end = connect_with(endpoint, login, database, &all, Limits::READ).await;
        match end.as_ref().err().and_then(|error| error.sqlstate.as_deref()) {
            Some(sqlstate::UNDEFINED_OBJECT | sqlstate::INVALID_PARAMETER_VALUE) => {
                unwatched().insert(key);
            }
            _ => return end,
        }
    }
    connect_with(endpoint, login, database, settings, Limits::READ).await
}

fn refused(message: String, end: LoginError, login: &Login, database: &str) -> Error {
    let kind = match &end {
        LoginError::Failed(broken) => broken.kind(),
        LoginError::Rejected(_) => Kind::Unreachable,
    };
    let response = match end {
        LoginError::Rejected(response) => *response,
        LoginError::Failed(broken) => {
            ErrorResponse { hint: without_password(&broken, login), ..ErrorResponse::from(broken) }
        }
    };
    let mut error = Error::new(kind, message).cause(&response);
    error.hints.extend(admin_hint(&response, login, database).or_else(|| response.login_hint()));
    error.sqlstate = response.sqlstate;
    error
}

/// Returns a hint for an admin's login, where it differs from that for a service's.
fn admin_hint(response: &ErrorResponse, login: &Login, database: &str) -> Option<String> {
    match response.sqlstate.as_deref().filter(|_| !login.is_of_service())? {
        sqlstate::INVALID_CATALOG_NAME => Some(
            "where the url of the server names that database, correct it; else run `martydb apply --all`"
                .into(),
        ),
        sqlstate::INSUFFICIENT_PRIVILEGE => {
            let (database, role) = (Ident::new(database).ok()?, Ident::new(&login.role).ok()?);
            let grant = stmt!("GRANT CONNECT ON DATABASE {database} TO {role}");
            Some(format!("ask a DBA for: {};", grant.shown()))
        }
        _ => None,
    }
}

/// Returns a hint about the source of the password, if the server requested one and none was known.
fn without_password(broken: &ConnectionFailure, login: &Login) -> Option<String> {
    if broken.stage != Stage::Authenticate || login.password.is_some() {
        return ErrorResponse::from(broken.clone()).hint;
    }
    Some(if login.is_of_service() {
        "the secret store has no password for it: restore the store, or give all logins new ones with \
         `martydb apply --all --reset-passwords`"
            .into()
    } else {
        "no password was given: set DB_PASSWORD or PGPASSWORD, write it to ~/.pgpass, or name a variable with \
         `password_env` in the manifest"
            .into()
    })
}

/// Runs a query and returns the rows of all its statements.
///
/// # Errors
/// The server's error, with the statement.
#[crate::boxed]
pub async fn query(connection: &mut Connection, statement: &Statement) -> Result<Vec<Row>> {
    Ok(query_each(connection, statement).await?.into_iter().flatten().collect())
}

/// Like [`query`], with one list of rows per statement.
#[crate::boxed]
pub async fn query_each(connection: &mut Connection, statement: &Statement) -> Result<Vec<Vec<Row>>> {
    let reply = explained(statement, connection.run(statement)).await?;
    Ok(reply.results.into_iter().map(|result| result.rows).collect())
}

/// Runs a query with a possibly long answer, and passes on each row as it arrives.
///
/// # Errors
/// As [`query`], and those that `each` returns.
pub async fn query_rows(
    connection: &mut Connection,
    statement: &Statement,
    mut each: impl FnMut(Row) -> Result<(), String> + Send,
) -> Result<()> {
    explained(statement, connection.each_row(statement, &mut |_, row| each(row))).await
}

/// Runs a statement (or several, joined) and returns the number of affected rows. The server's warnings become
/// errors: a `GRANT` that only warns has granted nothing.
///
/// # Errors
/// As [`query`], and for the first warning.
#[crate::boxed]
pub async fn execute(connection: &mut Connection, statement: &Statement) -> Result<u64> {
    let (rows, warnings) = execute_warned(connection, statement).await?;
    let Some(warning) = warnings.first() else { return Ok(rows) };
    let what = shorten(statement.shown());
    let message = format!("{what} had no effect: the server returned a warning");
    let mut error = Error::operation(message).cause(warning);
    // The server sends WARNING with SQLSTATEs of class 01 only.
    error.sqlstate = Some(sqlstate::WARNING.into());
    Err(error)
}

/// Like [`execute`] for a statement whose warnings are advice, such as those of an extension's script: they are
/// returned with the number of rows.
#[crate::boxed]
pub async fn execute_warned(
    connection: &mut Connection,
    statement: &Statement,
) -> Result<(u64, Vec<String>)> {
    let reply = explained(statement, connection.run(statement)).await?;
    Ok((reply.results.iter().map(|result| result.affected).sum(), reply.warnings))
}

/// Runs a cleanup statement such as ROLLBACK, even after a signal.
#[crate::boxed]
pub async fn execute_protected(connection: &mut Connection, statement: &Statement) -> Result<()> {
    explained(statement, connection.run_protected(statement)).await.map(drop)
}

/// Copies rows from one session into another and returns their number. If it fails, nothing is written.
///
/// # Errors
/// As [`query`], of the statement that failed.
pub async fn copy(
    from: &mut Connection,
    to: &mut Connection,
    statements: &CopyStatements,
    listener: &CopyListener<'_>,
) -> Result<CopiedRows> {
    tracing::debug!(target: "martydb::sql", "{}", statements.out.shown());
    tracing::debug!(target: "martydb::sql", "{}", statements.into.shown());
    copy_rows(from, to, statements, listener).await.map_err(|failure| match failure {
        CopyFailure::Reading(failed) => failed.into_error(&statements.out),
        CopyFailure::Writing(failed) => failed.into_error(&statements.into),
    })
}

/// Begins a stream on a session of [`Access::stream`](super::Access::stream).
///
/// # Errors
/// As [`query`].
pub async fn replicate(connection: Connection, statement: &Statement) -> Result<ReplicationStream> {
    explained(statement, connection.replicate(statement)).await
}

/// Runs `COPY … TO STDOUT`, passes on its data as it arrives, and returns the number of rows.
///
/// # Errors
/// As [`query`].
#[crate::boxed]
pub async fn copy_out(
    connection: &mut Connection,
    statement: &Statement,
    sink: &mut FrameSink<'_>,
) -> Result<u64> {
    explained(statement, connection.copy_out(statement, sink)).await
}

/// Runs `COPY … FROM STDIN` with the data of a file, and returns the number of rows.
///
/// # Errors
/// As [`query`]. If it fails, nothing is written.
#[crate::boxed]
pub async fn copy_in(
    connection: &mut Connection,
    statement: &Statement,
    source: &mut (dyn std::io::Read + Send),
) -> Result<u64> {
    explained(statement, connection.copy_in(statement, source)).await
}

async fn explained<T>(
    statement: &Statement,
    run: impl Future<Output = ExchangeResult<T>> + Send,
) -> Result<T> {
    tracing::debug!(target: "martydb::sql", "{}", statement.shown());
    run.await.map_err(|failed| failed.into_error(statement))
}
