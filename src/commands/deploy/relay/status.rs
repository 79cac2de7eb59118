//! `relay status`: shows the state of each outbox.

use futures_util::future::join_all;
use serde::Serialize;

use crate::app::App;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_ui::report::{Cell, Paint, Report, ReportColumn, Style, error_texts};

pub(crate) use martydb_ui::flags::Select as Arguments;

pub(crate) async fn run(app: &App, select: &Arguments) -> Result<RelayStatus> {
    let services = app.readable(select)?;
    let outboxes = martydb_relay::with_outbox(&services, !select.names_none())?;
    let read = outboxes.iter().map(|(service, outbox)| async move {
        let state = martydb_relay::read(app, service, outbox).await;
        let (state, error) = state.map_or_else(|error| (None, Some(error)), |state| (Some(state), None));
        OutboxRow {
            service: service.name.to_string(),
            pending: state.as_ref().map(|state| state.backlog.pending),
            oldest_age_ms: state.as_ref().and_then(|state| state.backlog.oldest_age_ms),
            published: state.as_ref().map(|state| state.published),
            retried: state.as_ref().map(|state| state.retried),
            dead: state.as_ref().map(|state| state.backlog.dead),
            diverted: state.as_ref().map(|state| state.diverted),
            skipped: state.as_ref().map(|state| state.skipped),
            rate: state.as_ref().map(|state| state.rate),
            last_error: state.and_then(|state| state.backlog.last_error),
            error,
        }
    });
    Ok(RelayStatus { services: join_all(read).await })
}

#[derive(Serialize)]
pub struct RelayStatus {
    services: Vec<OutboxRow>,
}

#[derive(Serialize)]
struct OutboxRow {
    service: String,
    pending: Option<i64>,
    oldest_age_ms: Option<i64>,
    /// Published events that the table still contains.
    published: Option<i64>,
    /// Published events that took several attempts, and pending ones that failed before.
    retried: Option<i64>,
    /// Dead events that await a decision.
    dead: Option<i64>,
    /// Dead events that were published to the dead destination.
    diverted: Option<i64>,
    /// Events that an operator gave up and the table still contains.
    skipped: Option<i64>,
    /// Events per second, over the last minute.
    rate: Option<f64>,
    last_error: Option<String>,
    error: Option<Error>,
}

fn age(millis: Option<i64>) -> String {
    millis.map_or_else(String::new, |millis| match millis {
        ..=999 => format!("{millis} ms"),
        1_000..=119_999 => format!("{} s", millis / 1000),
        120_000..=7_199_999 => format!("{} min", millis / 60_000),
        _ => format!("{} h", millis / 3_600_000),
    })
}

fn columns<'a>() -> Vec<ReportColumn<&'a OutboxRow>> {
    vec![
        ReportColumn::shown("SERVICE", |row, _| row.service.as_str().into()),
        ReportColumn::shown("PENDING", |row, _| Cell::optional(row.pending)),
        ReportColumn::shown("OLDEST", |row, _| Cell::number(age(row.oldest_age_ms))),
        ReportColumn::shown("DEAD", |row, _| {
            let paint = if row.dead.is_some_and(|dead| dead > 0) { Paint::Bad } else { Paint::Plain };
            Cell::new(row.dead.map_or_else(|| "-".to_owned(), |dead| dead.to_string()), paint)
        }),
        ReportColumn::spare(0, "retried", "RETRIED", |row, _| Cell::optional(row.retried)),
        ReportColumn::spare(1, "diverted", "DIVERTED", |row, _| Cell::optional(row.diverted)),
        ReportColumn::spare(2, "skipped", "SKIPPED", |row, _| Cell::optional(row.skipped)),
        ReportColumn::spare(3, "published", "PUBLISHED", |row, _| Cell::optional(row.published)),
        ReportColumn::spare(4, "rate", "RATE", |row, _| {
            Cell::number(row.rate.map_or_else(String::new, |rate| format!("{rate:.1}/s")))
        }),
        ReportColumn::shown("LAST ERROR", |row, _| row.last_error.as_deref().unwrap_or_default().into()),
    ]
}

impl Report for RelayStatus {
    fn text(&self, style: &Style) -> String {
        ReportColumn::table(columns(), &[], &self.services, style).render(style)
    }

    fn messages(&self, style: &Style) -> String {
        error_texts(self.services.iter().filter_map(|row| row.error.as_ref()), style)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::of_errors(self.services.iter().filter_map(|row| row.error.as_ref()))
    }
}
