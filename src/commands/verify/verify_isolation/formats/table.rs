//! Result as text: the matrix of each server, its findings, and the checks that were skipped.

use std::collections::BTreeSet;

use super::groups::finding_groups;
use super::matrix::{MatrixExtent, matrix};
use super::text;
use crate::commands::support::change::{Summary, changes_table};
use crate::commands::verify::verify_isolation::document::VerifyReport;
use martydb_catalog::NotExamined;
use martydb_isolation::probe::{ProbeExtent, ProbeLocation, Verdict};
use martydb_isolation::proof::{Assessment, BreachReport, FailedFix, ProbeRow, ServerView};
use martydb_model::findings::Severity;
use martydb_model::units::{counted, listed};
use martydb_plan::StepOutcome;
use martydb_ui::report::{Paint, Style, error_text, paint, printable, wrapped};

pub(crate) fn table(report: &VerifyReport, style: &Style) -> String {
    let assessment = &report.assessment;
    let several = assessment.servers.len() + assessment.failed.len() > 1;
    let servers = assessment.by_server().map(|view| {
        let title = if several { format!("{}\n", view.server.in_words()) } else { String::new() };
        title + &server(&view, report.matrix, style) + &unprovisioned(&view, style)
    });
    let failed = assessment.failed.iter();
    let failed = failed.map(|(server, error)| format!("server {server}\n{}\n", error_text(error, style)));
    let limits = assessment.limits.iter().map(|limit| {
        let words = format!("limit: cannot {} on server {}: {}", limit.what, limit.server, limit.why);
        wrapped(&printable(&words), "  ", style)
    });
    let accepted = assessment.accepted.iter().filter(|accepted| !accepted.by_limit).map(|accepted| {
        let title = text::title(&accepted.finding);
        wrapped(&format!("accepted: {title}: {}", printable(&accepted.reason)), "  ", style)
    });
    let unread = assessment.unread.iter().map(|one| {
        let line = printable(&format!("inconclusive: {} could not be read: {}", one.what, one.why));
        paint(wrapped(&line, "  ", style).trim_end(), Paint::Warn, style) + "\n"
    });
    let rest = [
        accepted.collect(),
        limits.collect(),
        unread.collect(),
        not_examined(assessment, style),
        left_out(assessment, style),
        changes(report, style),
        wrapped(&text::closing_line(report), "  ", style),
    ];
    let parts = servers.chain(failed).chain(rest);
    parts.filter(|part: &String| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Lists the checks that were skipped, those alike in one line; the error of a server that did not answer is above.
fn not_examined(assessment: &Assessment, style: &Style) -> String {
    let mut alike: Vec<(&NotExamined, usize)> = vec![];
    for one in assessment.skipped_checks() {
        match alike.iter_mut().find(|(first, _)| (&first.why, &first.grant) == (&one.why, &one.grant)) {
            Some((_, count)) => *count += 1,
            None => alike.push((one, 1)),
        }
    }
    let line = |(one, count): (&NotExamined, usize)| {
        let more = if count > 1 { format!(", and {} more like it", count - 1) } else { String::new() };
        let grant = one.grant.as_ref().map_or(String::new(), |grant| format!("; to allow it: {grant}"));
        wrapped(&printable(&format!("not examined: {}{more}: {}{grant}", one.what, one.why)), "  ", style)
    };
    alike.into_iter().map(line).collect()
}

/// Counts the findings of services that were not chosen.
fn left_out(assessment: &Assessment, style: &Style) -> String {
    let count = assessment.left_out.iter().map(|one| one.findings).sum();
    let services: BTreeSet<&str> = assessment.left_out.iter().map(|one| one.service.as_str()).collect();
    let services: Vec<&str> = services.into_iter().collect();
    let line = || {
        let verb = if count == 1 { "exposes" } else { "expose" };
        format!("left out: {} that {verb} only {}", counted(count, "finding"), listed(&services))
    };
    if count == 0 { String::new() } else { wrapped(&printable(&line()), "  ", style) }
}

pub(crate) fn server(view: &ServerView<'_>, extent: MatrixExtent, style: &Style) -> String {
    if is_empty(view) {
        return sum(view, style);
    }
    let rest = [
        finding_groups(&view.findings).iter().map(|alike| text::in_words(alike, style)).collect(),
        inconclusive(view, style),
        sum(view, style),
    ];
    let parts = matrix(view, extent, style).into_iter().chain(rest);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Returns `true` if no service of the server is provisioned and nothing was found: each probe would say so again.
fn is_empty(view: &ServerView<'_>) -> bool {
    let absent = |row: &&ProbeRow| is_absent(view, row.probe.service.as_str());
    !view.server.unprovisioned.is_empty() && view.findings.is_empty() && view.matrix.iter().all(absent)
}

fn is_absent(view: &ServerView<'_>, service: &str) -> bool {
    view.server.unprovisioned.iter().any(|name| *name == service)
}

/// Lists services that are not provisioned, and the command that provisions them.
fn unprovisioned(view: &ServerView<'_>, style: &Style) -> String {
    const MAX_NAMED: usize = 4;
    let names = &view.server.unprovisioned;
    if names.is_empty() {
        return String::new();
    }
    let verb = if names.len() == 1 { "is" } else { "are" };
    let flags: Vec<_> = names.iter().map(|name| format!("--service {name}")).collect();
    let flags = if names.len() > MAX_NAMED { "--all".into() } else { flags.join(" ") };
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
        format!("Fixed: {closed} of {}, {failed} failed.\n", all.len())
    } else {
        let sql: String = all.iter().map(|change| format!("  {}\n", change.statement())).collect();
        format!("{sql}\nPlan: {}. Nothing was done.\n", Summary::new(all))
    };
    format!("{}\n{line}{refused}{}", changes_table(all, style), left(report, style))
}

/// Lists what the fixes left open, with the person who closes it.
fn left(report: &VerifyReport, style: &Style) -> String {
    let all = report.assessment.findings.iter().filter(|finding| finding.severity >= Severity::Medium);
    let executed = report.changes.iter().any(|change| change.outcome.is_some());
    let lines = all.filter(|_| executed).map(|finding| {
        let step = text::fix_lines(finding).into_iter().next().unwrap_or_default();
        wrapped(&format!("  {}: {}", text::title(finding), step.trim_start_matches("-- ")), "      ", style)
    });
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("Left:\n{lines}") }
}

fn failed_fix(failed: &FailedFix, style: &Style) -> String {
    format!("{}\n{}\n", printable(&text::place_of(failed)), error_text(&failed.error, style))
}

/// Returns inconclusive probes, grouped by login and reason; without those of services that are not provisioned, which one
/// line lists.
pub(crate) fn inconclusive(view: &ServerView<'_>, style: &Style) -> String {
    let mut groups: Vec<((&str, &str), Vec<String>)> = vec![];
    for probe in view.inconclusive().filter(|probe| !is_absent(view, probe.service.as_str())) {
        let key = (probe.role.as_str(), probe.why.as_deref().unwrap_or_default());
        let database = match probe.place {
            ProbeLocation::Own => format!("its own {}", printable(&probe.database)),
            ProbeLocation::Foreign => printable(&probe.database),
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

pub(crate) fn sum(view: &ServerView<'_>, style: &Style) -> String {
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

/// Returns the number of breaches that the manifest or a baseline accepts.
pub(crate) fn accepted_breaches(view: &ServerView<'_>) -> usize {
    let rows = view.matrix.iter().chain(&view.extra);
    let breaches = rows.filter(|row| row.probe.outcome == Verdict::Breach);
    breaches.filter(|row| matches!(row.reported, Some(BreachReport::Accepted))).count()
}

/// Returns the numbers as text. Extra probes are counted separately; those that did not pass are among the probes as
/// well.
pub(crate) fn numbers(view: &ServerView<'_>) -> String {
    let summary = &view.summary;
    if view.matrix.is_empty() {
        let unread = match summary.inconclusive {
            0 => String::new(),
            n => format!(", {n} inconclusive"),
        };
        let asked = view.server.at.is_none() || view.server.coverage.extent == ProbeExtent::None;
        return format!("no logins were tried{}{unread}", if asked { " (--probes none)" } else { "" });
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
