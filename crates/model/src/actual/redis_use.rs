//! Use of a Redis server as it is now, for a proposal of services.

use serde::Serialize;

use crate::ServiceName;

/// Use of a server.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RedisUse {
    pub clients: Vec<RedisClients>,
    pub prefixes: Vec<RedisPrefix>,
    /// Keys without a prefix that a service could have, and one of them.
    pub others: usize,
    pub example: Option<String>,
    pub looked_at: usize,
    /// `false` if the server has more keys than were looked at.
    pub complete: bool,
}

/// Connections of one user with one name from one host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RedisClients {
    pub user: String,
    pub name: String,
    pub host: String,
    pub count: usize,
}

/// Keys with one prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisPrefix {
    pub prefix: String,
    pub keys: usize,
    /// Name that a service with this prefix would have.
    pub service: ServiceName,
}
