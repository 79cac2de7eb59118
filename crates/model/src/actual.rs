//! What a server has, as its catalogues tell it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::acl::{AclEntry, null_as_default, sorted};
use super::{CollationVersions, Contents, DbName, FoundParameters, MadeWith, RoleName};
use crate::error::Error;

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ActualServer {
    /// `server_version_num`, such as 150018.
    pub version: u32,
    pub admin: Admin,
    /// Whether it follows another server and takes no writes.
    pub standby: bool,
    /// Of a standby, the server that it follows, as `host:port`; `None` where it does not tell.
    #[serde(default)]
    pub primary: Option<String>,
    /// The database the admin is connected to.
    pub maintenance: String,
    /// The role that `initdb` made; it owns what no other role owns.
    pub bootstrap: String,
    /// Extensions whose author fixed their schema: no other can be chosen.
    #[serde(deserialize_with = "null_as_default")]
    pub settled_extensions: BTreeSet<String>,
    /// Extensions whose objects the admin can move to another schema.
    #[serde(deserialize_with = "null_as_default")]
    pub movable_extensions: BTreeSet<String>,
    /// Extensions whose script PostgreSQL runs as a superuser for every role that may create in a database.
    #[serde(deserialize_with = "null_as_default")]
    pub trusted_extensions: BTreeSet<String>,
    pub capacity: Capacity,
    /// Whether its log tells which rows changed: `wal_level = logical`.
    #[serde(default)]
    pub logs_rows: bool,
    /// Tablespaces, and whether the admin may put a database there.
    #[serde(deserialize_with = "null_as_default")]
    pub tablespaces: BTreeMap<String, bool>,
    #[serde(skip)]
    pub roles: BTreeMap<RoleName, ActualRole>,
    /// Every membership, one row per grantor.
    #[serde(skip)]
    pub memberships: Vec<Membership>,
    #[serde(skip)]
    pub databases: BTreeMap<DbName, ActualDatabase>,
    #[serde(skip)]
    pub role_settings: BTreeMap<RoleName, Vec<RoleSetting>>,
    /// Open sessions, by login and database.
    #[serde(skip)]
    pub activity: Vec<Activity>,
    /// Settings that `ALTER ROLE ALL` put on every role: name and value.
    #[serde(skip)]
    pub everyones_settings: Vec<(String, String)>,
    /// How each login's password is kept; empty where the admin may not look.
    #[serde(skip)]
    pub passwords: BTreeMap<RoleName, KeptPassword>,
    /// Logins whose stored password is not the server's; empty where that could not be found out.
    #[serde(skip)]
    pub refused_logins: BTreeSet<RoleName>,
    /// What roles own or hold; empty where no role carries this manifest's marker.
    #[serde(skip)]
    pub holdings: BTreeMap<RoleName, Holdings>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holdings {
    /// Databases in which it does, and whether it owns something there.
    pub inside: BTreeMap<DbName, bool>,
    /// Whether it owns a shared object other than a database: a tablespace or a subscription.
    pub shared: bool,
    /// What it owns that only a superuser may own, in words, and in which database; `None` for shared objects.
    pub stuck: BTreeSet<(Option<DbName>, String)>,
}

/// What else depends on a service's roles that are going to be dropped, and on its database, as `pg_shdepend` knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleDependencies {
    /// Other databases in which the roles own or hold something, with what they own there.
    pub inside: BTreeMap<DbName, Vec<String>>,
    /// Other databases that belong to one of the roles.
    pub databases: BTreeSet<DbName>,
    /// Whether the roles hold rights on other shared objects.
    pub shared: bool,
    /// Whether the roles own shared objects other than databases: tablespaces or subscriptions.
    pub shared_owned: bool,
    /// What they own that only a superuser may own, in words: it can be given to no other role.
    pub stuck: BTreeSet<String>,
    /// Roles of others that own something in the service's database, with how much.
    pub guests: BTreeMap<RoleName, usize>,
}

/// How a login's password is kept (`pg_authid.rolpassword`), as far as a comparison needs it: the verifier itself
/// does not leave the server.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
pub struct KeptPassword {
    /// SHA-256 of what is kept, in hexadecimal; `None` where there is no password.
    pub digest: Option<String>,
    /// The salt in base64; `None` where it is not a SCRAM verifier.
    pub salt: Option<String>,
    pub rounds: Option<u32>,
}

/// With digest and salt a weak password could be guessed at leisure.
impl std::fmt::Debug for KeptPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptPassword")
    }
}

/// The login that inspects and applies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Admin {
    pub name: String,
    pub superuser: bool,
    pub createdb: bool,
    pub createrole: bool,
    /// Whether it holds the rights of the roles it is a member of without `SET ROLE`.
    pub inherit: bool,
    /// Whether it may see how passwords are kept.
    pub sees_passwords: bool,
    /// Settings that it may not put on a role; asked of limited admins only.
    #[serde(skip)]
    pub forbidden_settings: BTreeSet<String>,
    /// Settings with a dot that it may put on others, in lower case; asked of limited admins only.
    #[serde(skip)]
    pub dotted_settings: BTreeSet<String>,
    /// Extensions that it may not install; asked of limited admins only.
    #[serde(skip)]
    pub untrusted_extensions: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Capacity {
    pub max_connections: usize,
    /// Those kept for superusers and others.
    pub reserved: usize,
    pub in_use: usize,
}

impl Capacity {
    /// How many of `wanted` tasks may run at a time if each takes `each` connections: all of them together at most
    /// half of what is free now, so that services keep getting theirs.
    pub fn share(&self, wanted: usize, each: usize) -> usize {
        let free = self.max_connections.saturating_sub(self.reserved).saturating_sub(self.in_use);
        wanted.min(free / 2 / each.max(1)).max(1)
    }
}

