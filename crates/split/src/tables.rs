//! The tables of one side, as a copy and a comparison have to know them.

use std::collections::BTreeMap;

use serde::Deserialize;

use martydb_model::error::Result;
use martydb_pg::server::Connection;
use martydb_provision::catalog::rows;

const TABLES: &str = include_str!("sql/tables.sql");

/// A table of one side.
#[derive(Debug, Clone, Deserialize)]
pub struct TableShape {
    pub oid: u32,
    pub schema: String,
    pub name: String,
    /// Schema and name as the server quotes them.
    pub ident: String,
    kind: char,
    pub unlogged: bool,
    /// Row security holds for its owner too.
    pub forced: bool,
    /// The partitioned table that it is a part of.
    pub parent: Option<u32>,
    /// The file of its rows.
    pub storage: i64,
    pub pages: i64,
    pub bytes: i64,
    /// As `relreplident` says it.
    pub identity: char,
    /// Planning a query of it runs nothing that its owner wrote.
    pub plain: bool,
    /// It has a primary key that holds at every moment.
    pub primary: bool,
    key: Option<Vec<String>>,
    /// By name.
    pub columns: Vec<TableColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TableColumn {
    pub name: String,
    /// With its schema, where that is not `pg_catalog`.
    #[serde(rename = "type")]
    pub kind: String,
    pub generated: bool,
    /// Its binary form means the same everywhere.
    pub safe: bool,
}

/// All of one database.
#[derive(Debug, Clone, Default)]
pub struct DatabaseTables {
    /// By schema and name.
    pub tables: BTreeMap<(String, String), TableShape>,
}

impl TableShape {
    pub fn is_partitioned(&self) -> bool {
        self.kind == 'p'
    }

    /// The columns by which a row is told from the others.
    pub fn key(&self) -> &[String] {
        self.key.as_deref().unwrap_or_default()
    }

    pub fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl DatabaseTables {
    /// Reads them. Services' functions do not run.
    ///
    /// # Errors
    /// If the catalogues cannot be read.
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

    /// The partitioned table of which this one is a part, or a part of a part.
    pub fn root<'a>(&'a self, table: &'a TableShape) -> &'a TableShape {
        let mut top = table;
        while let Some(above) = top.parent.and_then(|oid| self.tables.values().find(|one| one.oid == oid)) {
            top = above;
        }
        top
    }
}
