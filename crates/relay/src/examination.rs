//! Problems of an outbox that lose events, delay them, or let the table grow. They are found in the catalogs, as
//! the relay's login.

use std::sync::Arc;

use super::daily_partitions;
use super::partitions;
use super::session::{self, OutboxSession};
use super::statements::outbox_table;
use martydb_context::Context;
use martydb_model::error::Result;
use martydb_model::sql::{ArrayLiteral, Literal, Qualified, Statement, stmt};
use martydb_model::{DesiredService, Outbox};
use martydb_partitions::catalog::Partitioning;

/// Number of rows above which a missing `keep` is reported.
const MANY: i64 = 1_000_000;

/// Number of rows above which daily partitions are better than deleting rows.
const TOO_MANY_TO_DELETE: i64 = 10_000_000;

/// Time that rows may stay beyond `keep` before it is reported: two days on which cron did not run.
const GRACE: i64 = 2 * 86_400;

/// Properties of the table in the catalogs.
#[derive(Debug, Default, PartialEq, Eq)]
struct OutboxProperties {
    is_there: bool,
    /// `true` if an index covers pending events by aggregate.
    has_index: bool,
    /// Triggers that fire when a delivery is recorded.
    triggers: Option<String>,
    rows: i64,
    has_policies: bool,
    is_unlogged: bool,
    /// `true` if the order column has an integer type.
    is_numbered: bool,
    /// Other tables that seem to store a position among the events.
    cursors: Option<String>,
    /// `true` if the first rows were published longer ago than `keep`.
    is_overdue: bool,
    division: Option<Partitioning>,
}

/// Returns one sentence per problem; empty if there are none.
///
/// # Errors
/// If the relay's login cannot read the catalogs.
pub async fn examine(
    context: &Context,
    service: &DesiredService,
    outbox: &Arc<Outbox>,
) -> Result<Vec<String>> {
    let mut session = session::open(context, service, outbox).await?;
    let looks = look(&mut session, outbox).await;
    session.close().await;
    Ok(warnings(outbox, &looks?))
}

async fn look(session: &mut OutboxSession, outbox: &Outbox) -> Result<OutboxProperties> {
    let rows = session.query(&question(outbox)).await?;
    let Some(row) = rows.first() else { return Ok(OutboxProperties::default()) };
    let (has_index, triggers, rows, has_policies, is_unlogged, is_numbered, cursors) = row.read()?;
    let parts = session.query(&partitions::partitioning_sql(outbox)).await?;
    let division = partitions::division(&parts)?;
    // The plan reports a missing privilege.
    let oldest = match outbox.keep {
        Some(keep) => session.query(&overdue(outbox, keep.as_secs())).await.unwrap_or_default(),
        None => vec![],
    };
    let is_overdue = oldest.first().is_some_and(|row| row.try_get::<bool>(0) == Ok(true));
    Ok(OutboxProperties {
        is_there: true,
        has_index,
        triggers,
        rows,
        has_policies,
        is_unlogged,
        is_numbered,
        cursors,
        is_overdue,
        division,
    })
}

fn question(outbox: &Outbox) -> Statement {
    let columns = &outbox.columns;
    let front = [&columns.aggregate_type, &columns.aggregate_id, &columns.id].map(Clone::clone);
    stmt!(
        "SELECT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NOT NULL AND (
             SELECT array_agg(a.attname ORDER BY k.n) FROM unnest((i.indkey::int2[])[0:2]) WITH ORDINALITY k (att, n)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.att) = {front}::name[]),
           (SELECT string_agg(t.tgname, ', ' ORDER BY t.tgname) FROM pg_trigger t
             WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 16 <> 0),
           coalesce((SELECT sum(greatest(l.reltuples, 0)) FROM pg_partition_tree(c.oid) x JOIN pg_class l ON l.oid = x.relid
             WHERE x.isleaf), c.reltuples)::bigint, c.relrowsecurity, c.relpersistence = 'u',
           EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = {id}
             AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)), {cursors}
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = {schema} AND c.relname = {table}",
        front = ArrayLiteral(front.into()),
        id = Literal(columns.id.clone()),
        cursors = cursors(),
        schema = Literal(outbox.schema.to_string()),
        table = Literal(outbox.table.clone()),
    )
}

