//! Prometheus configuration: scrape targets and alerts.
//!
//! <https://prometheus.io/docs/prometheus/latest/configuration/configuration/>,
//! <https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/>

use serde_json::{Value, json};

use super::deployment::DeploymentPlan;
use super::document::yaml;
use martydb_model::error::Result;
use martydb_model::metrics::{ALERTS, Alert, of_project};

/// Name of the rules file, beside the configuration.
pub(crate) const RULES_FILE: &str = "martydb-alerts.yml";

/// Interval of scrapes.
pub(crate) const INTERVAL: &str = "15s";

/// Default address of the monitor.
const LOOPBACK: &str = "127.0.0.1:9187";

/// Returns the scrape configuration of the monitor, of the relay if its address is declared, and of the data service if
/// there is one. On another machine they require TLS and a password, whose files are beside this one.
pub(crate) fn configuration(plan: &DeploymentPlan<'_>) -> Result<String> {
    let (project, deploy) = (&plan.manifest.project, &plan.manifest.deploy);
    let monitor = scrape(format!("martydb-{project}"), deploy.monitor.as_deref().unwrap_or(LOOPBACK));
    let relay = deploy.relay.iter().map(|target| scrape(format!("martydb-{project}-relay"), target));
    let listen = plan.manifest.serve.listen;
    let beside = || match listen.ip().is_unspecified() {
        true => format!("127.0.0.1:{}", listen.port()),
        false => listen.to_string(),
    };
    let serve = plan.runs_serve().then(|| deploy.serve.clone().unwrap_or_else(beside));
    let serve = serve.map(|target| scrape(format!("martydb-{project}-serve"), &target));
    let all: Vec<Value> = [monitor].into_iter().chain(relay).chain(serve).collect();
    Ok(yaml(json!({ "rule_files": [RULES_FILE], "scrape_configs": all })))
}

fn scrape(job_name: String, target: &str) -> Value {
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
    let far = !["127.0.0.1", "localhost", "[::1]"].contains(&host);
    let basic_auth = json!({ "username": "prometheus", "password_file": "martydb-password" });
    json!({
        "job_name": job_name,
        "scrape_interval": INTERVAL,
        "scrape_timeout": "10s",
        "scheme": far.then_some("https"),
        "basic_auth": far.then_some(basic_auth),
        "tls_config": far.then(|| json!({ "ca_file": "martydb-ca.crt" })),
        "static_configs": [{ "targets": [target] }],
    })
}

/// Returns the groups of rules, for a file of Prometheus or a PrometheusRule. The alerts cover only this project, even
/// if the same Prometheus scrapes others.
pub(crate) fn rule_groups(project: &str) -> Value {
    let rules: Vec<Value> = ALERTS.iter().map(|alert| rule(alert, project)).collect();
    json!({ "groups": [{ "name": format!("martydb-{project}"), "rules": rules }] })
}

fn rule(alert: &Alert, project: &str) -> Value {
    json!({
        "alert": alert.name,
        "expr": of_project(alert.expression, project),
        "for": alert.lasting,
        "labels": { "project": project, "severity": alert.severity.word() },
        "annotations": { "runbook": format!("martydb explain {}", alert.name), "summary": alert.summary },
    })
}

/// Returns the file of the alerts.
pub(crate) fn rules(plan: &DeploymentPlan<'_>) -> Result<String> {
    Ok(yaml(rule_groups(&plan.manifest.project)))
}
