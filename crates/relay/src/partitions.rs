//! Partitions of an outbox: read from the catalogs, dropped once all of their events are delivered, and created
//! ahead, as the service's owner. Each change waits only briefly for its locks, so writers behind it do not wait
//! long.

use std::time::Duration;

use super::daily_partitions::{self, OutboxPart};
use super::statements::outbox_table;
use martydb_model::Outbox;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, Literal, Qualified, Statement, stmt};
use martydb_model::sqlstate;
use martydb_pg::server::{
    Connection, FromRow, Row, Unreadable, execute, execute_protected, query, query_each, query_one,
};

/// Attempts to get a lock, and the pause between two. The server waits for `LOCK` on each.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);
const LOCK: &str = "2s";

/// Partitioning of an outbox by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partitioning {
    /// Column of the partition key.
    pub key: String,
    pub parts: Vec<OutboxPart>,
    /// Server's time, in seconds since 1970.
    pub now: i64,
}

/// Queries the partitioning; no row if the table is not partitioned by the time of its events.
pub fn partitioning_sql(outbox: &Outbox) -> Statement {
    stmt!(
        "SELECT a.attname::text, extract(epoch FROM clock_timestamp())::bigint, n2.nspname::text, c2.relname::text,
           b.bound = 'DEFAULT',
           extract(epoch FROM substring(b.bound FROM 'FROM [(]''([0-9][^'']*)''[)]')::timestamptz)::bigint,
           extract(epoch FROM substring(b.bound FROM 'TO [(]''([0-9][^'']*)''[)]')::timestamptz)::bigint
         FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0] AND a.atttypid = 'timestamptz'::regtype
         LEFT JOIN pg_inherits i ON i.inhparent = c.oid
         LEFT JOIN pg_class c2 ON c2.oid = i.inhrelid LEFT JOIN pg_namespace n2 ON n2.oid = c2.relnamespace
         LEFT JOIN LATERAL (SELECT pg_get_expr(c2.relpartbound, c2.oid) AS bound) b ON true
         WHERE p.partstrat = 'r' AND p.partnatts = 1 AND n.nspname = {schema} AND c.relname = {table}",
        schema = Literal(outbox.schema.to_string()),
        table = Literal(outbox.table.clone()),
    )
}

/// Parses the answer to [`partitioning_sql`].
pub fn division(rows: &[Row]) -> Result<Option<Partitioning>, Unreadable> {
    let Some(first) = rows.first() else { return Ok(None) };
    let (key, now) = first.read()?;
    let mut parts = vec![];
    for row in rows {
        if let Some(schema) = row.try_get(2)? {
            parts.push(OutboxPart {
                schema,
                name: row.try_get(3)?,
                is_rest: row.try_get::<Option<bool>>(4)? == Some(true),
                from: row.try_get(5)?,
                to: row.try_get(6)?,
            });
        }
    }
    Ok(Some(Partitioning { key, parts, now }))
}

/// Reads the partitioning of the table.
pub async fn read(connection: &mut Connection, outbox: &Outbox) -> Result<Option<Partitioning>> {
    Ok(division(&query(connection, &partitioning_sql(outbox)).await?)?)
}

fn first<T: FromRow>(answers: &[Vec<Row>]) -> Result<T> {
    let row = answers.iter().rev().flatten().next();
    Ok(row.ok_or_else(Unreadable::no_row)?.read()?)
}

pub fn part(part: &OutboxPart) -> Qualified {
    Qualified(vec![part.schema.clone(), part.name.clone()])
}

