//! Network policies: nothing by default, then one policy for each server and each service, derived from the same
//! pairs as the databases' privileges. <https://kubernetes.io/docs/concepts/services-networking/network-policies/>

use serde_json::{Value, json};

use crate::deployment::{DeploymentPlan, ServerNode, ServiceNode};
use crate::kubernetes::listener::OF_SERVE;
use crate::kubernetes::network::policy_parts::{
    EntryPods, NAMESPACE, named, networks, pods, policy, tcp, to_peers, to_port,
};
use crate::kubernetes::network::replica_policies;
use crate::kubernetes::objects::{MARTYDB, RELAY, RenderedObject, SERVE, filled, selector, workload};
use crate::kubernetes::redis;
use martydb_model::error::Result;

/// Returns all policies.
///
/// # Errors
/// If a server is external and the manifest does not declare its networks.
pub(crate) fn all(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Result<Vec<RenderedObject>> {
    let deny = json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] });
    let dns = json!({ "podSelector": {}, "policyTypes": ["Egress"], "egress": [name_servers()] });
    let mut all = vec![policy(plan, "default-deny", deny), policy(plan, "allow-dns", dns)];
    for server in &plan.servers {
        all.extend(server.host.as_deref().map(|host| of_server(plan, host, server, doors)));
    }
    all.extend(redis::policies(plan));
    for service in &plan.services {
        all.push(of_service(plan, service, doors)?);
    }
    all.push(of_martydb(plan, doors)?);
    all.extend(replica_policies::of_replicas(plan, doors));
    Ok(all)
}

/// Returns the rule for the cluster's DNS.
fn name_servers() -> Value {
    json!({
        "to": [{
            "namespaceSelector": { "matchLabels": { NAMESPACE: "kube-system" } },
            "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } },
        }],
        "ports": [{ "protocol": "UDP", "port": 53 }, tcp(53)],
    })
}

fn of_server(
    plan: &DeploymentPlan<'_>,
    host: &str,
    server: &ServerNode<'_>,
    doors: EntryPods,
) -> RenderedObject {
    let clients = plan.services.iter().filter(|node| server.clients.contains(&node.service.name));
    let relay = plan.has_outbox(server).then(|| named(RELAY));
    let serve = plan.has_exposed(server).then(|| named(SERVE));
    let programs = [named(MARTYDB)].into_iter().chain(relay).chain(serve);
    let clients = clients.map(|node| node.pods.selector.clone()).chain(programs);
    let clients = clients.chain(doors.pooler.map(|pods| pods(host)));
    let clients: Vec<Value> = clients.map(|labels| pods(&labels)).collect();
    let spec = json!({
        "podSelector": selector(&(doors.server)(host)),
        "policyTypes": ["Ingress"],
        "ingress": [{ "from": clients, "ports": [tcp(server.url.port)] }],
    });
    policy(plan, workload(host), spec)
}

/// Returns the policy of a service: its programs may connect to its databases and the other services. Further
/// clients need policies of their own.
fn of_service(plan: &DeploymentPlan<'_>, node: &ServiceNode<'_>, doors: EntryPods) -> Result<RenderedObject> {
    let databases =
        plan.servers_of(node).map(|server| to_server(server, doors)).collect::<Result<Vec<_>>>()?;
    let keys = plan.redis.iter().filter(|redis| redis.serves(&node.service.name));
    let keys = keys.map(redis::to_server).collect::<Result<Vec<_>>>()?;
    let others = plan.services.iter().filter(|other| other.label != node.label);
    let others = others.filter_map(|other| {
        Some(json!({ "to": [pods(&other.pods.selector)], "ports": [tcp(other.pods.port?)] }))
    });
    let serve =
        plan.is_caller(node).then(|| json!({ "to": [pods(&named(SERVE))], "ports": [tcp(OF_SERVE.port)] }));
    let own = node.pods.port.map(|port| json!([to_port(tcp(port))]));
    let spec = json!({
        "podSelector": selector(&node.pods.selector),
        "policyTypes": if own.is_some() { json!(["Ingress", "Egress"]) } else { json!(["Egress"]) },
        "ingress": own,
        "egress": filled(databases.into_iter().chain(keys).chain(others).chain(serve).collect::<Vec<_>>()),
    });
    Ok(policy(plan, &format!("service-{}", node.label), spec))
}

/// Returns the policy of martydb's own pods, the jobs and the monitor: they reach each server and each replica.
fn of_martydb(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Result<RenderedObject> {
    let straight = EntryPods { pooler: None, ..doors };
    let servers = plan.servers.iter().map(|server| to_server(server, straight));
    let servers = servers.chain(plan.redis.iter().map(redis::to_server)).collect::<Result<Vec<_>>>()?;
    let spec = json!({
        "podSelector": selector(&named(MARTYDB)),
        "policyTypes": ["Egress"],
        "egress": filled(replica_policies::with_replicas(servers, plan, plan.replicas(), doors)?),
    });
    Ok(policy(plan, MARTYDB, spec))
}

pub(crate) fn to_server(server: &ServerNode<'_>, doors: EntryPods) -> Result<Value> {
    let to: Vec<Value> = match &server.host {
        Some(host) => {
            let doors = [Some(doors.server), doors.pooler].into_iter().flatten();
            doors.map(|labels| pods(&labels(host))).collect()
        }
        None => networks(&server.deploy.cidrs).collect(),
    };
    to_peers(to, server.url.port, &format!("the server \"{}\"", server.name), &server.url.host)
}
