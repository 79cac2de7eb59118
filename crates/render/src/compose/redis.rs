//! Redis in a Compose file: a container for each server that is deployed here, and a network for the keys of each service.

use std::collections::BTreeSet;

use serde_json::json;

use super::container::{ADMIN, ComposeService, HEALTHY, admin_password, literal, volume};
use crate::deployment::{DeploymentPlan, ServiceNode};
use crate::redis::{DATA, RedisNode, ServerFiles, here, ready, script};
use martydb_model::ServiceName;
use martydb_model::deploy::label;

/// Returns the containers of the servers by host.
pub(crate) fn servers(plan: &DeploymentPlan<'_>) -> impl Iterator<Item = (String, ComposeService)> {
    here(&plan.redis).map(|(host, node)| (host.to_owned(), server(host, node)))
}

/// Returns the hosts of the servers, each with the port that is published.
pub(crate) fn ports<'p>(plan: &'p DeploymentPlan<'_>) -> impl Iterator<Item = (&'p str, Option<u16>)> {
    here(&plan.redis).map(|(host, node)| (host, node.deploy.host_port))
}

fn server(host: &str, node: &RedisNode<'_>) -> ComposeService {
    let secrets: Vec<String> = of_server(node).collect();
    let paths: Vec<String> = secrets.iter().map(|name| format!("/run/secrets/{name}")).collect();
    let certificate = match &paths[..] {
        [_, certificate, key] => Some([certificate.as_str(), key.as_str()]),
        _ => None,
    };
    let files = ServerFiles { password: &paths[0], certificate };
    let networks = node.services.iter().map(|keys| network(&keys.service)).chain([ADMIN.into()]);
    let port = |published| format!("127.0.0.1:{published}:{}", node.server.port);
    ComposeService {
        image: node.deploy.image.clone(),
        volumes: vec![format!("{}:{DATA}", volume(host))],
        secrets,
        ports: node.deploy.host_port.map(port).into_iter().collect(),
        networks: networks.collect::<BTreeSet<_>>().into_iter().collect(),
        command: ["sh", "-c", &literal(&script(node, &files))].map(str::to_owned).into(),
        restart: "unless-stopped",
        healthcheck: Some(json!({
            "test": ["CMD-SHELL", literal(&ready(node, &files))],
            "interval": "2s",
            "timeout": "5s",
            "retries": 30,
            "start_period": "60s",
        })),
        // A server that stops saves its keys.
        stop_grace_period: Some("120s"),
        ..ComposeService::default()
    }
}

/// Returns the secret files of a server: the password of its admin, and the certificate and the key of one with TLS.
fn of_server(node: &RedisNode<'_>) -> impl Iterator<Item = String> {
    let name = &node.server.name;
    let tls = ["certificate", "key"].map(|part| format!("{}_{part}", name.replace('-', "_")));
    [admin_password(name)].into_iter().chain(node.server.tls.then_some(tls).into_iter().flatten())
}

/// Returns the container of a service with the URL of its keys and the way to their server.
pub(crate) fn client(
    plan: &DeploymentPlan<'_>,
    node: &ServiceNode<'_>,
    mut container: ComposeService,
) -> ComposeService {
    let name = &node.service.name;
    for redis in plan.redis.iter().filter(|redis| redis.serves(name)) {
        let url = redis_url(name.as_str());
        container.environment.insert("REDIS_URL_FILE".to_owned(), format!("/run/secrets/{url}"));
        container.secrets.push(url);
        if let Some(host) = &redis.host {
            container.depends_on.insert(host.clone(), json!({ "condition": HEALTHY }));
            container.networks.push(network(name));
            container.networks.sort();
        }
    }
    container
}

/// Returns the networks of the keys on servers that are deployed here.
pub(crate) fn networks(plan: &DeploymentPlan<'_>) -> impl Iterator<Item = String> {
    here(&plan.redis).flat_map(|(_, node)| node.services.iter().map(|keys| network(&keys.service)))
}

/// Returns the names of the secrets: those of the servers, and the URL of each service with keys. An external server has
/// only the password of its admin here.
pub(crate) fn secrets(plan: &DeploymentPlan<'_>) -> impl Iterator<Item = String> {
    plan.redis.iter().flat_map(|node| {
        let own = of_server(node).take(if node.host.is_some() { usize::MAX } else { 1 });
        own.chain(node.services.iter().map(|keys| redis_url(keys.service.as_str()))).collect::<Vec<_>>()
    })
}

/// Returns the network of a service's keys.
fn network(service: &ServiceName) -> String {
    format!("redis-{}", label(service.as_str()))
}

/// Returns the path of the file with the URL of a service's keys.
pub fn redis_url(service: &str) -> String {
    format!("{}_redis_url", service.replace('-', "_"))
}
