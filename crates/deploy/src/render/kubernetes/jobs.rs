//! Pods that run martydb: a Job that provisions and migrates, and a CronJob that verifies isolation.
//! <https://kubernetes.io/docs/concepts/workloads/controllers/job/>

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::objects::*;
use super::servers::PASSWORD;
use crate::render::deployment::{DeploymentPlan, LoginNode};
use crate::render::schedule;
use martydb_config::manifest::SecretsSpec;
use martydb_config::secrets::variable_name;
use martydb_model::error::{Error, Result};
use martydb_ui::report::yaml_text;

/// User ID in the image of the Dockerfile.
const ACCOUNT: u32 = 10001;

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

/// A run of martydb: its name, its arguments, and additions to its pod.
pub struct ToolJob<'a> {
    pub instance: &'a str,
    pub arguments: &'a [&'a str],
    pub pod: PodExtras,
}

/// Additions to a pod for its files and external services.
#[derive(Default)]
pub struct PodExtras {
    pub env: Vec<EnvVar>,
    pub env_from: Vec<EnvFrom>,
    pub volumes: Vec<Volume>,
    pub mounts: Vec<VolumeMount>,
}

impl<'a> ToolJob<'a> {
    fn plain(instance: &'a str, arguments: &'a [&'a str]) -> ToolJob<'a> {
        ToolJob { instance, arguments, pod: PodExtras::default() }
    }
}

/// Returns the Job and the CronJob.
///
/// # Errors
/// If a pod could not keep the passwords that martydb creates.
pub fn all(plan: &DeploymentPlan<'_>) -> Result<Vec<String>> {
    let init = job(plan, ToolJob::plain("init-all", &["--no-input", "-y", "init-all"]))?;
    // A Job cannot be changed, so its name depends on its content.
    let digest = Sha256::digest(yaml_text(&init));
    let suffix: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    let metadata = ObjectMeta::new(plan, &format!("init-all-{suffix}"), Some((MARTYDB, "init-all")));
    let init = KubernetesObject { api_version: "batch/v1", kind: "Job", metadata, spec: Some(init) };
    let verify = ToolJob::plain("verify-isolation", &["--no-input", "verify-isolation"]);
    Ok(vec![yaml_text(&init), cron_job(plan, schedule::ISOLATION, verify)?])
}

/// Returns a CronJob that runs martydb on a schedule.
///
/// # Errors
/// See [`all`].
pub fn cron_job(plan: &DeploymentPlan<'_>, schedule: &str, run: ToolJob<'_>) -> Result<String> {
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
    Ok(yaml_text(&object))
}

fn job(plan: &DeploymentPlan<'_>, run: ToolJob<'_>) -> Result<JobSpec> {
    let manifest = plan.manifest;
    let path = manifest.path.file_name().unwrap_or_default().to_string_lossy();
    let before = ["-f", &format!("/work/{path}"), "-e", &manifest.env].map(dependency_free);
    let admins = plan
        .servers
        .iter()
        .map(|server| EnvVar::secret(&server.password_variable, server.admin_secret(), PASSWORD));
    let tmp = VolumeMount::at("tmp", "/tmp");
    let owns_volumes = !run.pod.volumes.is_empty();
    let container = PodContainer {
        name: MARTYDB,
        image: manifest.deploy.tool_image.clone(),
        args: before.into_iter().chain(run.arguments.iter().map(|one| (*one).to_owned())).collect(),
        env: admins.chain(passwords(plan)?).chain(run.pod.env).collect(),
        env_from: run.pod.env_from,
        ports: vec![],
        resources: Resources::new("100m", "256Mi"),
        security_context: ContainerSecurity::default(),
        startup_probe: None,
        readiness_probe: None,
        liveness_probe: None,
        volume_mounts: [tmp].into_iter().chain(run.pod.mounts).collect(),
    };
    let tmp = Volume::empty("tmp", None, "64Mi");
    Ok(JobSpec {
        backoff_limit: 3,
        ttl_seconds_after_finished: 7 * 24 * 3600,
        template: PodTemplate {
            metadata: TemplateMetadata { labels: pod_labels(MARTYDB, run.instance) },
            spec: PodSpec {
                automount_service_account_token: false,
                restart_policy: Some("Never"),
                security_context: PodSecurity::new(ACCOUNT, owns_volumes),
                termination_grace_period_seconds: Some(60),
                containers: vec![container],
                volumes: [tmp].into_iter().chain(run.pod.volumes).collect(),
            },
        },
    })
}

/// Returns the logins' passwords if variables are the provider: each from the Secret of `secrets export`.
fn passwords(plan: &DeploymentPlan<'_>) -> Result<Vec<EnvVar>> {
    let template = match &plan.manifest.secrets {
        SecretsSpec::Command { .. } => return Ok(vec![]),
        SecretsSpec::Env { name } => name,
        SecretsSpec::File { .. } => {
            return Err(Error::manifest("the secrets provider is file, but a pod's files are lost when it ends").hint(
                "choose provider env or command for this environment; `martydb secrets export --format kubernetes --values --out FILE` writes the \
                 Secrets from this store",
            ));
        }
    };
    let variable = |login: &LoginNode<'_>| {
        let (key, secret) = (&login.key, login.key.secret_name());
        EnvVar::secret(&variable_name(template, key, &key.label), secret, "PGPASSWORD")
    };
    let mut all: Vec<EnvVar> = plan.logins.iter().map(variable).collect();
    // If the template contains no server, a further login on two servers has one variable.
    let mut seen = BTreeSet::new();
    all.retain(|variable| seen.insert(variable.name.clone()));
    Ok(all)
}
