//! The result as text: for people here, for CI's viewers and for a job's summary beside.

mod junit;
mod markdown;

use super::report::VerifyReport;
use crate::commands::plan::{Summary, changes_table};
use crate::error::Error;
use crate::probe::{self, Finding, Severity, printable};
use crate::report::{Look, error_text};
use crate::server::apply::Outcome;

pub use junit::junit;
pub use markdown::markdown;

/// The matrix of each server, then what was found, in words.
pub fn table(report: &VerifyReport, look: &Look) -> String {
    let several = report.checked.len() + report.failed.len() > 1;
    let mut parts: Vec<String> = report
        .checked
        .iter()
        .map(|checked| {
            let title = if several { format!("server {}\n", checked.server) } else { String::new() };
            title + &probe::text(&checked.matrix, &checked.findings, look)
        })
        .collect();
    let failed = &report.failed;
    parts.extend(
        failed.iter().map(|(server, error)| format!("server {server}\n{}\n", error_text(error, look))),
    );
    let accepted = report.accepted.iter().map(|(finding, reason)| {
        let words = format!("accepted: {}: {}", probe::title(finding), printable(reason));
        probe::wrapped(&words, "  ", look)
    });
    parts.push(accepted.collect());
    let not_examined = report.not_examined().into_iter().map(|one| {
        let grant = one.grant.map_or(String::new(), |grant| format!("; to allow it: {grant}"));
        probe::wrapped(&printable(&format!("not examined: {}: {}{grant}", one.what, one.why)), "  ", look)
    });
    parts.push(not_examined.collect());
    parts.push(changes(report, look));
    parts.push(sums(report, look));
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What was done to close findings, or would be.
fn changes(report: &VerifyReport, look: &Look) -> String {
    if report.changes.is_empty() {
        return report.unclosed.iter().map(|one| refusal(one, look)).collect();
    }
    let (all, done) = (&report.changes, |outcome| {
        report.changes.iter().filter(|change| change.outcome() == Some(outcome)).count()
    });
    let line = match all.iter().any(|change| change.outcome().is_some()) {
        true => {
            format!("Closed: {} of {}, {} failed.\n", done(Outcome::Ok), all.len(), done(Outcome::Failed))
        }
        false => format!("Plan: {}. Nothing was done.\n", Summary::of(all)),
    };
    let refused: String = report.unclosed.iter().map(|one| refusal(one, look)).collect();
    format!("{}\n{line}{refused}", changes_table(all, look))
}

fn refusal((server, error): &(String, Error), look: &Look) -> String {
    format!("server {server}\n{}\n", error_text(error, look))
}

fn sums(report: &VerifyReport, look: &Look) -> String {
    let count = |severity| report.findings().filter(|finding| finding.severity == severity).count();
    let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let words: Vec<_> = all
        .into_iter()
        .map(|severity| (count(severity), severity))
        .filter(|(n, _)| *n > 0)
        .map(|(n, severity)| format!("{n} {}", severity.word()))
        .collect();
    let found =
        if words.is_empty() { "nothing found".into() } else { format!("found: {}", words.join(", ")) };
    let line =
        format!("{found}. What PostgreSQL cannot keep apart (names, shared locks, CPU): docs/findings.md");
    probe::wrapped(&line, "  ", look)
}

/// The object and the database of a finding, as far as it has them.
fn place(finding: &Finding) -> String {
    let both = [&finding.object, &finding.database].into_iter().flatten();
    both.map(String::as_str).collect::<Vec<_>>().join(" in ")
}
