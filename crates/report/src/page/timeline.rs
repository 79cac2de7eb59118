//! The time line: a lane for each service, a mark for each event.

use std::fmt::Write;

use maud::{Markup, html};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::text::PlainText;
use crate::values::History;

const WIDTH: f64 = 940.0;
/// Height of the dates, above the lanes: a high picture scrolls.
const TOP: f64 = 24.0;
const DAY: f64 = 86_400.0;
const TICKS: u32 = 4;

/// Most services that have their names beside their lanes.
const MAX_NAMED: usize = 60;

/// Kind of a mark: class, words, and the test of an outcome.
type EventMark = (&'static str, &'static str, fn(&str) -> bool);

const MARKS: [EventMark; 3] = [
    ("ok", "succeeded", |outcome| outcome == "ok"),
    ("started", "has not ended", |outcome| outcome != "ok" && outcome != "failed"),
    ("failed", "failed", |outcome| outcome == "failed"),
];

/// Draws the events; none is drawn whose time cannot be read.
pub(crate) fn svg(history: &[History]) -> Markup {
    let times = history.iter().flat_map(|one| &one.events).filter_map(|event| seconds(&event.at));
    let Some((first, last)) = times.fold(None, widened) else { return html! {} };
    let named = history.len() <= MAX_NAMED;
    let (lane, left) = if named { (20.0, 180.0) } else { (4.0, 60.0) };
    #[allow(clippy::cast_precision_loss)] // Some thousands.
    let height = lane * history.len() as f64;
    let (width, whole) = (left + WIDTH + 75.0, TOP + height + 8.0);
    let place = |at: f64| left + WIDTH * (at - first) / (last - first).max(1.0);
    html! {
        figure {
            div .scroll role="region" tabindex="0" aria-label="Time line of all services" {
                svg .timeline xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Time line of all services" width=(width) height=(whole)
                    viewBox=(format!("0 0 {width} {whole}")) {
                    @for number in 0..=TICKS {
                        @let at = first + (last - first) * f64::from(number) / f64::from(TICKS);
                        line .tick x1=(place(at)) x2=(place(at)) y1=(TOP) y2=(TOP + height) {}
                        text .date x=(place(at)) y=(TOP - 8.0) { (date(at, last - first)) }
                    }
                    @if named { @for (name, y) in lanes(history, lane) {
                        @let middle = y + lane / 2.0;
                        text .row x=(left - 8.0) y=(middle + 4.0) { (PlainText(&name)) }
                        line .lane x1=(left) x2=(left + WIDTH) y1=(middle) y2=(middle) {}
                    } }
                    @for (class, _, is_kind) in MARKS {
                        @let path = marks(history, lane, is_kind, place);
                        @if !path.is_empty() { path class=(class) d=(path) {} }
                    }
                }
            }
            ul .legend { @for (class, words, is_kind) in MARKS {
                @let count = history.iter().flat_map(|one| &one.events).filter(|event| is_kind(&event.outcome)).count();
                @if count > 0 { li { span class=(format!("square {class}")) {} (words) ": " (count) } }
            } }
        }
    }
}

fn widened(span: Option<(f64, f64)>, at: f64) -> Option<(f64, f64)> {
    Some(span.map_or((at, at), |(first, last)| (at.min(first), at.max(last))))
}

fn lanes(history: &[History], lane: f64) -> Vec<(String, f64)> {
    let short = |name: &str| name.chars().take(24).collect();
    let mut y = TOP - lane;
    let place = |one: &History| {
        y += lane;
        (short(&one.service), y)
    };
    history.iter().map(place).collect()
}

/// Returns the marks of one kind; a failure is larger, and a diamond.
fn marks(history: &[History], lane: f64, is_kind: fn(&str) -> bool, place: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    for (one, (_, y)) in history.iter().zip(lanes(history, lane)) {
        let middle = y + lane / 2.0;
        for event in one.events.iter().filter(|event| is_kind(&event.outcome)) {
            let Some(x) = seconds(&event.at).map(&place) else { continue };
            let size = (lane * 0.3).max(1.5) * if event.outcome == "failed" { 1.5 } else { 1.0 };
            let _fits = match event.outcome.as_str() {
                "failed" => write!(
                    path,
                    "M{x:.1} {:.1}l{size:.1} {size:.1}l-{size:.1} {size:.1}l-{size:.1} -{size:.1}z",
                    middle - size
                ),
                _ => write!(
                    path,
                    "M{:.1} {:.1}h{size:.1}v{size:.1}h-{size:.1}z",
                    x - size / 2.0,
                    middle - size / 2.0
                ),
            };
        }
    }
    path
}

fn seconds(at: &str) -> Option<f64> {
    let time = OffsetDateTime::parse(at, &Rfc3339).ok()?;
    #[allow(clippy::cast_precision_loss)] // Exact for longer than calendars.
    let seconds = time.unix_timestamp() as f64;
    Some(seconds)
}

/// Returns the day; on a line of some days, also the time.
fn date(at: f64, span: f64) -> String {
    #[allow(clippy::cast_possible_truncation)] // Between two times that were read.
    let Ok(time) = OffsetDateTime::from_unix_timestamp(at as i64) else { return String::new() };
    match time.date() {
        day if span < 4.0 * DAY => {
            format!("{day} {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
        }
        day => day.to_string(),
    }
}
