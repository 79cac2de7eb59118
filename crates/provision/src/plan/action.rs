//! The things a plan can do. Each knows what it is about and what kind of change it is; `ddl` knows its SQL.

use super::database_option::DatabaseOption;
use super::object::Object;
use super::stage::Stage;
use martydb_model::contract::{DefaultKind, Privileges};
use martydb_model::grants::{Effect, Fix};
use martydb_model::units::counted;
use martydb_model::{DbName, Grantee, MadeWith, RoleKind, RoleName, SchemaName, ServerName};

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
    /// Makes something from what another server has.
    Copy,
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
            Verb::Copy => "copy",
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

/// What becomes of a table in a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicationChange {
    Add,
    Drop,
}

impl PublicationChange {
    pub fn words(self) -> &'static str {
        match self {
            PublicationChange::Add => "ADD TABLE",
            PublicationChange::Drop => "DROP TABLE",
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    RenameRole {
        from: RoleName,
        to: RoleName,
    },
    /// No session may be connected to it.
    RenameDatabase {
        from: DbName,
        to: DbName,
    },
    /// A comment says that this manifest made it.
    /// With `dates_password` the comment says when its password was set, too: now.
    MarkRole {
        role: RoleName,
        marker: String,
        dates_password: bool,
    },
    MarkDatabase {
        database: DbName,
        marker: String,
    },
    CreateRole {
        role: RoleName,
        kind: RoleKind,
        limit: i32,
    },
    AlterRole {
        role: RoleName,
        attributes: Vec<Attribute>,
    },
    /// The stored one. `marker` is that of a role that this manifest made, whose comment says when it was set.
    SetPassword {
        role: RoleName,
        marker: Option<String>,
    },
    /// Without `inherit` the member must say `SET ROLE`.
    GrantMembership {
        role: RoleName,
        member: RoleName,
        inherit: bool,
    },
    RevokeMembership {
        role: RoleName,
        member: RoleName,
        grantor: Option<RoleName>,
    },
    /// On a role, or on a database.
    SetSetting {
        role: Option<RoleName>,
        database: Option<DbName>,
        name: String,
        value: SettingValue,
    },
    /// Takes a setting off a role, or off a database.
    ResetSetting {
        role: Option<RoleName>,
        database: Option<DbName>,
        name: String,
    },
    /// It takes no connections yet. Empty and made so, or a copy of `template`, which decides what it is made with.
    CreateDatabase {
        database: DbName,
        owner: RoleName,
        template: Option<DbName>,
        made_with: Box<MadeWith>,
        tablespace: Option<String>,
    },
    /// With rights and history, from another server of the manifest. Not one statement: `moving` does it.
    CopyDatabase {
        server: ServerName,
        from: DbName,
        to: DbName,
    },
    AlterDatabase {
        database: DbName,
        option: DatabaseOption,
    },
    CreateSchema {
        schema: SchemaName,
        owner: RoleName,
    },
    /// It has a schema of its own where `None`. `staged` where its script can run in a schema that is empty, and its
    /// objects can be moved afterwards.
    CreateExtension {
        name: String,
        schema: Option<SchemaName>,
        staged: bool,
    },
    /// The owner of its tables makes it.
    CreatePublication {
        name: RoleName,
        owner: RoleName,
        tables: Vec<(SchemaName, String)>,
    },
    /// `change` as `ALTER PUBLICATION` spells it.
    ChangePublication {
        name: RoleName,
        owner: RoleName,
        change: PublicationChange,
        table: (SchemaName, String),
    },
    /// Its code runs with the rights of its caller, and no longer with its owner's.
    RunAsCaller {
        object: Object,
    },
    SetOwner {
        object: Object,
        owner: RoleName,
    },
    /// Everything on objects of one owner that `to` will own, until it does: what it owns already may use them.
    Lend {
        objects: Vec<Object>,
        from: RoleName,
        to: RoleName,
    },
    Grant {
        on: Object,
        privileges: Privileges,
        to: Grantee,
    },
    /// `grantor` is `None` for the object's owner.
    Revoke {
        on: Object,
        privileges: Privileges,
        from: Grantee,
        grantor: Option<RoleName>,
        only_option: bool,
    },
    /// On what the owner will make, in one schema or everywhere.
    GrantDefault {
        owner: RoleName,
        schema: Option<SchemaName>,
        on: DefaultKind,
        privileges: Privileges,
        to: Grantee,
    },
    /// On what the owner will make, in one schema or everywhere.
    RevokeDefault {
        owner: RoleName,
        schema: Option<SchemaName>,
        on: DefaultKind,
        privileges: Privileges,
        from: Grantee,
        only_option: bool,
    },
    /// Make a limited admin a member, so that it may do what only these roles may.
    GrantTemporaryMembership {
        roles: Vec<RoleName>,
        member: RoleName,
    },
    RevokeTemporaryMembership {
        roles: Vec<RoleName>,
        member: RoleName,
    },
    EndSessions {
        roles: Vec<RoleName>,
    },
    /// Its sessions end.
    DropDatabase {
        database: DbName,
    },
    /// Give away what these roles own in one database.
    Reassign {
        roles: Vec<RoleName>,
        to: RoleName,
    },
    /// Take from these roles what they hold in one database and on shared objects.
    DropOwned {
        roles: Vec<RoleName>,
    },
    DropRoles {
        roles: Vec<RoleName>,
    },
    /// Close a finding of `verify-isolation`; `object` says in words what the fix changes.
    Close {
        object: String,
        fix: Fix,
    },
}

/// Names for people.
pub(super) fn listed(roles: &[RoleName]) -> String {
    roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(", ")
}

impl Action {
    pub fn verb(&self) -> Verb {
        self.kind().0
    }

