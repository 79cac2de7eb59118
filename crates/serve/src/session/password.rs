//! Password of a login, which may change while its pool is in use: connections that are open stay, and a new one that the server
//! rejects is tried again with what the secret store has by then. A rotation writes to the server and to the store one after
//! the other, so either may have the new password first.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use deadpool_postgres::Connect;
use futures_util::future::BoxFuture;
use martydb_model::sqlstate::INVALID_PASSWORD;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::{Client, Config, Error};

use super::connector::ServerConnector;

/// Longest time for which a connection is tried again.
const LONGEST: Duration = Duration::from_secs(3);

/// Pauses between two tries with the same password: the first, and the longest.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Time after a try in which no other one is made, once a password has stayed rejected: servers lock logins out, and write each
/// failure to their log.
const REST: Duration = Duration::from_secs(1);

/// The password, and how a new one is asked for.
pub struct LoginPassword {
    password: RwLock<Option<SecretString>>,
    /// Number of looks at the store.
    looks: watch::Sender<u64>,
    renewals: Arc<Notify>,
    /// Held by the connection that is tried again: the others wait for its result.
    turn: tokio::sync::Mutex<()>,
    /// Last rejection of a password that has stayed rejected.
    rejected: Mutex<Option<Instant>>,
}

impl LoginPassword {
    /// Makes the password of a pool; `renewals` is told where the server rejects it.
    pub fn new(password: Option<SecretString>, renewals: Arc<Notify>) -> LoginPassword {
        LoginPassword {
            password: RwLock::new(password),
            looks: watch::Sender::new(0),
            renewals,
            turn: tokio::sync::Mutex::default(),
            rejected: Mutex::default(),
        }
    }

    /// Sets the password that the store has, and returns `true` if it is another one.
    pub fn set(&self, password: Option<&SecretString>) -> bool {
        let is_new = password.is_some_and(|password| !same(Some(password), self.now().as_ref()));
        if let Some(password) = password.filter(|_| is_new) {
            *self.password.write().unwrap_or_else(PoisonError::into_inner) = Some(password.clone());
            self.remember(None);
        }
        self.looks.send_modify(|looks| *looks += 1);
        is_new
    }

    /// Returns `true` if the server has rejected this password for long, and a moment ago.
    pub fn rests(&self) -> bool {
        self.stays_rejected().is_some_and(|last| last.elapsed() < REST)
    }

    fn now(&self) -> Option<SecretString> {
        self.password.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn stays_rejected(&self) -> Option<Instant> {
        *self.rejected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, rejection: Option<Instant>) {
        *self.rejected.lock().unwrap_or_else(PoisonError::into_inner) = rejection;
    }
}

/// Returns `true` for the same password.
fn same(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    one.map(ExposeSecret::expose_secret) == other.map(ExposeSecret::expose_secret)
}

/// Connections with the password as it is now.
pub struct PasswordConnect {
    pub password: Arc<LoginPassword>,
    pub connector: ServerConnector,
}

/// A connection, and the task that drives it.
type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Connect for PasswordConnect {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Connected> {
        let config = config.clone();
        Box::pin(async move {
            let known = self.password.now();
            let done = match connected(&config, &self.connector, known.as_ref()).await {
                Err(error) if is_rejected(&error) => self.try_again(&config, known, error).await,
                done => done,
            };
            match &done {
                Ok(_) => self.password.remember(None),
                Err(error) if is_rejected(error) => self.remember_rejection(&config),
                Err(_) => {}
            }
            done
        })
    }
}

impl PasswordConnect {
    /// Tries until the server takes the password, for a limited time. A password that has stayed rejected has had that time.
    async fn try_again(
        &self,
        config: &Config,
        mut rejected: Option<SecretString>,
        mut error: Error,
    ) -> Connected {
        if self.password.stays_rejected().is_some() {
            self.password.renewals.notify_one();
            return Err(error);
        }
        let end = Instant::now() + LONGEST;
        let mut pause = PAUSE;
        let mut looks = self.password.looks.subscribe();
        let Ok(_turn) = tokio::time::timeout_at(end, self.password.turn.lock()).await else {
            return Err(error);
        };
        loop {
            let known = self.password.now();
            if same(known.as_ref(), rejected.as_ref()) {
                self.password.renewals.notify_one();
                let next = (Instant::now() + pause).min(end);
                let _look = tokio::time::timeout_at(next, looks.changed()).await;
                pause = (2 * pause).min(LONGEST_PAUSE);
            }
            if Instant::now() >= end {
                return Err(error);
            }
            rejected = self.password.now();
            match connected(config, &self.connector, rejected.as_ref()).await {
                Err(again) if is_rejected(&again) => error = again,
                done => return done,
            }
        }
    }

    fn remember_rejection(&self, config: &Config) {
        if self.password.stays_rejected().is_none() {
            let login = config.get_user().unwrap_or_default();
            tracing::warn!("{}: the server rejects the password of {login}", self.connector);
        }
        self.password.remember(Some(Instant::now()));
    }
}

fn is_rejected(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() == INVALID_PASSWORD)
}

async fn connected(
    config: &Config,
    connector: &ServerConnector,
    password: Option<&SecretString>,
) -> Connected {
    let mut config = config.clone();
    if let Some(password) = password {
        config.password(password.expose_secret());
    }
    let (client, connection) = config.connect(connector.clone()).await?;
    let task = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("a connection ended: {error}");
        }
    });
    Ok((client, task))
}
