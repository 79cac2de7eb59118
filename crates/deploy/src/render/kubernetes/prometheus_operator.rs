//! Discovery of the monitor, and the alerts, for the Prometheus Operator:
//! <https://prometheus-operator.dev/docs/api-reference/api/>.

use serde_json::{Value, json};

use super::listener::{METRICS, MONITOR_TLS, MONITOR_USERS};
use super::objects::{MARTYDB, MONITOR, RenderedObject, labels, metadata, object, pod_labels, selector};
use crate::render::deployment::DeploymentPlan;
use crate::render::prometheus;

const API: &str = "monitoring.coreos.com/v1";

/// Returns the objects, if the manifest declares the operator.
pub fn all(plan: &DeploymentPlan<'_>) -> Vec<RenderedObject> {
    if !plan.manifest.deploy.prometheus.operator {
        return vec![];
    }
    let rules = prometheus::rule_groups(&plan.manifest.project);
    vec![
        monitor_object(plan, "ServiceMonitor", service_monitor(plan)),
        monitor_object(plan, "PrometheusRule", rules),
    ]
}

fn monitor_object(plan: &DeploymentPlan<'_>, kind: &str, spec: Value) -> RenderedObject {
    let all = labels(plan).into_iter().chain(pod_labels(MARTYDB, MONITOR));
    let all = all.chain(plan.manifest.deploy.prometheus.labels.clone()).collect();
    object((API, kind), metadata(plan, MONITOR, &all), spec)
}

fn service_monitor(plan: &DeploymentPlan<'_>) -> Value {
    let user = |key: &str| json!({ "name": MONITOR_USERS, "key": key });
    json!({
        "selector": selector(&pod_labels(MARTYDB, MONITOR)),
        "endpoints": [{
            "port": METRICS,
            "scheme": "https",
            "interval": prometheus::INTERVAL,
            // The label `service` is the monitored service, not the Kubernetes Service that was scraped.
            "honorLabels": true,
            "basicAuth": { "username": user("username"), "password": user("password") },
            "tlsConfig": {
                "ca": { "secret": { "name": MONITOR_TLS, "key": "ca.crt" } },
                "serverName": format!("{MONITOR}.{}.svc", plan.namespace),
            },
        }],
    })
}
