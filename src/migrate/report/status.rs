//! What `status` and `history` tell of a service.

use serde::{Serialize, Serializer};

use super::outcome::MigrationId;
use crate::error::Error;
use crate::migrate::check::{Divergence, OtherTool};
use crate::migrate::files::FileProblem;
use crate::migrate::history::Unfinished;
use crate::model::DesiredService;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    UpToDate,
    Pending,
    /// The database, or a role, does not exist yet.
    NotProvisioned,
    /// The server differs from the manifest; set by the command, which compares the two.
    Drifted,
    /// Files and history differ.
    Divergent,
    #[default]
    Unreachable,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ServiceStatus {
    pub service: String,
    pub server: String,
    pub database: String,
    pub state: ServiceState,
    pub current: Option<i64>,
    pub latest: Option<i64>,
    pub pending: Vec<MigrationId>,
    /// The database's size on disk.
    pub size_bytes: Option<i64>,
    /// Other sessions in the database.
    pub connections: Option<i64>,
    pub divergences: Vec<Divergence>,
    /// Histories of other tools, where martydb has none.
    pub foreign: Vec<OtherTool>,
    #[serde(serialize_with = "serialize_unfinished")]
    pub unfinished: Vec<Unfinished>,
    #[serde(serialize_with = "serialize_problems")]
    pub problems: Vec<FileProblem>,
    pub error: Option<Error>,
}

impl ServiceStatus {
    pub fn unreachable(service: &DesiredService, error: Error) -> ServiceStatus {
        ServiceStatus {
            service: service.name.to_string(),
            server: service.server.clone(),
            database: service.database.to_string(),
            error: Some(error),
            ..ServiceStatus::default()
        }
    }
}

fn serialize_unfinished<S: Serializer>(all: &[Unfinished], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().map(|begun| begun.version))
}

fn serialize_problems<S: Serializer>(all: &[FileProblem], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().map(ToString::to_string))
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct HistoryEvent {
    /// RFC 3339, UTC.
    pub at: String,
    /// `upgrade`, `downgrade`, `baseline` or `repair`.
    pub action: String,
    pub version: i64,
    pub name: String,
    /// refinery's checksum.
    pub checksum: Option<String>,
    /// How long it took, where that was measured.
    pub duration_ms: Option<i64>,
    /// Account and machine, else the role.
    pub by: String,
    /// `started`, `ok` or `failed`.
    pub outcome: String,
    /// The role that was logged in.
    pub role: Option<String>,
    /// The version of the tool.
    pub tool: Option<String>,
    /// How often it was tried because of locks.
    pub attempts: Option<i32>,
    /// What the server said, with its SQLSTATE.
    pub error: Option<String>,
    /// The reason that an operator gave.
    pub note: Option<String>,
}
