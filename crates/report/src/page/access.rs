//! Roles beyond the four of a service that the manifest declares, with the reason of each.

use maud::{Markup, html};

use super::table::table;
use super::text::{PlainText, badge};
use crate::values::{AccessRow, Values};

const HEAD: [&str; 7] = ["Role", "Kind", "Service", "Server", "May", "On", "Reason"];

pub(crate) fn section(values: &Values) -> Markup {
    if values.access.is_empty() {
        return html! { p { "The manifest declares no role beyond the four of each service." } };
    }
    let rows = html! { @for access in &values.access { (row(access)) } };
    table("Table of the declared access", &HEAD, &rows)
}

/// Row of one access; the changes show it too.
fn row(access: &AccessRow) -> Markup {
    html! {
        tr {
            th scope="row" { (PlainText(&access.role)) @if access.expired { " " (badge("warning", "expired")) } }
            td { (PlainText(&access.kind)) }
            td { (PlainText(access.service.as_deref().unwrap_or("–"))) }
            td { (PlainText(&access.server)) }
            td { (PlainText(&access.level)) }
            td { (PlainText(access.extent.as_deref().unwrap_or("the whole database"))) }
            td .sentence { (PlainText(&access.reason)) }
        }
    }
}
