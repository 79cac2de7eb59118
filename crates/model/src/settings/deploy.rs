//! Deployment of servers and of services' programs, with every default filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{ServerName, ServiceName};

/// Hint in place of the target `sealed-secrets` of `render` and of `deploy.sealed_secrets`, which former versions had.
pub const SEALED_WITH: &str = "seal the Secrets with kubeseal: `martydb secrets export --all --format kubernetes \
    --role app --role migrator --role readonly --values --out - | kubeseal --format yaml`";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Kubernetes namespace, if the manifest names one.
    pub namespace: Option<String>,
    /// Image of martydb with the project's files.
    pub tool_image: String,
    /// Address at which Prometheus finds `martydb monitor`, if declared.
    pub monitor: Option<String>,
    /// Address at which it finds the metrics of `martydb relay`, if declared.
    pub relay: Option<String>,
    /// Address at which it finds the metrics of `martydb serve`, if declared.
    pub serve: Option<String>,
    /// Programs of martydb that are deployed, if the manifest declares what they need.
    pub workloads: BTreeSet<Workload>,
    pub prometheus: ClusterPrometheus,
    /// Issuer of certificates in the cluster, if declared.
    pub issuer: Option<CertificateIssuer>,
    pub pods: PodSettings,
    /// Number of a server's pods that may be evicted at a time; `None` for no budget.
    pub max_unavailable: Option<u16>,
    /// Store from which the cluster fetches secrets, if declared.
    pub secret_store: Option<SecretStore>,
    /// Poolers between services and servers, if declared.
    pub pooler: Option<PoolerDeployment>,
    /// Backups of the servers by an operator, if declared.
    pub backup: Option<BackupSchedule>,
    /// `true` to render a PodMonitor for each server.
    pub pod_monitor: bool,
    pub pgbackrest: WholeServerBackup,
    pub backup_jobs: BackupJobs,
    /// Absolute path of the Compose file to merge, if declared.
    pub extra: Option<PathBuf>,
    pub servers: BTreeMap<ServerName, ServerDeployment>,
    pub services: BTreeMap<ServiceName, ServicePods>,
}

/// A program of martydb that runs all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// `martydb monitor`, if the manifest has `monitor: true`.
    Monitor,
    /// `martydb relay`, for every service with an outbox.
    Relay,
    /// `martydb serve`, for every service with `serve:` and a caller.
    Serve,
}

impl Workload {
    pub const ALL: [Workload; 3] = [Workload::Monitor, Workload::Relay, Workload::Serve];
}

/// The Prometheus that scrapes a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterPrometheus {
    /// Namespace of its pods; `None` for any.
    pub namespace: Option<String>,
    /// `true` to render a ServiceMonitor and a PrometheusRule for its operator.
    pub operator: bool,
    /// Labels by which it selects them.
    pub labels: BTreeMap<String, String>,
}

/// An issuer of cert-manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateIssuer {
    pub name: String,
    /// Kind of its Kubernetes object.
    pub kind: &'static str,
}

/// Settings of all pods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodSettings {
    pub annotations: BTreeMap<String, String>,
    pub node_selector: BTreeMap<String, String>,
    pub priority_class: Option<String>,
    /// Secrets of the registries from which images are pulled.
    pub pull_secrets: Vec<String>,
    /// Unit over which servers are spread.
    pub spread: Option<PodSpread>,
}

/// Unit over which pods are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PodSpread {
    Node,
    Zone,
}

