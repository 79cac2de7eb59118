//! The things a plan can do. Each knows what it is about and what kind of change it is; `ddl` knows its SQL.

use super::object::Object;
use super::stage::Stage;
use crate::contract::{DefaultKind, Privileges};
use crate::grants::{Effect, Fix};
use crate::model::{DbName, Grantee, RoleKind, RoleName, SchemaName};

/// What kind of change an action is; the words are part of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Makes something.
    Create,
    /// Changes something.
    Alter,
    /// Gives a right.
    Grant,
    /// Takes a right.
    Revoke,
    /// Removes something.
    Drop,
}

impl Verb {
    /// The JSON word.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Create => "create",
            Verb::Alter => "alter",
            Verb::Grant => "grant",
            Verb::Revoke => "revoke",
            Verb::Drop => "drop",
        }
    }
}

/// An attribute of a role, as `ALTER ROLE` spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// A word such as `NOSUPERUSER`.
    Word(&'static str),
    /// `CONNECTION LIMIT n`.
    ConnectionLimit(i32),
    /// `VALID UNTIL`, a time that the server understands, or `infinity`.
    ValidUntil(String),
}

/// A setting's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// As a literal.
    Text(String),
    /// A list of names, as `search_path` takes it.
    Schemas(Vec<SchemaName>),
}

impl std::fmt::Display for SettingValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SettingValue::Text(text) => f.write_str(text),
            SettingValue::Schemas(names) => {
                let names: Vec<_> = names.iter().map(SchemaName::as_str).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make a role of a service.
    CreateRole { role: RoleName, kind: RoleKind, limit: i32 },
    /// Mark a role as made by this manifest.
    MarkRole { role: RoleName, marker: String },
    /// Change attributes.
    AlterRole { role: RoleName, attributes: Vec<Attribute> },
    /// Set the stored password.
    SetPassword { role: RoleName },
    /// Make `member` a member; without `inherit` it must say `SET ROLE`.
    GrantMembership { role: RoleName, member: RoleName, inherit: bool },
    /// End a membership that `grantor` granted.
    RevokeMembership { role: RoleName, member: RoleName, grantor: Option<RoleName> },
    /// Put a setting on a role.
    SetSetting { role: RoleName, database: Option<DbName>, name: String, value: SettingValue },
    /// Take a setting off a role, or off a database.
    ResetSetting { role: Option<RoleName>, database: Option<DbName>, name: String },
    /// Make a database that takes no connections yet.
    CreateDatabase { database: DbName, owner: RoleName },
    /// Mark a database as made by this manifest.
    MarkDatabase { database: DbName, marker: String },
    /// Take connections.
    AllowConnections { database: DbName },
    /// Stop others from copying the database.
    NoTemplate { database: DbName },
    /// Remove the connection limit of the database itself.
    ClearConnectionLimit { database: DbName },
    /// Make a schema.
    CreateSchema { schema: SchemaName, owner: RoleName },
    /// Install an extension. It has a schema of its own where `None`. `staged` where its script can run in a schema
    /// that is empty, and its objects can be moved afterwards.
    CreateExtension { name: String, schema: Option<SchemaName>, staged: bool },
    /// Give an object to the owner that it should have.
    SetOwner { object: Object, owner: RoleName },
    /// Give rights.
    Grant { on: Object, privileges: Privileges, to: Grantee },
    /// Take rights that `grantor` granted; `grantor` is `None` for the object's owner.
    Revoke { on: Object, privileges: Privileges, from: Grantee, grantor: Option<RoleName>, only_option: bool },
    /// Give rights on everything the owner will make.
    GrantDefault { owner: RoleName, on: DefaultKind, privileges: Privileges, to: Grantee },
    /// Take rights on what the owner will make, in one schema or everywhere.
    RevokeDefault {
        owner: RoleName,
        schema: Option<SchemaName>,
        on: DefaultKind,
        privileges: Privileges,
        from: Grantee,
        only_option: bool,
    },
    /// Make a limited admin a member, so that it may do what only these roles may.
    GrantTemporaryMembership { roles: Vec<RoleName>, member: RoleName },
    /// End that.
    RevokeTemporaryMembership { roles: Vec<RoleName>, member: RoleName },
    /// End every session of these roles.
    EndSessions { roles: Vec<RoleName> },
    /// Take no connections any more.
    CloseDatabase { database: DbName },
    /// Remove a database and end its sessions.
    DropDatabase { database: DbName },
    /// Give away what these roles own in one database.
    Reassign { roles: Vec<RoleName>, to: RoleName },
    /// Take from these roles what they hold in one database and on shared objects.
    DropOwned { roles: Vec<RoleName> },
    /// Remove roles.
    DropRoles { roles: Vec<RoleName> },
    /// Close a finding of `verify-isolation`.
    Close {
        /// What the fix changes, in words.
        object: String,
        fix: Fix,
    },
}

/// Names for people.
pub(super) fn listed(roles: &[RoleName]) -> String {
    roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(", ")
}

