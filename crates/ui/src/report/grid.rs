//! A grid of small marks: an overview of many rows and columns. Columns are headed by their names if these fit, else
//! by numbers; marks are words if there is room, else single signs.

use std::collections::BTreeMap;
use std::ops::Range;

use super::style::{Paint, Style};
use martydb_model::text::printable;

/// One cell: the same meaning as a word and as a sign; neither needs colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Used if there is room.
    pub word: &'static str,
    /// Used if there is not.
    pub sign: char,
    pub meaning: &'static str,
    pub paint: Paint,
}

/// Labelled rows of marks; every row is padded to the longest.
#[derive(Debug, Default)]
pub struct Grid {
    /// Names of the columns.
    names: Vec<String>,
    rows: Vec<(String, Vec<Option<Mark>>)>,
}

/// Width without a terminal: a file is read in a window too.
const DEFAULT_WIDTH: usize = 100;
const MAX_LABEL: usize = 32;
/// Number of signs between gaps, which help to count.
const GROUP: usize = 10;

impl Grid {
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Grid {
        Grid { names: names.into_iter().map(printable).collect(), rows: vec![] }
    }

    /// Returns `true` if names head the columns; these need no key.
    pub fn has_names(&self, style: &Style) -> bool {
        let widths: usize = self.named_widths().iter().map(|width| width + 2).sum();
        !self.names.is_empty() && widths <= self.room(style) + 2
    }

    fn named_widths(&self) -> Vec<usize> {
        let word = self.word();
        self.names.iter().map(|name| name.chars().count().max(word)).collect()
    }

    /// Returns the width of the longest word.
    fn word(&self) -> usize {
        self.marks().map(|mark| mark.word.len()).max().unwrap_or(0)
    }

    fn room(&self, style: &Style) -> usize {
        style.width.unwrap_or(DEFAULT_WIDTH).saturating_sub(self.label_width() + 2)
    }

    /// Adds a row; `None` leaves a cell empty.
    pub fn row(&mut self, label: impl Into<String>, marks: Vec<Option<Mark>>) {
        self.rows.push((printable(&label.into()), marks));
    }

    /// Renders the grid, with a key of the signs if signs were used.
    pub fn render(&self, style: &Style) -> String {
        let columns = self.rows.iter().map(|(_, marks)| marks.len()).max().unwrap_or(0);
        let word = self.word().max(columns.to_string().len());
        let room = self.room(style);
        if self.has_names(style) {
            self.words(&self.names, &self.named_widths(), style)
        } else if columns * (word + 2) <= room + 2 {
            let numbers: Vec<String> = (1..=columns).map(|n| n.to_string()).collect();
            self.words(&numbers, &vec![word; columns], style)
        } else {
            self.signs(columns, room, style)
        }
    }

    fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.rows.iter().flat_map(|(_, marks)| marks).flatten()
    }

    fn label_width(&self) -> usize {
        let longest = self.rows.iter().map(|(label, _)| label.chars().count()).max();
        longest.unwrap_or(0).min(MAX_LABEL)
    }

    fn words(&self, titles: &[String], widths: &[usize], style: &Style) -> String {
        let titles = titles.iter().zip(widths).map(|(title, width)| format!("{title:<width$}"));
        let mut lines = vec![self.line("", titles, "  ")];
        for (label, marks) in &self.rows {
            let cells = marks.iter().zip(widths).map(|(mark, width)| match mark {
                Some(mark) => paint(mark.word, mark.paint, style) + &" ".repeat(width - mark.word.len()),
                None => " ".repeat(*width),
            });
            lines.push(self.line(label, cells, "  "));
        }
        lines.concat()
    }

    fn signs(&self, columns: usize, room: usize, style: &Style) -> String {
        // Gaps help to count, but one band without them is easier to read than two with them.
        let grouped = room * GROUP / (GROUP + 1);
        let ungrouped = columns > grouped && columns <= room;
        let (band, group) = if ungrouped { (columns, usize::MAX) } else { (grouped.max(1), GROUP) };
        let gap = |n: usize| if (n + 1).is_multiple_of(group) { " " } else { "" };
        let mut lines = vec![];
        for first in (0..columns).step_by(band) {
            let range = first..columns.min(first + band);
            if first > 0 {
                lines.push("\n".into());
            }
            lines.extend(self.numbers(range.clone(), gap));
            for (label, marks) in &self.rows {
                let sign = |n: usize| match marks.get(n).copied().flatten() {
                    Some(mark) => paint(&mark.sign.to_string(), mark.paint, style),
                    None => " ".into(),
                };
                lines.push(self.line(label, range.clone().map(|n| sign(n) + gap(n)), ""));
            }
        }
        lines.push(self.key(style));
        lines.concat()
    }

    /// Renders the columns' numbers vertically.
    fn numbers(&self, range: Range<usize>, gap: impl Fn(usize) -> &'static str) -> Vec<String> {
        let height = range.end.to_string().len();
        let digit = |n: usize, line: usize| -> String {
            let text = format!("{:>height$}", n + 1);
            text.chars().nth(line).unwrap_or(' ').to_string() + gap(n)
        };
        (0..height).map(|line| self.line("", range.clone().map(|n| digit(n, line)), "")).collect()
    }

    fn key(&self, style: &Style) -> String {
        let used: BTreeMap<String, &Mark> =
            self.marks().map(|mark| (mark.meaning.to_lowercase(), mark)).collect();
        let sign = |mark: &Mark| paint(&mark.sign.to_string(), mark.paint, style);
        let key: Vec<_> = used.values().map(|mark| format!("{} {}", sign(mark), mark.meaning)).collect();
        format!("\n{}\n", key.join("   "))
    }

    fn line(&self, label: &str, cells: impl Iterator<Item = String>, between: &str) -> String {
        let width = self.label_width();
        let label = match label.chars().count() > width {
            true => label.chars().take(width - 1).chain(['…']).collect(),
            false => label.to_owned(),
        };
        let cells: Vec<_> = cells.collect();
        format!("{label:<width$}  {}", cells.join(between)).trim_end().to_owned() + "\n"
    }
}

pub fn paint(text: &str, paint: Paint, style: &Style) -> String {
    let code = match paint {
        Paint::Plain => return text.into(),
        _ if !style.colour => return text.into(),
        Paint::Good => "32",
        Paint::Warn => "33",
        Paint::Bad => "1;31",
        Paint::Dim => "2",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
