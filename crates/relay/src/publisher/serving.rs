//! Relay that runs until a signal arrives. A new manifest replaces the publishers: the former ones end their batch first,
//! so a changed destination takes effect between two batches. The new ones begin meanwhile, because a broker that hangs
//! must not delay other outboxes; the locks on events keep both apart, as they do with two relays.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;

use super::Publisher;
use super::once::share;
use super::stop::StopSignal;
use super::tally::RelayMetrics;
use crate::outbox::status::read_counts;
use martydb_context::Context;
use martydb_model::{DesiredService, Outbox, ServiceName};

/// Interval at which pending events are counted for metrics.
const COUNT_INTERVAL: Duration = Duration::from_secs(10);

/// Pause after skipped events were counted, in multiples of the time that it took: a long history without an index for
/// them costs half a percent of a core at most.
const SKIPPED_PAUSE_FACTOR: u32 = 200;

/// Outboxes to publish, and the manifest that declares them.
pub struct RelayPlan {
    pub context: Arc<Context>,
    pub outboxes: Vec<(DesiredService, Arc<Outbox>)>,
}

/// Publishes until a signal arrives; unacknowledged events are finished and recorded first. Each plan of `reloads`
/// replaces the one before. With `counts` it reads the number of pending events regularly.
#[martydb_pg::boxed]
pub async fn serve(
    mut plan: RelayPlan,
    reloads: &mut Receiver<RelayPlan>,
    metrics: &Arc<RelayMetrics>,
    counts: bool,
) {
    let stop = StopSignal::on_signal();
    let mut ending = JoinSet::new();
    loop {
        let generation = stop.of_part();
        let publishers = spawn(&plan, &generation, metrics, counts);
        let next = tokio::select! {
            Some(next) = reloads.recv() => Some(next),
            () = stop.asked() => None,
        };
        generation.ask();
        ending.spawn(publishers.join_all());
        // Those of earlier plans, of which most have ended.
        while ending.try_join_next().is_some() {}
        match next {
            Some(next) => plan = next,
            None => break,
        }
    }
    ending.join_all().await;
}

fn spawn(plan: &RelayPlan, stop: &StopSignal, metrics: &Arc<RelayMetrics>, counts: bool) -> JoinSet<()> {
    let bytes = share(plan.outboxes.len() * 2);
    let names: Vec<ServiceName> = plan.outboxes.iter().map(|(service, _)| service.name.clone()).collect();
    metrics.retain(&names);
    let mut all = JoinSet::new();
    for (service, outbox) in &plan.outboxes {
        let publisher = Publisher::new(&plan.context, service, outbox, stop, bytes);
        let publisher = publisher.counting(metrics.tally(service));
        all.spawn(publisher.helper().run_helper());
        all.spawn(publisher.serve());
        if counts {
            all.spawn(count(plan.context.clone(), service.clone(), stop.clone(), metrics.clone()));
        }
    }
    all
}

/// Reads the numbers of pending and skipped events of one outbox until it is stopped.
#[martydb_pg::boxed]
async fn count(context: Arc<Context>, service: DesiredService, stop: StopSignal, metrics: Arc<RelayMetrics>) {
    let mut skipped_due = Instant::now();
    while !stop.is_requested() {
        let counts = read_counts(&context, &service, Instant::now() >= skipped_due).await.ok();
        if let Some((_, Some((number, took)))) = &counts {
            metrics.set_skipped(&service.name, *number);
            skipped_due = Instant::now() + took.saturating_mul(SKIPPED_PAUSE_FACTOR);
        }
        metrics.set_backlog(&service.name, counts.map(|(backlog, _)| backlog));
        tokio::select! {
            () = tokio::time::sleep(COUNT_INTERVAL) => {}
            () = stop.asked() => {}
        }
    }
}
