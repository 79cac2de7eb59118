//! `history --record`: every run that changed a server, from the record in its maintenance database.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde::Serialize;

use crate::app::App;
use crate::commands::support::change::{ServerError, limits_text};
use martydb_apply::run_record::{RecordedRun, RecordedRuns, recorded};
use martydb_model::DesiredService;
use martydb_model::error::{ExitStatus, Kind, Result};
use martydb_plan::PrivilegeGap;
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
    /// Reads the newest `limit` runs on the servers of these services; `named` leaves those that concern one of them.
    pub(crate) async fn read(
        app: &App,
        services: &[DesiredService],
        named: bool,
        limit: Option<usize>,
    ) -> RecordReport {
        let limit = limit.unwrap_or(usize::MAX);
        // The rows of other services do not count for the limit.
        let of_server = if named { u32::MAX } else { u32::try_from(limit).unwrap_or(u32::MAX) };
        let servers = app.servers_of(services);
        let read = join_all(servers.iter().map(|server| of(app, server, of_server))).await;
        let mut report = RecordReport { records: vec![], limits: vec![], errors: vec![] };
        for (server, found) in servers.iter().zip(read) {
            report.add(server, found);
        }
        let names: BTreeSet<&str> = services.iter().map(|service| service.name.as_str()).collect();
        let concerns = |run: &RecordedRun| run.services.iter().any(|name| names.contains(name.as_str()));
        report.records.retain(|run| !named || concerns(run));
        report.records.sort_by(|a, b| (&a.at, &a.server).cmp(&(&b.at, &b.server)));
        report.records.drain(..report.records.len().saturating_sub(limit));
        report
    }

    fn add(&mut self, server: &str, found: Result<RecordedRuns>) {
        match found {
            Ok(found) => {
                self.records.extend(found.runs);
                let gap =
                    |why| PrivilegeGap::without_grant(server, None, "read the record of runs".into(), why);
                self.limits.extend(found.unread.map(gap));
            }
            Err(error) => self.errors.push(ServerError::new(server, &error)),
        }
    }
}

async fn of(app: &App, server: &str, limit: u32) -> Result<RecordedRuns> {
    let access = app.admin(server).await?;
    recorded(&access, &app.manifest.desired(server), limit).await
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