impl ActualServer {
    /// What a database like this one is made with: as declared, else as it is.
    pub fn made_as(&self, database: &DbName, declared: &MadeWith) -> MadeWith {
        let template = DbName::found("template0").ok().and_then(|name| self.databases.get(&name));
        match (self.databases.get(database), template) {
            (Some(found), Some(template)) => declared.or_as(&found.parameters, &template.parameters),
            _ => declared.clone(),
        }
    }

    pub fn major(&self) -> u32 {
        self.version / 10000
    }

    /// The admin as a role; `None` where its name is none.
    pub fn admin_role(&self) -> Option<RoleName> {
        RoleName::found(self.admin.name.clone()).ok()
    }

    /// Whether the admin is a member of the role and can use that: from 16 on a membership may consist of ADMIN alone,
    /// which does not even open a database's door.
    pub fn admin_acts_as(&self, role: &RoleName) -> bool {
        let mut all = self.memberships.iter();
        all.any(|row| {
            let usable = self.major() < 16 || (row.inherit && row.set);
            usable && row.role == *role && row.member.as_str() == self.admin.name
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ActualRole {
    pub login: bool,
    pub inherit: bool,
    pub superuser: bool,
    pub createdb: bool,
    pub createrole: bool,
    pub replication: bool,
    pub bypassrls: bool,
    /// Simultaneous connections; `-1` is no limit.
    pub connection_limit: i32,
    /// When its password expires, as the server prints it.
    pub valid_until: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub expired: bool,
    pub comment: Option<String>,
}

impl ActualRole {
    /// Whether its attributes give it power over other roles or over the whole cluster's data.
    pub fn has_server_power(&self) -> bool {
        self.superuser || self.replication || self.createrole
    }
}

/// Predefined roles that read or write every file of the server, or run programs:
/// <https://www.postgresql.org/docs/current/predefined-roles.html>
pub const FILE_ROLES: [&str; 3] =
    ["pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"];

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Membership {
    /// The group.
    pub role: RoleName,
    pub member: RoleName,
    /// Who granted it; `None` where that role is gone.
    pub grantor: Option<RoleName>,
    pub admin: bool,
    /// Before PostgreSQL 16: whatever the member's own INHERIT says.
    pub inherit: bool,
    /// Before PostgreSQL 16 always true.
    pub set: bool,
}

impl Membership {
    /// Whether it gives no access without another grant.
    pub fn is_admin_alone(&self) -> bool {
        self.admin && !self.inherit && !self.set
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ActualDatabase {
    pub owner: String,
    pub allow_connections: bool,
    /// Simultaneous connections; `-1` is no limit.
    pub connection_limit: i32,
    /// May anyone with CREATEDB copy it?
    pub is_template: bool,
    #[serde(deserialize_with = "sorted")]
    pub acl: Vec<AclEntry>,
    pub comment: Option<String>,
    #[serde(default)]
    pub parameters: FoundParameters,
    /// Where the library's collation version is another than the recorded one.
    #[serde(skip)]
    pub collation: Option<CollationVersions>,
    /// Settings of the database itself: name and value.
    #[serde(skip)]
    pub settings: Vec<(String, String)>,
    /// Whether the server refused the admin's connection to it, so that what is inside was not read.
    #[serde(skip)]
    pub shut: bool,
    /// Why what is inside could not be read, for any reason but a missing right.
    #[serde(skip)]
    pub unread: Option<Error>,
    /// `None` where what is inside was not read.
    #[serde(skip)]
    pub contents: Option<Contents>,
}

impl ActualDatabase {
    /// Whether an entry grants CONNECT to one of these roles or to PUBLIC.
    pub fn grants_connect(&self, is_one: impl Fn(&RoleName) -> bool) -> bool {
        self.connectors().any(|role| role.is_none_or(&is_one))
    }

    /// The roles that hold CONNECT; `None` is PUBLIC.
    pub fn connectors(&self) -> impl Iterator<Item = Option<&RoleName>> {
        let entries = self.acl.iter().filter(|entry| entry.privilege == "CONNECT");
        entries.map(|entry| entry.grantee.role())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleSetting {
    pub role: RoleName,
    /// In one database, or everywhere.
    pub database: Option<DbName>,
    pub name: String,
    /// Its value as stored.
    pub value: String,
}

/// What one login has open in one database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Activity {
    pub role: RoleName,
    pub database: DbName,
    pub sessions: usize,
    /// When one of them last did something, in UTC as RFC 3339 writes it; `None` where the admin may not see it.
    pub last: Option<String>,
}

/// What stands between the beginning of a value that was cut and its length.
const CUT: &str = "… (";

/// A setting's value of which only the beginning was read. It ends with its length, and is equal to nothing that a
/// manifest declares.
pub fn cut(beginning: &str, bytes: u64) -> String {
    format!("{beginning}{CUT}{bytes} bytes)")
}

/// Whether a setting's value was read only in part.
pub fn is_cut(value: &str) -> bool {
    value.ends_with(" bytes)") && value.contains(CUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_leaves_connections_to_the_services() {
        for (wanted, max_connections, reserved, in_use, expected) in
            [(8, 100, 3, 10, 8), (64, 100, 3, 17, 40), (8, 10, 3, 5, 1), (8, 10, 3, 20, 1), (1, 100, 3, 0, 1)]
        {
            assert_eq!(Capacity { max_connections, reserved, in_use }.share(wanted, 1), expected);
        }
    }
}
