//! Target of a login.

use std::sync::Arc;
use std::time::Duration;

use martydb_pg::server::Endpoint;
use secrecy::SecretString;

use crate::guard::ServerBreaker;

/// Target of a login: its database and its settings there.
#[derive(Clone)]
pub struct LoginTarget {
    pub endpoint: Endpoint,
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
}
