//! `relay`: publishes once, or shows the next events; [`super::serving`] publishes until it is stopped.

use std::sync::Arc;

use serde::Serialize;

use super::arguments::{Arguments, outboxes};
use super::serving;
use crate::app::App;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_model::units::counted;
use martydb_model::{DesiredService, Outbox};
use martydb_relay::Published;
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, error_texts, pause};

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<PublishedEvents> {
    let outboxes = outboxes(app, &arguments.select)?;
    if arguments.dry_run {
        return preview(app, &outboxes).await;
    }
    let _still = pause();
    if !arguments.once {
        serving::run(app, arguments, outboxes).await?;
        return Ok(PublishedEvents::default());
    }
    let done = martydb_relay::once(app, &outboxes).await;
    Ok(PublishedEvents { services: done.into_iter().map(ServiceRow::new).collect(), next: None })
}

async fn preview(app: &App, outboxes: &[(DesiredService, Arc<Outbox>)]) -> Result<PublishedEvents> {
    let mut next = vec![];
    for (service, outbox) in outboxes {
        let events = martydb_relay::preview(app, service, outbox).await?;
        next.extend(events.into_iter().map(|event| NextEvent {
            service: service.name.to_string(),
            event_id: event.event_id,
            aggregate: format!("{}/{}", event.aggregate_type, event.aggregate_id),
            r#type: event.event_type,
            attempts: event.attempts,
        }));
    }
    Ok(PublishedEvents { services: vec![], next: Some(next) })
}

/// Events that were or would be published.
#[derive(Default, Serialize)]
pub struct PublishedEvents {
    services: Vec<ServiceRow>,
    /// With --dry-run: the next due event of each aggregate.
    next: Option<Vec<NextEvent>>,
}

#[derive(Serialize)]
struct ServiceRow {
    service: String,
    published: u64,
    /// Events that the broker has already, and dropped.
    duplicates: u64,
    refused: u64,
    dead: u64,
    outcome: &'static str,
    error: Option<Error>,
}

#[derive(Serialize)]
struct NextEvent {
    service: String,
    event_id: String,
    aggregate: String,
    r#type: String,
    attempts: i64,
}

impl ServiceRow {
    fn new(done: Published) -> ServiceRow {
        let failed = done.error.is_some() || done.refused > 0;
        ServiceRow {
            service: done.service.name.to_string(),
            published: done.published,
            duplicates: done.duplicates,
            refused: done.refused,
            dead: done.dead,
            outcome: match (failed, done.duplicates) {
                (true, _) => "failed",
                (false, 0) => "ok",
                (false, _) => "duplicate",
            },
            error: done.error,
        }
    }
}

impl ServiceRow {
    fn duplicates_text(&self) -> Option<String> {
        (self.duplicates > 0).then(|| {
            format!(
                "\nThe stream dropped {} of {} as duplicates, because it stored them within its duplicate window: they did not \
                 arrive again. Replay them after it.\n",
                counted(usize::try_from(self.duplicates).unwrap_or(usize::MAX), "event"),
                self.service
            )
        })
    }
}

impl Report for PublishedEvents {
    fn text(&self, style: &Style) -> String {
        if let Some(next) = &self.next {
            let columns: Vec<ReportColumn<&NextEvent>> = vec![
                ReportColumn::shown("SERVICE", |event, _| event.service.as_str().into()),
                ReportColumn::shown("EVENT", |event, _| event.event_id.as_str().into()),
                ReportColumn::shown("AGGREGATE", |event, _| event.aggregate.as_str().into()),
                ReportColumn::shown("TYPE", |event, _| event.r#type.as_str().into()),
                ReportColumn::shown("ATTEMPTS", |event, _| Cell::number(event.attempts)),
            ];
            return ReportColumn::table(columns, &[], next, style).render_or("nothing is due\n", style);
        }
        let mut columns: Vec<ReportColumn<&ServiceRow>> = vec![
            ReportColumn::shown("SERVICE", |row, _| row.service.as_str().into()),
            ReportColumn::shown("PUBLISHED", |row, _| Cell::number(row.published)),
            ReportColumn::shown("REFUSED", |row, _| Cell::number(row.refused)),
            ReportColumn::shown("DEAD", |row, _| Cell::number(row.dead)),
            ReportColumn::shown("OUTCOME", |row, _| {
                Cell::new(row.outcome, if row.outcome == "ok" { Paint::Good } else { Paint::Bad })
            }),
        ];
        if self.services.iter().any(|row| row.duplicates > 0) {
            columns.insert(2, ReportColumn::shown("DUPLICATE", |row, _| Cell::number(row.duplicates)));
        }
        let table = ReportColumn::table(columns, &[], &self.services, style).render_or("", style);
        table + &self.services.iter().filter_map(ServiceRow::duplicates_text).collect::<String>()
    }

    fn messages(&self, style: &Style) -> String {
        error_texts(self.services.iter().filter_map(|row| row.error.as_ref()), style)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::worst(self.services.iter().map(|row| match &row.error {
            Some(error) => error.kind.status(),
            None if row.refused > 0 => ExitStatus::Failed,
            None => ExitStatus::Success,
        }))
    }
}
