//! Columns of a report's main list, stated once: people, `-o csv` and `docs/output.md` see them in this order.

use super::style::Style;
use super::table::{Cell, Table};

/// Column of rows of type `R`.
pub struct ReportColumn<R> {
    /// Key in the JSON document, as in [`super::FlatTable`].
    key: Option<&'static str>,
    shown: Option<ShownColumn<R>>,
}

/// Column of the text table.
struct ShownColumn<R> {
    title: &'static str,
    cell: fn(&R, &Style) -> Cell,
    /// Position in the order in which columns are omitted on a narrow terminal.
    spare: Option<u8>,
}

impl<R> ReportColumn<R> {
    pub fn new(key: &'static str, title: &'static str, cell: fn(&R, &Style) -> Cell) -> ReportColumn<R> {
        ReportColumn { key: Some(key), ..ReportColumn::shown(title, cell) }
    }

    /// Makes a column that only the document has.
    pub fn key(key: &'static str) -> ReportColumn<R> {
        ReportColumn { key: Some(key), shown: None }
    }

    /// Makes a column that only people see.
    pub fn shown(title: &'static str, cell: fn(&R, &Style) -> Cell) -> ReportColumn<R> {
        ReportColumn { key: None, shown: Some(ShownColumn { title, cell, spare: None }) }
    }

    /// Makes a column that is omitted on a narrow terminal; `spare` is its position in the order of omission.
    pub fn spare(
        spare: u8,
        key: &'static str,
        title: &'static str,
        cell: fn(&R, &Style) -> Cell,
    ) -> ReportColumn<R> {
        ReportColumn { key: Some(key), shown: Some(ShownColumn { title, cell, spare: Some(spare) }) }
    }

    pub fn keys(columns: Vec<ReportColumn<R>>) -> Vec<&'static str> {
        columns.into_iter().filter_map(|column| column.key).collect()
    }

    /// Returns the table for people, without the columns that are `hidden` in this report.
    pub fn table(
        columns: Vec<ReportColumn<R>>,
        hidden: &[&str],
        rows: impl IntoIterator<Item = R>,
        style: &Style,
    ) -> Table {
        Self::made(columns, hidden, rows, |_| None, style)
    }

    /// Makes the table; `heading` names the group that begins with a row.
    fn made(
        columns: Vec<ReportColumn<R>>,
        hidden: &[&str],
        rows: impl IntoIterator<Item = R>,
        mut heading: impl FnMut(&R) -> Option<String>,
        style: &Style,
    ) -> Table {
        let shown = columns.into_iter().filter_map(|column| column.shown);
        let shown: Vec<_> = shown.filter(|column| !hidden.contains(&column.title)).collect();
        let mut spare: Vec<_> = shown.iter().filter(|column| column.spare.is_some()).collect();
        spare.sort_by_key(|column| column.spare);
        let titles =
            |columns: &[&ShownColumn<R>]| -> Vec<_> { columns.iter().map(|one| one.title).collect() };
        let mut table = Table::new(&titles(&shown.iter().collect::<Vec<_>>())).spare(&titles(&spare));
        for row in rows {
            if let Some(heading) = heading(&row) {
                table.group(&heading);
            }
            table.row(shown.iter().map(|column| (column.cell)(&row, style)));
        }
        table
    }

    /// Returns the table for people with the rows of each server below its name, where there are several.
    pub fn table_by_server(
        columns: Vec<ReportColumn<R>>,
        hidden: &[&str],
        rows: impl IntoIterator<Item = R>,
        server: impl Fn(&R) -> String,
        style: &Style,
    ) -> Table {
        let mut rows: Vec<(String, R)> = rows.into_iter().map(|row| (server(&row), row)).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let several = rows.first().map(|first| &first.0) != rows.last().map(|last| &last.0);
        let mut named = String::new();
        let mut names = rows.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().into_iter();
        let heading = |_: &R| {
            let name = names.next().filter(|name| several && *name != named)?;
            named.clone_from(&name);
            Some(format!("server {name}"))
        };
        let hidden = if several { [hidden, &["server"]].concat() } else { hidden.to_vec() };
        Self::made(columns, &hidden, rows.into_iter().map(|(_, row)| row), heading, style)
    }
}
