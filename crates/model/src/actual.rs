//! The actual state of a server, from its catalogs.

pub mod acl;
mod contents;
mod redis_use;
mod role_graph;
mod run_record;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{ActualParameters, CollationVersions, CreationParameters, DbName, RoleName};
use crate::error::Error;
use acl::{null_as_default, sorted};

pub use acl::{AclEntry, Grantee};
pub use contents::{
    ActualObject, ActualPublication, ActualRecords, ActualSchema, Contents, DefaultAcl, ObjectKind, OwnerCode,
};
pub use redis_use::{RedisClients, RedisPrefix, RedisUse};
pub use role_graph::{RoleGraph, RolePath};
pub use run_record::{RUN_RECORD_SCHEMA, RecordPlace, RunRecordFacts};

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ActualServer {
    /// `server_version_num`, such as 150018.
    pub version: u32,
    pub admin: Admin,
    /// `true` if the server is a standby.
    pub standby: bool,
    /// Primary of a standby, as `host:port`; `None` if unknown.
    #[serde(default)]
    pub primary: Option<String>,
    /// The database that the admin is connected to.
    pub maintenance: String,
    /// The bootstrap superuser, made by `initdb`; it owns what no other role owns.
    pub bootstrap: String,
    /// Read only for a manifest that declares extensions.
    #[serde(skip)]
    pub host_extensions: HostExtensions,
    pub capacity: Capacity,
    /// `true` if `wal_level` is `logical`.
    #[serde(default)]
    pub logs_rows: bool,
    /// Tablespaces; `true` if the admin may create databases there.
    #[serde(deserialize_with = "null_as_default")]
    pub tablespaces: BTreeMap<String, bool>,
    #[serde(skip)]
    pub roles: BTreeMap<RoleName, ActualRole>,
    /// Memberships, one per grantor.
    #[serde(skip)]
    pub memberships: Vec<Membership>,
    #[serde(skip)]
    pub databases: BTreeMap<DbName, ActualDatabase>,
    #[serde(skip)]
    pub role_settings: BTreeMap<RoleName, Vec<RoleSetting>>,
    /// Open sessions, by login and database.
    #[serde(skip)]
    pub activity: Vec<Activity>,
    /// Settings of `ALTER ROLE ALL`: name and value.
    #[serde(skip)]
    pub everyones_settings: Vec<(String, String)>,
    /// Stored password of each login; empty if the admin cannot read `pg_authid`.
    #[serde(skip)]
    pub passwords: BTreeMap<RoleName, StoredPassword>,
    /// Logins whose password differs from the secret store's; empty if that is unknown.
    #[serde(skip)]
    pub refused_logins: BTreeSet<RoleName>,
    /// Dependencies of roles; empty if no role carries this manifest's marker.
    #[serde(skip)]
    pub holdings: BTreeMap<RoleName, Holdings>,
    /// Place of the record of runs; `None` if it was not read.
    #[serde(skip)]
    pub run_record: Option<RunRecordFacts>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holdings {
    /// Databases with dependencies; `true` if the role owns something there.
    pub inside: BTreeMap<DbName, bool>,
    /// `true` if it owns a shared object other than a database: a tablespace or a subscription.
    pub shared: bool,
    /// Objects of it that only a superuser may own, described, with their database; `None` for shared objects.
    pub stuck: BTreeSet<(Option<DbName>, String)>,
}

/// Dependencies on a service's database and roles before they are dropped, from `pg_shdepend`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleDependencies {
    /// Other databases in which the roles have dependencies, with the objects that they own there.
    pub inside: BTreeMap<DbName, Vec<String>>,
    /// Other databases owned by one of the roles.
    pub databases: BTreeSet<DbName>,
    /// `true` if the roles hold privileges on other shared objects.
    pub shared: bool,
    /// `true` if the roles own shared objects other than databases: tablespaces or subscriptions.
    pub shared_owned: bool,
    /// Objects of the roles that only a superuser may own, described: they have no possible new owner.
    pub stuck: BTreeSet<String>,
    /// Other roles that own objects in the service's database, with the number of objects.
    pub guests: BTreeMap<RoleName, usize>,
}

