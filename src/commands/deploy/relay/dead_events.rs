//! `relay retry` and `relay skip`: the operator's decision about one event.

use clap::Args;
use serde::Serialize;

use crate::app::App;
use martydb_model::error::{Error, Result};
use martydb_relay::Intervention;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
pub struct RetryArguments {
    /// ID of the event, as in the messages of `relay` and the consumers.
    #[arg(long, value_name = "ID")]
    pub event: String,
    /// Service with the event in its outbox; default: any.
    #[arg(short, long, value_name = "NAME")]
    pub service: Option<String>,
}

#[derive(Debug, Args)]
pub struct SkipArguments {
    #[command(flatten)]
    pub which: RetryArguments,
    /// Reason, stored with the event.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

pub(crate) async fn retry(app: &App, arguments: &RetryArguments) -> Result<DecidedEvent> {
    decide(app, arguments, Intervention::Retry, "retried").await
}

pub(crate) async fn skip(app: &App, arguments: &SkipArguments) -> Result<DecidedEvent> {
    if arguments.reason.trim().is_empty() {
        return Err(Error::usage("the reason is empty").hint("specify it with --reason TEXT"));
    }
    decide(app, &arguments.which, Intervention::Skip { reason: &arguments.reason }, "skipped").await
}

async fn decide(
    app: &App,
    which: &RetryArguments,
    what: Intervention<'_>,
    outcome: &'static str,
) -> Result<DecidedEvent> {
    let is_id = |c: char| !c.is_control();
    if which.event.is_empty() || !which.event.chars().all(is_id) {
        return Err(Error::usage("the event's id is empty").hint("--event ID"));
    }
    let services = match &which.service {
        Some(name) => vec![app.service(name)?.clone()],
        None => app.manifest.services.values().cloned().collect(),
    };
    let outboxes = martydb_relay::with_outbox(&services, which.service.is_some())?;
    let service = martydb_relay::intervene(app, &outboxes, &which.event, what).await?;
    Ok(DecidedEvent { service: service.name.to_string(), event_id: which.event.clone(), outcome })
}

#[derive(Serialize)]
pub struct DecidedEvent {
    service: String,
    event_id: String,
    outcome: &'static str,
}

impl Report for DecidedEvent {
    fn text(&self, _: &Style) -> String {
        let then = match self.outcome {
            "skipped" => "is given up: its aggregate continues without it",
            _ => "is published at the next poll of a relay",
        };
        format!("event {} of {} {then}\n", self.event_id, self.service)
    }
}
