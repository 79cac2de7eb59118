//! The manifest's shape as it is written. `martydb schema` is generated from these types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::lenient;

mod access;
mod app_url;
mod backup;
mod deploy;
mod outbox;
mod parameters;
mod platform;

pub use access::{RawAccess, RawLike};
pub use app_url::RawAppUrl;
pub use backup::{RawBackup, RawBackupTimes, RawKeep};
pub use deploy::{
    RawBackupJobs, RawDeploy, RawOperatorBackup, RawPooler, RawResources, RawSecretStore, RawServerDeploy,
    RawServiceDeploy, RawStorage,
};
pub use outbox::{RawEventTarget, RawOutbox, RawOutboxColumns, RawRedelivery};
pub use parameters::{RawCollationVersion, RawLocaleProvider, RawParameters};
pub use platform::RawPlatform;

/// A martydb manifest: which services there are, on which servers, and what each may do.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "martydb manifest")]
pub struct RawManifest {
    /// The format's version: 1.
    #[serde(deserialize_with = "lenient::parsed")]
    pub version: u32,
    /// Marks what this manifest made; default: the folder's name.
    pub project: Option<String>,
    /// Files of further services and access, relative to this one; * stands for characters of one name. Their migrations
    /// are relative to them.
    #[serde(default)]
    pub include: Vec<String>,
    /// PostgreSQL servers, by a name of your choice.
    #[serde(default)]
    pub servers: BTreeMap<String, RawServer>,
    /// Where the logins' passwords are kept.
    #[serde(default)]
    pub secrets: RawSecrets,
    /// What holds for every service unless it says otherwise.
    #[serde(default)]
    pub defaults: RawService,
    /// The services, by name: `[a-z][a-z0-9_-]{0,40}`. A name with `{n}` or `{n:03}` stands for as many as its `count` says.
    #[serde(default)]
    pub services: BTreeMap<String, Option<RawService>>,
    /// Further roles, by name, and what they may do: people, groups, reporting logins.
    #[serde(default)]
    pub access: BTreeMap<String, RawAccess>,
    /// Whether every server gets a login for `martydb monitor`, `{project}_monitor`, which reads statistics and no rows.
    #[serde(default, deserialize_with = "lenient::parsed")]
    pub monitor: bool,
    /// What is so on purpose and not to be reported.
    #[serde(default)]
    pub allow: Vec<RawAllow>,
    /// Where and how all of it is deployed; only `martydb render` reads it.
    #[serde(default)]
    pub deploy: RawDeploy,
    /// Where backups go, and how long they stay.
    pub backup: Option<RawBackup>,
}

/// One PostgreSQL server.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawServer {
    /// true: martydb runs it; false: it exists, see `url`; auto: embedded unless DB_HOST is set.
    #[serde(deserialize_with = "lenient::optional")]
    pub embedded: Option<Embedded>,
    /// The embedded server's port; default: a free one, remembered.
    #[serde(deserialize_with = "lenient::optional")]
    pub port: Option<u16>,
    /// Connection URL of the admin, in libpq's form. Keep the password out of it.
    /// Variables that fill a part of it are percent-encoded.
    pub url: Option<String>,
    /// Where applications find the server: a pooler, a replica or a public host. Only `martydb url` and its kin use it.
    pub app_url: Option<RawAppUrl>,
    /// The variable of the environment that holds the admin's password; the one with `_FILE` behind its name says which file does.
    pub password_env: Option<String>,
    /// Which ways to authenticate the admin accepts, in libpq's form: `scram-sha-256`, `md5,password`, `!password`.
    pub require_auth: Option<String>,
    /// Whose managed server it is: what its customers cannot change is a limit, and no finding.
    pub platform: Option<RawPlatform>,
    /// Revoke PUBLIC's rights on the maintenance database and on template1; default: true, on supabase false.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<bool>")]
    pub close_maintenance: Option<bool>,
    /// The role that must own the databases; default: the admin that connects.
    pub database_owner: Option<String>,
    /// How it is deployed; only `martydb render` reads it.
    pub deploy: RawServerDeploy,
}

