//! `status` as text: a line for each service, a summary, and details that do not fit into a line.

use std::collections::BTreeSet;

use super::report::StatusReport;
use super::status_word::{StatusWord, tally};
use crate::commands::support::companion::{RedisRow, RedisState};
use martydb_apply::replicas::{ReplicaState, ReplicaStatus};
use martydb_backup::store::BackupSummary;
use martydb_import::discovery::not_imported::NotImported;
use martydb_migrate::check::other_tools;
use martydb_migrate::{
    HistoryEvent, MigrationId, REPEATABLE, RunningRun, SchemaDrift, ServiceStatus, Sizes, drift_hint,
};
use martydb_model::platform::support::ended_support;
use martydb_model::units::counted;
use martydb_partitions::PartitionRow;
use martydb_ui::report::{Cell, Paint, ReportColumn, Style, indented, paint, printable, when, wrapped};

/// Message of the server where a user ended the statement (57014).
const CANCELLED: &str = "canceling statement due to user request";

/// Most objects changed by hand that a service's lines name.
const MAX_CHANGES: usize = 20;

pub(crate) fn text(report: &StatusReport, style: &Style) -> String {
    let shown: Vec<&ServiceStatus> = report.shown().collect();
    let mut text = if shown.is_empty() { String::new() } else { table(&shown, report, style) + "\n" };
    text += &summary(report, shown.len(), style);
    text += &report.replicas.iter().map(|one| replica(one, style)).collect::<String>();
    text += &report.partitions.iter().map(|one| partitions(one, style)).collect::<String>();
    text += &report.redis.iter().map(|one| redis(one, style)).collect::<String>();
    text += &shown.iter().map(|status| details(status, style)).collect::<String>();
    let is_shown = |one: &&NotImported| shown.iter().any(|status| status.service == one.service);
    for one in report.not_imported.iter().filter(is_shown) {
        text +=
            &detail(&one.service, &printable(&one.sentence()), &format!("run `{}`", printable(&one.next)));
    }
    if report.drift {
        return text;
    }
    let rest = "Not compared: schema, roles and grants: martydb status --drift";
    text + "\n" + &paint(rest, Paint::Dim, style) + "\n"
}

/// Returns the age; a missing backup or verified restore stands out.
fn age(at: Option<&String>, style: &Style) -> Cell {
    at.map_or_else(|| Cell::new("none", Paint::Warn), |at| when(at, style).into())
}

/// Returns the number of pending migrations; that of an unreachable server is unknown.
fn due(status: &ServiceStatus) -> Option<i64> {
    let due = status.pending.len() + status.repeatable_pending.len();
    i64::try_from(due).ok().filter(|_| !status.state.is_away())
}

pub fn columns<'a>() -> Vec<ReportColumn<(&'a ServiceStatus, Option<BackupSummary>)>> {
    vec![
        ReportColumn::new("service", "service", |(status, _), _| status.service.as_str().into()),
        ReportColumn::key("server"),
        ReportColumn::spare(3, "database", "database", |(status, _), _| status.database.as_str().into()),
        ReportColumn::new("state", "state", |(status, _), _| {
            let (word, paint) = StatusWord::from_status(status).words();
            Cell::new(word, paint)
        }),
        ReportColumn::new("current", "current", |(status, _), _| Cell::optional(status.current)),
        ReportColumn::spare(4, "latest", "latest", |(status, _), _| Cell::optional(status.latest)),
        ReportColumn::new("pending", "pending", |(status, _), _| Cell::optional(due(status))),
        ReportColumn::key("repeatable_pending"),
        ReportColumn::key("running.since"),
        ReportColumn::spare(5, "last_event.at", "last run", |(status, _), style| {
            status.last_event.as_ref().map_or_else(|| "-".to_owned(), |event| when(&event.at, style)).into()
        }),
        ReportColumn::key("last_event.action"),
        ReportColumn::key("last_event.version"),
        ReportColumn::key("last_event.outcome"),
        ReportColumn::spare(0, "connections", "connections", |(status, _), _| {
            Cell::optional(status.connections)
        }),
        ReportColumn::spare(1, "size_bytes", "size", |(status, _), _| {
            Cell::optional(status.size_bytes.map(martydb_model::units::bytes))
        }),
        ReportColumn::spare(6, "backup.taken_at", "backup", |(_, backup), style| {
            age(backup.as_ref().and_then(|backup| backup.taken_at.as_ref()), style)
        }),
        ReportColumn::spare(2, "backup.verified_at", "verified", |(_, backup), style| {
            age(backup.as_ref().and_then(|backup| backup.verified_at.as_ref()), style)
        }),
        ReportColumn::key("error.message"),
    ]
}

