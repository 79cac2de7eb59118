//! Findings: who, where, the path hop by hop, and the fix to copy.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::text::{Figure, MAX_ELEMENTS, PlainText, SeveralLines, badge, place, rest};
use crate::values::{ShownFinding, Values};

/// Severities, worst first, with their weights.
const SEVERITIES: [(&str, &str); 4] =
    [("critical", "bad"), ("high", "bad"), ("medium", "warning"), ("low", "note")];

/// Most steps of a path.
const LONGEST_PATH: usize = 50;

/// Sign between the steps of a path in the evidence.
const ARROW: &str = " → ";

pub(crate) fn section(values: &Values) -> Markup {
    let (findings, accepted) = (&values.isolation.findings, &values.isolation.accepted);
    html! {
        p { "Findings: " (Figure::length("/isolation/findings", findings.len())) ", accepted: "
            (Figure::length("/isolation/accepted", accepted.len())) "." }
        @for (finding, level) in worst_first(findings).into_iter().take(MAX_ELEMENTS) { (article(finding, level)) }
        (rest([findings.len()]))
        @if !accepted.is_empty() {
            h3 { "Accepted" }
            @for (reason, all) in by_reason(accepted) {
                details {
                    summary { (all.len()) " accepted: " (PlainText(reason)) }
                    @for finding in all.iter().take(MAX_ELEMENTS) { (article(finding, "note")) }
                    (rest([all.len()]))
                }
            }
        }
    }
}

/// Returns the findings with their weights; a severity of a later version is first.
fn worst_first(findings: &[ShownFinding]) -> Vec<(&ShownFinding, &'static str)> {
    let rank = |finding: &ShownFinding| SEVERITIES.iter().position(|(word, _)| *word == finding.severity);
    let mut all: Vec<&ShownFinding> = findings.iter().collect();
    all.sort_by_key(|finding| rank(finding));
    all.into_iter().map(|finding| (finding, rank(finding).map_or("bad", |at| SEVERITIES[at].1))).collect()
}

fn by_reason(accepted: &[ShownFinding]) -> BTreeMap<&str, Vec<&ShownFinding>> {
    let mut all: BTreeMap<&str, Vec<&ShownFinding>> = BTreeMap::new();
    for finding in accepted {
        all.entry(finding.reason.as_deref().unwrap_or("no reason")).or_default().push(finding);
    }
    all
}

fn article(finding: &ShownFinding, level: &str) -> Markup {
    html! {
        article .finding {
            h3 { (badge(level, &martydb_model::text::printable(&finding.severity))) " " (PlainText(&finding.id)) }
            dl .facts {
                dt { "Who" } dd { (PlainText(&finding.role)) }
                @for (words, value) in [("Service", &finding.service), ("Database", &finding.database), ("Object", &finding.object)] {
                    @if let Some(value) = value { dt { (words) } dd { (PlainText(value)) } }
                }
                dt { "Server" } dd { (PlainText(&place(&finding.server, finding.at.as_deref()))) }
            }
            (evidence(&finding.evidence))
            @if let Some(fix) = &finding.fix {
                p .caption { "Fix" }
                pre .fix tabindex="0" aria-label="Fix" role="region" { code { (SeveralLines(fix)) } }
            }
        }
    }
}

/// A path has its login before a colon, and arrows between the steps.
fn evidence(text: &str) -> Markup {
    let path = text.split_once(": ").filter(|(_, steps)| steps.contains(ARROW));
    let Some((login, steps)) = path else { return html! { p { (PlainText(text)) } } };
    html! {
        ol .path {
            li { (PlainText(login)) }
            @for step in steps.splitn(LONGEST_PATH, ARROW) { li { (PlainText(step)) } }
        }
    }
}
