//! Compose file: <https://github.com/compose-spec/compose-spec/blob/main/spec.md>. Each database has a separate
//! network with its server, the programs that have a login there, and martydb.

mod workloads;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::deployment::{DeploymentPlan, ServerNode, ServiceNode};
use super::image;
use martydb_model::ServiceName;
use martydb_model::deploy::label;
use martydb_model::error::{Error, Result};
use martydb_ui::report::yaml_text;

/// Folder of the secret files, beside the Compose file.
const SECRETS: &str = "./secrets";

/// Network between the host and the servers; services are not part of it.
const ADMIN: &str = "admin";

const INIT: &str = "init-all";

#[derive(Serialize)]
struct ComposeFile {
    services: BTreeMap<String, ComposeService>,
    networks: BTreeMap<String, Network>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    volumes: BTreeMap<String, NamedVolume>,
    secrets: BTreeMap<String, SecretFile>,
}

#[derive(Serialize, Default)]
struct ComposeService {
    image: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    depends_on: BTreeMap<String, DependsOn>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<String>,
    secrets: Vec<String>,
    environment: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<String>,
    networks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    restart: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<HealthCheck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cap_drop: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_opt: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shm_size: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_grace_period: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expose: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    profiles: Vec<&'static str>,
}

#[derive(Serialize)]
struct DependsOn {
    condition: &'static str,
}

#[derive(Serialize)]
struct HealthCheck {
    test: Vec<String>,
    interval: &'static str,
    timeout: &'static str,
    retries: u8,
    start_period: &'static str,
}

#[derive(Serialize)]
struct Network {
    /// `true` if the network has no external access.
    internal: bool,
}

#[derive(Serialize)]
struct NamedVolume {}

#[derive(Serialize)]
struct SecretFile {
    file: String,
}

/// Returns the Compose file.
///
/// # Errors
/// If two servers would be published at one port of the host, or a broker is in the relay's container.
pub fn document(plan: &DeploymentPlan<'_>) -> Result<String> {
    let here = || plan.servers.iter().filter_map(|server| Some((server.host.as_deref()?, server)));
    let mut published = BTreeMap::new();
    for (host, server) in here() {
        let Some(port) = server.deploy.host_port else { continue };
        if let Some(other) = published.insert(port, host) {
            let message =
                format!("\"{other}\" and \"{host}\" would both be published at port {port} of the host");
            return Err(
                Error::manifest(message).hint("set a different deploy: { host_port: … } for one of them")
            );
        }
    }
    let servers = here().map(|(host, server)| (host.to_owned(), of_server(plan, host, server)));
    let services = plan.services.iter().map(|node| (node.label.clone(), of_service(plan, node)));
    let job = (INIT.to_owned(), init_all(plan));
    let databases =
        plan.services.iter().map(|node| (network(&node.service.name), Network { internal: true }));
    let open = [ADMIN, "default"].map(|name| (name.to_owned(), Network { internal: false }));
    let passwords = plan.servers.iter().map(|server| admin_password(server.name));
    let urls = plan.services.iter().map(|node| database_url(node.service.name.as_str()));
    let workloads = workloads::all(plan)?;
    let own = workloads.iter().flat_map(|(_, service)| service.secrets.clone()).collect::<Vec<_>>();
    let file = ComposeFile {
        services: servers.chain([job]).chain(services).chain(workloads).collect(),
        networks: databases.chain(open).collect(),
        volumes: here().map(|(host, _)| (volume(host), NamedVolume {})).collect(),
        secrets: passwords
            .chain(urls)
            .chain(own)
            .map(|name| (name.clone(), SecretFile { file: format!("{SECRETS}/{name}") }))
            .collect(),
    };
    Ok(yaml_text(&file))
}

