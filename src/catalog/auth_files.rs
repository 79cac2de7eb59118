//! Lines of pg_hba.conf and pg_ident.conf: who may log in from where, and as whom.

use serde::Deserialize;

use crate::model::acl::null_as_default;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HbaLine {
    pub line: i32,
    /// From PostgreSQL 16 on.
    pub file: Option<String>,
    /// local, host, hostssl and so on.
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub databases: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub users: Vec<String>,
    pub address: Option<String>,
    pub netmask: Option<String>,
    pub method: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub options: Vec<String>,
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IdentLine {
    pub line: i32,
    pub map: String,
    /// The account of the operating system.
    pub system: String,
    pub role: String,
}
