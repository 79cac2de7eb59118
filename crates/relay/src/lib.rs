//! `martydb relay`: publishes the outboxes of services, each with a login that can do nothing else.
//!
//! A publisher per outbox claims events by aggregate, publishes them to the broker, and records acknowledgements in
//! the transaction that holds their locks. Publication is at least once: if a publisher dies in between, its events
//! are still pending. `claim` decides which events may be published, `lane` what is sent in a batch, and
//! `verdict` what becomes of each event; all three are pure.
//!
//! - [`broker`]: connections over which events are published and acknowledged

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

pub mod broker;
mod claim;
mod cleaning;
mod daily_partitions;
mod dead_letters;
mod delivery;
mod examination;
mod intervention;
mod lane;
mod operator_statements;
mod partitions;
mod publisher;
mod serving;
mod session;
mod statements;
mod status;
mod stop;
mod tally;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;

use crate::broker::OutboxEvent;
use claim::BatchShape;
use martydb_context::Context;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, Outbox};
use publisher::Publisher;
use stop::StopSignal;

pub use cleaning::{Cleaned, clean};
pub use examination::examine;
pub use intervention::{Intervention, ReplayStart, count_replay, intervene, replay};
pub use serving::{RelayPlan, serve};
pub use status::{Backlog, OutboxState, read, read_backlog};
pub use tally::RelayMetrics;

/// Limit of event bytes for all publishers together, and the minimum and maximum of one.
const ALTOGETHER: i64 = 16 << 20;
const LEAST: i64 = 64 << 10;
const MOST: i64 = 2 << 20;

/// Result of one outbox, for a run that ends.
#[derive(Debug)]
pub struct Published {
    pub service: DesiredService,
    pub published: u64,
    /// Attempts that the broker rejected.
    pub refused: u64,
    /// Events that became dead.
    pub dead: u64,
    pub error: Option<Error>,
}

/// Returns the given services that have an outbox.
///
/// # Errors
/// If a named service has none, or no service has one.
pub fn with_outbox(services: &[DesiredService], named: bool) -> Result<Vec<(DesiredService, Arc<Outbox>)>> {
    let hint = "declare it in the manifest: outbox: { to: { nats: \"nats://localhost:4222\" } }";
    if let Some(without) = services.iter().find(|service| named && service.outbox.is_none()) {
        return Err(Error::usage(format!("service \"{}\" has no outbox", without.name)).hint(hint));
    }
    let all =
        services.iter().filter_map(|service| Some((service.clone(), Arc::new(service.outbox.clone()?))));
    let all: Vec<_> = all.collect();
    if all.is_empty() {
        return Err(Error::usage("no service has an outbox").hint(hint));
    }
    Ok(all)
}

fn share(publishers: usize) -> i64 {
    let publishers = i64::try_from(publishers.max(1)).unwrap_or(i64::MAX);
    (ALTOGETHER / publishers).clamp(LEAST, MOST)
}

/// Publishes all events that are due now.
#[martydb_pg::boxed]
pub async fn once(context: &Context, outboxes: &[(DesiredService, Arc<Outbox>)]) -> Vec<Published> {
    let (stop, context) = (StopSignal::on_signal(), Arc::new(context.again()));
    let bytes = share(outboxes.len());
    let one = |(service, outbox): &(DesiredService, Arc<Outbox>)| {
        let mut publisher = Publisher::new(&context, service, outbox, &stop, bytes);
        publisher.logs_failures = false;
        let (service, tally) = (service.clone(), publisher.tally.clone());
        let work = tokio::spawn(publisher.once());
        async move {
            let end =
                work.await.unwrap_or_else(|_| Err(Error::operation("the publisher ended unexpectedly")));
            Published {
                service,
                published: tally.published.load(Ordering::Relaxed),
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
    let claim = session.claim(None, width, MOST).await?;
    session.release().await?;
    session.close().await;
    Ok(claim.lanes.into_iter().flatten().collect())
}
