//! The rows of `cluster.sql` and `contents.sql`, and how they become the model.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::rows::CatalogRow;
use crate::error::Result;
use crate::model::acl::null_as_default;
use crate::model::{
    ActualDatabase, ActualObject, ActualRole, ActualSchema, ActualServer, Admin, Capacity, Contents, DbName,
    KeptPassword, RoleName, RoleSetting, SchemaName,
};

#[derive(Default)]
pub struct ClusterRows {
    actual: ActualServer,
    settings: Vec<SettingRow>,
}

#[derive(Deserialize)]
struct Named<N, T> {
    name: N,
    #[serde(flatten)]
    item: T,
}

#[derive(Deserialize)]
struct ServerRow {
    version: u32,
    maintenance: String,
    standby: bool,
    capacity: Capacity,
    bootstrap: String,
    #[serde(deserialize_with = "null_as_default")]
    settled_extensions: BTreeSet<String>,
    #[serde(deserialize_with = "null_as_default")]
    movable_extensions: BTreeSet<String>,
    #[serde(deserialize_with = "null_as_default")]
    trusted_extensions: BTreeSet<String>,
    admin: Admin,
}

#[derive(Deserialize)]
struct SettingRow {
    role: Option<RoleName>,
    database: Option<DbName>,
    name: String,
    value: String,
    /// The length of a value that was cut.
    bytes: Option<u64>,
}

/// What an admin that is no superuser may not do.
#[derive(Deserialize)]
pub struct LimitedAdmin {
    #[serde(deserialize_with = "null_as_default")]
    pub forbidden_settings: BTreeSet<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub untrusted_extensions: BTreeSet<String>,
}

#[derive(Deserialize)]
pub struct KeptRow {
    pub role: RoleName,
    #[serde(flatten)]
    pub kept: KeptPassword,
}

/// A database in which a role owns or holds something; `None` stands for shared objects.
#[derive(Deserialize)]
pub struct HoldingRow {
    pub role: RoleName,
    pub database: Option<DbName>,
    pub owned: bool,
    /// What only a superuser may own.
    pub stuck: Option<String>,
}

impl ClusterRows {
    pub fn take(&mut self, row: &CatalogRow) -> Result<()> {
        let actual = &mut self.actual;
        match row.section.as_str() {
            "server" => row.parse::<ServerRow>()?.place(actual),
            "role" => {
                let Named { name, item } = row.parse::<Named<RoleName, ActualRole>>()?;
                actual.roles.insert(name, item);
            }
            "membership" => actual.memberships.push(row.parse()?),
            "database" => {
                let Named { name, item } = row.parse::<Named<DbName, ActualDatabase>>()?;
                actual.databases.insert(name, item);
            }
            "setting" => self.settings.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    }

    /// Settings are placed last: a row may come before that of its database.
    pub fn finish(self) -> ActualServer {
        let mut actual = self.actual;
        self.settings.into_iter().for_each(|row| row.place(&mut actual));
        actual.memberships.sort();
        actual.role_settings.sort();
        actual
    }
}

impl ServerRow {
    fn place(self, actual: &mut ActualServer) {
        actual.version = self.version;
        actual.admin = self.admin;
        actual.bootstrap = self.bootstrap;
        actual.settled_extensions = self.settled_extensions;
        actual.movable_extensions = self.movable_extensions;
        actual.trusted_extensions = self.trusted_extensions;
        actual.capacity = self.capacity;
        actual.maintenance = self.maintenance;
        actual.standby = self.standby;
    }
}

impl SettingRow {
    fn place(self, actual: &mut ActualServer) {
        let SettingRow { role, database, name, value, bytes } = self;
        // A value that was cut ends with its length, and is equal to nothing that a manifest declares.
        let value = bytes.map_or(value.clone(), |bytes| format!("{value}… ({bytes} bytes)"));
        match (role, database) {
            (Some(role), database) => actual.role_settings.push(RoleSetting { role, database, name, value }),
            (None, Some(database)) => {
                if let Some(found) = actual.databases.get_mut(&database) {
                    found.settings.push((name, value));
                }
            }
            // ALTER ROLE ALL SET.
            (None, None) => actual.everyones_settings.push((name, value)),
        }
    }
}

#[derive(Default)]
pub struct ContentsRows(Contents);

impl ContentsRows {
    pub fn take(&mut self, row: &CatalogRow) -> Result<()> {
        let ContentsRows(contents) = self;
        match row.section.as_str() {
            "extension" => {
                #[derive(Deserialize)]
                struct Extension {
                    name: String,
                    schema: String,
                }
                let Extension { name, schema } = row.parse()?;
                contents.extensions.insert(name, schema);
            }
            "schema" => {
                let Named { name, item } = row.parse::<Named<SchemaName, ActualSchema>>()?;
                contents.schemas.insert(name, item);
            }
            "default" => contents.default_acls.push(row.parse()?),
            "object" => contents.objects.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    }

    pub fn finish(self) -> Contents {
        let ContentsRows(mut contents) = self;
        let key = |object: &ActualObject| {
            (object.kind, object.schema.clone(), object.name.clone(), object.signature.clone())
        };
        contents.objects.sort_by_cached_key(key);
        contents
    }
}
