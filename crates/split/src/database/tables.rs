//! Tables of one side, in the form that a copy and a comparison need.

use std::collections::BTreeMap;

use serde::Deserialize;

use martydb_catalog::rows;
use martydb_model::error::Result;
use martydb_pg::server::Connection;

const TABLES: &str = include_str!("../sql/tables.sql");

/// Table of one side.
#[derive(Debug, Clone, Deserialize)]
pub struct TableShape {
    pub oid: u32,
    pub schema: String,
    pub name: String,
    /// Schema and name, quoted by the server.
    pub ident: String,
    kind: char,
    pub unlogged: bool,
    /// `true` if row security applies to its owner too.
    pub forced: bool,
    /// Partitioned table that it is a part of.
    pub parent: Option<u32>,
    /// File of its rows.
    pub storage: i64,
    pub pages: i64,
    pub bytes: i64,
    /// Value of `relreplident`.
    pub identity: char,
    /// `true` if planning a query of it runs no code of its owner.
    pub plain: bool,
    /// `true` if it has a primary key that is not deferrable.
    pub primary: bool,
    /// `true` if it has a primary key that is deferrable.
    #[serde(rename = "deferrable")]
    pub has_deferrable_key: bool,
    key: Option<Vec<String>>,
    /// Columns, by name.
    pub columns: Vec<TableColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TableColumn {
    pub name: String,
    /// Type with its schema, unless that is `pg_catalog`.
    #[serde(rename = "type")]
    pub kind: String,
    pub generated: bool,
    /// `true` if its binary format means the same everywhere.
    pub safe: bool,
}

/// Tables of a database.
#[derive(Debug, Clone, Default)]
pub struct DatabaseTables {
    /// Tables by schema and name.
    pub tables: BTreeMap<(String, String), TableShape>,
}

impl TableShape {
    pub(crate) fn is_partitioned(&self) -> bool {
        self.kind == 'p'
    }

    /// Returns the columns that identify a row.
    pub fn key(&self) -> &[String] {
        self.key.as_deref().unwrap_or_default()
    }

    pub fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl DatabaseTables {
    /// Reads the tables. No functions of services run.
    ///
    /// # Errors
    /// If the catalogs cannot be read.
    #[martydb_pg::boxed]
    pub async fn read(session: &mut Connection) -> Result<DatabaseTables> {
        let mut all = DatabaseTables::default();
        rows::read_all(session, TABLES, |row| {
            match row.section.as_str() {
                "table" => {
                    let table: TableShape = row.parse()?;
                    all.tables.insert((table.schema.clone(), table.name.clone()), table);
                }
                _ => return row.unknown(),
            }
            Ok(())
        })
        .await?;
        Ok(all)
    }

    pub fn table(&self, schema: &str, name: &str) -> Option<&TableShape> {
        self.tables.get(&(schema.to_owned(), name.to_owned()))
    }

    /// Returns the topmost partitioned table of a part.
    pub fn root<'a>(&'a self, table: &'a TableShape) -> &'a TableShape {
        let mut top = table;
        while let Some(above) = top.parent.and_then(|oid| self.tables.values().find(|one| one.oid == oid)) {
            top = above;
        }
        top
    }
}
