//! The top: what this is, what is wrong or that nothing is, and by what that was proven.

use maud::{Markup, html};

use super::text::{Figure, PlainText, time};
use crate::values::Values;
use crate::verdict::{self, Line, VerdictLevel};

pub(crate) fn header(values: &Values) -> Markup {
    html! {
        header {
            h1 { (PlainText(&values.project)) }
            p { "Report of the environment " b { (PlainText(&values.environment)) } ", made " (time(&values.made_at)) " UTC by martydb "
                (PlainText(&values.martydb)) "." }
            dl .facts {
                dt { "Commit" } dd { code { (PlainText(values.commit.as_deref().unwrap_or("unknown"))) } }
                dt { "Manifest, SHA-256" } dd { code { (PlainText(&values.manifest_sha256)) } }
            }
        }
    }
}

pub(crate) fn section(values: &Values) -> Markup {
    let wrong = verdict::wrong(values);
    let worst = wrong.first().map_or(VerdictLevel::Good, |line| line.level);
    html! {
        section #overview aria-labelledby="overview-title" {
            h2 #overview-title class=(format!("verdict {}", class(worst))) { (headline(worst)) }
            @if !wrong.is_empty() { ul .wrong { @for line in &wrong { (item(line)) } } }
            p { @if let Some(at) = &values.proven_at { "Proven " (time(at)) " UTC: " } (verdict::proof(values)) }
            (tiles(values))
        }
    }
}

fn headline(worst: VerdictLevel) -> &'static str {
    match worst {
        VerdictLevel::Good => "Nothing is wrong",
        VerdictLevel::Note => "Nothing is wrong; there are notes",
        VerdictLevel::Warning => "Action needed",
        VerdictLevel::Bad => "Something is wrong",
    }
}

/// Class of a level in the style.
pub(crate) fn class(level: VerdictLevel) -> &'static str {
    match level {
        VerdictLevel::Good => "good",
        VerdictLevel::Note => "note",
        VerdictLevel::Warning => "warning",
        VerdictLevel::Bad => "bad",
    }
}

fn item(line: &Line) -> Markup {
    html! { li class=(class(line.level)) { a href=(format!("#{}", line.section)) { (line.text) } } }
}

fn tiles(values: &Values) -> Markup {
    let summary = &values.isolation.summary;
    let tiles = [
        ("services", Figure::length("/services", values.services.len())),
        ("logins tried", Figure::number("/isolation/summary/logins", summary.logins)),
        ("checks", Figure::number("/isolation/summary/probes", summary.probes)),
        ("passed", Figure::number("/isolation/summary/passed", summary.passed)),
        ("breaches", Figure::number("/isolation/summary/breaches", summary.breaches)),
        ("no answer", Figure::number("/isolation/summary/inconclusive", summary.inconclusive)),
        ("findings", Figure::length("/isolation/findings", values.isolation.findings.len())),
        ("accepted", Figure::length("/isolation/accepted", values.isolation.accepted.len())),
    ];
    html! {
        dl .tiles { @for (words, figure) in &tiles { div { dt { (words) } dd { (figure) } } } }
    }
}
