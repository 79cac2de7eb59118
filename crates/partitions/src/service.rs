//! Maintenance of one table of a service, by its migrator as the owner.

use std::time::Duration;

use super::calendar::{self, Span, TimePartition};
use super::catalog::{self, Partitioning};
use super::change::{self, LockTries, Parent};
use martydb_context::Context;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, Qualified, Statement, stmt};
use martydb_model::sqlstate::DUPLICATE_TABLE;
use martydb_model::{DesiredService, PartitionedTable, Removal};
use martydb_pg::server::{Connection, query, query_one};
use martydb_pg::wire::interrupt;

/// Attempts to get a lock. A writer that comes behind one waits no longer than it does: 100 ms for the first lock of a
/// transaction, and little for those that it takes while it holds the first.
const TRIES: LockTries =
    LockTries { tries: 60, pause: Duration::from_millis(400), lock: "100ms", next: "20ms" };

/// Most rows of a default partition that are counted.
pub const COUNTED: i64 = 10_000;

const SETTINGS: &[(&str, &str)] =
    &[("search_path", "pg_catalog"), ("statement_timeout", "60s"), ("lock_timeout", "5s")];

/// Changes of one table, made or due, and its state after them.
#[derive(Debug, Clone, Default)]
pub struct Maintained {
    /// Partitions that were made ahead.
    pub made: Vec<String>,
    /// Partitions that were detached or dropped.
    pub removed: Vec<String>,
    /// Partitions whose interrupted `DETACH … CONCURRENTLY` was finished.
    pub finished: Vec<String>,
    /// First days of periods without a partition, because the default partition has rows of them.
    pub left_out: Vec<String>,
    /// Times between partitions whose rows have none; after a run that was not interrupted, those that are left.
    pub gaps: Vec<Span>,
    /// Changes that failed; the others were made nevertheless.
    pub failures: Vec<Error>,
    /// `true` if martydb has made no partition of the table before.
    pub is_first: bool,
    /// Coverage of the table as it was found; after a run that was not interrupted, `until` is new.
    pub coverage: Coverage,
}

/// Periods and rows without a partition of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Server's time, in seconds since 1970.
    pub now: i64,
    /// Time from which on rows have no partition of their own; `None`: never.
    pub until: Option<i64>,
    /// Rows in the default partition, up to [`COUNTED`]; `None` without one.
    pub default_rows: Option<i64>,
}

impl Coverage {
    /// Returns `true` if rows written now have a partition of their own.
    pub(crate) fn holds_now(&self) -> bool {
        self.until.is_none_or(|until| until > self.now)
    }

    /// Returns the time for which partitions are made, in seconds; `None`: forever.
    pub fn seconds_ahead(&self) -> Option<i64> {
        self.until.map(|until| until.saturating_sub(self.now))
    }
}

/// Extent of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaintenanceMode {
    /// Only what is due.
    Look,
    Run,
}

/// Returns what a run would do.
///
/// # Errors
/// As [`maintain`].
pub async fn due(
    context: &Context,
    service: &DesiredService,
    table: &PartitionedTable,
) -> Result<Maintained> {
    maintain(context, service, table, MaintenanceMode::Look).await
}

/// Makes the partitions that are missing and removes those that are over.
///
/// # Errors
/// If the migrator cannot log in, the table is not partitioned as the manifest says, or a lock was not to be had.
pub async fn maintain(
    context: &Context,
    service: &DesiredService,
    table: &PartitionedTable,
    mode: MaintenanceMode,
) -> Result<Maintained> {
    let mut connection = context.owner_session(service, SETTINGS).await?;
    let mut session = OwnerSession { connection: &mut connection, service, table };
    let end = session.maintain(mode == MaintenanceMode::Run).await;
    connection.close().await;
    end
}

/// Session of the owner, for one table.
struct OwnerSession<'a> {
    connection: &'a mut Connection,
    service: &'a DesiredService,
    table: &'a PartitionedTable,
}

