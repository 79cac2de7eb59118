//! Text and figures of a page. Text from outside becomes visible text only: maud escapes what HTML reads, [`Text`] what a reader
//! cannot see, such as characters that change the direction of writing.

use std::borrow::Cow;

use martydb_model::text::{indented, printable};
use martydb_model::units;
use maud::{Markup, Render, html};

/// Longest text of one cell, in bytes; the JSON has more.
const MAX_CELL_BYTES: usize = 2000;

/// Most elements of a list whose length a service's team can choose; the JSON has more of them.
pub(crate) const MAX_ELEMENTS: usize = 500;

/// Says how many elements of these lists are not shown.
pub(crate) fn rest<const N: usize>(lengths: [usize; N]) -> Markup {
    let more: usize = lengths.into_iter().map(|all| all.saturating_sub(MAX_ELEMENTS)).sum();
    html! { @if more > 0 { p .caption { "The JSON in this page has " (more) " more." } } }
}

/// Returns a server, and the replica of it.
pub(crate) fn place(server: &str, at: Option<&str>) -> String {
    at.map_or_else(|| server.to_owned(), |replica| format!("{server}, replica {replica}"))
}

/// A text on one line.
pub(crate) struct PlainText<'a>(pub &'a str);

impl Render for PlainText<'_> {
    fn render_to(&self, buffer: &mut String) {
        printable(&shortened(self.0)).render_to(buffer);
    }
}

/// A text of several lines, such as SQL.
pub(crate) struct SeveralLines<'a>(pub &'a str);

impl Render for SeveralLines<'_> {
    fn render_to(&self, buffer: &mut String) {
        indented(self.0, 0).render_to(buffer);
    }
}

fn shortened(text: &str) -> Cow<'_, str> {
    let end = text.floor_char_boundary(MAX_CELL_BYTES);
    let rest = text.len() - end;
    if rest == 0 {
        text.into()
    } else {
        format!("{} … ({rest} more bytes in the JSON)", &text[..end]).into()
    }
}

/// A figure, with its place in the JSON: of a number, or of a list whose length it is.
pub(crate) struct Figure {
    pub place: String,
    pub value: i64,
    pub shown: String,
}

impl Figure {
    pub(crate) fn number(place: impl Into<String>, value: u64) -> Figure {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        Figure { place: place.into(), value, shown: value.to_string() }
    }

    /// Length of the list at a place.
    pub(crate) fn length(place: impl Into<String>, length: usize) -> Figure {
        Figure::number(place, u64::try_from(length).unwrap_or(u64::MAX))
    }
}

impl Render for Figure {
    fn render(&self) -> Markup {
        html! { data value=(self.value) data-of=(self.place) { (self.shown) } }
    }
}

/// Returns a figure that may be unknown.
pub(crate) fn optional(place: String, value: Option<i64>, shown: impl Fn(i64) -> String) -> Markup {
    match value {
        Some(value) => Figure { place, value, shown: shown(value) }.render(),
        None => html! { span .unknown { "–" } },
    }
}

/// Returns a size in bytes for people.
pub(crate) fn size(bytes: i64) -> String {
    units::bytes(bytes)
}

/// Returns a duration for people.
pub(crate) fn duration(milliseconds: i64) -> String {
    match milliseconds {
        ..1000 => format!("{milliseconds} ms"),
        _ => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
    }
}

/// Returns a time, for a browser and for people; other text is unchanged.
pub(crate) fn time(at: &str) -> Markup {
    let short = at.split_once('.').map_or(at, |(seconds, _)| seconds).trim_end_matches('Z').replace('T', " ");
    html! { time datetime=(PlainText(at)) { (PlainText(&short)) } }
}

/// Returns a word with its level as a colour and a shape.
pub(crate) fn badge(level: &str, words: &str) -> Markup {
    html! { span class=(format!("badge {level}")) { (words) } }
}
