//! The keys `deploy`: how servers and services run where they are deployed. Only `render` reads them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::lenient;
use martydb_model::deploy::PoolMode;

/// What holds for the whole deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawDeploy {
    /// The Kubernetes namespace; default: the project.
    pub namespace: Option<String>,
    /// The image of martydb with this project's files in /work; default: martydb of this version.
    pub tool_image: Option<String>,
    /// Where Prometheus finds `martydb monitor`, as host:port; default: 127.0.0.1:9187.
    pub monitor: Option<String>,
    /// The image of the servers, unless a server names its own; default: postgres:18.
    pub image: Option<String>,
    /// The disk of the servers, unless a server names its own.
    pub storage: RawStorage,
    /// What each server may use, unless a server says otherwise.
    pub resources: RawResources,
    /// How many instances an operator keeps of each server; default: 3. Without one there is always one.
    #[serde(deserialize_with = "lenient::optional")]
    pub instances: Option<u16>,
    /// The store of the External Secrets Operator from which the cluster fetches passwords.
    pub secret_store: Option<RawSecretStore>,
    /// The certificate of the Sealed Secrets controller, for which secrets are sealed.
    pub sealed_secrets: Option<RawSealedSecrets>,
    /// PgBouncer before the servers.
    pub pooler: Option<RawPooler>,
    /// Backups that the operator CloudNativePG makes.
    pub backup: Option<RawOperatorBackup>,
    /// Whether the Prometheus Operator finds the servers of CloudNativePG; default: false.
    #[serde(deserialize_with = "lenient::optional")]
    pub pod_monitor: Option<bool>,
    /// Backups of whole servers with pgBackRest.
    pub pgbackrest: RawPgBackRest,
    /// The CronJobs of `backup:`.
    pub backup_jobs: RawBackupJobs,
}

/// What the CronJobs of `backup:` need in the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawBackupJobs {
    /// For object storage: the Secret with the variables AWS_*; default: martydb-backup-store.
    pub store_secret: Option<String>,
    /// For object storage: its port; default: 443.
    #[serde(deserialize_with = "lenient::optional")]
    pub store_port: Option<u16>,
    /// For encrypted backups: the Secret whose key `identity` is a file of identities; without it none is verified in the cluster.
    pub identity_secret: Option<String>,
    /// For a folder: the disk that it is.
    pub storage: RawStorage,
}

/// Where pgBackRest keeps backups, and how many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawPgBackRest {
    /// The folder that they are in; default: /var/lib/pgbackrest.
    pub repository: Option<String>,
    /// How many full backups are kept; default: 2.
    #[serde(deserialize_with = "lenient::optional")]
    pub keep: Option<u16>,
}

/// What Sealed Secrets needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawSealedSecrets {
    /// A file with the controller's public certificate in PEM, as `kubeseal --fetch-cert` prints it.
    pub certificate: String,
}

/// PgBouncer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawPooler {
    /// How long a client keeps a connection; default: session.
    pub mode: PoolMode,
    /// How many CloudNativePG keeps before each server; default: 2.
    #[serde(deserialize_with = "lenient::optional")]
    pub instances: Option<u16>,
    /// The address at which it listens without an operator; default: 127.0.0.1.
    pub listen: Option<String>,
    /// The port at which it listens without an operator; default: 6432.
    #[serde(deserialize_with = "lenient::optional")]
    pub port: Option<u16>,
}

/// Backups of CloudNativePG, by its Barman Cloud plugin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawOperatorBackup {
    /// The ObjectStore to which they go.
    pub object_store: String,
    /// When, as cron has it with seconds first; default: 0 0 2 * * *, each night at two.
    pub schedule: Option<String>,
}

/// A store of the External Secrets Operator.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawSecretStore {
    /// Its name.
    pub name: String,
    /// Whether it serves the whole cluster; default: true.
    pub cluster: Option<bool>,
    /// What a login's secret is called in it; default: martydb/{env}/{role}.
    pub key: Option<String>,
    /// What the secret of a server's admin is called in it; default: martydb/{env}/{server}-admin.
    pub admin_key: Option<String>,
    /// The property of a secret that is the password; default: the whole secret.
    pub property: Option<String>,
}

/// How one server is deployed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawServerDeploy {
    /// Its image, such as postgres:17.
    pub image: Option<String>,
    /// Its disk.
    pub storage: RawStorage,
    /// What it may use.
    pub resources: RawResources,
    /// How many instances an operator keeps of it.
    #[serde(deserialize_with = "lenient::optional")]
    pub instances: Option<u16>,
    /// The port of the host at which Compose publishes it, on loopback alone.
    #[serde(deserialize_with = "lenient::optional")]
    pub host_port: Option<u16>,
    /// Where PostgreSQL keeps the server's files; default: where its image does.
    pub data_folder: Option<String>,
    /// The networks in which a server lies that is not deployed here, such as 10.20.0.0/24.
    pub cidrs: Vec<String>,
}

/// How the programs of a service are deployed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawServiceDeploy {
    /// Their image; default: `{project}-{service}:1`.
    pub image: Option<String>,
    /// The labels by which Kubernetes knows their pods; default: `app.kubernetes.io/name: {service}`.
    #[serde(deserialize_with = "lenient::text_map")]
    pub selector: BTreeMap<String, String>,
    /// The port at which they serve.
    #[serde(deserialize_with = "lenient::optional")]
    pub port: Option<u16>,
}

/// A disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawStorage {
    /// Its size as Kubernetes writes it; default: 10Gi.
    pub size: Option<String>,
    /// Its storage class; default: the cluster's.
    pub class: Option<String>,
}

/// Processor and memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawResources {
    /// Processors that are set aside, such as 500m; default: 250m.
    #[serde(deserialize_with = "lenient::optional")]
    pub cpu: Option<String>,
    /// Memory, set aside and at most, such as 2Gi; default: 1Gi.
    pub memory: Option<String>,
}
