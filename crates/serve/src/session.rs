//! Sessions with the database: one pool for each login, and statements with their parameters as text.

mod connector;
mod fault;
mod password;
mod target;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Metrics, Object, Pool, PoolError,
    RecyclingMethod, Runtime,
};
use futures_util::future::BoxFuture;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};
use secrecy::SecretString;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type};
use tokio_postgres::{Row, RowStream};

use crate::compile::CompiledStatement;
use crate::fault::{RequestFault, Served};
use crate::guard::{NO_CONNECTION, ServerBreaker};
pub use connector::ServerConnector;
use fault::of_database;
pub use fault::{DatabaseFault, UNREACHABLE, unavailable};
use password::{LoginPassword, PasswordConnect};
pub use target::LoginTarget;

/// The pool of one login. It serves this login and this database for its whole life.
#[derive(Clone)]
pub struct LoginPool {
    pool: Pool,
    /// Connector to the server: cancels use it too.
    connector: ServerConnector,
    timeout: Duration,
    breaker: Arc<ServerBreaker>,
    password: Arc<LoginPassword>,
    login: Arc<str>,
    /// Time before which connections are too old.
    renewed: Arc<Mutex<Option<Instant>>>,
}

/// Connections of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolConnections {
    pub most: usize,
    pub open: usize,
    pub used: usize,
    /// Requests that wait for a free one.
    pub waiting: usize,
}

/// Time that the server has to end a statement by itself before it is cancelled.
const GRACE: Duration = Duration::from_millis(250);

/// Time after which a connection that was not used is tried first.
const SHORT_REST: Duration = Duration::from_millis(500);

/// Most prepared statements of a connection; then they are forgotten, for their number is in the hands of callers.
const MOST_STATEMENTS: usize = 500;

impl LoginPool {
    /// Makes the pool; it connects when it is used.
    ///
    /// # Errors
    /// If the pool cannot be made.
    pub fn new(target: &LoginTarget) -> Result<LoginPool> {
        let connector = target.connector.clone();
        let password = Arc::new(LoginPassword::new(target.password.clone(), target.renewals.clone()));
        let connect = PasswordConnect { password: password.clone(), connector: connector.clone() };
        // Nothing is left in a session that is given back: see `release_after`.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(target.config(), connect, recycling);
        let renewed = Arc::new(Mutex::new(None));
        let pool = Pool::builder(manager)
            .pre_recycle(usable(renewed.clone()))
            .max_size(target.connections)
            .wait_timeout(Some(target.wait))
            .create_timeout(Some(Duration::from_secs(5)))
            .recycle_timeout(Some(Duration::from_secs(5)))
            .runtime(Runtime::Tokio1)
            .build();
        let pool =
            pool.map_err(|error| Error::operation("cannot make a pool of connections").cause(error))?;
        Ok(LoginPool {
            pool,
            connector,
            timeout: target.timeout,
            breaker: target.breaker.clone(),
            password,
            login: target.role.as_str().into(),
            renewed,
        })
    }

    /// Connects, if the server has to prove its identity. One that cannot be reached now may be reached later.
    ///
    /// # Errors
    /// If the server is not the one that the settings trust.
    pub async fn verify_server(&self) -> Result<()> {
        if !self.connector.verifies() {
            return Ok(());
        }
        match self.pool.get().await {
            Err(PoolError::Backend(error)) => {
                mistrust(&error).map_or(Ok(()), |why| Err(self.connector.refused(why)))
            }
            _ => Ok(()),
        }
    }

    /// Returns the login.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// Sets the password of new connections, wakes those that wait for another one, and returns `true` if it is another one.
    pub fn set_password(&self, password: Option<&SecretString>) -> bool {
        self.password.set(password)
    }

    /// Uses no connection again that is open now.
    pub fn renew(&self) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Returns a free connection.
    pub async fn get(&self) -> Served<LoginSession> {
        self.breaker.check(Instant::now())?;
        if self.password.rests() && self.pool.status().available == 0 {
            return Err(unavailable());
        }
        let client = self.pool.get().await;
        self.watch(&client);
        let client = client.map_err(|error| match error {
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
                let message = "Timed out acquiring connection from connection pool.";
                RequestFault::new(504, NO_CONNECTION, message)
            }
            // The caller has no part in it.
            PoolError::Backend(error) if refuses_login(&error) => unavailable(),
            PoolError::Backend(error) => of_database(&error, true, false),
            _ => unavailable(),
        })?;
        if client.statement_cache.size() > MOST_STATEMENTS {
            client.statement_cache.clear();
        }
        Ok(LoginSession {
            client: Some(client),
            connector: self.connector.clone(),
            timeout: self.timeout,
            runs: false,
        })
    }

    /// Tells the breaker whether the server answered; a wait for a free connection says nothing about it.
    fn watch(&self, got: &std::result::Result<Object, PoolError>) {
        match got {
            Ok(_) => self.breaker.succeeded(),
            Err(PoolError::Timeout(deadpool_postgres::TimeoutType::Wait)) => {}
            Err(PoolError::Backend(error)) if answered(error) => self.breaker.succeeded(),
            Err(error) => {
                if let PoolError::Backend(error) = error
                    && let Some(why) = mistrust(error)
                {
                    tracing::warn!("{}: {why}", self.connector);
                }
                self.breaker.failed(Instant::now());
            }
        }
    }

    /// Returns the connections.
    pub fn connections(&self) -> PoolConnections {
        let status = self.pool.status();
        PoolConnections {
            most: status.max_size,
            open: status.size,
            used: status.size.saturating_sub(status.available),
            waiting: status.waiting,
        }
    }
}

