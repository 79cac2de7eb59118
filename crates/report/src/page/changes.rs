//! What changed since an earlier report: at the top, because it is what a reader comes back for.

use maud::{Markup, html};

use super::services::state;
use super::text::{Text, time};
use crate::difference::{Difference, StateChange};
use crate::values::{Access, Cell, Event, Finding};

pub fn section(difference: &Difference) -> Markup {
    html! {
        section #changes aria-labelledby="changes-title" {
            h2 #changes-title { "Changes since " (time(&difference.since)) }
            @if difference.is_empty() { p { "Nothing changed." } }
            @if difference.manifest { p { "The manifest is another one." } }
            (list("bad", "Got in, and must not", &difference.gained, cell))
            (list("good", "No longer gets in", &difference.lost, cell))
            (list("note", "Access declared", &difference.declared, access))
            (list("note", "Access withdrawn", &difference.withdrawn, access))
            (list("bad", "New findings", &difference.new_findings, finding))
            (list("good", "Findings that are gone", &difference.gone_findings, finding))
            (list("note", "Services", &difference.states, change))
            (list("note", "Migrations that ran", &difference.migrations, migration))
        }
    }
}

/// A list that is left out if it is empty.
fn list<T>(weight: &str, title: &str, items: &[T], item: fn(&T) -> Markup) -> Markup {
    html! {
        @if !items.is_empty() {
            h3 class=(weight) { (title) " (" (items.len()) ")" }
            ul { @for one in items { li { (item(one)) } } }
        }
    }
}

fn cell(cell: &Cell) -> Markup {
    html! { b { (Text(&cell.role)) } " of " (Text(&cell.service)) " in database " b { (Text(&cell.database)) } " on "
    (Text(&cell.server)) @if cell.outcome == "allowed" { ", as declared" } }
}

fn access(access: &Access) -> Markup {
    html! { b { (Text(&access.role)) } " " (Text(&access.level)) " in " b { (Text(access.service.as_deref().unwrap_or("–"))) }
    @if !access.reason.is_empty() { ": " (Text(&access.reason)) } }
}

fn finding(finding: &Finding) -> Markup {
    html! { (Text(&finding.severity)) ": " b { (Text(&finding.id)) } ", " (Text(&finding.role))
    @if let Some(database) = &finding.database { " in " (Text(database)) } ": " (Text(&finding.evidence)) }
}

fn migration((service, event): &(String, Event)) -> Markup {
    html! { b { (Text(service)) } " " (Text(&event.migration())) ", " (Text(&event.action)) " " (Text(&event.outcome)) ", "
    (time(&event.at)) " by " (Text(&event.by)) }
}

fn change(change: &StateChange) -> Markup {
    html! {
        b { (Text(&change.service)) } ": "
        @match (&change.before, &change.after) {
            (None, _) => "new",
            (_, None) => "gone",
            (Some(before), Some(after)) => { (standing(before)) " → " (standing(after)) }
        }
    }
}

fn standing((word, version): &(String, Option<i64>)) -> Markup {
    html! { (Text(state(word).1)) @if let Some(version) = version { " at " (version) } }
}
