//! Result as SARIF 2.1.0, which code scanning services read:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::github::{level, message, obstacles};
use crate::commands::verify::verify_isolation::document::VerifyReport;
use martydb_model::findings::{Finding, KINDS, Severity};
use martydb_ui::annotation::Level;

pub(crate) fn sarif(report: &VerifyReport) -> String {
    let findings = &report.assessment.findings;
    let accepted = report.assessment.accepted.iter().map(|one| {
        let suppression = json!([{ "kind": "external", "justification": one.reason }]);
        result(report, &one.finding, Some(suppression))
    });
    let results: Vec<Value> =
        findings.iter().map(|finding| result(report, finding, None)).chain(accepted).collect();
    let obstacles = obstacles(report);
    let is_complete = obstacles.iter().all(|(level, _)| *level != Level::Error);
    let notes: Vec<Value> = obstacles
        .into_iter()
        .map(|(level, what)| json!({ "level": word(level), "message": { "text": what } }))
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "martydb",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules(findings.iter().chain(report.assessment.accepted.iter().map(|one| &one.finding))),
            } },
            "invocations": [{ "executionSuccessful": is_complete, "toolExecutionNotifications": notes }],
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&document).expect("plain data") + "\n"
}

/// Returns the rules of these findings, each once.
fn rules<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<Value> {
    let ids: BTreeSet<&str> = findings.map(|finding| finding.id).collect();
    let kinds = KINDS.iter().filter(|kind| ids.contains(kind.id));
    let rule = kinds.map(|kind| {
        json!({
            "id": kind.id,
            "shortDescription": { "text": kind.title },
            "help": { "text": format!("martydb explain {} explains it", kind.id) },
            "properties": { "security-severity": security_severity(kind.severity) },
        })
    });
    rule.collect()
}

/// Returns the number from which GitHub derives the severity of a security finding:
/// <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "3.0",
        Severity::Medium => "6.0",
        Severity::High => "8.0",
        Severity::Critical => "9.5",
    }
}

/// Returns the level of a result or a notification.
fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Notice => "note",
    }
}

fn result(report: &VerifyReport, finding: &Finding, suppressions: Option<Value>) -> Value {
    let level = word(level(finding));
    let parts = [
        Some(&finding.server),
        finding.at.as_ref(),
        finding.database.as_ref(),
        finding.object.as_ref(),
        Some(&finding.role),
    ];
    let place: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    let uri = report.checkout.uri(&report.manifest);
    let mut result = json!({
        "ruleId": finding.id,
        "level": level,
        "message": { "text": message(finding) },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri }, "region": { "startLine": 1 } },
            "logicalLocations": [{ "fullyQualifiedName": place.join("/") }],
        }],
        // The same finding of the next run: neither its evidence nor its fix takes part.
        "partialFingerprints": { "finding/v1": format!("{}/{}", finding.id, place.join("/")) },
    });
    if let Some(suppressions) = suppressions {
        result["suppressions"] = suppressions;
    }
    result
}
