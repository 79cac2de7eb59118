//! Table of a section.

use maud::{Markup, html};

/// Bytes of rows from which on a table is surely higher than its region, so that a browser knows its place without a layout.
const LONG: usize = 50_000;

/// Table in a region that scrolls by itself, with the keyboard too.
pub(crate) fn table(label: &str, head: &[&str], rows: &Markup) -> Markup {
    html! {
        div .scroll .long[rows.0.len() > LONG] role="region" aria-label=(label) tabindex="0" {
            table {
                thead { tr { @for title in head { th scope="col" { (title) } } } }
                tbody { (rows) }
            }
        }
    }
}
