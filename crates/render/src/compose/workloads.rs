//! Programs of martydb that run all the time: the monitor, the relay, the data service, and the one that maintains
//! partitions.

use std::collections::BTreeMap;

use serde_json::json;

use super::container::{ADMIN, COMPLETED, ComposeService, INIT, as_admin, network, of_martydb};
use crate::deployment::{DeploymentPlan, MONITOR, PARTITIONS, RELAY, SERVE};
use crate::{broker, caller_keys};
use martydb_model::error::Result;

/// Profile of the monitor: its certificate and users are the user's to make, and without them it cannot start.
const PROFILE: &str = "monitor";

/// Secret files of a listener: its certificate, the key, and its users.
fn files(program: &str) -> [String; 3] {
    ["certificate", "key", "users"].map(|file| format!("martydb_{program}_{file}"))
}

/// Returns a program of martydb that listens with these files at an address.
fn listening(service: ComposeService, files: [String; 3], flag: &str, port: u16) -> ComposeService {
    let named = ["--tls-certificate", "--tls-key", "--users"]
        .iter()
        .zip(&files)
        .flat_map(|(flag, file)| [(*flag).to_owned(), format!("/run/secrets/{file}")]);
    let address = [flag.to_owned(), format!("0.0.0.0:{port}")];
    ComposeService {
        command: service.command.into_iter().chain(address).chain(named).collect(),
        secrets: service.secrets.into_iter().chain(files).collect(),
        expose: vec![port.to_string()],
        ..service
    }
}

/// Returns the deployed programs by name.
///
/// # Errors
/// If a broker is in the container itself, or the data service does not reach a server by verified TLS.
pub(crate) fn all(plan: &DeploymentPlan<'_>) -> Result<BTreeMap<String, ComposeService>> {
    let mut all = BTreeMap::new();
    if plan.runs_monitor() {
        all.insert(MONITOR.to_owned(), monitor(plan));
    }
    if plan.outboxes().next().is_some() {
        broker::all(plan)?;
        all.insert(RELAY.to_owned(), relay(plan));
    }
    if plan.serves() {
        plan.check_server_tls()?;
        all.insert(SERVE.to_owned(), serve(plan));
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
    let service = as_admin(plan, &["--no-input", "monitor"]);
    ComposeService {
        networks: vec![ADMIN.into(), "default".into()],
        profiles: vec![PROFILE],
        ..after_init(listening(service, files("monitor"), "--listen", 9187))
    }
}

/// Returns the relay, without the password of any admin. Its listener has no profile: the relay itself is always there,
/// so the manifest decides about the files.
fn relay(plan: &DeploymentPlan<'_>) -> ComposeService {
    let secrets = broker::variables(plan).into_iter().map(|name| (name.clone(), name.to_lowercase()));
    let databases = plan.outboxes().map(|node| network(&node.service.name));
    let networks = databases.chain(["default".to_owned()]).collect();
    let service = of_martydb(plan, &["--no-input", "relay"], secrets);
    let service = match plan.manifest.deploy.relay {
        Some(_) => listening(service, files("relay"), "--metrics", 9188),
        None => service,
    };
    ComposeService { networks, ..after_init(service) }
}

/// Returns the data service, without the password of any admin. The services reach it over their network.
fn serve(plan: &DeploymentPlan<'_>) -> ComposeService {
    let secrets = caller_keys::named(plan).into_iter().map(|name| (name.to_owned(), name.to_lowercase()));
    let databases = plan.exposed().map(|node| network(&node.service.name));
    let networks = databases.chain(["default".to_owned()]).collect();
    let mut arguments = vec!["--no-input", "serve"];
    arguments.extend(plan.exposed().flat_map(|node| ["-s", node.service.name.as_str()]));
    let service = of_martydb(plan, &arguments, secrets);
    ComposeService {
        networks,
        // Requests in progress have 30 seconds.
        stop_grace_period: Some("60s"),
        ..after_init(listening(service, files("serve"), "--listen", 8480))
    }
}

fn after_init(service: ComposeService) -> ComposeService {
    ComposeService {
        depends_on: [(INIT.to_owned(), json!({ "condition": COMPLETED }))].into(),
        restart: "unless-stopped",
        ..service
    }
}
