//! Record of a backup beside the archive, as of the archive's snapshot: the data that no archive contains, and the
//! data that a restored database is compared with.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use martydb_compare::RowHash;
use martydb_migrate::history::Catalog;

/// Record of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackupRecord {
    /// WAL position (LSN) when the snapshot was taken.
    pub lsn: Option<String>,
    pub server_version: String,
    pub server_version_num: u32,
    /// Version of the programs that wrote the archive, in their own words.
    pub client_version: String,
    /// Compression, as `pg_dump --compress` accepts it.
    pub compression: String,
    /// Newest applied migration; `None` without any.
    pub migration_head: Option<i64>,
    /// Number of changes that `plan` had for the service; `None` if unknown.
    pub plan_changes: Option<usize>,
    /// Objects of the database that the archive lacks, as accepted.
    pub left_out: Vec<String>,
    /// Name of the hash in `contents`: `cols/2`, or `text/1` on a server before 14; `none` if rows were only
    /// counted.
    pub hash: String,
    /// Rows and hash of each table, the position of each sequence, and privileges on the history tables.
    pub contents: BTreeMap<String, String>,
    /// Kind, name and definition of each object, with owner and privileges.
    #[serde(rename = "catalogue")]
    pub catalog: Vec<(String, String, String)>,
    /// Data that no archive contains.
    pub beyond: BeyondRecord,
    /// Columns of the data service's audit in the file `audit/rows`; `None` without its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Vec<String>>,
}

impl BackupRecord {
    pub fn major(&self) -> u32 {
        self.server_version_num / 10000
    }

    /// Returns whether a restore can be compared beyond row counts.
    pub fn rows_compared(&self) -> RowsCompared {
        if self.hash == RowHash::None.name() { RowsCompared::Counts } else { RowsCompared::Hashes }
    }

    /// Returns the catalog as it was read.
    pub(crate) fn read_catalog(&self) -> Catalog {
        let entry =
            |(kind, name, text): &(String, String, String)| ((kind.clone(), name.clone()), text.clone());
        Catalog(self.catalog.iter().map(entry).collect())
    }
}

/// Comparison that the record allows for rows, and so for a restored database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowsCompared {
    #[default]
    Hashes,
    Counts,
}

/// Data that no archive contains: properties of the database itself, and objects of other owners.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BeyondRecord {
    pub database: DatabaseRecord,
    /// Schema that every new database has; `None` if it was dropped.
    pub public: Option<PublicRecord>,
    pub extensions: Vec<ExtensionRecord>,
    /// Large objects of roles other than the owner.
    pub large_objects: Vec<LargeObjectRecord>,
    /// Default privileges that roles other than the owner granted.
    pub default_privileges: Vec<DefaultPrivilegeRecord>,
    /// Roles that own objects or hold privileges in the database.
    pub roles: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseRecord {
    pub name: String,
    pub owner: String,
    pub connection_limit: i32,
    pub encoding: String,
    pub collate: String,
    pub ctype: String,
    pub comment: Option<String>,
    pub acl: Vec<GrantRecord>,
    /// Settings of the database, and of roles in it.
    pub settings: Vec<SettingRecord>,
}

/// Owner and privileges of the schema `public`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicRecord {
    pub owner: String,
    pub acl: Vec<GrantRecord>,
}

/// A privilege of one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantRecord {
    /// Grantee; `None` is PUBLIC.
    pub grantee: Option<String>,
    pub privilege: String,
    pub grantable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingRecord {
    /// Role; `None` is every role.
    pub role: Option<String>,
    pub name: String,
    /// Value as the server stores it.
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExtensionRecord {
    pub name: String,
    pub version: String,
    pub schema: String,
    pub owner: String,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LargeObjectRecord {
    pub oid: i64,
    pub owner: String,
    /// Privileges without those of its owner.
    pub acl: Vec<GrantRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DefaultPrivilegeRecord {
    pub role: String,
    /// Schema; `None` is every schema.
    pub schema: Option<String>,
    /// Kind, as in `pg_default_acl.defaclobjtype`.
    pub kind: String,
    pub acl: Vec<GrantRecord>,
}
