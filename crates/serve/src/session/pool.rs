//! Pool of one login's connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Metrics, Object, Pool, PoolError,
    RecyclingMethod, Runtime,
};
use martydb_model::error::{Error, Result};
use parking_lot::Mutex;
use secrecy::SecretString;
use tokio_postgres::Config;

use super::connector::ServerConnector;
use super::error::{of_database, unavailable};
use super::password::{LoginPassword, is_rejected};
use super::target::LoginTarget;
use super::{LoginSession, SessionState};
use crate::error::{HttpError, HttpResult, NO_CONNECTION};
use crate::guard::ServerBreaker;

/// The pool of one login. It serves this login and this database for its whole life.
#[derive(Clone)]
pub struct LoginPool {
    pool: Pool,
    /// Connector to the server: cancels use it too.
    connector: ServerConnector,
    encrypted: Arc<AtomicBool>,
    timeout: Duration,
    breaker: Arc<ServerBreaker>,
    password: Arc<LoginPassword>,
    login: Arc<str>,
    /// `true` if only the program's own statements run in it: the callers' pool of the same login tells of its password.
    is_own: bool,
    /// Time before which connections are too old.
    renewed: Arc<Mutex<Option<Instant>>>,
}

/// Connections of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolConnections {
    pub most: usize,
    pub open: usize,
    pub used: usize,
    /// Requests that wait for a free one.
    pub waiting: usize,
}

/// Time after which a connection that was not used is tried first.
const SHORT_REST: Duration = Duration::from_millis(500);

/// Most prepared statements of a connection; then all are dropped: callers control how many there are.
const MOST_STATEMENTS: usize = 250;

