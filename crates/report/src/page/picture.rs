//! The matrix of a server as a picture: one square for each service and database. Runs of equal squares are one rectangle, and the
//! squares of a state one path, so that 300 × 300 are some kilobytes.

use std::collections::BTreeMap;
use std::fmt::Write;

use maud::{Markup, html};

use super::text::PlainText;
use crate::values::{CountsRow, Server, Values};

/// State of a square, in the order in which they are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Square {
    Untried,
    Denied,
    Own,
    Allowed,
    Inconclusive,
    Breach,
}

/// States with their class and their words.
pub(crate) const SQUARES: [(Square, &str, &str); 6] = [
    (Square::Untried, "untried", "not tried"),
    (Square::Denied, "denied", "denied, as it must be"),
    (Square::Own, "own", "the service's own database"),
    (Square::Allowed, "allowed", "allowed, as the manifest declares"),
    (Square::Inconclusive, "inconclusive", "without an answer"),
    (Square::Breach, "breach", "must be denied, but connects"),
];

/// Most rows and columns that have their names beside the picture.
const MAX_NAMED: usize = 40;

/// Most breaches that have a mark beside their colour.
const MARKED: usize = 2000;

/// Most characters of such a name.
const MAX_NAME_CHARS: usize = 22;

/// Squares of one server: services by databases.
pub(crate) struct SquareGrid<'a> {
    pub rows: Vec<&'a str>,
    pub columns: Vec<&'a str>,
    squares: Vec<Square>,
}

impl<'a> SquareGrid<'a> {
    /// Returns the squares of a server. The columns begin with the services' own databases, so that these are a diagonal.
    pub(crate) fn new(values: &'a Values, server: &'a Server) -> SquareGrid<'a> {
        let mut by_service: BTreeMap<&str, Vec<&CountsRow>> = BTreeMap::new();
        for row in values
            .isolation
            .matrix_counts
            .iter()
            .filter(|row| row.server == server.server && row.at == server.at)
        {
            by_service.entry(&row.service).or_default().push(row);
        }
        let mut columns: Vec<&str> = vec![];
        let all =
            by_service.values().flat_map(|rows| own(rows)).chain(server.databases.iter().map(String::as_str));
        let mut known = std::collections::BTreeSet::new();
        columns.extend(all.filter(|name| known.insert(*name)));
        let at: BTreeMap<&str, usize> = columns.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let lines = by_service.values().flat_map(|rows| line(rows, &at));
        SquareGrid { squares: lines.collect(), rows: by_service.keys().copied().collect(), columns }
    }

    fn square(&self, row: usize, column: usize) -> Square {
        self.squares[row * self.columns.len() + column]
    }

    fn count(&self, square: Square) -> usize {
        self.squares.iter().filter(|one| **one == square).count()
    }

    /// Returns the states that occur, with the number of their squares.
    pub(crate) fn legend(&self) -> Vec<(&'static str, &'static str, usize)> {
        let all = SQUARES.iter().map(|(square, class, words)| (*class, *words, self.count(*square)));
        all.filter(|(_, _, count)| *count > 0).collect()
    }
}

fn own<'a>(rows: &[&'a CountsRow]) -> Vec<&'a str> {
    rows.iter().filter(|row| row.own).filter_map(|row| row.database.as_deref()).collect()
}

/// Returns the squares of one service, by the columns' places.
fn line(rows: &[&CountsRow], at: &BTreeMap<&str, usize>) -> Vec<Square> {
    let rest = rows.iter().find(|row| row.database.is_none()).map_or(Square::Untried, |row| square(row));
    let mut line = vec![rest; at.len()];
    for row in rows {
        if let Some(place) = row.database.as_deref().and_then(|name| at.get(name)) {
            line[*place] = square(row);
        }
    }
    line
}

/// Returns the worst state of a row.
fn square(row: &CountsRow) -> Square {
    match row {
        CountsRow { breach: 1.., .. } => Square::Breach,
        CountsRow { inconclusive: 1.., .. } => Square::Inconclusive,
        CountsRow { own: true, .. } => Square::Own,
        CountsRow { allowed: 1.., .. } => Square::Allowed,
        CountsRow { denied: 1.., .. } => Square::Denied,
        _ => Square::Untried,
    }
}

/// Sizes of a picture.
struct PictureLayout {
    cell: usize,
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    named: bool,
}

