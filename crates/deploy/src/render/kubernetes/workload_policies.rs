//! Network policies of the monitor and the relay.

use super::listener::PORT;
use super::network_policies::{
    EGRESS, EntryPods, INGRESS, NAMESPACE, Peer, PolicyRule, PolicySpec, policy, tcp, to_port, to_server,
};
use super::objects::{LabelSelector, MARTYDB, MONITOR, NAME, RELAY, RenderedObject, pod_labels};

use crate::render::broker::{self, BrokerLocation};
use crate::render::deployment::DeploymentPlan;
use martydb_model::error::Result;

/// Returns the policy that lets Prometheus connect to the monitor.
pub fn of_monitor(plan: &DeploymentPlan<'_>) -> RenderedObject {
    let namespace = plan.manifest.deploy.prometheus.namespace.clone();
    let prometheus = Peer::Elsewhere {
        namespace: namespace.map_or_else(LabelSelector::default, |name| labelled(NAMESPACE, name)),
        pods: labelled(NAME, "prometheus".to_owned()),
    };
    let spec = PolicySpec {
        pod_selector: LabelSelector::new(pod_labels(MARTYDB, MONITOR)),
        policy_types: vec![INGRESS],
        ingress: vec![PolicyRule { from: vec![prometheus], ports: vec![tcp(PORT)], ..PolicyRule::default() }],
        egress: vec![],
    };
    policy(plan, MONITOR, spec)
}

/// Returns the policy that lets the relay connect to the servers with an outbox, and to the brokers.
///
/// # Errors
/// If a broker is in the pod itself, or the networks of an external server are unknown.
pub fn of_relay(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Result<RenderedObject> {
    let straight = EntryPods { pooler: None, ..doors };
    let servers = plan.servers.iter().filter(|server| plan.has_outbox(server));
    let servers = servers.map(|server| to_server(server, straight)).collect::<Result<Vec<_>>>()?;
    let brokers = broker::all(plan)?.into_iter().map(|(location, port)| to_broker(location, port));
    let spec = PolicySpec {
        pod_selector: labelled(NAME, RELAY.to_owned()),
        policy_types: vec![EGRESS],
        ingress: vec![],
        egress: servers.into_iter().chain(brokers).collect(),
    };
    Ok(policy(plan, RELAY, spec))
}

/// Returns the rule for a broker. Labels of its pods are not known, and those outside have any address.
fn to_broker(location: BrokerLocation, port: u16) -> PolicyRule {
    let to = match location {
        BrokerLocation::Here => vec![Peer::Pods { pods: LabelSelector::default() }],
        BrokerLocation::Namespace(name) => {
            let (namespace, pods) = (labelled(NAMESPACE, name), LabelSelector::default());
            vec![Peer::Elsewhere { namespace, pods }]
        }
        BrokerLocation::Outside => vec![],
    };
    PolicyRule { to, ..to_port(tcp(port)) }
}

fn labelled(key: &str, value: String) -> LabelSelector {
    LabelSelector::new([(key.to_owned(), value)].into())
}
