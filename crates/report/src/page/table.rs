//! Table of a section.

use maud::{Markup, html};

/// Table in a region that scrolls by itself, with the keyboard too.
pub fn table(label: &str, head: &[&str], rows: &Markup) -> Markup {
    html! {
        div .scroll role="region" aria-label=(label) tabindex="0" {
            table {
                thead { tr { @for title in head { th scope="col" { (title) } } } }
                tbody { (rows) }
            }
        }
    }
}
