//! PgBouncer before a server of CloudNativePG: <https://cloudnative-pg.io/documentation/current/connection_pooling/>. The operator makes the
//! login `cnpg_pooler_pgbouncer` with the function that it asks for verifiers, and keeps both in order.

use serde::Serialize;

use super::network_policies::{self, Peer, PolicyPort, PolicyRule, PolicySpec};
use super::objects::{KubernetesObject, LabelSelector, ObjectMeta};
use super::operator::{API, ByName, PORT, pooler_labels, pooler_name};
use crate::render::landscape::{Landscape, ServerNode};
use martydb_model::deploy::PoolerDeployment;
use martydb_model::error::{Error, Result};
use martydb_ui::report::yaml_text;

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

/// The pooler of a server, and who reaches it: whose programs have a login on the server.
///
/// # Errors
/// If something else has its name.
pub fn all(
    landscape: &Landscape<'_>,
    host: &str,
    server: &ServerNode<'_>,
    pooler: &PoolerDeployment,
) -> Result<Vec<String>> {
    let name = pooler_name(host);
    let taken = landscape.servers.iter().filter_map(|server| server.host.clone());
    if taken.chain(landscape.services.iter().map(|node| node.label.clone())).any(|other| other == name) {
        return Err(Error::manifest(format!(
            "the pooler of server \"{}\" would be deployed as \"{name}\", which is taken",
            server.name
        ))
        .hint("rename what has this name"));
    }
    let spec = PoolerSpec {
        cluster: ByName::cluster(host),
        instances: pooler.instances,
        r#type: "rw",
        pgbouncer: PgBouncerSpec { pool_mode: pooler.mode.name() },
    };
    let metadata = ObjectMeta::of(landscape, &name, None);
    let object = KubernetesObject { api_version: API, kind: "Pooler", metadata, spec: Some(spec) };
    Ok(vec![policy(landscape, &name, host, server), yaml_text(&object)])
}

/// Its pods also reach the API of Kubernetes, from which they have their settings.
fn policy(landscape: &Landscape<'_>, name: &str, host: &str, server: &ServerNode<'_>) -> String {
    let clients = landscape.services.iter().filter(|node| server.clients.contains(&node.service.name));
    let clients = clients.map(|node| Peer::Pods { pods: LabelSelector::of(node.pods.selector.clone()) });
    let clients: Vec<Peer> = clients.collect();
    let rule = PolicyRule {
        from: clients,
        ports: vec![PolicyPort { protocol: "TCP", port: PORT }],
        ..PolicyRule::default()
    };
    let spec = PolicySpec {
        pod_selector: LabelSelector::of(pooler_labels(host)),
        policy_types: vec![network_policies::INGRESS, network_policies::EGRESS],
        // No peer would be everybody.
        ingress: if rule.from.is_empty() { vec![] } else { vec![rule] },
        egress: vec![PolicyRule::default()],
    };
    network_policies::policy(landscape, name, spec)
}
