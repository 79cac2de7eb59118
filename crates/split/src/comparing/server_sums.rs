//! Sums of rows computed by the servers, at half the cost of sending the rows here. They can only prove that rows are
//! equal; if they differ, the rows are compared.
//!
//! At the source this is a query of the admin, and planning it evaluates the expressions of indexes and statistics that
//! the table's owner created. So it is used only for tables without any, under a lock that prevents new ones.

use std::collections::BTreeMap;

use crate::loading::TableLoad;
use crate::tables::{DatabaseTables, TableShape};
use crate::write_block::numbers;
use martydb_backup::moving::sums::hashed_columns;
use martydb_model::error::Result;
use martydb_model::sql::{ServerText, Statement, stmt};
use martydb_pg::server::{Connection, Unreadable, query_as, query_one};

/// First major version with functions that hash a record; later versions return the same hashes.
const HASHES_RECORDS: u32 = 14;

/// Queries of one table, one per part at the source.
pub struct ServerSums {
    sources: Vec<Statement>,
    target: Statement,
}

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
            sources.push(sum_sql(&part.from, &target, false));
        }
        Some(ServerSums { sources, target: sum_sql(&first.into, &target, into.is_partitioned()) })
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

/// Returns the query for the number of a table's rows and the sum of their hashes.
fn sum_sql(table: &str, columns: &[(String, String)], partitioned: bool) -> Statement {
    let each = columns
        .iter()
        .enumerate()
        .map(|(at, (function, value))| format!("coalesce(pg_catalog.{function}({value}, {at}), {at})"));
    let hash = each.collect::<Vec<_>>().join(" OPERATOR(pg_catalog.#) ");
    let hash = if hash.is_empty() { "0".to_owned() } else { hash };
    let only = if partitioned { "" } else { "ONLY " };
    let from = format!("{only}{table} x");
    stmt!(
        "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum(({hash})::pg_catalog.int8), 0)::pg_catalog.text FROM {from}",
        hash = ServerText::quoted_by_server(hash),
        from = ServerText::quoted_by_server(from)
    )
}

impl ServerSums {
    /// Returns the number of rows of both sides, if the sums are equal.
    ///
    /// # Errors
    /// If the query fails at one side.
    pub async fn equal(&self, there: &mut Connection, here: &mut Connection) -> Result<Option<i64>> {
        let source = async {
            let mut all = (0, 0);
            for part in &self.sources {
                let (rows, sum) = sum(there, part).await?;
                all = (all.0 + rows, all.1 + sum);
            }
            Ok(all)
        };
        let (source, target) = tokio::try_join!(source, sum(here, &self.target))?;
        Ok((source == target).then_some(source.0))
    }
}

async fn sum(session: &mut Connection, asked: &Statement) -> Result<(i64, i128)> {
    let (rows, sum) = query_one::<(i64, String)>(session, asked).await?;
    Ok((rows, sum.parse().map_err(|_| Unreadable::new(sum))?))
}
