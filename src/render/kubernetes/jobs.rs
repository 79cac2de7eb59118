//! martydb itself, in pods: a Job that provisions and migrates, and a CronJob that proves isolation.
//! <https://kubernetes.io/docs/concepts/workloads/controllers/job/>

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::objects::*;
use super::servers::PASSWORD;
use crate::error::{Error, Result};
use crate::manifest::SecretsSpec;
use crate::render::landscape::{Landscape, LoginNode};
use crate::report::yaml_text;
use crate::secrets::variable_name;

/// The account of the image of the Dockerfile.
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
    schedule: &'static str,
    concurrency_policy: &'static str,
    successful_jobs_history_limit: u32,
    failed_jobs_history_limit: u32,
    job_template: JobTemplate,
}

#[derive(Serialize)]
struct JobTemplate {
    spec: JobSpec,
}

/// # Errors
/// If a pod could not keep the passwords that martydb makes.
pub fn all(landscape: &Landscape<'_>) -> Result<Vec<String>> {
    let init = job(landscape, "init-all", &["--no-input", "-y", "init-all"])?;
    // A Job cannot be changed: one with another content has another name.
    let digest = Sha256::digest(yaml_text(&init));
    let suffix: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    let metadata = ObjectMeta::of(landscape, &format!("init-all-{suffix}"), Some((MARTYDB, "init-all")));
    let init = KubernetesObject { api_version: "batch/v1", kind: "Job", metadata, spec: Some(init) };
    let verify = CronJobSpec {
        schedule: "17 3 * * *",
        concurrency_policy: "Forbid",
        successful_jobs_history_limit: 1,
        failed_jobs_history_limit: 3,
        job_template: JobTemplate {
            spec: job(landscape, "verify-isolation", &["--no-input", "verify-isolation"])?,
        },
    };
    let metadata = ObjectMeta::of(landscape, "verify-isolation", Some((MARTYDB, "verify-isolation")));
    let verify = KubernetesObject { api_version: "batch/v1", kind: "CronJob", metadata, spec: Some(verify) };
    Ok(vec![yaml_text(&init), yaml_text(&verify)])
}

fn job(landscape: &Landscape<'_>, instance: &str, arguments: &[&str]) -> Result<JobSpec> {
    let manifest = landscape.manifest;
    let path = manifest.path.file_name().unwrap_or_default().to_string_lossy();
    let before = ["-f", &format!("/work/{path}"), "-e", &manifest.env].map(dependency_free);
    let admins = landscape
        .servers
        .iter()
        .map(|server| EnvVar::secret(&server.password_variable, server.admin_secret(), PASSWORD));
    let container = PodContainer {
        name: MARTYDB,
        image: manifest.deploy.tool_image.clone(),
        args: before.into_iter().chain(arguments.iter().map(|one| (*one).to_owned())).collect(),
        env: admins.chain(passwords(landscape)?).collect(),
        ports: vec![],
        resources: Resources::of("100m", "256Mi"),
        security_context: ContainerSecurity::default(),
        startup_probe: None,
        readiness_probe: None,
        liveness_probe: None,
        volume_mounts: vec![VolumeMount { name: "tmp", mount_path: "/tmp" }],
    };
    Ok(JobSpec {
        backoff_limit: 3,
        ttl_seconds_after_finished: 7 * 24 * 3600,
        template: PodTemplate {
            metadata: TemplateMetadata { labels: pod_labels(MARTYDB, instance) },
            spec: PodSpec {
                automount_service_account_token: false,
                restart_policy: Some("Never"),
                security_context: PodSecurity::of(ACCOUNT, false),
                termination_grace_period_seconds: Some(60),
                containers: vec![container],
                volumes: vec![Volume {
                    name: "tmp",
                    empty_dir: EmptyDir { medium: None, size_limit: "64Mi" },
                }],
            },
        },
    })
}

/// The logins' passwords, where variables are the provider: each from the Secret that `secrets export` writes.
fn passwords(landscape: &Landscape<'_>) -> Result<Vec<EnvVar>> {
    let template = match &landscape.manifest.secrets {
        SecretsSpec::Command { .. } => return Ok(vec![]),
        SecretsSpec::Env { name } => name,
        SecretsSpec::File { .. } => {
            return Err(Error::manifest("the secrets provider is file, and a pod's files are gone when it ends").hint(
                "choose provider env or command for this environment; `martydb secrets export --format kubernetes --values --out FILE` writes the \
                 Secrets from this store",
            ));
        }
    };
    let variable = |login: &LoginNode<'_>| {
        let (key, secret) = (&login.key, login.key.secret_name());
        EnvVar::secret(&variable_name(template, key, &key.label), secret, "PGPASSWORD")
    };
    let mut all: Vec<EnvVar> = landscape.logins.iter().map(variable).collect();
    // Where the template names no server, a further login on two servers has one variable.
    let mut seen = BTreeSet::new();
    all.retain(|variable| seen.insert(variable.name.clone()));
    Ok(all)
}
