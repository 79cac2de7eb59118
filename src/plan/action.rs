//! The things a plan can do. Each knows what it is about and what kind of change it is; `ddl` knows its SQL.

use super::{Privileges, Stage};
use crate::model::{DbName, Grantee, ObjectKind, RoleKind, RoleName, SchemaName};
use crate::sql::Statement;

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

/// Something that rights are held on, or that has an owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// A database.
    Database(DbName),
    /// A schema of the database the step runs in.
    Schema(SchemaName),
    /// A relation or type.
    Named {
        /// What it is.
        kind: ObjectKind,
        /// Its schema.
        schema: SchemaName,
        /// Its name.
        name: String,
    },
    /// A function or procedure.
    Routine {
        /// Which of the two.
        kind: ObjectKind,
        /// Qualified, with argument types, quoted by the server.
        signature: String,
    },
    /// Something else that has an owner and no rights.
    Other {
        /// What it is, as `pg_identify_object` says.
        sort: String,
        /// Its name as the server quotes it.
        identity: String,
    },
    /// A column.
    Column {
        /// The table's schema.
        schema: SchemaName,
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Object::Database(name) => write!(f, "database {name}"),
            Object::Schema(name) => write!(f, "schema {name}"),
            Object::Named { kind, schema, name } => write!(f, "{} {schema}.{name}", kind.word()),
            Object::Routine { kind, signature } => write!(f, "{} {signature}", kind.word()),
            Object::Other { sort, identity } => write!(f, "{sort} {identity}"),
            Object::Column { schema, table, column } => write!(f, "column {schema}.{table}.{column}"),
        }
    }
}

/// The kinds of future objects that default privileges are set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DefaultKind {
    /// Tables and views.
    Tables,
    /// Sequences.
    Sequences,
    /// Functions and procedures.
    Functions,
    /// Types.
    Types,
    /// Schemas.
    Schemas,
    /// Large objects, from 18 on.
    LargeObjects,
}

impl DefaultKind {
    /// Every kind with its letter in `pg_default_acl` and its word in SQL.
    pub const ALL: &[(DefaultKind, char, &'static str)] = &[
        (DefaultKind::Tables, 'r', "TABLES"),
        (DefaultKind::Sequences, 'S', "SEQUENCES"),
        (DefaultKind::Functions, 'f', "FUNCTIONS"),
        (DefaultKind::Types, 'T', "TYPES"),
        (DefaultKind::Schemas, 'n', "SCHEMAS"),
        (DefaultKind::LargeObjects, 'L', "LARGE OBJECTS"),
    ];

    /// The word in SQL.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).expect("every kind has a row").2
    }

    /// The kind with that letter.
    pub fn from_letter(letter: char) -> Option<DefaultKind> {
        Self::ALL.iter().find(|row| row.1 == letter).map(|row| row.0)
    }
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
    /// Make a database that nobody can enter yet.
    CreateDatabase { database: DbName, owner: RoleName },
    /// Mark a database as made by this manifest.
    MarkDatabase { database: DbName, marker: String },
    /// Let those in who hold CONNECT.
    AllowConnections { database: DbName },
    /// Stop others from copying the database.
    NoTemplate { database: DbName },
    /// Lift a limit of the database itself.
    Unlimit { database: DbName },
    /// Make a schema.
    CreateSchema { schema: SchemaName, owner: RoleName },
    /// Install an extension. It has a schema of its own where `None`. `staged` where its script can run in a schema
    /// that nobody else has put anything into, and its objects can be moved afterwards.
    CreateExtension { name: String, schema: Option<SchemaName>, staged: bool },
    /// Give an object to its rightful owner.
    Own { object: Object, owner: RoleName },
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
    Borrow { roles: Vec<RoleName>, member: RoleName },
    /// End that.
    GiveBack { roles: Vec<RoleName>, member: RoleName },
    /// End every session of these roles.
    EndSessions { roles: Vec<RoleName> },
    /// Keep everybody out of a database.
    CloseDatabase { database: DbName },
    /// Remove a database, with whoever is in it.
    DropDatabase { database: DbName },
    /// Give away what these roles own in one database.
    Reassign { roles: Vec<RoleName>, to: RoleName },
    /// Take from these roles what they hold in one database and on shared objects.
    DropOwned { roles: Vec<RoleName> },
    /// Remove roles.
    DropRoles { roles: Vec<RoleName> },
    /// Close a finding of `verify-isolation` with its own statements.
    Close {
        /// The finding's id.
        finding: &'static str,
        /// Who gets in.
        role: String,
        /// To what, in words.
        object: String,
        /// What kind of change the statement is.
        verb: Verb,
        /// What closes it, one after the other.
        statements: Vec<Statement>,
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
            Action::Close { verb, .. } => *verb,
            Action::Borrow { .. } => Verb::Grant,
            Action::GiveBack { .. } | Action::DropOwned { .. } => Verb::Revoke,
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
            | Action::Unlimit { database } => format!("database {database}"),
            Action::ResetSetting { name, .. } => format!("setting {name}"),
            Action::Borrow { roles, .. } | Action::GiveBack { roles, .. } | Action::DropRoles { roles } => {
                format!("roles {}", listed(roles))
            }
            Action::EndSessions { roles } => format!("sessions of {}", listed(roles)),
            Action::Reassign { roles, .. } => format!("objects of {}", listed(roles)),
            Action::DropOwned { roles } => format!("rights of {}", listed(roles)),
            Action::CreateSchema { schema, .. } => format!("schema {schema}"),
            Action::CreateExtension { name, .. } => format!("extension {name}"),
            Action::Own { object, .. } => object.to_string(),
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
            | Action::Unlimit { .. } => Stage::Open,
            Action::CreateSchema { .. }
            | Action::CreateExtension { .. }
            | Action::Reassign { .. }
            | Action::DropOwned { .. }
            | Action::GrantDefault { .. }
            | Action::RevokeDefault { .. } => Stage::Inside,
            Action::DropRoles { .. } => Stage::Admit,
            Action::Close { .. } => Stage::Apart,
            Action::Grant { on: Object::Database(_), .. } => Stage::Admit,
            Action::Own { object, .. }
            | Action::Grant { on: object, .. }
            | Action::Revoke { on: object, .. } => match object {
                Object::Database(_) => Stage::Open,
                _ => Stage::Inside,
            },
            _ => Stage::Cluster,
        }
    }
}

impl ObjectKind {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            ObjectKind::Table => "table",
            ObjectKind::View => "view",
            ObjectKind::MaterializedView => "materialized view",
            ObjectKind::Sequence => "sequence",
            ObjectKind::Function => "function",
            ObjectKind::Procedure => "procedure",
            ObjectKind::Type => "type",
            ObjectKind::Other => "object",
        }
    }
}