impl Action {
    /// What kind of change it is.
    pub fn verb(&self) -> Verb {
        match self {
            Action::CreateRole { .. }
            | Action::CreateDatabase { .. }
            | Action::CreateSchema { .. }
            | Action::CreateExtension { .. } => Verb::Create,
            Action::DropDatabase { .. } | Action::DropRoles { .. } => Verb::Drop,
            Action::Close { fix, .. } => match fix.effect() {
                Effect::Revoke => Verb::Revoke,
                Effect::Alter => Verb::Alter,
                Effect::Drop => Verb::Drop,
            },
            Action::GrantTemporaryMembership { .. } => Verb::Grant,
            Action::RevokeTemporaryMembership { .. } | Action::DropOwned { .. } => Verb::Revoke,
            Action::GrantMembership { .. } | Action::Grant { .. } | Action::GrantDefault { .. } => {
                Verb::Grant
            }
            Action::RevokeMembership { .. } | Action::Revoke { .. } | Action::RevokeDefault { .. } => {
                Verb::Revoke
            }
            _ => Verb::Alter,
        }
    }

    /// What it is about, in words.
    pub fn object(&self) -> String {
        match self {
            Action::CreateRole { role, .. }
            | Action::MarkRole { role, .. }
            | Action::AlterRole { role, .. }
            | Action::SetPassword { role }
            | Action::GrantMembership { role, .. }
            | Action::RevokeMembership { role, .. }
            | Action::SetSetting { role, .. }
            | Action::ResetSetting { role: Some(role), .. } => format!("role {role}"),
            Action::ResetSetting { database: Some(database), .. }
            | Action::CreateDatabase { database, .. }
            | Action::MarkDatabase { database, .. }
            | Action::AllowConnections { database }
            | Action::NoTemplate { database }
            | Action::CloseDatabase { database }
            | Action::DropDatabase { database }
            | Action::ClearConnectionLimit { database } => format!("database {database}"),
            Action::ResetSetting { name, .. } => format!("setting {name}"),
            Action::GrantTemporaryMembership { roles, .. }
            | Action::RevokeTemporaryMembership { roles, .. }
            | Action::DropRoles { roles } => {
                format!("roles {}", listed(roles))
            }
            Action::EndSessions { roles } => format!("sessions of {}", listed(roles)),
            Action::Reassign { roles, .. } => format!("objects of {}", listed(roles)),
            Action::DropOwned { roles } => format!("rights of {}", listed(roles)),
            Action::CreateSchema { schema, .. } => format!("schema {schema}"),
            Action::CreateExtension { name, .. } => format!("extension {name}"),
            Action::SetOwner { object, .. } => object.to_string(),
            Action::Close { object, .. } => object.clone(),
            Action::Grant { on, .. } | Action::Revoke { on, .. } => on.to_string(),
            Action::GrantDefault { owner, on, .. } => {
                format!("default privileges of {owner} on {}", on.word())
            }
            Action::RevokeDefault { owner, schema, on, .. } => match schema {
                Some(schema) => format!("default privileges of {owner} on {} in schema {schema}", on.word()),
                None => format!("default privileges of {owner} on {}", on.word()),
            },
        }
    }

    /// Whether it makes a login what it is: its attributes, settings, memberships or own rights.
    pub fn concerns(&self, login: &RoleName) -> bool {
        match self {
            Action::CreateRole { role, .. }
            | Action::MarkRole { role, .. }
            | Action::AlterRole { role, .. }
            | Action::SetPassword { role }
            | Action::SetSetting { role, .. }
            | Action::ResetSetting { role: Some(role), .. } => role == login,
            Action::GrantMembership { member, .. } | Action::RevokeMembership { member, .. } => {
                member == login
            }
            Action::Grant { to: Grantee::Role(role), .. }
            | Action::Revoke { from: Grantee::Role(role), .. } => role == login,
            _ => false,
        }
    }

    /// Where it runs.
    pub fn stage(&self) -> Stage {
        match self {
            Action::CreateDatabase { .. } | Action::DropDatabase { .. } => Stage::Create,
            Action::MarkDatabase { .. }
            | Action::AllowConnections { .. }
            | Action::NoTemplate { .. }
            | Action::CloseDatabase { .. }
            | Action::EndSessions { .. }
            | Action::ClearConnectionLimit { .. } => Stage::AlterDatabase,
            Action::CreateSchema { .. }
            | Action::CreateExtension { .. }
            | Action::Reassign { .. }
            | Action::DropOwned { .. }
            | Action::GrantDefault { .. }
            | Action::RevokeDefault { .. } => Stage::InDatabase,
            Action::DropRoles { .. } => Stage::GrantConnect,
            Action::Close { .. } => Stage::Autocommit,
            Action::Grant { on: Object::Database(_), .. } => Stage::GrantConnect,
            Action::SetOwner { object, .. }
            | Action::Grant { on: object, .. }
            | Action::Revoke { on: object, .. } => match object {
                Object::Database(_) => Stage::AlterDatabase,
                _ => Stage::InDatabase,
            },
            _ => Stage::Cluster,
        }
    }
}
