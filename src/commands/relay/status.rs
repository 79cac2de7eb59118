//! `relay status`: shows the state of each outbox.

use futures_util::future::join_all;
use serde::Serialize;

use crate::app::Run;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_ui::report::{Cell, Paint, Report, Style, Table, error_texts};

pub use martydb_ui::flags::Select as Arguments;

pub async fn run(run: &Run, select: &Arguments) -> Result<RelayStatus> {
    let services = run.readable(select)?;
    let outboxes = martydb_relay::with_outbox(&services, !select.names_none())?;
    let read = outboxes.iter().map(|(service, outbox)| async move {
        let state = martydb_relay::read(run, service, outbox).await;
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

impl Report for RelayStatus {
    fn text(&self, style: &Style) -> String {
        let mut table = Table::new(&[
            "SERVICE",
            "PENDING",
            "OLDEST",
            "DEAD",
            "RETRIED",
            "DIVERTED",
            "SKIPPED",
            "PUBLISHED",
            "RATE",
            "LAST ERROR",
        ])
        .spare(&["RETRIED", "DIVERTED", "SKIPPED", "PUBLISHED", "RATE"]);
        for row in &self.services {
            let number = |value: Option<i64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
            let dead = if row.dead.is_some_and(|dead| dead > 0) { Paint::Bad } else { Paint::Plain };
            table.row([
                Cell::from(&row.service),
                Cell::number(number(row.pending)),
                Cell::number(age(row.oldest_age_ms)),
                Cell::new(number(row.dead), dead),
                Cell::number(number(row.retried)),
                Cell::number(number(row.diverted)),
                Cell::number(number(row.skipped)),
                Cell::number(number(row.published)),
                Cell::number(row.rate.map_or_else(String::new, |rate| format!("{rate:.1}/s"))),
                Cell::from(row.last_error.as_deref().unwrap_or_default()),
            ]);
        }
        table.render(style)
    }

    fn messages(&self, style: &Style) -> String {
        error_texts(self.services.iter().filter_map(|row| row.error.as_ref()), style)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::of_errors(self.services.iter().filter_map(|row| row.error.as_ref()))
    }
}
