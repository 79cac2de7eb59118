//! Tables for people: one record per line, no borders, readable in a pipe and at 80 columns.

use comfy_table::{
    Attribute, Cell as RawCell, CellAlignment, Color, ColumnConstraint, ContentArrangement,
    Table as RawTable, Width,
};

use super::grid::paint;
use super::layout::{GAP, Measure, TableLayout, cut, lay_out};
use super::style::{Paint, Style};
use super::wrap::wrapped;
use martydb_model::text::printable;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    paint: Paint,
    right: bool,
}

impl Cell {
    /// Makes a cell of text with a meaning. It is one line, whatever the text contains.
    pub fn new(text: impl ToString, paint: Paint) -> Self {
        Cell { text: printable(&text.to_string()), paint, right: false }
    }

    /// Makes a number cell, aligned to the right.
    pub fn number(text: impl ToString) -> Self {
        Cell { text: printable(&text.to_string()), paint: Paint::Plain, right: true }
    }

    /// Makes the cell of a number that may be unknown.
    pub fn optional(number: Option<impl ToString>) -> Self {
        number.map_or_else(|| Cell::number("-"), Cell::number)
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::new(text, Paint::Plain)
    }
}

/// Row in the place of a heading. Cells are printable, so none is equal.
const HEADING: &str = "\u{1}";

#[derive(Debug, Default)]
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    /// Columns omitted on a narrow terminal, in this order.
    spare: Vec<&'static str>,
    /// Headings of groups, each with the number of its first row.
    groups: Vec<(usize, String)>,
}