fn of_server(plan: &DeploymentPlan<'_>, host: &str, server: &ServerNode<'_>) -> ComposeService {
    let (url, password) = (server.url, admin_password(server.name));
    let databases = plan.services.iter().filter(|node| node.service.server == server.name);
    let networks = databases.map(|node| network(&node.service.name)).chain([ADMIN.into()]);
    let variables = image::variables(server).into_iter();
    let own = ("POSTGRES_PASSWORD_FILE".to_owned(), format!("/run/secrets/{password}"));
    let environment = variables.map(|(name, value)| (name.to_owned(), literal(&value))).chain([own]);
    let ready = image::ready(server).map(literal);
    let port = |published| format!("127.0.0.1:{published}:{}", url.port);
    ComposeService {
        image: server.deploy.image.clone(),
        volumes: vec![format!("{}:{}", volume(host), image::data_folder(server))],
        secrets: vec![password],
        environment: environment.collect(),
        ports: server.deploy.host_port.map(port).into_iter().collect(),
        networks: networks.collect::<BTreeSet<_>>().into_iter().collect(),
        restart: "unless-stopped",
        healthcheck: Some(HealthCheck {
            test: ["CMD".to_owned()].into_iter().chain(ready).collect(),
            interval: "2s",
            timeout: "5s",
            retries: 30,
            start_period: "60s",
        }),
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
    let ready = ready.map(|host| (host, DependsOn { condition: "service_healthy" }));
    let provisioned = (INIT.to_owned(), DependsOn { condition: "service_completed_successfully" });
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
    ComposeService {
        depends_on: ready.map(|host| (host, DependsOn { condition: "service_healthy" })).collect(),
        networks: vec![ADMIN.into()],
        restart: "no",
        ..as_admin(plan, &["--no-input", "-y", INIT])
    }
}

/// Returns a container of martydb with the admins' passwords.
fn as_admin(plan: &DeploymentPlan<'_>, arguments: &[&str]) -> ComposeService {
    let secret = |server: &ServerNode<'_>| (server.password_variable.clone(), admin_password(server.name));
    of_martydb(plan, arguments, plan.servers.iter().map(secret))
}

/// Returns a container of martydb that reads these variables from secret files.
fn of_martydb(
    plan: &DeploymentPlan<'_>,
    arguments: &[&str],
    secrets: impl Iterator<Item = (String, String)>,
) -> ComposeService {
    let manifest = plan.manifest;
    let name = manifest.path.file_name().unwrap_or_default().to_string_lossy();
    let path = format!("/work/{}", literal(&name));
    let command = ["-f", &path, "-e", &manifest.env].into_iter().chain(arguments.iter().copied());
    let variables: BTreeMap<String, String> = secrets.collect();
    let files = variables.iter().map(|(name, file)| (format!("{name}_FILE"), format!("/run/secrets/{file}")));
    ComposeService {
        image: manifest.deploy.tool_image.clone(),
        volumes: vec![format!("{}:/work", literal(&plan.places.from_file))],
        environment: files.collect(),
        secrets: variables.values().cloned().collect(),
        command: command.map(str::to_owned).collect(),
        // The project's files belong to the user.
        user: Some("${MARTYDB_UID:-1000}:${MARTYDB_GID:-1000}"),
        cap_drop: vec!["ALL"],
        security_opt: vec!["no-new-privileges:true"],
        ..ComposeService::default()
    }
}

/// Returns the network of a service's database.
fn network(service: &ServiceName) -> String {
    format!("database-{}", label(service.as_str()))
}

fn volume(host: &str) -> String {
    format!("{}_data", host.replace('-', "_"))
}

/// Returns the path of the file with the password of a server's admin.
pub fn admin_password(server: &str) -> String {
    format!("{}_admin_password", server.replace('-', "_"))
}

/// Returns the path of the file with the connection string of a service.
pub fn database_url(service: &str) -> String {
    format!("{}_database_url", service.replace('-', "_"))
}

/// Escapes a text so that Compose interpolates nothing in it.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
