//! `relay clean`: removes published events after their retention time.

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::support::choice;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::counted;
use martydb_relay::Cleaned;
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Report, ReportColumn, Style, error_texts};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<CleanedOutboxes> {
    let services = choice::services(app, &arguments.select).await?;
    let outboxes = martydb_relay::with_outbox(&services, !arguments.select.names_none())?;
    let mut rows = vec![];
    for (service, outbox) in &outboxes {
        let outcome = if outbox.keep.is_some() { "ok" } else { "kept" };
        let end = martydb_relay::clean(app, service, outbox, outbox.keep).await;
        rows.push(CleanedRow::new(service.name.as_str(), outcome, end));
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
    /// Partitions dropped, for a table with daily partitions.
    days_dropped: u32,
    days_made: u32,
    /// `kept`: the manifest has no retention time.
    outcome: &'static str,
    error: Option<Error>,
}

impl CleanedRow {
    fn new(service: &str, outcome: &'static str, end: Result<Cleaned>) -> CleanedRow {
        let (cleaned, outcome, error) = match end {
            Ok(cleaned) => (cleaned, outcome, None),
            Err(error) => (Cleaned::default(), "failed", Some(error)),
        };
        let Cleaned { removed, days_dropped, days_made } = cleaned;
        CleanedRow { service: service.to_owned(), removed, days_dropped, days_made, outcome, error }
    }

    fn outcome_text(&self) -> String {
        let outcome = match self.outcome {
            "kept" => "kept forever: the manifest's outbox has no `keep`",
            other => other,
        };
        match (self.days_dropped, self.days_made) {
            (0, 0) => outcome.to_owned(),
            (dropped, made) => {
                format!("{outcome} ({} dropped, {made} made)", counted(dropped as usize, "day"))
            }
        }
    }
}

impl Report for CleanedOutboxes {
    fn text(&self, style: &Style) -> String {
        let columns: Vec<ReportColumn<&CleanedRow>> = vec![
            ReportColumn::shown("SERVICE", |row, _| row.service.as_str().into()),
            ReportColumn::shown("REMOVED", |row, _| Cell::number(row.removed)),
            ReportColumn::shown("OUTCOME", |row, _| row.outcome_text().into()),
        ];
        ReportColumn::table(columns, &[], &self.services, style).render(style)
    }

    fn messages(&self, style: &Style) -> String {
        error_texts(self.services.iter().filter_map(|row| row.error.as_ref()), style)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::of_errors(self.services.iter().filter_map(|row| row.error.as_ref()))
    }
}
