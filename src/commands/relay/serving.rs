//! `relay` until a signal ends it: publishes, reloads the manifest at SIGHUP, and serves its metrics.

#[cfg(feature = "monitor")]
mod listener;
#[cfg(not(feature = "monitor"))]
#[path = "serving/no_listener.rs"]
mod listener;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::arguments::{Arguments, outboxes};
use crate::app::Run;
use martydb_model::error::Result;
use martydb_model::{DesiredService, Outbox};
use martydb_relay::{RelayMetrics, RelayPlan};
use martydb_ui::flags::Select;
use martydb_ui::reload;

pub async fn run(
    run: &Run,
    arguments: &Arguments,
    outboxes: Vec<(DesiredService, Arc<Outbox>)>,
) -> Result<()> {
    let metrics = Arc::new(RelayMetrics::default());
    let listener = listener::MetricsListener::open(run, arguments, &metrics)?;
    run.out.serves();
    reload::accept();
    run.out.note(&format!("publishing the events of {}", names(&outboxes)));
    let (changes, mut reloads) = mpsc::channel(1);
    let plan = RelayPlan { context: Arc::new(run.again().context), outboxes };
    let relay = martydb_relay::serve(plan, &mut reloads, &metrics, arguments.metrics.is_some());
    tokio::select! {
        // Ends with a signal, once the deliveries in flight are recorded.
        ((), ended) = async { tokio::join!(relay, listener.serve()) } => ended?,
        () = reload_on_request(run, &arguments.select, changes) => {}
    }
    run.out.note("stopped: no delivery is in progress");
    Ok(())
}

/// Sends the manifest's outboxes for each request. An invalid manifest changes nothing.
async fn reload_on_request(run: &Run, select: &Select, changes: mpsc::Sender<RelayPlan>) {
    loop {
        reload::requested().await;
        match planned(run, select) {
            Ok(plan) => {
                run.out.note(&format!(
                    "reloaded the manifest: publishing the events of {}",
                    names(&plan.outboxes)
                ));
                let _relay_ended = changes.send(plan).await;
            }
            Err(error) => {
                run.out
                    .note(&format!("the manifest was not reloaded, the former one stays in force: {error}"));
            }
        }
    }
}

fn planned(run: &Run, select: &Select) -> Result<RelayPlan> {
    let fresh = run.in_environment(&run.manifest.env)?;
    let outboxes = outboxes(&fresh, select)?;
    Ok(RelayPlan { context: Arc::new(fresh.context), outboxes })
}

fn names(outboxes: &[(DesiredService, Arc<Outbox>)]) -> String {
    let names: Vec<&str> = outboxes.iter().map(|(service, _)| service.name.as_str()).collect();
    names.join(", ")
}
