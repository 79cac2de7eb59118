//! Prometheus configuration: scrape targets and alerts.
//!
//! <https://prometheus.io/docs/prometheus/latest/configuration/configuration/>,
//! <https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/>

use std::collections::BTreeMap;

use serde::Serialize;

use super::deployment::DeploymentPlan;
use martydb_model::error::Result;
use martydb_model::metrics::{ALERTS, Alert, of_project};
use martydb_ui::report::yaml_text;

/// Name of the rules file, beside the configuration.
pub const RULES_FILE: &str = "martydb-alerts.yml";

/// Interval of scrapes.
pub const INTERVAL: &str = "15s";

/// Default address of the monitor.
const LOOPBACK: &str = "127.0.0.1:9187";

#[derive(Serialize)]
struct Configuration {
    rule_files: [&'static str; 1],
    scrape_configs: [ScrapeConfig; 1],
}

#[derive(Serialize)]
struct ScrapeConfig {
    job_name: String,
    scrape_interval: &'static str,
    scrape_timeout: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheme: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    basic_auth: Option<BasicAuth>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_config: Option<TlsConfig>,
    static_configs: [StaticConfig; 1],
}

#[derive(Serialize)]
struct BasicAuth {
    username: &'static str,
    password_file: &'static str,
}

#[derive(Serialize)]
struct TlsConfig {
    ca_file: &'static str,
}

#[derive(Serialize)]
struct StaticConfig {
    targets: [String; 1],
}

/// Returns the scrape configuration. On another machine the monitor requires TLS and a password, whose files are
/// beside this one.
pub fn configuration(plan: &DeploymentPlan<'_>) -> Result<String> {
    let target = plan.manifest.deploy.monitor.clone().unwrap_or_else(|| LOOPBACK.to_owned());
    let host = target.rsplit_once(':').map_or(target.as_str(), |(host, _)| host);
    let far = !["127.0.0.1", "localhost", "[::1]"].contains(&host);
    let basic_auth = BasicAuth { username: "prometheus", password_file: "martydb-password" };
    let scrape = ScrapeConfig {
        job_name: format!("martydb-{}", plan.manifest.project),
        scrape_interval: INTERVAL,
        scrape_timeout: "10s",
        scheme: far.then_some("https"),
        basic_auth: far.then_some(basic_auth),
        tls_config: far.then_some(TlsConfig { ca_file: "martydb-ca.crt" }),
        static_configs: [StaticConfig { targets: [target] }],
    };
    Ok(yaml_text(&Configuration { rule_files: [RULES_FILE], scrape_configs: [scrape] }))
}

/// Groups of rules, in a file of Prometheus and in a PrometheusRule.
#[derive(Serialize)]
pub struct RuleFile {
    groups: [RuleGroup; 1],
}

impl RuleFile {
    /// Returns the alerts, which cover only this project, even if the same Prometheus scrapes others.
    pub fn of(project: &str) -> RuleFile {
        let rules = ALERTS.iter().map(|alert| AlertRule::of(alert, project)).collect();
        RuleFile { groups: [RuleGroup { name: format!("martydb-{project}"), rules }] }
    }
}

#[derive(Serialize)]
struct RuleGroup {
    name: String,
    rules: Vec<AlertRule>,
}

#[derive(Serialize)]
struct AlertRule {
    alert: &'static str,
    expr: String,
    #[serde(rename = "for")]
    lasting: &'static str,
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, String>,
}

impl AlertRule {
    fn of(alert: &Alert, project: &str) -> AlertRule {
        let labels = [("severity", alert.severity.word().to_owned()), ("project", project.to_owned())];
        let annotations =
            [("summary", alert.summary.to_owned()), ("runbook", format!("martydb explain {}", alert.name))];
        AlertRule {
            alert: alert.name,
            expr: of_project(alert.expression, project),
            lasting: alert.lasting,
            labels: labels.into(),
            annotations: annotations.into(),
        }
    }
}

/// Returns the file of the alerts.
pub fn rules(plan: &DeploymentPlan<'_>) -> Result<String> {
    Ok(yaml_text(&RuleFile::of(&plan.manifest.project)))
}
