//! Table of a section.

use maud::{Markup, html};

/// Size of rows, in bytes, above which a table certainly scrolls: a browser then reserves its region before the layout.
const TALL_BYTES: usize = 50_000;

/// Table in a region that scrolls by itself, with the keyboard too.
pub(crate) fn table(label: &str, head: &[&str], rows: &Markup) -> Markup {
    html! {
        div .scroll .long[rows.0.len() > TALL_BYTES] role="region" aria-label=(label) tabindex="0" {
            table {
                thead { tr { @for title in head { th scope="col" { (title) } } } }
                tbody { (rows) }
            }
        }
    }
}
