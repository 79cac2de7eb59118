//! What a server has, as its catalogues tell it.

use std::collections::{BTreeMap, BTreeSet};

use super::{DbName, RoleName, SchemaName};
use crate::error::Error;

/// One server as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActualServer {
    /// `server_version_num`, such as 150018.
    pub version: u32,
    /// Who looked, and what that login may do.
    pub admin: Admin,
    /// Whether it follows another server and takes no writes.
    pub standby: bool,
    /// The database the admin is connected to.
    pub maintenance: String,
    /// The role that `initdb` made; it owns what nobody else owns.
    pub bootstrap: String,
    /// Extensions whose author chose their schema: nobody else can.
    pub settled_extensions: BTreeSet<String>,
    /// Extensions whose objects the admin can move to another schema.
    pub movable_extensions: BTreeSet<String>,
    /// Extensions whose script PostgreSQL runs as a superuser for everybody who may create in a database.
    pub trusted_extensions: BTreeSet<String>,
    /// How many connections there may be, and are.
    pub capacity: Capacity,
    /// Every role of the cluster.
    pub roles: BTreeMap<RoleName, ActualRole>,
    /// Every membership, one row per grantor.
    pub memberships: Vec<Membership>,
    /// Every database of the cluster.
    pub databases: BTreeMap<DbName, ActualDatabase>,
    /// Settings put on roles, everywhere or in one database.
    pub role_settings: Vec<RoleSetting>,
    /// Settings that `ALTER ROLE ALL` put on everybody: name and value.
    pub everyones_settings: Vec<(String, String)>,
    /// How each login's password is kept; empty where the admin may not look.
    pub passwords: BTreeMap<RoleName, KeptPassword>,
    /// Logins whose stored password is not the server's; empty where nobody could tell.
    pub refused_logins: BTreeSet<RoleName>,
    /// What roles own or hold; empty where no role carries this manifest's marker.
    pub holdings: BTreeMap<RoleName, Holdings>,
}

/// What one role owns or holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holdings {
    /// Databases in which it does, and whether it owns something there.
    pub inside: BTreeMap<DbName, bool>,
    /// Whether it owns a shared object other than a database: a tablespace or a subscription.
    pub shared: bool,
    /// What it owns that only a superuser may own, in words, and in which database; `None` for shared objects.
    pub stuck: BTreeSet<(Option<DbName>, String)>,
}

/// How a login's password is kept (`pg_authid.rolpassword`), as far as a comparison needs it: the verifier itself
/// does not leave the server.
#[derive(Clone, PartialEq, Eq, Default, serde::Deserialize)]
pub struct KeptPassword {
    /// SHA-256 of what is kept, in hexadecimal; `None` where there is no password.
    pub digest: Option<String>,
    /// The salt in base64; `None` where it is not a SCRAM verifier.
    pub salt: Option<String>,
    /// SCRAM's number of rounds.
    pub rounds: Option<u32>,
}

/// With digest and salt a weak password could be guessed at leisure.
impl std::fmt::Debug for KeptPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptPassword")
    }
}

/// The login that inspects and applies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admin {
    /// Its role.
    pub name: String,
    /// Whether it passes every check.
    pub superuser: bool,
    /// Whether it may create databases.
    pub createdb: bool,
    /// Whether it may create roles.
    pub createrole: bool,
    /// Whether it holds the rights of the roles it is a member of without `SET ROLE`.
    pub inherit: bool,
    /// Whether it may see how passwords are kept.
    pub sees_passwords: bool,
    /// Settings that it may not put on a role; asked of limited admins only.
    pub forbidden_settings: BTreeSet<String>,
    /// Extensions that it may not install; asked of limited admins only.
    pub untrusted_extensions: BTreeSet<String>,
}

/// Connections of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
pub struct Capacity {
    /// `max_connections`.
    pub max_connections: usize,
    /// Those kept for superusers and others.
    pub reserved: usize,
    /// Those in use when somebody looked.
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
    /// The major version, such as 15.
    pub fn major(&self) -> u32 {
        self.version / 10000
    }
}

/// A role's attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActualRole {
    /// May it log in?
    pub login: bool,
    /// Does it hold the rights of the roles it is a member of without `SET ROLE`?
    pub inherit: bool,
    /// Passes every check.
    pub superuser: bool,
    /// May create databases.
    pub createdb: bool,
    /// May create roles.
    pub createrole: bool,
    /// May stream the whole cluster.
    pub replication: bool,
    /// Skips row policies.
    pub bypassrls: bool,
    /// Simultaneous connections; `-1` is no limit.
    pub connection_limit: i32,
    /// When its password expires, as the server prints it.
    pub valid_until: Option<String>,
    /// Whether that time has passed.
    pub expired: bool,
    /// The comment in the shared catalogue.
    pub comment: Option<String>,
}

