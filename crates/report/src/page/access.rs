//! Roles beyond the four of a service that the manifest declares, with the reason of each.

use maud::{Markup, html};

use super::table;
use super::text::{Text, badge};
use crate::values::{Access, Values};

const HEAD: [&str; 7] = ["Role", "Kind", "Service", "Server", "May", "On", "Reason"];

pub fn section(values: &Values) -> Markup {
    if values.access.is_empty() {
        return html! { p { "The manifest declares no role beyond the four of each service." } };
    }
    let rows = html! { @for access in &values.access { (row(access)) } };
    table("Table of the declared access", &HEAD, &rows)
}

/// Row of one access; the changes show it too.
fn row(access: &Access) -> Markup {
    html! {
        tr {
            th scope="row" { (Text(&access.role)) @if access.expired { " " (badge("warning", "expired")) } }
            td { (Text(&access.kind)) }
            td { (Text(access.service.as_deref().unwrap_or("–"))) }
            td { (Text(&access.server)) }
            td { (Text(&access.level)) }
            td { (Text(access.extent.as_deref().unwrap_or("the whole database"))) }
            td .sentence { (Text(&access.reason)) }
        }
    }
}