impl PictureLayout {
    fn new(grid: &SquareGrid<'_>) -> PictureLayout {
        let (rows, columns) = (grid.rows.len(), grid.columns.len());
        let cell = match rows.max(columns) {
            ..=12 => 32,
            13..=MAX_NAMED => 22,
            41..=150 => 8,
            151..=400 => 4,
            _ => 2,
        };
        let named = rows.max(columns) <= MAX_NAMED;
        let row = longest(&grid.rows);
        // The names of columns are turned by 50 degrees: their height is 0.77 of their length, their width 0.65.
        let column = longest(&grid.columns);
        let (left, top) = if named { (row + 20, column * 77 / 100 + 22) } else { (10, 10) };
        let right = if named { column * 65 / 100 + 10 } else { 10 };
        PictureLayout {
            cell,
            left,
            top,
            width: left + columns * cell + right,
            height: top + rows * cell + 10,
            named,
        }
    }
}

/// Returns the width of the longest name in pixels, as wide letters need them.
fn longest(names: &[&str]) -> usize {
    const LETTER: usize = 8;
    names.iter().map(|name| short(name).chars().count() * LETTER).max().unwrap_or_default()
}

/// Draws the squares.
pub(crate) fn svg(grid: &SquareGrid<'_>, title: &str) -> Markup {
    let layout = PictureLayout::new(grid);
    let label =
        format!("Matrix of {title}: {} services by {} databases", grid.rows.len(), grid.columns.len());
    html! {
        svg .matrix xmlns="http://www.w3.org/2000/svg" role="img" aria-label=(PlainText(&label)) width=(layout.width) height=(layout.height)
            viewBox=(format!("0 0 {} {}", layout.width, layout.height))
            data-cell=(layout.cell) data-left=(layout.left) data-top=(layout.top) {
            @for (square, class, _) in SQUARES {
                @let path = path(grid, &layout, square);
                @if !path.is_empty() { path class=(class) d=(path) {} }
            }
            @let class = if layout.named { "cross" } else { "ring" };
            path class=(class) d=(marks(grid, &layout)) {}
            @if layout.named { (labels(grid, &layout)) }
        }
    }
}

/// Returns the path of one state: a run of equal squares in a row is one rectangle, unless the squares are large enough to have
/// gaps.
fn path(grid: &SquareGrid<'_>, layout: &PictureLayout, square: Square) -> String {
    let (mut path, cell) = (String::new(), layout.cell);
    let gap = usize::from(layout.named) * 2;
    for row in 0..grid.rows.len() {
        let mut column = 0;
        while column < grid.columns.len() {
            if grid.square(row, column) != square {
                column += 1;
                continue;
            }
            let same = |next: &usize| grid.square(row, *next) == square;
            let run = if layout.named { 1 } else { (column..grid.columns.len()).take_while(same).count() };
            let (x, y) = (layout.left + column * cell, layout.top + row * cell);
            let (width, height) = (run * cell - gap, cell - gap);
            let _fits = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
            column += run;
        }
    }
    path
}

/// Returns a mark on each breach, for readers who do not see the colour: a cross in a large square, a ring around a small one.
fn marks(grid: &SquareGrid<'_>, layout: &PictureLayout) -> String {
    let mut path = String::new();
    let breaches = grid.squares.iter().enumerate().filter(|(_, square)| **square == Square::Breach);
    for (at, _) in breaches.take(MARKED) {
        let (row, column) = (at / grid.columns.len(), at % grid.columns.len());
        let (x, y) = (layout.left + column * layout.cell, layout.top + row * layout.cell);
        let _fits = if layout.named {
            let arm = layout.cell - 16;
            write!(path, "M{} {}l{arm} {arm}m0-{arm}l-{arm} {arm}", x + 7, y + 7)
        } else {
            let half = layout.cell / 2;
            write!(path, "M{} {}a7 7 0 1 0 14 0a7 7 0 1 0-14 0", (x + half).saturating_sub(7), y + half)
        };
    }
    path
}

fn labels(grid: &SquareGrid<'_>, layout: &PictureLayout) -> Markup {
    let half = layout.cell / 2;
    html! {
        @for (at, name) in grid.rows.iter().enumerate() {
            text .row x=(layout.left - 8) y=(layout.top + at * layout.cell + half + 3) { (PlainText(&short(name))) }
        }
        @for (at, name) in grid.columns.iter().enumerate() {
            @let (x, y) = (layout.left + at * layout.cell + half, layout.top - 8);
            text .column x=(x) y=(y) transform=(format!("rotate(-50 {x} {y})")) { (PlainText(&short(name))) }
        }
    }
}

fn short(name: &str) -> String {
    if name.chars().count() <= MAX_NAME_CHARS {
        name.to_owned()
    } else {
        name.chars().take(MAX_NAME_CHARS - 1).chain(['…']).collect()
    }
}