/// Selects other tables whose names suggest events, and whose names or columns suggest a position.
fn cursors() -> Statement {
    stmt!(
        "(SELECT string_agg(DISTINCT format('%I.%I', d.nspname, o.relname), ', ') FROM pg_class o
           JOIN pg_namespace d ON d.oid = o.relnamespace AND d.nspname !~ '^pg_' AND d.nspname NOT IN ('information_schema', 'martydb', 'martydb_serve')
           JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
             AND a.atttypid IN ('int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
           WHERE o.relkind IN ('r', 'p') AND NOT o.relispartition AND o.oid <> c.oid
             AND o.relname ~* '(outbox|event|message|relay|publish|dispatch|watermill)'
             AND (o.relname ~* '(offset|cursor|position|watermark|checkpoint)'
               OR a.attname ~* '^(last|max|highest|latest)_(.*_)?(id|seq|sequence|offset|position)$'))"
    )
}

/// Tests whether the first rows are overdue, through the index of the order column, so it is fast for any table
/// size.
fn overdue(outbox: &Outbox, keep: u64) -> Statement {
    let name = |name: &str| Qualified(vec![name.to_owned()]);
    stmt!(
        "SELECT coalesce(bool_or(o.published < clock_timestamp() - {seconds} * interval '1 second'), false)
         FROM (SELECT {published} AS published FROM {table} ORDER BY {id} LIMIT 100) o",
        seconds = i64::try_from(keep).unwrap_or(i64::MAX).saturating_add(GRACE),
        published = name(&outbox.columns.published_at),
        id = name(&outbox.columns.id),
        table = outbox_table(outbox),
    )
}

fn warnings(outbox: &Outbox, looks: &OutboxProperties) -> Vec<String> {
    let table = format!("{}.{}", outbox.schema, outbox.table);
    if !looks.is_there {
        return vec![format!(
            "there is no table {table} yet: `martydb revision SERVICE --template outbox -m outbox` writes its migration"
        )];
    }
    let columns = &outbox.columns;
    let index = format!(
        "{table} has no partial index for the relay, which therefore reads the whole table each time: CREATE INDEX ON {table} ({}, {}, {}) WHERE {} IS NULL",
        columns.aggregate_type, columns.aggregate_id, columns.id, columns.published_at
    );
    let order = format!(
        "the column {} of {table} is not numeric: the events of an aggregate are published in its order, which has to be the order of their insertion",
        columns.id
    );
    let cursors = looks.cursors.as_ref().map(|names| {
        format!("{names} may contain a position among the events: a reader that continues from the highest id skips an event that is committed late; the relay needs no position")
    });
    let triggers = looks.triggers.as_ref().map(|names| {
        format!("each delivery runs triggers of {table} ({names}): if one fails, events are not marked and are published again")
    });
    let rows = [
        (!looks.has_index).then_some(index),
        (!looks.is_numbered).then_some(order),
        cursors,
        triggers,
        looks.has_policies.then(|| format!("row security of {table} may hide events from the relay")),
        looks.is_unlogged.then(|| {
            format!("{table} is UNLOGGED: a crash of the server empties it, and its events are lost")
        }),
    ];
    rows.into_iter().flatten().chain(growth(outbox, looks, &table)).collect()
}

/// Returns problems with the growth of the table.
fn growth(outbox: &Outbox, looks: &OutboxProperties, table: &str) -> Vec<String> {
    let rows = looks.rows;
    let (keeps_all, is_whole) = (outbox.keep.is_none(), looks.division.is_none());
    let lacks_days = |found: &Partitioning| {
        let ahead = daily_partitions::has_tomorrow(&found.parts, found.now);
        daily_partitions::is_daily(&found.parts) && !ahead
    };
    let all = [
        (keeps_all && rows > MANY)
            .then(|| format!("{table} has about {rows} rows and no `keep`: it grows forever")),
        looks.is_overdue.then(|| {
            format!("{table} has events that were published longer ago than `keep`: run `martydb relay clean` once a day")
        }),
        (is_whole && !keeps_all && rows > TOO_MANY_TO_DELETE).then(|| {
            format!("{table} has about {rows} rows, which are deleted one by one: a table with daily partitions (`--template outbox-daily`) drops them as a whole")
        }),
        looks.division.as_ref().filter(|found| lacks_days(found)).map(|_| {
            format!("{table} has no partition for tomorrow, and events without one are deleted row by row: run `martydb relay clean` once a day")
        }),
    ];
    all.into_iter().flatten().collect()
}
