//! Progress of an outbox.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::session::{self, OutboxSession};
use super::statements::OutboxStatements;
use martydb_context::Context;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, Outbox};
use martydb_pg::server::{FromRow, Row, Unreadable};

/// Pending events of an outbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    pub pending: i64,
    /// Pending events that failed before.
    pub retried: i64,
    /// Age of the oldest pending event, in milliseconds.
    pub oldest_age_ms: Option<i64>,
    pub dead: i64,
    pub last_error: Option<String>,
}

/// Pending events, and published and skipped ones that are still in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxState {
    pub backlog: Backlog,
    pub published: i64,
    /// Published events that took several attempts, and pending ones that failed before.
    pub retried: i64,
    pub skipped: i64,
    /// Dead events that were published to the dead destination.
    pub diverted: i64,
    /// Events per second, over the last minute.
    pub rate: f64,
}

/// Reads the state as the relay's login.
///
/// # Errors
/// If the outbox cannot be read.
#[martydb_pg::boxed]
pub async fn read(context: &Context, service: &DesiredService, outbox: &Arc<Outbox>) -> Result<OutboxState> {
    let mut session = session::open_patient(context, service, outbox).await?;
    let backlog = backlog(&mut session, outbox).await?;
    let rows = session.query(&OutboxStatements(outbox).done()).await?;
    session.close().await;
    let (published, lately, repeated, skipped, diverted): (i64, i64, i64, i64, i64) = only(&rows)?;
    let rate = f64::from(i32::try_from(lately).unwrap_or(i32::MAX)) / 60.0;
    let retried = repeated + backlog.retried;
    Ok(OutboxState { backlog, published, retried, skipped, diverted, rate })
}

/// Reads only the pending events, at a cost that does not depend on the history's length.
///
/// # Errors
/// If the outbox cannot be read, or the service has none.
pub async fn read_backlog(context: &Context, service: &DesiredService) -> Result<Backlog> {
    let outbox = &declared(service)?;
    let mut session = session::open(context, service, outbox).await?;
    let backlog = backlog(&mut session, outbox).await?;
    session.close().await;
    Ok(backlog)
}

/// Number of skipped events, if it could be read, and the time that counting took.
pub type SkippedCount = (Option<i64>, Duration);

/// Reads the backlog and, with `skipped`, counts the skipped events in the same session. A table without the templates'
/// index for them is read as a whole, within the time limit of the relay's statements.
///
/// # Errors
/// As [`read_backlog`].
pub async fn read_counts(
    context: &Context,
    service: &DesiredService,
    skipped: bool,
) -> Result<(Backlog, Option<SkippedCount>)> {
    let outbox = &declared(service)?;
    let mut session = session::open(context, service, outbox).await?;
    let backlog = backlog(&mut session, outbox).await?;
    let mut counted = None;
    if skipped {
        let begun = Instant::now();
        let rows = session.query(&OutboxStatements(outbox).skipped()).await;
        let number = rows.ok().and_then(|rows| rows.first()?.try_get(0).ok());
        counted = Some((number, begun.elapsed()));
    }
    session.close().await;
    Ok((backlog, counted))
}

fn declared(service: &DesiredService) -> Result<Arc<Outbox>> {
    let outbox = service.outbox.clone().map(Arc::new);
    outbox.ok_or_else(|| Error::usage(format!("service \"{}\" has no outbox", service.name)))
}

async fn backlog(session: &mut OutboxSession, outbox: &Outbox) -> Result<Backlog> {
    let rows = session.query(&OutboxStatements(outbox).backlog()).await?;
    let (pending, retried, oldest_age_ms, dead, last_error) = only(&rows)?;
    Ok(Backlog { pending, retried, oldest_age_ms, dead, last_error })
}

fn only<T: FromRow>(rows: &[Row]) -> Result<T> {
    Ok(rows.first().ok_or_else(Unreadable::no_row)?.read()?)
}
