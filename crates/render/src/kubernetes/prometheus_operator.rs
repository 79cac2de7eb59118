//! Discovery of the monitor, the relay and the data service, and the alerts, for the Prometheus Operator:
//! <https://prometheus-operator.dev/docs/api-reference/api/>.

use serde_json::{Value, json};

use super::listener::{self, OF_MONITOR, PodListener};
use super::objects::{RenderedObject, labels, metadata, object, selector};
use crate::deployment::DeploymentPlan;
use crate::prometheus;

const API: &str = "monitoring.coreos.com/v1";

/// Returns the objects, if the manifest declares the operator.
pub(crate) fn all(plan: &DeploymentPlan<'_>) -> Vec<RenderedObject> {
    if !plan.manifest.deploy.prometheus.operator {
        return vec![];
    }
    let found: Vec<&PodListener> = listener::deployed(plan).collect();
    let monitors = found.iter().map(|listener| {
        let spec = service_monitor(plan, listener);
        monitor_object(plan, "ServiceMonitor", listener, spec)
    });
    // They are about the series of the monitor.
    let rules = plan.runs_monitor().then(|| prometheus::rule_groups(&plan.manifest.project));
    let rules = rules.map(|rules| monitor_object(plan, "PrometheusRule", &OF_MONITOR, rules));
    monitors.chain(rules).collect()
}

fn monitor_object(
    plan: &DeploymentPlan<'_>,
    kind: &str,
    listener: &PodListener,
    spec: Value,
) -> RenderedObject {
    let all = labels(plan).into_iter().chain(listener.labels());
    let all = all.chain(plan.manifest.deploy.prometheus.labels.clone()).collect();
    object((API, kind), metadata(plan, listener.program, &all), spec)
}

fn service_monitor(plan: &DeploymentPlan<'_>, listener: &PodListener) -> Value {
    let user = |key: &str| json!({ "name": listener.users, "key": key });
    json!({
        "selector": selector(&listener.labels()),
        "endpoints": [{
            "port": listener.port_name,
            "scheme": "https",
            "interval": prometheus::INTERVAL,
            // The label `service` is the monitored service, not the Kubernetes Service that was scraped.
            "honorLabels": true,
            "basicAuth": { "username": user("username"), "password": user("password") },
            "tlsConfig": {
                "ca": { "secret": { "name": listener.tls, "key": "ca.crt" } },
                "serverName": format!("{}.{}.svc", listener.program, plan.namespace),
            },
        }],
    })
}
