//! Publication of all events that are due now, and a preview of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;

use super::Publisher;
use super::stop::StopSignal;
use crate::batch::claim::BatchShape;
use crate::broker::OutboxEvent;
use crate::outbox::session;
use martydb_context::Context;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, Outbox};

/// Limit of event bytes for all publishers together, and the minimum and maximum of one.
const TOTAL_BYTES: i64 = 16 << 20;
const MIN_BYTES: i64 = 64 << 10;
const MAX_BYTES: i64 = 2 << 20;

/// Number of failed events whose reasons a run prints.
const MAX_REASONS: usize = 20;

/// Result of one outbox, for a run that ends.
#[derive(Debug)]
pub struct Published {
    pub service: DesiredService,
    pub published: u64,
    /// Events that the broker has already, and dropped.
    pub duplicates: u64,
    /// Attempts that the broker rejected.
    pub refused: u64,
    /// Events that became dead.
    pub dead: u64,
    pub error: Option<Error>,
}

/// Returns the limit of event bytes of one publisher among this many.
pub(crate) fn share(publishers: usize) -> i64 {
    let publishers = i64::try_from(publishers.max(1)).unwrap_or(i64::MAX);
    (TOTAL_BYTES / publishers).clamp(MIN_BYTES, MAX_BYTES)
}

/// Publishes all events that are due now.
#[martydb_pg::boxed]
pub async fn once(context: &Context, outboxes: &[(DesiredService, Arc<Outbox>)]) -> Vec<Published> {
    let (stop, context) = (StopSignal::on_signal(), Arc::new(context.again()));
    let bytes = share(outboxes.len());
    let one = |(service, outbox): &(DesiredService, Arc<Outbox>)| {
        let mut publisher = Publisher::new(&context, service, outbox, &stop, bytes);
        publisher.logs_failures = false;
        publisher.reasons = MAX_REASONS;
        let (service, tally) = (service.clone(), publisher.tally.clone());
        let work = tokio::spawn(publisher.once());
        async move {
            let end =
                work.await.unwrap_or_else(|_| Err(Error::operation("the publisher ended unexpectedly")));
            let duplicates = tally.duplicates.load(Ordering::Relaxed);
            Published {
                service,
                published: tally.published.load(Ordering::Relaxed).saturating_sub(duplicates),
                duplicates,
                refused: tally.refused(),
                dead: tally.dead.load(Ordering::Relaxed) + tally.diverted.load(Ordering::Relaxed),
                error: end.err(),
            }
        }
    };
    join_all(outboxes.iter().map(one)).await
}

/// Returns the events that would be published next, without publishing them.
///
/// # Errors
/// If the outbox cannot be read.
pub async fn preview(
    context: &Context,
    service: &DesiredService,
    outbox: &Arc<Outbox>,
) -> Result<Vec<OutboxEvent>> {
    let mut session = session::open(context, service, outbox).await?;
    let width = BatchShape { aggregates: 20, each: 1 };
    let claim = session.claim(None, width, MAX_BYTES).await?;
    session.release().await?;
    session.close().await;
    Ok(claim.lanes.into_iter().flatten().collect())
}
