//! Redis servers: a StatefulSet with a headless Service each, reached by the services that have keys there and by martydb.

use serde_json::{Value, json};

use super::certificates;
use super::objects::*;
use super::pod::Pod;
use super::servers::{PASSWORD, disruption_budget, service, stateful_set};
use crate::deployment::DeploymentPlan;
use crate::kubernetes::network::policy_parts::{named, networks, pods, policy, tcp, to_peers};
use crate::redis::{DATA, REDIS, RedisNode, ServerFiles, here, ready, script};
use martydb_model::error::{Error, Result};

/// User ID of `redis` in the image, and of `valkey` in Valkey's.
const ACCOUNT: u32 = 999;

/// Folders of a server's files in its pod.
const ADMIN: &str = "/run/redis-admin";
const TLS: &str = "/run/redis-tls";

/// Period of the startup probe, in seconds.
const STARTUP_PERIOD: u32 = 5;

/// Returns the objects of all servers.
///
/// # Errors
/// If a server with TLS has no certificate.
pub(crate) fn all(plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedObject>> {
    let mut all = vec![];
    for (host, node) in here(&plan.redis) {
        all.push(service(plan, host, REDIS, node.server.port));
        all.extend(certificate(plan, host, node)?);
        all.push(stateful_set(plan, host, REDIS, node.deploy, pod(host, node)));
        all.extend(disruption_budget(plan, host, REDIS));
    }
    Ok(all)
}

fn certificate(
    plan: &DeploymentPlan<'_>,
    host: &str,
    node: &RedisNode<'_>,
) -> Result<Option<RenderedObject>> {
    if !node.server.tls {
        return Ok(None);
    }
    let secret = certificates::server_secret(host);
    certificates::certificate(plan, &secret, &[host]).map(Some).ok_or_else(|| {
        let message = format!("the server \"{}\" has TLS, but no certificate", node.server.name);
        Error::manifest(message).hint(
            "name the issuer of cert-manager that signs it: deploy: { certificates: { issuer: internal } }",
        )
    })
}

fn pod(host: &str, node: &RedisNode<'_>) -> Pod {
    let admin = (secret_volume("admin", &node.admin_secret(), &[PASSWORD]), mount("admin", ADMIN));
    let tls = (secret_volume("tls", &certificates::server_secret(host), &[]), mount("tls", TLS));
    let (volumes, mounts): (Vec<_>, Vec<_>) =
        [admin].into_iter().chain(node.server.tls.then_some(tls)).unzip();
    Pod {
        labels: pod_labels(REDIS, workload(host)),
        siblings: Some(named(REDIS)),
        restart_policy: None,
        account: ACCOUNT,
        owns_volumes: true,
        // A server that stops saves its keys.
        seconds_to_end: 120,
        container: container(node, mounts),
        volumes,
    }
}

fn container(node: &RedisNode<'_>, files: Vec<Value>) -> Value {
    let (password, certificate, key) =
        (format!("{ADMIN}/{PASSWORD}"), format!("{TLS}/tls.crt"), format!("{TLS}/tls.key"));
    let certificate = node.server.tls.then_some([certificate.as_str(), key.as_str()]);
    let paths = ServerFiles { password: &password, certificate };
    let ready = dependency_free(&ready(node, &paths));
    let ready = |period: u32, failures: u32| {
        probe(json!({ "exec": { "command": ["sh", "-c", ready] } }), period, failures)
    };
    let mounts = [mount("data", DATA)].into_iter().chain(files);
    json!({
        "name": REDIS,
        "image": node.deploy.image,
        "command": ["sh", "-c", dependency_free(&script(node, &paths))],
        "ports": [container_port(REDIS, node.server.port)],
        "resources": resources(&node.deploy.cpu, &node.deploy.memory),
        "securityContext": container_security(),
        // A pod that is restarted while it reads its keys begins again.
        "startupProbe": ready(STARTUP_PERIOD, node.deploy.startup_seconds.div_ceil(STARTUP_PERIOD)),
        "readinessProbe": ready(5, 3),
        "livenessProbe": ready(20, 6),
        "volumeMounts": mounts.collect::<Vec<_>>(),
    })
}

/// Returns the policies of the servers: services that have keys there, and martydb, may connect.
pub(crate) fn policies(plan: &DeploymentPlan<'_>) -> impl Iterator<Item = RenderedObject> {
    here(&plan.redis).map(|(host, node)| {
        let clients = plan.services.iter().filter(|service| node.serves(&service.service.name));
        let clients = clients.map(|service| service.pods.selector.clone()).chain([named(MARTYDB)]);
        let spec = json!({
            "podSelector": selector(&pod_labels(REDIS, workload(host))),
            "policyTypes": ["Ingress"],
            "ingress": [{
                "from": clients.map(|labels| pods(&labels)).collect::<Vec<_>>(),
                "ports": [tcp(node.server.port)],
            }],
        });
        policy(plan, workload(host), spec)
    })
}

/// Returns the rule for a server.
///
/// # Errors
/// If it is external and the manifest does not declare its networks.
pub(crate) fn to_server(node: &RedisNode<'_>) -> Result<Value> {
    let to = match &node.host {
        Some(host) => vec![pods(&pod_labels(REDIS, workload(host)))],
        None => networks(&node.deploy.cidrs).collect(),
    };
    to_peers(to, node.server.port, &format!("the server \"{}\"", node.server.name), &node.server.host)
}
