//! Brokers of the outboxes, as a deployed relay reaches them.

use std::collections::BTreeSet;

use super::deployment::{DeploymentPlan, OutboxNode};
use super::location::host_in;
use martydb_model::error::{Error, Result};
use martydb_model::{BrokerUrl, EventTarget, ServiceName};

/// Location of a broker, as far as its address tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BrokerLocation {
    /// The namespace of the deployment.
    Here,
    /// Another namespace of the cluster.
    Namespace(String),
    Outside,
}

/// Returns the location and the port of each broker.
///
/// # Errors
/// If an address leads to the relay itself.
pub(crate) fn all(plan: &DeploymentPlan<'_>) -> Result<BTreeSet<(BrokerLocation, u16)>> {
    let located_of = |node: OutboxNode<'_>| -> Vec<_> {
        let addresses = node.outbox.targets().flat_map(EventTarget::addresses);
        addresses.map(|at| located(plan, at, &node.service.name)).collect()
    };
    plan.outboxes().flat_map(located_of).collect()
}

fn located(plan: &DeploymentPlan<'_>, at: &BrokerUrl, name: &ServiceName) -> Result<(BrokerLocation, u16)> {
    let address = at.host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    if at.host == "localhost" || address.is_ok_and(|address| address.is_loopback()) {
        return Err(Error::manifest(format!(
            "the broker of service \"{name}\" is at {}, which is the relay itself in a deployment",
            at.host
        ))
        .hint("name the broker in the overlay of this environment, under `outbox: { to: … }` of the service")
        .hint("or leave the relay out: deploy: { workloads: [monitor] }"));
    }
    let namespace =
        || at.host.strip_suffix(".svc.cluster.local").or(at.host.strip_suffix(".svc"))?.split_once('.');
    let location = match (host_in(&plan.namespace, &at.host), namespace()) {
        (Some(_), _) => BrokerLocation::Here,
        (None, Some((_, namespace))) => BrokerLocation::Namespace(namespace.to_owned()),
        (None, None) => BrokerLocation::Outside,
    };
    Ok((location, at.port))
}

/// Returns the variables with the secrets of the brokers.
pub(crate) fn variables(plan: &DeploymentPlan<'_>) -> BTreeSet<String> {
    let all = plan.outboxes().flat_map(|node| node.outbox.targets()).flat_map(|target| {
        let signature = match target {
            EventTarget::Http { signature_env, .. } => signature_env.clone(),
            EventTarget::Nats { .. } | EventTarget::Amqp { .. } | EventTarget::Kafka { .. } => None,
        };
        [target.at().password_env.clone(), signature]
    });
    all.flatten().collect()
}