/// Whether martydb runs the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum Embedded {
    /// Yes, unless DB_HOST is set.
    Auto,
    /// Yes or no.
    #[schemars(untagged)]
    Fixed(bool),
}

impl std::str::FromStr for Embedded {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Embedded::Auto),
            text => text.parse().map(Embedded::Fixed).map_err(|_| "expected true, false or auto"),
        }
    }
}

/// Where passwords are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "provider", rename_all = "lowercase", deny_unknown_fields)]
pub enum RawSecrets {
    /// A YAML file, written 0600.
    File {
        /// Its path; `{env}` is the environment.
        #[serde(default = "default_secrets_path")]
        path: String,
    },
    /// Variables of the environment; read-only.
    Env {
        /// The variable's name; `{SERVICE}` and `{ROLE}` are filled in.
        #[serde(default = "default_secrets_name")]
        name: String,
    },
    /// A program: vault, sops, pass, aws, kubectl and the like; no shell.
    Command {
        /// Prints the password of `{role}` (also `{env}`, `{service}`, `{server}`).
        get: Vec<String>,
        /// Reads the password on standard input.
        #[serde(skip_serializing_if = "Option::is_none")]
        set: Option<Vec<String>>,
        /// How long one call may take, such as `10s`.
        #[serde(default = "default_timeout")]
        timeout: String,
        /// How `get` says that it has no such password, other than printing nothing; known for vault, sops, pass, aws,
        /// gcloud, az and kubectl. Every other failure is an error.
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<RawAbsent>,
    },
}

/// How a program says that it has no such password; what is given must all match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawAbsent {
    /// Its exit code.
    #[serde(deserialize_with = "lenient::optional", skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// A part of its standard error.
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

/// A service, or the defaults of all: every key is optional.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawService {
    /// How many services the entry stands for: its name holds `{n}`, which is their number, from 1, in every text of it.
    #[serde(deserialize_with = "lenient::optional")]
    pub count: Option<u32>,
    /// The server it lives on; default: main.
    pub server: Option<String>,
    /// Its database; default: `{service}`.
    pub database: Option<String>,
    /// The folder of its migrations, default: `{service}/migrations`; or a map of that and more.
    pub migrations: RawMigrations,
    /// Its schemas, in search_path order; default: public.
    pub schemas: Option<Vec<String>>,
    /// Names of its four roles.
    pub roles: RawRoles,
    /// Simultaneous connections of each login; -1 is no limit.
    pub connection_limit: RawLimits,
    /// Settings of its logins, by PostgreSQL's names.
    #[serde(deserialize_with = "lenient::text_map")]
    pub settings: BTreeMap<String, String>,
    /// Parameters of its database: encoding, locale, tablespace, settings and the like.
    pub parameters: RawParameters,
    /// Extensions that apply installs.
    pub extensions: Option<Vec<String>>,
    /// Where its applications find the database, where that is not what the server says.
    pub app_url: Option<RawAppUrl>,
    /// Whether apply also removes what is not declared.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<bool>")]
    pub prune: Option<bool>,
    /// Whether upgrade and downgrade write the schema to `schema.sql` beside the migrations, for review.
    #[serde(deserialize_with = "lenient::optional")]
    #[schemars(with = "Option<bool>")]
    pub dump_schema: Option<bool>,
    /// What the service was called before, or the server that it was on: its database and roles are renamed, with all
    /// that hangs on them, or its database is copied.
    pub moved: Option<RawMoved>,
    /// Which rules `martydb lint` judges the migrations by.
    pub lint: RawLint,
    /// Further roles of this service, as at the top level.
    pub access: BTreeMap<String, RawAccess>,
    /// Where it writes its events, and where `martydb relay` publishes them.
    pub outbox: Option<RawOutbox>,
    /// What is so on purpose in this service.
    pub allow: Vec<RawAllow>,
    /// How its programs are deployed; only `martydb render` reads it.
    pub deploy: RawServiceDeploy,
}

