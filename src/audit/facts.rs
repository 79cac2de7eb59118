//! What the audit's own queries tell, with types. Plain data: what it means is decided elsewhere.

mod files;
mod inside;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::error::Result;
use crate::model::KeptPassword;
use crate::server::rows::Item;

pub use files::{HbaLine, IdentLine};
pub use inside::{
    DefaultRow, EventTrigger, Extension, ForeignServer, Inside, Language, MOST_OF_A_KIND, Mapping, Other,
    Thing, Trigger, Unsearched,
};

/// Everything that was read of one server beyond [`crate::model::ActualServer`].
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The shared catalogues.
    pub cluster: Cluster,
    /// What is inside each database that could be entered.
    pub databases: BTreeMap<String, Inside>,
    /// Rights on parameters; none before 15.
    pub parameters: Vec<ParameterAcl>,
    /// How passwords are kept; `None` where the admin may not look.
    pub kept: Option<BTreeMap<String, KeptPassword>>,
    /// The lines of pg_hba.conf; `None` where the admin may not look.
    pub hba: Option<Vec<HbaLine>>,
    /// Where subscriptions get their rows from.
    pub sources: Vec<Source>,
    /// The lines of pg_ident.conf; `None` where the admin may not look.
    pub ident: Option<Vec<IdentLine>>,
    /// What could not be looked at.
    pub not_examined: Vec<NotExamined>,
    /// What could not be read though the admin may.
    pub unread: Vec<Unread>,
}

/// Something that could not be read, for any reason but a missing right: nothing is proven of what is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
pub struct NotExamined {
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What would allow it.
    pub grant: Option<String>,
}

/// The shared catalogues.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    /// Whether the session that looked started as the admin, without a role or a search path that a service planted.
    pub alone: bool,
    /// Some settings of the server.
    pub settings: BTreeMap<String, String>,
    /// What each setting is where nobody sets it.
    pub defaults: BTreeMap<String, String>,
    /// Names of the settings that every session may set for itself.
    pub user_settings: Vec<String>,
    /// Tablespaces.
    pub tablespaces: Vec<Tablespace>,
    /// Sessions.
    pub sessions: Vec<Session>,
    /// Replication slots.
    pub slots: Vec<Slot>,
    /// Prepared transactions.
    pub prepared: Vec<Prepared>,
    /// Subscriptions.
    pub subscriptions: Vec<Subscription>,
}

/// The server itself, as its row tells.
#[derive(Deserialize)]
struct ServerRow {
    alone: bool,
    settings: BTreeMap<String, String>,
    defaults: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_empty")]
    user_settings: Vec<String>,
}

impl Cluster {
    /// Takes one row.
    pub fn take(&mut self, item: &Item) -> Result<()> {
        match item.section.as_str() {
            "server" => {
                let row: ServerRow = item.parse()?;
                (self.alone, self.settings) = (row.alone, row.settings);
                (self.defaults, self.user_settings) = (row.defaults, row.user_settings);
            }
            "tablespace" => self.tablespaces.push(item.parse()?),
            "session" => self.sessions.push(item.parse()?),
            "slot" => self.slots.push(item.parse()?),
            "prepared" => self.prepared.push(item.parse()?),
            "subscription" => self.subscriptions.push(item.parse()?),
            _ => return item.unknown(),
        }
        Ok(())
    }

    /// In the order in which findings are told, whatever order the server answered in.
    pub fn sort(&mut self) {
        self.tablespaces.sort_by(|a, b| a.name.cmp(&b.name));
        self.sessions.sort_by_key(|session| session.pid);
        self.slots.sort_by(|a, b| a.name.cmp(&b.name));
        self.prepared.sort_by(|a, b| a.gid.cmp(&b.gid));
        self.subscriptions.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

/// A tablespace.
#[derive(Debug, Clone, Deserialize)]
pub struct Tablespace {
    /// Its name.
    pub name: String,
    /// The same, quoted by the server.
    pub quoted: String,
    /// Its owner.
    pub owner: String,
    /// Its comment, which every login can read.
    pub comment: Option<String>,
    /// Rights on it, the owner's aside.
    #[serde(deserialize_with = "or_empty")]
    pub acl: Vec<Right>,
}

/// A session.
#[derive(Debug, Clone, Deserialize)]
pub struct Session {
    /// Its process.
    pub pid: i32,
    /// Who logged in; `None` for a role that is gone.
    pub role: Option<String>,
    /// Whether that role may log in still.
    pub open: Option<bool>,
    /// Whether it streams the server's changes.
    pub streams: bool,
    /// Where; `None` for one that serves no database.
    pub database: Option<String>,
    /// What it calls itself, which every login can read.
    pub application: Option<String>,
    /// Since when, in UTC; `None` where the admin may not know.
    pub since: Option<String>,
}

/// A replication slot.
#[derive(Debug, Clone, Deserialize)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// The database of a logical one.
    pub database: Option<String>,
    /// Whether somebody reads from it.
    pub active: bool,
}

/// A prepared transaction.
#[derive(Debug, Clone, Deserialize)]
pub struct Prepared {
    /// Its name.
    pub gid: String,
    /// Who prepared it.
    pub owner: String,
    /// Where.
    pub database: String,
    /// Since when, in UTC.
    pub since: String,
    /// How long ago.
    pub seconds: i64,
}

/// A subscription.
#[derive(Debug, Clone, Deserialize)]
pub struct Subscription {
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: String,
    /// Where.
    pub database: String,
}

/// Where a subscription gets its rows from.
#[derive(Debug, Clone, Deserialize)]
pub struct Source {
    /// The subscription.
    pub name: String,
    /// The database that its connection names.
    pub from: Option<String>,
}

/// One right; a NULL ACL was read through `acldefault`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Right {
    /// Who holds it; `None` is PUBLIC.
    pub grantee: Option<String>,
    /// Who granted it.
    pub grantor: String,
    /// Its name; one that we do not know stays as the server spelt it.
    pub privilege: String,
    /// May the grantee grant it on?
    pub grantable: bool,
}

/// A right on a parameter.
#[derive(Debug, Clone, Deserialize)]
pub struct ParameterAcl {
    /// The parameter.
    pub parameter: String,
    /// The right.
    #[serde(flatten)]
    pub right: Right,
}

fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(raw: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(raw)?.unwrap_or_default())
}
