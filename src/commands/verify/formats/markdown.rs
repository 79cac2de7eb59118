//! GitHub's Markdown, for a job's summary.

use std::fmt::Write;

use super::place;
use crate::commands::plan::Change;
use crate::commands::verify::VerifyReport;
use crate::probe::{Matrix, Verdict, printable};

/// The matrix and the findings of each server, then what could not be looked at and what was done.
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
        let rows = checked.findings.iter().map(|finding| {
            let word = finding.severity.word().into();
            [word, finding.id.into(), finding.role.clone(), place(finding), finding.evidence.clone()]
        });
        text += &rows_under(["severity", "finding", "who", "where", "seen"], rows);
    }
    let unclosed = report.unclosed.iter().map(|one| (&one.server, &one.error));
    let failed = report.failed.iter().map(|(server, error)| (server, error));
    for (server, error) in failed.chain(unclosed) {
        let _infallible = write!(text, "\n### Server {}\n\n**{}**\n", cell(server), cell(&error.to_string()));
    }
    let not_examined = report.not_examined().into_iter();
    text += &rows_under(
        ["not examined", "why", "what would allow it"],
        not_examined.map(|one| [one.what, one.why, one.grant.unwrap_or_default()]),
    );
    let accepted = report
        .accepted
        .iter()
        .map(|(finding, reason)| [finding.id.into(), finding.role.clone(), place(finding), reason.clone()]);
    text += &rows_under(["accepted", "who", "where", "why"], accepted);
    text += &rows_under(["change", "risk", "statement", "outcome"], report.changes.iter().map(Change::cells));
    text
}

/// A table, or nothing where there are no rows.
fn rows_under<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let line = |cells: &[String]| {
        cells.iter().fold("|".to_owned(), |line, text| line + " " + &cell(text) + " |") + "\n"
    };
    let rows: String = rows.map(|row| line(&row)).collect();
    match rows.is_empty() {
        true => rows,
        false => format!("\n{}|{}\n{rows}", line(&head.map(str::to_owned)), "---|".repeat(N)),
    }
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
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~' | '&' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
