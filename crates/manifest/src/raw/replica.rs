//! The key `replicas` of a server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Another server with the logins of this one, which martydb proves and watches but never writes to.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawReplica {
    /// Name in messages and metrics, unique within the server.
    pub name: String,
    /// Connection URL of the admin, with one host. What it leaves out (user, database, TLS, `require_auth`) is that of the
    /// server's url, and so is the password.
    pub url: String,
    /// Use by applications; default: read.
    #[serde(default)]
    pub role: ReplicaRole,
    /// Environment variable with the admin's password there, if it is not that of the server.
    pub password_env: Option<String>,
    /// Longest lag that `status --check` accepts, such as 30s.
    pub max_lag: Option<String>,
}

/// Use of a replica by applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReplicaRole {
    /// Reads of applications.
    #[default]
    Read,
    /// Long queries that may lag behind.
    Analytics,
    /// Worker of a Citus cluster, which applications never connect to.
    Worker,
}

impl ReplicaRole {
    /// Returns the role as the manifest writes it.
    pub fn word(self) -> &'static str {
        match self {
            ReplicaRole::Read => "read",
            ReplicaRole::Analytics => "analytics",
            ReplicaRole::Worker => "worker",
        }
    }
}
