//! One server as the audit reads it: settings, tablespaces, sessions, replication, files and the contents of
//! its databases, with a list of what was not read.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::database::DatabaseCatalog;
use super::host_files::OpenFile;
use super::rows::CatalogRow;
use martydb_model::acl::null_as_default;
use martydb_model::error::Result;
use martydb_model::hex;
use martydb_model::{AclEntry, ActualServer, RoleName, StoredPassword};

/// Catalogs and files of one server. `None` stands for what the admin lacks the privilege to read.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Roles, memberships, databases and their settings, as for a plan.
    pub actual: ActualServer,
    pub state: ServerState,
    /// Contents of each database to which the admin could connect.
    pub databases: BTreeMap<String, DatabaseCatalog>,
    /// Privileges on parameters; empty before 15.
    pub parameters: Vec<ParameterAcl>,
    pub kept: Option<BTreeMap<RoleName, StoredPassword>>,
    pub hba: Option<Vec<HbaLine>>,
    pub ident: Option<Vec<IdentLine>>,
    /// Settings in the configuration files.
    pub files: Option<Vec<FileSetting>>,
    /// Texts of these files; empty if the admin may not read them.
    pub hba_files: Vec<ConfigFile>,
    pub ident_files: Vec<ConfigFile>,
    /// Files that changed after the server last read them; empty if the admin may not read their times.
    pub unloaded: Vec<String>,
    /// Files that every account of the server's host can change; empty if martydb runs on another host.
    pub open_files: Vec<OpenFile>,
    /// Roles and databases that match each pattern in these files.
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
    /// Database in its connection string.
    from: Option<String>,
    /// `true` if the name is percent-encoded, as in a URI.
    escaped: bool,
}

impl SubscriptionSource {
    pub fn database(&self) -> Option<String> {
        let from = self.from.as_deref()?;
        let decoded = || percent_decode_str(from).decode_utf8_lossy().into_owned();
        Some(if self.escaped { decoded() } else { from.to_owned() })
    }
}

/// A line of postgresql.conf or of an included file.
#[derive(Debug, Clone, Deserialize)]
pub struct FileSetting {
    pub name: String,
    pub file: String,
    pub line: i32,
    /// Beginning of the value; it may contain a secret.
    pub value: FileValue,
    /// `true` if the value is longer.
    pub cut: bool,
}

/// A value that may be a secret: its `Debug` shows nothing.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct FileValue(pub String);

impl std::fmt::Debug for FileValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileValue")
    }
}

/// Match of a line of pg_hba.conf with a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineMatch {
    No,
    /// Depends on something unknown here: a host name, a pattern, or quotes that could not be read.
    Perhaps,
    Yes,
}

impl From<bool> for LineMatch {
    fn from(matches: bool) -> Self {
        if matches { LineMatch::Yes } else { LineMatch::No }
    }
}

/// A line of pg_hba.conf.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HbaLine {
    pub line: i32,
    /// File that contains it; from PostgreSQL 16 on.
    pub file: Option<String>,
    /// Connection type: local, host, hostssl and so on.
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

impl HbaLine {
    /// Returns `true` unless the line is certainly about other roles: groups, patterns and lists count.
    pub fn may_concern(&self, role: &RoleName) -> bool {
        let is = |user: &String| user == "all" || user == role.as_str() || user.starts_with(['+', '/', '@']);
        self.users.iter().any(is)
    }

    /// Returns `true` if the server can parse the line. For some options, such as a list that it cannot parse, its view has
    /// neither an error nor a method.
    pub fn is_read(&self) -> bool {
        self.error.is_none() && self.method.is_some()
    }

    /// Returns the line's error; `None` if the server can parse it.
    pub fn refusal(&self) -> Option<&str> {
        let unknown = || "the server cannot parse the line and reports no reason";
        (!self.is_read()).then(|| self.error.as_deref().unwrap_or_else(unknown))
    }

    pub(crate) fn refused(&self) -> Option<RefusedLine> {
        let error = self.refusal()?.to_owned();
        Some(RefusedLine { line: self.line, file: self.file.clone(), error })
    }
}

