//! Services: versions, pending migrations, drift, sizes, connections, backups, replicas and Redis, each with a sentence.

use maud::{Markup, html};

use super::overview::class;
use super::table::table;
use super::text::{Figure, PlainText, badge, duration, optional, size, time};
use crate::values::{Backup, StatedService, Values};
use crate::verdict::{redis, replica, sentence};

const HEAD: [&str; 8] =
    ["Service", "Database", "State", SENTENCE, "Version", "Pending", "Size", "Connections"];

/// Titles of the columns that a page has only if any service has something there, each with the sentence of a page without it.
const OPTIONAL: [(&str, &str); 3] = [
    ("Backup", "No backup is known: the manifest declares no store, or it did not answer."),
    ("Replicas", "The manifest declares no replicas of these servers."),
    ("Redis", "The manifest gives these services no keys on Redis."),
];

const SENTENCE: &str = "In a sentence";

/// Words and level of each state.
const STATES: [(&str, &str, &str); 9] = [
    ("up_to_date", "good", "up to date"),
    ("pending", "warning", "pending"),
    ("drifted", "warning", "drifted"),
    ("not_provisioned", "warning", "not provisioned"),
    ("not_imported", "bad", "not imported"),
    ("stopped", "warning", "stopped"),
    ("divergent", "bad", "divergent"),
    ("invalid", "bad", "invalid files"),
    ("unreachable", "bad", "unreachable"),
];

pub(crate) fn section(values: &Values) -> Markup {
    if values.services.is_empty() {
        return html! { p { "There are no services." } };
    }
    let shown = shown(values);
    let columns = OPTIONAL.iter().zip(shown);
    let titles = columns.clone().filter(|(_, shown)| *shown).map(|((title, _), _)| *title);
    let head: Vec<&str> = HEAD.into_iter().chain(titles).collect();
    let rows = html! {
        @for (at, service) in values.services.iter().enumerate() { (row(values, shown, at, service)) }
    };
    html! {
        (table("Table of the services", &head, &rows))
        @for ((_, sentence), _) in columns.filter(|(_, shown)| !shown) { p .caption { (sentence) } }
        @if values.services.iter().any(|service| !service.schema_drift.is_empty()) { (changed_by_hand(values)) }
        @if !values.replicas.is_empty() { (replicas(values)) }
    }
}

fn changed_by_hand(values: &Values) -> Markup {
    let rows = html! { @for service in &values.services { @for one in &service.schema_drift {
        tr {
            th scope="row" { (PlainText(&service.service)) }
            td .sentence { code { (PlainText(&one.object)) } }
            td { (badge("warning", &printed(&one.change))) }
            td { @match &one.since { Some(at) => (time(at)), None => span .unknown { "–" } } }
        }
    } } };
    html! {
        h3 { "Schemas changed by hand" }
        (table("Table of the objects that were changed by hand", &["Service", "Object", "Change", "As expected until"], &rows))
    }
}

/// Returns `true` for each of the optional columns that the page has.
fn shown(values: &Values) -> [bool; 3] {
    let has_backups = values.services.iter().any(|service| service.backup.is_some());
    [has_backups, !values.replicas.is_empty(), !values.redis.is_empty()]
}

fn replicas(values: &Values) -> Markup {
    let rows = html! { @for (at, one) in values.replicas.iter().enumerate() {
        @let place = |key: &str| format!("/replicas/{at}/{key}");
        @let (level, words) = replica(one);
        tr {
            th scope="row" { (PlainText(&one.name)) }
            td { (PlainText(&one.server)) }
            td { (badge(class(level), words)) }
            td { (optional(place("lag_bytes"), one.lag_bytes, size)) }
            td { (optional(place("lag_ms"), one.lag_ms, duration)) }
            td .sentence { (PlainText(&one.in_words)) }
        }
    } };
    html! {
        h3 { "Replicas" }
        (table("Table of the replicas", &["Replica", "Of server", "State", "Bytes behind", "Time behind", SENTENCE], &rows))
    }
}

/// Returns the level and the words of a state.
pub(crate) fn state(word: &str) -> (&'static str, &str) {
    let known = STATES.iter().find(|(state, ..)| *state == word);
    known.map_or(("bad", word), |(_, level, words)| (*level, *words))
}

fn row(values: &Values, shown: [bool; 3], at: usize, service: &StatedService) -> Markup {
    let place = |key: &str| format!("/services/{at}/{key}");
    let (level, words) = state(&service.state);
    html! {
        tr {
            th scope="row" { (PlainText(&service.service)) }
            td { (PlainText(&service.database)) br; small { "on " (PlainText(&service.server)) } }
            td { (badge(level, &printed(words))) }
            td .sentence { (PlainText(&sentence(service))) }
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
            @if shown[0] { td { (backup(service.backup.as_ref())) } }
            @if shown[1] { td { @for one in values.replicas.iter().filter(|one| one.server == service.server) {
                (badge(class(replica(one).0), &martydb_model::text::printable(&one.name))) " "
            } } }
            @if shown[2] { td .sentence { @for keys in values.redis.iter().filter(|keys| keys.service == service.service) {
                @let (level, words) = redis(values, keys);
                code { (PlainText(&keys.prefix)) } " on " (PlainText(&keys.server)) br;
                span class=(format!("mark {}", class(level))) { (words) }
            } } }
        }
    }
}

/// A state that this version does not know comes from outside.
fn printed(words: &str) -> String {
    martydb_model::text::printable(words)
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
