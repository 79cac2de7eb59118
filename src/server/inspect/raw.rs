//! The rows that the server answers with, and how they become the model.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::{
    AclEntry, ActualDatabase, ActualObject, ActualRole, ActualSchema, ActualServer, Admin, Capacity,
    Contents, DbName, DefaultAcl, Grantee, KeptPassword, Membership, ObjectKind, RoleName, RoleSetting,
    SchemaName,
};
use crate::server::rows::Item;

/// The shared catalogues, as far as they were read.
#[derive(Default)]
pub struct Cluster {
    actual: ActualServer,
    settings: Vec<RawSetting>,
}

#[derive(Deserialize)]
struct RawServer {
    version: u32,
    maintenance: String,
    standby: bool,
    capacity: Capacity,
    bootstrap: String,
    settled_extensions: Option<BTreeSet<String>>,
    movable_extensions: Option<BTreeSet<String>>,
    trusted_extensions: Option<BTreeSet<String>>,
    admin: RawAdmin,
}

#[derive(Deserialize)]
struct RawAdmin {
    name: String,
    superuser: bool,
    createdb: bool,
    createrole: bool,
    inherit: bool,
    sees_passwords: bool,
}

/// What an admin that is no superuser may not do.
#[derive(Deserialize)]
pub struct Limited {
    /// Settings that it may not put on a role.
    pub forbidden_settings: Option<BTreeSet<String>>,
    /// Extensions that it may not install.
    pub untrusted_extensions: Option<BTreeSet<String>>,
}

#[derive(Deserialize)]
struct RawRole {
    name: String,
    login: bool,
    inherit: bool,
    superuser: bool,
    createdb: bool,
    createrole: bool,
    replication: bool,
    bypassrls: bool,
    connection_limit: i32,
    valid_until: Option<String>,
    expired: Option<bool>,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct RawMembership {
    role: String,
    member: String,
    grantor: Option<String>,
    admin: bool,
    inherit: bool,
    set: bool,
}

#[derive(Deserialize)]
struct RawDatabase {
    name: String,
    owner: String,
    allow_connections: bool,
    connection_limit: i32,
    is_template: bool,
    comment: Option<String>,
    acl: Option<Vec<RawAcl>>,
}

#[derive(Deserialize)]
struct RawAcl {
    grantee: Option<String>,
    grantor: String,
    privilege: String,
    grantable: bool,
}

#[derive(Deserialize)]
struct RawSetting {
    role: Option<String>,
    database: Option<String>,
    name: String,
    value: String,
    /// The length of a value that was cut.
    bytes: Option<u64>,
}

/// How a login's password is kept.
#[derive(Deserialize)]
pub struct RawKept {
    /// The login.
    pub role: String,
    /// The rest.
    #[serde(flatten)]
    pub kept: KeptPassword,
}

/// A database in which a role owns or holds something.
#[derive(Deserialize)]
pub struct RawHeld {
    /// The role.
    pub role: String,
    /// The database; `None` for shared objects.
    pub database: Option<String>,
    /// Whether the role owns what is meant.
    pub owned: bool,
    /// What only a superuser may own.
    pub stuck: Option<String>,
}

/// One database, as far as it was read.
#[derive(Default)]
pub struct Inside(Contents);

#[derive(Deserialize)]
struct RawExtension {
    name: String,
    schema: String,
}

#[derive(Deserialize)]
struct RawSchema {
    name: String,
    owner: String,
    acl: Option<Vec<RawAcl>>,
}

#[derive(Deserialize)]
struct RawObject {
    kind: ObjectKind,
    schema: String,
    name: String,
    signature: Option<String>,
    owner: String,
    security_definer: bool,
    dependent: bool,
    acl: Option<Vec<RawAcl>>,
    columns: Option<Vec<RawColumn>>,
}

#[derive(Deserialize)]
struct RawColumn {
    column: String,
    #[serde(flatten)]
    acl: RawAcl,
}

#[derive(Deserialize)]
struct RawDefault {
    role: String,
    schema: Option<String>,
    object: char,
    acl: Option<Vec<RawAcl>>,
}

impl Cluster {
    /// Takes one row.
    pub fn take(&mut self, item: &Item) -> Result<()> {
        match item.section.as_str() {
            "server" => item.parse::<RawServer>()?.place(&mut self.actual),
            "role" => {
                let raw: RawRole = item.parse()?;
                self.actual.roles.insert(role(raw.name.clone())?, raw.typed());
            }
            "membership" => self.actual.memberships.push(item.parse::<RawMembership>()?.typed()?),
            "database" => {
                let raw: RawDatabase = item.parse()?;
                self.actual.databases.insert(database(raw.name.clone())?, raw.typed()?);
            }
            "setting" => self.settings.push(item.parse()?),
            _ => return item.unknown(),
        }
        Ok(())
    }

