//! History of all services and servers: one time line, and below it every event and every run, newest first.

use maud::{Markup, html};

use super::table::table;
use super::text::{MAX_ELEMENTS, PlainText, badge, duration, optional, rest, time};
use super::timeline;
use crate::values::{History, PastEvent, ServerRun, Values, lanes};

const HEAD: [&str; 7] = ["When (UTC)", "Service", "Migration", "Action", "Outcome", "Took", "By"];
const RUNS: [&str; 6] = ["When (UTC)", "Server", "Action", "Services", "Outcome", "By"];

pub(crate) fn section(values: &Values) -> Markup {
    let events = newest_first(&values.history);
    let failed: Vec<&History> = values.history.iter().filter(|one| one.error.is_some()).collect();
    html! {
        @let lanes: Vec<History> = values.history.iter().cloned().chain(lanes(&values.records)).collect();
        (timeline::svg(&lanes))
        @if events.is_empty() { p { "No migration has been run yet." } } @else {
            @let rows = html! { @for (at, number, service, event) in &events { (row(*at, *number, service, event)) } };
            (table("Migrations that ran", &HEAD, &rows))
        }
        @if !values.records.is_empty() {
            h3 { "Runs that changed servers" }
            @let rows = html! { @for run in values.records.iter().rev().take(MAX_ELEMENTS) { (run_row(run)) } };
            (table("Runs that changed servers", &RUNS, &rows))
            (rest([values.records.len()]))
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

fn run_row(run: &ServerRun) -> Markup {
    html! {
        tr {
            td { (time(&run.at)) }
            th scope="row" { (PlainText(&run.server)) }
            td { (PlainText(&run.action)) }
            td { (PlainText(&run.services.join(", "))) }
            td { (badge(level(&run.outcome), &martydb_model::text::printable(&run.outcome)))
                @if let Some(note) = &run.note { br; small { (PlainText(note)) } } }
            td { (PlainText(&format!("{} on {}", run.by, run.host))) }
        }
    }
}

fn level(outcome: &str) -> &'static str {
    match outcome {
        "ok" => "good",
        "failed" => "bad",
        _ => "warning",
    }
}

fn row(at: usize, number: usize, service: &str, event: &PastEvent) -> Markup {
    let level = level(&event.outcome);
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
