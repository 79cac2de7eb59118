//! History of all services: one time line, and below it every event, newest first.

use maud::{Markup, html};

use super::table::table;
use super::text::{PlainText, badge, duration, optional, time};
use super::timeline;
use crate::values::{History, PastEvent, Values};

const HEAD: [&str; 7] = ["When (UTC)", "Service", "Migration", "Action", "Outcome", "Took", "By"];

pub(crate) fn section(values: &Values) -> Markup {
    let events = newest_first(&values.history);
    let failed: Vec<&History> = values.history.iter().filter(|one| one.error.is_some()).collect();
    html! {
        @if events.is_empty() { p { "No migration has been run yet." } } @else {
            (timeline::svg(&values.history))
            @let rows = html! { @for (at, number, service, event) in &events { (row(*at, *number, service, event)) } };
            (table("Migrations that ran", &HEAD, &rows))
        }
        @if !failed.is_empty() {
            h3 { "History that could not be read" }
            ul { @for one in failed { li { b { (PlainText(&one.service)) } ": "
                (PlainText(one.error.as_ref().map_or("", |error| &error.message))) } } }
        }
    }
}

/// Returns the events with their places in the JSON.
fn newest_first(history: &[History]) -> Vec<(usize, usize, &str, &PastEvent)> {
    let of = |(at, one): (usize, _)| {
        let one: &History = one;
        one.events.iter().enumerate().map(move |(number, event)| (at, number, one.service.as_str(), event))
    };
    let mut all: Vec<_> = history.iter().enumerate().flat_map(of).collect();
    all.sort_by(|one, other| other.3.at.cmp(&one.3.at));
    all
}

fn row(at: usize, number: usize, service: &str, event: &PastEvent) -> Markup {
    let level = match event.outcome.as_str() {
        "ok" => "good",
        "failed" => "bad",
        _ => "warning",
    };
    html! {
        tr {
            td { (time(&event.at)) }
            th scope="row" { (PlainText(service)) }
            td { (PlainText(&event.migration())) }
            td { (PlainText(&event.action)) }
            td { (badge(level, &martydb_model::text::printable(&event.outcome)))
                @for more in [&event.error, &event.note].into_iter().flatten() { br; small { (PlainText(more)) } } }
            td { (optional(format!("/history/{at}/events/{number}/duration_ms"), event.duration_ms, duration)) }
            td { (PlainText(&event.by)) }
        }
    }
}
