//! Containers of a Compose file, and those that run martydb.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::deployment::{DeploymentPlan, ServerNode};
use martydb_model::ServiceName;
use martydb_model::deploy::label;

/// Network between the host and the servers; services are not part of it.
pub(crate) const ADMIN: &str = "admin";

pub(crate) const INIT: &str = "init-all";

/// Conditions for the start of a container that depends on another one.
pub(crate) const HEALTHY: &str = "service_healthy";
pub(crate) const COMPLETED: &str = "service_completed_successfully";

/// A container. What is `None` is not written.
#[derive(Serialize, Default)]
pub(crate) struct ComposeService {
    pub image: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub depends_on: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
    pub secrets: Vec<String>,
    pub environment: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<String>,
    pub networks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    pub restart: &'static str,
    pub healthcheck: Option<Value>,
    pub user: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cap_drop: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_opt: Vec<&'static str>,
    pub shm_size: Option<&'static str>,
    pub stop_grace_period: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expose: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<&'static str>,
}

/// Returns a container of martydb with the admins' passwords.
pub(crate) fn as_admin(plan: &DeploymentPlan<'_>, arguments: &[&str]) -> ComposeService {
    let secret = |server: &ServerNode<'_>| (server.password_variable.clone(), admin_password(server.name));
    let redis = plan.redis.iter();
    let redis = redis.map(|node| (node.password_variable.to_owned(), admin_password(&node.server.name)));
    of_martydb(plan, arguments, plan.servers.iter().map(secret).chain(redis))
}

/// Returns a container of martydb that reads these variables from secret files.
pub(crate) fn of_martydb(
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
pub(crate) fn network(service: &ServiceName) -> String {
    format!("database-{}", label(service.as_str()))
}

/// Returns the name of the disk of a server.
pub(crate) fn volume(host: &str) -> String {
    format!("{}_data", host.replace('-', "_"))
}

/// Returns the path of the file with the password of a server's admin.
pub fn admin_password(server: &str) -> String {
    format!("{}_admin_password", server.replace('-', "_"))
}

/// Escapes a text so that Compose interpolates nothing in it.
pub(crate) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
