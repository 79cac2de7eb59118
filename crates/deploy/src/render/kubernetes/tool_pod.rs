//! Pods that run martydb, with the manifest in `/work` of the image and passwords from Secrets.

use std::collections::BTreeSet;

use super::certificates;
use super::objects::*;
use super::servers::PASSWORD;
use crate::render::broker;
use crate::render::deployment::{DeploymentPlan, LoginNode, ServerNode};
use martydb_config::manifest::SecretsSpec;
use martydb_config::secrets::variable_name;
use martydb_model::error::{Error, Result};

/// User ID in the image of the Dockerfile.
const ACCOUNT: u32 = 10001;

/// Secret with the variables of the brokers.
pub const BROKERS: &str = "martydb-relay-brokers";

/// Passwords that a pod gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodPasswords {
    /// Those of the admins and of every login.
    All,
    /// Those of the relay's logins and of the brokers.
    Relay,
}

/// A run of martydb: its name, its arguments, its passwords, and additions to its pod.
pub struct ToolPod<'a> {
    pub instance: &'a str,
    pub arguments: &'a [&'a str],
    pub passwords: PodPasswords,
    pub extras: PodExtras,
}

/// Additions to a pod for its files, external services and listener.
#[derive(Default)]
pub struct PodExtras {
    pub env: Vec<EnvVar>,
    pub env_from: Vec<EnvFrom>,
    pub ports: Vec<ContainerPort>,
    pub readiness: Option<ContainerProbe>,
    pub liveness: Option<ContainerProbe>,
    pub volumes: Vec<Volume>,
    pub mounts: Vec<VolumeMount>,
}

impl<'a> ToolPod<'a> {
    pub fn plain(instance: &'a str, arguments: &'a [&'a str]) -> ToolPod<'a> {
        ToolPod { instance, arguments, passwords: PodPasswords::All, extras: PodExtras::default() }
    }

    /// Returns the labels of the pod.
    pub fn labels(&self) -> Labels {
        let name = if self.passwords == PodPasswords::Relay { RELAY } else { MARTYDB };
        pod_labels(name, self.instance)
    }
}

/// Returns the template of the pod.
///
/// # Errors
/// If a pod could not keep the passwords that martydb creates.
pub fn template(
    plan: &DeploymentPlan<'_>,
    run: ToolPod<'_>,
    restart_policy: Option<&'static str>,
) -> Result<PodTemplate> {
    let labels = run.labels();
    let (authorities, mounts): (Vec<_>, Vec<_>) = certificates::authorities(plan).into_iter().unzip();
    let mut volumes = vec![Volume::empty("tmp", None, "64Mi")];
    volumes.extend(authorities.into_iter().chain(run.extras.volumes));
    let security_context = PodSecurity::new(ACCOUNT, volumes.len() > 1);
    let mounts = [VolumeMount::at("tmp", "/tmp")].into_iter().chain(mounts).chain(run.extras.mounts);
    let container = PodContainer {
        name: MARTYDB,
        image: plan.manifest.deploy.tool_image.clone(),
        args: arguments(plan, run.arguments),
        env: passwords(plan, run.passwords)?.into_iter().chain(run.extras.env).collect(),
        env_from: run.extras.env_from,
        ports: run.extras.ports,
        resources: Resources::new("100m", "256Mi"),
        security_context: ContainerSecurity::default(),
        startup_probe: None,
        readiness_probe: run.extras.readiness,
        liveness_probe: run.extras.liveness,
        volume_mounts: mounts.collect(),
    };
    Ok(PodTemplate {
        metadata: TemplateMetadata::new(plan, labels),
        spec: PodSpec {
            automount_service_account_token: false,
            placement: PodPlacement::alone(plan),
            restart_policy,
            security_context,
            termination_grace_period_seconds: Some(60),
            containers: vec![container],
            volumes,
        },
    })
}

fn arguments(plan: &DeploymentPlan<'_>, own: &[&str]) -> Vec<String> {
    let path = plan.manifest.path.file_name().unwrap_or_default().to_string_lossy();
    let before = ["-f", &format!("/work/{path}"), "-e", &plan.manifest.env].map(dependency_free);
    before.into_iter().chain(own.iter().map(|one| (*one).to_owned())).collect()
}

fn passwords(plan: &DeploymentPlan<'_>, which: PodPasswords) -> Result<Vec<EnvVar>> {
    let is_relay = |login: &LoginNode<'_>| {
        plan.outboxes()
            .any(|node| node.service.server == login.key.server && node.outbox.relay == login.key.role)
    };
    if which == PodPasswords::Relay {
        let brokers = broker::variables(plan);
        let brokers = brokers.iter().map(|name| EnvVar::secret(name, BROKERS.to_owned(), name));
        return Ok(of_logins(plan, is_relay)?.into_iter().chain(brokers).collect());
    }
    let admin =
        |server: &ServerNode<'_>| EnvVar::secret(&server.password_variable, server.admin_secret(), PASSWORD);
    Ok(plan.servers.iter().map(admin).chain(of_logins(plan, |_| true)?).collect())
}

/// Returns the logins' passwords if variables are the provider: each from the Secret of `secrets export`.
fn of_logins(plan: &DeploymentPlan<'_>, wanted: impl Fn(&LoginNode<'_>) -> bool) -> Result<Vec<EnvVar>> {
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
    let mut all: Vec<EnvVar> = plan.logins.iter().filter(|login| wanted(login)).map(variable).collect();
    // If the template contains no server, a further login on two servers has one variable.
    let mut seen = BTreeSet::new();
    all.retain(|variable| seen.insert(variable.name.clone()));
    Ok(all)
}
