//! Values of a report: the JSON as it is embedded, and the part of it that the page shows, typed. Pure.

mod bounds;
mod isolation;
mod records;
mod services;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use martydb_model::hex;

pub use bounds::MAX_TEXT_BYTES;
pub use isolation::{CountsRow, Isolation, MatrixCell, ProofSummary, ShownFinding, SkipNote};
pub use records::ServerRun;
pub(crate) use records::lanes;
pub use services::{
    Backup, History, PastEvent, PendingMigration, RedisKeys, ReplicaLine, ServiceError, StatedService,
};

/// A report: its JSON, and the same typed.
#[derive(Debug, Clone)]
pub struct ReportValues {
    pub json: Value,
    pub values: Values,
}

impl ReportValues {
    /// Cuts texts and lists that are too long, and reads the values.
    ///
    /// # Errors
    /// If the JSON is none of a report.
    pub fn new(mut json: Value) -> Result<ReportValues, serde_json::Error> {
        bounds::cut(&mut json);
        let values = Values::deserialize(&json)?;
        Ok(ReportValues { json, values })
    }
}

/// Values that the page shows. Unknown keys belong to later versions.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Values {
    pub format_version: u32,
    /// Time of the collection, RFC 3339, UTC.
    pub made_at: String,
    /// Time of the proof of isolation, which a monitor repeats less often; `None` if there is none.
    #[serde(default)]
    pub proven_at: Option<String>,
    /// Version of martydb.
    pub martydb: String,
    /// Commit of the manifest's repository, if it is in one.
    pub commit: Option<String>,
    pub manifest_sha256: String,
    pub project: String,
    pub environment: String,
    pub servers: Vec<Server>,
    pub services: Vec<StatedService>,
    /// Replicas of the services' servers.
    #[serde(default)]
    pub replicas: Vec<ReplicaLine>,
    /// Keys of services on Redis servers.
    #[serde(default)]
    pub redis: Vec<RedisKeys>,
    pub isolation: Isolation,
    pub access: Vec<AccessRow>,
    pub history: Vec<History>,
    /// Runs that changed the servers, the oldest first.
    #[serde(default)]
    pub records: Vec<ServerRun>,
    pub skipped: Vec<Skipped>,
}

/// A server or one of its replicas, and the databases that the matrix has as columns; on Redis they are prefixes of keys.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Server {
    pub server: String,
    /// Replica; `None` for the server itself.
    pub at: Option<String>,
    /// `true` if isolation was examined on it.
    pub examined: bool,
    pub databases: Vec<String>,
}

/// A role beyond a service's four that the manifest declares, with its access to one service.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccessRow {
    pub server: String,
    pub service: Option<String>,
    pub role: String,
    /// `login` or `group`.
    pub kind: String,
    /// Level of the access: `connect`, `read`, `write` and the like.
    pub level: String,
    /// Schema or table; `None` for the whole database.
    pub extent: Option<String>,
    /// `true` if its time is over.
    pub expired: bool,
    pub reason: String,
}

/// Something that was not looked at, or not in full.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    pub what: String,
    pub why: String,
    /// Statement or step that would allow it.
    pub grant: Option<String>,
}

/// Returns the SHA-256 of a manifest's file in hexadecimal digits, as `sha256sum` prints it.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
