//! `relay clean`: published events go once their time is over.

use clap::Args;
use serde::Serialize;

use crate::error::{Error, ExitStatus, Result};
use crate::flags::Select;
use crate::relay;
use crate::report::{Cell, Report, Style, Table, error_text};
use crate::run::Run;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<CleanedOutboxes> {
    let services = run.writable(&arguments.select)?;
    let outboxes = relay::with_outbox(&services, !arguments.select.names_none())?;
    let mut rows = vec![];
    for (service, outbox) in &outboxes {
        let Some(keep) = outbox.keep else {
            rows.push(CleanedRow::of(service.name.as_str(), "kept", Ok(0)));
            continue;
        };
        let end = relay::clean(run, service, outbox, keep).await;
        rows.push(CleanedRow::of(service.name.as_str(), "ok", end.map(|cleaned| cleaned.removed)));
    }
    Ok(CleanedOutboxes { services: rows })
}

#[derive(Serialize)]
pub struct CleanedOutboxes {
    services: Vec<CleanedRow>,
}

#[derive(Serialize)]
struct CleanedRow {
    service: String,
    removed: u64,
    /// `kept`: the manifest says no time.
    outcome: &'static str,
    error: Option<Error>,
}

impl CleanedRow {
    fn of(service: &str, outcome: &'static str, end: Result<u64>) -> CleanedRow {
        let (removed, outcome, error) = match end {
            Ok(removed) => (removed, outcome, None),
            Err(error) => (0, "failed", Some(error)),
        };
        CleanedRow { service: service.to_owned(), removed, outcome, error }
    }
}

impl Report for CleanedOutboxes {
    fn text(&self, style: &Style) -> String {
        let mut table = Table::new(&["SERVICE", "REMOVED", "OUTCOME"]);
        for row in &self.services {
            let said = match row.outcome {
                "kept" => "kept for ever: the manifest's outbox has no `keep`",
                other => other,
            };
            table.row([Cell::from(&row.service), Cell::number(row.removed), Cell::from(said)]);
        }
        table.render(style)
    }

    fn messages(&self, style: &Style) -> String {
        let errors = self.services.iter().filter_map(|row| row.error.as_ref());
        errors.map(|error| error_text(error, style)).collect()
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.services.iter().filter_map(|row| Some(row.error.as_ref()?.kind.status())))
    }
}
