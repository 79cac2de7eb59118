//! Values of Redis for the commands, in a build with it and in one without.

use serde::Serialize;

use crate::commands::support::change::{Change, ServerError};
use martydb_model::error::Error;
use martydb_model::metrics::{Sample, Subject};

/// Server as `doctor` shows it.
pub struct RedisHealth {
    pub server: String,
    pub version: String,
    pub admin: String,
    /// Name, need of attention, and detail of each check.
    pub checks: Vec<(&'static str, bool, String)>,
}

/// Result of an `apply` on Redis.
#[derive(Default)]
pub struct RedisApplied {
    pub changes: Vec<Change>,
    pub errors: Vec<ServerError>,
    /// Sentences for the user.
    pub notes: Vec<String>,
}

/// Address of a service's keys for a client.
pub struct RedisAddress {
    pub url: String,
    pub user: String,
}

/// Statistics of a server for `monitor`.
#[cfg_attr(not(feature = "monitor"), allow(dead_code))]
pub struct RedisMeasured {
    pub server: String,
    pub samples: Vec<Sample>,
    /// Subjects whose samples these are.
    pub subjects: Vec<Subject>,
    /// Reason why the server could not be read.
    pub failure: Option<Error>,
}

/// Keys of a service, as `status` shows them.
#[derive(Debug, Clone, Serialize)]
pub struct RedisRow {
    pub service: String,
    pub server: String,
    pub prefix: String,
    pub state: RedisState,
    pub error: Option<String>,
}

/// Result of the logins of a service's users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedisState {
    /// Both users log in.
    Ok,
    /// The server refused a user, or the secret store lacks its password.
    Refused,
    /// The server could not be asked.
    Unreachable,
}

impl RedisRow {
    /// Returns the line for people.
    pub fn in_words(&self) -> String {
        let RedisRow { service, server, prefix, state, error } = self;
        let why = error.as_deref().unwrap_or_default();
        let said = match state {
            RedisState::Ok => "both users log in".to_owned(),
            RedisState::Refused => format!("no login: {why}"),
            RedisState::Unreachable => format!("no answer: {why}"),
        };
        format!("redis of {service}: keys {prefix} on server {server}: {said}")
    }
}

/// Connections of one user with one name from one host.
#[derive(Serialize)]
pub struct RedisClients {
    pub user: String,
    pub name: String,
    pub host: String,
    pub count: usize,
}

/// Use of a server, for `adopt --redis`.
pub struct RedisUsage {
    pub server: String,
    pub clients: Vec<RedisClients>,
    /// Prefixes, each with the number of its keys and the name that a service with it would have.
    pub prefixes: Vec<(String, usize, String)>,
    /// Keys without such a prefix, and one of them.
    pub others: usize,
    pub example: Option<String>,
    pub looked_at: usize,
    /// `false` if the server has more keys than were looked at.
    pub complete: bool,
}
