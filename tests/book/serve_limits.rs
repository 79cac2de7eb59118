//! The table of limits in `docs/reference/data-service.md`, generated from the limits of the program.

use martydb_model::{LimitScope, SERVE_LIMITS};

use crate::page::root;

const PAGE: &str = "docs/reference/data-service.md";
const BEGIN: &str = "<!-- limits -->\n";
const END: &str = "<!-- end of limits -->";

/// Returns a number as the manifest may have it.
fn shown(value: u64) -> String {
    match value {
        0..1024 => value.to_string(),
        _ if value.is_multiple_of(1 << 20) => format!("{}MiB", value >> 20),
        _ => value.to_string(),
    }
}

fn table() -> String {
    let mut text = String::from("| key | default | largest | limits | answer |\n|---|---|---|---|---|\n");
    for row in SERVE_LIMITS {
        let scope = if row.scope == LimitScope::Process { "serve" } else { "limits" };
        let (default, largest) = (shown(row.default), shown(row.largest));
        text += &format!(
            "| `{scope}.{}` | {default} | {largest} | {} | {} |\n",
            row.key, row.subject, row.answer
        );
    }
    text
}

#[test]
fn the_page_lists_every_limit() {
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has the mark");
    let (_, after) = rest.split_once(END).expect("the page has its end");
    let wanted = format!("{before}{BEGIN}\n{}\n{END}{after}", table());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(root().join(PAGE), wanted).unwrap();
    } else {
        assert!(page == wanted, "the table of {PAGE} is out of date: run `scripts/update`");
    }
}
