//! The result as text: for people here, for CI's viewers and for a job's summary beside.

mod junit;
mod last;
mod markdown;

use super::close::Refused;
use super::report::{Checked, VerifyReport};
use crate::commands::plan::{Summary, changes_table};
use crate::probe::{self, Finding, listed};
use crate::report::printable;
use crate::report::{Look, Paint, error_text, paint};
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
            title + &probe::text(&checked.matrix, &checked.findings, look) + &missing(checked, look)
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
    let unread = report.unread().map(|one| {
        let line = printable(&format!("inconclusive: {} could not be read: {}", one.what, one.why));
        paint(probe::wrapped(&line, "  ", look).trim_end(), Paint::Warn, look) + "\n"
    });
    parts.push(unread.collect());
    // A server that did not answer has its error above.
    let not_examined = report.unseen().map(|one| {
        let grant = one.grant.as_ref().map_or(String::new(), |grant| format!("; to allow it: {grant}"));
        probe::wrapped(&printable(&format!("not examined: {}: {}{grant}", one.what, one.why)), "  ", look)
    });
    parts.push(not_examined.collect());
    parts.push(changes(report, look));
    let last = format!(
        "{}. What PostgreSQL cannot keep apart (names, shared locks, CPU): docs/findings.md",
        last::sentence(report)
    );
    parts.push(probe::wrapped(&last, "  ", look));
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Services that are not there, and the command that makes them.
fn missing(checked: &Checked, look: &Look) -> String {
    const NAMED: usize = 4;
    let names: Vec<&str> = checked.absent.iter().map(String::as_str).collect();
    let (verb, flags) = match names.len() {
        0 => return String::new(),
        1 => ("is", format!("--service {}", names[0])),
        2..=NAMED => {
            ("are", names.iter().map(|name| format!("--service {name}")).collect::<Vec<_>>().join(" "))
        }
        _ => ("are", "--all".into()),
    };
    let line = format!("hint: {} {verb} not provisioned: martydb apply {flags}", listed(&names));
    format!("\n{}", probe::wrapped(&line, "  ", look))
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
        false => {
            let sql: String = all.iter().map(|change| format!("  {}\n", change.statement())).collect();
            format!("{sql}\nPlan: {}. Nothing was done.\n", Summary::of(all))
        }
    };
    let refused: String = report.unclosed.iter().map(|one| refusal(one, look)).collect();
    format!("{}\n{line}{refused}", changes_table(all, look))
}

fn refusal(refused: &Refused, look: &Look) -> String {
    format!("{}\n{}\n", printable(&refused.place()), error_text(&refused.error, look))
}

/// The object of a finding, and where it is.
fn place(finding: &Finding) -> String {
    let room = match &finding.database {
        Some(database) => database.clone(),
        None => format!("server {}", finding.server),
    };
    match (&finding.object, &finding.database) {
        (Some(object), Some(_)) => format!("{object} in {room}"),
        (Some(object), None) => format!("{object} on {room}"),
        (None, _) => room,
    }
}
