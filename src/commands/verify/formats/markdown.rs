//! GitHub's Markdown, for a job's summary.

use std::fmt::Write;

use super::{last, place};
use crate::commands::plan::Change;
use crate::commands::verify::{Checked, VerifyReport};
use crate::probe::{Matrix, Probe, Verdict, fix_lines, numbers};
use crate::report::printable;
use crate::units::counted;

/// The matrix and the findings of each server, then what could not be looked at and what was done.
pub fn markdown(report: &VerifyReport) -> String {
    let mut text = String::from("## Isolation\n");
    report.checked.iter().for_each(|checked| text += &server(checked));
    let unclosed = report.unclosed.iter().map(|one| (one.place(), &one.error));
    let failed = report.failed.iter().map(|(server, error)| (format!("server {server}"), error));
    for (place, error) in failed.chain(unclosed) {
        let _infallible = write!(text, "\n### On {}\n\n**{}**\n", cell(&place), cell(&error.to_string()));
    }
    let unread = report.unread().cloned();
    text += &rows_under(
        ["could not be read", "service", "why"],
        unread.map(|one| [one.what, one.service.unwrap_or_default(), one.why]),
    );
    let unseen = report.unseen().cloned();
    text += &rows_under(
        ["not examined", "why", "what would allow it"],
        unseen.map(|one| [one.what, one.why, one.grant.unwrap_or_default()]),
    );
    let accepted = report
        .accepted
        .iter()
        .map(|(finding, reason)| [finding.id.into(), finding.role.clone(), place(finding), reason.clone()]);
    text += &rows_under(["accepted", "who", "where", "why"], accepted);
    text += &rows_under(["change", "risk", "statement", "outcome"], report.changes.iter().map(Change::cells));
    text + &format!("\n{}\n", cell(&last::sentence(report)))
}

fn server(checked: &Checked) -> String {
    let name = cell(&checked.server);
    let breaches = counted(checked.matrix.summary.breaches, "breach");
    let numbers = cell(&numbers(&checked.matrix)).replacen(&breaches, &format!("**{breaches}**"), 1);
    let mut text = format!("\n### Server {name}\n\n{numbers}\n\n");
    text += &grid(&checked.matrix);
    let rows = checked.findings.iter().map(|finding| {
        let (word, fix) = (finding.severity.word().into(), fix_lines(finding).join(" "));
        [word, finding.id.into(), finding.role.clone(), place(finding), finding.evidence.clone(), fix]
    });
    text += &rows_under(["severity", "finding", "who", "where", "seen", "fix"], rows);
    text + &inconclusive(&checked.matrix)
}

/// What proved nothing: as much of it as anybody reads.
fn inconclusive(matrix: &Matrix) -> String {
    const SHOWN: usize = 20;
    let all = matrix.matrix.iter().chain(&matrix.trials);
    let all: Vec<&Probe> = all.filter(|probe| probe.outcome == Verdict::Inconclusive).collect();
    let rows = all.iter().take(SHOWN).map(|probe| {
        let [way, why] = [&probe.way, &probe.why].map(|text| text.clone().unwrap_or_default());
        [probe.role.clone(), probe.database.clone(), way, why]
    });
    let text = rows_under(["proved nothing", "where", "how", "why"], rows);
    match all.len().saturating_sub(SHOWN) {
        0 => text,
        more => format!("{text}\n… and {more} more\n"),
    }
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

/// Services by databases, as far as a page is wide enough.
fn grid(matrix: &Matrix) -> String {
    const WIDE: usize = 12;
    let columns: Vec<&str> = matrix.columns.iter().map(|column| column.name.as_str()).collect();
    if matrix.matrix.is_empty() {
        return String::new();
    }
    if columns.len() > WIDE {
        let count = columns.len();
        return format!("The matrix of {count} databases is too wide for this page: see --format table\n");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::kinds::UNMANAGED_POWER;
    use crate::commands::verify::Arguments;
    use crate::model::{DbName, ServiceName};
    use crate::probe::{DatabaseKind, Door, Place, ProbeDatabase, summarise};
    use crate::stmt;

    fn matrix(services: usize) -> Matrix {
        let probe = |n: usize| Probe {
            service: format!("s{n}"),
            role: format!("s{n}_app"),
            server: "main".into(),
            database: format!("db{n}"),
            outcome: Verdict::Inconclusive,
            sqlstate: None,
            why: Some("no answer".into()),
            way: None,
            place: Place::Own,
            found: None,
            connections: 1,
        };
        let column = |n: usize| ProbeDatabase {
            name: DbName::new(format!("db{n}")).unwrap(),
            allow_connections: true,
            kind: DatabaseKind::Service(ServiceName::new(format!("s{n}")).unwrap()),
            door: Door::Closed,
        };
        let matrix: Vec<Probe> = (1..=services).map(probe).collect();
        let (summary, columns) = (summarise(&matrix), (1..=services).map(column).collect());
        Matrix { summary, matrix, columns, ..Matrix::default() }
    }

    fn page(services: usize) -> String {
        let mut report = VerifyReport::new(&Arguments::default());
        let found = UNMANAGED_POWER.of("barman").close(stmt!("ALTER ROLE b NOREPLICATION")).on("main");
        report.checked.push(Checked::new("main", matrix(services), vec![found], vec![]));
        markdown(&report)
    }

    #[test]
    fn what_is_left_out_is_said_and_what_proved_nothing_is_named() {
        let small = page(1);
        assert!(
            small.contains("\n1 service, 1 login, 1 probe: 0 passed, **0 breaches**, 1 inconclusive\n"),
            "{small}"
        );
        assert!(small.contains("| s1 | ? |"), "{small}");
        assert!(small.contains("| s1\\_app | db1 |  | no answer |"), "{small}");
        assert!(small.contains(" | barman | server main | "), "{small}");
        assert!(small.contains(" | ALTER ROLE b NOREPLICATION; |"), "{small}");
        assert!(small.contains("\nfound: 1 medium, and 1 probe proved nothing\n"), "{small}");
        let large = page(50);
        assert!(large.contains("\nThe matrix of 50 databases is too wide for this page"), "{large}");
        assert!(large.contains("| s20\\_app |") && !large.contains("| s21\\_app |"), "{large}");
        assert!(large.contains("\n… and 30 more\n"), "{large}");
    }
}
