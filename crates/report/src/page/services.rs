//! Services: versions, pending migrations, drift, sizes, connections and backups, each with a sentence.

use maud::{Markup, html};

use super::table::table;
use super::text::{Figure, PlainText, badge, optional, size, time};
use crate::values::{Backup, StatedService, Values};
use crate::verdict::sentence;

const HEAD: [&str; 9] =
    ["Service", "Database", "State", "Version", "Pending", "Size", "Connections", "Backup", "In a sentence"];

/// Words and weight of each state.
const STATES: [(&str, &str, &str); 7] = [
    ("up_to_date", "good", "up to date"),
    ("pending", "warning", "pending"),
    ("drifted", "warning", "drifted"),
    ("not_provisioned", "warning", "not provisioned"),
    ("divergent", "bad", "divergent"),
    ("invalid", "bad", "invalid files"),
    ("unreachable", "bad", "unreachable"),
];

pub fn section(values: &Values) -> Markup {
    if values.services.is_empty() {
        return html! { p { "There are no services." } };
    }
    let rows = html! {
        @for (at, service) in values.services.iter().enumerate() { (row(at, service)) }
    };
    table("Table of the services", &HEAD, &rows)
}

/// Returns the weight and the words of a state.
pub fn state(word: &str) -> (&'static str, &str) {
    let known = STATES.iter().find(|(state, ..)| *state == word);
    known.map_or(("bad", word), |(_, weight, words)| (*weight, *words))
}

fn row(at: usize, service: &StatedService) -> Markup {
    let place = |key: &str| format!("/services/{at}/{key}");
    let (weight, words) = state(&service.state);
    html! {
        tr {
            th scope="row" { (PlainText(&service.service)) }
            td { (PlainText(&service.database)) br; small { "on " (PlainText(&service.server)) } }
            td { (badge(weight, &printed(words))) }
            td { (optional(place("current"), service.current, |number| number.to_string()))
                @if service.latest != service.current {
                    " of " (optional(place("latest"), service.latest, |number| number.to_string()))
                } }
            td { (Figure::length(place("pending"), service.pending.len()))
                @if !service.repeatable_pending.is_empty() {
                    " + " (Figure::length(place("repeatable_pending"), service.repeatable_pending.len()))
                } }
            td { (optional(place("size_bytes"), service.size_bytes, size)) }
            td { (optional(place("connections"), service.connections, |number| number.to_string())) }
            td { (backup(service.backup.as_ref())) }
            td .sentence { (PlainText(&sentence(service))) }
        }
    }
}

/// A state that this version does not know comes from outside.
fn printed(words: &str) -> String {
    martydb_ui::report::printable(words)
}

fn backup(backup: Option<&Backup>) -> Markup {
    let Some(backup) = backup else { return html! { span .unknown { "–" } } };
    html! {
        @match &backup.taken_at { Some(at) => (time(at)), None => (badge("warning", "none")) }
        br;
        small { @match &backup.verified_at {
            Some(at) => { "verified " (time(at)) }
            None => "not verified",
        } }
    }
}