/// Where the migrations of a service are, and which files go with them.
#[derive(Debug, Clone, Default, JsonSchema)]
#[schemars(untagged)]
pub enum RawMigrations {
    /// The folder.
    Path(String),
    /// The folder, and whether its migrations come with files that undo them.
    Map(RawMigrationMap),
    #[default]
    #[schemars(skip)]
    Unset,
}

/// The migrations of a service.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawMigrationMap {
    /// Their folder; default: `{service}/migrations`.
    pub path: Option<String>,
    /// Whether `.down.sql` files undo them; default: required.
    pub down: Option<RawDown>,
}

/// Whether migrations come with files that undo them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawDown {
    /// `validate` names the missing ones.
    Required,
    /// Some have one.
    Optional,
    /// The service only goes forward.
    None,
}

impl RawMigrations {
    pub fn path(&self) -> Option<&String> {
        match self {
            RawMigrations::Path(path) => Some(path),
            RawMigrations::Map(map) => map.path.as_ref(),
            RawMigrations::Unset => None,
        }
    }

    pub fn down(&self) -> Option<RawDown> {
        match self {
            RawMigrations::Map(map) => map.down,
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for RawMigrations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MigrationsVisitor)
    }
}

struct MigrationsVisitor;

impl<'de> Visitor<'de> for MigrationsVisitor {
    type Value = RawMigrations;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a folder, or a map with the keys path and down")
    }

    fn visit_unit<E: de::Error>(self) -> Result<RawMigrations, E> {
        Ok(RawMigrations::Unset)
    }

    fn visit_str<E: de::Error>(self, path: &str) -> Result<RawMigrations, E> {
        Ok(RawMigrations::Path(path.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawMigrations, A::Error> {
        RawMigrationMap::deserialize(MapAccessDeserializer::new(map)).map(RawMigrations::Map)
    }
}

/// The former names of a service, or its former server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawMoved {
    /// Its former name; its present one where only its database was renamed, or only its server is another.
    pub from: String,
    /// Its former database; default: what a service of the former name has.
    #[serde(default)]
    pub database: Option<String>,
    /// Its former server, from which its database is copied; default: the one that it is on.
    #[serde(default)]
    pub server: Option<String>,
}

/// Rules of `martydb lint`, by name.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawLint {
    /// Rules to switch off.
    pub disable: Option<Vec<String>>,
    /// Rules to switch on.
    pub enable: Option<Vec<String>>,
}

/// Names of the four roles: any identifier of PostgreSQL that does not start with `pg_`, in at most 63 bytes.
///
/// The three that log in have at most 61, since `rotate --overlap` needs `<role>_b` beside each, hold neither comma
/// nor equals sign, which mean something in a SCRAM message, and no character that SASLprep (RFC 4013) forbids.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawRoles {
    /// Owns the objects, never logs in; default: `{service}_owner`.
    pub owner: Option<String>,
    /// Runs migrations; default: `{service}_migrator`.
    pub migrator: Option<String>,
    /// Reads and writes rows; default: `{service}_app`.
    pub app: Option<String>,
    /// Reads rows; default: `{service}_ro`.
    pub readonly: Option<String>,
}

/// Connection limits of the three logins.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawLimits {
    /// Default: 5.
    #[serde(deserialize_with = "lenient::optional")]
    pub migrator: Option<i32>,
    /// Default: 50.
    #[serde(deserialize_with = "lenient::optional")]
    pub app: Option<i32>,
    /// Default: 10.
    #[serde(deserialize_with = "lenient::optional")]
    pub readonly: Option<i32>,
}

/// Something declared on purpose that would be reported otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawAllow {
    /// The finding's id.
    pub finding: String,
    /// Why it is all right.
    pub reason: String,
    /// Only for this service.
    pub service: Option<String>,
    /// Only for this role.
    pub role: Option<String>,
    /// Only in this database.
    pub database: Option<String>,
    /// Only for this object.
    pub object: Option<String>,
    /// The last day on which it counts, such as 2027-01-31.
    pub until: Option<String>,
}
