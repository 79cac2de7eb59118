//! JUnit's format as <https://github.com/testmoapp/junitxml> describes it: what CI viewers agree on.
//!
//! What ends the run with an exit code is a failure or an error here, and nothing else is.

use std::fmt::Write;

use super::words::{fix_lines, subject};
use crate::commands::verify::report::VerifyReport;
use crate::findings::{Finding, Severity};
use crate::isolation::{ProbeRow, ReportedAs};
use crate::probe::Verdict;
use crate::report::printable;

/// One suite of probes and one of findings for each server.
pub fn junit(report: &VerifyReport) -> String {
    let assessment = &report.assessment;
    let mut suites = vec![];
    for view in assessment.by_server() {
        for (what, rows) in [("logins", &view.matrix), ("other ways", &view.extra)] {
            let cases = rows.iter().map(|row| case_of_probe(row));
            suites.push(Suite::new(format!("{}: {what}", view.server.name), cases));
        }
        let findings = view.findings.iter().map(|finding| case_of_finding(finding));
        suites.push(Suite::new(format!("{}: findings", view.server.name), findings));
    }
    for (server, error) in &assessment.failed {
        suites.push(Suite::new(server.clone(), [error_case(server, "reached", error)]));
    }
    let unclosed = report.unclosed.iter().map(|one| error_case(&one.place(), "closed", &one.error));
    suites.push(Suite::new("closing".into(), unclosed));
    let accepted = assessment.accepted.iter().map(|accepted| TestCase {
        end: CaseEnd::Skipped,
        body: element("skipped", &format!("accepted: {}", accepted.reason), &[]),
        ..case_of_finding(&accepted.finding)
    });
    suites.push(Suite::new("accepted".into(), accepted));
    let unread = assessment.unread.iter().map(|one| TestCase {
        class: one.service.clone().unwrap_or_else(|| "(server)".into()),
        name: one.what.clone(),
        end: CaseEnd::Error,
        body: element("error", &format!("could not be read: {}", one.why), &[]),
    });
    suites.push(Suite::new("inconclusive".into(), unread));
    let (end, tag) =
        if assessment.strict { (CaseEnd::Error, "error") } else { (CaseEnd::Skipped, "skipped") };
    let not_examined = assessment.skipped_checks().iter().map(|one| TestCase {
        class: "not examined".into(),
        name: one.what.clone(),
        end,
        body: element(tag, &one.why, &[]),
    });
    suites.push(Suite::new("not examined".into(), not_examined));
    render(&suites)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CaseEnd {
    Passed,
    Failed,
    Error,
    Skipped,
}

struct TestCase {
    class: String,
    name: String,
    end: CaseEnd,
    body: String,
}

struct Suite {
    name: String,
    cases: Vec<TestCase>,
}

impl Suite {
    fn new(name: String, cases: impl IntoIterator<Item = TestCase>) -> Suite {
        Suite { name, cases: cases.into_iter().collect() }
    }
}

fn render(suites: &[Suite]) -> String {
    let all = suites.iter().flat_map(|suite| &suite.cases);
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"martydb verify-isolation\" {}>\n",
        counts(all)
    );
    for suite in suites {
        let counts = counts(suite.cases.iter());
        let _infallible = writeln!(text, "  <testsuite name=\"{}\" {counts}>", xml(&suite.name));
        suite.cases.iter().for_each(|case| text += &case_line(case));
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}

fn case_line(case: &TestCase) -> String {
    let head = format!("classname=\"{}\" name=\"{}\" time=\"0\"", xml(&case.class), xml(&case.name));
    match case.body.is_empty() {
        true => format!("    <testcase {head}/>\n"),
        false => format!("    <testcase {head}>{}</testcase>\n", case.body),
    }
}

fn counts<'a>(cases: impl Iterator<Item = &'a TestCase>) -> String {
    let (mut all, mut ends) = (0, [0; 3]);
    for case in cases {
        all += 1;
        for (count, end) in ends.iter_mut().zip([CaseEnd::Failed, CaseEnd::Error, CaseEnd::Skipped]) {
            *count += usize::from(case.end == end);
        }
    }
    let [failures, errors, skipped] = ends;
    format!("tests=\"{all}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"0\"")
}

/// An element with lines of text. A line's end is ours: what a name holds is escaped.
fn element(tag: &str, message: &str, lines: &[String]) -> String {
    let text = lines.iter().map(|line| xml(line)).collect::<Vec<_>>().join("\n");
    match text.is_empty() {
        true => format!("<{tag} message=\"{}\"/>", xml(message)),
        false => format!("<{tag} message=\"{}\">{text}</{tag}>", xml(message)),
    }
}

