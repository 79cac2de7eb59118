//! The manifest's format. `martydb schema` is generated from these types.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lenient;
use martydb_model::OnSchemaDrift;

mod access;
mod app_url;
mod audit;
mod backup;
mod deploy;
mod extension;
mod forms;
mod lint;
mod migrations;
mod monitor;
mod outbox;
mod parameters;
mod partitions;
mod platform;
mod redis;
mod replica;
mod roles;
mod serve;

pub use access::RawAccess;
pub(crate) use access::RawLike;
pub(crate) use app_url::RawAppUrl;
pub(crate) use audit::{RawAudit, RawAuditExtent, RawAuditedRequests};
pub(crate) use backup::{RawBackup, RawBackupTimes, RawKeep};
pub(crate) use deploy::{
    RawBackupJobs, RawCertificates, RawClusterPrometheus, RawDeploy, RawOperatorBackup, RawPods, RawPooler,
    RawResources, RawSecretStore, RawServerDeploy, RawServiceDeploy, RawStorage,
};
pub(crate) use extension::RawExtension;
pub(crate) use lint::RawLint;
pub(crate) use migrations::RawMigrations;
pub(crate) use monitor::RawMonitor;
pub(crate) use outbox::{
    RawDeadPolicy, RawDeadWord, RawEventTarget, RawOutbox, RawOutboxColumns, RawRedelivery,
};
pub(crate) use parameters::{RawCollationVersion, RawLocaleProvider, RawParameters};
pub(crate) use partitions::RawPartitions;
pub(crate) use platform::RawPlatform;
pub(crate) use redis::RawRedis;
pub(crate) use replica::RawReplica;
pub use replica::ReplicaRole;
pub(crate) use roles::{RawLimits, RawRoles};
pub(crate) use serve::{RawExposure, RawServe, RawServeCaller, RawServeCallers, RawServeRight};

/// A martydb manifest: servers, services and their privileges.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "martydb manifest")]
pub(crate) struct RawManifest {
    /// Version of the format: 1.
    #[serde(deserialize_with = "lenient::parsed")]
    pub version: u32,
    /// Project name, which marks what this manifest created; default: the folder's name.
    pub project: Option<String>,
    /// Files with further services, servers and access, with paths from this one; * matches within a name. Their migrations have paths from them.
    #[serde(default)]
    #[expect(dead_code, reason = "the files are included before the manifest is typed")]
    pub include: Vec<String>,
    /// PostgreSQL and Redis servers, by a name of your choice.
    #[serde(default)]
    pub servers: BTreeMap<String, RawServer>,
    /// Store of the logins' passwords.
    #[serde(default)]
    pub secrets: RawSecrets,
    /// Defaults for every service.
    #[serde(default)]
    pub defaults: RawService,
    /// Services, by name: `[a-z][a-z0-9_-]{0,40}`. A name with `{n}` or `{n:03}` declares as many services as its `count`.
    #[serde(default)]
    pub services: BTreeMap<String, Option<RawService>>,
    /// Further roles by name, with their privileges: people, groups, reporting logins.
    #[serde(default)]
    pub access: BTreeMap<String, RawAccess>,
    /// Create a login for `martydb monitor` on every server, `{project}_monitor`, which reads statistics but no rows.
    #[serde(default)]
    pub monitor: RawMonitor,
    /// Findings that are accepted on purpose and not reported.
    #[serde(default)]
    pub allow: Vec<RawAllow>,
    /// Deployment; only `martydb render` reads it.
    #[serde(default)]
    pub deploy: RawDeploy,
    /// Location and retention of backups.
    pub backup: Option<RawBackup>,
    /// Data service: its listener and its callers.
    pub serve: Option<RawServe>,
}