impl PodSpread {
    /// Returns the label of nodes with the unit's name:
    /// <https://kubernetes.io/docs/reference/labels-annotations-taints/>.
    pub fn topology_key(self) -> &'static str {
        match self {
            PodSpread::Node => "kubernetes.io/hostname",
            PodSpread::Zone => "topology.kubernetes.io/zone",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerDeployment {
    pub image: String,
    /// Size of the volume: a Kubernetes quantity,
    /// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
    pub storage_size: String,
    /// Storage class; `None` is the cluster's default.
    pub storage_class: Option<String>,
    /// CPU, as a quantity.
    pub cpu: String,
    /// Memory, as a quantity.
    pub memory: String,
    /// Number of instances of an operator's cluster: one primary, the others standbys.
    pub instances: u16,
    /// Time that a server may take to start.
    pub startup_seconds: u32,
    /// Port that Compose publishes on the host.
    pub host_port: Option<u16>,
    /// Data folder, if not the image's default.
    pub data_folder: Option<String>,
    /// Address ranges of a server that is not deployed with the rest.
    pub cidrs: Vec<String>,
}

/// A pooler, one per server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolerDeployment {
    pub mode: PoolMode,
    pub instances: u16,
    /// Listen address, if deployed without an operator.
    pub listen: String,
    pub port: u16,
    /// Networks of its clients; empty for those on its machine.
    pub networks: Vec<String>,
    /// Number of clients at a time; `None` for the sum of the logins' limits.
    pub max_clients: Option<u32>,
}

impl Default for PoolerDeployment {
    fn default() -> Self {
        PoolerDeployment {
            mode: PoolMode::default(),
            instances: 2,
            listen: "127.0.0.1".into(),
            port: 6432,
            networks: vec![],
            max_clients: None,
        }
    }
}

/// Time for which a client keeps a server connection: <https://www.pgbouncer.org/features.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PoolMode {
    /// Until the client disconnects.
    #[default]
    Session,
    /// Until its transaction ends; the state of the session is then lost.
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

/// Schedule and store of an operator's backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSchedule {
    /// Cron expression with seconds first.
    pub schedule: String,
    pub object_store: String,
}

/// Kubernetes objects used by the CronJobs of backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupJobs {
    /// Secret with the object store's keys, as variables.
    pub store_secret: String,
    pub store_port: u16,
    /// Secret with the age identity that decrypts backups.
    pub identity_secret: Option<String>,
    /// Size of the volume, as a quantity.
    pub storage_size: String,
    /// Storage class; `None` is the cluster's default.
    pub storage_class: Option<String>,
}

/// Options of pgBackRest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeServerBackup {
    /// Folder of the repository.
    pub repository: String,
    /// Number of full backups to keep.
    pub keep: u16,
}

/// A store of the External Secrets Operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretStore {
    pub kind: StoreKind,
    pub name: String,
    /// Name of a login's secret in the store: a template with `{env}`, `{server}`, `{service}` and `{role}`, the
    /// login's name.
    pub key: String,
    /// Name of an admin's secret in the store.
    pub admin_key: String,
    /// Name of the secret with the password for the metrics of a `{program}`.
    pub metrics_key: String,
    /// Property of the secret that contains the password, if it has several.
    pub property: Option<String>,
}

/// Scope of a secret store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    Cluster,
    Namespace,
}

impl StoreKind {
    /// Returns the kind of its Kubernetes object.
    pub fn name(self) -> &'static str {
        match self {
            StoreKind::Cluster => "ClusterSecretStore",
            StoreKind::Namespace => "SecretStore",
        }
    }
}

impl ServerDeployment {
    /// Returns PostgreSQL's major version, if the image's tag begins with it.
    pub fn major(&self) -> Option<u32> {
        // A colon before the last slash precedes a registry's port.
        let (_, tag) = self.image.split('@').next()?.rsplit('/').next()?.rsplit_once(':')?;
        tag.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }
}

/// Pods, or the container, of a service's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePods {
    pub image: String,
    /// Labels of all its pods; never empty.
    pub selector: BTreeMap<String, String>,
    pub port: Option<u16>,
}

impl ServicePods {
    /// Returns `true` if one pod could match both: no label distinguishes them.
    pub fn overlaps(&self, other: &ServicePods) -> bool {
        !self.selector.iter().any(|(key, value)| other.selector.get(key).is_some_and(|own| own != value))
    }
}

/// Derives an RFC 1123 label from any text.
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
                startup_seconds: 1,
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
