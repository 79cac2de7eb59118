//! The last line: what was found, what a filter hides, and why the run does not end with 0 where the findings do not
//! say it.

use crate::commands::verify::report::VerifyReport;
use crate::findings::{Finding, Severity};
use crate::isolation::Assessment;
use crate::units::{counted, listed};

/// Without a full stop at its end.
pub fn sentence(report: &VerifyReport) -> String {
    let assessment = &report.assessment;
    let grave = assessment.findings.iter().any(|finding| finding.severity >= Severity::Medium);
    let reasons = reasons(report);
    let link = match (reasons.is_empty(), grave) {
        (true, _) => "",
        (false, true) => ", and ",
        (false, false) => ", but ",
    };
    format!("{}{}{link}{}", found(assessment), hidden(assessment), reasons.join(" and "))
}

fn found(assessment: &Assessment) -> String {
    let words = by_severity(&assessment.findings);
    if words.is_empty() { format!("nothing found{}", filter(assessment)) } else { format!("found: {words}") }
}

fn filter(assessment: &Assessment) -> String {
    let names = &assessment.only;
    let only = if names.is_empty() { String::new() } else { format!(" of {}", listed(names)) };
    let least = assessment.min_severity.filter(|least| *least > Severity::Low);
    only + &least.map_or(String::new(), |least| format!(" at {} or above", least.word()))
}

fn hidden(assessment: &Assessment) -> String {
    match (by_severity(&assessment.hidden), assessment.hidden.len()) {
        (_, 0) => String::new(),
        (words, 1) => format!(" ({words} is hidden)"),
        (words, _) => format!(" ({words} are hidden)"),
    }
}

fn by_severity(findings: &[Finding]) -> String {
    let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let count = |severity: &Severity| findings.iter().filter(|one| one.severity == *severity).count();
    let words = all.iter().map(|severity| (count(severity), severity.word())).filter(|(n, _)| *n > 0);
    words.map(|(n, word)| format!("{n} {word}")).collect::<Vec<_>>().join(", ")
}

/// Why the run does not end with 0, findings that are shown aside.
fn reasons(report: &VerifyReport) -> Vec<String> {
    let assessment = &report.assessment;
    let unreported = assessment.unreported_breaches();
    let skipped = if assessment.strict { assessment.skipped_checks().len() } else { 0 };
    let (is, fails) =
        (if unreported == 1 { "is" } else { "are" }, if unreported == 1 { "fails" } else { "fail" });
    let was = |n: usize| if n == 1 { "was" } else { "were" };
    let (inconclusive, failed) = (assessment.inconclusive(), assessment.failed.len());
    let all = [
        (
            unreported,
            format!("{} {is} hidden by the filter but still {fails} the run", counted(unreported, "breach")),
        ),
        (inconclusive, format!("{} {} inconclusive", counted(inconclusive, "probe"), was(inconclusive))),
        (assessment.unread.len(), format!("{} could not be read", counted(assessment.unread.len(), "part"))),
        (failed, format!("{} {} not examined", counted(failed, "server"), was(failed))),
        (
            skipped,
            format!("{} {} skipped (fails because of --strict)", counted(skipped, "check"), was(skipped)),
        ),
        (report.unclosed.len(), format!("{} failed", counted(report.unclosed.len(), "change"))),
    ];
    all.into_iter().filter(|(n, _)| *n > 0).map(|(_, words)| words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{NotExamined, Unread};
    use crate::error::Error;
    use crate::findings::{HBA_ERROR, NO_LIMIT, PREPARED};
    use crate::isolation::{FailedFix, Filter, ServerJudgement, VerifiedServer, assess};
    use crate::probe::{Probe, ProbePlace, Verdict};

    fn report(filter: &Filter, judged: ServerJudgement, failed: &[&str]) -> VerifyReport {
        let failed = failed.iter().map(|server| ((*server).to_owned(), Error::operation("x"))).collect();
        let server = VerifiedServer { name: "main".into(), ..VerifiedServer::default() };
        let judged = ServerJudgement { server, ..judged };
        let assessment = assess(vec![judged], failed, filter);
        VerifyReport { assessment, changes: vec![], unclosed: vec![], format: None }
    }

    fn found(findings: &[Finding]) -> ServerJudgement {
        ServerJudgement { findings: findings.to_vec(), ..ServerJudgement::default() }
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
            place: ProbePlace::Foreign,
            finding: None,
        }
    }

    #[test]
    fn a_filter_says_what_it_hides() {
        let (medium, low) = (NO_LIMIT.of("x").on("main"), HBA_ERROR.of("x").on("main"));
        let high = Filter { min_severity: Some(Severity::High), ..Filter::default() };
        let only = |id: &str| Filter { only: vec![id.into()], ..Filter::default() };
        let two = [medium.clone(), low];
        let said = |filter: &Filter, findings: &[Finding]| sentence(&report(filter, found(findings), &[]));
        assert_eq!(said(&high, &two), "nothing found at high or above (1 medium, 1 low are hidden)");
        let none = only("no-password");
        assert_eq!(said(&none, &two[..1]), "nothing found of no-password (1 medium is hidden)");
        assert_eq!(said(&only(medium.id), &two), "found: 1 medium (1 low is hidden)");
        assert_eq!(said(&none, &[]), "nothing found of no-password");
        assert_eq!(said(&Filter::default(), &[]), "nothing found");
    }

    #[test]
    fn a_skipped_check_fails_the_run_where_that_was_asked_for() {
        let skipped = "nothing found, but 1 check was skipped (fails because of --strict)";
        for (strict, expected) in [(false, "nothing found"), (true, skipped)] {
            let unseen = NotExamined { what: "x".into(), why: "y".into(), grant: None };
            let judged = ServerJudgement { not_examined: vec![unseen], ..ServerJudgement::default() };
            let report = report(&Filter { strict, ..Filter::default() }, judged, &[]);
            assert_eq!(sentence(&report), expected);
        }
    }

    #[test]
    fn the_last_line_says_why_the_run_does_not_end_with_0() {
        let all = Filter::default();
        let of = |outcome: Verdict, n: usize, findings: &[Finding]| ServerJudgement {
            matrix: vec![probe(outcome); n],
            ..found(findings)
        };
        let unproven = |findings: &[Finding]| of(Verdict::Inconclusive, 3, findings);
        let said = |judged: ServerJudgement, failed: &[&str]| sentence(&report(&all, judged, failed));
        assert_eq!(said(unproven(&[]), &[]), "nothing found, but 3 probes were inconclusive");
        let both = "3 probes were inconclusive and 1 server was not examined";
        assert_eq!(said(unproven(&[]), &["two"]), format!("nothing found, but {both}"));
        let medium = PREPARED.of("x").on("main");
        assert_eq!(said(unproven(&[medium]), &["two"]), format!("found: 1 medium, and {both}"));
        let only = Filter { only: vec!["hba-error".into()], ..Filter::default() };
        let hidden = "1 breach is hidden by the filter but still fails the run";
        let breached = report(&only, of(Verdict::Breach, 1, &[]), &[]);
        assert_eq!(sentence(&breached), format!("nothing found of hba-error, but {hidden}"));
        let unread = Unread {
            service: None,
            server: "main".into(),
            database: None,
            what: "x".into(),
            why: "y".into(),
        };
        let mut report = report(&all, ServerJudgement { unread: vec![unread], ..found(&[]) }, &[]);
        let failed = || FailedFix { server: "main".into(), database: None, error: Error::operation("x") };
        report.unclosed = vec![failed(), failed()];
        assert_eq!(sentence(&report), "nothing found, but 1 part could not be read and 2 changes failed");
    }
}