/// A PostgreSQL server, or a Redis server, which has a `url` and a `password_env`, or `embedded: redis`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawServer {
    /// true: martydb runs it; redis: likewise, a Redis server; false: it is an existing server, see `url`; auto: embedded
    /// unless DB_HOST is set.
    #[serde(deserialize_with = "lenient::optional")]
    pub embedded: Option<Embedded>,
    /// Port of the embedded server; default: a free one, reused at the next start.
    #[serde(deserialize_with = "lenient::optional")]
    pub port: Option<u16>,
    /// Connection URL of the admin, in libpq's form, without the password; `redis://` or `rediss://` for a Redis server.
    /// Values of variables in it are percent-encoded.
    pub url: Option<String>,
    /// Address for applications: a pooler, a replica or a public host. Only `martydb url` and related commands use it.
    pub app_url: Option<RawAppUrl>,
    /// Standbys and workers of a cluster: `verify-isolation` proves each, and nothing is written there.
    pub replicas: Vec<RawReplica>,
    /// Environment variable with the admin's password; the variable with the suffix `_FILE` names a file that contains it.
    pub password_env: Option<String>,
    /// Authentication methods that the admin accepts, in libpq's form: `scram-sha-256`, `md5,password`, `!password`.
    pub require_auth: Option<String>,
    /// In an overlay: `redo`, `dev reset` and `dev seed` may work here, although martydb does not run this server.
    #[serde(deserialize_with = "lenient::optional")]
    pub disposable: Option<bool>,
    /// Provider of a managed server: what its customers cannot change is a limit, not a finding.
    pub platform: Option<RawPlatform>,
    /// Revoke PUBLIC's privileges on the maintenance database and on template1; default: true, on supabase false.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<bool>")]
    pub close_maintenance: Option<bool>,
    /// Role that must own the databases; default: the admin that connects.
    pub database_owner: Option<String>,
    /// Labels of the server, by key, for `--label`; its services have them too.
    #[serde(deserialize_with = "lenient::text_map")]
    pub labels: BTreeMap<String, String>,
    /// Deployment of the server; only `martydb render` reads it.
    pub deploy: RawServerDeploy,
}

/// Mode of a server: run by martydb or existing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Embedded {
    /// Run by martydb unless DB_HOST is set.
    Auto,
    /// A Redis server that martydb runs.
    Redis,
    /// Run by martydb (true) or existing (false).
    #[schemars(untagged)]
    Fixed(bool),
}

impl std::str::FromStr for Embedded {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Embedded::Auto),
            "redis" => Ok(Embedded::Redis),
            text => text.parse().map(Embedded::Fixed).map_err(|_| "is none of true, false, auto and redis"),
        }
    }
}

/// Store of passwords.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "provider", rename_all = "lowercase", deny_unknown_fields)]
pub enum RawSecrets {
    /// A YAML file with mode 0600.
    File {
        /// Path of the file; `{env}` is the environment.
        #[serde(default = "default_secrets_path")]
        path: String,
    },
    /// Environment variables; read-only.
    Env {
        /// Name of the variable; `{SERVICE}` and `{ROLE}` are placeholders.
        #[serde(default = "default_secrets_name")]
        name: String,
    },
    /// A program such as vault, sops, pass, aws or kubectl, run without a shell.
    Command {
        /// Command that prints the password of `{role}` (also `{env}`, `{service}`, `{server}`).
        get: Vec<String>,
        /// Command that stores the password, which it reads from standard input.
        #[serde(skip_serializing_if = "Option::is_none")]
        set: Option<Vec<String>>,
        /// Timeout of one call, such as `10s`.
        #[serde(default = "default_timeout")]
        timeout: String,
        /// Failure of `get` that means a missing password, as printing nothing does; known for vault, sops, pass, aws, gcloud, az
        /// and kubectl. Every other failure is an error.
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<RawAbsent>,
    },
}

/// Failure of a program that means a missing password; all given conditions must match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawAbsent {
    /// Exit code of the program.
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Part of its standard error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<String>,
}

impl Default for RawSecrets {
    fn default() -> Self {
        RawSecrets::File { path: default_secrets_path() }
    }
}

pub fn default_secrets_path() -> String {
    ".martydb/secrets/{env}.yaml".into()
}

pub fn default_secrets_name() -> String {
    "{SERVICE}_{ROLE}_PASSWORD".into()
}

fn default_timeout() -> String {
    "10s".into()
}