/// Returns the check of a connection before it is used again: one that rested may have lost its server without a word.
fn usable(renewed: Arc<Mutex<Option<Instant>>>) -> Hook {
    Hook::async_fn(move |client: &mut ClientWrapper, metrics: &Metrics| {
        let renewed = *renewed.lock().unwrap_or_else(PoisonError::into_inner);
        let (is_old, rested) = (renewed.is_some_and(|at| metrics.created < at), metrics.last_used());
        Box::pin(async move {
            if is_old {
                return Err(HookError::message("older than the catalog"));
            }
            if rested > SHORT_REST {
                client.simple_query("").await.map_err(HookError::Backend)?;
            }
            Ok(())
        })
    })
}

/// Returns `true` if the server does not let the login in: its password, its attributes or pg_hba.conf (class 28).
fn refuses_login(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|found| found.code().starts_with("28"))
}

/// Returns `true` for an error of a server that is there: not while it starts or stops (class 57).
fn answered(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|found| !found.code().code().starts_with("57"))
}

/// Returns why a server is not the one that the settings trust; `None` if the connection failed for another reason.
fn mistrust(error: &tokio_postgres::Error) -> Option<String> {
    let cause = std::error::Error::source(error)?;
    // The handshake's error of another kind is that of a broken connection.
    let broke = |error: &std::io::Error| error.kind() != std::io::ErrorKind::InvalidData;
    let is_other = error.as_db_error().is_some() || cause.downcast_ref::<std::io::Error>().is_some_and(broke);
    (!is_other).then(|| cause.to_string())
}

/// A connection of a login. It goes back to its pool by [`release`](LoginSession::release) alone: dropped in any other way,
/// because its caller hung up in the middle of a transaction, or of a statement, it is closed.
pub struct LoginSession {
    /// `None` only while it is released or dropped.
    client: Option<Object>,
    connector: ServerConnector,
    timeout: Duration,
    /// `true` while a statement runs.
    runs: bool,
}

impl Drop for LoginSession {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let Some(runtime) = tokio::runtime::Handle::try_current().ok().filter(|_| self.runs) else {
            return drop(Object::take(client));
        };
        // Its place is free only when the server was told: the login has few connections more than the pool.
        let (patience, connector) = (self.timeout, self.connector.clone());
        runtime.spawn(async move {
            let _told = tokio::time::timeout(patience, client.cancel_token().cancel_query(connector)).await;
            drop(Object::take(client));
        });
    }
}

/// A value in the text format of whatever type the server derives for it; `None` is NULL.
#[derive(Debug)]
struct AsText<'a>(Option<&'a str>);

impl ToSql for AsText<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(text) = self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    fn to_sql_checked(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.to_sql(kind, out)
    }
}

fn typed<'a>(values: &[(Option<&'a str>, Type)]) -> Vec<(AsText<'a>, Type)> {
    values.iter().map(|(value, kind)| (AsText(*value), kind.clone())).collect()
}

fn as_values<'a>(texts: &'a [(AsText<'a>, Type)]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    texts.iter().map(|(text, kind)| (text as _, kind.clone())).collect()
}

/// A JSON value as the server wrote it.
struct JsonText(String);

impl<'a> FromSql<'a> for JsonText {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(JsonText(std::str::from_utf8(raw)?.to_owned()))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::JSON
    }
}

