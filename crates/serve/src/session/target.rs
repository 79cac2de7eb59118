//! Target of a login.

use std::sync::Arc;
use std::time::Duration;

use martydb_model::sql::{List, Qualified, stmt};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;

use super::connector::ServerConnector;
use super::password::{LoginPassword, PasswordConnect};
use crate::guard::ServerBreaker;

/// Target of a login: its database and its settings there.
#[derive(Clone)]
pub struct LoginTarget {
    pub connector: ServerConnector,
    pub database: String,
    pub role: String,
    pub password: Option<SecretString>,
    pub schemas: Vec<String>,
    pub timeout: Duration,
    pub reads_only: bool,
    /// Most connections.
    pub connections: usize,
    /// Longest wait for a free connection.
    pub wait: Duration,
    /// Breaker of the server.
    pub breaker: Arc<ServerBreaker>,
    /// Told where the server rejects the password.
    pub renewals: Arc<Notify>,
    /// `true` if the statements are the program's own: they are long and do little work, so compiling them takes longer than they do.
    pub is_own: bool,
}

/// Time limit of the program's own statements about catalogs, whatever that of callers is.
const CATALOG_TIME: Duration = Duration::from_secs(30);

impl LoginTarget {
    fn secret(&self) -> Option<&str> {
        self.password.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Returns `true` if a pool of the other target serves this one, too.
    pub fn matches(&self, other: &LoginTarget) -> bool {
        let parts = |one: &LoginTarget| (one.timeout, one.reads_only, one.connections, one.wait);
        self.connector.matches(&other.connector)
            && (&self.database, &self.role, &self.schemas) == (&other.database, &other.role, &other.schemas)
            && parts(self) == parts(other)
            && self.secret() == other.secret()
            && Arc::ptr_eq(&self.breaker, &other.breaker)
    }

    /// Returns the target of the one connection for the catalogs.
    pub(crate) fn for_catalogs(&self) -> LoginTarget {
        LoginTarget {
            timeout: CATALOG_TIME,
            wait: CATALOG_TIME,
            reads_only: true,
            connections: 1,
            is_own: true,
            ..self.clone()
        }
    }

    /// Returns the maker of its connections.
    pub(super) fn connect(&self, password: Arc<LoginPassword>) -> PasswordConnect {
        PasswordConnect {
            password,
            connector: self.connector.clone(),
            database: self.database.clone(),
            options: startup_options(self),
            encrypted: Arc::default(),
        }
    }
}

/// Returns settings that the session has from its start; a reset brings them back.
fn startup_options(target: &LoginTarget) -> String {
    let escape = |text: &str| text.replace('\\', "\\\\").replace(' ', "\\ ");
    let path = List(target.schemas.iter().map(|name| Qualified(vec![name.clone()])).collect());
    let mut options = format!(
        "-c search_path={} -c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout=10s",
        escape(stmt!("{path}").shown()),
        target.timeout.as_millis(),
        target.timeout.as_millis()
    );
    if target.is_own {
        options.push_str(" -c jit=off");
    }
    if target.reads_only {
        options.push_str(" -c default_transaction_read_only=on");
    }
    options
}