fn table(shown: &[&ServiceStatus], report: &StatusReport, style: &Style) -> String {
    let size: &[&str] = if report.sizes == Sizes::Measured { &[] } else { &["size"] };
    let backups: &[&str] = if report.backups.is_known() { &[] } else { &["backup", "verified"] };
    let rows = shown.iter().map(|status| (*status, report.backups.summary_of(&status.service)));
    let server = |(status, _): &(&ServiceStatus, _)| status.server.clone();
    ReportColumn::table_by_server(columns(), &[size, backups].concat(), rows, server, style).render(style)
}

fn summary(report: &StatusReport, shown: usize, style: &Style) -> String {
    let all = &report.services;
    let total = counted(all.len(), "service");
    let hidden = if shown < all.len() { format!("; {shown} shown (--only)") } else { String::new() };
    let is_calm = all.iter().all(|status| StatusWord::from_status(status) == StatusWord::UpToDate);
    let colour = if is_calm { Paint::Good } else { Paint::Plain };
    let line = wrapped(&format!("{total}: {}{hidden}", tally(all)), "  ", style);
    paint(line.trim_end(), colour, style) + "\n"
}

/// Returns the line of a replica.
fn replica(one: &ReplicaStatus, style: &Style) -> String {
    let ReplicaStatus { name, server, state, .. } = one;
    let line = format!("replica {name} of server {server}: {}", one.in_words());
    let calm = matches!(state, ReplicaState::Streaming | ReplicaState::Worker) && !one.is_late();
    let colour = match state {
        ReplicaState::Unreachable => Paint::Bad,
        _ if calm => Paint::Plain,
        _ => Paint::Warn,
    };
    paint(wrapped(&printable(&line), "  ", style).trim_end(), colour, style) + "\n"
}

/// Returns the line of a table that is partitioned by time.
fn partitions(one: &PartitionRow, style: &Style) -> String {
    let colour = if one.is_short() { Paint::Warn } else { Paint::Plain };
    paint(wrapped(&one.state_text(), "  ", style).trim_end(), colour, style) + "\n"
}

/// Returns the line of a service's keys on Redis.
fn redis(one: &RedisRow, style: &Style) -> String {
    let colour = match one.state {
        RedisState::Ok => Paint::Plain,
        RedisState::Refused => Paint::Warn,
        RedisState::Unreachable => Paint::Bad,
    };
    paint(wrapped(&printable(&one.in_words()), "  ", style).trim_end(), colour, style) + "\n"
}

