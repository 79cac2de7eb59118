//! One server at the depth of the audit: settings, tablespaces, sessions, replication, files, and what is inside its
//! databases; and what of it was not read.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::database::DatabaseCatalog;
use super::rows::{CatalogRow, bytes_of_hex};
use martydb_model::acl::null_as_default;
use martydb_model::error::Result;
use martydb_model::{AclEntry, ActualServer, KeptPassword, RoleName};

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
    /// Those that were changed after the server last read them; none where the admin may not ask for their times.
    pub unloaded: Vec<String>,
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
    pub file: String,
    pub line: i32,
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

#[derive(Debug, Clone, Default)]
pub struct ServerState {
    pub parameters: Parameters,
    pub tablespaces: Vec<Tablespace>,
    pub sessions: Vec<ServerSession>,
    pub slots: Vec<ReplicationSlot>,
    pub prepared: Vec<PreparedTransaction>,
    pub subscriptions: Vec<Subscription>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Parameters {
    /// Whether the session that read it started as the admin, without a role or a search path that a service planted.
    #[serde(rename = "alone")]
    pub pristine: bool,
    pub settings: BTreeMap<String, String>,
    /// The built-in default of each setting.
    pub defaults: BTreeMap<String, String>,
    /// Names of the settings that every session may set for itself.
    #[serde(deserialize_with = "null_as_default")]
    pub user_settings: Vec<String>,
}

impl ServerState {
    pub fn take(&mut self, row: &CatalogRow) -> Result<()> {
        match row.section.as_str() {
            "server" => self.parameters = row.parse()?,
            "tablespace" => self.tablespaces.push(row.parse()?),
            "session" => self.sessions.push(row.parse()?),
            "slot" => self.slots.push(row.parse()?),
            "prepared" => self.prepared.push(row.parse()?),
            "subscription" => self.subscriptions.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    }

    /// The server answers in any order; findings are told in this one.
    pub fn sort(&mut self) {
        self.tablespaces.sort_by(|a, b| a.name.cmp(&b.name));
        self.sessions.sort_by_key(|session| session.pid);
        self.slots.sort_by(|a, b| a.name.cmp(&b.name));
        self.prepared.sort_by(|a, b| a.gid.cmp(&b.gid));
        self.subscriptions.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Tablespace {
    pub name: String,
    pub quoted: String,
    pub owner: String,
    /// Every login can read it.
    pub comment: Option<String>,
    /// Without the owner's own privileges.
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ServerSession {
    pub pid: i32,
    /// `None` for a role that was dropped.
    pub role: Option<String>,
    /// Whether that role may still log in.
    pub open: Option<bool>,
    /// Whether it streams the server's changes.
    pub streams: bool,
    /// `None` for one that serves no database.
    pub database: Option<String>,
    /// Its application_name, which every login can read.
    pub application: Option<String>,
    /// When it started, in UTC; `None` where the admin may not know.
    pub since: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ReplicationSlot {
    pub name: String,
    /// The database of a logical slot.
    pub database: Option<String>,
    pub active: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct PreparedTransaction {
    pub gid: String,
    pub owner: String,
    pub database: String,
    /// When it was prepared, in UTC.
    pub since: String,
    /// Its age in seconds.
    pub seconds: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Subscription {
    pub name: String,
    pub owner: String,
    pub database: String,
}
