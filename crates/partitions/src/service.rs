//! Maintenance of one table of a service, by its migrator as the owner.

use std::time::Duration;

use super::calendar::{self, Span, TimePartition};
use super::catalog::{self, Partitioning};
use super::change::{self, LockTries, Parent};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, Literal, Qualified, stmt};
use martydb_model::{DesiredService, PartitionedTable, Removal, RoleKind};
use martydb_pg::server::{Connection, connect_watched, execute, query};
use martydb_pg::wire::interrupt;
use martydb_provision::context::Context;

/// Attempts to get a lock. A writer that comes behind one waits no longer than it does.
const TRIES: LockTries = LockTries { tries: 60, pause: Duration::from_millis(400), lock: "100ms" };

const SETTINGS: &[(&str, &str)] =
    &[("search_path", "pg_catalog"), ("statement_timeout", "60s"), ("lock_timeout", "5s")];

/// Class 42, "duplicate table".
const DUPLICATE_TABLE: &str = "42P07";

/// Changes of one table, made or due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Partitions that were made ahead.
    pub made: Vec<String>,
    /// Partitions that were detached or dropped.
    pub removed: Vec<String>,
    /// First days of periods without a partition, because the default partition has rows of them.
    pub left_out: Vec<String>,
    /// `true` if martydb has made no partition of the table before.
    pub is_first: bool,
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
    let access = context.access(&service.server).await?;
    let secrets = context.secrets(std::slice::from_ref(service)).await?;
    let login = context.login(service, RoleKind::Migrator, &secrets)?;
    let database = service.database.as_str();
    let mut connection = connect_watched(&access.endpoint, &login, database, SETTINGS).await?;
    let owner = Ident::new(service.role(RoleKind::Owner).as_str());
    let owner = owner.map_err(|error| Error::operation("the owner has no valid name").cause(error))?;
    execute(&mut connection, &stmt!("SET ROLE {owner}")).await?;
    let end = as_owner(&mut connection, service, table, mode).await;
    connection.close().await;
    end
}

async fn as_owner(
    connection: &mut Connection,
    service: &DesiredService,
    table: &PartitionedTable,
    mode: MaintenanceMode,
) -> Result<Maintained> {
    let found = catalog::read(connection, table.schema.as_str(), &table.table).await?;
    let found = found.ok_or_else(|| not_partitioned(service, table))?;
    if found.key != table.key {
        let message = format!("table {table} of {} is partitioned by \"{}\"", service.name, found.key);
        return Err(Error::manifest(message).hint(format!("write key: {} under partitions", found.key)));
    }
    let is_first = !found.parts.iter().any(|part| part.is_made);
    let mut done = Maintained { is_first, ..Maintained::default() };
    for span in calendar::missing(&found.parts, table.by, table.ahead, found.now) {
        if interrupt::signal().is_some() {
            break;
        }
        if occupied(connection, &found, span).await? {
            done.left_out.push(calendar::day(span.from));
            continue;
        }
        let name = calendar::name_of(&table.table, table.by, span);
        if mode == MaintenanceMode::Run {
            make(connection, table, &name, span).await?;
        }
        done.made.push(name);
    }
    let Some(keep) = table.keep else { return Ok(done) };
    let before = found.now.saturating_sub(i64::try_from(keep.as_secs()).unwrap_or(i64::MAX));
    for part in calendar::over(&found.parts, before) {
        if interrupt::signal().is_some() {
            break;
        }
        if mode == MaintenanceMode::Run {
            remove(connection, table, part).await?;
        }
        done.removed.push(part.name.clone());
    }
    Ok(done)
}

fn parent(table: &PartitionedTable) -> Parent<'_> {
    Parent { schema: table.schema.as_str(), table: &table.table, storage: None }
}

/// Makes a partition. Another run may have made it meanwhile.
async fn make(connection: &mut Connection, table: &PartitionedTable, name: &str, span: Span) -> Result<()> {
    let statement = change::attached(&parent(table), name, span, TRIES)?;
    let Err(error) = change::patiently(connection, &statement, TRIES).await else { return Ok(()) };
    if error.sqlstate.as_deref() == Some(DUPLICATE_TABLE) {
        let now = catalog::read(connection, table.schema.as_str(), &table.table).await?;
        if now.is_some_and(|now| now.parts.iter().any(|part| part.meets(span))) {
            return Ok(());
        }
    }
    Err(error.while_doing(format!("cannot make the partition {name} of {table}")))
}

/// Removes a partition. Another run may have removed it meanwhile.
async fn remove(connection: &mut Connection, table: &PartitionedTable, part: &TimePartition) -> Result<()> {
    let statement = change::removed(&parent(table), part, table.removal == Removal::Drop, TRIES);
    let Err(error) = change::patiently(connection, &statement, TRIES).await else { return Ok(()) };
    let now = catalog::read(connection, table.schema.as_str(), &table.table).await?;
    if now.is_some_and(|now| !now.parts.iter().any(|one| one.name == part.name)) {
        return Ok(());
    }
    Err(error.while_doing(format!("cannot remove the partition {} of {table}", part.name)))
}

/// Returns `true` if the default partition has rows of the period: then no other partition can take them.
async fn occupied(connection: &mut Connection, found: &Partitioning, span: Span) -> Result<bool> {
    let Some(rest) = found.parts.iter().find(|part| part.is_rest) else { return Ok(false) };
    let asked = stmt!(
        "SELECT EXISTS (SELECT FROM {rest} WHERE {key} >= {from} AND {key} < {to})",
        rest = change::name(rest),
        key = Qualified(vec![found.key.clone()]),
        from = Literal(calendar::day(span.from)),
        to = Literal(calendar::day(span.to)),
    );
    let rows = query(connection, &asked).await?;
    Ok(rows.first().is_some_and(|row| row.try_get(0) == Ok(true)))
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
