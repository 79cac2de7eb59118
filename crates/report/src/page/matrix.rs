//! The matrix: a picture of each server, and the cells that are neither denied nor a service's own, with their evidence.

use maud::{Markup, html};

use super::picture::{SquareGrid, svg};
use super::table::table;
use super::text::{Figure, MAX_ELEMENTS, PlainText, badge, place, rest};
use crate::values::{MatrixCell, Server, ShownFinding, Values};

const HEAD: [&str; 6] = ["Login", "Of service", "Database", "Server", "Outcome", "Evidence"];

/// Outcomes with their weights, worst first.
const OUTCOMES: [(&str, &str); 3] = [("breach", "bad"), ("inconclusive", "warning"), ("allowed", "note")];

pub(crate) fn section(values: &Values) -> Markup {
    let isolation = &values.isolation;
    html! {
        @for (at, server) in values.servers.iter().enumerate().filter(|(_, server)| server.examined) { (of_server(values, at, server)) }
        h3 { "Cells that are neither denied nor a service's own" }
        p { "Cells: " (Figure::length("/isolation/matrix", isolation.matrix.len())) ", further attempts that did not pass: "
            (Figure::length("/isolation/trials", isolation.trials.len())) "." }
        @if !isolation.matrix.is_empty() || !isolation.trials.is_empty() {
            @let rows = html! {
                @for cell in sorted(&isolation.matrix).into_iter().take(MAX_ELEMENTS) { (row(values, cell)) }
                @for cell in sorted(&isolation.trials).into_iter().take(MAX_ELEMENTS) { (row(values, cell)) }
            };
            (table("Cells with their evidence", &HEAD, &rows))
            (rest([isolation.matrix.len(), isolation.trials.len()]))
        }
    }
}

fn of_server(values: &Values, at: usize, server: &Server) -> Markup {
    let grid = SquareGrid::new(values, server);
    let title = format!("server {}", place(&server.server, server.at.as_deref()));
    let column = if values.redis.iter().any(|keys| keys.server == server.server) {
        "prefix of keys"
    } else {
        "database"
    };
    html! {
        h3 { "On " (PlainText(&title)) }
        @if grid.rows.is_empty() { p { "No login was tried there." } } @else { (figure(at, &grid, &title, column)) }
    }
}

/// Draws the matrix of the server at a place of the JSON's list.
fn figure(at: usize, grid: &SquareGrid<'_>, title: &str, column: &str) -> Markup {
    html! {
        figure .grid data-server=(at) {
            figcaption { "Each row is a service, each column a " (column) ": the outcome of the service's logins there." }
            ul .legend { @for (class, words, count) in grid.legend() {
                li { span class=(format!("square {class}")) {} (words) ": " (count) }
            } }
            div .scroll role="region" tabindex="0" aria-label={ "Matrix of " (PlainText(title)) } { (svg(grid, title)) }
            output .readout {}
            details {
                summary { "Names of the rows and columns, in order" }
                div .orders {
                    div { p { "Rows: service" } ol .rows { @for name in &grid.rows { li { (PlainText(name)) } } } }
                    div { p { "Columns: " (column) } ol .columns { @for name in &grid.columns { li { (PlainText(name)) } } } }
                }
            }
        }
    }
}

fn sorted(cells: &[MatrixCell]) -> Vec<&MatrixCell> {
    let mut all: Vec<&MatrixCell> = cells.iter().collect();
    all.sort_by_key(|cell| OUTCOMES.iter().position(|(outcome, _)| *outcome == cell.outcome));
    all
}

/// Returns the reason of an outcome: the probe's, or that of the finding about the same login and database.
fn evidence<'a>(values: &'a Values, cell: &'a MatrixCell) -> &'a str {
    let is_about = |one: &&ShownFinding| {
        (&one.server, &one.at, &one.role) == (&cell.server, &cell.at, &cell.role)
            && one.database.as_ref() == Some(&cell.database)
    };
    let found = || values.isolation.findings.iter().find(is_about).map(|one| one.evidence.as_str());
    let declared = if cell.outcome == "allowed" { "declared in the manifest" } else { "" };
    cell.why.as_deref().or_else(found).unwrap_or(declared)
}

fn row(values: &Values, cell: &MatrixCell) -> Markup {
    let known = OUTCOMES.iter().find(|(outcome, _)| *outcome == cell.outcome);
    let level = known.map_or("note", |(_, level)| level);
    html! {
        tr {
            th scope="row" { (PlainText(&cell.role)) }
            td { (PlainText(&cell.service)) }
            td { (PlainText(&cell.database)) }
            td { (PlainText(&place(&cell.server, cell.at.as_deref()))) }
            td { (badge(level, &martydb_model::text::printable(&cell.outcome))) }
            td .sentence {
                (PlainText(evidence(values, cell)))
                @if let Some(way) = &cell.way { " (" (PlainText(way)) ")" }
                @if let Some(sqlstate) = &cell.sqlstate { " SQLSTATE " (PlainText(sqlstate)) }
            }
        }
    }
}
