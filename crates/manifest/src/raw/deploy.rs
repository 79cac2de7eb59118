//! The keys `deploy`: deployment of servers and services. Only `render` reads them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient;
use martydb_model::deploy::{PodSpread, PoolMode, Workload};

/// Settings of the whole deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawDeploy {
    /// Kubernetes namespace; default: the project.
    pub namespace: Option<String>,
    /// Image of martydb with this project's files in /work; default: martydb of this version.
    pub tool_image: Option<String>,
    /// Address of `martydb monitor` for Prometheus, as host:port; default: 127.0.0.1:9187.
    pub monitor: Option<String>,
    /// Address at which Prometheus finds the metrics of `martydb relay`, as host:port: a deployed relay then serves them;
    /// default: Prometheus scrapes the relay only beside a monitor deployed in Kubernetes.
    pub relay: Option<String>,
    /// Address at which Prometheus finds the metrics of `martydb serve`, as host:port; default: that of `serve: { listen: }`.
    pub serve: Option<String>,
    /// Programs of martydb to run all the time; default: [monitor, relay, serve], each if the manifest declares what it needs.
    pub workloads: Option<BTreeSet<Workload>>,
    /// Prometheus of the cluster.
    pub prometheus: RawClusterPrometheus,
    /// Certificates of cert-manager for the servers and the monitor.
    pub certificates: Option<RawCertificates>,
    /// Settings of every pod.
    pub pods: RawPods,
    /// Number of a server's pods that may be evicted at a time, for a PodDisruptionBudget; default: no budget.
    #[serde(deserialize_with = "lenient::optional")]
    pub max_unavailable: Option<u16>,
    /// Time that a server may take to start, such as for crash recovery, unless it has its own; default: 1h.
    pub startup_time: Option<String>,
    /// Image of the servers, unless a server has its own; default: postgres:18.
    pub image: Option<String>,
    /// Disk of the servers, unless a server has its own.
    pub storage: RawStorage,
    /// Processor and memory of each server, unless it has its own.
    pub resources: RawResources,
    /// Number of instances of each server that an operator keeps; default: 3. Without an operator there is always one.
    #[serde(deserialize_with = "lenient::optional")]
    pub instances: Option<u16>,
    /// Store of the External Secrets Operator from which the cluster fetches passwords.
    pub secret_store: Option<RawSecretStore>,
    /// PgBouncer in front of the servers.
    pub pooler: Option<RawPooler>,
    /// Backups by the operator CloudNativePG.
    pub backup: Option<RawOperatorBackup>,
    /// Let the Prometheus Operator find the servers of CloudNativePG; default: false.
    #[serde(deserialize_with = "lenient::optional")]
    pub pod_monitor: Option<bool>,
    /// Backups of whole servers with pgBackRest.
    pub pgbackrest: RawPgBackRest,
    /// CronJobs of `backup:`.
    pub backup_jobs: RawBackupJobs,
    /// Compose file that `render compose` merges into its own by Compose's rules: programs beside the services, such as
    /// a proxy.
    pub extra: Option<String>,
}

/// Prometheus of the cluster, which scrapes `martydb monitor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawClusterPrometheus {
    /// Namespace of its pods; default: any.
    pub namespace: Option<String>,
    /// Write a ServiceMonitor and a PrometheusRule for the Prometheus Operator; default: false.
    #[serde(deserialize_with = "lenient::optional")]
    pub operator: Option<bool>,
    /// Labels of both, by which a Prometheus selects them, such as `release: prometheus`.
    #[serde(deserialize_with = "lenient::text_map")]
    pub labels: BTreeMap<String, String>,
}

/// Certificates of cert-manager.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCertificates {
    /// Name of the issuer.
    pub issuer: String,
    /// Set if it serves the whole cluster (ClusterIssuer); default: true.
    pub cluster: Option<bool>,
}

/// Settings of every pod in Kubernetes: servers, jobs, monitor and relay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawPods {
    /// Annotations.
    #[serde(deserialize_with = "lenient::text_map")]
    pub annotations: BTreeMap<String, String>,
    /// Labels of the nodes on which they may run.
    #[serde(deserialize_with = "lenient::text_map")]
    pub node_selector: BTreeMap<String, String>,
    /// PriorityClass.
    pub priority_class: Option<String>,
    /// Secrets of the registries from which images are pulled.
    pub pull_secrets: Vec<String>,
    /// Keep servers apart where possible: node or zone.
    pub spread: Option<PodSpread>,
}

