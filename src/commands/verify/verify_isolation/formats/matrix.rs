//! Matrix of services and databases: one line if everything is denied, only the rows with findings if there are many,
//! and names where they fit.

use std::collections::{BTreeMap, BTreeSet};

use martydb_isolation::probe::{Probe, ProbeDatabase, ProbeLocation, Verdict};
use martydb_isolation::proof::{ProbeRow, ServerView};
use martydb_model::sqlstate;
use martydb_model::units::{counted, listed};
use martydb_model::{DatabaseKind, MONITOR_SERVICE};
use martydb_ui::report::{Grid, Mark, Paint, Style, printable, wrapped};

/// Extent of the shown matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MatrixExtent {
    /// Only unexpected results.
    #[default]
    Findings,
    Whole,
}

const OWN: Mark = Mark { sign: 'o', word: "own", meaning: "own", paint: Paint::Good };
const DENIED: Mark = Mark { sign: '.', word: "denied", meaning: "denied", paint: Paint::Dim };
const OPEN: Mark = Mark { sign: '-', word: "open", meaning: "left open on purpose", paint: Paint::Warn };
const INCONCLUSIVE: Mark = Mark { sign: '?', word: "?", meaning: "inconclusive", paint: Paint::Warn };
const BREACH: Mark = Mark { sign: 'X', word: "BREACH", meaning: "BREACH", paint: Paint::Bad };

fn probes<'a>(view: &'a ServerView<'_>) -> impl Iterator<Item = &'a Probe> {
    view.matrix.iter().map(|row: &&ProbeRow| &row.probe)
}

fn mark(probe: &Probe) -> Mark {
    match (probe.outcome, probe.place) {
        (Verdict::Breach, _) => BREACH,
        (Verdict::Inconclusive, _) => INCONCLUSIVE,
        (Verdict::Denied, _) => DENIED,
        (Verdict::Allowed, ProbeLocation::Own) => OWN,
        (Verdict::Allowed, ProbeLocation::Foreign) => OPEN,
    }
}

/// Maximum number of rows or columns of a full matrix; more would bury unexpected results.
const MAX_MATRIX: usize = 16;

/// Service and its cells, one for each database.
type MatrixRow<'a> = (&'a str, Vec<Option<&'a Probe>>);

/// Returns the lines of the matrix; without a login there are none.
pub(crate) fn matrix(view: &ServerView<'_>, extent: MatrixExtent, style: &Style) -> Vec<String> {
    let all = rows(view);
    let is_notable = |cell: &Option<&Probe>| cell.is_some_and(|probe| !matches!(mark(probe), OWN | DENIED));
    let notable: Vec<MatrixRow<'_>> =
        all.iter().filter(|row| row.1.iter().any(is_notable)).cloned().collect();
    let (count, columns) = (all.len(), view.server.columns.len());
    if view.matrix.is_empty() {
        return vec![];
    }
    // A failed control of a missing database has no cell.
    let is_proven = probes(view).all(|probe| matches!(mark(probe), OWN | DENIED));
    match extent {
        MatrixExtent::Findings if is_proven => {
            vec![denied(&all, columns, style) + &notes(view, false, style)]
        }
        MatrixExtent::Findings if !notable.is_empty() && count.max(columns) > MAX_MATRIX => {
            let is_shown = |column: &usize| notable.iter().any(|row| is_notable(&row.1[*column]));
            let shown: Vec<usize> = (0..columns).filter(is_shown).collect();
            let left = rest(count - notable.len(), columns - shown.len(), style);
            vec![drawn(view, &notable, &shown, style) + &left, notes(view, false, style)]
        }
        _ => {
            let shown: Vec<usize> = (0..columns).collect();
            let blanks = all.iter().any(|(_, cells)| cells.contains(&None));
            vec![drawn(view, &all, &shown, style), notes(view, blanks, style)]
        }
    }
}

