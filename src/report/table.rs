//! Tables for people: one record a line, no borders, readable in a pipe and at 80 columns.

use comfy_table::{Attribute, Cell as RawCell, CellAlignment, Color, ContentArrangement, Table as RawTable};

use super::Look;

/// What a cell wants to say by its colour; never the only way it says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paint {
    /// No colour.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Less important.
    Dim,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    paint: Paint,
    right: bool,
}

impl Cell {
    /// Text with a meaning.
    pub fn new(text: impl ToString, paint: Paint) -> Self {
        Cell { text: text.to_string(), paint, right: false }
    }

    /// A number, aligned to the right.
    pub fn number(text: impl ToString) -> Self {
        Cell { text: text.to_string(), paint: Paint::Plain, right: true }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::new(text, Paint::Plain)
    }
}

/// A table under construction.
#[derive(Debug, Default)]
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns.
    pub fn new(header: &[&'static str]) -> Self {
        Table { header: header.to_vec(), rows: vec![] }
    }

    /// Adds a record.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// No record yet?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The finished text, a line break at its end.
    pub fn render(&self, look: &Look) -> String {
        let mut raw = RawTable::new();
        raw.load_style(comfy_table::presets::NOTHING).force_no_tty();
        if look.colour {
            raw.enforce_styling();
        }
        if let Some(width) = look.width {
            raw.set_content_arrangement(ContentArrangement::Dynamic);
            raw.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        }
        raw.set_header(self.header.iter().map(|title| heading(title, look)));
        for row in &self.rows {
            raw.add_row(row.iter().map(|cell| finished(cell, look)));
        }
        raw.column_iter_mut().for_each(|column| {
            column.set_padding((0, 2));
        });
        let lines: Vec<String> = raw.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
        lines.concat()
    }
}

fn heading(title: &str, look: &Look) -> RawCell {
    let cell = RawCell::new(title.to_uppercase());
    if look.colour { cell.add_attribute(Attribute::Bold) } else { cell }
}

fn finished(cell: &Cell, look: &Look) -> RawCell {
    let mut raw = RawCell::new(&cell.text);
    if cell.right {
        raw = raw.set_alignment(CellAlignment::Right);
    }
    match (look.colour, cell.paint) {
        (false, _) | (_, Paint::Plain) => raw,
        (_, Paint::Good) => raw.fg(Color::Green),
        (_, Paint::Warn) => raw.fg(Color::Yellow),
        (_, Paint::Bad) => raw.fg(Color::Red),
        (_, Paint::Dim) => raw.add_attribute(Attribute::Dim),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(&["service", "n", "state"]);
        table.row(["csca".into(), Cell::number(3), Cell::new("ok", Paint::Good)]);
        table.row(["passport_engine".into(), Cell::number(12), Cell::new("pending", Paint::Warn)]);
        table
    }

    #[test]
    fn off_a_terminal_a_table_is_plain_lines() {
        let text = sample().render(&Look::PLAIN);
        assert_eq!(
            text,
            "SERVICE          N   STATE\ncsca              3  ok\npassport_engine  12  pending\n"
        );
    }

    #[test]
    fn colour_appears_only_where_it_is_allowed() {
        assert!(!sample().render(&Look::PLAIN).contains('\u{1b}'));
        assert!(sample().render(&Look { colour: true, width: Some(80) }).contains('\u{1b}'));
    }
}
