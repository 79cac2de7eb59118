//! Network policies between martydb's programs and the replicas: the jobs and the monitor reach each, the data service those that
//! it reads. Replicas among a rendered server's pods need none: the server's policy admits both.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::deployment::{DeploymentPlan, ReplicaNode};
use crate::kubernetes::network::policy_parts::{EntryPods, named, networks, pods, policy, tcp, to_peers};
use crate::kubernetes::objects::{Labels, MARTYDB, RenderedObject, SERVE, selector};
use crate::location::host_in;
use martydb_model::deploy::label;
use martydb_model::error::Result;

/// Adds the rules by which a program reaches the replicas to those by which it reaches the servers.
///
/// # Errors
/// If a replica has a name outside of the namespace, and the manifest does not declare its server's networks.
pub(crate) fn with_replicas<'p>(
    mut rules: Vec<Value>,
    plan: &DeploymentPlan<'_>,
    replicas: impl Iterator<Item = ReplicaNode<'p>>,
    doors: EntryPods,
) -> Result<Vec<Value>> {
    for node in replicas {
        let rule = to_replica(plan, &node, doors)?;
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    Ok(rules)
}

fn to_replica(plan: &DeploymentPlan<'_>, node: &ReplicaNode<'_>, doors: EntryPods) -> Result<Value> {
    let (replica, server) = (node.replica, node.server);
    let url = &replica.url;
    let to = match (labels(plan, node, doors), url.host.parse::<IpAddr>()) {
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
fn labels(plan: &DeploymentPlan<'_>, node: &ReplicaNode<'_>, doors: EntryPods) -> Option<Labels> {
    let host = host_in(&plan.namespace, &node.replica.url.host)?;
    Some((doors.replica)(&host))
}

/// Returns the policies of replicas in the namespace that are not rendered, where connections that no policy admits are refused.
pub(crate) fn of_replicas(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Vec<RenderedObject> {
    let hosts = plan.servers.iter().filter_map(|server| server.host.as_deref());
    let rendered: Vec<Labels> = hosts.map(doors.server).collect();
    let of = |node: ReplicaNode<'_>| {
        let labels = labels(plan, &node, doors).filter(|labels| !rendered.contains(labels))?;
        let programs = [MARTYDB].into_iter().chain(node.served.then_some(SERVE));
        let programs: Vec<Value> = programs.map(|program| pods(&named(program))).collect();
        let spec = json!({
            "podSelector": selector(&labels),
            "policyTypes": ["Ingress"],
            "ingress": [{ "from": programs, "ports": [tcp(node.replica.url.port)] }],
        });
        Some(policy(
            plan,
            &format!("replica-{}-{}", label(node.server.name), label(&node.replica.name)),
            spec,
        ))
    };
    plan.replicas().filter_map(of).collect()
}
