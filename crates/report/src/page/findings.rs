//! Findings: who, where, the path hop by hop, and the fix to copy.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::text::{Figure, Lines, Text, badge};
use crate::values::{Finding, Values};

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
                    summary { (all.len()) " accepted: " (Text(reason)) }
                    @for finding in all { (article(finding, "note")) }
                }
            }
        }
    }
}

fn rank(severity: &str) -> Option<usize> {
    SEVERITIES.iter().position(|(word, _)| *word == severity)
}

fn by_reason(accepted: &[Finding]) -> BTreeMap<&str, Vec<&Finding>> {
    let mut all: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in accepted {
        all.entry(finding.reason.as_deref().unwrap_or("no reason")).or_default().push(finding);
    }
    all
}

fn article(finding: &Finding, weight: &str) -> Markup {
    html! {
        article .finding {
            h3 { (badge(weight, &martydb_ui::report::printable(&finding.severity))) " " (Text(&finding.id)) }
            dl .facts {
                dt { "Who" } dd { (Text(&finding.role)) }
                @for (words, value) in [("Service", &finding.service), ("Database", &finding.database), ("Object", &finding.object)] {
                    @if let Some(value) = value { dt { (words) } dd { (Text(value)) } }
                }
                dt { "Server" } dd { (Text(&finding.server)) }
            }
            (evidence(&finding.evidence))
            @if let Some(fix) = &finding.fix {
                p .caption { "Fix" }
                pre .fix tabindex="0" aria-label="Fix" role="region" { code { (Lines(fix)) } }
            }
        }
    }
}

/// A path has its login before a colon, and arrows between the steps.
fn evidence(text: &str) -> Markup {
    let path = text.split_once(": ").filter(|(_, steps)| steps.contains(ARROW));
    let Some((login, steps)) = path else { return html! { p { (Text(text)) } } };
    html! {
        ol .path {
            li { (Text(login)) }
            @for step in steps.split(ARROW) { li { (Text(step)) } }
        }
    }
}
