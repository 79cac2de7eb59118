//! The rows of `cluster.sql` and `contents.sql`, and how they become the model.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::rows::CatalogRow;
use crate::error::Result;
use crate::model::acl::null_as_default;
use crate::model::{ActualServer, Contents, DbName, RoleName, RoleSetting};

/// What `encode(…, 'hex')` wrote; `None` where it is something else.
pub fn bytes_of_hex(hex: &str) -> Option<Vec<u8>> {
    let byte =
        |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    hex.as_bytes().chunks_exact(2).map(byte).collect()
}

#[derive(Default)]
pub struct ClusterRows {
    /// The one row about the whole server.
    server: ActualServer,
    /// What has a row for each.
    actual: ActualServer,
    settings: Vec<SettingRow>,
}

#[derive(Deserialize)]
pub struct Named<N, T> {
    name: N,
    #[serde(flatten)]
    item: T,
}

impl<N, T> Named<N, T> {
    pub fn entry(self) -> [(N, T); 1] {
        [(self.name, self.item)]
    }
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
            "server" => self.server = row.parse()?,
            "role" => actual.roles.extend(row.parse::<Named<_, _>>()?.entry()),
            "membership" => actual.memberships.push(row.parse()?),
            "database" => actual.databases.extend(row.parse::<Named<_, _>>()?.entry()),
            "setting" => self.settings.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    }

    /// Settings are placed last: a row may come before that of its database.
    pub fn finish(self) -> ActualServer {
        let ActualServer { roles, memberships, databases, .. } = self.actual;
        let mut actual = ActualServer { roles, memberships, databases, ..self.server };
        self.settings.into_iter().for_each(|row| row.place(&mut actual));
        actual.memberships.sort();
        actual.role_settings.sort();
        actual
    }
}

/// What stands between the beginning of a value that was cut and its length.
const CUT: &str = "… (";

/// Whether a setting's value was read only in part.
pub fn is_cut(value: &str) -> bool {
    value.ends_with(" bytes)") && value.contains(CUT)
}

impl SettingRow {
    fn place(self, actual: &mut ActualServer) {
        let SettingRow { role, database, name, value, bytes } = self;
        // A value that was cut ends with its length, and is equal to nothing that a manifest declares.
        let value = bytes.map_or(value.clone(), |bytes| format!("{value}{CUT}{bytes} bytes)"));
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

pub fn take_contents(contents: &mut Contents, row: &CatalogRow) -> Result<()> {
    #[derive(Deserialize)]
    struct InSchema {
        schema: String,
    }
    match row.section.as_str() {
        "extension" => {
            let Named { name, item: InSchema { schema } } = row.parse()?;
            contents.extensions.insert(name, schema);
        }
        "schema" => contents.schemas.extend(row.parse::<Named<_, _>>()?.entry()),
        "default" => contents.default_acls.push(row.parse()?),
        "object" => contents.objects.push(row.parse()?),
        _ => return row.unknown(),
    }
    Ok(())
}
