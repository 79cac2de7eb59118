//! Partitions of a table, read from the catalogs.

use super::calendar::TimePartition;
use martydb_model::MADE_PARTITION;
use martydb_model::error::Result;
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_pg::server::{Connection, Row, Unreadable, query};

/// Partitioning of a table by ranges of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitioning {
    /// Column of the partition key.
    pub key: String,
    /// Type of that column: date, timestamp or timestamptz.
    pub key_type: String,
    pub parts: Vec<TimePartition>,
    /// Server's time, in seconds since 1970.
    pub now: i64,
}

/// Queries the partitioning; no row if the table is not partitioned by ranges of one column with a time. The session's
/// time zone is UTC, in which the bounds are printed and read. PostgreSQL 13 has no `inhdetachpending`.
pub fn partitioning_sql(schema: &str, table: &str) -> Statement {
    stmt!(
        "SELECT a.attname::text, a.atttypid::regtype::text, extract(epoch FROM clock_timestamp())::bigint,
           n2.nspname::text, c2.relname::text, b.bound = 'DEFAULT',
           extract(epoch FROM substring(b.bound FROM 'FROM [(]''([0-9][^'']*)''[)]')::timestamptz)::bigint,
           extract(epoch FROM substring(b.bound FROM 'TO [(]''([0-9][^'']*)''[)]')::timestamptz)::bigint,
           coalesce(obj_description(c2.oid, 'pg_class') = {made}, false),
           coalesce((to_jsonb(i) ->> 'inhdetachpending')::boolean, false)
         FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
           AND a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
         LEFT JOIN pg_inherits i ON i.inhparent = c.oid
         LEFT JOIN pg_class c2 ON c2.oid = i.inhrelid LEFT JOIN pg_namespace n2 ON n2.oid = c2.relnamespace
         LEFT JOIN LATERAL (SELECT pg_get_expr(c2.relpartbound, c2.oid) AS bound) b ON true
         WHERE p.partstrat = 'r' AND p.partnatts = 1 AND n.nspname = {schema} AND c.relname = {table}",
        made = Literal(MADE_PARTITION.into()),
        schema = Literal(schema.to_owned()),
        table = Literal(table.to_owned()),
    )
}

/// Parses the answer to [`partitioning_sql`].
pub fn partitioning(rows: &[Row]) -> Result<Option<Partitioning>, Unreadable> {
    let Some(first) = rows.first() else { return Ok(None) };
    let (key, key_type, now) = first.read()?;
    let mut parts = vec![];
    for row in rows {
        if let Some(schema) = row.try_get(3)? {
            parts.push(TimePartition {
                schema,
                name: row.try_get(4)?,
                is_rest: row.try_get::<Option<bool>>(5)? == Some(true),
                from: row.try_get(6)?,
                to: row.try_get(7)?,
                is_made: row.try_get(8)?,
                is_pending: row.try_get(9)?,
            });
        }
    }
    Ok(Some(Partitioning { key, key_type, parts, now }))
}

/// Reads the partitioning of a table.
pub(crate) async fn read(
    connection: &mut Connection,
    schema: &str,
    table: &str,
) -> Result<Option<Partitioning>> {
    Ok(partitioning(&query(connection, &partitioning_sql(schema, table)).await?)?)
}
