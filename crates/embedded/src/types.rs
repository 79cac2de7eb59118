//! Public types of embedded servers.

use std::path::PathBuf;

use serde::Serialize;

use martydb_pg::wire::Endpoint;

/// Callback for short progress messages.
pub type Note<'a> = &'a mut (dyn FnMut(String) + Send);

/// Kind of an embedded server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddedEngine {
    PostgreSql,
    Redis,
}

impl EmbeddedEngine {
    pub const ALL: [EmbeddedEngine; 2] = [EmbeddedEngine::PostgreSql, EmbeddedEngine::Redis];

    /// Returns the file of the data folder without which a server of this kind was never there.
    pub(crate) const fn control_file(self) -> &'static str {
        match self {
            EmbeddedEngine::PostgreSql => "global/pg_control",
            EmbeddedEngine::Redis => "redis.conf",
        }
    }

    /// Returns the beginning of the line with the version, in martydb's own settings.
    pub(crate) const fn version_line(self) -> &'static str {
        match self {
            EmbeddedEngine::PostgreSql => "# PostgreSQL ",
            EmbeddedEngine::Redis => "# Redis ",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    pub engine: EmbeddedEngine,
    /// Key of the server in the manifest.
    pub server: String,
    pub env: String,
    /// Folder of the manifest.
    pub home: PathBuf,
    /// Port that the manifest sets.
    pub port: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Running,
    Stopped,
    /// There is no data.
    Absent,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    pub server: String,
    pub state: State,
    /// Port; of a stopped server, the one that it will try first.
    pub port: Option<u16>,
    /// Socket folder; of a stopped server, that of the last start.
    pub socket_dir: Option<PathBuf>,
    /// Folder of its data, even if there is none yet.
    pub data_dir: PathBuf,
    pub pid: Option<u32>,
    /// Version of the programs at the last start.
    pub server_version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningServer {
    /// Socket, for the admin.
    pub admin: Endpoint,
    /// Address, for services.
    pub tcp: Endpoint,
    /// Role of the admin. It has no password and needs none on the socket.
    pub admin_role: String,
    /// `true` if this call started the server.
    pub started: bool,
}
