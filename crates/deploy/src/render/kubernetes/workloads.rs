//! Programs of martydb that run all the time: the monitor with its Service, and the relay.
//! <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/>

use serde_json::json;

use super::backup_jobs::{store_keys, to_store};
use super::listener::{METRICS, MONITOR_TLS, MONITOR_USERS, PORT};
use super::network_policies::EntryPods;
use super::objects::*;
use super::tool_pod::{self, PodExtras, PodPasswords, ToolPod};
use super::{certificates, prometheus_operator, workload_policies};
use crate::render::deployment::DeploymentPlan;
use martydb_model::BackupSettings;
use martydb_model::error::Result;

/// Arguments of the monitor, with the files of its Secrets. The last two are for one that cannot see the backups.
static MONITOR_ARGUMENTS: [&str; 12] = [
    "--no-input",
    "monitor",
    "--listen",
    "0.0.0.0:9187",
    "--tls-certificate",
    "/run/martydb/tls/tls.crt",
    "--tls-key",
    "/run/martydb/tls/tls.key",
    "--users",
    "/run/martydb/users/users",
    "--backups-every",
    "never",
];

/// Returns the objects of the deployed programs.
///
/// # Errors
/// If a pod could not keep the passwords, or a broker is in the pod itself.
pub fn all(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Result<Vec<RenderedObject>> {
    let mut all = vec![];
    if plan.runs_monitor() {
        all.push(workload_policies::of_monitor(plan));
        all.extend(store_policy(plan));
        all.push(service(plan));
        all.extend(certificates::certificate(plan, MONITOR_TLS, &[MONITOR]));
        all.push(deployment(plan, monitor(plan))?);
        all.extend(prometheus_operator::all(plan));
    }
    if plan.outboxes().next().is_some() {
        all.push(workload_policies::of_relay(plan, doors)?);
        let arguments = &["--no-input", "relay"];
        let relay = ToolPod { passwords: PodPasswords::Relay, ..ToolPod::plain(RELAY, arguments) };
        all.push(deployment(plan, relay)?);
    }
    Ok(all)
}

fn deployment(plan: &DeploymentPlan<'_>, run: ToolPod<'_>) -> Result<RenderedObject> {
    let (name, labels) = (run.instance, run.labels());
    let metadata = pods_metadata(plan, name, &labels[NAME], name);
    let template = tool_pod::template(plan, run, None)?;
    let spec = json!({ "replicas": 1, "selector": selector(&labels), "template": template });
    Ok(object(("apps/v1", "Deployment"), metadata, spec))
}

fn service(plan: &DeploymentPlan<'_>) -> RenderedObject {
    let ports = [service_port(METRICS, PORT)];
    let spec = json!({ "selector": pod_labels(MARTYDB, MONITOR), "ports": ports });
    object(("v1", "Service"), pods_metadata(plan, MONITOR, MARTYDB, MONITOR), spec)
}

fn monitor(plan: &DeploymentPlan<'_>) -> ToolPod<'static> {
    // The kubelet verifies no certificate.
    let get = |path: &str| json!({ "httpGet": { "path": path, "port": METRICS, "scheme": "HTTPS" } });
    let mut extras = PodExtras {
        ports: vec![container_port(METRICS, PORT)],
        readiness: Some(probe(get("/ready"), 10, 3)),
        liveness: Some(probe(get("/live"), 20, 6)),
        ..PodExtras::default()
    };
    for (name, secret, folder) in
        [("tls", MONITOR_TLS, "/run/martydb/tls"), ("users", MONITOR_USERS, "/run/martydb/users")]
    {
        extras.volumes.push(secret_volume(name, secret, &[]));
        extras.mounts.push(mount(name, folder));
    }
    let settings = plan.manifest.backup.as_ref();
    if settings.is_some_and(BackupSettings::has_bucket) {
        extras.env_from.push(store_keys(&plan.manifest.deploy.backup_jobs));
    }
    // The disk of the backups can be in use on one node at a time, by the jobs.
    let arguments = match settings.is_some_and(|settings| settings.folders().next().is_some()) {
        true => &MONITOR_ARGUMENTS[..],
        false => &MONITOR_ARGUMENTS[..MONITOR_ARGUMENTS.len() - 2],
    };
    ToolPod { extras, ..ToolPod::plain(MONITOR, arguments) }
}

fn store_policy(plan: &DeploymentPlan<'_>) -> Option<RenderedObject> {
    let settings = plan.manifest.backup.as_ref()?;
    settings.has_bucket().then(|| to_store(plan, MONITOR))
}
