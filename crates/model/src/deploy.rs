//! How servers and the programs of services run where they are deployed, with every default filled in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ServerName, ServiceName};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The Kubernetes namespace, where the manifest names one.
    pub namespace: Option<String>,
    /// martydb with the project's files.
    pub tool_image: String,
    /// Where Prometheus finds `martydb monitor`, where the manifest says so.
    pub monitor: Option<String>,
    /// Where the cluster fetches secrets, where the manifest says so.
    pub secret_store: Option<SecretStore>,
    /// The file with the certificate to which the cluster's controller has the key, absolute.
    pub sealing_certificate: Option<PathBuf>,
    /// Where poolers stand between services and servers, where the manifest says so.
    pub pooler: Option<PoolerDeployment>,
    /// How an operator backs the servers up, where the manifest says so.
    pub backup: Option<BackupSchedule>,
    /// Whether an operator's Prometheus finds the servers.
    pub pod_monitor: bool,
    pub pgbackrest: WholeServerBackup,
    pub backup_jobs: BackupJobs,
    pub servers: BTreeMap<ServerName, ServerDeployment>,
    pub services: BTreeMap<ServiceName, ServicePods>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerDeployment {
    pub image: String,
    /// A quantity of Kubernetes: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
    pub storage_size: String,
    /// `None` is the cluster's default.
    pub storage_class: Option<String>,
    /// Processors, as a quantity.
    pub cpu: String,
    /// Bytes, as a quantity.
    pub memory: String,
    /// How many instances an operator keeps: one that writes, the others as its replicas.
    pub instances: u16,
    /// Where Compose publishes it on the host.
    pub host_port: Option<u16>,
    /// Where its files are, if not where the image has them.
    pub data_folder: Option<String>,
    /// Where it lies if it is not deployed with the rest.
    pub cidrs: Vec<String>,
}

/// A pooler of each server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolerDeployment {
    pub mode: PoolMode,
    pub instances: u16,
    /// The address at which one that is deployed with no operator listens.
    pub listen: String,
    pub port: u16,
}

impl Default for PoolerDeployment {
    fn default() -> Self {
        PoolerDeployment { mode: PoolMode::default(), instances: 2, listen: "127.0.0.1".into(), port: 6432 }
    }
}

/// How long a client keeps a connection to the server: <https://www.pgbouncer.org/features.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PoolMode {
    /// Until it leaves.
    #[default]
    Session,
    /// Until its transaction ends; what a session keeps is then lost.
    Transaction,
}

impl PoolMode {
    pub fn name(self) -> &'static str {
        match self {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
        }
    }
}

/// When an operator backs up, and to which of its stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSchedule {
    /// As cron has it, with seconds first.
    pub schedule: String,
    pub object_store: String,
}

/// What the CronJobs of backups find in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupJobs {
    /// The Secret with the keys of the object storage, as variables.
    pub store_secret: String,
    pub store_port: u16,
    /// The Secret with the identity that opens backups.
    pub identity_secret: Option<String>,
    /// A quantity of Kubernetes.
    pub storage_size: String,
    /// `None` is the cluster's default.
    pub storage_class: Option<String>,
}

/// What pgBackRest does with backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeServerBackup {
    /// The folder that they are in.
    pub repository: String,
    /// How many full ones are kept.
    pub keep: u16,
}

/// A store of the External Secrets Operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretStore {
    pub kind: StoreKind,
    pub name: String,
    /// What a login's secret is called there: a template with `{env}`, `{server}`, `{service}` and `{role}`, the login's name.
    pub key: String,
    /// What an admin's secret is called there.
    pub admin_key: String,
    /// The property of the secret that is the password, where it has several.
    pub property: Option<String>,
}

/// Who may use a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    Cluster,
    Namespace,
}

impl StoreKind {
    /// The kind of its object.
    pub fn name(self) -> &'static str {
        match self {
            StoreKind::Cluster => "ClusterSecretStore",
            StoreKind::Namespace => "SecretStore",
        }
    }
}

impl ServerDeployment {
    /// PostgreSQL's major version, where the tag of the image begins with it.
    pub fn major(&self) -> Option<u32> {
        // A colon before the last slash stands before the port of a registry.
        let name = self.image.split('@').next()?.rsplit('/').next()?;
        let (_, tag) = name.rsplit_once(':')?;
        tag.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }
}

/// The pods, or the container, of a service's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePods {
    pub image: String,
    /// Labels that they all have; never empty.
    pub selector: BTreeMap<String, String>,
    pub port: Option<u16>,
}

impl ServicePods {
    /// Whether one pod could be selected by both: no label tells them apart.
    pub fn overlaps(&self, other: &ServicePods) -> bool {
        !self.selector.iter().any(|(key, value)| other.selector.get(key).is_some_and(|own| own != value))
    }
}

/// A name of RFC 1123 with nothing else in it, made of any text.
pub fn label(text: &str) -> String {
    let lower = text.to_lowercase();
    let plain: String =
        lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(63).collect();
    plain.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_makes_a_label() {
        for (text, made) in [("Movie Booking", "movie-booking"), ("_x_", "x"), ("a.b", "a-b")] {
            assert_eq!(label(text), made);
        }
    }

    #[test]
    fn the_major_version_is_in_the_tag() {
        let of = |image: &str| {
            let deployment = ServerDeployment {
                image: image.into(),
                storage_size: String::new(),
                storage_class: None,
                cpu: String::new(),
                memory: String::new(),
                instances: 1,
                host_port: None,
                data_folder: None,
                cidrs: vec![],
            };
            deployment.major()
        };
        for (image, major) in [
            ("postgres:18", Some(18)),
            ("registry.example.com:5000/postgres:17.4-bookworm@sha256:00", Some(17)),
            ("postgres:latest", None),
            ("postgres", None),
            ("registry:5000/postgres", None),
        ] {
            assert_eq!(of(image), major, "{image}");
        }
    }

    #[test]
    fn a_label_with_two_values_tells_pods_apart() {
        let pods = |labels: &[(&str, &str)]| ServicePods {
            image: String::new(),
            selector: labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            port: None,
        };
        assert!(!pods(&[("app", "a")]).overlaps(&pods(&[("app", "b")])));
        assert!(pods(&[("app", "a")]).overlaps(&pods(&[("tier", "b")])));
        assert!(pods(&[("app", "a")]).overlaps(&pods(&[("app", "a"), ("tier", "b")])));
    }
}
