//! `relay replay`: publishes events once more that were published before.

use std::sync::Arc;

use clap::{ArgGroup, Args};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::app::App;
use crate::commands::support::choice;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::{self, counted};
use martydb_model::{DesiredService, Outbox};
use martydb_relay::ReplayStart;
use martydb_ui::flags::Select;
use martydb_ui::report::{Cell, Report, ReportColumn, Style, error_texts};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("from").required(true).args(["since", "from_id"])))]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
    /// Replay events that were published at this time or later: 2026-11-26T14:00:00Z, or 2h for two hours ago.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<OffsetDateTime>,
    /// Replay published events with this number in the outbox, or a higher one; of one service.
    #[arg(long, value_name = "ID")]
    pub from_id: Option<String>,
    /// Count the events; change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Parses a time, or how long ago it was.
fn moment(text: &str) -> Result<OffsetDateTime, String> {
    let ago = || Some(OffsetDateTime::now_utc() - units::duration(text)?);
    let at = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(ago);
    at.ok_or_else(|| "neither a time such as 2026-11-26T14:00:00Z nor one such as 30m or 2h".into())
}

impl Arguments {
    fn start(&self, services: usize) -> Result<ReplayStart> {
        match (&self.since, &self.from_id) {
            (Some(since), _) => {
                let time = since.format(&Rfc3339);
                Ok(ReplayStart::Since(
                    time.map_err(|error| Error::usage("the time is invalid").cause(error))?,
                ))
            }
            (None, Some(id)) if services == 1 => Ok(ReplayStart::Event(id.clone())),
            (None, _) => {
                Err(Error::usage("an ID belongs to the outbox of one service").hint("use --service NAME"))
            }
        }
    }
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<ReplayedEvents> {
    let services = choice::services(app, &arguments.select).await?;
    let outboxes = martydb_relay::with_outbox(&services, !arguments.select.names_none())?;
    let from = arguments.start(outboxes.len())?;
    let found = count(app, &outboxes, &from).await;
    let events: u64 = found.iter().map(|row| row.events).sum();
    if arguments.dry_run || events == 0 || found.iter().any(|row| row.error.is_some()) {
        return Ok(ReplayedEvents { services: found, dry_run: arguments.dry_run });
    }
    let what = counted(usize::try_from(events).unwrap_or(usize::MAX), "event");
    let question = format!("Publish {what} again? Consumers without an inbox handle them twice.");
    let would = format!("{what} would be published again");
    app.confirm(&question, &would, "count them with --dry-run, then add -y").await?;
    let mut rows = vec![];
    for (service, outbox) in &outboxes {
        rows.push(ReplayedRow::new(service, martydb_relay::replay(app, service, outbox, &from).await));
    }
    Ok(ReplayedEvents { services: rows, dry_run: false })
}

async fn count(
    app: &App,
    outboxes: &[(DesiredService, Arc<Outbox>)],
    from: &ReplayStart,
) -> Vec<ReplayedRow> {
    let mut rows = vec![];
    for (service, outbox) in outboxes {
        rows.push(ReplayedRow::new(service, martydb_relay::count_replay(app, service, outbox, from).await));
    }
    rows
}

#[derive(Serialize)]
pub struct ReplayedEvents {
    services: Vec<ReplayedRow>,
    /// `true` if the events were only counted.
    dry_run: bool,
}

#[derive(Serialize)]
struct ReplayedRow {
    service: String,
    events: u64,
    error: Option<Error>,
}

impl ReplayedRow {
    fn new(service: &DesiredService, end: Result<u64>) -> ReplayedRow {
        let (events, error) = end.map_or_else(|error| (0, Some(error)), |events| (events, None));
        ReplayedRow { service: service.name.to_string(), events, error }
    }
}

impl Report for ReplayedEvents {
    fn text(&self, style: &Style) -> String {
        let columns: Vec<ReportColumn<&ReplayedRow>> = vec![
            ReportColumn::shown("SERVICE", |row, _| row.service.as_str().into()),
            ReportColumn::shown(if self.dry_run { "WOULD BE REPLAYED" } else { "REPLAYED" }, |row, _| {
                Cell::number(row.events)
            }),
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