/// A login's stored password (`pg_authid.rolpassword`), as far as comparisons need it: the verifier itself is not
/// read.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
pub struct StoredPassword {
    /// SHA-256 of the verifier, in hexadecimal; `None` without a password.
    pub digest: Option<String>,
    /// Salt in base64; `None` if it is not a SCRAM verifier.
    pub salt: Option<String>,
    pub rounds: Option<u32>,
}

/// Redacted: digest and salt allow offline guessing of a weak password.
impl std::fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoredPassword")
    }
}

/// The admin: the login that inspects and applies.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Admin {
    pub name: String,
    pub superuser: bool,
    pub createdb: bool,
    pub createrole: bool,
    /// `true` if it inherits the privileges of its roles without `SET ROLE`.
    pub inherit: bool,
    /// `true` if it may read `pg_authid`.
    pub sees_passwords: bool,
    /// Settings that it may not set for a role; queried for limited admins only.
    #[serde(skip)]
    pub forbidden_settings: BTreeSet<String>,
    /// Custom settings (with a dot) that it may set for others, in lower case; queried for limited admins only.
    #[serde(skip)]
    pub dotted_settings: BTreeSet<String>,
}

/// Extensions that are installed on the server's host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct HostExtensions {
    /// Those with a fixed schema (`pg_available_extension_versions.schema`).
    #[serde(deserialize_with = "null_as_default")]
    pub settled: BTreeSet<String>,
    /// Those that the admin can move to another schema.
    #[serde(deserialize_with = "null_as_default")]
    pub movable: BTreeSet<String>,
    /// Trusted extensions: their script runs as a superuser for every role with CREATE on the database.
    #[serde(deserialize_with = "null_as_default")]
    pub trusted: BTreeSet<String>,
    /// Those that can be installed, with the extensions that each needs.
    #[serde(deserialize_with = "null_as_default")]
    pub needs: BTreeMap<String, BTreeSet<String>>,
    /// Fixed schemas by extension.
    #[serde(deserialize_with = "null_as_default")]
    pub fixed: BTreeMap<String, String>,
    /// Those whose objects can be moved to another schema, by any owner of them.
    #[serde(deserialize_with = "null_as_default")]
    pub relocatable: BTreeSet<String>,
    /// Those that the admin may not install; a superuser may install all.
    #[serde(deserialize_with = "null_as_default")]
    pub forbidden: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Capacity {
    pub max_connections: usize,
    /// Connections reserved for superusers and others.
    pub reserved: usize,
    pub in_use: usize,
}

impl Capacity {
    /// Returns how many of `wanted` tasks may run at a time if each takes `each` connections: together at most half
    /// of the free ones, the rest is for services.
    pub fn share(&self, wanted: usize, each: usize) -> usize {
        let free = self.max_connections.saturating_sub(self.reserved).saturating_sub(self.in_use);
        wanted.min(free / 2 / each.max(1)).max(1)
    }
}

/// Number of services processed at the same time.
#[derive(Debug, Clone, Copy)]
pub struct Jobs {
    pub count: usize,
    /// Set if the user chose the number.
    pub explicit: bool,
}

impl Jobs {
    pub const ONE: Jobs = Jobs { count: 1, explicit: true };

    /// Returns the number for a server where each service takes two connections at most. Before 15 each CREATE DATABASE
    /// waits for a checkpoint, and all that wait share the next one: more services at a time are then faster.
    pub fn on(self, actual: &ActualServer) -> usize {
        const WAITING: usize = 32;
        actual.capacity.share(if actual.major() < 15 { self.at_least(WAITING) } else { self.count }, 2)
    }

    /// Returns the number for queries, one connection each: the delay of the network is waited for once, not once per
    /// service.
    pub fn of_reads(self, capacity: &Capacity) -> usize {
        const MAX_JOBS: usize = 64;
        capacity.share(self.at_least(MAX_JOBS), 1)
    }

    /// Returns the number, or `count` if that is more and the user chose none.
    fn at_least(self, count: usize) -> usize {
        if self.explicit { self.count } else { self.count.max(count) }
    }
}

impl ActualServer {
    /// Returns the parameters of a new database like this one: the declared ones, else its actual ones.
    pub fn made_as(&self, database: &DbName, declared: &CreationParameters) -> CreationParameters {
        let template = DbName::found("template0").ok().and_then(|name| self.databases.get(&name));
        match (self.databases.get(database), template) {
            (Some(found), Some(template)) => declared.or_as(&found.parameters, &template.parameters),
            _ => declared.clone(),
        }
    }

