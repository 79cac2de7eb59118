//! Findings: who, where, the path hop by hop, and the fix to copy.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::text::{Figure, PlainText, SeveralLines, badge};
use crate::values::{ShownFinding, Values};

/// Severities, worst first, with their weights.
const SEVERITIES: [(&str, &str); 4] =
    [("critical", "bad"), ("high", "bad"), ("medium", "warning"), ("low", "note")];

/// Sign between the steps of a path in the evidence.
const ARROW: &str = " → ";

pub fn section(values: &Values) -> Markup {
    let (findings, accepted) = (&values.isolation.findings, &values.isolation.accepted);
    html! {
        p { "Findings: " (Figure::length("/isolation/findings", findings.len())) ", accepted: "
            (Figure::length("/isolation/accepted", accepted.len())) "." }
        @for (severity, weight) in SEVERITIES {
            @for finding in findings.iter().filter(|one| one.severity == severity) { (article(finding, weight)) }
        }
        @for finding in findings.iter().filter(|one| rank(&one.severity).is_none()) { (article(finding, "bad")) }
        @if !accepted.is_empty() {
            h3 { "Accepted" }
            @for (reason, all) in by_reason(accepted) {
                details {
                    summary { (all.len()) " accepted: " (PlainText(reason)) }
                    @for finding in all { (article(finding, "note")) }
                }
            }
        }
    }
}

fn rank(severity: &str) -> Option<usize> {
    SEVERITIES.iter().position(|(word, _)| *word == severity)
}

fn by_reason(accepted: &[ShownFinding]) -> BTreeMap<&str, Vec<&ShownFinding>> {
    let mut all: BTreeMap<&str, Vec<&ShownFinding>> = BTreeMap::new();
    for finding in accepted {
        all.entry(finding.reason.as_deref().unwrap_or("no reason")).or_default().push(finding);
    }
    all
}

fn article(finding: &ShownFinding, weight: &str) -> Markup {
    html! {
        article .finding {
            h3 { (badge(weight, &martydb_ui::report::printable(&finding.severity))) " " (PlainText(&finding.id)) }
            dl .facts {
                dt { "Who" } dd { (PlainText(&finding.role)) }
                @for (words, value) in [("Service", &finding.service), ("Database", &finding.database), ("Object", &finding.object)] {
                    @if let Some(value) = value { dt { (words) } dd { (PlainText(value)) } }
                }
                dt { "Server" } dd { (PlainText(&finding.server)) }
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
            @for step in steps.split(ARROW) { li { (PlainText(step)) } }
        }
    }
}
