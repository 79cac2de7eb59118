//! Parts that were not looked at, or not in full, and what would allow it.

use maud::{Markup, html};

use super::table::table;
use super::text::{Figure, MAX_ELEMENTS, PlainText, rest};
use crate::values::{Skipped, Values};
use crate::verdict::proof;

const HEAD: [&str; 3] = ["What", "Why", "What would allow it"];

pub(crate) fn section(values: &Values) -> Markup {
    let rows = html! { @for one in values.skipped.iter().take(MAX_ELEMENTS) { (row(one)) } };
    html! {
        p { (proof(values)) }
        p { "Not looked at, or not in full: " (Figure::length("/skipped", values.skipped.len())) "." }
        @if !values.skipped.is_empty() { (table("Table of what was not looked at", &HEAD, &rows)) }
        (rest([values.skipped.len()]))
    }
}

fn row(one: &Skipped) -> Markup {
    html! {
        tr {
            th scope="row" { (PlainText(&one.what)) }
            td .sentence { (PlainText(&one.why)) }
            td { @match &one.grant { Some(grant) => code { (PlainText(grant)) }, None => "–" } }
        }
    }
}
