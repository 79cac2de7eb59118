//! PgBouncer in front of a CloudNativePG server:
//! <https://cloudnative-pg.io/documentation/current/connection_pooling/>. The operator creates and maintains the
//! login `cnpg_pooler_pgbouncer` and the function with which it reads verifiers.

use serde::Serialize;

use super::network_policies::{self, Peer, PolicyPort, PolicyRule, PolicySpec};
use super::objects::{KubernetesObject, LabelSelector, ObjectMeta, RenderedObject};
use super::operator::{API, ByName, PORT, pooler_labels, pooler_name};
use crate::render::deployment::{DeploymentPlan, ServerNode};
use martydb_model::deploy::PoolerDeployment;
use martydb_model::error::{Error, Result};

#[derive(Serialize)]
struct PoolerSpec {
    cluster: ByName,
    instances: u16,
    r#type: &'static str,
    pgbouncer: PgBouncerSpec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PgBouncerSpec {
    pool_mode: &'static str,
}

/// Returns the pooler of a server, and the policy for its clients: services with a login on the server.
///
/// # Errors
/// If another object has its name.
pub fn all(
    plan: &DeploymentPlan<'_>,
    host: &str,
    server: &ServerNode<'_>,
    pooler: &PoolerDeployment,
) -> Result<Vec<RenderedObject>> {
    let name = pooler_name(host);
    let taken = plan.servers.iter().filter_map(|server| server.host.clone());
    if taken.chain(plan.services.iter().map(|node| node.label.clone())).any(|other| other == name) {
        return Err(Error::manifest(format!(
            "the pooler of server \"{}\" would be deployed as \"{name}\", which is taken",
            server.name
        ))
        .hint("rename the other object"));
    }
    let spec = PoolerSpec {
        cluster: ByName::cluster(host),
        instances: pooler.instances,
        r#type: "rw",
        pgbouncer: PgBouncerSpec { pool_mode: pooler.mode.name() },
    };
    let metadata = ObjectMeta::new(plan, &name, None);
    let object = KubernetesObject { api_version: API, kind: "Pooler", metadata, spec: Some(spec) };
    Ok(vec![policy(plan, &name, host, server), object.rendered()])
}

/// Returns the policy of its pods, which also read their settings from the Kubernetes API.
fn policy(plan: &DeploymentPlan<'_>, name: &str, host: &str, server: &ServerNode<'_>) -> RenderedObject {
    let clients = plan.services.iter().filter(|node| server.clients.contains(&node.service.name));
    let clients = clients.map(|node| Peer::Pods { pods: LabelSelector::new(node.pods.selector.clone()) });
    let clients: Vec<Peer> = clients.collect();
    let rule = PolicyRule {
        from: clients,
        ports: vec![PolicyPort { protocol: "TCP", port: PORT }],
        ..PolicyRule::default()
    };
    let spec = PolicySpec {
        pod_selector: LabelSelector::new(pooler_labels(host)),
        policy_types: vec![network_policies::INGRESS, network_policies::EGRESS],
        // A rule without peers would match every peer.
        ingress: if rule.from.is_empty() { vec![] } else { vec![rule] },
        egress: vec![PolicyRule::default()],
    };
    network_policies::policy(plan, name, spec)
}
