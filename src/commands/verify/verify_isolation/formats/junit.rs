//! JUnit's format, as <https://github.com/testmoapp/junitxml> describes it: the subset that CI viewers agree on.
//!
//! Exactly the results that end the run with an exit code are failures or errors.

use std::collections::BTreeMap;
use std::time::Duration;

use super::text::{fix_lines, place_of, subject};
use crate::commands::verify::verify_isolation::document::VerifyReport;
use martydb_isolation::probe::Verdict;
use martydb_isolation::proof::{BreachReport, ProbeRow};
use martydb_model::findings::{Finding, Severity};
use martydb_ui::report::printable;

/// Returns the suites: for each database of a server one of its logins, of other ways to it, and of its findings; for
/// each server one of the findings outside of databases.
pub(crate) fn junit(report: &VerifyReport) -> String {
    let assessment = &report.assessment;
    let mut suites: Vec<(String, Vec<TestCase>)> = vec![];
    for view in assessment.by_server() {
        let server = &view.server.at.as_ref().map_or_else(
            || view.server.name.clone(),
            |replica| format!("{}, replica {replica}", view.server.name),
        );
        for (what, rows) in [("logins", &view.matrix), ("other ways", &view.extra)] {
            let cases = rows.iter().map(|row| (Some(row.probe.database.as_str()), case_of_probe(row)));
            suites.extend(by_database(server, what, cases));
        }
        let findings = view.findings.iter();
        let cases = findings.map(|finding| (finding.database.as_deref(), case_of_finding(finding)));
        suites.extend(by_database(server, "findings", cases));
    }
    for (server, error) in &assessment.failed {
        suites.push((server.clone(), vec![error_case(server, "reached", error)]));
    }
    let unclosed = report.unclosed.iter().map(|one| error_case(&place_of(one), "closed", &one.error));
    suites.push(("closing".into(), unclosed.collect()));
    let accepted = assessment.accepted.iter().map(|accepted| {
        let reason = format!("accepted: {}", accepted.reason);
        case_of_finding(&accepted.finding).ended("skipped", &reason, &[])
    });
    suites.push(("accepted".into(), accepted.collect()));
    let unread = assessment.unread.iter().map(|one| {
        let why = format!("could not be read: {}", one.why);
        TestCase::passed(class(one.service.as_ref()), &one.what).ended("error", &why, &[])
    });
    suites.push(("inconclusive".into(), unread.collect()));
    let end = if assessment.strict { "error" } else { "skipped" };
    let not_examined = assessment.skipped_checks().iter();
    let not_examined =
        not_examined.map(|one| TestCase::passed("not examined", &one.what).ended(end, &one.why, &[]));
    suites.push(("not examined".into(), not_examined.collect()));
    suites.retain(|(_, cases)| !cases.is_empty());
    render(&suites)
}

/// Returns suites in the order in which their databases first occur.
fn by_database<'a>(
    server: &str,
    what: &str,
    cases: impl Iterator<Item = (Option<&'a str>, TestCase)>,
) -> Vec<(String, Vec<TestCase>)> {
    let (mut suites, mut known) = (vec![], BTreeMap::new());
    for (database, case) in cases {
        let at = *known.entry(database).or_insert_with(|| {
            let place = database.map_or(String::new(), |database| format!("/{database}"));
            suites.push((format!("{server}{place}: {what}"), vec![]));
            suites.len() - 1
        });
        suites[at].1.push(case);
    }
    suites
}

struct TestCase {
    class: String,
    name: String,
    /// `failure`, `error` or `skipped`; `None` if the case passed.
    end: Option<&'static str>,
    took: Duration,
    body: String,
}

impl TestCase {
    fn passed(class: &str, name: &str) -> TestCase {
        let (class, name) = (class.to_owned(), name.to_owned());
        TestCase { class, name, end: None, took: Duration::ZERO, body: String::new() }
    }

    /// Sets the result, with an element that contains lines of text. Line ends come only from martydb: those in names
    /// are escaped.
    fn ended(self, tag: &'static str, message: &str, lines: &[String]) -> TestCase {
        let text = lines.iter().map(|line| xml(line)).collect::<Vec<_>>().join("\n");
        let close = if text.is_empty() { "/>".into() } else { format!(">{text}</{tag}>") };
        TestCase { end: Some(tag), body: format!("<{tag} message=\"{}\"{close}", xml(message)), ..self }
    }
}

fn class(service: Option<&String>) -> &str {
    service.map_or("(server)", String::as_str)
}

fn render(suites: &[(String, Vec<TestCase>)]) -> String {
    let counts_of_all = counts(suites.iter().flat_map(|(_, cases)| cases));
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"martydb verify-isolation\" {counts_of_all}>\n"
    );
    for (name, cases) in suites {
        let counts = counts(cases.iter());
        text += &format!("  <testsuite name=\"{}\" {counts}>\n", xml(name));
        cases.iter().for_each(|case| text += &case_line(case));
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}

