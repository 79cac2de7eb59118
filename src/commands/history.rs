//! `history`: every event of every service: who, when, how long, how it ended.

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Error, ExitStatus, Result};
use crate::flags::Select;
use crate::fleet;
use crate::migrate::{self, HistoryEvent};
use crate::report::{Cell, Look, Paint, Report, Table, error_text, indented, keys, printable};
use crate::run::Run;

/// Flags of `history`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The services to look at.
    #[command(flatten)]
    pub select: Select,
}

/// Looks, and writes nothing.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let services = run.readable(&arguments.select)?;
    let targets = fleet::targets(run, &services).await?;
    let wait = run.lock_wait;
    let all = fleet::side_by_side(run.jobs, targets, |(service, target)| async move {
        let found = match target {
            Ok(target) => migrate::history(&target, wait).await,
            Err(error) => Err(error),
        };
        let service = service.name.to_string();
        match found {
            Ok(events) => Past { service, events, error: None },
            Err(error) => Past { service, events: vec![], error: Some(error) },
        }
    })
    .await;
    Ok(Box::new(HistoryReport { services: all }))
}

#[derive(Serialize)]
struct Past {
    service: String,
    events: Vec<HistoryEvent>,
    #[serde(serialize_with = "crate::report::serialize_error")]
    error: Option<Error>,
}

#[derive(Serialize)]
struct HistoryReport {
    services: Vec<Past>,
}

impl Report for HistoryReport {
    fn json(&self) -> Map<String, Value> {
        keys(self)
    }

    fn text(&self, look: &Look) -> String {
        let mut table = Table::new(&["service", "at", "action", "version", "name", "ms", "by", "outcome"])
            .spare(&["by", "ms", "action"]);
        for (past, event) in
            self.services.iter().flat_map(|past| past.events.iter().map(move |event| (past, event)))
        {
            let paint = if event.outcome == "failed" { Paint::Bad } else { Paint::Plain };
            table.row([
                past.service.as_str().into(),
                event.at.as_str().into(),
                event.action.as_str().into(),
                Cell::number(event.version),
                event.name.as_str().into(),
                Cell::number(event.duration_ms.map_or_else(|| "-".to_owned(), |ms| ms.to_string())),
                event.by.as_str().into(),
                Cell::new(&event.outcome, paint),
            ]);
        }
        let mut text =
            if table.is_empty() { "No migration has been run yet.\n".into() } else { table.render(look) };
        for past in &self.services {
            for event in past.events.iter().filter(|event| event.error.is_some() || event.note.is_some()) {
                let what = event.error.as_deref().or(event.note.as_deref()).unwrap_or_default();
                let action = printable(&event.action);
                text += &format!("\n{} V{} {action}: {}\n", past.service, event.version, indented(what, 2));
            }
            if let Some(error) = &past.error {
                text += &format!("\n{}:\n{}\n", past.service, error_text(error, look));
            }
        }
        text
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(
            self.services.iter().filter_map(|past| past.error.as_ref()).map(|error| error.kind.status()),
        )
    }
}
