//! Discovery of the monitor, and the alerts, for the Prometheus Operator:
//! <https://prometheus-operator.dev/docs/api-reference/api/>.

use serde::Serialize;

use super::listener::{METRICS, MONITOR_TLS, MONITOR_USERS};
use super::objects::{
    KubernetesObject, LabelSelector, MARTYDB, MONITOR, ObjectMeta, RenderedObject, pod_labels,
};
use crate::render::deployment::DeploymentPlan;
use crate::render::prometheus::{self, RuleFile};

const API: &str = "monitoring.coreos.com/v1";

#[derive(Serialize)]
struct ServiceMonitorSpec {
    selector: LabelSelector,
    endpoints: [ScrapeEndpoint; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScrapeEndpoint {
    port: &'static str,
    scheme: &'static str,
    interval: &'static str,
    /// The label `service` is the monitored service, not the Kubernetes Service that was scraped.
    honor_labels: bool,
    basic_auth: ScrapeLogin,
    tls_config: ScrapeTls,
}

#[derive(Serialize)]
struct ScrapeLogin {
    username: KeyOfSecret,
    password: KeyOfSecret,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScrapeTls {
    ca: SecretSource,
    server_name: String,
}

#[derive(Serialize)]
struct SecretSource {
    secret: KeyOfSecret,
}

#[derive(Serialize)]
struct KeyOfSecret {
    name: &'static str,
    key: &'static str,
}

/// Returns the objects, if the manifest declares the operator.
pub fn all(plan: &DeploymentPlan<'_>) -> Vec<RenderedObject> {
    if !plan.manifest.deploy.prometheus.operator {
        return vec![];
    }
    let rules = RuleFile::of(&plan.manifest.project);
    vec![object(plan, "ServiceMonitor", service_monitor(plan)), object(plan, "PrometheusRule", rules)]
}

fn object(plan: &DeploymentPlan<'_>, kind: &'static str, spec: impl Serialize) -> RenderedObject {
    let mut metadata = ObjectMeta::new(plan, MONITOR, Some((MARTYDB, MONITOR)));
    metadata.labels.extend(plan.manifest.deploy.prometheus.labels.clone());
    KubernetesObject { api_version: API, kind, metadata, spec: Some(spec) }.rendered()
}

fn service_monitor(plan: &DeploymentPlan<'_>) -> ServiceMonitorSpec {
    let user = |key| KeyOfSecret { name: MONITOR_USERS, key };
    ServiceMonitorSpec {
        selector: LabelSelector::new(pod_labels(MARTYDB, MONITOR)),
        endpoints: [ScrapeEndpoint {
            port: METRICS,
            scheme: "https",
            interval: prometheus::INTERVAL,
            honor_labels: true,
            basic_auth: ScrapeLogin { username: user("username"), password: user("password") },
            tls_config: ScrapeTls {
                ca: SecretSource { secret: KeyOfSecret { name: MONITOR_TLS, key: "ca.crt" } },
                server_name: format!("{MONITOR}.{}.svc", plan.namespace),
            },
        }],
    }
}
