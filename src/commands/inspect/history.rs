//! `history`: lists every migration event of every service, with its time, duration, role and outcome.

pub mod record;

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::support::per_service::{PerService, Services, ask_each};
use crate::commands::support::report_enum::report_enum;
use martydb_migrate::HistoryEvent;
use martydb_model::error::{ExitStatus, Result};
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, indented, printable, when};
use record::RecordReport;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Show only the newest N events of each service.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Show the runs that changed servers instead: apply, rotate, drop, restore, repair, split cutover.
    #[arg(long)]
    pub record: bool,
}

report_enum! {
    /// Result of `history`.
    HistoryReport { Events(Services<Events>), Records(RecordReport) }
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<HistoryReport> {
    let Arguments { select, limit, record } = arguments;
    if *record {
        let services = app.readable(select)?;
        let report = RecordReport::read(app, &services, !select.names_none(), *limit).await;
        return Ok(HistoryReport::Records(report));
    }
    events(app, arguments).await.map(HistoryReport::Events)
}

/// Returns the events of the services' migrations.
pub(crate) async fn events(app: &App, arguments: &Arguments) -> Result<Services<Events>> {
    let limit = arguments.limit.unwrap_or(usize::MAX);
    ask_each(app, &arguments.select, move |target, wait| async move {
        let mut events = martydb_migrate::history(&target, wait).await?;
        Ok(Events { events: events.split_off(events.len().saturating_sub(limit)) })
    })
    .await
}

#[derive(Default, Serialize)]
pub struct Events {
    events: Vec<HistoryEvent>,
}

pub fn columns<'a>() -> Vec<ReportColumn<(&'a PerService<Events>, &'a HistoryEvent)>> {
    vec![
        ReportColumn::new("service", "service", |(past, _), _| past.service.as_str().into()),
        ReportColumn::new("at", "at", |(_, event), style| when(&event.at, style).into()),
        ReportColumn::new("action", "action", |(_, event), _| event.action.as_str().into()),
        ReportColumn::new("version", "version", |(_, event), _| {
            Cell::number(event.version.map_or_else(|| "R".to_owned(), |version| version.to_string()))
        }),
        ReportColumn::spare(2, "name", "name", |(_, event), _| event.name.as_str().into()),
        ReportColumn::spare(1, "duration_ms", "ms", |(_, event), _| Cell::optional(event.duration_ms)),
        ReportColumn::spare(0, "by", "by", |(_, event), _| event.by.as_str().into()),
        ReportColumn::new("outcome", "outcome", |(_, event), _| {
            Cell::new(&event.outcome, if event.outcome == "failed" { Paint::Bad } else { Paint::Plain })
        }),
        ReportColumn::key("error"),
    ]
}

impl Report for Services<Events> {
    fn text(&self, style: &Style) -> String {
        let events =
            self.services.iter().flat_map(|past| past.answer.events.iter().map(move |event| (past, event)));
        let table = ReportColumn::table(columns(), &[], events.clone(), style);
        let mut details = String::new();
        for (past, event) in events {
            if let Some(what) = event.error.as_ref().or(event.note.as_ref()) {
                let (action, what) = (printable(&event.action), indented(what, 2));
                let id = match event.version {
                    Some(version) => format!("V{version}"),
                    None => format!("R__{}", printable(&event.name)),
                };
                details += &format!("\n{} {id} {action}: {what}\n", past.service);
            }
        }
        let text =
            if table.is_empty() { "No migration has been run yet.\n".into() } else { table.render(style) };
        text + &details
    }

    fn messages(&self, style: &Style) -> String {
        self.errors_text(style)
    }

    fn status(&self) -> ExitStatus {
        self.status_of_look()
    }
}
