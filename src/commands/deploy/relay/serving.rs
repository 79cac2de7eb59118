//! `relay` until a signal ends it: publishes, reloads the manifest at SIGHUP, and serves its metrics.

#[cfg(feature = "monitor")]
mod listener;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::arguments::{Arguments, outboxes};
use crate::app::App;
use martydb_model::error::Result;
use martydb_model::{DesiredService, Outbox};
use martydb_relay::{RelayMetrics, RelayPlan};
use martydb_ui::flags::Select;
use martydb_ui::reload;

pub(crate) async fn run(
    app: &App,
    arguments: &Arguments,
    outboxes: Vec<(DesiredService, Arc<Outbox>)>,
) -> Result<()> {
    let metrics = Arc::new(RelayMetrics::default());
    #[cfg(feature = "monitor")]
    let listener = listener::MetricsListener::open(app, arguments, &metrics)?.serve();
    #[cfg(not(feature = "monitor"))]
    let listener: std::future::Ready<Result<()>> = match arguments.metrics {
        Some(_) => return Err(crate::commands::support::missing::missing_feature("monitor")),
        None => std::future::ready(Ok(())),
    };
    app.out.serves();
    reload::accept();
    app.out.note(&format!("publishing the events of {}", names(&outboxes)));
    let (changes, mut reloads) = mpsc::channel(1);
    let plan = RelayPlan { context: Arc::new(app.fresh_copy().context), outboxes };
    let relay = martydb_relay::serve(plan, &mut reloads, &metrics, arguments.metrics.is_some());
    tokio::select! {
        // Ends with a signal, once the deliveries in flight are recorded.
        ((), ended) = async { tokio::join!(relay, listener) } => ended?,
        () = reload_on_request(app, &arguments.select, changes) => {}
    }
    app.out.note("stopped: no delivery is in progress");
    Ok(())
}

/// Sends the manifest's outboxes for each request. An invalid manifest changes nothing.
async fn reload_on_request(app: &App, select: &Select, changes: mpsc::Sender<RelayPlan>) {
    loop {
        reload::requested().await;
        match planned(app, select) {
            Ok(plan) => {
                app.out.note(&format!(
                    "reloaded the manifest: publishing the events of {}",
                    names(&plan.outboxes)
                ));
                let _relay_ended = changes.send(plan).await;
            }
            Err(error) => {
                app.out
                    .note(&format!("the manifest was not reloaded, the former one stays in force: {error}"));
            }
        }
    }
}

fn planned(app: &App, select: &Select) -> Result<RelayPlan> {
    let fresh = app.in_environment(&app.manifest.env)?;
    let outboxes = outboxes(&fresh, select)?;
    Ok(RelayPlan { context: Arc::new(fresh.context), outboxes })
}

fn names(outboxes: &[(DesiredService, Arc<Outbox>)]) -> String {
    let names: Vec<&str> = outboxes.iter().map(|(service, _)| service.name.as_str()).collect();
    names.join(", ")
}
