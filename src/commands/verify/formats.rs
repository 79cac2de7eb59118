//! The result as text: for people, for CI's viewers, and for the summary of a job.

mod closing_line;
mod dot;
mod grid;
mod junit;
mod markdown;
mod opengraph;
#[cfg(test)]
mod tests;
mod words;
mod wrap;

use super::report::VerifyReport;
use crate::commands::change::{Summary, changes_table};
use crate::converge::StepOutcome;
use crate::isolation::{FailedFix, ServerView};
use crate::report::{Paint, Style, error_text, paint, printable};
use crate::units::listed;
use wrap::wrapped;

pub use dot::dot;
pub use junit::junit;
pub use markdown::markdown;
pub use opengraph::opengraph;

pub fn table(report: &VerifyReport, style: &Style) -> String {
    let assessment = &report.assessment;
    let several = assessment.servers.len() + assessment.failed.len() > 1;
    let servers = assessment.by_server().map(|view| {
        let title = if several { format!("server {}\n", view.server.name) } else { String::new() };
        title + &server(&view, style) + &unprovisioned(&view, style)
    });
    let failed = assessment.failed.iter();
    let failed = failed.map(|(server, error)| format!("server {server}\n{}\n", error_text(error, style)));
    let accepted = assessment.accepted.iter().map(|accepted| {
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
    let closing_line = format!(
        "{}. What PostgreSQL cannot keep apart (names, shared locks, CPU): docs/findings.md",
        closing_line::sentence(report)
    );
    let rest = [
        accepted.collect(),
        unread.collect(),
        not_examined.collect(),
        changes(report, style),
        wrapped(&closing_line, "  ", style),
    ];
    let parts = servers.chain(failed).chain(rest);
    parts.filter(|part: &String| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn server(view: &ServerView<'_>, style: &Style) -> String {
    let rest = [
        view.findings.iter().map(|finding| words::in_words(finding, style)).collect(),
        grid::inconclusive(view, style),
        grid::sum(view, style),
    ];
    let parts = grid::matrix(view, style).into_iter().chain(rest);
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
    format!("{}\n{}\n", printable(&failed.place()), error_text(&failed.error, style))
}
