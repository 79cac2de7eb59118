//! `explain`: explains a finding of `verify-isolation`, a rule of `lint` or an alert of `monitor`, from the shipped
//! page.

use clap::Args;
use serde::Serialize;

use crate::shipped_files::{FINDINGS, runbook};
use martydb_manifest::lint_rules;
use martydb_migrate::check::squawk_rules::{self, Rule};
use martydb_model::error::{Error, Result};
use martydb_model::findings::{KINDS, Severity};
use martydb_model::metrics::ALERTS;
use martydb_model::suggest::{did_you_mean, nearest};
use martydb_ui::report::{Report, Style, wrapped};

#[derive(Debug, Args)]
pub struct Arguments {
    /// ID of a finding, or name of a rule or an alert.
    #[arg(value_name = "ID")]
    pub id: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Explanation {
    id: String,
    /// Usual severity of a finding; `None` for a rule.
    severity: Option<Severity>,
    title: String,
    /// Paragraphs.
    text: Vec<String>,
}

/// # Errors
/// If no finding, rule or alert has this name.
pub(crate) fn run(arguments: &Arguments) -> Result<Explanation> {
    let id = arguments.id.as_str();
    let of_squawk = || id.parse().ok().map(|rule| of_rule(id, &rule));
    finding(id).or_else(|| of_alert(id)).or_else(|| of_martydb(id)).or_else(of_squawk).ok_or_else(|| {
        let rules = squawk_rules::names();
        let own = lint_rules::OWN.iter().map(|row| row.0);
        let known = KINDS.iter().map(|kind| kind.id).chain(own).chain(rules.iter().map(String::as_str));
        let known = known.chain(ALERTS.iter().map(|alert| alert.name));
        let hint = nearest(id, known).map_or(
            "`martydb verify-isolation` and `martydb lint` print the ID of each finding in brackets".into(),
            did_you_mean,
        );
        Error::usage(format!("unknown finding, rule or alert \"{id}\"")).hint(hint)
    })
}

fn finding(id: &str) -> Option<Explanation> {
    let kind = KINDS.iter().find(|kind| kind.id == id)?;
    let section = FINDINGS.split("\n## ").find_map(|section| section.strip_prefix(&format!("{id}\n")))?;
    let points = section.lines().filter_map(|line| line.strip_prefix("- "));
    Some(Explanation {
        id: id.into(),
        severity: Some(kind.severity),
        title: kind.title.into(),
        text: points.map(|point| point.replace("**", "")).chain([accepting(id)]).collect(),
    })
}

fn accepting(id: &str) -> String {
    format!(
        "How to accept it. In the manifest, or in a service of it: allow: [{{ finding: {id}, reason: TEXT }}]"
    )
}

fn of_alert(name: &str) -> Option<Explanation> {
    let alert = ALERTS.iter().find(|alert| alert.name.eq_ignore_ascii_case(name))?;
    let points = runbook(alert.runbook).lines().filter_map(|line| line.strip_prefix("- "));
    let title =
        runbook(alert.runbook).lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
    Some(Explanation {
        id: alert.name.into(),
        severity: None,
        title: format!("{title} ({} alert)", alert.severity.word()),
        text: points.map(|point| point.replace("**", "").replace('`', "")).collect(),
    })
}

fn of_martydb(name: &str) -> Option<Explanation> {
    let (id, meaning) = lint_rules::OWN.iter().find(|row| row.0 == name)?;
    let text = vec![(*meaning).into()];
    Some(Explanation { id: (*id).into(), severity: None, title: "a rule of lint".into(), text })
}

fn of_rule(name: &str, rule: &Rule) -> Explanation {
    let when = match squawk_rules::OFF.iter().find(|(off, _)| off == rule) {
        Some((_, why)) => format!("It is off unless the manifest enables it: {why}."),
        None => "It is on unless the manifest disables it.".into(),
    };
    Explanation {
        id: name.into(),
        severity: None,
        title: "a rule of lint".into(),
        text: vec![when, format!("Findings and alternatives: https://squawkhq.com/docs/{name}")],
    }
}

impl Report for Explanation {
    fn text(&self, style: &Style) -> String {
        let severity = self.severity.map_or(String::new(), |severity| format!(" ({})", severity.word()));
        let title = wrapped(&format!("{}{severity}: {}", self.id, self.title), "  ", style);
        let text = self.text.iter().map(|paragraph| wrapped(&format!("\n{paragraph}"), "  ", style));
        title + &text.collect::<String>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_and_rule_is_explained() {
        let explain = |id: &str| run(&Arguments { id: id.into() });
        for kind in KINDS {
            let found = explain(kind.id).unwrap();
            assert_eq!((found.severity, found.text.len()), (Some(kind.severity), 4), "{}", kind.id);
        }
        for name in squawk_rules::names() {
            assert!(explain(&name).unwrap().text[1].ends_with(&name));
        }
        for alert in ALERTS {
            assert_eq!(explain(alert.name).unwrap().text.len(), 3, "{}", alert.name);
        }
        let error = explain("definer-veiw").unwrap_err();
        assert!(error.hints[0].contains("definer-view"));
    }
}