    /// Where it runs.
    pub fn stage(&self) -> Stage {
        self.kind().1
    }

    fn kind(&self) -> (Verb, Stage) {
        match self {
            Action::CreateRole { .. } => (Verb::Create, Stage::Cluster),
            Action::RenameRole { .. }
            | Action::MarkRole { .. }
            | Action::AlterRole { .. }
            | Action::SetPassword { .. }
            | Action::SetSetting { .. }
            | Action::ResetSetting { .. } => (Verb::Alter, Stage::Cluster),
            Action::GrantMembership { .. } | Action::GrantTemporaryMembership { .. } => {
                (Verb::Grant, Stage::Cluster)
            }
            Action::RevokeMembership { .. } | Action::RevokeTemporaryMembership { .. } => {
                (Verb::Revoke, Stage::Cluster)
            }
            Action::CreateDatabase { .. } => (Verb::Create, Stage::Create),
            Action::CopyDatabase { .. } => (Verb::Copy, Stage::Create),
            Action::DropDatabase { .. } => (Verb::Drop, Stage::Create),
            Action::RenameDatabase { .. }
            | Action::MarkDatabase { .. }
            | Action::AlterDatabase { .. }
            | Action::EndSessions { .. } => (Verb::Alter, Stage::AlterDatabase),
            Action::CreateSchema { .. }
            | Action::CreateExtension { .. }
            | Action::CreatePublication { .. } => (Verb::Create, Stage::InDatabase),
            Action::Reassign { .. } | Action::ChangePublication { .. } => (Verb::Alter, Stage::InDatabase),
            Action::GrantDefault { .. } | Action::Lend { .. } => (Verb::Grant, Stage::InDatabase),
            Action::RevokeDefault { .. } | Action::DropOwned { .. } => (Verb::Revoke, Stage::InDatabase),
            Action::RunAsCaller { object } | Action::SetOwner { object, .. } => (Verb::Alter, object.stage()),
            Action::Grant { on: Object::Database(_), .. } => (Verb::Grant, Stage::GrantConnect),
            Action::Grant { .. } => (Verb::Grant, Stage::InDatabase),
            Action::Revoke { on, .. } => (Verb::Revoke, on.stage()),
            Action::DropRoles { .. } => (Verb::Drop, Stage::GrantConnect),
            Action::Close { fix, .. } => match fix.effect() {
                Some(Effect::Revoke) => (Verb::Revoke, Stage::Autocommit),
                Some(Effect::Alter) | None => (Verb::Alter, Stage::Autocommit),
                Some(Effect::Drop) => (Verb::Drop, Stage::Autocommit),
            },
        }
    }

