//! What a backup says of the service beside the archive, all of it as of the archive's snapshot: what no archive carries, and
//! what a restored database has to be equal to.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::moving::sums::RowHash;
use martydb_migrate::history::Catalogue;

/// The record of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackupRecord {
    /// Where the server's log was when the snapshot was taken.
    pub lsn: Option<String>,
    pub server_version: String,
    pub server_version_num: u32,
    /// The programs that wrote the archive, as they name their version.
    pub client_version: String,
    /// As `pg_dump --compress` takes it.
    pub compression: String,
    /// The newest migration that was applied; `None` where there was none.
    pub migration_head: Option<i64>,
    /// How many changes `plan` had for the service before; `None` where that was not known.
    pub plan_changes: Option<usize>,
    /// What is not in the archive although the database had it, as it was accepted.
    pub left_out: Vec<String>,
    /// The name of the hash in `contents`: `cols/2`, or `text/1` on a server before 14; `none` where rows were counted alone.
    pub hash: String,
    /// Rows and hash of each table, the position of each sequence, rights on the histories.
    pub contents: BTreeMap<String, String>,
    /// Kind, name and definition of each object, with owner and rights.
    pub catalogue: Vec<(String, String, String)>,
    /// What no archive carries.
    pub beyond: BeyondRecord,
}

impl BackupRecord {
    pub fn major(&self) -> u32 {
        self.server_version_num / 10000
    }

    /// Whether a restore can be held against more than the number of rows.
    pub fn rows_compared(&self) -> RowsCompared {
        if self.hash == RowHash::None.name() { RowsCompared::Counts } else { RowsCompared::Hashes }
    }

    /// The catalogue as it was read.
    pub fn read_catalogue(&self) -> Catalogue {
        let entry =
            |(kind, name, text): &(String, String, String)| ((kind.clone(), name.clone()), text.clone());
        Catalogue(self.catalogue.iter().map(entry).collect())
    }
}

/// What is known of the rows of a backup, and so of what was restored from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowsCompared {
    #[default]
    Hashes,
    Counts,
}

/// What no archive carries: the database itself, and what belongs to others than the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BeyondRecord {
    pub database: DatabaseRecord,
    /// The schema that every new database has; `None` where it was removed.
    pub public: Option<PublicRecord>,
    pub extensions: Vec<ExtensionRecord>,
    /// Large objects of other roles than the owner.
    pub large_objects: Vec<LargeObjectRecord>,
    /// Default privileges that other roles than the owner gave.
    pub default_privileges: Vec<DefaultPrivilegeRecord>,
    /// Roles that own something in the database or hold rights there.
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
    /// Of the database, and of roles in it.
    pub settings: Vec<SettingRecord>,
}

/// Owner and rights of the schema `public`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicRecord {
    pub owner: String,
    pub acl: Vec<GrantRecord>,
}

/// One right of one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantRecord {
    /// `None` is PUBLIC.
    pub grantee: Option<String>,
    pub privilege: String,
    pub grantable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingRecord {
    /// `None` is every role.
    pub role: Option<String>,
    pub name: String,
    /// As the server stores it.
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
    /// Without its owner's.
    pub acl: Vec<GrantRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DefaultPrivilegeRecord {
    pub role: String,
    /// `None` is every schema.
    pub schema: Option<String>,
    /// As in `pg_default_acl.defaclobjtype`.
    pub kind: String,
    pub acl: Vec<GrantRecord>,
}
