//! Sums of rows that the servers compute. At the source this is a query of the admin, and planning it evaluates the
//! expressions of indexes and statistics that the table's owner created. So it is used only for tables without any, under a
//! lock that prevents new ones.

use crate::copy::loading::TableLoad;
use crate::database::tables::{DatabaseTables, TableShape};
use martydb_compare::{ColumnHash, ColumnHashes, ServerSum, ServerSums, column_hashes};
use martydb_model::error::Result;
use martydb_model::sql::{ServerText, stmt};
use martydb_pg::server::Connection;

/// First major version with functions that hash a record; later versions return the same hashes.
const HASHES_RECORDS: u32 = 14;

/// Hash functions of both sides.
pub(super) struct HashedSides {
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
    pub(super) async fn read(
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
        let (source, target) =
            tokio::try_join!(column_hashes(there, &oids), column_hashes(here, &at_target))?;
        Ok(Some(HashedSides { source, target, shapes }))
    }

    /// Returns the queries for a target table and its parts at the source; `None` if the rows must be compared.
    pub(super) fn sums(&self, parts: &[&TableLoad], into: &TableShape) -> Option<ServerSums> {
        let first = parts.first()?;
        let hash = |of: &ColumnHashes, oid: u32| -> Option<Vec<ColumnHash>> {
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

/// Returns the sum of a table's rows.
fn sum(table: &str, columns: &[ColumnHash], partitioned: bool) -> ServerSum {
    let only = if partitioned { "" } else { "ONLY " };
    ServerSum {
        hash: ColumnHash::of_row(columns),
        from: stmt!("{from}", from = ServerText::quoted_by_server(format!("{only}{table} x"))),
    }
}
