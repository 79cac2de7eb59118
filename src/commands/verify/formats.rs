//! The result as text: for people, for CI's viewers, for a job's summary.

use std::fmt::Write;

use super::report::VerifyReport;
use crate::probe::{self, Finding, Matrix, Probe, Severity, Verdict, printable};
use crate::report::{Look, error_text};

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
        probe::wrapped(&format!("accepted: {}: {}", head(finding), printable(reason)), "  ", look)
    });
    parts.push(accepted.collect());
    let not_examined = report.not_examined().into_iter().map(|one| {
        let grant = one.grant.map_or(String::new(), |grant| format!("; to allow it: {grant}"));
        probe::wrapped(&printable(&format!("not examined: {}: {}{grant}", one.what, one.why)), "  ", look)
    });
    parts.push(not_examined.collect());
    parts.push(sums(report, look));
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
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

/// One line about a finding.
pub fn head(finding: &Finding) -> String {
    let place =
        [&finding.object, &finding.database].into_iter().flatten().cloned().collect::<Vec<_>>().join(" in ");
    printable(&format!("{} {} {place} [{}]", finding.severity.word(), finding.role, finding.id))
}

/// JUnit's format as <https://github.com/testmoapp/junitxml> describes it: what CI viewers agree on.
pub fn junit(report: &VerifyReport) -> String {
    let mut suites = String::new();
    for checked in &report.checked {
        suites +=
            &suite(&format!("{}: logins", checked.server), checked.matrix.matrix.iter().map(case_of_probe));
        suites += &suite(
            &format!("{}: other ways", checked.server),
            checked.matrix.trials.iter().map(case_of_probe),
        );
        suites +=
            &suite(&format!("{}: findings", checked.server), checked.findings.iter().map(case_of_finding));
    }
    for (server, error) in &report.failed {
        let body = format!("<error message=\"{}\"/>", xml(&error.to_string()));
        suites +=
            &suite(server, std::iter::once(Case { class: server.clone(), name: "reached".into(), body }));
    }
    let skipped = report.not_examined().into_iter().map(|one| Case {
        class: "not examined".into(),
        name: one.what,
        body: format!("<skipped message=\"{}\"/>", xml(&one.why)),
    });
    suites += &suite("not examined", skipped);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"martydb verify-isolation\">\n{suites}</testsuites>\n"
    )
}

struct Case {
    class: String,
    name: String,
    body: String,
}

fn suite(name: &str, cases: impl Iterator<Item = Case>) -> String {
    let cases: Vec<Case> = cases.collect();
    let count = |tag: &str| cases.iter().filter(|case| case.body.starts_with(tag)).count();
    let mut text = format!(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">\n",
        xml(name),
        cases.len(),
        count("<failure"),
        count("<error"),
        count("<skipped")
    );
    for case in &cases {
        let (class, name) = (xml(&case.class), xml(&case.name));
        let _infallible = match case.body.is_empty() {
            true => writeln!(text, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\"/>"),
            false => writeln!(
                text,
                "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\">{}</testcase>",
                case.body
            ),
        };
    }
    text + "  </testsuite>\n"
}

fn case_of_probe(probe: &Probe) -> Case {
    let why = probe.why.as_deref().unwrap_or("let in");
    let body = match probe.outcome {
        Verdict::Denied | Verdict::Allowed => String::new(),
        Verdict::Breach => format!("<failure message=\"breach\">{}</failure>", xml(why)),
        Verdict::Inconclusive => format!("<error message=\"inconclusive\">{}</error>", xml(why)),
    };
    let name = format!(
        "{} at {}{}",
        probe.role,
        probe.database,
        probe.way.as_deref().map_or(String::new(), |way| format!(" ({way})"))
    );
    Case { class: probe.service.clone(), name, body }
}

fn case_of_finding(finding: &Finding) -> Case {
    let fix = finding.fix.as_deref().map_or(String::new(), |fix| format!("\nfix: {fix}"));
    let body = match finding.severity {
        // A note is a test case that passes, with its text.
        Severity::Low => format!("<system-out>{}</system-out>", xml(&finding.evidence)),
        severity => format!(
            "<failure message=\"{}\">{}</failure>",
            severity.word(),
            xml(&(finding.evidence.clone() + &fix))
        ),
    };
    let class = finding.service.clone().unwrap_or_else(|| "(server)".into());
    let place =
        [&finding.object, &finding.database].into_iter().flatten().cloned().collect::<Vec<_>>().join(" in ");
    Case { class, name: format!("{}: {} {place}", finding.id, finding.role), body }
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

/// GitHub's Markdown: a table per server, and the findings below.
pub fn markdown(report: &VerifyReport) -> String {
    let mut text = String::from("## Isolation\n");
    for checked in &report.checked {
        let summary = checked.matrix.summary;
        let _infallible = write!(
            text,
            "\n### Server {}\n\n{} services, {} logins, {} probes: {} passed, **{} breaches**, {} inconclusive\n\n",
            cell(&checked.server),
            summary.services,
            summary.logins,
            summary.probes,
            summary.passed,
            summary.breaches,
            summary.inconclusive
        );
        text += &grid(&checked.matrix);
        if !checked.findings.is_empty() {
            text += "\n| severity | finding | who | where | seen |\n|---|---|---|---|---|\n";
        }
        for finding in &checked.findings {
            let place = [&finding.object, &finding.database]
                .into_iter()
                .flatten()
                .cloned()
                .collect::<Vec<_>>()
                .join(" in ");
            let _infallible = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                finding.severity.word(),
                cell(finding.id),
                cell(&finding.role),
                cell(&place),
                cell(&finding.evidence)
            );
        }
    }
    for (server, error) in &report.failed {
        let _infallible = write!(text, "\n### Server {}\n\n**{}**\n", cell(server), cell(&error.to_string()));
    }
    let not_examined = report.not_examined();
    if !not_examined.is_empty() {
        text += "\nNot examined:\n\n";
    }
    for one in not_examined {
        let _infallible = writeln!(text, "- {}: {}", cell(&one.what), cell(&one.why));
    }
    text
}

/// Services by databases; beyond a screen's width only rows in which something is wrong.
fn grid(matrix: &Matrix) -> String {
    const WIDE: usize = 12;
    let columns: Vec<&str> = matrix.columns.iter().map(|column| column.name.as_str()).collect();
    if matrix.matrix.is_empty() || columns.len() > WIDE {
        return String::new();
    }
    let mut services: Vec<&str> = matrix.matrix.iter().map(|probe| probe.service.as_str()).collect();
    services.dedup();
    let mut text = String::from("| service |");
    columns.iter().for_each(|name| text += &format!(" {} |", cell(name)));
    text += &format!("\n|---|{}\n", "---|".repeat(columns.len()));
    for service in services {
        text += &format!("| {} |", cell(service));
        for column in &columns {
            let cells =
                matrix.matrix.iter().filter(|probe| probe.service == service && probe.database == *column);
            let worst = cells.map(|probe| probe.outcome).max();
            text += match worst {
                Some(Verdict::Denied) => " denied |",
                Some(Verdict::Allowed) => " own |",
                Some(Verdict::Inconclusive) => " ? |",
                Some(Verdict::Breach) => " **BREACH** |",
                None => " |",
            };
        }
        text.push('\n');
    }
    text
}

/// A cell of a Markdown table: nothing in it may start markup or end the cell.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in printable(text).chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~' | '&' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
