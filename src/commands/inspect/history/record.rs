//! `history --record`: every run that changed a server, from the record in its maintenance database.

use serde::Serialize;

use crate::app::App;
use crate::commands::support::change::{ServerError, limits_text};
use martydb_apply::run_record::RecordedRun;
use martydb_model::DesiredService;
use martydb_model::error::{ExitStatus, Kind};
use martydb_plan::PrivilegeGap;
use martydb_provision::run_records::{self, ServerRecords};
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, printable, when};

/// Records of several servers, the oldest first.
#[derive(Serialize)]
pub struct RecordReport {
    pub records: Vec<RecordedRun>,
    /// Servers whose record is not as martydb makes it, and is not read.
    pub limits: Vec<PrivilegeGap>,
    pub errors: Vec<ServerError>,
}

impl RecordReport {
    /// Reads as [`run_records::read`] does.
    pub(crate) async fn read(
        app: &App,
        services: &[DesiredService],
        named: bool,
        limit: Option<usize>,
    ) -> RecordReport {
        let ServerRecords { records, limits, failed } = run_records::read(app, services, named, limit).await;
        let errors = failed.iter().map(|(server, error)| ServerError::new(server, error)).collect();
        RecordReport { records, limits, errors }
    }
}

pub fn columns<'a>() -> Vec<ReportColumn<&'a RecordedRun>> {
    vec![
        ReportColumn::new("at", "at", |run, style| when(&run.at, style).into()),
        ReportColumn::new("server", "server", |run, _| printable(&run.server).into()),
        ReportColumn::spare(2, "project", "project", |run, _| printable(&run.project).into()),
        ReportColumn::spare(3, "env", "env", |run, _| printable(&run.env).into()),
        ReportColumn::new("action", "action", |run, _| printable(&run.action).into()),
        ReportColumn::new("services", "services", |run, _| printable(&run.services.join(", ")).into()),
        ReportColumn::spare(4, "by", "by", |run, _| printable(&run.by).into()),
        ReportColumn::spare(1, "host", "host", |run, _| printable(&run.host).into()),
        ReportColumn::spare(0, "tool", "tool", |run, _| printable(&run.tool).into()),
        ReportColumn::key("manifest_sha256"),
        ReportColumn::new("outcome", "outcome", |run, _| {
            let colour = match run.outcome.as_str() {
                "failed" => Paint::Bad,
                "started" => Paint::Warn,
                _ => Paint::Plain,
            };
            Cell::new(printable(&run.outcome), colour)
        }),
        ReportColumn::key("ended_at"),
        ReportColumn::spare(5, "note", "note", |run, _| printable(run.note.as_deref().unwrap_or("-")).into()),
    ]
}

impl Report for RecordReport {
    fn text(&self, style: &Style) -> String {
        let text = match self.records.is_empty() {
            true if self.errors.is_empty() => "No run has changed these servers yet.\n".into(),
            true => String::new(),
            false => ReportColumn::table(columns(), &[], &self.records, style).render(style),
        };
        text + &limits_text(&self.limits)
    }

    fn messages(&self, style: &Style) -> String {
        ServerError::text(&self.errors, style)
    }

    fn status(&self) -> ExitStatus {
        let failed = self.errors.iter().map(|failed| &failed.error);
        ExitStatus::of_errors(failed.filter(|error| error.kind != Kind::Stopped))
    }
}