/// Settings of the CronJobs of `backup:` in the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawBackupJobs {
    /// Secret with the variables AWS_*, for object storage; default: martydb-backup-store.
    pub store_secret: Option<String>,
    /// Port of the object storage; default: 443.
    #[serde(deserialize_with = "lenient::optional")]
    pub store_port: Option<u16>,
    /// Secret whose key `identity` is a file of identities, for encrypted backups; without it none is verified in the cluster.
    pub identity_secret: Option<String>,
    /// Disk for backups in a folder.
    pub storage: RawStorage,
}

/// Location and retention of pgBackRest's backups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawPgBackRest {
    /// Folder of the backups; default: /var/lib/pgbackrest.
    pub repository: Option<String>,
    /// Number of full backups to keep; default: 2.
    #[serde(deserialize_with = "lenient::optional")]
    pub keep: Option<u16>,
}

/// Settings of PgBouncer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawPooler {
    /// Pool mode, which determines how long a client keeps a server connection; default: session.
    pub mode: PoolMode,
    /// Number of poolers that CloudNativePG keeps in front of each server; default: 2.
    #[serde(deserialize_with = "lenient::optional")]
    pub instances: Option<u16>,
    /// Address to listen on without an operator; default: 127.0.0.1.
    pub listen: Option<String>,
    /// Port to listen on without an operator; default: 6432.
    #[serde(deserialize_with = "lenient::optional")]
    pub port: Option<u16>,
    /// Networks of the clients, such as 10.20.0.0/24; required for an address other than loopback.
    pub networks: Vec<String>,
    /// Number of clients at a time; default: the sum of the logins' connection limits, at least 100.
    #[serde(deserialize_with = "lenient::optional")]
    pub max_clients: Option<u32>,
}

/// Backups of CloudNativePG with its Barman Cloud plugin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOperatorBackup {
    /// ObjectStore of the backups.
    pub object_store: String,
    /// Schedule in the format of cron with seconds first; default: 0 0 2 * * *, each night at two.
    pub schedule: Option<String>,
}

/// A store of the External Secrets Operator.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSecretStore {
    /// Name of the store.
    pub name: String,
    /// Set if it serves the whole cluster; default: true.
    pub cluster: Option<bool>,
    /// Key of a login's secret in the store; default: martydb/{env}/{role}.
    pub key: Option<String>,
    /// Key of the secret of a server's admin in the store; default: martydb/{env}/{server}-admin.
    pub admin_key: Option<String>,
    /// Key of the password by which Prometheus reads the metrics of the monitor, the relay and the data service,
    /// {program} being martydb-monitor, martydb-relay or martydb-serve; default: martydb/{env}/{program}.
    pub metrics_key: Option<String>,
    /// Property of a secret that contains the password; default: the whole secret.
    pub property: Option<String>,
}

/// Deployment of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawServerDeploy {
    /// Image of the server, such as postgres:17.
    pub image: Option<String>,
    /// Disk of the server.
    pub storage: RawStorage,
    /// Processor and memory of the server.
    pub resources: RawResources,
    /// Number of instances of the server that an operator keeps.
    #[serde(deserialize_with = "lenient::optional")]
    pub instances: Option<u16>,
    /// Time that the server may take to start, such as for crash recovery.
    pub startup_time: Option<String>,
    /// Port of the host at which Compose publishes the server, on loopback only.
    #[serde(deserialize_with = "lenient::optional")]
    pub host_port: Option<u16>,
    /// Folder of the server's files; default: that of its image.
    pub data_folder: Option<String>,
    /// Networks of a server that is not deployed here, and of its replicas, such as 10.20.0.0/24.
    pub cidrs: Vec<String>,
}

/// Deployment of a service's programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawServiceDeploy {
    /// Image of the programs; default: `{project}-{service}:1`.
    pub image: Option<String>,
    /// Labels that select the pods in Kubernetes; default: `app.kubernetes.io/name: {service}`.
    #[serde(deserialize_with = "lenient::text_map")]
    pub selector: BTreeMap<String, String>,
    /// Port on which the programs listen.
    #[serde(deserialize_with = "lenient::optional")]
    pub port: Option<u16>,
}

/// A disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawStorage {
    /// Size in the notation of Kubernetes; default: 10Gi.
    pub size: Option<String>,
    /// Storage class; default: the cluster's.
    pub class: Option<String>,
}

/// Processor and memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawResources {
    /// Processors to reserve, such as 500m; default: 250m.
    #[serde(deserialize_with = "lenient::optional")]
    pub cpu: Option<String>,
    /// Memory, both reserved and the limit, such as 2Gi; default: 1Gi.
    pub memory: Option<String>,
}
