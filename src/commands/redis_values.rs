//! Values of Redis for the commands, in a build with it and in one without.

use crate::commands::change::{Change, ServerError};

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
