//! PgBouncer in front of a CloudNativePG server:
//! <https://cloudnative-pg.io/documentation/current/connection_pooling/>. The operator creates and maintains the
//! login `cnpg_pooler_pgbouncer` and the function with which it reads verifiers.

use serde_json::{Value, json};

use super::objects::{RenderedObject, object, plain_metadata, selector};
use super::operator::{API, PORT, cluster, pooler_labels, pooler_name};
use crate::deployment::{DeploymentPlan, ServerNode};
use crate::kubernetes::network::policy_parts::{self, pods, tcp};
use martydb_model::deploy::PoolerDeployment;
use martydb_model::error::{Error, Result};

/// Returns the pooler of a server, and the policy for its clients: services with a login on the server.
///
/// # Errors
/// If another object has its name.
pub(crate) fn all(
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
    let spec = json!({
        "cluster": cluster(host),
        "instances": pooler.instances,
        "type": "rw",
        "pgbouncer": { "poolMode": pooler.mode.name() },
    });
    let pooler = object((API, "Pooler"), plain_metadata(plan, &name), spec);
    Ok(vec![policy(plan, &name, host, server), pooler])
}

/// Returns the policy of its pods, which also read their settings from the Kubernetes API.
fn policy(plan: &DeploymentPlan<'_>, name: &str, host: &str, server: &ServerNode<'_>) -> RenderedObject {
    let clients = plan.services.iter().filter(|node| server.clients.contains(&node.service.name));
    let clients: Vec<Value> = clients.map(|node| pods(&node.pods.selector)).collect();
    // A rule without peers would match every peer.
    let ingress = (!clients.is_empty()).then(|| json!([{ "from": clients, "ports": [tcp(PORT)] }]));
    let spec = json!({
        "podSelector": selector(&pooler_labels(host)),
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": [{}],
    });
    policy_parts::policy(plan, name, spec)
}
