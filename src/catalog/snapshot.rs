//! One server at the depth of the audit, and what of it was not read.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::database::DatabaseCatalog;
use super::decode::bytes_of_hex;
use super::server_state::ServerState;
use crate::model::acl::null_as_default;
use crate::model::{AclEntry, ActualServer, KeptPassword, RoleName};

/// What was read of one server. `None` stands for what the admin may not read.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Roles, memberships, databases and their settings, as a plan knows them.
    pub actual: ActualServer,
    pub state: ServerState,
    /// What is inside each database that the admin could connect to.
    pub databases: BTreeMap<String, DatabaseCatalog>,
    /// Privileges on parameters; none before 15.
    pub parameters: Vec<ParameterAcl>,
    pub kept: Option<BTreeMap<RoleName, KeptPassword>>,
    pub hba: Option<Vec<HbaLine>>,
    pub ident: Option<Vec<IdentLine>>,
    /// What the configuration files set.
    pub files: Option<Vec<FileSetting>>,
    /// The texts of these files; none where the admin may not read them.
    pub hba_files: Vec<ConfigFile>,
    pub ident_files: Vec<ConfigFile>,
    /// The roles and databases that each pattern of these files matches.
    pub patterns: BTreeMap<String, BTreeSet<String>>,
    pub sources: Vec<SubscriptionSource>,
    pub not_examined: Vec<NotExamined>,
    pub unread: Vec<Unread>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ParameterAcl {
    pub parameter: String,
    #[serde(flatten)]
    pub entry: AclEntry,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SubscriptionSource {
    pub name: String,
    /// The database that its connection string names.
    from: Option<String>,
    /// Whether the name is percent-encoded, as in a URI.
    escaped: bool,
}

impl SubscriptionSource {
    pub fn database(&self) -> Option<String> {
        let from = self.from.as_deref()?;
        let decoded = || percent_decode_str(from).decode_utf8_lossy().into_owned();
        Some(if self.escaped { decoded() } else { from.to_owned() })
    }
}

/// A line of postgresql.conf or of a file that it includes.
#[derive(Debug, Clone, Deserialize)]
pub struct FileSetting {
    pub name: String,
    /// Its beginning; it may hold a secret.
    pub value: FileValue,
    /// Whether the value goes on.
    pub cut: bool,
}

/// Has no readable `Debug`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct FileValue(pub String);

impl std::fmt::Debug for FileValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileValue")
    }
}

/// Whether a line of pg_hba.conf is about a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineMatch {
    No,
    /// It depends on what is not known here: a host's name, a pattern, or quotes that could not be read.
    Perhaps,
    Yes,
}

impl From<bool> for LineMatch {
    fn from(matches: bool) -> Self {
        if matches { LineMatch::Yes } else { LineMatch::No }
    }
}

/// A line of pg_hba.conf: who may log in from where.
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

/// A line of pg_ident.conf: which account may log in as whom.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IdentLine {
    pub line: i32,
    /// From PostgreSQL 16 on.
    #[serde(default)]
    pub file: Option<String>,
    pub map: String,
    /// The account of the operating system.
    pub system: String,
    pub role: String,
}

/// The beginning of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConfigFile {
    pub path: String,
    #[serde(rename = "bytes", deserialize_with = "text_of_hex")]
    pub text: String,
}

/// A comment may be in any encoding.
fn text_of_hex<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    let hex = Option::<String>::deserialize(source)?.unwrap_or_default();
    let bytes = bytes_of_hex(&hex).ok_or_else(|| serde::de::Error::custom("not hexadecimal"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Something that could not be read, for any reason but a missing privilege: nothing is proven of what is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Unread {
    /// The service whose it is; `None` where it is no service's.
    pub service: Option<String>,
    /// The server.
    pub server: String,
    /// The database; `None` where it is the whole server.
    pub database: Option<String>,
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct NotExamined {
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What would allow it.
    pub grant: Option<String>,
}

impl NotExamined {
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> NotExamined {
        NotExamined { what: what.into(), why: why.into(), grant: None }
    }

    pub fn allowed_by(self, grant: impl ToString) -> NotExamined {
        NotExamined { grant: Some(grant.to_string()), ..self }
    }
}
