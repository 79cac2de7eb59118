//! Network policies of the monitor, the relay and the data service.

use serde_json::{Value, json};

use crate::kubernetes::listener::{OF_MONITOR, OF_RELAY, OF_SERVE, PodListener};
use crate::kubernetes::network::network_policies::to_server;
use crate::kubernetes::network::policy_parts::{EntryPods, NAMESPACE, pods, policy, tcp, to_port};
use crate::kubernetes::network::replica_policies::with_replicas;
use crate::kubernetes::objects::{MONITOR, NAME, RELAY, RenderedObject, SERVE, filled, selector};

use crate::broker::{self, BrokerLocation};
use crate::deployment::DeploymentPlan;
use martydb_model::error::Result;

/// Returns the policy that lets Prometheus connect to the monitor.
pub(crate) fn of_monitor(plan: &DeploymentPlan<'_>) -> RenderedObject {
    let spec = json!({
        "podSelector": selector(&OF_MONITOR.labels()),
        "policyTypes": ["Ingress"],
        "ingress": [from_prometheus(plan, &OF_MONITOR)],
    });
    policy(plan, MONITOR, spec)
}

/// Returns the rule for the cluster's Prometheus.
fn from_prometheus(plan: &DeploymentPlan<'_>, listener: &PodListener) -> Value {
    let namespace = plan.manifest.deploy.prometheus.namespace.as_ref();
    let prometheus = json!({
        "namespaceSelector": namespace.map_or(json!({}), |name| labelled(NAMESPACE, name)),
        "podSelector": labelled(NAME, "prometheus"),
    });
    json!({ "from": [prometheus], "ports": [tcp(listener.port)] })
}

/// Returns the policy that lets the relay connect to the servers with an outbox and to the brokers, and Prometheus to
/// the relay.
///
/// # Errors
/// If a broker is in the pod itself, or the networks of an external server are unknown.
pub(crate) fn of_relay(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Result<RenderedObject> {
    let straight = EntryPods { pooler: None, ..doors };
    let servers = plan.servers.iter().filter(|server| plan.has_outbox(server));
    let servers = servers.map(|server| to_server(server, straight)).collect::<Result<Vec<_>>>()?;
    let brokers = broker::all(plan)?.into_iter().map(|(location, port)| to_broker(location, port));
    let ingress = plan.measures_relay().then(|| from_prometheus(plan, &OF_RELAY));
    let spec = json!({
        "podSelector": labelled(NAME, RELAY),
        "policyTypes": if ingress.is_some() { &["Ingress", "Egress"][..] } else { &["Egress"] },
        "ingress": filled(ingress.iter().collect::<Vec<_>>()),
        "egress": servers.into_iter().chain(brokers).collect::<Vec<_>>(),
    });
    Ok(policy(plan, RELAY, spec))
}

/// Returns the policy that lets the data service connect to the servers with an exposed service and to the replicas that it
/// reads, and lets Prometheus and the services that are callers connect to the data service. Callers that are not services of
/// the manifest need a policy of their own.
///
/// # Errors
/// If the networks of an external server are unknown.
pub(crate) fn of_serve(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Result<RenderedObject> {
    let straight = EntryPods { pooler: None, ..doors };
    let servers = plan.servers.iter().filter(|server| plan.has_exposed(server));
    let servers = servers.map(|server| to_server(server, straight)).collect::<Result<Vec<_>>>()?;
    let servers = with_replicas(servers, plan, plan.served_replicas(), doors)?;
    let callers = plan.services.iter().filter(|node| plan.is_caller(node));
    let callers: Vec<Value> = callers.map(|node| pods(&node.pods.selector)).collect();
    let callers = (!callers.is_empty()).then(|| json!({ "from": callers, "ports": [tcp(OF_SERVE.port)] }));
    let ingress: Vec<Value> = [from_prometheus(plan, &OF_SERVE)].into_iter().chain(callers).collect();
    let spec = json!({
        "podSelector": labelled(NAME, SERVE),
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": servers,
    });
    Ok(policy(plan, SERVE, spec))
}

/// Returns the rule for a broker. Labels of its pods are not known, and those outside have any address.
fn to_broker(location: BrokerLocation, port: u16) -> Value {
    let to = match location {
        BrokerLocation::Here => json!([{ "podSelector": {} }]),
        BrokerLocation::Namespace(name) => {
            json!([{ "namespaceSelector": labelled(NAMESPACE, &name), "podSelector": {} }])
        }
        BrokerLocation::Outside => return to_port(tcp(port)),
    };
    json!({ "to": to, "ports": [tcp(port)] })
}

fn labelled(key: &str, value: &str) -> Value {
    json!({ "matchLabels": { key: value } })
}
