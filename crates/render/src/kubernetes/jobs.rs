//! Runs of martydb: a Job that provisions and migrates, and CronJobs that verify isolation and maintain partitions.
//! <https://kubernetes.io/docs/concepts/workloads/controllers/job/>

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::objects::*;
use super::tool_pod::{self, PodPasswords, ToolPod};
use crate::deployment::DeploymentPlan;
use crate::schedule;
use martydb_model::error::Result;
use martydb_model::hex;

const API: &str = "batch/v1";

/// Returns the Job and the CronJobs.
///
/// # Errors
/// If a pod could not keep the passwords that martydb creates.
pub(crate) fn all(plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedObject>> {
    let init = job(plan, ToolPod::plain("init-all", &["--no-input", "-y", "init-all"]))?;
    // A Job cannot be changed, so its name depends on its content.
    let digest = Sha256::digest(yaml(init.clone()));
    let metadata =
        pods_metadata(plan, &format!("init-all-{}", hex::encode(&digest[..4])), MARTYDB, "init-all");
    let verify = ToolPod::plain("verify-isolation", &["--no-input", "verify-isolation"]);
    // The file keeps its name.
    let init = RenderedObject { file: "job-init-all".to_owned(), ..object((API, "Job"), metadata, init) };
    let mut all = vec![init, cron_job(plan, schedule::ISOLATION, verify)?];
    if let Some(run) = schedule::of_partitions(plan) {
        let pod = ToolPod { passwords: PodPasswords::Partitions, ..ToolPod::plain(run.name, run.arguments) };
        all.push(cron_job(plan, run.at, pod)?);
    }
    Ok(all)
}

/// Returns a CronJob that runs martydb on a schedule.
///
/// # Errors
/// See [`all`].
pub(crate) fn cron_job(
    plan: &DeploymentPlan<'_>,
    schedule: &str,
    run: ToolPod<'_>,
) -> Result<RenderedObject> {
    let instance = run.instance;
    let spec = json!({
        "schedule": schedule,
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": { "spec": job(plan, run)? },
    });
    Ok(object((API, "CronJob"), pods_metadata(plan, instance, MARTYDB, instance), spec))
}

fn job(plan: &DeploymentPlan<'_>, run: ToolPod<'_>) -> Result<Value> {
    Ok(json!({
        "backoffLimit": 3,
        "ttlSecondsAfterFinished": 7 * 24 * 3600,
        "template": tool_pod::template(plan, run, Some("Never"))?,
    }))
}