impl LoginPool {
    /// Makes the pool; it connects when it is used.
    ///
    /// # Errors
    /// If the pool cannot be made.
    pub fn new(target: &LoginTarget) -> Result<LoginPool> {
        let connector = target.connector.clone();
        let (known, renewals) = (target.password.clone(), target.renewals.clone());
        let password = Arc::new(LoginPassword::new(&target.role, known, renewals));
        let connect = target.connect(password.clone());
        let encrypted = connect.encrypted.clone();
        let mut config = Config::new();
        config.user(&target.role);
        // Nothing is left in a session that is given back: see `run::lease`.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(config, connect, recycling);
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
            encrypted,
            timeout: target.timeout,
            breaker: target.breaker.clone(),
            password,
            login: target.role.as_str().into(),
            is_own: target.is_own,
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

    /// Returns the longest wait for a free connection.
    pub(crate) fn wait(&self) -> Duration {
        self.pool.timeouts().wait.unwrap_or_default()
    }

    /// Returns the login.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// Sets the password of new connections, wakes those that wait for another one, and returns `true` if it is another one.
    pub(crate) fn set_password(&self, password: Option<&SecretString>) -> bool {
        self.password.set(password)
    }

    /// Uses no connection again that is open now.
    pub fn renew(&self) {
        *self.renewed.lock() = Some(Instant::now());
    }

    /// Returns a free connection.
    pub async fn get(&self) -> HttpResult<LoginSession> {
        self.breaker.check(Instant::now())?;
        if self.password.rests() && self.pool.status().available == 0 {
            return Err(unavailable());
        }
        let client = self.logged_in().await;
        self.watch(&client);
        let client = client.map_err(|error| match error {
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
                let message = "Timed out acquiring connection from connection pool.";
                HttpError::new(504, NO_CONNECTION, message)
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
            encrypted: self.encrypted.load(Ordering::Relaxed),
            timeout: self.timeout,
            runs: false,
            left: SessionState::default(),
            share: None,
        })
    }

    /// Takes a connection; a login whose password the server rejects is tried again.
    async fn logged_in(&self) -> std::result::Result<Object, PoolError> {
        let mut tries = self.password.tries();
        loop {
            let got = self.pool.get().await;
            if !matches!(&got, Err(PoolError::Backend(error)) if is_rejected(error)) {
                return got;
            }
            if !tries.wait_and_retry().await {
                if tries.failed() && !self.is_own {
                    tracing::warn!("{}: the server rejects the password of {}", self.connector, self.login);
                }
                return got;
            }
        }
    }

    /// Reports to the breaker if the server answered; pool timeouts do not count.
    fn watch(&self, got: &std::result::Result<Object, PoolError>) {
        if let Err(PoolError::Backend(error)) = got
            && let Some(why) = mistrust(error)
        {
            tracing::warn!("{}: {why}", self.connector);
        }
        match got {
            Ok(_) => self.breaker.succeeded(),
            Err(PoolError::Timeout(deadpool_postgres::TimeoutType::Wait)) => {}
            Err(PoolError::Backend(error)) if answered(error) => self.breaker.succeeded(),
            Err(_) => self.breaker.failed(Instant::now()),
        }
    }

    /// Returns the connections.
    pub(crate) fn connections(&self) -> PoolConnections {
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
        let renewed = *renewed.lock();
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

/// Codes of a server that starts, stops or recovers. A session may be ended by any other one: by code of its own service, too
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const OF_SERVER: [&str; 2] = ["57P02", "57P03"];

/// Returns `true` for an error of a server that is there, and also one that asks a login for something else than SCRAM. The state of
/// one login does not apply to the others.
fn answered(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(found) => !OF_SERVER.contains(&found.code().code()),
        None => io_kind(error) == Some(std::io::ErrorKind::PermissionDenied),
    }
}

fn io_kind(error: &tokio_postgres::Error) -> Option<std::io::ErrorKind> {
    std::error::Error::source(error)?.downcast_ref::<std::io::Error>().map(std::io::Error::kind)
}

/// Returns why a server is not the one that the settings trust; `None` if the connection failed for another reason.
fn mistrust(error: &tokio_postgres::Error) -> Option<String> {
    use std::io::ErrorKind::{InvalidData, PermissionDenied};
    let is_mistrust = matches!(io_kind(error), Some(InvalidData | PermissionDenied));
    std::error::Error::source(error).filter(|_| is_mistrust).map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use martydb_pg::wire::{ConnectionFailure, ErrorResponse, HandedStream, LoginError, Stage};
    use tokio_postgres::NoTls;

    use super::*;

    /// Returns the error with which the driver ends behind a login that failed.
    async fn driven(failure: LoginError) -> tokio_postgres::Error {
        let stream = HandedStream::failed(&failure);
        Config::new().user("shop_serve_ro").connect_raw(stream, NoTls).await.err().expect("the login failed")
    }

    #[tokio::test]
    async fn no_state_of_a_login_closes_the_server_to_others() {
        let letters: Vec<char> = ('0'..='9').chain('A'..='Z').collect();
        let classes = letters.iter().flat_map(|one| letters.iter().map(move |other| format!("{one}{other}")));
        for class in classes {
            for rest in ["000", "P01", "P02", "P03", "P04", "014"] {
                let sqlstate = format!("{class}{rest}");
                let refused = ErrorResponse { sqlstate: Some(sqlstate.clone()), ..ErrorResponse::default() };
                let error = driven(LoginError::Rejected(Box::new(refused))).await;
                assert_eq!(error.code().map(tokio_postgres::error::SqlState::code), Some(sqlstate.as_str()));
                let is_of_server = ["57P02", "57P03"].contains(&sqlstate.as_str());
                assert_eq!(answered(&error), !is_of_server, "{sqlstate}");
            }
        }
        let unreachable = ConnectionFailure { stage: Stage::Reach, why: "refused".into() };
        assert!(!answered(&driven(unreachable.into()).await));
    }

    /// Sources that tell a breaker something.
    fn telling(folder: &std::path::Path) -> Vec<String> {
        let mut found = vec![];
        for entry in folder.read_dir().unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                found.extend(telling(&path));
            } else if ["breaker.failed(", "breaker.succeeded("]
                .iter()
                .any(|way| std::fs::read_to_string(&path).unwrap().contains(way))
            {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
        found.sort();
        found
    }

    #[test]
    fn the_breaker_hears_of_connections_alone() {
        let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert_eq!(telling(&sources), ["breaker.rs", "pool.rs"]);
    }
}
