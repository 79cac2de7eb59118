//! Manual decisions: an event is published again at once, or it is skipped and its aggregate continues; published events
//! are published once more.

use std::sync::Arc;

use super::session;
use super::statements::OutboxStatements;
use martydb_context::Context;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, Outbox};
use martydb_pg::server::Unreadable;

/// Decision, with its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intervention<'a> {
    Retry,
    Skip { reason: &'a str },
}

/// First event of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayStart {
    /// Events that were published at this time or later, as RFC 3339 has it.
    Since(String),
    /// Events with this number in the outbox, or a higher one.
    Event(String),
}

/// Counts the published events that [`replay`] would publish again.
///
/// # Errors
/// If the outbox cannot be read.
pub async fn count_replay(
    context: &Context,
    service: &DesiredService,
    outbox: &Arc<Outbox>,
    from: &ReplayStart,
) -> Result<u64> {
    let mut session = session::open_patient(context, service, outbox).await?;
    let rows = session.query(&OutboxStatements(outbox).count_replay(from)).await;
    session.close().await;
    let count: i64 = rows?.first().ok_or_else(Unreadable::no_row)?.try_get(0)?;
    Ok(count.unsigned_abs())
}

/// Makes published events pending again, in one transaction, and returns their number. Skipped events, and those
/// that went to the dead destination, stay as they are.
///
/// # Errors
/// If the outbox cannot be changed.
pub async fn replay(
    context: &Context,
    service: &DesiredService,
    outbox: &Arc<Outbox>,
    from: &ReplayStart,
) -> Result<u64> {
    let mut session = session::open_patient(context, service, outbox).await?;
    let replayed = session.change(&OutboxStatements(outbox).replay(from)).await;
    session.close().await;
    replayed
}

/// Searches all outboxes for the pending or dead event, applies the decision, and returns its service.
///
/// # Errors
/// If no outbox has the event, or an outbox could not be read.
pub async fn intervene<'a>(
    context: &Context,
    outboxes: &'a [(DesiredService, Arc<Outbox>)],
    event: &str,
    what: Intervention<'_>,
) -> Result<&'a DesiredService> {
    for (service, outbox) in outboxes {
        let statements = OutboxStatements(outbox);
        let change = match what {
            Intervention::Retry => statements.retry(event),
            Intervention::Skip { reason } => statements.skip(event, reason),
        };
        let mut session = session::open(context, service, outbox).await?;
        let found = session.change(&change).await;
        session.close().await;
        if found? > 0 {
            return Ok(service);
        }
    }
    Err(Error::operation(format!("no outbox has an unpublished event {event}"))
        .hint("run `martydb relay status`"))
}