impl LoginSession {
    /// Runs a statement with its values, and returns its rows. A statement that does not end in time is cancelled, and the
    /// connection closed, when the session is dropped.
    pub async fn query(
        &mut self,
        compiled: &CompiledStatement,
    ) -> std::result::Result<Vec<Row>, DatabaseFault> {
        let values: Vec<AsText<'_>> = compiled.values.iter().map(|value| AsText(Some(value))).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        self.runs = true;
        let client = self.client()?;
        let work: BoxFuture<'_, _> = Box::pin(async {
            let prepared = client.prepare_cached(compiled.statement.exact()).await?;
            client.query(&prepared, &values).await
        });
        let done = tokio::time::timeout(self.timeout + GRACE, work).await;
        self.runs = done.is_err();
        done.map_or(Err(DatabaseFault::TooSlow), |rows| rows.map_err(DatabaseFault::Reported))
    }

    /// Begins a statement whose rows are taken one by one. It runs until [`rests`](LoginSession::rests) is called: dropped before, it
    /// is cancelled.
    pub async fn stream(
        &mut self,
        compiled: &CompiledStatement,
    ) -> std::result::Result<RowStream, DatabaseFault> {
        let values: Vec<AsText<'_>> = compiled.values.iter().map(|value| AsText(Some(value))).collect();
        self.runs = true;
        let client = self.client()?;
        let work: BoxFuture<'_, _> = Box::pin(async {
            let prepared = client.prepare_cached(compiled.statement.exact()).await?;
            client.query_raw(&prepared, values).await
        });
        let done = tokio::time::timeout(self.timeout + GRACE, work).await;
        self.runs = !matches!(done, Ok(Err(_)));
        done.map_or(Err(DatabaseFault::TooSlow), |rows| rows.map_err(DatabaseFault::Reported))
    }

    /// Tells that the statement has ended.
    pub fn rests(&mut self) {
        self.runs = false;
    }

    /// Runs a statement of the program's own with values of these types, and returns the number of its rows. It uses no
    /// prepared statement: code of the service that ran in the transaction could have put another one in its place.
    pub async fn change(
        &mut self,
        statement: &Statement,
        values: &[(Option<&str>, Type)],
    ) -> std::result::Result<u64, DatabaseFault> {
        let texts: Vec<(AsText<'_>, Type)> = typed(values);
        let values: Vec<(&(dyn ToSql + Sync), Type)> = as_values(&texts);
        self.runs = true;
        let client = self.client()?;
        let work = client.execute_typed(statement.exact(), &values);
        let done = tokio::time::timeout(self.timeout + GRACE, work).await;
        self.runs = done.is_err();
        done.map_or(Err(DatabaseFault::TooSlow), |rows| rows.map_err(DatabaseFault::Reported))
    }

    /// Returns the rows of such a statement.
    pub async fn rows(
        &mut self,
        statement: &Statement,
        values: &[(Option<&str>, Type)],
    ) -> std::result::Result<Vec<Row>, DatabaseFault> {
        let texts: Vec<(AsText<'_>, Type)> = typed(values);
        let values: Vec<(&(dyn ToSql + Sync), Type)> = as_values(&texts);
        self.runs = true;
        let client = self.client()?;
        let work = client.query_typed(statement.exact(), &values);
        let done = tokio::time::timeout(self.timeout + GRACE, work).await;
        self.runs = done.is_err();
        done.map_or(Err(DatabaseFault::TooSlow), |rows| rows.map_err(DatabaseFault::Reported))
    }

    /// Runs a statement of the program's own without values.
    pub async fn execute(&mut self, statement: &Statement) -> std::result::Result<(), DatabaseFault> {
        self.runs = true;
        let work = self.client()?.batch_execute(statement.exact());
        let done = tokio::time::timeout(self.timeout + GRACE, work).await;
        self.runs = done.is_err();
        done.map_or(Err(DatabaseFault::TooSlow), |done| done.map_err(DatabaseFault::Reported))
    }

    /// Returns the time at which the connection was made.
    pub fn opened(&self) -> Option<Instant> {
        self.client.as_ref().map(|client| Object::metrics(client).created)
    }

    /// Returns the first column, a JSON value, as text.
    pub fn json(row: &Row) -> Option<String> {
        row.try_get::<_, JsonText>(0).ok().map(|text| text.0)
    }

    /// Returns the connection to its pool as it was before code of the service ran, if some did.
    pub async fn release_after(self, ran_code: bool) {
        match ran_code {
            true => self.discard().await,
            false => self.release(),
        }
    }

    /// Returns the connection to its pool: it is in no transaction, and no statement runs.
    pub fn release(mut self) {
        drop(self.client.take());
    }

    /// Forgets all state of the session, and returns the connection to its pool; one that cannot forget it is closed.
    pub async fn discard(mut self) {
        if let Some(client) = &self.client {
            client.statement_cache.clear();
        }
        if self.execute(&stmt!("DISCARD ALL")).await.is_ok() {
            self.release();
        }
    }

    fn client(&self) -> std::result::Result<&Object, DatabaseFault> {
        self.client.as_ref().ok_or(DatabaseFault::Released)
    }
}