/// `member` is a member of `role`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// The group.
    pub role: RoleName,
    /// Who is in it.
    pub member: RoleName,
    /// Who granted it; `None` where that role is gone.
    pub grantor: Option<RoleName>,
    /// May the member grant it on?
    pub admin: bool,
    /// Before PostgreSQL 16: whatever the member's own INHERIT says.
    pub inherit: bool,
    /// Before PostgreSQL 16 always true.
    pub set: bool,
}

/// Who holds a right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantee {
    /// Everybody, those to come included.
    Public,
    /// One role.
    Role(RoleName),
}

impl std::fmt::Display for Grantee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Grantee::Public => f.write_str("PUBLIC"),
            Grantee::Role(role) => role.fmt(f),
        }
    }
}

/// One right on one object; a NULL ACL has been read through `acldefault`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AclEntry {
    /// Who holds it.
    pub grantee: Grantee,
    /// Who granted it.
    pub grantor: RoleName,
    /// The right's name, such as `CONNECT`; one that we do not know stays as the server spelt it.
    pub privilege: String,
    /// May the grantee grant it on?
    pub grantable: bool,
}

/// A database and, where the admin looked inside, what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActualDatabase {
    /// Its owner.
    pub owner: String,
    /// May anyone connect?
    pub allow_connections: bool,
    /// Simultaneous connections; `-1` is no limit.
    pub connection_limit: i32,
    /// May anyone with CREATEDB copy it?
    pub is_template: bool,
    /// Rights on it.
    pub acl: Vec<AclEntry>,
    /// The comment in the shared catalogue.
    pub comment: Option<String>,
    /// Settings of the database itself: name and value.
    pub settings: Vec<(String, String)>,
    /// Whether the admin was refused at its door, so that nobody could look inside.
    pub shut: bool,
    /// Why what is inside could not be read, for any reason but a missing right.
    pub unread: Option<Error>,
    /// `None` where nobody looked inside.
    pub contents: Option<Contents>,
}

/// What is inside one database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// Every schema that is not the server's own.
    pub schemas: BTreeMap<SchemaName, ActualSchema>,
    /// Tables, views, sequences, functions and types in those schemas, members of extensions aside.
    pub objects: Vec<ActualObject>,
    /// Default privileges.
    pub default_acls: Vec<DefaultAcl>,
    /// Installed extensions: name and schema.
    pub extensions: BTreeMap<String, String>,
}

/// A schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActualSchema {
    /// Its owner.
    pub owner: RoleName,
    /// Rights on it.
    pub acl: Vec<AclEntry>,
}

/// The kinds of objects that rights are managed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A table, partitioned table or foreign table.
    Table,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A sequence.
    Sequence,
    /// A function, aggregate or window function.
    Function,
    /// A procedure.
    Procedure,
    /// A type or domain.
    Type,
    /// Anything else in a schema that has an owner and no rights: collations, operators, text search and the like.
    Other,
}

/// An object inside a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActualObject {
    /// What it is.
    pub kind: ObjectKind,
    /// Its schema.
    pub schema: SchemaName,
    /// Its name, without arguments.
    pub name: String,
    /// A function with its argument types, or what is of kind `Other` (`name` is its sort then), qualified and quoted
    /// by the server; `None` for all else.
    pub signature: Option<String>,
    /// Its owner.
    pub owner: RoleName,
    /// Whether a function runs with its owner's rights.
    pub security_definer: bool,
    /// Whether its owner is left alone: it follows another object's (a serial sequence), or is a function in an
    /// untrusted language, which nobody but a superuser may own.
    pub dependent: bool,
    /// Rights on it.
    pub acl: Vec<AclEntry>,
    /// Rights on single columns.
    pub column_acl: Vec<(String, AclEntry)>,
}

/// Default privileges for objects that a role will make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultAcl {
    /// Whose future objects.
    pub role: RoleName,
    /// In one schema, or in the whole database.
    pub schema: Option<SchemaName>,
    /// `pg_default_acl.defaclobjtype`: r, S, f, T, n, L.
    pub object: char,
    /// The rights.
    pub acl: Vec<AclEntry>,
}

/// A setting put on a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleSetting {
    /// The role.
    pub role: RoleName,
    /// In one database, or everywhere.
    pub database: Option<DbName>,
    /// The setting.
    pub name: String,
    /// Its value as stored.
    pub value: String,
}
