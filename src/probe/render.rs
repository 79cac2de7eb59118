//! The matrix for people: what a glance should see first, then what has to be done, in words.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, listed};
use super::matrix::{Matrix, Place, Probe};
use super::task::{DatabaseKind, ProbeDatabase};
use super::verdict::Verdict;
use crate::report::{Grid, Look, Mark, Paint, paint, printable};
use crate::units::counted;

pub use words::{fix_lines, subject, title};

const OWN: Mark = Mark { sign: 'o', word: "own", meaning: "own", paint: Paint::Good };
const DENIED: Mark = Mark { sign: '.', word: "denied", meaning: "denied", paint: Paint::Dim };
const OPEN: Mark = Mark { sign: '-', word: "open", meaning: "left open on purpose", paint: Paint::Warn };
const INCONCLUSIVE: Mark = Mark { sign: '?', word: "?", meaning: "inconclusive", paint: Paint::Warn };
const BREACH: Mark = Mark { sign: 'X', word: "BREACH", meaning: "BREACH", paint: Paint::Bad };

fn mark(probe: &Probe) -> Mark {
    match (probe.outcome, probe.place) {
        (Verdict::Breach, _) => BREACH,
        (Verdict::Inconclusive, _) => INCONCLUSIVE,
        (Verdict::Denied, _) => DENIED,
        (Verdict::Allowed, Place::Own) => OWN,
        (Verdict::Allowed, Place::Foreign) => OPEN,
    }
}

