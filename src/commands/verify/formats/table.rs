//! The result for people: the matrix of each server, its findings, and what was not examined.

use std::collections::{BTreeMap, BTreeSet};

use super::alike::alike;
use super::words;
use crate::commands::change::{Summary, changes_table};
use crate::commands::verify::document::VerifyReport;
use crate::isolation::{FailedFix, ProbeRow, ReportedAs, ServerView};
use crate::model::DatabaseKind;
use crate::plan::StepOutcome;
use crate::probe::{Probe, ProbeDatabase, ProbePlace, Verdict};
use crate::report::{Grid, Mark, Paint, Style, error_text, paint, printable, wrapped};
use crate::sqlstate;
use crate::units::{counted, listed};

pub fn table(report: &VerifyReport, style: &Style) -> String {
    let assessment = &report.assessment;
    let several = assessment.servers.len() + assessment.failed.len() > 1;
    let servers = assessment.by_server().map(|view| {
        let title = if several { format!("server {}\n", view.server.name) } else { String::new() };
        title + &server(&view, style) + &unprovisioned(&view, style)
    });
    let failed = assessment.failed.iter();
    let failed = failed.map(|(server, error)| format!("server {server}\n{}\n", error_text(error, style)));
    let limits = assessment.limits.iter().map(|limit| {
        let words = format!("limit: cannot {} on server {}: {}", limit.what, limit.server, limit.why);
        wrapped(&printable(&words), "  ", style)
    });
    let accepted = assessment.accepted.iter().filter(|accepted| !accepted.by_limit).map(|accepted| {
        let title = words::title(&accepted.finding);
        wrapped(&format!("accepted: {title}: {}", printable(&accepted.reason)), "  ", style)
    });
    let unread = assessment.unread.iter().map(|one| {
        let line = printable(&format!("inconclusive: {} could not be read: {}", one.what, one.why));
        paint(wrapped(&line, "  ", style).trim_end(), Paint::Warn, style) + "\n"
    });
    // A server that did not answer has its error above.
    let not_examined = assessment.skipped_checks().iter().map(|one| {
        let grant = one.grant.as_ref().map_or(String::new(), |grant| format!("; to allow it: {grant}"));
        wrapped(&printable(&format!("not examined: {}: {}{grant}", one.what, one.why)), "  ", style)
    });
    let rest = [
        accepted.collect(),
        limits.collect(),
        unread.collect(),
        not_examined.collect(),
        changes(report, style),
        wrapped(&words::closing_line(report), "  ", style),
    ];
    let parts = servers.chain(failed).chain(rest);
    parts.filter(|part: &String| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

pub fn server(view: &ServerView<'_>, style: &Style) -> String {
    let rest = [
        alike(&view.findings).iter().map(|alike| words::in_words(alike, style)).collect(),
        inconclusive(view, style),
        sum(view, style),
    ];
    let parts = matrix(view, style).into_iter().chain(rest);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Services that do not exist, and the command that creates them.
fn unprovisioned(view: &ServerView<'_>, style: &Style) -> String {
    const NAMED: usize = 4;
    let names = &view.server.unprovisioned;
    if names.is_empty() {
        return String::new();
    }
    let verb = if names.len() == 1 { "is" } else { "are" };
    let flags: Vec<_> = names.iter().map(|name| format!("--service {name}")).collect();
    let flags = if names.len() > NAMED { "--all".into() } else { flags.join(" ") };
    let line = format!("hint: {} {verb} not provisioned: martydb apply {flags}", listed(names));
    format!("\n{}", wrapped(&line, "  ", style))
}

fn changes(report: &VerifyReport, style: &Style) -> String {
    let all = &report.changes;
    let refused: String = report.unclosed.iter().map(|one| failed_fix(one, style)).collect();
    if all.is_empty() {
        return refused;
    }
    let ended = |outcome| all.iter().filter(|change| change.outcome == Some(outcome)).count();
    let line = if all.iter().any(|change| change.outcome.is_some()) {
        let (closed, failed) = (ended(StepOutcome::Ok), ended(StepOutcome::Failed));
        format!("Closed: {closed} of {}, {failed} failed.\n", all.len())
    } else {
        let sql: String = all.iter().map(|change| format!("  {}\n", change.statement())).collect();
        format!("{sql}\nPlan: {}. Nothing was done.\n", Summary::of(all))
    };
    format!("{}\n{line}{refused}", changes_table(all, style))
}

fn failed_fix(failed: &FailedFix, style: &Style) -> String {
    format!("{}\n{}\n", printable(&words::place_of(failed)), error_text(&failed.error, style))
}

const OWN: Mark = Mark { sign: 'o', word: "own", meaning: "own", paint: Paint::Good };
const DENIED: Mark = Mark { sign: '.', word: "denied", meaning: "denied", paint: Paint::Dim };
const OPEN: Mark = Mark { sign: '-', word: "open", meaning: "left open on purpose", paint: Paint::Warn };
const INCONCLUSIVE: Mark = Mark { sign: '?', word: "?", meaning: "inconclusive", paint: Paint::Warn };
const BREACH: Mark = Mark { sign: 'X', word: "BREACH", meaning: "BREACH", paint: Paint::Bad };

fn probes<'a>(view: &'a ServerView<'_>) -> impl Iterator<Item = &'a Probe> {
    view.matrix.iter().map(|row: &&ProbeRow| &row.probe)
}

fn mark(probe: &Probe) -> Mark {
    match (probe.outcome, probe.place) {
        (Verdict::Breach, _) => BREACH,
        (Verdict::Inconclusive, _) => INCONCLUSIVE,
        (Verdict::Denied, _) => DENIED,
        (Verdict::Allowed, ProbePlace::Own) => OWN,
        (Verdict::Allowed, ProbePlace::Foreign) => OPEN,
    }
}

/// Services × databases; without a login there is no matrix, and so nothing to say about it.
pub fn matrix(view: &ServerView<'_>, style: &Style) -> Vec<String> {
    if view.matrix.is_empty() {
        return vec![];
    }
    vec![grid(view, style), databases(view, style), notes(view, style)]
}

/// A row for each service, a cell for each database. A service's logins share a cell: the worst of them shows.
pub fn rows<'a>(view: &'a ServerView<'_>) -> Vec<(&'a str, Vec<Option<&'a Probe>>)> {
    let columns: BTreeMap<&str, usize> =
        view.server.columns.iter().enumerate().map(|(n, column)| (column.name.as_str(), n)).collect();
    let mut rows: Vec<(&str, Vec<Option<&Probe>>)> = vec![];
    for probe in probes(view) {
        if rows.last().is_none_or(|(service, _)| *service != probe.service) {
            rows.push((&probe.service, vec![None; columns.len()]));
        }
        // An own database that is missing or closed is no column; its control is reported in words below.
        if let (Some(row), Some(n)) = (rows.last_mut(), columns.get(probe.database.as_str())) {
            row.1[*n] = row.1[*n].into_iter().chain([probe]).max_by_key(|probe| probe.outcome);
        }
    }
    rows
}

fn grid(view: &ServerView<'_>, style: &Style) -> String {
    let rows = rows(view);
    let mut grid = Grid::default();
    let numbered = columns_follow_rows(view);
    let digits = rows.len().to_string().len();
    for (n, (service, cells)) in rows.into_iter().enumerate() {
        let label = if numbered { format!("{:>digits$} {service}", n + 1) } else { service.into() };
        grid.row(label, cells.into_iter().map(|probe| probe.map(mark)).collect());
    }
    grid.render(style)
}

/// Whether the columns are so many that naming each would bury the matrix, and begin with the services' own
/// databases in the order of the rows, so that the rows' numbers name them.
fn columns_follow_rows(view: &ServerView<'_>) -> bool {
    let mut services: Vec<&str> = probes(view).map(|probe| probe.service.as_str()).collect();
    services.dedup();
    let mut columns = view.server.columns.iter();
    let own = |service: &&str| match columns.next().map(|column| &column.kind) {
        Some(DatabaseKind::Service(name)) => name.as_str() == *service,
        _ => false,
    };
    view.server.columns.len() > MANY && services.iter().all(own)
}

const MANY: usize = 16;

fn databases(view: &ServerView<'_>, style: &Style) -> String {
    let follow = columns_follow_rows(view);
    let of_service = |column: &ProbeDatabase| matches!(column.kind, DatabaseKind::Service(_));
    let columns = view.server.columns.iter().enumerate();
    let named = columns.filter(|(_, column)| !follow || !of_service(column));
    let named = named.map(|(n, column)| format!("{}\u{a0}{}", n + 1, printable(column.name.as_str())));
    let head = follow.then(|| "each service's own under its number".to_owned());
    let all: Vec<_> = head.into_iter().chain(named).collect();
    if all.is_empty() {
        return String::new();
    }
    // Two blanks of which a line breaks at the second: the next one begins like its neighbours.
    wrapped(&format!("databases: {}", all.join("\u{a0} ")), "  ", style)
}

fn notes(view: &ServerView<'_>, style: &Style) -> String {
    let mut notes = vec![];
    if rows(view).iter().any(|(_, cells)| cells.contains(&None)) {
        notes.push("blank: not tried".to_owned());
    }
    let hba = |probe: &&Probe| probe.sqlstate.as_deref() == Some(sqlstate::INVALID_AUTHORIZATION);
    match probes(view).filter(|probe| probe.outcome == Verdict::Denied).filter(hba).count() {
        0 => {}
        1 => notes.push("1 of these was refused by pg_hba.conf, before any grant was looked at".into()),
        n => notes.push(format!("{n} of these were refused by pg_hba.conf, before any grant was looked at")),
    }
    if half_proven(view) {
        notes.push("? = at least one login was inconclusive; the service's other logins were denied".into());
    }
    if !view.server.closed.is_empty() {
        let names: Vec<_> = view.server.closed.iter().map(|name| printable(name)).collect();
        notes.push(format!("skipped (no connections allowed): {}", listed(&names)));
    }
    notes.iter().map(|note| wrapped(note, "  ", style)).collect()
}

/// Whether a cell hides what some of its logins proved behind one that was inconclusive.
fn half_proven(view: &ServerView<'_>) -> bool {
    let cells = |of: Verdict| -> BTreeSet<(&str, &str)> {
        let probes = probes(view).filter(|probe| probe.outcome == of);
        probes.map(|probe| (probe.service.as_str(), probe.database.as_str())).collect()
    };
    let (breached, denied) = (cells(Verdict::Breach), cells(Verdict::Denied));
    cells(Verdict::Inconclusive).intersection(&denied).any(|cell| !breached.contains(cell))
}

/// Inconclusive probes, those of one login for one reason together.
pub fn inconclusive(view: &ServerView<'_>, style: &Style) -> String {
    let mut groups: Vec<((&str, &str), Vec<String>)> = vec![];
    for probe in view.inconclusive() {
        let key = (probe.role.as_str(), probe.why.as_deref().unwrap_or_default());
        let database = match probe.place {
            ProbePlace::Own => format!("its own {}", printable(&probe.database)),
            ProbePlace::Foreign => printable(&probe.database),
        };
        let place = match &probe.way {
            Some(way) => format!("{database} ({})", printable(way)),
            None => database,
        };
        match groups.last_mut().filter(|(last, _)| *last == key) {
            Some((_, places)) => places.push(place),
            None => groups.push((key, vec![place])),
        }
    }
    let one = |((role, why), places): ((&str, &str), Vec<String>)| {
        let line = format!("inconclusive: {} at {}: {}", printable(role), listed(&places), printable(why));
        paint(wrapped(&line, "  ", style).trim_end(), Paint::Warn, style) + "\n"
    };
    groups.into_iter().map(one).collect()
}

pub fn sum(view: &ServerView<'_>, style: &Style) -> String {
    let summary = &view.summary;
    let open = summary.breaches - accepted_breaches(view);
    let colour = match (view.matrix.is_empty(), open, summary.inconclusive) {
        (true, ..) => Paint::Warn,
        (_, 0, 0) => Paint::Good,
        (_, 0, _) => Paint::Warn,
        _ => Paint::Bad,
    };
    wrapped(&numbers(view), "  ", style).lines().map(|line| paint(line, colour, style) + "\n").collect()
}

/// Those that the manifest or a baseline accepts.
pub fn accepted_breaches(view: &ServerView<'_>) -> usize {
    let rows = view.matrix.iter().chain(&view.extra);
    let breaches = rows.filter(|row| row.probe.outcome == Verdict::Breach);
    breaches.filter(|row| matches!(row.reported, Some(ReportedAs::Accepted))).count()
}

/// The numbers in words. The extra probes are counted apart; those that did not pass are among the probes as well.
pub fn numbers(view: &ServerView<'_>) -> String {
    let summary = &view.summary;
    if view.matrix.is_empty() {
        let unread = match summary.inconclusive {
            0 => String::new(),
            n => format!(", {n} inconclusive"),
        };
        return format!("no logins were tried (--probes none){unread}");
    }
    let extra = match view.extra.len() {
        0 => String::new(),
        n => format!(", plus {}", counted(n, "extra probe")),
    };
    let accepted = match accepted_breaches(view) {
        0 => String::new(),
        n if n == summary.breaches => " (accepted)".into(),
        n => format!(" ({n} accepted)"),
    };
    format!(
        "{}, {}, {}: {} passed, {}{accepted}, {} inconclusive{extra}",
        counted(summary.services, "service"),
        counted(summary.logins, "login"),
        counted(summary.probes, "probe"),
        summary.passed,
        counted(summary.breaches, "breach"),
        summary.inconclusive
    )
}
