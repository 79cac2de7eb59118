//! Runs of martydb: a Job that provisions and migrates, and a CronJob that verifies isolation.
//! <https://kubernetes.io/docs/concepts/workloads/controllers/job/>

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::objects::*;
use super::tool_pod::{self, ToolPod};
use crate::render::deployment::DeploymentPlan;
use crate::render::schedule;
use martydb_model::error::Result;
use martydb_ui::report::yaml_text;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobSpec {
    backoff_limit: u32,
    ttl_seconds_after_finished: u32,
    template: PodTemplate,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CronJobSpec {
    schedule: String,
    concurrency_policy: &'static str,
    successful_jobs_history_limit: u32,
    failed_jobs_history_limit: u32,
    job_template: JobTemplate,
}

#[derive(Serialize)]
struct JobTemplate {
    spec: JobSpec,
}

/// Returns the Job and the CronJob.
///
/// # Errors
/// If a pod could not keep the passwords that martydb creates.
pub fn all(plan: &DeploymentPlan<'_>) -> Result<Vec<RenderedObject>> {
    let init = job(plan, ToolPod::plain("init-all", &["--no-input", "-y", "init-all"]))?;
    // A Job cannot be changed, so its name depends on its content.
    let digest = Sha256::digest(yaml_text(&init));
    let suffix: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    let metadata = ObjectMeta::new(plan, &format!("init-all-{suffix}"), Some((MARTYDB, "init-all")));
    let init = KubernetesObject { api_version: "batch/v1", kind: "Job", metadata, spec: Some(init) };
    let verify = ToolPod::plain("verify-isolation", &["--no-input", "verify-isolation"]);
    // The file keeps its name.
    let init = RenderedObject { file: "job-init-all".to_owned(), ..init.rendered() };
    Ok(vec![init, cron_job(plan, schedule::ISOLATION, verify)?])
}

/// Returns a CronJob that runs martydb on a schedule.
///
/// # Errors
/// See [`all`].
pub fn cron_job(plan: &DeploymentPlan<'_>, schedule: &str, run: ToolPod<'_>) -> Result<RenderedObject> {
    let instance = run.instance;
    let spec = CronJobSpec {
        schedule: schedule.to_owned(),
        concurrency_policy: "Forbid",
        successful_jobs_history_limit: 1,
        failed_jobs_history_limit: 3,
        job_template: JobTemplate { spec: job(plan, run)? },
    };
    let metadata = ObjectMeta::new(plan, instance, Some((MARTYDB, instance)));
    let object = KubernetesObject { api_version: "batch/v1", kind: "CronJob", metadata, spec: Some(spec) };
    Ok(object.rendered())
}

fn job(plan: &DeploymentPlan<'_>, run: ToolPod<'_>) -> Result<JobSpec> {
    Ok(JobSpec {
        backoff_limit: 3,
        ttl_seconds_after_finished: 7 * 24 * 3600,
        template: tool_pod::template(plan, run, Some("Never"))?,
    })
}