/// A line of pg_ident.conf: an account of the operating system and the role as which it may log in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IdentLine {
    pub line: i32,
    /// File that contains it; from PostgreSQL 16 on.
    #[serde(default)]
    pub file: Option<String>,
    pub map: String,
    /// Account of the operating system.
    pub system: String,
    pub role: String,
}

/// A line of pg_ident.conf that the server refuses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RefusedLine {
    pub(crate) line: i32,
    #[serde(default)]
    pub(crate) file: Option<String>,
    pub(crate) error: String,
}

/// Beginning of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConfigFile {
    pub path: String,
    #[serde(rename = "bytes", deserialize_with = "text_of_hex")]
    pub text: String,
}

/// Decodes a file whose comments may be in any encoding.
pub(crate) fn text_of_hex<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    let hex = Option::<String>::deserialize(source)?.unwrap_or_default();
    let bytes = hex::decode(&hex).ok_or_else(|| serde::de::Error::custom("not hexadecimal"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Something that could not be read for a reason other than a missing privilege; inconclusive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Unread {
    /// Service to which it belongs, if any.
    pub service: Option<String>,
    /// The server.
    pub server: String,
    /// Replica of the server that did not answer; `None` for the server itself.
    pub at: Option<String>,
    /// The database; `None` for the whole server.
    pub database: Option<String>,
    /// Data that was not read.
    pub what: String,
    /// The reason.
    pub why: String,
}

/// Something that the admin lacks the privilege to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct NotExamined {
    /// Data that was not read.
    pub what: String,
    /// The reason.
    pub why: String,
    /// A GRANT that would allow it.
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
    /// Scratch databases whose runs are alive.
    pub scratch: BTreeSet<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Parameters {
    /// `true` if the session started as the admin, without a role or a search path planted by a service.
    #[serde(rename = "alone")]
    pub pristine: bool,
    pub settings: BTreeMap<String, String>,
    /// Built-in default of each setting.
    pub defaults: BTreeMap<String, String>,
    /// Settings that every session may set for itself.
    #[serde(deserialize_with = "null_as_default")]
    pub user_settings: Vec<String>,
}

impl ServerState {
    pub fn add_row(&mut self, row: &CatalogRow) -> Result<()> {
        match row.section.as_str() {
            "server" => self.parameters = row.parse()?,
            "tablespace" => self.tablespaces.push(row.parse()?),
            "session" => self.sessions.push(row.parse()?),
            "slot" => self.slots.push(row.parse()?),
            "prepared" => self.prepared.push(row.parse()?),
            "subscription" => self.subscriptions.push(row.parse()?),
            "scratch" => _ = self.scratch.insert(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    }

    /// Sorts everything: the server's order varies, and findings are reported in this one.
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
    /// Comment, which every login can read.
    pub comment: Option<String>,
    /// Privileges, without the owner's own.
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ServerSession {
    pub pid: i32,
    /// Role of the session; `None` if it was dropped.
    pub role: Option<String>,
    /// `true` if that role may still log in.
    pub open: Option<bool>,
    /// `true` if it streams the server's changes.
    pub streams: bool,
    /// Database; `None` for a session without one.
    pub database: Option<String>,
    /// Its application_name, which every login can read.
    pub application: Option<String>,
    /// Start time, in UTC; `None` if the admin may not read it.
    pub since: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ReplicationSlot {
    pub name: String,
    /// Database of a logical slot.
    pub database: Option<String>,
    pub active: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct PreparedTransaction {
    pub gid: String,
    pub owner: String,
    pub database: String,
    /// Time of the preparation, in UTC.
    pub since: String,
    /// Age in seconds.
    pub seconds: i64,
    /// Catalogs of the whole server, such as `pg_auth_members`, to which it writes.
    pub changes: Option<String>,
    /// Set if it keeps no lock on a table of users, so that it did no work with rows.
    #[serde(default)]
    pub silent: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Subscription {
    pub name: String,
    pub owner: String,
    pub database: String,
}
