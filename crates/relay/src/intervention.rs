//! Manual decision on an event: it is published again at once, or it is skipped and its aggregate continues.

use std::sync::Arc;

use super::session;
use super::statements::OutboxStatements;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, Outbox};
use martydb_provision::context::Context;

/// Decision, with its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intervention<'a> {
    Retry,
    Skip { reason: &'a str },
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