impl OwnerSession<'_> {
    async fn maintain(&mut self, runs: bool) -> Result<Maintained> {
        let table = self.table;
        let mut found = self.read().await?;
        let is_first = !found.parts.iter().any(|part| part.is_made);
        let coverage = self.coverage(&found).await?;
        let gaps = |found: &Partitioning| calendar::gaps(&found.parts, table.by, table.ahead, found.now);
        let mut done = Maintained { is_first, coverage, gaps: gaps(&found), ..Maintained::default() };
        for part in found.parts.extract_if(.., |part| part.is_pending) {
            let end = if runs { self.finish(&part).await } else { Ok(()) };
            enter(end, part.name, &mut done.finished, &mut done.failures)?;
        }
        for span in calendar::missing(&found.parts, table.by, table.ahead, found.now) {
            if interrupt::signal().is_some() {
                return Ok(done);
            }
            if self.occupied(&found, span).await? {
                done.left_out.push(calendar::bound(span.from));
                continue;
            }
            let name = calendar::name_of(&table.table, table.by, span);
            let end = if runs { self.make(&found, &name, span).await } else { Ok(()) };
            enter(end, name, &mut done.made, &mut done.failures)?;
        }
        for part in expired(table, &found) {
            if interrupt::signal().is_some() {
                break;
            }
            let end = if runs { self.remove(part).await } else { Ok(()) };
            enter(end, part.name.clone(), &mut done.removed, &mut done.failures)?;
        }
        if runs {
            let now = self.read().await?;
            done.coverage.until = calendar::covered_until(&now.parts, now.now);
            done.gaps = gaps(&now);
        }
        Ok(done)
    }

    /// Reads the table's partitioning, which must be as the manifest says.
    async fn read(&mut self) -> Result<Partitioning> {
        let OwnerSession { connection, service, table } = self;
        let found = catalog::read(connection, table.schema.as_str(), &table.table).await?;
        let found = found.ok_or_else(|| not_partitioned(service, table))?;
        if found.key != table.key {
            let message = format!("table {table} of {} is partitioned by \"{}\"", service.name, found.key);
            return Err(Error::manifest(message).hint(format!("write key: {} under partitions", found.key)));
        }
        Ok(found)
    }

    async fn coverage(&mut self, found: &Partitioning) -> Result<Coverage> {
        let until = calendar::covered_until(&found.parts, found.now);
        let default_rows = match rest(found) {
            Some(rest) => {
                let rest = change::name(rest);
                let rows = stmt!("SELECT count(*) FROM (SELECT FROM {rest} LIMIT {COUNTED}) r");
                Some(query_one(self.connection, &rows).await?)
            }
            None => None,
        };
        Ok(Coverage { now: found.now, until, default_rows })
    }

    /// Finishes an interrupted detaching.
    async fn finish(&mut self, part: &TimePartition) -> Result<()> {
        let statement = change::finished(&parent(self.table), part, TRIES);
        self.take_away(part, &statement, "finish detaching").await
    }

    async fn remove(&mut self, part: &TimePartition) -> Result<()> {
        let drops = self.table.removal == Removal::Drop;
        let statement = change::removed(&parent(self.table), part, drops, TRIES);
        self.take_away(part, &statement, "remove").await
    }

    /// Takes a partition away. Another run may have done so meanwhile.
    async fn take_away(&mut self, part: &TimePartition, statement: &Statement, doing: &str) -> Result<()> {
        let Err(error) = change::patiently(self.connection, statement, TRIES).await else { return Ok(()) };
        if self.is_gone(part).await? {
            return Ok(());
        }
        Err(error.while_doing(format!("cannot {doing} the partition {} of {}", part.name, self.table)))
    }

    /// Returns `true` if the table has no such partition.
    async fn is_gone(&mut self, part: &TimePartition) -> Result<bool> {
        let now = catalog::read(self.connection, self.table.schema.as_str(), &self.table.table).await?;
        let is_it = |one: &TimePartition| one.name == part.name && one.schema == part.schema;
        Ok(now.is_some_and(|now| !now.parts.iter().any(is_it)))
    }

    /// Makes a partition. Another run may have made it meanwhile.
    async fn make(&mut self, found: &Partitioning, name: &str, span: Span) -> Result<()> {
        let table = self.table;
        let parent = Parent { rest: rest(found), ..parent(table) };
        let statement = change::attached(&parent, name, span, TRIES)?;
        let Err(error) = change::patiently(self.connection, &statement, TRIES).await else { return Ok(()) };
        if error.sqlstate.as_deref() == Some(DUPLICATE_TABLE) {
            let now = catalog::read(self.connection, table.schema.as_str(), &table.table).await?;
            if now.is_some_and(|now| now.parts.iter().any(|part| part.meets(span))) {
                return Ok(());
            }
        }
        Err(error.while_doing(format!("cannot make the partition {name} of {table}")))
    }

    /// Returns `true` if the default partition has rows of the period: then no other partition can take them.
    async fn occupied(&mut self, found: &Partitioning, span: Span) -> Result<bool> {
        let Some(rest) = rest(found) else { return Ok(false) };
        let statement = stmt!(
            "SELECT EXISTS (SELECT FROM {rest} WHERE {key} >= {from} AND {key} < {to})",
            rest = change::name(rest),
            key = Qualified(vec![found.key.clone()]),
            from = Literal(calendar::bound(span.from)),
            to = Literal(calendar::bound(span.to)),
        );
        let rows = query(self.connection, &statement).await?;
        Ok(rows.first().is_some_and(|row| row.try_get(0) == Ok(true)))
    }
}

/// Enters the end of one change: one that a lock prevents does not keep the others from being made.
fn enter(end: Result<()>, name: String, done: &mut Vec<String>, failures: &mut Vec<Error>) -> Result<()> {
    match end {
        Ok(()) => done.push(name),
        Err(error) if error.is_lost() => return Err(error),
        Err(error) => failures.push(error),
    }
    Ok(())
}

/// Returns the partitions that ended before the retention began.
fn expired<'a>(table: &PartitionedTable, found: &'a Partitioning) -> Vec<&'a TimePartition> {
    let Some(keep) = table.keep else { return vec![] };
    let keep = i64::try_from(keep.as_secs()).unwrap_or(i64::MAX);
    calendar::over(&found.parts, found.now.saturating_sub(keep))
}

fn rest(found: &Partitioning) -> Option<&TimePartition> {
    found.parts.iter().find(|part| part.is_rest)
}

fn parent(table: &PartitionedTable) -> Parent<'_> {
    Parent { schema: table.schema.as_str(), table: &table.table, rest: None, storage: None }
}

fn not_partitioned(service: &DesiredService, table: &PartitionedTable) -> Error {
    let name = &service.name;
    Error::manifest(format!("table {table} of {name} does not exist, or is not partitioned by ranges of one date or time"))
        .hint(format!(
            "a new table: `martydb revision --service {name} --template partitioned-range -m {}`, then `martydb upgrade \
             --service {name}`",
            table.table
        ))
}
