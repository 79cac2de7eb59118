//! JUnit's format as <https://github.com/testmoapp/junitxml> describes it: what CI viewers agree on.
//!
//! What ends the run with an exit code is a failure or an error here, and nothing else is.

use std::fmt::Write;

use crate::commands::verify::VerifyReport;
use crate::probe::{self, Finding, Probe, Severity, Verdict};
use crate::report::printable;

/// One suite of probes and one of findings for each server.
pub fn junit(report: &VerifyReport) -> String {
    let mut suites = vec![];
    for checked in &report.checked {
        for (what, probes) in [("logins", &checked.matrix.matrix), ("other ways", &checked.matrix.trials)] {
            let cases = probes.iter().map(|probe| case_of_probe(report, probe));
            suites.push(Suite::new(format!("{}: {what}", checked.server), cases));
        }
        let findings = checked.findings.iter().map(case_of_finding);
        suites.push(Suite::new(format!("{}: findings", checked.server), findings));
    }
    for (server, error) in &report.failed {
        suites.push(Suite::new(server.clone(), [error_case(server, "reached", error)]));
    }
    let unclosed = report.unclosed.iter().map(|one| error_case(&one.place(), "closed", &one.error));
    suites.push(Suite::new("closing".into(), unclosed));
    let accepted = report.accepted.iter().map(|(finding, reason)| Case {
        end: End::Skipped,
        body: element("skipped", &format!("accepted: {reason}"), &[]),
        ..case_of_finding(finding)
    });
    suites.push(Suite::new("accepted".into(), accepted));
    let unread = report.unread().map(|one| Case {
        class: one.service.clone().unwrap_or_else(|| "(server)".into()),
        name: one.what.clone(),
        end: End::Error,
        body: element("error", &format!("could not be read: {}", one.why), &[]),
    });
    suites.push(Suite::new("inconclusive".into(), unread));
    let not_examined = report.unseen().cloned().map(|one| {
        let (end, tag) = match report.strict() {
            true => (End::Error, "error"),
            false => (End::Skipped, "skipped"),
        };
        Case { class: "not examined".into(), name: one.what, end, body: element(tag, &one.why, &[]) }
    });
    suites.push(Suite::new("not examined".into(), not_examined));
    render(&suites)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Passed,
    Failed,
    Error,
    Skipped,
}

struct Case {
    class: String,
    name: String,
    end: End,
    body: String,
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

impl Suite {
    fn new(name: String, cases: impl IntoIterator<Item = Case>) -> Suite {
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

fn case_line(case: &Case) -> String {
    let head = format!("classname=\"{}\" name=\"{}\" time=\"0\"", xml(&case.class), xml(&case.name));
    match case.body.is_empty() {
        true => format!("    <testcase {head}/>\n"),
        false => format!("    <testcase {head}>{}</testcase>\n", case.body),
    }
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    let (mut all, mut ends) = (0, [0; 3]);
    for case in cases {
        all += 1;
        for (count, end) in ends.iter_mut().zip([End::Failed, End::Error, End::Skipped]) {
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

fn error_case(server: &str, name: &str, error: &crate::error::Error) -> Case {
    let body = element("error", &error.to_string(), &[]);
    Case { class: server.into(), name: name.into(), end: End::Error, body }
}

fn case_of_probe(report: &VerifyReport, probe: &Probe) -> Case {
    let why = probe.why.clone();
    let (end, body) = match probe.outcome {
        Verdict::Denied | Verdict::Allowed => (End::Passed, String::new()),
        Verdict::Breach if report.is_accepted(probe) => {
            (End::Skipped, element("skipped", "the breach is accepted", &[]))
        }
        Verdict::Breach => {
            let told = report.finding_of(probe);
            let seen = told.map(|told| told.evidence.clone()).or(why).unwrap_or_else(|| "let in".into());
            let lines = [vec![seen.clone()], told.map(fix).unwrap_or_default()].concat();
            (End::Failed, element("failure", &format!("breach: {seen}"), &lines))
        }
        Verdict::Inconclusive => (End::Error, element("error", "inconclusive", &[why.unwrap_or_default()])),
    };
    let way = probe.way.as_deref().map_or(String::new(), |way| format!(" ({way})"));
    let name = format!("{} at {}{way}", probe.role, probe.database);
    Case { class: probe.service.clone(), name, end, body }
}

/// The statements that close a finding, a line each.
fn fix(finding: &Finding) -> Vec<String> {
    let lines = probe::fix_lines(finding).into_iter().enumerate();
    lines.map(|(n, line)| if n == 0 { format!("fix: {line}") } else { format!("     {line}") }).collect()
}

fn case_of_finding(finding: &Finding) -> Case {
    let seen = &finding.evidence;
    let (end, body) = match finding.severity {
        // A note is a test case that passes, with its text.
        Severity::Low => (End::Passed, format!("<system-out>{}</system-out>", xml(seen))),
        severity => {
            let lines = [vec![seen.clone()], fix(finding)].concat();
            (End::Failed, element("failure", &format!("{}: {seen}", severity.word()), &lines))
        }
    };
    let class = finding.service.clone().unwrap_or_else(|| "(server)".into());
    Case { class, name: format!("{}: {}", finding.id, probe::subject(finding)), end, body }
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
    use crate::audit::kinds::FOREIGN_CONNECT;
    use crate::commands::verify::{Arguments, Checked};
    use crate::probe::{Matrix, Place, Source};
    use crate::stmt;

    #[test]
    fn a_breach_says_how_it_was_seen_and_what_closes_it_on_lines_of_their_own() {
        let close = stmt!("SET ROLE x;\nREVOKE y");
        let found = FOREIGN_CONNECT.of("red_app").database("blue").seen("red_app\nwas let in").close(close);
        let found = Finding { kind: Source::Probe, ..found.on("main") };
        let probe = Probe {
            service: "red".into(),
            role: "red_app".into(),
            server: "main".into(),
            database: "blue".into(),
            outcome: Verdict::Breach,
            sqlstate: None,
            why: None,
            way: None,
            place: Place::Foreign,
            found: None,
            connections: 1,
        };
        let matrix = Matrix { matrix: vec![probe], findings: vec![found], ..Matrix::default() };
        let mut report = VerifyReport::new(&Arguments::default());
        report.checked.push(Checked::new("main", matrix, vec![], vec![]));
        let text = junit(&report);
        let seen = "red_app\\u{a}was let in";
        let body = format!(">{seen}\nfix: SET ROLE x;\n     REVOKE y;</failure>");
        assert_eq!(text.matches(&body).count(), 2, "the probe and the finding: {text}");
        assert!(text.contains(&format!("message=\"breach: {seen}\"")), "{text}");
    }
}