/// Drops a partition whose events were all published before `before`, and returns their number; `None` if it has
/// others.
pub async fn drop_delivered(
    connection: &mut Connection,
    outbox: &Outbox,
    over: &OutboxPart,
    before: i64,
) -> Result<Option<u64>> {
    let published = Qualified(vec![outbox.columns.published_at.clone()]);
    let count = stmt!(
        "BEGIN; SET LOCAL statement_timeout = '15min';
         SELECT count(*), count(*) FILTER (WHERE {published} IS NULL OR {published} >= to_timestamp({before})) FROM {part}; COMMIT",
        part = part(over),
    );
    let (all, others): (i64, i64) = first(&patiently(connection, &count).await?)?;
    if others > 0 {
        return Ok(None);
    }
    // Waits for its writers: an event that is committed late must not be dropped.
    let locked = Statement::join([
        stmt!("BEGIN"),
        stmt!("SET LOCAL lock_timeout = {lock}", lock = Literal(LOCK.into())),
        stmt!("LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE", table = outbox_table(outbox)),
        stmt!("LOCK TABLE {part} IN ACCESS EXCLUSIVE MODE", part = part(over)),
        stmt!("SELECT EXISTS (SELECT FROM {part} WHERE {published} IS NULL)", part = part(over)),
    ]);
    if first(&patiently(connection, &locked).await?)? {
        execute_protected(connection, &stmt!("ROLLBACK")).await?;
        return Ok(None);
    }
    let gone = Statement::join([stmt!("DROP TABLE {part}", part = part(over)), stmt!("COMMIT")]);
    if let Err(error) = execute(connection, &gone).await {
        execute_protected(connection, &stmt!("ROLLBACK")).await?;
        return Err(error);
    }
    Ok(Some(u64::try_from(all).unwrap_or_default()))
}

/// Creates the missing days and returns their number. A day is created as a separate table and attached, so writers
/// do not wait.
pub async fn make_ahead(connection: &mut Connection, outbox: &Outbox, found: &Partitioning) -> Result<u32> {
    let Some(rest) = found.parts.iter().find(|one| one.is_rest) else { return Ok(0) };
    let last = stmt!(
        "SELECT extract(epoch FROM max({key}))::bigint FROM {rest}",
        key = Qualified(vec![found.key.clone()]),
        rest = part(rest),
    );
    let last = query_one(connection, &last).await?;
    let mut made = 0;
    for day in daily_partitions::missing_days(&found.parts, found.now, last) {
        patiently(connection, &attached(outbox, day)?).await?;
        made += 1;
    }
    Ok(made)
}

fn attached(outbox: &Outbox, day: i64) -> Result<Statement> {
    let name = daily_partitions::name_of(&outbox.table, day);
    let name = Ident::new(name.as_str())
        .map_err(|error| Error::operation(format!("cannot create the partition \"{name}\"")).cause(error))?;
    let new = Qualified(vec![outbox.schema.to_string(), name.as_str().to_owned()]);
    Ok(Statement::join([
        stmt!("BEGIN"),
        stmt!("SET LOCAL lock_timeout = {lock}", lock = Literal(LOCK.into())),
        stmt!(
            "CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE)
             WITH (autovacuum_vacuum_scale_factor = 0.02)",
            table = outbox_table(outbox),
        ),
        stmt!(
            "ALTER TABLE {table} ATTACH PARTITION {new} FOR VALUES FROM ({from}) TO ({to})",
            table = outbox_table(outbox),
            from = midnight(day),
            to = midnight(daily_partitions::end_of(day)),
        ),
        stmt!("COMMIT"),
    ]))
}

fn midnight(day: i64) -> Statement {
    stmt!("pg_catalog.to_timestamp({day})")
}

/// Runs a transaction, and repeats it if another session holds a lock.
async fn patiently(connection: &mut Connection, transaction: &Statement) -> Result<Vec<Vec<Row>>> {
    let mut tries = 1;
    loop {
        let error = match query_each(connection, transaction).await {
            Ok(answers) => return Ok(answers),
            Err(error) => error,
        };
        execute_protected(connection, &stmt!("ROLLBACK")).await?;
        let is_locked = matches!(
            error.sqlstate.as_deref(),
            Some(sqlstate::LOCK_NOT_AVAILABLE | sqlstate::DEADLOCK_DETECTED)
        );
        if !is_locked || tries == TRIES {
            return Err(error);
        }
        tries += 1;
        tokio::time::sleep(PAUSE).await;
    }
}
