//! The page: one file with its style and its script, which a browser runs by their hashes and nothing else. Every section is
//! complete without the script, which sorts, filters, folds and copies.

mod access;
mod changes;
mod checks;
mod findings;
mod history;
mod matrix;
mod overview;
mod picture;
mod services;
mod skipped;
mod table;
mod text;
mod timeline;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::difference::ReportDifference;
use crate::embedded;
use crate::values::{ReportValues, Values};
use text::PlainText;

pub use checks::{CheckPlot, PlottedRun};

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// Section: its ID, its heading and its contents.
type Section = (&'static str, &'static str, fn(&Values) -> Markup);

/// Sections, in order.
const SECTIONS: [Section; 6] = [
    ("services", "Services", services::section),
    ("matrix", "Who gets in where", matrix::section),
    ("findings", "Findings", findings::section),
    ("access", "Declared access", access::section),
    ("history", "History", history::section),
    ("skipped", "What was not looked at", skipped::section),
];

/// Parts of a page that a report alone does not have.
#[derive(Debug, Default)]
pub struct Extras<'a> {
    /// Changes since an earlier report.
    pub difference: Option<&'a ReportDifference>,
    /// Runs of the monitor's checks.
    pub checks: &'a [CheckPlot],
    /// Seconds after which a browser loads the page again.
    pub renewed: Option<u32>,
}

/// Returns the policy of the page: no request, no script and no style but its own
/// (<https://www.w3.org/TR/CSP3/#framework-directive-source-list>).
pub fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// Renders a report.
pub fn render(report: &ReportValues, extras: &Extras<'_>) -> String {
    let values = &report.values;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(values, extras))
            body {
                a .skip href="#services" { "Skip to the services" }
                (overview::header(values))
                main {
                    (overview::section(values))
                    @if let Some(difference) = extras.difference { (changes::section(difference)) }
                    @if !extras.checks.is_empty() { (checks::section(extras.checks)) }
                    @for (id, title, section) in SECTIONS {
                        section id=(id) aria-labelledby=(format!("{id}-title")) {
                            h2 id=(format!("{id}-title")) { (title) }
                            (section(values))
                        }
                    }
                }
                footer { p { "Made by martydb " (PlainText(&values.martydb)) ". The values of this page are in it as JSON, in the element "
                    code { (embedded::ID) } "." } }
                (PreEscaped(embedded::element(&report.json)))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn head(values: &Values, extras: &Extras<'_>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            (PreEscaped(embedded::MARK))
            meta http-equiv="Content-Security-Policy" content=(policy());
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            @if let Some(seconds) = extras.renewed { meta http-equiv="refresh" content=(seconds); }
            title { (PlainText(&values.project)) ": report of martydb" }
            style { (PreEscaped(STYLE)) }
        }
    }
}
