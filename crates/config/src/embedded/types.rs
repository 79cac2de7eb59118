//! What the door of this room takes and gives.

use std::path::PathBuf;

use serde::Serialize;

use martydb_pg::wire::Endpoint;

/// Takes short messages for people, as things happen.
pub type Note<'a> = &'a mut (dyn FnMut(String) + Send);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Its key in the manifest.
    pub server: String,
    pub env: String,
    /// The manifest's folder.
    pub home: PathBuf,
    /// The port that the manifest asks for.
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
    /// Of a stopped server, the one that it will try first.
    pub port: Option<u16>,
    /// Of a stopped server, that of the last start.
    pub socket_dir: Option<PathBuf>,
    /// Where its data is, or would be.
    pub data_dir: PathBuf,
    pub pid: Option<u32>,
    /// The version that it was last started with.
    pub server_version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The socket, for the admin.
    pub admin: Endpoint,
    /// The address, for services.
    pub tcp: Endpoint,
    /// The admin's role. It has no password and needs none on the socket.
    pub admin_role: String,
    /// Whether this call started it.
    pub started: bool,
}
