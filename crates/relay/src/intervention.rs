//! What a person decides about one event: it goes out again at once, or its aggregate goes on without it.

use std::sync::Arc;

use super::session;
use super::statements::OutboxStatements;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, Outbox};
use martydb_provision::run::Run;

/// The decision, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intervention<'a> {
    Retry,
    Skip { reason: &'a str },
}

/// Looks for an event that is pending or dead, outbox by outbox, and says whose it is.
///
/// # Errors
/// If there is none, or an outbox could not be read.
pub async fn intervene<'a>(
    run: &Run,
    outboxes: &'a [(DesiredService, Arc<Outbox>)],
    event: &str,
    what: Intervention<'_>,
) -> Result<&'a DesiredService> {
    for (service, outbox) in outboxes {
        let statements = OutboxStatements(outbox);
        let change = match what {
            Intervention::Retry => statements.retry(event),
            Intervention::Skip { reason } => statements.skip(event, &format!("skipped: {reason}")),
        };
        let mut session = session::open(run, service, outbox).await?;
        let found = session.change(&change).await;
        session.close().await;
        if found? > 0 {
            return Ok(service);
        }
    }
    Err(Error::operation(format!("no outbox has an event {event} that is not published"))
        .hint("martydb relay status"))
}