    pub fn major(&self) -> u32 {
        self.version / 10000
    }

    /// Returns the admin's role; `None` if its name is not a valid role name.
    pub fn admin_role(&self) -> Option<RoleName> {
        RoleName::found(self.admin.name.clone()).ok()
    }

    /// Returns `true` if the admin is a member of the role with INHERIT and SET. Since 16 a membership may have only
    /// ADMIN, which does not even grant CONNECT.
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
    /// `CONNECTION LIMIT`; `-1` is no limit.
    pub connection_limit: i32,
    /// `VALID UNTIL`, as the server prints it.
    pub valid_until: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub expired: bool,
    pub comment: Option<String>,
}

impl ActualRole {
    /// Returns `true` if its attributes give it power over other roles or the whole cluster's data.
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
    /// The role that has the member.
    pub role: RoleName,
    pub member: RoleName,
    /// Its grantor; `None` if that role no longer exists.
    pub grantor: Option<RoleName>,
    pub admin: bool,
    /// Before PostgreSQL 16: the member's own INHERIT.
    pub inherit: bool,
    /// Always `true` before PostgreSQL 16.
    pub set: bool,
}

impl Membership {
    /// Returns `true` if it has only ADMIN: no access without another grant.
    pub fn is_admin_alone(&self) -> bool {
        self.admin && !self.inherit && !self.set
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ActualDatabase {
    pub owner: String,
    pub allow_connections: bool,
    /// `CONNECTION LIMIT`; `-1` is no limit.
    pub connection_limit: i32,
    /// `true` if every role with CREATEDB may copy it.
    pub is_template: bool,
    #[serde(deserialize_with = "sorted")]
    pub acl: Vec<AclEntry>,
    pub comment: Option<String>,
    #[serde(default)]
    pub parameters: ActualParameters,
    /// Set if the recorded collation version differs from the library's.
    #[serde(skip)]
    pub collation: Option<CollationVersions>,
    /// Settings of the database itself: name and value.
    #[serde(skip)]
    pub settings: Vec<(String, String)>,
    /// `true` if the server rejected the admin's connection, so its contents were not read.
    #[serde(skip)]
    pub shut: bool,
    /// Reason why its contents could not be read, other than a missing privilege.
    #[serde(skip)]
    pub unread: Option<Error>,
    /// `None` if its contents were not read.
    #[serde(skip)]
    pub contents: Option<Contents>,
}

impl ActualDatabase {
    /// Returns `true` if CONNECT is granted to PUBLIC or to one of these roles.
    pub fn grants_connect(&self, is_one: impl Fn(&RoleName) -> bool) -> bool {
        self.connectors().any(|role| role.is_none_or(&is_one))
    }

    /// Returns the roles that hold CONNECT; `None` is PUBLIC.
    pub fn connectors(&self) -> impl Iterator<Item = Option<&RoleName>> {
        let entries = self.acl.iter().filter(|entry| entry.privilege == "CONNECT");
        entries.map(|entry| entry.grantee.role())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleSetting {
    pub role: RoleName,
    /// The one database that it applies to; `None` for all.
    pub database: Option<DbName>,
    pub name: String,
    /// Value as stored.
    pub value: String,
}

/// Open sessions of one login in one database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Activity {
    pub role: RoleName,
    pub database: DbName,
    pub sessions: usize,
    /// Time of the last activity, RFC 3339, UTC; `None` if the admin may not read it.
    pub last: Option<String>,
}

/// Separator between a truncated value and its length.
const CUT: &str = "… (";

/// Formats a truncated value of a setting. It ends with the full length, and equals no value that a manifest can
/// declare.
pub fn cut(beginning: &str, bytes: u64) -> String {
    format!("{beginning}{CUT}{bytes} bytes)")
}

/// Returns `true` if a setting's value was truncated.
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

    #[test]
    fn reads_take_half_of_the_free_connections_unless_a_number_was_chosen() {
        for (count, explicit, in_use, expected) in
            [(4, false, 17, 40), (4, false, 94, 1), (4, true, 17, 4), (50, true, 17, 40)]
        {
            let capacity = Capacity { max_connections: 100, reserved: 3, in_use };
            assert_eq!(Jobs { count, explicit }.of_reads(&capacity), expected);
        }
    }
}
