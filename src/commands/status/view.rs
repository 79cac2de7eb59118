//! `status` as text: a line for each service, a summary, and details that do not fit into a line.

use super::report::StatusReport;
use super::status_word::{StatusWord, tally};
use martydb_config::backup_store::BackupSummary;
use martydb_migrate::check::other_tools;
use martydb_migrate::{
    HistoryEvent, MigrationId, REPEATABLE, RunningRun, ServiceState, ServiceStatus, Sizes,
};
use martydb_model::units::counted;
use martydb_ui::report::{Cell, Paint, Style, Table, indented, paint, printable, when, wrapped};

pub fn text(report: &StatusReport, style: &Style) -> String {
    let shown: Vec<&ServiceStatus> = report.shown().collect();
    let mut text = if shown.is_empty() { String::new() } else { table(&shown, report, style) + "\n" };
    text += &summary(report, shown.len(), style);
    text + &shown.into_iter().map(|status| details(status, style)).collect::<String>()
}

fn table(shown: &[&ServiceStatus], report: &StatusReport, style: &Style) -> String {
    let mut columns =
        vec!["service", "database", "state", "current", "latest", "pending", "last run", "connections"];
    let has_sizes = report.sizes == Sizes::Measured;
    columns.extend(has_sizes.then_some("size"));
    if report.backups.is_known() {
        columns.extend(["backup", "verified"]);
    }
    let spare = ["connections", "size", "verified", "database", "latest", "last run", "backup"];
    let mut table = Table::new(&columns).spare(&spare);
    for status in shown {
        let number = |value: Option<i64>| {
            Cell::number(value.map_or_else(|| "-".to_owned(), |value| value.to_string()))
        };
        let (word, paint) = StatusWord::from_status(status).words();
        let last = status.last_event.as_ref().map_or_else(|| "-".to_owned(), |event| when(&event.at, style));
        // The pending migrations of an unreachable server are unknown.
        let unknown = status.state == ServiceState::Unreachable;
        let due = (!unknown).then(|| status.pending.len() + status.repeatable_pending.len());
        let mut row = vec![
            status.service.as_str().into(),
            status.database.as_str().into(),
            Cell::new(word, paint),
            number(status.current),
            number(status.latest),
            number(due.and_then(|due| i64::try_from(due).ok())),
            last.into(),
            number(status.connections),
        ];
        let size = status.size_bytes.map_or_else(|| "-".to_owned(), martydb_model::units::bytes);
        row.extend(has_sizes.then(|| Cell::number(size)));
        row.extend(
            report.backups.summary_of(&status.service).into_iter().flat_map(|backup| ages(&backup, style)),
        );
        table.row(row);
    }
    table.render(style)
}

/// Returns the ages; a missing backup or verified restore stands out.
fn ages(backup: &BackupSummary, style: &Style) -> [Cell; 2] {
    let age = |at: &Option<String>| match at {
        Some(at) => when(at, style).into(),
        None => Cell::new("none", Paint::Warn),
    };
    [age(&backup.taken_at), age(&backup.verified_at)]
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

fn details(status: &ServiceStatus, style: &Style) -> String {
    let service = &status.service;
    let mut text = String::new();
    if let Some(run) = &status.running {
        text += &format!("\n{service}: {}\n", printable(&running(run, status, style)));
    }
    for divergence in &status.divergences {
        text += &told(service, &divergence.to_string(), &divergence.hint(service));
    }
    for begun in status.unfinished.iter().filter(|_| status.running.is_none()) {
        text += &told(service, &begun.to_string(), &begun.hint(service));
    }
    // A migration that is half done is reported above.
    let is_told =
        |event: &&HistoryEvent| status.unfinished.iter().any(|one| Some(one.version) == event.version);
    if let Some(event) = failed(status).filter(|event| !is_told(event)) {
        let (action, version) = (&event.action, event.version.unwrap_or(REPEATABLE));
        let what = MigrationId { version, name: event.name.clone() };
        let why = event.error.as_deref().unwrap_or("the history has no reason");
        let line = format!("{action} of {what} failed {}: {why}", when(&event.at, style));
        let hint =
            format!("nothing of it was kept; correct it, then run `martydb {action} --service {service}`");
        text += &told(service, &line, &hint);
    }
    if !status.repeatable_pending.is_empty() {
        let names: Vec<_> = status.repeatable_pending.iter().map(|due| printable(&due.name)).collect();
        let count = counted(names.len(), "repeatable migration");
        text += &format!("\n{service}: {count} due: {}\n", names.join(", "));
    }
    for foreign in &status.foreign {
        let what = format!("{} keeps its history in {}", foreign.tool, foreign.table);
        text += &told(service, &what, &other_tools::hint(service, &foreign.tool));
    }
    text
}

/// Describes a run by its statement: a run does not report its version, but files are applied in order.
fn running(run: &RunningRun, status: &ServiceStatus, style: &Style) -> String {
    let pid = run.pid.map_or_else(String::new, |pid| format!(", pid {pid}"));
    let since = run.since.as_deref().map_or_else(String::new, |at| format!(", started {}", when(at, style)));
    let statement = run.statement.zip(run.statements);
    let statement = statement.map_or_else(String::new, |(at, all)| format!(", at statement {at} of {all}"));
    let next = status.pending.first().map_or_else(String::new, |next| format!("; next migration: {next}"));
    format!("another run is in progress{pid}{since}{statement}{next}")
}

fn failed(status: &ServiceStatus) -> Option<&HistoryEvent> {
    status.last_event.as_ref().filter(|event| event.outcome == "failed" && status.running.is_none())
}

fn told(service: &str, what: &str, hint: &str) -> String {
    format!("\n{service}: {}\n  hint: {}\n", indented(what, 2), indented(hint, 8))
}
