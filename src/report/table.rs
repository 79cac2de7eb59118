//! Tables for people: one record a line, no borders, readable in a pipe and at 80 columns.

use comfy_table::{
    Attribute, Cell as RawCell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table as RawTable,
};

use super::safe::printable;
use super::style::{Paint, Style};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    paint: Paint,
    right: bool,
}

impl Cell {
    /// Text with a meaning. A record is one line, whatever its texts hold.
    pub fn new(text: impl ToString, paint: Paint) -> Self {
        Cell { text: printable(&text.to_string()), paint, right: false }
    }

    /// A number, aligned to the right.
    pub fn number(text: impl ToString) -> Self {
        Cell { text: printable(&text.to_string()), paint: Paint::Plain, right: true }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::new(text, Paint::Plain)
    }
}

#[derive(Debug, Default)]
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    /// Columns that a narrow terminal can do without, the first to go first.
    spare: Vec<&'static str>,
}

impl Table {
    pub fn new(header: &[&'static str]) -> Self {
        Table { header: header.to_vec(), ..Table::default() }
    }

    /// Names columns that are left out, one after the other, while the table is too wide for the terminal.
    #[must_use]
    pub fn spare(mut self, columns: &[&'static str]) -> Self {
        self.spare = columns.to_vec();
        self
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The finished text, a line break at its end.
    pub fn render(&self, style: &Style) -> String {
        let mut raw = RawTable::new();
        raw.load_style(comfy_table::presets::NOTHING).force_no_tty();
        if style.colour {
            raw.enforce_styling();
        }
        if let Some(width) = style.width {
            raw.set_content_arrangement(ContentArrangement::Dynamic);
            raw.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        }
        let shown = self.shown(style);
        raw.set_header(shown.iter().map(|column| heading(self.header[*column], style)));
        for row in &self.rows {
            raw.add_row(shown.iter().filter_map(|column| row.get(*column)).map(|cell| finished(cell, style)));
        }
        let last = shown.len().saturating_sub(1);
        for (place, column) in raw.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if place < last {
                // A name broken over two lines cannot be copied: only the last column, the words, may wrap.
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        let lines: Vec<String> = raw.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
        lines.concat()
    }

    /// The columns that fit, by their places.
    fn shown(&self, style: &Style) -> Vec<usize> {
        let mut shown: Vec<usize> = (0..self.header.len()).collect();
        let Some(limit) = style.width else { return shown };
        let widths: Vec<usize> = shown.iter().map(|column| self.width(*column)).collect();
        for spare in &self.spare {
            let total: usize = shown.iter().map(|column| widths[*column] + 2).sum();
            if total <= limit {
                break;
            }
            shown.retain(|column| self.header[*column] != *spare);
        }
        shown
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.chars().count());
        cells.chain([self.header[column].chars().count()]).max().unwrap_or(0)
    }
}

fn heading(title: &str, style: &Style) -> RawCell {
    let cell = RawCell::new(title.to_uppercase());
    if style.colour { cell.add_attribute(Attribute::Bold) } else { cell }
}

fn finished(cell: &Cell, style: &Style) -> RawCell {
    let mut raw = RawCell::new(&cell.text);
    if cell.right {
        raw = raw.set_alignment(CellAlignment::Right);
    }
    match (style.colour, cell.paint) {
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
        let text = sample().render(&Style::PLAIN);
        assert_eq!(
            text,
            "SERVICE          N   STATE\ncsca              3  ok\npassport_engine  12  pending\n"
        );
    }

    #[test]
    fn colour_appears_only_where_it_is_allowed() {
        assert!(!sample().render(&Style::PLAIN).contains('\u{1b}'));
        assert!(sample().render(&Style { colour: true, width: Some(80) }).contains('\u{1b}'));
    }

    #[test]
    fn a_narrow_terminal_loses_spare_columns_and_breaks_no_name() {
        let mut table = Table::new(&["service", "size", "state"]).spare(&["size"]);
        table.row(["a_rather_long_service_name".into(), "12 MB".into(), "up to date".into()]);
        let narrow = table.render(&Style { colour: false, width: Some(40) });
        assert!(
            narrow.contains("a_rather_long_service_name  up to date") && !narrow.contains("SIZE"),
            "{narrow}"
        );
        let wide = table.render(&Style { colour: false, width: Some(80) });
        assert!(wide.contains("12 MB"), "{wide}");
    }
}