/// Returns one line instead of a matrix without unexpected results.
fn denied(rows: &[MatrixRow<'_>], columns: usize, style: &Style) -> String {
    let others = if rows.iter().any(|(_, cells)| cells.contains(&None)) {
        "the others that were tried"
    } else {
        "all others"
    };
    // The monitor's login has a row, and belongs to no service.
    let services = rows.iter().filter(|(service, _)| *service != MONITOR_SERVICE).count();
    let (services, databases) = (counted(services, "service"), counted(columns, "database"));
    let line = format!(
        "{services} at {databases}: every login connected to its own and was denied at {others} (--matrix shows them)"
    );
    wrapped(&line, "  ", style)
}

fn rest(services: usize, databases: usize, style: &Style) -> String {
    if services + databases == 0 {
        return String::new();
    }
    let (services, databases) = (counted(services, "service"), counted(databases, "database"));
    wrapped(
        &format!("not shown: {services} and {databases} where all is denied (--matrix shows them)"),
        "  ",
        style,
    )
}

/// Returns a row for each service, with a cell for each database. A service's logins share a cell, which shows the
/// worst of them.
pub(crate) fn rows<'a>(view: &'a ServerView<'_>) -> Vec<MatrixRow<'a>> {
    let columns: BTreeMap<&str, usize> =
        view.server.columns.iter().enumerate().map(|(n, column)| (column.name.as_str(), n)).collect();
    let mut rows: Vec<MatrixRow<'_>> = vec![];
    for probe in probes(view) {
        if rows.last().is_none_or(|(service, _)| *service != probe.service) {
            rows.push((&probe.service, vec![None; columns.len()]));
        }
        // An own database that is missing or closed has no column; its control is reported in words below.
        if let (Some(row), Some(n)) = (rows.last_mut(), columns.get(probe.database.as_str())) {
            row.1[*n] = row.1[*n].into_iter().chain([probe]).max_by_key(|probe| probe.outcome);
        }
    }
    rows
}

/// Draws the grid of these rows and columns, and the meaning of numbered columns.
fn drawn(view: &ServerView<'_>, rows: &[MatrixRow<'_>], shown: &[usize], style: &Style) -> String {
    let columns: Vec<&ProbeDatabase> = shown.iter().map(|column| &view.server.columns[*column]).collect();
    let follow = columns_follow_rows(rows, &columns);
    let digits = rows.len().to_string().len();
    let mut grid = Grid::new(columns.iter().map(|column| column.name.as_str()));
    for (n, (service, cells)) in rows.iter().enumerate() {
        let label = if follow { format!("{:>digits$} {service}", n + 1) } else { (*service).to_owned() };
        grid.row(label, shown.iter().map(|column| cells[*column].map(mark)).collect());
    }
    let key =
        if grid.has_names(style) { String::new() } else { format!("\n{}", key(&columns, follow, style)) };
    grid.render(style) + key.trim_end_matches('\n') + if key.len() > 1 { "\n" } else { "" }
}

/// Returns `true` if there are so many columns that their names would bury the matrix, and they begin with the
/// services' own databases in the order of the rows: the rows' numbers then name them.
fn columns_follow_rows(rows: &[MatrixRow<'_>], columns: &[&ProbeDatabase]) -> bool {
    let mut kinds = columns.iter().map(|column| &column.kind);
    let own = |(service, _): &MatrixRow<'_>| match kinds.next() {
        Some(DatabaseKind::Service(name)) => name.as_str() == *service,
        _ => false,
    };
    columns.len() > MAX_MATRIX && rows.iter().all(own)
}

fn key(columns: &[&ProbeDatabase], follow: bool, style: &Style) -> String {
    let of_service = |column: &ProbeDatabase| matches!(column.kind, DatabaseKind::Service(_));
    let named = columns.iter().enumerate().filter(|(_, column)| !follow || !of_service(column));
    let named = named.map(|(n, column)| format!("{}\u{a0}{}", n + 1, printable(column.name.as_str())));
    let head = follow.then(|| "each service's own under its number".to_owned());
    let all: Vec<_> = head.into_iter().chain(named).collect();
    if all.is_empty() {
        return String::new();
    }
    // A line breaks at the second of two blanks, so that each line begins like the first.
    wrapped(&format!("databases: {}", all.join("\u{a0} ")), "  ", style)
}

fn notes(view: &ServerView<'_>, blanks: bool, style: &Style) -> String {
    let mut notes = vec![];
    if blanks {
        notes.push("blank: not tried".to_owned());
    }
    let hba = |probe: &&Probe| probe.sqlstate.as_deref() == Some(sqlstate::INVALID_AUTHORIZATION);
    match probes(view).filter(|probe| probe.outcome == Verdict::Denied).filter(hba).count() {
        0 => {}
        1 => notes.push("1 of these was refused by pg_hba.conf, before any grant was looked at".into()),
        n => notes.push(format!("{n} of these were refused by pg_hba.conf, before any grant was looked at")),
    }
    if half_proven(view) {
        notes.push("? = at least one login was inconclusive; the service's other logins were denied".into());
    }
    if !view.server.closed.is_empty() {
        let names: Vec<_> = view.server.closed.iter().map(|name| printable(name)).collect();
        notes.push(format!("skipped (no connections allowed): {}", listed(&names)));
    }
    if !view.server.kept.is_empty() {
        let names: Vec<_> = view.server.kept.iter().map(|name| printable(name)).collect();
        notes.push(format!("closed since a restore replaced them: {}", listed(&names)));
    }
    notes.iter().map(|note| wrapped(note, "  ", style)).collect()
}

/// Returns `true` if a cell hides proven logins behind an inconclusive one.
fn half_proven(view: &ServerView<'_>) -> bool {
    let cells = |of: Verdict| -> BTreeSet<(&str, &str)> {
        let probes = probes(view).filter(|probe| probe.outcome == of);
        probes.map(|probe| (probe.service.as_str(), probe.database.as_str())).collect()
    };
    let (breached, denied) = (cells(Verdict::Breach), cells(Verdict::Denied));
    cells(Verdict::Inconclusive).intersection(&denied).any(|cell| !breached.contains(cell))
}
