//! The last line: what was found, what a filter hides, and why the run does not end with 0 where the findings do not
//! say it.

use crate::commands::verify::VerifyReport;
use crate::probe::{Finding, Severity, listed};
use crate::units::counted;

/// Without a full stop at its end.
pub fn sentence(report: &VerifyReport) -> String {
    let grave = report.findings().any(|finding| finding.severity >= Severity::Medium);
    let reasons = reasons(report);
    let link = match (reasons.is_empty(), grave) {
        (true, _) => "",
        (false, true) => ", and ",
        (false, false) => ", but ",
    };
    format!("{}{}{link}{}", found(report), hidden(report), reasons.join(" and "))
}

fn found(report: &VerifyReport) -> String {
    let words = by_severity(report.findings());
    match words.is_empty() {
        true => format!("nothing found{}", filter(report)),
        false => format!("found: {words}"),
    }
}

fn filter(report: &VerifyReport) -> String {
    let names: Vec<&str> = report.only.iter().map(String::as_str).collect();
    let only = if names.is_empty() { String::new() } else { format!(" of {}", listed(&names)) };
    let least = report.min_severity.filter(|least| *least > Severity::Low);
    only + &least.map_or(String::new(), |least| format!(" at {} or above", least.word()))
}

fn hidden(report: &VerifyReport) -> String {
    match (by_severity(report.hidden.iter()), report.hidden.len()) {
        (_, 0) => String::new(),
        (words, 1) => format!(" ({words} is hidden)"),
        (words, _) => format!(" ({words} are hidden)"),
    }
}

fn by_severity<'a>(findings: impl Iterator<Item = &'a Finding>) -> String {
    let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let findings: Vec<Severity> = findings.map(|finding| finding.severity).collect();
    let count = |severity: &Severity| findings.iter().filter(|other| *other == severity).count();
    let words = all.iter().map(|severity| (count(severity), severity.word())).filter(|(n, _)| *n > 0);
    words.map(|(n, word)| format!("{n} {word}")).collect::<Vec<_>>().join(", ")
}

/// Why the run does not end with 0, findings that are shown aside.
fn reasons(report: &VerifyReport) -> Vec<String> {
    let told = |probe| report.finding_of(probe).is_some_and(|told| !report.hidden.contains(told));
    let untold = report.breaches().filter(|probe| !told(probe)).count();
    let verb = if report.failed.len() == 1 { "was" } else { "were" };
    let counts = if untold == 1 { "counts" } else { "count" };
    let unseen = if report.strict() { report.unseen().count() } else { 0 };
    let unread = report.unread().count();
    let all = [
        (untold, format!("{} {counts} all the same", counted(untold, "breach"))),
        (report.inconclusive(), format!("{} proved nothing", counted(report.inconclusive(), "probe"))),
        (unread, format!("{} could not be read", counted(unread, "part"))),
        (report.failed.len(), format!("{} {verb} not examined", counted(report.failed.len(), "server"))),
        (unseen, format!("{} could not be looked at (--strict)", counted(unseen, "thing"))),
        (report.unclosed.len(), format!("{} failed", counted(report.unclosed.len(), "change"))),
    ];
    all.into_iter().filter(|(n, _)| *n > 0).map(|(_, words)| words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::NotExamined;
    use crate::audit::kinds::{HBA_ERROR, NO_LIMIT, PREPARED};
    use crate::commands::verify::{Arguments, Checked};
    use crate::error::Error;
    use crate::probe::{Matrix, Place, Probe, Verdict};

    fn report(arguments: &Arguments, shown: &[Finding], hidden: &[Finding]) -> VerifyReport {
        let mut report = VerifyReport::new(arguments);
        let matrix = Matrix::default();
        report.checked.push(Checked::new("main", matrix, shown.to_vec(), vec![]));
        report.hidden = hidden.to_vec();
        report
    }

    fn probe(outcome: Verdict) -> Probe {
        Probe {
            service: "red".into(),
            role: "red_app".into(),
            server: "main".into(),
            database: "blue".into(),
            outcome,
            sqlstate: None,
            why: None,
            way: None,
            place: Place::Foreign,
            found: None,
            connections: 1,
        }
    }

    #[test]
    fn a_filter_says_what_it_hides() {
        let (medium, low) = (NO_LIMIT.of("x").on("main"), HBA_ERROR.of("x").on("main"));
        let high = Arguments { min_severity: Some(Severity::High), ..Arguments::default() };
        let only = Arguments { only: vec!["no-password".into()], ..Arguments::default() };
        let two = [medium.clone(), low.clone()];
        let said =
            |arguments, shown: &[Finding], hidden: &[Finding]| sentence(&report(arguments, shown, hidden));
        assert_eq!(said(&high, &[], &two), "nothing found at high or above (1 medium, 1 low are hidden)");
        assert_eq!(said(&only, &[], &two[..1]), "nothing found of no-password (1 medium is hidden)");
        assert_eq!(said(&only, &two[..1], &two[1..]), "found: 1 medium (1 low is hidden)");
        assert_eq!(said(&only, &[], &[]), "nothing found of no-password");
        assert_eq!(said(&Arguments::default(), &[], &[]), "nothing found");
    }

    #[test]
    fn what_could_not_be_looked_at_counts_where_it_was_asked_to() {
        for (strict, expected) in
            [(false, "nothing found"), (true, "nothing found, but 1 thing could not be looked at (--strict)")]
        {
            let mut report = report(&Arguments { strict, ..Arguments::default() }, &[], &[]);
            let unseen = NotExamined { what: "x".into(), why: "y".into(), grant: None };
            report.checked[0].not_examined.push(unseen);
            assert_eq!(sentence(&report), expected);
        }
    }

    #[test]
    fn the_last_line_says_why_the_run_does_not_end_with_0() {
        let none = Arguments::default();
        let mut unproven = report(&none, &[], &[]);
        unproven.checked[0].matrix.matrix = vec![probe(Verdict::Inconclusive); 3];
        assert_eq!(sentence(&unproven), "nothing found, but 3 probes proved nothing");
        unproven.failed.push(("two".into(), Error::operation("x")));
        let both = "3 probes proved nothing and 1 server was not examined";
        assert_eq!(sentence(&unproven), format!("nothing found, but {both}"));
        unproven.checked[0].findings.push(PREPARED.of("x").on("main"));
        assert_eq!(sentence(&unproven), format!("found: 1 medium, and {both}"));
        let mut breached = report(&Arguments { only: vec!["hba-error".into()], ..none }, &[], &[]);
        breached.checked[0].matrix.matrix = vec![probe(Verdict::Breach)];
        assert_eq!(sentence(&breached), "nothing found of hba-error, but 1 breach counts all the same");
    }
}
