//! Pods that run martydb, with the manifest in `/work` of the image and passwords from Secrets.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::objects::*;
use super::pod::Pod;
use super::servers::PASSWORD;
use super::{caller_keys, certificates};
use crate::broker;
use crate::caller_keys::is_login;
use crate::deployment::{DeploymentPlan, LoginNode, ServerNode};
use crate::redis::{self, RedisCredential};
use martydb_manifest::SecretsSpec;
use martydb_model::RoleKind;
use martydb_model::error::{Error, Result};
use martydb_secrets::variable_name;

/// User ID in martydb's image: scripts/package-image.sh.
const ACCOUNT: u32 = 10001;

/// Secret with the variables of the brokers.
pub(crate) const BROKERS: &str = "martydb-relay-brokers";

/// Passwords that a pod gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PodPasswords {
    /// Those of the admins and of every login.
    All,
    /// Those of the relay's logins and of the brokers.
    Relay,
    /// Those of the data service's logins, and the keys of its callers.
    Serve,
    /// Those of the migrators whose services have partitions.
    Partitions,
}

/// A run of martydb: its name, its arguments, its passwords, and additions to its pod.
pub(crate) struct ToolPod<'a> {
    pub instance: &'a str,
    pub arguments: &'a [&'a str],
    pub passwords: PodPasswords,
    pub extras: PodExtras,
}

/// Additions to a pod for its files, external services and listener.
#[derive(Default)]
pub(crate) struct PodExtras {
    pub env: Vec<Value>,
    pub env_from: Vec<Value>,
    pub ports: Vec<Value>,
    pub readiness: Option<Value>,
    pub liveness: Option<Value>,
    pub volumes: Vec<Value>,
    pub mounts: Vec<Value>,
}

impl<'a> ToolPod<'a> {
    pub(crate) fn plain(instance: &'a str, arguments: &'a [&'a str]) -> ToolPod<'a> {
        ToolPod { instance, arguments, passwords: PodPasswords::All, extras: PodExtras::default() }
    }

    /// Returns the labels of the pod.
    pub(crate) fn labels(&self) -> Labels {
        let name = match self.passwords {
            PodPasswords::Relay => RELAY,
            PodPasswords::Serve => SERVE,
            PodPasswords::All | PodPasswords::Partitions => MARTYDB,
        };
        pod_labels(name, self.instance)
    }
}

/// Returns the template of the pod.
///
/// # Errors
/// If a pod could not keep the passwords that martydb creates.
pub(crate) fn template(
    plan: &DeploymentPlan<'_>,
    run: ToolPod<'_>,
    restart_policy: Option<&'static str>,
) -> Result<Value> {
    let labels = run.labels();
    let (authorities, mounts): (Vec<_>, Vec<_>) = certificates::authorities(plan).into_iter().unzip();
    let mut volumes = vec![empty_volume("tmp", None, "64Mi")];
    volumes.extend(authorities.into_iter().chain(run.extras.volumes));
    let mounts = [mount("tmp", "/tmp")].into_iter().chain(mounts).chain(run.extras.mounts);
    let variables = passwords(plan, run.passwords)?.into_iter().chain(run.extras.env);
    let container = json!({
        "name": MARTYDB,
        "image": plan.manifest.deploy.tool_image,
        "args": arguments(plan, run.arguments),
        "env": variables.collect::<Vec<_>>(),
        "envFrom": filled(run.extras.env_from),
        "ports": filled(run.extras.ports),
        "resources": resources("100m", "256Mi"),
        "securityContext": container_security(),
        "readinessProbe": run.extras.readiness,
        "livenessProbe": run.extras.liveness,
        "volumeMounts": mounts.collect::<Vec<_>>(),
    });
    let (owns_volumes, siblings) = (volumes.len() > 1, None);
    let pod = Pod {
        labels,
        siblings,
        restart_policy,
        account: ACCOUNT,
        owns_volumes,
        seconds_to_end: 60,
        container,
        volumes,
    };
    Ok(pod.template(plan))
}

fn arguments(plan: &DeploymentPlan<'_>, own: &[&str]) -> Vec<String> {
    let path = plan.manifest.path.file_name().unwrap_or_default().to_string_lossy();
    let before = ["-f", &format!("/work/{path}"), "-e", &plan.manifest.env].map(dependency_free);
    before.into_iter().chain(own.iter().map(|one| (*one).to_owned())).collect()
}

fn passwords(plan: &DeploymentPlan<'_>, which: PodPasswords) -> Result<Vec<Value>> {
    match which {
        PodPasswords::All => of_everything(plan),
        PodPasswords::Relay => {
            let is_relay = |login: &LoginNode<'_>| {
                plan.outboxes().any(|node| {
                    node.service.server == login.key.server && node.outbox.relay == login.key.role
                })
            };
            let brokers = broker::variables(plan);
            let brokers = brokers.iter().map(|name| secret_variable(name, BROKERS, name));
            Ok(of_logins(plan, is_relay)?.into_iter().chain(brokers).collect())
        }
        PodPasswords::Serve => {
            let logins = of_logins(plan, |login| is_login(plan, login))?;
            Ok(logins.into_iter().chain(caller_keys::variables(plan)).collect())
        }
        PodPasswords::Partitions => {
            let is_migrator = |login: &LoginNode<'_>| {
                let service = login.service;
                !service.partitions.is_empty()
                    && login.key.server == service.server
                    && login.key.role == *service.role(RoleKind::Migrator)
            };
            of_logins(plan, is_migrator)
        }
    }
}

/// Returns the passwords of the admins and of every login.
fn of_everything(plan: &DeploymentPlan<'_>) -> Result<Vec<Value>> {
    let admin = |server: &ServerNode<'_>| {
        secret_variable(&server.password_variable, &server.admin_secret(), PASSWORD)
    };
    let redis = plan.redis.iter();
    let redis = redis.map(|node| secret_variable(node.password_variable, &node.admin_secret(), PASSWORD));
    let logins = of_logins(plan, |_| true)?.into_iter().chain(of_redis(plan));
    Ok(plan.servers.iter().map(admin).chain(redis).chain(logins).collect())
}

/// Returns the logins' passwords if variables are the provider: each from the Secret of `secrets export`.
fn of_logins(plan: &DeploymentPlan<'_>, wanted: impl Fn(&LoginNode<'_>) -> bool) -> Result<Vec<Value>> {
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
    let mut seen = BTreeSet::new();
    let variable = |login: &LoginNode<'_>| {
        let key = &login.key;
        let name = variable_name(template, key, &key.label);
        // If the template contains no server, a further login on two servers has one variable.
        seen.insert(name.clone()).then(|| secret_variable(&name, &key.secret_name(), "PGPASSWORD"))
    };
    Ok(plan.logins.iter().filter(|login| wanted(login)).filter_map(variable).collect())
}

/// Returns the passwords of Redis users, likewise.
fn of_redis(plan: &DeploymentPlan<'_>) -> Vec<Value> {
    let SecretsSpec::Env { name } = &plan.manifest.secrets else { return vec![] };
    let variable = |login: RedisCredential<'_>| {
        let key = &login.key;
        secret_variable(&variable_name(name, key, &key.label), &key.secret_name(), redis::PASSWORD)
    };
    redis::logins(plan.manifest).map(variable).collect()
}