/// Services × databases, then findings, then what proved nothing, then the sum.
pub fn text(matrix: &Matrix, findings: &[Finding], look: &Look) -> String {
    // Without a login there is no matrix, and so nothing to say about it.
    let of_matrix = match matrix.matrix.is_empty() {
        true => vec![],
        false => vec![grid(matrix, look), databases(matrix, look), notes(matrix, look)],
    };
    let rest = [
        findings.iter().map(|finding| words::in_words(finding, look)).collect(),
        inconclusive(matrix, look),
        sum(matrix, look),
    ];
    let parts = of_matrix.into_iter().chain(rest);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A row for each service, a cell for each database. A service's logins share a cell: the worst of them shows.
fn rows(matrix: &Matrix) -> Vec<(&str, Vec<Option<&Probe>>)> {
    let columns: BTreeMap<&str, usize> =
        matrix.columns.iter().enumerate().map(|(n, column)| (column.name.as_str(), n)).collect();
    let mut rows: Vec<(&str, Vec<Option<&Probe>>)> = vec![];
    for probe in &matrix.matrix {
        if rows.last().is_none_or(|(service, _)| *service != probe.service) {
            rows.push((&probe.service, vec![None; columns.len()]));
        }
        // An own database that is gone, or closed, is no column; its control is told in words below.
        if let (Some(row), Some(n)) = (rows.last_mut(), columns.get(probe.database.as_str())) {
            row.1[*n] = row.1[*n].into_iter().chain([probe]).max_by_key(|probe| probe.outcome);
        }
    }
    rows
}

fn grid(matrix: &Matrix, look: &Look) -> String {
    let rows = rows(matrix);
    let mut grid = Grid::default();
    let numbered = columns_follow_rows(matrix);
    let digits = rows.len().to_string().len();
    for (n, (service, cells)) in rows.into_iter().enumerate() {
        let label = if numbered { format!("{:>digits$} {service}", n + 1) } else { service.into() };
        grid.row(label, cells.into_iter().map(|probe| probe.map(mark)).collect());
    }
    grid.render(look)
}

/// Whether the columns are so many that naming each would bury the matrix, and begin with the services' own
/// databases in the order of the rows, so that the rows' numbers name them.
fn columns_follow_rows(matrix: &Matrix) -> bool {
    let mut services: Vec<&str> = matrix.matrix.iter().map(|probe| probe.service.as_str()).collect();
    services.dedup();
    let mut columns = matrix.columns.iter();
    let own = |service: &&str| match columns.next().map(|column| &column.kind) {
        Some(DatabaseKind::Service(name)) => name.as_str() == *service,
        _ => false,
    };
    matrix.columns.len() > MANY && services.iter().all(own)
}

const MANY: usize = 16;

fn databases(matrix: &Matrix, look: &Look) -> String {
    let name =
        |(n, column): (usize, &ProbeDatabase)| format!("{}\u{a0}{}", n + 1, printable(column.name.as_str()));
    let columns = matrix.columns.iter().enumerate();
    let (head, named): (String, Vec<_>) = match columns_follow_rows(matrix) {
        true => {
            let of_service =
                |(_, column): &(usize, &ProbeDatabase)| matches!(column.kind, DatabaseKind::Service(_));
            ("each service's own under its number".into(), columns.filter(|c| !of_service(c)).collect())
        }
        false => (String::new(), columns.collect()),
    };
    let all: Vec<_> =
        Some(head).filter(|head| !head.is_empty()).into_iter().chain(named.into_iter().map(name)).collect();
    match all.is_empty() {
        true => String::new(),
        false => wrapped(&format!("databases: {}", all.join("  ")), "  ", look),
    }
}

/// What has to be known to read the matrix.
fn notes(matrix: &Matrix, look: &Look) -> String {
    let mut notes = vec![];
    if rows(matrix).iter().any(|(_, cells)| cells.contains(&None)) {
        notes.push("blank: not tried".to_owned());
    }
    let hba = |probe: &&Probe| probe.sqlstate.as_deref() == Some("28000");
    match matrix.matrix.iter().filter(|probe| probe.outcome == Verdict::Denied).filter(hba).count() {
        0 => {}
        1 => notes.push("1 of these was refused by pg_hba.conf, before any grant was looked at".into()),
        n => notes.push(format!("{n} of these were refused by pg_hba.conf, before any grant was looked at")),
    }
    if half_proven(matrix) {
        notes.push("beside a login that proved nothing (?) others of its service were denied".into());
    }
    if !matrix.skipped.is_empty() {
        let names: Vec<_> = matrix.skipped.iter().map(|skipped| printable(&skipped.database)).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        notes.push(format!("not tried, because they accept no connections: {}", listed(&names)));
    }
    notes.iter().map(|note| wrapped(note, "  ", look)).collect()
}

/// Whether a cell hides what some of its logins proved behind one that proved nothing.
fn half_proven(matrix: &Matrix) -> bool {
    let cells = |of: Verdict| -> BTreeSet<(&str, &str)> {
        let probes = matrix.matrix.iter().filter(|probe| probe.outcome == of);
        probes.map(|probe| (probe.service.as_str(), probe.database.as_str())).collect()
    };
    let (breached, denied) = (cells(Verdict::Breach), cells(Verdict::Denied));
    cells(Verdict::Inconclusive).intersection(&denied).any(|cell| !breached.contains(cell))
}

/// Probes that proved nothing, those of one login for one reason together.
fn inconclusive(matrix: &Matrix, look: &Look) -> String {
    let mut groups: Vec<((&str, &str), Vec<String>)> = vec![];
    let all = matrix.matrix.iter().chain(&matrix.trials);
    for probe in all.filter(|probe| probe.outcome == Verdict::Inconclusive) {
        let key = (probe.role.as_str(), probe.why.as_deref().unwrap_or_default());
        let place = match probe.place {
            Place::Own => format!("its own {}", printable(&probe.database)),
            Place::Foreign => printable(&probe.database),
        };
        let place = match &probe.way {
            Some(way) => format!("{place} ({})", printable(way)),
            None => place,
        };
        match groups.last_mut().filter(|(last, _)| *last == key) {
            Some((_, places)) => places.push(place),
            None => groups.push((key, vec![place])),
        }
    }
    let one = |((role, why), places): ((&str, &str), Vec<String>)| {
        let places: Vec<_> = places.iter().map(String::as_str).collect();
        let line = format!("inconclusive: {} at {}: {}", printable(role), listed(&places), printable(why));
        paint(wrapped(&line, "  ", look).trim_end(), Paint::Warn, look) + "\n"
    };
    groups.into_iter().map(one).collect()
}

/// One line: the result.
fn sum(matrix: &Matrix, look: &Look) -> String {
    let summary = &matrix.summary;
    let colour = match (matrix.matrix.is_empty(), summary.breaches, summary.inconclusive) {
        (true, ..) => Paint::Warn,
        (_, 0, 0) => Paint::Good,
        (_, 0, _) => Paint::Warn,
        _ => Paint::Bad,
    };
    wrapped(&numbers(matrix), "  ", look).lines().map(|line| paint(line, colour, look) + "\n").collect()
}

/// The numbers in words. What was tried beside the matrix is counted apart; what of it did not pass is among the
/// probes as well.
pub fn numbers(matrix: &Matrix) -> String {
    let summary = &matrix.summary;
    if matrix.matrix.is_empty() {
        let unread = match summary.inconclusive {
            0 => String::new(),
            n => format!(", {n} inconclusive"),
        };
        return format!("no logins were tried (--probes none){unread}");
    }
    let beside = match matrix.trials.len() {
        0 => String::new(),
        n => format!(", and {} beside the matrix", counted(n, "attempt")),
    };
    format!(
        "{}, {}, {}: {} passed, {}, {} inconclusive{beside}",
        counted(summary.services, "service"),
        counted(summary.logins, "login"),
        counted(summary.probes, "probe"),
        summary.passed,
        counted(summary.breaches, "breach"),
        summary.inconclusive
    )
}

/// Breaks a line between words to fit, continued lines indented. `\u{a0}` keeps two words together.
pub fn wrapped(text: &str, indent: &str, look: &Look) -> String {
    let width = look.width.unwrap_or(usize::MAX);
    let (mut out, mut line) = (String::new(), String::new());
    for word in text.split(' ') {
        if !line.trim().is_empty() && line.chars().count() + word.chars().count() > width {
            out += line.trim_end();
            out.push('\n');
            line = indent.to_owned();
        }
        line += word;
        line.push(' ');
    }
    (out + line.trim_end() + "\n").replace('\u{a0}', " ")
}

#[cfg(test)]
mod tests;