/// A service, or the defaults of all services; every key is optional.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawService {
    /// Number of services that the entry declares: its name contains `{n}`, which is their number, from 1, in all its strings.
    #[serde(deserialize_with = "lenient::optional")]
    pub count: Option<u32>,
    /// Server of the service; default: main.
    pub server: Option<String>,
    /// Labels of the service, by key, for `--label`; one replaces the server's of the same key.
    #[serde(deserialize_with = "lenient::text_map")]
    pub labels: BTreeMap<String, String>,
    /// Name of the database; default: `{service}`.
    pub database: Option<String>,
    /// Folder of the migrations, default: `{service}/migrations`; or a map with the folder and more.
    pub migrations: RawMigrations,
    /// Schemas, in search_path order; default: public.
    pub schemas: Option<Vec<String>>,
    /// Place of refinery's history table.
    pub history: RawHistory,
    /// `refuse` ends `upgrade` with 3 where the schema was changed by hand; default: warn.
    pub on_schema_drift: Option<OnSchemaDrift>,
    /// Names of the four roles.
    pub roles: RawRoles,
    /// Connection limit of each login; -1 is no limit.
    pub connection_limit: RawLimits,
    /// Settings of the logins, by PostgreSQL's names.
    #[serde(deserialize_with = "lenient::text_map")]
    pub settings: BTreeMap<String, String>,
    /// Parameters of the database: encoding, locale, tablespace, settings and the like.
    pub parameters: RawParameters,
    /// Extensions that `apply` installs: names, or maps with the keys name and schema.
    pub extensions: Option<Vec<RawExtension>>,
    /// Address of the database for applications, if it differs from the server's.
    pub app_url: Option<RawAppUrl>,
    /// Let `apply` also remove what is not declared.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<bool>")]
    pub prune: Option<bool>,
    /// Let `upgrade` and `downgrade` write the schema to `schema.sql` beside the migrations, for review.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<bool>")]
    pub dump_schema: Option<bool>,
    /// Former name or server of the service: its database and roles are renamed, with all that depends on them, or its
    /// database is copied.
    pub moved: Option<RawMoved>,
    /// Rules by which `martydb lint` judges the migrations.
    pub lint: RawLint,
    /// Further roles of this service, as at the top level.
    pub access: BTreeMap<String, RawAccess>,
    /// Table of the service's events, and the broker to which `martydb relay` publishes them.
    pub outbox: Option<RawOutbox>,
    /// Keys of the service on a Redis server, beside its database.
    pub redis: Option<RawRedis>,
    /// Partitions of tables (`schema.table`) that `martydb partitions` makes ahead and removes after their retention.
    pub partitions: BTreeMap<String, RawPartitions>,
    /// Exposure of its tables and views by `martydb serve`.
    pub serve: Option<RawExposure>,
    /// Findings in this service that are accepted on purpose.
    pub allow: Vec<RawAllow>,
    /// Deployment of the service's programs; only `martydb render` reads it.
    pub deploy: RawServiceDeploy,
}

/// Place of refinery's history table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawHistory {
    /// Schema of the table `refinery_schema_history`; default: martydb. A declared schema is for teams that run refinery beside;
    /// the next `upgrade` moves the table.
    pub schema: Option<String>,
}

/// Former names of a service, or its former server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMoved {
    /// Former name; the present one if only the database was renamed or only the server differs.
    pub from: String,
    /// Former database; default: that of a service with the former name.
    #[serde(default)]
    pub database: Option<String>,
    /// Former server, from which the database is copied; default: the present one.
    #[serde(default)]
    pub server: Option<String>,
}

/// A finding that is accepted on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawAllow {
    /// Id of the finding.
    pub finding: String,
    /// Reason for accepting it.
    pub reason: String,
    /// Service to which the entry is limited.
    pub service: Option<String>,
    /// Role to which the entry is limited.
    pub role: Option<String>,
    /// Database to which the entry is limited.
    pub database: Option<String>,
    /// Object to which the entry is limited.
    pub object: Option<String>,
    /// Last day on which the entry counts, such as 2027-01-31.
    pub until: Option<String>,
    /// Services of the included file that has the entry: it accepts nothing that exposes another.
    #[serde(skip)]
    pub within: Option<BTreeSet<String>>,
}
