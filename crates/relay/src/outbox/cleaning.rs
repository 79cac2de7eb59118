//! Removal of published events after their retention. The relay's login lacks the privilege: the migrator does it
//! as the service's owner, in steps of few rows, or by daily partition.

use std::time::Duration;

use super::partitions;
use super::statements::outbox_table;
use martydb_context::Context;
use martydb_model::error::Result;
use martydb_model::sql::{Qualified, Statement, stmt};
use martydb_model::{DesiredService, Outbox};
use martydb_partitions::{Partitioning, over, partition_name};
use martydb_pg::server::{Connection, execute};
use martydb_pg::wire::interrupt;

/// Rows per statement: few, so that its locks are short.
const ROWS_PER_STATEMENT: i64 = 5000;

/// Pause between two statements, for other writers and VACUUM.
const PAUSE: Duration = Duration::from_millis(20);

const SETTINGS: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("DateStyle", "ISO"),
    ("statement_timeout", "60s"),
    ("lock_timeout", "5s"),
];

/// Number of removed events, and changes of daily partitions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    pub removed: u64,
    /// Dropped partitions; their events count as removed.
    pub days_dropped: u32,
    /// Partitions created ahead.
    pub days_made: u32,
}

/// Removes events that were published longer ago than `keep`, oldest first; `None` removes nothing. Daily
/// partitions are dropped as a whole, and the next ones are created.
///
/// # Errors
/// If the migrator cannot log in, or the server rejects a statement.
pub async fn clean(
    context: &Context,
    service: &DesiredService,
    outbox: &Outbox,
    keep: Option<Duration>,
) -> Result<Cleaned> {
    let mut connection = context.owner_session(service, SETTINGS).await?;
    connection.without_timeout(true);
    let end = clean_as_owner(&mut connection, outbox, keep).await;
    connection.close().await;
    end
}

async fn clean_as_owner(
    connection: &mut Connection,
    outbox: &Outbox,
    keep: Option<Duration>,
) -> Result<Cleaned> {
    let Some(found) = partitions::read(connection, outbox).await? else {
        let Some(keep) = keep else { return Ok(Cleaned::default()) };
        let removed = in_steps(connection, &step(outbox, &outbox_table(outbox), keep)).await?;
        return Ok(Cleaned { removed, ..Cleaned::default() });
    };
    let cleaned = match keep {
        Some(keep) => clean_parts(connection, outbox, &found, keep).await?,
        None => Cleaned::default(),
    };
    let days_made = partitions::make_ahead(connection, outbox, &found).await?;
    Ok(Cleaned { days_made, ..cleaned })
}

/// Deletes rows one by one from partitions that also have pending or recently published events.
async fn clean_parts(
    connection: &mut Connection,
    outbox: &Outbox,
    found: &Partitioning,
    keep: Duration,
) -> Result<Cleaned> {
    let mut cleaned = Cleaned::default();
    let before = found.now.saturating_sub(seconds(keep));
    let rest = found.parts.iter().filter(|part| part.is_rest);
    for part in over(&found.parts, before).into_iter().chain(rest) {
        if interrupt::signal().is_some() {
            break;
        }
        let dropped = match part.is_rest {
            true => None,
            false => partitions::drop_delivered(connection, outbox, part, before).await?,
        };
        cleaned.removed += match dropped {
            Some(events) => events,
            None => in_steps(connection, &step(outbox, &partition_name(part), keep)).await?,
        };
        cleaned.days_dropped += u32::from(dropped.is_some());
    }
    Ok(cleaned)
}

async fn in_steps(connection: &mut Connection, step: &Statement) -> Result<u64> {
    let mut removed = 0;
    loop {
        let now = execute(connection, step).await?;
        removed += now;
        if now < ROWS_PER_STATEMENT.unsigned_abs() || interrupt::signal().is_some() {
            return Ok(removed);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn seconds(keep: Duration) -> i64 {
    i64::try_from(keep.as_secs()).unwrap_or(i64::MAX)
}

fn step(outbox: &Outbox, table: &Qualified, keep: Duration) -> Statement {
    let columns = &outbox.columns;
    let name = |name: &str| Qualified(vec![name.to_owned()]);
    stmt!(
        "DELETE FROM {table} WHERE {id} = ANY (ARRAY(
           SELECT o.{id} FROM {table} o
           WHERE o.{published} < clock_timestamp() - {seconds} * interval '1 second'
           ORDER BY o.{id} LIMIT {rows} FOR UPDATE SKIP LOCKED))",
        id = name(&columns.id),
        published = name(&columns.published_at),
        seconds = seconds(keep),
        rows = ROWS_PER_STATEMENT,
    )
}
