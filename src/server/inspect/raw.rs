//! The documents that the server answers with, and how they become the model.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::{
    AclEntry, ActualDatabase, ActualObject, ActualRole, ActualSchema, ActualServer, Admin, Capacity,
    Contents, DbName, DefaultAcl, Grantee, Membership, ObjectKind, RoleName, RoleSetting, SchemaName,
};

/// The shared catalogues.
#[derive(Deserialize)]
pub struct Cluster {
    version: u32,
    maintenance: String,
    standby: bool,
    capacity: Capacity,
    bootstrap: String,
    settled_extensions: Option<BTreeSet<String>>,
    movable_extensions: Option<BTreeSet<String>>,
    trusted_extensions: Option<BTreeSet<String>>,
    admin: RawAdmin,
    roles: Vec<RawRole>,
    memberships: Option<Vec<RawMembership>>,
    databases: Vec<RawDatabase>,
    settings: Option<Vec<RawSetting>>,
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
    setting: String,
}

/// One database.
#[derive(Deserialize)]
pub struct Inside {
    schemas: Option<Vec<RawSchema>>,
    objects: Option<Vec<RawObject>>,
    default_acls: Option<Vec<RawDefault>>,
    extensions: Option<BTreeMap<String, String>>,
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
    /// As the rest of the program knows it.
    pub fn typed(self) -> Result<ActualServer> {
        let mut actual = ActualServer {
            version: self.version,
            admin: self.admin.typed(),
            bootstrap: self.bootstrap,
            settled_extensions: self.settled_extensions.unwrap_or_default(),
            movable_extensions: self.movable_extensions.unwrap_or_default(),
            trusted_extensions: self.trusted_extensions.unwrap_or_default(),
            capacity: self.capacity,
            maintenance: self.maintenance,
            standby: self.standby,
            ..ActualServer::default()
        };
        for raw in self.roles {
            actual.roles.insert(role(raw.name.clone())?, raw.typed());
        }
        for raw in self.memberships.unwrap_or_default() {
            actual.memberships.push(raw.typed()?);
        }
        for raw in self.databases {
            actual.databases.insert(database(raw.name.clone())?, raw.typed()?);
        }
        for raw in self.settings.unwrap_or_default() {
            place_setting(&mut actual, raw)?;
        }
        actual.memberships.sort();
        actual.role_settings.sort();
        Ok(actual)
    }
}

fn place_setting(actual: &mut ActualServer, raw: RawSetting) -> Result<()> {
    let Some((name, value)) = raw.setting.split_once('=') else { return Ok(()) };
    let (name, value) = (name.to_owned(), value.to_owned());
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
            contents: None,
        })
    }
}

impl Inside {
    /// As the rest of the program knows it.
    pub fn typed(self) -> Result<Contents> {
        let mut contents =
            Contents { extensions: self.extensions.unwrap_or_default(), ..Contents::default() };
        for raw in self.schemas.unwrap_or_default() {
            let schema = ActualSchema { owner: role(raw.owner)?, acl: acl(raw.acl)? };
            contents.schemas.insert(schema_name(raw.name)?, schema);
        }
        for raw in self.objects.unwrap_or_default() {
            contents.objects.push(raw.typed()?);
        }
        for raw in self.default_acls.unwrap_or_default() {
            let schema = raw.schema.map(schema_name).transpose()?;
            let entry = DefaultAcl { role: role(raw.role)?, schema, object: raw.object, acl: acl(raw.acl)? };
            contents.default_acls.push(entry);
        }
        let key = |object: &ActualObject| {
            (object.kind, object.schema.clone(), object.name.clone(), object.signature.clone())
        };
        contents.objects.sort_by_key(key);
        Ok(contents)
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
