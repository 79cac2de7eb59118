//! Contents of one database, from its catalogs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer};

use super::acl::{AclEntry, null_as_default, sorted};
use crate::{ActualCounter, RecordPart, RecordPartKind, RoleName, SchemaName};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// Schemas other than the server's own.
    pub schemas: BTreeMap<SchemaName, ActualSchema>,
    /// Tables, views, sequences, functions and types in those schemas, without members of extensions.
    pub objects: Vec<ActualObject>,
    pub default_acls: Vec<DefaultAcl>,
    /// Installed extensions, by name, with their schema.
    pub extensions: BTreeMap<String, String>,
    pub publications: BTreeMap<String, ActualPublication>,
    pub owner_code: OwnerCode,
    /// Parts of the tables in the data service's schema, by table.
    pub records: BTreeMap<String, BTreeSet<RecordPart>>,
    /// Functions there that count writes, with their triggers.
    pub counters: Vec<ActualCounter>,
}

/// Authors of code that runs with the privileges of a relation's owner, whichever role causes it: by relation and by
/// object, as `schema.name` or as a function with its arguments. Empty if all owners are as they should be.
pub type OwnerCode = BTreeMap<String, BTreeSet<RoleName>>;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActualPublication {
    pub owner: RoleName,
    /// Name, quoted by the server.
    pub identity: String,
    /// `true` if it lists its tables; `false` if it publishes all tables, or all of a schema.
    pub is_list: bool,
    #[serde(deserialize_with = "null_as_default")]
    pub tables: BTreeSet<(SchemaName, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActualSchema {
    pub owner: RoleName,
    #[serde(deserialize_with = "sorted")]
    pub acl: Vec<AclEntry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A table, partitioned table or foreign table.
    Table,
    View,
    MaterializedView,
    Sequence,
    /// A function, aggregate or window function.
    Function,
    Procedure,
    /// A type or domain.
    Type,
    /// Any other object in a schema that has an owner and no ACL: collations, operators, text search and the like.
    Other,
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

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActualObject {
    pub kind: ObjectKind,
    pub schema: SchemaName,
    /// Name without arguments.
    pub name: String,
    /// Qualified and quoted by the server: a function with its argument types, or an object of kind `Other` (whose
    /// `name` is its sort); `None` for other kinds.
    pub signature: Option<String>,
    pub owner: RoleName,
    pub security_definer: bool,
    /// `true` if its owner is not changed: it follows another object's (a serial sequence), or it is a function in an
    /// untrusted language, which only a superuser may own.
    pub dependent: bool,
    /// `true` for a table with rows of its own: no partitioned and no foreign table.
    #[serde(default)]
    pub is_plain: bool,
    /// `true` for a table with row security that does not apply to its owner.
    #[serde(default)]
    pub policies_spare_owner: bool,
    /// Table of a serial or identity sequence, in the same schema.
    #[serde(default)]
    pub of_table: Option<String>,
    #[serde(deserialize_with = "sorted")]
    pub acl: Vec<AclEntry>,
    #[serde(rename = "columns", deserialize_with = "by_column")]
    pub column_acl: Vec<(String, AclEntry)>,
}

fn by_column<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<(String, AclEntry)>, D::Error> {
    #[derive(Deserialize)]
    struct OnColumn {
        column: String,
        #[serde(flatten)]
        entry: AclEntry,
    }
    let entries: Vec<OnColumn> = null_as_default(value)?;
    Ok(entries.into_iter().map(|one| (one.column, one.entry)).collect())
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DefaultAcl {
    /// Role whose future objects they apply to.
    pub role: RoleName,
    /// The one schema that they apply to; `None` for the whole database.
    pub schema: Option<SchemaName>,
    /// `pg_default_acl.defaclobjtype`: r, S, f, T, n, L.
    pub object: char,
    #[serde(deserialize_with = "sorted")]
    pub acl: Vec<AclEntry>,
}

/// Parts of a table in the data service's schema, as the catalogs have them: kind, name and definition.
#[derive(Debug, Deserialize)]
pub struct ActualRecords {
    pub table: String,
    parts: Vec<(String, String, String)>,
}

impl ActualRecords {
    /// Returns the table's name and its parts.
    pub fn entry(self) -> (String, BTreeSet<RecordPart>) {
        let part = |(kind, name, text): (String, String, String)| RecordPart {
            kind: RecordPartKind::named(&kind),
            name,
            text,
        };
        (self.table, self.parts.into_iter().map(part).collect())
    }
}