    /// What it is about, in words.
    pub fn object(&self) -> String {
        match self {
            Action::CreateRole { role, .. }
            | Action::RenameRole { from: role, .. }
            | Action::MarkRole { role, .. }
            | Action::AlterRole { role, .. }
            | Action::SetPassword { role, .. }
            | Action::GrantMembership { role, .. }
            | Action::RevokeMembership { role, .. }
            | Action::SetSetting { role: Some(role), .. }
            | Action::ResetSetting { role: Some(role), .. } => format!("role {role}"),
            Action::SetSetting { database: Some(database), .. }
            | Action::ResetSetting { database: Some(database), .. }
            | Action::CreateDatabase { database, .. }
            | Action::CopyDatabase { to: database, .. }
            | Action::RenameDatabase { from: database, .. }
            | Action::MarkDatabase { database, .. }
            | Action::AlterDatabase { database, .. }
            | Action::DropDatabase { database } => format!("database {database}"),
            Action::SetSetting { name, .. } | Action::ResetSetting { name, .. } => format!("setting {name}"),
            Action::GrantTemporaryMembership { roles, .. }
            | Action::RevokeTemporaryMembership { roles, .. }
            | Action::DropRoles { roles } => format!("roles {}", listed(roles)),
            Action::EndSessions { roles } => format!("sessions of {}", listed(roles)),
            Action::Reassign { roles, .. } => format!("objects of {}", listed(roles)),
            Action::DropOwned { roles } => format!("rights of {}", listed(roles)),
            Action::Lend { objects, from, .. } => match objects.as_slice() {
                [one] => one.to_string(),
                all => format!("{} of {from}", counted(all.len(), "object")),
            },
            Action::CreateSchema { schema, .. } => format!("schema {schema}"),
            Action::CreateExtension { name, .. } => format!("extension {name}"),
            Action::CreatePublication { name, .. } | Action::ChangePublication { name, .. } => {
                format!("publication {name}")
            }
            Action::RunAsCaller { object } | Action::SetOwner { object, .. } => object.to_string(),
            Action::Close { object, .. } => object.clone(),
            Action::Grant { on, .. } | Action::Revoke { on, .. } => on.to_string(),
            Action::GrantDefault { owner, schema: Some(schema), on, .. }
            | Action::RevokeDefault { owner, schema: Some(schema), on, .. } => {
                format!("default privileges of {owner} on {} in schema {schema}", on.word())
            }
            Action::GrantDefault { owner, on, .. } | Action::RevokeDefault { owner, on, .. } => {
                format!("default privileges of {owner} on {}", on.word())
            }
        }
    }

    /// Whether it makes a login what it is: its attributes, settings, memberships or own rights.
    pub fn concerns(&self, login: &RoleName) -> bool {
        match self {
            Action::CreateRole { role, .. }
            | Action::MarkRole { role, .. }
            | Action::AlterRole { role, .. }
            | Action::SetPassword { role, .. }
            | Action::SetSetting { role: Some(role), .. }
            | Action::ResetSetting { role: Some(role), .. } => role == login,
            Action::GrantMembership { member, .. } | Action::RevokeMembership { member, .. } => {
                member == login
            }
            Action::Grant { to: Grantee::Role(role), .. }
            | Action::Revoke { from: Grantee::Role(role), .. } => role == login,
            _ => false,
        }
    }
}