fn case_line(case: &TestCase) -> String {
    let head = format!(
        "classname=\"{}\" name=\"{}\" time=\"{}\"",
        xml(&case.class),
        xml(&case.name),
        seconds(case.took)
    );
    let close = if case.body.is_empty() { "/>".into() } else { format!(">{}</testcase>", case.body) };
    format!("    <testcase {head}{close}\n")
}

fn counts<'a>(cases: impl Iterator<Item = &'a TestCase> + Clone) -> String {
    let of = |tag| cases.clone().filter(|case| case.end == Some(tag)).count();
    let [failures, errors, skipped] = ["failure", "error", "skipped"].map(of);
    let time = seconds(cases.clone().map(|case| case.took).sum());
    let all = cases.count();
    format!(
        "tests=\"{all}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{time}\""
    )
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

fn error_case(server: &str, name: &str, error: &martydb_model::error::Error) -> TestCase {
    TestCase::passed(server, name).ended("error", &error.to_string(), &[])
}

fn case_of_probe(row: &ProbeRow) -> TestCase {
    let probe = &row.probe;
    let way = probe.way.as_deref().map_or(String::new(), |way| format!(" ({way})"));
    let case = TestCase::passed(&probe.service, &format!("{} at {}{way}", probe.role, probe.database));
    let case = TestCase { took: probe.took, ..case };
    let why = probe.why.as_deref();
    match (&row.reported, probe.outcome) {
        (Some(BreachReport::Accepted), _) => case.ended("skipped", "the breach is accepted", &[]),
        (Some(BreachReport::Shown(found) | BreachReport::Hidden(found)), _) => {
            failed(case, "breach", &found.evidence, fix(found))
        }
        (Some(BreachReport::Unreported), _) => failed(case, "breach", why.unwrap_or("connected"), vec![]),
        (None, Verdict::Inconclusive) => {
            case.ended("error", "inconclusive", &[why.unwrap_or_default().to_owned()])
        }
        (None, _) => case,
    }
}

fn failed(case: TestCase, what: &str, evidence: &str, fix: Vec<String>) -> TestCase {
    case.ended("failure", &format!("{what}: {evidence}"), &[vec![evidence.to_owned()], fix].concat())
}

fn fix(finding: &Finding) -> Vec<String> {
    let lines = fix_lines(finding).into_iter().enumerate();
    lines.map(|(n, line)| if n == 0 { format!("fix: {line}") } else { format!("     {line}") }).collect()
}

fn case_of_finding(finding: &Finding) -> TestCase {
    let name = format!("{}: {}", finding.id, subject(finding));
    let case = TestCase::passed(class(finding.service.as_ref()), &name);
    match finding.severity {
        // A note is a test case that passes, with its text.
        Severity::Low => {
            let body = format!("<system-out>{}</system-out>", xml(&finding.evidence));
            TestCase { body, ..case }
        }
        severity => failed(case, severity.word(), &finding.evidence, fix(finding)),
    }
}

/// Escapes text for XML 1.0, which cannot represent control characters.
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
    use crate::commands::verify::verify_isolation::entry;
    use martydb_isolation::probe::{Probe, ProbeLocation};
    use martydb_isolation::proof::{Filter, ServerJudgement, VerifiedServer, assess};
    use martydb_model::findings::{FOREIGN_CONNECT, FindingSource};
    use martydb_model::grants::{Securable, revoke};

    #[test]
    fn a_breach_says_how_it_was_seen_and_what_closes_it_on_lines_of_their_own() {
        let repair = revoke(&entry(None, "CONNECT", "x"), None, &Securable::shared("DATABASE blue", "o"));
        let found = FOREIGN_CONNECT.of("red_app").by(FindingSource::Probe).database("blue");
        let found = found.evidence("red_app\nconnected").fix(repair).on("main");
        let probe = Probe {
            service: "red".into(),
            role: "red_app".into(),
            server: "main".into(),
            at: None,
            database: "blue".into(),
            outcome: Verdict::Breach,
            sqlstate: None,
            why: None,
            way: None,
            place: ProbeLocation::Foreign,
            took: Duration::from_millis(1234),
            finding: None,
        };
        let judged = ServerJudgement {
            server: VerifiedServer { name: "main".into(), ..VerifiedServer::default() },
            matrix: vec![probe],
            findings: vec![found],
            ..ServerJudgement::default()
        };
        let assessment = assess(vec![judged], vec![], &Filter::default());
        let report = VerifyReport::without_changes(assessment);
        let text = junit(&report);
        let seen = "red_app\\u{a}connected";
        let fix = "SET ROLE &quot;x&quot;;\n     REVOKE CONNECT ON DATABASE blue FROM PUBLIC CASCADE;\n     RESET ROLE;";
        let body = format!(">{seen}\nfix: {fix}</failure>");
        assert_eq!(text.matches(&body).count(), 2, "the probe and the finding: {text}");
        assert!(text.contains(&format!("message=\"breach: {seen}\"")), "{text}");
        assert!(text.contains("<testsuite name=\"main/blue: logins\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"1.234\">"), "{text}");
    }
}
