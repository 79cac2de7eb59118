//! Password of a login, which may change while its pool is in use: connections that are open stay, and a new one that the server
//! rejects is tried again with what the secret store has by then. A rotation writes to the server and to the store one after
//! the other, so either may have the new password first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use deadpool_postgres::Connect;
use futures_util::future::BoxFuture;
use martydb_model::sqlstate::INVALID_PASSWORD;
use martydb_pg::wire::{AuthRules, Credentials, Login, Startup};
use parking_lot::{Mutex, RwLock};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::connector::{LARGEST_MESSAGE, ServerConnector};

/// Longest time for which a login is tried again: a secret store that is a program of its own takes seconds.
const MAX_WAIT: Duration = Duration::from_secs(8);

/// Pauses between two tries with the same password: the first, and the longest.
const PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Time after a try in which no other one is made, once a password has stayed rejected: servers lock logins out, and write each
/// failure to their log.
const REST: Duration = Duration::from_secs(1);

/// The password, and how a new one is asked for.
pub(super) struct LoginPassword {
    login: RwLock<Login>,
    /// Number of passwords that there were.
    version: AtomicU64,
    /// Number of looks at the store.
    looks: watch::Sender<u64>,
    renewals: Arc<Notify>,
    /// Held by the request that waits for another password: the others wait for it, so that tries stay rare.
    turn: tokio::sync::Mutex<()>,
    /// Last rejection of a password that has stayed rejected.
    rejected: Mutex<Option<Instant>>,
}

impl LoginPassword {
    /// Makes the password of a pool; `renewals` is notified when the server rejects it.
    pub(super) fn new(role: &str, password: Option<SecretString>, renewals: Arc<Notify>) -> LoginPassword {
        LoginPassword {
            login: RwLock::new(login(role, password)),
            version: AtomicU64::new(0),
            looks: watch::Sender::new(0),
            renewals,
            turn: tokio::sync::Mutex::default(),
            rejected: Mutex::default(),
        }
    }

    /// Sets the password that the store has, and returns `true` if it is another one.
    pub(super) fn set(&self, password: Option<&SecretString>) -> bool {
        let is_new =
            password.is_some_and(|password| !same(Some(password), self.login.read().password.as_ref()));
        if let Some(password) = password.filter(|_| is_new) {
            let role = self.login.read().role.clone();
            *self.login.write() = login(&role, Some(password.clone()));
            self.version.fetch_add(1, Ordering::AcqRel);
            self.remember(None);
        }
        self.looks.send_modify(|looks| *looks += 1);
        is_new
    }

    /// Returns `true` if the server has rejected this password for long, and a moment ago.
    pub(super) fn rests(&self) -> bool {
        self.stays_rejected().is_some_and(|last| last.elapsed() < REST)
    }

    /// Begins the tries of a request: before its first connection.
    pub(super) fn tries(&self) -> LoginTries<'_> {
        LoginTries { password: self, version: self.version.load(Ordering::Acquire), wait: None }
    }

    /// Returns the login with the password as it is now. What was derived from the password is derived once.
    fn login(&self) -> Login {
        self.login.read().clone()
    }

    fn stays_rejected(&self) -> Option<Instant> {
        *self.rejected.lock()
    }

    fn remember(&self, rejection: Option<Instant>) {
        *self.rejected.lock() = rejection;
    }
}

/// Tries of one request to log in.
pub(super) struct LoginTries<'a> {
    password: &'a LoginPassword,
    /// The password of the last try.
    version: u64,
    wait: Option<Wait>,
}

/// Wait for another password, since the first rejection.
struct Wait {
    end: Instant,
    pause: Duration,
    looks: watch::Receiver<u64>,
}

impl LoginTries<'_> {
    /// Waits after a rejection until the login may be tried again, and returns `false` if that is of no use: a password that has
    /// stayed rejected has had its time.
    pub(super) async fn wait_and_retry(&mut self) -> bool {
        let known = self.password;
        if known.stays_rejected().is_some() {
            known.renewals.notify_one();
            return false;
        }
        let wait = self.wait.get_or_insert_with(|| Wait {
            end: Instant::now() + MAX_WAIT,
            pause: PAUSE,
            looks: known.looks.subscribe(),
        });
        let Ok(turn) = tokio::time::timeout_at(wait.end, known.turn.lock()).await else {
            return false;
        };
        if known.version.load(Ordering::Acquire) == self.version {
            known.renewals.notify_one();
            let next = (Instant::now() + wait.pause).min(wait.end);
            let _look = tokio::time::timeout_at(next, wait.looks.changed()).await;
            wait.pause = (2 * wait.pause).min(MAX_PAUSE);
        }
        // With a new one all try at the same time.
        drop(turn);
        self.version = known.version.load(Ordering::Acquire);
        Instant::now() < wait.end
    }

    /// Remembers that the password stayed rejected, and returns `true` if that is new.
    pub(super) fn failed(&self) -> bool {
        let is_new = self.password.stays_rejected().is_none();
        self.password.remember(Some(Instant::now()));
        is_new
    }
}

/// Returns the login with a password: the server has to prove that it knows it, too.
fn login(role: &str, password: Option<SecretString>) -> Login {
    Login { rules: AuthRules::Proven, ..Login::of_service(role, password) }
}

/// Returns `true` for the same password.
fn same(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    one.map(ExposeSecret::expose_secret) == other.map(ExposeSecret::expose_secret)
}

/// Connections with the password as it is now.
pub(super) struct PasswordConnect {
    pub password: Arc<LoginPassword>,
    pub connector: ServerConnector,
    pub database: String,
    /// Settings that the session has from its start.
    pub options: String,
    /// `true` if its connections are encrypted, so that requests to cancel have to be.
    pub encrypted: Arc<AtomicBool>,
}

/// Name of the program, visible in `pg_stat_activity`.
const APPLICATION_NAME: &str = "martydb serve";

/// A connection, and the task that drives it.
type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Connect for PasswordConnect {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Connected> {
        let config = config.clone();
        Box::pin(async move {
            let mut credentials = Credentials::new(self.password.login());
            let parameters = [("application_name", APPLICATION_NAME), ("options", self.options.as_str())];
            let startup = Startup { database: &self.database, parameters: &parameters };
            let stream = self.connector.log_in(&mut credentials, &startup, LARGEST_MESSAGE).await;
            let is_encrypted = stream.is_encrypted();
            let (client, connection) = config.connect_raw(stream, NoTls).await?;
            self.encrypted.store(is_encrypted, Ordering::Relaxed);
            self.password.remember(None);
            let task = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!("a connection ended: {error}");
                }
            });
            Ok((client, task))
        })
    }
}

/// Returns `true` if the server rejects the password.
pub(super) fn is_rejected(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() == INVALID_PASSWORD)
}
