//! Network policies between the data service and the replicas that it reads. Replicas among a rendered server's pods need
//! none: the server's policy admits the data service.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::network_policies::EntryPods;
use super::objects::{Labels, RenderedObject, SERVE, selector};
use super::policy_parts::{named, networks, pods, policy, tcp, to_peers};
use crate::render::deployment::{DeploymentPlan, ReplicaNode};
use crate::render::location::host_in;
use martydb_model::deploy::label;
use martydb_model::error::Result;

/// Returns the rules by which the data service reaches the replicas.
///
/// # Errors
/// If a replica has a name outside of the namespace, and the manifest does not declare its server's networks.
pub fn to_replicas(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Result<Vec<Value>> {
    plan.served_replicas().map(|replica| to_replica(plan, &replica, doors)).collect()
}

fn to_replica(plan: &DeploymentPlan<'_>, served: &ReplicaNode<'_>, doors: EntryPods) -> Result<Value> {
    let (replica, server) = (served.replica, served.server);
    let url = &replica.url;
    let to = match (labels(plan, served, doors), url.host.parse::<IpAddr>()) {
        (Some(labels), _) => vec![pods(&labels)],
        // The address itself is narrower than any declared network.
        (None, Ok(IpAddr::V4(address))) => networks(&[format!("{address}/32")]).collect(),
        (None, Ok(IpAddr::V6(address))) => networks(&[format!("{address}/128")]).collect(),
        (None, Err(_)) => networks(&server.deploy.cidrs).collect(),
    };
    let name = format!("the replica \"{}\" of the server \"{}\"", replica.name, server.name);
    to_peers(to, url.port, &name, &url.host)
}

/// Returns the labels of a replica's pods, if they are in the namespace.
fn labels(plan: &DeploymentPlan<'_>, served: &ReplicaNode<'_>, doors: EntryPods) -> Option<Labels> {
    let host = host_in(&plan.namespace, &served.replica.url.host)?;
    Some((doors.replica)(&host))
}

/// Returns the policies of replicas in the namespace that are not rendered, where connections that no policy admits are refused.
pub fn of_replicas(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Vec<RenderedObject> {
    let hosts = plan.servers.iter().filter_map(|server| server.host.as_deref());
    let rendered: Vec<Labels> = hosts.map(doors.server).collect();
    let of = |served: ReplicaNode<'_>| {
        let labels = labels(plan, &served, doors).filter(|labels| !rendered.contains(labels))?;
        let spec = json!({
            "podSelector": selector(&labels),
            "policyTypes": ["Ingress"],
            "ingress": [{ "from": [pods(&named(SERVE))], "ports": [tcp(served.replica.url.port)] }],
        });
        let name = format!("{SERVE}-{}-{}", label(served.server.name), label(&served.replica.name));
        Some(policy(plan, &name, spec))
    };
    plan.served_replicas().filter_map(of).collect()
}
