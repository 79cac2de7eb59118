//! What the audit reads of the whole server: settings, tablespaces, sessions, and replication.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rows::CatalogRow;
use crate::error::Result;
use crate::model::AclEntry;
use crate::model::acl::null_as_default;

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
