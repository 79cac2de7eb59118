//! Use cases of the definitions that runs keep: comparison, acceptance, and a new beginning from the files.

use std::time::Duration;

use super::session::{accept, keep, look, look_through_split, settle};
use crate::engine::{Intent, MigrationSession};
use crate::history::definitions::{self as table, KnownDifference};
use crate::report::{EventSender, SchemaState};
use crate::target::{MigrationTarget, Options};
use martydb_model::error::Result;

/// Compares a service's schema with what its last run left. Reads only.
///
/// # Errors
/// If the migrator cannot log in, or the server ends the session.
#[martydb_pg::boxed]
pub async fn schema_state(target: &MigrationTarget, wait: Duration) -> Result<SchemaState> {
    let mut session = MigrationSession::open(target, Intent::Read, wait, &EventSender::ignored()).await?;
    let found = look(&mut session).await;
    session.close().await;
    found.map(|found| found.state)
}

/// Accepts a service's schema as it is: from now on it is what its runs left.
///
/// # Errors
/// [`Kind::Usage`](martydb_model::error::Kind::Usage) if no migration is applied; else as [`run`](crate::run()).
#[martydb_pg::boxed]
pub async fn accept_schema(target: &MigrationTarget, reason: &str, options: &Options) -> Result<()> {
    let events = EventSender::ignored();
    let mut session = MigrationSession::open(target, Intent::Write, options.lock_wait, &events).await?;
    let done = accept(&mut session, reason, options).await;
    session.close().await;
    done
}

/// Compares a service's schema with a scratch database that the same files have built, if what its last run left is unknown,
/// and keeps the result.
///
/// # Errors
/// As [`run`](crate::run()).
#[martydb_pg::boxed]
pub async fn settle_schema(
    target: &MigrationTarget,
    scratch: &MigrationTarget,
    options: &Options,
) -> Result<SchemaState> {
    let events = EventSender::ignored();
    let mut session = MigrationSession::open(target, Intent::Write, options.lock_wait, &events).await?;
    let done = settled(&mut session, scratch, options).await;
    session.close().await;
    done
}

/// Objects that were known to differ before martydb itself changes a schema without a migration.
pub struct SuspendedSchema(Vec<KnownDifference>);

/// Looks at a service's schema before martydb itself changes it without a migration. Until [`resume_schema`] it is unknown.
/// Returns `None` if it is unknown already.
///
/// # Errors
/// If the migrator cannot log in, or the server refuses a statement.
#[martydb_pg::boxed]
pub async fn suspend_schema(target: &MigrationTarget, wait: Duration) -> Result<Option<SuspendedSchema>> {
    let mut session = MigrationSession::open(target, Intent::Write, wait, &EventSender::ignored()).await?;
    let done = suspended(&mut session).await;
    session.close().await;
    done
}

async fn suspended(session: &mut MigrationSession<'_>) -> Result<Option<SuspendedSchema>> {
    let Some(differing) = look_through_split(session).await?.0.differing else { return Ok(None) };
    session.commit([table::suspend()]).await?;
    Ok(Some(SuspendedSchema(differing)))
}

/// Keeps the definitions after that change: what was changed by hand before it stays so. `None` if nothing was changed: then those
/// that were kept before count again.
///
/// # Errors
/// If the migrator cannot log in, or the server refuses a statement.
#[martydb_pg::boxed]
pub async fn resume_schema(
    target: &MigrationTarget,
    changed: Option<&SuspendedSchema>,
    wait: Duration,
) -> Result<()> {
    let mut session = MigrationSession::open(target, Intent::Write, wait, &EventSender::ignored()).await?;
    let done = match changed {
        Some(before) => keep(&mut session, &before.0).await,
        None => session.commit([table::carry(&session.schema())]).await,
    };
    session.close().await;
    done
}

async fn settled(
    session: &mut MigrationSession<'_>,
    scratch: &MigrationTarget,
    options: &Options,
) -> Result<SchemaState> {
    match look(session).await?.state {
        SchemaState::Unknown(reason) if reason.is_settled_by_files() => {
            Ok(settle(session, scratch, options).await?.state)
        }
        known => Ok(known),
    }
}
