//! Sums of rows that the servers compute. At the source this is a query of the admin, and planning it evaluates the
//! expressions of indexes and statistics that the table's owner created. So it is used only for tables without any, under a
//! lock that prevents new ones.

use std::collections::BTreeMap;

use crate::copy::loading::TableLoad;
use crate::database::tables::{DatabaseTables, TableShape};
use crate::database::write_block::numbers;
use martydb_compare::{ServerSum, ServerSums};
use martydb_model::error::Result;
use martydb_model::sql::{ServerText, stmt};
use martydb_pg::server::{Connection, query_as};
use martydb_provision::moving::sums::hashed_columns;

/// First major version with functions that hash a record; later versions return the same hashes.
const HASHES_RECORDS: u32 = 14;

/// Hash of a column's value: a function, and its argument.
type ColumnHashes = BTreeMap<(u32, String), (String, String)>;

/// Hash functions of both sides.
pub struct HashedSides {
    source: ColumnHashes,
    target: ColumnHashes,
    /// Tables of the source, read under the lock.
    shapes: DatabaseTables,
}

impl HashedSides {
    /// Reads the functions; `None` if a server is too old. Another session holds a lock on the source's tables against new
    /// indexes.
    ///
    /// # Errors
    /// If a catalog cannot be read.
    pub async fn read(
        there: &mut Connection,
        here: &mut Connection,
        loads: &[TableLoad],
        target: &DatabaseTables,
    ) -> Result<Option<HashedSides>> {
        if there.major().min(here.major()) < HASHES_RECORDS {
            return Ok(None);
        }
        let oids: Vec<u32> = loads.iter().map(|load| load.relation.oid).collect();
        let at_target: Vec<u32> = target.tables.values().map(|table| table.oid).collect();
        let shapes = DatabaseTables::read(there).await?;
        let (source, target) = tokio::try_join!(columns(there, &oids), columns(here, &at_target))?;
        Ok(Some(HashedSides { source, target, shapes }))
    }

    /// Returns the queries for a target table and its parts at the source; `None` if the rows must be compared.
    pub fn sums(&self, parts: &[&TableLoad], into: &TableShape) -> Option<ServerSums> {
        let first = parts.first()?;
        let hash = |of: &ColumnHashes, oid: u32| -> Option<Vec<(String, String)>> {
            first.columns.iter().map(|name| of.get(&(oid, name.clone())).cloned()).collect()
        };
        let target = hash(&self.target, into.oid)?;
        let mut sources = vec![];
        for part in parts {
            let shape = self.shapes.table(&part.relation.schema, &part.relation.name)?;
            let same = shape.oid == part.relation.oid && hash(&self.source, shape.oid)? == target;
            if !shape.plain || !same || part.columns != first.columns {
                return None;
            }
            sources.push(sum(&part.from, &target, false));
        }
        Some(ServerSums { sources, target: sum(&first.into, &target, into.is_partitioned()) })
    }
}

async fn columns(session: &mut Connection, oids: &[u32]) -> Result<ColumnHashes> {
    let asked = stmt!(
        "WITH hashed AS ({columns}) SELECT attrelid, attname::pg_catalog.text, function, value FROM hashed
         WHERE attrelid = ANY ({oids}::pg_catalog.oid[])",
        columns = hashed_columns(),
        oids = numbers(oids)
    );
    let rows = query_as(session, &asked).await?.into_iter();
    Ok(rows.map(|(oid, name, function, value)| ((oid, name), (function, value))).collect())
}

/// Returns the sum of a table's rows.
fn sum(table: &str, columns: &[(String, String)], partitioned: bool) -> ServerSum {
    let each = columns
        .iter()
        .enumerate()
        .map(|(at, (function, value))| format!("coalesce(pg_catalog.{function}({value}, {at}), {at})"));
    let hash = each.collect::<Vec<_>>().join(" OPERATOR(pg_catalog.#) ");
    let hash = if hash.is_empty() { "0".to_owned() } else { hash };
    let only = if partitioned { "" } else { "ONLY " };
    ServerSum {
        hash: stmt!("{hash}", hash = ServerText::quoted_by_server(hash)),
        from: stmt!("{from}", from = ServerText::quoted_by_server(format!("{only}{table} x"))),
    }
}
