//! Password of a login, which may change while its pool is in use: connections that are open stay, and a new one that the server
//! rejects waits until the secret store was read again.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use deadpool_postgres::Connect;
use futures_util::future::BoxFuture;
use martydb_model::sqlstate::INVALID_PASSWORD;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};

use super::connector::ServerConnector;

/// Longest wait for a new password in the secret store.
const LONGEST: Duration = Duration::from_secs(3);

/// The password, and how a new one is asked for.
pub struct LoginPassword {
    password: RwLock<Option<SecretString>>,
    /// Number of looks at the store.
    looks: watch::Sender<u64>,
    renewals: Arc<Notify>,
}

impl LoginPassword {
    /// Makes the password of a pool; `renewals` is told where the server rejects it.
    pub fn new(password: Option<SecretString>, renewals: Arc<Notify>) -> LoginPassword {
        LoginPassword { password: RwLock::new(password), looks: watch::Sender::new(0), renewals }
    }

    /// Sets the password that the store has.
    pub fn set(&self, password: Option<&SecretString>) {
        if let Some(password) = password {
            *self.password.write().unwrap_or_else(PoisonError::into_inner) = Some(password.clone());
        }
        self.looks.send_modify(|looks| *looks += 1);
    }

    fn now(&self) -> Option<SecretString> {
        self.password.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for a look at the store, and returns the password if it is another one.
    async fn renewed(&self, rejected: Option<&SecretString>) -> Option<SecretString> {
        let mut looks = self.looks.subscribe();
        let is_new = |password: &SecretString| {
            rejected.is_none_or(|rejected| rejected.expose_secret() != password.expose_secret())
        };
        let end = tokio::time::Instant::now() + LONGEST;
        loop {
            // Another connection may have asked already.
            if let Some(known) = self.now().filter(is_new) {
                return Some(known);
            }
            // The server has a new password before the store: one look may be too early.
            self.renewals.notify_one();
            tokio::time::timeout_at(end, looks.changed()).await.ok()?.ok()?;
        }
    }
}

/// Connections with the password as it is now.
pub struct PasswordConnect {
    pub password: Arc<LoginPassword>,
    pub connector: ServerConnector,
}

impl Connect for PasswordConnect {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let config = config.clone();
        Box::pin(async move {
            let password = self.password.now();
            match connected(&config, &self.connector, password.as_ref()).await {
                Err(error) if is_rejected(&error) => match self.password.renewed(password.as_ref()).await {
                    Some(fresh) => connected(&config, &self.connector, Some(&fresh)).await,
                    None => Err(error),
                },
                done => done,
            }
        })
    }
}

fn is_rejected(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() == INVALID_PASSWORD)
}

async fn connected(
    config: &Config,
    connector: &ServerConnector,
    password: Option<&SecretString>,
) -> Result<(Client, JoinHandle<()>), Error> {
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