fn details(status: &ServiceStatus, style: &Style) -> String {
    let service = &status.service;
    let mut text = String::new();
    if let Some(app) = &status.running {
        text += &format!("\n{service}: {}\n", printable(&running(app, status, style)));
    }
    for divergence in &status.divergences {
        text += &detail(service, &divergence.to_string(), &divergence.hint(service));
    }
    for begun in status.unfinished.iter().filter(|_| status.running.is_none()) {
        text += &detail(service, &begun.to_string(), &begun.hint(service));
    }
    // A migration that is half done is reported above.
    let is_shown =
        |event: &&HistoryEvent| status.unfinished.iter().any(|one| Some(one.version) == event.version);
    if let Some(event) = failed(status).filter(|event| !is_shown(event)) {
        let (action, version) = (&event.action, event.version.unwrap_or(REPEATABLE));
        let what = MigrationId { version, name: event.name.clone() };
        let why = event.error.as_deref().unwrap_or("the history has no reason");
        let at = when(&event.at, style);
        let was_interrupted = why.contains(CANCELLED);
        let (line, correct) = match was_interrupted {
            true => (format!("{action} of {what} was interrupted {at}"), ""),
            false => (format!("{action} of {what} failed {at}: {why}"), "correct it, then "),
        };
        let hint = format!("nothing of it was kept; {correct}run `martydb {action} --service {service}`");
        text += &detail(service, &line, &hint);
    }
    if !status.repeatable_pending.is_empty() {
        let names: Vec<_> = status.repeatable_pending.iter().map(|due| printable(&due.name)).collect();
        let count = counted(names.len(), "repeatable migration");
        text += &format!("\n{service}: {count} due: {}\n", names.join(", "));
    }
    for foreign in &status.foreign {
        let what = format!("{} keeps its history in {}", foreign.tool, foreign.table);
        text += &detail(service, &what, &other_tools::hint(service, &foreign.tool));
    }
    if !status.schema_drift.is_empty() {
        text += &detail(service, &changes(&status.schema_drift, style), &drift_hint(service));
    }
    if let Some(reason) = &status.schema_unknown {
        let what = format!("objects changed by hand are not known: {reason}");
        text += &detail(
            service,
            &printable(&what),
            &format!("`martydb upgrade {service}` compares them with the files"),
        );
    }
    for changed in &status.collations {
        text += &detail(service, &printable(&changed.in_words()), &printable(&changed.hint()));
    }
    if let Some(error) = &status.collations_error {
        let what = format!("the versions of its collations were not compared: {error}");
        text += &detail(service, &printable(&what), "`martydb explain MartydbCollationChanged`");
    }
    text
}

/// Returns a line for each object that was changed by hand, with the last run that found it as expected.
fn changes(all: &[SchemaDrift], style: &Style) -> String {
    let line = |one: &SchemaDrift| {
        let since =
            one.since.as_deref().map_or_else(String::new, |at| format!(", after {}", when(at, style)));
        format!("\n  {}{since}", one.label())
    };
    let shown: String = all.iter().take(MAX_CHANGES).map(line).collect();
    let more = match all.len().saturating_sub(MAX_CHANGES) {
        0 => String::new(),
        more => format!("\n  and {more} more: `-o json` has all"),
    };
    format!("its schema was changed by hand:{shown}{more}")
}

/// Returns a note for each server whose version is no longer supported.
pub(crate) fn unsupported(report: &StatusReport, today: time::Date) -> String {
    let ended = |status: &ServiceStatus| {
        Some((status.server.clone(), status.major?, ended_support(status.major?, today)?))
    };
    let servers: BTreeSet<_> = report.shown().filter_map(ended).collect();
    let note = |(server, major, end)| {
        format!(
            "note: server {server}: PostgreSQL {major} has had no corrections since {end}: martydb explain MartydbServerUnsupported\n"
        )
    };
    servers.into_iter().map(note).collect()
}

/// Describes a run by its statement: a run does not report its version, but files are applied in order.
fn running(app: &RunningRun, status: &ServiceStatus, style: &Style) -> String {
    let pid = app.pid.map_or_else(String::new, |pid| format!(", pid {pid}"));
    let since = app.since.as_deref().map_or_else(String::new, |at| format!(", started {}", when(at, style)));
    let statement = app.statement.zip(app.statements);
    let statement = statement.map_or_else(String::new, |(at, all)| format!(", at statement {at} of {all}"));
    let next = status.pending.first().map_or_else(String::new, |next| format!("; next migration: {next}"));
    format!("another run is in progress{pid}{since}{statement}{next}")
}

fn failed(status: &ServiceStatus) -> Option<&HistoryEvent> {
    status.last_event.as_ref().filter(|event| event.outcome == "failed" && status.running.is_none())
}

fn detail(service: &str, what: &str, hint: &str) -> String {
    format!("\n{service}: {}\n  hint: {}\n", indented(what, 2), indented(hint, 8))
}
