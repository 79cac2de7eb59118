//! Lines of the server's files: who is let in, and as whom.

use serde::Deserialize;

use super::or_empty;

/// A line of pg_hba.conf.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HbaLine {
    /// Its number.
    pub line: i32,
    /// Its file, from 16 on.
    pub file: Option<String>,
    /// local, host, hostssl and so on.
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    /// Databases.
    #[serde(deserialize_with = "or_empty")]
    pub databases: Vec<String>,
    /// Roles.
    #[serde(deserialize_with = "or_empty")]
    pub users: Vec<String>,
    /// An address.
    pub address: Option<String>,
    /// Its mask.
    pub netmask: Option<String>,
    /// How who comes is recognised.
    pub method: Option<String>,
    /// Options of the method.
    #[serde(deserialize_with = "or_empty")]
    pub options: Vec<String>,
    /// Why the server cannot read the line.
    pub error: Option<String>,
}

/// A line of pg_ident.conf.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IdentLine {
    /// Its number.
    pub line: i32,
    /// The map.
    pub map: String,
    /// The account of the operating system.
    pub system: String,
    /// The role.
    pub role: String,
}
