//! Sizes of a service's tables, to judge what a migration would lock.

use std::time::Duration;

use super::check::{TableSize, TableSizes};
use super::engine::session::connect_reader;
use super::target::MigrationTarget;
use martydb_model::error::Result;
use martydb_model::sql::{Statement, stmt};
use martydb_pg::server::{Row, Unreadable, query};

/// Reads the sizes as the migrator. It does not wait for tables that another session has locked exclusively.
///
/// # Errors
/// If the login is refused, or a table is locked.
#[martydb_pg::boxed]
pub async fn table_sizes(target: &MigrationTarget, wait: Duration) -> Result<TableSizes> {
    let mut session = connect_reader(target, wait).await?;
    let rows = query(&mut session, &Statement::join([stmt!("SET lock_timeout = '1s'"), size_query()])).await;
    session.close().await;
    let mut sizes = TableSizes::default();
    for row in rows? {
        let (name, size) = read(&row)?;
        sizes.add(name, size);
    }
    Ok(sizes)
}

/// Selects tables, and indexes with the size of their table.
fn size_query() -> Statement {
    stmt!(
        "WITH t AS (SELECT c.oid, c.relname, c.reltuples::pg_catalog.int8 AS rows, CASE c.relkind
                WHEN 'p' THEN (SELECT pg_catalog.sum(pg_catalog.pg_table_size(p.relid)) FROM pg_catalog.pg_partition_tree(c.oid) p)
                ELSE pg_catalog.pg_table_size(c.oid) END::pg_catalog.int8 AS bytes
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
              AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast'))
         SELECT t.relname, t.rows, t.bytes FROM t
         UNION ALL SELECT i.relname, t.rows, t.bytes FROM t
            JOIN pg_catalog.pg_index x ON x.indrelid = t.oid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid"
    )
}

fn read(row: &Row) -> Result<(String, TableSize), Unreadable> {
    let (name, rows, bytes): (_, i64, Option<i64>) = row.read()?;
    // A table dropped in the meantime has no size.
    Ok((name, TableSize { rows: Some(rows).filter(|rows| *rows >= 0), bytes: bytes.unwrap_or(i64::MAX) }))
}