    /// As the rest of the program knows it.
    pub fn typed(self) -> Result<ActualServer> {
        let mut actual = self.actual;
        for raw in self.settings {
            place_setting(&mut actual, raw)?;
        }
        actual.memberships.sort();
        actual.role_settings.sort();
        Ok(actual)
    }
}

impl RawServer {
    fn place(self, actual: &mut ActualServer) {
        actual.version = self.version;
        actual.admin = self.admin.typed();
        actual.bootstrap = self.bootstrap;
        actual.settled_extensions = self.settled_extensions.unwrap_or_default();
        actual.movable_extensions = self.movable_extensions.unwrap_or_default();
        actual.trusted_extensions = self.trusted_extensions.unwrap_or_default();
        actual.capacity = self.capacity;
        actual.maintenance = self.maintenance;
        actual.standby = self.standby;
    }
}

impl RawSetting {
    /// The value; one that was cut ends with its length, and is equal to nothing that a manifest declares.
    fn value(&self) -> String {
        match self.bytes {
            None => self.value.clone(),
            Some(bytes) => format!("{}… ({bytes} bytes)", self.value),
        }
    }
}

fn place_setting(actual: &mut ActualServer, raw: RawSetting) -> Result<()> {
    let value = raw.value();
    let name = raw.name;
    let on = raw.database.map(database).transpose()?;
    match (raw.role, on) {
        (Some(owner), on) => {
            actual.role_settings.push(RoleSetting { role: role(owner)?, database: on, name, value })
        }
        (None, Some(on)) => {
            if let Some(found) = actual.databases.get_mut(&on) {
                found.settings.push((name, value));
            }
        }
        // ALTER ROLE ALL SET: nobody's in particular.
        (None, None) => actual.everyones_settings.push((name, value)),
    }
    Ok(())
}

impl RawAdmin {
    fn typed(self) -> Admin {
        Admin {
            name: self.name,
            superuser: self.superuser,
            createdb: self.createdb,
            createrole: self.createrole,
            inherit: self.inherit,
            sees_passwords: self.sees_passwords,
            ..Admin::default()
        }
    }
}

impl RawRole {
    fn typed(self) -> ActualRole {
        ActualRole {
            login: self.login,
            inherit: self.inherit,
            superuser: self.superuser,
            createdb: self.createdb,
            createrole: self.createrole,
            replication: self.replication,
            bypassrls: self.bypassrls,
            connection_limit: self.connection_limit,
            valid_until: self.valid_until,
            expired: self.expired.unwrap_or(false),
            comment: self.comment,
        }
    }
}

impl RawMembership {
    fn typed(self) -> Result<Membership> {
        Ok(Membership {
            role: role(self.role)?,
            member: role(self.member)?,
            grantor: self.grantor.map(role).transpose()?,
            admin: self.admin,
            inherit: self.inherit,
            set: self.set,
        })
    }
}

impl RawDatabase {
    fn typed(self) -> Result<ActualDatabase> {
        Ok(ActualDatabase {
            owner: self.owner,
            allow_connections: self.allow_connections,
            connection_limit: self.connection_limit,
            is_template: self.is_template,
            acl: acl(self.acl)?,
            comment: self.comment,
            settings: vec![],
            shut: false,
            unread: None,
            contents: None,
        })
    }
}

impl Inside {
    /// Takes one row.
    pub fn take(&mut self, item: &Item) -> Result<()> {
        let Inside(contents) = self;
        match item.section.as_str() {
            "extension" => {
                let RawExtension { name, schema } = item.parse()?;
                contents.extensions.insert(name, schema);
            }
            "schema" => {
                let raw: RawSchema = item.parse()?;
                let schema = ActualSchema { owner: role(raw.owner)?, acl: acl(raw.acl)? };
                contents.schemas.insert(schema_name(raw.name)?, schema);
            }
            "default" => {
                let raw: RawDefault = item.parse()?;
                let schema = raw.schema.map(schema_name).transpose()?;
                let entry =
                    DefaultAcl { role: role(raw.role)?, schema, object: raw.object, acl: acl(raw.acl)? };
                contents.default_acls.push(entry);
            }
            "object" => contents.objects.push(item.parse::<RawObject>()?.typed()?),
            _ => return item.unknown(),
        }
        Ok(())
    }

    /// As the rest of the program knows it.
    pub fn typed(self) -> Contents {
        let Inside(mut contents) = self;
        let key = |object: &ActualObject| {
            (object.kind, object.schema.clone(), object.name.clone(), object.signature.clone())
        };
        contents.objects.sort_by_cached_key(key);
        contents
    }
}

impl RawObject {
    fn typed(self) -> Result<ActualObject> {
        let columns = self.columns.unwrap_or_default().into_iter();
        Ok(ActualObject {
            kind: self.kind,
            schema: schema_name(self.schema)?,
            name: self.name,
            signature: self.signature,
            owner: role(self.owner)?,
            security_definer: self.security_definer,
            dependent: self.dependent,
            acl: acl(self.acl)?,
            column_acl: columns.map(|raw| Ok((raw.column, raw.acl.typed()?))).collect::<Result<_>>()?,
        })
    }
}

impl RawAcl {
    fn typed(self) -> Result<AclEntry> {
        let grantee = self.grantee.map_or(Ok(Grantee::Public), |name| role(name).map(Grantee::Role))?;
        Ok(AclEntry {
            grantee,
            grantor: role(self.grantor)?,
            privilege: self.privilege,
            grantable: self.grantable,
        })
    }
}

fn acl(raw: Option<Vec<RawAcl>>) -> Result<Vec<AclEntry>> {
    let mut entries: Vec<AclEntry> =
        raw.unwrap_or_default().into_iter().map(RawAcl::typed).collect::<Result<_>>()?;
    entries.sort();
    Ok(entries)
}

/// A role's name as the server has it.
pub fn role(name: String) -> Result<RoleName> {
    RoleName::found(name).map_err(strange)
}

/// A database's name as the server has it.
pub fn database(name: String) -> Result<DbName> {
    DbName::found(name).map_err(strange)
}

fn schema_name(name: String) -> Result<SchemaName> {
    SchemaName::found(name).map_err(strange)
}

fn strange(error: impl std::fmt::Display) -> Error {
    Error::operation("the server's catalogues hold a name that cannot be").cause(error)
}