fn error_case(server: &str, name: &str, error: &crate::error::Error) -> TestCase {
    let body = element("error", &error.to_string(), &[]);
    TestCase { class: server.into(), name: name.into(), end: CaseEnd::Error, body }
}

fn case_of_probe(row: &ProbeRow) -> TestCase {
    let probe = &row.probe;
    let (end, body) = match (&row.reported, probe.outcome) {
        (Some(ReportedAs::Accepted), _) => {
            (CaseEnd::Skipped, element("skipped", "the breach is accepted", &[]))
        }
        (Some(ReportedAs::Shown(finding) | ReportedAs::Hidden(finding)), _) => {
            (CaseEnd::Failed, breach(&finding.evidence, fix(finding)))
        }
        (Some(ReportedAs::Unreported), _) => {
            (CaseEnd::Failed, breach(probe.why.as_deref().unwrap_or("let in"), vec![]))
        }
        (None, Verdict::Inconclusive) => {
            (CaseEnd::Error, element("error", "inconclusive", &[probe.why.clone().unwrap_or_default()]))
        }
        (None, _) => (CaseEnd::Passed, String::new()),
    };
    let way = probe.way.as_deref().map_or(String::new(), |way| format!(" ({way})"));
    let name = format!("{} at {}{way}", probe.role, probe.database);
    TestCase { class: probe.service.clone(), name, end, body }
}

fn breach(evidence: &str, fix: Vec<String>) -> String {
    let lines = [vec![evidence.to_owned()], fix].concat();
    element("failure", &format!("breach: {evidence}"), &lines)
}

fn fix(finding: &Finding) -> Vec<String> {
    let lines = fix_lines(finding).into_iter().enumerate();
    lines.map(|(n, line)| if n == 0 { format!("fix: {line}") } else { format!("     {line}") }).collect()
}

fn case_of_finding(finding: &Finding) -> TestCase {
    let seen = &finding.evidence;
    let (end, body) = match finding.severity {
        // A note is a test case that passes, with its text.
        Severity::Low => (CaseEnd::Passed, format!("<system-out>{}</system-out>", xml(seen))),
        severity => {
            let lines = [vec![seen.clone()], fix(finding)].concat();
            (CaseEnd::Failed, element("failure", &format!("{}: {seen}", severity.word()), &lines))
        }
    };
    let class = finding.service.clone().unwrap_or_else(|| "(server)".into());
    TestCase { class, name: format!("{}: {}", finding.id, subject(finding)), end, body }
}

/// Text as XML 1.0 takes it: control characters have no spelling there.
fn xml(text: &str) -> String {
    let mut out = String::new();
    for c in printable(text).chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&apos;",
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{FOREIGN_CONNECT, SeenBy};
    use crate::grants::{Securable, revoke};
    use crate::isolation::{Filter, ServerJudgement, assess};
    use crate::model::acl::entry;
    use crate::probe::{Probe, ProbePlace};

    #[test]
    fn a_breach_says_how_it_was_seen_and_what_closes_it_on_lines_of_their_own() {
        let repair = revoke(&entry(None, "CONNECT", "x"), None, &Securable::shared("DATABASE blue", "o"));
        let found = FOREIGN_CONNECT.of("red_app").by(SeenBy::Probe).database("blue");
        let found = found.seen("red_app\nwas let in").fix(repair).on("main");
        let probe = Probe {
            service: "red".into(),
            role: "red_app".into(),
            server: "main".into(),
            database: "blue".into(),
            outcome: Verdict::Breach,
            sqlstate: None,
            why: None,
            way: None,
            place: ProbePlace::Foreign,
            finding: None,
        };
        let judged = ServerJudgement {
            server: "main".into(),
            matrix: vec![probe],
            findings: vec![found],
            ..ServerJudgement::default()
        };
        let assessment = assess(vec![judged], vec![], &Filter::default());
        let report = VerifyReport { assessment, changes: vec![], unclosed: vec![], format: None };
        let text = junit(&report);
        let seen = "red_app\\u{a}was let in";
        let fix = "SET ROLE &quot;x&quot;;\n     REVOKE CONNECT ON DATABASE blue FROM PUBLIC CASCADE;\n     RESET ROLE;";
        let body = format!(">{seen}\nfix: {fix}</failure>");
        assert_eq!(text.matches(&body).count(), 2, "the probe and the finding: {text}");
        assert!(text.contains(&format!("message=\"breach: {seen}\"")), "{text}");
    }
}