impl Table {
    pub fn new(header: &[&'static str]) -> Self {
        Table { header: header.to_vec(), ..Table::default() }
    }

    /// Sets the columns that are omitted, in this order, while the table is too wide for the terminal.
    #[must_use]
    pub fn spare(mut self, columns: &[&'static str]) -> Self {
        self.spare = columns.to_vec();
        self
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Begins a group of rows below a heading of its own.
    pub fn group(&mut self, heading: &str) {
        self.groups.push((self.rows.len(), printable(heading)));
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Renders the table, with a line break at its end.
    pub fn render(&self, style: &Style) -> String {
        let measures: Vec<Measure> = (0..self.header.len()).map(|column| self.measure(column)).collect();
        let all = || measures.iter().map(|one| one.width).enumerate().collect();
        let layout =
            style.width.map_or_else(|| TableLayout::Columns(all()), |limit| lay_out(&measures, limit));
        match layout {
            TableLayout::Columns(shown) => self.lines(&shown, style) + &self.hidden(&shown, style),
            TableLayout::Blocks => self.blocks(style),
        }
    }

    /// Renders the table, or returns `empty` if it has no rows.
    pub fn render_or(&self, empty: &str, style: &Style) -> String {
        if self.is_empty() { empty.to_owned() } else { self.render(style) }
    }

    fn lines(&self, shown: &[(usize, usize)], style: &Style) -> String {
        let mut raw = RawTable::new();
        raw.load_style(comfy_table::presets::NOTHING).force_no_tty();
        if style.colour {
            raw.enforce_styling();
        }
        if let Some(width) = style.width {
            raw.set_content_arrangement(ContentArrangement::Dynamic);
            // The space after the last column is trimmed below.
            raw.set_width(u16::try_from(width + GAP).unwrap_or(u16::MAX));
        }
        let (last, room) = (shown.len().saturating_sub(1), shown.last().map_or(0, |(_, width)| width + GAP));
        raw.set_header(shown.iter().map(|(column, _)| heading(self.header[*column], style)));
        for (heading, rows) in self.parts() {
            if heading.is_some() {
                raw.add_row([HEADING]);
            }
            for row in rows {
                let cells = shown.iter().enumerate().filter_map(|(place, (column, width))| {
                    let cell = row.get(*column)?;
                    let text = if place < last { cut(&cell.text, *width) } else { cell.text.clone() };
                    Some(finished(&text, cell, style))
                });
                raw.add_row(cells);
            }
        }
        for (place, column) in raw.column_iter_mut().enumerate() {
            column.set_padding((0, u16::try_from(GAP).unwrap_or(u16::MAX)));
            // A name broken over two lines cannot be copied: only the last column may wrap.
            column.set_constraint(match style.width {
                Some(_) if place == last => {
                    ColumnConstraint::Absolute(Width::Fixed(u16::try_from(room).unwrap_or(u16::MAX)))
                }
                _ => ColumnConstraint::ContentWidth,
            });
        }
        let mut headings = self.groups.iter().map(|(_, heading)| self.titled(heading, style));
        let lines = raw.lines().map(|line| match line.trim() {
            HEADING => headings.next().unwrap_or_default(),
            _ => line.trim_end().to_owned() + "\n",
        });
        lines.collect()
    }

    /// Returns the rows of each group with its heading; all rows without one, if there are no groups.
    fn parts(&self) -> impl Iterator<Item = (Option<&str>, &[Vec<Cell>])> {
        let whole = self.groups.is_empty().then_some((None, &self.rows[..]));
        let groups = self.groups.iter().enumerate().map(|(number, (start, heading))| {
            let end = self.groups.get(number + 1).map_or(self.rows.len(), |(end, _)| *end);
            (Some(heading.as_str()), &self.rows[*start..end])
        });
        whole.into_iter().chain(groups)
    }

    fn titled(&self, heading: &str, style: &Style) -> String {
        let title = wrapped(heading, "  ", style);
        paint(title.trim_end(), Paint::Dim, style) + "\n"
    }

    /// Returns a note about omitted columns: otherwise they would seem not to exist.
    fn hidden(&self, shown: &[(usize, usize)], style: &Style) -> String {
        let is_shown = |column: usize| shown.iter().any(|(place, _)| *place == column);
        let hidden: Vec<_> = (0..self.header.len()).filter(|column| !is_shown(*column)).collect();
        let names: Vec<_> = hidden.into_iter().map(|column| self.header[column].to_uppercase()).collect();
        match names.is_empty() {
            true => String::new(),
            false => paint(&format!("(too narrow for {})", names.join(", ")), Paint::Dim, style) + "\n",
        }
    }

    /// Renders one paragraph per row.
    fn blocks(&self, style: &Style) -> String {
        let block = |row: &Vec<Cell>| {
            let lines = self.header.iter().zip(row).filter(|(_, cell)| !cell.text.is_empty());
            let line = |(title, cell): (&&str, &Cell)| {
                wrapped(&format!("{title}: {}", paint(&cell.text, cell.paint, style)), "  ", style)
            };
            lines.map(line).collect::<String>()
        };
        let parts = self.parts().map(|(heading, rows)| {
            let title = heading.map_or_else(String::new, |heading| self.titled(heading, style));
            title + &rows.iter().map(block).collect::<Vec<_>>().join("\n")
        });
        parts.collect::<Vec<_>>().join("\n")
    }

    fn measure(&self, column: usize) -> Measure {
        let cells = || self.rows.iter().filter_map(|row| row.get(column));
        let title = self.header[column];
        let widths = cells().map(|cell| cell.text.chars().count()).chain([title.chars().count()]);
        Measure {
            width: widths.max().unwrap_or(0),
            number: !self.rows.is_empty() && cells().all(|cell| cell.right),
            spare: self.spare.iter().position(|spare| *spare == title),
        }
    }
}

fn heading(title: &str, style: &Style) -> RawCell {
    let cell = RawCell::new(title.to_uppercase());
    if style.colour { cell.add_attribute(Attribute::Bold) } else { cell }
}

fn finished(text: &str, cell: &Cell, style: &Style) -> RawCell {
    let mut raw = RawCell::new(text);
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
    fn a_table_off_a_terminal_is_plain_lines() {
        let text = sample().render(&Style::PLAIN);
        assert_eq!(
            text,
            "SERVICE          N   STATE\ncsca              3  ok\npassport_engine  12  pending\n"
        );
    }

    #[test]
    fn groups_have_a_heading_and_the_same_columns() {
        let mut table = Table::new(&["service", "n", "state"]);
        table.group("server a");
        table.row(["csca".into(), Cell::number(3), Cell::new("ok", Paint::Good)]);
        table.group("server \u{1b}b");
        table.row(["passport_engine".into(), Cell::number(12), Cell::new("pending", Paint::Warn)]);
        let text = "SERVICE          N   STATE\nserver a\ncsca              3  ok\nserver \\u{1b}b\npassport_engine  12  pending\n";
        assert_eq!(table.render(&Style::PLAIN), text);
        assert_eq!(table.render(&Style { width: Some(80), ..Style::PLAIN }), text);
        let narrow = table.render(&Style { width: Some(12), ..Style::PLAIN });
        assert!(narrow.starts_with("server a\n"), "{narrow}");
    }

    #[test]
    fn colour_appears_only_where_it_is_allowed() {
        assert!(!sample().render(&Style::PLAIN).contains('\u{1b}'));
        assert!(sample().render(&Style { colour: true, width: Some(80) }).contains('\u{1b}'));
    }

    #[test]
    fn a_narrow_terminal_loses_spare_columns_and_says_so() {
        let mut table = Table::new(&["service", "size", "state"]).spare(&["size"]);
        table.row([
            "a_rather_long_service_name_as_they_come".into(),
            "12 MB and some".into(),
            "up to date".into(),
        ]);
        let narrow = table.render(&Style { colour: false, width: Some(60) });
        assert_eq!(
            narrow,
            "SERVICE                                  STATE\na_rather_long_service_name_as_they_come  up to date\n\
             (too narrow for SIZE)\n"
        );
        let wide = table.render(&Style { colour: false, width: Some(80) });
        assert!(wide.contains("12 MB") && !wide.contains("narrow"), "{wide}");
    }

    #[test]
    fn a_table_that_just_fits_has_no_empty_lines() {
        for width in 60..100 {
            let mut table = Table::new(&["service", "name", "outcome"]);
            table.row(["csca".into(), "certificate_chains_and_more_words_in_one".into(), "ok".into()]);
            let text = table.render(&Style { colour: false, width: Some(width) });
            assert_eq!(text.lines().count(), 2, "{width}:\n{text}");
        }
    }

    #[test]
    fn a_very_narrow_terminal_gets_blocks() {
        let narrow = Style { colour: false, width: Some(20) };
        assert_eq!(
            sample().render(&narrow),
            "service: csca\nn: 3\nstate: ok\n\nservice:\n  passport_engine\nn: 12\nstate: pending\n"
        );
        for width in 1..120 {
            let text = sample().render(&Style { colour: false, width: Some(width) });
            let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= width.max("  passport_engine".len()), "{width}:\n{text}");
        }
    }
}
