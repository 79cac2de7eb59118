//! Services, their migration history and the replicas of their servers, as `status` and `history` print them.

use serde::{Deserialize, Serialize};

/// State of one service.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct StatedService {
    pub service: String,
    pub server: String,
    pub database: String,
    pub state: String,
    pub current: Option<i64>,
    pub latest: Option<i64>,
    pub pending: Vec<PendingMigration>,
    #[serde(default)]
    pub repeatable_pending: Vec<PendingRepeatable>,
    pub size_bytes: Option<i64>,
    pub connections: Option<i64>,
    /// Differences between files and history; only their number is shown.
    #[serde(default)]
    pub divergences: Vec<serde_json::Value>,
    /// `same`, `drifted` or `unknown`; `None` where nothing was compared.
    #[serde(default)]
    pub schema: Option<String>,
    #[serde(default)]
    pub schema_drift: Vec<ChangedObject>,
    /// Collations that may sort otherwise than when indexes were built; the page says only that there are some.
    #[serde(default)]
    pub collations: Vec<serde_json::Value>,
    pub last_event: Option<PastEvent>,
    #[serde(default)]
    pub problems: Vec<String>,
    pub backup: Option<Backup>,
    pub error: Option<ServiceError>,
}

/// A migration by its number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PendingMigration {
    pub version: i64,
    pub name: String,
}

/// An object that was changed by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ChangedObject {
    /// Kind and name.
    pub object: String,
    pub change: String,
    /// Time of the last run that found it as expected.
    pub since: Option<String>,
}

/// A repeatable migration that is due.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PendingRepeatable {
    pub name: String,
}

/// Backups of one service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Backup {
    pub count: u64,
    pub taken_at: Option<String>,
    pub verified_at: Option<String>,
}

/// A replica of a server.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ReplicaLine {
    pub server: String,
    pub name: String,
    pub state: String,
    pub lag_bytes: Option<i64>,
    pub lag_ms: Option<i64>,
    /// `true` if it lags by more than the manifest accepts, or nothing shows that it does not.
    pub late: bool,
    /// State and lag for people.
    pub in_words: String,
}

/// Keys of a service on a Redis server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedisKeys {
    pub service: String,
    pub server: String,
    /// Beginning of all its keys.
    pub prefix: String,
}

/// An error with its hints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ServiceError {
    pub message: String,
    #[serde(default)]
    pub causes: Vec<String>,
    #[serde(default)]
    pub hints: Vec<String>,
}

/// Events of one service, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct History {
    pub service: String,
    pub events: Vec<PastEvent>,
    pub error: Option<ServiceError>,
}

/// One run of a migration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PastEvent {
    pub at: String,
    pub action: String,
    pub version: Option<i64>,
    pub name: String,
    pub duration_ms: Option<i64>,
    pub by: String,
    pub outcome: String,
    pub error: Option<String>,
    pub note: Option<String>,
}

impl PastEvent {
    /// Returns the migration's name as its file has it.
    pub fn migration(&self) -> String {
        match self.version {
            Some(version) => format!("V{version}__{}", self.name),
            None => format!("R__{}", self.name),
        }
    }
}
