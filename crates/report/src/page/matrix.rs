//! The matrix: a picture of each server, and the cells that are neither denied nor a service's own, with their evidence.

use maud::{Markup, html};

use super::picture::{SquareGrid, svg};
use super::table::table;
use super::text::{Figure, PlainText, badge};
use crate::values::{MatrixCell, Server, Values};

const HEAD: [&str; 6] = ["Login", "Of service", "Database", "Server", "Outcome", "Evidence"];

/// Outcomes with their weights, worst first.
const OUTCOMES: [(&str, &str); 3] = [("breach", "bad"), ("inconclusive", "warning"), ("allowed", "note")];

pub fn section(values: &Values) -> Markup {
    let isolation = &values.isolation;
    html! {
        @for server in values.servers.iter().filter(|server| server.examined) { (of_server(values, server)) }
        h3 { "Cells that are neither denied nor a service's own" }
        p { "Cells: " (Figure::length("/isolation/matrix", isolation.matrix.len())) ", further attempts that did not pass: "
            (Figure::length("/isolation/trials", isolation.trials.len())) "." }
        @if !isolation.matrix.is_empty() || !isolation.trials.is_empty() {
            @let rows = html! {
                @for cell in sorted(&isolation.matrix) { (row(cell)) }
                @for cell in sorted(&isolation.trials) { (row(cell)) }
            };
            (table("Cells with their evidence", &HEAD, &rows))
        }
    }
}

fn of_server(values: &Values, server: &Server) -> Markup {
    let grid = SquareGrid::new(values, server);
    html! {
        h3 { "Server " (PlainText(&server.server)) }
        figure .grid data-server=(PlainText(&server.server)) {
            figcaption { "Each row is a service, each column a database: the outcome of the service's logins there." }
            ul .legend { @for (class, words, count) in grid.legend() {
                li { span class=(format!("square {class}")) {} (words) ": " (count) }
            } }
            div .scroll role="region" tabindex="0" aria-label={ "Matrix of server " (PlainText(&server.server)) } { (svg(&grid, &server.server)) }
            output .readout {}
            details {
                summary { "Names of the rows and columns, in order" }
                div .orders {
                    div { p { "Rows: services" } ol .rows { @for name in &grid.rows { li { (PlainText(name)) } } } }
                    div { p { "Columns: databases" } ol .columns { @for name in &grid.columns { li { (PlainText(name)) } } } }
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

fn row(cell: &MatrixCell) -> Markup {
    let known = OUTCOMES.iter().find(|(outcome, _)| *outcome == cell.outcome);
    let weight = known.map_or("note", |(_, weight)| weight);
    html! {
        tr {
            th scope="row" { (PlainText(&cell.role)) }
            td { (PlainText(&cell.service)) }
            td { (PlainText(&cell.database)) }
            td { (PlainText(&cell.server)) }
            td { (badge(weight, &martydb_ui::report::printable(&cell.outcome))) }
            td .sentence {
                (PlainText(cell.why.as_deref().unwrap_or(if cell.outcome == "allowed" { "declared in the manifest" } else { "" })))
                @if let Some(way) = &cell.way { " (" (PlainText(way)) ")" }
                @if let Some(sqlstate) = &cell.sqlstate { " SQLSTATE " (PlainText(sqlstate)) }
            }
        }
    }
}
