//! Programs of martydb that run all the time: the monitor, the relay, and the one that maintains partitions.

use std::collections::BTreeMap;

use serde_json::json;

use super::container::{ADMIN, COMPLETED, ComposeService, INIT, as_admin, network, of_martydb};
use crate::render::broker;
use crate::render::deployment::{DeploymentPlan, MONITOR, PARTITIONS, RELAY};
use martydb_model::error::Result;

/// Profile of the monitor: its certificate and users are the user's to make, and without them it cannot start.
const PROFILE: &str = "monitor";

/// Secret files of the monitor's listener.
const CERTIFICATE: &str = "martydb_monitor_certificate";
const KEY: &str = "martydb_monitor_key";
const USERS: &str = "martydb_monitor_users";

/// Returns the deployed programs by name.
///
/// # Errors
/// If a broker is in the container itself.
pub fn all(plan: &DeploymentPlan<'_>) -> Result<BTreeMap<String, ComposeService>> {
    let mut all = BTreeMap::new();
    if plan.runs_monitor() {
        all.insert(MONITOR.to_owned(), monitor(plan));
    }
    if plan.outboxes().next().is_some() {
        broker::all(plan)?;
        all.insert(RELAY.to_owned(), relay(plan));
    }
    if plan.has_partitions() {
        all.insert(PARTITIONS.to_owned(), partitions(plan));
    }
    Ok(all)
}

/// Returns the container that makes and removes partitions every hour, without the password of any admin.
fn partitions(plan: &DeploymentPlan<'_>) -> ComposeService {
    let with = plan.services.iter().filter(|node| !node.service.partitions.is_empty());
    ComposeService {
        // By the last one it reaches servers that are not deployed here.
        networks: with.map(|node| network(&node.service.name)).chain(["default".to_owned()]).collect(),
        ..after_init(of_martydb(plan, &["--no-input", "partitions"], std::iter::empty()))
    }
}

/// Returns the monitor. Prometheus connects to it over the network of the services.
fn monitor(plan: &DeploymentPlan<'_>) -> ComposeService {
    let file = |name: &str| format!("/run/secrets/{name}");
    let arguments = [
        ["--no-input", "monitor"],
        ["--listen", "0.0.0.0:9187"],
        ["--tls-certificate", &file(CERTIFICATE)],
        ["--tls-key", &file(KEY)],
        ["--users", &file(USERS)],
    ];
    let mut service = as_admin(plan, arguments.as_flattened());
    service.secrets.extend([CERTIFICATE, KEY, USERS].map(str::to_owned));
    ComposeService {
        networks: vec![ADMIN.into(), "default".into()],
        expose: vec!["9187".into()],
        profiles: vec![PROFILE],
        ..after_init(service)
    }
}

/// Returns the relay, without the password of any admin.
fn relay(plan: &DeploymentPlan<'_>) -> ComposeService {
    let secrets = broker::variables(plan).into_iter().map(|name| (name.clone(), name.to_lowercase()));
    let databases = plan.outboxes().map(|node| network(&node.service.name));
    ComposeService {
        networks: databases.chain(["default".to_owned()]).collect(),
        ..after_init(of_martydb(plan, &["--no-input", "relay"], secrets))
    }
}

fn after_init(service: ComposeService) -> ComposeService {
    ComposeService {
        depends_on: [(INIT.to_owned(), json!({ "condition": COMPLETED }))].into(),
        restart: "unless-stopped",
        ..service
    }
}
