//! Changes since an earlier report: at the top, because it is what a reader comes back for.

use maud::{Markup, html};

use super::services::state;
use super::text::{MAX_ELEMENTS, PlainText, place, rest, time};
use crate::difference::{ReportDifference, StateChange};
use crate::values::{AccessRow, MatrixCell, PastEvent, ShownFinding};

pub(crate) fn section(difference: &ReportDifference) -> Markup {
    html! {
        section #changes aria-labelledby="changes-title" {
            h2 #changes-title { "Changes since " (time(&difference.since)) }
            @if difference.is_empty() { p { "Nothing changed." } }
            @if difference.manifest { p { "The manifest has changed." } }
            (list("bad", "Access gained, not allowed", &difference.gained, cell))
            (list("good", "Access lost", &difference.lost, cell))
            (list("note", "Access declared", &difference.declared, access))
            (list("note", "Access withdrawn", &difference.withdrawn, access))
            (list("bad", "New findings", &difference.new_findings, finding))
            (list("good", "Findings resolved", &difference.gone_findings, finding))
            (list("note", "Services", &difference.states, change))
            (list("note", "Migrations that ran", &difference.migrations, migration))
        }
    }
}

/// A list that is left out if it is empty.
fn list<T>(level: &str, title: &str, items: &[T], item: fn(&T) -> Markup) -> Markup {
    html! {
        @if !items.is_empty() {
            h3 class=(level) { (title) " (" (items.len()) ")" }
            ul { @for one in items.iter().take(MAX_ELEMENTS) { li { (item(one)) } } }
            (rest([items.len()]))
        }
    }
}

fn cell(cell: &MatrixCell) -> Markup {
    html! { b { (PlainText(&cell.role)) } " of " (PlainText(&cell.service)) " in database " b { (PlainText(&cell.database)) } " on "
    (PlainText(&place(&cell.server, cell.at.as_deref()))) @if cell.outcome == "allowed" { ", as declared" } }
}

fn access(access: &AccessRow) -> Markup {
    html! { b { (PlainText(&access.role)) } " " (PlainText(&access.level)) " in " b { (PlainText(access.service.as_deref().unwrap_or("–"))) }
    @if !access.reason.is_empty() { ": " (PlainText(&access.reason)) } }
}

fn finding(finding: &ShownFinding) -> Markup {
    html! { (PlainText(&finding.severity)) ": " b { (PlainText(&finding.id)) } ", " (PlainText(&finding.role))
    @if let Some(database) = &finding.database { " in " (PlainText(database)) } ": " (PlainText(&finding.evidence)) }
}

fn migration((service, event): &(String, PastEvent)) -> Markup {
    html! { b { (PlainText(service)) } " " (PlainText(&event.migration())) ", " (PlainText(&event.action)) " " (PlainText(&event.outcome)) ", "
    (time(&event.at)) " by " (PlainText(&event.by)) }
}

fn change(change: &StateChange) -> Markup {
    html! {
        b { (PlainText(&change.service)) } ": "
        @match (&change.before, &change.after) {
            (None, _) => "new",
            (_, None) => "gone",
            (Some(before), Some(after)) => { (standing(before)) " → " (standing(after)) }
        }
    }
}

fn standing((word, version): &(String, Option<i64>)) -> Markup {
    html! { (PlainText(state(word).1)) @if let Some(version) = version { " at " (version) } }
}
