//! Actions of a plan: the object and the verb of each. Their SQL is in `ddl`.

mod values;

use std::collections::BTreeSet;

use super::database_option::DatabaseOption;
use super::object::Object;
use super::stage::Stage;
pub use super::verb::Verb;
use martydb_model::contract::{DefaultKind, Privileges};
use martydb_model::grants::{Effect, Fix};
use martydb_model::units::counted;
use martydb_model::{
    CreationParameters, DbName, Grantee, RecordPart, RecordTable, RoleKind, RoleName, SERVE_SCHEMA,
    SchemaName, ServerName, WriteCounter,
};
pub(crate) use values::PublicationChange;
pub use values::SettingValue;

/// An attribute of a role, as `ALTER ROLE` spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// A word such as `NOSUPERUSER`.
    Word(&'static str),
    /// `CONNECTION LIMIT n`.
    ConnectionLimit(i32),
    /// `VALID UNTIL`: a timestamp, or `infinity`.
    ValidUntil(String),
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    RenameRole {
        from: RoleName,
        to: RoleName,
    },
    /// Renames a database, to which no session may be connected.
    RenameDatabase {
        from: DbName,
        to: DbName,
    },
    /// Sets the comment that marks a role as made by this manifest.
    /// With `dates_password` the comment also contains the time at which its password is set: now.
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
    /// Sets the stored password. `marker` is the marker of a role that this manifest made: its comment contains
    /// the time of the change.
    SetPassword {
        role: RoleName,
        marker: Option<String>,
    },
    /// Without `inherit` the member needs `SET ROLE`.
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
    /// Sets a setting of a role or of a database.
    SetSetting {
        role: Option<RoleName>,
        database: Option<DbName>,
        name: String,
        value: SettingValue,
    },
    /// Resets a setting of a role or of a database.
    ResetSetting {
        role: Option<RoleName>,
        database: Option<DbName>,
        name: String,
    },
    /// Creates a database that takes no connections yet: empty, with the given options, or a copy of
    /// `template`, which determines them.
    CreateDatabase {
        database: DbName,
        owner: RoleName,
        template: Option<DbName>,
        made_with: Box<CreationParameters>,
        tablespace: Option<String>,
    },
    /// Copies a database with its privileges and history from another server of the manifest. Done by `move_service`,
    /// not by a statement.
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
    /// Creates the schema of the data service's records, which must not exist: the admin alone may own it.
    CreateRecordSchema {
        owner: RoleName,
    },
    /// Creates a table of it with everything that belongs to the table.
    CreateRecordTable {
        table: &'static RecordTable,
    },
    /// Makes a table what it was: drops parts that do not belong to it, and creates missing ones.
    MendRecordTable {
        table: &'static RecordTable,
        dropped: Vec<RecordPart>,
        made: Vec<RecordPart>,
    },
    /// Drops the schema with its tables and the counters of writes, and with nothing else.
    DropRecordSchema {
        tables: Vec<&'static RecordTable>,
        counters: BTreeSet<WriteCounter>,
    },
    /// Creates the counter of a table's writes, with its trigger; in place of the one that is there.
    CreateWriteCounter {
        schema: SchemaName,
        table: String,
        owner: RoleName,
    },
    /// Drops a counter with its trigger.
    DropWriteCounter {
        counter: WriteCounter,
    },
    /// Creates an extension; without `schema` in one of its own. `staged` if its script can run in an empty
    /// schema and its objects can be moved afterwards.
    CreateExtension {
        name: String,
        schema: Option<SchemaName>,
        staged: bool,
    },
    /// Moves the objects of an extension to another schema.
    MoveExtension {
        name: String,
        schema: SchemaName,
    },
    /// Creates a publication, as the owner of its tables.
    CreatePublication {
        name: RoleName,
        owner: RoleName,
        tables: Vec<(SchemaName, String)>,
    },
    /// Adds or drops a table of a publication.
    ChangePublication {
        name: RoleName,
        owner: RoleName,
        change: PublicationChange,
        table: (SchemaName, String),
    },
    /// Lets a view or function run with its caller's privileges instead of its owner's.
    RunAsCaller {
        object: Object,
    },
    SetOwner {
        object: Object,
        owner: RoleName,
    },
    /// Grants all privileges on objects that `to` will own, until it does: objects that it owns already may use them.
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
    /// Grants on the owner's future objects, in one schema or everywhere.
    GrantDefault {
        owner: RoleName,
        schema: Option<SchemaName>,
        on: DefaultKind,
        privileges: Privileges,
        to: Grantee,
    },
    /// Revokes on the owner's future objects, in one schema or everywhere.
    RevokeDefault {
        owner: RoleName,
        schema: Option<SchemaName>,
        on: DefaultKind,
        privileges: Privileges,
        from: Grantee,
        only_option: bool,
    },
    /// Makes a limited admin a member of roles whose privileges it needs.
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
    /// Drops a database, ending its sessions.
    DropDatabase {
        database: DbName,
    },
    /// Reassigns what these roles own in one database.
    Reassign {
        roles: Vec<RoleName>,
        to: RoleName,
    },
    /// Drops what these roles own, and revokes what they hold, in one database and on shared objects.
    DropOwned {
        roles: Vec<RoleName>,
    },
    DropRoles {
        roles: Vec<RoleName>,
    },
    /// Resolves a finding of `verify-isolation`; `object` describes what the fix changes.
    Close {
        object: String,
        fix: Fix,
    },
}

/// Joins names for people.
pub(super) fn listed(roles: &[RoleName]) -> String {
    roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(", ")
}

impl Action {
    pub fn verb(&self) -> Verb {
        self.kind().0
    }

    /// Returns the stage in which it runs.
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
            | Action::CreateRecordSchema { .. }
            | Action::CreateRecordTable { .. }
            | Action::CreateWriteCounter { .. }
            | Action::CreateExtension { .. }
            | Action::CreatePublication { .. } => (Verb::Create, Stage::InDatabase),
            Action::Reassign { .. }
            | Action::MoveExtension { .. }
            | Action::ChangePublication { .. }
            | Action::MendRecordTable { .. } => (Verb::Alter, Stage::InDatabase),
            Action::DropRecordSchema { .. } | Action::DropWriteCounter { .. } => {
                (Verb::Drop, Stage::InDatabase)
            }
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

    /// Describes the object.
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
            Action::DropOwned { roles } => format!("privileges of {}", listed(roles)),
            Action::Lend { objects, from, .. } => match objects.as_slice() {
                [one] => one.to_string(),
                all => format!("{} of {from}", counted(all.len(), "object")),
            },
            Action::CreateSchema { schema, .. } => format!("schema {schema}"),
            Action::CreateRecordSchema { .. } | Action::DropRecordSchema { .. } => {
                format!("schema {SERVE_SCHEMA}")
            }
            Action::CreateRecordTable { table } | Action::MendRecordTable { table, .. } => {
                format!("table {SERVE_SCHEMA}.{}", table.name)
            }
            Action::CreateWriteCounter { schema, table, .. } => values::trigger(schema, table),
            Action::DropWriteCounter { counter } => values::function(counter),
            Action::CreateExtension { name, .. } | Action::MoveExtension { name, .. } => {
                format!("extension {name}")
            }
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

    /// Returns `true` if it changes a login's attributes, settings, memberships or own privileges.
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
