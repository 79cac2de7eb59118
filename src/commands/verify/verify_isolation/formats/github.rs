//! Result as workflow commands of GitHub. A finding has no line in a file, so all are at the manifest.
//!
//! Exactly the results that end the run with an exit code are errors; all others are notices.

use super::text::{self, fix_lines, place_of, subject};
use crate::commands::verify::verify_isolation::document::VerifyReport;
use martydb_model::findings::{Finding, Severity};
use martydb_model::units::counted;
use martydb_ui::annotation::{Annotation, Level};
use martydb_ui::report::{Style, error_text, printable};

pub(crate) fn github(report: &VerifyReport) -> String {
    let assessment = &report.assessment;
    let mut lines: Vec<(Level, &str, String)> = vec![];
    lines.extend(assessment.findings.iter().map(|finding| (level(finding), finding.id, message(finding))));
    lines.extend(obstacles(report).into_iter().map(|(level, what)| (level, TITLE, what)));
    let annotations = lines.into_iter().map(|(level, title, message)| {
        let file = Some(report.manifest.as_path());
        report.checkout.line(&Annotation { level, file, place: Some((1, 1)), title, message })
    });
    annotations.collect::<String>() + &text::closing_line(report) + "\n"
}

/// Returns what kept the proof from being complete: servers, probes and catalogs without an answer, and findings that
/// could not be closed.
pub(crate) fn obstacles(report: &VerifyReport) -> Vec<(Level, String)> {
    let assessment = &report.assessment;
    let failed = assessment.failed.iter().map(|(server, error)| (format!("server {server}"), error));
    let unclosed = report.unclosed.iter().map(|one| (place_of(one), &one.error));
    let error = |(what, error)| format!("{what}: {}", error_text(error, &Style::PLAIN));
    let mut all: Vec<_> = failed.chain(unclosed).map(|one| (Level::Error, error(one))).collect();
    let unreported = assessment.unreported_breaches();
    if unreported > 0 {
        let what = format!("{} that no shown finding reports", counted(unreported, "breach"));
        all.push((Level::Error, what));
    }
    let inconclusive = assessment.inconclusive();
    if inconclusive > 0 {
        let what = format!(
            "{} proved nothing (inconclusive): martydb verify-isolation names each",
            counted(inconclusive, "probe")
        );
        all.push((Level::Error, what));
    }
    let unread = assessment.unread.iter();
    all.extend(unread.map(|one| (Level::Error, format!("{} could not be read: {}", one.what, one.why))));
    let skipped = if assessment.strict { Level::Error } else { Level::Notice };
    let not_examined = assessment.skipped_checks().iter();
    all.extend(not_examined.map(|one| (skipped, format!("not examined: {}: {}", one.what, one.why))));
    all
}

const TITLE: &str = "martydb verify-isolation";

pub(crate) fn level(finding: &Finding) -> Level {
    if finding.severity >= Severity::Medium { Level::Error } else { Level::Notice }
}

/// Returns the finding with its subject, evidence and fix, one line each.
pub(crate) fn message(finding: &Finding) -> String {
    let mut lines = vec![format!("{}: {}", subject(finding), printable(&finding.evidence))];
    lines.extend(fix_lines(finding));
    lines.join("\n")
}
