//! Partitions of an outbox: read from the catalogs, dropped once all of their events are delivered, and created
//! ahead, as the service's owner. Each change waits only briefly for its locks, so writers behind it do not wait
//! long.

use std::time::Duration;

use super::daily_partitions;
use super::statements::outbox_table;
use martydb_model::error::Result;
use martydb_model::sql::{Qualified, Statement, stmt};
use martydb_model::{Outbox, Period};
use martydb_partitions::{
    LockTries, Parent, Partitioning, TimePartition, attached_sql, limit_sql, name_of, partition_name,
    partitioning, patiently,
};
use martydb_pg::server::{
    Connection, FromRow, Row, Unreadable, execute, execute_protected, query, query_one,
};

const TRIES: LockTries = LockTries { tries: 5, pause: Duration::from_millis(500), lock: "2s", next: "2s" };

/// Reads the partitioning of the table.
pub(super) async fn read(connection: &mut Connection, outbox: &Outbox) -> Result<Option<Partitioning>> {
    Ok(division(&query(connection, &partitioning_sql(outbox)).await?)?)
}

/// Queries the partitioning; no row if the table is not partitioned by ranges of one time.
pub(super) fn partitioning_sql(outbox: &Outbox) -> Statement {
    martydb_partitions::partitioning_sql(outbox.schema.as_str(), &outbox.table)
}

/// Parses the answer to [`partitioning_sql`]; `None` if the key is not the time of the events.
pub(super) fn division(rows: &[Row]) -> Result<Option<Partitioning>, Unreadable> {
    Ok(partitioning(rows)?.filter(|found| found.key_type == "timestamp with time zone"))
}

fn first<T: FromRow>(answers: &[Vec<Row>]) -> Result<T> {
    Ok(answers.iter().rev().flatten().next().ok_or_else(Unreadable::no_row)?.read()?)
}

/// Drops a partition whose events were all published before `before`, and returns their number; `None` if it has
/// others.
pub(super) async fn drop_delivered(
    connection: &mut Connection,
    outbox: &Outbox,
    over: &TimePartition,
    before: i64,
) -> Result<Option<u64>> {
    let published = Qualified(vec![outbox.columns.published_at.clone()]);
    let count = stmt!(
        "BEGIN; SET LOCAL statement_timeout = '15min';
         SELECT count(*), count(*) FILTER (WHERE {published} IS NULL OR {published} >= to_timestamp({before})) FROM {part}; COMMIT",
        part = partition_name(over),
    );
    let (all, others): (i64, i64) = first(&patiently(connection, &count, TRIES).await?)?;
    if others > 0 {
        return Ok(None);
    }
    // Waits for its writers: an event that is committed late must not be dropped.
    let locked = Statement::join([
        stmt!("BEGIN"),
        limit_sql(TRIES.lock),
        stmt!("LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE", table = outbox_table(outbox)),
        stmt!("LOCK TABLE {part} IN ACCESS EXCLUSIVE MODE", part = partition_name(over)),
        stmt!("SELECT EXISTS (SELECT FROM {part} WHERE {published} IS NULL)", part = partition_name(over)),
    ]);
    if first(&patiently(connection, &locked, TRIES).await?)? {
        execute_protected(connection, &stmt!("ROLLBACK")).await?;
        return Ok(None);
    }
    let gone = Statement::join([stmt!("DROP TABLE {part}", part = partition_name(over)), stmt!("COMMIT")]);
    if let Err(error) = execute(connection, &gone).await {
        execute_protected(connection, &stmt!("ROLLBACK")).await?;
        return Err(error);
    }
    Ok(Some(u64::try_from(all).unwrap_or_default()))
}

/// Creates the missing days and returns their number. A day is created as a separate table and attached, so writers
/// do not wait.
pub(super) async fn make_ahead(
    connection: &mut Connection,
    outbox: &Outbox,
    found: &Partitioning,
) -> Result<u32> {
    let Some(rest) = found.parts.iter().find(|one| one.is_rest) else { return Ok(0) };
    let last = stmt!(
        "SELECT extract(epoch FROM max({key}))::bigint FROM {rest}",
        key = Qualified(vec![found.key.clone()]),
        rest = partition_name(rest),
    );
    let last = query_one(connection, &last).await?;
    let storage = stmt!("autovacuum_vacuum_scale_factor = 0.02");
    let (schema, table) = (outbox.schema.as_str(), outbox.table.as_str());
    let parent = Parent { schema, table, rest: Some(rest), storage: Some(&storage) };
    let mut made = 0;
    for day in daily_partitions::missing_days(&found.parts, found.now, last) {
        let span = daily_partitions::span(day);
        let name = name_of(&outbox.table, Period::Day, span);
        let statement = attached_sql(&parent, &name, span, TRIES)?;
        patiently(connection, &statement, TRIES).await?;
        made += 1;
    }
    Ok(made)
}
