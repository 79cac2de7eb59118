//! Programs of martydb that run all the time: the monitor, the relay and the data service.
//! <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/>

use serde_json::json;

use super::listener::{self, FILES, OF_MONITOR, OF_RELAY, OF_SERVE};
use super::network::workload_policies;
use super::objects::*;
use super::prometheus_operator;
use super::tool_pod::{self, PodExtras, PodPasswords, ToolPod};
use crate::deployment::DeploymentPlan;
use crate::kubernetes::backups::backup_jobs::{store_keys, to_store};
use crate::kubernetes::network::policy_parts::EntryPods;
use martydb_model::BackupSettings;
use martydb_model::error::Result;

/// Returns the objects of the deployed programs.
///
/// # Errors
/// If a pod could not keep the passwords, or a broker is in the pod itself.
pub(crate) fn all(plan: &DeploymentPlan<'_>, doors: EntryPods) -> Result<Vec<RenderedObject>> {
    let mut all = vec![];
    if plan.runs_monitor() {
        all.push(workload_policies::of_monitor(plan));
        all.extend(store_policy(plan));
        all.push(monitor(plan)?);
    }
    if plan.outboxes().next().is_some() {
        all.push(workload_policies::of_relay(plan, doors)?);
        all.push(relay(plan)?);
    }
    if plan.serves() {
        plan.check_server_tls()?;
        all.push(workload_policies::of_serve(plan, doors)?);
        all.push(serve(plan)?);
    }
    all.extend(listener::deployed(plan).flat_map(|listener| listener.objects(plan)));
    all.extend(prometheus_operator::all(plan));
    Ok(all)
}

fn deployment(plan: &DeploymentPlan<'_>, run: ToolPod<'_>) -> Result<RenderedObject> {
    let (name, labels) = (run.instance, run.labels());
    let metadata = pods_metadata(plan, name, &labels[NAME], name);
    let template = tool_pod::template(plan, run, None)?;
    let spec = json!({ "replicas": 1, "selector": selector(&labels), "template": template });
    Ok(object(("apps/v1", "Deployment"), metadata, spec))
}

fn monitor(plan: &DeploymentPlan<'_>) -> Result<RenderedObject> {
    let mut extras = OF_MONITOR.extras();
    let settings = plan.manifest.backup.as_ref();
    if settings.is_some_and(BackupSettings::has_bucket) {
        extras.env_from.push(store_keys(&plan.manifest.deploy.backup_jobs));
    }
    let mut arguments = [&["--no-input", "monitor", "--listen", "0.0.0.0:9187"], &FILES[..]].concat();
    // The disk of the backups can be in use on one node at a time, by the jobs.
    if settings.is_some_and(|settings| settings.folders().next().is_some()) {
        arguments.extend(["--backups-every", "never"]);
    }
    deployment(plan, ToolPod { extras, ..ToolPod::plain(MONITOR, &arguments) })
}

fn relay(plan: &DeploymentPlan<'_>) -> Result<RenderedObject> {
    let (mut arguments, mut extras) = (vec!["--no-input", "relay"], PodExtras::default());
    if plan.measures_relay() {
        arguments.extend(["--metrics", "0.0.0.0:9188"].iter().chain(&FILES));
        extras = OF_RELAY.extras();
    }
    deployment(plan, ToolPod { passwords: PodPasswords::Relay, extras, ..ToolPod::plain(RELAY, &arguments) })
}

fn serve(plan: &DeploymentPlan<'_>) -> Result<RenderedObject> {
    let mut arguments = vec!["--no-input", "serve"];
    arguments.extend(["--listen", "0.0.0.0:8480"].iter().chain(&FILES));
    arguments.extend(plan.exposed().flat_map(|node| ["-s", node.service.name.as_str()]));
    let extras = OF_SERVE.extras();
    deployment(plan, ToolPod { passwords: PodPasswords::Serve, extras, ..ToolPod::plain(SERVE, &arguments) })
}

fn store_policy(plan: &DeploymentPlan<'_>) -> Option<RenderedObject> {
    plan.manifest.backup.as_ref()?.has_bucket().then(|| to_store(plan, MONITOR))
}
