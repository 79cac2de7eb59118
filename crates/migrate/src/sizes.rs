//! Names of a service's objects, and sizes of its tables, to judge what a migration would lock.

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
    let mut sizes = TableSizes::of_empty_database();
    for row in rows? {
        read(&row, &mut sizes)?;
    }
    Ok(sizes)
}

/// Selects the objects of the database's own schemas, with the sizes of tables, and of indexes that of their table.
fn size_query() -> Statement {
    stmt!(
        "WITH n AS (SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n
              WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%'),
         t AS (SELECT c.oid, c.relkind::pg_catalog.text AS letter, n.nspname, c.relname, c.reltuples::pg_catalog.int8 AS rows,
                CASE c.relkind
                WHEN 'p' THEN (SELECT pg_catalog.sum(pg_catalog.pg_table_size(p.relid)) FROM pg_catalog.pg_partition_tree(c.oid) p)
                ELSE pg_catalog.pg_table_size(c.oid) END::pg_catalog.int8 AS bytes
            FROM pg_catalog.pg_class c JOIN n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't')
         SELECT t.letter, t.nspname, t.relname, t.rows, t.bytes FROM t
         UNION ALL SELECT 'i', n.nspname, i.relname, t.rows, t.bytes FROM t
            JOIN pg_catalog.pg_index x ON x.indrelid = t.oid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
            JOIN n ON n.oid = i.relnamespace
         UNION ALL SELECT c.relkind::pg_catalog.text, n.nspname, c.relname, NULL, -1 FROM pg_catalog.pg_class c
            JOIN n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'S', 'f')
         UNION ALL SELECT 'T', n.nspname, y.typname, NULL, -1 FROM pg_catalog.pg_type y
            JOIN n ON n.oid = y.typnamespace WHERE y.typtype IN ('e', 'd', 'c', 'r')
         UNION ALL SELECT DISTINCT 'F', n.nspname, f.proname, NULL::pg_catalog.int8, -1::pg_catalog.int8 FROM pg_catalog.pg_proc f
            JOIN n ON n.oid = f.pronamespace
         UNION ALL SELECT 'N', n.nspname, n.nspname, NULL, -1 FROM n"
    )
}

/// Size of an object that has none.
const NONE: i64 = -1;

fn read(row: &Row, sizes: &mut TableSizes) -> Result<(), Unreadable> {
    let (letter, schema, name, rows, bytes): (String, String, String, Option<i64>, Option<i64>) =
        row.read()?;
    let in_schema = if letter == "N" { "" } else { schema.as_str() };
    sizes.add_object(&letter, in_schema, &name);
    if bytes != Some(NONE) {
        // A table dropped in the meantime has no size.
        let size = TableSize { rows: rows.filter(|rows| *rows >= 0), bytes: bytes.unwrap_or(i64::MAX) };
        sizes.add(schema, name, size);
    }
    Ok(())
}
