//! Compose file: <https://github.com/compose-spec/compose-spec/blob/main/spec.md>. Each database has a separate
//! network with its server, the programs that have a login there, and martydb.

mod container;
mod extra;
mod redis;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::deployment::{DeploymentPlan, ServerNode, ServiceNode};
use super::document::{filled, present};
use super::image;
use container::*;
use martydb_model::error::{Error, Result};
use martydb_ui::report::yaml_text;

pub use container::admin_password;
pub use redis::redis_url;

/// Folder of the secret files, beside the Compose file.
const SECRETS: &str = "./secrets";

/// Returns the Compose file.
///
/// # Errors
/// If two servers would be published at one port of the host, or a broker is in the relay's container.
pub(crate) fn document(plan: &DeploymentPlan<'_>) -> Result<String> {
    let here = || plan.servers.iter().filter_map(|server| Some((server.host.as_deref()?, server)));
    let mut published = BTreeMap::new();
    let ports = here().map(|(host, server)| (host, server.deploy.host_port));
    for (host, port) in ports.chain(redis::ports(plan)) {
        let Some(port) = port else { continue };
        if let Some(other) = published.insert(port, host) {
            let message =
                format!("\"{other}\" and \"{host}\" would both be published at port {port} of the host");
            return Err(
                Error::manifest(message).hint("set a different deploy: { host_port: … } for one of them")
            );
        }
    }
    let servers = here().map(|(host, server)| (host.to_owned(), of_server(plan, host, server)));
    let servers = servers.chain(redis::servers(plan));
    let services = plan.services.iter();
    let services =
        services.map(|node| (node.label.clone(), redis::client(plan, node, of_service(plan, node))));
    let job = (INIT.to_owned(), init_all(plan));
    // Internal networks have no external access.
    let databases = plan.services.iter().map(|node| network(&node.service.name)).chain(redis::networks(plan));
    let databases = databases.map(|network| (network, json!({ "internal": true })));
    let open = [ADMIN, "default"].map(|name| (name.to_owned(), json!({ "internal": false })));
    let passwords = plan.servers.iter().map(|server| admin_password(server.name));
    let urls = plan.services.iter().map(|node| database_url(node.service.name.as_str()));
    let workloads = workloads::all(plan)?;
    let own = workloads.values().flat_map(|service| service.secrets.clone()).collect::<Vec<_>>();
    let secrets = passwords.chain(urls).chain(own).chain(redis::secrets(plan));
    let secrets = secrets.map(|name| (name.clone(), json!({ "file": format!("{SECRETS}/{name}") })));
    let hosts = here().map(|(host, _)| host).chain(redis::ports(plan).map(|(host, _)| host));
    let volumes = hosts.map(|host| (volume(host), json!({})));
    let own = present(json!({
        "services": servers.chain([job]).chain(services).chain(workloads).collect::<BTreeMap<_, _>>(),
        "networks": databases.chain(open).collect::<BTreeMap<_, _>>(),
        "volumes": filled(volumes.collect::<BTreeMap<_, _>>()),
        "secrets": secrets.collect::<BTreeMap<_, _>>(),
    }));
    Ok(yaml_text(&match &plan.extra {
        Some(further) => extra::merged(own, further),
        None => own,
    }))
}

fn of_server(plan: &DeploymentPlan<'_>, host: &str, server: &ServerNode<'_>) -> ComposeService {
    let (url, password) = (server.url, admin_password(server.name));
    let databases = plan.services.iter().filter(|node| node.service.server == server.name);
    let networks = databases.map(|node| network(&node.service.name)).chain([ADMIN.into()]);
    let variables = image::variables(server).into_iter();
    let own = ("POSTGRES_PASSWORD_FILE".to_owned(), format!("/run/secrets/{password}"));
    let environment = variables.map(|(name, value)| (name.to_owned(), literal(&value))).chain([own]);
    let command: Vec<_> = ["CMD".to_owned()].into_iter().chain(image::ready(server).map(literal)).collect();
    let port = |published| format!("127.0.0.1:{published}:{}", url.port);
    ComposeService {
        image: server.deploy.image.clone(),
        volumes: vec![format!("{}:{}", volume(host), image::data_folder(server))],
        secrets: vec![password],
        environment: environment.collect(),
        ports: server.deploy.host_port.map(port).into_iter().collect(),
        networks: networks.collect::<BTreeSet<_>>().into_iter().collect(),
        restart: "unless-stopped",
        healthcheck: Some(json!({
            "test": command,
            "interval": "2s",
            "timeout": "5s",
            "retries": 30,
            "start_period": "60s",
        })),
        shm_size: Some("256mb"),
        // A server that stops writes a checkpoint.
        stop_grace_period: Some("120s"),
        ..ComposeService::default()
    }
}

fn of_service(plan: &DeploymentPlan<'_>, node: &ServiceNode<'_>) -> ComposeService {
    let url = database_url(node.service.name.as_str());
    let databases = node.databases.iter().map(|database| network(database));
    let ready = plan.servers_of(node).filter_map(|server| server.host.clone());
    let ready = ready.map(|host| (host, json!({ "condition": HEALTHY })));
    let provisioned = (INIT.to_owned(), json!({ "condition": COMPLETED }));
    ComposeService {
        image: node.pods.image.clone(),
        depends_on: ready.chain([provisioned]).collect(),
        environment: [("DATABASE_URL_FILE".to_owned(), format!("/run/secrets/{url}"))].into(),
        secrets: vec![url],
        networks: databases.chain(["default".to_owned()]).collect::<BTreeSet<_>>().into_iter().collect(),
        expose: node.pods.port.map(|port| port.to_string()).into_iter().collect(),
        restart: "unless-stopped",
        ..ComposeService::default()
    }
}

/// Returns the job that provisions. It runs once, over the network without services.
fn init_all(plan: &DeploymentPlan<'_>) -> ComposeService {
    let ready = plan.servers.iter().filter_map(|server| server.host.clone());
    let ready = ready.chain(redis::ports(plan).map(|(host, _)| host.to_owned()));
    ComposeService {
        depends_on: ready.map(|host| (host, json!({ "condition": HEALTHY }))).collect(),
        networks: vec![ADMIN.into()],
        restart: "no",
        ..as_admin(plan, &["--no-input", "-y", INIT])
    }
}

/// Returns the path of the file with the connection string of a service.
pub fn database_url(service: &str) -> String {
    format!("{}_database_url", service.replace('-', "_"))
}
