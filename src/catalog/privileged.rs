//! What in one database can take a role further than its own privileges.

use serde::Deserialize;

use super::rows::CatalogRow;
use crate::error::Result;
use crate::model::AclEntry;
use crate::model::acl::null_as_default;

#[derive(Debug, Clone, Default)]
pub struct PrivilegedCatalog {
    pub schemas: Vec<SchemaAccess>,
    pub routines: Vec<PrivilegedRoutine>,
    pub relations: Vec<PrivilegedRelation>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SchemaAccess {
    pub name: String,
    pub owner: String,
    /// Without the owner's own privileges.
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct PrivilegedRoutine {
    /// With its arguments, quoted by the server.
    pub shown: String,
    pub schema: String,
    pub owner: String,
    /// As `GRANT … ON` spells it.
    pub grant_on: String,
    /// Runs with its owner's rights.
    pub definer: bool,
    /// Whether its body can be made to run what it is told.
    pub executes: bool,
    /// The extension whose script made it.
    pub extension: Option<String>,
    /// The C function behind it.
    pub symbol: Option<String>,
    /// Returns `trigger`.
    pub trigger: bool,
    /// An enabled event trigger calls it.
    pub event: bool,
    /// The server calls it for an operator class or a range type.
    pub called: bool,
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

/// A view, a foreign table, a table with a trigger that runs with another role's rights, or one with secrets.
#[derive(Debug, Clone, Deserialize)]
pub struct PrivilegedRelation {
    pub shown: String,
    pub schema: String,
    pub owner: String,
    pub grant_on: String,
    /// Made by initdb.
    pub system: bool,
    pub materialized: bool,
    /// A materialised view that holds rows.
    pub filled: bool,
    /// Reads with the rights of the reader.
    pub invoker: bool,
    /// What a view reads, as far as it leads on.
    #[serde(deserialize_with = "null_as_default")]
    pub reads: Vec<String>,
    /// The functions of its triggers that run with the rights of another role than its owner.
    #[serde(deserialize_with = "null_as_default")]
    pub triggers: Vec<String>,
    /// Of a foreign table.
    pub wrapper: Option<String>,
    /// The database that its server leads to.
    pub database: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub acl: Vec<AclEntry>,
}

impl PrivilegedCatalog {
    pub fn take(&mut self, row: &CatalogRow) -> Result<()> {
        match row.section.as_str() {
            "schema" => self.schemas.push(row.parse()?),
            "routine" => self.routines.push(row.parse()?),
            "relation" => self.relations.push(row.parse()?),
            _ => return row.unknown(),
        }
        Ok(())
    }

    /// The server answers in any order; findings are told in this one.
    pub fn sort(&mut self) {
        self.schemas.sort_by(|a, b| a.name.cmp(&b.name));
        self.routines.sort_by(|a, b| a.shown.cmp(&b.shown));
        self.relations.sort_by(|a, b| a.shown.cmp(&b.shown));
    }
}
